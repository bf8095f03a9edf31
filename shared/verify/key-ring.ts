import { FormatError, StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import type { Finding } from './findings.ts';
import { parseTrailBlob } from './trail-blobs.ts';

/** A trail has a key a rotation; whatever else lies under `keys/` is not worth more time and memory than this. */
const MOST_KEYS = 4_096;
/** A key on P-256 has 178 bytes in PEM form. */
export const MAX_KEY_BYTES = 16 * 1024;

/**
 * The keys that checkpoints are checked by. Only the given ones are trusted by themselves; those that the trail carries under
 * `keys/` are what their hash says, and count where a segment announced that hash.
 */
export interface KeyRing {
  readonly all: readonly PublicKey[];
  readonly given: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  /** Hashes of the known keys by their key id, the first eight hex digits. */
  readonly byId: ReadonlyMap<string, readonly string[]>;
}

/** Reads `keys/` of a trail. Throws StoreError. */
export async function loadKeys(
  trail: ImmutableStore,
  given: readonly PublicKey[],
  findings: Finding[],
): Promise<KeyRing> {
  const keys = new Map(given.map((key) => [key.sha256, key]));
  let read = 0;
  for await (const { name } of trail.list('keys/')) {
    const blob = parseTrailBlob(name);
    if (blob.kind !== 'key') continue; // listing the whole trail names it
    if (++read > MOST_KEYS) {
      const message = `More than ${MOST_KEYS} keys lie there; this one and those behind it are not read.`;
      findings.push({ kind: 'keyBlobWrong', blob: name, message });
      break;
    }
    const key = await readKey(trail, name);
    if (typeof key !== 'string' && key.sha256 === blob.sha256) keys.set(key.sha256, key);
    else {
      const why = typeof key === 'string' ? ` ${key}` : '';
      const message = `The blob does not hold the public key whose hash it is named by.${why}`;
      findings.push({ kind: 'keyBlobWrong', blob: name, message });
    }
  }
  return {
    all: [...keys.values()],
    given: new Set(given.map((key) => key.sha256)),
    known: new Set(keys.keys()),
    byId: Map.groupBy(keys.keys(), (sha256) => sha256.slice(0, 8)),
  };
}

/** The key, or why there is none. */
async function readKey(trail: ImmutableStore, name: string): Promise<PublicKey | string> {
  try {
    const pem = await trail.read(name, MAX_KEY_BYTES);
    return pem === undefined ? 'It cannot be read.' : parsePublicKey(pem.toString('latin1'));
  } catch (error) {
    const isAboutBlob = error instanceof FormatError || (error instanceof StoreError && error.code === 'tooLarge');
    if (!isAboutBlob) throw error;
    return error.message;
  }
}
