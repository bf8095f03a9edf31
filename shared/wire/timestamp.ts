import { FormatError } from '../errors.ts';

/**
 * The one form of a time in a record: RFC 3339, UTC, milliseconds, `2026-11-23T19:41:07.123Z`. Text order is time order
 * for the years 0000 to 9999, the only ones the form can hold.
 */
export type Timestamp = string;

const CANONICAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
// Date.parse accepts far more than RFC 3339 (and implementation-defined forms besides), so the shape is checked first.
const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:[.,](\d{1,9}))?\d*(Z|z|[+-]\d{2}:?\d{2})?$/;

/** Milliseconds since the epoch, to the one form. Throws FormatError `timestamp` outside the years 0000 to 9999. */
export function formatTimestamp(milliseconds: number): Timestamp {
  const text =
    Number.isFinite(milliseconds) && Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : '';
  if (!CANONICAL.test(text)) {
    throw new FormatError('timestamp', `The time ${milliseconds} ms lies outside the years 0000 to 9999.`);
  }
  return text;
}

/** Parses only the one form. Throws FormatError `timestamp`. */
export function parseTimestamp(text: string): number {
  const milliseconds = CANONICAL.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== text) {
    throw new FormatError('timestamp', `"${text.slice(0, 40)}" is not a time like 2026-11-23T19:41:07.123Z.`);
  }
  return milliseconds;
}

/**
 * What a source writes (any offset, any number of fraction digits, a missing zone meaning UTC, whole seconds since the
 * epoch as GitHub's push events have them) to the one form, truncated to milliseconds; undefined where it is no time.
 */
export function toTimestamp(value: unknown): Timestamp | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value > 0 && value < 253_402_300_800
      ? formatTimestamp(value * 1000)
      : undefined;
  }
  if (typeof value !== 'string' || value.length > 64) return undefined;
  const match = RFC3339.exec(value.trim());
  if (match === null) return undefined;
  const [, date = '', time, fraction = '', zone = 'Z'] = match;
  if (!isDate(date)) return undefined;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const milliseconds = Date.parse(`${date}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`);
  if (Number.isNaN(milliseconds)) return undefined;
  const text = new Date(milliseconds).toISOString();
  return CANONICAL.test(text) ? text : undefined;
}

/**
 * What a person writes: as {@link toTimestamp}, but only text that names its zone. Systems document that theirs is UTC; a
 * person who leaves it out means the clock on the wall, and nobody knows which.
 */
export function toZonedTimestamp(value: unknown): Timestamp | undefined {
  return typeof value === 'string' && RFC3339.exec(value.trim())?.[4] !== undefined ? toTimestamp(value) : undefined;
}

/** Date.parse takes the 31st of a month that has 30 days for the 1st of the next. */
function isDate(date: string): boolean {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
}
