import { hash } from 'node:crypto';

import { FormatError } from '../../shared/errors.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';
import { compareIndex } from '../../shared/tabulate/compare-index.ts';
import type { IndexTables } from '../../shared/tabulate/index-tables.ts';
import { formatFinding } from '../../shared/verify/findings.ts';
import { collectFindings } from '../../shared/verify/verify-trail.ts';
import { parseSegmentBlob } from '../../shared/wire/log-name.ts';
import { GAP_TYPE } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { parseCanonicalRecord, parseSegment } from '../../shared/wire/segment.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { parseFrame } from '../../shared/wire/zstd-frame.ts';

/** What the hub once took: retention may have removed it since. */
export interface PublishedMessage {
  readonly sequenceNumber: number;
  readonly enqueued: string;
  /** The bytes that the source sent, wherever they travelled. */
  readonly body: Buffer;
  /** How its bytes reached the sealer, where not in the message; `hub` where left out. */
  readonly from?: 'hub' | 'spill' | 'absent' | 'otherBytes' | undefined;
}

export interface PublishedLog {
  /** Its whole name. */
  readonly log: string;
  /** Number of the first message that belongs to it; 0 where left out. */
  readonly first?: number | undefined;
  /** All that was ever published to it, ascending. */
  readonly messages: readonly PublishedMessage[];
  /** Numbers that the hub lost before they could be sealed. */
  readonly gone?: readonly number[] | undefined;
}

export interface TrailToCheck {
  readonly trail: ImmutableStore;
  readonly evidence: ImmutableStore;
  readonly tables: IndexTables;
  readonly keys: readonly PublicKey[];
  /** Every log that the trail may hold. */
  readonly logs: readonly PublishedLog[];
  /** Crashes leave evidence that nobody refers to; without one there must be none. */
  readonly orphans?: boolean | undefined;
  /** Kinds of notes that the scenario brings about. */
  readonly notes?: readonly string[] | undefined;
}

/**
 * Everything that must hold of a trail, whatever happened on the way: each published message sealed exactly once, what is
 * gone covered by gaps and nothing else, evidence equal to what was published, no finding of the verifier, and the index
 * what the trail gives. One line for each thing that does not hold.
 */
export async function checkTrail(check: TrailToCheck): Promise<string[]> {
  const wrong: string[] = [];
  const sealed = await readLogs(check, wrong);
  const evidence = new EvidenceReader(check.evidence);
  for (const log of check.logs) {
    await checkLog(log, sealed.get(log.log) ?? emptyLog(), evidence, wrong);
    sealed.delete(log.log);
  }
  for (const log of sealed.keys()) wrong.push(`${log}: nobody published to this log`);
  await checkVerifier(check, wrong);
  await checkIndex(check, wrong);
  return wrong;
}

interface SealedLog {
  /** By sequence number, the records in the order of the leaves. */
  readonly messages: Map<number, { segment: number; records: TrailRecord[] }>;
  readonly gaps: { first: number; last: number; time: string }[];
  /** Of the last segment. */
  last: number;
}

function emptyLog(): SealedLog {
  return { messages: new Map(), gaps: [], last: -1 };
}

async function readLogs({ trail }: TrailToCheck, wrong: string[]): Promise<Map<string, SealedLog>> {
  const logs = new Map<string, SealedLog>();
  for await (const { name } of trail.list('segments/')) {
    const place = parseSegmentBlob(name);
    const blob = await trail.read(name);
    if (place === undefined || blob === undefined) {
      wrong.push(`${name}: no segment`);
      continue;
    }
    try {
      const log = logs.get(place.log) ?? emptyLog();
      logs.set(place.log, log);
      const { leaves, seal } = parseSegment(blob);
      // Numbers that the log has, and the verifier, agree on; here alone they are compared with what the hub gave.
      log.last = seal.to?.sequenceNumber ?? log.last;
      for (const leaf of leaves) takeLeaf(log, place.number, parseCanonicalRecord(leaf), place.log, wrong);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      wrong.push(`${name}: ${error.message}`);
    }
  }
  return logs;
}

function takeLeaf(log: SealedLog, segment: number, record: TrailRecord, name: string, wrong: string[]): void {
  const { gap, collected } = record.data;
  if (record.type === GAP_TYPE && gap !== undefined) {
    log.gaps.push({ ...gap, time: record.time });
  } else if (collected !== undefined) {
    const { sequenceNumber } = collected;
    const found = log.messages.get(sequenceNumber) ?? { segment, records: [] };
    log.messages.set(sequenceNumber, found);
    if (found.segment !== segment) {
      wrong.push(`${name}: message ${sequenceNumber} lies in the segments ${found.segment} and ${segment}`);
    }
    found.records.push(record);
  }
}

