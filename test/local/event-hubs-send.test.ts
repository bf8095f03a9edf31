import { once } from 'node:events';
import { connect } from 'node:net';

import type { Connection, Delivery, Receiver, Sender } from 'rhea';
import rhea from 'rhea';
import { describe, expect, test } from 'vitest';

import { readMap, readSections, SECTION } from '../../local/event-hubs/amqp-sections.ts';
import { BATCH_FORMAT, stampEvent } from '../../local/event-hubs/event-bytes.ts';
import type { Stage } from './event-hubs-stage.ts';
import { bodies, numbers, readSome, texts, useStage } from './event-hubs-stage.ts';

const stage = useStage();

/** A client that sends what the SDK would not. */
function connectRaw(port: number, mechanism = 'ANONYMOUS'): Connection {
  const container = rhea.create_container();
  container.on('disconnected', () => undefined);
  container.on('error', () => undefined);
  const mechanisms = rhea.sasl.client_mechanisms() as unknown as Record<string, unknown> & {
    enable_anonymous(who: string): void;
  };
  mechanisms.enable_anonymous('anyone');
  const options = {
    host: '127.0.0.1',
    port,
    reconnect: false,
    sasl_mechanisms: { [mechanism]: mechanisms['ANONYMOUS'] },
  };
  const connection = container.connect(options);
  stage.later(() => {
    connection.close();
    return Promise.resolve();
  });
  return connection;
}

async function openSender(connection: Connection, options: object): Promise<Sender> {
  const sender = connection.open_sender(options);
  await once(sender, 'sendable');
  return sender;
}

/** What the hub answers to one delivery: `accepted`, or the condition of the error. */
async function answerTo(sender: Sender, bytes: Buffer, format: number): Promise<string | undefined> {
  const answered = Promise.withResolvers<string | undefined>();
  sender.once('accepted', () => answered.resolve('accepted'));
  sender.once('rejected', ({ delivery }: { delivery: Delivery }) => {
    answered.resolve((delivery.remote_state as { error?: { condition?: string } } | undefined)?.error?.condition);
  });
  sender.send(bytes, undefined, format);
  return answered.promise;
}

/** The condition that a link is refused with. */
async function refusalOf(link: Sender | Receiver): Promise<string | undefined> {
  await once(link, link.is_sender() ? 'sender_error' : 'receiver_error');
  return (link.error as { condition?: string } | undefined)?.condition;
}

const batchOf = (...events: readonly Buffer[]): Buffer =>
  rhea.message.encode({ body: rhea.message.data_sections(events) });
const eventOf = (text: string): Buffer => rhea.message.encode({ body: rhea.message.data_section(Buffer.from(text)) });

