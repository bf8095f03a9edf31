import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { latestEventPosition } from '@azure/event-hubs';
import { describe, expect, test } from 'vitest';

import { LogDamagedError, PartitionLog } from '../../local/event-hubs/partition-log.ts';
import { SettingsError } from '../../shared/errors.ts';
import { bodies, numbers, read, readSome, spyOnDatasync, texts, useStage, WEB } from './event-hubs-stage.ts';

const stage = useStage();

async function newLog(name = '0.log'): Promise<{ path: string; log: PartitionLog }> {
  const path = join(stage.dataDir, name);
  await PartitionLog.create(path);
  return { path, log: await PartitionLog.open(path, () => 1000) };
}

async function contentOf(path: string): Promise<string[]> {
  const log = await PartitionLog.open(path, () => 1000);
  const events: string[] = [];
  for (let number = log.begin; number < log.next; number++) {
    const batch = log.batchAt(number);
    events.push(String(batch?.events[number - batch.first]));
  }
  await log.close();
  return events;
}

const buffers = (...words: readonly string[]): Buffer[] => words.map((word) => Buffer.from(word));

describe('a crash in mid-write', () => {
  test('a log, cut off at any byte, that loses a whole send or shows half of one', async () => {
    const { path, log } = await newLog();
    const sends = [['a'], ['b1', 'b2', 'b3'], ['c'.repeat(50)]];
    const ends = [(await readFile(path)).length];
    for (const send of sends) {
      await log.append(buffers(...send), 'key');
      ends.push((await readFile(path)).length);
    }
    await log.close();
    const copy = join(stage.dataDir, 'copy.log');
    for (let length = ends[0] ?? 0; length <= (ends[3] ?? 0); length++) {
      await copyFile(path, copy);
      await truncate(copy, length);
      const whole = sends.filter((_, i) => (ends[i + 1] ?? Infinity) <= length);
      expect([length, await contentOf(copy)]).toEqual([length, whole.flat()]);
      expect((await readFile(copy)).length).toBe(ends[whole.length]);
    }
  });

  test('what a crash left behind the last send that is taken for events, or hides those that follow', async () => {
    const { path, log } = await newLog();
    await log.append(buffers('a', 'b'), undefined);
    await log.close();
    const whole = await readFile(path);
    // A whole send, of a failed write before: its numbers do not follow on.
    const { path: other, log: stale } = await newLog('stale.log');
    await stale.append(buffers('x', 'y', 'z'), undefined);
    await stale.close();
    const staleSend = (await readFile(other)).subarray(28);
    const tails = [Buffer.alloc(5000), Buffer.from('garbage'), staleSend, Buffer.alloc(3_000_000, 0xff)];
    for (const tail of tails) {
      await writeFile(path, Buffer.concat([whole, tail]));
      const again = await PartitionLog.open(path, () => 1000);
      await again.append(buffers('c'), undefined);
      await again.close();
      expect(await contentOf(path)).toEqual(['a', 'b', 'c']);
    }
  });

  test('damage to accepted events that is cut off like a torn tail', async () => {
    const { path, log } = await newLog();
    await log.append(buffers('first'), undefined);
    await log.append(buffers('second'), undefined);
    const end = (await readFile(path)).length;
    await log.append(buffers('third'), undefined);
    await log.close();
    const whole = await readFile(path);
    for (let at = 0; at < end; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      await writeFile(path, damaged);
      const opened = await PartitionLog.open(path, () => 1000).catch((error: unknown) => error);
      expect([at, opened]).toEqual([at, expect.any(LogDamagedError)]);
      expect((await readFile(path)).equals(damaged)).toBe(true);
    }
  });

  test('sends that wait together and are written in another order, twice or not at all', async () => {
    const { path, log } = await newLog();
    const words = Array.from({ length: 400 }, (_, i) => `${i}`.padEnd(i * 97));
    await Promise.all(words.map((word) => log.append(buffers(word), undefined)));
    expect(log.next).toBe(400);
    const closing = log.close();
    await expect(log.append(buffers('late'), undefined)).rejects.toThrow('is closed');
    await closing;
    expect(await contentOf(path)).toEqual(words);
  });
});

