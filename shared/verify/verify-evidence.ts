import { hash } from 'node:crypto';

import { FormatError } from '../errors.ts';
import { parseFrame, releaseInflated } from '../wire/zstd-frame.ts';
import type { FindingList, RecordPlace } from './findings.ts';
import type { EvidencePlace } from './scan-leaf.ts';

/**
 * The most that an evidence blob may inflate to; what claims more is refused before memory is taken for it. The largest that
 * a sealer writes is a body from a spill container, of up to 210,000,000 bytes (the most that the Functions host takes in),
 * some 200 MiB. Joined bodies stay below: 48 MiB a round, and the hundred messages of at most 1 MiB that reading a hole in
 * the hub's numbers may bring on top.
 */
export const MAX_EVIDENCE_BYTES = 208 * 1024 * 1024;

/** Reads a blob of the evidence by name; undefined: not there. Throws FormatError where it is too large to be one. */
export type ReadEvidence = (name: string) => Promise<Buffer | undefined> | Buffer | undefined;

/** Where the bytes of one message are, by the first of its records. */
export interface MessageEvidence {
  readonly record: RecordPlace;
  readonly place: EvidencePlace;
}

export interface AdoptedFile {
  readonly record: RecordPlace;
  readonly blob: string;
  /** The version before, as the adoption says. */
  readonly previous: string | undefined;
}

export interface SegmentEvidence {
  /** In the order of their sequence numbers, only those whose bytes are not `missing`. */
  readonly messages: readonly MessageEvidence[];
  /** The file of a configuration that the segment adopts. */
  readonly configuration: AdoptedFile | undefined;
  /** False where a leaf could not be read: whatever bytes it spoke of are not missed. */
  readonly isComplete: boolean;
  /** `yyyy/mm` of the segment's last message; where it has none, no message's evidence is judged by it. */
  readonly month: string;
}

export interface EvidenceRead {
  /** Blobs that the segment refers to, each once. */
  readonly names: readonly string[];
  /** Inflated bytes that were looked at. */
  readonly bytes: number;
  /** True where nothing of it was looked at, because the segment is signed by no key that counts. */
  readonly isLeftOut: boolean;
}

interface BlobUse {
  readonly messages: MessageEvidence[];
  configuration?: AdoptedFile;
}

/**
 * Checks that every raw byte that a segment's records speak of is there and is what was sealed: each blob is read once, its
 * inflated bytes hash to its name, and the range of each message hashes to what its records say. Throws what `read` throws,
 * but for FormatError.
 */
export async function verifyEvidence(
  evidence: SegmentEvidence,
  read: ReadEvidence,
  findings: FindingList,
): Promise<EvidenceRead> {
  let total = 0;
  const uses = usesByBlob(evidence);
  for (const [name, use] of uses) {
    checkMonth(name, use, evidence.month, findings);
    const bytes = await inflate(name, use, read, findings);
    if (bytes === undefined) continue;
    total += bytes.length;
    checkBytes(name, use, bytes, evidence.isComplete, findings);
    if (use.configuration !== undefined) checkPrevious(use.configuration, bytes, findings);
    releaseInflated(bytes);
  }
  return { names: [...uses.keys()], bytes: total, isLeftOut: false };
}

/** What the segment names, without a look at it. */
export function leaveOutEvidence(evidence: SegmentEvidence): EvidenceRead {
  return { names: [...usesByBlob(evidence).keys()], bytes: 0, isLeftOut: true };
}

function usesByBlob({ messages, configuration }: SegmentEvidence): Map<string, BlobUse> {
  const uses = new Map<string, BlobUse>();
  const useOf = (blob: string): BlobUse => {
    const known = uses.get(blob) ?? { messages: [] };
    uses.set(blob, known);
    return known;
  };
  if (configuration !== undefined) useOf(configuration.blob).configuration = configuration;
  for (const message of messages) useOf(message.place.blob).messages.push(message);
  return uses;
}

/** A record to name in a sentence about the whole blob. */
function firstRecord(use: BlobUse): RecordPlace | undefined {
  return use.configuration?.record ?? use.messages[0]?.record;
}

/** The month decides how long WORM keeps the blob: filed too early, it would be gone before the trail is. */
function checkMonth(name: string, use: BlobUse, month: string, findings: FindingList): void {
  if (use.messages.length === 0 || name.slice(0, 7) === month) return;
  const where = { blob: name, record: firstRecord(use) };
  findings.add(
    'evidenceMisfiled',
    `The evidence is filed under ${name.slice(0, 7)}, its segment's last message is of ${month}.`,
    where,
  );
}

