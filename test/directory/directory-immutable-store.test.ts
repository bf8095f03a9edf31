import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
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
  await writeFile(at('.preparing', randomUUID()), 'half a segm');
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

test('a symbolic link leads out of the folder, or hides from who lists it', async () => {
  await store.create('inside/a', Buffer.from('a'));
  await mkdir(join(folder, 'outside'));
  await writeFile(join(folder, 'outside', 'secret'), 'secret');
  await symlink(join(folder, 'outside', 'secret'), at('file'));
  await symlink(join(folder, 'outside'), at('folder'));
  expect(await names(store)).toEqual(['file', 'folder', 'inside/a']);
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

test('a pipe or a socket where a segment belongs keeps the reader waiting, or hides', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  const server = createServer().listen(at('socket'));
  await once(server, 'listening');
  for (const name of ['pipe', 'socket']) {
    expect(await store.read(name)).toBeUndefined();
    expect(await store.exists(name)).toBe(false);
  }
  expect(await names(store)).toEqual(['pipe', 'socket']);
  await new Promise((resolve) => server.close(resolve));
});

test('a name that begins with a dot is written, though it would not be listed', async () => {
  for (const name of ['.hidden', 'a/.hidden']) await store.create(name, Buffer.from('x'));
  expect(await names(store)).toEqual(['.hidden', 'a/.hidden']);
});

test('something hides where files are prepared, or is put there', async () => {
  await mkdir(at('.preparing', 'segments'), { recursive: true });
  await writeFile(at('.preparing', 'segments', 'a'), 'x');
  await writeFile(at('.preparing', 'b'), 'x');
  await mkdir(at('.preparing', randomUUID()));
  expect(await names(store)).toEqual(['.preparing/b', '.preparing/segments/a']);
  for (const name of ['.preparing', '.preparing/b']) {
    const refused = { name: 'StoreError', code: 'forbidden' };
    await expect(store.create(name, Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(store.read(name)).rejects.toMatchObject(refused);
  }
});

test('a name that is no UTF-8, or longer than a file may have, stops what lists or reads', async () => {
  await store.create('a', Buffer.from('x'));
  // No other file system takes such a name.
  const isTaken = process.platform === 'linux';
  if (isTaken) await writeFile(Buffer.concat([Buffer.from(at('b')), Buffer.of(0xff)]), 'x');
  expect(await names(store)).toEqual(isTaken ? ['a', 'b\ufffd'] : ['a']);
  for (const name of ['b\ufffd', 'x'.repeat(300), `${'x'.repeat(300)}/a`]) {
    expect(await store.read(name)).toBeUndefined();
    expect(await store.exists(name)).toBe(false);
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
