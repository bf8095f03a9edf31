import { z } from 'zod';

import { FormatError } from '../errors.ts';
import { verifyCheckpoint } from '../wire/checkpoint.ts';
import type { Checkpoint } from '../wire/checkpoint.ts';
import { parseJson } from '../wire/json.ts';
import { hashLeaf, proveInclusion, rootFromInclusion } from '../wire/merkle.ts';
import type { TrailRecord } from '../wire/record.ts';
import { parseCanonicalRecord } from '../wire/segment.ts';
import type { Segment } from '../wire/segment.ts';
import type { PublicKey } from '../wire/signed-note.ts';

/**
 * That one record is in the trail, in a file that stands alone: whoever has the public key checks it with nothing else.
 *
 *     {
 *       "format": "urn:indelible:inclusion:1",
 *       "log": "audit.example.com/trail/web/0/0", "segment": 7,
 *       "index": 1042, "size": 1100,
 *       "record": "{\"specversion\":\"1.0\",…}",
 *       "proof": ["…", "…"],
 *       "checkpoint": "audit.example.com/trail/web/0/0\n1100\n…",
 *       "key": "…"
 *     }
 *
 * `record` is the leaf, byte for byte; `proof` the hashes (hex) from the leaf's sibling up to the root of the checkpoint over
 * `size` leaves (RFC 6962 section 2.1.1); `key` the SHA-256 of the SPKI that signed it.
 */
const INCLUSION_FORMAT = 'urn:indelible:inclusion:1';

/** A tree of 2^53 leaves has paths of 53 hashes. */
const MAX_PATH = 64;

const inclusionSchema = z.strictObject({
  format: z.literal(INCLUSION_FORMAT),
  log: z.string().max(2_048),
  segment: z.number().int().min(0),
  index: z.number().int().min(0),
  size: z.number().int().min(1),
  record: z.string().max(65_535),
  proof: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(MAX_PATH),
  checkpoint: z.string().max(16_384),
  key: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Inclusion = z.output<typeof inclusionSchema>;

/** Throws FormatError `proof`. */
export function parseInclusion(bytes: Uint8Array): Inclusion {
  const checked = inclusionSchema.safeParse(parseJson(bytes));
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  throw new FormatError(
    'proof',
    `Not a proof of inclusion, at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
  );
}

export function formatInclusion(inclusion: Inclusion): string {
  return `${JSON.stringify(inclusion, undefined, 2)}\n`;
}

/** `place`: of the record among the leaves of the segment. `key`: the one that signed the segment. Throws FormatError. */
export function proveRecord(segment: Segment, place: number, key: PublicKey): Inclusion {
  const { seal, leaves, checkpoint, checkpointNote } = segment;
  const leaf = leaves[place];
  if (leaf === undefined) throw new FormatError('proof', `The segment has no leaf ${place}.`);
  verifyCheckpoint(checkpointNote, key);
  const frontier = seal.frontier.map((hex) => Buffer.from(hex, 'hex'));
  const index = seal.first + place;
  const proof = proveInclusion(index, seal.first, frontier, leaves.map(hashLeaf));
  return {
    format: INCLUSION_FORMAT,
    log: seal.log,
    segment: seal.number,
    index,
    size: checkpoint.size,
    record: leaf.toString(),
    proof: proof.map((hash) => hash.toString('hex')),
    checkpoint: checkpointNote,
    key: key.sha256,
  };
}

/** What a proof shows: this record, under this checkpoint, signed by one of the keys. Throws FormatError that says what does not hold. */
export function verifyInclusion(
  inclusion: Inclusion,
  keys: readonly PublicKey[],
): { record: TrailRecord; checkpoint: Checkpoint } {
  const key = keys.find((each) => each.sha256 === inclusion.key);
  if (key === undefined) {
    throw new FormatError('signature', `The proof names the key ${inclusion.key}, which is not among those given.`);
  }
  const checkpoint = verifyCheckpoint(inclusion.checkpoint, key);
  if (checkpoint.origin !== inclusion.log || checkpoint.size !== inclusion.size) {
    throw new FormatError(
      'proof',
      `The checkpoint is of ${checkpoint.origin} over ${checkpoint.size} leaves, not what the proof says.`,
    );
  }
  const leaf = Buffer.from(inclusion.record);
  const path = inclusion.proof.map((hex) => Buffer.from(hex, 'hex'));
  const root = rootFromInclusion(hashLeaf(leaf), inclusion.index, inclusion.size, path);
  if (!root.equals(checkpoint.root)) {
    throw new FormatError(
      'proof',
      `The record is not leaf ${inclusion.index} of the log: the path leads to another root.`,
    );
  }
  return { record: parseCanonicalRecord(leaf), checkpoint };
}