describe('what is sent', () => {
  test('bodies, properties and annotations that come back other than they were published', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    const annotated = {
      body: [1, 'two'],
      bodyType: 'sequence' as const,
      messageAnnotations: { 'x-opt-mine': 'kept', 'x-opt-sequence-number': 99 },
      applicationProperties: { small: 5, large: 2 ** 40, negative: -7, half: 0.5, yes: true, text: 'ü'.repeat(300) },
      properties: {
        messageId: 'id-1',
        contentType: 'text/plain',
        subject: 'subject',
        creationTime: new Date(1_700_000_000_123),
      },
      header: { durable: true, timeToLive: 1000 },
      footer: { end: 'yes' },
    };
    await producer.sendBatch(
      [
        {
          body: Buffer.from([0, 255, 128]),
          contentType: 'application/octet-stream',
          messageId: 7,
          properties: { envelope: 'e' },
        },
        { body: Buffer.alloc(0) },
        { body: Buffer.from('200') },
        { body: { a: [1] } },
        { body: 'text' },
      ],
      { partitionId: '0' },
    );
    await producer.sendBatch([annotated], { partitionId: '0' });
    const [binary, empty, digits, json, text, raw] = await readSome(stage.consumer(hubs.connectionString()), '0', 6);
    expect(binary).toMatchObject({
      body: Buffer.from([0, 255, 128]),
      contentType: 'application/octet-stream',
      messageId: 7,
    });
    expect(binary?.properties).toEqual({ envelope: 'e' });
    expect(empty?.body).toEqual(Buffer.alloc(0));
    expect(String(digits?.body)).toBe('200');
    expect(String(json?.body)).toBe('{"a":[1]}');
    expect(String(text?.body)).toBe('"text"');
    expect(raw?.body).toEqual(annotated.body);
    const { applicationProperties, messageAnnotations, properties, footer } = raw?.getRawAmqpMessage() ?? {};
    expect(applicationProperties).toEqual(annotated.applicationProperties);
    expect(properties).toMatchObject({ messageId: 'id-1', contentType: 'text/plain', subject: 'subject' });
    expect(footer).toEqual(annotated.footer);
    expect(messageAnnotations).toMatchObject({ 'x-opt-mine': 'kept', 'x-opt-sequence-number': 5 });
  });

  test('numbers that do not begin at 0, leave one out, or come twice under concurrent sends', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    const sends = Array.from({ length: 120 }, (_, i) =>
      producer.sendBatch(texts(...Array.from({ length: 1 + (i % 4) }, (_none, k) => `${i}.${k}`)), {
        partitionId: '1',
      }),
    );
    await Promise.all(sends);
    const total = 120 * 2.5;
    const events = await readSome(stage.consumer(hubs.connectionString()), '1', total);
    expect(numbers(events)).toEqual(Array.from({ length: total }, (_, i) => i));
    expect(new Set(bodies(events)).size).toBe(total);
    const offsets = events.map((event) => event.offset);
    expect(offsets.every((offset) => typeof offset === 'string')).toBe(true);
    expect(offsets.map(Number)).toEqual(offsets.map(Number).toSorted((a, b) => a - b));
    expect(new Set(offsets).size).toBe(total);
    // The events of one send stay together and in order.
    const sent = bodies(events).filter((body) => body.endsWith('.0'));
    const expected = sent.flatMap((body) => {
      const send = Number.parseInt(body, 10);
      return Array.from({ length: 1 + (send % 4) }, (_, k) => `${send}.${k}`);
    });
    expect(bodies(events)).toEqual(expected);
  });

  test('a hub that chokes on 5,000 small events, in batches or one a send', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    for (let first = 0; first < 3800; first += 100) {
      await producer.sendBatch(texts(...Array.from({ length: 100 }, (_, i) => `event ${first + i}`)), {
        partitionId: '0',
      });
    }
    for (let first = 3800; first < 5000; first += 200) {
      const sends = Array.from({ length: 200 }, (_, i) => texts(`event ${first + i}`));
      await Promise.all(sends.map((events) => producer.sendBatch(events, { partitionId: '0' })));
    }
    const events = await readSome(stage.consumer(hubs.connectionString()), '0', 5000);
    expect(bodies(events)).toEqual(Array.from({ length: 5000 }, (_, i) => `event ${i}`));
  });

  test('an annotation that stands twice in what a reader gets', () => {
    const event = rhea.message.encode({
      message_annotations: { 'x-opt-partition-key': 'k', 'x-opt-offset': 'mine', 'x-opt-mine': 1 },
      body: rhea.message.data_section(Buffer.from('x')),
    });
    const stamped = stampEvent(event, { sequenceNumber: 3, offset: '192', enqueued: 1000, partitionKey: 'k' });
    const annotations = readSections(stamped).find((section) => section.code === SECTION.messageAnnotations);
    if (annotations === undefined) throw new Error('The stamped event has no annotations.');
    const names = readMap(stamped, annotations).map(({ name }) => String(name));
    expect(names.toSorted()).toEqual([
      'x-opt-enqueued-time',
      'x-opt-mine',
      'x-opt-offset',
      'x-opt-partition-key',
      'x-opt-sequence-number',
    ]);
    expect(rhea.message.decode(stamped)['message_annotations']).toMatchObject({
      'x-opt-offset': '192',
      'x-opt-mine': 1,
    });
  });

  test('enqueued times that step back with the clock', async () => {
    let now = 2_000_000_000_000;
    const hubs = await stage.start({ clock: () => now });
    const producer = stage.producer(hubs.connectionString());
    for (const time of [2_000_000_000_000, 1_999_999_999_000, 2_000_000_000_005]) {
      now = time;
      await producer.sendBatch(texts(String(time)), { partitionId: '0' });
    }
    const events = await readSome(stage.consumer(hubs.connectionString()), '0', 3);
    expect(events.map((event) => event.enqueuedTimeUtc.getTime())).toEqual([
      2_000_000_000_000, 2_000_000_000_000, 2_000_000_000_005,
    ]);
  });
});

