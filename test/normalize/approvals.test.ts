import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { approvalsNormalizer } from '../../shared/normalize/approvals.ts';
import { finishDraft } from '../../shared/normalize/finish-draft.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { outcomeOf } from './outcome-of.ts';

const enqueued = '2026-03-01T12:00:05.000Z';
const received = '2026-03-01T12:00:00.000Z';
const REQUEST = 'payments~0123abcd-0000-8000-8000-00000000abcd';
const HASH = 'a'.repeat(64);
const claims = {
  tid: 't-1',
  oid: 'O-1',
  sub: 's-1',
  name: 'Alice Adams',
  preferred_username: 'alice@contoso.com',
  roles: ['Approvals.Write', 'Payments.Approver'],
  azp: 'cli-1',
  iss: 'https://login.example/t-1/v2.0',
  iat: '1772366390',
  auth_time: '1772366000',
  amr: ['pwd', 'mfa'],
  acrs: ['c1'],
  uti: 'token-1',
  idtyp: 'user',
};

function normalize(step: string, body: unknown, changes: Partial<Envelope> = {}): RecordDraft {
  const envelope: Envelope = { source: 'approvals', event: step, subject: REQUEST, received, claims, ...changes };
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const drafts = approvalsNormalizer.normalize({ envelope, body: bytes, enqueued });
  expect(drafts).toHaveLength(1);
  return finishDraft(drafts[0] as RecordDraft, { received: envelope.received, enqueued }, { characters: 1_000_000 });
}

