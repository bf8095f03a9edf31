import { TableClient } from '@azure/data-tables';
import type { TransactionAction } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closeAzurite } from '../../local/storage/azurite.ts';
import type { Azurite, BlobMetadataStore, StorageErrorClass } from '../../local/storage/azurite.ts';
import { startStorage } from '../../local/storage/start-storage.ts';
import type { StorageProcess } from '../../local/storage/start-storage.ts';
import type { StorageOptions } from '../../local/storage/storage-options.ts';
import { guardStore } from '../../local/storage/worm-guard.ts';
import { WormPolicies } from '../../local/storage/worm-policies.ts';

const DAY = 86_400_000;
const STORAGE = join(import.meta.dirname, '../../local/storage');

/** What a caller sees of a refusal: status, code, the header it came in, the message's first line. */
interface Seen {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly header: string | undefined;
  readonly message: string;
}

async function refusalOf(action: Promise<unknown>): Promise<Seen> {
  try {
    await action;
  } catch (error) {
    const { statusCode, code, message, response } = error as {
      statusCode?: number;
      code?: string;
      message: string;
      response?: { headers: { get(name: string): string | undefined } };
    };
    const header = response?.headers.get('x-ms-error-code');
    return { status: statusCode, code, header, message: message.split('\n')[0] ?? '' };
  }
  throw new Error('Nothing was refused.');
}

/** The codes that one action after the other is refused with, each named once. */
async function codesOf(actions: readonly (() => Promise<unknown>)[]): Promise<unknown[]> {
  const codes = new Set<string | undefined>();
  for (const action of actions) codes.add((await refusalOf(action())).code);
  return [...codes];
}

function blobsOf({ connectionString }: StorageProcess): BlobServiceClient {
  return BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
}

