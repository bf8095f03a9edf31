import { FormatError } from '../errors.ts';
import { parseCheckpoint } from '../wire/checkpoint.ts';
import type { Checkpoint } from '../wire/checkpoint.ts';
import { GrowingTree, hashLeaf, rootOfFrontier } from '../wire/merkle.ts';
import type { Hash } from '../wire/merkle.ts';
import type { Seal, TrailRecord } from '../wire/record.ts';
import { MAX_SEGMENT_BYTES, MAX_SEGMENT_LEAVES, PREFIX_SIZE, parseLastLine, parseSeal } from '../wire/segment.ts';
import type { LeafHashPrefixes } from '../wire/segment.ts';
import { verifyNote } from '../wire/signed-note.ts';
import type { Note, PublicKey } from '../wire/signed-note.ts';
import { parseFrame, releaseInflated } from '../wire/zstd-frame.ts';
import { checkSeal } from './check-seal.ts';
import { FindingList } from './findings.ts';
import type { Finding, RecordPlace } from './findings.ts';
import { cutLines, lineAt } from './segment-lines.ts';
import type { SegmentLines } from './segment-lines.ts';
import { isAnchorsLog } from './trail-blobs.ts';
import { MAX_EVIDENCE_BYTES, leaveOutEvidence, verifyEvidence } from './verify-evidence.ts';
import type { EvidenceRead, SegmentEvidence } from './verify-evidence.ts';
import { walkLeaves } from './walk-leaves.ts';
import type { OpenGap, Opening } from './walk-messages.ts';

/** One blob to verify: what its name says. */
export interface SegmentJob {
  readonly name: string;
  readonly log: string;
  readonly number: number;
  /** The first of its log that is there: its frontier speaks for all that is not. */
  readonly isFirst: boolean;
  /** Hashes of the keys one of which has to have signed the segment before its evidence is read. */
  readonly evidenceKeys: readonly string[];
}

/** Where the bytes come from. Both throw StoreError, and FormatError where a blob is larger than any of its kind. */
export interface SegmentSource {
  trail(name: string): Promise<Buffer | undefined> | Buffer | undefined;
  /** undefined: evidence is not looked at. */
  readonly evidence: ((name: string) => Promise<Buffer | undefined> | Buffer | undefined) | undefined;
}

export interface SegmentChecks {
  /** Every key that a checkpoint may be signed by; which one has to be, joining the log says. */
  readonly keys: readonly PublicKey[];
  /** For each log the sizes, ascending, of the checkpoints that were kept elsewhere. */
  readonly keptSizes: ReadonlyMap<string, readonly number[]>;
  /** Parses every leaf whole, against the schema and its one form: several times the work. */
  readonly whole: boolean;
}

/** What joining a log needs of a segment: small, and plain data, for it comes from another thread. */
export interface SegmentSummary {
  readonly first: number;
  /** Leaves in the segment, its seal included. */
  readonly leaves: number;
  /** What the frontier and the leaves fold to, whatever the checkpoint says: hex, and leaves in the log. */
  readonly root: string;
  readonly size: number;
  /** The signed note, verbatim; undefined where the last line is no checkpoint. */
  readonly checkpoint: string | undefined;
  /** False where the checkpoint is over other leaves. */
  readonly fits: boolean;
  /** Hashes of the known keys whose signature holds, and the key ids (hex) that the note names. */
  readonly signedBy: readonly string[];
  readonly keyIds: readonly string[];
  readonly seal: Pick<Seal, 'previous' | 'opened' | 'hub' | 'from' | 'to' | 'configurations' | 'nextKey'>;
  /** True where the first leaf adopts a configuration: the last of the list. */
  readonly adopted: boolean;
  readonly messages: number;
  readonly gaps: number;
  readonly gone: number;
  readonly bodiesMissing: number;
  /** What the segment opens with; undefined where it has neither messages nor gaps. */
  readonly opening: Opening | undefined;
  /** A gap behind which no message stands: its time is that of the next segment's first. */
  readonly openGap: OpenGap | undefined;
  /** Roots, hex, at the sizes that were asked for and lie in this segment. */
  readonly roots: readonly { readonly size: number; readonly root: string }[];
}

