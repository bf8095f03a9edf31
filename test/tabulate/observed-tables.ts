import { StoreError } from '../../shared/errors.ts';
import { TABLES } from '../../shared/tabulate/index-tables.ts';
import type { IndexRow, TableName } from '../../shared/tabulate/index-tables.ts';
import { MemoryIndexTables } from '../fakes/memory-index-tables.ts';

/** Tables that note what is written, and can fail in the middle of a write. */
export class ObservedTables extends MemoryIndexTables {
  /** Rows of each call. */
  readonly writes: number[] = [];
  /** How many more rows are taken before every write fails. */
  capacity = Number.POSITIVE_INFINITY;
  /** What happens once a scan has gone through a table. */
  afterScan: (table: TableName) => Promise<void> = async () => {};

  override async write(rows: readonly IndexRow[]): Promise<void> {
    this.writes.push(rows.length);
    await super.write(rows.slice(0, this.capacity));
    this.capacity -= rows.length;
    if (this.capacity < 0) {
      this.capacity = 0;
      throw new StoreError('unavailable', 'the tables took a part of the rows');
    }
  }

  override async *scan(table: TableName): AsyncGenerator<IndexRow> {
    yield* super.scan(table);
    await this.afterScan(table);
  }

  all(): IndexRow[] {
    return TABLES.flatMap((table) => this.rows(table));
  }
}

export function keyOf({ table, partitionKey, rowKey }: Pick<IndexRow, 'table' | 'partitionKey' | 'rowKey'>): string {
  return JSON.stringify([table, partitionKey, rowKey]);
}
