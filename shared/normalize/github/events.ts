import type { Category } from '../../wire/record.ts';
import {
  normalizeAdvisory,
  normalizeCodeAlert,
  normalizeDependencyAlert,
  normalizeSecretAlert,
  normalizeSecretLocation,
  normalizeSecretScan,
} from './alert.ts';
import { normalizeCheckRun, normalizeCheckSuite, normalizeStatus } from './checks.ts';
import {
  normalizeCommitComment,
  normalizeFork,
  normalizeMergeGroup,
  normalizePush,
  normalizeReference,
  normalizeWiki,
} from './code.ts';
import {
  normalizeCacheSync,
  normalizeContentReference,
  normalizeHook,
  normalizePurchase,
  normalizeSponsorship,
  normalizeStar,
} from './community.ts';
import { normalizeDeployKey, normalizeTokenRequest } from './credential.ts';
import { normalizeDeploymentReview, normalizeProtectionRule } from './deployment-gate.ts';
import { normalizeDeployment, normalizeDeploymentStatus, normalizePageBuild } from './deployment.ts';
import type { Handler } from './draft.ts';
import { normalizeExemption } from './exemption.ts';
import {
  normalizeAppAuthorization,
  normalizeInstallation,
  normalizeInstallationRepositories,
  normalizeInstallationTarget,
} from './installation.ts';
import {
  normalizeBlock,
  normalizeMember,
  normalizeMembership,
  normalizeOrganization,
  normalizeTeam,
  normalizeUser,
} from './membership.ts';
import {
  normalizeDiscussion,
  normalizeIssue,
  normalizeIssueComment,
  normalizeIssueRelation,
  normalizeLabel,
  normalizeMilestone,
} from './planning.ts';
import {
  normalizeBranchProtectionConfiguration,
  normalizeBranchProtectionRule,
  normalizeCustomProperty,
  normalizeCustomPropertyValues,
  normalizeRuleset,
  normalizeSecurityAndAnalysis,
} from './protection.ts';
import { normalizeProject } from './project.ts';
import { normalizePullRequest, normalizeReview, normalizeReviewComment } from './pull-request.ts';
import { normalizePackage, normalizeRelease } from './release.ts';
import { normalizeEnterprise, normalizeImport, normalizeRepository } from './repository.ts';
import { normalizeDispatch, normalizeWorkflowJob, normalizeWorkflowRun } from './workflow.ts';

/** How the deliveries of one event become records. */
export interface EventRule {
  readonly category: Category;
  /** What the event tells, for docs/sources.md. */
  readonly says: string;
  readonly handler: Handler;
}

/**
 * Every event that GitHub sends or sent (github.com, Enterprise Cloud, Enterprise Server 3.1 and later), by the name in
 * `X-GitHub-Event`. An event that is missing here is sealed as unrecognized. A Map, for the name comes from outside.
 */