function tableOf({ connectionString }: StorageProcess, name: string): TableClient {
  return TableClient.fromConnectionString(connectionString, name, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
}

async function put(blob: BlockBlobClient, content: string): Promise<void> {
  await blob.upload(content, Buffer.byteLength(content));
}

async function putNew(blob: BlockBlobClient, content: string): Promise<void> {
  await blob.upload(content, Buffer.byteLength(content), { conditions: { ifNoneMatch: '*' } });
}

async function contentOf(blob: BlockBlobClient): Promise<string> {
  return (await blob.downloadToBuffer()).toString();
}

function rowsOf(partitionKey: string, count: number): TransactionAction[] {
  return Array.from({ length: count }, (_, index) => ['create', { partitionKey, rowKey: String(index) }]);
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const folders: string[] = [];
const running: StorageProcess[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-storage-'));
  folders.push(folder);
  return folder;
}

async function start(options: Partial<StorageOptions> = {}): Promise<StorageProcess> {
  const storage = await startStorage({ dataDir: await newFolder(), ...options });
  running.push(storage);
  return storage;
}

afterAll(async () => {
  await Promise.all(running.map(async (storage) => await storage.stop()));
  await Promise.all(folders.map(async (folder) => await rm(folder, { recursive: true, force: true })));
});

describe('what an immutable container refuses', () => {
  let storage: StorageProcess;
  let service: BlobServiceClient;
  let names = 0;

  beforeAll(async () => {
    storage = await start({
      containers: ['plain'],
      worm: { kept: { retentionDays: 2 }, held: { legalHold: true }, both: { retentionDays: 2, legalHold: true } },
    });
    service = blobsOf(storage);
    await put(service.getContainerClient('plain').getBlockBlobClient('source'), 'from elsewhere');
  });
  afterEach(async () => await storage.setClockOffset(0));

  async function sealed(container: string): Promise<BlockBlobClient> {
    const blob = service.getContainerClient(container).getBlockBlobClient(`blob-${(names += 1)}`);
    await blob.upload('sealed', 6, {
      metadata: { leaves: '3' },
      blobHTTPHeaders: { blobContentType: 'application/zstd' },
    });
    return blob;
  }

  const source = (): string => service.getContainerClient('plain').getBlobClient('source').url;
  const block = Buffer.from('block-1').toString('base64');
  const attacks: readonly (readonly [string, (blob: BlockBlobClient) => Promise<unknown>])[] = [
    ['overwriting', async (blob) => await put(blob, 'other bytes')],
    ['overwriting by the same bytes', async (blob) => await put(blob, 'sealed')],
    [
      'overwriting on condition of its ETag',
      async (blob) => {
        const { etag = '' } = await blob.getProperties();
        return await blob.upload('x', 1, { conditions: { ifMatch: etag } });
      },
    ],
    ['overwriting as an append blob', async (blob) => await blobAs(blob).append.create()],
    ['overwriting as a page blob', async (blob) => await blobAs(blob).page.create(512)],
    ['deleting', async (blob) => await blob.delete()],
    ['deleting with snapshots', async (blob) => await blob.delete({ deleteSnapshots: 'include' })],
    ['setting metadata', async (blob) => await blob.setMetadata({ leaves: '4' })],
    ['setting headers', async (blob) => await blob.setHTTPHeaders({ blobContentType: 'text/plain' })],
    ['taking a snapshot', async (blob) => await blob.createSnapshot()],
    ['copying onto it', async (blob) => await (await blob.beginCopyFromURL(source())).pollUntilDone()],
    ['copying onto it synchronously', async (blob) => await blob.syncCopyFromURL(source())],
    ['staging a block', async (blob) => await blob.stageBlock(block, 'x', 1)],
    ['committing an empty block list', async (blob) => await blob.commitBlockList([])],
  ];

  function blobAs(blob: BlockBlobClient): {
    append: ReturnType<ContainerClient['getAppendBlobClient']>;
    page: ReturnType<ContainerClient['getPageBlobClient']>;
  } {
    const container = service.getContainerClient(blob.containerName);
    return { append: container.getAppendBlobClient(blob.name), page: container.getPageBlobClient(blob.name) };
  }

  async function stateOf(blob: BlockBlobClient): Promise<unknown> {
    const { etag, metadata, contentType, lastModified } = await blob.getProperties();
    return { etag, metadata, contentType, lastModified, content: await contentOf(blob) };
  }

  for (const [attack, execute] of attacks) {
    test(`${attack} changes a blob under retention`, async () => {
      const blob = await sealed('kept');
      const before = await stateOf(blob);
      expect(await refusalOf(execute(blob))).toEqual({
        status: 409,
        code: 'BlobImmutableDueToPolicy',
        header: 'BlobImmutableDueToPolicy',
        message: 'This operation is not permitted as the blob is immutable due to a policy.',
      });
      expect(await stateOf(blob)).toEqual(before);
    });

    test(`${attack} changes a blob under a legal hold`, async () => {
      const blob = await sealed('held');
      const before = await stateOf(blob);
      expect(await refusalOf(execute(blob))).toEqual({
        status: 409,
        code: 'BlobImmutableDueToLegalHold',
        header: 'BlobImmutableDueToLegalHold',
        message: 'This operation is not permitted as the blob is immutable due to one or more legal holds.',
      });
      expect(await stateOf(blob)).toEqual(before);
    });
  }

  test('an append blob or a page blob goes on growing after it was created', async () => {
    const container = service.getContainerClient('kept');
    const append = container.getAppendBlobClient('append');
    const page = container.getPageBlobClient('page');
    await append.create();
    await page.create(1024);
    const bytes = Buffer.alloc(512);
    const actions = [
      async () => await append.appendBlock('x', 1),
      async () => await append.seal(),
      async () => await page.uploadPages(bytes, 0, 512),
      async () => await page.clearPages(0, 512),
      async () => await page.resize(512),
      async () => await page.updateSequenceNumber('increment'),
    ];
    expect(await codesOf(actions)).toEqual(['BlobImmutableDueToPolicy']);
    expect((await append.getProperties()).contentLength).toBe(0);
    expect((await page.getProperties()).contentLength).toBe(1024);
  });

  test('a Blob Batch slips past the guard, for the account or for the container', async () => {
    const blobs = await Promise.all([sealed('kept'), sealed('held')]);
    const wide = await service.getBlobBatchClient().deleteBlobs(blobs);
    expect(wide.subResponses.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      [409, 'BlobImmutableDueToPolicy'],
      [409, 'BlobImmutableDueToLegalHold'],
    ]);
    const narrow = await service.getContainerClient('kept').getBlobBatchClient().deleteBlobs(blobs.slice(0, 1));
    expect(narrow.subResponses.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      [409, 'BlobImmutableDueToPolicy'],
    ]);
    expect(await Promise.all(blobs.map(contentOf))).toEqual(['sealed', 'sealed']);
  });

  test('undelete changes a blob', async () => {
    const blob = await sealed('kept');
    const before = await stateOf(blob);
    expect(await refusalOf(blob.undelete())).toMatchObject({ status: 501 });
    expect(await stateOf(blob)).toEqual(before);
  });

  test('deleting the container takes its blobs with it', async () => {
    const blobs = await Promise.all([sealed('kept'), sealed('held'), sealed('both')]);
    const refusals = blobs.map(
      async ({ containerName }) => await refusalOf(service.getContainerClient(containerName).delete()),
    );
    expect(await Promise.all(refusals)).toMatchObject([
      { status: 409, code: 'ContainerImmutabilityPolicyLocked' },
      { status: 409, code: 'ContainerHasLegalHold' },
      { status: 409, code: 'ContainerHasLegalHold' },
    ]);
    expect(await Promise.all(blobs.map(contentOf))).toEqual(['sealed', 'sealed', 'sealed']);
  });

  test('a container that protects nothing is guarded too', async () => {
    const container = service.getContainerClient('plain');
    const blob = container.getBlockBlobClient('mutable');
    await put(blob, 'first');
    await put(blob, 'second');
    await blob.setMetadata({ a: 'b' });
    const { snapshot = '' } = await blob.createSnapshot();
    expect(snapshot).not.toBe('');
    await blob.delete({ deleteSnapshots: 'include' });
    expect(await blob.exists()).toBe(false);
  });

  test('a new blob cannot be created: in one request, in blocks, or as a copy', async () => {
    const container = service.getContainerClient('both');
    const whole = container.getBlockBlobClient('whole');
    await putNew(whole, 'whole');
    const blocks = container.getBlockBlobClient('blocks');
    await blocks.stageBlock(block, 'staged', 6);
    await blocks.commitBlockList([block]);
    const copy = container.getBlockBlobClient('copy');
    await copy.syncCopyFromURL(source());
    expect(await Promise.all([whole, blocks, copy].map(contentOf))).toEqual(['whole', 'staged', 'from elsewhere']);
    expect(await refusalOf(blocks.commitBlockList([block]))).toMatchObject({ code: 'BlobImmutableDueToLegalHold' });
  });

  test('If-None-Match on a blob that is there hides that it exists behind the policy', async () => {
    const blob = await sealed('both');
    const seen = { status: 409, code: 'BlobAlreadyExists', header: 'BlobAlreadyExists' };
    expect(await refusalOf(putNew(blob, 'sealed'))).toMatchObject(seen);
    const conditions = { ifNoneMatch: '*' };
    expect(await refusalOf(blob.commitBlockList([], { conditions }))).toMatchObject(seen);
    expect(await refusalOf(blob.syncCopyFromURL(source(), { conditions }))).toMatchObject(seen);
    expect(await contentOf(blob)).toBe('sealed');
  });

  test('of many creators at once two win, or none', async () => {
    for (let round = 0; round < 10; round += 1) {
      const blob = service.getContainerClient('kept').getBlockBlobClient(`race-${round}`);
      const attempts = Array.from({ length: 8 }, async (_, index) => {
        const content = `creator ${index}`;
        // The unconditional half would overwrite each other if looking and writing could interleave.
        const seen = await refusalOf((index % 2 === 0 ? put : putNew)(blob, content)).catch(() => undefined);
        return { content, code: seen?.code };
      });
      const outcomes = await Promise.all(attempts);
      const winners = outcomes.filter(({ code }) => code === undefined);
      expect(winners).toHaveLength(1);
      expect(winners[0]?.content).toBe(await contentOf(blob));
      expect(new Set(outcomes.map(({ code }) => code))).toEqual(
        new Set([undefined, 'BlobImmutableDueToPolicy', 'BlobAlreadyExists']),
      );
    }
  });

  test('a tier, tags or a lease are refused, which Azure allows, or change the blob', async () => {
    const blob = await sealed('both');
    const { metadata } = await blob.getProperties();
    await blob.setAccessTier('Cool');
    await blob.setTags({ reviewed: 'yes' });
    const lease = blob.getBlobLeaseClient();
    await lease.acquireLease(15);
    await lease.releaseLease();
    const after = await blob.getProperties();
    expect([after.accessTier, after.metadata, await contentOf(blob)]).toEqual(['Cool', metadata, 'sealed']);
  });

  test('an expired blob cannot be deleted, or can be changed', async () => {
    const blob = await sealed('kept');
    await storage.setClockOffset(2 * DAY - 60_000);
    expect(await refusalOf(blob.delete())).toMatchObject({ code: 'BlobImmutableDueToPolicy' });
    await storage.setClockOffset(2 * DAY + 60_000);
    const changes = [
      async () => await put(blob, 'late'),
      async () => await blob.setMetadata({}),
      async () => await blob.createSnapshot(),
    ];
    expect(await codesOf(changes)).toEqual(['BlobImmutableDueToPolicy']);
    expect(await refusalOf(service.getContainerClient('kept').delete())).toMatchObject({
      code: 'ContainerImmutabilityPolicyLocked',
    });
    expect(await contentOf(blob)).toBe('sealed');
    await blob.delete();
    expect(await blob.exists()).toBe(false);
  });

  test('a legal hold ends with the retention, or does not end when it is cleared', async () => {
    const blob = await sealed('both');
    await storage.setClockOffset(3 * DAY);
    expect(await refusalOf(blob.delete())).toMatchObject({ code: 'BlobImmutableDueToLegalHold' });
    await storage.setLegalHold('both', false);
    await blob.delete();
    await storage.setLegalHold('both', true);
    expect(await blob.exists()).toBe(false);
  });

  test('a snapshot that was taken before the hold can be deleted', async () => {
    const container = service.getContainerClient('later');
    await container.create();
    const blob = container.getBlockBlobClient('blob');
    await put(blob, 'before');
    const { snapshot = '' } = await blob.createSnapshot();
    await storage.setLegalHold('later', true);
    const actions = [
      async () => await blob.withSnapshot(snapshot).delete(),
      async () => await blob.delete({ deleteSnapshots: 'only' }),
      async () => await blob.delete({ deleteSnapshots: 'include' }),
    ];
    expect(await codesOf(actions)).toEqual(['BlobImmutableDueToLegalHold']);
    await storage.setLegalHold('later', false);
    await blob.delete({ deleteSnapshots: 'include' });
  });

  test('a container does not tell that it is immutable', async () => {
    const told = await Promise.all(
      ['kept', 'held', 'both', 'plain'].map(async (name) => {
        const properties = await service.getContainerClient(name).getProperties();
        return [name, properties.hasImmutabilityPolicy, properties.hasLegalHold];
      }),
    );
    const expected = [
      ['kept', true, false],
      ['held', false, true],
      ['both', true, true],
      ['plain', false, false],
    ];
    expect(told).toEqual(expected);
    const listed: unknown[] = [];
    for await (const { name, properties } of service.listContainers())
      listed.push([name, properties.hasImmutabilityPolicy, properties.hasLegalHold]);
    expect(listed).toEqual(expect.arrayContaining(expected));
  });

  test('what is not there is answered by its protection', async () => {
    const missing = service.getContainerClient('kept').getBlockBlobClient('missing');
    expect(await refusalOf(missing.delete())).toMatchObject({ status: 404, code: 'BlobNotFound' });
    expect(await refusalOf(missing.setMetadata({}))).toMatchObject({ status: 404, code: 'BlobNotFound' });
    await storage.setLegalHold('nowhere', true);
    const nowhere = service.getContainerClient('nowhere');
    expect(await refusalOf(nowhere.delete())).toMatchObject({ status: 404, code: 'ContainerNotFound' });
    const inside = put(nowhere.getBlockBlobClient('blob'), 'x');
    expect(await refusalOf(inside)).toMatchObject({ status: 404, code: 'ContainerNotFound' });
  });
});

