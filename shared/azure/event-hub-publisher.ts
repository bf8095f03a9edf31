import type { EventHubProducerClient } from '@azure/event-hubs';

import { StoreError } from '../errors.ts';
import type { OutgoingMessage, Publisher } from '../publish/publisher.ts';
import { untilAborted, withDeadline } from './deadline.ts';
import { toHubError } from './event-hubs-error.ts';

/** A client, and how many publications it has under way. */
interface Line {
  readonly client: EventHubProducerClient;
  underWay: number;
  isGivenUp: boolean;
}

/** Publisher on one event hub. `open`: a client that may send to it; one that hangs is replaced by another. */
export class EventHubPublisher implements Publisher {
  readonly #open: () => EventHubProducerClient;
  #line: Line | undefined;

  constructor(open: () => EventHubProducerClient) {
    this.#open = open;
  }

  async publish(message: OutgoingMessage, signal: AbortSignal): Promise<'accepted' | 'tooLarge'> {
    this.#line ??= { client: this.#open(), underWay: 0, isGivenUp: false };
    const line = this.#line;
    line.underWay += 1;
    try {
      return await untilAborted(signal, () => send(line.client, message, signal));
    } catch (error) {
      const translated = toHubError(error, `Publishing ${message.body.length} bytes`, 'write');
      // The hub measures more than we can see from here; it refuses before it takes anything.
      if (translated.code === 'tooLarge') return 'tooLarge';
      // A connection that hangs is noticed by the SDK after a minute only: the next publication gets a new one.
      if (signal.aborted) this.#giveUp(line);
      throw translated;
    } finally {
      line.underWay -= 1;
      if (line.isGivenUp && line.underWay === 0) line.client.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    if (line !== undefined) await withDeadline(5_000, () => line.client.close()).catch(() => undefined);
  }

  #giveUp(line: Line): void {
    line.isGivenUp = true;
    if (this.#line === line) this.#line = undefined;
  }
}

async function send(
  client: EventHubProducerClient,
  { partitionKey, envelope, body }: OutgoingMessage,
  abortSignal: AbortSignal,
): Promise<'accepted' | 'tooLarge'> {
  if (partitionKey === '') throw new StoreError('unexpected', 'A message without partition key would lose its order.');
  const batch = await client.createBatch({ partitionKey, abortSignal });
  if (!batch.tryAdd({ body, properties: { envelope } })) return 'tooLarge';
  await client.sendBatch(batch, { abortSignal });
  return 'accepted';
}