describe('a send and the disk', () => {
  test('a send that is answered, or read, before it is synced', async () => {
    const { path, log } = await newLog();
    const datasync = await spyOnDatasync(path);
    const syncing = Promise.withResolvers<void>();
    const synced = Promise.withResolvers<void>();
    datasync.mockImplementationOnce(() => {
      syncing.resolve();
      return synced.promise;
    });
    const seen: number[] = [];
    log.onAppend(() => seen.push(log.next));
    const order: string[] = [];
    const append = log.append(buffers('a'), undefined).then(() => order.push('answered'));
    await syncing.promise;
    expect([log.next, log.batchAt(0), log.lastEnqueued, seen]).toEqual([0, undefined, undefined, []]);
    order.push('synced');
    synced.resolve();
    await append;
    expect(order).toEqual(['synced', 'answered']);
    expect([log.next, seen]).toEqual([1, [1]]);
    await log.close();
  });

  test('a sync for each of many sends that came together', async () => {
    const { path, log } = await newLog();
    const datasync = await spyOnDatasync(path);
    await Promise.all(Array.from({ length: 500 }, (_, i) => log.append(buffers(`${i}`), undefined)));
    expect(datasync.mock.calls.length).toBeLessThan(5);
    await log.close();
  });

  test('a send whose sync failed that is answered well, or takes the number of the next one', async () => {
    const { path, log } = await newLog();
    const datasync = await spyOnDatasync(path);
    datasync.mockRejectedValueOnce(new Error('EIO'));
    await expect(log.append(buffers('lost'.repeat(100), 'too'), undefined)).rejects.toThrow('EIO');
    await log.append(buffers('a'), undefined);
    expect([log.next, String(log.batchAt(0)?.events[0])]).toEqual([1, 'a']);
    await log.close();
    expect(await contentOf(path)).toEqual(['a']);
  });
});

describe('damage while the hub runs', () => {
  test('a damaged event that ends the process, stops its partition, or is delivered', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts('damaged'), { partitionId: '0' });
    const [file] = (await readdir(stage.dataDir, { recursive: true })).filter((name) => name.endsWith('0.log'));
    const path = join(stage.dataDir, file ?? '');
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = 0;
    await writeFile(path, bytes);
    const reading = read(stage.consumer(hubs.connectionString()), '0');
    expect(await reading.failed).toMatchObject({ code: 'InternalServerError' });
    expect(reading.events).toEqual([]);
    await reading.close();
    await producer.sendBatch(texts('whole'), { partitionId: '0' });
    const rest = await readSome(stage.consumer(hubs.connectionString()), '0', 1, { sequenceNumber: 0 });
    expect(bodies(rest)).toEqual(['whole']);
  });
});