async function inflate(
  name: string,
  use: BlobUse,
  read: ReadEvidence,
  findings: FindingList,
): Promise<Buffer | undefined> {
  const where = { blob: name, record: firstRecord(use) };
  try {
    const blob = await read(name);
    if (blob !== undefined) return parseFrame(blob, MAX_EVIDENCE_BYTES);
    const count = use.messages.length;
    const whose =
      use.configuration === undefined
        ? `the raw bytes of ${count} ${count === 1 ? 'message' : 'messages'}`
        : 'the adopted configuration';
    findings.add('evidenceMissing', `The evidence blob with ${whose} is not there.`, where);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.add('evidenceChanged', `The evidence blob cannot be read: ${error.message}`, where);
  }
  return undefined;
}

function checkBytes(name: string, use: BlobUse, bytes: Buffer, isComplete: boolean, findings: FindingList): void {
  const sha256 = hash('sha256', bytes, 'hex');
  const named = name.endsWith(`/${sha256}.zst`);
  const wrong = checkRanges(name, use, { bytes, sha256, named, isComplete }, findings);
  if (!named && wrong === 0) {
    findings.add(
      'evidenceChanged',
      `The evidence blob inflates to bytes with the hash ${sha256}, not to those of its name.`,
      {
        blob: name,
        record: firstRecord(use),
      },
    );
  }
}

/** Bytes of an adopted file that are looked into: no configuration is larger. */
const MAX_CONFIGURATION_BYTES = 1024 * 1024;
/** As indelible.yaml says it, in a line of its own. */
const PREVIOUS = /^previous: *(['"]?)([0-9a-f]{64})\1 *(?:#.*)?\r?$/m;

/** The file itself says which version it follows. One that says it in no such line is not read further: that takes its schema. */
function checkPrevious({ record, previous }: AdoptedFile, bytes: Buffer, findings: FindingList): void {
  const said = PREVIOUS.exec(bytes.toString('latin1', 0, MAX_CONFIGURATION_BYTES))?.[2];
  if (said === undefined || said === previous) return;
  findings.add(
    'adoptionWrong',
    `The file names ${said} as the version before it; the adoption ${previous ?? 'none'}.`,
    {
      record,
    },
  );
}

interface InflatedBlob {
  readonly bytes: Buffer;
  readonly sha256: string;
  /** True where the hash is the name's. */
  readonly named: boolean;
  readonly isComplete: boolean;
}

/**
 * Bodies that came through the hub are joined in the order of their numbers: each range begins where the last one ended and
 * the last one ends the blob. A body that was spilled is a whole blob; the same body may be that of several messages. Any
 * other range is refused unread, so that hostile ranges which overlap cannot make hashing quadratic. Returns how many are wrong.
 */
function checkRanges(name: string, use: BlobUse, blob: InflatedBlob, findings: FindingList): number {
  const { bytes, sha256, named, isComplete } = blob;
  const kind = named ? 'evidenceRangeWrong' : 'evidenceChanged';
  let wrong = 0;
  // A blob may be both: the joined bodies of some messages, and the whole body of another that was spilled and has these very
  // bytes. A range over the whole of it does not move the joint.
  let joined = 0;
  let hasWhole = false;
  const refuse = (record: RecordPlace, message: string): void => {
    wrong++;
    findings.add(kind, message, { blob: name, record });
  };
  for (const { record, place } of use.messages) {
    const { offset, length, size } = place;
    const isWhole = offset === 0 && length === bytes.length;
    // An empty body stands behind the only one that is not.
    const isBehindWhole = hasWhole && offset === bytes.length && length === 0;
    if (!isWhole && !isBehindWhole && (isComplete ? offset !== joined : offset < joined)) {
      refuse(record, `The record's bytes begin at ${offset}, where ${joined} is where the message before it ends.`);
    } else if (length !== size || offset + length > bytes.length) {
      refuse(
        record,
        `The record names ${length} bytes at ${offset} of a body of ${size}; the blob has ${bytes.length}.`,
      );
    } else if ((isWhole ? sha256 : hash('sha256', bytes.subarray(offset, offset + length), 'hex')) !== place.sha256) {
      refuse(record, `The ${length} bytes at ${offset} are not those whose hash the record names.`);
    }
    // Also where it was refused: what follows is judged by what this one claims, or one wrong range would make all wrong.
    // Never backwards: hashing stays linear.
    if (isWhole) hasWhole = true;
    else joined = Math.max(joined, offset + length);
  }
  if (wrong === 0 && isComplete && use.configuration === undefined && !hasWhole && joined !== bytes.length) {
    findings.add(kind, `The messages' bytes end at ${joined}; the blob has ${bytes.length}.`, {
      blob: name,
      record: firstRecord(use),
    });
    wrong++;
  }
  return wrong;
}
