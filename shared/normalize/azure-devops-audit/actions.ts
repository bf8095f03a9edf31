import type { Category, Outcome } from '../../wire/record.ts';
import * as about from './objects.ts';
import type { ObjectReader } from './objects.ts';

/** What an action of the audit log becomes. */
export interface AuditAction {
  readonly category: Category;
  /** The object and the verb of the record's type. */
  readonly object: string;
  readonly verb: string;
  readonly of: ObjectReader;
  /** Where the action itself says how it ended. */
  readonly outcome?: Outcome | undefined;
  readonly inconsequential?: true | undefined;
  /** False where only the words of the action's name say what it is. */
  readonly known: boolean;
}

type Row = readonly [
  action: string,
  category: Category,
  object: string,
  verb: string,
  of?: ObjectReader,
  more?: Pick<AuditAction, 'outcome' | 'inconsequential'>,
];

const PENDING = { outcome: 'pending' } as const;
const FAILED = { outcome: 'failed' } as const;
const DENIED = { outcome: 'denied' } as const;
/** How the form of a work item looks. */
const LAYOUT = { inconsequential: true } as const;

/**
 * All actions that are documented, or that Azure DevOps is known to log. https://learn.microsoft.com/azure/devops/organizations/audit/auditing-events
 * Repositories, branch policies and checks are `access`, as GitHub's are: they say who may change what, and how.
 */
