import { isObject } from '../wire/json.ts';
import { toTimestamp } from '../wire/timestamp.ts';
import { findEnvelope } from './envelope-property.ts';
import type { HubMessage } from './hub-message.ts';

/** One invocation's messages: a batch is always of one partition. */
export interface TriggerBatch {
  readonly partition: string;
  /** Ascending by sequence number; not necessarily without holes. */
  readonly messages: readonly HubMessage[];
}

/**
 * What an Event Hubs trigger (cardinality many, data type binary) hands over, to messages. `bodies`: its first argument;
 * `metadata`: `context.triggerMetadata`. undefined where the parts do not fit together: the host builds them from several
 * arrays, of which some worker versions lose or convert elements, and a body under another's number would be sealed for good.
 * The caller then reads the range from the hub; {@link findPartition} says of which partition.
 */
export function toTriggerBatch(bodies: unknown, metadata: unknown): TriggerBatch | undefined {
  const partition = findPartition(metadata);
  if (partition === undefined || !isObject(metadata) || !Array.isArray(bodies)) return undefined;
  const { sequenceNumberArray, enqueuedTimeUtcArray, propertiesArray } = metadata;
  const numbers = arrayOf(sequenceNumberArray, bodies.length);
  const times = arrayOf(enqueuedTimeUtcArray, bodies.length);
  const properties = arrayOf(propertiesArray, bodies.length);
  if (numbers === undefined || times === undefined || properties === undefined) return undefined;
  const messages: HubMessage[] = [];
  for (const [k, body] of bodies.entries()) {
    const sequenceNumber = toSequenceNumber(numbers[k]);
    const enqueued = toTimestamp(times[k]);
    const bytes = toBuffer(body);
    const last = messages.at(-1)?.sequenceNumber ?? -1;
    if (sequenceNumber === undefined || sequenceNumber <= last) return undefined;
    if (enqueued === undefined || bytes === undefined || !isObject(properties[k])) return undefined;
    messages.push({ sequenceNumber, enqueued, body: bytes, envelope: findEnvelope(properties[k]) });
  }
  return { partition, messages };
}

/** The partition that an invocation is about; undefined where the metadata do not say. */
export function findPartition(metadata: unknown): string | undefined {
  if (!isObject(metadata) || !isObject(metadata['partitionContext'])) return undefined;
  // The worker parses texts that are JSON: "0" may arrive as a number.
  const { partitionId } = metadata['partitionContext'];
  const text = typeof partitionId === 'number' ? String(partitionId) : partitionId;
  return typeof text === 'string' && /^(?:0|[1-9]\d{0,8})$/.test(text) ? text : undefined;
}

function arrayOf(value: unknown, length: number): readonly unknown[] | undefined {
  return Array.isArray(value) && value.length === length ? value : undefined;
}

/** A number, or a 64-bit integer as protobuf's Long: `{low, high, unsigned}`, two signed halves of 32 bits. */
function toSequenceNumber(value: unknown): number | undefined {
  let number = value;
  if (isObject(value) && typeof value['low'] === 'number' && typeof value['high'] === 'number') {
    const { low, high } = value;
    if (!Number.isInteger(low) || !Number.isInteger(high)) return undefined;
    number = high * 2 ** 32 + (low >>> 0);
  }
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** A body that arrived as anything but bytes was parsed on its way: "200" as a number, "{}" as an object. */
function toBuffer(body: unknown): Buffer | undefined {
  if (Buffer.isBuffer(body)) return body;
  return body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : undefined;
}
