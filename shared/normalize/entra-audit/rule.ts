import type { Decision, Grant } from '../../wire/record.ts';

/** What an activity means in a record. */
export interface Rule {
  /** Middle of the record's type: `role_assignment`. */
  readonly object: string;
  /** End of the record's type, in the past tense: `added`. */
  readonly verb: string;
  readonly grant?: GrantRule;
  readonly decision?: DecisionRule;
  /** The activity is about keys and secrets of an application: which, says {@link credentialChanges}. */
  readonly credentials?: true;
  readonly inconsequential?: true;
}

export interface GrantRule {
  readonly of: 'role' | 'member' | 'owner' | 'appRole' | 'delegated' | 'consent' | 'accessPackage' | 'elevation';
  /** What comes about where the activity succeeds. */
  readonly change: Grant['change'];
}

export interface DecisionRule {
  readonly kind: NonNullable<Decision['kind']>;
  readonly step: Decision['step'];
  readonly verdict?: NonNullable<Decision['verdict']>;
  readonly automated?: true;
}

/** Activities are compared in lower case, with one kind of dash, single blanks, and without the dot that some exports add. */
export function plainName(activity: string): string {
  return activity
    .toLowerCase()
    .replaceAll(/[\u2010-\u2015]/g, '-')
    .replaceAll('\u2019', "'")
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
}
