import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  MAX_MESSAGE_RECORDS,
  normalizeMessage,
  unrecognizedMessage,
} from '../../shared/normalize/normalize-message.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import type { Normalizer, RecordDraft } from '../../shared/normalize/normalizer.ts';
import { HUB_SOURCES, NORMALIZERS } from '../../shared/normalize/normalizers.ts';
import { findEnvelope } from '../../shared/seal/envelope-property.ts';
import { toEntry } from '../../shared/seal/compose-segment.ts';
import type { SegmentContext } from '../../shared/seal/compose-segment.ts';
import type { NormalizedMessage } from '../../shared/seal/normalized-message.ts';
import { toRows } from '../../shared/tabulate/rows.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { ADOPTION_TYPE, GAP_TYPE, parseRecord, SEAL_TYPE, UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { ODD_BODIES } from '../collect/requests.ts';

const enqueued = '2026-03-01T12:00:05.000Z';
const received = '2026-03-01T12:00:00.000Z';
const draft: RecordDraft = {
  part: '',
  type: 'indelible.code.push.pushed',
  source: 'https://github.com/octo/repo',
  data: { action: 'push', outcome: 'succeeded', summary: 'somebody pushed' },
};

function envelope(changes: Partial<Envelope> = {}): string {
  return formatEnvelope({ source: 'github', event: 'push', delivery: 'd-1', received, ...changes });
}

/** A normalizer of the source github that gives these drafts, or throws. */
function giving(
  drafts: readonly unknown[] | (() => never),
  deliveryOf?: (body: Buffer) => string | undefined,
): Normalizer[] {
  return [
    {
      source: 'github',
      version: 3,
      normalize: () => (typeof drafts === 'function' ? drafts() : (drafts as readonly RecordDraft[])),
      ...(deliveryOf === undefined ? {} : { deliveryOf }),
    },
  ];
}
const message = { envelope: envelope(), body: Buffer.from('{}'), enqueued };
const run = (drafts: readonly unknown[] | (() => never)): NormalizedMessage =>
  normalizeMessage('web', message, giving(drafts));

function expectUnrecognized(result: NormalizedMessage, code: string): void {
  expect(result.drafts.map(({ type, data }) => [type, data.unrecognized?.code])).toEqual([[UNRECOGNIZED_TYPE, code]]);
}

describe('a message', () => {
  test('gives its normalizer’s drafts, with what the message itself says of the time', () => {
    expect(run([draft])).toEqual({
      normalizer: 'github/3',
      envelope: { source: 'github', event: 'push', delivery: 'd-1', received },
      delivery: 'd-1',
      drafts: [
        {
          ...draft,
          time: received,
          data: {
            ...draft.data,
            clock: { received: { at: received, by: 'collector' }, enqueued: { at: enqueued, by: 'hub' } },
          },
        },
      ],
    });
  });

  test.each([
    ['the source’s word', '2026-02-28T00:00:00.000Z', received, '2026-02-28T00:00:00.000Z'],
    ['our receipt', undefined, received, received],
    ['the hub’s time', undefined, undefined, enqueued],
    ['the hub’s time where the receipt is no time', undefined, 'soon', enqueued],
  ])('has the time of %s', (_what, time, receipt, expected) => {
    const result = normalizeMessage(
      'web',
      {
        ...message,
        envelope: formatEnvelope({
          source: 'github',
          delivery: 'd',
          ...(receipt === undefined ? {} : { received: receipt }),
        }),
      },
      giving([{ ...draft, time }]),
    );
    expect(result.drafts[0]?.time).toBe(expected);
    expect(result.envelope?.received).toBe(receipt === 'soon' ? undefined : receipt);
  });

  test('without a delivery takes the one that its normalizer finds in the body, else none', () => {
    const bare = { ...message, envelope: formatEnvelope({ source: 'github' }) };
    expect(
      normalizeMessage(
        'web',
        bare,
        giving([draft], () => 'from-body'),
      ).delivery,
    ).toBe('from-body');
    expect(normalizeMessage('web', bare, giving([draft])).delivery).toBeUndefined();
    const failing = giving([draft], () => {
      throw new TypeError('odd body');
    });
    expect(normalizeMessage('web', bare, failing).drafts[0]?.type).toBe(draft.type);
  });

  test.each(
    Object.entries(HUB_SOURCES).flatMap(([hub, allowed]) =>
      Object.values(HUB_SOURCES)
        .flat()
        .map((source) => ({ hub, source, may: allowed.includes(source) })),
    ),
  )('of the source $source on the hub $hub: allowed $may', ({ hub, source, may }) => {
    const normalizers = [{ ...(giving([draft])[0] as Normalizer), source }];
    const result = normalizeMessage(hub, { ...message, envelope: envelope({ source }) }, normalizers);
    expect(result.drafts[0]?.type).toBe(may ? draft.type : UNRECOGNIZED_TYPE);
    expect(result.drafts[0]?.data.unrecognized?.code).toBe(may ? undefined : 'source');
    // The delivery of a forged source would give its record the id of the true one.
    expect(result.delivery).toBe(may ? 'd-1' : undefined);
  });
});

