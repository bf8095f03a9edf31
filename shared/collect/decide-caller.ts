import { RequestError } from '../errors.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import type { CollectRequest } from './http.ts';
import { requirePerson, requireRole } from './tokens.ts';
import type { Caller, TokenVerifier } from './tokens.ts';

/** App role that every caller of the app `decide` needs; whether what they say counts is judged from the sealed records. */
export const APPROVALS_ROLE = 'Approvals.Write';

/** What the functions of the app `decide` need. */
export type DecideApp = PublishDependencies & { readonly verifyToken: TokenVerifier };

/** Throws RequestError: `tokenMissing`, `tokenInvalid`, `roleMissing`, `unavailable`. */
export async function authorizedCaller(app: DecideApp, request: CollectRequest): Promise<Caller> {
  const caller = await app.verifyToken(request.headers.get('authorization'));
  requireRole(caller, APPROVALS_ROLE);
  return caller;
}

/** The same, and an app's own token is refused with `roleMissing`. */
export async function authorizedPerson(app: DecideApp, request: CollectRequest): Promise<Caller> {
  const caller = await authorizedCaller(app, request);
  requirePerson(caller);
  return caller;
}

/** `Idempotency-Key`, else a new UUID. Throws RequestError `badRequest` where it is not 1 to 255 printable ASCII characters. */
export function keyOf(app: DecideApp, request: CollectRequest): string {
  const key = request.headers.get('idempotency-key') ?? app.newId();
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new RequestError('badRequest', 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.');
  }
  return key;
}

/**
 * JSON of [tenant, object id, what is done, on what, key]: the same key sent twice by one person for one thing is one
 * delivery, anything else another, and nobody can take another person's.
 */
export function deliveryOf({ tenant, objectId }: Caller, done: string, on: string, key: string): string {
  return JSON.stringify([tenant, objectId, done, on, key]);
}
