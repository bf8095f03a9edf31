import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStorage } from '../../local/storage/start-storage.ts';
import { openTable } from '../../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../../shared/azure/table-index-tables.ts';
import { DirectoryIndexTables } from '../../shared/directory/directory-index-tables.ts';
import type { IndexRow, IndexTables } from '../../shared/tabulate/index-tables.ts';
import { MemoryIndexTables } from '../fakes/memory-index-tables.ts';
import { collect, freshPrefix, makeFolder } from './stage.ts';
import type { Adapter } from './stage.ts';

const adapters: Adapter<IndexTables>[] = [
  {
    name: 'memory',
    open: () => Promise.resolve({ port: new MemoryIndexTables(), close: () => Promise.resolve() }),
  },
  {
    name: 'directory',
    open: async () => {
      const { folder, remove } = await makeFolder();
      return { port: new DirectoryIndexTables(folder), close: remove };
    },
  },
  {
    name: 'Table Storage',
    open: async () => {
      const { folder, remove } = await makeFolder();
      const storage = await startStorage({ dataDir: folder });
      const connection = { name: 'TEST', connectionString: storage.connectionString };
      const close = async (): Promise<void> => {
        await storage.stop();
        await remove();
      };
      return { port: new TableIndexTables((table) => openTable(connection, table)), close };
    },
  },
];

/** A partition that no other test uses. */
function freshPartition(): string {
  return `p-${freshPrefix().slice(0, -1)}`;
}

function row(partitionKey: string, rowKey: string, columns: IndexRow['columns'] = { Index: 1 }): IndexRow {
  return { table: 'ByProject', partitionKey, rowKey, columns };
}

