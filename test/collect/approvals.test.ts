import { beforeEach, describe, expect, test } from 'vitest';

import {
  castVote,
  delegateVote,
  reopenApproval,
  requestApproval,
  revokeStep,
  withdrawApproval,
} from '../../shared/collect/approvals.ts';
import { APPROVALS_ROLE } from '../../shared/collect/decide-caller.ts';
import type { Caller } from '../../shared/collect/tokens.ts';
import { RequestError } from '../../shared/errors.ts';
import { parseJson } from '../../shared/wire/json.ts';
import { recordId } from '../../shared/wire/record.ts';
import { standingRequestId } from '../../shared/wire/request-id.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import { ODD_BODIES, requestOf } from './requests.ts';

const ALICE: Caller = {
  tenant: 't-1',
  objectId: 'o-1',
  person: true,
  roles: [APPROVALS_ROLE],
  claims: { tid: 't-1', oid: 'o-1', idtyp: 'user', roles: [APPROVALS_ROLE] },
};
const PIPELINE: Caller = { ...ALICE, objectId: 'o-2', person: false, claims: { tid: 't-1', oid: 'o-2', idtyp: 'app' } };

let caller: Caller;
let app: ReturnType<typeof decideApp>;
function decideApp() {
  return {
    ...fakePublishing(),
    verifyToken: async (authorization: string | null) => {
      if (authorization === null) throw new RequestError('tokenMissing', 'no token');
      return caller;
    },
  };
}
beforeEach(() => {
  caller = ALICE;
  app = decideApp();
});

const bearer = { authorization: 'Bearer x' };
const ask = (headers: Record<string, string> = {}, body: Buffer | string = '{"project":"payments"}') =>
  requestApproval(app, requestOf(body, { ...bearer, ...headers }));
const REQUEST = 'payments~0123abcd-0000-8000-8000-00000000abcd';
const on = (id: string, headers: Record<string, string> = {}, body: Buffer | string = '{}') =>
  requestOf(body, { ...bearer, ...headers }, { id });