async function checkLog(
  published: PublishedLog,
  sealed: SealedLog,
  evidence: EvidenceReader,
  wrong: string[],
): Promise<void> {
  const { log, messages, first = 0 } = published;
  const gone = new Set(published.gone ?? []);
  const last = messages.at(-1)?.sequenceNumber ?? first - 1;
  if (sealed.last > last) wrong.push(`${log}: sealed up to ${sealed.last}, published up to ${last}`);
  for (const message of messages) {
    const { sequenceNumber } = message;
    const found = sealed.messages.get(sequenceNumber);
    sealed.messages.delete(sequenceNumber);
    if (gone.has(sequenceNumber) || sequenceNumber < first) {
      if (found !== undefined) wrong.push(`${log}: message ${sequenceNumber} is sealed, and could not be`);
    } else if (found === undefined) {
      wrong.push(`${log}: message ${sequenceNumber} is not sealed`);
    } else {
      await checkMessage(log, message, found.records, evidence, wrong);
    }
  }
  for (const number of sealed.messages.keys()) wrong.push(`${log}: message ${number} was never published`);
  checkGaps(published, sealed, gone, wrong);
}

async function checkMessage(
  log: string,
  message: PublishedMessage,
  records: readonly TrailRecord[],
  evidence: EvidenceReader,
  wrong: string[],
): Promise<void> {
  const { sequenceNumber, enqueued, body, from = 'hub' } = message;
  const of = `${log}: message ${sequenceNumber}`;
  const places = records.map(({ data }) => data.collected?.record);
  const count = records[0]?.data.collected?.of;
  if (count !== records.length || places.some((place, k) => place !== k)) {
    wrong.push(`${of} has the records ${places.join()} of ${count}`);
  }
  const sha256 = hash('sha256', body, 'hex');
  for (const { data } of records) {
    const { collected, evidence: place } = data;
    if (collected?.enqueued !== enqueued) wrong.push(`${of} was enqueued ${enqueued}, not ${collected?.enqueued}`);
    if (place?.sha256 !== sha256 || place.size !== body.length) {
      wrong.push(`${of} has the hash ${place?.sha256} over ${place?.size} bytes, not ${sha256} over ${body.length}`);
    } else if (from === 'absent' || from === 'otherBytes') {
      if (place.missing !== from || place.blob !== undefined) wrong.push(`${of} does not say that its body is ${from}`);
    } else if (!(await evidence.holds(place, body))) {
      wrong.push(`${of} has other bytes in its evidence ${place.blob ?? place.missing}`);
    }
  }
}

/** Each number that is gone is in one gap, and a gap holds nothing else. A gap's time is the next message's. */
function checkGaps({ log, messages }: PublishedLog, sealed: SealedLog, gone: Set<number>, wrong: string[]): void {
  const covered = new Set<number>();
  for (const { first, last, time } of sealed.gaps) {
    for (let number = first; number <= last; number++) {
      if (!gone.has(number)) wrong.push(`${log}: the gap ${first}-${last} covers ${number}, which the hub had`);
      if (covered.has(number)) wrong.push(`${log}: ${number} is in two gaps`);
      covered.add(number);
    }
    const next = messages.find(({ sequenceNumber }) => sequenceNumber === last + 1);
    if (next?.enqueued !== time) wrong.push(`${log}: the gap ${first}-${last} has the time ${time}`);
    if (gone.has(last + 1)) wrong.push(`${log}: the gap ${first}-${last} ends before its end`);
  }
  for (const number of gone) if (!covered.has(number)) wrong.push(`${log}: ${number} is gone, and in no gap`);
}

/** Keeps the blob that it read last: the messages of a segment lie in one. */
class EvidenceReader {
  readonly #store: ImmutableStore;
  #name: string | undefined;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(store: ImmutableStore) {
    this.#store = store;
  }

  async holds(place: NonNullable<TrailRecord['data']['evidence']>, body: Buffer): Promise<boolean> {
    const { blob, offset, length } = place;
    if (blob === undefined || offset === undefined || length === undefined) return false;
    if (blob !== this.#name) {
      const found = await this.#store.read(blob);
      if (found === undefined) return false;
      this.#bytes = parseFrame(found, 1 << 28);
      this.#name = blob;
    }
    return this.#bytes.subarray(offset, offset + length).equals(body) && offset + length <= this.#bytes.length;
  }
}

async function checkVerifier(check: TrailToCheck, wrong: string[]): Promise<void> {
  const { trail, evidence, keys, orphans = false, notes = [] } = check;
  const allowed = orphans ? [...notes, 'evidenceUnreferenced'] : notes;
  const { findings } = await collectFindings({ trail, evidence, keys, whole: true, parallel: 1 });
  for (const finding of findings) if (!allowed.includes(finding.kind)) wrong.push(formatFinding(finding));
}

async function checkIndex({ trail, tables }: TrailToCheck, wrong: string[]): Promise<void> {
  // Nobody hostile writes these tables: any salt does.
  for await (const difference of compareIndex({ trail, tables, salt: Buffer.alloc(16, 7) })) {
    wrong.push(`index: ${JSON.stringify(difference)}`);
  }
}