test('between looking for a blob and writing it a second creator gets in', async () => {
  const { default: Store } = createRequire(import.meta.url)(
    'azurite/dist/src/blob/persistence/LokiBlobMetadataStore',
  ) as { default: new (path: string, inMemory: boolean) => BlobMetadataStore & CreatingStore };
  const { default: StorageError } = createRequire(import.meta.url)('azurite/dist/src/blob/errors/StorageError') as {
    default: StorageErrorClass;
  };
  const store = new Store('unused', true);
  await store.init();
  await store.createContainer(undefined, { accountName: 'account', name: 'kept', properties: {} });
  const folder = await newFolder();
  guardStore(store, new WormPolicies(join(folder, 'worm.json'), { kept: { retentionDays: 1 } }), StorageError);
  const create = async (writer: string): Promise<unknown> => {
    const properties = { leaseState: 'available', leaseStatus: 'unlocked' };
    const blob = { accountName: 'account', containerName: 'kept', name: 'blob', snapshot: '', isCommitted: true };
    return await store.createBlob({ contextId: writer, startTime: new Date() }, { ...blob, properties });
  };
  const outcomes = await Promise.allSettled([create('a'), create('b'), create('c')]);
  await store.close();
  expect(outcomes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { storageErrorCode: 'BlobImmutableDueToPolicy', storageRequestID: 'b' } },
    { status: 'rejected', reason: { storageErrorCode: 'BlobImmutableDueToPolicy', storageRequestID: 'c' } },
  ]);
});

