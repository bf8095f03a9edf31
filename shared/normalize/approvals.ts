import { FormatError } from '../errors.ts';
import type { Envelope } from '../wire/envelope.ts';
import { isObject, parseJson } from '../wire/json.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { DECISION_KINDS } from '../wire/record.ts';
import type { Actor, Decision, Link, RecordData } from '../wire/record.ts';
import { cutText } from '../wire/text.ts';
import { toTimestamp, toZonedTimestamp } from '../wire/timestamp.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';
import { at, longTextAt, numberAt, textAt, uriAt } from './read.ts';
import { tokenCallerOf, tokenOriginOf } from './token-caller.ts';

/**
 * Steps of a request for a decision, as people and apps send them to the approvals API. Who and when come from the envelope,
 * written by the app that checked the token: the body can set neither. What it states wrongly or leaves out is sealed all
 * the same, and named in `details.incomplete` and `details.unreadable`; whether the step counts is the fold's to say.
 */
export const approvalsNormalizer: Normalizer = {
  source: 'approvals',
  version: 1,
  normalize(input) {
    return [draftOf(input)];
  },
};

const STEPS = ['requested', 'voted', 'withdrawn'] as const;
export type Step = (typeof STEPS)[number];
const ACTIONS: Readonly<Record<Step, string>> = {
  requested: 'approvals.request',
  voted: 'approvals.vote',
  withdrawn: 'approvals.withdraw',
};
const REQUEST = /^([a-z0-9][a-z0-9-]{0,62})~[0-9a-f-]{36}$/;

/**
 * What the envelope alone says, which holds whatever the body is: which step of which request. For records of bodies that
 * cannot be read, so that nobody who looks for the request misses them. undefined where it names no step of a request.
 */
export function describeStep(envelope: Envelope): Pick<RecordData, 'target' | 'decision' | 'links'> | undefined {
  const step = STEPS.find((each) => each === envelope.event);
  const request = envelope.subject;
  if (envelope.source !== approvalsNormalizer.source || step === undefined || request === undefined) return undefined;
  if (!REQUEST.test(request)) return undefined;
  const decision = { request, step };
  return { target: { kind: 'request', id: request }, decision, links: linksOf(request, decision) };
}

function draftOf(input: NormalizerInput): RecordDraft {
  const { envelope } = input;
  const step = STEPS.find((each) => each === envelope.event);
  if (step === undefined)
    throw new Unrecognized('event', 'The envelope names no step of a request: requested, voted or withdrawn.');
  const request = envelope.subject ?? '';
  const project = REQUEST.exec(request)?.[1];
  if (project === undefined) throw new Unrecognized('envelope', 'The envelope names no request id.');
  const actor = tokenCallerOf(envelope);
  const body = bodyOf(input.body, step);

  const { decision, unreadable } = readDecision(body, step, request, envelope);
  const incomplete = missingIn(decision);
  const environment = decision.covers?.find((covered) => covered.kind === 'environment')?.id;
  return {
    part: '',
    type: `indelible.decision.approval.${step}`,
    source: `urn:indelible:project:${project}`,
    subject: request,
    // Our receipt, never the body's word; absent only where the envelope lacks it, and then the hub's time counts.
    time: toTimestamp(envelope.received),
    data: {
      actor,
      action: ACTIONS[step],
      outcome: step === 'requested' ? 'pending' : 'succeeded',
      summary: summaryOf(actor, step, decision),
      target: {
        kind: 'request',
        id: request,
        ...(decision.title === undefined ? {} : { name: decision.title }),
        ...(environment === undefined ? {} : { environment }),
      },
      details: {
        ...(incomplete.length === 0 ? {} : { incomplete: incomplete.join(',') }),
        ...(unreadable.length === 0 ? {} : { unreadable: unreadable.join(',') }),
      },
      origin: tokenOriginOf(envelope),
      decision,
      clock: clockOf(envelope, step, decision),
      links: linksOf(request, decision),
    },
  };
}

