import type { Excludable } from '../authorize/rules.ts';
import type { DecisionRules } from '../authorize/rules.ts';
import type { Decision, TrailRecord } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { formatTimestamp } from '../wire/timestamp.ts';
import type { Delegations } from './delegations.ts';
import type { FoldedEmergency, FoldedRound, FoldedVote, StepOf, StepRefusal, VoteRefusal } from './folded.ts';
import { emergencyOfGate, ruleOfGate } from './gate-rule.ts';
import type { Gate, GateRule } from './gate-rule.ts';
import { personOf } from './persons.ts';
import type { PersonSet } from './persons.ts';
import { findRight } from './right-to-vote.ts';
import type { Right } from './right-to-vote.ts';

type Covers = NonNullable<Decision['covers']>;

/** What all rounds of a request share. */
export interface RoundContext {
  readonly rules: DecisionRules;
  readonly project: string | undefined;
  readonly kind: NonNullable<Decision['kind']> | undefined;
  readonly requesters: PersonSet;
  readonly requesterNames: readonly string[];
  readonly authors: PersonSet;
  readonly deployers: PersonSet;
  readonly delegations: readonly Delegations[];
}

/** How a source treats its rounds: see {@link Round}. */
export interface RoundManner {
  /** Votes stand as long as they are not taken back, and nothing closes the round: reviews of code, which go on until it is merged. */
  readonly live: boolean;
  /** Another system runs the gate: it opens it without being asked, and lets itself be told what it knows. */
  readonly gate: boolean;
}

interface Ballot {
  readonly step: TrailRecord;
  readonly decision: Decision;
  readonly voter: string | undefined;
  readonly right: Right | undefined;
  /** undefined: it counts. */
  why: VoteRefusal | undefined;
}

type Closed = 'approved' | 'rejected' | 'withdrawn' | 'expired';

/** The last time that a record can hold: what would end later ends then. */
const LAST_TIME: Timestamp = '9999-12-31T23:59:59.999Z';
const HOUR = 3_600_000;

/**
 * One round of a request: it opens, is voted on, and closes with the vote that completes the quorum, with a rejection that
 * counts, by withdrawal, or by its source. What comes after changes nothing. A live round never closes: it is approved as
 * long as enough votes stand and no rejection does.
 */
export class Round {
  readonly number: number;
  readonly manner: RoundManner;
  readonly #begun: TrailRecord;
  /** As the step says it; as it holds, with what the rounds before have said. */
  readonly #stated: Decision;
  readonly #asked: Decision;
  readonly #covers: Covers;
  readonly #environments: readonly string[];
  readonly #ballots: Ballot[] = [];
  /** Those that count, one a person at most: however often somebody votes, it stays short. */
  #standing: Ballot[] = [];
  readonly #formerly: { from: Timestamp; until: Timestamp }[] = [];
  #closed: { readonly how: Closed; readonly by: TrailRecord; readonly ballot: Ballot | undefined } | undefined;
  #until: Timestamp | undefined;
  #version: string | undefined;
  #emergency: { readonly step: TrailRecord; readonly why: VoteRefusal | undefined; reviewBy?: Timestamp } | undefined;
  #reviewedAt: Timestamp | undefined;

  /** `before`: the round before, whose covers and statements hold on where the step says nothing else. */
  constructor(number: number, begun: TrailRecord, asked: Decision, before: Round | undefined, manner: RoundManner) {
    this.number = number;
    this.manner = manner;
    this.#begun = begun;
    this.#stated = asked;
    this.#asked = before === undefined ? asked : { ...before.#asked, ...asked };
    this.#covers = this.#asked.covers ?? [];
    this.#environments = environmentsOf(this.#covers, begun);
  }

  get covers(): Covers {
    return this.#covers;
  }

  /** Closed by then: decided, withdrawn, or lapsed. */
  isClosed(): boolean {
    return this.#closed !== undefined && !this.manner.live;
  }

  /** An emergency is in effect from when it is asked for, where the one who asks may go ahead. */
  askEmergency(context: RoundContext): void {
    this.#goAhead(context, this.#begun, this.#stated);
  }

