import type { Actor, Decision, Grant } from '../../wire/record.ts';
import type { AuditEvent } from './event.ts';
import type { Rule } from './rule.ts';

/** Objects that stand for a request among an entry's targets. */
const REQUESTS = /^(?:request|approval|accesspackageassignmentrequest|accessreviewinstance|accessreview)/;

/**
 * Id of the request that the entry belongs to, so that its steps and what came of it join. One activation has several
 * correlation ids, because privileged identity management works asynchronously, but one `RoleAssignmentRequestId`.
 */
export function requestOf({ additional, targets }: AuditEvent): string | undefined {
  const id =
    additional.get('roleassignmentrequestid') ??
    additional.get('requestid') ??
    targets
      .find(({ kind, id: target }) => target !== undefined && REQUESTS.test(kind.toLowerCase()))
      ?.id?.replace(/^entra:/, '');
  return id === undefined ? undefined : `entra-request:${id.toLowerCase()}`;
}

/** What Entra writes as the reason where nobody gave one. */
const NO_REASON = /^(?:ok|success|succeeded|none|null|n\/a|successfully .*)$/i;

/** The reason that a person gave, with the request or the vote. */
export function reasonOf({ additional, reason }: AuditEvent): string | undefined {
  const stated = additional.get('justification') ?? additional.get('approverjustification');
  return stated ?? (reason === undefined || NO_REASON.test(reason) ? undefined : reason);
}

/** The step of a request that the entry is; undefined where it is none, or names no request. */
export function decisionOf(
  event: AuditEvent,
  rule: Rule,
  actor: Actor | undefined,
  grant: Grant | undefined,
): Decision | undefined {
  const request =
    requestOf(event) ??
    (event.correlation === undefined ? undefined : `entra-request:${event.correlation.toLowerCase()}`);
  if (rule.decision === undefined || request === undefined) return undefined;
  const { kind, step, verdict, automated } = rule.decision;
  const byMachine = step === 'voted' && (actor?.kind === 'service' || actor?.kind === 'ai');
  // The reason of a vote stands in the result; the justification is the requester's.
  const reason = step === 'voted' ? (event.reason ?? event.additional.get('approverjustification')) : reasonOf(event);
  const told = reason === undefined || NO_REASON.test(reason) ? undefined : reason;
  const title = titleOf(grant);
  return {
    kind,
    request,
    step,
    ...(verdict === undefined ? {} : { verdict }),
    ...(told === undefined ? {} : { reason: told }),
    ...(title === undefined ? {} : { title }),
    ...(automated === true || byMachine ? { automated: true } : {}),
  };
}

function titleOf(grant: Grant | undefined): string | undefined {
  if (grant?.role.name === undefined) return undefined;
  const who = grant.principal.name ?? grant.principal.id;
  return who === undefined ? grant.role.name : `${grant.role.name} for ${who}`;
}