function bodyOf(bytes: Buffer, step: Step): JsonObject {
  // Nothing in a withdrawal is required, so nobody has to send anything with it.
  if (step === 'withdrawn' && bytes.length === 0) return {};
  let json: Json;
  try {
    json = parseJson(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw new Unrecognized('json', error.message);
    throw error;
  }
  if (!isObject(json)) throw new Unrecognized('shape', 'The body is not a JSON object.');
  return json;
}

/** Reads one member of the body: undefined where its form is wrong. */
type Reader<Value> = (value: unknown) => Value | undefined;

/** What the body states, member by member; `unreadable`: members that are there in another form than theirs. */
function readDecision(
  body: JsonObject,
  step: Step,
  request: string,
  envelope: Envelope,
): { decision: Decision; unreadable: readonly string[] } {
  const unreadable: string[] = [];
  const read = <Value>(member: string, reader: Reader<Value>): Value | undefined => {
    const stated = at(body, member);
    if (stated === undefined || stated === null || stated === '') return undefined;
    const value = reader(stated);
    if (value === undefined) unreadable.push(member);
    return value;
  };
  const kind = read('kind', oneOf(DECISION_KINDS));
  const stated = {
    round: read('round', wholeNumber),
    verdict: step === 'voted' ? read('verdict', oneOf(['approve', 'reject', 'override'] as const)) : undefined,
    reason: read('reason', long),
    title: read('title', short),
    covers: read('covers', listOf(covered)),
    shown: read('shown', sha256),
    openedAt: read('openedAt', toZonedTimestamp),
    neededBy: read('neededBy', toZonedTimestamp),
    assurance: assuranceOf(envelope),
    roles: claimTexts(envelope, 'roles'),
    automated: step === 'voted' && claimText(envelope, 'idtyp') === 'app' ? true : undefined,
    baseline: read('baseline', sha256),
    items: read('items', listOf(item)),
    cost: read('cost', money),
    workingDays: read('workingDays', finite),
    securityImpact: read('securityImpact', long),
    rollback: read('rollback', long),
  };
  return { decision: { ...(kind === undefined ? {} : { kind }), request, step, ...defined(stated) }, unreadable };
}

/** What a step cannot be understood without. Nothing else is required: of a vote or a withdrawal the request's kind holds. */
function missingIn({ step, kind, title, verdict, reason }: Decision): readonly string[] {
  const missing: string[] = [];
  if (step === 'requested' && kind === undefined) missing.push('kind');
  if (step === 'requested' && title === undefined) missing.push('title');
  if (step === 'voted' && verdict === undefined) missing.push('verdict');
  const mustSayWhy = verdict === 'reject' || verdict === 'override' || kind === 'emergency';
  if (mustSayWhy && step !== 'withdrawn' && reason === undefined) missing.push('reason');
  return missing;
}

/**
 * What the caller of a step should know before others read it: one sentence, or undefined where nothing is amiss. The step is
 * sealed all the same.
 */
export function warnOfStep(bytes: Buffer, step: Step): string | undefined {
  try {
    const { decision, unreadable } = readDecision(bodyOf(bytes, step), step, '', { source: 'approvals' });
    const missing = missingIn(decision);
    const said = [
      ...(missing.length === 0 ? [] : [`it lacks ${missing.join(', ')}`]),
      ...(unreadable.length === 0 ? [] : [`it cannot be read at ${unreadable.join(', ')}`]),
    ];
    return said.length === 0 ? undefined : `Sealed as it came, but ${said.join(', and ')}: send it again, corrected.`;
  } catch (error) {
    if (!(error instanceof Unrecognized)) throw error;
    return `The body could not be read and says nothing; it is sealed as it came. ${error.message}`;
  }
}

function oneOf<const Value extends string>(values: readonly Value[]): Reader<Value> {
  return (value) => values.find((each) => each === value);
}
const short: Reader<string> = (value) => textAt({ value }, 'value');
const long: Reader<string> = (value) => longTextAt({ value }, 'value');
const finite: Reader<number> = (value) => numberAt({ value }, 'value');
const wholeNumber: Reader<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
const sha256: Reader<string> = (value) =>
  typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;

/** All or nothing: half of a list would cover less than was stated, and look whole. */
function listOf<Value>(reader: Reader<Value>): Reader<Value[]> {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const read = value.map(reader);
    return read.includes(undefined) ? undefined : (read as Value[]);
  };
}

