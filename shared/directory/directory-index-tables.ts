import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { StoreError } from '../errors.ts';
import { TABLES } from '../tabulate/index-tables.ts';
import type { ColumnValue, IndexRow, IndexTables, RowRange, TableName } from '../tabulate/index-tables.ts';
import { isObject, parseJson } from '../wire/json.ts';
import { readRegularFile, replaceFile } from './durable-file.ts';
import { toFileError } from './file-error.ts';

const MODE = 0o644;

type RowKey = Pick<IndexRow, 'table' | 'partitionKey' | 'rowKey'>;

/**
 * IndexTables in a folder: a file of JSON lines a table, in the order of keys, read and replaced whole by every write. For
 * exports and tests, by one process at a time.
 */
export class DirectoryIndexTables implements IndexTables {
  readonly #root: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string) {
    this.#root = root;
  }

  async prepare(): Promise<void> {
    try {
      mkdirSync(this.#root, { recursive: true });
    } catch (error) {
      throw toFileError(error, `Making ${this.#root}`);
    }
    for (const table of TABLES) await this.#change(table, () => undefined);
  }

  async write(rows: readonly IndexRow[]): Promise<void> {
    for (const table of new Set(rows.map((row) => row.table))) {
      await this.#change(table, (found) => {
        for (const row of rows) if (row.table === table) found.set(keyOf(row), row);
      });
    }
  }

  async *query(table: TableName, partitionKey: string, range: RowRange = {}): AsyncGenerator<IndexRow> {
    for (const row of await this.#rows(table)) {
      if (row.partitionKey !== partitionKey) continue;
      if (range.from !== undefined && row.rowKey < range.from) continue;
      if (range.before !== undefined && row.rowKey >= range.before) continue;
      yield row;
    }
  }

  async *scan(table: TableName): AsyncGenerator<IndexRow> {
    yield* await this.#rows(table);
  }

  async remove(rows: readonly RowKey[]): Promise<void> {
    for (const table of new Set(rows.map((row) => row.table))) {
      await this.#change(table, (found) => {
        for (const row of rows) if (row.table === table) found.delete(keyOf(row));
      });
    }
  }

  async getProgress(log: string): Promise<number | undefined> {
    return (await this.#progress()).get(log);
  }

  async setProgress(log: string, segment: number): Promise<void> {
    await this.#inTurn(async () => {
      const progress = (await this.#progress()).set(log, segment);
      const lines = [...progress].sort(([a], [b]) => (a < b ? -1 : 1)).map((each) => JSON.stringify(each));
      await this.#replace('Progress.jsonl', lines);
    });
  }

  async #progress(): Promise<Map<string, number>> {
    const entries = (await this.#lines('Progress.jsonl')).map((line): [string, number] => {
      const [log, segment] = Array.isArray(line) ? line : [];
      if (typeof log === 'string' && typeof segment === 'number') return [log, segment];
      throw damaged(this.#root, 'Progress.jsonl');
    });
    return new Map(entries);
  }

  async #change(table: TableName, change: (rows: Map<string, IndexRow>) => void): Promise<void> {
    await this.#inTurn(async () => {
      const rows = new Map((await this.#rows(table)).map((row) => [keyOf(row), row]));
      change(rows);
      const lines = [...rows.values()].sort(byKeys).map(({ partitionKey, rowKey, columns }) => {
        return JSON.stringify({ partitionKey, rowKey, columns });
      });
      await this.#replace(`${table}.jsonl`, lines);
    });
  }

  async #rows(table: TableName): Promise<IndexRow[]> {
    return (await this.#lines(`${table}.jsonl`)).map((line) => {
      if (!isObject(line)) throw damaged(this.#root, `${table}.jsonl`);
      const { partitionKey, rowKey, columns } = line;
      if (typeof partitionKey !== 'string' || typeof rowKey !== 'string' || !isObject(columns)) {
        throw damaged(this.#root, `${table}.jsonl`);
      }
      return { table, partitionKey, rowKey, columns: columns as Record<string, ColumnValue> };
    });
  }

  async #lines(file: string): Promise<unknown[]> {
    let bytes: Buffer;
    try {
      bytes = (await readRegularFile(join(this.#root, file))) ?? Buffer.alloc(0);
    } catch (error) {
      throw toFileError(error, `Reading ${file} in ${this.#root}`);
    }
    const lines: unknown[] = [];
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(0x0a, start);
      if (end === -1) throw damaged(this.#root, file);
      try {
        lines.push(parseJson(bytes.subarray(start, end)));
      } catch (error) {
        throw damaged(this.#root, file, error);
      }
      start = end + 1;
    }
    return lines;
  }

  async #replace(file: string, lines: readonly string[]): Promise<void> {
    try {
      await replaceFile(
        this.#root,
        join(this.#root, file),
        Buffer.from(lines.map((line) => `${line}\n`).join('')),
        MODE,
      );
    } catch (error) {
      throw toFileError(error, `Writing ${file} in ${this.#root}`);
    }
  }

  /** One change after the other: each reads what the one before has written. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function keyOf({ partitionKey, rowKey }: RowKey): string {
  return JSON.stringify([partitionKey, rowKey]);
}

/** By UTF-16 code units, as Table Storage orders keys. */
function byKeys(a: IndexRow, b: IndexRow): number {
  if (a.partitionKey !== b.partitionKey) return a.partitionKey < b.partitionKey ? -1 : 1;
  return a.rowKey < b.rowKey ? -1 : Number(a.rowKey > b.rowKey);
}

function damaged(root: string, file: string, cause?: unknown): StoreError {
  const message = `${file} in ${root} is damaged: remove it and rebuild the index.`;
  return new StoreError('unexpected', message, cause === undefined ? undefined : { cause });
}
