import { hash } from 'node:crypto';

import { StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { deriveTrail, readHeads } from './derive-trail.ts';
import { TABLES } from './index-tables.ts';
import type { IndexRow, IndexTables, TableName } from './index-tables.ts';

/**
 * Whether the index holds exactly the rows that the trail gives, in memory that does not grow with it.
 *
 * Every row, derived and found, falls by the hash of its keys into one of 9 × 4,096 buckets: a bucket is the sum of the
 * hashes of what was found less that of what was derived, so that a row which comes more than once counts as often. Both
 * sides hold the same rows exactly where all buckets end at zero: hashes are salted with bytes that nobody knew before this
 * run, so no choice of rows cancels out (but with 2^-128). Only the rows of buckets that do not are then looked at one by
 * one, as many buckets in a round as memory allows.
 */
export type IndexDifference =
  | ({ readonly kind: 'missing' | 'changed' } & RowName)
  /** In the table, and derived from no sealed record. What it says of its place is its own word. */
  | ({ readonly kind: 'added' } & RowName)
  /** A segment that does not parse: its rows appear as added. */
  | { readonly kind: 'unreadable'; readonly log: string; readonly segment: number; readonly reason: string };

/** A row, and the record that it is of. */
export interface RowName {
  readonly table: TableName;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly log: string | undefined;
  readonly segment: number | undefined;
  readonly index: number | undefined;
  readonly eventId: string | undefined;
}

export interface CompareDeps {
  readonly trail: ImmutableStore;
  readonly tables: IndexTables;
  /** At least 16 fresh random bytes. */
  readonly salt: Uint8Array;
  /** Rows of a round that are in memory together. */
  readonly rowsInMemory?: number;
}

const BUCKETS = 4_096;
const WORDS = 4;

/**
 * Yields every difference, in no particular order; nothing where the index is what the trail gives. Sealing may go on
 * meanwhile. Throws StoreError.
 */
export async function* compareIndex({
  trail,
  tables,
  salt,
  rowsInMemory = 1_000_000,
}: CompareDeps): AsyncGenerator<IndexDifference> {
  const prefix = Buffer.from(salt).toString('hex');
  // In this order: a row that is found was sealed before, so the segments read after it have it; and what was sealed
  // since this moment need not be in the tables yet.
  const due = await readHeads(trail);
  const buckets = new Buckets(prefix);
  for (const table of TABLES) {
    for await (const row of tables.scan(table)) buckets.addFound(row);
  }
  for await (const derived of deriveTrail(trail)) {
    if (derived.kind === 'rows') for (const row of derived.rows) buckets.addDerived(row);
    else yield { kind: 'unreadable', log: derived.log, segment: derived.number, reason: derived.reason };
  }
  for (const round of buckets.rounds(rowsInMemory)) yield* compareRows(trail, tables, buckets, round, due);
}

async function* compareRows(
  trail: ImmutableStore,
  tables: IndexTables,
  buckets: Buckets,
  round: ReadonlySet<number>,
  due: ReadonlyMap<string, number>,
): AsyncGenerator<IndexDifference> {
  const found = new Map<string, IndexRow>();
  for (const [place, table] of TABLES.entries()) {
    if (![...round].some((bucket) => Math.floor(bucket / BUCKETS) === place)) continue;
    for await (const row of tables.scan(table)) {
      if (!round.has(buckets.bucketOf(row))) continue;
      const keys = keysOf(row);
      // A table has one row for each pair of keys: one more is nobody's, whatever it claims.
      if (found.has(keys)) yield { kind: 'added', ...toName(row) };
      else found.set(keys, row);
    }
  }
  for await (const derived of deriveTrail(trail)) {
    if (derived.kind === 'unreadable') continue;
    for (const row of derived.rows) {
      if (!round.has(buckets.bucketOf(row))) continue;
      const other = found.get(keysOf(row));
      found.delete(keysOf(row));
      if (other === undefined) {
        const isDue = derived.number <= (due.get(derived.log) ?? -1);
        if (isDue && !(await isThere(tables, row))) yield { kind: 'missing', ...toName(row) };
      } else if (contentOf(other) !== contentOf(row)) {
        yield { kind: 'changed', ...toName(row) };
      }
    }
  }
  for (const row of found.values()) yield { kind: 'added', ...toName(row) };
}

/** What `Progress` says of a log and cannot be. */
export interface ProgressDifference {
  readonly kind: 'progressWrong';
  readonly log: string;
  /** The segment that it names; undefined where it names none at all. */
  readonly segment: number | undefined;
  /** The last segment of the log. */
  readonly last: number;
}

/**
 * Yields each log whose `Progress` is ahead of it, or no number: a sealer would leave the segments in between out of the
 * index. That it lags behind is no lie. Only the logs of the trail are asked for. Throws StoreError.
 */
export async function* compareProgress({
  trail,
  tables,
}: Pick<CompareDeps, 'trail' | 'tables'>): AsyncGenerator<ProgressDifference> {
  const noted = new Map<string, number | undefined>();
  for (const log of (await readHeads(trail)).keys()) noted.set(log, await readProgress(tables, log));
  // Afterwards: a segment is there before Progress names it, and sealing may go on meanwhile.
  for (const [log, last] of await readHeads(trail)) {
    if (!noted.has(log)) continue;
    const segment = noted.get(log);
    if (segment === undefined || segment > last) yield { kind: 'progressWrong', log, segment, last };
  }
}

/** -1: none is noted; undefined: what is noted is no number of a segment. */
async function readProgress(tables: IndexTables, log: string): Promise<number | undefined> {
  try {
    return (await tables.getProgress(log)) ?? -1;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'unexpected') return undefined;
    throw error;
  }
}

