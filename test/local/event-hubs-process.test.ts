import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { AdminRequest } from '../../local/event-hubs/admin-http.ts';
import type { HubState } from '../../local/event-hubs/server.ts';
import { bodies, numbers, readSome, texts, WEB, useStage } from './event-hubs-stage.ts';

const stage = useStage();

const MAIN = new URL('../../local/event-hubs/main.ts', import.meta.url);
const readyLine = z.strictObject({ ready: z.literal(true), port: z.int().positive(), admin: z.int().positive() });

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly admin: string;
  readonly connectionString: string;
}

function forkMain(options: object): ChildProcess {
  const child = fork(MAIN, [JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  stage.later(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
}

async function startChild(options: object = {}): Promise<Running> {
  const child = forkMain({ dataDir: stage.dataDir, hubs: [WEB], ...options });
  if (child.stdout === null) throw new Error('The child has no standard output.');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { port, admin } = readyLine.parse(JSON.parse(line));
  return {
    child,
    port,
    admin: `http://127.0.0.1:${admin}/`,
    connectionString: `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true`,
  };
}

/** How a child that cannot start ends: its exit code, and what it says. */
async function failure(options: object): Promise<[unknown, string]> {
  const child = forkMain(options);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [unknown];
  return [code, said];
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown[]> {
  child.kill(signal);
  return once(child, 'exit');
}

async function ask(running: Running, request: AdminRequest): Promise<HubState[]> {
  const response = await fetch(running.admin, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as HubState[];
}

describe('the stand-in as a process', () => {
  test('a stop that loses what was accepted, or a start that does not find it', async () => {
    const first = await startChild();
    await stage.producer(first.connectionString).sendBatch(texts('a', 'b'), { partitionId: '0' });
    expect(await end(first.child, 'SIGTERM')).toEqual([0, null]);
    const second = await startChild({ port: first.port });
    expect(second.port).toBe(first.port);
    expect(bodies(await readSome(stage.consumer(second.connectionString), '0', 2))).toEqual(['a', 'b']);
    const [code, said] = await failure({ dataDir: `${stage.dataDir}/other`, port: first.port, hubs: [WEB] });
    expect([code, said]).toEqual([2, expect.stringContaining('EADDRINUSE')]);
  });

  test('an accepted event that a kill in mid-write takes, repeats or moves', { timeout: 60_000 }, async () => {
    const accepted: string[] = [];
    let running = await startChild();
    for (let round = 0; round < 3; round++) {
      const producer = stage.producer(running.connectionString);
      const over = new AbortController();
      const enough = Promise.withResolvers<void>();
      const begun = accepted.length;
      // Five at a time, of some kilobytes, so that the kill falls into a write.
      const senders = Array.from({ length: 5 }, async (_, sender) => {
        for (let i = 0; !over.signal.aborted; i++) {
          const body = `${round}/${sender}/${i}/`.padEnd(20_000, '.');
          await producer.sendBatch(texts(body, body), { partitionId: '0', abortSignal: over.signal });
          accepted.push(body);
          if (accepted.length >= begun + 60) enough.resolve();
        }
      });
      await enough.promise;
      const died = once(running.child, 'exit');
      running.child.kill('SIGKILL');
      await died;
      over.abort();
      await Promise.allSettled(senders);
      running = await startChild();
    }
    const state = (await (await fetch(running.admin)).json()) as HubState[];
    const total = state[0]?.partitions[0]?.next ?? 0;
    const events = await readSome(stage.consumer(running.connectionString), '0', total);
    expect(numbers(events)).toEqual(Array.from({ length: total }, (_, i) => i));
    const stored = bodies(events);
    // Whole sends, each once, whether its answer came through or not.
    const sends = stored.filter((_, i) => i % 2 === 0);
    expect(stored.filter((_, i) => i % 2 === 1)).toEqual(sends);
    expect(new Set(sends).size).toBe(sends.length);
    const missing = accepted.filter((body) => !sends.includes(body));
    expect(missing).toEqual([]);
    // One sender's sends are in order.
    for (let sender = 0; sender < 5; sender++) {
      const counts = sends.filter((body) => body.startsWith(`2/${sender}/`)).map((body) => Number(body.split('/')[2]));
      expect(counts).toEqual(counts.map((_, i) => i));
    }
  });

  test('options or data that it cannot use, and that end in a stack trace or a wrong hub', async () => {
    expect(await failure({ hubs: [] })).toEqual([2, expect.stringContaining('dataDir')]);
    expect(await failure({ dataDir: stage.dataDir, hubs: [{ name: '../up', partitions: 1 }] })).toEqual([
      2,
      expect.stringContaining('is no name of an event hub'),
    ]);
    const { child } = await startChild();
    await end(child, 'SIGTERM');
    const grown = await failure({ dataDir: stage.dataDir, hubs: [{ ...WEB, partitions: 4 }] });
    expect(grown).toEqual([2, expect.stringContaining("The number of a hub's partitions never changes")]);
    expect(await readdir(stage.dataDir)).toEqual(['web']);
  });

  test('a child that outlives the process that forked it', async () => {
    const { child } = await startChild();
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('the admin port', () => {
  test('faults, cuts and new hubs that cannot be had from another process', async () => {
    const running = await startChild();
    const producer = stage.producer(running.connectionString);
    await producer.sendBatch(texts('0', '1', '2'), { partitionId: '0' });
    const [faulty] = await ask(running, { do: 'set-fault', hub: 'web', fault: { kind: 'refuse', retryable: false } });
    expect(faulty?.fault).toEqual({ kind: 'refuse', retryable: false });
    await expect(producer.sendBatch(texts('x'))).rejects.toMatchObject({ code: 'MessagingEntityDisabledError' });
    expect(await ask(running, { do: 'clear-fault', hub: 'web' })).toMatchObject([{ name: 'web' }]);
    await producer.sendBatch(texts('3'), { partitionId: '0' });
    const [cut] = await ask(running, { do: 'cut', hub: 'web', partition: '0', before: 2 });
    expect(cut?.partitions[0]).toMatchObject({ id: '0', begin: 2, next: 4, readers: [] });
    const [emptied] = await ask(running, {
      do: 'cut-older',
      hub: 'web',
      partition: '0',
      olderThan: Date.now() + 60_000,
    });
    expect(emptied?.partitions[0]).toMatchObject({ begin: 4, next: 4 });
    const [anew] = await ask(running, { do: 'recreate', hub: 'web' });
    expect(anew?.created).toBeGreaterThan(cut?.created ?? Infinity);
    expect(anew?.partitions[0]).toEqual({ id: '0', begin: 0, next: 0, readers: [] });
    await ask(running, { do: 'close-connections' });
    const after = stage.producer(running.connectionString);
    await after.sendBatch(texts('4'), { partitionId: '0' });
    expect(await (await fetch(running.admin)).json()).toMatchObject([{ partitions: [{ next: 1 }, { next: 0 }] }]);
  });

  test('a wrong request that is taken, ends the process or stays without a reason', async () => {
    const running = await startChild();
    const post = async (body: string, type = 'application/json'): Promise<[number, string]> => {
      const response = await fetch(running.admin, { method: 'POST', headers: { 'content-type': type }, body });
      const { error } = (await response.json()) as { error: string };
      return [response.status, error];
    };
    const recreate = JSON.stringify({ do: 'recreate', hub: 'web' });
    expect(await post(recreate, 'text/plain')).toEqual([400, expect.stringContaining('content-type')]);
    expect(await post('{')).toEqual([400, 'The body is no JSON.']);
    expect(await post('{"do":"explode"}')).toEqual([400, expect.stringContaining('do')]);
    expect(await post(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toEqual([400, expect.any(String)]);
    expect(await post('"'.padEnd(100_000))).toEqual([400, expect.stringContaining('longer than')]);
    expect(await post(JSON.stringify({ do: 'recreate', hub: 'absent' }))).toEqual([404, 'There is no hub absent.']);
    expect(await post(JSON.stringify({ do: 'cut', hub: 'web', partition: '9', before: 1 }))).toEqual([
      404,
      'The hub web has no partition 9.',
    ]);
    expect((await fetch(running.admin)).status).toBe(200);
  });
});
