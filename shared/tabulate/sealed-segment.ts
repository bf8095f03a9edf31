import { FormatError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { parseJson } from '../wire/json.ts';
import { formatSegmentBlob } from '../wire/log-name.ts';
import { parseRecord } from '../wire/record.ts';
import { parseSegment } from '../wire/segment.ts';
import type { Segment } from '../wire/segment.ts';
import type { IndexRow } from './index-tables.ts';
import { toRows } from './rows.ts';

/** What rows are derived from: a segment that was read back, or one that was just written. */
export type SealedSegment = Pick<Segment, 'seal' | 'leaves'>;

/** undefined: there is no such blob. Throws StoreError, and FormatError where the blob is not that segment. */
export async function readSegment(
  trail: ImmutableStore,
  log: string,
  number: number,
): Promise<SealedSegment | undefined> {
  const blob = await trail.read(formatSegmentBlob(log, number));
  if (blob === undefined) return undefined;
  const segment = parseSegment(blob);
  if (segment.seal.log !== log || segment.seal.number !== number) {
    const holds = `${segment.seal.log} segment ${segment.seal.number}`;
    throw new FormatError('segment', `The blob of ${log} segment ${number} holds ${holds}.`);
  }
  return segment;
}

/**
 * All rows of a segment, record by record: the leaf's bytes are parsed, since what they were made from may be longer, and
 * one record is in memory at a time, since all of a segment would take many times its 64 MiB. Throws FormatError `record`.
 */
export function* rowsOfSegment({ seal, leaves }: SealedSegment): Generator<IndexRow> {
  let index = seal.first;
  for (const leaf of leaves) {
    yield* toRows(parseRecord(parseJson(leaf)), { log: seal.log, segment: seal.number, index: index++ });
  }
}
