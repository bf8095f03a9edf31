import { describe, expect, it, test } from 'vitest';

import { changed, fixture, linked, message, normalizeObject, only, related } from './azure-devops-payloads.ts';

const A = 'a'.repeat(40);
const C = 'c'.repeat(40);
const OLGA = 'azure-devops:22222222-bbbb-4b0a-9d6e-1d2e3f4a5b6c';
const PETE = 'azure-devops:33333333-cccc-4b0a-9d6e-1d2e3f4a5b6c';
const UNKNOWN = { kind: 'unknown', id: 'azure-devops:unknown' };
const PULL = 'https://dev.azure.com/acme/payments/_git/ledger/pullrequest/12';

function draftsOf(name: string): ReturnType<typeof normalizeObject> {
  return normalizeObject(fixture(name).payload);
}

function approvalOf(name: string): Readonly<Record<string, unknown>> {
  return fixture(name).payload.resource['approval'] as Readonly<Record<string, unknown>>;
}

function releaseApproval(change: Readonly<Record<string, unknown>>): ReturnType<typeof only> {
  const name = 'release-approval-approved-by-delegate';
  return only(changed(name, { approval: { ...approvalOf(name), ...change } }));
}

describe('gates of pipelines', () => {
  it('does not take the assigned approver for who approved', () => {
    const draft = only(draftsOf('pipeline-approval-rejected-by-nobody-named'));
    expect(draft.data.decision).toMatchObject({ step: 'voted', verdict: 'reject' });
    expect(draft.data.actor).toEqual(UNKNOWN);
    expect(related(draft, 'assignedApprover')).toEqual([OLGA]);
  });

  it('takes the member who answered for a group as who approved, not the group', () => {
    const drafts = draftsOf('pipeline-approval-approved');
    expect(drafts.map(({ data }) => data.actor?.id)).toEqual([OLGA, PETE]);
    expect(drafts.map(({ data }) => data.actor?.kind)).toEqual(['human', 'human']);
  });

  it('makes one record for each vote, of different parts and one request', () => {
    const drafts = draftsOf('pipeline-approval-approved');
    expect(new Set(drafts.map(({ part }) => part)).size).toBe(2);
    expect(new Set(drafts.map(({ data }) => data.decision?.request)).size).toBe(1);
  });

  it('does not count a step that nobody answered as a vote', () => {
    const steps = approvalOf('pipeline-approval-approved')['steps'] as readonly object[];
    const pending = approvalOf('pipeline-approval-requested')['steps'] as readonly object[];
    const approval = { ...approvalOf('pipeline-approval-approved'), steps: [steps[0], pending[1]] };
    expect(only(changed('pipeline-approval-approved', { approval })).data.actor?.id).toBe(OLGA);
  });

  it('asks under the same request id as is answered under, so that the two can be joined', () => {
    const asked = only(draftsOf('pipeline-approval-requested'));
    const [answered] = draftsOf('pipeline-approval-approved');
    expect(asked.data.decision).toMatchObject({ step: 'requested' });
    expect(asked.data.decision).not.toHaveProperty('verdict');
    expect(asked.data.outcome).toBe('pending');
    expect(answered?.data.decision?.request).toBe(asked.data.decision?.request);
    expect(linked(asked, 'request')).toEqual([asked.data.decision?.request]);
    expect(answered?.data.target?.id).toBe(asked.data.target?.id);
  });

  it('does not let a state without vote, or a state that is new, become an approval', () => {
    const states = ['canceled', 'skipped', 'timedOut', 'failed', 'undefined', 'somethingNew'];
    for (const status of states) {
      const approval = { ...approvalOf('pipeline-approval-requested'), status, steps: [] };
      const { data } = only(changed('pipeline-approval-approved', { approval }));
      expect([status, data.decision?.verdict, data.actor]).toEqual([status, undefined, UNKNOWN]);
    }
  });

  it('lets an approval that was bypassed not look like one that was given', () => {
    const steps = [{ status: 'bypassed' }];
    const approval = { ...approvalOf('pipeline-approval-approved'), status: 'bypassed', steps };
    const { data } = only(changed('pipeline-approval-approved', { approval }));
    expect(data.decision).toMatchObject({ verdict: 'override', bypassed: true });
  });
});

