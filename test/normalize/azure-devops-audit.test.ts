import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { AZURE_DEVOPS_AUDIT_DESCRIPTION, AZURE_DEVOPS_AUDIT_SAMPLES } from '../../cli/sources/azure-devops-audit.ts';
import { azureDevopsAuditNormalizer } from '../../shared/normalize/azure-devops-audit.ts';
import { azureDevopsNormalizer } from '../../shared/normalize/azure-devops.ts';
import { KNOWN_ACTIONS } from '../../shared/normalize/azure-devops-audit/actions.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { mutated } from './mutated.ts';
import { outcomeOf } from './outcome-of.ts';
import { ENQUEUED, finished, fixture, fixtureNames, only } from './table-rows.ts';

const NIL = '00000000-0000-0000-0000-000000000000';
const ORGANIZATION = 'b1a2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d';
const PROJECT = 'c2f6d8a1-7b3e-4c95-9d04-6e8f1a2b3c4d';
const REPOSITORY = 'd4e5f6a7-1b2c-4d3e-8f4a-5b6c7d8e9f01';
const MONA = '4f3e8b0c-5a77-6c55-8a86-0b5f8d3b1c11';
const JANE = '77aa1c2e-6b0d-6b1f-9c3e-1d2f3a4b5c6d';
const GROUP = 'e5f6a7b8-2c3d-4e4f-9a5b-6c7d8e9f0a12';
const APPROVAL = '1f2e3d4c-5b6a-4798-8a7b-6c5d4e3f2a1b';
const PAGE = `https://dev.azure.com/acme/${PROJECT}`;
const fixtures = fixtureNames('azure-devops-audit').map((name) => fixture('azure-devops-audit', name));

type Entry = Readonly<Record<string, unknown>>;

/** An entry as the stream to Event Grid has it in `data`. */
function entry(action: string, data: Entry = {}, more: Entry = {}): Entry {
  return {
    Id: 'f0e1d2c3-b4a5-4968-8776-655443322110',
    CorrelationId: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566',
    ActorCUID: '4f3e8b0c-5a77-7c55-8a86-0b5f8d3b1c11',
    ActorUserId: MONA,
    ActorClientId: NIL,
    ActorUPN: 'mona@acme.example',
    ActorDisplayName: 'Mona Lisa',
    AuthenticationMechanism: 'AAD_Cookie',
    Timestamp: '2026-11-23T07:00:00.1234567Z',
    ScopeType: 4,
    ScopeDisplayName: 'Acme',
    ScopeId: ORGANIZATION,
    ProjectId: PROJECT,
    ProjectName: 'Payments',
    IpAddress: '203.0.113.9',
    UserAgent: 'Mozilla/5.0',
    ActionId: action,
    Data: data,
    Details: 'What the log says',
    Area: 'Any',
    Category: 1,
    CategoryDisplayName: 'Modify',
    ...more,
  };
}

function stream(from: Entry): Entry {
  return {
    id: from['Id'],
    subject: 'AzureDevOps/Auditing',
    data: from,
    eventType: 'AzureDevOpsAuditEvent',
    dataVersion: '1.0',
    eventTime: '2026-11-23T07:00:01Z',
    topic: '/subscriptions/s/resourceGroups/audit/providers/Microsoft.EventGrid/topics/devops-audit',
  };
}

/** As the timer publishes it, with the data as text or as Log Analytics has parsed it. */
function row(from: Entry, asText: boolean): Entry {
  const { ActionId, Timestamp, Data, CategoryDisplayName, ScopeType: _s, ...rest } = from;
  return {
    ...rest,
    OperationName: ActionId,
    TimeGenerated: Timestamp,
    Category: CategoryDisplayName,
    CategoryDisplayName,
    Data: asText ? JSON.stringify(Data) : Data,
    ScopeType: 'Organization',
    TenantId: '6e2f1a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b',
    Type: 'AzureDevOpsAuditing',
    _ItemId: '0b3c5d7e-9f10-4a2b-8c4d-6e8f0a1b2c3d',
    IngestionTime: '2026-11-23T07:06:00Z',
  };
}

/** As `_apis/audit/auditlog` lists it. */
function listed(from: Entry): Entry {
  const lower = Object.fromEntries(
    Object.entries(from).map(([name, value]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, value]),
  );
  return {
    ...lower,
    id: `2587423;${PROJECT};${String(from['Id'])}`,
    scopeType: 'organization',
    scopeDisplayName: `${String(from['ScopeDisplayName'])} (Organization)`,
    category: String(from['CategoryDisplayName']).toLowerCase(),
  };
}

function recordsOf(body: unknown): readonly RecordDraft[] {
  return finished(azureDevopsAuditNormalizer, 'any', body);
}

function recordOf(action: string, data: Entry = {}, more: Entry = {}): RecordDraft {
  return only(recordsOf(stream(entry(action, data, more))));
}

