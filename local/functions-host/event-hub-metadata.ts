import type { ReceivedEventData } from '@azure/event-hubs';
import type { Long, RpcTypedData } from './rpc.ts';

/** Where a batch comes from: all its events are one partition's. */
export interface BatchOrigin {
  readonly namespace: string;
  readonly hub: string;
  readonly group: string;
  readonly partitionId: string;
}

/** The bodies of a batch for a function with cardinality `many` and data type `binary`. */
export function toCollectionBytes(events: readonly ReceivedEventData[]): RpcTypedData {
  return { collectionBytes: { bytes: events.map((event) => toBytes(event.body)) } };
}

/**
 * The trigger metadata of a batch as host and worker hand it to the library, with their flaws: sequence numbers as
 * numbers, or where `longs` as objects (nodejs-worker issue 844); empty partition keys left out, so that the array is
 * shorter than the batch; enqueued times without a zone (they are UTC).
 */
export function toTriggerMetadata(
  events: readonly ReceivedEventData[],
  origin: BatchOrigin,
  longs: boolean,
): Record<string, RpcTypedData> {
  const partitionContext = {
    IsCheckpointingAfterInvocation: true,
    FullyQualifiedNamespace: origin.namespace,
    EventHubName: origin.hub,
    ConsumerGroup: origin.group,
    PartitionId: origin.partitionId,
  };
  const json = (value: unknown): RpcTypedData => ({ json: JSON.stringify(value) });
  return {
    PartitionContext: json(partitionContext),
    PartitionKeyArray: {
      collectionString: { string: events.map((event) => event.partitionKey ?? '').filter(Boolean) },
    },
    OffsetArray: { collectionString: { string: events.map((event) => event.offset).filter(Boolean) } },
    SequenceNumberArray: {
      collectionSint64: {
        sint64: events.map((event) => (longs ? toLong(event.sequenceNumber) : event.sequenceNumber)),
      },
    },
    EnqueuedTimeUtcArray: json(events.map((event) => formatDotNetTime(event.enqueuedTimeUtc))),
    PropertiesArray: json(events.map((event) => toProperties(event.properties))),
    SystemPropertiesArray: json(
      events.map((event) => ({
        ...event.systemProperties,
        SequenceNumber: event.sequenceNumber,
        Offset: event.offset,
        PartitionKey: event.partitionKey ?? null,
        EnqueuedTimeUtc: formatDotNetTime(event.enqueuedTimeUtc),
      })),
    ),
  };
}

/** Two's complement halves, as protobuf.js has them. */
export function toLong(value: number): Long {
  const wide = BigInt(value);
  return { low: Number(BigInt.asIntN(32, wide)), high: Number(BigInt.asIntN(32, wide >> 32n)), unsigned: false };
}

/** A DateTime without a kind, as Newtonsoft.Json writes it: no zone, no zeros at the fraction's end. */
export function formatDotNetTime(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, '');
}

/** Text that is JSON becomes what it says; the library gives each name a lower-case first letter. */
function toProperties(properties: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties ?? {}).map(([name, value]) => [name, parseText(value)]));
}

function parseText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** What is no data section is no body that our apps publish; it still has to reach the sealer as some bytes. */
function toBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (body === undefined || body === null) return Buffer.alloc(0);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