describe.each(adapters)('IndexTables: $name', ({ open }) => {
  let tables: IndexTables;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ port: tables, close } = await open());
    await tables.prepare();
  });
  afterAll(() => close());

  test('reading an index of which nothing was made yet is an error, or finds rows', async () => {
    const fresh = await open();
    try {
      expect(await collect(fresh.port.query('ByProject', 'payments!2026-11', { from: '2026' }))).toEqual([]);
      expect(await collect(fresh.port.scan('Events'))).toEqual([]);
      expect(await fresh.port.getProgress('audit.example.com/trail/web/0/0')).toBeUndefined();
      await fresh.port.prepare();
      await fresh.port.write([row('a', 'a')]);
      expect(await collect(fresh.port.scan('ByProject'))).toEqual([row('a', 'a')]);
    } finally {
      await fresh.close();
    }
  });

  test('preparing again is an error, or drops what is there', async () => {
    const partition = freshPartition();
    await tables.write([row(partition, 'a')]);
    await tables.prepare();
    expect(await collect(tables.query('ByProject', partition))).toHaveLength(1);
  });

  test('a value comes back as another, or as another type', async () => {
    const partition = freshPartition();
    const columns = {
      Text: 'O\'Neill — «日本» 😀 "quoted" \\ \n\t',
      Empty: '',
      Digits: '0123',
      Date: '2026-11-23T19:41:07.123Z',
      Guid: '11111111-2222-3333-4444-555555555555',
      Zero: 0,
      Negative: -7,
      Large: 2 ** 40 + 1,
      Largest: Number.MAX_SAFE_INTEGER,
      Fraction: 1.5,
      True: true,
      False: false,
      Long: 'x'.repeat(30_000),
    };
    await tables.write([row(partition, 'a', columns)]);
    expect(await collect(tables.query('ByProject', partition))).toEqual([row(partition, 'a', columns)]);
  });

  test('the same row twice in one call, or again, is refused, doubled or merged with the old one', async () => {
    const partition = freshPartition();
    const old = row(partition, 'a', { Index: 1, Summary: 'gone' });
    const now = row(partition, 'a', { Index: 2 });
    await tables.write([row(partition, 'b'), old, row(partition, 'c'), now]);
    expect(await collect(tables.query('ByProject', partition))).toEqual([
      now,
      row(partition, 'b'),
      row(partition, 'c'),
    ]);
    await tables.write([old]);
    await tables.write([now]);
    expect((await collect(tables.query('ByProject', partition)))[0]).toEqual(now);
  });

  test('more rows than a transaction takes are lost, of many partitions and tables at once', async () => {
    const partitions = Array.from({ length: 5 }, freshPartition);
    const rows = partitions.flatMap((partition, p) =>
      Array.from({ length: 101 + p }, (_, k) => row(partition, String(k).padStart(4, '0'), { Index: k })),
    );
    const others = rows.slice(0, 150).map((each) => ({ ...each, table: 'Events' as const }));
    await tables.write([...rows.toReversed(), ...others]);
    for (const [p, partition] of partitions.entries()) {
      const found = await collect(tables.query('ByProject', partition));
      expect(found.map(({ columns }) => columns['Index'])).toEqual(Array.from({ length: 101 + p }, (_, k) => k));
    }
    const [first = ''] = partitions;
    expect(await collect(tables.query('Events', first))).toHaveLength(101);
  });

  test('rows that are together too large for a transaction are refused', async () => {
    const partition = freshPartition();
    const wide = (k: number): IndexRow =>
      row(
        partition,
        String(k).padStart(3, '0'),
        Object.fromEntries(['A', 'B', 'C'].map((name) => [name, 'é'.repeat(20_000)])),
      );
    const rows = Array.from({ length: 45 }, (_, k) => wide(k));
    await tables.write(rows);
    const found = await collect(tables.query('ByProject', partition));
    expect(found.map(({ rowKey }) => rowKey)).toEqual(rows.map(({ rowKey }) => rowKey));
  });

  test('writing nothing is an error', async () => {
    await expect(tables.write([])).resolves.toBeUndefined();
    await expect(tables.remove([])).resolves.toBeUndefined();
  });

  test('a range takes its end along, leaves its beginning out, or orders keys as words', async () => {
    const partition = freshPartition();
    const keys = ['0', '00', '1', '10', '2', 'A', 'B~1', 'B~10', 'B~2', 'Z', '_', 'a', 'z', 'é', '日'];
    await tables.write(keys.toReversed().map((key) => row(partition, key)));
    const found = async (range?: { from?: string; before?: string }): Promise<string[]> =>
      (await collect(tables.query('ByProject', partition, range))).map(({ rowKey }) => rowKey);
    expect(await found()).toEqual(keys);
    expect(await found({ from: 'B~1', before: 'Z' })).toEqual(['B~1', 'B~10', 'B~2']);
    expect(await found({ from: 'B~1', before: 'B~1' })).toEqual([]);
    expect(await found({ from: 'z' })).toEqual(['z', 'é', '日']);
    expect(await found({ before: '1' })).toEqual(['0', '00']);
    expect(await found({ from: 'nothing between', before: 'o' })).toEqual([]);
  });

  test('a key with a quote, a percent sign or a space finds other rows, or none', async () => {
    const partition = `${freshPartition()}' or PartitionKey ne 'x %2F~`;
    await tables.write([row(partition, "it's 100%25 &+ ~"), row(`${partition}2`, 'other')]);
    expect((await collect(tables.query('ByProject', partition))).map(({ rowKey }) => rowKey)).toEqual([
      "it's 100%25 &+ ~",
    ]);
    expect(await collect(tables.query('ByProject', partition, { from: "it's", before: "it't" }))).toHaveLength(1);
    await tables.remove([row(partition, "it's 100%25 &+ ~")]);
    expect(await collect(tables.query('ByProject', partition))).toEqual([]);
  });

  test('a partition or a table without rows is an error', async () => {
    expect(await collect(tables.query('Access', 'nothing'))).toEqual([]);
    expect(await collect(tables.scan('Access'))).toEqual([]);
  });

  test('a scan misses rows, or mixes partitions and tables', async () => {
    const rows = ['b', 'a', 'c'].flatMap((partitionKey) =>
      ['2', '1'].map((rowKey) => ({
        table: 'Decisions' as const,
        partitionKey,
        rowKey,
        columns: { Role: partitionKey },
      })),
    );
    await tables.write([...rows, row('a', '1')]);
    const found = await collect(tables.scan('Decisions'));
    expect(found.map(({ partitionKey, rowKey }) => partitionKey + rowKey)).toEqual([
      'a1',
      'a2',
      'b1',
      'b2',
      'c1',
      'c2',
    ]);
    expect(found[0]).toEqual({ table: 'Decisions', partitionKey: 'a', rowKey: '1', columns: { Role: 'a' } });
  });

  test('more rows than a page are cut off', async () => {
    const rows = Array.from({ length: 1_100 }, (_, k) => ({
      table: 'Coverage' as const,
      partitionKey: 'many',
      rowKey: String(k).padStart(5, '0'),
      columns: { Index: k },
    }));
    await tables.write(rows);
    expect((await collect(tables.query('Coverage', 'many'))).map(({ columns }) => columns['Index'])).toEqual([
      ...rows.keys(),
    ]);
    expect(await collect(tables.scan('Coverage'))).toHaveLength(1_100);
  });

  test('one absent row keeps the others from being removed', async () => {
    const partition = freshPartition();
    await tables.write(['a', 'b', 'c', 'd'].map((key) => row(partition, key)));
    await tables.remove([row(partition, 'a'), row(partition, 'absent'), row(partition, 'c'), row(partition, 'c')]);
    await tables.remove([row(partition, 'a'), row(`${partition}-absent`, 'a')]);
    expect((await collect(tables.query('ByProject', partition))).map(({ rowKey }) => rowKey)).toEqual(['b', 'd']);
  });

  test('the progress of one log is taken for that of another, or for 0', async () => {
    const log = `audit.example.com/trail/web/${freshPrefix()}0`;
    expect(await tables.getProgress(log)).toBeUndefined();
    await tables.setProgress(log, 0);
    await tables.setProgress(`${log}0`, 7);
    expect(await tables.getProgress(log)).toBe(0);
    await tables.setProgress(log, 123_456_789_012);
    expect(await tables.getProgress(log)).toBe(123_456_789_012);
    expect(await tables.getProgress(`${log}0`)).toBe(7);
  });
});
