import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import type { EventData } from '@azure/event-hubs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startEventHubs } from '../../local/event-hubs/server.ts';
import type { EventHubs } from '../../local/event-hubs/server.ts';
import { startHostProcess } from './functions-host-process.ts';
import type { HostProcess, HostProcessOptions } from './functions-host-process.ts';

/** What the fixture hub.ts records of one call. */
interface Call {
  readonly bodies: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly retries: number;
  readonly active: number;
  readonly buffers: boolean;
}

let folder: string;
let hubs: EventHubs;
let cleanups: (() => Promise<unknown>)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'functions-host-hubs-'));
  cleanups = [];
  hubs = await startHubs(0);
});

afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  await hubs.stop();
  await rm(folder, { recursive: true });
});

function startHubs(port: number): Promise<EventHubs> {
  return startEventHubs({
    dataDir: join(folder, 'hubs'),
    port,
    hubs: [{ name: 'web', partitions: 1, consumerGroups: ['seal'] }],
  });
}

async function startHost(options: Partial<HostProcessOptions> = {}): Promise<HostProcess> {
  const host = await startHostProcess({
    entryPoints: ['hub', 'seen'],
    dataDir: join(folder, 'host'),
    reclaimAfter: 200,
    ...options,
    settings: { HUB: hubs.connectionString(), HUB_NAME: 'web', ...options.settings },
  });
  cleanups.push(() => host.stop());
  return host;
}

async function send(events: readonly EventData[], partitionKey?: string): Promise<void> {
  const producer = new EventHubProducerClient(hubs.connectionString(), 'web');
  try {
    await producer.sendBatch([...events], partitionKey === undefined ? {} : { partitionKey });
  } finally {
    await producer.close();
  }
}

const bodies = (...texts: string[]): EventData[] => texts.map((text) => ({ body: Buffer.from(text) }));

/** The calls so far, once `count` bodies have come in them. */
function callsWith(host: HostProcess, count: number): Promise<Call[]> {
  return vi.waitFor(
    async () => {
      const calls = await host.seen<Call>();
      expect(calls.flatMap((call) => call.bodies).length).toBeGreaterThanOrEqual(count);
      return calls;
    },
    { timeout: 15_000, interval: 50 },
  );
}

const received = (calls: readonly Call[]) => calls.flatMap((call) => call.bodies);

test('a batch comes as the real host gives it: bytes, and metadata with all the flaws that it has there', async () => {
  const host = await startHost();
  expect(host.functions).toContainEqual({ name: 'seal-web', kind: 'eventHub', hub: 'web', consumerGroup: 'seal' });
  await send(
    [
      { body: Buffer.from('200'), properties: { Envelope: 'eyJhIjoxfQ', Count: '12', Nested: '{"Deep":1}' } },
      { body: Buffer.from('') },
    ],
    'a-key',
  );
  await callsWith(host, 2);
  await send(bodies('third'));
  const calls = await callsWith(host, 3);
  expect(received(calls)).toEqual(['200', '', 'third']);
  expect(calls.every((call) => call.buffers)).toBe(true);
  expect(calls[0]?.metadata).toEqual({
    partitionContext: {
      isCheckpointingAfterInvocation: true,
      fullyQualifiedNamespace: '127.0.0.1',
      eventHubName: 'web',
      consumerGroup: 'seal',
      partitionId: '0',
    },
    partitionKeyArray: ['a-key', 'a-key'],
    offsetArray: [expect.any(Number), expect.any(Number)],
    sequenceNumberArray: [0, 1],
    enqueuedTimeUtcArray: [0, 1].map(() => expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?$/)),
    propertiesArray: [{ envelope: 'eyJhIjoxfQ', count: 12, nested: { deep: 1 } }, {}],
    systemPropertiesArray: [
      expect.objectContaining({ sequenceNumber: 0, partitionKey: 'a-key' }),
      expect.objectContaining({ sequenceNumber: 1 }),
    ],
  });
  expect(calls[1]?.metadata).toMatchObject({
    sequenceNumberArray: [{ low: 2, high: 0, unsigned: false }],
    partitionKeyArray: [],
  });
});

