import { once } from 'node:events';

import type { EventPosition } from '@azure/event-hubs';
import { latestEventPosition } from '@azure/event-hubs';
import type { EventContext } from 'rhea';
import rhea from 'rhea';
import { describe, expect, test } from 'vitest';

import type { Reading } from './event-hubs-stage.ts';
import { bodies, numbers, read, readSome, texts, useStage } from './event-hubs-stage.ts';

const stage = useStage();

const stolen = { code: 'ReceiverDisconnectedError', retryable: false };

describe('where a reader begins', () => {
  test('a position that gives an event too many or too few', async () => {
    let now = 1_000_000;
    const hubs = await stage.start({ clock: () => now });
    const producer = stage.producer(hubs.connectionString());
    for (let i = 0; i < 6; i++) {
      now = 1_000_000 + i * 1000;
      await producer.sendBatch(texts(`${i}a`, `${i}b`), { partitionId: '0' });
    }
    const consumer = stage.consumer(hubs.connectionString());
    const all = await readSome(consumer, '0', 12);
    const offset = all[7]?.offset ?? '';
    const table = [
      { position: { offset: '-1' }, first: 0 },
      { position: { offset: '-1', isInclusive: true }, first: 0 },
      { position: { offset }, first: 8 },
      { position: { offset, isInclusive: true }, first: 7 },
      { position: { offset: String(Number(offset) + 1), isInclusive: true }, first: 8 },
      { position: { sequenceNumber: -1 }, first: 0 },
      { position: { sequenceNumber: 4 }, first: 5 },
      { position: { sequenceNumber: 4, isInclusive: true }, first: 4 },
      { position: { sequenceNumber: 11, isInclusive: true }, first: 11 },
      { position: { enqueuedOn: 999_999 }, first: 0 },
      { position: { enqueuedOn: new Date(1_002_000) }, first: 6 },
      { position: { enqueuedOn: 1_001_999 }, first: 4 },
    ];
    for (const { position, first } of table) {
      const expected = Array.from({ length: 12 - first }, (_, i) => first + i);
      const found = numbers(await readSome(consumer, '0', expected.length, position));
      expect({ position, found }).toEqual({ position, found: expected });
    }
    // Nothing lies after these: the next event is the first they see.
    const last = { sequenceNumber: 11 };
    const atEnd = [latestEventPosition, last, { offset: all[11]?.offset ?? '' }, { enqueuedOn: 1_005_000 }];
    const readings = atEnd.map((position) => read(stage.consumer(hubs.connectionString(), 'seal'), '0', position));
    await Promise.all(readings.map((reading) => reading.attached));
    await producer.sendBatch(texts('new'), { partitionId: '0' });
    for (const reading of readings) expect(numbers(await reading.received(1))).toEqual([12]);
    await Promise.all(readings.map((reading) => reading.close()));
  });

  test('a position past the end, as of a checkpoint that outlived its hub, that is taken', async () => {
    const hubs = await stage.start();
    const open = (position: EventPosition): Reading => read(stage.consumer(hubs.connectionString()), '0', position);
    const invalid = { code: 'ArgumentError', retryable: false };
    const sequence = open({ sequenceNumber: 7 });
    expect(await sequence.failed).toMatchObject(invalid);
    expect((await sequence.failed).message).toContain("The last sequence number in the system is '-1'");
    const offset = open({ offset: '4096' });
    expect(await offset.failed).toMatchObject(invalid);
    expect((await offset.failed).message).toContain("The last offset in the system is '-1'");
    expect(await open({ offset: 'no offset' }).failed).toMatchObject(invalid);
  });
});

describe('what a reader gets', () => {
  test('events that come while it reads and are late, lost or doubled', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    const readings = ['repair', 'repair', 'seal'].map((group) =>
      read(stage.consumer(hubs.connectionString(), group), '0'),
    );
    await Promise.all(readings.map((reading) => reading.attached));
    for (let i = 0; i < 30; i++) await producer.sendBatch(texts(`${i}`), { partitionId: '0' });
    for (const reading of readings) {
      expect(numbers(await reading.received(30))).toEqual(Array.from({ length: 30 }, (_, i) => i));
      await reading.close();
    }
  });

  test('a long backlog of large events that does not arrive whole and in order', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    const size = 200_000;
    for (let i = 0; i < 60; i++) {
      await producer.sendBatch([{ body: Buffer.alloc(size, i) }, { body: Buffer.alloc(size, i + 100) }], {
        partitionId: '0',
      });
    }
    const events = await readSome(stage.consumer(hubs.connectionString()), '0', 120);
    const expected = Array.from({ length: 120 }, (_, i) => Buffer.alloc(size, (i >> 1) + (i % 2) * 100));
    expect(events.every((event, i) => expected[i]?.equals(event.body as Buffer))).toBe(true);
  });

  test('more events than it gave credit for, or fewer after it drained', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts(...Array.from({ length: 20 }, (_, i) => `${i}`)), { partitionId: '0' });
    const container = rhea.create_container();
    const connection = container.connect({ host: '127.0.0.1', port: hubs.port, reconnect: false });
    const receiver = connection.open_receiver({ source: 'web/ConsumerGroups/$Default/Partitions/0', credit_window: 0 });
    const seen: number[] = [];
    receiver.on('message', ({ message }: EventContext) => {
      seen.push(Number(message?.message_annotations?.['x-opt-sequence-number']));
    });
    const upTo = async (count: number): Promise<void> => {
      while (seen.length < count) await once(receiver, 'message');
      // What the hub had sent beyond that would be here before this answer.
      await producer.getPartitionProperties('0');
    };
    await once(receiver, 'receiver_open');
    await producer.getPartitionProperties('0');
    expect(seen).toEqual([]);
    receiver.add_credit(3);
    await upTo(3);
    expect(seen).toEqual([0, 1, 2]);
    // What retention takes before credit for it comes, is not sent any more: nothing was taken off the log ahead of credit.
    await hubs.cut('web', '0', { before: 6 });
    receiver.add_credit(2);
    await upTo(5);
    expect(seen).toEqual([0, 1, 2, 6, 7]);
    receiver.add_credit(30);
    receiver.drain_credit();
    await once(receiver, 'receiver_drained');
    expect(seen.slice(5)).toEqual(Array.from({ length: 12 }, (_, i) => i + 8));
    // The drained credit is gone: one new grant, one event.
    receiver.drain = false;
    receiver.add_credit(1);
    await producer.sendBatch(texts('20', '21', '22'), { partitionId: '0' });
    await upTo(18);
    await hubs.cut('web', '0', { before: 22 });
    receiver.add_credit(1);
    await upTo(19);
    expect(seen.slice(17)).toEqual([20, 22]);
    connection.close();
    await once(connection, 'connection_close');
  });
});