function deliveryOf(body: unknown): string | undefined {
  return azureDevopsAuditNormalizer.deliveryOf?.(Buffer.from(JSON.stringify(body)));
}

describe('an entry is one record whichever way it comes: two streams must not tell it twice', () => {
  it('with the same delivery and the same words by Event Grid, from Log Analytics and from the API', () => {
    const names = fixtureNames('azure-devops-audit').filter((name) => name.startsWith('stream-'));
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const raw: unknown = fixture('azure-devops-audit', name);
      const event = (Array.isArray(raw) ? raw[0] : raw) as { readonly data: Entry };
      const ways = [
        event,
        [event],
        row(event.data, true),
        row(event.data, false),
        listed(event.data),
        { decoratedAuditLogEntries: [listed(event.data)] },
        { value: { decoratedAuditLogEntries: [listed(event.data)] } },
      ];
      for (const way of ways) {
        expect(deliveryOf(way)).toBe(event.data['Id']);
        expect(recordsOf(way)).toEqual(recordsOf(event));
      }
    }
  });

  it('also as a CloudEvent, though the stream writes the other schema today', () => {
    const { eventType, eventTime, topic, dataVersion: _v, ...event } = stream(entry('Git.RepositoryCreated'));
    const cloud = { ...event, type: eventType, time: eventTime, source: topic, specversion: '1.0' };
    expect(recordsOf(cloud)).toEqual(recordsOf(stream(entry('Git.RepositoryCreated'))));
  });

  it('and on a page of many keeps its own id as the name of its record, wherever on the page it stands', () => {
    const first = listed(entry('Git.RepositoryCreated', { RepoName: 'a' }, { Id: 'first' }));
    const second = listed(entry('Git.RepositoryDeleted', { RepoName: 'b' }, { Id: 'second' }));
    const parts = (...page: Entry[]) =>
      recordsOf({ decoratedAuditLogEntries: page }).map(({ part, type }) => [part, type]);
    const expected = [
      ['first', 'indelible.access.repository.created'],
      ['second', 'indelible.access.repository.deleted'],
    ];
    expect(parts(first, second)).toEqual(expected);
    expect(parts(second, first)).toEqual(expected.toReversed());
    expect(deliveryOf({ decoratedAuditLogEntries: [first, second] })).toBeUndefined();
  });

  it('whose id is never cut: two long ones must not become one', () => {
    const id = 'x'.repeat(5_000);
    expect(deliveryOf(stream(entry('Git.RepositoryCreated', {}, { Id: id })))).toBe(id);
  });

  it('without an id has that of its event', () => {
    expect(deliveryOf({ ...stream(entry('Git.RepositoryCreated', {}, { Id: undefined })), id: 'event-1' })).toBe(
      'event-1',
    );
  });
});

