import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { startEventHubs } from '../../local/event-hubs/server.ts';
import type { EventHubs } from '../../local/event-hubs/server.ts';
import { EventHubPublisher } from '../../shared/azure/event-hub-publisher.ts';
import { EventHubReader } from '../../shared/azure/event-hub-reader.ts';
import { openConsumer, openProducer } from '../../shared/azure/event-hubs-clients.ts';
import { makeFolder } from '../contract/stage.ts';
import { thrownBy } from './thrown-by.ts';

let hubs: EventHubs;
let cleanUps: (() => Promise<unknown>)[];

beforeEach(async () => {
  const { folder, remove } = await makeFolder();
  const declaration = { name: 'web', partitions: 1, consumerGroups: ['seal', 'repair'] };
  hubs = await startEventHubs({ dataDir: folder, hubs: [declaration] });
  cleanUps = [remove, () => hubs.stop()];
});

afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
});

function newPublisher(): EventHubPublisher {
  const connection = { name: 'HUB', connectionString: hubs.connectionString() };
  const publisher = new EventHubPublisher(() => openProducer(connection, 'web'));
  cleanUps.push(() => publisher.close());
  return publisher;
}

function newReader(connectionString = hubs.connectionString()): EventHubReader {
  const connection = { name: 'HUB', connectionString };
  const reader = new EventHubReader(() => openConsumer(connection, 'web'), { silence: 1_500, deadline: 1_500 });
  cleanUps.push(() => reader.close());
  return reader;
}

function message(body: string): { partitionKey: string; envelope: string; body: Buffer } {
  return { partitionKey: 'key', envelope: 'eyJ9', body: Buffer.from(body) };
}

async function publish(publisher: EventHubPublisher, body: string, milliseconds = 10_000): Promise<string> {
  return publisher.publish(message(body), AbortSignal.timeout(milliseconds));
}

async function bodies(reader: EventHubReader, to: number): Promise<string[]> {
  return (await reader.read('0', 0, to, 100)).map(({ body }) => body.toString());
}

