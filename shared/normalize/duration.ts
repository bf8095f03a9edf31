import { toTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';

const DURATION =
  /^P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,10})(?:[.,]\d{1,9})?S)?)?$/;
const SECONDS = [604_800, 86_400, 3_600, 60, 1];

/**
 * The time an ISO 8601 duration (`PT8H`, `P180D`) after another. Undefined for anything else, and for years and months: how
 * many days these are, .NET, which Azure runs on, and the calendar do not agree on.
 */
export function addDuration(start: Timestamp, duration: string): Timestamp | undefined {
  const match = DURATION.exec(duration);
  if (match === null) return undefined;
  const seconds = match.slice(1).reduce((sum, part, unit) => sum + Number(part ?? 0) * (SECONDS[unit] ?? 0), 0);
  const end = Date.parse(start) + seconds * 1_000;
  return seconds === 0 ? undefined : toTimestamp(new Date(end).toISOString());
}
