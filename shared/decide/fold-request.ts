import { actionOfKind } from '../authorize/actions.ts';
import type { DecisionRules } from '../authorize/rules.ts';
import type { Decision, Principal, TrailRecord } from '../wire/record.ts';
import { projectOfRequest, standingRequestId } from '../wire/request-id.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { Delegations } from './delegations.ts';
import type { FoldedRequest, IgnoredStep, StepRefusal } from './folded.ts';
import { PersonSet, personOf } from './persons.ts';
import { Round, stepOf } from './round.ts';
import type { RoundContext, RoundManner } from './round.ts';

export interface RequestQuestion {
  /** Id of the request. */
  readonly request: string;
  /** Its sealed records in the order of the log, redeliveries and all. Others among them are passed over. */
  readonly steps: readonly TrailRecord[];
  /** Those of the project's standing delegations (`standingRequestId`), in the order of their log. */
  readonly standing?: readonly TrailRecord[] | undefined;
  readonly rules: DecisionRules;
  /** What holds then: steps that happened later are not looked at. */
  readonly at: Timestamp;
  /** What other records of the chain say of the people in it, beside the steps themselves. */
  readonly known?:
    | { readonly authors?: readonly Principal[] | undefined; readonly deployers?: readonly Principal[] | undefined }
    | undefined;
}

/** By which part records name those whom the matrix can keep out. */
const AUTHORS: ReadonlySet<string> = new Set(['author', 'coAuthor', 'headAuthor']);
const DEPLOYERS: ReadonlySet<string> = new Set(['deployer', 'triggeredBy', 'initiator']);

/**
 * What holds of a request at a time. Pure and total: the same steps and rules give the same answer, whatever the records hold.
 * Steps fold in the order of the log; one that came again stands where it came first. A vote is judged by the rules in force
 * when it was cast; that the request was open, by what the log says before it.
 */
export function foldRequest(question: RequestQuestion): FoldedRequest {
  const { request, at } = question;
  const steps = stepsOf(question.steps, request, at);
  const fold = new RequestFold(question, steps);
  for (const step of steps) fold.take(step);
  return fold.result();
}

/** One step, and what it says of the request. */
interface Step {
  readonly record: TrailRecord;
  readonly decision: Decision;
}

function stepsOf(records: readonly TrailRecord[], request: string, at: Timestamp): Step[] {
  const isForeign = projectOfRequest(request) === undefined;
  const seen = new Set<string>();
  const steps: Step[] = [];
  for (const record of records) {
    const { decision } = record.data;
    if (decision?.request !== request || record.time > at || seen.has(record.id)) continue;
    // Whoever can forge what a source sends must not vote on a request of our own API by naming its id.
    if (isGate(record) !== isForeign) continue;
    seen.add(record.id);
    steps.push({ record, decision });
  }
  return steps;
}

class RequestFold {
  readonly #question: RequestQuestion;
  readonly #context: RoundContext & { readonly requesterNames: string[] };
  readonly #own: Delegations;
  readonly #rounds: Round[] = [];
  /** By what tells rounds of a source apart: the attempt, or the commit. */
  readonly #byKey = new Map<string, Round>();
  readonly #ignored: IgnoredStep[] = [];
  #title: string | undefined;
  #current: Round | undefined;

  constructor(question: RequestQuestion, steps: readonly Step[]) {
    const { request, rules, standing = [], at, known } = question;
    this.#question = question;
    this.#own = new Delegations(rules);
    const all = new Delegations(rules);
    const project = projectOf(request, steps);
    for (const { record, decision } of stepsOf(standing, project === undefined ? '' : standingRequestId(project), at)) {
      if (decision.step === 'delegated') all.delegate(record, undefined);
      if (decision.step === 'revoked') all.revoke(record);
    }
    this.#context = {
      rules,
      project,
      kind: kindOf(request, steps),
      requesters: new PersonSet(),
      requesterNames: [],
      authors: personsOf(rules, steps, AUTHORS, known?.authors),
      deployers: personsOf(rules, steps, DEPLOYERS, known?.deployers),
      delegations: [this.#own, all],
    };
  }

  take({ record, decision }: Step): void {
    this.#title ??= decision.title;
    const why = this.#apply(record, decision);
    if (why === undefined) return;
    this.#ignored.push({ ...stepOf(this.#context, record), step: decision.step, why });
  }

