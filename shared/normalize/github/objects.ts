import { isObject } from '../../wire/json.ts';
import type { JsonObject } from '../../wire/json.ts';

/** Where payloads say what was acted on, where that is not the member of the event's own name: any of these. */
const MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['push', ['ref', 'commits']],
  ['create', ['ref']],
  ['delete', ['ref']],
  ['commit_comment', ['comment']],
  ['status', ['sha', 'commit']],
  ['gollum', ['pages']],
  ['fork', ['forkee']],
  ['pull_request_review', ['review', 'pull_request']],
  ['pull_request_review_comment', ['comment', 'pull_request']],
  ['pull_request_review_thread', ['thread', 'pull_request']],
  ['secret_scanning_alert', ['alert']],
  ['secret_scanning_alert_location', ['location', 'alert']],
  ['secret_scanning_scan', ['type', 'secret_types']],
  ['code_scanning_alert', ['alert']],
  ['dependabot_alert', ['alert']],
  ['repository_vulnerability_alert', ['alert']],
  ['issues', ['issue']],
  ['issue_comment', ['comment', 'issue']],
  ['sub_issues', ['sub_issue', 'parent_issue']],
  ['issue_dependencies', ['blocked_issue', 'blocking_issue']],
  ['issue_relates_to', ['issue', 'related_issue']],
  ['discussion_comment', ['comment', 'discussion']],
  ['deployment_review', ['workflow_run', 'workflow_job_runs', 'environment']],
  ['deployment_protection_rule', ['deployment', 'environment']],
  ['exemption_request_push_ruleset', ['exemption_request']],
  ['exemption_request_secret_scanning', ['exemption_request']],
  ['bypass_request_push_ruleset', ['exemption_request']],
  ['bypass_request_secret_scanning', ['exemption_request']],
  ['dismissal_request_code_scanning', ['exemption_request']],
  ['dismissal_request_dependabot', ['exemption_request']],
  ['dismissal_request_secret_scanning', ['exemption_request']],
  ['dismissal_request_license_compliance', ['exemption_request']],
  ['workflow_dispatch', ['workflow', 'ref', 'inputs']],
  ['repository_dispatch', ['branch', 'client_payload']],
  ['deployment_status', ['deployment_status', 'deployment']],
  ['registry_package', ['registry_package', 'package']],
  ['page_build', ['build']],
  ['membership', ['member', 'team']],
  ['team_add', ['team']],
  ['org_block', ['blocked_user']],
  ['deploy_key', ['key']],
  ['integration_installation', ['installation']],
  ['installation_repositories', ['installation']],
  ['integration_installation_repositories', ['installation']],
  ['installation_target', ['account', 'installation']],
  ['branch_protection_rule', ['rule']],
  ['repository_ruleset', ['repository_ruleset', 'ruleset']],
  ['custom_property', ['definition', 'custom_property']],
  ['organization_custom_property', ['definition', 'custom_property']],
  ['custom_property_values', ['new_property_values']],
  ['organization_custom_property_values', ['new_property_values']],
  ['ping', ['hook', 'hook_id']],
  ['meta', ['hook', 'hook_id']],
  // What happens to a repository as a whole.
  ['public', ['repository']],
  ['repository_import', ['repository']],
  ['branch_protection_configuration', ['repository']],
  ['security_and_analysis', ['repository']],
  ['star', ['repository']],
  ['watch', ['repository']],
  ['cache_sync', ['cache_location', 'repository']],
]);

/** The members of a payload of the event that may say what was acted on. */
export function objectMembers(event: string): readonly string[] {
  return MEMBERS.get(event) ?? [event];
}

/** True where the payload says what was acted on, in whatever form. */
export function namesObject(event: string, payload: JsonObject): boolean {
  return objectMembers(event).some((member) => {
    const value = Object.hasOwn(payload, member) ? payload[member] : undefined;
    if (Array.isArray(value)) return value.length > 0;
    if (isObject(value)) return Object.keys(value).length > 0;
    return typeof value === 'number' || (typeof value === 'string' && value !== '');
  });
}
