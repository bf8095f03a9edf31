import { hash } from 'node:crypto';

import { FormatError } from '../errors.ts';
import { addDecimals } from '../wire/decimal.ts';
import { isObject, parseJson } from '../wire/json.ts';
import type { Plan } from '../wire/record.ts';
import { at } from './read.ts';
import { currencyCode, decimal, defined, finite, shortText, statedIn, uri } from './stated.ts';

/** What `plan.json` says, and what is wrong with it: paths like `items.3.cost`. */
export interface ReadPlan {
  readonly plan: Plan | undefined;
  readonly incomplete: readonly string[];
  readonly unreadable: readonly string[];
}

/**
 *     { "currency": "EUR", "budget": "250000.00", "start": "2026-01-05", "end": "2026-12-18",
 *       "calendar": { "zone": "Europe/Berlin", "week": [1, 2, 3, 4, 5], "holidays": ["2026-05-01"] },
 *       "items": [{ "id": "REQ-1", "title": "Refunds", "cost": "5400.00", "days": 4.5, "acceptance": "…" }] }
 *
 * Refuses nothing. What is missing or has another form is named, and the rest holds; sums are there only where every item
 * states its part, for half a sum looks like a whole one.
 */
export function readPlan(bytes: Buffer): ReadPlan {
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  if (!isObject(json)) return { plan: undefined, incomplete: [], unreadable: ['plan.json'] };
  const { read, unreadable } = statedIn(json);
  const start = read('start', day);
  const end = read('end', (value) => endOf(start, value));
  const calendar = read('calendar', readCalendar);
  const items = read('items', (value) => (Array.isArray(value) ? value.map(readItem) : undefined));
  const isAll = (member: 'cost' | 'days'): boolean => items?.every(({ item }) => item?.[member] !== undefined) === true;
  const stated = {
    currency: read('currency', currencyCode),
    budget: read('budget', decimal),
    start,
    end,
    calendar: calendar && defined({ zone: calendar.zone, week: calendar.week, holidays: calendar.holidays?.size }),
    workingDays: countWorkingDays(start, end, calendar),
    cost: isAll('cost') ? addUp(items?.map(({ item }) => item?.cost)) : undefined,
    days: isAll('days') ? items?.reduce((sum, { item }) => sum + (item?.days ?? 0), 0) : undefined,
    count: items?.length,
    items: items?.flatMap(({ item }) => item ?? []),
  };
  const faults = (of: 'incomplete' | 'unreadable'): string[] =>
    (items ?? []).flatMap((each, i) => each[of].map((member) => `items.${i}.${member}`));
  return {
    plan: defined(stated),
    incomplete: [...NEEDED.filter((member) => isAbsent(json, member)), ...faults('incomplete')].slice(0, MOST_NAMED),
    unreadable: [...unreadable, ...faults('unreadable'), ...repeatedIds(items)].slice(0, MOST_NAMED),
  };
}

const NEEDED = ['currency', 'budget', 'start', 'end', 'calendar', 'items'] as const;
const NEEDED_OF_ITEM = ['id', 'title', 'cost', 'days', 'acceptance'] as const;
/** Of faults of each kind: a plan of ten thousand items without costs is one mistake, made ten thousand times. */
const MOST_NAMED = 64;

interface ReadItem {
  readonly item: NonNullable<Plan['items']>[number] | undefined;
  readonly incomplete: readonly string[];
  readonly unreadable: readonly string[];
}

function readItem(value: unknown): ReadItem {
  const { read, unreadable } = statedIn(value);
  const id = read('id', uri);
  const further = {
    title: read('title', shortText),
    cost: read('cost', decimal),
    days: read('days', finite),
    // People's words may be long, and are in the evidence; the hash tells whether they were changed.
    acceptance: read('acceptance', (text) => (typeof text === 'string' ? hash('sha256', text, 'hex') : undefined)),
  };
  const incomplete = NEEDED_OF_ITEM.filter((member) => isAbsent(value, member));
  return { item: id === undefined ? undefined : { id, ...defined(further) }, incomplete, unreadable };
}

function isAbsent(value: unknown, member: string): boolean {
  const stated = at(value, member);
  return stated === undefined || stated === null || stated === '';
}

/** Which of two items a change then speaks of, nobody could say. */
function repeatedIds(items: readonly ReadItem[] | undefined): string[] {
  const seen = new Set<string>();
  return (items ?? []).flatMap(({ item }, i) => {
    if (item === undefined || !seen.has(item.id)) {
      if (item !== undefined) seen.add(item.id);
      return [];
    }
    return [`items.${i}.id`];
  });
}

interface Calendar {
  readonly zone: string | undefined;
  readonly week: number[] | undefined;
  readonly holidays: ReadonlySet<string> | undefined;
}

function readCalendar(value: unknown): Calendar | undefined {
  if (!isObject(value)) return undefined;
  const { read, unreadable } = statedIn(value);
  const zone = read('zone', shortText);
  const week = read('week', (days) => (isList(days, isWeekday) ? [...new Set(days)].sort((a, b) => a - b) : undefined));
  const holidays = read('holidays', (days) => (isList(days, isDay) ? new Set(days) : undefined));
  return unreadable.length > 0 ? undefined : { zone, week, holidays };
}

function isList<Item>(value: unknown, isItem: (each: unknown) => each is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem);
}

function isWeekday(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 7;
}

function isDay(value: unknown): value is string {
  return day(value) !== undefined;
}

/** A day of the calendar, like 2026-11-23; the 31st of a month that has 30 is none. */
function day(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return undefined;
  const midnight = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(value) ? value : undefined;
}

function endOf(start: string | undefined, value: unknown): string | undefined {
  const end = day(value);
  return end !== undefined && start !== undefined && end < start ? undefined : end;
}

/** A hundred years: what is longer is no plan, and would be counted day by day. */
const MOST_DAYS = 36_525;
const DAY = 86_400_000;

function countWorkingDays(
  start: string | undefined,
  end: string | undefined,
  calendar: Calendar | undefined,
): number | undefined {
  if (start === undefined || end === undefined || calendar?.week === undefined) return undefined;
  const [first, last] = [Date.parse(`${start}T00:00:00Z`), Date.parse(`${end}T00:00:00Z`)];
  if ((last - first) / DAY > MOST_DAYS) return undefined;
  let count = 0;
  for (let time = first; time <= last; time += DAY) {
    const date = new Date(time);
    // ISO 8601 counts from Monday, 1; JavaScript from Sunday, 0.
    const isWorked = calendar.week.includes(date.getUTCDay() || 7);
    if (isWorked && calendar.holidays?.has(date.toISOString().slice(0, 10)) !== true) count++;
  }
  return count;
}

/** undefined where the sum does not fit what a record can hold. */
function addUp(costs: readonly (string | undefined)[] | undefined): string | undefined {
  const sum = addDecimals((costs ?? []).flatMap((cost) => cost ?? []));
  return decimal(sum);
}
