import { hash } from 'node:crypto';

import { FormatError, RequestError } from '../errors.ts';
import { warnOfStep } from '../normalize/approvals.ts';
import type { Step } from '../normalize/approvals.ts';
import { at } from '../normalize/read.ts';
import { publishEvent } from '../publish/publish-event.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { parseJson } from '../wire/json.ts';
import type { CollectRequest } from './http.ts';
import { requirePerson, requireRole } from './tokens.ts';
import type { Caller, TokenVerifier } from './tokens.ts';

const SOURCE = 'approvals';

/** App role that every caller of the approvals needs; whether a vote counts is judged from the sealed steps, not here. */
export const APPROVALS_ROLE = 'Approvals.Write';

type DecideApp = PublishDependencies & { readonly verifyToken: TokenVerifier };

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
  const requestId = newRequestId(projectOf(request.body), caller, key);
  return publishStep(app, request, caller, key, 'requested', requestId);
}

/** A person's vote on a request. Who votes and when comes from the token and our clock; no body is refused. */
export async function castVote(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedCaller(app, request);
  requirePerson(caller);
  return publishStep(app, request, caller, keyOf(app, request), 'voted', requestIdOf(request));
}

/** Takes a request back. Whether the caller may is judged from the sealed steps. */
export async function withdrawApproval(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedCaller(app, request);
  return publishStep(app, request, caller, keyOf(app, request), 'withdrawn', requestIdOf(request));
}

async function authorizedCaller(app: DecideApp, request: CollectRequest): Promise<Caller> {
  const caller = await app.verifyToken(request.headers.get('authorization'));
  requireRole(caller, APPROVALS_ROLE);
  return caller;
}

const FUNCTIONS: Readonly<Record<Step, string>> = {
  requested: 'request-approval',
  voted: 'cast-vote',
  withdrawn: 'withdraw-approval',
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
  const warning = warnOfStep(request.body, step);
  return { id, request: requestId, ...(warning === undefined ? {} : { warning }) };
}

/**
 * JSON of [tenant, object id, step, request id, key]: the same key sent twice by one person for one step of one request is
 * one delivery, anything else another, and nobody can take another person's.
 */
function deliveryOf({ tenant, objectId }: Caller, step: Step, requestId: string, key: string): string {
  return JSON.stringify([tenant, objectId, step, requestId, key]);
}

/** `Idempotency-Key`, else a new UUID. Throws RequestError `badRequest` where it is not 1 to 255 printable ASCII characters. */
function keyOf(app: DecideApp, request: CollectRequest): string {
  const key = request.headers.get('idempotency-key') ?? app.newId();
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new RequestError('badRequest', 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.');
  }
  return key;
}

const PROJECT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const REQUEST_ID = /^[a-z0-9][a-z0-9-]{0,62}~[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

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
  if (typeof project !== 'string' || !PROJECT.test(project)) {
    throw new RequestError(
      'badRequest',
      'The body needs "project": lower-case letters, digits and hyphens, at most 63 characters.',
    );
  }
  return project;
}

function requestIdOf(request: CollectRequest): string {
  const id = request.params['id'];
  if (id === undefined || !REQUEST_ID.test(id)) {
    throw new RequestError(
      'badRequest',
      'The address must name a request id, as the answer to the request gave it: <project>~<uuid>.',
    );
  }
  return id;
}

/**
 * `<project>~<uuid>`, the UUID (RFC 9562, version 8) made from a hash of who asks and the key: asked twice with one key, one
 * request.
 */
function newRequestId(project: string, { tenant, objectId }: Caller, key: string): string {
  const asked = JSON.stringify([tenant, objectId, key]);
  const bytes = Buffer.from(hash('sha256', asked, 'hex').slice(0, 32), 'hex');
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return `${project}~${bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}
