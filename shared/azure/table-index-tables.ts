import { hash } from 'node:crypto';

import { odata } from '@azure/data-tables';
import type { TableClient, TransactionAction } from '@azure/data-tables';
import pLimit from 'p-limit';

import { StoreError } from '../errors.ts';
import { TABLES } from '../tabulate/index-tables.ts';
import type { ColumnValue, IndexRow, IndexTables, RowRange, TableName } from '../tabulate/index-tables.ts';
import { withDeadline } from './deadline.ts';
import { toHttpFailure, toStoreError } from './http-error.ts';
import { pagesOf } from './pages.ts';

/** Limits of an entity group transaction: 100 entities, 4 MiB of payload. */
const MAX_TRANSACTION_ROWS = 100;
/** Below 4 MiB by what the estimate may miss: the types of columns, the frame of a part. */
const MAX_TRANSACTION_BYTES = 3_500_000;
/** Boundaries and headers of one part of the transaction's multipart body, its URL apart. */
const PART_OVERHEAD = 1_024;
/** A partition takes some 2,000 rows/s and an account 20,000: eight transactions of 100 in flight use an account up. */
const TRANSACTIONS_IN_FLIGHT = 8;
/** Milliseconds for one transaction or page, its retries included; the service itself gives up after 30 s. */
const DEADLINE = 40_000;

const PROGRESS = 'Progress';

/** How Azure says that there is no such row, or no such table: before anything is sealed, nobody has made the tables. */
const ABSENT = new Set(['ResourceNotFound', 'TableNotFound']);

type RowKey = Pick<IndexRow, 'table' | 'partitionKey' | 'rowKey'>;

/** IndexTables on Azure Table Storage. `open`: the client of one table. */
export class TableIndexTables implements IndexTables {
  readonly #open: (table: string) => TableClient;
  readonly #clients = new Map<string, TableClient>();
  readonly #deadline: number;

  constructor(open: (table: string) => TableClient, deadline = DEADLINE) {
    this.#open = open;
    this.#deadline = deadline;
  }

  async prepare(): Promise<void> {
    const made = [...TABLES, PROGRESS].map((table) =>
      this.#call(`Creating the table ${table}`, (abortSignal) => this.#client(table).createTable({ abortSignal })),
    );
    await allOf(made);
  }

  async write(rows: readonly IndexRow[]): Promise<void> {
    const limit = pLimit(TRANSACTIONS_IN_FLIGHT);
    await allOf(toTransactions(rows).map((transaction) => limit(() => this.#upsert(transaction))));
  }

  async *query(table: TableName, partitionKey: string, range?: RowRange): AsyncGenerator<IndexRow> {
    const conditions = [
      odata`PartitionKey eq ${partitionKey}`,
      ...(range?.from === undefined ? [] : [odata`RowKey ge ${range.from}`]),
      ...(range?.before === undefined ? [] : [odata`RowKey lt ${range.before}`]),
    ];
    yield* this.#list(table, conditions.join(' and '));
  }

  async *scan(table: TableName): AsyncGenerator<IndexRow> {
    yield* this.#list(table, undefined);
  }

  async remove(rows: readonly RowKey[]): Promise<void> {
    const limit = pLimit(TRANSACTIONS_IN_FLIGHT);
    const transactions = toTransactions(rows.map((row) => ({ ...row, columns: {} })));
    await allOf(transactions.map((transaction) => limit(() => this.#delete(transaction))));
  }

  async getProgress(log: string): Promise<number | undefined> {
    const key = progressKey(log);
    const doing = `Reading the progress of ${log}`;
    try {
      const entity = await withDeadline(this.#deadline, (abortSignal) =>
        this.#client(PROGRESS).getEntity(key.partitionKey, key.rowKey, { abortSignal }),
      );
      return segmentOf(entity['Segment'], doing);
    } catch (error) {
      if (ABSENT.has(toHttpFailure(error)?.code ?? '')) return undefined;
      throw toStoreError(error, doing);
    }
  }

  async setProgress(log: string, segment: number): Promise<void> {
    const entity = { ...progressKey(log), Log: log, Segment: toEdm(segment) };
    await this.#call(`Noting the progress of ${log}`, (abortSignal) =>
      this.#client(PROGRESS).upsertEntity(entity, 'Replace', { abortSignal }),
    );
  }

  #client(table: string): TableClient {
    let client = this.#clients.get(table);
    if (client === undefined) {
      client = this.#open(table);
      this.#clients.set(table, client);
    }
    return client;
  }

  /** A write. */
  async #call<T>(doing: string, work: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(this.#deadline, work);
    } catch (error) {
      throw toStoreError(error, doing, 'write');
    }
  }

  async #upsert(rows: readonly IndexRow[]): Promise<void> {
    await this.#submit(rows, 'Writing', (row) => ['upsert', toEntity(row), 'Replace']);
  }

  async #delete(rows: readonly IndexRow[]): Promise<void> {
    try {
      await this.#submit(rows, 'Removing', ({ partitionKey, rowKey }) => ['delete', { partitionKey, rowKey }]);
    } catch (error) {
      if (!(error instanceof StoreError) || toHttpFailure(error.cause)?.code !== 'ResourceNotFound') throw error;
      // One absent row fails the whole transaction, and the service does not say which others there are.
      for (const row of rows) await this.#deleteOne(row);
    }
  }