describe('gates of releases', () => {
  it('does not take the approver for who approved: of a delegated approval it says by whom and for whom', () => {
    const { data } = only(draftsOf('release-approval-approved-by-delegate'));
    expect(data.actor?.id).toBe(PETE);
    expect(data.decision).toMatchObject({ verdict: 'approve', delegatedBy: OLGA });
    expect(data.decision).not.toHaveProperty('automated');
  });

  it('does not call a group that was asked the delegator of its member', () => {
    const approver = { id: '55555555-eeee-4b0a-9d6e-1d2e3f4a5b6c', displayName: 'Reviewers', isContainer: true };
    expect(releaseApproval({ approver }).data.decision).not.toHaveProperty('delegatedBy');
  });

  it('does not call an approval delegated that the approver gave', () => {
    const { approver } = approvalOf('release-approval-approved-by-delegate');
    const { data } = releaseApproval({ approvedBy: approver });
    expect(data.actor?.id).toBe(OLGA);
    expect(data.decision).not.toHaveProperty('delegatedBy');
  });

  it('never takes an automated approval for a human one, whomever it names', () => {
    const { data } = only(draftsOf('release-approval-automated'));
    expect(data.actor).toMatchObject({ kind: 'service', name: 'Azure Pipelines' });
    expect(data.decision).toMatchObject({ verdict: 'approve', automated: true });
    expect(data.decision).not.toHaveProperty('delegatedBy');
  });

  it('does not take requiredApproverCount 0 for an approval', () => {
    const name = 'release-approval-requested';
    const release = fixture('release-approval-automated').payload.resource['release'];
    const approval = { ...approvalOf(name), approvalType: 'postDeploy' };
    const { data } = only(changed(name, { release, approval }));
    expect(data.details).toMatchObject({ requiredApproverCount: 0 });
    expect(data.decision).toMatchObject({ step: 'requested' });
    expect(data.decision).not.toHaveProperty('verdict');
  });

  it('guesses nobody where the hook names nobody: not the approver, not the creator, not who modified the release', () => {
    const { data } = releaseApproval({ approvedBy: undefined });
    expect(data.decision).toMatchObject({ verdict: 'approve' });
    expect(data.decision).not.toHaveProperty('delegatedBy');
    expect(data.actor).toEqual(UNKNOWN);
  });

  it('marks what a service approved as automated', () => {
    const approvedBy = { id: '0000000d-0000-8888-8000-000000000000', displayName: 'Release' };
    expect(releaseApproval({ approvedBy }).data.decision).toMatchObject({ automated: true });
  });

  it('asks under the same request id as is answered under, and under another after the deployment and in another try', () => {
    const asked = only(draftsOf('release-approval-requested')).data.decision;
    expect(releaseApproval({}).data.decision).toMatchObject({ request: asked?.request, round: asked?.round });
    expect(releaseApproval({ approvalType: 'postDeploy' }).data.decision?.request).not.toBe(asked?.request);
    expect(releaseApproval({ attempt: 2 }).data.decision).toMatchObject({ request: asked?.request, round: 1 });
  });

  test.each([
    ['rejected', 'voted', 'reject'],
    ['reassigned', 'delegated', undefined],
    ['canceled', 'withdrawn', undefined],
    ['skipped', 'withdrawn', undefined],
    ['somethingNew', 'voted', undefined],
  ])('%s is the step %s, and the verdict %s', (status, step, verdict) => {
    const { data } = releaseApproval({ status });
    expect([data.decision?.step, data.decision?.verdict]).toEqual([step, verdict]);
  });

  it('holds for the commit that is released, and for the stage', () => {
    expect(releaseApproval({}).data.decision?.covers).toEqual([
      { kind: 'commit', id: A },
      { kind: 'environment', id: 'production' },
    ]);
  });

  it('tells a deployment that failed as failed, though Release Management calls it rejected', () => {
    const draft = only(draftsOf('deployment-failed'));
    expect([draft.type, draft.data.outcome]).toEqual(['indelible.deployment.deployment.failed', 'failed']);
    expect(draft.data.clock).not.toHaveProperty('effective');
  });

  it('names no automated approval among those who let a deployment through', () => {
    expect(related(only(draftsOf('deployment-failed')), 'approver')).toEqual([OLGA]);
  });
});