describe('where it goes', () => {
  test('a key whose events land in two partitions, before and after a restart', async () => {
    const placeOf = async (hubs: Awaited<ReturnType<Stage['start']>>): Promise<Map<string, string>> => {
      const producer = stage.producer(hubs.connectionString());
      const keys = Array.from({ length: 20 }, (_, i) => `repository/${i}`);
      const before = hubs.state()[0]?.partitions.map(({ next }) => next) ?? [];
      for (const key of keys) await producer.sendBatch(texts(key, key), { partitionKey: key });
      const places = new Map<string, string>();
      for (const { id, next } of hubs.state()[0]?.partitions ?? []) {
        const first = before[Number(id)] ?? 0;
        const position = { sequenceNumber: first - 1 };
        for (const event of await readSome(stage.consumer(hubs.connectionString()), id, next - first, position)) {
          expect(event.partitionKey).toBe(String(event.body));
          expect(places.get(String(event.body)) ?? id).toBe(id);
          places.set(String(event.body), id);
        }
      }
      expect(places.size).toBe(keys.length);
      return places;
    };
    const first = await stage.start();
    const places = await placeOf(first);
    expect(new Set(places.values()).size).toBe(2);
    await first.stop();
    expect(await placeOf(await stage.start())).toEqual(places);
  });

  test('sends without a key that all land in one partition', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    for (let i = 0; i < 6; i++) await producer.sendBatch(texts('a', 'b'));
    expect(hubs.state()[0]?.partitions.map(({ next }) => next)).toEqual([6, 6]);
  });

  test('hubs that mix their events up', async () => {
    const hubs = await stage.start({
      hubs: [
        { name: 'web', partitions: 1 },
        { name: 'Azure.events-1', partitions: 1 },
      ],
    });
    await stage.producer(hubs.connectionString(), 'web').sendBatch(texts('for web'));
    await stage.producer(hubs.connectionString(), 'azure.EVENTS-1').sendBatch(texts('for azure'));
    const consumer = stage.consumer(hubs.connectionString(), '$Default', 'Azure.events-1');
    expect(bodies(await readSome(consumer, '0', 1))).toEqual(['for azure']);
    expect(hubs.state().map((hub) => hub.partitions[0]?.next)).toEqual([1, 1]);
  });
});