describe('a step of a request', () => {
  test('reopens, delegates and revokes, and says whose vote goes to whom', () => {
    const reopened = normalize('reopened', { reason: 'New bytes', covers: [{ kind: 'commit', id: 'c0ffee' }] });
    expect(reopened).toMatchObject({
      type: 'indelible.decision.approval.reopened',
      data: {
        action: 'approvals.reopen',
        outcome: 'pending',
        summary: `Alice Adams reopened ${REQUEST}: New bytes`,
        clock: { requested: { at: received, by: 'collector' } },
      },
    });
    const stated = { to: 'entra:o-2', role: 'approver', until: '2026-04-01T00:00:00+02:00' };
    const delegated = normalize('delegated', { ...stated, delegation: { to: 'entra:forged' } });
    expect(delegated.data.decision?.delegation).toEqual({ ...stated, until: '2026-03-31T22:00:00.000Z' });
    expect(delegated.data.summary).toBe(
      'Alice Adams delegated the votes of the role approver until 2026-03-31T22:00:00.000Z to entra:o-2',
    );
    expect(normalize('revoked', { to: 'entra:o-2' }).data.summary).toBe(
      `Alice Adams ended the delegation of the vote on ${REQUEST} to entra:o-2`,
    );
    const own = normalize('revoked', Buffer.alloc(0));
    expect(own.data).toMatchObject({
      action: 'approvals.revoke',
      summary: `Alice Adams took back the vote on ${REQUEST}`,
    });
    expect(own.data.decision).not.toHaveProperty('delegation');
    expect(normalize('voted', { ...stated, verdict: 'approve' }).data.decision).not.toHaveProperty('delegation');
  });

  test('is joined to what its sender says that it is about, once each: an output of an AI, a work item', () => {
    const links = [
      { kind: 'aiOutput', id: 'resp_1' },
      { kind: 'request', id: REQUEST },
      { kind: 'workItem', id: 'W-7' },
    ];
    const draft = normalize('requested', { kind: 'aiReview', title: 'Generated code', links });
    expect(draft.data.links).toEqual([{ kind: 'request', id: REQUEST }, links[0], links[2]]);
    const wrong = normalize('requested', { kind: 'aiReview', title: 'T', links: [{ kind: 'thing', id: 'x' }] });
    expect(wrong.data.details).toEqual({ unreadable: 'links' });
    expect(wrong.data.links).toEqual([{ kind: 'request', id: REQUEST }]);
  });

  test('that is an emergency says what it goes ahead of', () => {
    const body = { kind: 'emergency', insteadOf: 'deployment', title: 'T', reason: 'down' };
    expect(normalize('requested', body).data.decision?.insteadOf).toBe('deployment');
  });

  test('asks, with everything that a change request states', () => {
    const stated = {
      project: 'payments',
      kind: 'scopeChange',
      title: 'Add refunds',
      reason: 'Customers ask for it',
      covers: [
        { kind: 'commit', id: 'c0ffee' },
        { kind: 'environment', id: 'production' },
      ],
      shown: HASH.toUpperCase(),
      openedAt: '2026-03-01T11:50:00+01:00',
      neededBy: '2026-03-05T00:00:00Z',
      baseline: HASH,
      items: [{ change: 'add', id: 'W-7', title: 'Refunds', cost: { amount: '1200.50', currency: 'EUR' }, days: 3.5 }],
      cost: { amount: '1200.50', currency: 'EUR' },
      workingDays: 3.5,
      securityImpact: 'none known',
      rollback: 'switch the feature off',
    };
    const { project: _project, ...members } = stated;
    const draft = normalize('requested', stated);
    expect(draft).toMatchObject({
      part: '',
      type: 'indelible.decision.approval.requested',
      source: 'urn:indelible:project:payments',
      subject: REQUEST,
      time: received,
      data: {
        actor: { kind: 'human', id: 'entra:o-1', name: 'Alice Adams', address: 'alice@contoso.com' },
        action: 'approvals.request',
        outcome: 'pending',
        target: { kind: 'request', id: REQUEST, name: 'Add refunds', environment: 'production' },
        origin: { application: 'cli-1', session: 'token-1' },
        clock: {
          requested: { at: received, by: 'collector' },
          opened: { at: '2026-03-01T10:50:00.000Z', by: 'source' },
        },
        links: [
          { kind: 'request', id: REQUEST },
          { kind: 'commit', id: 'c0ffee' },
        ],
      },
    });
    expect(draft.data.decision).toEqual({
      ...members,
      request: REQUEST,
      step: 'requested',
      shown: HASH,
      openedAt: '2026-03-01T10:50:00.000Z',
      neededBy: '2026-03-05T00:00:00.000Z',
      roles: claims.roles,
      assurance: {
        issuer: claims.iss,
        authenticatedAt: '2026-03-01T11:53:20.000Z',
        methods: ['pwd', 'mfa'],
        contexts: ['c1'],
      },
    });
    expect(draft.data).not.toHaveProperty('details');
  });

  test.each(['2026-03-05T09:00:00', '2026-03-05 09:00:00', '2026-02-31T09:00:00Z'])(
    'needed by %j, without zone or on no day, is unreadable: a wall clock somewhere is taken for UTC',
    (neededBy) => {
      const draft = normalize('requested', { kind: 'review', title: 'T', openedAt: neededBy, neededBy });
      expect(draft.data.decision).not.toHaveProperty('openedAt');
      expect(draft.data.decision).not.toHaveProperty('neededBy');
      expect(draft.data.details?.['unreadable']).toBe('openedAt,neededBy');
    },
  );

  test('votes, with the voter, roles and time that the body cannot set', () => {
    const forged = {
      kind: 'deployment',
      verdict: 'reject',
      reason: 'not tested',
      actor: { id: 'entra:someone-else' },
      roles: ['Owner'],
      time: '2020-01-01T00:00:00Z',
      request: 'other~1',
      step: 'withdrawn',
      assurance: { issuer: 'me' },
      automated: true,
      bypassed: true,
    };
    const draft = normalize('voted', forged);
    expect(draft.time).toBe(received);
    expect(draft.data.actor?.id).toBe('entra:o-1');
    expect(draft.data.decision).toMatchObject({
      kind: 'deployment',
      request: REQUEST,
      step: 'voted',
      verdict: 'reject',
      reason: 'not tested',
      roles: claims.roles,
    });
    expect(draft.data.decision?.assurance?.issuer).toBe(claims.iss);
    expect(draft.data.decision).not.toHaveProperty('automated');
    expect(draft.data.decision).not.toHaveProperty('bypassed');
    expect(draft.data.clock?.decided).toEqual({ at: received, by: 'collector' });
  });

  test('by an app is never a human’s', () => {
    const draft = normalize(
      'voted',
      { kind: 'deployment', verdict: 'approve' },
      { claims: { ...claims, idtyp: 'app' } },
    );
    expect(draft.data.actor?.kind).toBe('service');
    expect(draft.data.decision?.automated).toBe(true);
  });

  test('withdraws', () => {
    const draft = normalize('withdrawn', { kind: 'deployment', reason: 'obsolete' });
    expect(draft.type).toBe('indelible.decision.approval.withdrawn');
    expect(draft.data.decision).toMatchObject({ step: 'withdrawn', reason: 'obsolete' });
    expect(draft.data.decision).not.toHaveProperty('verdict');
  });

  test('whose receipt is missing takes the hub’s time, never one of the body', () => {
    const draft = normalize(
      'voted',
      { kind: 'review', verdict: 'approve', openedAt: '2020-01-01T00:00:00Z' },
      { received: undefined },
    );
    expect(draft.time).toBe(enqueued);
  });
});

