import { FormatError, StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { parseSegmentBlob } from '../wire/log-name.ts';
import type { IndexRow } from './index-tables.ts';
import { readSegment, rowsOfSegment } from './sealed-segment.ts';
import { BATCH_ROWS } from './tabulate.ts';

interface SegmentName {
  readonly log: string;
  readonly number: number;
}

export type Derived =
  /** Some of a segment's rows; more of the same segment may follow. */
  | ({ readonly kind: 'rows'; readonly rows: readonly IndexRow[] } & SegmentName)
  /** No rows can be derived from this segment, or not those of all its leaves. */
  | ({ readonly kind: 'unreadable'; readonly reason: string } & SegmentName);

/**
 * Derives the rows of the whole trail, log by log, segment by segment, with one segment in memory at a time. A damaged
 * segment does not keep the rest of the trail out of the index: it is named, and the next one follows. Throws StoreError.
 */
export async function* deriveTrail(trail: ImmutableStore): AsyncGenerator<Derived> {
  for await (const name of listSegments(trail)) {
    try {
      const segment = await readSegment(trail, name.log, name.number);
      if (segment === undefined)
        throw new StoreError('unexpected', `${name.log} segment ${name.number} is listed but not there.`);
      let rows: IndexRow[] = [];
      let unreadable: string | undefined;
      for (const row of rowsOfSegment(segment, (reason) => (unreadable = reason))) {
        rows.push(row);
        if (rows.length < BATCH_ROWS) continue;
        yield { kind: 'rows', ...name, rows };
        rows = [];
      }
      yield { kind: 'rows', ...name, rows };
      if (unreadable !== undefined) yield { kind: 'unreadable', ...name, reason: unreadable };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      yield { kind: 'unreadable', ...name, reason: error.message };
    }
  }
}

/** The last segment of each log. Throws StoreError. */
export async function readHeads(trail: ImmutableStore): Promise<Map<string, number>> {
  const heads = new Map<string, number>();
  for await (const { log, number } of listSegments(trail)) heads.set(log, number);
  return heads;
}

/** Names ascend, so the segments of a log follow each other. What is no segment is the verifier's to report. */
async function* listSegments(trail: ImmutableStore): AsyncGenerator<SegmentName> {
  for await (const { name } of trail.list('segments/')) {
    const segment = parseSegmentBlob(name);
    if (segment !== undefined) yield segment;
  }
}
