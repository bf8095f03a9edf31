import { FormatError, SealError } from '../errors.ts';
import { verifyCheckpoint } from '../wire/checkpoint.ts';
import { formatKeyBlob, formatSegmentBlob, parseKeyBlob, parseSegmentBlob, segmentPrefix } from '../wire/log-name.ts';
import type { Hash } from '../wire/merkle.ts';
import type { Position, Seal } from '../wire/record.ts';
import type { Segment } from '../wire/segment.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import type { ImmutableStore } from './immutable-store.ts';
import { readSegmentBlob, readWithin } from './segment-blob.ts';
import type { Signer } from './signer.ts';

/** Where a log stands: all that the next segment needs of its predecessors. */
export interface Head {
  readonly log: string;
  /** Number of the last segment; -1 before the first. */
  readonly number: number;
  /** Leaves in the log. */
  readonly size: number;
  readonly frontier: readonly Hash[];
  /** The last segment's, verbatim; undefined before the first. */
  readonly checkpoint: string | undefined;
  /** The cursor: the last message taken in, and the latest enqueued time that the log has seen. */
  readonly to: Position;
  readonly hubCreated: string | undefined;
  readonly configurations: Seal['configurations'];
  /** SHA-256 of the SPKI that must sign the next segment; undefined before the first. */
  readonly nextKey: string | undefined;
}

export function headOf(segment: Pick<Segment, 'seal' | 'checkpoint' | 'frontier'>, checkpointNote: string): Head {
  const { seal } = segment;
  if (seal.to === undefined)
    throw new SealError('badHead', `Segment ${seal.number} of ${seal.log} seals no messages of a hub.`);
  return {
    log: seal.log,
    number: seal.number,
    size: segment.checkpoint.size,
    frontier: segment.frontier,
    checkpoint: checkpointNote,
    to: seal.to,
    hubCreated: seal.hub?.created,
    configurations: seal.configurations,
    nextKey: seal.nextKey,
  };
}

/**
 * Finds and verifies the head of a log in O(log n) requests: from a lower bound, gallop upwards by HEAD, then halve.
 * `hint`: number of a segment that is believed to exist; where it does not (a pruned prefix, a table that lies), the first
 * blob under the log's prefix takes its place. undefined: the log has no segment.
 */
export async function findHead(
  store: ImmutableStore,
  signer: Signer,
  log: string,
  hint: number | undefined,
): Promise<Head | undefined> {
  const last = await findLastNumber(store, log, hint);
  return last === undefined ? undefined : loadHead(store, signer, log, last);
}

/**
 * Whether a log is one of ours, by its first segment: `no` where there is none, or where it is none. `unknown`: only an
 * operator can tell, for the signer does not have its key, or has it no more; or what would say which key that is was pruned.
 * Throws StoreError.
 */
export async function isOurs(store: ImmutableStore, signer: Signer, log: string): Promise<'yes' | 'no' | 'unknown'> {
  const number = await firstNumber(store, log);
  if (number === undefined) return 'no';
  try {
    await loadHead(store, signer, log, number);
    return 'yes';
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return error.code === 'keyUnavailable' || (error.code === 'badHead' && number > 0) ? 'unknown' : 'no';
  }
}

/** Segments behind the end that are looked at, where the end itself is not ours. */
const MOST_UNSOUND = 1_000;

/**
 * The last segment of a log that proves itself, for naming where a log ended that cannot go on: past what somebody put
 * there, and without asking for a key to sign with. A key that the signer lacks is taken from `keys/`, where its name is the
 * hash that the log announced. undefined: none, or none among the last thousand.
 */
export async function findLastSound(
  store: ImmutableStore,
  signer: Signer,
  log: string,
  hint: number | undefined,
): Promise<Head | undefined> {
  // Without a hint from 0, not by a listing: a foreign name in the folder would stop it.
  const last = await findLastNumber(store, log, hint ?? 0);
  if (last === undefined) return undefined;
  const keys = { publicKey: (sha256: string) => publicKeyOf(store, signer, sha256) };
  for (let number = last; number >= 0 && number > last - MOST_UNSOUND; number--) {
    try {
      return await loadHead(store, keys, log, number);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
    }
  }
  return undefined;
}

async function publicKeyOf(store: ImmutableStore, signer: KeySource, sha256: string): Promise<PublicKey> {
  try {
    return await signer.publicKey(sha256);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const key = await storedKey(store, sha256);
    if (key?.sha256 === sha256) return key;
    throw error;
  }
}

/** A PEM file of a P-256 key has below 200 bytes. */
const MAX_KEY_BYTES = 4_096;