describe('a restart', () => {
  test('events, numbers, times or the creation time that are other than before', async () => {
    let now = 1_700_000_000_000;
    const first = await stage.start({ clock: () => now });
    const producer = stage.producer(first.connectionString());
    await producer.sendBatch(texts('a', 'b'), { partitionId: '0' });
    await producer.sendBatch(texts('k'), { partitionKey: 'key' });
    const before = first.state();
    await first.stop();
    now -= 60_000;
    const second = await stage.start({ clock: () => now });
    expect(second.state()).toEqual(before);
    const again = stage.producer(second.connectionString());
    expect((await again.getEventHubProperties()).createdOn).toEqual(new Date(1_700_000_000_000));
    await again.sendBatch(texts('c'), { partitionId: '0' });
    const total = second.state()[0]?.partitions[0]?.next ?? 0;
    const events = await readSome(stage.consumer(second.connectionString()), '0', total);
    expect(numbers(events)).toEqual(Array.from({ length: total }, (_, i) => i));
    expect(bodies(events).slice(0, 2)).toEqual(['a', 'b']);
    // The clock went back by a minute; the partition's time did not.
    expect(events.map((event) => event.enqueuedTimeUtc.getTime())).toEqual(events.map(() => 1_700_000_000_000));
  });

  test('a hub that opens with another number of partitions, or a damaged or missing file, without a word', async () => {
    await (await stage.start()).stop();
    const grown = stage.start({ hubs: [{ ...WEB, partitions: 3 }] });
    await expect(grown).rejects.toThrow(SettingsError);
    await expect(grown).rejects.toThrow(/has 2 partitions and is declared with 3/);
    await expect(stage.start({ hubs: [WEB, { name: 'WEB', partitions: 2 }] })).rejects.toThrow(/declared twice/);
    for (const wrong of [{ name: '../up' }, { name: '' }, { partitions: 0 }, { partitions: 1.5 }]) {
      await expect(stage.start({ hubs: [{ ...WEB, ...wrong }] })).rejects.toThrow(SettingsError);
    }
    const folder = join(stage.dataDir, 'web');
    const incarnation = (await readdir(folder)).find((name) => name !== 'hub.json') ?? '';
    await rm(join(folder, incarnation, '1.log'));
    await expect(stage.start()).rejects.toThrow(/1\.log cannot be opened/);
    await writeFile(join(folder, 'hub.json'), '{"name":');
    await expect(stage.start()).rejects.toThrow(LogDamagedError);
  });

  test('what a crash between two incarnations of a hub left, that is taken for the hub', async () => {
    await (await stage.start({ clock: () => 5000 })).stop();
    const folder = join(stage.dataDir, 'web');
    await mkdir(join(folder, '4000'));
    await writeFile(join(folder, '4000', '0.log'), 'old');
    await writeFile(join(folder, 'hub.json.new'), 'half');
    const hubs = await stage.start({ clock: () => 9000 });
    expect(hubs.state()[0]?.created).toBe(5000);
    expect(await readdir(folder)).toEqual(['5000', 'hub.json']);
  });
});

