import type { Envelope } from '../wire/envelope.ts';
import type { JsonObject } from '../wire/json.ts';
import { DECISION_KINDS } from '../wire/record.ts';
import type { Actor, Decision, Link, RecordData } from '../wire/record.ts';
import { standingRequestId } from '../wire/request-id.ts';
import { toTimestamp, toZonedTimestamp } from '../wire/timestamp.ts';
import { parseBody } from './body.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';
import { at, textAt, uriAt } from './read.ts';
import {
  assuranceOf,
  claimTexts,
  defined,
  faultsOf,
  finite,
  link,
  listOf,
  longText,
  money,
  oneOf,
  sha256,
  shortText,
  statedIn,
  uri,
  warnOf,
  wholeNumber,
} from './stated.ts';
import type { Reader } from './stated.ts';
import { tokenCallerOf, tokenOriginOf } from './token-caller.ts';

/**
 * Steps of a request for a decision, as people and apps send them to the approvals API. Who and when come from the envelope,
 * written by the app that checked the token: the body can set neither. What it states wrongly or leaves out is sealed all
 * the same, and named in `details.incomplete` and `details.unreadable`; whether the step counts is the fold's to say.
 */
export const approvalsNormalizer: Normalizer = {
  source: 'approvals',
  version: 2,
  normalize(input) {
    return [draftOf(input)];
  },
};

const STEPS = ['requested', 'voted', 'withdrawn', 'reopened', 'delegated', 'revoked'] as const;
export type Step = (typeof STEPS)[number];
const ACTIONS: Readonly<Record<Step, string>> = {
  requested: 'approvals.request',
  voted: 'approvals.vote',
  withdrawn: 'approvals.withdraw',
  reopened: 'approvals.reopen',
  delegated: 'approvals.delegate',
  revoked: 'approvals.revoke',
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
    throw new Unrecognized('event', `The envelope names no step of a request: ${STEPS.join(', ')}.`);
  const request = envelope.subject ?? '';
  const project = REQUEST.exec(request)?.[1];
  if (project === undefined) throw new Unrecognized('envelope', 'The envelope names no request id.');
  const actor = tokenCallerOf(envelope);
  const body = bodyOf(input.body, step);

  const { decision, links, unreadable } = readDecision(body, step, request, envelope);
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
      outcome: step === 'requested' || step === 'reopened' ? 'pending' : 'succeeded',
      summary: summaryOf(actor, step, decision),
      target: {
        kind: 'request',
        id: request,
        ...(decision.title === undefined ? {} : { name: decision.title }),
        ...(environment === undefined ? {} : { environment }),
      },
      details: faultsOf(incomplete, unreadable),
      origin: tokenOriginOf(envelope),
      decision,
      clock: clockOf(envelope, step, decision),
      links: linksOf(request, decision, links),
    },
  };
}

/** Steps that may say nothing, so that nobody has to send anything with them. */
const MAY_BE_EMPTY: readonly Step[] = ['withdrawn', 'revoked'];

function bodyOf(bytes: Buffer, step: Step): JsonObject {
  return MAY_BE_EMPTY.includes(step) && bytes.length === 0 ? {} : parseBody(bytes);
}

/** What the body states, member by member; `unreadable`: members that are there in another form than theirs. */
function readDecision(
  body: JsonObject,
  step: Step,
  request: string,
  envelope: Envelope,
): { decision: Decision; links: readonly Link[]; unreadable: readonly string[] } {
  const { read, unreadable } = statedIn(body);
  const kind = read('kind', oneOf(DECISION_KINDS));
  const stated = {
    round: read('round', wholeNumber),
    verdict: step === 'voted' ? read('verdict', oneOf(['approve', 'reject', 'override'] as const)) : undefined,
    reason: read('reason', longText),
    title: read('title', shortText),
    covers: read('covers', listOf(covered)),
    shown: read('shown', sha256),
    openedAt: read('openedAt', toZonedTimestamp),
    neededBy: read('neededBy', toZonedTimestamp),
    assurance: assuranceOf(envelope),
    roles: claimTexts(envelope, 'roles'),
    delegation: step === 'delegated' || step === 'revoked' ? delegationIn(read) : undefined,
    insteadOf: read('insteadOf', oneOf(DECISION_KINDS)),
    automated: step === 'voted' && textAt(envelope.claims, 'idtyp') === 'app' ? true : undefined,
    baseline: read('baseline', sha256),
    items: read('items', listOf(item)),
    cost: read('cost', money),
    workingDays: read('workingDays', finite),
    securityImpact: read('securityImpact', longText),
    rollback: read('rollback', longText),
  };
  const links = read('links', listOf(link)) ?? [];
  return {
    decision: { ...(kind === undefined ? {} : { kind }), request, step, ...defined(stated) },
    links,
    unreadable,
  };
}

/** Whose account votes in place of the caller's. Without `to` a revocation is of the caller's own vote. */
function delegationIn(read: ReturnType<typeof statedIn>['read']): Decision['delegation'] {
  const to = read('to', uri);
  const further = { role: read('role', shortText), until: read('until', toZonedTimestamp) };
  return to === undefined ? undefined : { to, ...defined(further) };
}

