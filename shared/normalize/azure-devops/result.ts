import type { Outcome } from '../../wire/record.ts';

/**
 * States and results of builds, runs, stages, jobs and deployments. What was canceled did not do what it was started for; a
 * stage that was rejected was not let through by its checks. Partial success took effect; `details.result` tells it apart.
 */
const OUTCOMES = new Map<string, Outcome>([
  ['succeeded', 'succeeded'],
  ['partiallysucceeded', 'succeeded'],
  ['succeededwithissues', 'succeeded'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
  ['cancelled', 'failed'],
  ['stopped', 'failed'],
  ['abandoned', 'failed'],
  ['rejected', 'denied'],
  ['skipped', 'unknown'],
  ['none', 'unknown'],
]);

const GOING_ON = new Set([
  'inprogress',
  'running',
  'queued',
  'waiting',
  'notstarted',
  'pending',
  'canceling',
  'cancelling',
  'postponed',
  'scheduled',
]);

/** By the result; without one, by the state. Absent or unheard of: `unknown`, never success. */
export function outcomeOf(result: string | undefined, state?: string): Outcome {
  for (const word of [result, state]) {
    const known = word?.toLowerCase().replace(/[^a-z]/g, '') ?? '';
    if (GOING_ON.has(known)) return 'pending';
    const outcome = OUTCOMES.get(known);
    if (outcome !== undefined) return outcome;
  }
  return 'unknown';
}

/** What a state means for whatever is in it, as the verb of a record's type. */
const VERBS = new Map([
  ['inprogress', 'started'],
  ['running', 'started'],
  ['notstarted', 'queued'],
  ['queued', 'queued'],
  ['waiting', 'held'],
  ['pending', 'held'],
  ['canceling', 'canceling'],
  ['completed', 'completed'],
]);

export function verbOfState(state: string | undefined): string {
  return VERBS.get(state?.toLowerCase().replace(/[^a-z]/g, '') ?? '') ?? 'changed';
}