export const GITHUB_EVENTS: ReadonlyMap<string, EventRule> = new Map<string, EventRule>([
  // Code: what was changed, who looked at it, what machines say of it.
  ['push', { category: 'code', says: 'A branch or tag moved; each commit is a record', handler: normalizePush }],
  ['create', { category: 'code', says: 'A branch or tag was created', handler: normalizeReference }],
  ['delete', { category: 'code', says: 'A branch or tag was deleted', handler: normalizeReference }],
  [
    'pull_request',
    { category: 'code', says: 'A pull request was opened, changed, merged or closed', handler: normalizePullRequest },
  ],
  [
    'pull_request_review_comment',
    { category: 'code', says: 'A comment on a line of a pull request', handler: normalizeReviewComment },
  ],
  [
    'pull_request_review_thread',
    { category: 'code', says: 'A thread of comments was resolved or reopened', handler: normalizeReviewComment },
  ],
  ['commit_comment', { category: 'code', says: 'A comment on a commit', handler: normalizeCommitComment }],
  [
    'merge_group',
    { category: 'code', says: 'A merge queue asks for checks, or is done', handler: normalizeMergeGroup },
  ],
  ['check_run', { category: 'code', says: 'One check of a commit', handler: normalizeCheckRun }],
  ['check_suite', { category: 'code', says: "All of one app's checks of a commit", handler: normalizeCheckSuite }],
  ['status', { category: 'code', says: 'A commit status', handler: normalizeStatus }],
  ['gollum', { category: 'code', says: 'Wiki pages were written', handler: normalizeWiki }],
  ['fork', { category: 'code', says: 'A repository was forked', handler: normalizeFork }],
  ['repository_import', { category: 'code', says: 'Code was imported from elsewhere', handler: normalizeImport }],
  // Alerts: findings of GitHub's scanners about code and its dependencies.
  [
    'secret_scanning_alert',
    { category: 'code', says: 'A secret was found, or its alert closed', handler: normalizeSecretAlert },
  ],
  [
    'secret_scanning_alert_location',
    { category: 'code', says: 'A secret was found in another place', handler: normalizeSecretLocation },
  ],
  [
    'secret_scanning_scan',
    { category: 'code', says: 'A scan for secrets was completed', handler: normalizeSecretScan },
  ],
  [
    'code_scanning_alert',
    { category: 'code', says: 'A weakness was found in code, or its alert closed', handler: normalizeCodeAlert },
  ],
  [
    'dependabot_alert',
    { category: 'code', says: 'A dependency is vulnerable, or its alert closed', handler: normalizeDependencyAlert },
  ],
  [
    'repository_vulnerability_alert',
    { category: 'code', says: 'As dependabot_alert, before it', handler: normalizeDependencyAlert },
  ],
  ['security_advisory', { category: 'code', says: "An advisory in GitHub's database", handler: normalizeAdvisory }],
  ['repository_advisory', { category: 'code', says: "A repository's own advisory", handler: normalizeAdvisory }],
  // Planning: beside the code.
  ['issues', { category: 'code', says: 'An issue was opened, changed or closed', handler: normalizeIssue }],
  [
    'issue_comment',
    { category: 'code', says: 'A comment on an issue or pull request', handler: normalizeIssueComment },
  ],
  ['sub_issues', { category: 'code', says: 'An issue became part of another', handler: normalizeIssueRelation }],
  ['issue_dependencies', { category: 'code', says: 'An issue blocks another', handler: normalizeIssueRelation }],
  ['issue_relates_to', { category: 'code', says: 'An issue relates to another', handler: normalizeIssueRelation }],
  ['milestone', { category: 'code', says: 'A milestone', handler: normalizeMilestone }],
  ['label', { category: 'code', says: 'A label (inconsequential)', handler: normalizeLabel }],
  ['project', { category: 'code', says: 'A classic project', handler: normalizeProject }],
  ['project_card', { category: 'code', says: 'A card of a classic project', handler: normalizeProject }],
  ['project_column', { category: 'code', says: 'A column of a classic project', handler: normalizeProject }],
  ['projects_v2', { category: 'code', says: 'A project', handler: normalizeProject }],
  ['projects_v2_item', { category: 'code', says: 'An item of a project', handler: normalizeProject }],
  ['projects_v2_status_update', { category: 'code', says: "A project's status update", handler: normalizeProject }],
  ['discussion', { category: 'code', says: 'A discussion', handler: normalizeDiscussion }],
  ['discussion_comment', { category: 'code', says: 'A comment on a discussion', handler: normalizeDiscussion }],
  // Decisions: votes and requests for them, where GitHub itself runs the gate.
  ['pull_request_review', { category: 'decision', says: 'A review with its verdict', handler: normalizeReview }],
  [
    'deployment_review',
    { category: 'decision', says: 'Reviewers let a deployment pass, or not', handler: normalizeDeploymentReview },
  ],
  [
    'deployment_protection_rule',
    { category: 'decision', says: 'An app is asked whether to deploy', handler: normalizeProtectionRule },
  ],
  [
    'exemption_request_push_ruleset',
    { category: 'decision', says: 'A push past a ruleset is asked for, or decided', handler: normalizeExemption },
  ],
  [
    'bypass_request_push_ruleset',
    { category: 'decision', says: 'As exemption_request_push_ruleset, before it', handler: normalizeExemption },
  ],
  [
    'exemption_request_secret_scanning',
    { category: 'decision', says: 'As bypass_request_secret_scanning', handler: normalizeExemption },
  ],
  [
    'bypass_request_secret_scanning',
    { category: 'decision', says: 'A push past push protection is asked for, or decided', handler: normalizeExemption },
  ],
  [
    'dismissal_request_code_scanning',
    { category: 'decision', says: 'Closing a code alert is asked for, or decided', handler: normalizeExemption },
  ],
  [
    'dismissal_request_dependabot',
    { category: 'decision', says: 'Closing a dependency alert is asked for, or decided', handler: normalizeExemption },
  ],
  [
    'dismissal_request_secret_scanning',
    { category: 'decision', says: 'Closing a secret alert is asked for, or decided', handler: normalizeExemption },
  ],
  [
    'dismissal_request_license_compliance',
    { category: 'decision', says: 'Closing a licence alert is asked for, or decided', handler: normalizeExemption },
  ],
  // Deployment: from the build to the environment.
  ['workflow_run', { category: 'deployment', says: 'A run of a workflow', handler: normalizeWorkflowRun }],
  [
    'workflow_job',
    { category: 'deployment', says: 'A job of a run, with its environment', handler: normalizeWorkflowJob },
  ],
  ['workflow_dispatch', { category: 'deployment', says: 'A workflow was set off by hand', handler: normalizeDispatch }],
  [
    'repository_dispatch',
    { category: 'deployment', says: 'Workflows were set off from outside', handler: normalizeDispatch },
  ],
  ['deployment', { category: 'deployment', says: 'A deployment was asked for', handler: normalizeDeployment }],
  [
    'deployment_status',
    { category: 'deployment', says: 'A deployment reached a state', handler: normalizeDeploymentStatus },
  ],
  ['release', { category: 'deployment', says: 'A release', handler: normalizeRelease }],
  ['package', { category: 'deployment', says: 'A package version', handler: normalizePackage }],
  [
    'registry_package',
    { category: 'deployment', says: 'A package version in any registry', handler: normalizePackage },
  ],
  [
    'page_build',
    { category: 'deployment', says: 'A GitHub Pages site was built (inconsequential)', handler: normalizePageBuild },
  ],
  // Access: who may do what, and the rules that bind them.
  ['member', { category: 'access', says: "A repository's collaborator", handler: normalizeMember }],
  ['membership', { category: 'access', says: "A team's member", handler: normalizeMembership }],
  ['team', { category: 'access', says: 'A team and its rights', handler: normalizeTeam }],
  ['team_add', { category: 'access', says: 'A team was given a repository', handler: normalizeTeam }],
  ['organization', { category: 'access', says: 'An organization and its members', handler: normalizeOrganization }],
  ['org_block', { category: 'access', says: 'A user was blocked or unblocked', handler: normalizeBlock }],
  ['user', { category: 'access', says: 'An account of an Enterprise Server', handler: normalizeUser }],
  [
    'enterprise',
    { category: 'access', says: 'Anonymous access to an Enterprise Server', handler: normalizeEnterprise },
  ],
  ['repository', { category: 'access', says: 'A repository as a whole', handler: normalizeRepository }],
  ['public', { category: 'access', says: 'A repository was opened to everybody', handler: normalizeRepository }],
  ['deploy_key', { category: 'access', says: 'A key that reads or writes a repository', handler: normalizeDeployKey }],
  [
    'installation',
    { category: 'access', says: 'An app was installed, changed or removed', handler: normalizeInstallation },
  ],
  [
    'integration_installation',
    { category: 'access', says: 'As installation, before it', handler: normalizeInstallation },
  ],
  [
    'installation_repositories',
    { category: 'access', says: 'What an app may reach', handler: normalizeInstallationRepositories },
  ],
  [
    'integration_installation_repositories',
    { category: 'access', says: 'As installation_repositories, before it', handler: normalizeInstallationRepositories },
  ],
  [
    'installation_target',
    { category: 'access', says: 'An account with installed apps was renamed', handler: normalizeInstallationTarget },
  ],
  [
    'github_app_authorization',
    { category: 'access', says: 'A person took back what let an app act for them', handler: normalizeAppAuthorization },
  ],
  [
    'personal_access_token_request',
    { category: 'access', says: 'A token asks for rights in an organization', handler: normalizeTokenRequest },
  ],
  [
    'marketplace_purchase',
    { category: 'access', says: 'A plan of an app (inconsequential)', handler: normalizePurchase },
  ],
  [
    'branch_protection_rule',
    { category: 'access', says: 'A branch protection rule', handler: normalizeBranchProtectionRule },
  ],
  [
    'branch_protection_configuration',
    { category: 'access', says: 'All branch protection was switched', handler: normalizeBranchProtectionConfiguration },
  ],
  ['repository_ruleset', { category: 'access', says: 'A ruleset', handler: normalizeRuleset }],
  [
    'security_and_analysis',
    { category: 'access', says: 'Security features were switched', handler: normalizeSecurityAndAnalysis },
  ],
  ['custom_property', { category: 'access', says: 'A custom property was defined', handler: normalizeCustomProperty }],
  [
    'custom_property_values',
    { category: 'access', says: "A repository's custom properties", handler: normalizeCustomPropertyValues },
  ],
  [
    'organization_custom_property',
    { category: 'access', says: 'A custom property of organizations was defined', handler: normalizeCustomProperty },
  ],
  [
    'organization_custom_property_values',
    { category: 'access', says: "An organization's custom properties", handler: normalizeCustomPropertyValues },
  ],
  // The trail's own source, and what is of no consequence.
  ['ping', { category: 'trail', says: 'The hook that reports here was set up', handler: normalizeHook }],
  ['meta', { category: 'trail', says: 'The hook that reported here was deleted', handler: normalizeHook }],
  ['star', { category: 'code', says: 'A star (inconsequential)', handler: normalizeStar }],
  ['watch', { category: 'code', says: 'A star, by its former name (inconsequential)', handler: normalizeStar }],
  ['sponsorship', { category: 'code', says: 'A sponsorship (inconsequential)', handler: normalizeSponsorship }],
  [
    'cache_sync',
    { category: 'code', says: 'A repository cache caught up (inconsequential)', handler: normalizeCacheSync },
  ],
  [
    'content_reference',
    { category: 'code', says: 'A watched address was mentioned (inconsequential)', handler: normalizeContentReference },
  ],
]);