describe('a delivery that only the body names', () => {
  const named = (id: string): NormalizedMessage =>
    normalizeMessage(
      'web',
      { ...message, envelope: envelope({ delivery: undefined }) },
      giving([draft], () => id),
    );

  test.each([2_049, 4_096, 4_097, 60_000, 70_000])(
    'of %i characters fits no record, and stops its partition',
    (length) => {
      const { delivery } = named('x'.repeat(length));
      expect(delivery).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(named(`${'x'.repeat(length - 1)}y`).delivery).not.toBe(delivery);
    },
  );

  test('of 2,048 characters or fewer is not found again by its id', () => {
    expect(named('x'.repeat(2_048)).delivery).toBe('x'.repeat(2_048));
  });

  test('of half a character makes bytes that are no JSON', () => {
    expect(named('a\ud800b').delivery).toBe('a\ufffdb');
  });

  test('of no character counts as one', () => {
    expect(named('').delivery).toBeUndefined();
  });
});

describe('a source that speaks of what is our own', () => {
  const REQUEST = 'payments~7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d';
  const vote = { request: REQUEST, step: 'voted', verdict: 'approve' };
  const about = (source: string): RecordDraft => ({ ...draft, source });
  const from = (hub: string, source: string, drafts: readonly unknown[]): NormalizedMessage => {
    const normalizers = giving(drafts).map((each) => ({ ...each, source }));
    return normalizeMessage(hub, { ...message, envelope: envelope({ source }) }, normalizers);
  };

  test.each([
    ['web', 'github'],
    ['web', 'azure-devops'],
    ['azure', 'azure-activity'],
    ['azure', 'entra-audit'],
    ['reads', 'reads'],
  ])('votes on a request of our API from the hub %s as %s', (hub, source) => {
    expectUnrecognized(from(hub, source, [{ ...draft, data: { ...draft.data, decision: vote } }]), 'shape');
    const foreign = { ...vote, request: 'https://github.com/octo/repo/pull/1' };
    expect(from(hub, source, [{ ...draft, data: { ...draft.data, decision: foreign } }]).drafts[0]?.type).toBe(
      draft.type,
    );
  });

  test.each([
    ['web', 'github'],
    ['web', 'azure-devops'],
    ['azure', 'azure-activity'],
    ['azure', 'activity-log'],
  ])('happened in a project of ours by its own word, from the hub %s as %s', (hub, source) => {
    const { drafts } = from(hub, source, [about('urn:indelible:project:payments')]);
    expect(drafts.map(({ data }) => data.unrecognized?.code)).toEqual(['shape']);
  });

  test('is refused what our own API gives', () => {
    const step = { ...about('urn:indelible:project:payments'), data: { ...draft.data, decision: vote } };
    expect(from('decisions', 'approvals', [step]).drafts[0]?.type).toBe(draft.type);
    expect(from('azure', 'coverage', [about('urn:indelible:source:entra-audit')]).drafts[0]?.type).toBe(draft.type);
  });
});

