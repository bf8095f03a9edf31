import type { Outcome } from '../../wire/record.ts';

/**
 * GitHub's states and conclusions (of checks, jobs, runs, statuses, deployments) as outcomes: what became of what was
 * tried. A run that was cancelled did not do what it was started for; one that was skipped tried nothing.
 */
const OUTCOMES = new Map<string, Outcome>([
  ['success', 'succeeded'],
  ['neutral', 'succeeded'],
  ['inactive', 'succeeded'],
  ['built', 'succeeded'],
  ['failure', 'failed'],
  ['error', 'failed'],
  ['errored', 'failed'],
  ['timed_out', 'failed'],
  ['startup_failure', 'failed'],
  ['cancelled', 'failed'],
  ['skipped', 'unknown'],
  ['stale', 'unknown'],
  ['action_required', 'pending'],
  ['pending', 'pending'],
  ['queued', 'pending'],
  ['requested', 'pending'],
  ['waiting', 'pending'],
  ['in_progress', 'pending'],
  ['building', 'pending'],
]);

/** A state or conclusion in any case; absent or unheard of: `unknown`, never success. */
export function outcomeOf(state: string | undefined): Outcome {
  return state === undefined ? 'unknown' : (OUTCOMES.get(state.toLowerCase()) ?? 'unknown');
}