describe('who acted', () => {
  it.each([
    ['a person', {}, 'human', `azure-devops:${MONA}`],
    [
      'a person whose web page called another service',
      { AuthenticationMechanism: 'S2S_ServicePrincipal' },
      'human',
      `azure-devops:${MONA}`,
    ],
    [
      'a person with a token',
      { AuthenticationMechanism: 'PAT_Unscoped authorizationId: 6b05' },
      'human',
      `azure-devops:${MONA}`,
    ],
    [
      'a person without an address',
      { ActorUPN: '', AuthenticationMechanism: 'FedAuth' },
      'human',
      `azure-devops:${MONA}`,
    ],
    [
      'Azure DevOps itself',
      {
        ActorUserId: '0000000D-0000-8888-8000-000000000000',
        ActorCUID: NIL,
        ActorUPN: 'Azure DevOps Service',
        ActorDisplayName: 'Azure DevOps Service',
      },
      'service',
      'azure-devops:0000000d-0000-8888-8000-000000000000',
    ],
    [
      'a build service that has a CUID as people do',
      { ActorUPN: `Build\\${PROJECT}`, ActorDisplayName: 'Payments Build Service (acme)' },
      'service',
      `azure-devops:${MONA}`,
    ],
    [
      'a service principal',
      { ActorUserId: NIL, ActorCUID: NIL, ActorUPN: '', ActorClientId: 'C44B4083-3BB0-49C1-B47D-974E53CBDF3C' },
      'service',
      'entra-app:c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
    ],
    [
      'a service principal that is told by its sign-in alone',
      { ActorUPN: '', AuthenticationMechanism: 'AADServicePrincipal' },
      'service',
      `azure-devops:${MONA}`,
    ],
    [
      'somebody of whom there is an id alone',
      { ActorUPN: '', ActorCUID: NIL, ActorDisplayName: 'x' },
      'unknown',
      `azure-devops:${MONA}`,
    ],
    [
      'somebody of whom there is an address alone',
      { ActorUserId: NIL, ActorCUID: NIL },
      'human',
      'upn:mona@acme.example',
    ],
  ])('%s is never taken for another kind', (_who, more, kind, id) => {
    expect(recordOf('Git.RepositoryCreated', {}, more).data.actor).toMatchObject({ kind, id });
  });

  it('is nobody where the log names nobody', () => {
    const more = { ActorUserId: NIL, ActorCUID: NIL, ActorUPN: '', ActorDisplayName: '' };
    const { data } = recordOf('Git.RepositoryCreated', {}, more);
    expect(data.actor).toBeUndefined();
    expect(data.summary).toMatch(/^Somebody unnamed /);
  });

  it('for whom a service deployed is kept, and no service acts for another', () => {
    const service = {
      ActorUserId: '0000000d-0000-8888-8000-000000000000',
      ActorUPN: 'Azure DevOps Service',
      ActorDisplayName: 'Azure DevOps Service',
    };
    const deployed = (requester: string) =>
      recordOf('Release.DeploymentCompleted', { ReleaseName: 'R-1', RequesterId: requester }, service).data.actor;
    expect(deployed(MONA.toUpperCase())?.onBehalfOf?.id).toBe(`azure-devops:${MONA}`);
    expect(deployed('0000000D-0000-8888-8000-000000000000')?.onBehalfOf).toBeUndefined();
  });

  it('as whom somebody acted is kept', () => {
    const { data } = recordOf(
      'Git.RepositoryCreated',
      {},
      { ActorImpersonatingUserId: JANE, ActorImpersonatingDisplayName: 'Jane Doe' },
    );
    expect(data.actor?.onBehalfOf).toEqual({ kind: 'unknown', id: `azure-devops:${JANE}`, name: 'Jane Doe' });
  });

  it('by which token is told as a session, not as a part of the mechanism', () => {
    const { data } = recordOf(
      'Git.RepositoryCreated',
      {},
      { AuthenticationMechanism: 'PAT_Unscoped authorizationId: 6b0572f0' },
    );
    expect(data.origin?.session).toBe('6b0572f0');
    expect(data.details?.['authenticationMechanism']).toBe('PAT_Unscoped');
  });
});

describe('where it happened', () => {
  it('is the organization where the project’s id is nil: zeros are no project', () => {
    const { source, data } = recordOf('Licensing.Assigned', {}, { ProjectId: NIL, ProjectName: '' });
    expect(source).toBe('https://dev.azure.com/acme');
    expect(data.details?.['projectId']).toBeUndefined();
  });

  it('has the address of service hooks: lower-case organization, project by its name, parts encoded', () => {
    const more = { ScopeDisplayName: 'ACME', ProjectName: 'Pay & Ship' };
    const { source, data } = recordOf('Git.RepositoryCreated', { RepoName: 'led ger', RepoId: REPOSITORY }, more);
    expect(source).toBe('https://dev.azure.com/acme/Pay%20%26%20Ship/_git/led%20ger');
    expect(data.target).toEqual({ kind: 'repository', id: source, name: 'led ger' });
    expect(data.related).toContainEqual({
      part: 'project',
      kind: 'project',
      id: 'https://dev.azure.com/acme/Pay%20%26%20Ship',
      name: 'Pay & Ship',
    });
  });

  it('has no address where the organization has no name', () => {
    const more = { ScopeDisplayName: undefined, ProjectId: NIL, ProjectName: undefined };
    expect(recordOf('Licensing.Assigned', {}, more).source).toBe(`azure-devops:collection/${ORGANIZATION}`);
  });

  it('of a repository is its page by its id where only that is known, with or without hyphens', () => {
    const hyphens = recordOf('Git.RepositoryDeleted', { RepoId: REPOSITORY });
    const none = recordOf('Git.RepositoryDeleted', { RepoId: REPOSITORY.replaceAll('-', '').toUpperCase() });
    expect(hyphens.data.target?.id).toBe(`https://dev.azure.com/acme/Payments/_git/${REPOSITORY}`);
    expect(none.data.target).toEqual(hyphens.data.target);
  });
});

