import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startStorage } from '../../local/storage/start-storage.ts';
import type { StorageProcess } from '../../local/storage/start-storage.ts';
import { startTokenIssuer } from '../../local/token-issuer/token-issuer.ts';
import type { TokenIssuer } from '../../local/token-issuer/token-issuer.ts';
import { BlobImmutableStore } from '../../shared/azure/blob-immutable-store.ts';
import { openContainer, openTable } from '../../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../../shared/azure/table-index-tables.ts';
import { recordId } from '../../shared/wire/record.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import { TrailBuilder, message } from '../fixtures/trail-builder.ts';
import { indelible } from './running.ts';

interface Taken {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The commands that look at a running stack: real storage and a real issuer, and a door that notes what is sent. */
describe('indelible on the local stack', () => {
  let folder: string;
  let storage: StorageProcess;
  let issuer: TokenIssuer;
  let door: Server;
  const taken: Taken[] = [];
  const built = new TrailBuilder();
  const id = recordId(['github', 'd-0-1', '']);
  const secret = 'a secret of the local stack';
  let stackFile: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-local-'));
    storage = await startStorage({ dataDir: join(folder, 'storage'), containers: ['trail', 'evidence'] });
    issuer = await startTokenIssuer({ dataDir: join(folder, 'issuer') });
    door = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        taken.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(request.url?.includes('/refused') === true ? 503 : 202).end('{"id":"x"}');
      });
    });
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    built.log().segment([message('a'), message('b', { records: 2 })]);
    const connection = { name: 'test', connectionString: storage.connectionString };
    for (const container of ['trail', 'evidence'] as const) {
      const store = new BlobImmutableStore(openContainer(connection, container));
      for (const name of built[container].names()) {
        await store.create(name, (await built[container].read(name)) ?? Buffer.alloc(0));
      }
    }
    await new TableIndexTables((table) => openTable(connection, table)).prepare();
    await writeFile(join(folder, 'key.pem'), formatPublicKey(built.key.publicKey));
    const stack = {
      pid: process.pid,
      api: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
      storage: storage.connectionString,
      hubs: '',
      hubsAdmin: '',
      issuer: `http://127.0.0.1:${issuer.port}`,
      audience: 'api://indelible.localhost',
      githubSecret: secret,
      trail: built.name,
      keys: folder,
      publicKey: join(folder, 'key.pem'),
    };
    await mkdir(join(folder, '.indelible'));
    stackFile = JSON.stringify(stack);
    await writeFile(join(folder, '.indelible', 'stack.json'), stackFile);
    await writeFile(join(folder, 'payload.json'), '{"action": "opened"}');
  });
  afterAll(async () => {
    await new Promise((resolve) => door.close(resolve));
    await issuer.stop();
    await storage.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) => indelible(folder, ...args);

  it('verifies it with its own key, and finds rows that are missing', async () => {
    const { code, out } = await run('verify', 'local');
    expect({ code, last: out.trim().split('\n').at(-1) }).toEqual({ code: 0, last: 'All holds.' });
    const withIndex = await run('verify', 'local', '--index');
    expect(withIndex.code).toBe(1);
    expect(withIndex.out).toMatch(
      /^WRONG rowMissing: log audit\.example\/trail\/web\/0\/0, segment 0, record \d+, the row /m,
    );
  });

  it('proves a record that no index row names, by searching the trail', async () => {
    const { code, out } = await run('inclusion', id, '--from', 'local');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ segment: 0, index: 2 });
  });

  it('rebuilds the index; then all rows hold and answer', async () => {
    const rebuilt = await run('rebuild-index', 'local', '--json');
    expect(rebuilt.code).toBe(0);
    expect(JSON.parse(rebuilt.out)).toMatchObject({ removed: 0, unreadable: [] });
    expect((await run('verify', 'local', '--index')).code).toBe(0);
    const { code, out } = await run(
      'query',
      'ByProject',
      'shop',
      '--from',
      '2026-11-01',
      '--to',
      '2026-12-01T00:00:00Z',
    );
    // A date alone is no time: the question is refused, not guessed.
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const rows = await run(
      'query',
      'ByProject',
      'shop',
      '--from',
      '2026-11-01T00:00:00Z',
      '--to',
      '2026-12-01T00:00:00Z',
      '--json',
    );
    expect(rows.code).toBe(0);
    expect((JSON.parse(rows.out) as { rows: object[] }).rows).toHaveLength(3);
    const event = await run('query', 'Events', id);
    expect(event.out).toContain('octocat opened pull request 1');
    const capped = await run('query', 'Events', id, '--project', 'other');
    expect(capped.out).toBe('0 rows.\n');
    expect((await run('inclusion', id, '--from', 'local')).code).toBe(0);
  });

  it('exports it, and lists its keys', async () => {
    expect((await run('export', 'local', 'copy')).code).toBe(0);
    expect((await run('verify', 'copy', '--key', 'key.pem')).code).toBe(0);
    const { sha256 } = built.key.publicKey;
    const listed = await run('keys', 'local');
    expect(listed.out.split('\n')[0]).toBe(`public key ${sha256}`);
    expect(listed.out).toContain('--save DIR');
    expect((await run('keys', 'copy', '--pem')).out).toBe(formatPublicKey(built.key.publicKey));
    expect((await run('keys', 'copy', '--save', 'saved')).out).toBe(`public key ${sha256}: saved/${sha256}.pem\n`);
    expect((await run('verify', 'copy', '--key', `saved/${sha256}.pem`)).code).toBe(0);
    expect((await run('keys', 'copy', '--save', 'key.pem')).err).toContain('cannot be written to key.pem: EEXIST');
  });

  it('is found from another folder, by its data folder', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'indelible-elsewhere-'));
    const data = join(folder, '.indelible');
    expect((await indelible(elsewhere, 'verify', data)).code).toBe(0);
    expect((await indelible(elsewhere, 'inclusion', id, '--from', `${data}/`)).code).toBe(0);
    expect((await indelible(elsewhere, 'token', '--as', 'alice', '--stack', data)).code).toBe(0);
    const sent = ['send', 'azure-activity', join(folder, 'payload.json'), '--stack', data];
    expect((await indelible(elsewhere, ...sent)).code).toBe(0);
    const { code, err } = await indelible(elsewhere, 'verify', 'local');
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('name the data folder of one that runs') });
    await rm(elsewhere, { recursive: true });
  });

  it('shows the request of a step of a decision: without it nobody can vote', async () => {
    const connection = { name: 'test', connectionString: storage.connectionString };
    const columns = {
      Time: '2026-11-23T06:00:00.000Z',
      EventId: '0'.repeat(32),
      DecisionId: 'shop~1',
      Summary: 'asked',
    };
    const row = { table: 'Decisions', partitionKey: 'shop', rowKey: 'x', columns } as const;
    const tables = new TableIndexTables((table) => openTable(connection, table));
    await tables.write([row]);
    expect((await run('query', 'Decisions', 'shop')).out).toBe(
      `2026-11-23T06:00:00.000Z  ${'0'.repeat(32)}  shop~1  -  -  asked\n1 row.\n`,
    );
    await tables.remove([row]);
  });

  it('asks no index for times without their zone', async () => {
    const { code, err } = await run('query', 'Access', '-', '--from', '2026-11-23T00:00:00');
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('"from" must be a time with its zone') });
  });

  it('gives tokens of its issuer', async () => {
    const { code, out } = await run('token', '--as', 'alice', '--role', 'Trail.Read');
    expect(code).toBe(0);
    const claims = JSON.parse(Buffer.from(out.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ aud: 'api://indelible.localhost', roles: ['Trail.Read'] });
    const unknown = await run('token', '--as', 'mallory');
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain('mallory');
  });

  it('sends as GitHub does: the bytes of the file, signed', async () => {
    const { code, out } = await run('send', 'github', 'payload.json', '--event', 'pull_request', '--delivery', 'd-1');
    expect({ code, out }).toEqual({ code: 0, out: '202 {"id":"x"}\n' });
    const signature = createHmac('sha256', secret).update('{"action": "opened"}').digest('hex');
    expect(taken.at(-1)).toMatchObject({
      url: '/api/collect/github',
      body: '{"action": "opened"}',
      headers: {
        'x-github-event': 'pull_request',
        'x-github-delivery': 'd-1',
        'x-hub-signature-256': `sha256=${signature}`,
      },
    });
    expect((await run('send', 'github', 'payload.json')).code).toBe(2);
  });

  it('sends as Event Grid and as a person do: asks, votes, withdraws', async () => {
    await run('send', 'azure-activity', 'payload.json');
    expect(taken.at(-1)).toMatchObject({
      url: '/runtime/webhooks/eventgrid?functionName=observe-azure-activity',
      headers: { 'aeg-event-type': 'Notification' },
    });
    await run('send', 'approvals', 'payload.json', '--as', 'bob', '--delivery', 'k-1');
    expect(taken.at(-1)).toMatchObject({
      url: '/api/approvals',
      headers: { authorization: expect.stringMatching(/^Bearer ey/), 'idempotency-key': 'k-1' },
    });
    await run('send', 'approvals', 'payload.json', '--as', 'bob', '--request', 'shop~1');
    expect(taken.at(-1)?.url).toBe('/api/approvals/shop~1/votes');
    await run('send', 'approvals', 'payload.json', '--as', 'bob', '--request', 'shop~1', '--withdraw');
    expect(taken.at(-1)?.url).toBe('/api/approvals/shop~1/withdrawal');
    expect((await run('send', 'approvals', 'payload.json', '--as', 'bob', '--withdraw')).code).toBe(2);
  });

  it('exits with 1 where what it sent was refused, and with 2 where nobody answers', async () => {
    expect((await run('send', 'approvals', 'payload.json', '--as', 'bob', '--request', 'refused')).code).toBe(1);
    expect((await run('send', 'azure-activity', 'payload.json', '--to', 'nonsense')).err).toContain('is no address');
    const { code, err } = await run('send', 'azure-activity', 'payload.json', '--to', 'http://127.0.0.1:9');
    expect({ code, err }).toEqual({ code: 2, err: 'indelible: http://127.0.0.1:9 does not answer: is it running?\n' });
  });
  it('says that no stack runs where one was killed and left its file: nobody answers at its addresses', async () => {
    const dead = await mkdtemp(join(tmpdir(), 'indelible-killed-'));
    await mkdir(join(dead, '.indelible'));
    const ended = execFile(process.execPath, ['--eval', '']);
    await once(ended, 'exit');
    const left = { ...(JSON.parse(stackFile) as object), pid: ended.pid };
    await writeFile(join(dead, '.indelible', 'stack.json'), JSON.stringify(left));
    for (const args of [
      ['verify', 'local'],
      ['token', '--as', 'alice'],
    ]) {
      const { code, err } = await indelible(dead, ...args);
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringMatching(/^indelible: No stack runs on \.indelible\//),
      });
    }
    await writeFile(join(dead, '.indelible', 'stack.json'), '{"pid":');
    for (const args of [
      ['verify', 'local'],
      ['verify', '.indelible'],
      ['token', '--as', 'alice'],
    ]) {
      const { code, err } = await indelible(dead, ...args);
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringMatching(/^indelible: \.indelible\/stack\.json cannot be read: .*\n$/),
      });
    }
    await rm(dead, { recursive: true });
  });
});
