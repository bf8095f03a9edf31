import { EventHubConsumerClient, earliestEventPosition } from '@azure/event-hubs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { startEventHubs } from '../../local/event-hubs/server.ts';
import { EventHubPublisher } from '../../shared/azure/event-hub-publisher.ts';
import { openProducer } from '../../shared/azure/event-hubs-clients.ts';
import type { OutgoingMessage, Publisher } from '../../shared/publish/publisher.ts';
import { MemoryHub } from '../fakes/memory-hub.ts';
import { makeFolder } from './stage.ts';
import type { Adapter } from './stage.ts';

interface Received {
  readonly partition: string;
  readonly body: Buffer;
  readonly envelope: unknown;
}

/** A hub of four partitions. */
interface Hub {
  readonly publisher: Publisher;
  /** All that was published, `count` messages, by partition and in the order of their numbers. */
  received(count: number): Promise<Received[]>;
}

const PARTITIONS = ['0', '1', '2', '3'];

const adapters: Adapter<Hub>[] = [
  {
    name: 'memory',
    open: () => {
      const hub = new MemoryHub({ partitions: 4 });
      const received = (): Promise<Received[]> =>
        Promise.resolve(
          PARTITIONS.flatMap((partition) =>
            hub.messages(partition).map(({ body, envelope }) => ({ partition, body, envelope })),
          ),
        );
      return Promise.resolve({ port: { publisher: hub, received }, close: () => Promise.resolve() });
    },
  },
  {
    name: 'Event Hubs',
    open: async () => {
      const { folder, remove } = await makeFolder();
      const declaration = { name: 'web', partitions: 4, consumerGroups: ['repair'] };
      const hubs = await startEventHubs({ dataDir: folder, hubs: [declaration] });
      const connection = { name: 'HUB', connectionString: hubs.connectionString() };
      const publisher = new EventHubPublisher(() => openProducer(connection, 'web'));
      const close = async (): Promise<void> => {
        await publisher.close();
        await hubs.stop();
        await remove();
      };
      return { port: { publisher, received: (count) => receive(hubs.connectionString(), count) }, close };
    },
  },
];

/** Reads with the bare SDK what the hub holds. */
async function receive(connectionString: string, count: number): Promise<Received[]> {
  const consumer = new EventHubConsumerClient('repair', connectionString, 'web');
  const received: Received[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  consumer.subscribe(
    {
      processEvents: (events, { partitionId }) => {
        for (const { body, properties } of events) {
          received.push({ partition: partitionId, body: body as Buffer, envelope: properties?.['envelope'] });
        }
        if (received.length >= count) resolve();
        return Promise.resolve();
      },
      processError: (error) => {
        reject(error);
        return Promise.resolve();
      },
    },
    { startPosition: earliestEventPosition, skipParsingBodyAsJson: true },
  );
  try {
    await promise;
  } finally {
    await consumer.close();
  }
  return received.toSorted((a, b) => Number(a.partition) - Number(b.partition));
}

function message(partitionKey: string, body: string | Buffer, envelope = 'eyJzb3VyY2UiOiJ0ZXN0In0'): OutgoingMessage {
  return { partitionKey, body: Buffer.from(body), envelope };
}

function inTime(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

describe.each(adapters)('Publisher: $name', ({ open }) => {
  let publisher: Publisher;
  let hub: Hub;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ port: hub, close } = await open());
    publisher = hub.publisher;
  });
  afterEach(() => close());

  test('a body is wrapped, parsed, or lost where it is empty; an envelope does not come along', async () => {
    const bodies = [Buffer.from('200'), Buffer.alloc(0), Buffer.from('{"a":1}'), Buffer.from([0, 255, 128])];
    for (const [k, body] of bodies.entries())
      expect(await publisher.publish(message('a', body, `e${k}`), inTime())).toBe('accepted');
    const received = await hub.received(4);
    expect(received.map(({ body }) => body)).toEqual(bodies);
    expect(received.map(({ envelope }) => envelope)).toEqual(['e0', 'e1', 'e2', 'e3']);
  });

  test('messages of one key lie in several partitions, or out of order; all keys lie in one', async () => {
    const keys = ['repo/a', 'repo/b', 'repo/c', 'repo/d', 'repo/e', 'repo/f', 'repo/g', 'repo/h'];
    for (let k = 0; k < 4; k++) {
      for (const key of keys) await publisher.publish(message(key, `${key} ${k}`), inTime());
    }
    const received = await hub.received(32);
    for (const key of keys) {
      const own = received.filter(({ body }) => body.toString().startsWith(key));
      expect(own.map(({ body }) => body.toString())).toEqual([0, 1, 2, 3].map((k) => `${key} ${k}`));
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    }
    expect(new Set(received.map(({ partition }) => partition)).size).toBeGreaterThan(1);
  });

  test('what the hub cannot hold is an error, or is sent in part; what it can hold is refused', async () => {
    expect(await publisher.publish(message('a', Buffer.alloc(1_048_576)), inTime())).toBe('tooLarge');
    expect(await publisher.publish(message('a', 'small', 'e'.repeat(1_048_576)), inTime())).toBe('tooLarge');
    expect(await publisher.publish(message('a', Buffer.alloc(5_000_000)), inTime())).toBe('tooLarge');
    expect(await publisher.publish(message('a', Buffer.alloc(1_000_000, 7)), inTime())).toBe('accepted');
    expect((await hub.received(1)).map(({ body }) => body.length)).toEqual([1_000_000]);
  });

  test('many at once are lost or doubled', async () => {
    const bodies = Array.from({ length: 60 }, (_, k) => `message ${k}`);
    const answers = await Promise.all(
      bodies.map((body, k) => publisher.publish(message(`key ${k % 7}`, body), inTime())),
    );
    expect(new Set(answers)).toEqual(new Set(['accepted']));
    expect((await hub.received(60)).map(({ body }) => body.toString()).toSorted()).toEqual(bodies.toSorted());
  });

  test('a publication that was given up before it began is sent all the same', async () => {
    const given = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
    await expect(publisher.publish(message('a', 'late'), given)).rejects.toMatchObject({
      name: 'StoreError',
      code: 'unavailable',
    });
    await publisher.publish(message('a', 'in time'), inTime());
    expect((await hub.received(1)).map(({ body }) => body.toString())).toEqual(['in time']);
  });
});
