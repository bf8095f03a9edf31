import { hash } from 'node:crypto';
import { inspect } from 'node:util';

import { ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { startStorage } from '../../local/storage/start-storage.ts';
import type { StorageProcess } from '../../local/storage/start-storage.ts';
import { BlobImmutableStore } from '../../shared/azure/blob-immutable-store.ts';
import { BlobSpilledBodies } from '../../shared/azure/blob-spilled-bodies.ts';
import { openContainer } from '../../shared/azure/storage-clients.ts';
import { StoreError } from '../../shared/errors.ts';
import { collect, makeFolder } from '../contract/stage.ts';
import { ACCOUNT_KEY, startHttp, storageConnection } from './http-stand-in.ts';
import type { HttpStandIn, Respond } from './http-stand-in.ts';
import { thrownBy } from './thrown-by.ts';

describe('against Azurite behind the guard', () => {
  let storage: StorageProcess;
  let store: BlobImmutableStore;
  let cleanUp: () => Promise<void>;
  const containerOf = (name: string): ContainerClient =>
    openContainer({ name: 'TEST', connectionString: storage.connectionString }, name);

  beforeAll(async () => {
    const { folder, remove } = await makeFolder();
    const worm = { trail: { retentionDays: 1 }, held: {}, created: {} };
    storage = await startStorage({ dataDir: folder, worm, containers: ['held', 'created'] });
    store = new BlobImmutableStore(containerOf('trail'));
    cleanUp = async () => {
      await storage.stop();
      await remove();
    };
  });
  afterAll(() => cleanUp());
  afterEach(() => storage.clearFaults());

  test.each([
    ['the connection breaks', 'reset' as const],
    ['it answers 500', { status: 500, code: 'InternalError' }],
  ])('a write that was done, and then %s, is done twice or counts as failed for good', async (name, answer) => {
    const blob = `done/${name}`;
    await storage.setFault({ service: 'blob', method: 'PUT', effect: { kind: 'executeThenFail', answer } });
    expect(await store.create(blob, Buffer.from('bytes'))).toBe('exists');
    expect(await storage.countFaults()).toBe(0);
    expect(await store.read(blob)).toEqual(Buffer.from('bytes'));
  });

  test('a write that keeps failing is reported as done, or hides that it was', async () => {
    const fault = { service: 'blob', method: 'PUT', times: 2 } as const;
    await storage.setFault({ ...fault, effect: { kind: 'executeThenFail', answer: 'reset' } });
    expect((await thrownBy(store.create('failing/done', Buffer.from('bytes')))).code).toBe('unavailable');
    await storage.clearFaults();
    expect(await store.create('failing/done', Buffer.from('bytes'))).toBe('exists');

    await storage.setFault({ ...fault, effect: { kind: 'refuse', status: 503, code: 'ServerBusy' } });
    expect((await thrownBy(store.create('failing/not-done', Buffer.from('bytes')))).code).toBe('unavailable');
    await storage.clearFaults();
    expect(await store.create('failing/not-done', Buffer.from('bytes'))).toBe('created');
  });

  test('what an immutable container answers to a second write is taken for a failure', async () => {
    await containerOf('held').getBlockBlobClient('a').upload('first', 5);
    await storage.setLegalHold('held', true);
    expect(await new BlobImmutableStore(containerOf('held')).create('a', Buffer.from('second'))).toBe('exists');
    await containerOf('created').getBlockBlobClient('a').upload('first', 5);
    await storage.setCreateOnly('created', true);
    expect(await new BlobImmutableStore(containerOf('created')).create('a', Buffer.from('second'))).toBe('exists');
  });

  test.each([
    ['BlobAlreadyExists', 409, 'exists'],
    ['BlobImmutableDueToPolicy', 409, 'exists'],
    ['BlobImmutableDueToLegalHold', 409, 'exists'],
    ['UnauthorizedBlobOverwrite', 403, 'exists'],
    ['AuthorizationPermissionMismatch', 403, 'forbidden'],
    ['AuthorizationFailure', 403, 'forbidden'],
    ['AuthenticationFailed', 401, 'forbidden'],
    ['ContainerBeingDeleted', 409, 'unavailable'],
    ['LeaseIdMissing', 412, 'unexpected'],
    ['Md5Mismatch', 400, 'unavailable'],
    ['RequestBodyTooLarge', 413, 'tooLarge'],
    ['ContainerNotFound', 404, 'unexpected'],
    ['ServerBusy', 503, 'unavailable'],
    ['OperationTimedOut', 500, 'unavailable'],
  ])('a create answered with %s (%i) is judged by its status', async (code, status, expected) => {
    await storage.setFault({ service: 'blob', method: 'PUT', times: 2, effect: { kind: 'refuse', status, code } });
    const answer = await store.create(`refused/${code}`, Buffer.from('x')).catch((error: unknown) => error);
    expect(answer instanceof StoreError ? answer.code : answer).toBe(expected);
  });

  test('a container that is not there looks like an empty one: a log would begin anew', async () => {
    const nowhere = new BlobImmutableStore(containerOf('nowhere'));
    const missing = { name: 'StoreError', code: 'unexpected' };
    await expect(nowhere.read('a')).rejects.toMatchObject(missing);
    await expect(nowhere.exists('a')).rejects.toMatchObject(missing);
    await expect(nowhere.create('a', Buffer.from('x'))).rejects.toMatchObject(missing);
    await expect(collect(nowhere.list(''))).rejects.toMatchObject(missing);
    await expect(collect(nowhere.listPrefixes(''))).rejects.toMatchObject(missing);
  });

  test('a service that does not answer keeps the caller waiting', async () => {
    const hasty = new BlobImmutableStore(containerOf('trail'), 100);
    const hang = { kind: 'delay', milliseconds: 60_000 } as const;
    await storage.setFault({ service: 'blob', times: 5, effect: hang });
    const failed = { name: 'StoreError', code: 'unavailable' };
    await expect(hasty.create('hung', Buffer.from('x'))).rejects.toMatchObject(failed);
    await expect(hasty.read('hung')).rejects.toMatchObject(failed);
    await expect(hasty.exists('hung')).rejects.toMatchObject(failed);
    await expect(collect(hasty.list('hung'))).rejects.toMatchObject(failed);
    await expect(collect(hasty.listPrefixes('hung/'))).rejects.toMatchObject(failed);
  });
});

describe('against a server that misbehaves', () => {
  let server: HttpStandIn;
  afterEach(() => server.stop());

  async function storeOn(respond: Respond): Promise<BlobImmutableStore> {
    server = await startHttp(respond);
    return new BlobImmutableStore(openContainer(storageConnection(server.port), 'trail'));
  }

  const WHOLE = Buffer.alloc(100_000, 'segment');
  const HEADERS = { etag: '"1"', 'content-length': String(WHOLE.length), 'x-ms-request-id': 'request-1' };

  test('a read that is cut off gives half a blob', async () => {
    const store = await storeOn((_, response, socket) => {
      response.writeHead(200, HEADERS);
      response.write(WHOLE.subarray(0, 1_000), () => setTimeout(() => socket.destroy(), 20));
    });
    expect(await thrownBy(store.read('a'))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('a of trail'),
    });
  });

  test('bytes that are not those that were stored pass for the blob', async () => {
    const md5 = Buffer.from(hash('md5', WHOLE, 'hex'), 'hex').toString('base64');
    const store = await storeOn((_, response) => {
      const damaged = Buffer.from(WHOLE);
      damaged[500] = 0;
      response.writeHead(200, { ...HEADERS, 'content-md5': md5 }).end(damaged);
    });
    expect((await thrownBy(store.read('a'))).code).toBe('unexpected');
  });

  test('a blob is made in several requests, without its headers, or unconditionally', async () => {
    const store = await storeOn((_, response) => {
      response.writeHead(201, { etag: '"1"' }).end();
    });
    const large = Buffer.alloc(20 * 1024 * 1024, 7);
    await store.create('segments/log/000000000000.jsonl.zst', large);
    await store.create('keys/0.pem', Buffer.from('key'));
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PUT /account/trail/segments/log/000000000000.jsonl.zst',
      'PUT /account/trail/keys/0.pem',
    ]);
    expect(server.requests.map(({ headers }) => headers)).toMatchObject([
      {
        'if-none-match': '*',
        'x-ms-blob-type': 'BlockBlob',
        'x-ms-blob-content-type': 'application/zstd',
        'content-length': String(large.length),
        'content-md5': Buffer.from(hash('md5', large, 'hex'), 'hex').toString('base64'),
      },
      { 'if-none-match': '*', 'x-ms-blob-content-type': 'application/x-pem-file' },
    ]);
    expect(server.requests[0]?.body.equals(large)).toBe(true);
  });

  test('a listing in another order is followed, and a log begins where it does not', async () => {
    const store = await storeOn((_, response) => {
      const blob = (name: string): string =>
        `<Blob><Name>${name}</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>`;
      const names = ['a/2', 'a/1'].map(blob).join('');
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(
        `<?xml version="1.0"?><EnumerationResults><Blobs>${names}</Blobs><NextMarker/></EnumerationResults>`,
      );
    });
    expect((await thrownBy(collect(store.list('a/')))).code).toBe('unexpected');
  });

  test('the second page of a listing is lost, or an empty page ends it', async () => {
    const store = await storeOn((request, response) => {
      const marker = new URL(request.url, 'http://x').searchParams.get('marker');
      const blob = (name: string): string =>
        `<Blob><Name>${name}</Name><Properties><Content-Length>5</Content-Length></Properties></Blob>`;
      const prefix = (name: string): string => `<BlobPrefix><Name>${name}</Name></BlobPrefix>`;
      const isFolders = request.url.includes('delimiter');
      const items = isFolders ? ['a/1/', 'a/2/'].map(prefix) : ['a/1', 'a/2'].map(blob);
      const [inside, next] =
        { none: [items[0], 'empty'], empty: ['', 'last'], last: [items[1], ''] }[marker ?? 'none'] ?? [];
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(
        `<?xml version="1.0"?><EnumerationResults><Blobs>${inside}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`,
      );
    });
    expect(await collect(store.list('a/'))).toEqual([
      { name: 'a/1', size: 5 },
      { name: 'a/2', size: 5 },
    ]);
    expect(await collect(store.listPrefixes('a/'))).toEqual(['a/1/', 'a/2/']);
  });

  test('a spilled body of gigabytes is read into memory', async () => {
    server = await startHttp((_, response) => {
      response.writeHead(200, { ...HEADERS, 'content-length': String(5_000_000_000) });
      response.write('x');
    });
    const bodies = new BlobSpilledBodies(openContainer(storageConnection(server.port), 'spill-collect'));
    expect(await bodies.read('0'.repeat(64))).toEqual(Buffer.alloc(0));
  });

  test.each([
    ['an account key', (port: number) => openContainer(storageConnection(port), 'trail')],
    [
      'a SAS',
      (port: number) =>
        new ContainerClient(`http://127.0.0.1:${port}/account/trail?sv=2024-11-04&sig=top%2Fsecret%3D`, undefined, {
          retryOptions: { maxTries: 1 },
        }),
    ],
  ])('%s reaches a message, a stack or a log line', async (_, open) => {
    server = await startHttp((_request, response) => {
      response.writeHead(403, { 'x-ms-error-code': 'AuthenticationFailed', 'content-type': 'application/xml' });
      response.end(
        '<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>sig=top%2Fsecret%3D was wrong</Message></Error>',
      );
    });
    const store = new BlobImmutableStore(open(server.port));
    const error = await thrownBy(store.read('a'));
    expect(error.message).toBe(
      'Reading a of trail failed: HTTP 403, AuthenticationFailed. Check the roles of the identity (to read a trail: Storage ' +
        'Blob Data Reader, and Storage Table Data Reader for its index), and the network rules of the service.',
    );
    expect(error.cause).toBeInstanceOf(Error);
    // What a log line has: the error alone. What an inspection adds of its own accord must not be more than the server said.
    for (const text of [error.message, String(error), JSON.stringify(error)]) {
      expect(text).not.toMatch(/secret|SharedKey|sig=/);
    }
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(ACCOUNT_KEY);
    const sent = server.requests[0]?.headers.authorization ?? 'none was sent';
    expect(inspect(error, { depth: Infinity })).not.toContain(sent.replace('SharedKey account:', ''));
  });
});