describe('what fails gives exactly one unrecognized draft', () => {
  test.each<[string, string | undefined]>([
    ['no envelope', undefined],
    ['an empty one', ''],
    ['one that is not base64url', 'e!'],
    ['one that is not JSON', Buffer.from('{').toString('base64url')],
    ['one without source', Buffer.from('{}').toString('base64url')],
    ['one with further members', Buffer.from('{"source":"github","admin":true}').toString('base64url')],
    ['one nested deep', Buffer.from(`{"source":${'['.repeat(20_000)}`).toString('base64url')],
    ['one of 1 MB', 'e'.repeat(1_000_000)],
  ])('for %s', (_what, property) => {
    const result = normalizeMessage('web', { ...message, envelope: property });
    expectUnrecognized(result, 'envelope');
    expect(result.delivery).toBeUndefined();
  });

  test.each<[string, readonly unknown[] | (() => never), string]>([
    ['no draft', [], 'normalizer'],
    [
      'a body that is refused',
      () => {
        throw new Unrecognized('json', 'The body is not JSON.');
      },
      'json',
    ],
    [
      'a TypeError',
      () => {
        throw new TypeError('x is undefined');
      },
      'normalizer',
    ],
    [
      'a thrown text',
      () => {
        throw 'text' as unknown as Error;
      },
      'normalizer',
    ],
    [
      'a thrown reason of 1 MB',
      () => {
        throw new Unrecognized('shape', 'x'.repeat(1_000_000));
      },
      'shape',
    ],
    [
      'a stack overflow',
      () => {
        const dive = (): never => dive();
        return dive();
      },
      'normalizer',
    ],
    ['an unknown category', [{ ...draft, type: 'indelible.gossip.word.said' }], 'normalizer'],
    ['a type of another form', [{ ...draft, type: 'push' }], 'normalizer'],
    ['an empty action', [{ ...draft, data: { ...draft.data, action: '' } }], 'normalizer'],
    ['an unknown outcome', [{ ...draft, data: { ...draft.data, outcome: 'fine' } }], 'normalizer'],
    ['an unknown member', [{ ...draft, data: { ...draft.data, colour: 'red' } }], 'normalizer'],
    ['a number that JSON has not', [{ ...draft, data: { ...draft.data, details: { n: Number.NaN } } }], 'normalizer'],
    ['a time of another form', [{ ...draft, time: 'yesterday' }], 'normalizer'],
    ['one odd draft among good ones', [draft, { ...draft, part: 'b', source: '' }], 'normalizer'],
    ['a draft that claims to be a seal', [{ ...draft, type: SEAL_TYPE }], 'normalizer'],
    ['a draft that claims to be a gap', [{ ...draft, type: GAP_TYPE }], 'normalizer'],
    ['a draft that claims to be an adoption', [{ ...draft, type: ADOPTION_TYPE }], 'normalizer'],
    ['a draft that carries a gap', [{ ...draft, data: { ...draft.data, gap: { first: 0, last: 9 } } }], 'normalizer'],
    ['two different records of one part', [draft, { ...draft, subject: 'other' }], 'normalizer'],
    [
      'too many records',
      Array.from({ length: MAX_MESSAGE_RECORDS + 1 }, (_, i) => ({ ...draft, part: String(i) })),
      'normalizer',
    ],
    [
      'more than 16 MiB',
      Array.from({ length: 5_000 }, (_, i) => ({
        ...draft,
        part: String(i),
        data: { ...draft.data, summary: 'x'.repeat(4_000) },
      })),
      'normalizer',
    ],
  ])('for %s', (_what, drafts, code) => {
    const result = run(drafts);
    expectUnrecognized(result, code);
    expect(result.normalizer).toBe('github/3');
    expect(result.delivery).toBe('d-1');
    expect(result.drafts[0]?.data.summary.length).toBeLessThanOrEqual(4_096);
  });

  test('says whether the envelope is missing or cannot be read: one came past our apps, the other was changed', () => {
    const reasonFor = (property: string | undefined) =>
      normalizeMessage('web', { ...message, envelope: property }).drafts[0]?.data.unrecognized?.reason;
    expect(reasonFor(findEnvelope({}))).toBe('The message has no envelope.');
    expect(reasonFor(findEnvelope({ envelope: 'not base64!' }))).toMatch(/^The message has an envelope, but/);
    expect(reasonFor(findEnvelope({ envelope: 7 }))).toMatch(/^The message has an envelope, but/);
  });

  const request = 'payments~0123abcd-0000-8000-8000-00000000abcd';
  const step: Envelope = {
    source: 'approvals',
    event: 'voted',
    delivery: 'd-1',
    subject: request,
    received,
    claims: { oid: 'O-1', name: 'Bob Baker', azp: 'cli-1' },
  };
  const broken = { envelope: formatEnvelope(step), body: Buffer.from('{"verdict":'), enqueued };

  test.each([
    ['a vote that is no JSON', normalizeMessage('decisions', broken)],
    ['a vote that the normalizer did not survive', unrecognizedMessage('decisions', broken, 'It hung.')],
  ])('that says who sent it and on which request, or nobody would find %s', (_what, result) => {
    expect(result.drafts).toEqual([
      expect.objectContaining({
        type: UNRECOGNIZED_TYPE,
        subject: request,
        data: expect.objectContaining({
          actor: { kind: 'human', id: 'entra:o-1', name: 'Bob Baker' },
          origin: { application: 'cli-1' },
          target: { kind: 'request', id: request },
          decision: { request, step: 'voted' },
          links: [{ kind: 'request', id: request }],
        }),
      }),
    ]);
    // Where people look: by the request, and by its project.
    const [line] = linesOf(result).map((each) => parseRecord(JSON.parse(each)));
    const place = { log: 'audit.example/trail/decisions/0/0', segment: 0, index: 1 };
    const record = { ...(line as TrailRecord), data: { ...(line as TrailRecord).data, project: 'payments' } };
    const tables = toRows(record, place).map(({ table }) => table);
    expect(tables).toEqual(expect.arrayContaining(['ByActor', 'ByTarget', 'ByLink', 'Decisions']));
  });

  test.each<[string, string, Partial<Envelope>]>([
    ['claims and request of a source that the hub must not bring', 'web', {}],
    ['a request that is no request id', 'decisions', { subject: 'Payments~1', claims: {} }],
    ['a step that is none', 'decisions', { event: 'approved', claims: { oid: ['a', 'b'] } }],
  ])('that believes no %s', (_what, hub, changes) => {
    const result = normalizeMessage(hub, { ...broken, envelope: formatEnvelope({ ...step, ...changes }) });
    expect(result.drafts).toHaveLength(1);
    const data = result.drafts[0]?.data;
    expect([data?.actor, data?.target, data?.decision, data?.links]).toEqual(Array(4).fill(undefined));
  });

  test('but as many records as are allowed are taken', () => {
    const drafts = Array.from({ length: MAX_MESSAGE_RECORDS }, (_, i) => ({ ...draft, part: String(i) }));
    expect(run(drafts).drafts).toHaveLength(MAX_MESSAGE_RECORDS);
  });

  test('the same record twice is one: readers collapse it anyway', () => {
    expect(run([draft, structuredClone(draft)]).drafts).toHaveLength(1);
  });

  test('for a message that its normalizer did not survive, without another look at the body', () => {
    const result = unrecognizedMessage('web', message, 'The normalizer did not finish.');
    expectUnrecognized(result, 'normalizer');
    expect(result).toMatchObject({ delivery: 'd-1', envelope: { source: 'github' } });
    expectUnrecognized(unrecognizedMessage('web', { ...message, envelope: undefined }, 'x'), 'normalizer');
  });
});

