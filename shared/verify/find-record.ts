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

/**
 * Reads the segment that an index row names, and the records of that id in it: none where the row says what is not so. A
 * delivery that came again is another record of the same id. Throws StoreError.
 */
export async function readRecords(
  trail: ImmutableStore,
  id: string,
  row: { readonly log: string; readonly segment: number },
): Promise<readonly FoundRecord[]> {
  const segment = await readSegmentBlob(trail, formatSegmentBlob(row.log, row.segment));
  return segment === undefined ? [] : findInSegment(segment, id);
}

/**
 * Looks for the records of an id through the whole trail, in the order of the listing. Segments that cannot be read are
 * passed over; `onSegment` is called for each. Throws StoreError.
 */
export async function* scanForRecords(
  trail: ImmutableStore,
  id: string,
  onSegment: () => void,
): AsyncGenerator<FoundRecord> {
  for await (const { name } of trail.list('segments/')) {
    if (parseTrailBlob(name).kind !== 'segment') continue;
    onSegment();
    const segment = await readSegmentBlob(trail, name);
    if (segment !== undefined) yield* findInSegment(segment, id);
  }
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

function findInSegment(segment: Segment, id: string): FoundRecord[] {
  const begins = Buffer.from(`${ID_BEGINS}${id}"`);
  return segment.leaves.flatMap((leaf, place) =>
    leaf.subarray(0, begins.length).equals(begins) ? [{ segment, place }] : [],
  );
}
