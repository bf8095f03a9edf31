import { hash } from 'node:crypto';

import fc from 'fast-check';

import { CATEGORIES, LINK_KINDS, SCHEMA_URI, parseRecord, recordId } from '../../shared/wire/record.ts';
import type { RecordData, TrailRecord } from '../../shared/wire/record.ts';

export const LOG = 'audit.example.com/trail/web/3/0';

/** A record as one message gives it, with what a test changes. */
export function sampleRecord(
  data: Partial<RecordData> = {},
  top: Partial<Omit<TrailRecord, 'data'>> = {},
): TrailRecord {
  return parseRecord({
    specversion: '1.0',
    id: recordId(['github', 'delivery-1', '']),
    type: 'indelible.code.pull_request.merged',
    time: '2026-11-23T19:41:07.123Z',
    source: 'https://github.com/acme/payments',
    dataschema: SCHEMA_URI,
    ...top,
    data: {
      category: 'code',
      actor: { kind: 'human', id: 'github:583231', name: 'octocat' },
      action: 'merge',
      outcome: 'succeeded',
      summary: 'octocat merged pull request 7',
      target: { kind: 'pullRequest', id: 'https://github.com/acme/payments/pull/7' },
      collected: {
        normalizer: 'github/1',
        partition: '3',
        sequenceNumber: 11,
        enqueued: '2026-11-23T19:41:09.000Z',
        record: 0,
        of: 1,
      },
      evidence: { sha256: '0'.repeat(64), size: 2, blob: `2026/11/${'0'.repeat(64)}.zst`, offset: 0, length: 2 },
      ...data,
    },
  });
}

const awkward = fc.constantFrom(
  '/',
  '\\',
  '#',
  '?',
  '%',
  '=',
  '!',
  '~',
  "'",
  '"',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u009f',
  '\ud800',
  '\udfff',
  '😀',
  'é',
  ' ',
  '-',
  'a',
  'Z',
);
/** Text that is hostile to keys: forbidden characters, lone surrogates, lengths around the limits. */
export const hostileText = fc.oneof(
  fc.string({ unit: awkward, minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc
    .tuple(fc.string({ unit: awkward, minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 600 }))
    .map(([text, times]) => text.repeat(times).slice(0, 2_048)),
);

const time = fc
  .integer({ min: Date.parse('0001-01-01T00:00:00.000Z'), max: Date.parse('9999-12-31T23:59:59.999Z') })
  .map((ms) => new Date(ms).toISOString());
const principal = fc.record({
  kind: fc.constantFrom('human', 'service', 'ai', 'unknown'),
  id: hostileText,
  name: fc.option(hostileText, { nil: undefined }),
});
const target = fc.record({
  kind: hostileText,
  id: fc.oneof(
    hostileText,
    hostileText.map((text) => `/subscriptions/${text}`.slice(0, 2_048)),
  ),
  environment: fc.option(hostileText, { nil: undefined }),
});

/** Any record that the schema takes, with text that is hostile to keys wherever a key comes from. */
export const anyRecord: fc.Arbitrary<TrailRecord> = fc
  .record({
    category: fc.constantFrom(...CATEGORIES),
    gap: fc.boolean(),
    id: hostileText.map((text) => hash('sha256', text, 'hex').slice(0, 32)),
    time,
    source: hostileText,
    actor: fc.option(
      fc.tuple(principal, fc.option(hostileText, { nil: undefined })).map(([who, resolved]) => ({ ...who, resolved })),
      { nil: undefined },
    ),
    summary: hostileText,
    target: fc.option(target, { nil: undefined }),
    related: fc.option(
      fc.array(
        target.map((each) => ({ ...each, part: 'party' })),
        { maxLength: 5 },
      ),
      { nil: undefined },
    ),
    project: fc.option(hostileText, { nil: undefined }),
    links: fc.option(fc.array(fc.record({ kind: fc.constantFrom(...LINK_KINDS), id: hostileText }), { maxLength: 5 }), {
      nil: undefined,
    }),
    decision: fc.option(
      fc.record({
        kind: fc.constant('deployment' as const),
        request: hostileText,
        step: fc.constant('voted' as const),
      }),
      { nil: undefined },
    ),
    grant: fc.option(
      fc.record({
        id: fc.option(hostileText, { nil: undefined }),
        change: fc.constant('granted' as const),
        principal: fc.oneof(
          principal,
          principal.map(({ kind, name }) => ({ kind, name })),
        ),
        role: fc.record({
          id: fc.option(hostileText, { nil: undefined }),
          name: fc.option(hostileText, { nil: undefined }),
        }),
        scope: hostileText,
      }),
      { nil: undefined },
    ),
  })
  .map(({ category, gap, id, time: at, source, ...data }) =>
    parseRecord({
      specversion: '1.0',
      id,
      type: gap ? 'indelible.trail.gap.sealed' : `indelible.${category}.thing.done`,
      time: at,
      source,
      dataschema: SCHEMA_URI,
      data: { category, action: 'do', outcome: 'succeeded', ...data },
    }),
  );