describe('a draft is finished here', () => {
  test('texts are cut where their place demands it, and stay readable; empty members go', () => {
    const [finished] = run([
      {
        ...draft,
        subject: '',
        source: 's'.repeat(10_000),
        data: {
          ...draft.data,
          action: 'a'.repeat(3_000),
          summary: `${'s'.repeat(4_085)}\ud83d\ude00${'t'.repeat(1_000)}`,
          actor: { kind: 'human', id: 'i'.repeat(9_000), name: '\ud800', onBehalfOf: undefined },
          related: [],
          origin: {},
          details: { a: '', b: undefined },
          changes: [{ field: 'title', from: '', to: 'x'.repeat(5_000) }],
        },
      },
    ]).drafts;
    expect(finished?.source).toHaveLength(2_048);
    expect(finished?.data.action).toHaveLength(2_048);
    expect(finished?.data.actor?.id).toHaveLength(2_048);
    expect(finished?.data.actor?.name).toBe('\ufffd');
    expect(finished?.data.summary.isWellFormed()).toBe(true);
    expect(finished?.data.summary.endsWith('…[cut]')).toBe(true);
    // An empty text is what the title was before: a value, not an absence.
    expect(finished?.data.changes?.[0]).toMatchObject({ from: '' });
    for (const absent of ['related', 'origin', 'details']) expect(finished?.data).not.toHaveProperty(absent);
    expect(finished).not.toHaveProperty('subject');
  });

  test('the drafts of a normalizer are not changed: two may share an object', () => {
    const actor = Object.freeze({ kind: 'human', id: 'x'.repeat(5_000) });
    const shared = Object.freeze({ ...draft, data: Object.freeze({ ...draft.data, actor }) });
    expect(run([shared, { ...shared, part: 'b' }]).drafts).toHaveLength(2);
    expect(actor.id).toHaveLength(5_000);
  });
});