/** What a step cannot be understood without. Nothing else is required: of all but the first the request's kind holds. */
function missingIn(decision: Decision): readonly string[] {
  const { step, request, kind, title, verdict, reason, delegation } = decision;
  const missing: string[] = [];
  if (step === 'requested' && kind === undefined) missing.push('kind');
  if (step === 'requested' && title === undefined) missing.push('title');
  if (step === 'voted' && verdict === undefined) missing.push('verdict');
  const isStanding = request === standingRequestId(request.split('~')[0] ?? '');
  if ((step === 'delegated' || (step === 'revoked' && isStanding)) && delegation === undefined) missing.push('to');
  if (step === 'delegated' && isStanding && delegation !== undefined) {
    if (delegation.role === undefined) missing.push('role');
    if (delegation.until === undefined) missing.push('until');
  }
  const isDecisive = step === 'requested' || step === 'voted' || step === 'reopened';
  const mustSayWhy = verdict === 'reject' || verdict === 'override' || kind === 'emergency';
  if (isDecisive && mustSayWhy && reason === undefined) missing.push('reason');
  return missing;
}

/**
 * What the caller of a step should know before others read it: one sentence, or undefined where nothing is amiss. The step is
 * sealed all the same. `request`: its id.
 */
export function warnOfStep(bytes: Buffer, step: Step, request: string): string | undefined {
  return warnOf(() => {
    const { decision, unreadable } = readDecision(bodyOf(bytes, step), step, request, { source: 'approvals' });
    return { incomplete: missingIn(decision), unreadable };
  });
}

const covered: Reader<NonNullable<Decision['covers']>[number]> = (value) => {
  const kind = oneOf(['commit', 'artifact', 'plan', 'environment', 'snapshot'] as const)(at(value, 'kind'));
  const id = uriAt(value, 'id');
  return kind === undefined || id === undefined ? undefined : { kind, id };
};

const item: Reader<NonNullable<Decision['items']>[number]> = (value) => {
  const change = oneOf(['add', 'change', 'remove'] as const)(at(value, 'change'));
  const id = uriAt(value, 'id');
  const stated = {
    title: shortText(at(value, 'title')),
    cost: money(at(value, 'cost')),
    days: finite(at(value, 'days')),
  };
  if (change === undefined || id === undefined) return undefined;
  if (Object.entries(stated).some(([member, read]) => read === undefined && at(value, member) !== undefined))
    return undefined;
  return { change, id, ...defined(stated) };
};

function clockOf(envelope: Envelope, step: Step, decision: Decision): NonNullable<RecordData['clock']> {
  const received = toTimestamp(envelope.received);
  return {
    ...(received === undefined || (step !== 'requested' && step !== 'reopened')
      ? {}
      : { requested: { at: received, by: 'collector' } }),
    ...(decision.openedAt === undefined ? {} : { opened: { at: decision.openedAt, by: 'source' } }),
    ...(received === undefined || step !== 'voted' ? {} : { decided: { at: received, by: 'collector' } }),
  };
}

/** What the approval binds to joins it with what was built and deployed; `stated`: what else its sender says it is about. */
function linksOf(request: string, decision: Decision, stated: readonly Link[] = []): Link[] {
  const links: Link[] = [{ kind: 'request', id: request }];
  for (const { kind, id } of decision.covers ?? []) {
    if (kind === 'commit' || kind === 'artifact') links.push({ kind, id });
  }
  const isNew = ({ kind, id }: Link): boolean => !links.some((each) => each.kind === kind && each.id === id);
  return [...links, ...stated.filter(isNew)];
}

function summaryOf(actor: Actor, step: Step, decision: Decision): string {
  const who = actor.name ?? actor.id;
  const why = decision.reason === undefined ? '' : `: ${decision.reason}`;
  switch (step) {
    case 'requested':
      return cutMasked(
        `${who} asked for a decision (${decision.kind ?? 'of no known kind'}): ${decision.title ?? 'untitled'}`,
        'long',
      );
    case 'voted':
      return cutMasked(`${who} voted ${decision.verdict ?? 'without a verdict'} on ${decision.request}${why}`, 'long');
    case 'withdrawn':
      return cutMasked(`${who} withdrew ${decision.request}${why}`, 'long');
    case 'reopened':
      return cutMasked(`${who} reopened ${decision.request}${why}`, 'long');
    case 'delegated':
      return cutMasked(
        `${who} delegated ${ballotOf(decision)} to ${decision.delegation?.to ?? 'nobody'}${why}`,
        'long',
      );
    case 'revoked':
      return cutMasked(
        decision.delegation === undefined
          ? `${who} took back the vote on ${decision.request}${why}`
          : `${who} ended the delegation of ${ballotOf(decision)} to ${decision.delegation.to}${why}`,
        'long',
      );
  }
}

/** What is voted on by somebody else. */
function ballotOf({ request, delegation }: Decision): string {
  if (delegation?.role === undefined) return `the vote on ${request}`;
  const until = delegation.until === undefined ? '' : ` until ${delegation.until}`;
  return `the votes of the role ${delegation.role}${until}`;
}