test('a manual intervention is not answered by who should answer it', () => {
  const pending = only(draftsOf('manual-validation-pending'));
  const rejected = only(draftsOf('manual-validation-rejected-by-nobody-named'));
  expect(rejected.data.actor).toEqual(UNKNOWN);
  expect(related(rejected, 'assignedApprover')).toEqual([OLGA]);
  expect(rejected.data.decision).toMatchObject({ verdict: 'reject', request: pending.data.decision?.request });
});

describe('pull requests', () => {
  it('binds a vote to the newest commit, not to the trial merge nor to the target', () => {
    const { data } = only(draftsOf('pull-request-approved'));
    expect(data.decision?.covers).toEqual([{ kind: 'commit', id: A }]);
    expect(data.details).not.toHaveProperty('mergeCommitSha');
  });

  test.each([
    ['approved', 10, 'approved', { step: 'voted', verdict: 'approve' }],
    ['has approved and left suggestions in', 5, 'approved_with_suggestions', { step: 'voted', verdict: 'approve' }],
    ['is waiting for the author in', -5, 'changes_requested', { step: 'voted', verdict: 'reject' }],
    ['rejected', -10, 'rejected', { step: 'voted', verdict: 'reject' }],
    ['reset their vote on', 0, 'withdrawn', { step: 'revoked', verdict: undefined }],
  ])('"%s" is the vote %d', (said, vote, verb, decision) => {
    const text = `Olga Reyes ${said} pull request 12 (Round half to even) in ledger`;
    const { type, data } = only(changed('pull-request-approved', {}, message(text)));
    expect(type).toBe(`indelible.decision.pull_request_review.${verb}`);
    expect(data.actor?.id).toBe(OLGA);
    expect(data.details).toMatchObject({ vote });
    expect(data.decision).toMatchObject({ kind: 'codeReview', request: PULL, step: decision.step });
    expect(data.decision?.verdict).toBe(decision.verdict);
  });

  it('reads a vote that the message does not tell from the list of reviewers', () => {
    const text = 'Pete Novak voted on pull request 12 (Round half to even) in ledger';
    const { type, data } = only(changed('pull-request-approved', {}, message(text)));
    expect([type, data.actor?.id]).toEqual(['indelible.decision.pull_request_review.approved_with_suggestions', PETE]);
  });

  it('does not count votes that stand again when something else is changed', () => {
    for (const name of ['pull-request-pushed-to', 'pull-request-reviewers-changed', 'pull-request-merge-attempted']) {
      const { type, data } = only(draftsOf(name));
      expect(type).not.toContain('decision');
      expect(data.decision?.verdict).toBeUndefined();
    }
  });

  it('binds votes that merely stand to no commit: nobody says which one they were cast for', () => {
    const [, ...votes] = draftsOf('pull-request-updated-without-message');
    expect(votes.map(({ data }) => data.actor?.id)).toEqual([OLGA, PETE]);
    for (const vote of votes) {
      expect(vote.data.decision).not.toHaveProperty('covers');
      expect(vote.data.details).toMatchObject({ standing: true });
      expect(linked(vote, 'commit')).toEqual([]);
    }
  });

  it('does not believe a title that reads like a vote', () => {
    const text = 'Mona Lisa updated the source branch of pull request 12 (Olga Reyes approved this) in ledger';
    expect(only(changed('pull-request-approved', {}, message(text))).type).toBe(
      'indelible.code.pull_request.synchronized',
    );
  });

  it('guesses no voter where two reviewers have one name', () => {
    const reviewers = fixture('pull-request-approved').payload.resource['reviewers'] as readonly object[];
    const twin = { ...reviewers[1], id: '66666666-ffff-4b0a-9d6e-1d2e3f4a5b6c', vote: -10 };
    const { data } = only(changed('pull-request-approved', { reviewers: [...reviewers, twin] }));
    expect(data.actor).toEqual({ kind: 'unknown', id: 'azure-devops:@Olga Reyes', name: 'Olga Reyes' });
  });

  it('counts no vote of a group as one of its own: Azure DevOps copies it from a member', () => {
    const reviewers = [{ id: '55555555-eeee-4b0a-9d6e-1d2e3f4a5b6c', displayName: 'G', isContainer: true, vote: 10 }];
    const drafts = changed('pull-request-updated-without-message', { reviewers });
    expect(drafts.map(({ type }) => type)).toEqual(['indelible.code.pull_request.updated']);
  });

  it('marks the vote of a build service as automated, for it is no oversight', () => {
    const service = {
      id: '44444444-dddd-4b0a-9d6e-1d2e3f4a5b6c',
      displayName: 'payments Build Service (acme)',
      vote: 10,
    };
    const text = 'payments Build Service (acme) approved pull request 12 (Round half to even) in ledger';
    const { data } = only(changed('pull-request-approved', { reviewers: [service] }, message(text)));
    expect(data.actor?.kind).toBe('service');
    expect(data.decision).toMatchObject({ automated: true });
  });

  it('does not take the trial merge after each push for a merge', () => {
    const { type, data } = only(draftsOf('pull-request-merge-attempted'));
    expect([type, data.outcome]).toEqual(['indelible.code.pull_request.merge_attempted', 'failed']);
    const succeeded = only(changed('pull-request-merge-attempted', { mergeStatus: 'succeeded' }));
    expect(succeeded.type).toBe('indelible.code.pull_request.merge_attempted');
    expect(succeeded.data.details).not.toHaveProperty('mergeCommitSha');
  });

  it('links a merge to the commit that it made', () => {
    expect(linked(only(draftsOf('pull-request-merged')), 'commit')).toEqual([A, C]);
  });

  it('tells who is behind auto-complete apart from the service that completed', () => {
    const { data } = only(draftsOf('pull-request-completed-past-policies'));
    expect(data.actor).toMatchObject({ kind: 'service', onBehalfOf: { kind: 'human', id: PETE } });
  });

  it('shows a pull request that was completed past its policies as an override', () => {
    expect(only(draftsOf('pull-request-completed-past-policies')).data.decision).toMatchObject({
      step: 'voted',
      verdict: 'override',
      bypassed: true,
      reason: 'Payout is stuck',
    });
  });

  it('does not take an abandoned pull request for a merged one', () => {
    const resource = { status: 'abandoned', closedDate: '2026-11-23T09:29:00Z' };
    const { type } = only(changed('pull-request-updated-without-message', resource));
    expect(type).toBe('indelible.code.pull_request.closed');
  });

  it('keeps what the platform itself writes into the conversation as of no consequence', () => {
    const comment = fixture('pull-request-commented').payload.resource['comment'] as object;
    const system = only(changed('pull-request-commented', { comment: { ...comment, commentType: 'system' } }));
    expect(system.data.inconsequential).toBe(true);
    expect(only(draftsOf('pull-request-commented')).data).not.toHaveProperty('inconsequential');
  });
});

