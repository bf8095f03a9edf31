import { StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { formatSegmentBlob, parseSegmentBlob, segmentPrefix } from '../wire/log-name.ts';
import type { IndexRow, IndexTables } from './index-tables.ts';
import { readSegment, rowsOfSegment } from './sealed-segment.ts';
import type { SealedSegment } from './sealed-segment.ts';

export interface TabulateDeps {
  readonly trail: ImmutableStore;
  readonly tables: IndexTables;
  /** Gets a line for each segment with leaves that are no records: no later call comes back to them. */
  readonly warn?: (line: string) => void;
}

/**
 * Rows that are written at a time: some 2,000 records. A transaction takes one partition's rows, up to 100, so the more
 * rows are at hand, the fewer transactions they take.
 */
export const BATCH_ROWS = 20_000;

/**
 * Derives the rows of all segments of a log up to and including `upTo` that `Progress` does not cover yet. `fresh`:
 * segments that were just sealed, which spares reading them back; those of a log that this one has replaced meanwhile are
 * tabulated too. With nothing to do it reads Progress and writes nothing.
 *
 * Throws StoreError (`unexpected` where a segment below `upTo` is missing) and FormatError (a segment that does not parse);
 * what was written by then stays, and the next call goes on from `Progress`. A leaf that is no record is passed over: it is
 * sealed for good, and would keep all that follows out of the index.
 */
export async function tabulateLog(
  deps: TabulateDeps,
  log: string,
  upTo: number,
  fresh: readonly SealedSegment[] = [],
): Promise<void> {
  const byLog = Map.groupBy(fresh, ({ seal }) => seal.log);
  for (const [replaced, segments] of byLog) {
    if (replaced !== log) await tabulateOne(deps, replaced, lastNumber(segments), segments);
  }
  await tabulateOne(deps, log, upTo, byLog.get(log) ?? []);
}

function lastNumber(segments: readonly SealedSegment[]): number {
  return segments.reduce((last, { seal }) => Math.max(last, seal.number), -1);
}

async function tabulateOne(
  { trail, tables, warn }: TabulateDeps,
  log: string,
  upTo: number,
  fresh: readonly SealedSegment[],
): Promise<void> {
  const progress = (await tables.getProgress(log)) ?? -1;
  const writer = new RowWriter(tables, log, progress, warn);
  const inMemory = new Map(fresh.map((segment) => [segment.seal.number, segment]));
  // Written even where Progress claims to cover them: it is a hint, and whoever can write a table can set it too high.
  for (const [number, segment] of inMemory) if (number <= progress) await writer.add(segment);
  let number = progress + 1;
  if (number <= upTo && !inMemory.has(number)) number = await firstToRead(trail, log, number);
  for (; number <= upTo; number++) {
    const segment = inMemory.get(number) ?? (await readSegment(trail, log, number));
    if (segment === undefined) {
      const missing = `Segment ${number} of ${log} is not there, although segment ${upTo} is.`;
      throw new StoreError('unexpected', `${missing} Run "indelible verify"; nothing behind it is tabulated.`);
    }
    await writer.add(segment);
  }
  await writer.finish();
}

/** Whole prefixes of a log are pruned after their retention: what is left begins with its first blob. */
async function firstToRead(trail: ImmutableStore, log: string, next: number): Promise<number> {
  if (await trail.exists(formatSegmentBlob(log, next))) return next;
  for await (const { name } of trail.list(segmentPrefix(log))) {
    const found = parseSegmentBlob(name);
    if (found?.log === log) return Math.max(found.number, next);
  }
  return next;
}

/**
 * Writes the rows of consecutive segments, several segments' at a time. Progress is written after the rows and names only
 * segments whose rows are all there: a crash in between leaves rows that the next run writes again, equal ones in the same
 * place. The other order would leave a segment without rows that nobody comes back to.
 */
class RowWriter {
  readonly #tables: IndexTables;
  readonly #log: string;
  readonly #warn: TabulateDeps['warn'];
  #progress: number;
  #added = -1;
  #rows: IndexRow[] = [];

  /** `progress`: what is noted already; it is never put back. */
  constructor(tables: IndexTables, log: string, progress: number, warn: TabulateDeps['warn']) {
    this.#tables = tables;
    this.#log = log;
    this.#progress = progress;
    this.#warn = warn;
  }

  async add(segment: SealedSegment): Promise<void> {
    const { log, number } = segment.seal;
    for (const row of rowsOfSegment(segment, (reason) => this.#warn?.(`${log} segment ${number}: ${reason}`))) {
      this.#rows.push(row);
      // A hostile record may have thousands of rows: memory is bounded within a segment too.
      if (this.#rows.length >= BATCH_ROWS) await this.#write();
    }
    this.#added = segment.seal.number;
    if (this.#rows.length >= BATCH_ROWS / 2) await this.finish();
  }

  /** Writes what is left, and how far it goes. Throws StoreError: then rows may be there in part, and Progress is not. */
  async finish(): Promise<void> {
    await this.#write();
    if (this.#added <= this.#progress) return;
    await this.#tables.setProgress(this.#log, this.#added);
    this.#progress = this.#added;
  }

  async #write(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) await this.#tables.write(rows);
  }
}
