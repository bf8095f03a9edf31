import { z } from 'zod';

import { FormatError } from '../errors.ts';
import { parseCheckpoint, verifyCheckpoint } from '../wire/checkpoint.ts';
import type { Checkpoint } from '../wire/checkpoint.ts';
import { parseJson } from '../wire/json.ts';
import { hashLeaf, proveInclusion, rootFromInclusion } from '../wire/merkle.ts';
import { MAX_LEAF_BYTES } from '../wire/record.ts';
import type { Seal, TrailRecord } from '../wire/record.ts';
import { parseCanonicalRecord, parseSeal } from '../wire/segment.ts';
import type { Segment } from '../wire/segment.ts';
import { verifyNote } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';

/**
 * That one record is in the trail, in a file that stands alone: whoever has the public key checks it with nothing else. The form
 * is described in docs/format.md, "Proofs of inclusion".
 */
const INCLUSION_FORMAT = 'urn:indelible:inclusion:1';

/** A tree of 2^53 leaves has paths of 53 hashes. */
const MAX_PATH = 64;
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const leaf = z.string().max(MAX_LEAF_BYTES);
const path = z.array(hex).max(MAX_PATH);

const inclusionSchema = z.strictObject({
  format: z.literal(INCLUSION_FORMAT),
  log: z.string().max(2_048),
  /** Number of the segment. */
  segment: z.int().min(0),
  /** Of the record among the leaves of the log. */
  index: z.int().min(0),
  /** Leaves of the log, up to the end of the segment. */
  size: z.int().min(1),
  /** The leaf, byte for byte. */
  record: leaf,
  /** Hashes from the record's sibling up to the root (RFC 6962 section 2.1.1). */
  proof: path,
  /** The segment's seal, which is the leaf `size` - 1, and its hashes. */
  seal: leaf,
  sealProof: path,
  /** The signed note. */
  checkpoint: z.string().max(16_384),
  /** SHA-256 of the SPKI of the key that signed it. */
  key: hex,
});
export type Inclusion = z.output<typeof inclusionSchema>;

/** Bytes of a file that holds a proof: two leaves, of which each character may be escaped, and the rest. */
export const MAX_INCLUSION_BYTES = 1024 * 1024;

/** Takes only the one form that {@link formatInclusion} writes. Throws FormatError. */
export function parseInclusion(bytes: Uint8Array): Inclusion {
  const checked = inclusionSchema.safeParse(parseJson(bytes));
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new FormatError('proof', `At "${issue?.path.join('.') ?? ''}": ${issue?.message ?? ''}.`);
  }
  // A member twice, another order, an escape: programs would read different things in it, and all call it proven.
  if (!Buffer.from(formatInclusion(checked.data)).equals(bytes)) {
    throw new FormatError(
      'proof',
      'It is not in its one form: keep it byte for byte as "indelible inclusion" wrote it.',
    );
  }
  return checked.data;
}

export function formatInclusion(inclusion: Inclusion): string {
  return `${JSON.stringify(inclusion, undefined, 2)}\n`;
}

/** `place`: of the record among the leaves of the segment. `key`: the one that signed the segment. Throws FormatError. */
export function proveRecord(segment: Segment, place: number, key: PublicKey): Inclusion {
  const { seal, leaves, checkpoint, checkpointNote } = segment;
  const record = leaves[place];
  const sealLeaf = leaves.at(-1);
  if (record === undefined || sealLeaf === undefined) {
    throw new FormatError('proof', `The segment has no leaf ${place}.`);
  }
  verifyCheckpoint(checkpointNote, key);
  const frontier = seal.frontier.map((each) => Buffer.from(each, 'hex'));
  const hashes = leaves.map(hashLeaf);
  const prove = (index: number): string[] =>
    proveInclusion(index, seal.first, frontier, hashes).map((hash) => hash.toString('hex'));
  const index = seal.first + place;
  return {
    format: INCLUSION_FORMAT,
    log: seal.log,
    segment: seal.number,
    index,
    size: checkpoint.size,
    record: record.toString(),
    proof: prove(index),
    seal: sealLeaf.toString(),
    sealProof: prove(checkpoint.size - 1),
    checkpoint: checkpointNote,
    key: key.sha256,
  };
}

