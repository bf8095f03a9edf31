import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
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
import { indelible, writeBuilt } from './running.ts';

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
  /** Of the messages in the hub. */
  let next = 2;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-local-'));
    storage = await startStorage({ dataDir: join(folder, 'storage'), containers: ['trail', 'evidence'] });
    issuer = await startTokenIssuer({ dataDir: join(folder, 'issuer') });
    door = createServer((request, response) => {
      if (request.method === 'GET') {
        // As the hub stand-in's admin service: the last message of this partition is the builder's second one.
        response.end(JSON.stringify([{ name: 'web', partitions: [{ id: '0', next }] }]));
        return;
      }
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
    const api = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    const stack = {
      pid: process.pid,
      api,
      storage: storage.connectionString,
      hubs: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true',
      hubsAdmin: api,
      logsAdmin: api,
      issuer: `http://127.0.0.1:${issuer.port}`,
      audience: 'api://indelible.localhost',
      githubSecret: secret,
      azureDevopsPassword: secret,
      trail: built.name,
      keys: folder,
      publicKey: join(folder, 'key.pem'),
    };
    await mkdir(join(folder, '.indelible'));
    stackFile = JSON.stringify(stack);
    await writeFile(join(folder, '.indelible', 'stack.json'), stackFile, { mode: 0o600 });
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
    for (const where of [[], ['--in', 'local'], ['--from', 'local']]) {
      const { code, out } = await run('inclusion', id, ...where);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ segment: 0, index: 2 });
    }
  });

  it('does not call a trail whole without a word where messages wait to be sealed', async () => {
    next = 5;
    const { code, out } = await run('verify', 'local');
    next = 2;
    expect(code).toBe(0);
    expect(out).toMatch(
      /^note {2}3 messages of web\/0 wait in the hub and are not sealed\. .*logs\/seal\.log says why\.$/m,
    );
    expect((await run('verify', 'local')).out).not.toContain('wait in the hub');
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
    expect(capped.out).toMatch(/^0 rows\.\n/);
    expect((await run('inclusion', id)).code).toBe(0);
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
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('--from must be a time with its zone') });
    expect((await run('query', 'ByProject', 'shop')).err).toContain('give --from and --to');
    expect((await run('query', 'Nothing', 'shop')).err).toContain('<table> must be one of');
  });

  it('asks no index for a key that nobody wrote so, without saying that keys are exact', async () => {
    const { code, out } = await run('query', 'Decisions', 'Shop');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('A key is looked for as it is') });
  });

  it('offers an export to who asks for the index, which none has', async () => {
    for (const command of ['query', 'rebuild-index']) {
      expect((await run(command, '--help')).out).not.toContain('(an export)');
    }
    expect((await run('inclusion', '--help')).out).toContain('(an export)');
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

  it('passes over an option of another source in silence, or makes a request of a vote', async () => {
    await writeFile(join(folder, 'vote.json'), '{"verdict": "approve"}');
    const before = taken.length;
    const cases: [string[], string][] = [
      [['github', 'payload.json', '--event', 'push', '--as', 'bob'], '--as means nothing for github'],
      [['azure-activity', 'payload.json', '--delivery', 'd-1'], '--delivery means nothing for azure-activity'],
      [['approvals', 'payload.json', '--as', 'bob', '--event', 'push'], '--event means nothing for approvals'],
      [['approvals', 'vote.json', '--as', 'bob'], 'name the request that it is on with --request'],
    ];
    for (const [args, said] of cases) {
      const { code, out, err } = await run('send', ...args);
      expect({ code, out, err }).toEqual({ code: 2, out: '', err: expect.stringContaining(said) });
    }
    expect(taken).toHaveLength(before);
    expect((await run('send', 'approvals', 'vote.json', '--as', 'bob', '--request', 'shop~1')).code).toBe(0);
  });

  it('exits with 1 where what it sent was refused, and with 2 where nobody answers', async () => {
    expect((await run('send', 'approvals', 'payload.json', '--as', 'bob', '--request', 'refused')).code).toBe(1);
    expect((await run('send', 'azure-activity', 'payload.json', '--to', 'nonsense')).err).toContain('is no address');
    const { code, err } = await run('send', 'azure-activity', 'payload.json', '--to', 'http://127.0.0.1:9');
    expect({ code, err }).toEqual({ code: 2, err: 'indelible: http://127.0.0.1:9 does not answer: is it running?\n' });
  });

  describe('a stack.json that came with a folder', () => {
    let handed: string;
    beforeAll(async () => {
      handed = await mkdtemp(join(tmpdir(), 'indelible-handed-'));
      await writeBuilt(built, handed);
      for (const blob of built.trail.names('segments/')) {
        await chmod(join(handed, 'trail', blob), 0o644);
        await writeFile(join(handed, 'trail', blob), 'tampered');
      }
    });
    afterAll(() => rm(handed, { recursive: true, force: true }));

    const KEY = ['--key', 'key.pem'];
    const lay = async (change: object, mode = 0o600): Promise<void> => {
      await rm(join(handed, 'stack.json'), { force: true });
      await writeFile(join(handed, 'stack.json'), JSON.stringify({ ...(JSON.parse(stackFile) as object), ...change }), {
        mode,
      });
    };

    it('leads the verifier to a sound trail, and it calls the tampered one in the folder whole', async () => {
      expect((await indelible(handed, 'verify', '.', ...KEY)).code).toBe(1);
      await lay({});
      for (const args of [
        ['verify', '.', ...KEY],
        ['verify', '.'],
        ['inclusion', id, '--in', '.'],
        ['export', '.', 'copy'],
        ['keys', '.'],
      ]) {
        const { code, out, err } = await indelible(handed, ...args);
        expect({ args, code, out }).toEqual({ args, code: 2, out: '' });
        expect(err).toContain('holds a trail/ and a stack.json');
      }
    });

    it('is believed though somebody else wrote it, it names another machine, or it is a link to one’s own', async () => {
      await rename(join(handed, 'trail'), join(handed, 'hidden'));
      const cases: [string, () => Promise<void>][] = [
        ['is not yours alone', () => lay({}, 0o644)],
        ['stop the stack', () => lay({ storage: storage.connectionString.replaceAll('127.0.0.1', '198.51.100.7') })],
        ['stop the stack', () => lay({ storage: `${storage.connectionString};BlobEndpoint=https://evil.example/x` })],
        ['stop the stack', () => lay({ api: 'https://evil.example' })],
        ['stop the stack', () => lay({ hubsAdmin: 'http://127.0.0.1.evil.example:80' })],
        [
          'it is a link',
          async () => {
            await rm(join(handed, 'stack.json'));
            await symlink(join(folder, '.indelible', 'stack.json'), join(handed, 'stack.json'));
          },
        ],
      ];
      for (const [said, write] of cases) {
        await write();
        for (const args of [
          ['verify', '.', ...KEY],
          ['send', 'azure-activity', join(folder, 'payload.json'), '--stack', '.'],
        ]) {
          const { code, out, err } = await indelible(handed, ...args);
          expect({ args, code, out }).toEqual({ args, code: 2, out: '' });
          expect(err).toContain(said);
        }
      }
      await lay({});
      expect((await indelible(handed, 'verify', '.', ...KEY)).code).toBe(0);
      await rename(join(handed, 'hidden'), join(handed, 'trail'));
    });
  });

  it('says that no stack runs where one was killed and left its file: nobody answers at its addresses', async () => {
    const dead = await mkdtemp(join(tmpdir(), 'indelible-killed-'));
    await mkdir(join(dead, '.indelible'));
    const ended = execFile(process.execPath, ['--eval', '']);
    await once(ended, 'exit');
    const left = { ...(JSON.parse(stackFile) as object), pid: ended.pid };
    await writeFile(join(dead, '.indelible', 'stack.json'), JSON.stringify(left), { mode: 0o600 });
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
    await writeFile(join(dead, '.indelible', 'stack.json'), '{"pid":', { mode: 0o600 });
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