describe('work items', () => {
  it('does not take the id of an update for the id of the work item', () => {
    const { data } = only(draftsOf('work-item-updated'));
    expect(data.target?.id).toBe('https://dev.azure.com/acme/_workitems/edit/77');
    const withZero = only(changed('work-item-updated', { workItemId: 0 }));
    expect(withZero.data.target?.id).toBe(data.target?.id);
  });

  it('tells what was agreed before and after, field by field, and nothing that each revision changes by itself', () => {
    const { data } = only(draftsOf('work-item-updated'));
    expect(data.changes?.map(({ field }) => field)).toEqual([
      'System.Title',
      'System.State',
      'Microsoft.VSTS.Scheduling.Effort',
      'System.IterationPath',
      'System.AssignedTo',
      'relations',
    ]);
    expect(data.changes).toContainEqual({ field: 'Microsoft.VSTS.Scheduling.Effort', from: '3', to: '8' });
  });

  it('credits an update to who revised it, not to who was assigned or created it', () => {
    expect(only(draftsOf('work-item-updated')).data.actor).toMatchObject({ kind: 'human', id: OLGA });
  });

  it('does not credit a deletion to who changed the item last', () => {
    expect(only(draftsOf('work-item-deleted')).data.actor?.name).toBe('Pete Novak');
  });

  it('takes the year 9999 for no time', () => {
    const { time } = only(changed('work-item-updated', { revision: undefined }));
    expect(time?.slice(0, 4)).toBe('2026');
  });

  it('joins the commits and pull requests that it was linked with', () => {
    const draft = only(draftsOf('work-item-updated'));
    expect(linked(draft, 'commit')).toEqual([A]);
    const merged = only(draftsOf('pull-request-merged'));
    expect(linked(merged, 'pullRequest')).toContain(linked(draft, 'pullRequest')[0]);
    expect(linked(merged, 'workItem')).toEqual([draft.data.target?.id]);
  });
});

