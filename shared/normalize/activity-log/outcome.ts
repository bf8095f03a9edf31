import type { Outcome, RecordData } from '../../wire/record.ts';
import type { Timestamp } from '../../wire/timestamp.ts';

/**
 * How an entry's operation stands. Each step of an operation is an entry: `Start` and `Accept` are pending, and the last one
 * says how it ended. Rows write `Success`, the REST API `Succeeded`, exports either; storage writes the HTTP status.
 * `isDenied`: whether the failure was a refusal by role or policy.
 */
export function outcomeOfStatus(status: string | undefined, isDenied: () => boolean): Outcome {
  const word = status?.toLowerCase().replaceAll(' ', '') ?? '';
  if (/^(?:start|accept|inprogress|running|pending|queued|enqueued)/.test(word)) return 'pending';
  if (/^(?:succe|ok$|complete|created$|2\d\d$|0$)/.test(word)) return 'succeeded';
  if (/^(?:fail|error|cancel|abort|timeout|timedout|[45]\d\d$)/.test(word)) return isDenied() ? 'denied' : 'failed';
  if (/^(?:denied|forbidden|unauthorized)/.test(word)) return 'denied';
  // Of health, alerts and recommendations, which say how something stands: saying so succeeded.
  if (/^(?:activ|resolv|updat|dismiss|inactiv)/.test(word)) return 'succeeded';
  return 'unknown';
}

/** The source's own clock. A step that only began says when the operation did; one that ended, when it took effect. */
export function clockOfEntry(
  at: Timestamp | undefined,
  outcome: Outcome,
  status: string | undefined,
): NonNullable<RecordData['clock']> {
  if (at === undefined) return {};
  const time = { at, by: 'source' } as const;
  if (outcome === 'pending') return /^start/i.test(status ?? '') ? { started: time } : {};
  return outcome === 'succeeded' ? { ended: time, effective: time } : { ended: time };
}
