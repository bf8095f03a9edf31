import { FormatError, RequestError } from '../errors.ts';
import { warnOfStep } from '../normalize/approvals.ts';
import type { Step } from '../normalize/approvals.ts';
import { at } from '../normalize/read.ts';
import { publishEvent } from '../publish/publish-event.ts';
import { parseJson } from '../wire/json.ts';
import { PROJECT_NAME, projectOfRequest, standingRequestId, toRequestId } from '../wire/request-id.ts';
import { authorizedCaller, authorizedPerson, deliveryOf, keyOf } from './decide-caller.ts';
import type { DecideApp } from './decide-caller.ts';
import type { CollectRequest } from './http.ts';
import type { Caller } from './tokens.ts';

const SOURCE = 'approvals';

/** What a caller gets: the record's id, the request's, and a warning where the step does not say what such a step must. */
type Answer = { readonly id: string; readonly request: string; readonly warning?: string };

/**
 * Asks for a decision; answers with the record's id and the new request's. An app may ask, for a pipeline waits for people.
 * A body that is no JSON is sealed like any other, under a request of the project `unknown`; JSON that names no project is
 * refused.
 */
export async function requestApproval(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedCaller(app, request);
  const key = keyOf(app, request);
  // Asked twice by one caller with one key is one request.
  const seed = JSON.stringify([caller.tenant, caller.objectId, key]);
  const requestId = toRequestId(projectOf(request.body), seed);
  return publishStep(app, request, caller, key, 'requested', requestId);
}

/** A person's vote on a request. Who votes and when comes from the token and our clock; no body is refused. */
export async function castVote(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedPerson(app, request);
  return publishStep(app, request, caller, keyOf(app, request), 'voted', requestIdOf(request));
}

/** Takes a request back. Whether the caller may is judged from the sealed steps. */
export async function withdrawApproval(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedCaller(app, request);
  return publishStep(app, request, caller, keyOf(app, request), 'withdrawn', requestIdOf(request));
}

/** Asks once more, in a new round of the same request. */
export async function reopenApproval(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedCaller(app, request);
  return publishStep(app, request, caller, keyOf(app, request), 'reopened', requestIdOf(request));
}

/** A person lets somebody else vote: on one request, or, under the project's name, with one role until an end. */
export async function delegateVote(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedPerson(app, request);
  return publishStep(app, request, caller, keyOf(app, request), 'delegated', delegationIdOf(request));
}

/** A person takes back a delegation, or the own vote. */
export async function revokeStep(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedPerson(app, request);
  return publishStep(app, request, caller, keyOf(app, request), 'revoked', delegationIdOf(request));
}

const FUNCTIONS: Readonly<Record<Step, string>> = {
  requested: 'request-approval',
  voted: 'cast-vote',
  withdrawn: 'withdraw-approval',
  reopened: 'reopen-approval',
  delegated: 'delegate-vote',
  revoked: 'revoke-step',
};

async function publishStep(
  app: DecideApp,
  request: CollectRequest,
  caller: Caller,
  key: string,
  step: Step,
  requestId: string,
): Promise<Answer> {
  const { id = '' } = await publishEvent(app, {
    source: SOURCE,
    event: step,
    delivery: deliveryOf(caller, step, requestId, key),
    subject: requestId,
    // All steps of one request lie in one partition, in order.
    partitionKey: requestId,
    body: request.body,
    authenticated: 'bearer',
    claims: caller.claims,
    function: FUNCTIONS[step],
  });
  // After it is durable: whatever is wrong with it, nothing is lost, and nobody believes to have said what nobody can read.
  const warning = warnOfStep(request.body, step, requestId);
  return { id, request: requestId, ...(warning === undefined ? {} : { warning }) };
}

/** In place of the project, in the id of a request whose body could not be read. */
const UNKNOWN_PROJECT = 'unknown';

/** Throws RequestError `badRequest` where JSON names no project; what is no JSON names none either, and is evidence. */
function projectOf(body: Buffer): string {
  let project: unknown;
  try {
    project = at(parseJson(body), 'project');
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return UNKNOWN_PROJECT;
  }
  if (typeof project !== 'string' || !PROJECT_NAME.test(project)) {
    throw new RequestError(
      'badRequest',
      'The body needs "project": lower-case letters, digits and hyphens, at most 63 characters.',
    );
  }
  return project;
}

function requestIdOf(request: CollectRequest): string {
  const id = request.params['id'];
  if (id === undefined || projectOfRequest(id) === undefined) {
    throw new RequestError(
      'badRequest',
      'The address must name a request id, as the answer to the request gave it: <project>~<uuid>.',
    );
  }
  return id;
}

/** The request's, or, where the address names a project, that of its standing delegations. */
function delegationIdOf(request: CollectRequest): string {
  const id = request.params['id'] ?? '';
  return PROJECT_NAME.test(id) ? standingRequestId(id) : requestIdOf(request);
}
