import { compareIndex } from './compare-index.ts';
import type { CompareDeps, IndexDifference, RowName } from './compare-index.ts';
import { deriveTrail } from './derive-trail.ts';
import type { IndexRow } from './index-tables.ts';
import { BATCH_ROWS } from './tabulate.ts';

export interface Rebuilt {
  /** Rows that the trail gives, all of them written. */
  readonly written: number;
  /** Rows that were in the tables and that no sealed record gives. */
  readonly removed: number;
  /** Segments without rows, or without all of them; the rows that name these as their place were left alone. */
  readonly unreadable: readonly Extract<IndexDifference, { kind: 'unreadable' }>[];
}

const REMOVED_AT_A_TIME = 1_000;

/**
 * Writes all rows of the whole trail and removes every other row. Rows are written before any is removed, so that nobody
 * who reads meanwhile finds less than there was. Sealing may go on; stopped halfway, it is run again. Throws StoreError.
 */
export async function rebuildIndex(deps: CompareDeps): Promise<Rebuilt> {
  await deps.tables.prepare();
  const written = await writeAll(deps);
  const { removed, unreadable } = await removeAdded(deps);
  return { written, removed, unreadable };
}

async function writeAll({ trail, tables }: CompareDeps): Promise<number> {
  let written = 0;
  let pending: IndexRow[] = [];
  let last: { log: string; number: number } | undefined;
  const flush = async (): Promise<void> => {
    if (pending.length > 0) await tables.write(pending);
    written += pending.length;
    pending = [];
  };
  const finishLog = async (): Promise<void> => {
    await flush();
    // After the rows, as the sealer does. Past segments that are unreadable or missing too: they are reported, and the
    // sealer would otherwise stop at them for ever.
    if (last !== undefined) await tables.setProgress(last.log, last.number);
  };
  for await (const derived of deriveTrail(trail)) {
    if (last !== undefined && last.log !== derived.log) await finishLog();
    last = derived;
    if (derived.kind === 'unreadable') continue;
    pending.push(...derived.rows);
    if (pending.length >= BATCH_ROWS) await flush();
  }
  await finishLog();
  return written;
}

async function removeAdded(deps: CompareDeps): Promise<Pick<Rebuilt, 'removed' | 'unreadable'>> {
  const unreadable: Extract<IndexDifference, { kind: 'unreadable' }>[] = [];
  let removed = 0;
  let pending: RowName[] = [];
  const flush = async (): Promise<void> => {
    if (pending.length > 0) await deps.tables.remove(pending);
    removed += pending.length;
    pending = [];
  };
  for await (const difference of compareIndex(deps)) {
    switch (difference.kind) {
      case 'unreadable':
        unreadable.push(difference);
        break;
      case 'added':
        // What is left of a damaged segment may be these rows alone.
        if (unreadable.some(({ log, segment }) => log === difference.log && segment === difference.segment)) break;
        pending.push(difference);
        if (pending.length >= REMOVED_AT_A_TIME) await flush();
        break;
      case 'missing':
      case 'changed':
        // Written a moment ago, so somebody else works on the tables: the next comparison tells.
        break;
    }
  }
  await flush();
  return { removed, unreadable };
}
