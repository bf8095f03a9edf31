import type { DecisionRules } from '../authorize/rules.ts';
import type { TrailRecord } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { personOf } from './persons.ts';
import type { Account } from './persons.ts';

/** That somebody may vote in another's place, as two steps say it. Whether the other could vote at all is looked at when it is used. */
interface Delegation {
  readonly from: Account;
  readonly to: string;
  /** undefined: for the one request. */
  readonly role: string | undefined;
  readonly begun: Timestamp;
  /** First time at which it holds no longer. */
  readonly until: Timestamp | undefined;
  /** Of a delegation without an end: the round that it is for. */
  readonly round: number | undefined;
  revoked: Timestamp | undefined;
}

/** Delegations of one request, or the standing ones of a project, in the order of their steps. */
export class Delegations {
  readonly #rules: DecisionRules;
  readonly #all: Delegation[] = [];

  constructor(rules: DecisionRules) {
    this.#rules = rules;
  }

  /** `round`: of a request's own; undefined: the standing ones, which need a role and an end. */
  delegate(step: TrailRecord, round: number | undefined): 'notAPerson' | 'noDelegate' | undefined {
    const { actor, decision } = step.data;
    const stated = decision?.delegation;
    if (actor?.kind !== 'human') return 'notAPerson';
    if (stated === undefined) return 'noDelegate';
    const isStanding = round === undefined;
    if (isStanding && (stated.role === undefined || stated.until === undefined)) return 'noDelegate';
    this.#all.push({
      from: actor,
      to: stated.to,
      role: isStanding ? stated.role : undefined,
      begun: step.time,
      until: stated.until,
      round: stated.until === undefined ? round : undefined,
      revoked: undefined,
    });
    return undefined;
  }

  /** Ends those of the actor to the same person; those of one role, where the step names one. */
  revoke(step: TrailRecord): 'notAPerson' | 'noVote' | undefined {
    const { actor, decision } = step.data;
    const stated = decision?.delegation;
    if (actor === undefined) return 'notAPerson';
    let isAny = false;
    for (const each of this.#all) {
      if (each.revoked !== undefined || stated === undefined || !this.#isSame(each.from, actor, step.time)) continue;
      if (!this.#isTo(each, { id: stated.to }, step.time)) continue;
      if (stated.role !== undefined && each.role !== undefined && stated.role !== each.role) continue;
      each.revoked = step.time;
      isAny = true;
    }
    return isAny ? undefined : 'noVote';
  }

  /** Who has delegated to this account what it takes to vote with `role` then, in this round. */
  givenTo(voter: Account, role: string, time: Timestamp, round: number): readonly Account[] {
    const given = this.#all.filter(
      (each) =>
        this.#isTo(each, voter, time) &&
        (each.role === undefined || each.role === role) &&
        (each.round === undefined || each.round === round) &&
        each.begun <= time &&
        (each.until === undefined || time < each.until) &&
        (each.revoked === undefined || time < each.revoked),
    );
    return given.map(({ from }) => from);
  }

  #isTo({ to }: Delegation, voter: Account, time: Timestamp): boolean {
    return to === voter.id || this.#isSame({ id: to }, voter, time) || to === this.#rules.resolve(voter, time);
  }

  #isSame(a: Account, b: Account, time: Timestamp): boolean {
    return a.id === b.id || personOf(this.#rules, a, time) === personOf(this.#rules, b, time);
  }
}
