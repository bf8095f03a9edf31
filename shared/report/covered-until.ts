import type { IndexTables } from '../tabulate/index-tables.ts';
import { partitionOf, rowPrefix } from '../tabulate/keys.ts';
import { formatTimestamp, toTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { coverageSource } from '../normalize/coverage.ts';

const HOUR = 3_600_000;
/** Hours to look back, one after the other: the last window of a source that is watched is minutes old. */
const LOOK_BACK = [2, 48, 24 * 31, 24 * 366];

/** The end of the last window of a source whose coverage is sealed, by the index; undefined where there is none. Throws StoreError. */
export async function coveredUntil(tables: IndexTables, source: string, now: number): Promise<Timestamp | undefined> {
  for (const hours of LOOK_BACK) {
    const from = rowPrefix(formatTimestamp(now - hours * HOUR));
    let last: Timestamp | undefined;
    for await (const { columns } of tables.query('Coverage', partitionOf(coverageSource(source)), { from })) {
      const until = toTimestamp(columns['Until']);
      if (until !== undefined && (last === undefined || until > last)) last = until;
    }
    if (last !== undefined) return last;
  }
  return undefined;
}
