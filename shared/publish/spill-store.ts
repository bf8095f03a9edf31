/**
 * Port: the spill container of this app. Blobs are only created, never changed; a lifecycle rule removes them after 30 days.
 *
 * Durability: a put resolves only when the bytes are durable. Every put is create-only, and "exists" is success: a body is
 * named by its hash, a request's name is unique, a mark is empty, so that what is there already is what was to be written.
 * Failure: every method throws StoreError; after a throw by a put it is unknown whether the blob is there. An abort by
 * `signal` rejects at once and may still have taken effect.
 */
export interface SpillStore {
  /** `bodies/<sha256>`: a body that the hub cannot take; the sealer copies it to evidence. */
  putBody(sha256: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** `requests/<name>`: a whole message that the hub did not take. */
  putRequest(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Names of all spilled requests, ascending. */
  listRequests(): AsyncIterable<string>;
  /** Names of the requests that were replayed, ascending. */
  listReplayed(): AsyncIterable<string>;
  /** undefined: no such request any more. */
  getRequest(name: string): Promise<Buffer | undefined>;
  /** `replayed/<name>`: the mark that the hub has taken the request. */
  putReplayed(name: string): Promise<void>;
}