interface CreatingStore {
  init(): Promise<void>;
  close(): Promise<void>;
  createBlob(context: object, blob: object): Promise<unknown>;
}

describe('an identity that may only create', () => {
  let storage: StorageProcess;
  let container: ContainerClient;

  beforeAll(async () => {
    storage = await start({ worm: { trail: { retentionDays: 1, createOnly: true } } });
    container = blobsOf(storage).getContainerClient('trail');
  });

  test('cannot create, or can replace', async () => {
    const blob = container.getBlockBlobClient('segment');
    await putNew(blob, 'sealed');
    const seen = {
      status: 403,
      code: 'UnauthorizedBlobOverwrite',
      header: 'UnauthorizedBlobOverwrite',
      message: 'This request is not authorized to perform blob overwrites.',
    };
    expect(await refusalOf(put(blob, 'other'))).toEqual(seen);
    expect(await refusalOf(putNew(blob, 'sealed'))).toEqual(seen);
    expect(await contentOf(blob)).toBe('sealed');
  });

  test('can stage blocks, delete, or change', async () => {
    const blob = container.getBlockBlobClient('kept');
    await putNew(blob, 'sealed');
    const fresh = container.getBlockBlobClient('fresh');
    const block = Buffer.from('block-1').toString('base64');
    const actions = [
      async () => await fresh.stageBlock(block, 'x', 1),
      async () => await fresh.commitBlockList([]),
      async () => await blob.delete(),
      async () => await blob.setMetadata({}),
      async () => await blob.setAccessTier('Archive'),
      async () => await blob.setTags({ a: 'b' }),
      async () => await blob.getBlobLeaseClient().acquireLease(15),
      async () => await container.delete(),
      async () => await container.setMetadata({ a: 'b' }),
    ];
    expect(await codesOf(actions)).toEqual(['AuthorizationPermissionMismatch']);
    expect(await fresh.exists()).toBe(false);
    expect(await contentOf(blob)).toBe('sealed');
  });

  test('may append and snapshot by its permission, and the policy does not refuse it', async () => {
    const append = container.getAppendBlobClient('append');
    await append.create();
    expect(await refusalOf(append.appendBlock('x', 1))).toMatchObject({ code: 'BlobImmutableDueToPolicy' });
    expect(await refusalOf(append.createSnapshot())).toMatchObject({ code: 'BlobImmutableDueToPolicy' });
  });

  test('stays when the role is taken away, and returns with it', async () => {
    const blob = container.getBlockBlobClient('role');
    await storage.setCreateOnly('trail', false);
    await putNew(blob, 'x');
    expect(await refusalOf(put(blob, 'y'))).toMatchObject({ code: 'BlobImmutableDueToPolicy' });
    await storage.setCreateOnly('trail', true);
    expect(await refusalOf(put(blob, 'y'))).toMatchObject({ code: 'UnauthorizedBlobOverwrite' });
  });
});