  async #deleteOne({ table, partitionKey, rowKey }: RowKey): Promise<void> {
    try {
      await withDeadline(this.#deadline, (abortSignal) =>
        this.#client(table).deleteEntity(partitionKey, rowKey, { abortSignal }),
      );
    } catch (error) {
      if (toHttpFailure(error)?.code !== 'ResourceNotFound')
        throw toStoreError(error, `Removing a row of ${table}`, 'write');
    }
  }

  /** `rows`: of one table and partition. */
  async #submit(
    rows: readonly IndexRow[],
    verb: string,
    toAction: (row: IndexRow) => TransactionAction,
  ): Promise<void> {
    const [first] = rows;
    if (first === undefined) return;
    const doing = `${verb} ${rows.length} rows of ${first.table}, partition ${first.partitionKey},`;
    const answer = await this.#call(doing, (abortSignal) =>
      this.#client(first.table).submitTransaction(rows.map(toAction), { abortSignal }),
    );
    // The SDK takes an answer that was cut off for a transaction that did less.
    if (answer.subResponses.length !== rows.length) {
      throw new StoreError(
        'unavailable',
        `${doing} was answered for ${answer.subResponses.length} of them; write them again.`,
      );
    }
  }

  async *#list(table: TableName, filter: string | undefined): AsyncGenerator<IndexRow> {
    const client = this.#client(table);
    const queryOptions = filter === undefined ? {} : { filter };
    const pages = pagesOf(this.#deadline, `Reading the table ${table}`, async (from, abortSignal) => {
      try {
        let body = '';
        const onResponse = (response: { bodyAsText?: string | null }): void => {
          body = response.bodyAsText ?? '';
        };
        const page = await client.listEntities({ queryOptions, abortSignal, onResponse }).byPage(from).next();
        if (page.done === true) return page;
        const { continuationToken } = page.value;
        const value = { rows: parseRows(table, body), ...(continuationToken !== undefined && { continuationToken }) };
        return { done: false, value };
      } catch (error) {
        // Only before the first page: a table that goes away while it is read would look like one that was read whole.
        const isFirst = from.continuationToken === undefined;
        if (isFirst && toHttpFailure(error)?.code === 'TableNotFound') return { done: true, value: undefined };
        throw error;
      }
    });
    for await (const { rows } of pages) yield* rows;
  }
}

/**
 * Rows grouped by table and partition and cut where a transaction ends. A row that comes twice is taken once, as it came
 * last: the service refuses a transaction that names an entity twice.
 */
function toTransactions(rows: readonly IndexRow[]): IndexRow[][] {
  const partitions = new Map<string, Map<string, IndexRow>>();
  for (const row of rows) {
    if (!row.partitionKey.isWellFormed() || !row.rowKey.isWellFormed()) {
      throw new StoreError('unexpected', `A row of ${row.table} has a key that is not Unicode: escape keys first.`);
    }
    const key = JSON.stringify([row.table, row.partitionKey]);
    const partition = partitions.get(key) ?? new Map<string, IndexRow>();
    partitions.set(key, partition.set(row.rowKey, row));
  }
  const transactions: IndexRow[][] = [];
  for (const partition of partitions.values()) {
    let transaction: IndexRow[] = [];
    let bytes = 0;
    for (const row of partition.values()) {
      const size = sizeInTransaction(row);
      if (
        transaction.length === MAX_TRANSACTION_ROWS ||
        (bytes + size > MAX_TRANSACTION_BYTES && transaction.length > 0)
      ) {
        transactions.push(transaction);
        transaction = [];
        bytes = 0;
      }
      transaction.push(row);
      bytes += size;
    }
    transactions.push(transaction);
  }
  return transactions;
}

