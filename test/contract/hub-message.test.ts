import { join } from 'node:path';

import { EventHubProducerClient } from '@azure/event-hubs';
import type { EventData } from '@azure/event-hubs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startEventHubs } from '../../local/event-hubs/server.ts';
import type { EventHubs } from '../../local/event-hubs/server.ts';
import { EventHubPublisher } from '../../shared/azure/event-hub-publisher.ts';
import { EventHubReader } from '../../shared/azure/event-hub-reader.ts';
import { openConsumer, openProducer } from '../../shared/azure/event-hubs-clients.ts';
import type { HubMessage } from '../../shared/seal/hub-message.ts';
import { startHostProcess } from '../local/functions-host-process.ts';
import type { HostProcess } from '../local/functions-host-process.ts';
import { makeFolder } from './stage.ts';
import type { TriggerCall } from './trigger-app.ts';

const PARTITIONS = 2;

let hubs: EventHubs;
let host: HostProcess;
let reader: EventHubReader;
let cleanUp: () => Promise<void>;

beforeEach(async () => {
  const { folder, remove } = await makeFolder();
  const declaration = { name: 'web', partitions: PARTITIONS, consumerGroups: ['seal', 'repair'] };
  hubs = await startEventHubs({ dataDir: folder, hubs: [declaration] });
  const connection = { name: 'HUB', connectionString: hubs.connectionString() };
  reader = new EventHubReader(() => openConsumer(connection, 'web'), { silence: 2_000 });
  host = await startHostProcess({
    entryPoints: [join(import.meta.dirname, 'trigger-app.ts'), 'seen'],
    settings: { HUB: hubs.connectionString() },
  });
  cleanUp = async () => {
    await host.stop();
    await reader.close();
    await hubs.stop();
    await remove();
  };
});

afterEach(() => cleanUp());

/** What the trigger handed over, a partition after the other, once `count` messages have come. */
async function byTrigger(count: number): Promise<HubMessage[][]> {
  const calls = await vi.waitFor(
    async () => {
      const seen = await host.seen<TriggerCall>();
      expect(seen.flatMap(({ messages = [] }) => messages).length).toBeGreaterThanOrEqual(count);
      return seen;
    },
    { timeout: 15_000, interval: 50 },
  );
  return Array.from({ length: PARTITIONS }, (_, id) =>
    calls
      .filter(({ partition }) => partition === String(id))
      .flatMap(({ messages = [] }) => messages)
      .map((message) => ({ ...message, body: Buffer.from(message.body, 'base64'), envelope: message.envelope })),
  );
}

/** The same range from the repair reader. */
async function byReader(messages: readonly HubMessage[][]): Promise<(readonly HubMessage[])[]> {
  return Promise.all(messages.map((each, id) => reader.read(String(id), 0, each.at(-1)?.sequenceNumber ?? -1, 1_000)));
}

async function send(events: readonly EventData[], partitionId: string): Promise<void> {
  const producer = new EventHubProducerClient(hubs.connectionString(), 'web');
  for (const event of events) await producer.sendBatch([event], { partitionId });
  await producer.close();
}

test('trigger and repair reader give another message for what an app of ours published', async () => {
  const publisher = new EventHubPublisher(() =>
    openProducer({ name: 'HUB', connectionString: hubs.connectionString() }, 'web'),
  );
  const bodies = ['200', '', '{"a": [1, null]}', 'null', 'text', 'é日😀', ' '].map((text) => Buffer.from(text));
  bodies.push(Buffer.from([0xff, 0, 0x80]), Buffer.alloc(400_000, 'x'));
  const envelope = Buffer.from(JSON.stringify({ source: 'github', subject: 'é'.repeat(500) })).toString('base64url');
  for (const [k, body] of bodies.entries()) {
    await publisher.publish({ partitionKey: `key ${k % 3}`, body, envelope }, AbortSignal.timeout(5_000));
  }
  await publisher.close();
  const trigger = await byTrigger(bodies.length);
  expect(await byReader(trigger)).toEqual(trigger);
  expect(trigger.flat().every((message) => message.envelope === envelope)).toBe(true);
  const sorted = (buffers: readonly Buffer[]): Buffer[] => buffers.toSorted((a, b) => Buffer.compare(a, b));
  expect(sorted(trigger.flat().map(({ body }) => body))).toEqual(sorted(bodies));
});

test('trigger and repair reader differ on what a hostile or foreign sender put beside the body, or instead of it', async () => {
  const body = Buffer.from('body');
  const properties: Record<string, unknown>[] = [
    { envelope: 'eyJzb3VyY2UiOiJhIn0' },
    { Envelope: 'eyJzb3VyY2UiOiJiIn0' },
    { envelope: '200' },
    { envelope: 'true' },
    { envelope: '"eyJzb3VyY2UiOiJhIn0"' },
    { envelope: ' "\\"eyJzb3VyY2UiOiJhIn0\\""' },
    { envelope: '{"source":"a"}' },
    { envelope: '' },
    { envelope: 'not base64!' },
    { envelope: 7 },
    { envelope: true },
    { envelope: 'e'.repeat(70_000) },
    { other: 'eyJ', ENVELOPE: 'eyJ', ' envelope': 'eyJ', nested: '{"envelope":"eyJ"}' },
    { __proto__: 'x', constructor: 'y' },
    {},
  ];
  // The SDK takes AMQP messages, too: these have their body in another section than ours.
  const annotated = ['text', 7, null, { a: 1 }].map((value) => ({ body: value, bodyType: 'value' }));
  const events = [
    ...properties.map((each) => ({ body, properties: each })),
    { body },
    { body, contentType: 'application/json', messageId: '200', correlationId: 'x' },
    ...annotated,
  ];
  await send(events, '1');
  const trigger = await byTrigger(events.length);
  expect(await byReader(trigger)).toEqual(trigger);
  const plain = 'eyJzb3VyY2UiOiJhIn0';
  expect(trigger[1]?.map(({ envelope }) => envelope?.slice(0, 20))).toEqual([
    plain,
    'eyJzb3VyY2UiOiJiIn0',
    '',
    '',
    plain,
    plain,
    // There, and no envelope: not the same as none.
    ...Array<string>(5).fill(''),
    'e'.repeat(20),
    ...Array<undefined>(events.length - 12).fill(undefined),
  ]);
});
