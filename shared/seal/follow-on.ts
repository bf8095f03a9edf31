import { SealError } from '../errors.ts';
import type { HubMessage } from './hub-message.ts';
import type { HubReader } from './hub-reader.ts';

/** Numbers `first` to `last` are gone from the hub; `enqueued` is the next message's, the only time a gap can have. */
export interface Gap {
  readonly kind: 'gap';
  readonly first: number;
  readonly last: number;
  readonly enqueued: string;
}
export interface Taken {
  readonly kind: 'message';
  readonly message: HubMessage;
}
export type Item = Gap | Taken;

/** The most that is held in memory at once; a longer batch is sealed in several rounds. */
export interface RoundLimits {
  readonly messages: number;
  readonly bytes: number;
}

const REPAIR_READ = 100;

/**
 * Takes from `queue` (ascending, all above `cursor`) what comes next, so that the numbers follow on without a hole: what is
 * missing at the start or in between is read from the hub, and only what the hub no longer has becomes a gap. Removes what
 * it took from the queue.
 */
export async function takeFollowing(
  queue: HubMessage[],
  cursor: number,
  reader: HubReader,
  partition: string,
  limits: RoundLimits,
  sizeOf: (message: HubMessage) => number,
): Promise<Item[]> {
  const items: Item[] = [];
  let expected = cursor + 1;
  let bytes = 0;
  const gapBefore = (next: HubMessage) => {
    if (next.sequenceNumber > expected) {
      items.push({ kind: 'gap', first: expected, last: next.sequenceNumber - 1, enqueued: next.enqueued });
    }
  };
  const take = (message: HubMessage) => {
    gapBefore(message);
    items.push({ kind: 'message', message });
    expected = message.sequenceNumber + 1;
    bytes += sizeOf(message);
  };
  const isFull = (): boolean => items.length >= limits.messages || bytes >= limits.bytes;
  for (let next = queue[0]; next !== undefined && !isFull(); next = queue[0]) {
    if (next.sequenceNumber > expected) {
      const missing = await reader.read(partition, expected, next.sequenceNumber - 1, REPAIR_READ);
      checkAnswer(missing, expected, next.sequenceNumber - 1, partition);
      for (const message of missing) {
        // A message stands for a body of up to 25 MB: a hundred of them would not fit into memory.
        if (isFull()) return items;
        take(message);
      }
      if (missing.length >= REPAIR_READ) continue; // there may be more before `next`
      if (isFull()) return items;
    }
    take(next);
    queue.shift();
  }
  return items;
}

/** A reader that answered something else than asked would make us seal a gap that is none. */
function checkAnswer(messages: readonly HubMessage[], from: number, to: number, partition: string): void {
  let before = from - 1;
  for (const { sequenceNumber } of messages) {
    if (sequenceNumber <= before || sequenceNumber > to) {
      throw new SealError(
        'hubIncomplete',
        `Partition ${partition} was asked for messages ${from} to ${to} and answered ${sequenceNumber} out of turn; nothing was sealed. It is tried again.`,
      );
    }
    before = sequenceNumber;
  }
}
