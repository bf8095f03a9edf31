import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { DirectoryIndexTables } from '../../shared/directory/directory-index-tables.ts';
import type { IndexRow } from '../../shared/tabulate/index-tables.ts';
import { collect, makeFolder } from '../contract/stage.ts';

let folder: string;
let remove: () => Promise<void>;
let tables: DirectoryIndexTables;

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  tables = new DirectoryIndexTables(folder);
  await tables.prepare();
});
afterEach(() => remove());

function row(rowKey: string): IndexRow {
  return { table: 'Events', partitionKey: 'p', rowKey, columns: { Index: 1 } };
}

test('writes at the same time lose rows of each other', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, k) => tables.write([row(String(k))])));
  await Promise.all([
    tables.remove([row('3')]),
    tables.write([row('x')]),
    tables.setProgress('a', 1),
    tables.setProgress('b', 2),
  ]);
  expect(await collect(tables.scan('Events'))).toHaveLength(20);
  expect([await tables.getProgress('a'), await tables.getProgress('b')]).toEqual([1, 2]);
});

test('the same rows, written in another order, give another file', async () => {
  await tables.write([row('b'), row('a')]);
  const first = await readFile(join(folder, 'Events.jsonl'), 'utf8');
  expect(first).toBe(
    '{"partitionKey":"p","rowKey":"a","columns":{"Index":1}}\n{"partitionKey":"p","rowKey":"b","columns":{"Index":1}}\n',
  );
  await tables.remove([row('a'), row('b')]);
  await tables.write([row('a')]);
  await tables.write([row('b')]);
  expect(await readFile(join(folder, 'Events.jsonl'), 'utf8')).toBe(first);
});

test.each([
  ['was cut off', '{"partitionKey":"p","rowKey":"a","columns":{}}'],
  ['is no JSON', '{"partitionKey"\n'],
  ['holds something else', '[]\n'],
  ['lacks a key', '{"partitionKey":"p","columns":{}}\n'],
  ['is nested beyond measure', `${'['.repeat(100_000)}\n`],
])('a file that %s ends in an error of the language, or in fewer rows', async (_, content) => {
  await writeFile(join(folder, 'Events.jsonl'), content);
  const damaged = { name: 'StoreError', code: 'unexpected', message: expect.stringContaining('Events.jsonl') };
  await expect(collect(tables.scan('Events'))).rejects.toMatchObject(damaged);
  await expect(tables.write([row('a')])).rejects.toMatchObject(damaged);
  expect(await readFile(join(folder, 'Events.jsonl'), 'utf8')).toBe(content);
});

test('progress that is damaged counts as none', async () => {
  await writeFile(join(folder, 'Progress.jsonl'), '{"log":1}\n');
  await expect(tables.getProgress('log')).rejects.toMatchObject({ name: 'StoreError', code: 'unexpected' });
});
