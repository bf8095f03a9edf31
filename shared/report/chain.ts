import type { TrailRecord } from '../wire/record.ts';

/** The objects that a record is joined to others by. */
export function joinsOf({ data }: TrailRecord): ReadonlySet<string> {
  const joins = new Set<string>();
  for (const { id } of data.links ?? []) joins.add(id);
  if (data.decision !== undefined) joins.add(data.decision.request);
  // What was done to one resource, and who was let in there, belongs together; a whole subscription or group joins too much.
  for (const id of [data.target?.id, data.grant?.scope]) if (id !== undefined && isResource(id)) joins.add(id);
  return joins;
}

function isResource(id: string): boolean {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/./i.test(id);
}

/** More records than this are joined by nothing that belongs together: a commit of a bot, a correlation that is none. */
export const MOST_JOINED = 500;

/** A chain as it grows: what it holds, and what is still to be looked for. */
export class Chain {
  readonly #records = new Map<string, TrailRecord>();
  readonly #joins = new Set<string>();
  #open: string[];

  constructor(start: string) {
    this.#open = [start];
    this.#joins.add(start);
  }

  /** Objects that were not looked for yet; from now on they were. */
  takeOpen(): string[] {
    return this.#open.splice(0);
  }

  /** `found`: candidates; those that the chain's objects do not join are left out. Throws nothing. */
  add(found: readonly TrailRecord[]): void {
    for (const record of found) {
      const joins = joinsOf(record);
      if (this.#records.has(record.id) || ![...joins].some((join) => this.#joins.has(join))) continue;
      this.#records.set(record.id, record);
      for (const join of joins) {
        if (this.#joins.has(join)) continue;
        this.#joins.add(join);
        this.#open.push(join);
      }
    }
  }

  get isTooLong(): boolean {
    return this.#records.size > MOST_JOINED;
  }

  /** In the order in which it happened, as the sources say. */
  records(): readonly TrailRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }
}
