import { FormatError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { readSegmentBlob } from '../seal/segment-blob.ts';
import { parseJson } from '../wire/json.ts';
import { parseRecord } from '../wire/record.ts';
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
  return readSegmentBlob(trail, log, number);
}

/**
 * All rows of a segment, record by record: the leaf's bytes are parsed, since what they were made from may be longer, and
 * one record is in memory at a time, since all of a segment would take many times its 64 MiB. A leaf that is no record keeps
 * no other out of the index; where there are any, `unreadable` gets one line about them in the end.
 */
export function* rowsOfSegment(
  { seal, leaves }: SealedSegment,
  unreadable?: (reason: string) => void,
): Generator<IndexRow> {
  let first: string | undefined;
  let count = 0;
  for (const [i, leaf] of leaves.entries()) {
    const index = seal.first + i;
    let rows: IndexRow[];
    try {
      rows = toRows(parseRecord(parseJson(leaf)), { log: seal.log, segment: seal.number, index });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      first ??= `the first is leaf ${index} of the log. ${error.message}`;
      count++;
      continue;
    }
    yield* rows;
  }
  if (first === undefined) return;
  const leavesAre = count === 1 ? '1 leaf of the segment is' : `${count} leaves of the segment are`;
  unreadable?.(`${leavesAre} no record and not in the index: ${first}`);
}
