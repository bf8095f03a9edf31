import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startStack } from '../../local/stack.ts';
import type { Part } from '../../local/stack.ts';
import { untilSealed } from '../../local/until-sealed.ts';
import { createFileKey } from '../../shared/directory/file-signer.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { StackStage, pushOf } from './stack-stage.ts';

const PATIENCE = 60_000;
const OPTIONS = { timeout: 120_000 };

const deliveriesOf = (records: readonly TrailRecord[]) =>
  records.flatMap(({ data }) => data.collected?.envelope?.delivery ?? []);

describe('npm start', () => {
  /** How the program ends with these options. */
  const run = async (...options: string[]) => {
    const main = join(import.meta.dirname, '../../local/main.ts');
    const ended = await promisify(execFile)(process.execPath, [main, ...options]).catch((error: unknown) => error);
    return ended as { code?: number; stdout: string; stderr: string };
  };

  it('refuses a configuration that does not parse, with line and column: it would take in events and seal none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-start-'));
    await writeFile(join(folder, 'indelible.yaml'), 'version: 1\nprojects: [\n');
    const data = join(folder, 'data');
    const { code, stdout, stderr } = await run('--data', data, '--port', '0', '--configuration', folder);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^The stack did not start: .*indelible\.yaml:\d+:\d+: /);
    expect(stderr).toContain(`the configuration in ${folder} cannot be used: `);
    expect(existsSync(join(data, 'stack.json'))).toBe(false);
    await rm(folder, { recursive: true });
  });

  it('answers a wrong option with its usage, not with a stack that did not start', async () => {
    const { code, stderr } = await run('--wat');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^[^\n]*--wat[^]*\nUsage: npm start -- /);
    expect(stderr).not.toMatch(/did not start|^\s+at /m);
    expect((await run('--port', 'x')).code).toBe(2);
  });

  it('says what it takes, instead of starting, to who asks', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBeUndefined();
    expect(stdout).toMatch(/^Usage: npm start -- [^]*--data[^]*--port[^]*--configuration/);
  });

  it('writes into a folder of other things, or over a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-start-'));
    await writeFile(join(folder, 'thesis.txt'), 'mine');
    const cases: [string, string][] = [
      [folder, `The folder ${folder} holds other things already, such as thesis.txt`],
      [join(folder, 'thesis.txt'), `${join(folder, 'thesis.txt')} is a file`],
    ];
    for (const [data, said] of cases) {
      const { code, stdout, stderr } = await run('--data', data, '--port', '0');
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(said) as string,
      });
    }
    expect(await readdir(folder)).toEqual(['thesis.txt']);
    await rm(folder, { recursive: true });
  });

  it('that is interrupted while it starts ends, and does not say that it runs', OPTIONS, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-start-'));
    const main = join(import.meta.dirname, '../../local/main.ts');
    const child = spawn(process.execPath, [main, '--data', folder, '--port', '0'], { stdio: ['ignore', 'pipe', 2] });
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    // It is about to start the hubs and the apps.
    while (!existsSync(join(folder, 'memory.json'))) await delay(20);
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('Stopping.\n');
    expect(existsSync(join(folder, 'stack.json'))).toBe(false);
    await rm(folder, { recursive: true });
  });

  it(
    'says nothing where nothing is sealed any more, or which folder the commands have to be told',
    OPTIONS,
    async () => {
      const first = await StackStage.open();
      await first.github('push', pushOf(1));
      await untilSealed(first.stack.file, PATIENCE);
      await first.stack.stop();
      // An edited indelible.yaml that is no new version of the adopted one.
      const mine = join(first.folder, 'mine');
      await mkdir(mine);
      const sample = await readFile(join(import.meta.dirname, '../../local/sample/indelible.yaml'), 'utf8');
      await writeFile(join(mine, 'indelible.yaml'), `${sample}# mine\n`);
      const data = join(first.folder, 'data');
      const main = join(import.meta.dirname, '../../local/main.ts');
      const child = spawn(process.execPath, [main, '--data', data, '--port', '0', '--configuration', mine]);
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      await expect.poll(() => err, { timeout: PATIENCE }).toContain('WARNING: seal-');
      expect(out).toContain(`--event push --stack ${data}\n`);
      expect(err).toContain('has adopted configuration');
      expect(err).toContain(join(data, 'logs', 'seal.log'));
      const api = (JSON.parse(await readFile(join(data, 'stack.json'), 'utf8')) as { api: string }).api;
      // Each reason once, however often it fails.
      for (let i = 0; i < 3; i++) await fetch(`${api}/admin/functions/seal-tail?wait=1`, { method: 'POST' });
      expect(err.match(/has adopted configuration/g)).toHaveLength(1);
      const ended = once(child, 'close');
      child.kill('SIGINT');
      await ended;
      await rm(first.folder, { recursive: true });
    },
  );

  it('goes on with a new key, without a word, where that of the trail is lost', OPTIONS, async () => {
    const first = await StackStage.open();
    const data = join(first.folder, 'data');
    expect(await readFile(join(data, '.gitignore'), 'utf8')).toBe('*\n');
    await first.github('push', pushOf(1));
    await untilSealed(first.stack.file, PATIENCE);
    const { keys } = first.stack.file;
    await first.stack.stop();
    await rename(keys, `${keys}.lost`);
    const refused = `holds a trail, and not the key that signed it: put it back into ${keys}/`;
    await expect(startStack({ dataDir: data, port: 0 })).rejects.toThrow(refused);
    expect(existsSync(keys)).toBe(false);
    await createFileKey(keys);
    await expect(startStack({ dataDir: data, port: 0 })).rejects.toThrow(refused);
    await rm(keys, { recursive: true });
    await rename(`${keys}.lost`, keys);
    await (await startStack({ dataDir: data, port: 0 })).stop();
    await rm(first.folder, { recursive: true });
  });

  it('names a log without a word in it where a part was killed', OPTIONS, async () => {
    const stage = await StackStage.open();
    const logs = (await promisify(execFile)('ps', ['-eo', 'pid,ppid,args'])).stdout.split('\n');
    const hubs = logs
      .map((line) => /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [])
      .find(([, , parent, args]) => Number(parent) === process.pid && args?.includes(`${stage.folder}/data/hubs`));
    process.kill(Number(hubs?.[1]), 'SIGKILL');
    expect(await stage.stack.broken).toBe(
      'The part "hubs" was ended from outside, or ended without a word: start again with npm start.',
    );
    await stage.close();
  });
});

