import type { Timestamp } from '../wire/timestamp.ts';

/**
 * One message of a hub's partition, the same whether the trigger or the repair reader brought it: the same messages by
 * either road seal to the same bytes.
 */
export interface HubMessage {
  readonly sequenceNumber: number;
  /** Truncated to milliseconds. */
  readonly enqueued: Timestamp;
  /** Exactly the bytes that were published. */
  readonly body: Buffer;
  /** The property `envelope`, unparsed; undefined where it is missing or no text. */
  readonly envelope: string | undefined;
}