  vote(context: RoundContext, step: TrailRecord, decision: Decision): void {
    if (this.manner.live && this.statusAt(step.time) === 'expired') this.#lapse(step.time);
    const ballot = this.#judge(context, step, decision);
    this.#ballots.push(ballot);
    if (ballot.why !== undefined) return;
    if (decision.verdict === 'override') {
      this.#goAhead(context, step, decision);
      ballot.why = this.#emergency?.why;
      if (ballot.why === undefined) this.#standing.push(ballot);
      return;
    }
    this.#giveWay(ballot);
    this.#standing.push(ballot);
    this.#count(context, step, ballot);
  }

  /** Takes back the vote of a person. A source that takes back one that decided takes the decision back. */
  revoke(context: RoundContext, step: TrailRecord, person: string): StepRefusal | undefined {
    if (this.isClosed() && !this.manner.gate) return 'notOpen';
    const ballot = this.#standing.findLast((each) => each.voter === person);
    if (ballot === undefined) return 'noVote';
    this.#drop(ballot, 'revoked');
    this.#count(context, step, undefined);
    return undefined;
  }

  withdraw(context: RoundContext, step: TrailRecord): StepRefusal | undefined {
    if (this.manner.live) return 'oneReviewer';
    if (this.isClosed() || this.#isAhead()) return 'notOpen';
    const { actor } = step.data;
    const isRequester = actor !== undefined && context.requesters.has(personOf(context.rules, actor, step.time));
    if (!this.manner.gate && !isRequester) return 'notRequester';
    this.#close('withdrawn', step, undefined);
    return undefined;
  }

  /** As its source says. An approval that had been given holds no longer. */
  expire(step: TrailRecord): StepRefusal | undefined {
    if (this.#closed !== undefined && this.#closed.how !== 'approved') return 'notOpen';
    if (this.#closed === undefined) this.#close('expired', step, undefined);
    else this.#until = earlier(this.#until, step.time);
    return undefined;
  }

  /** By a round that follows it. */
  endAt(time: Timestamp): void {
    if (this.#closed?.how === 'approved') this.#until = earlier(this.#until, time);
  }

  fold(context: RoundContext, at: Timestamp): FoldedRound {
    const rule = this.#ruleAt(context, this.#closed?.by.time ?? at);
    const version = this.#closed === undefined ? context.rules.versionAt(at) : this.#version;
    const unknown = rule?.excluded.filter(
      (each) => each !== 'requester' && (each === 'author' ? context.authors : context.deployers).isEmpty,
    );
    const { reason, neededBy, baseline, items, cost, workingDays, securityImpact, rollback, insteadOf } = this.#asked;
    const stated = { reason, neededBy, baseline, items, cost, workingDays, securityImpact, rollback, insteadOf };
    return {
      round: this.number,
      status: this.statusAt(at),
      begun: stepOf(context, this.#begun),
      requesters: context.requesterNames,
      covers: this.#covers,
      stated: withoutUndefined(stated),
      ...(rule === undefined ? {} : { quorum: this.#quorum(context, rule, this.#closed?.by.time ?? at) }),
      ...(unknown === undefined || unknown.length === 0 ? {} : { unknown }),
      ...(version === undefined ? {} : { version }),
      votes: this.#ballots.map((ballot) => foldVote(context, ballot)),
      ...(this.#closed === undefined ? {} : { decided: stepOf(context, this.#closed.by) }),
      ...(this.#until === undefined ? {} : { until: this.#until }),
      ...(this.#formerly.length === 0 ? {} : { formerly: this.#formerly }),
      ...(this.#emergency === undefined ? {} : { emergency: this.#foldEmergency(context, at) }),
    };
  }

  statusAt(at: Timestamp): FoldedRound['status'] {
    if (this.#closed === undefined) return this.#isAhead() ? 'emergency' : 'open';
    const { how } = this.#closed;
    return how === 'approved' && this.#until !== undefined && this.#until <= at ? 'expired' : how;
  }

  /** True where somebody who may has gone ahead. */
  #isAhead(): boolean {
    return this.#emergency !== undefined && this.#emergency.why === undefined;
  }

  #goAhead(context: RoundContext, step: TrailRecord, decision: Decision): void {
    if (this.#isAhead()) return;
    const { why, reviewBy } = this.#mayGoAhead(context, step, decision);
    this.#emergency = { step, why, ...(reviewBy === undefined ? {} : { reviewBy }) };
    for (const each of this.#approvals()) {
      if (this.#isInvoker(context, [each.voter, each.right?.owner])) this.#drop(each, 'ownEmergency');
    }
  }

  #mayGoAhead(
    context: RoundContext,
    step: TrailRecord,
    decision: Decision,
  ): { why: VoteRefusal | undefined; reviewBy?: Timestamp } {
    const refusal = personalRefusal(context, step, decision);
    if (refusal !== undefined) return { why: refusal };
    if (decision.reason === undefined) return { why: 'noReason' };
    const rule = emergencyOfGate(context.rules, this.#gate(context), step.time);
    if (rule === undefined) return { why: 'noEmergency' };
    const right = this.#rightOf(context, step, rule.roles);
    if (typeof right === 'string') return { why: right };
    return { why: undefined, reviewBy: hoursAfter(step.time, rule.reviewWithin) };
  }

  #judge(context: RoundContext, step: TrailRecord, decision: Decision): Ballot {
    const voter = step.data.actor && personOf(context.rules, step.data.actor, step.time);
    const ballot = { step, decision, voter, right: undefined };
    const refusal =
      this.#closedRefusal(step.time) ??
      this.#formRefusal(context, decision) ??
      personalRefusal(context, step, decision);
    if (refusal !== undefined) return { ...ballot, why: refusal };
    if (decision.verdict === 'override') {
      return { ...ballot, why: this.#isAhead() ? 'alreadyEmergency' : undefined };
    }
    const rule = this.#ruleAt(context, step.time);
    if (rule === undefined) return { ...ballot, why: 'noRule' };
    if (!rule.covers.every((kind) => this.#covers.some((covered) => covered.kind === kind)))
      return { ...ballot, why: 'coversTooLittle' };
    const roles = rule.entries.map(({ environment, rule: { role } }) => ({ environment, role }));
    const right = this.#rightOf(context, step, roles);
    const owners = typeof right === 'string' ? [] : [right.owner];
    // Whoever is kept out is told so, whatever role they hold.
    const kept = exclusionOf(context, rule.excluded, [...(voter === undefined ? [] : [voter]), ...owners]);
    if (kept !== undefined) return { ...ballot, why: kept };
    if (typeof right === 'string') return { ...ballot, why: right };
    if (this.#isInvoker(context, [voter, right.owner])) return { ...ballot, why: 'ownEmergency' };
    return { ...ballot, right, why: this.#rightRefusal(voter, right) };
  }

  #closedRefusal(time: Timestamp): VoteRefusal | undefined {
    if (!this.isClosed()) return undefined;
    return this.statusAt(time) === 'expired' ? 'afterExpiry' : 'notOpen';
  }

  #formRefusal({ kind }: RoundContext, decision: Decision): VoteRefusal | undefined {
    if (!this.manner.gate && decision.round !== undefined && decision.round !== this.number) return 'otherRound';
    if (decision.bypassed === true) return 'bypassed';
    if (decision.verdict === undefined) return 'noVerdict';
    if (kind === 'emergency' && decision.verdict === 'approve' && decision.reason === undefined) return 'noReason';
    return isForOtherBytes(decision.covers, this.#covers) ? 'otherBytes' : undefined;
  }

  /** An own vote comes before one that somebody else cast for it. */
  #rightRefusal(voter: string | undefined, right: Right): VoteRefusal | undefined {
    const own = this.#standing.find((each) => each.right?.owner === right.owner && each.voter === right.owner);
    return own !== undefined && own.voter !== voter ? 'rightUsed' : undefined;
  }

  /** Of one person the last vote counts, and of one right the owner's, else the last. */
  #giveWay(ballot: Ballot): void {
    for (const each of this.#standing) {
      if (each.decision.verdict === 'override') continue;
      if (each.voter === ballot.voter) this.#drop(each, 'superseded');
      else if (each.right?.owner === ballot.right?.owner) this.#drop(each, 'rightUsed');
    }
  }

  #drop(ballot: Ballot, why: VoteRefusal): void {
    ballot.why = why;
    this.#standing = this.#standing.filter((each) => each !== ballot);
  }

  /** After a vote that counts, or one that was taken back. */
  #count(context: RoundContext, step: TrailRecord, ballot: Ballot | undefined): void {
    const rejection = this.#standing.find(({ decision }) => decision.verdict === 'reject');
    const rule = this.#ruleAt(context, step.time);
    const isApproved = rejection === undefined && rule !== undefined && this.#isReached(context, rule, step.time);
    if (this.#closed !== undefined) {
      if (this.#closed.ballot === undefined) return;
      const stays = this.#closed.how === 'approved' ? isApproved : rejection !== undefined;
      if (stays) return;
      this.#reopenFrom(step.time);
    }
    if (rejection !== undefined) {
      this.#close('rejected', step, ballot ?? rejection);
    } else if (isApproved) {
      this.#close('approved', step, ballot ?? this.#standing.at(-1));
      if (rule.validFor !== undefined) this.#until = hoursAfter(step.time, rule.validFor);
    }
    if (this.#closed !== undefined) this.#version = context.rules.versionAt(step.time);
    if (this.#closed !== undefined && this.#isAhead()) this.#reviewedAt = step.time;
  }

  #close(how: Closed, by: TrailRecord, ballot: Ballot | undefined): void {
    this.#closed = { how, by, ballot };
  }

  /** What was part of an approval that has run out is part of no other. */
  #lapse(time: Timestamp): void {
    for (const each of this.#approvals()) this.#drop(each, 'lapsed');
    this.#reopenFrom(time);
  }

  #reopenFrom(time: Timestamp): void {
    if (this.#closed?.how === 'approved') {
      this.#formerly.push({ from: this.#closed.by.time, until: earlier(this.#until, time) });
    }
    this.#closed = undefined;
    this.#until = undefined;
    this.#version = undefined;
    this.#reviewedAt = undefined;
  }

  #gate({ project, kind }: RoundContext): Gate {
    return { project, kind, insteadOf: this.#asked.insteadOf, environments: this.#environments };
  }

  #ruleAt(context: RoundContext, time: Timestamp): GateRule | undefined {
    return ruleOfGate(context.rules, this.#gate(context), time);
  }

  #rightOf(
    context: RoundContext,
    step: TrailRecord,
    roles: readonly { readonly environment: string | undefined; readonly role: string }[],
  ): Right | VoteRefusal {
    const { rules, project, delegations } = context;
    const { actor } = step.data;
    if (actor === undefined || project === undefined) return 'voterUnknown';
    return findRight({ rules, project, voter: actor, roles, time: step.time, round: this.number, delegations });
  }

  #isInvoker({ rules }: RoundContext, names: readonly (string | undefined)[]): boolean {
    const invoker = this.#isAhead() ? this.#emergency?.step : undefined;
    const { actor } = invoker?.data ?? {};
    return actor !== undefined && invoker !== undefined && names.includes(personOf(rules, actor, invoker.time));
  }

  #approvals(): Ballot[] {
    return this.#standing.filter(({ decision }) => decision.verdict === 'approve');
  }

  #isReached(context: RoundContext, rule: GateRule, time: Timestamp): boolean {
    return this.#approvals().length >= rule.quorum && this.#missing(context, rule, time).length === 0;
  }

  /** Where all must vote: who of those that may has not. A vote cast for somebody is both persons'. */
  #missing(context: RoundContext, rule: GateRule, time: Timestamp): string[] {
    const { project, rules } = context;
    if (!rule.everybody || project === undefined) return [];
    const voted = new Set(this.#approvals().flatMap(({ voter, right }) => [voter, right?.owner]));
    const missing = new Set<string>();
    for (const { environment, rule: entry } of rule.entries) {
      if (entry.quorum !== 'all' && context.kind !== 'baseline') continue;
      for (const identity of rules.eligible(entry.role, project, environment, time)) {
        const delegator = rules.holds({ id: identity }, entry.role, project, environment, time).delegatedBy;
        if (voted.has(identity) || (delegator !== undefined && voted.has(delegator))) continue;
        if (exclusionOf(context, rule.excluded, [identity]) === undefined) missing.add(identity);
      }
    }
    return [...missing].sort();
  }

  #quorum(context: RoundContext, rule: GateRule, time: Timestamp): NonNullable<FoldedRound['quorum']> {
    const approvals = this.#approvals();
    const missing = this.#missing(context, rule, time);
    return {
      needed: Math.max(rule.quorum, rule.everybody ? approvals.length + missing.length : 0),
      reached: approvals.length,
      by: approvals.flatMap(({ voter }) => voter ?? []),
      ...(rule.everybody ? { missing } : {}),
    };
  }

  #foldEmergency(context: RoundContext, at: Timestamp): FoldedEmergency {
    const { step, why, reviewBy } = this.#emergency ?? { step: this.#begun, why: undefined };
    const reviewedAt = this.#reviewedAt;
    const isOverdue = why === undefined && reviewBy !== undefined && (reviewedAt ?? at) >= reviewBy;
    return {
      invoked: stepOf(context, step),
      ...(why === undefined ? {} : { why }),
      ...(reviewBy === undefined ? {} : { reviewBy }),
      ...(reviewedAt === undefined ? {} : { reviewedAt }),
      ...(isOverdue ? { overdue: true } : {}),
    };
  }
}

/** What is wrong with whoever took the step, not with the step. */
function personalRefusal({ rules }: RoundContext, step: TrailRecord, decision: Decision): VoteRefusal | undefined {
  const { actor } = step.data;
  if (decision.automated === true) return 'notAPerson';
  if (actor === undefined || actor.kind === 'unknown') return 'voterUnknown';
  if (actor.kind !== 'human') return 'notAPerson';
  const identity = rules.resolve(actor, step.time) ?? rules.resolve(actor);
  const kind = identity === undefined ? undefined : rules.kindOf(identity);
  return kind === undefined || kind === 'human' ? undefined : 'notAPerson';
}

const EXCLUSIONS: Readonly<Record<Excludable, VoteRefusal>> = {
  author: 'excludedAuthor',
  requester: 'excludedRequester',
  deployer: 'excludedDeployer',
};

function exclusionOf(
  context: RoundContext,
  excluded: readonly Excludable[],
  names: readonly string[],
): VoteRefusal | undefined {
  const sets = { author: context.authors, requester: context.requesters, deployer: context.deployers };
  const by = excluded.find((each) => names.some((name) => sets[each].has(name)));
  return by === undefined ? undefined : EXCLUSIONS[by];
}

/** A vote that names no bytes is for those that were asked for; of each kind that it names it must name the same. */
function isForOtherBytes(voted: Covers | undefined, asked: Covers): boolean {
  const idsOf = (covers: Covers, kind: string): string[] =>
    [...new Set(covers.flatMap((each) => (each.kind === kind ? [each.id] : [])))].sort();
  return (voted ?? []).some(({ kind }) => idsOf(voted ?? [], kind).join('\n') !== idsOf(asked, kind).join('\n'));
}

function environmentsOf(covers: Covers, begun: TrailRecord): string[] {
  const covered = covers.flatMap(({ kind, id }) => (kind === 'environment' ? [id] : []));
  const named = begun.data.target?.environment;
  return covered.length > 0 ? [...new Set(covered)] : named === undefined ? [] : [named];
}

function foldVote(context: RoundContext, { step, decision, right, why }: Ballot): FoldedVote {
  const { verdict, reason, covers } = decision;
  const lacks = verdict === 'reject' && reason === undefined ? ['reason'] : [];
  return {
    ...stepOf(context, step),
    ...(verdict === undefined ? {} : { verdict }),
    ...(reason === undefined ? {} : { reason }),
    counts: why === undefined,
    ...(why === undefined ? {} : { why }),
    ...(right?.delegatedBy === undefined ? {} : { delegatedBy: right.delegatedBy }),
    ...(lacks.length === 0 ? {} : { lacks }),
    ...(covers === undefined ? {} : { covers }),
  };
}

/** As a fold names a step. */
export function stepOf({ rules }: Pick<RoundContext, 'rules'>, { id, time, data }: TrailRecord): StepOf {
  const received = data.clock?.received?.at ?? data.clock?.enqueued?.at ?? data.collected?.enqueued ?? time;
  const by = data.actor && personOf(rules, data.actor, time);
  return { id, at: time, received, ...(by === undefined ? {} : { by }) };
}

function earlier(a: Timestamp | undefined, b: Timestamp): Timestamp {
  return a === undefined || b < a ? b : a;
}

function hoursAfter(time: Timestamp, hours: number): Timestamp {
  const end = Date.parse(time) + hours * HOUR;
  return end < Date.parse(LAST_TIME) ? formatTimestamp(Math.trunc(end)) : LAST_TIME;
}

function withoutUndefined<Value extends object>(
  value: Value,
): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof Value]?: Exclude<Value[Key], undefined>;
  };
}
