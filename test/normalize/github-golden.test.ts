import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { normalizeObject, recordOf } from './github-payloads.ts';

/** Whole drafts, read and approved by a person, for the cases that the trail is kept for. */

interface Golden {
  readonly event: string;
  readonly payload: unknown;
  readonly drafts: readonly RecordDraft[];
}

const FOLDER = path.join(import.meta.dirname, '../fixtures/github');

function golden(name: string): Golden {
  return JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8')) as Golden;
}

function draftsOf(name: string): readonly RecordDraft[] {
  const { event, payload } = golden(name);
  return normalizeObject(event, payload);
}

function first(name: string): RecordDraft {
  const [draft] = draftsOf(name);
  if (draft === undefined) throw new Error(`${name} gives no draft`);
  return draft;
}

function linked(draft: RecordDraft, kind: string): readonly string[] {
  return (draft.data.links ?? []).filter((each) => each.kind === kind).map(({ id }) => id);
}

function related(draft: RecordDraft, part: string): readonly string[] {
  return (draft.data.related ?? []).filter((each) => each.part === part).map(({ id }) => id);
}

describe('the records of the cases that the trail is kept for', () => {
  const names = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));

  it.each(names)('%s: no member of the drafts changes unseen', (name) => {
    const { drafts } = golden(name);
    expect(draftsOf(name)).toEqual(drafts);
    for (const draft of drafts) expect(recordOf(draft).type).toBe(draft.type);
  });
});