describe('what service hooks tell of as well', () => {
  const hook = (resource: Entry, eventType: string) =>
    finished(azureDevopsNormalizer, eventType, {
      id: JANE,
      eventType,
      resource,
      resourceContainers: {
        collection: { id: ORGANIZATION, baseUrl: 'https://dev.azure.com/Acme/' },
        project: { id: PROJECT, baseUrl: 'https://dev.azure.com/Acme/' },
      },
      createdDate: '2026-11-23T07:00:00Z',
    });
  const project = { id: PROJECT, name: 'Payments' };
  const links = (drafts: readonly RecordDraft[], kind: string) =>
    drafts.flatMap(({ data }) => data.links ?? []).filter((each) => each.kind === kind);

  it('has the same ids in both: a pull request whose policies were bypassed must be found from its reviews', () => {
    const repository = { id: REPOSITORY, name: 'ledger', project };
    const pull = { pullRequestId: 41, status: 'active', repository, createdBy: { id: MONA, displayName: 'Mona Lisa' } };
    const hooked = hook(pull, 'git.pullrequest.created');
    const audited = recordOf('Git.RefUpdatePoliciesBypassed', {
      RepoId: REPOSITORY,
      RepoName: 'ledger',
      Name: 'refs/heads/main',
      PullRequestId: 41,
    });
    expect(links([audited], 'pullRequest')).toEqual(links(hooked, 'pullRequest'));
    expect(audited.source).toBe(hooked[0]?.source);
    expect(audited.data.actor?.id).toBe(hooked[0]?.data.actor?.id);
  });

  it('has the same request in both: the approval of a release is one gate, however it is told', () => {
    const approval = {
      id: 7,
      approvalType: 'preDeploy',
      status: 'approved',
      approvedBy: { id: MONA, displayName: 'Mona Lisa' },
      releaseEnvironment: { id: 3, name: 'production' },
      release: { id: 231, name: 'R-1' },
    };
    const hooked = hook({ approval, project }, 'ms.vss-release.deployment-approval-completed-event');
    const audited = recordOf('Release.ApprovalCompleted', {
      ApprovalResult: 'Approved',
      ApprovalType: 'PreDeployment',
      StageName: 'production',
      ReleaseId: '231',
    });
    expect(audited.data.decision?.request).toBe(hooked[0]?.data.decision?.request);
    expect(audited.type).toBe(hooked[0]?.type);
    expect(links([audited], 'deployment')).toEqual(links(hooked, 'deployment'));
  });
});

describe('bypassed branch policies are decisions: a gate that was gone around must not look like a push', () => {
  const push = {
    RepoId: REPOSITORY,
    RepoName: 'ledger',
    Name: 'refs/heads/main',
    OldObjectId: '1'.repeat(40),
    NewObjectId: 'ABCDEF0123'.repeat(4),
  };

  it('by a push, where no pull request is', () => {
    const { type, data } = recordOf('Git.RefUpdatePoliciesBypassed', push);
    expect(type).toBe('indelible.decision.branch_policy.bypassed');
    const commit = 'abcdef0123'.repeat(4);
    expect(data.decision).toEqual({
      kind: 'codeReview',
      request: `https://dev.azure.com/acme/Payments/_git/ledger?version=GBmain#${commit}`,
      step: 'voted',
      verdict: 'override',
      covers: [{ kind: 'commit', id: commit }],
      bypassed: true,
    });
    expect(data.links).toContainEqual({ kind: 'commit', id: commit });
  });

  it('by a pull request, under the request that its reviews share', () => {
    const { data } = recordOf('Git.RefUpdatePoliciesBypassed', {
      ...push,
      PullRequestId: '41',
      BypassReason: 'Outage',
    });
    const request = 'https://dev.azure.com/acme/Payments/_git/ledger/pullrequest/41';
    expect(data.decision).toMatchObject({ request, reason: 'Outage', bypassed: true });
    expect(data.links).toContainEqual({ kind: 'pullRequest', id: request });
    expect(data.links).toContainEqual({ kind: 'pullRequest', id: `${PAGE}/_git/${REPOSITORY}/pullrequest/41` });
  });

  it('that delete the branch cover no commit: zeros are none', () => {
    const { data } = recordOf('Git.RefUpdatePoliciesBypassed', { ...push, NewObjectId: '0'.repeat(40) });
    expect(data.decision?.covers).toBeUndefined();
    expect(data.changes).toEqual([{ field: 'ref', from: '1'.repeat(40) }]);
  });

  it('by a service are nobody’s decision', () => {
    const { data } = recordOf('Git.RefUpdatePoliciesBypassed', push, { ActorClientId: JANE });
    expect(data.decision).toMatchObject({ verdict: 'override', automated: true, bypassed: true });
  });
});

