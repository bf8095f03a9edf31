import { FormatError } from '../errors.ts';
import { parseCheckpoint } from '../wire/checkpoint.ts';
import { verifyNote } from '../wire/signed-note.ts';
import type { Finding } from './findings.ts';
import type { KeyRing } from './key-ring.ts';

/**
 * A checkpoint that somebody kept outside the trail: a monitor, an anchor, an auditor's last visit. It is what shows that a
 * log lost its end or was written anew.
 */
export interface KeptCheckpoint {
  readonly log: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Hashes of the known keys whose signature holds. */
  readonly signedBy: readonly string[];
}

/** What is no checkpoint, or signed by none of the known keys, proves nothing: that is a finding, and it is left out. */
export function readKeptCheckpoints(texts: readonly string[], keys: KeyRing, findings: Finding[]): KeptCheckpoint[] {
  return texts.flatMap((text) => {
    try {
      const { checkpoint, note } = parseCheckpoint(text);
      const { origin: log, size, root } = checkpoint;
      const signedBy = keys.all.filter((key) => verifyNote(note, log, key)).map((key) => key.sha256);
      if (signedBy.length > 0) return [{ log, size, root: root.toString('hex'), signedBy }];
      findings.push({
        kind: 'signatureWrong',
        log,
        message: `The kept checkpoint over ${size} leaves is signed by no key that is known.`,
      });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      findings.push({ kind: 'checkpointMalformed', message: `A kept checkpoint cannot be read: ${error.message}` });
    }
    return [];
  });
}

/** Log to the sizes of its checkpoints, ascending, each once. */
export function keptSizes(kept: readonly KeptCheckpoint[]): Map<string, number[]> {
  const sizes = new Map<string, number[]>();
  for (const log of new Set(kept.map((each) => each.log))) {
    const own = kept.filter((each) => each.log === log).map((each) => each.size);
    sizes.set(
      log,
      [...new Set(own)].sort((a, b) => a - b),
    );
  }
  return sizes;
}