test('a batch that keeps failing is retried by its policy, then left behind: the log, not the host, is the cursor', async () => {
  const host = await startHost();
  await send(bodies('fail'));
  await callsWith(host, 2);
  await send(bodies('after'));
  const calls = await callsWith(host, 3);
  expect(calls.map((call) => [call.bodies, call.retries])).toEqual([
    [['fail'], 0],
    [['fail'], 1],
    [['after'], 0],
  ]);
  expect(await host.stop()).toBe(0);
  const next = await startHost();
  await send(bodies('later'));
  expect(received(await callsWith(next, 1))).toEqual(['later']);
});

test('one batch of a partition is in flight at a time; a stop lets it end and remembers it', async () => {
  const host = await startHost({ hostJson: { extensions: { eventHubs: { maxEventBatchSize: 2 } } } });
  await send(bodies('slow 1', 'slow 2', 'slow 3', 'slow 4', 'slow 5'));
  await callsWith(host, 3);
  const code = await host.stop();
  expect(code).toBe(0);
  expect(host.logs().filter((line) => line.message.includes('still ran'))).toEqual([]);
  const next = await startHost();
  const calls = await callsWith(next, 1);
  expect(received(calls)).toEqual(['slow 5']);
  expect(calls.every((call) => call.active === 1)).toBe(true);
});

test('few events wait for more, but no longer than the longest time; settings override host.json', async () => {
  const host = await startHost({
    hostJson: { extensions: { eventHubs: { minEventBatchSize: 4, maxWaitTime: '00:10:00' } } },
    settings: { AzureFunctionsJobHost__extensions__eventHubs__maxWaitTime: '00:00:01' },
  });
  await send(bodies('a'));
  await send(bodies('b'));
  const calls = await callsWith(host, 2);
  expect(calls.map((call) => call.bodies)).toEqual([['a', 'b']]);
  await send(bodies('c', 'd', 'e', 'f'));
  expect((await callsWith(host, 6)).at(-1)?.bodies).toEqual(['c', 'd', 'e', 'f']);
});

test('a hub that goes down and comes back is read on, without a loss', async () => {
  const host = await startHost();
  await send(bodies('before'));
  await callsWith(host, 1);
  const { port } = hubs;
  await hubs.stop();
  hubs = await startHubs(port);
  await send(bodies('behind'));
  expect(received(await callsWith(host, 2))).toEqual(['before', 'behind']);
  hubs.closeConnections();
  await send(bodies('last'));
  expect(received(await callsWith(host, 3))).toEqual(['before', 'behind', 'last']);
});

test('a hub that was created anew is read from its first event: its numbers say nothing about the checkpoint', async () => {
  const host = await startHost();
  await send(bodies('one', 'two', 'three'));
  await callsWith(host, 3);
  await host.stop();
  await hubs.recreate('web');
  const next = await startHost();
  await send(bodies('new one'));
  expect(received(await callsWith(next, 1))).toEqual(['new one']);
  expect(next.logs().some((line) => line.message.includes('created anew'))).toBe(true);
});

test('a partition that another host takes is left to it, and claimed again later', async () => {
  const host = await startHost({ reclaimAfter: 500 });
  await send(bodies('mine'));
  await callsWith(host, 1);
  const other = new EventHubConsumerClient('seal', hubs.connectionString(), 'web');
  const others: string[] = [];
  other.subscribe(
    '0',
    {
      processEvents: async (events) => void others.push(...events.map((event) => String(event.body))),
      processError: () => Promise.resolve(),
    },
    { ownerLevel: 2, startPosition: { sequenceNumber: 0, isInclusive: false } },
  );
  const isLost = () =>
    expect(host.logs().some((line) => line.message.includes('another reader has taken it'))).toBe(true);
  try {
    await vi.waitFor(isLost, { timeout: 10_000 });
    await send(bodies('theirs'));
    await vi.waitFor(() => expect(others).toEqual(['theirs']), { timeout: 10_000 });
    expect(received(await host.seen<Call>())).toEqual(['mine']);
  } finally {
    await other.close();
  }
  expect(received(await callsWith(host, 2))).toEqual(['mine', 'theirs']);
});

test('a host that comes up before its hub waits for it, instead of giving up', async () => {
  const { port } = hubs;
  const connectionString = hubs.connectionString('web');
  await hubs.stop();
  const starting = startHost({
    settings: { HUB: connectionString, HUB_NAME: 'named by the connection string instead' },
  });
  hubs = await startHubs(port);
  const host = await starting;
  await send(bodies('first'));
  expect(received(await callsWith(host, 1))).toEqual(['first']);
});