describe('approvals', () => {
  it('that somebody skipped are bypassed, under the approval’s own request', () => {
    const { type, data } = recordOf('ApprovalSkipped', {
      ApprovalId: APPROVAL,
      AssignedApproverDisplayName: '[P]\\Ops',
    });
    expect(type).toBe('indelible.decision.deployment_approval.overridden');
    expect(data.decision).toMatchObject({
      request: `azure-devops:approval/${APPROVAL}`,
      verdict: 'override',
      bypassed: true,
    });
    // A group's name begins as JSON does.
    expect(data.details?.['assignedApproverDisplayName']).toBe('[P]\\Ops');
  });

  it('that were reassigned say to whom, and are no vote', () => {
    const people = { OldApproverUserId: JANE, NewApproverUserId: MONA };
    const { decision } = recordOf('ApproverReassigned', { ApprovalId: APPROVAL, ...people }).data;
    expect(decision).toEqual({
      kind: 'deployment',
      request: `azure-devops:approval/${APPROVAL}`,
      step: 'delegated',
      delegatedBy: `azure-devops:${JANE}`,
      delegation: { to: `azure-devops:${MONA}` },
    });
  });

  it.each([
    ['Approved', 'approved', 'voted', 'approve'],
    ['Rejected', 'rejected', 'voted', 'reject'],
    ['Canceled', 'withdrawn', 'withdrawn', undefined],
    ['Timed out', 'expired', 'expired', undefined],
    ['Reassigned', 'delegated', 'delegated', undefined],
    ['Pondered', 'completed', 'voted', undefined],
  ])('of a release that were %s count for no more than that', (result, verb, step, verdict) => {
    const data = { ApprovalResult: result, ApprovalType: 'PostDeploy', ReleaseId: 231, StageName: 'production' };
    const record = recordOf('Release.ApprovalCompleted', data);
    expect(record.type).toBe(`indelible.decision.deployment_approval.${verb}`);
    expect(record.data.decision).toMatchObject({
      request: `${PAGE}/_release?releaseId=231#production/postDeploy`,
      step,
    });
    expect(record.data.decision?.verdict).toBe(verdict);
  });

  it('that Azure DevOps gave by itself are nobody’s, whoever is named', () => {
    const data = { ApprovalResult: 'Approved', ReleaseEnvironmentSteps: [{ ReleaseId: '5', IsAutomated: 'True' }] };
    expect(recordOf('Release.ApprovalsCompleted', data).data.decision).toMatchObject({ automated: true });
  });

  it('and other checks of a stage are concluded by the service, and lead to the approvals among them', () => {
    const { data } = recordOf('CheckSuite.Completed', {
      CheckSuiteId: 'aaaa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
      CheckSuiteStatus: 'Approved',
      StageName: 'production',
      CheckRuns: [
        { Id: APPROVAL, Type: 'Approval' },
        { Id: JANE, Type: 'Branch control' },
      ],
    });
    expect(data.decision).toMatchObject({ verdict: 'approve', automated: true });
    expect(data.links?.filter(({ kind }) => kind === 'request').map(({ id }) => id)).toEqual([
      `${PAGE}/_apis/pipelines/checks/runs/aaaa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d`,
      `azure-devops:approval/${APPROVAL}`,
    ]);
  });
});

