import { RequestError } from '../errors.ts';
import { parseJsonText } from '../wire/json.ts';
import { toZonedTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { TABLES } from '../tabulate/index-tables.ts';
import type { RowRange, TableName } from '../tabulate/index-tables.ts';
import {
  afterPrefix,
  descending,
  eventPartition,
  linkKey,
  monthOf,
  monthPartition,
  partitionOf,
  rowPart,
  rowPrefix,
  targetKey,
} from '../tabulate/keys.ts';

/** What is asked of the index: rows of one table and key, with a time in [from, to). */
export interface Question {
  readonly table: TableName;
  readonly key: string;
  readonly from: Timestamp | undefined;
  readonly to: Timestamp | undefined;
  /** Rows, at most. */
  readonly take: number;
  /** Where the page before ended. */
  readonly after: PageEnd | undefined;
}

export interface PageEnd {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** One partition to read, in the order of the answer. */
export interface PartitionRange {
  readonly partitionKey: string;
  readonly range: RowRange;
}

const PARAMETERS = ['table', 'key', 'from', 'to', 'take', 'continue'];
const DEFAULT_TAKE = 100;
const MAX_TAKE = 1_000;
/** Of a key; the longest ids that records hold are below it. */
const MAX_KEY = 4_096;
/** Partitions by month: ten years. */
const MAX_MONTHS = 120;

/** Reads the parameters of `GET /api/events`. Throws RequestError `badRequest` that says which one is wrong. */
export function parseQuestion(query: URLSearchParams): Question {
  for (const name of query.keys()) {
    // A misspelt `from` would read more than was meant.
    if (!PARAMETERS.includes(name))
      throw refused(`There is no parameter "${name.slice(0, 40)}": ${PARAMETERS.join(', ')}`);
  }
  const table = TABLES.find((each) => each === query.get('table'));
  if (table === undefined) throw refused(`"table" must be one of ${TABLES.join(', ')}`);
  const key = query.get('key') ?? '';
  if (key === '' || key.length > MAX_KEY)
    throw refused(`"key" must say what to look for, in at most ${MAX_KEY} characters`);
  const take = query.get('take') ?? String(DEFAULT_TAKE);
  if (!/^[1-9]\d{0,3}$/.test(take) || Number(take) > MAX_TAKE)
    throw refused(`"take" must be a number from 1 to ${MAX_TAKE}`);
  const from = timeOf(query, 'from');
  const to = timeOf(query, 'to');
  if (from !== undefined && to !== undefined && from >= to) throw refused('"from" must be before "to"');
  return { table, key, from, to, take: Number(take), after: parseContinue(query.get('continue')) };
}

function timeOf(query: URLSearchParams, name: string): Timestamp | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const time = toZonedTimestamp(text);
  if (time === undefined) throw refused(`"${name}" must be a time with its zone, like 2026-11-23T00:00:00Z`);
  return time;
}

/** Where the next page begins, for the caller to hand back as it is. */
export function formatContinue(end: PageEnd): string {
  return Buffer.from(JSON.stringify([end.partitionKey, end.rowKey])).toString('base64url');
}

function parseContinue(text: string | null): PageEnd | undefined {
  if (text === null) return undefined;
  try {
    const value = parseJsonText(Buffer.from(text, 'base64url').toString());
    const [partitionKey, rowKey] = Array.isArray(value) ? value : [];
    if (
      typeof partitionKey === 'string' &&
      typeof rowKey === 'string' &&
      formatContinue({ partitionKey, rowKey }) === text
    ) {
      return { partitionKey, rowKey };
    }
  } catch {
    // said below
  }
  throw refused('"continue" must be what the answer before gave');
}

/**
 * The partitions that hold the answer, from where the page before ended. Throws RequestError `badRequest` where a table
 * that is kept by month is asked without times, or for too many.
 */
export function toPartitions(question: Question): readonly PartitionRange[] {
  const partitions = allPartitions(question);
  const { after } = question;
  if (after === undefined) return partitions;
  const place = partitions.findIndex((each) => each.partitionKey === after.partitionKey);
  if (place === -1) throw refused('"continue" belongs to another question');
  return partitions.slice(place).map((each, i) => {
    // No row key is another one followed by less than `!`, so this is the next one.
    const next = `${after.rowKey}!`;
    const { from = '' } = each.range;
    return i === 0 ? { ...each, range: { ...each.range, from: next > from ? next : from } } : each;
  });
}

function allPartitions({ table, key, from, to }: Question): PartitionRange[] {
  const times: RowRange = { from, before: to };
  switch (table) {
    case 'Events':
      return [{ partitionKey: eventPartition(key), range: prefixRange(rowPrefix(rowPart(key))) }];
    case 'ByProject':
    case 'ByActor':
      return monthsOf(from, to).map((month) => ({ partitionKey: monthPartition(key, month), range: times }));
    case 'ByTarget':
      return monthsOf(from, to).map((month) => ({ partitionKey: monthPartition(targetKey(key), month), range: times }));
    case 'ByLink':
      return [{ partitionKey: partitionOf(toLinkKey(key)), range: times }];
    case 'Decisions': {
      const project = /^([^~]+)~/.exec(key)?.[1];
      return [
        project === undefined
          ? { partitionKey: partitionOf(key), range: {} }
          : { partitionKey: partitionOf(project), range: prefixRange(rowPrefix(rowPart(key))) },
      ];
    }
    case 'Deployments':
      // Newest first, so the later bound is the first key; a row key begins with `<time>!`.
      return [
        {
          partitionKey: partitionOf(key),
          range: {
            from: to === undefined ? undefined : afterPrefix(rowPrefix(descending(to))),
            before: from === undefined ? undefined : afterPrefix(rowPrefix(descending(from))),
          },
        },
      ];
    case 'Access':
      return [{ partitionKey: partitionOf(key), range: {} }];
    case 'Coverage':
      return [{ partitionKey: partitionOf(key), range: times }];
  }
}

function prefixRange(prefix: string): RowRange {
  return { from: prefix, before: afterPrefix(prefix) };
}

/** `kind:id`, as the table's keys are made. */
function toLinkKey(key: string): string {
  const colon = key.indexOf(':');
  if (colon === -1) throw refused('"key" must be the kind of the link and its id, like commit:4b825dc');
  return linkKey(key.slice(0, colon), key.slice(colon + 1));
}

function monthsOf(from: Timestamp | undefined, to: Timestamp | undefined): string[] {
  if (from === undefined || to === undefined) throw refused('This table is kept by month: give "from" and "to"');
  const months: string[] = [];
  let [year, month] = monthOf(from).split('-').map(Number) as [number, number];
  for (;;) {
    const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`;
    // Half-open: a month that begins at `to` holds nothing of it. Times end with the year 9999.
    if (year > 9_999 || `${text}-01T00:00:00.000Z` >= to) return months;
    if (months.length === MAX_MONTHS) throw refused(`"from" and "to" must be at most ${MAX_MONTHS} months apart`);
    months.push(text);
    month++;
    if (month > 12) [year, month] = [year + 1, 1];
  }
}

/**
 * Whether a row is within the times, for tables whose row keys do not begin with it; what says no time is shown. In the
 * table Coverage it is the window's start that counts, and the range has seen to it.
 */
export function isWithin(question: Question, time: unknown): boolean {
  if (question.table === 'Coverage' || typeof time !== 'string') return true;
  return (question.from ?? '') <= time && (question.to === undefined || time < question.to);
}

function refused(what: string): RequestError {
  return new RequestError('badRequest', `${what}.`);
}