const ROWS: readonly Row[] = [
  ['Artifacts.Feed.Org.Create', 'access', 'feed', 'created', about.feed],
  ['Artifacts.Feed.Org.FeedView.Create', 'access', 'feed_view', 'created', about.feedView],
  ['Artifacts.Feed.Org.FeedView.HardDelete', 'access', 'feed_view', 'destroyed', about.feedView],
  ['Artifacts.Feed.Org.FeedView.Modify', 'access', 'feed_view', 'changed', about.feedView],
  ['Artifacts.Feed.Org.HardDelete', 'access', 'feed', 'destroyed', about.feed],
  ['Artifacts.Feed.Org.Modify', 'access', 'feed', 'changed', about.feed],
  ['Artifacts.Feed.Org.Modify.Permissions', 'access', 'feed_permission', 'changed', about.feed],
  ['Artifacts.Feed.Org.Modify.Permissions.Deletion', 'access', 'feed_permission', 'removed', about.feed],
  ['Artifacts.Feed.Org.Permissions.Deletion', 'access', 'feed_permission', 'removed', about.feed],
  ['Artifacts.Feed.Org.SoftDelete', 'access', 'feed', 'deleted', about.feed],
  ['Artifacts.Feed.Project.Create', 'access', 'feed', 'created', about.feed],
  ['Artifacts.Feed.Project.FeedView.Create', 'access', 'feed_view', 'created', about.feedView],
  ['Artifacts.Feed.Project.FeedView.HardDelete', 'access', 'feed_view', 'destroyed', about.feedView],
  ['Artifacts.Feed.Project.FeedView.Modify', 'access', 'feed_view', 'changed', about.feedView],
  ['Artifacts.Feed.Project.HardDelete', 'access', 'feed', 'destroyed', about.feed],
  ['Artifacts.Feed.Project.Modify', 'access', 'feed', 'changed', about.feed],
  ['Artifacts.Feed.Project.Modify.Permissions', 'access', 'feed_permission', 'changed', about.feed],
  ['Artifacts.Feed.Project.Modify.Permissions.Deletion', 'access', 'feed_permission', 'removed', about.feed],
  ['Artifacts.Feed.Project.Permissions.Deletion', 'access', 'feed_permission', 'removed', about.feed],
  ['Artifacts.Feed.Project.SoftDelete', 'access', 'feed', 'deleted', about.feed],

  ['AuditLog.AccessLog', 'access', 'audit_log', 'read', about.organization],
  ['AuditLog.DownloadLog', 'access', 'audit_log', 'downloaded', about.organization],
  // The trail's own source: without a stream nothing of the organization reaches it.
  ['AuditLog.StreamCreated', 'trail', 'audit_stream', 'created', about.auditStream],
  ['AuditLog.StreamDeleted', 'trail', 'audit_stream', 'deleted', about.auditStream],
  ['AuditLog.StreamDisabledBySystem', 'trail', 'audit_stream', 'disabled', about.auditStream],
  ['AuditLog.StreamDisabledByUser', 'trail', 'audit_stream', 'disabled', about.auditStream],
  ['AuditLog.StreamEnabled', 'trail', 'audit_stream', 'enabled', about.auditStream],
  ['AuditLog.StreamModified', 'trail', 'audit_stream', 'changed', about.auditStream],
  ['AuditLog.StreamRead', 'access', 'audit_stream', 'read', about.auditStream],
  ['AuditLog.TestStream', 'trail', 'audit_stream', 'tested', about.auditStream],

  ['Billing.BillingModeUpdate', 'infrastructure', 'billing_mode', 'changed', about.organization],
  ['Billing.LimitUpdate', 'infrastructure', 'billing_limit', 'changed', about.organization],
  ['Billing.PurchaseUpdate', 'infrastructure', 'billing_purchase', 'changed', about.organization],
  ['Billing.SubscriptionLink', 'infrastructure', 'billing_subscription', 'linked', about.organization],
  ['Billing.SubscriptionUnlink', 'infrastructure', 'billing_subscription', 'unlinked', about.organization],
  ['Billing.SubscriptionUpdate', 'infrastructure', 'billing_subscription', 'changed', about.organization],

  ['ApprovalSkipped', 'decision', 'deployment_approval', 'overridden', about.approval],
  ['ApproverReassigned', 'decision', 'deployment_approval', 'delegated', about.approval],
  ['CheckConfiguration.ApprovalCheckOrderChanged', 'access', 'pipeline_check', 'changed', about.check],
  ['CheckConfiguration.Created', 'access', 'pipeline_check', 'created', about.check],
  ['CheckConfiguration.Deleted', 'access', 'pipeline_check', 'deleted', about.check],
  ['CheckConfiguration.Disabled', 'access', 'pipeline_check', 'disabled', about.check],
  ['CheckConfiguration.Enabled', 'access', 'pipeline_check', 'enabled', about.check],
  ['CheckConfiguration.Modified', 'access', 'pipeline_check', 'changed', about.check],
  ['CheckConfiguration.Updated', 'access', 'pipeline_check', 'changed', about.check],
  ['CheckSuite.Completed', 'decision', 'check_suite', 'completed', about.checkSuite],

  ['ELM.RepoAdminGranted', 'access', 'repository_admin', 'granted', about.repository],
  ['ELM.RepoBoardsConnectionProvisioned', 'code', 'repository_migration', 'connected', about.repository],
  ['ELM.RepoCutoverScheduled', 'code', 'repository_migration', 'scheduled', about.repository],
  ['ELM.RepoInitialSyncCompleted', 'code', 'repository_migration', 'synchronized', about.repository],
  ['ELM.RepoInitialSyncStarted', 'code', 'repository_migration', 'started', about.repository, PENDING],
  ['ELM.RepoMigrationCancelled', 'code', 'repository_migration', 'cancelled', about.repository],
  ['ELM.RepoMigrationCompleted', 'code', 'repository_migration', 'completed', about.repository],
  ['ELM.RepoMigrationFailed', 'code', 'repository_migration', 'failed', about.repository, FAILED],
  ['ELM.RepoMigrationRestarted', 'code', 'repository_migration', 'restarted', about.repository, PENDING],
  ['ELM.RepoPipelineRewireCompleted', 'code', 'repository_migration', 'rewired', about.repository],
  ['ELM.RepoRWConverted', 'access', 'repository', 'disabled', about.repository],
  ['ELM.RepoSyncPaused', 'code', 'repository_migration', 'paused', about.repository],
  ['ELM.RepoSyncResumed', 'code', 'repository_migration', 'resumed', about.repository],
  ['ELM.RepoValidationCompleted', 'code', 'repository_migration', 'validated', about.repository],
  ['ELM.RepoValidationStarted', 'code', 'repository_migration', 'started', about.repository, PENDING],

  ['Extension.Disabled', 'access', 'extension', 'disabled', about.extension],
  ['Extension.Enabled', 'access', 'extension', 'enabled', about.extension],
  ['Extension.Installed', 'access', 'extension', 'installed', about.extension],
  ['Extension.Uninstalled', 'access', 'extension', 'uninstalled', about.extension],
  ['Extension.VersionUpdated', 'access', 'extension', 'updated', about.extension],

  ['Git.RefUpdatePoliciesBypassed', 'decision', 'branch_policy', 'bypassed', about.branch],
  ['Git.RepositoryCreated', 'access', 'repository', 'created', about.repository],
  ['Git.RepositoryDefaultBranchChanged', 'access', 'repository', 'default_branch_changed', about.repository],
  ['Git.RepositoryDeleted', 'access', 'repository', 'deleted', about.repository],
  ['Git.RepositoryDestroyed', 'access', 'repository', 'destroyed', about.repository],
  ['Git.RepositoryDisabled', 'access', 'repository', 'disabled', about.repository],
  ['Git.RepositoryEnabled', 'access', 'repository', 'enabled', about.repository],
  ['Git.RepositoryForked', 'code', 'repository', 'forked', about.repository],
  ['Git.RepositoryRenamed', 'access', 'repository', 'renamed', about.repository],
  ['Git.RepositoryUndeleted', 'access', 'repository', 'restored', about.repository],

  ['Group.CreateGroups', 'access', 'group', 'created', about.group],
  ['Group.UpdateGroupMembership', 'access', 'group_member', 'changed', about.group],
  ['Group.UpdateGroupMembership.Add', 'access', 'group_member', 'added', about.group],
  ['Group.UpdateGroupMembership.Remove', 'access', 'group_member', 'removed', about.group],
  ['Group.UpdateGroups', 'access', 'group', 'changed', about.group],
  ['Group.UpdateGroups.Delete', 'access', 'group', 'deleted', about.group],
  ['Group.UpdateGroups.Modify', 'access', 'group', 'changed', about.group],

  ['Library.AgentAdded', 'infrastructure', 'agent', 'added', about.agent],
  ['Library.AgentDeleted', 'infrastructure', 'agent', 'deleted', about.agent],
  ['Library.AgentPoolCreated', 'infrastructure', 'agent_pool', 'created', about.agentPool],
  ['Library.AgentPoolDeleted', 'infrastructure', 'agent_pool', 'deleted', about.agentPool],
  ['Library.AgentsDeleted', 'infrastructure', 'agent', 'deleted', about.agentPool],
  ['Library.SecureFileCreated', 'access', 'secure_file', 'created', about.secureFile],
  ['Library.SecureFileDeleted', 'access', 'secure_file', 'deleted', about.secureFile],
  ['Library.SecureFileModified', 'access', 'secure_file', 'changed', about.secureFile],
  ['Library.ServiceConnectionCreated', 'access', 'service_connection', 'created', about.serviceConnection],
  [
    'Library.ServiceConnectionCreatedForMultipleProjects',
    'access',
    'service_connection',
    'created',
    about.serviceConnection,
  ],
  ['Library.ServiceConnectionDeleted', 'access', 'service_connection', 'deleted', about.serviceConnection],
  [
    'Library.ServiceConnectionDeletedFromMultipleProjects',
    'access',
    'service_connection',
    'deleted',
    about.serviceConnection,
  ],
  ['Library.ServiceConnectionExecuted', 'access', 'service_connection', 'used', about.serviceConnection],
  ['Library.ServiceConnectionForProjectModified', 'access', 'service_connection', 'changed', about.serviceConnection],
  ['Library.ServiceConnectionModified', 'access', 'service_connection', 'changed', about.serviceConnection],
  ['Library.ServiceConnectionPropertyChanged', 'access', 'service_connection', 'changed', about.serviceConnection],
  ['Library.ServiceConnectionShared', 'access', 'service_connection', 'shared', about.serviceConnection],
  [
    'Library.ServiceConnectionSharedWithMultipleProjects',
    'access',
    'service_connection',
    'shared',
    about.serviceConnection,
  ],
  ['Library.VariableGroupCreated', 'infrastructure', 'variable_group', 'created', about.variableGroup],
  ['Library.VariableGroupCreatedForProjects', 'infrastructure', 'variable_group', 'created', about.variableGroup],
  ['Library.VariableGroupDeleted', 'infrastructure', 'variable_group', 'deleted', about.variableGroup],
  ['Library.VariableGroupDeletedFromProjects', 'infrastructure', 'variable_group', 'deleted', about.variableGroup],
  ['Library.VariableGroupModified', 'infrastructure', 'variable_group', 'changed', about.variableGroup],
  ['Library.VariableGroupModifiedForProjects', 'infrastructure', 'variable_group', 'changed', about.variableGroup],

  ['Licensing.Assigned', 'access', 'access_level', 'assigned', about.user],
  ['Licensing.GroupRuleCreated', 'access', 'access_level_rule', 'created', about.group],
  ['Licensing.GroupRuleDeleted', 'access', 'access_level_rule', 'deleted', about.group],
  ['Licensing.GroupRuleModified', 'access', 'access_level_rule', 'changed', about.group],
  ['Licensing.Modified', 'access', 'access_level', 'changed', about.user],
  ['Licensing.Removed', 'access', 'access_level', 'removed', about.user],

  ['Organization.Create', 'access', 'organization', 'created', about.organization],
  ['Organization.LinkToAAD', 'access', 'organization', 'linked_to_tenant', about.organization],
  ['Organization.UnlinkFromAAD', 'access', 'organization', 'unlinked_from_tenant', about.organization],
  ['Organization.Update.Delete', 'access', 'organization', 'deleted', about.organization],
  ['Organization.Update.ForceUpdateOwner', 'access', 'organization', 'owner_changed', about.organization],
  ['Organization.Update.Owner', 'access', 'organization', 'owner_changed', about.organization],
  ['Organization.Update.Rename', 'access', 'organization', 'renamed', about.organization],
  ['Organization.Update.Restore', 'access', 'organization', 'restored', about.organization],

  ['OrganizationPolicy.EnforcePolicyAdded', 'access', 'organization_policy', 'enforced', about.organizationPolicy],
  ['OrganizationPolicy.EnforcePolicyRemoved', 'access', 'organization_policy', 'released', about.organizationPolicy],
  ['OrganizationPolicy.PolicyValueUpdated', 'access', 'organization_policy', 'changed', about.organizationPolicy],

  ['Pipelines.DeploymentJobCompleted', 'deployment', 'deployment_job', 'completed', about.run],
  ['Pipelines.HostedParallelismPaid', 'infrastructure', 'hosted_parallelism', 'changed', about.organization],
  ['Pipelines.HostedParallelismPrivate', 'infrastructure', 'hosted_parallelism', 'changed', about.organization],
  ['Pipelines.HostedParallelismPublic', 'infrastructure', 'hosted_parallelism', 'changed', about.organization],
  ['Pipelines.HostedParallelismZero', 'infrastructure', 'hosted_parallelism', 'changed', about.organization],
  ['Pipelines.OAuthConfigurationCreated', 'access', 'oauth_configuration', 'created', about.place],
  ['Pipelines.OAuthConfigurationDeleted', 'access', 'oauth_configuration', 'deleted', about.place],
  ['Pipelines.OAuthConfigurationUpdated', 'access', 'oauth_configuration', 'changed', about.place],
  ['Pipelines.OrganizationSettings', 'access', 'pipeline_setting', 'changed', about.organization],
  ['Pipelines.PipelineCreated', 'infrastructure', 'pipeline', 'created', about.pipeline],
  ['Pipelines.PipelineDeleted', 'infrastructure', 'pipeline', 'deleted', about.pipeline],
  ['Pipelines.PipelineGeneralSettingChanged', 'access', 'pipeline_setting', 'changed', about.place],
  ['Pipelines.PipelineModified', 'infrastructure', 'pipeline', 'changed', about.pipeline],
  ['Pipelines.PipelineRetentionSettingChanged', 'infrastructure', 'retention_setting', 'changed', about.place],
  ['Pipelines.ProjectSettings', 'access', 'pipeline_setting', 'changed', about.place],
  ['Pipelines.ResourceAuthorizedForPipeline', 'access', 'pipeline_resource', 'authorized', about.pipelineResource],
  ['Pipelines.ResourceAuthorizedForProject', 'access', 'pipeline_resource', 'authorized', about.pipelineResource],
  [
    'Pipelines.ResourceNotAuthorizedForPipeline',
    'access',
    'pipeline_resource',
    'refused',
    about.pipelineResource,
    DENIED,
  ],
  [
    'Pipelines.ResourceNotAuthorizedForProject',
    'access',
    'pipeline_resource',
    'refused',
    about.pipelineResource,
    DENIED,
  ],
  ['Pipelines.ResourceUnauthorizedForPipeline', 'access', 'pipeline_resource', 'unauthorized', about.pipelineResource],
  ['Pipelines.ResourceUnauthorizedForProject', 'access', 'pipeline_resource', 'unauthorized', about.pipelineResource],
  ['Pipelines.RunRetained', 'infrastructure', 'pipeline_run', 'retained', about.run],
  ['Pipelines.RunUnretained', 'infrastructure', 'pipeline_run', 'unretained', about.run],
  ['Pipelines.VariablesSetAtRuntime', 'access', 'pipeline_variable', 'set', about.run],

  ['Policy.PolicyConfigCreated', 'access', 'branch_policy', 'created', about.policy],
  ['Policy.PolicyConfigModified', 'access', 'branch_policy', 'changed', about.policy],
  ['Policy.PolicyConfigRemoved', 'access', 'branch_policy', 'removed', about.policy],

  ['Process.Behavior.Add', 'code', 'portfolio_backlog', 'added', about.process],
  ['Process.Behavior.Create', 'code', 'portfolio_backlog', 'created', about.process],
  ['Process.Behavior.Delete', 'code', 'portfolio_backlog', 'deleted', about.process],
  ['Process.Behavior.Edit', 'code', 'portfolio_backlog', 'changed', about.process],
  ['Process.Behavior.Remove', 'code', 'portfolio_backlog', 'removed', about.process],
  ['Process.Behavior.Update', 'code', 'portfolio_backlog', 'changed', about.process],
  ['Process.Control.Create', 'code', 'work_item_control', 'created', about.process, LAYOUT],
  ['Process.Control.CreateWithoutLabel', 'code', 'work_item_control', 'created', about.process, LAYOUT],
  ['Process.Control.Delete', 'code', 'work_item_control', 'deleted', about.process, LAYOUT],
  ['Process.Control.Update', 'code', 'work_item_control', 'changed', about.process, LAYOUT],
  ['Process.Control.UpdateWithoutLabel', 'code', 'work_item_control', 'changed', about.process, LAYOUT],
  ['Process.Field.Add', 'code', 'work_item_field', 'added', about.process],
  ['Process.Field.Create', 'code', 'work_item_field', 'created', about.process],
  ['Process.Field.Delete', 'code', 'work_item_field', 'deleted', about.process],
  ['Process.Field.Edit', 'code', 'work_item_field', 'changed', about.process],
  ['Process.Field.Remove', 'code', 'work_item_field', 'removed', about.process],
  ['Process.Field.Update', 'code', 'work_item_field', 'changed', about.process],
  ['Process.Group.Add', 'code', 'work_item_group', 'added', about.process, LAYOUT],
  ['Process.Group.Update', 'code', 'work_item_group', 'changed', about.process, LAYOUT],
  ['Process.List.Create', 'code', 'picklist', 'created', about.process],
  ['Process.List.Delete', 'code', 'picklist', 'deleted', about.process],
  ['Process.List.ListAddValue', 'code', 'picklist', 'value_added', about.process],
  ['Process.List.ListRemoveValue', 'code', 'picklist', 'value_removed', about.process],
  ['Process.List.Update', 'code', 'picklist', 'changed', about.process],
  ['Process.Page.Add', 'code', 'work_item_page', 'added', about.process, LAYOUT],
  ['Process.Page.Delete', 'code', 'work_item_page', 'deleted', about.process, LAYOUT],
  ['Process.Page.Update', 'code', 'work_item_page', 'changed', about.process, LAYOUT],
  ['Process.Process.CloneXmlToInherited', 'code', 'process', 'cloned', about.process],
  ['Process.Process.Create', 'code', 'process', 'created', about.process],
  ['Process.Process.Delete', 'code', 'process', 'deleted', about.process],
  ['Process.Process.Edit', 'code', 'process', 'changed', about.process],
  ['Process.Process.EditWithoutNewInformation', 'code', 'process', 'changed', about.process],
  ['Process.Process.Import', 'code', 'process', 'imported', about.process],
  ['Process.Process.MigrateXmlToInherited', 'code', 'process', 'migrated', about.project],
  ['Process.Rule.Add', 'code', 'work_item_rule', 'added', about.process],
  ['Process.Rule.Delete', 'code', 'work_item_rule', 'deleted', about.process],
  ['Process.Rule.Update', 'code', 'work_item_rule', 'changed', about.process],
  ['Process.State.Create', 'code', 'work_item_state', 'created', about.process],
  ['Process.State.Delete', 'code', 'work_item_state', 'deleted', about.process],
  ['Process.State.Update', 'code', 'work_item_state', 'changed', about.process],
  ['Process.SystemControl.Delete', 'code', 'work_item_control', 'deleted', about.process, LAYOUT],
  ['Process.SystemControl.Update', 'code', 'work_item_control', 'changed', about.process, LAYOUT],
  ['Process.WorkItemType.Create', 'code', 'work_item_type', 'created', about.process],
  ['Process.WorkItemType.Delete', 'code', 'work_item_type', 'deleted', about.process],
  ['Process.WorkItemType.Update', 'code', 'work_item_type', 'changed', about.process],

  ['Project.AreaPath.Create', 'code', 'area_path', 'created', about.path],
  ['Project.AreaPath.Delete', 'code', 'area_path', 'deleted', about.path],
  ['Project.AreaPath.Update', 'code', 'area_path', 'changed', about.path],
  ['Project.Create', 'access', 'project', 'created', about.project],
  ['Project.CreateCompleted', 'access', 'project', 'created', about.project],
  ['Project.CreateFailed', 'access', 'project', 'created', about.project, FAILED],
  ['Project.CreateQueued', 'access', 'project', 'created', about.project, PENDING],
  ['Project.DeleteCompleted', 'access', 'project', 'deleted', about.project],
  ['Project.DeleteFailed', 'access', 'project', 'deleted', about.project, FAILED],
  ['Project.DeleteQueued', 'access', 'project', 'deleted', about.project, PENDING],
  ['Project.HardDeleteCompleted', 'access', 'project', 'destroyed', about.project],
  ['Project.HardDeleteFailed', 'access', 'project', 'destroyed', about.project, FAILED],
  ['Project.HardDeleteQueued', 'access', 'project', 'destroyed', about.project, PENDING],
  ['Project.IterationPath.Create', 'code', 'iteration_path', 'created', about.path],
  ['Project.IterationPath.Delete', 'code', 'iteration_path', 'deleted', about.path],
  ['Project.IterationPath.Update', 'code', 'iteration_path', 'changed', about.path],
  ['Project.Process.Modify', 'code', 'project_process', 'changed', about.project],
  ['Project.Process.ModifyWithoutOldProcess', 'code', 'project_process', 'changed', about.project],
  ['Project.RestoreCompleted', 'access', 'project', 'restored', about.project],
  ['Project.RestoreQueued', 'access', 'project', 'restored', about.project, PENDING],
  ['Project.SoftDeleteCompleted', 'access', 'project', 'deleted', about.project],
  ['Project.SoftDeleteFailed', 'access', 'project', 'deleted', about.project, FAILED],
  ['Project.SoftDeleteQueued', 'access', 'project', 'deleted', about.project, PENDING],
  ['Project.UpdateRenameCompleted', 'access', 'project', 'renamed', about.project],
  ['Project.UpdateRenameQueued', 'access', 'project', 'renamed', about.project, PENDING],
  ['Project.UpdateVisibilityCompleted', 'access', 'project', 'visibility_changed', about.project],
  ['Project.UpdateVisibilityQueued', 'access', 'project', 'visibility_changed', about.project, PENDING],

  ['Release.ApprovalCompleted', 'decision', 'deployment_approval', 'completed', about.deployment],
  ['Release.ApprovalsCompleted', 'decision', 'deployment_approval', 'completed', about.deployment],
  ['Release.DeploymentCompleted', 'deployment', 'deployment', 'completed', about.deployment],
  ['Release.DeploymentsCompleted', 'deployment', 'deployment', 'completed', about.deployment],
  ['Release.ReleaseCreated', 'deployment', 'release', 'created', about.release],
  ['Release.ReleaseDeleted', 'deployment', 'release', 'deleted', about.release],
  ['Release.ReleasePipelineCreated', 'infrastructure', 'release_pipeline', 'created', about.releasePipeline],
  ['Release.ReleasePipelineDeleted', 'infrastructure', 'release_pipeline', 'deleted', about.releasePipeline],
  ['Release.ReleasePipelineModified', 'infrastructure', 'release_pipeline', 'changed', about.releasePipeline],

  ['Search.Code', 'access', 'code', 'searched', about.place],

  ['Security.ChangeInheritance', 'access', 'permission_inheritance', 'changed', about.place],
  ['Security.ModifyAccessControlLists', 'access', 'permission', 'changed', about.place],
  ['Security.ModifyPermission', 'access', 'permission', 'changed', about.place],
  ['Security.RemoveAccessControlLists', 'access', 'permission', 'removed', about.place],
  ['Security.RemoveAllAccessControlLists', 'access', 'permission', 'removed', about.place],
  ['Security.RemoveIdentityACEs', 'access', 'permission', 'removed', about.place],
  ['Security.RemovePermission', 'access', 'permission', 'removed', about.place],
  ['Security.ResetAccessControlLists', 'access', 'permission', 'reset', about.place],
  ['Security.ResetPermission', 'access', 'permission', 'reset', about.place],

  // They send what happens elsewhere, and may be how it reaches this trail.
  ['ServiceHooks.SubscriptionCreated', 'trail', 'service_hook', 'created', about.serviceHook],
  ['ServiceHooks.SubscriptionDeleted', 'trail', 'service_hook', 'deleted', about.serviceHook],
  ['ServiceHooks.SubscriptionModified', 'trail', 'service_hook', 'changed', about.serviceHook],
  ['ServiceHooks.SubscriptionStatusChanged', 'trail', 'service_hook', 'status_changed', about.serviceHook],

  ['Token.PatCreateEvent', 'access', 'personal_access_token', 'created', about.token],
  ['Token.PatExpiredEvent', 'access', 'personal_access_token', 'expired', about.token],
  ['Token.PatPublicDiscoveryEvent', 'access', 'personal_access_token', 'found_in_public', about.token],
  ['Token.PatRevokeEvent', 'access', 'personal_access_token', 'revoked', about.token],
  ['Token.PatSystemRevokeEvent', 'access', 'personal_access_token', 'revoked', about.token],
  ['Token.PatUpdateEvent', 'access', 'personal_access_token', 'changed', about.token],
  ['Token.SshCreateEvent', 'access', 'ssh_key', 'created', about.token],
  ['Token.SshExpireEvent', 'access', 'ssh_key', 'expired', about.token],
  ['Token.SshExpiredEvent', 'access', 'ssh_key', 'expired', about.token],
  ['Token.SshRemoveEvent', 'access', 'ssh_key', 'revoked', about.token],
  ['Token.SshRevokeEvent', 'access', 'ssh_key', 'revoked', about.token],
  ['Token.SshUpdateEvent', 'access', 'ssh_key', 'changed', about.token],
];

