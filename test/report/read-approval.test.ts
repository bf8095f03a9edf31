import { beforeEach, describe, expect, it } from 'vitest';

import type { Caller } from '../../shared/collect/tokens.ts';
import type { JudgedRequest } from '../../shared/decide/judge-request.ts';
import { readApproval } from '../../shared/report/read-approval.ts';
import type { ApprovalApp } from '../../shared/report/read-approval.ts';
import { standingRequestId, toRequestId } from '../../shared/wire/request-id.ts';
import { DecidedTrail } from '../decide/decided-trail.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import type { FakePublishing } from '../publish/fake-publishing.ts';

const AUDITOR: Caller = {
  tenant: 't-1',
  objectId: 'ada',
  person: true,
  roles: ['Trail.Read'],
  claims: { tid: 't-1', oid: 'ada', idtyp: 'user', roles: ['Trail.Read'] },
};
const REQUEST = toRequestId('payments', 'release 7');
const COMMIT = 'c'.repeat(40);
const ASKED = {
  kind: 'deployment',
  title: 'Release 7',
  covers: [
    { kind: 'commit', id: COMMIT },
    { kind: 'environment', id: 'production' },
  ],
};
const APPROVE = { verdict: 'approve' };

let trail: DecidedTrail;
let publishing: FakePublishing;
let caller: Caller;

beforeEach(async () => {
  trail = await DecidedTrail.open();
  publishing = { ...fakePublishing(), app: 'report' };
  caller = AUDITOR;
});

const app = (): ApprovalApp => ({
  ...publishing,
  clock: () => trail.stage.now,
  tables: trail.stage.tables,
  trail: trail.trail,
  versionOf: trail.versionOf,
  verifyToken: async () => caller,
});

function ask(id = REQUEST, query: Record<string, string> = {}): Promise<JudgedRequest> {
  const headers = new Headers({ authorization: 'Bearer x' });
  return readApproval(app(), { headers, params: { id }, query: new URLSearchParams(query) });
}

const whys = ({ rounds }: JudgedRequest): unknown[] => rounds.flatMap(({ votes }) => votes.map(({ why }) => why));

describe('what holds of a request', () => {
  it('is judged from the sealed steps, by the rules that their log adopted', async () => {
    trail.step('requested', REQUEST, 'dora', ASKED);
    trail.step('voted', REQUEST, 'mallory', APPROVE);
    trail.step('voted', REQUEST, 'bob', APPROVE);
    await trail.seal();
    const open = await ask();
    expect(open).toMatchObject({
      request: REQUEST,
      project: 'payments',
      status: 'open',
      steps: 3,
      compensatingControl: 'Dave reads all of it monthly.',
      rounds: [{ quorum: { needed: 2, reached: 1, by: ['bob'] }, version: trail.configuration.sha256 }],
    });
    expect(whys(open)).toEqual(['roleNotHeld', undefined]);
    trail.step('voted', REQUEST, 'carol', APPROVE);
    await trail.seal();
    const approved = await ask();
    expect(approved).toMatchObject({ status: 'approved', rounds: [{ decided: { by: 'carol' } }] });
    const before = await ask(REQUEST, { at: open.at });
    expect({ ...before, steps: 3 }).toEqual(open);
  });

  it('does not count a redelivery twice, and says how many deliveries it looked at', async () => {
    trail.step('requested', REQUEST, 'dora', ASKED);
    for (let i = 0; i < 2; i++) trail.step('voted', REQUEST, 'bob', APPROVE, { delivery: 'once' });
    await trail.seal();
    expect(await ask()).toMatchObject({ status: 'open', steps: 3, rounds: [{ votes: [{ by: 'bob' }] }] });
  });

  it('counts a vote by delegation of the project, and names whose it was', async () => {
    const until = '2027-01-01T00:00:00Z';
    trail.step('delegated', standingRequestId('payments'), 'bob', { to: 'entra:dora', role: 'manager', until });
    trail.step('requested', REQUEST, 'pipeline', ASKED);
    trail.step('voted', REQUEST, 'dora', APPROVE);
    await trail.seal();
    expect((await ask()).rounds[0]?.votes).toMatchObject([{ by: 'dora', delegatedBy: 'bob', counts: true }]);
  });

  it('keeps out the author of the commit, whom only the pull request names: no step of the request does', async () => {
    trail.step('requested', REQUEST, 'dora', ASKED);
    trail.step('voted', REQUEST, 'bob', APPROVE);
    trail.step('voted', REQUEST, 'carol', APPROVE);
    await trail.seal();
    expect(await ask()).toMatchObject({ status: 'approved', rounds: [{ unknown: ['author'] }] });
    trail.proposed(COMMIT, { login: 'bob-brown', id: 2 });
    await trail.seal();
    const folded = await ask();
    expect(folded.status).toBe('open');
    expect(whys(folded)).toEqual(['excludedAuthor', undefined]);
    expect(folded.rounds[0]).not.toHaveProperty('unknown');
  });

  it('is not known where the versions of the rules are not, and says which', async () => {
    trail.step('requested', REQUEST, 'dora', ASKED);
    trail.step('voted', REQUEST, 'bob', APPROVE);
    await trail.seal();
    trail.versionOf = () => undefined;
    const folded = await ask();
    expect(folded).toMatchObject({ status: 'open', unknownVersions: [trail.configuration.sha256] });
    expect(whys(folded)).toEqual(['noRule']);
  });
});

describe('reading it', () => {
  beforeEach(async () => {
    trail.step('requested', REQUEST, 'dora', ASKED);
    await trail.seal();
  });

  it('is recorded before it is answered, and not answered where it cannot be', async () => {
    await ask();
    expect(publishing.publisher.envelopes).toMatchObject([
      { source: 'reads', event: 'read', function: 'read-approval' },
    ]);
    expect(JSON.parse(String(publishing.publisher.taken[0]?.body))).toMatchObject({
      table: 'Decisions',
      key: REQUEST,
      rows: 1,
    });
    publishing.publisher.mood = 'refuse';
    publishing.spill.mood = 'refuse';
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('needs the role Trail.Read', async () => {
    caller = { ...AUDITOR, roles: ['Approvals.Write'] };
    await expect(ask()).rejects.toMatchObject({ code: 'roleMissing' });
    expect(publishing.publisher.attempts).toBe(0);
  });

  it('of what is not there is 404, and recorded all the same: who looks for something leaves a trace', async () => {
    await expect(ask(toRequestId('payments', 'other'))).rejects.toMatchObject({ code: 'notFound' });
    expect(publishing.publisher.taken).toHaveLength(1);
  });

  it.each([
    [REQUEST, { at: 'yesterday' }],
    [REQUEST, { at: '2026-11-23T09:00:00' }],
    [REQUEST, { key: 'x' }],
    ['x'.repeat(2_049), {}],
    ['', {}],
    ['https:%2F%2Fgithub.com%2Facme%2Fpayments%2Fpull%2F7', { project: '../x' }],
  ])('of %s with %j is refused', async (id, query) => {
    await expect(ask(id, query as Record<string, string>)).rejects.toMatchObject({ code: 'badRequest' });
  });

  it('does not believe an index that names a step which the trail does not hold', async () => {
    const forged = [...(await all())].map((row) => ({ ...row, columns: { ...row.columns, EventId: '0'.repeat(32) } }));
    await trail.stage.tables.write(forged);
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
  });

  async function all() {
    const rows = [];
    for await (const row of trail.stage.tables.scan('Decisions')) rows.push(row);
    return rows;
  }
});
