import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import type { Stated } from './stated.ts';
import { RECEIVED } from './true-road.ts';

/** One payload, what it states (undefined where it is not of its source), and what became of it. */
export interface Sent {
  readonly source: string;
  readonly event: string;
  readonly origin: string;
  readonly stated: Stated | undefined;
  readonly records: readonly TrailRecord[];
}

const MEMBERS = ['actor', 'target', 'time', 'action', 'outcome'] as const;
type Member = (typeof MEMBERS)[number];

/** Whether a record says it: a time of our own and an unknown outcome are none of the source's. */
function isFilled({ time, data }: TrailRecord, member: Member): boolean {
  switch (member) {
    case 'actor':
      return data.actor !== undefined;
    case 'target':
      return data.target !== undefined;
    case 'time':
      return time < RECEIVED;
    case 'action':
      return data.action !== '';
    case 'outcome':
      return data.outcome !== 'unknown';
  }
}

/** What a payload states and its records do not, each as a line that names the payload. */
export function lackOf({ origin, stated, records }: Sent): readonly string[] {
  const lacks: string[] = records.length === 0 ? ['a record'] : [];
  if (stated !== undefined) {
    for (const record of records) lacks.push(...lackOfRecord(stated, record));
  }
  return lacks.map((lack) => `${origin} lacks ${lack}`);
}

function lackOfRecord(stated: Stated, { type, time, source, data }: TrailRecord): readonly string[] {
  const objects = [source, data.target?.id, ...(data.related ?? []).map(({ id }) => id)].map((id) => id?.toLowerCase());
  const people = [data.actor?.id, data.actor?.onBehalfOf?.id, ...(data.related ?? []).map(({ id }) => id)];
  const { actor, target, outcome } = stated;
  const acted = actor?.some((id) => people.some((each) => each?.toLowerCase().endsWith(`:${id.toLowerCase()}`)));
  const lacks = [
    data.actor === undefined && actor !== undefined && 'the actor',
    acted === false && `the actor ${actor?.join(' or ')}: ${people.join(', ')}`,
    data.target === undefined && 'the target',
    ...target.map((id) => !objects.includes(id.toLowerCase()) && `the object ${id}: ${objects.join(', ')}`),
    stated.time !== undefined && !stated.time.includes(time) && `the time ${stated.time.join(' or ')}: ${time}`,
    data.action !== stated.action && `the action ${stated.action}: ${data.action}`,
    outcome !== undefined && !outcome.includes(data.outcome) && `the outcome ${outcome.join(' or ')}: ${data.outcome}`,
  ];
  return lacks.filter((each) => each !== false).map((each) => `${each} (${type})`);
}

/**
 * How many payloads of each event became how many records; how many of these have an actor and so on, and after the stroke
 * how many have one stated by their payload. A normalizer may know more than the plain reading that `stated.ts` makes.
 */
export class FilledTable {
  readonly #rows = new Map<string, readonly Sent[]>();

  constructor(sent: readonly Sent[]) {
    this.#rows = Map.groupBy(sent, ({ source, event }) => `${source.padEnd(24)} ${event.padEnd(44)}`);
    this.#rows.set(`${'all'.padEnd(24)} ${''.padEnd(44)}`, sent);
  }

  toString(): string {
    const head = ['payloads', 'records', ...MEMBERS, 'unrecognized'];
    const lines = [...this.#rows].map(([name, sent]) => {
      const records = sent.flatMap((each) => each.records);
      const read = records.filter(({ type }) => type !== UNRECOGNIZED_TYPE);
      const filled = MEMBERS.map((member) => {
        const stated = sent.flatMap((each) => (each.stated?.[member] === undefined ? [] : each.records)).length;
        return `${read.filter((record) => isFilled(record, member)).length}/${stated}`;
      });
      return [name, ...[sent.length, records.length, ...filled, records.length - read.length].map(cell)].join('');
    });
    return [`${'source'.padEnd(24)} ${'event'.padEnd(44)}${head.map(cell).join('')}`, ...lines].join('\n');
  }
}

function cell(value: number | string): string {
  return ` ${String(value).padStart(9)}`;
}