function sizeInTransaction(row: IndexRow): number {
  const url = encodeURIComponent(row.partitionKey).length + encodeURIComponent(row.rowKey).length;
  return PART_OVERHEAD + url + Buffer.byteLength(JSON.stringify(toEntity(row)));
}

/**
 * Whole numbers are always Int64 and others always Double: left to itself, the service would type a column by each value,
 * and Power BI takes a column's type from the first rows that it sees.
 */
function toEdm(value: ColumnValue): ColumnValue | { type: 'Int64' | 'Double'; value: string } {
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new StoreError('unexpected', `${value} cannot be kept in a table without loss.`);
  }
  return { type: Number.isInteger(value) ? 'Int64' : 'Double', value: String(value) };
}

function toEntity({ partitionKey, rowKey, columns }: IndexRow): { partitionKey: string; rowKey: string } {
  const cells = Object.entries(columns).map(([name, value]) => [name, toEdm(value)] as const);
  return { ...Object.fromEntries(cells), partitionKey, rowKey };
}

/** What the service adds to an entity, under names that no column can have: a dot, or a name of its own. */
const SERVICE_COLUMNS = new Set(['PartitionKey', 'RowKey', 'Timestamp', 'odata.etag']);
const TYPE_SUFFIX = '@odata.type';

/**
 * The rows of a page, from the bytes of the answer. The client's own entities will not do: it renames the keys to
 * `partitionKey` and `rowKey`, and a column of such a name, which anybody who may write the table can add, takes their place.
 * Throws StoreError.
 */
function parseRows(table: TableName, body: string): IndexRow[] {
  let value: unknown;
  try {
    ({ value } = JSON.parse(body) as { value?: unknown });
  } catch (cause) {
    throw new StoreError('unexpected', `Reading the table ${table} failed: the answer is no JSON.`, { cause });
  }
  if (!Array.isArray(value)) throw new StoreError('unexpected', `Reading the table ${table} failed: no list of rows.`);
  return value.map((entity) => toRow(table, entity as Readonly<Record<string, unknown>>));
}

function toRow(table: TableName, entity: Readonly<Record<string, unknown>>): IndexRow {
  const { PartitionKey: partitionKey, RowKey: rowKey } = entity;
  if (typeof partitionKey !== 'string' || typeof rowKey !== 'string') {
    throw new StoreError('unexpected', `Reading the table ${table} failed: a row has no keys.`);
  }
  const cells = Object.entries(entity).flatMap(([name, value]): [string, ColumnValue][] => {
    if (SERVICE_COLUMNS.has(name) || name.endsWith(TYPE_SUFFIX)) return [];
    const type = entity[`${name}${TYPE_SUFFIX}`];
    if (type === 'Edm.Int64' && typeof value === 'string') return [[name, Number(value)]];
    if (isPlain(value) && (type === undefined || (type === 'Edm.Double' && typeof value === 'number'))) {
      return [[name, value]];
    }
    // A row that somebody else wrote: what no row of ours has, so that comparing it with the derived one finds the difference.
    return [
      [name, isPlain(value) ? value : JSON.stringify(value)],
      [`${name}${TYPE_SUFFIX}`, String(type)],
    ];
  });
  // By entries, not by assignment: a column may be named `__proto__`.
  return { table, partitionKey, rowKey, columns: Object.fromEntries(cells) };
}

function isPlain(value: unknown): value is ColumnValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** A log's name holds slashes, which no key may, and may be longer than one: its hash is the key. */
function progressKey(log: string): { partitionKey: string; rowKey: string } {
  return { partitionKey: PROGRESS, rowKey: hash('sha256', log, 'hex') };
}

function segmentOf(value: unknown, doing: string): number {
  const segment = typeof value === 'bigint' ? Number(value) : value;
  if (typeof segment === 'number' && Number.isSafeInteger(segment) && segment >= 0) return segment;
  throw new StoreError('unexpected', `${doing} failed: it is no segment number. Remove the row; it is derived again.`);
}

/** Waits for all before it throws the first error: nothing writes on after the caller was told. */
async function allOf(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
