import { describe, expect, test } from 'vitest';

import type { NormalizedMessage } from '../../shared/seal/normalized-message.ts';
import { toFittingEntry, unrecognizedBody } from '../../shared/seal/compose-segment.ts';
import type { SegmentContext } from '../../shared/seal/compose-segment.ts';
import type { RawMessage } from '../../shared/seal/raw-body.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { appendEvidence, parseRecord, UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import type { RecordData, TrailRecord } from '../../shared/wire/record.ts';

const enqueued = '2026-11-23T06:00:05.000Z';
const received = '2026-11-23T06:00:00.000Z';
const REQUEST = 'payments~0123abcd-0000-8000-8000-00000000abcd';
const HASH = '0'.repeat(64);

const VOTE: Envelope = {
  source: 'approvals',
  event: 'voted',
  delivery: 'd-1',
  subject: REQUEST,
  received,
  claims: { oid: 'O-1', name: 'Bob Baker', azp: 'cli-1' },
};

function contextOf(hub: string): SegmentContext {
  return {
    head: {
      log: `audit.example.com/trail/${hub}/0/0`,
      number: 0,
      to: { sequenceNumber: 6, enqueued },
      configurations: [],
    },
    partition: '0',
    hub: { namespace: 'n', name: hub, created: enqueued },
    configuration: { sha256: HASH, from: received, projectOf: () => 'payments' },
    judge: () => ({ authority: { basis: 'unknown' } }),
  } as unknown as SegmentContext;
}

function rawOf(envelope: Envelope | undefined, from: RawMessage['from'] = 'absent'): RawMessage {
  const body = Buffer.alloc(0);
  const message = { sequenceNumber: 7, enqueued, body, envelope: 'unparsed' };
  return { message, envelope, sha256: HASH, size: 3, from, body };
}

/** The one record that the message is sealed as, read back from its leaf. */
function sealed(hub: string, raw: RawMessage, normalized: NormalizedMessage): TrailRecord {
  const { lines } = toFittingEntry(contextOf(hub), raw, normalized);
  expect(lines).toHaveLength(1);
  const leaf = appendEvidence(lines[0] ?? '', JSON.stringify({ sha256: HASH, size: 3, missing: 'absent' }));
  const record = parseRecord(JSON.parse(leaf));
  expect(JSON.stringify(record)).toBe(leaf);
  expect(record.type).toBe(UNRECOGNIZED_TYPE);
  return record;
}

const lost = (hub: string, envelope: Envelope | undefined): TrailRecord => {
  const raw = rawOf(envelope);
  return sealed(hub, raw, unrecognizedBody(raw));
};

const ATTESTED: Partial<RecordData> = {
  actor: { kind: 'human', id: 'entra:o-1', name: 'Bob Baker' },
  target: { kind: 'request', id: REQUEST },
  origin: { application: 'cli-1' },
  decision: { request: REQUEST, step: 'voted' },
  links: [{ kind: 'request', id: REQUEST }],
};

describe('nobody who looks for the request or the person finds', () => {
  test('a vote whose body is lost', () => {
    const { subject, time, data } = lost('decisions', VOTE);
    expect(data).toMatchObject({ ...ATTESTED, unrecognized: { code: 'body' } });
    expect([subject, time]).toEqual([REQUEST, received]);
    expect(data.clock?.received).toEqual({ at: received, by: 'collector' });
    expect(data.collected?.envelope).toMatchObject({ delivery: 'd-1', received });
  });

  test('a vote that fits no leaf, even shortened', () => {
    const details = Object.fromEntries(Array.from({ length: 2_000 }, (_, k) => [`detail${k}`, 'x'.repeat(60)]));
    const draft = {
      part: '',
      type: 'indelible.decision.approval.voted',
      source: 'urn:indelible:project:payments',
      data: { action: 'approvals.vote', outcome: 'succeeded', summary: 's', details },
    } as const;
    const normalized = { normalizer: 'approvals/1', envelope: VOTE, delivery: 'd-1', drafts: [draft] };
    const { subject, data } = sealed('decisions', rawOf(VOTE, 'hub'), normalized);
    expect(data).toMatchObject({ ...ATTESTED, unrecognized: { code: 'normalizer' } });
    expect(subject).toBe(REQUEST);
    expect(data.collected).toMatchObject({ normalizer: 'approvals/1' });
    // The claims may be what did not fit; the person is named all the same.
    expect(data.collected?.envelope).not.toHaveProperty('claims');
  });
});

describe('a lost body is blamed on a person whom nobody has seen', () => {
  test.each<[string, string, Envelope | undefined]>([
    ['where the hub must not bring the source', 'web', VOTE],
    ['where the hub is nobody’s', 'constructor', VOTE],
    ['where the envelope has no claims', 'decisions', { source: 'approvals', received }],
    ['where the object id is a list', 'decisions', { ...VOTE, claims: { oid: ['a', 'b'] }, subject: 'x', event: 'x' }],
    ['where there is no envelope', 'decisions', undefined],
  ])('%s', (_what, hub, envelope) => {
    const { data } = lost(hub, envelope);
    for (const member of ['actor', 'target', 'decision', 'origin', 'links']) expect(data).not.toHaveProperty(member);
    expect(data.unrecognized?.code).toBe('body');
  });
});

test('a credential among the claims of a lost body reaches its record as the name of who sent it', () => {
  const token = `ghp_${'aB3x'.repeat(9)}`;
  expect(lost('decisions', { ...VOTE, claims: { oid: 'o-1', name: `Bob ${token}` } }).data.actor?.name).toBe(
    'Bob [masked]',
  );
});