describe('permissions', () => {
  const JANE_DESCRIPTOR = 'Microsoft.IdentityModel.Claims.ClaimsIdentity;tenant\\jane@acme.example';
  const library = { NamespaceName: 'Library', NamespaceId: 'b7e8', Token: 'Library/Collection/VariableGroup/4693' };

  it.each([
    ['allow', 'granted'],
    ['Deny', 'revoked'],
    ['not set', 'changed'],
    [undefined, 'changed'],
  ])('set to %s are %s, and never the other', (to, change) => {
    const data = {
      ...library,
      SubjectDescriptor: JANE_DESCRIPTOR,
      ChangedPermission: 'View',
      PermissionModifiedTo: to,
    };
    const { grant } = recordOf('Security.ModifyPermission', data).data;
    expect(grant).toMatchObject({ change, role: { name: 'View' } });
    expect(grant?.principal).toMatchObject({ kind: 'human', address: 'jane@acme.example' });
  });

  it('of several people are a right each: one of them must not hide the others', () => {
    const rights = [
      { PermissionNames: 'View', Change: 'allow', SubjectDescriptor: JANE_DESCRIPTOR },
      { PermissionNames: 'Use', Change: 'allow', SubjectDescriptor: JANE_DESCRIPTOR },
      { PermissionNames: 'Administer', Change: 'deny', SubjectDescriptor: JANE_DESCRIPTOR },
      {
        PermissionNames: 'View',
        Change: 'allow',
        SubjectDescriptor: `Microsoft.TeamFoundation.ServiceIdentity;x:Build:${PROJECT}`,
      },
    ];
    const given = (summary: readonly Entry[]) =>
      recordsOf(stream(entry('Security.ModifyPermission', { ...library, EventSummary: summary })));
    const records = given(rights);
    expect(records.map(({ data }) => [data.grant?.change, data.grant?.role.name, data.grant?.principal.kind])).toEqual([
      ['granted', 'View, Use', 'human'],
      ['revoked', 'Administer', 'human'],
      ['granted', 'View', 'service'],
    ]);
    // The names of the parts do not depend on the order.
    const parts = (all: readonly RecordDraft[]) => all.map(({ part }) => part).sort();
    expect(parts(given(rights.toReversed()))).toEqual(parts(records));
  });

  it.each([
    [
      'Git Repositories',
      `repoV2/${PROJECT}/${REPOSITORY}`,
      'repository',
      `https://dev.azure.com/acme/Payments/_git/${REPOSITORY}`,
    ],
    [
      'Git Repositories',
      `repoV2/${PROJECT}/${REPOSITORY}/refs/heads/720065006c/6d00610069006e00/`,
      'repository',
      `https://dev.azure.com/acme/Payments/_git/${REPOSITORY}`,
    ],
    [
      'Git Repositories',
      `repoV2/${PROJECT}/${REPOSITORY}/refs/heads/66006500/6d00610069006e00/`,
      'branch',
      `https://dev.azure.com/acme/Payments/_git/${REPOSITORY}?version=GBfe%2Fmain`,
    ],
    ['Build', `${PROJECT}/18`, 'pipeline', `${PAGE}/_build/definition?definitionId=18`],
    ['ReleaseManagement', `${PROJECT}/folder/18`, 'releaseDefinition', `${PAGE}/_release?definitionId=18`],
    [
      'ServiceEndpoints',
      `endpoints/${PROJECT}/${JANE}`,
      'serviceConnection',
      `${PAGE}/_settings/adminservices?resourceId=${JANE}`,
    ],
    ['Environment', `Environments/${PROJECT}/3`, 'environment', `${PAGE}/_environments/3`],
    ['DistributedTask', 'AgentPools/9', 'agentPool', 'https://dev.azure.com/acme/_settings/agentpools?poolId=9'],
    [
      'Library',
      'Library/Collection/VariableGroup/4',
      'variableGroup',
      'https://dev.azure.com/acme/_apis/distributedtask/variablegroups/4',
    ],
    ['Iteration', 'vstfs:///x', 'permissionNamespace', 'https://dev.azure.com/acme/Payments#Iteration/vstfs:///x'],
  ])('in %s at %s are about the object that other records name', (namespace, token, kind, id) => {
    const { data } = recordOf('Security.ModifyPermission', { NamespaceName: namespace, Token: token });
    expect(data.target).toMatchObject({ kind, id });
    expect(data.grant?.scope).toBe(id);
  });

  it('that are taken away from several are a right each', () => {
    const data = { ...library, Identities: [JANE_DESCRIPTOR, 'Microsoft.TeamFoundation.Identity;S-1-9-1'] };
    const records = recordsOf(stream(entry('Security.RemovePermission', data)));
    expect(records.map(({ data: { grant } }) => grant?.change)).toEqual(['revoked', 'revoked']);
  });

  it('of very many people at once are one record that says so', () => {
    const summary = Array.from({ length: 600 }, (_each, i) => ({
      PermissionNames: 'View',
      Change: 'allow',
      SubjectDescriptor: `g;${i}`,
    }));
    const { data } = recordOf('Security.ModifyPermission', { ...library, EventSummary: summary });
    expect(data.summary).toContain('changed 600 permissions');
  });
});

describe('members of groups', () => {
  it.each([
    ['Group.UpdateGroupMembership.Add', {}, 'added', 'granted'],
    ['Group.UpdateGroupMembership.Remove', {}, 'removed', 'revoked'],
    ['Group.UpdateGroupMembership', { Active: true }, 'added', 'granted'],
    ['Group.UpdateGroupMembership', { Active: 'False' }, 'removed', 'revoked'],
    ['Group.UpdateGroupMembership', {}, 'changed', 'changed'],
  ])('%s with %j are %s', (action, active, verb, change) => {
    // Updates are in upper case, the entry's own members are not.
    const update = { GroupId: GROUP.toUpperCase(), MemberId: JANE.toUpperCase(), ...active };
    const { type, data } = recordOf(action, {
      GroupId: GROUP,
      GroupName: '[P]\\Ops',
      MemberId: JANE,
      Updates: [update],
    });
    expect(type).toBe(`indelible.access.group_member.${verb}`);
    expect(data.grant).toMatchObject({
      change,
      principal: { id: `azure-devops:${JANE}` },
      scope: `azure-devops:${GROUP}`,
    });
  });

  it('of several people are each told with their own name, and not with the first one’s', () => {
    const records = recordsOf(fixture('azure-devops-audit', 'stream-group-members-added'));
    expect(records.map(({ data }) => data.grant?.principal.name)).toEqual(['Jane Doe', undefined]);
    expect(JSON.stringify(records[1]?.data.details)).not.toContain(JANE);
  });

  it('of very many people at once are one record that says so: none is left out in silence', () => {
    const updates = Array.from({ length: 600 }, (_each, i) => ({ GroupId: GROUP, MemberId: `m${i}`, Active: true }));
    const { data } = recordOf('Group.UpdateGroupMembership.Add', { GroupId: GROUP, Updates: updates });
    expect(data.summary).toContain('changed 600 memberships');
  });

  it('that Azure DevOps keeps count of by itself are of no consequence', () => {
    const data = { GroupName: '[Acme]\\DirectoryServiceAddMemberGroup', GroupId: GROUP, MemberId: JANE };
    expect(recordOf('Group.UpdateGroupMembership.Add', data).data.inconsequential).toBe(true);
  });
});

