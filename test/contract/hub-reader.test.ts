import { EventHubProducerClient } from '@azure/event-hubs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { startEventHubs } from '../../local/event-hubs/server.ts';
import { EventHubReader } from '../../shared/azure/event-hub-reader.ts';
import { openConsumer } from '../../shared/azure/event-hubs-clients.ts';
import type { HubReader } from '../../shared/seal/hub-reader.ts';
import { formatTimestamp, parseTimestamp } from '../../shared/wire/timestamp.ts';
import { MemoryHub } from '../fakes/memory-hub.ts';
import { makeFolder } from './stage.ts';
import type { Adapter } from './stage.ts';

/** A hub of two partitions, and what senders, retention and an operator do to it. */
interface Hub {
  readonly reader: HubReader;
  send(partition: string, bodies: readonly Buffer[]): Promise<void>;
  /** Retention takes the messages numbered below `before`. */
  cut(partition: string, before: number): Promise<void>;
  recreate(): Promise<void>;
}

const adapters: Adapter<Hub>[] = [
  {
    name: 'memory',
    open: () => {
      const hub = new MemoryHub({ partitions: 2 });
      const port: Hub = {
        reader: hub,
        send: (partition, bodies) => Promise.resolve(bodies.forEach((body) => void hub.enqueue(partition, body))),
        cut: (partition, before) => Promise.resolve(hub.expire(partition, before)),
        recreate: () => Promise.resolve(hub.recreate()),
      };
      return Promise.resolve({ port, close: () => Promise.resolve() });
    },
  },
  {
    name: 'Event Hubs',
    open: async () => {
      const { folder, remove } = await makeFolder();
      const declaration = { name: 'web', partitions: 2, consumerGroups: ['repair'] };
      const hubs = await startEventHubs({ dataDir: folder, hubs: [declaration] });
      const connection = { name: 'HUB', connectionString: hubs.connectionString() };
      const reader = new EventHubReader(() => openConsumer(connection, 'web'), { silence: 1_000, deadline: 2_000 });
      const port: Hub = {
        reader,
        send: async (partitionId, bodies) => {
          const producer = new EventHubProducerClient(hubs.connectionString(), 'web');
          for (const body of bodies) await producer.sendBatch([{ body }], { partitionId });
          await producer.close();
        },
        cut: (partition, before) => hubs.cut('web', partition, { before }),
        recreate: () => hubs.recreate('web'),
      };
      const close = async (): Promise<void> => {
        await reader.close();
        await hubs.stop();
        await remove();
      };
      return { port, close };
    },
  },
];

function texts(count: number, from = 0): Buffer[] {
  return Array.from({ length: count }, (_, k) => Buffer.from(`message ${from + k}`));
}