/** What a proof shows. */
export interface ProvenRecord {
  readonly record: TrailRecord;
  readonly seal: Seal;
  readonly checkpoint: Checkpoint;
}

/**
 * This record and this seal are leaves under this checkpoint, which one of the keys signed; the record stands where the proof
 * says. Whoever had the key could make such a proof at any time: only a checkpoint kept elsewhere ({@link isCheckpointOf})
 * excludes that. Throws FormatError that says what does not hold.
 */
export function verifyInclusion(inclusion: Inclusion, keys: readonly PublicKey[]): ProvenRecord {
  const { log, segment, index, size } = inclusion;
  const key = keys.find((each) => each.sha256 === inclusion.key);
  if (key === undefined) {
    throw new FormatError('signature', `The proof names the key ${inclusion.key}, which is not among those given.`);
  }
  const checkpoint = verifyCheckpoint(inclusion.checkpoint, key);
  if (parseCheckpoint(inclusion.checkpoint).note.signatures.length > 1) {
    throw refused('The checkpoint bears more than one signature.');
  }
  if (checkpoint.origin !== log || checkpoint.size !== size) {
    throw refused(`The checkpoint is of ${checkpoint.origin} over ${checkpoint.size} leaves, not what the proof says.`);
  }
  const record = parseCanonicalRecord(leafUnder(checkpoint, index, inclusion.record, inclusion.proof));
  const { seal } = parseSeal(leafUnder(checkpoint, size - 1, inclusion.seal, inclusion.sealProof));
  if (seal.log !== log || seal.number !== segment) {
    throw refused(`The seal is of segment ${seal.number} of ${seal.log}, not what the proof says.`);
  }
  if (index < seal.first) throw refused(`Leaf ${index} is not in segment ${segment}, which begins at ${seal.first}.`);
  const [partition] = log.split('/').slice(-2);
  if (record.data.collected !== undefined && record.data.collected.partition !== partition) {
    throw refused(`The record is of partition ${record.data.collected.partition}, the log of ${partition}.`);
  }
  return { record, seal, checkpoint };
}

/** Throws FormatError where the path does not lead from the leaf to the checkpoint's root. */
function leafUnder(checkpoint: Checkpoint, index: number, text: string, proof: readonly string[]): Buffer {
  const bytes = Buffer.from(text);
  if (!text.isWellFormed()) throw refused('A leaf is not Unicode.'); // it would be hashed as other text than it shows
  const hashes = proof.map((each) => Buffer.from(each, 'hex'));
  if (rootFromInclusion(hashLeaf(bytes), index, checkpoint.size, hashes).equals(checkpoint.root)) return bytes;
  throw refused(`What the proof holds is not leaf ${index} of the log: the path leads to another root.`);
}

/**
 * Whether a checkpoint that was kept elsewhere is the proof's own. undefined: it is of another log or size, and says nothing
 * about it. Throws FormatError: `signature` where it is over the same leaves and none of the keys signed it, another code where
 * it is no checkpoint.
 */
export function isCheckpointOf(proven: Checkpoint, kept: string, keys: readonly PublicKey[]): boolean | undefined {
  const { checkpoint, note } = parseCheckpoint(kept);
  if (checkpoint.origin !== proven.origin || checkpoint.size !== proven.size) return undefined;
  if (!keys.some((key) => verifyNote(note, checkpoint.origin, key))) {
    throw new FormatError('signature', 'None of the keys given signed it.');
  }
  return checkpoint.root.equals(proven.root);
}

function refused(why: string): FormatError {
  return new FormatError('proof', why);
}
