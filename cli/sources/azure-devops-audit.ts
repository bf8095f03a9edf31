import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { SampleMessage, SourceDescription } from './source.ts';

const FIXTURES = resolve(import.meta.dirname, '../../test/fixtures/azure-devops-audit');

export const AZURE_DEVOPS_AUDIT_DESCRIPTION: SourceDescription = {
  authenticated:
    "of the stream to Event Grid the key of the trigger, which the Functions host checks; of the table the app's own identity, with which it queries the workspace",
  intro:
    "The audit log of an Azure DevOps organization, by either of its streams: to Event Grid (`envelope.event` is `AzureDevOpsAuditEvent`), and to Log Analytics, where a timer reads the table `AzureDevOpsAuditing` (`envelope.event` is its name). Entries and pages of the REST API and exported lists are read as well. `envelope.delivery` is the entry's `Id`, so an entry that comes by both ways has one record. All documented actions are known; any other is told by the words of its name, in category `access` unless its area belongs elsewhere. An entry that gives rights to several people is a record for each. People, projects, repositories, pipelines and releases have the ids that they have in `azure-devops`.",
  fills: new Map([
    [
      'source',
      'of changes in a repository and of its branch policies the repository, else the project, else the organization; by the names that the entry has, else by id',
    ],
    [
      'actor',
      "`azure-devops:<ActorUserId>`; of a managed identity or service principal `entra-app:<ActorClientId>`. Azure DevOps's own services, build services and agent pools are `service`, with whom they acted for. How a call was authenticated makes nobody a service, but for `AADServicePrincipal`",
    ],
    ['target', "what the action is about, by its page or its address in the API; a permission's by its path"],
    ['related', 'the repository, branch, pipeline, project and organization; whose right it is; approvers'],
    ['changes', 'the properties of a branch policy, settings, and every `PreviousX` or `OldX` with its `X` or `NewX`'],
    ['links', 'the pull request, commits, run, release, deployment, request and correlation id'],
    ['outcome', '`pending` for what is queued or started, `failed`, `denied`; the result of a deployment'],
    ['time', '`Timestamp`, in the table `TimeGenerated`'],
    ['origin', 'address, user agent, application; of a personal access token the id of its authorization as session'],
    [
      'grant',
      'permissions (allow grants, deny revokes, anything else is a change), members of groups, access levels, tokens and keys, pipelines that may use a resource, shared connections, roles on feeds, the owner',
    ],
    [
      'decision',
      'bypassed branch policies and skipped approvals (`override`, `bypassed`), reassigned approvers, approvals of releases, completed checks. The request is the pull request, the approval, the stage of the release',
    ],
    [
      'inconsequential',
      'how the form of a work item looks, and the group in which Azure DevOps keeps track of its members',
    ],
  ]),
  details: new Map([
    ['accessLevel', 'Stakeholder, Basic, …'],
    ['actionCategory', 'of the entry: Access, Create, Execute, Modify, Remove'],
    ['activity', 'id of the activity within Azure DevOps'],
    ['actorUniqueId', "the person's id across organizations (CUID)"],
    ['approvalId', 'id of the approval of a stage'],
    ['approvalResult', 'Approved, Rejected, …'],
    ['approvalType', 'before or after the deployment'],
    ['area', 'part of Azure DevOps: Git, Policy, Permissions …'],
    ['assignedApproverDisplayName', 'who was asked, and did not decide'],
    ['assignedApproverUserId', 'id of that person or group'],
    ['authenticationMechanism', 'how the call was authenticated: PAT_Unscoped, AAD_Cookie, S2S_ServicePrincipal …'],
    ['branch', 'that the permission is for'],
    ['bypassReason', 'that was stated for completing the pull request'],
    ['comment', 'of whoever decided'],
    ['configId', 'number of the branch policy'],
    ['connectionId', 'of the service connection'],
    ['connectionName', 'of the service connection'],
    ['connectionType', 'of the service connection: azurerm, github …'],
    ['consumerType', 'where the audit stream goes to'],
    ['creationMode', 'how the service connection was made'],
    ['deploymentResult', 'as Azure DevOps says it'],
    ['description', "the entry's own sentence"],
    ['displayName', 'of the stream or token'],
    ['friendlyName', 'of the branch'],
    ['groupId', 'of the group'],
    ['groupName', 'of the group, with its project'],
    ['name', 'full name of the branch'],
    ['namespaceId', 'of the kind of object that permissions are for'],
    ['namespaceName', 'Git Repositories, Build, Library, …'],
    ['operationType', 'Create, Update, Revoke of a token'],
    ['organizationId', 'id of the organization'],
    ['ownerName', 'whose token it is'],
    ['pageId', 'of a page of a wiki, an action that no list names'],
    ['pagePath', 'likewise'],
    ['permissionPath', 'what the permission is for, within its namespace'],
    ['pipelineId', 'of the pipeline, or of the release pipeline'],
    ['pipelineName', 'likewise'],
    ['policyTypeDisplayName', 'kind of the branch policy'],
    ['policyTypeId', 'id of that kind'],
    ['projectId', 'id of the project, which stays when it is renamed'],
    ['projectName', 'of the project'],
    ['projectVisibility', 'private or public'],
    ['pullRequestId', 'number of the pull request'],
    ['refName', 'full name of the branch that the policy is for'],
    ['releaseName', 'of the release'],
    ['repoId', 'id of the repository, which stays when it is renamed'],
    ['repoName', 'of the repository'],
    ['requesterId', 'who asked for the deployment'],
    ['resourceId', 'of what pipelines may use'],
    ['resourceName', 'likewise'],
    ['resourceType', 'endpoint, queue, environment, repository, variablegroup, securefile'],
    ['revisionId', 'of the branch policy'],
    ['scopeCount', 'for how many scopes the branch policy is'],
    ['scopes', 'what the token opens'],
    ['skippedByDisplayName', 'who let the run pass'],
    ['skippedByUserId', 'id of that person'],
    ['stageName', 'where the release goes to'],
    ['status', 'of the audit stream'],
    ['streamId', 'number of the audit stream'],
    ['targetOrganizations', 'ids of the organizations that the token is for'],
    ['targetUser', 'id of whose token it is'],
    ['tokenType', 'PersonalAccessToken, …'],
    ['type', 'kind of the variable group'],
    ['userDisplayName', 'whose access level it is'],
    ['userId', 'whose token it is'],
    ['userIdentifier', 'id of whose access level it is'],
    ['validFrom', 'of the token'],
    ['validTo', 'of the token'],
    ['variableGroupId', 'number of the variable group'],
    ['variableGroupName', 'of the variable group'],
    ['variables', 'names of the variables, never their values'],
  ]),
};

/** The ways that entries come, and what is particular to their actions: the fixtures of the tests. */
export const AZURE_DEVOPS_AUDIT_SAMPLES: readonly SampleMessage[] = readdirSync(FIXTURES)
  .sort()
  .map((file) => ({
    source: 'azure-devops-audit',
    event: file.startsWith('stream-') ? 'AzureDevOpsAuditEvent' : 'AzureDevOpsAuditing',
    body: JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as unknown,
  }));