export interface SegmentResult {
  readonly job: SegmentJob;
  readonly findings: readonly Finding[];
  /** Inflated, the evidence apart. */
  readonly bytes: number;
  readonly evidence: EvidenceRead;
  /** undefined: nothing of the segment can be joined. */
  readonly summary: SegmentSummary | undefined;
}

const NO_EVIDENCE: EvidenceRead = { names: [], bytes: 0, isLeftOut: false };

/** As MAX_SEGMENT_BLOB_BYTES: what does not compress takes a little more than its content. */
export const MAX_EVIDENCE_BLOB_BYTES = MAX_EVIDENCE_BYTES + MAX_EVIDENCE_BYTES / 256 + 1024;

/**
 * Verifies all that one segment proves of itself: its form, the fold of frontier and leaves to its checkpoint, that its
 * records fill `from` to `to`, that its seal speaks the truth about them, and its evidence. That it continues its predecessor
 * and who had to sign it is for joining. Linear in the bytes; whatever they are, they end in findings. Throws StoreError.
 */
export async function verifySegment(
  job: SegmentJob,
  source: SegmentSource,
  checks: SegmentChecks,
): Promise<SegmentResult> {
  const findings = new FindingList(job.log, job.number);
  const bytes = await inflate(job, source, findings);
  if (bytes === undefined) return unreadable(job, 0, findings);
  try {
    return await verifyBytes(job, bytes, source, checks, findings);
  } finally {
    // Nothing of the result lies in them.
    releaseInflated(bytes);
  }
}

function unreadable(job: SegmentJob, bytes: number, findings: FindingList): SegmentResult {
  return { job, findings: findings.all(), bytes, evidence: NO_EVIDENCE, summary: undefined };
}

async function verifyBytes(
  job: SegmentJob,
  bytes: Buffer,
  source: SegmentSource,
  checks: SegmentChecks,
  findings: FindingList,
): Promise<SegmentResult> {
  const lines = cutLines(bytes, findings);
  if (lines === undefined) return unreadable(job, bytes.length, findings);
  const signed = readCheckpoint(lines, job, findings);
  const sealed = readSeal(lines, signed?.checkpoint, findings);
  if (sealed === undefined) return unreadable(job, bytes.length, findings);
  const { seal } = sealed;
  if (seal.log !== job.log || seal.number !== job.number) {
    const message = `The blob holds the seal of ${seal.log} segment ${seal.number}.`;
    findings.add('segmentForeign', message, { blob: job.name });
    return unreadable(job, bytes.length, findings);
  }

  const tree = foldLeaves(
    lines,
    seal,
    signed?.prefixes,
    { keptSizes: checks.keptSizes.get(job.log) ?? [], isFirst: job.isFirst },
    findings,
  );
  if (tree === undefined) return unreadable(job, bytes.length, findings);
  const fits =
    signed === undefined || (signed.checkpoint.size === tree.size && signed.checkpoint.root.equals(tree.root));
  // Where the root does not fit, parsing all may show which leaf it was.
  const walk = walkLeaves(
    lines,
    seal,
    { whole: checks.whole || !fits, withEvidence: source.evidence !== undefined },
    findings,
  );
  if (!fits) reportRoot(signed.checkpoint, seal, tree, walk.damaged, findings);
  else if (signed !== undefined) reportPrefixes(seal, tree, findings);
  checkSeal(sealed.record, seal, { index: tree.size - 1 }, walk, findings);
  const signedBy = signed === undefined ? [] : signersOf(signed.note, job.log, checks.keys);
  // What nobody signed may name whatever there is to inflate; that it is not sealed is a finding already.
  const isSealed = fits && signedBy.some((key) => job.evidenceKeys.includes(key));
  const evidence = await readEvidence(walk.evidence, source.evidence, isSealed, findings);

  const { messages, gaps, gone, bodiesMissing, opening, openGap } = walk.messages;
  const { previous, opened, hub, from, to, configurations, nextKey } = seal;
  return {
    job,
    findings: findings.all(),
    bytes: bytes.length,
    evidence,
    summary: {
      first: seal.first,
      leaves: lines.leaves,
      root: tree.root.toString('hex'),
      size: tree.size,
      checkpoint: signed?.text,
      fits,
      signedBy,
      keyIds: signed === undefined ? [] : signed.note.signatures.map((each) => each.keyId.toString('hex')),
      seal: { previous, opened, hub, from, to, configurations, nextKey },
      adopted: walk.adoption !== undefined,
      messages,
      gaps,
      gone,
      bodiesMissing,
      opening,
      openGap,
      roots: tree.roots,
    },
  };
}