describe('the stack', () => {
  let stage: StackStage;
  beforeAll(async () => {
    stage = await StackStage.open();
  }, PATIENCE);
  afterAll(async () => {
    await stage.close();
  }, PATIENCE);

  it('refuses and takes in what each input deserves', OPTIONS, async () => {
    const { file } = stage.stack;
    const events: [string, () => Promise<Response>, number][] = [
      ['no signature', () => stage.post('/api/collect/github', '{}', { 'x-github-event': 'push' }), 401],
      [
        'a wrong signature',
        () =>
          stage.post('/api/collect/github', '{}', {
            'x-github-event': 'push',
            'x-github-delivery': 'x',
            'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
          }),
        401,
      ],
      ['JSON that does not parse', () => stage.github('push', '{"broken'), 202],
      ['an event that nobody knows', () => stage.github('unheard_of', '{"action":"done"}'), 202],
      ['nesting a hundred thousand deep', () => stage.github('push', '['.repeat(100_000)), 202],
      ['__proto__ and a key twice', () => stage.github('push', '{"__proto__":{"a":1},"ref":"x","ref":"y"}'), 202],
      ['lone surrogates', () => stage.github('push', '{"ref":"\\ud800","sender":{"login":"\\udfff\\u0000"}}'), 202],
      ['a string of a megabyte', () => stage.github('issues', `{"action":"${'x'.repeat(1_100_000)}"}`), 202],
      ['no token', () => stage.post('/api/approvals', '{"project":"payments"}'), 401],
      [
        'a token without the role',
        async () =>
          stage.post('/api/approvals', '{"project":"payments"}', {
            authorization: `Bearer ${await stage.token('alice', ['Trail.Read'])}`,
          }),
        403,
      ],
      ['a path that no function has', () => stage.post('/api/nothing', '{}'), 404],
      ['a wrong method', () => fetch(`${file.api}/api/collect/github`), 404],
    ];
    const before = (await stage.messages('web')).flat().length;
    for (const [what, send, status] of events) {
      const answer = await send();
      expect(`${what}: ${answer.status}`).toBe(`${what}: ${status}`);
    }
    await untilSealed(file, PATIENCE);
    expect((await stage.messages('web')).flat().length - before).toBe(6);
    const records = await stage.records();
    const unrecognized = records.filter(({ type }) => type === UNRECOGNIZED_TYPE);
    expect(unrecognized.map(({ data }) => data.unrecognized?.code)).toContain('json');
    expect(unrecognized.every(({ data }) => data.evidence?.blob !== undefined)).toBe(true);
    expect(await stage.check()).toEqual([]);
  });

  it(
    'seals what an authenticated person sent, where people look for it, also when it cannot be read',
    OPTIONS,
    async () => {
      const authorization = `Bearer ${await stage.token('alice')}`;
      const send = async (path: string, body: string) => {
        const answer = await stage.post(path, body, { authorization });
        expect(answer.status).toBe(202);
        return (await answer.json()) as { id: string; request: string };
      };
      const asked = await send('/api/approvals', '{"project": "payments", "kind":');
      const vote = await send(`/api/approvals/${asked.request}/votes`, '{"verdict"');
      const withdrawal = await send(`/api/approvals/${asked.request}/withdrawal`, '');
      await untilSealed(stage.stack.file, PATIENCE);
      const records = new Map((await stage.records()).map((each) => [each.id, each]));
      const { actor } = records.get(withdrawal.id)?.data ?? {};
      expect(actor?.kind).toBe('human');
      expect(records.get(withdrawal.id)?.type).toBe('indelible.decision.approval.withdrawn');
      for (const { id } of [asked, vote]) {
        const record = records.get(id);
        expect(record?.type).toBe(UNRECOGNIZED_TYPE);
        expect(record?.data).toMatchObject({ actor, target: { id: asked.request }, unrecognized: { code: 'json' } });
      }
      expect(await stage.decisions(asked.request)).toEqual([asked.id, vote.id, withdrawal.id]);
      expect(await stage.check()).toEqual([]);
    },
  );

  it('takes Event Grid’s handshake, both schemas, and both roads', OPTIONS, async () => {
    const path = '/runtime/webhooks/EventGrid?functionName=observe-azure-activity';
    const [event] = JSON.parse(await readFile('local/sample/azure-write.json', 'utf8')) as [Record<string, unknown>];
    const validation = {
      id: '1',
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      subject: '',
      topic: 't',
      data: { validationCode: 'a code' },
      eventTime: '2026-11-20T00:00:00Z',
      dataVersion: '1',
    };
    const handshake = await stage.post(path, JSON.stringify([validation]), {
      'aeg-event-type': 'SubscriptionValidation',
    });
    expect(await handshake.json()).toMatchObject({ validationResponse: 'a code' });
    const cloudEvent = {
      specversion: '1.0',
      id: randomUUID(),
      source: event['topic'],
      subject: event['subject'],
      type: event['eventType'],
      time: event['eventTime'],
      data: event['data'],
    };
    const grid = await stage.post(path, JSON.stringify([{ ...event, id: randomUUID() }]), {
      'aeg-event-type': 'Notification',
    });
    const cloud = await stage.post(path, JSON.stringify(cloudEvent), {
      'aeg-event-type': 'Notification',
      'content-type': 'application/cloudevents+json',
    });
    expect([grid.status, cloud.status]).toEqual([202, 202]);
    await untilSealed(stage.stack.file, PATIENCE);
    const writes = (await stage.records()).filter(({ data }) => data.action === 'Microsoft.Web/sites/write');
    expect(writes.map(({ data }) => [data.actor?.name, data.outcome])).toEqual([
      ['Carol Chen', 'succeeded'],
      ['Carol Chen', 'succeeded'],
    ]);
    expect(await stage.check()).toEqual([]);
  });

  it('spills what the hub does not take, replays it, and says 503 where that fails too', OPTIONS, async () => {
    await stage.admin({ do: 'set-fault', hub: 'web', fault: { kind: 'refuse', retryable: false } });
    const delivery = randomUUID();
    expect((await stage.github('push', pushOf(1), delivery)).status).toBe(202);
    await stage.stack.storage.setFault({
      service: 'blob',
      path: /spill-collect/,
      times: 100,
      effect: { kind: 'refuse', status: 403, code: 'AuthorizationPermissionMismatch' },
    });
    expect((await stage.github('push', pushOf(2))).status).toBe(503);
    await stage.stack.storage.clearFaults();
    await stage.admin({ do: 'clear-fault', hub: 'web' });
    expect(await stage.fire('replay-collect-spill')).toBe(200);
    await untilSealed(stage.stack.file, PATIENCE);
    const sealed = deliveriesOf(await stage.records()).filter((each) => each === delivery);
    expect(sealed).toHaveLength(1);
    expect(await stage.check()).toEqual([]);
  });

  it('seals with the next batch what no attempt of the batch before could seal', OPTIONS, async () => {
    const { storage, file } = stage.stack;
    const refused = { service: 'blob', method: 'PUT', path: /\/trail\/segments/, times: 1_000_000 } as const;
    await storage.setFault({
      ...refused,
      effect: { kind: 'refuse', status: 403, code: 'AuthorizationPermissionMismatch' },
    });
    const first = randomUUID();
    expect((await stage.github('push', pushOf(3), first)).status).toBe(202);
    // Three attempts, five seconds apart; then the host moves its checkpoint past the batch.
    await delay(22_000);
    expect(deliveriesOf(await stage.records())).not.toContain(first);
    await storage.clearFaults();
    const second = randomUUID();
    await stage.github('push', pushOf(4), second);
    await untilSealed(file, PATIENCE);
    const deliveries = deliveriesOf(await stage.records());
    expect([first, second].filter((each) => deliveries.includes(each))).toEqual([first, second]);
    expect(await stage.check()).toEqual([]);
  });

  it('opens a generation where a hub was created anew, and goes on', OPTIONS, async () => {
    const { file } = stage.stack;
    const before = await Promise.all(
      (await stage.messages('web')).map((messages, partition) => stage.published('web', partition, 0, messages)),
    );
    await stage.admin({ do: 'recreate', hub: 'web' });
    const deliveries = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const delivery = randomUUID();
        // The sender's link went with the hub: what is not taken while it comes back is spilled.
        expect((await stage.github('push', pushOf(100 + i), delivery)).status).toBe(202);
        return delivery;
      }),
    );
    await expect.poll(() => stage.fire('replay-collect-spill'), { timeout: PATIENCE }).toBe(200);
    await untilSealed(file, PATIENCE);
    const sealed = new Set(deliveriesOf(await stage.records()));
    expect(deliveries.filter((each) => !sealed.has(each))).toEqual([]);
    const opened = (await stage.records()).flatMap(({ data }) => data.seal?.opened?.reason ?? []);
    expect(opened.some((reason) => reason.startsWith('the hub was created anew'))).toBe(true);
    expect(await stage.check(before.filter(({ messages }) => messages.length > 0))).toEqual([]);
  });

  it('runs beside another one', OPTIONS, async () => {
    const other = await StackStage.open();
    try {
      expect((await other.github('push', pushOf(5))).status).toBe(202);
      // The secret of one is no key to the other.
      const path = '/api/collect/github';
      const answer = await stage.post(path, pushOf(5), {
        'x-github-event': 'push',
        'x-github-delivery': 'x',
        'x-hub-signature-256': `sha256=${'1'.repeat(64)}`,
      });
      expect(answer.status).toBe(401);
      await untilSealed(other.stack.file, PATIENCE);
      expect(await other.check()).toEqual([]);
      await expect(startStack({ dataDir: join(other.folder, 'data'), port: 0 })).rejects.toThrow(
        `A stack already runs on ${join(other.folder, 'data')}/ (pid ${process.pid}, ${other.stack.file.api}).`,
      );
      expect((await other.github('push', pushOf(6))).status).toBe(202);
    } finally {
      await other.close();
    }
  });
});

