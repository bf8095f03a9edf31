import { StoreError } from '../../shared/errors.ts';
import type { OutgoingMessage, Publisher } from '../../shared/publish/publisher.ts';
import type { HubMessage } from '../../shared/seal/hub-message.ts';
import type { HubProperties, HubReader, PartitionProperties } from '../../shared/seal/hub-reader.ts';
import { formatTimestamp } from '../../shared/wire/timestamp.ts';

/** One publication holds 1 MB, with whatever AMQP puts around it. */
const MAX_PUBLICATION = 1_048_576;
const OVERHEAD = 1_024;

interface Partition {
  messages: HubMessage[];
  next: number;
  lastEnqueued: string | undefined;
}

export interface MemoryHubOptions {
  readonly name?: string;
  readonly partitions?: number;
  /** Milliseconds since the epoch; the hub never goes back behind what it has said. */
  readonly clock?: () => number;
}

/** An event hub in memory: HubReader and Publisher in one, and what its operator can do to it. */
export class MemoryHub implements HubReader, Publisher {
  /** True: answers nobody. A real one keeps callers waiting; they get here at once what they get there after their limit. */
  isSilent = false;
  readonly #name: string;
  readonly #clock: () => number;
  #latest = -Infinity;
  #created: string;
  #partitions: Partition[];

  constructor({ name = 'web', partitions = 1, clock = Date.now }: MemoryHubOptions = {}) {
    this.#name = name;
    this.#clock = clock;
    this.#created = this.#now();
    this.#partitions = Array.from({ length: partitions }, emptyPartition);
  }

  async properties(): Promise<HubProperties> {
    this.#answer('properties');
    const partitions = this.#partitions.map((_, id) => String(id));
    return { namespace: 'memory.example', name: this.#name, created: this.#created, partitions };
  }

  async partition(partition: string): Promise<PartitionProperties> {
    this.#answer('partition');
    const { messages, next, lastEnqueued } = this.#partition(partition);
    return { first: messages[0]?.sequenceNumber ?? next, last: next - 1, lastEnqueued };
  }

  async read(partition: string, from: number, to: number, limit: number): Promise<readonly HubMessage[]> {
    if (from > to || limit < 1) return [];
    this.#answer('read');
    const later = this.#partition(partition).messages.filter((message) => message.sequenceNumber >= from);
    const found = later.filter((message) => message.sequenceNumber <= to).slice(0, limit);
    const isProven = found.length === limit || later.some((message) => message.sequenceNumber >= to);
    if (isProven) return found;
    throw new StoreError('unavailable', `After ${found.at(-1)?.sequenceNumber ?? from - 1} the hub stayed silent.`);
  }

  async publish(message: OutgoingMessage, signal: AbortSignal): Promise<'accepted' | 'tooLarge'> {
    if (signal.aborted) throw new StoreError('unavailable', 'Publishing was given up.', { cause: signal.reason });
    this.#answer('publish');
    const { partitionKey, envelope, body } = message;
    if (body.length + envelope.length + partitionKey.length + OVERHEAD > MAX_PUBLICATION) return 'tooLarge';
    this.enqueue(String(this.partitionOf(partitionKey)), body, envelope);
    return 'accepted';
  }

  /** Where messages of that key lie. */
  partitionOf(partitionKey: string): number {
    const sum = [...Buffer.from(partitionKey)].reduce((hash, byte) => (hash * 31 + byte) % 1_000_003, 7);
    return sum % this.#partitions.length;
  }

  /** Puts a message into a partition as whoever may send to the hub can, with or without envelope. */
  enqueue(partition: string, body: Buffer, envelope?: string): HubMessage {
    const found = this.#partition(partition);
    const enqueued = this.#now();
    const message = { sequenceNumber: found.next, enqueued, body: Buffer.from(body), envelope };
    found.messages.push(message);
    found.next += 1;
    found.lastEnqueued = enqueued;
    return message;
  }

  /** What a trigger would hand over, from that number on. */
  messages(partition: string, from = 0): HubMessage[] {
    return this.#partition(partition).messages.filter((message) => message.sequenceNumber >= from);
  }

  /** Retention takes all messages numbered below `before`. */
  expire(partition: string, before: number): void {
    const found = this.#partition(partition);
    found.messages = found.messages.filter((message) => message.sequenceNumber >= before);
  }

  /** One message is gone, from wherever it lay. */
  lose(partition: string, sequenceNumber: number): void {
    const found = this.#partition(partition);
    found.messages = found.messages.filter((message) => message.sequenceNumber !== sequenceNumber);
  }

  /** Deletes the hub and makes it anew: another creation time, numbers from 0. */
  recreate(): void {
    const before = this.#created;
    do {
      this.#latest += 1;
      this.#created = this.#now();
    } while (this.#created === before);
    this.#partitions = this.#partitions.map(emptyPartition);
  }

  /** Numbers begin at 0 again, but the creation time stays: what should never happen. */
  reuseNumbers(): void {
    this.#partitions = this.#partitions.map(emptyPartition);
  }

  #now(): string {
    this.#latest = Math.max(this.#latest, this.#clock());
    return formatTimestamp(this.#latest);
  }

  #answer(method: string): void {
    if (this.isSilent) throw new StoreError('unavailable', `The hub does not answer ${method}.`);
  }

  #partition(partition: string): Partition {
    const found = this.#partitions[Number(partition)];
    if (found === undefined) throw new StoreError('unexpected', `The hub has no partition ${partition}.`);
    return found;
  }
}

function emptyPartition(): Partition {
  return { messages: [], next: 0, lastEnqueued: undefined };
}