  #apply(record: TrailRecord, decision: Decision): StepRefusal | undefined {
    switch (decision.step) {
      case 'requested':
        return this.#ask(record, decision);
      case 'voted':
        return this.#vote(record, decision);
      case 'withdrawn':
        return this.#roundOf(record, decision)?.withdraw(this.#context, record) ?? this.#unlessAsked();
      case 'expired':
        return this.#roundOf(record, decision)?.expire(record) ?? this.#unlessAsked();
      case 'reopened':
        return this.#reopen(record, decision);
      case 'delegated':
        return this.#own.delegate(record, this.#current?.number ?? 0);
      case 'revoked':
        return this.#revoke(record, decision);
    }
  }

  #unlessAsked(): StepRefusal | undefined {
    return this.#current === undefined ? 'notAsked' : undefined;
  }

  #ask(record: TrailRecord, decision: Decision): StepRefusal | undefined {
    const known = this.#roundOf(record, decision);
    const isNew = this.#current === undefined || (isGate(record) && known === undefined);
    // Who asks again, of a gate, asks for one more reviewer.
    if (isNew || isGate(record)) this.#addRequester(record);
    if (!isNew) return isGate(record) ? undefined : 'askedAlready';
    this.#begin(record, decision);
    return undefined;
  }

  #vote(record: TrailRecord, decision: Decision): StepRefusal | undefined {
    let round = this.#roundOf(record, decision);
    // A source that runs a gate need not tell that it waits.
    if (round === undefined && isGate(record)) round = this.#begin(record, decision);
    if (round === undefined) return 'notAsked';
    round.vote(this.#context, record, decision);
    return undefined;
  }

  #reopen(record: TrailRecord, decision: Decision): StepRefusal | undefined {
    const before = this.#current;
    if (before === undefined) return 'notAsked';
    const isOpen = ['open', 'emergency'].includes(before.statusAt(record.time));
    if (isOpen && !isGate(record)) return 'stillOpen';
    this.#addRequester(record);
    before.endAt(record.time);
    this.#begin(record, decision, before);
    return undefined;
  }

  #revoke(record: TrailRecord, decision: Decision): StepRefusal | undefined {
    if (decision.delegation !== undefined) return this.#own.revoke(record);
    const { actor, related = [] } = record.data;
    // Of a review that was dismissed the actor is who dismissed it.
    const reviewer = related.find(({ part }) => part === 'reviewer') ?? actor;
    if (reviewer === undefined) return 'noVote';
    const person = personOf(this.#context.rules, reviewer, record.time);
    const keyed = this.#roundOf(record, decision);
    return keyed === undefined ? 'notAsked' : keyed.revoke(this.#context, record, person);
  }

  #begin(record: TrailRecord, decision: Decision, before?: Round): Round {
    const key = isGate(record) ? keyOf(decision) : undefined;
    const stated = isGate(record) ? decision.round : undefined;
    const number = stated ?? this.#rounds.length;
    const manner = mannerOf(record, this.#context.kind);
    const round = new Round(number, record, decision, before, manner);
    this.#rounds.push(round);
    if (key !== undefined) this.#byKey.set(key, round);
    if (this.#isNewer(round, record)) this.#current = round;
    if (this.#context.kind === 'emergency' && decision.step !== 'voted') round.askEmergency(this.#context);
    return round;
  }

  /** A step may come late, of an attempt or a commit that another one has followed. */
  #isNewer(round: Round, { data }: TrailRecord): boolean {
    if (this.#current === undefined) return true;
    if (data.details?.['reviewedHead'] === false) return false;
    return !round.manner.gate || round.number >= this.#current.number || round.manner.live;
  }

  /** The round that a step is of; undefined: one that nobody has asked for yet. */
  #roundOf(record: TrailRecord, decision: Decision): Round | undefined {
    const key = isGate(record) ? keyOf(decision) : undefined;
    return key === undefined ? this.#current : this.#byKey.get(key);
  }

  #addRequester({ data: { actor }, time }: TrailRecord): void {
    const { rules, requesters, requesterNames } = this.#context;
    for (const who of [actor, actor?.onBehalfOf]) {
      if (who === undefined) continue;
      requesters.add(rules, who, time);
      const name = personOf(rules, who, time);
      if (!requesterNames.includes(name)) requesterNames.push(name);
    }
  }

  result(): FoldedRequest {
    const { request, at } = this.#question;
    const { project, kind } = this.#context;
    return {
      request,
      ...(project === undefined ? {} : { project }),
      ...(kind === undefined ? {} : { kind, action: actionOfKind(kind) }),
      ...(this.#title === undefined ? {} : { title: this.#title }),
      at,
      status: this.#current?.statusAt(at) ?? 'unasked',
      rounds: this.#rounds.map((round) => round.fold(this.#context, at)),
      ...(this.#current === undefined ? {} : { round: this.#current.number }),
      ignored: this.#ignored,
    };
  }
}

/** The project that the id names, else the one that the sealer found a step to be of. */
function projectOf(request: string, steps: readonly Step[]): string | undefined {
  const { record } = steps.find((each) => each.record.data.project !== undefined) ?? {};
  return projectOfRequest(request) ?? record?.data.project;
}

/** Of our own API who asks says it: a vote that names another kind is one on what was asked for. */
function kindOf(request: string, steps: readonly Step[]): Decision['kind'] {
  const isForeign = projectOfRequest(request) === undefined;
  const says = ({ decision: { step, kind } }: Step): boolean =>
    kind !== undefined && (isForeign || step === 'requested' || step === 'reopened');
  return steps.find(says)?.decision.kind;
}

/** True for a step of a gate that another system runs: only our own API takes steps one by one and judges none of them. */
function isGate({ data }: TrailRecord): boolean {
  return data.collected?.envelope?.source !== 'approvals';
}

function mannerOf(record: TrailRecord, kind: Decision['kind']): RoundManner {
  const gate = isGate(record);
  return { gate, live: gate && kind === 'codeReview' };
}

/** Attempts of a run, and commits of a pull request, are rounds of their own: a verdict on one is none on another. */
function keyOf({ kind, round, covers = [] }: Decision): string | undefined {
  if (round !== undefined) return `#${round}`;
  if (kind !== 'codeReview') return undefined;
  const commits = covers.flatMap((each) => (each.kind === 'commit' ? [each.id] : []));
  return commits.length === 0 ? undefined : commits.sort().join(' ');
}

function personsOf(
  rules: DecisionRules,
  steps: readonly Step[],
  parts: ReadonlySet<string>,
  known: readonly Principal[] = [],
): PersonSet {
  const persons = new PersonSet();
  for (const { record } of steps) {
    for (const { part, id } of record.data.related ?? []) {
      if (parts.has(part)) persons.add(rules, { id }, record.time);
    }
  }
  const first = steps[0]?.record.time;
  for (const each of known) if (first !== undefined) persons.add(rules, each, first);
  return persons;
}