describe('retention', () => {
  test('events that retention took and that still come, or others that went with them', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    for (const batch of [['0', '1', '2'], ['3', '4', '5'], ['6']]) {
      await producer.sendBatch(texts(...batch), { partitionId: '0' });
    }
    const consumer = stage.consumer(hubs.connectionString());
    const before = await readSome(consumer, '0', 7);
    await hubs.cut('web', '0', { before: 4 });
    expect(await producer.getPartitionProperties('0')).toMatchObject({
      beginningSequenceNumber: 4,
      lastEnqueuedSequenceNumber: 6,
      lastEnqueuedOffset: before[6]?.offset,
      isEmpty: false,
    });
    for (const position of [
      { offset: '-1' },
      { sequenceNumber: 0 },
      { sequenceNumber: 2, isInclusive: true },
      { enqueuedOn: 0 },
    ]) {
      const events = await readSome(consumer, '0', 3, position);
      expect(events.map((event) => [event.sequenceNumber, event.offset, String(event.body)])).toEqual(
        before.slice(4).map((event) => [event.sequenceNumber, event.offset, String(event.body)]),
      );
    }
    await hubs.cut('web', '0', { before: 2 });
    expect(hubs.state()[0]?.partitions[0]).toMatchObject({ begin: 4, next: 7 });
    await producer.sendBatch(texts('7'), { partitionId: '0' });
    await hubs.stop();
    const again = await stage.start();
    expect(again.state()[0]?.partitions[0]).toMatchObject({ begin: 4, next: 8 });
    expect(bodies(await readSome(stage.consumer(again.connectionString()), '0', 4))).toEqual(['4', '5', '6', '7']);
  });

  test('an emptied partition that begins to number anew, over a restart too', async () => {
    const first = await stage.start({ clock: () => 1_700_000_000_000 });
    const producer = stage.producer(first.connectionString());
    await producer.sendBatch(texts('0', '1'), { partitionId: '0' });
    await first.cut('web', '0', { before: 99 });
    await first.stop();
    const second = await stage.start({ clock: () => 1_600_000_000_000 });
    const again = stage.producer(second.connectionString());
    // As Azure says it of a partition that retention has emptied.
    expect(await again.getPartitionProperties('0')).toMatchObject({
      beginningSequenceNumber: 1,
      lastEnqueuedSequenceNumber: 1,
      lastEnqueuedOnUtc: new Date(1_700_000_000_000),
      isEmpty: true,
    });
    await again.sendBatch(texts('2'), { partitionId: '0' });
    const [event] = await readSome(stage.consumer(second.connectionString()), '0', 1);
    expect(event).toMatchObject({ sequenceNumber: 2, enqueuedTimeUtc: new Date(1_700_000_000_000) });
  });

  test('a cut by age that takes an event too many or too few', async () => {
    let now = 1000;
    const hubs = await stage.start({ clock: () => now });
    const producer = stage.producer(hubs.connectionString());
    for (now of [1000, 2000, 3000]) await producer.sendBatch(texts(`${now}`), { partitionId: '0' });
    const begin = async (olderThan: number): Promise<number | undefined> => {
      await hubs.cut('web', '0', { olderThan });
      return hubs.state()[0]?.partitions[0]?.begin;
    };
    expect(await begin(1000)).toBe(0);
    expect(await begin(2000)).toBe(1);
    expect(await begin(2001)).toBe(2);
    expect(await begin(9000)).toBe(3);
    await expect(hubs.cut('web', '2', { before: 1 })).rejects.toThrow(SettingsError);
    await expect(hubs.cut('absent', '0', { before: 1 })).rejects.toThrow(SettingsError);
  });

  test('a cut under sends and readers that loses, doubles or reorders events', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts('0', '1', '2', '3'), { partitionId: '0' });
    const reading = read(stage.consumer(hubs.connectionString()), '0');
    await reading.received(4);
    const work: Promise<void>[] = [];
    for (let i = 4; i < 100; i++) {
      work.push(producer.sendBatch(texts(`${i}`), { partitionId: '0' }));
      if (i % 10 === 0) work.push(hubs.cut('web', '0', { before: 4 }), hubs.cut('web', '0', { before: i % 4 }));
    }
    await Promise.all(work);
    expect(numbers(await reading.received(100))).toEqual(Array.from({ length: 100 }, (_, i) => i));
    await reading.close();
    const rest = await readSome(stage.consumer(hubs.connectionString()), '0', 96);
    expect(numbers(rest)).toEqual(Array.from({ length: 96 }, (_, i) => i + 4));
    expect(bodies(rest).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 96 }, (_, i) => `${i + 4}`),
    );
  });
});

describe('a hub that is deleted and made anew', () => {
  test('old events, old numbers, the old creation time, or readers that go on as if nothing had happened', async () => {
    // A clock that stands still: the new creation time must differ all the same.
    const hubs = await stage.start({ clock: () => 1_700_000_000_000 });
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts('old', 'older'), { partitionId: '0' });
    const reading = read(stage.consumer(hubs.connectionString()), '0', latestEventPosition);
    await reading.attached;
    const twice = [hubs.recreate('web'), hubs.recreate('web')];
    await Promise.all(twice);
    expect(await reading.failed).toMatchObject({ code: 'DetachForcedError' });
    await reading.close();
    expect((await producer.getEventHubProperties()).createdOn).toEqual(new Date(1_700_000_000_002));
    expect(await producer.getPartitionProperties('0')).toMatchObject({ lastEnqueuedSequenceNumber: -1, isEmpty: true });
    // The position of a reader that knew the old hub is past the end of the new one.
    const stale = read(stage.consumer(hubs.connectionString()), '0', { sequenceNumber: 1 });
    expect(await stale.failed).toMatchObject({ code: 'ArgumentError' });
    await producer.sendBatch(texts('new'), { partitionId: '0' });
    const events = await readSome(stage.consumer(hubs.connectionString()), '0', 1);
    expect(events[0]).toMatchObject({ sequenceNumber: 0, body: Buffer.from('new') });
    await hubs.stop();
    const again = await stage.start();
    expect(again.state()[0]).toMatchObject({ created: 1_700_000_000_002, partitions: [{ next: 1 }, { next: 0 }] });
    expect(await readdir(join(stage.dataDir, 'web'))).toEqual(['1700000000002', 'hub.json']);
  });
});
