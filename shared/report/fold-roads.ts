import type { TrailRecord } from '../wire/record.ts';

/** The two roads by which an operation of Azure comes: at once and perhaps not at all, or late and complete. */
export const ROADS = ['azure-activity', 'activity-log'] as const;
export type Road = (typeof ROADS)[number];

/** A record, and the others that tell of the same: of one operation with one outcome. */
export interface FoldedRecord {
  /** The one that was sealed first by the order given. */
  readonly record: TrailRecord;
  /** By which roads it came; empty where it is no operation of Azure. */
  readonly roads: readonly Road[];
}

/**
 * Records of one operation of Azure with one outcome become one, wherever they stand; all others stay as they are, in their
 * order. Pure. What one road alone has seen is told by {@link FoldedRecord.roads}: the other one may have lost it, or be late.
 */
export function foldRoads(records: readonly TrailRecord[]): FoldedRecord[] {
  const folded: { record: TrailRecord; roads: Road[] }[] = [];
  const operations = new Map<string, { roads: Road[] }>();
  for (const record of records) {
    const { links = [], outcome, collected } = record.data;
    const road = ROADS.find((each) => each === collected?.envelope?.source);
    const operation = links.find(({ kind }) => kind === 'operation')?.id;
    const key = road === undefined || operation === undefined ? undefined : JSON.stringify([operation, outcome]);
    const known = key === undefined ? undefined : operations.get(key);
    if (known !== undefined && road !== undefined) {
      if (!known.roads.includes(road)) known.roads.push(road);
      continue;
    }
    const entry = { record, roads: road === undefined || operation === undefined ? [] : [road] };
    folded.push(entry);
    if (key !== undefined) operations.set(key, entry);
  }
  return folded;
}
