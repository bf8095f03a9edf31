import type { Actor, Decision } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutMasked } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idAt, longTextAt, objectAt, objectsAt, textAt, timeAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { hashOf } from './address.ts';
import { draftOf, htmlUrl, linkTo } from './draft.ts';
import type { Delivery } from './draft.ts';
import { saidOf, spoken, verbOf } from './verb.ts';

/**
 * `exemption_request_…`, `bypass_request_…`, `dismissal_request_…`: somebody asks to be let past a rule (a push ruleset,
 * push protection, the duty to solve an alert), and those who may say so decide. Whoever says yes accepts a risk.
 */
export function normalizeExemption(delivery: Delivery): readonly RecordDraft[] {
  const { event, action = '', payload, source } = delivery;
  const request = objectAt(payload, 'exemption_request');
  const response = objectAt(payload, 'exemption_response');
  const id = idAt(request, 'number') ?? idAt(request, 'id') ?? '';
  const url = cutMasked(htmlUrl(request, source) ?? `${source}/exemptions/${id}`, 'uri');
  const decision = decisionOf(delivery, request, response, url);
  const verb =
    decision?.verdict === 'approve'
      ? 'approved'
      : decision?.verdict === 'reject'
        ? 'rejected'
        : verbOf(delivery.action);
  const asked = action === 'created';
  const reviewer = personOf(delivery, response, 'reviewer');
  const requester = personOf(delivery, request, 'requester');
  const kind = textAt(request, 'request_type');
  const resource = textAt(request, 'resource_identifier');
  return [
    draftOf(delivery, {
      category: 'decision',
      object: event,
      verb,
      time: asked
        ? timeAt(request, 'created_at')
        : action === 'response_submitted'
          ? timeAt(response, 'created_at')
          : undefined,
      subject: `exemptions/${id}`,
      outcome: asked ? 'pending' : 'succeeded',
      actor: (asked ? requester : action === 'response_submitted' ? reviewer : undefined) ?? delivery.sender,
      target: { kind: 'exemptionRequest', id: url, ...(kind === undefined ? {} : { name: kind }) },
      related: [relatedPerson('requester', requester), relatedPerson('reviewer', reviewer)],
      details: {
        requestType: kind,
        status: textAt(request, 'status'),
        resource,
        requesterComment: longTextAt(request, 'requester_comment'),
        responseStatus: textAt(response, 'status'),
        expiresAt: timeAt(request, 'expires_at'),
        rules: objectsAt(request, 'exemption_request_data', 'data')
          .flatMap(
            (each) =>
              textAt(each, 'ruleset_name') ??
              textAt(each, 'rule_type') ??
              textAt(each, 'secret_type') ??
              idAt(each, 'alert_number') ??
              [],
          )
          .join(', '),
      },
      decision,
      clock: { requested: timeAt(request, 'created_at'), decided: timeAt(response, 'created_at') },
      links: [linkTo('request', url), linkTo('commit', hashOf(resource))],
      did: saidOf(asked ? 'requested' : verb, `an exemption${kind === undefined ? '' : ` (${spoken(kind)})`}`),
    }),
  ];
}

function decisionOf(
  { action }: Delivery,
  request: JsonObject | undefined,
  response: JsonObject | undefined,
  url: string,
): Decision | undefined {
  const step = stepOf(action, textAt(response, 'status'));
  if (step === undefined) return undefined;
  const reason =
    longTextAt(response, 'reviewer_comment') ??
    (action === 'created' ? longTextAt(request, 'requester_comment') : undefined);
  const commit = hashOf(textAt(request, 'resource_identifier'));
  return {
    kind: 'riskAcceptance',
    request: url,
    ...step,
    ...(reason === undefined ? {} : { reason }),
    ...(commit === undefined ? {} : { covers: [{ kind: 'commit', id: commit }] }),
  };
}

/** `completed` only tells that a decision took effect: the vote before it is the step. */
function stepOf(
  action: string | undefined,
  status: string | undefined,
): Pick<Decision, 'step' | 'verdict'> | undefined {
  if (action === 'created') return { step: 'requested' };
  if (action === 'cancelled') return { step: 'withdrawn' };
  if (action === 'response_dismissed') return { step: 'revoked' };
  if (action !== 'response_submitted') return undefined;
  if (status === 'approved') return { step: 'voted', verdict: 'approve' };
  return status === 'rejected' || status === 'denied' ? { step: 'voted', verdict: 'reject' } : { step: 'voted' };
}

/** These payloads name people by `<part>_id` and `<part>_login`, not by an account object; only people take part. */
function personOf(
  { host, sender }: Delivery,
  thing: JsonObject | undefined,
  part: 'requester' | 'reviewer',
): Actor | undefined {
  const login = textAt(thing, `${part}_login`);
  const id = idAt(thing, `${part}_id`);
  const found = principalOf({ login, id, type: login?.endsWith('[bot]') === true ? 'Bot' : 'User' }, host);
  return found !== undefined && found.id === sender?.id ? sender : found;
}