const covered: Reader<NonNullable<Decision['covers']>[number]> = (value) => {
  const kind = oneOf(['commit', 'artifact', 'plan', 'environment', 'snapshot'] as const)(at(value, 'kind'));
  const id = uriAt(value, 'id');
  return kind === undefined || id === undefined ? undefined : { kind, id };
};

/** The amount is decimal text: a JSON number would lose cents on the way. */
const money: Reader<NonNullable<Decision['cost']>> = (value) => {
  const amount = textAt(value, 'amount');
  const currency = textAt(value, 'currency');
  if (amount === undefined || currency === undefined) return undefined;
  return /^-?\d{1,18}(?:\.\d{1,6})?$/.test(amount) && /^[A-Z]{3}$/.test(currency) ? { amount, currency } : undefined;
};

const item: Reader<NonNullable<Decision['items']>[number]> = (value) => {
  const change = oneOf(['add', 'change', 'remove'] as const)(at(value, 'change'));
  const id = uriAt(value, 'id');
  const stated = { title: short(at(value, 'title')), cost: money(at(value, 'cost')), days: finite(at(value, 'days')) };
  if (change === undefined || id === undefined) return undefined;
  if (Object.entries(stated).some(([member, read]) => read === undefined && at(value, member) !== undefined))
    return undefined;
  return { change, id, ...defined(stated) };
};

function assuranceOf(envelope: Envelope): Decision['assurance'] {
  const issuer = claimText(envelope, 'iss');
  const authenticatedAt = toTimestamp(Number(claimText(envelope, 'auth_time')));
  const methods = claimTexts(envelope, 'amr');
  const contexts = claimTexts(envelope, 'acrs');
  const assurance = defined({ issuer, authenticatedAt, methods, contexts });
  return Object.keys(assurance).length === 0 ? undefined : assurance;
}

function clockOf(envelope: Envelope, step: Step, decision: Decision): NonNullable<RecordData['clock']> {
  const received = toTimestamp(envelope.received);
  return {
    ...(received === undefined || step !== 'requested' ? {} : { requested: { at: received, by: 'collector' } }),
    ...(decision.openedAt === undefined ? {} : { opened: { at: decision.openedAt, by: 'source' } }),
    ...(received === undefined || step !== 'voted' ? {} : { decided: { at: received, by: 'collector' } }),
  };
}

/** What the approval binds to joins it with what was built and deployed. */
function linksOf(request: string, decision: Decision): Link[] {
  const links: Link[] = [{ kind: 'request', id: request }];
  for (const { kind, id } of decision.covers ?? []) {
    if (kind === 'commit' || kind === 'artifact') links.push({ kind, id });
  }
  return links;
}

function summaryOf(actor: Actor, step: Step, decision: Decision): string {
  const who = actor.name ?? actor.id;
  const why = decision.reason === undefined ? '' : `: ${decision.reason}`;
  switch (step) {
    case 'requested':
      return cutText(
        `${who} asked for a decision (${decision.kind ?? 'of no known kind'}): ${decision.title ?? 'untitled'}`,
        'long',
      );
    case 'voted':
      return cutText(`${who} voted ${decision.verdict ?? 'without a verdict'} on ${decision.request}${why}`, 'long');
    case 'withdrawn':
      return cutText(`${who} withdrew ${decision.request}${why}`, 'long');
  }
}

function claimText(envelope: Envelope, name: string): string | undefined {
  return textAt(envelope.claims, name);
}

function claimTexts(envelope: Envelope, name: string): string[] | undefined {
  const value = at(envelope.claims, name);
  const texts = (Array.isArray(value) ? value : [value]).flatMap((each) =>
    typeof each === 'string' && each !== '' ? [cutText(each)] : [],
  );
  return texts.length === 0 ? undefined : texts;
}

/** Without the members that are undefined. */
function defined<Value extends object>(value: Value): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof Value]?: Exclude<Value[Key], undefined>;
  };
}
