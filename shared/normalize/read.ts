import { FormatError } from '../errors.ts';
import { isObject, parseJsonText } from '../wire/json.ts';
import type { JsonObject } from '../wire/json.ts';
import { toTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { cutMasked } from './mask.ts';

/**
 * Reading JSON that anybody may have written: nothing here throws, and nothing is looked up on a prototype. A member
 * of another type than expected counts as absent.
 */

/** The value at a path of members, undefined where any is missing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return follow(value, path);
}

/** Of members that are not its own an object has functions and `__proto__`, and JSON has neither: asking each costs more. */
function follow(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const member of path) {
    if (!isObject(current)) return undefined;
    current = current[member];
    if (typeof current === 'function' || current === Object.prototype) return undefined;
  }
  return current;
}

/** Non-empty text, cut to a name's length. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = follow(value, path);
  return typeof found === 'string' && found !== '' ? cutMasked(found) : undefined;
}

/** Non-empty text, cut to a URI's length: ids and addresses. */
export function uriAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = follow(value, path);
  return typeof found === 'string' && found !== '' ? cutMasked(found, 'uri') : undefined;
}

/** Non-empty text, cut to the length of a reason or a message. */
export function longTextAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = follow(value, path);
  return typeof found === 'string' && found !== '' ? cutMasked(found, 'long') : undefined;
}

/** A number that JSON holds exactly. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = follow(value, path);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function booleanAt(value: unknown, ...path: readonly string[]): boolean | undefined {
  const found = follow(value, path);
  return typeof found === 'boolean' ? found : undefined;
}

/** Text or a safe integer as text: ids that some versions of a source write as numbers. */
export function idAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = follow(value, path);
  if (typeof found === 'number' && Number.isSafeInteger(found)) return String(found);
  return typeof found === 'string' && found !== '' ? cutMasked(found, 'uri') : undefined;
}

/** What nearly all sources write. Every month has these days: nothing is left to be calculated. */
const WHOLE_SECONDS = /^(?:[1-9]\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** A time; undefined for the zero time of .NET and Go as well (year 1), with which services write that they have none. */
export function timeAt(value: unknown, ...path: readonly string[]): Timestamp | undefined {
  const found = follow(value, path);
  if (typeof found === 'string' && WHOLE_SECONDS.test(found)) return `${found.slice(0, 19)}.000Z`;
  const time = toTimestamp(found);
  return time === undefined || time < '0002' ? undefined : time;
}

export function objectAt(value: unknown, ...path: readonly string[]): JsonObject | undefined {
  const found = follow(value, path);
  return isObject(found) ? found : undefined;
}

/** An object, or text that is the JSON of one: some sources send either. */
export function jsonObjectAt(value: unknown, ...path: readonly string[]): JsonObject | undefined {
  const found = follow(value, path);
  if (typeof found !== 'string') return isObject(found) ? found : undefined;
  try {
    const parsed = parseJsonText(found);
    return isObject(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** The objects of an array; empty where there is none. */
export function objectsAt(value: unknown, ...path: readonly string[]): readonly JsonObject[] {
  const found = follow(value, path);
  return Array.isArray(found) ? found.filter(isObject) : [];
}

/** The non-empty texts of an array; empty where there is none. */
export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = follow(value, path);
  return Array.isArray(found)
    ? found.flatMap((each) => (typeof each === 'string' && each !== '' ? [cutMasked(each)] : []))
    : [];
}
