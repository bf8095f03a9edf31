import { parseLogName } from '../wire/log-name.ts';
import type { Seal, TrailRecord } from '../wire/record.ts';

/** A record, and where it is sealed. */
export interface SealedRecord {
  readonly record: TrailRecord;
  readonly log: string;
  /** Of its leaf in the whole log. */
  readonly index: number;
}

/**
 * Records in the order in which logs hold them. Steps of one request lie in one partition, one generation after another;
 * between partitions, which nothing orders, the time counts by which the hub had taken them in.
 */
export function inLogOrder(sealed: readonly SealedRecord[]): TrailRecord[] {
  const placed = sealed
    .map((each) => ({ ...each, ...placeOf(each.log) }))
    .sort((a, b) => compare(a.partition, b.partition) || a.generation - b.generation || a.index - b.index);
  const latest = new Map<string, string>();
  const timed = placed.map((each) => {
    const { partition, record } = each;
    const enqueued = record.data.collected?.enqueued ?? record.time;
    // A hub whose clock steps back must not put a step before the one that it followed.
    const seen = latest.get(partition) ?? '';
    const taken = enqueued > seen ? enqueued : seen;
    latest.set(partition, taken);
    return { ...each, taken };
  });
  return timed.sort((a, b) => compare(a.taken, b.taken)).map(({ record }) => record);
}

function placeOf(log: string): { readonly partition: string; readonly generation: number } {
  const { trail, hub, partition, generation } = parseLogName(log);
  return { partition: `${trail}/${hub}/${partition}`, generation };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What one log has adopted, as its newest seal lists it, out of the seals of several. */
export function adoptedBy(log: string | undefined, seals: Iterable<Seal>): Seal['configurations'] {
  let newest: Seal | undefined;
  for (const seal of seals) {
    if (seal.log === log && (newest === undefined || seal.number > newest.number)) newest = seal;
  }
  return newest?.configurations ?? [];
}