describe('what a step leaves out or states wrongly is sealed all the same, and named', () => {
  test.each<[string, string, unknown, string | undefined, string | undefined]>([
    ['a request without anything', 'requested', {}, 'kind,title', undefined],
    ['an emergency without reason', 'requested', { kind: 'emergency', title: 't' }, 'reason', undefined],
    ['a vote without verdict', 'voted', { kind: 'deployment' }, 'verdict', undefined],
    ['an approval needs no reason', 'voted', { kind: 'deployment', verdict: 'approve' }, undefined, undefined],
    ['a rejection without reason', 'voted', { kind: 'deployment', verdict: 'reject' }, 'reason', undefined],
    [
      'an override with an empty reason',
      'voted',
      { kind: 'deployment', verdict: 'override', reason: '' },
      'reason',
      undefined,
    ],
    ['a request of an unknown kind', 'requested', { kind: 'x', title: 't' }, 'kind', 'kind'],
    ['a request of an inherited kind', 'requested', { kind: 'toString', title: 't' }, 'kind', 'kind'],
    ['a vote need not say on what kind', 'voted', { verdict: 'approve' }, undefined, undefined],
    ['a withdrawal need not say of what kind', 'withdrawn', {}, undefined, undefined],
    ['a vote with unknown kind and verdict', 'voted', { kind: 'x', verdict: 'yes' }, 'verdict', 'kind,verdict'],
    ['a vote with an inherited kind', 'voted', { kind: 'toString', verdict: 'approve' }, undefined, 'kind'],
    [
      'a cost in floating point',
      'requested',
      { kind: 'review', title: 't', cost: { amount: 12.5, currency: 'EUR' } },
      undefined,
      'cost',
    ],
    ['a cost without currency', 'requested', { kind: 'review', title: 't', cost: { amount: '12' } }, undefined, 'cost'],
    [
      'items of which one is odd',
      'requested',
      {
        kind: 'review',
        title: 't',
        items: [
          { change: 'add', id: 'a' },
          { change: 'grow', id: 'b' },
        ],
      },
      undefined,
      'items',
    ],
    [
      'an item with odd days',
      'requested',
      { kind: 'review', title: 't', items: [{ change: 'add', id: 'a', days: '3' }] },
      undefined,
      'items',
    ],
    ['what it covers as text', 'voted', { kind: 'review', verdict: 'approve', covers: 'all' }, undefined, 'covers'],
    ['a short hash', 'voted', { kind: 'review', verdict: 'approve', shown: 'abc' }, undefined, 'shown'],
    [
      'a time that is none',
      'voted',
      { kind: 'review', verdict: 'approve', openedAt: '31/12/2026' },
      undefined,
      'openedAt',
    ],
    ['days as text', 'requested', { kind: 'review', title: 't', workingDays: '3' }, undefined, 'workingDays'],
    ['a negative round', 'voted', { kind: 'review', verdict: 'approve', round: -1 }, undefined, 'round'],
  ])('%s', (_what, step, body, incomplete, unreadable) => {
    const draft = normalize(step, body);
    expect(draft.data.details?.['incomplete']).toBe(incomplete);
    expect(draft.data.details?.['unreadable']).toBe(unreadable);
    expect(draft.data.decision?.step).toBe(step);
  });

  test.each([
    ['a vote', 'voted', { verdict: 'approve' }],
    ['a withdrawal', 'withdrawn', {}],
    ['a request', 'requested', { title: 't' }],
    ['a vote of an unknown kind', 'voted', { kind: 'x', verdict: 'approve' }],
  ])('%s that states no kind has none: a kind made up here would hide that of its request', (_what, step, body) => {
    const draft = normalize(step, body);
    expect(draft.data.decision).toMatchObject({ request: REQUEST, step });
    expect(draft.data.decision).not.toHaveProperty('kind');
    expect(draft.data.summary).not.toContain('undefined');
  });

  test('zero is stated, absent is not', () => {
    const decision = normalize('requested', {
      kind: 'review',
      title: 't',
      workingDays: 0,
      cost: { amount: '0', currency: 'EUR' },
    }).data.decision;
    expect(decision).toMatchObject({ workingDays: 0, cost: { amount: '0', currency: 'EUR' } });
    expect(normalize('requested', { kind: 'review', title: 't' }).data.decision).not.toHaveProperty('workingDays');
  });
});