describe('secrets', () => {
  it('of variables, connections and tokens are not told: only their names', () => {
    const records = [
      ...recordsOf(fixture('azure-devops-audit', 'row-variable-group-modified')),
      ...recordsOf(fixture('azure-devops-audit', 'stream-service-connection-created')),
      recordOf('Token.PatCreateEvent', { DisplayName: 'x', Token: 'hunter2' }),
      recordOf('Library.VariableGroupCreated', { Variables: [{ name: 'a', value: 'hunter2' }] }),
      recordOf('Library.ServiceConnectionModified', { password: 'hunter2', ServicePrincipalKey: 'hunter2' }),
    ];
    expect(JSON.stringify(records)).not.toMatch(/hunter2|not for the trail|pay\.acme/);
    expect(records[0]?.data.details?.['variables']).toBe('endpoint, password');
  });
});

describe('changes', () => {
  it.each([
    ['Git.RepositoryRenamed', { PreviousRepoName: 'a', RepoName: 'b' }, [{ field: 'name', from: 'a', to: 'b' }]],
    [
      'Project.UpdateRenameCompleted',
      { PreviousProjectName: 'a', ProjectName: 'b' },
      [{ field: 'name', from: 'a', to: 'b' }],
    ],
    [
      'Git.RepositoryDefaultBranchChanged',
      { PreviousDefaultBranch: 'refs/heads/a', DefaultBranch: 'refs/heads/b' },
      [{ field: 'defaultBranch', from: 'refs/heads/a', to: 'refs/heads/b' }],
    ],
    [
      'Pipelines.PipelineRetentionSettingChanged',
      { SettingName: 'Days', OldValue: '30', NewValue: '5' },
      [{ field: 'Days', from: '30', to: '5' }],
    ],
    [
      'OrganizationPolicy.PolicyValueUpdated',
      { PolicyName: 'Policy.DisallowSecureShell', PolicyValue: 'OFF' },
      [{ field: 'Policy.DisallowSecureShell', to: 'OFF' }],
    ],
    [
      'CheckConfiguration.ApprovalCheckOrderChanged',
      { OriginalApprovalType: 'inSequence', FinalApprovalType: 'anyOrder' },
      [{ field: 'approvalType', from: 'inSequence', to: 'anyOrder' }],
    ],
    [
      'Extension.VersionUpdated',
      { ExtensionName: 'x', FromVersion: '1', Version: '2' },
      [{ field: 'version', from: '1', to: '2' }],
    ],
  ])('of %s say from what to what', (action, data, changes) => {
    expect(recordOf(action, data).data.changes).toEqual(changes);
  });
});

describe('a project', () => {
  it.each([
    ['public', 'publicized'],
    ['Private', 'privatized'],
    ['organization', 'visibility_changed'],
    ['constructor', 'visibility_changed'],
  ])('that was made %s is %s: what is open to everybody must be found by its type', (visibility, verb) => {
    const { type, data } = recordOf('Project.UpdateVisibilityCompleted', { ProjectVisibility: visibility });
    expect(type).toBe(`indelible.access.project.${verb}`);
    expect(data.summary).toBe(`Mona Lisa changed the visibility of the project "Payments" to ${visibility}`);
  });
});

describe('how it ended', () => {
  it.each([
    ['Project.CreateQueued', {}, 'pending'],
    ['Project.DeleteFailed', {}, 'failed'],
    ['Pipelines.ResourceNotAuthorizedForProject', {}, 'denied'],
    ['Release.DeploymentCompleted', { DeploymentResult: 'PartiallySucceeded' }, 'failed'],
    ['Release.DeploymentCompleted', { DeploymentResult: 'Whatever' }, 'unknown'],
    ['Pipelines.DeploymentJobCompleted', { DeploymentResult: 'Succeeded' }, 'succeeded'],
    ['Brand.NewThingFailed', {}, 'failed'],
    ['Git.RepositoryCreated', { DeploymentResult: 'Failed' }, 'succeeded'],
  ])('%s with %j is %s: what did not come about must not look as if it had', (action, data, outcome) => {
    const record = recordOf(action, data);
    expect(record.data.outcome).toBe(outcome);
    expect(record.data.clock?.effective === undefined).toBe(outcome !== 'succeeded');
  });

  it('of an attempt to authorize a resource is no grant', () => {
    const { grant } = recordOf('Pipelines.ResourceNotAuthorizedForPipeline', {
      PipelineId: 4,
      ResourceType: 'queue',
    }).data;
    expect(grant?.change).toBe('requested');
  });
});

