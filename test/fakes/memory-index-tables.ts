import { StoreError } from '../../shared/errors.ts';
import type { IndexRow, IndexTables, RowRange, TableName } from '../../shared/tabulate/index-tables.ts';

type RowKey = Pick<IndexRow, 'table' | 'partitionKey' | 'rowKey'>;

/** What Table Storage forbids in a key: it travels in URLs. */
const FORBIDDEN = /[/\\#?\p{Cc}]/u;
const MAX_KEY = 512;
const MAX_STRING = 32_768;
const MAX_COLUMNS = 252;

/** IndexTables in memory; refuses the rows that Table Storage would refuse. */
export class MemoryIndexTables implements IndexTables {
  readonly #tables = new Map<TableName, Map<string, IndexRow>>();
  readonly #progress = new Map<string, number>();

  async prepare(): Promise<void> {
    // There is nothing to make.
  }

  async write(rows: readonly IndexRow[]): Promise<void> {
    rows.forEach(checkRow);
    for (const row of rows) this.#table(row.table).set(keyOf(row), { ...row, columns: { ...row.columns } });
  }

  async *query(table: TableName, partitionKey: string, range: RowRange = {}): AsyncGenerator<IndexRow> {
    for (const row of this.rows(table)) {
      if (row.partitionKey !== partitionKey) continue;
      if (range.from !== undefined && row.rowKey < range.from) continue;
      if (range.before !== undefined && row.rowKey >= range.before) continue;
      yield row;
    }
  }

  async *scan(table: TableName): AsyncGenerator<IndexRow> {
    yield* this.rows(table);
  }

  async remove(rows: readonly RowKey[]): Promise<void> {
    for (const row of rows) this.#table(row.table).delete(keyOf(row));
  }

  async getProgress(log: string): Promise<number | undefined> {
    return this.#progress.get(log);
  }

  async setProgress(log: string, segment: number): Promise<void> {
    this.#progress.set(log, segment);
  }

  /** Copies of a table's rows, in the order of their keys. */
  rows(table: TableName): IndexRow[] {
    return [...this.#table(table).values()].map((row) => ({ ...row, columns: { ...row.columns } })).sort(byKeys);
  }

  /** What a loss of the tables leaves: nothing, the hints included. */
  drop(): void {
    this.#tables.clear();
    this.#progress.clear();
  }

  #table(table: TableName): Map<string, IndexRow> {
    const rows = this.#tables.get(table) ?? new Map<string, IndexRow>();
    this.#tables.set(table, rows);
    return rows;
  }
}

function keyOf({ partitionKey, rowKey }: RowKey): string {
  return JSON.stringify([partitionKey, rowKey]);
}

function byKeys(a: IndexRow, b: IndexRow): number {
  if (a.partitionKey !== b.partitionKey) return a.partitionKey < b.partitionKey ? -1 : 1;
  return a.rowKey < b.rowKey ? -1 : Number(a.rowKey > b.rowKey);
}

function checkRow(row: IndexRow): void {
  for (const key of [row.partitionKey, row.rowKey]) {
    if (FORBIDDEN.test(key) || key.length > MAX_KEY || !key.isWellFormed()) {
      throw new StoreError(
        'unexpected',
        `A row of ${row.table} has a key that Table Storage refuses: ${key.slice(0, 80)}.`,
      );
    }
  }
  const columns = Object.entries(row.columns);
  if (columns.length > MAX_COLUMNS)
    throw new StoreError('tooLarge', `A row of ${row.table} has ${columns.length} columns.`);
  for (const [name, value] of columns) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)) {
      throw new StoreError('unexpected', `Table Storage takes no column ${name} in ${row.table}.`);
    }
    if (typeof value === 'string' && value.length > MAX_STRING) {
      throw new StoreError('tooLarge', `${row.table}.${name} has ${value.length} characters, more than ${MAX_STRING}.`);
    }
  }
}
