import type { DecisionRules } from '../authorize/rules.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import type { Delegations } from './delegations.ts';
import type { VoteRefusal } from './folded.ts';
import { personOf } from './persons.ts';
import type { Account } from './persons.ts';

/** Whose vote somebody casts: the own one, or that of whoever delegated it. */
export interface Right {
  readonly owner: string;
  readonly delegatedBy: string | undefined;
}

export interface RightQuestion {
  readonly rules: DecisionRules;
  readonly project: string;
  readonly voter: Account;
  readonly roles: readonly { readonly environment: string | undefined; readonly role: string }[];
  readonly time: Timestamp;
  readonly round: number;
  /** Of the request, then the standing ones. */
  readonly delegations: readonly Delegations[];
}

/**
 * By what right somebody votes who must hold all of these roles; an own grant comes before what was delegated. Who delegates
 * must hold the role by an own grant at the time of the vote: a delegate never holds more, and never delegates on.
 */
export function findRight(question: RightQuestion): Right | VoteRefusal {
  const { rules, voter, time } = question;
  const own = holdsAll(question, voter);
  const self = personOf(rules, voter, time);
  if (typeof own === 'object') return { owner: own.delegatedBy ?? self, delegatedBy: own.delegatedBy };
  let refusal = own;
  for (const delegator of givenFor(question)) {
    const held = holdsAll(question, delegator);
    if (typeof held === 'string') continue;
    if (held.delegatedBy !== undefined) {
      refusal = 'delegatedOn';
      continue;
    }
    const owner = personOf(rules, delegator, time);
    return { owner, delegatedBy: owner };
  }
  return refusal;
}

function holdsAll(
  { rules, project, roles, time }: RightQuestion,
  who: Account,
): { readonly delegatedBy: string | undefined } | VoteRefusal {
  let delegatedBy: string | undefined;
  for (const { environment, role } of roles) {
    const account = who.address === undefined ? { id: who.id } : { id: who.id, address: who.address };
    const holding = rules.holds(account, role, project, environment, time);
    if (holding.basis === 'unknown') return 'authorityUnknown';
    if (!holding.held) return 'roleNotHeld';
    if (holding.basis === 'retroactive') return 'roleHeldRetroactively';
    delegatedBy ??= holding.delegatedBy;
  }
  return { delegatedBy };
}

/** Those who delegated to the voter for every one of the roles, each once. */
function givenFor({ rules, voter, roles, time, round, delegations }: RightQuestion): Account[] {
  const found = new Map<string, Account>();
  for (const each of delegations) {
    const perRole = roles.map(({ role }) => each.givenTo(voter, role, time, round));
    for (const delegator of perRole[0] ?? []) {
      const name = personOf(rules, delegator, time);
      const isForAll = perRole.every((given) => given.some((other) => personOf(rules, other, time) === name));
      if (isForAll && !found.has(name)) found.set(name, delegator);
    }
  }
  return [...found.values()];
}