/** What the sealer needs to know to write a line. */
const context = {
  head: { log: 'audit.example.com/trail/web/0/0', number: 0, to: { sequenceNumber: 6, enqueued }, configurations: [] },
  partition: '0',
  hub: { namespace: 'n', name: 'web', created: enqueued },
  configuration: { sha256: 'a'.repeat(64), from: received, projectOf: () => 'payments' },
  judge: () => ({ authority: { basis: 'unknown' } }),
} as unknown as SegmentContext;

function linesOf(result: NormalizedMessage): readonly string[] {
  const hubMessage = { sequenceNumber: 7, enqueued, body: message.body, envelope: message.envelope };
  return toEntry(
    context,
    { message: hubMessage, envelope: result.envelope, sha256: '', size: 0, from: 'hub', body: message.body },
    result,
  ).lines;
}

describe('the bytes that the sealer makes of it', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '\ud800', 'x'.repeat(5_000), '__proto__', '"\\\u2028\u0000'),
  );
  const someText = anyText.filter((text) => text !== '');
  const person = fc.record(
    {
      name: anyText,
      id: someText,
      kind: fc.constantFrom('human', 'service'),
      address: fc.option(anyText, { nil: undefined }),
    },
    { requiredKeys: ['kind', 'id'] },
  );
  const data = fc.record(
    {
      links: fc.array(fc.record({ id: someText, kind: fc.constantFrom('commit', 'issue') }), { maxLength: 3 }),
      clock: fc.record(
        { effective: fc.record({ by: fc.constant('source'), at: fc.constant(received) }) },
        { requiredKeys: [] },
      ),
      grant: fc.record(
        {
          scope: someText,
          role: fc.record({ name: anyText }, { requiredKeys: [] }),
          principal: person,
          change: fc.constantFrom('granted', 'revoked'),
        },
        { requiredKeys: ['scope', 'role', 'principal', 'change'] },
      ),
      details: fc.dictionary(fc.constantFrom('a', 'zed', 'b1'), fc.oneof(anyText, fc.integer(), fc.boolean())),
      changes: fc.array(fc.record({ to: anyText, from: anyText, field: someText }, { requiredKeys: ['field'] }), {
        maxLength: 3,
      }),
      related: fc.array(fc.record({ part: someText, id: someText, kind: someText }), { maxLength: 2 }),
      target: fc.record({ name: anyText, id: someText, kind: someText }, { requiredKeys: ['id', 'kind'] }),
      summary: someText,
      outcome: fc.constantFrom('succeeded', 'failed'),
      action: fc.constantFrom('push', 'x'.repeat(4_000)),
      actor: person,
    },
    { requiredKeys: ['summary', 'outcome', 'action'] },
  );
  const drafts = fc.array(
    fc.record({
      data,
      source: someText,
      type: fc.constant(draft.type),
      part: fc.string(),
      subject: fc.option(anyText, { nil: undefined }),
    }),
    { minLength: 1, maxLength: 3 },
  );

  test('are those that parsing and writing them again would give: the order of members is final here', () => {
    let recognized = 0;
    fc.assert(
      fc.property(drafts, (given) => {
        const result = run(given);
        if (result.drafts[0]?.type !== UNRECOGNIZED_TYPE) recognized++;
        for (const line of linesOf(result)) expect(JSON.stringify(parseRecord(JSON.parse(line)))).toBe(line);
      }),
      { numRuns: 400 },
    );
    // The generator must not have produced refusals alone.
    expect(recognized).toBeGreaterThan(200);
  });

  test('are so for envelopes of odd texts too', () => {
    const claims = fc.dictionary(
      fc.constantFrom('oid', 'roles', '__proto__', '\ud800', '7', '3'),
      fc.oneof(
        anyText.map((text) => text.slice(0, 2_000)),
        fc.array(fc.constantFrom('', '\udfff', 'a'), { maxLength: 3 }),
      ),
    );
    fc.assert(
      fc.property(claims, fc.string({ unit: 'binary' }), (someClaims, delivery) => {
        const property = Buffer.from(
          JSON.stringify({
            claims: someClaims,
            delivery,
            subject: delivery,
            source: 'github',
            received: '2026-03-01T13:00:00+01:00',
          }),
        ).toString('base64url');
        for (const normalizers of [giving([draft]), giving([])]) {
          const result = normalizeMessage('web', { ...message, envelope: property }, normalizers);
          for (const line of linesOf(result)) expect(JSON.stringify(parseRecord(JSON.parse(line)))).toBe(line);
        }
      }),
    );
  });

  test('are the same each time: nothing of the clock, nothing random', () => {
    const body = Buffer.from(JSON.stringify({ repository: { full_name: 'o/r' }, commits: [], ref: 'refs/heads/main' }));
    const once = JSON.stringify(linesOf(normalizeMessage('web', { ...message, body })));
    expect(JSON.stringify(linesOf(normalizeMessage('web', { ...message, body })))).toBe(once);
  });
});

describe('the true normalizers', () => {
  test('are one per source, and none reads what no hub may bring', () => {
    const sources = NORMALIZERS.map(({ source }) => source);
    expect(new Set(sources).size).toBe(sources.length);
    for (const source of sources) expect(Object.values(HUB_SOURCES).flat()).toContain(source);
  });

  const hubOf = (source: string): string =>
    Object.entries(HUB_SOURCES).find(([, sources]) => sources.includes(source))?.[0] ?? '';
  test.each(NORMALIZERS.flatMap(({ source }) => ODD_BODIES.map(([what, body]) => ({ source, what, body }))))(
    '$source: a body that is or has $what gives records or one reason',
    ({ source, body }) => {
      const result = normalizeMessage(hubOf(source), { envelope: envelope({ source }), body, enqueued });
      expect(result.drafts.length).toBeGreaterThan(0);
      for (const line of linesOf(result)) expect(JSON.stringify(parseRecord(JSON.parse(line)))).toBe(line);
    },
  );
});
