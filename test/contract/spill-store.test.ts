import { hash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStorage } from '../../local/storage/start-storage.ts';
import { BlobSpillStore } from '../../shared/azure/blob-spill-store.ts';
import { BlobSpilledBodies } from '../../shared/azure/blob-spilled-bodies.ts';
import { openContainer } from '../../shared/azure/storage-clients.ts';
import { DirectorySpillStore } from '../../shared/directory/directory-spill-store.ts';
import type { SpillStore } from '../../shared/publish/spill-store.ts';
import type { SpilledBodies } from '../../shared/seal/raw-body.ts';
import { MemorySpillStore } from '../fakes/memory-spill-store.ts';
import { collect, freshPrefix, makeFolder } from './stage.ts';
import type { Adapter } from './stage.ts';

/** The app's side of the container, and the sealer's where there is one. */
interface Spill {
  readonly store: SpillStore;
  readonly bodies: SpilledBodies | undefined;
}

const adapters: Adapter<Spill>[] = [
  {
    name: 'memory',
    open: () => {
      const store = new MemorySpillStore();
      return Promise.resolve({ port: { store, bodies: store }, close: () => Promise.resolve() });
    },
  },
  {
    name: 'directory',
    open: async () => {
      const { folder, remove } = await makeFolder();
      return { port: { store: new DirectorySpillStore(folder), bodies: undefined }, close: remove };
    },
  },
  {
    name: 'Blob Storage, as an identity that can create and read',
    open: async () => {
      const { folder, remove } = await makeFolder();
      const storage = await startStorage({ dataDir: folder, worm: { 'spill-collect': { createOnly: true } } });
      const connection = { name: 'TEST', connectionString: storage.connectionString };
      const container = openContainer(connection, 'spill-collect');
      const port = { store: new BlobSpillStore(container), bodies: new BlobSpilledBodies(container) };
      const close = async (): Promise<void> => {
        await storage.stop();
        await remove();
      };
      return { port, close };
    },
  },
];

/** Unaborted. */
function inTime(): AbortSignal {
  return new AbortController().signal;
}

describe.each(adapters)('SpillStore: $name', ({ open }) => {
  let store: SpillStore;
  let bodies: SpilledBodies | undefined;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const stage = await open();
    ({ store, bodies } = stage.port);
    close = () => stage.close();
  });
  afterAll(() => close());

  test('a body that is put twice is an error, or what the sealer reads is another', async () => {
    const body = Buffer.from([0, 255, 10, 13, 0]);
    const sha256 = hash('sha256', body, 'hex');
    await store.putBody(sha256, body, inTime());
    await store.putBody(sha256, body, inTime());
    if (bodies === undefined) return;
    expect(await bodies.read(sha256)).toEqual(body);
    expect(await bodies.read(hash('sha256', 'other', 'hex'))).toBeUndefined();
  });

  test('a request that is put again after an error replaces the first, or is an error', async () => {
    const name = `20260101T000000.000Z-${freshPrefix().slice(0, -1)}`;
    await store.putRequest(name, Buffer.from('first'), inTime());
    await store.putRequest(name, Buffer.from('first'), inTime());
    expect(await store.getRequest(name)).toEqual(Buffer.from('first'));
    expect(await store.getRequest(`${name}-other`)).toBeUndefined();
  });

  test('requests come in another order than that of their names, or with their folder, or mixed with marks and bodies', async () => {
    const at = (k: number): string => `2026010${k}T000000.000Z`;
    for (const k of [3, 1, 2]) await store.putRequest(at(k), Buffer.from(`request ${k}`), inTime());
    await store.putReplayed(at(1));
    await store.putReplayed(at(1));
    const names = await collect(store.listRequests());
    expect(names.filter((name) => /^2026010\dT000000\.000Z$/.test(name))).toEqual([at(1), at(2), at(3)]);
    expect(names).toEqual(names.toSorted());
    expect(await collect(store.listReplayed())).toEqual([at(1)]);
  });

  test('a put that was given up keeps its caller waiting, or throws what the caller does not expect', async () => {
    const given = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
    const failed = { name: 'StoreError', code: 'unavailable' };
    await expect(store.putRequest('given-up', Buffer.from('x'), given)).rejects.toMatchObject(failed);
    await expect(store.putBody('0'.repeat(64), Buffer.from('x'), given)).rejects.toMatchObject(failed);
  });

  test('a name reaches out of its folder', async () => {
    const refused = { name: 'StoreError', code: 'forbidden' };
    await expect(store.putRequest('../bodies/x', Buffer.from('x'), inTime())).rejects.toMatchObject(refused);
    await expect(store.getRequest('../bodies/x')).rejects.toMatchObject(refused);
    await expect(store.putReplayed('../../x')).rejects.toMatchObject(refused);
  });
});
