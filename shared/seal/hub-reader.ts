import type { Timestamp } from '../wire/timestamp.ts';
import type { HubMessage } from './hub-message.ts';

export interface HubProperties {
  /** Fully qualified: `name.servicebus.windows.net`. */
  readonly namespace: string;
  readonly name: string;
  /** A hub that is deleted and made again has another; its numbers start at 0 again. */
  readonly created: Timestamp;
  readonly partitions: readonly string[];
}

export interface PartitionProperties {
  /** Of the oldest message that the hub still holds; where it is empty, of the next to come. */
  readonly first: number;
  /** Of the newest message ever enqueued; -1 before the first. */
  readonly last: number;
  readonly lastEnqueued: Timestamp | undefined;
}

/**
 * Port: one hub, read by our own client in the consumer group `repair`, without owner level, so that it never competes with
 * the trigger. Every method throws StoreError; none caches.
 */
export interface HubReader {
  properties(): Promise<HubProperties>;
  partition(partition: string): Promise<PartitionProperties>;
  /**
   * The messages numbered `from` to `to`, ascending, at most `limit` of them (the first ones). Numbers that are missing in
   * the answer are gone: this resolves only when a message numbered `to` or later, or `limit` messages, have arrived, and
   * throws StoreError `unavailable` when the hub stays silent: silence never makes a gap.
   */
  read(partition: string, from: number, to: number, limit: number): Promise<readonly HubMessage[]>;
}
