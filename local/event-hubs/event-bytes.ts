import { AmqpDecodeError, readBinary, readMap, readSections, readText, SECTION } from './amqp-sections.ts';

/** What clients send events in: data sections that hold an encoded message each (Azure's own message format). */
export const BATCH_FORMAT = 0x80013700;

const PARTITION_KEY = 'x-opt-partition-key';
const SEQUENCE_NUMBER = 'x-opt-sequence-number';
const OFFSET = 'x-opt-offset';
const ENQUEUED_TIME = 'x-opt-enqueued-time';
const SET_BY_THE_HUB: readonly (string | undefined)[] = [SEQUENCE_NUMBER, OFFSET, ENQUEUED_TIME];

/** One send: its events, each an encoded AMQP message, and the partition key that all of them share. */
export interface Publication {
  readonly events: readonly Buffer[];
  readonly partitionKey: string | undefined;
}

/**
 * The events of one send; the buffers share memory with `message`. `format`: the delivery's message format; whatever is no batch
 * is one event. Throws AmqpDecodeError where the batch or one of its events is malformed, or there is none.
 */
export function readPublication(message: Buffer, format: number): Publication {
  const sections = readSections(message);
  let partitionKey: string | undefined;
  const events: Buffer[] = [];
  for (const section of sections) {
    if (section.code === SECTION.messageAnnotations) {
      const key = readMap(message, section).find((entry) => entry.name === PARTITION_KEY);
      partitionKey = key === undefined ? undefined : readText(key.value);
    } else if (section.code === SECTION.data && format === BATCH_FORMAT) {
      events.push(readBinary(message, section));
    }
  }
  if (format !== BATCH_FORMAT) events.push(message);
  if (events.length === 0) throw new AmqpDecodeError('The batch holds no event.');
  for (const event of events) {
    // What the hub cannot stamp it could never deliver, and the partition would stand still at it.
    for (const section of readSections(event)) {
      if (section.code === SECTION.messageAnnotations) readMap(event, section);
    }
  }
  return { events, partitionKey };
}

/** What the hub knows of an event: its number, its place, when it came (ms since 1970), and the key it was published under. */
export interface EventStamp {
  readonly sequenceNumber: number;
  readonly offset: string;
  readonly enqueued: number;
  readonly partitionKey: string | undefined;
}

/** The event as a reader gets it: the stamp among its message annotations, every other byte as it was published. */
export function stampEvent(event: Buffer, stamp: EventStamp): Buffer {
  const before: Buffer[] = [];
  const after: Buffer[] = [];
  const annotations = [
    symbol(SEQUENCE_NUMBER),
    long(0x81, stamp.sequenceNumber),
    symbol(OFFSET),
    string(stamp.offset),
    symbol(ENQUEUED_TIME),
    long(0x83, stamp.enqueued),
  ];
  let entries = 3;
  let keyed = false;
  for (const section of readSections(event)) {
    if (section.code === SECTION.messageAnnotations) {
      for (const entry of readMap(event, section)) {
        if (SET_BY_THE_HUB.includes(entry.name)) continue;
        keyed ||= entry.name === PARTITION_KEY;
        annotations.push(entry.bytes);
        entries += 1;
      }
    } else if (section.code === SECTION.header) {
      before.push(event.subarray(section.start, section.end));
    } else if (section.code !== SECTION.deliveryAnnotations) {
      // Delivery annotations are from one hop to the next, and end here.
      after.push(event.subarray(section.start, section.end));
    }
  }
  if (stamp.partitionKey !== undefined && !keyed) {
    annotations.push(symbol(PARTITION_KEY), string(stamp.partitionKey));
    entries += 1;
  }
  const size = annotations.reduce((sum, part) => sum + part.length, 0);
  const map = Buffer.alloc(12);
  map.set([0x00, 0x53, SECTION.messageAnnotations, 0xd1]);
  map.writeUInt32BE(size + 4, 4);
  map.writeUInt32BE(entries * 2, 8);
  return Buffer.concat([...before, map, ...annotations, ...after]);
}

function symbol(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xa3, text.length]), Buffer.from(text, 'ascii')]);
}

function string(text: string): Buffer {
  const encoded = Buffer.alloc(5 + Buffer.byteLength(text));
  encoded[0] = 0xb1;
  encoded.writeUInt32BE(encoded.length - 5, 1);
  encoded.write(text, 5);
  return encoded;
}

/** A long (0x81) or a timestamp (0x83). */
function long(code: number, value: number): Buffer {
  const encoded = Buffer.alloc(9);
  encoded[0] = code;
  encoded.writeBigInt64BE(BigInt(value), 1);
  return encoded;
}