describe('a stack whose parts are restarted under load', () => {
  it('loses nothing that it acknowledged, and seals nothing twice', { timeout: 240_000 }, async () => {
    const stage = await StackStage.open();
    try {
      const acknowledged = new Set<string>();
      let number = 0;
      const over = new AbortController();
      const send = async (): Promise<void> => {
        while (!over.signal.aborted) {
          const delivery = randomUUID();
          // No answer, 503 and the like: the source will send again, and nothing was promised.
          const status = await stage.github('push', pushOf(number++), delivery).then(
            (answer) => answer.status,
            () => 0,
          );
          if (status === 202) acknowledged.add(delivery);
          await delay(20);
        }
      };
      const senders = Array.from({ length: 4 }, send);
      const restarts: [Part, 'orderly' | 'kill'][] = [
        ['seal', 'kill'],
        ['hubs', 'kill'],
        ['storage', 'orderly'],
        ['collect', 'kill'],
        ['seal', 'orderly'],
        ['hubs', 'orderly'],
        ['collect', 'orderly'],
        ['seal', 'kill'],
      ];
      for (const [part, how] of restarts) {
        await delay(1_500);
        const before = acknowledged.size;
        await stage.stack.restart(part, how);
        await expect.poll(() => acknowledged.size, { timeout: PATIENCE }).toBeGreaterThan(before);
      }
      over.abort();
      await Promise.all(senders);
      await expect.poll(() => stage.fire('replay-collect-spill'), { timeout: PATIENCE }).toBe(200);
      await untilSealed(stage.stack.file, PATIENCE);
      const records = await stage.records();
      const sealed = new Set(deliveriesOf(records));
      expect([...acknowledged].filter((each) => !sealed.has(each))).toEqual([]);
      expect(acknowledged.size).toBeGreaterThan(50);
      // Each message of the hubs exactly once; a delivery that went to the hub and to the spill is two messages of one id.
      expect(await stage.check()).toEqual([]);
    } finally {
      await stage.close();
    }
  });

  it('goes on where it stopped, on other ports, with the same secret and the same key', OPTIONS, async () => {
    const first = await StackStage.open();
    await first.github('push', pushOf(1));
    await untilSealed(first.stack.file, PATIENCE);
    // Published, and perhaps not sealed when the stack stops.
    await first.github('push', pushOf(2));
    await first.stack.stop();
    const again = await StackStage.open({}, first.folder);
    try {
      expect(again.stack.file.githubSecret).toBe(first.stack.file.githubSecret);
      await again.github('push', pushOf(3));
      await untilSealed(again.stack.file, PATIENCE);
      expect(new Set(deliveriesOf(await again.records())).size).toBe(3);
      expect(await again.check()).toEqual([]);
    } finally {
      await again.close();
    }
  });
});
