import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import { collect, makeFolder } from '../contract/stage.ts';

let folder: string;
let remove: () => Promise<void>;
let store: DirectoryImmutableStore;

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  store = new DirectoryImmutableStore(join(folder, 'trail'));
});
afterEach(() => remove());

const at = (...parts: string[]): string => join(folder, 'trail', ...parts);
const names = async (from: DirectoryImmutableStore, prefix = ''): Promise<string[]> =>
  (await collect(from.list(prefix))).map(({ name }) => name);

test('two processes that create the same blobs are both told that they did, or mix their bytes', async () => {
  const COUNT = 60;
  const run = async (text: string): Promise<number[]> => {
    const script = join(import.meta.dirname, 'create-in-process.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, at(), text, String(COUNT)]);
    return JSON.parse(stdout) as number[];
  };
  const [first, second] = await Promise.all([run('first'), run('second')]);
  expect([...(first ?? []), ...(second ?? [])].toSorted((a, b) => a - b)).toEqual([...Array(COUNT).keys()]);
  for (let k = 0; k < COUNT; k++) {
    expect((await store.read(`race/${k}`))?.toString()).toBe(`${first?.includes(k) ? 'first' : 'second'} ${k}`);
  }
  expect(await readdir(at('.preparing'))).toEqual([]);
});

test('what a process that was killed left half-written is listed, read, or in the way', async () => {
  await mkdir(at('.preparing'), { recursive: true });
  await writeFile(at('.preparing', 'left-over'), 'half a segm');
  await mkdir(at('segments', 'log'), { recursive: true });
  expect(await names(store)).toEqual([]);
  expect(await collect(store.listPrefixes(''))).toEqual([]);
  expect(await store.create('segments/log/0', Buffer.from('whole'))).toBe('created');
  expect(await names(store)).toEqual(['segments/log/0']);
});

test('a slip of an editor changes a blob', async () => {
  await store.create('a', Buffer.from('bytes'));
  expect((await stat(at('a'))).mode & 0o777).toBe(0o444);
});

test('a store that is opened to be read creates a blob, a folder, or itself', async () => {
  await store.create('a', Buffer.from('bytes'));
  const reader = new DirectoryImmutableStore(at(), { readOnly: true });
  expect(await reader.read('a')).toEqual(Buffer.from('bytes'));
  expect(await names(reader)).toEqual(['a']);
  await expect(reader.create('b', Buffer.from('x'))).rejects.toMatchObject({ name: 'StoreError', code: 'forbidden' });
  expect(await readdir(at())).toEqual(['.preparing', 'a']);
  const nowhere = new DirectoryImmutableStore(join(folder, 'nowhere'), { readOnly: true });
  await expect(nowhere.read('a')).rejects.toMatchObject({ name: 'StoreError' });
  await expect(collect(nowhere.list(''))).rejects.toMatchObject({ name: 'StoreError' });
  expect(await readdir(folder)).toEqual(['trail']);
});

test('a folder that is lost while it is open looks like an empty log', async () => {
  await store.create('a', Buffer.from('bytes'));
  await rm(at(), { recursive: true });
  await expect(store.read('a')).rejects.toMatchObject({ name: 'StoreError' });
  await expect(store.exists('a')).rejects.toMatchObject({ name: 'StoreError' });
  await expect(collect(store.list(''))).rejects.toMatchObject({ name: 'StoreError' });
});

test('a symbolic link leads out of the folder', async () => {
  await store.create('inside/a', Buffer.from('a'));
  await mkdir(join(folder, 'outside'));
  await writeFile(join(folder, 'outside', 'secret'), 'secret');
  await symlink(join(folder, 'outside', 'secret'), at('file'));
  await symlink(join(folder, 'outside'), at('folder'));
  expect(await names(store)).toEqual(['inside/a']);
  expect(await names(store, 'folder/')).toEqual([]);
  expect(await collect(store.listPrefixes(''))).toEqual(['inside/']);
  for (const name of ['file', 'folder/secret', 'folder']) {
    expect(await store.read(name)).toBeUndefined();
    expect(await store.exists(name)).toBe(false);
  }
  await expect(store.create('file', Buffer.from('x'))).rejects.toMatchObject({ name: 'StoreError' });
  expect(await readFile(join(folder, 'outside', 'secret'), 'utf8')).toBe('secret');
});

test('a folder that is itself reached through a link is refused', async () => {
  await store.create('segments/a', Buffer.from('a'));
  await symlink(at(), join(folder, 'link'));
  const linked = new DirectoryImmutableStore(join(folder, 'link'));
  expect(await linked.read('segments/a')).toEqual(Buffer.from('a'));
  expect(await names(linked, 'segments/')).toEqual(['segments/a']);
});

test('a pipe where a segment belongs keeps the reader waiting', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  expect(await store.read('pipe')).toBeUndefined();
  expect(await store.exists('pipe')).toBe(false);
  expect(await names(store)).toEqual([]);
});

test('a hidden name is written, though it would not be listed', async () => {
  for (const name of ['.hidden', 'a/.hidden', '.preparing/x']) {
    await expect(store.create(name, Buffer.from('x'))).rejects.toMatchObject({ name: 'StoreError', code: 'forbidden' });
    await expect(store.read(name)).rejects.toMatchObject({ name: 'StoreError', code: 'forbidden' });
  }
});

test('a file where a folder belongs, or the other way round, ends in an error of the system', async () => {
  await store.create('a', Buffer.from('file'));
  await store.create('b/c', Buffer.from('in a folder'));
  await expect(store.create('a/b', Buffer.from('x'))).rejects.toMatchObject({ name: 'StoreError' });
  await expect(store.create('b', Buffer.from('x'))).rejects.toMatchObject({ name: 'StoreError' });
  await expect(store.create(`${'x'.repeat(300)}/a`, Buffer.from('x'))).rejects.toMatchObject({ code: 'tooLarge' });
  expect(await readdir(at('.preparing'))).toEqual([]);
});