describe('who may read', () => {
  test('a reader with a higher or the same owner level that does not displace the present one', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    const connect = (ownerLevel: number): Reading =>
      read(stage.consumer(hubs.connectionString(), 'seal'), '0', { offset: '-1' }, { ownerLevel });
    const first = connect(1);
    await first.attached;
    const same = connect(1);
    expect(await first.failed).toMatchObject(stolen);
    await same.attached;
    const higher = connect(7);
    expect(await same.failed).toMatchObject(stolen);
    await higher.attached;
    await producer.sendBatch(texts('for the last one'), { partitionId: '0' });
    expect(bodies(await higher.received(1))).toEqual(['for the last one']);
    expect(first.events.length + same.events.length).toBe(0);
    expect(hubs.state()[0]?.partitions[0]?.readers).toMatchObject([{ group: 'seal', ownerLevel: 7 }]);
    await higher.close();
  });

  test('a reader with a lower owner level, or none, beside one that has it', async () => {
    const hubs = await stage.start();
    const owner = read(stage.consumer(hubs.connectionString(), 'seal'), '0', { offset: '-1' }, { ownerLevel: 5 });
    await owner.attached;
    const lower = read(stage.consumer(hubs.connectionString(), 'seal'), '0', { offset: '-1' }, { ownerLevel: 4 });
    expect(await lower.failed).toMatchObject(stolen);
    const without = read(stage.consumer(hubs.connectionString(), 'seal'), '0');
    expect(await without.failed).toMatchObject(stolen);
    expect((await without.failed).message).toContain('non-epoch receiver is not allowed');
    // Another group, and another partition, are free; so is this one once its owner has gone.
    const others = [
      read(stage.consumer(hubs.connectionString(), 'repair'), '0'),
      read(stage.consumer(hubs.connectionString(), 'seal'), '1'),
    ];
    await Promise.all(others.map((reading) => reading.attached));
    await owner.close();
    const after = read(stage.consumer(hubs.connectionString(), 'seal'), '0');
    await after.attached;
    await Promise.all([...others, after].map((reading) => reading.close()));
  });

  test('readers without owner level that go on beside one that brings it', async () => {
    const hubs = await stage.start();
    const without = [1, 2].map(() => read(stage.consumer(hubs.connectionString(), 'seal'), '0'));
    await Promise.all(without.map((reading) => reading.attached));
    const owner = read(stage.consumer(hubs.connectionString(), 'seal'), '0', { offset: '-1' }, { ownerLevel: 1 });
    for (const reading of without) expect(await reading.failed).toMatchObject(stolen);
    await owner.attached;
    await owner.close();
  });

  test('a sixth reader of one group and partition', async () => {
    const hubs = await stage.start();
    const open = (partition: string): Reading => read(stage.consumer(hubs.connectionString()), partition);
    const five = Array.from({ length: 5 }, () => open('0'));
    await Promise.all(five.map((reading) => reading.attached));
    const sixth = open('0');
    expect(await sixth.failed).toMatchObject({ code: 'QuotaExceededError', retryable: false });
    const elsewhere = open('1');
    await elsewhere.attached;
    await five[0]?.close();
    const next = open('0');
    await next.attached;
    await Promise.all([...five.slice(1), elsewhere, next].map((reading) => reading.close()));
  });

  test('a reader whose connection broke that keeps its place', async () => {
    const hubs = await stage.start();
    const owner = read(stage.consumer(hubs.connectionString(), 'seal'), '0', { offset: '-1' }, { ownerLevel: 9 });
    await owner.attached;
    const container = rhea.create_container();
    container.on('disconnected', () => undefined);
    const connection = container.connect({ host: '127.0.0.1', port: hubs.port, reconnect: false });
    for (let i = 0; i < 3; i++) {
      const receiver = connection.open_receiver({ name: `r${i}`, source: 'web/ConsumerGroups/repair/Partitions/1' });
      await once(receiver, 'receiver_open');
    }
    expect(hubs.state()[0]?.partitions.map(({ readers }) => readers.length)).toEqual([1, 3]);
    await owner.close();
    hubs.closeConnections();
    await once(container, 'disconnected');
    expect(hubs.state()[0]?.partitions.map(({ readers }) => readers.length)).toEqual([0, 0]);
  });
});