describe('EventHubPublisher', () => {
  test('a hub that hangs keeps its caller beyond the limit, and the next publications with it', async () => {
    const publisher = newPublisher();
    await publish(publisher, 'before');
    hubs.setFault('web', { kind: 'hang' });
    const hung = await Promise.all(['a', 'b', 'c'].map((body) => thrownBy(publish(publisher, body, 300))));
    expect(hung.map(({ code }) => code)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    hubs.setFault('web', undefined);
    expect(await publish(publisher, 'after')).toBe('accepted');
    expect(await bodies(newReader(), 1)).toEqual(['before', 'after']);
  });

  test('a publication that ran out of time takes others down with it', async () => {
    const publisher = newPublisher();
    await publish(publisher, 'warm');
    hubs.setFault('web', { kind: 'hang', times: 1 });
    const late = thrownBy(publish(publisher, 'late', 200));
    await expect(late).resolves.toMatchObject({ code: 'unavailable' });
    const answers = await Promise.all(['a', 'b', 'c'].map((body) => publish(publisher, body)));
    expect(answers).toEqual(['accepted', 'accepted', 'accepted']);
  });

  test('a refusal that passes is not tried again, or one that stays is tried for ever', async () => {
    const publisher = newPublisher();
    hubs.setFault('web', { kind: 'refuse', retryable: true, times: 1 });
    expect(await publish(publisher, 'second try')).toBe('accepted');
    hubs.setFault('web', { kind: 'refuse', retryable: true });
    expect((await thrownBy(publish(publisher, 'busy'))).code).toBe('unavailable');
    hubs.setFault('web', { kind: 'refuse', retryable: false });
    expect(await thrownBy(publish(publisher, 'refused'))).toMatchObject({ name: 'StoreError' });
    hubs.setFault('web', undefined);
    expect(await bodies(newReader(), 0)).toEqual(['second try']);
  });

  test('a message that was taken, and then reported failed, counts as not sent', async () => {
    const publisher = newPublisher();
    hubs.setFault('web', { kind: 'refuse-written', retryable: false, times: 1 });
    expect(await thrownBy(publish(publisher, 'taken'))).toMatchObject({ name: 'StoreError' });
    expect(await publish(publisher, 'taken')).toBe('accepted');
    expect(await bodies(newReader(), 1)).toEqual(['taken', 'taken']);
  });

  test('an answer that is lost with its link is never followed by another', async () => {
    const publisher = newPublisher();
    hubs.setFault('web', { kind: 'lose-answer', times: 1 });
    // The client tries again: twice in the hub, which readers collapse, is what a lost answer may cost.
    const answer = await publish(publisher, 'once or twice').catch((error: unknown) => error);
    expect(answer === 'accepted' || (answer instanceof Error && answer.name === 'StoreError')).toBe(true);
    expect(await publish(publisher, 'next')).toBe('accepted');
  });

  test('a connection that breaks is not made anew', async () => {
    const publisher = newPublisher();
    await publish(publisher, 'before');
    hubs.closeConnections();
    expect(await publish(publisher, 'after')).toBe('accepted');
    expect(await bodies(newReader(), 1)).toEqual(['before', 'after']);
  });

  test('a message without partition key, whose order nobody keeps, is sent', async () => {
    const publishing = newPublisher().publish({ ...message('x'), partitionKey: '' }, AbortSignal.timeout(5_000));
    expect((await thrownBy(publishing)).code).toBe('unexpected');
    expect((await newReader().partition('0')).last).toBe(-1);
  });
});

describe('EventHubReader', () => {
  async function send(...texts: string[]): Promise<void> {
    const producer = new EventHubProducerClient(hubs.connectionString(), 'web');
    await producer.sendBatch(texts.map((text) => ({ body: Buffer.from(text) })));
    await producer.close();
  }

  /** Reads as the trigger does. */
  function startTrigger(): EventHubConsumerClient {
    const trigger = new EventHubConsumerClient('seal', hubs.connectionString(), 'web');
    trigger.subscribe(
      '0',
      { processEvents: () => Promise.resolve(), processError: () => Promise.resolve() },
      { ownerLevel: 1, startPosition: { offset: '-1' } },
    );
    cleanUps.push(() => trigger.close());
    return trigger;
  }

  test('the reader competes with the trigger, or is refused beside it', async () => {
    await send('a', 'b');
    startTrigger();
    expect(await bodies(newReader(), 1)).toEqual(['a', 'b']);
    const readers = hubs.state()[0]?.partitions[0]?.readers ?? [];
    expect(readers.filter(({ group }) => group === 'repair')).toEqual([]);
    expect(readers.filter(({ ownerLevel }) => ownerLevel !== undefined).every(({ group }) => group === 'seal')).toBe(
      true,
    );
  });

  test('readers pile up until the group has its five', async () => {
    await send('a');
    const reader = newReader();
    for (let k = 0; k < 7; k++) expect(await bodies(reader, 0)).toEqual(['a']);
    await Promise.all([1, 2, 3].map(() => thrownBy(reader.read('0', 0, 5, 10))));
    expect(await bodies(reader, 0)).toEqual(['a']);
  });

  test('a connection that breaks leaves questions without answer for good', async () => {
    const reader = newReader();
    const before = await reader.properties();
    hubs.closeConnections();
    expect(await reader.properties()).toEqual(before);
  });

  test('a hub that is being deleted counts as empty, or as silent', async () => {
    await send('a', 'b');
    const reader = newReader();
    const reading = reader.read('0', 1, 9, 100).catch((error: unknown) => error);
    await hubs.recreate('web');
    expect(await reading).toMatchObject({ name: 'StoreError', code: 'unavailable' });
    expect(await reader.partition('0')).toEqual({ first: 0, last: -1, lastEnqueued: undefined });
  });

  test.each([
    ['takes connections and says nothing', (socket: Socket) => void socket.resume()],
    ['hangs up', (socket: Socket) => void socket.destroy()],
    ['speaks HTTP', (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('a hub that %s keeps its caller waiting, or ends the process', async (_, onConnection) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUps.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
    const { port } = server.address() as AddressInfo;
    const reader = newReader(hubs.connectionString().replace(/:\d+;/, `:${port};`));
    const failed = { name: 'StoreError', code: 'unavailable' };
    const calls = [reader.properties(), reader.partition('0'), reader.read('0', 0, 0, 1)];
    for (const call of await Promise.all(calls.map(thrownBy))) expect(call).toMatchObject(failed);
  });

  test('a hub that is not there keeps its caller waiting', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const reader = newReader(hubs.connectionString().replace(/:\d+;/, `:${port};`));
    expect((await thrownBy(reader.read('0', 0, 0, 1))).code).toBe('unavailable');
    expect((await thrownBy(reader.properties())).code).toBe('unavailable');
  });
});
