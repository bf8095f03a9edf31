import { hash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';

import { composeSegment, toFittingEntry } from '../shared/seal/compose-segment.ts';
import type { ComposedSegment, SegmentContext } from '../shared/seal/compose-segment.ts';
import type { NormalizedMessage } from '../shared/seal/normalized-message.ts';
import { resolveBody } from '../shared/seal/raw-body.ts';
import type { RawMessage } from '../shared/seal/raw-body.ts';
import { frontierLength, hashLeaf } from '../shared/wire/merkle.ts';
import { githubEvents, hubMessage } from './github-events.ts';
import { normalizeRaw, sealingConfiguration } from './seal-events.ts';

/** One batch of a partition, as large as the trigger delivers it at most (host.json), at each step of sealing. */
export interface SealingBatch {
  readonly raw: readonly RawMessage[];
  /** As they come back from the normalizer's process. */
  readonly normalized: readonly NormalizedMessage[];
  readonly context: SegmentContext;
  readonly composed: ComposedSegment;
}

export interface SealingWork {
  readonly batches: readonly SealingBatch[];
  /**
   * What the steps of sealing are measured against: JSON.stringify of every record, and one SHA-256 of all bytes that are
   * stored, inflated.
   */
  readonly reference: () => void;
  readonly records: number;
  /** Inflated. */
  readonly segmentBytes: number;
  readonly evidenceBytes: number;
}

const BATCH = 100;
/** Leaves that the log has before each of the batches: any number with some bits set. */
const SIZE = 104_223;
const KEY = '0'.repeat(64);

/** A quarter of a second of sealing, or a tenth of it. */
export async function makeSealingWork(quick: boolean): Promise<SealingWork> {
  const context = await makeContext();
  const messages = githubEvents(quick ? BATCH : 10 * BATCH).map(hubMessage);
  const batches: SealingBatch[] = [];
  for (let from = 0; from < messages.length; from += BATCH) {
    const raw = await Promise.all(
      messages.slice(from, from + BATCH).map((message) => resolveBody(message, { read: async () => undefined })),
    );
    const normalized = deserialize(serialize(raw.map(normalizeRaw))) as NormalizedMessage[];
    batches.push({ raw, normalized, context, composed: compose({ raw, normalized, context }) });
  }
  const leaves = batches.flatMap(({ composed }) => composed.segment.leaves);
  const records = leaves.map((leaf) => JSON.parse(leaf.toString()) as unknown);
  const segmentBytes = Buffer.concat(batches.map(({ composed }) => composed.segment.padded.subarray(1)));
  const evidenceBytes = Buffer.concat(batches.flatMap(({ composed }) => composed.evidence.map(({ bytes }) => bytes)));
  const stored = Buffer.concat([segmentBytes, evidenceBytes]);
  return {
    batches,
    reference: () => {
      for (const record of records) JSON.stringify(record);
      hash('sha256', stored);
    },
    records: records.length,
    segmentBytes: segmentBytes.length,
    evidenceBytes: evidenceBytes.length,
  };
}

/** The sealing core: from normalized drafts to the segment's bytes and its evidence, neither compressed nor signed. */
export function compose({ raw, normalized, context }: Omit<SealingBatch, 'composed'>): ComposedSegment {
  return composeSegment(
    context,
    raw.map((each, i) => toFittingEntry(context, each, normalized[i] as NormalizedMessage)),
  );
}

async function makeContext(): Promise<SegmentContext> {
  const { configuration, judge } = await sealingConfiguration();
  const frontier = Array.from({ length: frontierLength(SIZE) }, (_, i) => hashLeaf(Buffer.from(`subtree ${i}`)));
  const created = '2026-01-01T00:00:00.000Z';
  return {
    head: {
      log: 'audit.example/trail/web/0/0',
      number: 41,
      size: SIZE,
      frontier,
      checkpoint: 'x'.repeat(300),
      to: { sequenceNumber: -1, enqueued: created },
      hubCreated: created,
      configurations: [{ sha256: configuration.sha256, effective: created }],
      nextKey: KEY,
    },
    partition: '0',
    hub: { namespace: 'audit.example', name: 'web', created },
    opened: undefined,
    configuration,
    judge,
    nextKey: KEY,
  };
}
