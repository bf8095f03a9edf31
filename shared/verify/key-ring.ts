import { FormatError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import type { Finding } from './findings.ts';
import { parseTrailBlob } from './trail-blobs.ts';

/** A trail has a key a rotation; whatever else lies under `keys/` is not worth more memory than this. */
const MOST_KEYS = 4_096;

/**
 * The keys that checkpoints are checked by. Only the given ones are trusted by themselves; those that the trail carries under
 * `keys/` are what their hash says, and count where a segment announced that hash.
 */
export interface KeyRing {
  readonly all: readonly PublicKey[];
  readonly given: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
}

/** Reads `keys/` of a trail. Throws StoreError. */
export async function loadKeys(
  trail: ImmutableStore,
  given: readonly PublicKey[],
  findings: Finding[],
): Promise<KeyRing> {
  const keys = new Map(given.map((key) => [key.sha256, key]));
  for await (const { name } of trail.list('keys/')) {
    if (keys.size >= MOST_KEYS) break;
    const blob = parseTrailBlob(name);
    if (blob.kind !== 'key') continue; // listing the whole trail names it
    const key = readKey(await trail.read(name));
    if (key?.sha256 === blob.sha256) keys.set(key.sha256, key);
    else
      findings.push({
        kind: 'keyBlobWrong',
        blob: name,
        message: 'The blob does not hold the public key whose hash it is named by.',
      });
  }
  return { all: [...keys.values()], given: new Set(given.map((key) => key.sha256)), known: new Set(keys.keys()) };
}

function readKey(pem: Buffer | undefined): PublicKey | undefined {
  try {
    return pem === undefined ? undefined : parsePublicKey(pem.toString('latin1'));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  }
}
