import { FormatError } from '../errors.ts';
import { parseCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { parseJson } from './json.ts';
import { GrowingTree, rootOfFrontier } from './merkle.ts';
import type { Hash } from './merkle.ts';
import { MAX_LEAF_BYTES, SEAL_TYPE, parseRecord } from './record.ts';
import type { Seal, TrailRecord } from './record.ts';
import type { Note } from './signed-note.ts';
import { formatFrame, parseFrame } from './zstd-frame.ts';

/**
 * A segment: one blob, one Zstandard frame, inside it lines ended by LF: the leaves, of which the last is the seal, then
 * `{"checkpoint":"<signed note>"}` over all leaves of the log up to and including this seal.
 */

/** Bytes, inflated; enforced before memory is taken. */
export const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
export const MAX_SEGMENT_LEAVES = 65_536;
/**
 * Bytes of the blob: Zstandard stores what it cannot compress in blocks of 128 KiB with a header of 3 bytes each, so that a
 * blob is never much larger than its content.
 */
export const MAX_SEGMENT_BLOB_BYTES = MAX_SEGMENT_BYTES + MAX_SEGMENT_BYTES / 256 + 1024;
/**
 * Bytes of the last line. The prefixes of 65,536 leaves take 349,528 in base64, a note of 16,384 characters at most 98,304.
 * What is longer is not parsed: 64 MiB of `[{},{},…` would take gigabytes of memory.
 */
export const MAX_LAST_LINE_BYTES = 512 * 1024;

const LF = 0x0a;

/** A segment before it is signed. */
export interface UnsignedSegment {
  readonly number: number;
  readonly seal: Seal;
  /** Leaves without LF, the seal last. */
  readonly leaves: readonly Buffer[];
  readonly checkpoint: Checkpoint;
  /** Of the tree after the segment. */
  readonly frontier: readonly Hash[];
  /** All lines but the last, behind one byte of padding. */
  readonly padded: Buffer;
  readonly prefixes: LeafHashPrefixes;
}

/**
 * The first four bytes of each leaf's hash, in order, the seal's included. They stand in the last line, outside the tree, and
 * prove nothing: where the root does not fit, they tell which leaf is not the one that was sealed.
 */
export type LeafHashPrefixes = Buffer;
export const PREFIX_SIZE = 4;

/**
 * Lays out the lines and extends the tree by them: `lines` are the leaves before the seal, in order, as JSON text without
 * LF; `sealLine` is the formatted seal, whose `first` and `frontier` say where the tree stands.
 */
export function buildSegment(seal: Seal, lines: readonly string[], sealLine: string): UnsignedSegment {
  const padded = encodeLines([...lines, sealLine]);
  const tree = new GrowingTree(
    seal.first,
    seal.frontier.map((hex) => Buffer.from(hex, 'hex')),
  );
  const leaves: Buffer[] = [];
  const prefixes = Buffer.alloc((lines.length + 1) * PREFIX_SIZE);
  for (let start = 1; start < padded.length;) {
    const end = padded.indexOf(LF, start);
    if (leaves.length > lines.length)
      throw new FormatError('segment', 'A leaf holds a line feed; JSON text escapes it.');
    if (end - start > MAX_LEAF_BYTES) {
      throw new FormatError(
        'recordTooLarge',
        `Leaf ${leaves.length} of ${seal.log} segment ${seal.number} has ${end - start} bytes.`,
      );
    }
    prefixes.writeUInt32BE(tree.addLine(padded, start, end), leaves.length * PREFIX_SIZE);
    leaves.push(padded.subarray(start, end));
    start = end + 1;
  }
  const frontier = tree.frontier();
  const checkpoint = { origin: seal.log, size: tree.size, root: rootOfFrontier(frontier) };
  return { number: seal.number, seal, leaves, checkpoint, frontier, padded, prefixes };
}

/**
 * The lines as UTF-8, each ended by LF. The line feed in front is the byte that GrowingTree.addLine writes its prefix into.
 * Each line is written where it belongs: as one text, all of them would be copied, and twice as long as soon as one of them
 * is no Latin-1.
 */
function encodeLines(lines: readonly string[]): Buffer {
  const padded = Buffer.allocUnsafe(lines.reduce((size, line) => size + Buffer.byteLength(line) + 1, 1));
  padded[0] = LF;
  let end = 1;
  for (const line of lines) {
    end += padded.write(line, end);
    padded[end++] = LF;
  }
  return padded;
}

/** The blob. `checkpoint`: the signed note over `segment.checkpoint`. */
export function formatSegment(segment: UnsignedSegment, checkpoint: string): Buffer {
  const lines = Buffer.concat([
    segment.padded.subarray(1),
    Buffer.from(`${formatLastLine(checkpoint, segment.prefixes)}\n`),
  ]);
  if (lines.length > MAX_SEGMENT_BYTES || segment.leaves.length > MAX_SEGMENT_LEAVES) {
    throw new FormatError(
      'segment',
      `A segment holds at most ${MAX_SEGMENT_LEAVES} leaves and ${MAX_SEGMENT_BYTES} bytes.`,
    );
  }
  return formatFrame(lines);
}

/** A segment as its blob holds it; that it continues its predecessor, and who signed it, is not judged here. */
export interface Segment {
  readonly seal: Seal;
  readonly sealRecord: TrailRecord;
  /** The signed note, verbatim. */
  readonly checkpointNote: string;
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  /** Index of the leaf in the log is `seal.first` + its place here. The seal is the last. */
  readonly leaves: readonly Buffer[];
  /** Of the tree after the segment. */
  readonly frontier: readonly Hash[];
}

/** Inflates a blob and cuts it into lines. Throws FormatError. */
function inflateSegment(blob: Uint8Array): { padded: Buffer; lines: { start: number; end: number }[] } {
  const bytes = parseFrame(blob, MAX_SEGMENT_BYTES);
  const padded = Buffer.allocUnsafe(bytes.length + 1);
  padded[0] = LF;
  bytes.copy(padded, 1);
  const lines: { start: number; end: number }[] = [];
  for (let start = 1; start < padded.length;) {
    const end = padded.indexOf(LF, start);
    if (end === -1) throw new FormatError('segment', 'The segment does not end with a line feed.');
    if (end === start) throw new FormatError('segment', `Line ${lines.length} of the segment is empty.`);
    lines.push({ start, end });
    if (lines.length > MAX_SEGMENT_LEAVES + 1) {
      throw new FormatError('segment', `The segment has more than ${MAX_SEGMENT_LEAVES} leaves.`);
    }
    start = end + 1;
  }
  if (lines.length < 2) throw new FormatError('segment', 'The segment has no seal and checkpoint.');
  return { padded, lines };
}

/**
 * Parses a blob in full and checks what a segment proves of itself: its form, and that frontier and leaves fold to its
 * checkpoint. Throws FormatError.
 */
export function parseSegment(blob: Uint8Array): Segment {
  const { padded, lines } = inflateSegment(blob);
  const last = lines.pop() as { start: number; end: number };
  const tooLong = lines.find(({ start, end }) => end - start > MAX_LEAF_BYTES);
  if (tooLong !== undefined) {
    const size = tooLong.end - tooLong.start;
    throw new FormatError('segment', `A leaf of ${size} bytes is larger than ${MAX_LEAF_BYTES}.`);
  }
  const leaves = lines.map(({ start, end }) => padded.subarray(start, end));
  const sealLeaf = leaves[leaves.length - 1] as Buffer;
  const { record: sealRecord, seal } = parseSeal(sealLeaf);
  const { note: checkpointNote, prefixes } = parseLastLine(padded.subarray(last.start, last.end));
  const { checkpoint, note } = parseCheckpoint(checkpointNote);
  const tree = new GrowingTree(
    seal.first,
    seal.frontier.map((hex) => Buffer.from(hex, 'hex')),
  );
  const prefixesOfLeaves = Buffer.alloc(lines.length * PREFIX_SIZE);
  for (const [i, { start, end }] of lines.entries()) {
    prefixesOfLeaves.writeUInt32BE(tree.addLine(padded, start, end), i * PREFIX_SIZE);
  }
  const frontier = tree.frontier();
  const root = rootOfFrontier(frontier);
  if (checkpoint.origin !== seal.log || checkpoint.size !== tree.size || !checkpoint.root.equals(root)) {
    throw new FormatError('segment', `The checkpoint of ${seal.log} segment ${seal.number} is not over its leaves.`);
  }
  if (!prefixes.equals(prefixesOfLeaves)) {
    throw new FormatError(
      'segment',
      `The last line of ${seal.log} segment ${seal.number} has the prefixes of other leaves.`,
    );
  }
  return { seal, sealRecord, checkpointNote, checkpoint, note, leaves, frontier };
}

/** Throws FormatError `record`. */
export function parseSeal(leaf: Buffer): { record: TrailRecord; seal: Seal } {
  const record = parseCanonicalRecord(leaf);
  if (record.type !== SEAL_TYPE || record.data.seal === undefined) {
    throw new FormatError('segment', 'The last leaf of the segment is not its seal.');
  }
  return { record, seal: record.data.seal };
}

/** A record whose bytes are the only ones it can have: what re-stringifies to others is refused. Throws FormatError. */
export function parseCanonicalRecord(leaf: Buffer): TrailRecord {
  // Before it is parsed: a line of a segment may be 64 MiB of brackets.
  if (leaf.length > MAX_LEAF_BYTES) {
    throw new FormatError('record', `It has ${leaf.length} bytes; at most ${MAX_LEAF_BYTES} are allowed.`);
  }
  const record = parseRecord(parseJson(leaf));
  if (!Buffer.from(JSON.stringify(record)).equals(leaf)) {
    throw new FormatError('record', `The bytes of record ${record.id} are not in their one form.`);
  }
  return record;
}

function formatLastLine(checkpoint: string, prefixes: LeafHashPrefixes): string {
  return JSON.stringify({ checkpoint, leafHashPrefixes: prefixes.toString('base64') });
}

/** The signed note, and the prefixes as they stand there. Throws FormatError `checkpoint`. */
export function parseLastLine(line: Buffer): { note: string; prefixes: LeafHashPrefixes } {
  if (line.length > MAX_LAST_LINE_BYTES) {
    throw new FormatError(
      'checkpoint',
      `The last line of the segment has ${line.length} bytes; at most ${MAX_LAST_LINE_BYTES} are allowed.`,
    );
  }
  const value = parseJson(line) as { checkpoint?: unknown; leafHashPrefixes?: unknown } | null;
  const note = value?.checkpoint;
  const text = value?.leafHashPrefixes;
  const prefixes = Buffer.from(typeof text === 'string' ? text : '', 'base64');
  if (typeof note !== 'string' || !Buffer.from(formatLastLine(note, prefixes)).equals(line)) {
    throw new FormatError(
      'checkpoint',
      'The last line of the segment is not {"checkpoint":"<signed note>","leafHashPrefixes":"<base64>"}.',
    );
  }
  return { note, prefixes };
}
