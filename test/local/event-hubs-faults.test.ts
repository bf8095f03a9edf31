import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { RetryMode } from '@azure/event-hubs';
import { describe, expect, test } from 'vitest';

import type { EventHubs } from '../../local/event-hubs/server.ts';
import { bodies, numbers, read, readSome, spyOnDatasync, texts, useStage } from './event-hubs-stage.ts';

const stage = useStage();

const RETRY = { retryOptions: { maxRetries: 2, retryDelayInMs: 1, mode: RetryMode.Fixed } };
const toZero = { partitionId: '0' };

/** How many events the first partition has been given. */
function written(hubs: EventHubs): number | undefined {
  return hubs.state()[0]?.partitions[0]?.next;
}

describe('sends that are refused', () => {
  test('a refused send that is written, or an error that the client takes for the other kind', async () => {
    const hubs = await stage.start({
      hubs: [
        { name: 'web', partitions: 1 },
        { name: 'azure', partitions: 1 },
      ],
    });
    const producer = stage.producer(hubs.connectionString());
    hubs.setFault('web', { kind: 'refuse', retryable: true });
    await expect(producer.sendBatch(texts('x'))).rejects.toMatchObject({ code: 'ServerBusyError', retryable: true });
    hubs.setFault('web', { kind: 'refuse', retryable: false });
    const disabled = { code: 'MessagingEntityDisabledError', retryable: false };
    await expect(producer.sendBatch(texts('x'))).rejects.toMatchObject(disabled);
    expect(written(hubs)).toBe(0);
    expect(hubs.state()[0]?.fault).toEqual({ kind: 'refuse', retryable: false });
    await stage.producer(hubs.connectionString(), 'azure').sendBatch(texts('the other hub is not concerned'));
    hubs.setFault('web', undefined);
    await producer.sendBatch(texts('x'));
    expect(written(hubs)).toBe(1);
  });

  test('a fault for so many sends that lasts longer or shorter', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString(), 'web', RETRY);
    hubs.setFault('web', { kind: 'refuse', retryable: true, times: 2 });
    await producer.sendBatch(texts('at the third attempt'), toZero);
    expect(written(hubs)).toBe(1);
    hubs.setFault('web', { kind: 'refuse', retryable: true, times: 4 });
    await expect(producer.sendBatch(texts('x'), toZero)).rejects.toThrow(AggregateError);
    await producer.sendBatch(texts('at the fifth attempt'), toZero);
    expect(written(hubs)).toBe(2);
  });

  test('written, yet an error: a send that is not written, or written once although it was repeated', async () => {
    const hubs = await stage.start();
    hubs.setFault('web', { kind: 'refuse-written', retryable: true, times: 1 });
    await stage.producer(hubs.connectionString(), 'web', RETRY).sendBatch(texts('twice'), toZero);
    const events = await readSome(stage.consumer(hubs.connectionString()), '0', 2);
    expect([numbers(events), bodies(events)]).toEqual([
      [0, 1],
      ['twice', 'twice'],
    ]);
    hubs.setFault('web', { kind: 'refuse-written', retryable: false, times: 1 });
    const send = stage.producer(hubs.connectionString()).sendBatch(texts('and yet'), toZero);
    await expect(send).rejects.toMatchObject({ code: 'MessagingEntityDisabledError' });
    expect(written(hubs)).toBe(3);
  });
});

describe('sends that the disk delays or refuses', () => {
  test('a send that is accepted before its events are synced, or although they were not', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    const [file] = (await readdir(stage.dataDir, { recursive: true })).filter((name) => name.endsWith('0.log'));
    const datasync = await spyOnDatasync(join(stage.dataDir, file ?? ''));
    const syncing = Promise.withResolvers<void>();
    const synced = Promise.withResolvers<void>();
    datasync.mockImplementationOnce(() => {
      syncing.resolve();
      return synced.promise;
    });
    const order: string[] = [];
    const send = producer.sendBatch(texts('0'), toZero).then(() => order.push('accepted'));
    await syncing.promise;
    // An answer sent by now would be here before this one.
    expect(await producer.getPartitionProperties('0')).toMatchObject({ isEmpty: true });
    order.push('synced');
    synced.resolve();
    await send;
    expect(order).toEqual(['synced', 'accepted']);
    datasync.mockRejectedValueOnce(new Error('EIO'));
    const refused = producer.sendBatch(texts('1'), toZero);
    await expect(refused).rejects.toMatchObject({ code: 'InternalServerError', retryable: true });
    await producer.sendBatch(texts('2'), toZero);
    expect(bodies(await readSome(stage.consumer(hubs.connectionString()), '0', 2))).toEqual(['0', '2']);
  });
});

describe('sends that get no answer', () => {
  test('a hanging send that is written, answered later, or blocks the sends after it', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts('0'), toZero);
    hubs.setFault('web', { kind: 'hang' });
    const hanging = producer.sendBatch(texts('lost'), { ...toZero, abortSignal: AbortSignal.timeout(100) });
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
    hubs.setFault('web', undefined);
    await producer.sendBatch(texts('1'), toZero);
    expect(bodies(await readSome(stage.consumer(hubs.connectionString()), '0', 2))).toEqual(['0', '1']);
    expect(written(hubs)).toBe(2);
  });

  test('a lost answer whose send is not written, or after which the client cannot send', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts('0'), toZero);
    hubs.setFault('web', { kind: 'lose-answer', times: 1 });
    const over = new AbortController();
    const lost = producer.sendBatch(texts('1'), { ...toZero, abortSignal: over.signal });
    while (written(hubs) !== 2) await setImmediate();
    // The SDK does not tell a send under way that its link is gone: only the caller's patience ends it.
    over.abort();
    await expect(lost).rejects.toMatchObject({ name: 'AbortError' });
    // The detach is under way, and comes before this answer on the same connection.
    await producer.getPartitionProperties('0');
    await producer.sendBatch(texts('2'), toZero);
    expect(bodies(await readSome(stage.consumer(hubs.connectionString()), '0', 3))).toEqual(['0', '1', '2']);
  });
});

describe('connections that break', () => {
  test('readers and publishers that do not find back, or events that are lost or numbered twice on the way', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    // The SDK notices a broken connection only with the next send, and lets that one wait for its whole timeout.
    const sendUntilTaken = async (body: string): Promise<void> => {
      const send = producer.sendBatch(texts(body), { ...toZero, abortSignal: AbortSignal.timeout(500) });
      const taken = await send.then(
        () => true,
        () => false,
      );
      if (!taken) await sendUntilTaken(body);
    };
    const reading = read(stage.consumer(hubs.connectionString()), '0');
    const sent = Array.from({ length: 12 }, (_, i) => `${i}`);
    for (const [i, body] of sent.entries()) {
      await sendUntilTaken(body);
      if (i % 5 === 4) {
        await reading.received(i + 1);
        hubs.closeConnections();
      }
    }
    const events = await reading.received(written(hubs) ?? Infinity);
    expect(numbers(events)).toEqual(events.map((_, i) => i));
    expect([...new Set(bodies(events))]).toEqual(sent);
    await reading.close();
  });
});
