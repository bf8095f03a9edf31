import type { RecordDraft } from '../normalize/normalizer.ts';
import type { Envelope } from '../wire/envelope.ts';

/** What normalizing one message gave: at least one draft, checked against the schema and in its order of members. */
export interface NormalizedMessage {
  /** Name and version: `github/1`. */
  readonly normalizer: string;
  /** undefined where the message came with none that can be read. */
  readonly envelope?: Envelope | undefined;
  /** The delivery that the records' ids derive from; undefined where the source is not this hub's, or names none. */
  readonly delivery?: string | undefined;
  readonly drafts: readonly RecordDraft[];
}