describe('every action', () => {
  it.each(KNOWN_ACTIONS)('%s is a record though its data is missing', (action) => {
    const records = recordsOf(stream(entry(action, undefined, { Data: undefined })));
    expect(records.map(({ type }) => type)).not.toContain(UNRECOGNIZED_TYPE);
    expect(records[0]?.data.action).toBe(action);
    expect(records[0]?.data.summary).toMatch(/^Mona Lisa /);
  });

  it('is found whatever its case', () => {
    expect(recordOf('GIT.repositorycreated').type).toBe('indelible.access.repository.created');
  });

  it.each([
    ['Wiki.PagePublished', 'Create', 'indelible.access.wiki_page.published'],
    ['AuditLog.StreamPaused', 'Modify', 'indelible.trail.audit_log_stream.paused'],
    ['Pipelines.TemplateUpdate', 'Modify', 'indelible.infrastructure.pipelines_template.changed'],
    ['Something', 'remove', 'indelible.access.something.removed'],
    ['新しい', undefined, 'indelible.access.audit_entry.reported'],
    ['a'.repeat(2_000), 'x', `indelible.access.${'a'.repeat(48)}.reported`],
  ])('that no list names is told by the words of its name: %.30s', (action, category, type) => {
    const record = recordOf(action, {}, { CategoryDisplayName: category, Category: undefined });
    expect(record.type).toBe(type);
    expect(record.data.summary).toContain('What the log says');
  });

  it('that stops the log itself is of the trail: without its stream nothing else is told', () => {
    for (const action of ['StreamDisabledByUser', 'StreamDisabledBySystem', 'StreamDeleted'])
      expect(recordOf(`AuditLog.${action}`, { StreamId: 3 }).type).toMatch(/^indelible\.trail\.audit_stream\./);
  });
});

describe('what is no entry of an audit log ends as unrecognized', () => {
  it.each([
    [
      'an event of something else',
      { ...stream(entry('x')), eventType: 'Microsoft.Storage.BlobCreated', data: {} },
      'event',
    ],
    ['an event without data', { id: '1', eventType: 'AzureDevOpsAuditEvent' }, 'event'],
    ['an object', { a: 1 }, 'shape'],
    ['an entry without an action', entry('', {}), 'shape'],
    ['an entry that says neither who nor what', { ActionId: 'Git.RepositoryCreated' }, 'shape'],
    ['an empty page', { decoratedAuditLogEntries: [] }, 'shape'],
    ['an empty list', [], 'shape'],
    ['a list with something else in it', [entry('Git.RepositoryCreated'), 7], 'shape'],
    ['a text', 'text', 'json'],
  ])('%s', (_what, body, code) => {
    const { type, data } = only(recordsOf(body));
    expect(type).toBe(UNRECOGNIZED_TYPE);
    expect(data.unrecognized?.code).toBe(code);
  });

  it.each(ODD_BODIES)('a body that is %s does not break it', (_what, body) => {
    const input = { envelope: { source: 'azure-devops-audit' }, body, enqueued: ENQUEUED };
    expect(outcomeOf(() => azureDevopsAuditNormalizer.normalize(input))).toBe('reason');
    expect(() => azureDevopsAuditNormalizer.deliveryOf?.(body)).not.toThrow();
  });
});

describe('broken entries end as records or as unrecognized, never as a crash', () => {
  it('whatever members are replaced, removed or added, under whatever action', () => {
    fc.assert(
      fc.property(mutated(fixtures), fc.option(fc.constantFrom(...KNOWN_ACTIONS)), (payload, action) => {
        const text = JSON.stringify(payload) ?? 'null';
        const moved =
          action === null ? text : text.replace(/"(ActionId|OperationName|actionId)":"[^"]*"/g, `"$1":"${action}"`);
        const body = Buffer.from(moved);
        const input = { envelope: { source: 'azure-devops-audit' }, body, enqueued: ENQUEUED };
        const normalize = () => azureDevopsAuditNormalizer.normalize(input);
        // Throws whatever is no refusal.
        if (outcomeOf(normalize) === 'reason') return;
        const types = [...new Set(normalize().map(({ type }) => type))];
        expect(types.length).toBeGreaterThan(0);
        const records = recordsOf(body);
        // Sealed as what it is: a draft that does not fit the schema would end as unrecognized here.
        expect([...new Set(records.map(({ type }) => type))]).toEqual(types);
        expect(JSON.stringify(recordsOf(body))).toBe(JSON.stringify(records));
        for (const { data } of records) expect(data.summary).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the description of the source', () => {
  it('names every detail that the samples have, and none that they lack', () => {
    const details = AZURE_DEVOPS_AUDIT_SAMPLES.flatMap(({ event, body }) =>
      finished(azureDevopsAuditNormalizer, event, body),
    ).flatMap(({ data }) => Object.keys(data.details ?? {}));
    expect([...new Set(details)].sort()).toEqual([...AZURE_DEVOPS_AUDIT_DESCRIPTION.details.keys()].sort());
  });
});
