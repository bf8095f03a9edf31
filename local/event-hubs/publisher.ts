import { createHash } from 'node:crypto';

import type { AmqpError, Delivery, Receiver } from 'rhea';
import rhea from 'rhea';

import {
  argumentError,
  decodeError,
  entityDisabled,
  internalError,
  linkDetached,
  messageTooLarge,
  serverBusy,
} from './amqp-error.ts';
import { AmqpDecodeError } from './amqp-sections.ts';
import { readPublication } from './event-bytes.ts';
import type { Hub } from './hub.ts';
import type { PartitionLog } from './partition-log.ts';
import type { SendFaults } from './send-fault.ts';

/** Azure's limit of one send, batch included, in bytes (standard and premium tier). */
export const MESSAGE_LIMIT = 1_048_576;
/** Azure's limit of a partition key, in characters. */
const PARTITION_KEY_LIMIT = 128;
/** Sends that one link may have under way. */
const CREDIT = 1000;

/** One link that a client sends on, to a hub or to one of its partitions. */
export class Publisher {
  readonly link: Receiver;
  readonly hub: Hub;
  readonly #partition: PartitionLog | undefined;
  readonly #faults: SendFaults<Hub>;

  /** `partition`: where all sends go; undefined: the hub chooses. */
  constructor(link: Receiver, hub: Hub, partition: PartitionLog | undefined, faults: SendFaults<Hub>) {
    this.link = link;
    this.hub = hub;
    this.#partition = partition;
    this.#faults = faults;
    link.add_credit(CREDIT);
  }

  /** Answers one send: accepted only when its events are synced. Never rejects. */
  async receive(delivery: Delivery, message: unknown): Promise<void> {
    // Sent before the client knew that the link is detached.
    if (!this.link.is_open()) return;
    const fault = this.#faults.take(this.hub);
    if (fault?.kind === 'hang') return;
    const error = fault?.kind === 'refuse' ? this.#refusal(fault.retryable) : await this.#store(delivery, message);
    // The client may have gone meanwhile, or the hub: there is nobody to answer.
    if (!this.link.is_open()) return;
    if (error !== undefined) {
      delivery.reject(error);
    } else if (fault?.kind === 'refuse-written') {
      delivery.reject(this.#refusal(fault.retryable));
    } else if (fault?.kind === 'lose-answer') {
      this.link.close(linkDetached('The answer to the last send was lost.'));
      return;
    } else {
      delivery.accept();
    }
    this.link.add_credit(1);
  }

  async #store(delivery: Delivery, message: unknown): Promise<AmqpError | undefined> {
    try {
      // rhea decodes messages of format 0; all others come as bytes, and as undefined where there are none.
      const decoded = message !== undefined && !Buffer.isBuffer(message);
      const bytes = decoded ? rhea.message.encode(message) : (message ?? Buffer.alloc(0));
      if (bytes.length > MESSAGE_LIMIT) return messageTooLarge(delivery.id, bytes.length, MESSAGE_LIMIT);
      const { events, partitionKey } = readPublication(bytes, delivery.format);
      if ((partitionKey?.length ?? 0) > PARTITION_KEY_LIMIT) {
        return argumentError(`The partition key is longer than ${PARTITION_KEY_LIMIT} characters.`);
      }
      const partition = this.#partition ?? choosePartition(this.hub, partitionKey);
      await partition.append(events, partitionKey);
      return undefined;
    } catch (error) {
      if (error instanceof AmqpDecodeError) return decodeError(error.message);
      return internalError(`The events could not be stored: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #refusal(retryable: boolean): AmqpError {
    return retryable ? serverBusy() : entityDisabled(this.hub.name);
  }
}

/** The same key, the same partition, over restarts too; without one, each in turn. */
function choosePartition(hub: Hub, partitionKey: string | undefined): PartitionLog {
  const number =
    partitionKey === undefined ? hub.takeTurn() : createHash('sha256').update(partitionKey).digest().readUInt32BE(0);
  const partition = hub.partitions[number % hub.partitions.length];
  if (partition === undefined) throw new Error(`The hub ${hub.name} has no partition.`);
  return partition;
}