async function readEvidence(
  evidence: SegmentEvidence,
  read: SegmentSource['evidence'],
  isSealed: boolean,
  findings: FindingList,
): Promise<EvidenceRead> {
  if (read === undefined) return NO_EVIDENCE;
  return isSealed ? verifyEvidence(evidence, read, findings) : leaveOutEvidence(evidence);
}

function signersOf(note: Note, log: string, keys: readonly PublicKey[]): string[] {
  return keys.filter((key) => verifyNote(note, log, key)).map((key) => key.sha256);
}

async function inflate(job: SegmentJob, source: SegmentSource, findings: FindingList): Promise<Buffer | undefined> {
  try {
    const blob = await source.trail(job.name);
    if (blob !== undefined) return parseFrame(blob, MAX_SEGMENT_BYTES);
    findings.add('segmentMissing', 'The blob was listed and is not there.');
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.add('frameDamaged', error.message);
  }
  return undefined;
}

interface SignedCheckpoint {
  readonly text: string;
  readonly prefixes: LeafHashPrefixes;
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

function readCheckpoint(lines: SegmentLines, job: SegmentJob, findings: FindingList): SignedCheckpoint | undefined {
  try {
    const { note: text, prefixes } = parseLastLine(lineAt(lines, lines.leaves));
    const { checkpoint, note } = parseCheckpoint(text);
    if (checkpoint.origin !== job.log) {
      findings.add('checkpointMalformed', `The checkpoint is of the log ${checkpoint.origin}.`);
      return undefined;
    }
    // A signature more would pass through everything else: nothing commits to the head's last line.
    if (note.signatures.length > (isAnchorsLog(job.log) ? 2 : 1)) {
      findings.add(
        'checkpointMalformed',
        `The checkpoint bears ${note.signatures.length} signatures; a sealer writes one.`,
      );
    }
    return { text, prefixes, checkpoint, note };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.add('checkpointMalformed', error.message);
    return undefined;
  }
}

/** `checkpoint`: says which index the seal must have, where the seal itself cannot. */
function readSeal(
  lines: SegmentLines,
  checkpoint: Checkpoint | undefined,
  findings: FindingList,
): { record: TrailRecord; seal: Seal } | undefined {
  const where = checkpoint === undefined ? {} : { record: { index: checkpoint.size - 1 } };
  const leaf = lineAt(lines, lines.leaves - 1);
  try {
    return parseSeal(leaf);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.add('sealMalformed', `The last leaf is not a seal: ${error.message}`, where);
    return undefined;
  }
}

interface FoldedTree {
  readonly size: number;
  readonly root: Hash;
  /** Places of leaves whose hash is not the one that the last line remembers; of a line of other length the first alone. */
  readonly changed: readonly number[];
  readonly roots: readonly { readonly size: number; readonly root: string }[];
}

/** Folds frontier and leaves, and notes the roots at the sizes that checkpoints kept elsewhere speak of. */
function foldLeaves(
  lines: SegmentLines,
  seal: Seal,
  prefixes: LeafHashPrefixes | undefined,
  { keptSizes, isFirst }: { readonly keptSizes: readonly number[]; readonly isFirst: boolean },
  findings: FindingList,
): FoldedTree | undefined {
  const where = { record: { index: seal.first + lines.leaves - 1 } };
  // Beyond this, sizes would no longer be counted exactly.
  if (seal.first > Number.MAX_SAFE_INTEGER - MAX_SEGMENT_LEAVES) {
    findings.add('firstMismatch', `No log has ${seal.first} leaves.`, where);
    return undefined;
  }
  const frontier = seal.frontier.map((hex) => Buffer.from(hex, 'hex'));
  let tree: GrowingTree;
  try {
    tree = new GrowingTree(seal.first, frontier);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.add('frontierMismatch', error.message, where);
    return undefined;
  }
  const roots = isFirst ? rootsBefore(seal.first, frontier, keptSizes) : [];
  let next = keptSizes.findIndex((size) => size > seal.first);
  const { bytes, ends, leaves } = lines;
  const found = Buffer.alloc(leaves * PREFIX_SIZE);
  for (let i = 0, start = 0; i < leaves; i++) {
    const end = ends[i] as number;
    // The tree writes its prefix into the byte before a leaf; the first one has none before it.
    if (start === 0) {
      const first = hashLeaf(bytes.subarray(0, end));
      tree.addHash(first);
      first.copy(found, 0, 0, PREFIX_SIZE);
    } else found.writeUInt32BE(tree.addLine(bytes, start, end), i * PREFIX_SIZE);
    start = end + 1;
    if (next !== -1 && keptSizes[next] === tree.size) {
      roots.push({ size: tree.size, root: tree.root().toString('hex') });
      next++;
    }
  }
  return { size: tree.size, root: tree.root(), changed: placesThatDiffer(found, prefixes ?? found), roots };
}

function placesThatDiffer(found: LeafHashPrefixes, sealed: LeafHashPrefixes): number[] {
  if (found.equals(sealed)) return [];
  const leaves = Math.max(found.length, sealed.length) / PREFIX_SIZE;
  const at = (prefixes: LeafHashPrefixes, i: number) =>
    prefixes.toString('hex', i * PREFIX_SIZE, (i + 1) * PREFIX_SIZE);
  const places = Array.from({ length: Math.ceil(leaves) }, (_, i) => i).filter((i) => at(found, i) !== at(sealed, i));
  // After a leaf too many or too few all others are shifted.
  return found.length === sealed.length ? places : places.slice(0, 1);
}

/** The beginning of a frontier is the frontier of a smaller tree, and folds to its root. */
function rootsBefore(
  first: number,
  frontier: readonly Hash[],
  sizes: readonly number[],
): { size: number; root: string }[] {
  const roots: { size: number; root: string }[] = [];
  let size = 0;
  for (let i = 0; i < frontier.length; i++) {
    let width = 1;
    while (width * 2 <= first - size) width *= 2;
    size += width;
    if (sizes.includes(size)) roots.push({ size, root: rootOfFrontier(frontier.slice(0, i + 1)).toString('hex') });
  }
  return roots;
}

/**
 * The root proves that the segment was changed; which of its records it was, nothing proves. The prefixes in the last line
 * tell, and whoever changes a record can change them too. `damaged`: the first leaf that shows by itself that it is not what
 * a sealer writes.
 */
function reportRoot(
  checkpoint: Checkpoint,
  seal: Seal,
  tree: FoldedTree,
  damaged: RecordPlace | undefined,
  findings: FindingList,
): void {
  const what =
    checkpoint.size === tree.size
      ? 'frontier and leaves do not fold to the root of the checkpoint'
      : `the leaves end at ${tree.size}, the checkpoint is over ${checkpoint.size}`;
  const sentence = `this segment is not the one that was sealed: ${what}.`;
  const changed = tree.changed.map((i) => ({ index: seal.first + i }));
  if (changed.length === 0) {
    const hint =
      damaged === undefined
        ? 'Which of its records was changed, added or removed, the segment alone cannot tell.'
        : 'This record is the first of it that no sealer writes so.';
    findings.add('rootMismatch', `${sentence} ${hint}`, damaged === undefined ? {} : { record: damaged });
    return;
  }
  const other =
    damaged === undefined || changed.some(({ index }) => index === damaged.index)
      ? ''
      : `; but record ${damaged.index} is what no sealer writes, whatever that line says`;
  const hint = `According to its last line, which is not signed, this record was changed${other}.`;
  for (const record of changed) findings.add('rootMismatch', `${sentence} ${hint}`, { record });
}

/** The leaves are those that were signed, so it is the last line that was changed. */
function reportPrefixes(seal: Seal, tree: FoldedTree, findings: FindingList): void {
  const [first] = tree.changed;
  if (first === undefined) return;
  findings.add(
    'checkpointMalformed',
    'The last line has other leaf hash prefixes than the leaves that were signed: that line was changed after sealing.',
    { record: { index: seal.first + first } },
  );
}