const ACTIONS: ReadonlyMap<string, AuditAction> = new Map(
  ROWS.map(([action, category, object, verb, of = about.place, more]) => [
    action.toLowerCase(),
    { category, object, verb, of, ...more, known: true },
  ]),
);

/** The documented actions, for the documents and the tests. */
export const KNOWN_ACTIONS: readonly string[] = ROWS.map(([action]) => action);

/** What an action becomes; one that is not known, by the words of its name. */
export function actionOf(action: string, category: string | undefined): AuditAction {
  return ACTIONS.get(action.toLowerCase()) ?? unknownAction(action, category);
}

/** Areas whose further actions would be another category than `access`, in which they are looked for first. */
const AREAS: ReadonlyMap<string, Category> = new Map([
  ['auditlog', 'trail'],
  ['servicehooks', 'trail'],
  ['billing', 'infrastructure'],
  ['elm', 'code'],
  ['library', 'infrastructure'],
  ['pipelines', 'infrastructure'],
  ['process', 'code'],
  ['release', 'infrastructure'],
]);

const VERBS: ReadonlyMap<string, string> = new Map([
  ['access', 'read'],
  ['add', 'added'],
  ['create', 'created'],
  ['delete', 'deleted'],
  ['destroy', 'destroyed'],
  ['disable', 'disabled'],
  ['edit', 'changed'],
  ['enable', 'enabled'],
  ['execute', 'used'],
  ['modified', 'changed'],
  ['modify', 'changed'],
  ['read', 'read'],
  ['remove', 'removed'],
  ['rename', 'renamed'],
  ['reset', 'reset'],
  ['restore', 'restored'],
  ['revoke', 'revoked'],
  ['set', 'set'],
  ['update', 'changed'],
  ['updated', 'changed'],
]);
/** Of the entry's own category, where the action's name has no verb. */
const CATEGORY_VERBS: ReadonlyMap<string, string> = new Map([
  ['access', 'read'],
  ['create', 'created'],
  ['delete', 'deleted'],
  ['execute', 'executed'],
  ['modify', 'changed'],
  ['remove', 'removed'],
  ['rename', 'renamed'],
]);
const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ['failed', 'failed'],
  ['queued', 'pending'],
  ['started', 'pending'],
]);
const LONGEST = 48;

/** `Wiki.PageDeleted` → wiki_page, deleted. */
function unknownAction(action: string, category: string | undefined): AuditAction {
  const segments = action.slice(0, 256).split('.');
  const words = segments
    .flatMap((segment) => segment.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [])
    .map((word) => word.toLowerCase());
  if (words.at(-1) === 'event') words.pop();
  const last = words.at(-1) ?? '';
  const verb = VERBS.get(last) ?? (/^[a-z]{2,}ed$/.test(last) ? last : undefined);
  if (verb !== undefined) words.pop();
  const object = words
    .join('_')
    .replace(/^[0-9_]+/, '')
    .slice(0, LONGEST);
  return {
    category: AREAS.get((segments[0] ?? '').toLowerCase()) ?? 'access',
    object: object === '' ? 'audit_entry' : object,
    verb: (verb ?? CATEGORY_VERBS.get(category?.toLowerCase() ?? '') ?? 'reported').slice(0, LONGEST),
    of: about.place,
    outcome: OUTCOMES.get(last),
    known: false,
  };
}
