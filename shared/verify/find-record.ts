import { FormatError, StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { formatSegmentBlob } from '../wire/log-name.ts';
import { MAX_SEGMENT_BLOB_BYTES, parseSegment } from '../wire/segment.ts';
import type { Segment } from '../wire/segment.ts';
import { verifyNote } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import type { KeyRing } from './key-ring.ts';
import { parseTrailBlob } from './trail-blobs.ts';

/** A record in the segment that holds it. */
export interface FoundRecord {
  readonly segment: Segment;
  /** Among the segment's leaves. */
  readonly place: number;
}

const ID_BEGINS = '{"specversion":"1.0","id":"';

/**
 * Reads the segment that an index row names, and the records of that id in it: none where the row says what is not so. A
 * delivery that came again is another record of the same id. Throws StoreError.
 */
export async function readRecords(
  trail: ImmutableStore,
  id: string,
  row: { readonly log: string; readonly segment: number },
): Promise<readonly FoundRecord[]> {
  const segment = await readSegment(trail, formatSegmentBlob(row.log, row.segment));
  return segment === undefined || typeof segment === 'string' ? [] : findInSegment(segment, id);
}

/** What is told of a search on its way. */
export interface SearchWatch {
  /** Before each segment. */
  readonly onSegment: () => void;
  readonly onUnreadable: (blob: string, why: string) => void;
}

/**
 * Looks for the records of an id through the whole trail, in the order of the listing. Segments that cannot be read are
 * passed over. Throws StoreError.
 */
export async function* scanForRecords(
  trail: ImmutableStore,
  id: string,
  watch: SearchWatch,
): AsyncGenerator<FoundRecord> {
  for await (const { name } of trail.list('segments/')) {
    if (parseTrailBlob(name).kind !== 'segment') continue;
    watch.onSegment();
    const segment = await readSegment(trail, name);
    if (typeof segment === 'string') watch.onUnreadable(name, segment);
    else if (segment !== undefined) yield* findInSegment(segment, id);
  }
}

/**
 * The key that signed a segment, where that key is believed: a given one, or one that the log announced, segment by segment,
 * since a given one signed. Where none is given, any that the trail carries will do. Else why it is not. Throws StoreError.
 */
export async function findSigner(
  trail: ImmutableStore,
  segment: Segment,
  keys: KeyRing,
): Promise<{ readonly key: PublicKey } | { readonly why: string }> {
  const signer = signerOf(segment, keys);
  if (signer === undefined) return { why: 'no key that was given or that lies in the trail signed the segment' };
  const { log, number } = segment.seal;
  const isTrusted = (key: PublicKey): boolean => keys.given.size === 0 || keys.given.has(key.sha256);
  let key: PublicKey | undefined = signer;
  for (let i = number - 1; key !== undefined && !isTrusted(key); i--) {
    key = i < 0 ? undefined : announcerOf(key, await readSegment(trail, formatSegmentBlob(log, i)), keys);
  }
  if (key !== undefined) return { key: signer };
  return { why: `the key ${signer.sha256} signed the segment: it was not given, and no key given leads to it` };
}

function signerOf({ note, seal }: Segment, keys: KeyRing): PublicKey | undefined {
  return keys.all.find((key) => verifyNote(note, seal.log, key));
}

/** The key that signed a segment which announces `key`. */
function announcerOf(key: PublicKey, before: Segment | string | undefined, keys: KeyRing): PublicKey | undefined {
  return typeof before === 'object' && before.seal.nextKey === key.sha256 ? signerOf(before, keys) : undefined;
}

/** undefined: not there. A text: why it cannot be read. */
async function readSegment(trail: ImmutableStore, name: string): Promise<Segment | string | undefined> {
  if (parseTrailBlob(name).kind !== 'segment') return undefined;
  try {
    const blob = await trail.read(name, MAX_SEGMENT_BLOB_BYTES);
    return blob === undefined ? undefined : parseSegment(blob);
  } catch (error) {
    const isAboutBlob = error instanceof FormatError || (error instanceof StoreError && error.code === 'tooLarge');
    if (!isAboutBlob) throw error;
    return error.message;
  }
}

function findInSegment(segment: Segment, id: string): FoundRecord[] {
  const begins = Buffer.from(`${ID_BEGINS}${id}"`);
  return segment.leaves.flatMap((leaf, place) =>
    leaf.subarray(0, begins.length).equals(begins) ? [{ segment, place }] : [],
  );
}