describe('who is a person', () => {
  const id = '77777777-aaaa-4b0a-9d6e-1d2e3f4a5b6c';

  test.each<[string, object, string]>([
    ['a build service by its login', { id, displayName: 'x', uniqueName: `Build\\${id}` }, 'service'],
    ['a build service by its name', { id, displayName: 'payments Build Service (acme)' }, 'service'],
    ['the collection build service', { id, displayName: 'Project Collection Build Service (acme)' }, 'service'],
    ['Azure DevOps itself', { id, displayName: 'Microsoft.VisualStudio.Services.TFS' }, 'service'],
    ['Azure DevOps by its id', { id: '00000002-0000-8888-8000-000000000000', displayName: 'TFS' }, 'service'],
    ['a service by its descriptor', { id, displayName: 'Anna', descriptor: 'svc.YWJj' }, 'service'],
    ['a service principal', { id, displayName: 'deployer', descriptor: 'aadsp.YWJj' }, 'service'],
    ['a service principal by its login', { id, displayName: 'deployer', uniqueName: id }, 'service'],
    [
      'a person by the descriptor, whatever the name',
      { id, displayName: 'Build Service', descriptor: 'aad.YWJj' },
      'human',
    ],
    ['a person by the login', { id, displayName: 'Mona', uniqueName: 'mona@acme.example' }, 'human'],
    ['a person of a server', { id, displayName: 'Mona', uniqueName: 'ACME\\mona' }, 'human'],
    ['a mere id', { id }, 'unknown'],
    ['a mere name', { displayName: 'Mona' }, 'unknown'],
    ['a group', { id, displayName: 'Reviewers', isContainer: true }, 'unknown'],
  ])('%s', (_what, pushedBy, kind) => {
    expect(changed('push', { pushedBy })[0]?.data.actor?.kind).toBe(kind);
  });

  it('has no address that is none: domain accounts and logins of services', () => {
    for (const uniqueName of ['ACME\\mona', `Build\\${id}`, 'mona']) {
      expect(changed('push', { pushedBy: { id, displayName: 'Mona', uniqueName } })[0]?.data.actor).not.toHaveProperty(
        'address',
      );
    }
  });

  it('names an AI that is a co-author of a commit', () => {
    expect(draftsOf('push')[1]?.data.related).toContainEqual({
      part: 'coAuthor',
      kind: 'ai',
      id: 'git:noreply@anthropic.com',
      name: 'Claude',
    });
  });

  it("does not take a commit's author for who pushed it, nor the commit's date for the time of the push", () => {
    const commit = draftsOf('push')[2];
    expect(commit?.data.actor?.name).toBe('Mona Lisa');
    expect(commit?.time).toBe('2026-11-23T09:29:58.713Z');
    expect(commit?.data.details).toMatchObject({ authoredAt: '2026-11-21T11:00:00.000Z' });
  });
});

