import type { PublicKey } from '../wire/signed-note.ts';

/**
 * Port: the signing key and its versions. Every method throws StoreError; `sign` and `publicKey` throw SealError
 * `keyUnavailable` where the version does not exist or is not enabled.
 */
export interface Signer {
  /** The newest enabled version: what a segment announces as `nextKey`. */
  newest(): Promise<PublicKey>;
  /** The version whose SPKI hashes to `sha256` (hex). */
  publicKey(sha256: string): Promise<PublicKey>;
  /** ECDSA P-256 over SHA-256 of `text` by that version: r ‖ s, 64 bytes, s low or high. */
  sign(sha256: string, text: Buffer): Promise<Buffer>;
}
