import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStorage } from '../../local/storage/start-storage.ts';
import { BlobImmutableStore } from '../../shared/azure/blob-immutable-store.ts';
import { openContainer } from '../../shared/azure/storage-clients.ts';
import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { collect, freshPrefix, makeFolder } from './stage.ts';
import type { Adapter } from './stage.ts';

const adapters: Adapter<ImmutableStore>[] = [
  {
    name: 'memory',
    open: () => Promise.resolve({ port: new MemoryImmutableStore(), close: () => Promise.resolve() }),
  },
  {
    name: 'directory',
    open: async () => {
      const { folder, remove } = await makeFolder();
      return { port: new DirectoryImmutableStore(folder), close: remove };
    },
  },
  {
    name: 'Blob Storage',
    open: async () => {
      const { folder, remove } = await makeFolder();
      const storage = await startStorage({ dataDir: folder, worm: { trail: { retentionDays: 1 } } });
      const container = openContainer({ name: 'TEST', connectionString: storage.connectionString }, 'trail');
      const close = async (): Promise<void> => {
        await storage.stop();
        await remove();
      };
      return { port: new BlobImmutableStore(container), close };
    },
  },
];

describe.each(adapters)('ImmutableStore: $name', ({ open }) => {
  let store: ImmutableStore;
  let close: () => Promise<void>;
  beforeAll(async () => ({ port: store, close } = await open()));
  afterAll(() => close());

  test('two creators at once are both told that they created the blob', async () => {
    const name = `${freshPrefix()}a`;
    const bodies = Array.from({ length: 8 }, (_, k) => Buffer.from(`creator ${k}`));
    const answers = await Promise.all(bodies.map((body) => store.create(name, body)));
    expect(answers.toSorted()).toEqual(['created', ...Array<string>(7).fill('exists')]);
    expect(await store.read(name)).toEqual(bodies[answers.indexOf('created')]);
  });

  test('a second create replaces what is there', async () => {
    const name = `${freshPrefix()}a`;
    expect(await store.create(name, Buffer.from('first'))).toBe('created');
    expect(await store.create(name, Buffer.from('second'))).toBe('exists');
    expect(await store.create(name, Buffer.from('first'))).toBe('exists');
    expect(await store.read(name)).toEqual(Buffer.from('first'));
  });

  test('a missing blob is an error, or an empty one', async () => {
    const prefix = freshPrefix();
    await store.create(`${prefix}folder/there`, Buffer.from('x'));
    for (const missing of [`${prefix}a`, `${prefix}folder/a`, `${prefix}folder`, `${prefix}no/such/folder/a`]) {
      expect(await store.read(missing)).toBeUndefined();
      expect(await store.exists(missing)).toBe(false);
    }
  });

  test('an empty blob counts as missing', async () => {
    const name = `${freshPrefix()}empty`;
    expect(await store.create(name, new Uint8Array(0))).toBe('created');
    expect(await store.read(name)).toEqual(Buffer.alloc(0));
    expect(await store.exists(name)).toBe(true);
  });

  test('bytes are changed on their way: those that are no text, and many', async () => {
    const prefix = freshPrefix();
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const many = Buffer.alloc(9 * 1024 * 1024 + 1, every);
    await store.create(`${prefix}every.zst`, every);
    await store.create(`${prefix}many.jsonl.zst`, many.subarray(0));
    expect((await store.read(`${prefix}every.zst`))?.equals(every)).toBe(true);
    expect((await store.read(`${prefix}many.jsonl.zst`))?.equals(many)).toBe(true);
  });

  test('a view into a larger buffer is written with its surroundings, or follows them later', async () => {
    const name = `${freshPrefix()}view`;
    const surroundings = Buffer.from('----kept----');
    await store.create(name, new Uint8Array(surroundings.buffer, surroundings.byteOffset + 4, 4));
    surroundings.fill('!');
    const read = await store.read(name);
    expect(read).toEqual(Buffer.from('kept'));
    read?.fill('!');
    expect(await store.read(name)).toEqual(Buffer.from('kept'));
  });

  test('names come in another order than that of their bytes, or with another size', async () => {
    const prefix = freshPrefix();
    const names = ['A', 'Z/1', 'a', 'a-b', 'a.b', 'a/', 'a/1', 'a/10', 'a/2', 'a0', 'aa', 'b/c/d', 'é'];
    const files = names.filter((name) => !name.endsWith('/') && name !== 'a');
    for (const [k, name] of files.toReversed().entries()) await store.create(prefix + name, Buffer.alloc(k));
    const listed = await collect(store.list(prefix));
    expect(listed.map(({ name }) => name)).toEqual(files.map((name) => prefix + name));
    expect(listed.map(({ size }) => size)).toEqual(files.map((_, k) => files.length - 1 - k));
  });

  test('a prefix that ends inside a name, or in another folder, lists too little or too much', async () => {
    const prefix = freshPrefix();
    const names = ['keys/1', 'segments/log/000', 'segments/log/001', 'segments/logs/000', 'segments2'];
    for (const name of names) await store.create(prefix + name, Buffer.from(name));
    const list = async (under: string): Promise<string[]> =>
      (await collect(store.list(prefix + under))).map(({ name }) => name.slice(prefix.length));
    expect(await list('segments/log/')).toEqual(['segments/log/000', 'segments/log/001']);
    expect(await list('segments/log')).toEqual(['segments/log/000', 'segments/log/001', 'segments/logs/000']);
    expect(await list('segments/log/00')).toEqual(['segments/log/000', 'segments/log/001']);
    expect(await list('segments')).toEqual(names.slice(1));
    expect(await list('segments/log/000')).toEqual(['segments/log/000']);
    expect(await list('nothing/')).toEqual([]);
  });

  test('names that no trail has stop a listing, hide, or bring those of a trail out of order', async () => {
    const prefix = freshPrefix();
    const own = ['keys/1.pem', 'segments/log/0', 'segments/log/1', 'segments/log2/0'];
    // In UTF-8 U+FF5E comes before U+1F600, in UTF-16 behind it.
    const foreign = ['.x', '.x.y/z', 'keys/.y', '\uff5e', '\u{1f600}', 'segments/Log/0', 'segments/log/\uff5e', 'z z'];
    const names = [...foreign, ...own].map((name) => prefix + name);
    for (const name of names) await store.create(name, Buffer.from(name));
    const listed = (await collect(store.list(prefix))).map(({ name }) => name);
    expect(listed.toSorted()).toEqual(names.toSorted());
    expect(listed.filter((name) => own.includes(name.slice(prefix.length)))).toEqual(own.map((name) => prefix + name));
    for (const name of names) expect((await store.read(name))?.toString()).toBe(name);
  });

  test('a blob that is larger than its reader allows is taken into memory', async () => {
    const name = `${freshPrefix()}huge`;
    await store.create(name, Buffer.alloc(1_000));
    await expect(store.read(name, 999)).rejects.toMatchObject({ name: 'StoreError', code: 'tooLarge' });
    expect(await store.read(name, 1_000)).toHaveLength(1_000);
    expect(await store.read(`${name}-absent`, 1)).toBeUndefined();
  });

  test('folders are listed with their insides, with blobs, or twice', async () => {
    const prefix = freshPrefix();
    for (const name of ['a/1/x', 'a/1/y', 'a/2/x', 'a/file', 'b/x', 'c'])
      await store.create(prefix + name, Buffer.from(name));
    const folders = async (under: string): Promise<string[]> =>
      (await collect(store.listPrefixes(prefix + under))).map((name) => name.slice(prefix.length));
    expect(await folders('')).toEqual(['a/', 'b/']);
    expect(await folders('a/')).toEqual(['a/1/', 'a/2/']);
    expect(await folders('a/1/')).toEqual([]);
    expect(await folders('nothing/')).toEqual([]);
  });

  test.each([
    ['nothing', ''],
    ['a slash at its beginning', '/a'],
    ['a slash at its end', 'a/'],
    ['an empty part', 'a//b'],
    ['a dot', '.'],
    ['the way out', '../a'],
    ['the way up', 'a/../b'],
    ['a part that folds', 'a/./b'],
    ['a backslash', 'a\\b'],
    ['a zero byte', 'a\u0000b'],
    ['a line feed', 'a\nb'],
    ['half a character', '\ud800'],
    ['1,025 characters', 'x'.repeat(1_025)],
  ])('a name that is, or holds, %s reaches another blob than it says', async (_, name) => {
    const refused = { name: 'StoreError', code: 'forbidden' };
    await expect(store.create(name, Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(store.read(name)).rejects.toMatchObject(refused);
    await expect(store.exists(name)).rejects.toMatchObject(refused);
  });

  test('a prefix climbs out', async () => {
    const refused = { name: 'StoreError', code: 'forbidden' };
    for (const prefix of ['../', 'a/../', '/', 'a//']) {
      await expect(collect(store.list(prefix))).rejects.toMatchObject(refused);
      await expect(collect(store.listPrefixes(prefix))).rejects.toMatchObject(refused);
    }
  });

  test('a listing that is left early leaves something open', async () => {
    const prefix = freshPrefix();
    for (const name of ['1', '2', '3']) await store.create(prefix + name, Buffer.from(name));
    const seen: string[] = [];
    for await (const { name } of store.list(prefix)) {
      seen.push(name);
      break;
    }
    expect(seen).toEqual([`${prefix}1`]);
  });
});
