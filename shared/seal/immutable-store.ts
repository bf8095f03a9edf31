/**
 * Port: one WORM container (`trail` or `evidence`). A blob is created once and never changes; whoever holds this port can
 * neither overwrite nor delete.
 *
 * Durability: `create` resolves only when the bytes are durable. Concurrency: of two creators of one name exactly one gets
 * 'created'. Failure: every method throws StoreError; after a throw by `create` it is unknown whether the blob exists, and
 * the caller calls again, gets 'exists', and compares bytes. Adapters retry nothing that could hide this.
 */
export interface ImmutableStore {
  /** One single-shot write with If-None-Match: *. 'exists': a blob of that name is there already, its bytes are not looked at. */
  create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  /** undefined: no such blob. `limit`: bytes; of a blob that has more nothing is read, and StoreError `tooLarge` is thrown. */
  read(name: string, limit?: number): Promise<Buffer | undefined>;
  /** One HEAD. */
  exists(name: string): Promise<boolean>;
  /**
   * Names that begin with `prefix`, a page at a time. Those of `a-z 0-9 . _ - /` alone, as all of a trail are, come in ascending
   * order; foreign ones may stand anywhere among them, for backends differ in how they order them. Whatever lies there is
   * listed, also what cannot be read.
   */
  list(prefix: string): AsyncIterable<{ readonly name: string; readonly size: number }>;
  /** The "folders" directly below `prefix` (which ends in a slash or is empty), each ending in a slash, ascending. */
  listPrefixes(prefix: string): AsyncIterable<string>;
}