test('an empty body withdraws, for nothing in one is required; an empty vote or request says nothing', () => {
  expect(normalize('withdrawn', Buffer.alloc(0))).toMatchObject({
    type: 'indelible.decision.approval.withdrawn',
    data: { decision: { request: REQUEST, step: 'withdrawn' } },
  });
  for (const step of ['requested', 'voted']) {
    expect(() => normalize(step, Buffer.alloc(0))).toThrow(
      expect.objectContaining({ name: 'Unrecognized', code: 'json' }),
    );
  }
});

describe('what is no step', () => {
  test.each<[string, string, Partial<Envelope>, string]>([
    ['an unknown event', 'approved', {}, 'event'],
    ['an inherited event', 'constructor', {}, 'event'],
    ['no request id', 'voted', { subject: undefined }, 'envelope'],
    ['an odd request id', 'voted', { subject: '../x~1' }, 'envelope'],
    ['no claims: nobody is known to have sent it', 'voted', { claims: undefined }, 'envelope'],
    ['claims without object id', 'voted', { claims: { sub: 's' } }, 'envelope'],
    ['an object id that is a list', 'voted', { claims: { oid: ['a', 'b'] } }, 'envelope'],
  ])('is unrecognized: %s', (_what, step, changes, code) => {
    const envelope = Object.fromEntries(
      Object.entries({ source: 'approvals', event: step, subject: REQUEST, received, claims, ...changes }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as Envelope;
    expect(() => approvalsNormalizer.normalize({ envelope, body: Buffer.from('{}'), enqueued })).toThrow(
      expect.objectContaining({ name: 'Unrecognized', code }),
    );
  });

  test.each(ODD_BODIES)('a body that is or has %s gives a step or a reason, never a crash', (_what, body) => {
    expect(['record', 'reason']).toContain(outcomeOf(() => normalize('voted', body)));
  });
});

test('whatever a body states, a decision that fits the schema comes out', () => {
  const members = [
    'kind',
    'verdict',
    'reason',
    'title',
    'covers',
    'shown',
    'openedAt',
    'neededBy',
    'items',
    'cost',
    'workingDays',
    'securityImpact',
    'rollback',
    'baseline',
    'round',
    '__proto__',
  ];
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(
      'approve',
      'emergency',
      HASH,
      '1601-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '\ud800',
      'x'.repeat(5_000),
      [{ kind: 'commit', id: 'x'.repeat(5_000) }],
    ),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('requested', 'voted', 'withdrawn'),
      fc.dictionary(fc.constantFrom(...members), value),
      (step, body) => {
        expect(normalize(step, Buffer.from(JSON.stringify(body))).data.decision?.request).toBe(REQUEST);
      },
    ),
    { numRuns: 500 },
  );
});
