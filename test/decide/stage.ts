import type { DecisionRules, Holding, MatrixRule } from '../../shared/authorize/rules.ts';
import { foldRequest } from '../../shared/decide/fold-request.ts';
import type { RequestQuestion } from '../../shared/decide/fold-request.ts';
import type { FoldedRequest, FoldedRound } from '../../shared/decide/folded.ts';
import { SCHEMA_URI, parseRecord, recordId } from '../../shared/wire/record.ts';
import type { Actor, Decision, RecordData, TrailRecord } from '../../shared/wire/record.ts';
import { toRequestId } from '../../shared/wire/request-id.ts';

export const REQUEST = toRequestId('payments', 'seed');
export const PULL = 'https://github.com/acme/payments/pull/7';
export const COMMIT = 'a'.repeat(40);
export const OTHER_COMMIT = 'b'.repeat(40);

/** Minutes after nine. */
export function minute(minutes: number): string {
  return new Date(Date.parse('2026-11-23T09:00:00.000Z') + minutes * 60_000).toISOString();
}

export const LATER = minute(600);

export function person(name: string): Actor {
  return { kind: 'human', id: `entra:${name}`, name };
}

interface StepOptions {
  readonly who?: Actor | string | undefined;
  readonly at?: number;
  readonly id?: string;
  readonly request?: string;
  readonly source?: string;
  readonly related?: RecordData['related'];
  readonly details?: RecordData['details'];
  readonly type?: string;
}

let serial = 0;

/** A sealed step: of our own API where its request is one of ours, else of GitHub. */
export function step(decision: Omit<Decision, 'request'>, options: StepOptions = {}): TrailRecord {
  const { who = 'alice', at = 0, request = REQUEST, related, details } = options;
  const isOurs = request.includes('~');
  const actor = typeof who === 'string' ? person(who) : who;
  const time = minute(at);
  return parseRecord({
    specversion: '1.0',
    id: options.id ?? recordId(['test', String(serial++)]),
    type:
      options.type ?? (isOurs ? `indelible.decision.approval.${decision.step}` : 'indelible.decision.review.submitted'),
    time,
    source: 'urn:indelible:project:payments',
    dataschema: SCHEMA_URI,
    data: {
      category: 'decision',
      ...('who' in options && options.who === undefined ? {} : { actor }),
      action: 'test',
      outcome: 'succeeded',
      summary: 'test',
      ...(related === undefined ? {} : { related }),
      ...(details === undefined ? {} : { details }),
      decision: { ...decision, request },
      clock: { received: { at: time, by: 'collector' }, enqueued: { at: time, by: 'hub' } },
      project: 'payments',
      collected: {
        envelope: { source: options.source ?? (isOurs ? 'approvals' : 'github') },
        normalizer: 'test/1',
        partition: '0',
        sequenceNumber: 0,
        enqueued: time,
        record: 0,
        of: 1,
      },
      evidence: { sha256: '0'.repeat(64), size: 0, missing: 'absent' },
    },
  });
}

export const asked = (decision: Partial<Decision> = {}, options: StepOptions = {}): TrailRecord =>
  step({ kind: 'deployment', step: 'requested', title: 'Release 7', ...decision }, options);

export function voted(who: Actor | string, at: number, decision: Partial<Decision> = {}, options: StepOptions = {}) {
  return step({ step: 'voted', verdict: 'approve', ...decision }, { who, at, ...options });
}

interface Grant {
  readonly who: string;
  readonly role: string;
  readonly environment?: string;
  /** Minutes. */
  readonly from?: number;
  readonly until?: number;
  readonly delegatedBy?: string;
  readonly basis?: Holding['basis'];
}

export interface Book {
  readonly rules?: readonly (Partial<MatrixRule> & { readonly of?: string; readonly from?: number })[];
  readonly grants?: readonly Grant[];
  /** Identity to its accounts, beside `entra:<identity>`. */
  readonly accounts?: Readonly<Record<string, readonly string[]>>;
  readonly kinds?: Readonly<Record<string, 'human' | 'service' | 'ai'>>;
}

/** Who may vote in most tests: bob, carol, dora. */
export const APPROVERS: readonly Grant[] = ['bob', 'carol', 'dora'].map((who) => ({ who, role: 'approver' }));
/** Two of them are needed for a deployment. */
export const TWO: Book = { rules: [{ action: 'deployment.approve', quorum: 2 }], grants: APPROVERS };
/** One is. */
export const ONE: Book = { ...TWO, rules: [{ action: 'deployment.approve', quorum: 1 }] };

/** The rules as a test writes them: `of` an environment's name, `from` a minute on. */
export function rulesBy({ rules = [], grants = [], accounts = {}, kinds = {} }: Book): DecisionRules {
  const owners = new Map(Object.entries(accounts).flatMap(([who, ids]) => ids.map((id) => [id, who] as const)));
  const names = new Set([...grants.map(({ who }) => who), ...Object.keys(accounts)]);
  const resolve = ({ id }: { readonly id: string }): string | undefined => {
    const name = id.replace(/^entra:/, '');
    return owners.get(id) ?? (names.has(name) ? name : undefined);
  };
  const isHeld = (grant: Grant, role: string, environment: string | undefined, time: string): boolean =>
    grant.role === role &&
    (grant.environment === undefined || grant.environment === environment) &&
    minute(grant.from ?? -1_000) <= time &&
    (grant.until === undefined || time < minute(grant.until));
  return {
    versionAt: () => 'f'.repeat(64),
    ruleFor(action, _project, environment, time) {
      const found = rules.findLast(
        (each) =>
          each.action === action &&
          (each.of === undefined || each.of === environment) &&
          minute(each.from ?? -1_000) <= time,
      );
      return found === undefined
        ? undefined
        : {
            environmentClass: undefined,
            role: 'approver',
            quorum: 1,
            excluded: [],
            validFor: undefined,
            covers: [],
            emergency: undefined,
            ...found,
            action: found.action ?? 'deployment.approve',
          };
    },
    holds(who, role, _project, environment, time) {
      const name = resolve(who);
      const held = grants
        .filter((grant) => grant.who === name && isHeld(grant, role, environment, time))
        .sort((a, b) => Number(a.delegatedBy !== undefined) - Number(b.delegatedBy !== undefined))[0];
      if (held === undefined) return { held: false, basis: 'inForce' };
      const { delegatedBy, basis = 'inForce' } = held;
      return { held: basis !== 'unknown', basis, ...(delegatedBy === undefined ? {} : { delegatedBy }) };
    },
    eligible(role, _project, environment, time) {
      const held = grants.filter((grant) => isHeld(grant, role, environment, time));
      return [...new Set(held.map(({ who }) => who))].sort();
    },
    resolve,
    kindOf: (identity) => kinds[identity] ?? (names.has(identity) ? 'human' : undefined),
    compensatingControl: () => undefined,
  };
}

export function fold(
  steps: readonly TrailRecord[],
  book: Book = TWO,
  question: Partial<RequestQuestion> = {},
): FoldedRequest {
  return foldRequest({ request: REQUEST, steps, rules: rulesBy(book), at: LATER, ...question });
}

/** The round that the request's status is of. */
export function current(folded: FoldedRequest): FoldedRound {
  const round = folded.rounds.findLast((each) => each.round === folded.round);
  if (round === undefined) throw new Error('Nobody has asked.');
  return round;
}

/** Of each vote, in order: `counts`, or why it does not. */
export function verdicts(folded: FoldedRequest): string[] {
  return folded.rounds.flatMap(({ votes }) => votes.map(({ counts, why }) => (counts ? 'counts' : String(why))));
}