describe('asking', () => {
  test('gives a request id of the project, under which the step is published as it was made', async () => {
    const body = '{"project":"payments","kind":"deployment","title":"Release 7"}';
    const { id, request } = await ask({ 'idempotency-key': 'k1' }, body);
    expect(request).toMatch(/^payments~[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const delivery = JSON.stringify(['t-1', 'o-1', 'requested', request, 'k1']);
    expect(id).toBe(recordId(['approvals', delivery, '']));
    expect(app.publisher.taken[0]).toMatchObject({ partitionKey: request, body: Buffer.from(body) });
    expect(app.publisher.envelopes[0]).toMatchObject({
      source: 'approvals',
      event: 'requested',
      delivery,
      subject: request,
      claims: ALICE.claims,
      function: 'request-approval',
    });
  });

  test('twice with one Idempotency-Key is one request and one record; without a key it is two', async () => {
    expect(await ask({ 'idempotency-key': 'k1' })).toEqual(await ask({ 'idempotency-key': 'k1' }));
    const [first, second] = [await ask(), await ask()];
    expect(first.request).not.toBe(second.request);
    expect(first.id).not.toBe(second.id);
  });

  test("with another person's Idempotency-Key is another request: nobody can take a request over by its key", async () => {
    const first = await ask({ 'idempotency-key': 'k1' });
    caller = { ...ALICE, objectId: 'o-9' };
    expect((await ask({ 'idempotency-key': 'k1' })).request).not.toBe(first.request);
  });

  test('is open to an app: a pipeline waits for people', async () => {
    caller = PIPELINE;
    expect((await ask()).request).toMatch(/^payments~/);
  });

  test.each([
    ['Payments'],
    ['-a'],
    [''],
    ['a b'],
    ['a~b'],
    ['../x'],
    ['a'.repeat(64)],
    ['ä'],
    [7],
    [null],
    [['payments']],
  ])('for the project %j is refused: it would be part of ids and keys', async (project) => {
    await expect(ask({}, JSON.stringify({ project }))).rejects.toMatchObject({ code: 'badRequest' });
    expect(app.publisher.attempts).toBe(0);
  });

  const isJson = (body: Buffer): boolean => {
    try {
      parseJson(body);
      return true;
    } catch {
      return false;
    }
  };

  test.each(ODD_BODIES.filter(([what, body]) => what !== 'duplicate keys' && isJson(body)))(
    'with JSON that is or has %s, and names no project, is refused with a clear error, never with a crash',
    async (_what, body) => {
      const error = await ask({}, body).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RequestError);
      expect(error).toMatchObject({ code: 'badRequest' });
      expect(app.publisher.attempts).toBe(0);
    },
  );

  test.each(ODD_BODIES.filter(([, body]) => !isJson(body)))(
    'with wrong JSON (%s) is published with its bytes under a request of no project: refused, it would leave no trace',
    async (_what, body) => {
      const { id, request, warning } = await ask({ 'idempotency-key': 'k1' }, body);
      expect(request).toMatch(/^unknown~[0-9a-f-]{36}$/);
      expect(warning).toContain('could not be read');
      expect(app.publisher.taken[0]).toMatchObject({ partitionKey: request, body });
      const [envelope] = app.publisher.envelopes;
      expect(envelope).toMatchObject({ event: 'requested', subject: request, claims: ALICE.claims });
      expect(id).toBe(recordId(['approvals', envelope?.delivery ?? '', '']));
      expect((await castVote(app, on(request))).request).toBe(request);
    },
  );

  test.each([
    ['a vote whose verdict is misspelt', 'voted', '{"verdict":"maybe"}', /lacks verdict.*cannot be read at verdict/],
    ['a vote without a body', 'voted', '', /could not be read/],
    ['a rejection without a reason', 'voted', '{"verdict":"reject"}', /lacks reason/],
    ['a request without title and kind', 'requested', '{"project":"payments"}', /lacks kind, title/],
    ['a vote that says what it must', 'voted', '{"verdict":"approve"}', /^none$/],
    ['a withdrawal that says nothing', 'withdrawn', '', /^none$/],
  ] as const)(
    '%s is published; its sender learns what nobody will be able to read',
    async (_what, step, body, said) => {
      const send = {
        voted: () => castVote(app, on(REQUEST, {}, body)),
        requested: () => ask({}, body),
        withdrawn: () => withdrawApproval(app, on(REQUEST, {}, body)),
      };
      const { warning } = await send[step]();
      expect(app.publisher.taken).toHaveLength(1);
      expect(warning ?? 'none').toMatch(said);
    },
  );

  test('with duplicate keys goes by the last, as the normalizer reads it', async () => {
    expect((await ask({}, '{"project":"a","project":"b"}')).request).toMatch(/^b~/);
  });

  test.each([[' '], ['a b'], ['ä'], ['k'.repeat(256)]])('with the Idempotency-Key "%s" is refused', async (key) => {
    const request = {
      ...requestOf('{"project":"payments"}'),
      headers: { get: (name: string) => (name === 'idempotency-key' ? key : 'Bearer x') },
    };
    await expect(requestApproval(app, request)).rejects.toMatchObject({ code: 'badRequest' });
  });
});

describe('voting and withdrawing', () => {
  test('is published under the request, in the partition of its other steps', async () => {
    await castVote(app, on(REQUEST, {}, '{"verdict":"approve"}'));
    await withdrawApproval(app, on(REQUEST));
    expect(app.publisher.taken.map(({ partitionKey }) => partitionKey)).toEqual([REQUEST, REQUEST]);
    expect(app.publisher.envelopes.map(({ event, subject, function: name }) => [event, subject, name])).toEqual([
      ['voted', REQUEST, 'cast-vote'],
      ['withdrawn', REQUEST, 'withdraw-approval'],
    ]);
  });

  test.each(ODD_BODIES)(
    'a vote with a body that is or has %s is published as made: nothing is judged at the door',
    async (_what, body) => {
      await castVote(app, on(REQUEST, {}, body));
      expect(app.publisher.taken).toHaveLength(1);
    },
  );

  test('with one Idempotency-Key for several steps or requests gives each its own record id, or one would hide the other', async () => {
    const key = { 'idempotency-key': 'k1' };
    const { request } = await ask(key);
    const ids = [
      (await ask(key)).id,
      (await ask(key, '{"project":"shop"}')).id,
      (await castVote(app, on(request, key))).id,
      (await castVote(app, on(REQUEST, key))).id,
      (await withdrawApproval(app, on(request, key))).id,
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('twice with one Idempotency-Key is one record: a sender that got no answer may send again', async () => {
    const key = { 'idempotency-key': 'k1' };
    expect(await castVote(app, on(REQUEST, key))).toEqual(await castVote(app, on(REQUEST, key)));
    expect(await withdrawApproval(app, on(REQUEST, key))).toEqual(await withdrawApproval(app, on(REQUEST, key)));
  });

  test('an app may not vote: a decision is a person’s', async () => {
    caller = PIPELINE;
    await expect(castVote(app, on(REQUEST))).rejects.toMatchObject({ code: 'roleMissing' });
    expect(app.publisher.attempts).toBe(0);
  });

  test.each([
    ['payments'],
    ['payments~1'],
    [REQUEST.toUpperCase()],
    [`${REQUEST}/..`],
    [`x ${REQUEST}`],
    ['~0123abcd-0000-8000-8000-00000000abcd'],
    [''],
  ])('on the request id "%s" is refused: it is none that was ever given', async (id) => {
    await expect(castVote(app, on(id))).rejects.toMatchObject({ code: 'badRequest' });
    await expect(withdrawApproval(app, on(id))).rejects.toMatchObject({ code: 'badRequest' });
    expect(app.publisher.attempts).toBe(0);
  });
});

describe('reopening, delegating and revoking', () => {
  test('is published under the request, in the partition of its other steps', async () => {
    await reopenApproval(app, on(REQUEST));
    await delegateVote(app, on(REQUEST, {}, '{"to":"entra:o-2"}'));
    await revokeStep(app, on(REQUEST));
    expect(app.publisher.taken.map(({ partitionKey }) => partitionKey)).toEqual([REQUEST, REQUEST, REQUEST]);
    expect(app.publisher.envelopes.map(({ event, subject, function: name }) => [event, subject, name])).toEqual([
      ['reopened', REQUEST, 'reopen-approval'],
      ['delegated', REQUEST, 'delegate-vote'],
      ['revoked', REQUEST, 'revoke-step'],
    ]);
  });

  test('under the name of a project is published with the delegations that hold for a role', async () => {
    const standing = standingRequestId('payments');
    expect(standing).toMatch(/^payments~[0-9a-f-]{36}$/);
    const body = '{"to":"entra:o-2","role":"approver","until":"2026-04-01T00:00:00Z"}';
    expect(await delegateVote(app, on('payments', {}, body))).toMatchObject({ request: standing });
    await revokeStep(app, on('payments', {}, '{"to":"entra:o-2"}'));
    expect(app.publisher.envelopes.map(({ subject }) => subject)).toEqual([standing, standing]);
    await expect(reopenApproval(app, on('payments'))).rejects.toMatchObject({ code: 'badRequest' });
  });

  test.each([
    ['a delegation to nobody', REQUEST, '{}', /lacks to/],
    ['one with a role and no end', 'payments', '{"to":"entra:o-2","role":"approver"}', /lacks until/],
    ['one of a request without an end', REQUEST, '{"to":"entra:o-2"}', /^none$/],
  ])('%s is published; its sender learns what it lacks', async (_what, id, body, said) => {
    const { warning } = await delegateVote(app, on(id, {}, body));
    expect(app.publisher.taken).toHaveLength(1);
    expect(warning ?? 'none').toMatch(said);
  });

  test('an app may reopen what it asked for, and neither delegate nor revoke: votes are people’s', async () => {
    caller = PIPELINE;
    expect(await reopenApproval(app, on(REQUEST))).toMatchObject({ request: REQUEST });
    await expect(delegateVote(app, on(REQUEST))).rejects.toMatchObject({ code: 'roleMissing' });
    await expect(revokeStep(app, on(REQUEST))).rejects.toMatchObject({ code: 'roleMissing' });
  });
});

describe('everybody', () => {
  test.each([
    ['reopen', () => reopenApproval(app, on(REQUEST))],
    ['delegate', () => delegateVote(app, on(REQUEST))],
    ['revoke', () => revokeStep(app, on(REQUEST))],
    ['ask', () => requestApproval(app, requestOf('{"project":"a"}', bearer))],
    ['vote', () => castVote(app, on(REQUEST))],
    ['withdraw', () => withdrawApproval(app, on(REQUEST))],
  ])('needs the app role to %s', async (_what, act) => {
    caller = { ...ALICE, roles: ['Log.Read'] };
    await expect(act()).rejects.toMatchObject({ code: 'roleMissing' });
    expect(app.publisher.attempts).toBe(0);
  });

  test('needs a token', async () => {
    await expect(requestApproval(app, requestOf('{"project":"a"}'))).rejects.toMatchObject({ code: 'tokenMissing' });
  });

  test('is told when nothing could store the step: a vote is never acknowledged and lost', async () => {
    app.publisher.mood = 'refuse';
    app.spill.mood = 'refuse';
    await expect(castVote(app, on(REQUEST))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
