import { FormatError } from '../errors.ts';
import { HASH_SIZE } from './merkle.ts';
import type { Hash } from './merkle.ts';
import { formatNote, parseNote, verifyNote } from './signed-note.ts';
import type { Note, PublicKey } from './signed-note.ts';

/**
 * C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint): the text of a signed note is
 *
 *     <origin: the log's name>
 *     <size, decimal>
 *     <root, base64>
 *
 * with no extension lines.
 */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/** What is signed. */
export function formatCheckpointText(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`;
}

/** `signature`: r ‖ s over SHA-256 of {@link formatCheckpointText}. */
export function formatCheckpoint(checkpoint: Checkpoint, key: PublicKey, signature: Uint8Array): string {
  return formatNote(formatCheckpointText(checkpoint), checkpoint.origin, key, signature);
}

/** The checkpoint and the note around it; no signature is checked. Throws FormatError `checkpoint` or `note`. */
export function parseCheckpoint(text: string): { checkpoint: Checkpoint; note: Note } {
  const note = parseNote(text);
  const lines = note.text.split('\n');
  const [origin = '', size = '', root = ''] = lines;
  const hash = Buffer.from(root, 'base64');
  if (
    lines.length !== 4 ||
    origin === '' ||
    !/^(?:0|[1-9]\d{0,15})$/.test(size) ||
    !Number.isSafeInteger(Number(size)) ||
    hash.length !== HASH_SIZE ||
    hash.toString('base64') !== root
  ) {
    throw new FormatError(
      'checkpoint',
      'Not a checkpoint: origin, decimal size and base64 root, a line each, nothing else.',
    );
  }
  return { checkpoint: { origin, size: Number(size), root: hash }, note };
}

/** Parses a checkpoint and checks that `key` signed it under its origin. Throws FormatError, `signature` where it did not. */
export function verifyCheckpoint(text: string, key: PublicKey): Checkpoint {
  const { checkpoint, note } = parseCheckpoint(text);
  if (!verifyNote(note, checkpoint.origin, key)) {
    throw new FormatError(
      'signature',
      `The checkpoint of ${checkpoint.origin} is not signed by the key ${key.sha256}.`,
    );
  }
  return checkpoint;
}
