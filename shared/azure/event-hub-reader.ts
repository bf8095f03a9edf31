import type { EventHubConsumerClient, ReceivedEventData } from '@azure/event-hubs';

import { StoreError } from '../errors.ts';
import { findEnvelope } from '../seal/envelope-property.ts';
import type { HubMessage } from '../seal/hub-message.ts';
import type { HubProperties, HubReader, PartitionProperties } from '../seal/hub-reader.ts';
import { formatTimestamp } from '../wire/timestamp.ts';
import { withDeadline } from './deadline.ts';
import { toHubError } from './event-hubs-error.ts';

export interface EventHubReaderOptions {
  /** Milliseconds without a message after which the hub counts as silent; opening the link takes one or two seconds. */
  readonly silence?: number;
  /** Milliseconds for one question to the management node. */
  readonly deadline?: number;
}

/** Messages are up to 1 MB each, and as many as this wait in memory. */
const PREFETCH = 100;
/** Milliseconds to end a connection in good order. */
const CLOSING = 2_000;

/** HubReader on one event hub. `open`: a client of the consumer group `repair`. */
export class EventHubReader implements HubReader {
  readonly #open: () => EventHubConsumerClient;
  readonly #silence: number;
  readonly #deadline: number;
  /** For questions to the management node. */
  #client: EventHubConsumerClient | undefined;

  constructor(open: () => EventHubConsumerClient, options: EventHubReaderOptions = {}) {
    this.#open = open;
    this.#silence = options.silence ?? 15_000;
    this.#deadline = options.deadline ?? 10_000;
  }

  async properties(): Promise<HubProperties> {
    return this.#ask('Reading the properties of the hub', async (client, abortSignal) => {
      const { name, createdOn, partitionIds } = await client.getEventHubProperties({ abortSignal });
      return { namespace: client.fullyQualifiedNamespace, name, created: toTime(createdOn), partitions: partitionIds };
    });
  }

  async partition(partition: string): Promise<PartitionProperties> {
    return this.#ask(`Reading the properties of partition ${partition}`, async (client, abortSignal) => {
      const found = await client.getPartitionProperties(partition, { abortSignal });
      const { beginningSequenceNumber, lastEnqueuedSequenceNumber, lastEnqueuedOnUtc, isEmpty } = found;
      const last = toNumber(lastEnqueuedSequenceNumber);
      return {
        // Of an empty partition the service gives a number of its own choosing.
        first: isEmpty ? last + 1 : toNumber(beginningSequenceNumber),
        last,
        lastEnqueued: last < 0 ? undefined : toTime(lastEnqueuedOnUtc),
      };
    });
  }

  async read(partition: string, from: number, to: number, limit: number): Promise<readonly HubMessage[]> {
    if (from > to || limit < 1) return [];
    // A client of its own: reads are rare, they must not share a subscription, and one that hangs is best thrown away.
    const client = this.#open();
    try {
      return await this.#receive(client, partition, from, to, limit);
    } finally {
      await this.#close(client);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await this.#close(client);
  }

  async #receive(
    client: EventHubConsumerClient,
    partition: string,
    from: number,
    to: number,
    limit: number,
  ): Promise<readonly HubMessage[]> {
    const doing = `Reading the messages ${from} to ${to} of partition ${partition}`;
    const { promise, resolve, reject } = Promise.withResolvers<readonly HubMessage[]>();
    const messages: HubMessage[] = [];
    let last = from - 1;
    const take = (event: ReceivedEventData): void => {
      const message = toHubMessage(event);
      if (message.sequenceNumber <= last) {
        throw new StoreError('unexpected', `${doing} failed: ${message.sequenceNumber} came after ${last}.`);
      }
      last = message.sequenceNumber;
      if (last <= to && messages.length < limit) messages.push(message);
      if (last >= to || messages.length === limit) resolve(messages);
    };
    // What is not there cannot be told from what does not come: silence is never evidence that messages are gone.
    const silent = (): void => {
      reject(new StoreError('unavailable', `${doing} failed: after ${last} the hub stayed silent. Try again later.`));
    };
    let timer = setTimeout(silent, this.#silence);
    let isDone = false;
    try {
      client.subscribe(
        partition,
        {
          processEvents: (events) => {
            if (isDone) return Promise.resolve();
            clearTimeout(timer);
            timer = setTimeout(silent, this.#silence);
            try {
              events.forEach(take);
            } catch (error) {
              reject(error);
            }
            return Promise.resolve();
          },
          processError: (error) => {
            reject(error);
            return Promise.resolve();
          },
        },
        {
          startPosition: { sequenceNumber: from, isInclusive: true },
          // Else a body that is JSON arrives parsed: "200" as a number.
          skipParsingBodyAsJson: true,
          maxBatchSize: PREFETCH,
          prefetchCount: PREFETCH,
          // Longer than the silence: the SDK's calls with no events are no sign of life.
          maxWaitTimeInSeconds: this.#silence / 1_000 + 60,
        },
      );
      return await promise;
    } catch (error) {
      throw toHubError(error, doing);
    } finally {
      isDone = true;
      clearTimeout(timer);
    }
  }

  async #ask<T>(
    doing: string,
    question: (client: EventHubConsumerClient, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#client ??= this.#open();
    const client = this.#client;
    try {
      return await withDeadline(this.#deadline, (abortSignal) => question(client, abortSignal));
    } catch (error) {
      // A connection that hangs is noticed by the SDK after a minute only: the next question gets a new one.
      if (this.#client === client) this.#client = undefined;
      client.close().catch(() => undefined);
      throw toHubError(error, doing);
    }
  }

  /** Waited for: a group has five readers of a partition in all, so one that is done must be gone before the next. */
  async #close(client: EventHubConsumerClient): Promise<void> {
    await withDeadline(CLOSING, () => client.close()).catch(() => undefined);
  }
}

function toHubMessage(event: ReceivedEventData): HubMessage {
  return {
    sequenceNumber: toNumber(event.sequenceNumber),
    enqueued: toTime(event.enqueuedTimeUtc),
    body: toBytes(event.body),
    envelope: findEnvelope(event.properties),
  };
}

function toNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new StoreError('unexpected', 'The hub answered with a sequence number that is none.');
}

function toTime(value: unknown): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return formatTimestamp(value.getTime());
  throw new StoreError('unexpected', 'The hub answered with a time that is none.');
}

/**
 * The bytes of a message's body. Ours are one AMQP data section; a body in another section still gets bytes, its text or its
 * JSON, so that whoever may send to a hub cannot stop its partition with a message that nobody can read.
 */
function toBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (Array.isArray(body) && body.every((part) => Buffer.isBuffer(part))) return Buffer.concat(body);
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body === null) return Buffer.alloc(0);
  try {
    return Buffer.from(JSON.stringify(body));
  } catch {
    return Buffer.alloc(0);
  }
}