describe('runs and builds', () => {
  it('keeps the person behind a run apart from the service that queued it', () => {
    expect(only(draftsOf('run-completed')).data.actor).toMatchObject({
      kind: 'service',
      onBehalfOf: { kind: 'human', name: 'Mona Lisa' },
    });
  });

  test.each([
    ['failed', 'failed'],
    ['canceled', 'failed'],
    ['partiallySucceeded', 'succeeded'],
    ['none', 'unknown'],
    ['somethingNew', 'unknown'],
    [undefined, 'unknown'],
  ])('a build with the result %s is %s: what is not known is no success', (result, outcome) => {
    expect(only(changed('build-completed', { result })).data.outcome).toBe(outcome);
  });

  it('gives build, run, stage, job, approval and release one id of the run, so that they can be joined', () => {
    const names = [
      'build-completed',
      'run-completed',
      'stage-waiting',
      'job-failed',
      'pipeline-approval-requested',
      'release-created',
    ];
    const ids = names.map((name) => linked(only(draftsOf(name)), 'build')[0]);
    expect(new Set(ids).size).toBe(1);
  });

  it('joins a build of a pull request with the pull request and the commit that was pushed, not the trial merge alone', () => {
    const draft = only(draftsOf('build-completed'));
    expect(linked(draft, 'pullRequest')).toEqual([PULL]);
    expect(linked(draft, 'commit')).toContain(A);
  });
});

describe('secrets', () => {
  it('never lets the key of a service connection into a record', () => {
    for (const name of ['service-connection-created', 'service-connection-shared']) {
      expect(JSON.stringify(draftsOf(name))).not.toContain('S3cretValue');
    }
  });

  it('never lets the secret that an alert is about into a record, not even a part of it', () => {
    expect(JSON.stringify(draftsOf('alert-created'))).not.toContain('abc...xyz');
  });

  it('masks a credential in a text that somebody wrote', () => {
    const key = `ghp_${'A1b2'.repeat(9)}`;
    const comment = fixture('pull-request-commented').payload.resource['comment'] as object;
    const drafts = changed('pull-request-commented', { comment: { ...comment, content: `use ${key}` } });
    expect(JSON.stringify(drafts)).not.toContain(key);
  });
});

it('tells branches and tags that were pushed, created, deleted and moved apart', () => {
  const Z = '0'.repeat(40);
  const typeOf = (name: string, oldObjectId: string, newObjectId: string): string | undefined =>
    changed('push', { refUpdates: [{ name, oldObjectId, newObjectId }] })[0]?.type;
  expect(typeOf('refs/heads/main', A, C)).toBe('indelible.code.branch.pushed');
  expect(typeOf('refs/heads/main', Z, C)).toBe('indelible.code.branch.created');
  expect(typeOf('refs/heads/main', A, Z)).toBe('indelible.code.branch.deleted');
  expect(typeOf('refs/tags/v1', Z, C)).toBe('indelible.code.tag.created');
  expect(typeOf('refs/tags/v1', A, Z)).toBe('indelible.code.tag.deleted');
  expect(typeOf('refs/tags/v1', A, C)).toBe('indelible.code.tag.moved');
  expect(typeOf('refs/notes/commits', A, C)).toBe('indelible.code.ref.pushed');
});

test.each([
  'payments~7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d',
  'urn:indelible:project:payments',
  'https://github.com/acme/payments',
])('%s, which a payload calls an address, is an id of Azure DevOps’s', (url) => {
  const container = { id: 'c12d0eb8-e382-443b-9f9c-c52cba5014c2', baseUrl: 'https://dev.azure.com/acme/' };
  const resourceContainers = { collection: container };
  const alert = { alertId: 7, alertType: 'code', repositoryUrl: url, title: 'x' };
  const other = { id: 7, url, _links: { web: { href: url } } };
  for (const [eventType, resource] of [
    ['ms.vss-alerts.alert-created-event', alert],
    ['ms.vss-new.thing-made', other],
  ] as const) {
    const [draft] = normalizeObject({ eventType, publisherId: 'tfs', resourceContainers, resource });
    const { source, data } = draft ?? only([]);
    const ids = [
      source,
      data.target?.id,
      ...(data.related ?? []).map(({ id }) => id),
      ...(data.links ?? []).map(({ id }) => id),
    ];
    expect(ids.filter((id) => id?.startsWith(url) === true)).toEqual([]);
  }
});
