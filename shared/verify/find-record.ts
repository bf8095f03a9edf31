import { FormatError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { formatSegmentBlob } from '../wire/log-name.ts';
import { parseSegment } from '../wire/segment.ts';
import type { Segment } from '../wire/segment.ts';
import { parseTrailBlob } from './trail-blobs.ts';

/** A record in the segment that holds it. */
export interface FoundRecord {
  readonly segment: Segment;
  /** Among the segment's leaves. */
  readonly place: number;
}

const ID_BEGINS = '{"specversion":"1.0","id":"';

/** Reads the segment that an index row names, and the record in it; undefined where the row says what is not so. Throws StoreError. */
export async function readRecord(
  trail: ImmutableStore,
  id: string,
  row: { readonly log: string; readonly segment: number },
): Promise<FoundRecord | undefined> {
  const segment = await readSegmentBlob(trail, formatSegmentBlob(row.log, row.segment));
  return segment === undefined ? undefined : findInSegment(segment, id);
}

/**
 * Looks for a record through the whole trail, in the order of the listing: the first delivery of it. Segments that cannot be
 * read are passed over; `onSegment` is called for each. Throws StoreError.
 */
export async function scanForRecord(
  trail: ImmutableStore,
  id: string,
  onSegment: () => void,
): Promise<FoundRecord | undefined> {
  for await (const { name } of trail.list('segments/')) {
    if (parseTrailBlob(name).kind !== 'segment') continue;
    onSegment();
    const segment = await readSegmentBlob(trail, name);
    const found = segment === undefined ? undefined : findInSegment(segment, id);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function readSegmentBlob(trail: ImmutableStore, name: string): Promise<Segment | undefined> {
  const blob = await trail.read(name);
  try {
    return blob === undefined ? undefined : parseSegment(blob);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  }
}

function findInSegment(segment: Segment, id: string): FoundRecord | undefined {
  const begins = Buffer.from(`${ID_BEGINS}${id}"`);
  const place = segment.leaves.findIndex((leaf) => leaf.subarray(0, begins.length).equals(begins));
  return place === -1 ? undefined : { segment, place };
}
