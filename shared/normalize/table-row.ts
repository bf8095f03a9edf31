import { hash } from 'node:crypto';

import { FormatError } from '../errors.ts';
import { isObject, parseJsonText } from '../wire/json.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { parseBodyJson } from './body.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import type { RecordDraft } from './normalizer.ts';
import { idAt, jsonObjectAt, longTextAt, textAt, timeAt, uriAt } from './read.ts';

/**
 * The same log entry comes in three spellings: as a row of Log Analytics (`CallerIpAddress`), as an exported record
 * (`callerIpAddress`, from some pipelines `calleripaddress`), and as the REST API has it. Members are therefore looked up by
 * their name in lower case. A value that says nothing (null, empty text) counts as absent, so that another spelling of the
 * same member can speak.
 */
export type Row = ReadonlyMap<string, unknown>;

/** The portal's own export of a query writes `TimeGenerated [UTC]` over times of another form. */
const UTC_SUFFIX = / \[utc\]$/;

/** The members of an object by their names in lower case; none of what is no object. */
export function rowOf(value: unknown): Row {
  const row = new Map<string, unknown>();
  if (!isObject(value)) return row;
  for (const [name, each] of Object.entries(value)) {
    if (each === null || each === undefined || each === '') continue;
    const key = name.toLowerCase();
    const plain = key.replace(UTC_SUFFIX, '');
    const said = plain === key ? each : (portalTime(each) ?? each);
    if (!row.has(plain)) row.set(plain, said);
  }
  return row;
}

/** The first of the members that is there. `names` in lower case. */
export function memberIn(row: Row, ...names: readonly string[]): unknown {
  for (const name of names) {
    const found = row.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Text, also where the REST API writes `{value, localizedValue}`. */
export function textIn(row: Row, ...names: readonly string[]): string | undefined {
  return firstOf(row, names, (found) => textAt({ value: plainOf(found) }, 'value'));
}

/** An id or an address: text, or a number as some exports write them. */
export function idIn(row: Row, ...names: readonly string[]): string | undefined {
  return firstOf(row, names, (found) => idAt({ value: plainOf(found) }, 'value'));
}

function plainOf(found: unknown): unknown {
  return isObject(found) ? rowOf(found).get('value') : found;
}

/** Text, cut to a URI's length. */
export function uriIn(row: Row, ...names: readonly string[]): string | undefined {
  return firstOf(row, names, (found) => uriAt({ found }, 'found'));
}

export function longTextIn(row: Row, ...names: readonly string[]): string | undefined {
  return firstOf(row, names, (found) => longTextAt({ found }, 'found'));
}

export function timeIn(row: Row, ...names: readonly string[]): Timestamp | undefined {
  return firstOf(row, names, (found) => timeAt({ found }, 'found'));
}

/** An object with members, or the JSON text of one, as dynamic columns come. */
export function objectIn(row: Row, ...names: readonly string[]): JsonObject | undefined {
  return firstOf(row, names, (found) => {
    const object = jsonObjectAt({ found }, 'found');
    return object === undefined || Object.keys(object).length === 0 ? undefined : object;
  });
}

/** The objects of an array, or of the JSON text of one; an object alone counts as a list of one. */
export function objectsIn(row: Row, ...names: readonly string[]): readonly JsonObject[] {
  return (
    firstOf(row, names, (found) => {
      const parsed = typeof found === 'string' ? parsedOrUndefined(found) : found;
      const list = Array.isArray(parsed) ? parsed.filter(isObject) : isObject(parsed) ? [parsed] : [];
      return list.length === 0 ? undefined : list;
    }) ?? []
  );
}

/** What JSON text holds; undefined where it is none. */
export function parsedOrUndefined(text: string): Json | undefined {
  try {
    return parseJsonText(text);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function firstOf<Value>(
  row: Row,
  names: readonly string[],
  read: (found: unknown) => Value | undefined,
): Value | undefined {
  for (const name of names) {
    const value = read(row.get(name));
    if (value !== undefined) return value;
  }
  return undefined;
}

const PORTAL_TIME = /^(\d{1,2})\/(\d{1,2})\/(\d{4}), (\d{1,2}):(\d{2}):(\d{2})(\.\d{1,7})? ([AP])M$/;

/** `4/28/2021, 2:32:14.029 PM`, in a column that says that it is in UTC, as RFC 3339. */
function portalTime(value: unknown): string | undefined {
  const match = typeof value === 'string' && value.length <= 64 ? PORTAL_TIME.exec(value) : null;
  if (match === null) return undefined;
  const [, month = '', day = '', year, hour, minute, second, fraction = '', half] = match;
  const hours = (Number(hour) % 12) + (half === 'P' ? 12 : 0);
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return `${date}T${String(hours).padStart(2, '0')}:${minute}:${second}${fraction}Z`;
}

/** Entries that came together: exports wrap them in `records`, the REST APIs in `value`. */
const WRAPPERS = ['records', 'value'] as const;

/** The entries of a body, mostly one. Throws Unrecognized where it is no entry, or something else is among them. */
export function entriesOf(body: Buffer): readonly JsonObject[] {
  const json = parseBodyJson(body);
  const wrapped = isObject(json) ? WRAPPERS.map((name) => json[name]).find(Array.isArray) : json;
  const entries = Array.isArray(wrapped) ? wrapped : [json];
  if (entries.length === 0) throw new Unrecognized('shape', 'The body has no entry of a log.');
  if (!entries.every(isObject))
    throw new Unrecognized('shape', 'The body is not an entry of a log, or a list of them.');
  return entries;
}

/**
 * Delivery id of a body: the entry's own id, whole, for a cut id could be another's. Entries without one, and several
 * together, are known by their bytes.
 */
export function deliveryOfEntries(body: Buffer, idOf: (entry: JsonObject) => unknown): string | undefined {
  try {
    const entries = entriesOf(body);
    const id = entries.length === 1 && entries[0] !== undefined ? idOf(entries[0]) : undefined;
    return typeof id === 'string' && id !== '' ? id : `sha256:${hash('sha256', body, 'hex')}`;
  } catch (error) {
    if (error instanceof Unrecognized) return undefined;
    throw error;
  }
}

/** The part of each entry's record within its delivery: '' for one alone, else its id, told apart by its bytes where two have the same. */
export function partsOfEntries(
  entries: readonly JsonObject[],
  idOf: (entry: JsonObject) => unknown,
): readonly string[] {
  if (entries.length === 1) return [''];
  const ids = entries.map((entry) => {
    const id = idOf(entry);
    return typeof id === 'string' && id !== '' && id.length <= 256 ? id : undefined;
  });
  const seen = Map.groupBy(ids, (id) => id);
  return entries.map((entry, index) => {
    const id = ids[index];
    if (id !== undefined && seen.get(id)?.length === 1) return id;
    return `${id ?? 'entry'}/${hash('sha256', JSON.stringify(entry), 'hex')}`;
  });
}

/** A summary is one line, whatever names and titles it was made of. */
export function onOneLine(draft: RecordDraft): RecordDraft {
  const summary = cutMasked(draft.data.summary.replace(/\s+/g, ' ').trim(), 'long');
  return { ...draft, data: { ...draft.data, summary } };
}