describe.each(adapters)('HubReader: $name', ({ open }) => {
  let hub: Hub;
  let reader: HubReader;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ port: hub, close } = await open());
    reader = hub.reader;
  });
  afterEach(() => close());

  const numbers = async (from: number, to: number, limit = 100, partition = '0'): Promise<number[]> =>
    (await reader.read(partition, from, to, limit)).map(({ sequenceNumber }) => sequenceNumber);

  test('a range is cut short, runs over, or misses its ends', async () => {
    await hub.send('0', texts(10));
    expect(await numbers(2, 5)).toEqual([2, 3, 4, 5]);
    expect(await numbers(0, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await numbers(0, 9, 3)).toEqual([0, 1, 2]);
    expect(await numbers(9, 9, 1)).toEqual([9]);
    expect(await numbers(5, 4)).toEqual([]);
    expect(await numbers(3, 9, 0)).toEqual([]);
  });

  test('a body "200" becomes a number, a JSON body an object, an empty body is lost, bytes are read as text', async () => {
    const bodies = ['200', '{"a": 1}', '', 'null', '"text"', 'true', ' 7 '].map((text) => Buffer.from(text));
    bodies.push(Buffer.from([0xff, 0xfe, 0, 1]), Buffer.alloc(300_000, 'long'));
    await hub.send('0', bodies);
    const read = await reader.read('0', 0, bodies.length - 1, 100);
    expect(read.map(({ body }) => Buffer.isBuffer(body))).toEqual(bodies.map(() => true));
    expect(read.map(({ body }, k) => bodies[k]?.equals(body))).toEqual(bodies.map(() => true));
    expect(read.map(({ envelope }) => envelope)).toEqual(bodies.map(() => undefined));
  });

  test('times are not in their one form, go back, or are not those of the partition', async () => {
    const before = Date.now();
    await hub.send('0', texts(3));
    const times = (await reader.read('0', 0, 2, 100)).map(({ enqueued }) => enqueued);
    expect(times.map((time) => formatTimestamp(parseTimestamp(time)))).toEqual(times);
    expect(times.toSorted()).toEqual(times);
    expect(parseTimestamp(times[0] ?? '')).toBeGreaterThanOrEqual(before);
    expect((await reader.partition('0')).lastEnqueued).toBe(times[2]);
  });

  test('what retention took is answered with silence, or taken for what is still to come', async () => {
    await hub.send('0', texts(10));
    await hub.cut('0', 6);
    expect(await numbers(0, 9)).toEqual([6, 7, 8, 9]);
    expect(await numbers(2, 7)).toEqual([6, 7]);
    expect(await numbers(0, 9, 2)).toEqual([6, 7]);
    expect(await numbers(1, 4)).toEqual([]);
    expect(await reader.partition('0')).toMatchObject({ first: 6, last: 9 });
  });

  test.each([
    ['past the last message', 3, 8, 9],
    ['from the next message on', 3, 3, 3],
    ['of a partition that never had a message', 0, 0, 0],
  ])('silence makes a gap: a read %s', async (_, sent, from, to) => {
    await hub.send('0', texts(sent));
    await expect(reader.read('0', from, to, 100)).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
  });

  test('silence after some messages makes a gap of the rest', async () => {
    await hub.send('0', texts(3));
    await expect(reader.read('0', 1, 5, 100)).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
  });

  test('an empty partition seems to hold a message, or to have had one', async () => {
    expect(await reader.partition('0')).toEqual({ first: 0, last: -1, lastEnqueued: undefined });
    await hub.send('0', texts(3));
    const { lastEnqueued } = await reader.partition('0');
    await hub.cut('0', 3);
    expect(await reader.partition('0')).toEqual({ first: 3, last: 2, lastEnqueued });
    expect(await reader.partition('1')).toEqual({ first: 0, last: -1, lastEnqueued: undefined });
  });

  test('a hub that was made anew is taken for the old one', async () => {
    await hub.send('0', texts(3));
    const old = await reader.properties();
    expect(old).toMatchObject({ name: 'web', partitions: ['0', '1'] });
    expect(await reader.properties()).toEqual(old);
    await hub.recreate();
    const anew = await reader.properties();
    expect(parseTimestamp(anew.created)).toBeGreaterThan(parseTimestamp(old.created));
    expect(await reader.partition('0')).toEqual({ first: 0, last: -1, lastEnqueued: undefined });
    await hub.send('0', [Buffer.from('anew')]);
    expect((await reader.read('0', 0, 0, 1))[0]?.body).toEqual(Buffer.from('anew'));
  });

  test('reads at the same time disturb each other', async () => {
    await hub.send('0', texts(6));
    await hub.send('1', texts(4));
    const reads = await Promise.all([
      numbers(0, 5),
      numbers(2, 3),
      numbers(1, 2, 100, '1'),
      numbers(0, 0),
      reader.partition('1'),
    ]);
    expect(reads).toMatchObject([[0, 1, 2, 3, 4, 5], [2, 3], [1, 2], [0], { first: 0, last: 3 }]);
  });

  test('many messages come doubled, out of order, or not all', async () => {
    await hub.send('0', texts(250));
    expect(await numbers(0, 249, 1_000)).toEqual(Array.from({ length: 250 }, (_, k) => k));
    expect((await reader.read('0', 120, 240, 1_000)).map(({ body }) => body.toString())).toEqual(
      texts(121, 120).map(String),
    );
  });

  test('a partition that is not there is taken for an empty one', async () => {
    await expect(reader.partition('7')).rejects.toMatchObject({ name: 'StoreError' });
    await expect(reader.read('7', 0, 0, 1)).rejects.toMatchObject({ name: 'StoreError' });
  });
});
