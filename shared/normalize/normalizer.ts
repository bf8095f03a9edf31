import type { Envelope } from '../wire/envelope.ts';
import type { RecordData } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';

/** One message of the hub, as a normalizer sees it. */
export interface NormalizerInput {
  readonly envelope: Envelope;
  /** The raw bytes as the source sent them. */
  readonly body: Buffer;
  readonly enqueued: Timestamp;
}

/** What the normalizer says of a record; project, authority, collection and evidence are the sealer's. */
export type DraftData = Omit<RecordData, 'category' | 'project' | 'authority' | 'collected' | 'evidence' | 'cut'>;

export interface RecordDraft {
  /** '' for the message's main record, else a stable name within the delivery (a commit's hash), never a position. */
  readonly part: string;
  readonly type: `indelible.${string}.${string}.${string}`;
  /** URI of where it happened. */
  readonly source: string;
  /** The object's own id within the source. */
  readonly subject?: string | undefined;
  /** When it happened, as the source says; where absent, when it was received, else enqueued. */
  readonly time?: Timestamp | undefined;
  readonly data: DraftData;
}

/**
 * One per source. Pure: same input, same drafts, in the same order; no clock, nothing random, no I/O. Never empty: what it
 * cannot read it refuses with {@link Unrecognized}, and the message is sealed with its raw bytes under that reason.
 */
export interface Normalizer {
  /** Envelope source that it reads. */
  readonly source: string;
  /** Raised whenever the same bytes would give other records. */
  readonly version: number;
  /** Delivery id of a message that came without one (Event Grid straight to the hub). */
  deliveryOf?(body: Buffer): string | undefined;
  normalize(input: NormalizerInput): readonly RecordDraft[];
}

/**
 * The body is not what its source sends: wrong JSON, an unknown event name, or (`shape`) neither who acted nor on what. A
 * record answers both; where the message answers neither, its type is all that it says, and anybody may write that. Never
 * thrown for an odd field.
 */
export class Unrecognized extends Error {
  override readonly name = 'Unrecognized';
  readonly code: 'json' | 'shape' | 'event' | 'envelope' | 'source' | 'body' | 'normalizer';
  constructor(code: Unrecognized['code'], message: string) {
    super(message);
    this.code = code;
  }
}
