/** The tables of the index. `Progress` is a hint beside them (log → last segment tabulated), never evidence. */
export const TABLES = [
  'Events',
  'ByProject',
  'ByActor',
  'ByTarget',
  'ByLink',
  'Decisions',
  'Deployments',
  'Access',
  'Coverage',
] as const;
export type TableName = (typeof TABLES)[number];

export type ColumnValue = string | number | boolean;

/** One entity. Keys are escaped already; no column is named PartitionKey, RowKey or Timestamp. */
export interface IndexRow {
  readonly table: TableName;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly columns: Readonly<Record<string, ColumnValue>>;
}

/** Half-open range of row keys, in the order of their UTF-16 code units; absent: from the first, to the last. */
export interface RowRange {
  readonly from?: string | undefined;
  readonly before?: string | undefined;
}

/**
 * Port: the derived index. Everything in it can be dropped and derived again. Every method throws StoreError; after a throw
 * by `write` any part of the rows may be there, and writing them again is harmless. Before `prepare` reading gives nothing:
 * on a fresh deployment no table exists until something is sealed.
 */
export interface IndexTables {
  /** Makes sure that the tables exist. */
  prepare(): Promise<void>;
  /**
   * Puts rows in entity group transactions (at most 100 rows and 4 MiB, one partition each), several partitions at once.
   * A row that is there already with the same keys is replaced by its equal. Takes rows in any order, the same row twice too.
   */
  write(rows: readonly IndexRow[]): Promise<void>;
  /** Rows of one partition in row-key order, a page at a time. */
  query(table: TableName, partitionKey: string, range?: RowRange): AsyncIterable<IndexRow>;
  /** Every row of a table in (partition key, row key) order, a page at a time: for comparing and rebuilding. */
  scan(table: TableName): AsyncIterable<IndexRow>;
  /** Removes rows: for `rebuild-index` alone, under the operator's identity. Absent ones count as removed. */
  remove(rows: readonly Pick<IndexRow, 'table' | 'partitionKey' | 'rowKey'>[]): Promise<void>;
  /** Number of the last segment tabulated; undefined where none is noted. */
  getProgress(log: string): Promise<number | undefined>;
  setProgress(log: string, segment: number): Promise<void>;
}
