import { maskCredentials } from '../mask.ts';

/** Actions that are no past tense. */
const VERBS = new Map([
  ['create', 'created'],
  ['dismiss', 'dismissed'],
  ['resolve', 'resolved'],
  ['reopen', 'reopened'],
  ['suspend', 'suspended'],
  ['unsuspend', 'unsuspended'],
  ['synchronize', 'synchronized'],
  ['in_progress', 'started'],
  ['waiting', 'held'],
  ['ready_for_review', 'marked_ready_for_review'],
  ['pending_change', 'change_scheduled'],
  ['pending_change_cancelled', 'change_unscheduled'],
  ['pending_cancellation', 'cancellation_scheduled'],
  ['pending_tier_change', 'tier_change_scheduled'],
  ['performed', 'published'],
  ['promote_to_enterprise', 'promoted_to_enterprise'],
  ['new_permissions_accepted', 'permissions_accepted'],
  ['requested_action', 'action_requested'],
  ['closed_by_user', 'dismissed'],
  ['reopened_by_user', 'reopened'],
]);

const LONGEST = 48;

/** The verb of a record's type from an action that may be anything: in the type's alphabet, `changed` where nothing is left. */
export function verbOf(action: string | undefined, otherwise = 'changed'): string {
  if (action === undefined) return otherwise;
  const known = VERBS.get(action);
  if (known !== undefined) return known;
  const words =
    maskCredentials(action)
      .slice(0, LONGEST)
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const verb = words.join('_').replace(/^[0-9_]+/, '');
  return verb === '' ? 'changed' : verb;
}

/** What was done to an object, for a summary; actions of several words are GitHub's own and quoted. */
export function saidOf(verb: string, object: string): string {
  return verb.includes('_') ? `did "${spoken(verb)}" to ${object}` : `${verb} ${object}`;
}

/** `review_request_removed` → `review request removed` */
export function spoken(verb: string): string {
  return verb.replaceAll('_', ' ');
}