/** undefined where there is none, or something else lies under its name. */
async function storedKey(store: ImmutableStore, sha256: string): Promise<PublicKey | undefined> {
  try {
    const stored = await readWithin(store, formatKeyBlob(sha256), MAX_KEY_BYTES);
    return stored === undefined ? undefined : parsePublicKey(stored.toString());
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

type KeySource = Pick<Signer, 'publicKey'>;

/** Number of the last segment; see {@link findHead}. */
async function findLastNumber(
  store: ImmutableStore,
  log: string,
  hint: number | undefined,
): Promise<number | undefined> {
  const exists = (number: number) => store.exists(formatSegmentBlob(log, number));
  const start = hint !== undefined && (await exists(hint)) ? hint : await firstNumber(store, log);
  if (start === undefined) return undefined;
  let low: number = start;
  let step = 1;
  while (await exists(low + step)) {
    low += step;
    step *= 2;
  }
  let missing = low + step;
  while (missing - low > 1) {
    const middle = low + Math.floor((missing - low) / 2);
    if (await exists(middle)) low = middle;
    else missing = middle;
  }
  return low;
}

/**
 * Number of the first segment of a log that is there; undefined: it has none. What has another name in its folder is the
 * verifier's to report: one such blob would else stop the log, or open it.
 */
export async function firstNumber(store: ImmutableStore, log: string): Promise<number | undefined> {
  if (await store.exists(formatSegmentBlob(log, 0))) return 0;
  for await (const { name } of store.list(segmentPrefix(log))) {
    const found = parseSegmentBlob(name);
    if (found?.log === log) return found.number;
  }
  return undefined;
}

/**
 * Reads a segment as the head: that it proves itself, continues its predecessor where that is still there, and is signed by
 * the key that the predecessor announced.
 */
async function loadHead(store: ImmutableStore, signer: KeySource, log: string, number: number): Promise<Head> {
  const segment = await readSegment(store, log, number);
  const previous = number === 0 ? undefined : await readSegmentIfThere(store, log, number - 1);
  if (previous !== undefined && segment.seal.previous?.checkpoint !== previous.checkpointNote) {
    throw foreign(formatSegmentBlob(log, number), 'it does not continue its predecessor');
  }
  const key = await signingKey(store, signer, segment, previous);
  try {
    verifyCheckpoint(segment.checkpointNote, key);
  } catch (cause) {
    throw new SealError(
      'badHead',
      `The head of ${log}, segment ${number}, is not signed by the key ${key.sha256}. Nothing is sealed on top of it: find out who wrote it, then open a new generation in indelible.yaml.`,
      { cause },
    );
  }
  return headOf(segment, segment.checkpointNote);
}

/**
 * The key that must have signed a segment: the one that its predecessor announced, or in segment 0 its own. Where retention
 * took the predecessor, nobody says any more which it was, and a segment that announces a new key is signed by the one
 * before: the signature's id, four bytes, then finds it under `keys/`, where it was put before the segment. That folder
 * only says which to ask for; the signer still has to own it.
 */
async function signingKey(
  store: ImmutableStore,
  signer: KeySource,
  { seal, note }: Segment,
  previous: Segment | undefined,
): Promise<PublicKey> {
  if (previous !== undefined) return signer.publicKey(previous.seal.nextKey);
  const id = note.signatures.find(({ name }) => name === seal.log)?.keyId.toString('hex');
  if (seal.number === 0 || id === undefined || seal.nextKey.startsWith(id)) return signer.publicKey(seal.nextKey);
  for await (const { name } of store.list(`keys/${id}`)) {
    const sha256 = parseKeyBlob(name);
    if (sha256 !== undefined) return signer.publicKey(sha256);
  }
  return signer.publicKey(seal.nextKey);
}

async function readSegmentIfThere(store: ImmutableStore, log: string, number: number): Promise<Segment | undefined> {
  try {
    return await readSegmentBlob(store, log, number);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw foreign(formatSegmentBlob(log, number), cause.message, cause);
  }
}

async function readSegment(store: ImmutableStore, log: string, number: number): Promise<Segment> {
  const segment = await readSegmentIfThere(store, log, number);
  if (segment === undefined) throw foreign(formatSegmentBlob(log, number), 'it is gone');
  return segment;
}

/** Stop and alert: what lies there is not ours, and writing past it would bless it. */
export function foreign(name: string, why: string, cause?: unknown): SealError {
  return new SealError(
    'foreignBlob',
    `The blob ${name} is not the segment that belongs there: ${why}. Sealing of this log stops. Find out who wrote it, then open a new generation of the log in indelible.yaml.`,
    { cause },
  );
}