describe('what is refused', () => {
  test('an unknown hub, group or partition that is answered otherwise than by Azure', async () => {
    const hubs = await stage.start();
    const connectionString = hubs.connectionString();
    const absent = stage.producer(connectionString, 'absent');
    const notFound = { code: 'MessagingEntityNotFoundError', retryable: false };
    await expect(absent.sendBatch(texts('x'))).rejects.toMatchObject(notFound);
    await expect(absent.getEventHubProperties()).rejects.toMatchObject(notFound);
    await expect(absent.getPartitionProperties('0')).rejects.toMatchObject(notFound);
    await expect(readSome(stage.consumer(connectionString, '$Default', 'absent'), '0', 1)).rejects.toMatchObject(
      notFound,
    );
    await expect(readSome(stage.consumer(connectionString, 'absent'), '0', 1)).rejects.toMatchObject(notFound);
    const outOfRange = { code: 'ArgumentOutOfRangeError', retryable: false };
    const producer = stage.producer(connectionString);
    for (const partition of ['2', '-1', '00', 'x']) {
      await expect(producer.sendBatch(texts('x'), { partitionId: partition })).rejects.toMatchObject(outOfRange);
      await expect(producer.getPartitionProperties(partition)).rejects.toMatchObject(outOfRange);
      await expect(readSome(stage.consumer(connectionString), partition, 1)).rejects.toMatchObject(outOfRange);
    }
    expect(hubs.state()[0]?.partitions.map(({ next }) => next)).toEqual([0, 0]);
  });

  test('a send above 1 MiB that is taken, or one below it that is not', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    const batch = await producer.createBatch({ partitionId: '0' });
    expect(batch.maxSizeInBytes).toBe(1_048_576);
    const room = batch.maxSizeInBytes - 200;
    expect(batch.tryAdd({ body: Buffer.alloc(room, 1) })).toBe(true);
    await producer.sendBatch(batch);
    const tooLarge = producer.sendBatch([{ body: Buffer.alloc(1_048_577) }], { partitionId: '0' });
    await expect(tooLarge).rejects.toMatchObject({ code: 'MessageTooLargeError', retryable: false });
    await producer.sendBatch(texts('on the same link'), { partitionId: '0' });
    const events = await readSome(stage.consumer(hubs.connectionString()), '0', 2);
    expect(events[0]?.body).toHaveLength(room);
    expect(String(events[1]?.body)).toBe('on the same link');
  });

  test('a malformed send that stops the hub, or is stored and stops its readers', async () => {
    const hubs = await stage.start();
    const sender = await openSender(connectRaw(hubs.port), { target: 'web/Partitions/0' });
    const good = eventOf('good');
    const hostile: Record<string, Buffer> = {
      'no section': Buffer.from('nonsense'),
      nothing: Buffer.alloc(0),
      'a batch without events': rhea.message.encode({ body: rhea.message.data_sections([]) }),
      'an event without sections': batchOf(good, Buffer.from('nonsense')),
      'a cut event': batchOf(good, good.subarray(0, good.length - 1)),
      'annotations that are no map': batchOf(Buffer.concat([Buffer.from([0x00, 0x53, 0x72, 0x41]), good])),
      'annotations that reach into the next section': batchOf(
        Buffer.concat([Buffer.from([0x00, 0x53, 0x72, 0xc1, 0x03, 0x02, 0xa1, 0x20]), good]),
      ),
      'a megabyte of descriptors': Buffer.alloc(1_000_000),
      'a type that does not exist': Buffer.from([0x00, 0x53, 0x75, 0x3f]),
    };
    for (const [what, bytes] of Object.entries(hostile)) {
      expect([what, await answerTo(sender, bytes, BATCH_FORMAT)]).toEqual([what, 'amqp:decode-error']);
    }
    expect(await answerTo(sender, batchOf(good, eventOf('too')), BATCH_FORMAT)).toBe('accepted');
    expect(bodies(await readSome(stage.consumer(hubs.connectionString()), '0', 2))).toEqual(['good', 'too']);
  });

  test("a plain AMQP message, without Azure's batch format, that is refused or changed", async () => {
    const hubs = await stage.start();
    const connection = connectRaw(hubs.port);
    const sender = await openSender(connection, { target: 'amqps://anything/web/Partitions/0' });
    expect(await answerTo(sender, eventOf('plain'), 0)).toBe('accepted');
    expect(bodies(await readSome(stage.consumer(hubs.connectionString()), '0', 1))).toEqual(['plain']);
  });

  test('a partition key above 128 characters, or an idempotent producer, that Azure would have treated otherwise', async () => {
    const hubs = await stage.start();
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts('x'), { partitionKey: 'k'.repeat(128) });
    const tooLong = producer.sendBatch(texts('x'), { partitionKey: 'k'.repeat(129) });
    await expect(tooLong).rejects.toMatchObject({ code: 'ArgumentError' });
    const connection = connectRaw(hubs.port);
    const idempotent = { target: 'web/Partitions/0', desired_capabilities: ['com.microsoft:idempotent-producer'] };
    expect(await refusalOf(connection.open_sender(idempotent))).toBe('amqp:not-implemented');
  });

  test("garbage on the wire that ends the process or another client's connection", async () => {
    const lines: string[] = [];
    const hubs = await stage.start({ log: (line) => lines.push(line) });
    const producer = stage.producer(hubs.connectionString());
    await producer.sendBatch(texts('before'), { partitionId: '0' });
    const greeting = Buffer.from('AMQP\x00\x01\x00\x00');
    const attacks = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.concat([greeting, Buffer.from([0, 0, 0, 12, 2, 0, 0, 0, 0x00, 0x53, 0x99, 0x45])]),
      Buffer.concat([greeting, Buffer.from([0, 0, 0, 9, 2, 0, 0, 0, 0xff])]),
    ];
    for (const bytes of attacks) {
      const socket = connect(hubs.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume().end(bytes);
      await once(socket, 'close');
    }
    await producer.sendBatch(texts('after'), { partitionId: '0' });
    expect(hubs.state()[0]?.partitions[0]?.next).toBe(2);
    expect(lines.length).toBeGreaterThan(0);
  });

  test('the SASL mechanism of the .NET and Python clients that is not offered', async () => {
    const hubs = await stage.start();
    const sender = await openSender(connectRaw(hubs.port, 'MSSBCBS'), { target: 'web' });
    expect(await answerTo(sender, batchOf(eventOf('x')), BATCH_FORMAT)).toBe('accepted');
  });
});

describe('what the hub says of itself', () => {
  test('wrong properties of a hub, of a partition with events, or of an empty one', async () => {
    const hubs = await stage.start({ clock: () => 1_750_000_000_123 });
    const producer = stage.producer(hubs.connectionString());
    expect(await producer.getEventHubProperties()).toMatchObject({
      name: 'web',
      createdOn: new Date(1_750_000_000_123),
      partitionIds: ['0', '1'],
    });
    await producer.sendBatch(texts('a', 'b', 'c'), { partitionId: '0' });
    const [, , last] = await readSome(stage.consumer(hubs.connectionString()), '0', 3);
    expect(await producer.getPartitionProperties('0')).toEqual({
      eventHubName: 'web',
      partitionId: '0',
      beginningSequenceNumber: 0,
      lastEnqueuedSequenceNumber: 2,
      lastEnqueuedOffset: last?.offset,
      lastEnqueuedOnUtc: new Date(1_750_000_000_123),
      isEmpty: false,
    });
    expect(await producer.getPartitionProperties('1')).toEqual({
      eventHubName: 'web',
      partitionId: '1',
      beginningSequenceNumber: 0,
      lastEnqueuedSequenceNumber: -1,
      lastEnqueuedOffset: '-1',
      lastEnqueuedOnUtc: new Date('0001-01-01T00:00:00Z'),
      isEmpty: true,
    });
  });
});