/** Looks again: the sealer may have written the row after the table was read. */
async function isThere(tables: IndexTables, row: IndexRow): Promise<boolean> {
  for await (const other of tables.query(row.table, row.partitionKey, { from: row.rowKey })) {
    return other.rowKey === row.rowKey && contentOf(other) === contentOf(row);
  }
  return false;
}

/** The state of the first pass: 16 bytes for each bucket, and how many rows were found in it. */
class Buckets {
  readonly #prefix: string;
  readonly #sums = new Uint32Array(TABLES.length * BUCKETS * WORDS);
  readonly #found = new Uint32Array(TABLES.length * BUCKETS);

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  bucketOf(row: IndexRow): number {
    const digits = hash('sha256', this.#prefix + keysOf(row), 'hex').slice(0, 8);
    return TABLES.indexOf(row.table) * BUCKETS + (Number.parseInt(digits, 16) % BUCKETS);
  }

  addFound(row: IndexRow): void {
    const bucket = this.bucketOf(row);
    this.#found[bucket] = (this.#found[bucket] ?? 0) + 1;
    this.#add(bucket, row, 1);
  }

  addDerived(row: IndexRow): void {
    this.#add(this.bucketOf(row), row, -1);
  }

  #add(bucket: number, row: IndexRow, sign: 1 | -1): void {
    const digest = hash('sha256', this.#prefix + keysOf(row) + contentOf(row), 'buffer');
    for (let word = 0; word < WORDS; word++) {
      const at = bucket * WORDS + word;
      // Modulo 2^32: a Uint32Array wraps.
      this.#sums[at] = (this.#sums[at] ?? 0) + sign * digest.readUInt32LE(word * 4);
    }
  }

  /** The buckets that do not end at zero, in sets whose found rows fit into memory (one bucket at least). */
  *rounds(rowsInMemory: number): Generator<ReadonlySet<number>> {
    let round = new Set<number>();
    let rows = 0;
    for (let bucket = 0; bucket < this.#found.length; bucket++) {
      if (this.#sums.subarray(bucket * WORDS, (bucket + 1) * WORDS).every((word) => word === 0)) continue;
      const more = this.#found[bucket] ?? 0;
      if (round.size > 0 && rows + more > rowsInMemory) {
        yield round;
        round = new Set();
        rows = 0;
      }
      round.add(bucket);
      rows += more;
    }
    if (round.size > 0) yield round;
  }
}

function keysOf({ table, partitionKey, rowKey }: IndexRow): string {
  return JSON.stringify([table, partitionKey, rowKey]);
}

/** Tables give columns in an order of their own. */
function contentOf({ columns }: IndexRow): string {
  return JSON.stringify(Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function toName({ table, partitionKey, rowKey, columns }: IndexRow): RowName {
  const { Log: log, Segment: segment, Index: index, EventId: eventId } = columns;
  return {
    table,
    partitionKey,
    rowKey,
    log: typeof log === 'string' ? log : undefined,
    segment: typeof segment === 'number' ? segment : undefined,
    index: typeof index === 'number' ? index : undefined,
    eventId: typeof eventId === 'string' ? eventId : undefined,
  };
}