describe('traps of GitHub payloads', () => {
  const A = 'a'.repeat(40);
  const B = 'b'.repeat(40);
  const C = 'c'.repeat(40);

  it('credits the person who merged, not the merge queue that sent the event', () => {
    const draft = first('pull-request-merged-by-queue');
    expect(draft.type).toBe('indelible.code.pull_request.merged');
    expect(draft.time).toBe('2026-11-23T19:00:00.000Z');
    expect(draft.data.actor).toMatchObject({ kind: 'human', id: 'github.com:1001', name: 'mona' });
    expect(related(draft, 'sender')).toEqual(['github.com:118344674']);
    expect(linked(draft, 'commit')).toEqual([A, C]);
  });

  it('does not link a merged pull request to the commit that it was based on, which it neither made nor contains', () => {
    const draft = first('pull-request-merged-by-queue');
    expect(draft.data.details).toMatchObject({ baseSha: B });
    expect(linked(draft, 'commit')).not.toContain(B);
  });

  it('does not take a closed pull request for a merged one, nor its trial merge for a commit', () => {
    const draft = first('pull-request-closed');
    expect(draft.type).toBe('indelible.code.pull_request.closed');
    expect(draft.data.details).not.toHaveProperty('mergeCommitSha');
    expect(linked(draft, 'commit')).toEqual([A]);
  });

  it('binds an approval to the commit that was reviewed, not to the head that came later', () => {
    const draft = first('review-approved');
    expect(draft.data.decision).toMatchObject({
      step: 'voted',
      verdict: 'approve',
      covers: [{ kind: 'commit', id: A }],
    });
    expect(draft.data.details).toMatchObject({ headSha: C, reviewedHead: false });
  });

  it('marks the verdict of an AI as automated, for it is no oversight', () => {
    const { data } = first('review-changes-requested-by-bot');
    expect(data.actor?.kind).toBe('ai');
    expect(data.outcome).toBe('succeeded');
    expect(data.decision).toMatchObject({ verdict: 'reject', automated: true });
  });

  it('revokes a dismissed review in the name of who dismissed it', () => {
    const { data } = first('review-dismissed');
    expect(data.actor?.name).toBe('mona');
    expect(data.decision?.step).toBe('revoked');
    expect(data.decision).not.toHaveProperty('verdict');
  });

  it('counts no second vote when a review is edited', () => {
    const { payload } = golden('review-approved');
    const [draft] = normalizeObject('pull_request_review', {
      ...(payload as object),
      action: 'edited',
      changes: { body: { from: 'Fine' } },
    });
    expect(draft?.type).toBe('indelible.decision.pull_request_review.edited');
    expect(draft?.data).not.toHaveProperty('decision');
    expect(draft?.data.changes).toEqual([{ field: 'body', from: 'Fine', to: 'Checked against the ledger.' }]);
  });

  it('gives a comment on a pull request no verdict', () => {
    const { payload } = golden('review-approved');
    const review = { ...(payload as { review: object }).review, state: 'commented' };
    const [draft] = normalizeObject('pull_request_review', { ...(payload as object), review });
    expect(draft?.type).toBe('indelible.decision.pull_request_review.commented');
    expect(draft?.data.decision).not.toHaveProperty('verdict');
  });

  it('makes one decision for each environment that an approval opens, of the round that the attempt is', () => {
    const drafts = draftsOf('deployment-review-approved');
    expect(drafts.map(({ part }) => part)).toEqual(['environment/production', 'environment/production-eu']);
    expect(drafts.map(({ data }) => data.decision?.request)).toEqual([
      'https://github.com/acme/pay/actions/runs/5501#production',
      'https://github.com/acme/pay/actions/runs/5501#production-eu',
    ]);
    expect(drafts.map(({ data }) => data.decision?.round)).toEqual([1, 1]);
    expect(drafts.map(({ data }) => data.actor?.name)).toEqual(['olga', 'olga']);
  });

  it('asks under the same request id as is answered under', () => {
    const asked = first('deployment-review-requested').data.decision;
    expect(asked).toMatchObject({ step: 'requested', round: 1 });
    expect(first('deployment-review-rejected').data.decision).toMatchObject({
      step: 'voted',
      verdict: 'reject',
      request: asked?.request,
    });
    expect(first('deployment-protection-rule').data.decision).toMatchObject({
      request: asked?.request,
      automated: true,
    });
  });

  it('keeps the person behind a workflow token apart from the token', () => {
    const { actor } = first('deployment-status-success').data;
    expect(actor).toMatchObject({
      kind: 'service',
      name: 'github-actions[bot]',
      onBehalfOf: { kind: 'human', name: 'mona' },
    });
  });

  it('does not take a push with a deploy key for an act of the person whose name is on it', () => {
    const { actor } = first('create-by-deploy-key').data;
    expect(actor).toMatchObject({ kind: 'service', onBehalfOf: { kind: 'human', name: 'mona' } });
  });

  it("takes no commit's own date for the time of a push", () => {
    const drafts = draftsOf('push-commits');
    expect(drafts.map(({ part }) => part)).toEqual(['', C, A]);
    expect(new Set(drafts.map(({ time }) => time))).toEqual(new Set(['2026-11-23T19:00:00.000Z']));
    expect(drafts[1]?.data.details).toMatchObject({ authoredAt: '2026-11-20T08:30:00.000Z' });
  });

  it('names an AI that is a co-author of a commit', () => {
    const commit = draftsOf('push-commits')[1];
    expect(commit?.data.related).toContainEqual({
      part: 'coAuthor',
      kind: 'ai',
      id: 'git:noreply@anthropic.com',
      name: 'Claude',
    });
  });

  it('tells a branch that was pushed, forced, created, deleted, and a tag, apart', () => {
    const { payload } = golden('push-forced');
    const typeOf = (changed: object): string | undefined =>
      normalizeObject('push', { ...(payload as object), ...changed })[0]?.type;
    expect(typeOf({})).toBe('indelible.code.branch.force_pushed');
    expect(typeOf({ forced: false })).toBe('indelible.code.branch.pushed');
    expect(typeOf({ created: true })).toBe('indelible.code.branch.created');
    expect(typeOf({ deleted: true })).toBe('indelible.code.branch.deleted');
    expect(typeOf({ ref: 'refs/tags/v1', created: true })).toBe('indelible.code.tag.created');
    expect(typeOf({ ref: 'refs/tags/v1', deleted: true })).toBe('indelible.code.tag.deleted');
    expect(typeOf({ ref: 'refs/tags/v1' })).toBe('indelible.code.tag.moved');
    expect(typeOf({ ref: 'refs/notes/commits', forced: false })).toBe('indelible.code.ref.pushed');
  });

  it('tells the same commit twice in one push once', () => {
    const { payload } = golden('push-commits');
    const { commits } = payload as { commits: readonly unknown[] };
    const drafts = normalizeObject('push', { ...(payload as object), commits: [...commits, ...commits] });
    expect(drafts.map(({ part }) => part)).toEqual(['', C, A]);
  });

  it('never lets the secret of an alert into a record, not even from a comment beside it', () => {
    const text = JSON.stringify(draftsOf('secret-alert-created'));
    expect(text).not.toContain('S3cretValue');
    expect(text).toContain('[masked]');
  });

  it('shows a weakened rule with what it was before', () => {
    expect(first('branch-protection-edited').data.changes).toContainEqual({
      field: 'required_approving_review_count',
      from: '2',
      to: '1',
    });
    expect(first('ruleset-edited').data.changes).toContainEqual({
      field: 'enforcement',
      from: 'active',
      to: 'evaluate',
    });
    expect(first('security-and-analysis').data.changes).toEqual([
      { field: 'secret_scanning_push_protection', from: 'enabled', to: 'disabled' },
    ]);
  });

  it('answers from one repository alone which app was given access to it', () => {
    const drafts = draftsOf('installation-created');
    expect(drafts.map(({ data }) => data.grant?.scope)).toEqual([
      'https://github.com/acme',
      'https://github.com/acme/pay',
      'https://github.com/acme/ledger',
    ]);
    expect(drafts.every(({ data }) => data.grant?.change === 'granted')).toBe(true);
  });

  it('takes no right on the whole account where an app lost one repository', () => {
    const { payload } = golden('installation-created');
    const { repositories, ...rest } = payload as { repositories: readonly unknown[] };
    const drafts = normalizeObject('installation_repositories', {
      ...rest,
      action: 'removed',
      repositories_added: [],
      repositories_removed: repositories.slice(0, 1),
    });
    expect(drafts.map(({ data }) => [data.grant?.change, data.grant?.scope])).toEqual([
      ['changed', 'https://github.com/acme'],
      ['revoked', 'https://github.com/acme/pay'],
    ]);
  });

  it('gives no right where a token was denied', () => {
    const { payload } = golden('token-request-approved');
    const [draft] = normalizeObject('personal_access_token_request', { ...(payload as object), action: 'denied' });
    expect(draft?.data).not.toHaveProperty('grant');
    expect(draft?.data.decision).toMatchObject({ step: 'voted', verdict: 'reject' });
  });

  it('takes a long value by its hash and size', () => {
    expect(first('pull-request-edited').data.changes).toContainEqual(
      expect.objectContaining({ field: 'body', from: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), size: 2000 } }),
    );
  });
});