test('a newer Azurite brings a way to change blobs that the guard does not know', async () => {
  class Store {
    async rewriteBlob(): Promise<void> {}
  }
  const policies = new WormPolicies(join(await newFolder(), 'worm.json'), {});
  const guard = (): void => guardStore(new Store() as unknown as BlobMetadataStore, policies, Error as never);
  expect(guard).toThrow(/rewriteBlob.*judge it in worm-guard\.ts/);
});

describe('stopping and starting again', () => {
  test('a save that a timer had begun is cut off by the end of the process', async () => {
    const pending: (() => void)[] = [];
    const server = {
      close: async () => undefined,
      metadataStore: { db: { throttledSaveDrain: (done: () => void) => pending.push(done) } },
    };
    const azurite = { blob: { ...server, extentMetadataStore: server.metadataStore }, table: server };
    let isClosed = false;
    const closing = closeAzurite(azurite as unknown as Azurite).then(() => (isClosed = true));
    await expect.poll(() => pending.length).toBe(3);
    expect(isClosed).toBe(false);
    for (const done of pending) done();
    expect(await closing).toBe(true);
  });

  test('loses blobs, rows, retention or a legal hold', async () => {
    const dataDir = await newFolder();
    const first = await start({ dataDir, worm: { kept: { retentionDays: 5 }, held: {} } });
    const before = blobsOf(first);
    await put(before.getContainerClient('kept').getBlockBlobClient('a'), 'sealed');
    await put(before.getContainerClient('held').getBlockBlobClient('b'), 'held');
    await first.setLegalHold('held', true);
    const table = tableOf(first, 'Events');
    await table.createTable();
    await table.submitTransaction(rowsOf('p', 100));
    await first.stop();
    await first.stop();

    // Neither the shorter retention nor the forgotten hold may weaken what was there.
    const second = await start({ dataDir, worm: { kept: { retentionDays: 1 } } });
    const after = blobsOf(second);
    const a = after.getContainerClient('kept').getBlockBlobClient('a');
    const b = after.getContainerClient('held').getBlockBlobClient('b');
    expect([await contentOf(a), await contentOf(b)]).toEqual(['sealed', 'held']);
    await second.setClockOffset(5 * DAY - 60_000);
    expect(await refusalOf(a.delete())).toMatchObject({ code: 'BlobImmutableDueToPolicy' });
    expect(await refusalOf(put(a, 'x'))).toMatchObject({ code: 'BlobImmutableDueToPolicy' });
    expect(await refusalOf(b.delete())).toMatchObject({ code: 'BlobImmutableDueToLegalHold' });
    await second.setClockOffset(5 * DAY + 60_000);
    await a.delete();
    let rows = 0;
    for await (const _row of tableOf(second, 'Events').listEntities()) rows += 1;
    expect(rows).toBe(100);
  });

  test('SIGTERM loses a write that it acknowledged, also one that was under way', async () => {
    const dataDir = await newFolder();
    const storage = await start({ dataDir, containers: ['tiles'] });
    const container = blobsOf(storage).getContainerClient('tiles');
    const table = tableOf(storage, 'Rows');
    await table.createTable();
    const blobs: string[] = [];
    const rows: string[] = [];
    const writer = async (lane: number): Promise<void> => {
      for (let index = 0; ; index += 1) {
        const name = `${lane}-${index}`;
        try {
          await put(container.getBlockBlobClient(name), name);
          blobs.push(name);
          await table.createEntity({ partitionKey: 'p', rowKey: name });
        } catch {
          return;
        }
        rows.push(name);
        if (rows.length === 40) process.kill(storage.pid, 'SIGTERM');
      }
    };
    const writers = [0, 1, 2, 3].map(writer);
    expect(await storage.exited).toBe(0);
    await Promise.all(writers);
    expect(blobs.length).toBeGreaterThanOrEqual(40);

    const again = await start({ dataDir });
    const keptBlobs = new Set<string>();
    for await (const { name } of blobsOf(again).getContainerClient('tiles').listBlobsFlat()) keptBlobs.add(name);
    const keptRows = new Set<string | undefined>();
    for await (const { rowKey } of tableOf(again, 'Rows').listEntities()) keptRows.add(rowKey);
    expect(blobs.filter((name) => !keptBlobs.has(name))).toEqual([]);
    expect(rows.filter((name) => !keptRows.has(name))).toEqual([]);
    const last = blobs.at(-1) ?? '';
    expect(await contentOf(blobsOf(again).getContainerClient('tiles').getBlockBlobClient(last))).toBe(last);
  });

  test('a killed parent leaves an orphan, or its successor reads the data before they are saved', async () => {
    const dataDir = await newFolder();
    const script = `
      import { startStorage } from ${JSON.stringify(join(STORAGE, 'start-storage.ts'))};
      const options = ${JSON.stringify({ dataDir, containers: ['tiles'] })};
      const { pid, connectionString } = await startStorage(options);
      process.stdout.write(JSON.stringify({ pid, connectionString }));`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
    const { pid, connectionString } = JSON.parse(output) as { pid: number; connectionString: string };
    const predecessor = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
    await put(predecessor.getContainerClient('tiles').getBlockBlobClient('last'), 'words');
    // Halted, so that it surely has not saved when its successor starts.
    process.kill(pid, 'SIGSTOP');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const starting = start({ dataDir });
    await Promise.race([starting, sleep(700)]);
    process.kill(pid, 'SIGCONT');
    const kept = blobsOf(await starting)
      .getContainerClient('tiles')
      .getBlockBlobClient('last');
    expect(await contentOf(kept)).toBe('words');
    expect(await refusalOf(predecessor.getProperties())).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('alone on a command line it prints anything else, writes elsewhere, or does not end on SIGTERM', async () => {
    const home = await newFolder();
    const child = spawn(
      process.execPath,
      [join(STORAGE, 'main.ts'), JSON.stringify({ dataDir: 'data', blobPort: 0, tablePort: 0, containers: ['tiles'] })],
      { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    await once(child.stdout, 'data');
    const { ready, blobPort, tablePort, connectionString } = JSON.parse(output) as Record<string, unknown>;
    expect({ ready, ports: [typeof blobPort, typeof tablePort] }).toEqual({ ready: true, ports: ['number', 'number'] });
    const tiles = BlobServiceClient.fromConnectionString(String(connectionString)).getContainerClient('tiles');
    await put(tiles.getBlockBlobClient('tile'), 'x');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, errors, lines: output.split('\n').length }).toEqual({ code: 0, errors: '', lines: 2 });
    expect(await readdir(home)).toEqual(['data']);
    expect((await readdir(join(home, 'data'))).sort()).toEqual([
      'blobs.json',
      'extents',
      'extents.json',
      'tables.json',
      'worm.json',
    ]);
  });

  test('what is wrong at the start is not said', async () => {
    const misspelt = { trail: { retention: 7 } } as never;
    await expect(start({ worm: misspelt })).rejects.toThrow(/worm\.trail has no member retention/);
    await expect(start({ worm: { trail: { retentionDays: 0 } } })).rejects.toThrow(/from 1 to 146000/);
    await expect(start({ containers: ['No Name'] })).rejects.toThrow(/"No Name" is no container name/);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start({ blobPort: taken })).rejects.toThrow(/EADDRINUSE.*127\.0\.0\.1/);
    other.close();
  });
});

describe('faults', () => {
  let dataDir: string;
  let storage: StorageProcess;
  let container: ContainerClient;
  let table: TableClient;

  beforeAll(async () => {
    dataDir = await newFolder();
    storage = await start({ dataDir, worm: { trail: { retentionDays: 1 } } });
    container = blobsOf(storage).getContainerClient('trail');
    table = tableOf(storage, 'Events');
    await table.createTable();
  });
  afterEach(async () => {
    const left = await storage.countFaults();
    if (left > 0) throw new Error(`${left} faults did not happen.`);
  });

  test('a refused request is executed all the same, or hits another request than the k-th', async () => {
    const effect = { kind: 'refuse', status: 503, code: 'ServerBusy' } as const;
    await storage.setFault({ service: 'blob', method: 'PUT', path: /\/trail\/refused-/, nth: 2, times: 2, effect });
    const outcomes: unknown[] = [];
    for (const name of ['refused-1', 'other', 'refused-2', 'refused-3', 'refused-4']) {
      const blob = container.getBlockBlobClient(name);
      const seen = await refusalOf(putNew(blob, 'x'.repeat(100_000))).catch(() => undefined);
      outcomes.push([name, seen?.status, seen?.code, await blob.exists()]);
    }
    expect(outcomes).toEqual([
      ['refused-1', undefined, undefined, true],
      ['other', undefined, undefined, true],
      ['refused-2', 503, 'ServerBusy', false],
      ['refused-3', 503, 'ServerBusy', false],
      ['refused-4', undefined, undefined, true],
    ]);
  });

  test('a write that took effect and yet failed is not there, by a broken connection or by a 500', async () => {
    const reset = container.getBlockBlobClient('reset');
    await storage.setFault({ service: 'blob', method: 'PUT', effect: { kind: 'executeThenFail', answer: 'reset' } });
    expect(await refusalOf(putNew(reset, 'written'))).toMatchObject({ status: undefined, code: 'ECONNRESET' });
    const failed = container.getBlockBlobClient('failed');
    const answer = { status: 500, code: 'InternalError' };
    await storage.setFault({ service: 'blob', method: 'PUT', effect: { kind: 'executeThenFail', answer } });
    expect(await refusalOf(putNew(failed, 'written'))).toMatchObject(answer);
    expect([await contentOf(reset), await contentOf(failed)]).toEqual(['written', 'written']);
  });

  test("the SDK's own retry of a write that took effect ends in anything but BlobAlreadyExists", async () => {
    const retrying = BlobServiceClient.fromConnectionString(storage.connectionString, {
      retryOptions: { maxTries: 2, retryDelayInMs: 1 },
    });
    await storage.setFault({ service: 'blob', method: 'PUT', effect: { kind: 'executeThenFail', answer: 'reset' } });
    const blob = retrying.getContainerClient('trail').getBlockBlobClient('retried');
    expect(await refusalOf(putNew(blob, 'once'))).toMatchObject({ status: 409, code: 'BlobAlreadyExists' });
    expect(await contentOf(blob)).toBe('once');
  });

  test('a read cannot be made to fail, whole or half-way', async () => {
    const blob = container.getBlockBlobClient('read');
    await putNew(blob, 'x'.repeat(300_000));
    const answer = { status: 500, code: 'InternalError' };
    await storage.setFault({ service: 'blob', method: 'GET', path: /read/, effect: { kind: 'refuse', ...answer } });
    expect(await refusalOf(blob.download())).toMatchObject(answer);
    await storage.setFault({ service: 'blob', method: 'HEAD', effect: { kind: 'refuse', status: 503, code: 'X' } });
    expect(await refusalOf(blob.getProperties())).toMatchObject({ status: 503 });
    await storage.setFault({ service: 'blob', method: 'GET', effect: { kind: 'executeThenFail', answer } });
    expect(await refusalOf(blob.download())).toMatchObject(answer);
    expect((await blob.downloadToBuffer()).length).toBe(300_000);
  });

  test('a fault of the table service is not seen by its client, or hits the blob service', async () => {
    const path = /\$batch/;
    const refused = { status: 503, code: 'ServerBusy' };
    await storage.setFault({ service: 'table', method: 'POST', path, effect: { kind: 'refuse', ...refused } });
    await putNew(container.getBlockBlobClient('beside'), 'x');
    expect(await refusalOf(table.submitTransaction(rowsOf('refused', 3)))).toMatchObject({ status: 503 });
    const answer = 'reset';
    await storage.setFault({ service: 'table', method: 'POST', path, effect: { kind: 'executeThenFail', answer } });
    expect(await refusalOf(table.submitTransaction(rowsOf('written', 3)))).toMatchObject({ status: undefined });
    const partitions: unknown[] = [];
    for await (const { partitionKey } of table.listEntities()) partitions.push(partitionKey);
    expect(partitions).toEqual(['written', 'written', 'written']);
  });

  test('faults that were cleared still happen', async () => {
    const effect = { kind: 'refuse', status: 403, code: 'AuthorizationFailure' } as const;
    await storage.setFault({ service: 'blob', effect });
    expect(await storage.countFaults()).toBe(1);
    await storage.clearFaults();
    await putNew(container.getBlockBlobClient('cleared'), 'x');
  });

  test('a delayed request holds up others, or is lost when the storage stops', async () => {
    const folder = await newFolder();
    const slow = await start({ dataDir: folder, containers: ['tiles'] });
    const tiles = blobsOf(slow).getContainerClient('tiles');
    await slow.setFault({ service: 'blob', path: /late/, effect: { kind: 'delay', milliseconds: 3_600_000 } });
    const late = put(tiles.getBlockBlobClient('late'), 'late');
    await expect.poll(async () => await slow.countFaults()).toBe(0);
    await put(tiles.getBlockBlobClient('early'), 'early');
    expect(await tiles.getBlockBlobClient('late').exists()).toBe(false);
    await slow.stop();
    await late;
    const again = await start({ dataDir: folder });
    const kept = blobsOf(again).getContainerClient('tiles').getBlockBlobClient('late');
    expect(await contentOf(kept)).toBe('late');
  });

  test('a page whose name was rebound to 127.0.0.1 gets in with the public key', async () => {
    const { blobPort: port } = storage;
    const asked = request({ host: '127.0.0.1', port, path: '/devstoreaccount1/trail?restype=container' });
    asked.setHeader('host', 'evil.example');
    asked.end();
    const [answered] = (await once(asked, 'response')) as [{ statusCode?: number; resume(): void }];
    answered.resume();
    expect(answered.statusCode).toBe(400);
  });

  test('an upload that its client gave up half-way is there, or ends the process', async () => {
    const abort = new AbortController();
    const blob = container.getBlockBlobClient('given-up');
    const before = await sizeOf(join(dataDir, 'extents'));
    // Declares more than it sends, so that the service still reads when the client goes.
    const upload = blob.upload(() => Readable.from([Buffer.alloc(65_536)]), 5_000_000, { abortSignal: abort.signal });
    const outcome = refusalOf(upload);
    await expect.poll(async () => await sizeOf(join(dataDir, 'extents'))).toBeGreaterThanOrEqual(before + 65_536);
    abort.abort();
    expect(await outcome).toMatchObject({ status: undefined });
    expect(await blob.exists()).toBe(false);
    await putNew(blob, 'whole');
    expect(await contentOf(blob)).toBe('whole');
  });
});
