import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';

import { RequestError } from '../errors.ts';
import { cutText } from '../wire/text.ts';

/** Who may call: the tenant's issuer, this API, the keys that the issuer publishes. */
export interface TokenSettings {
  /** As in the token's `iss`, e.g. `https://login.microsoftonline.com/<tenant>/v2.0`. */
  readonly issuer: string | readonly string[];
  /** As in the token's `aud`: the API's client id or its URI. */
  readonly audience: string | readonly string[];
  readonly jwks: URL;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export interface Caller {
  readonly tenant: string;
  readonly objectId: string;
  /** False for an app's own token: no person stands behind it. */
  readonly person: boolean;
  readonly roles: readonly string[];
  /** What identifies and authorizes, as it goes into the envelope; never the token. `idtyp` is always there, `app` or `user`, judged by {@link isApp} where the token is silent. */
  readonly claims: Record<string, string | string[]>;
}

/**
 * Checks the value of an Authorization header. Throws RequestError: `tokenMissing`, `tokenInvalid` (signature, issuer,
 * audience, time, or a claim that is required), or `unavailable` where the issuer's keys cannot be read: then nothing is
 * known about the token, and a 401 would tell the caller to fetch another in vain.
 */
export type TokenVerifier = (authorization: string | null) => Promise<Caller>;

/** Entra signs with RS256, the local issuer with ES256; naming them keeps `none` and HMAC with a public key out. */
const ALGORITHMS = ['RS256', 'ES256'];
const REQUIRED = ['iss', 'aud', 'exp', 'iat', 'sub', 'tid', 'oid'];
/** Seconds that the issuer's clock and ours may differ. */
const CLOCK_TOLERANCE = 60;
/** The issuer announces keys long before it signs with them; an unknown key id is looked up at once, this long at most between. */
const JWKS_TIMES = { timeoutDuration: 5_000, cooldownDuration: 30_000, cacheMaxAge: 3_600_000 };

const KEPT_CLAIMS = [
  'tid',
  'oid',
  'sub',
  'name',
  'preferred_username',
  'roles',
  'azp',
  'appid',
  'iss',
  'iat',
  'auth_time',
  'amr',
  'acrs',
  'uti',
] as const;

export function createTokenVerifier(settings: TokenSettings): TokenVerifier {
  const remote = createRemoteJWKSet(settings.jwks, JWKS_TIMES);
  const getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token);
    } catch (cause) {
      if (isAboutTheToken(cause)) throw cause;
      // jose reports an issuer that is out of reach as TypeError, JWKSTimeout or JOSEError: translated here, where only
      // fetching the keys can have failed, they cannot be taken for a fault of the token.
      throw new RequestError(
        'unavailable',
        'The token could not be checked because its issuer does not answer. Try again later.',
        { cause },
      );
    }
  };
  return async (authorization) => {
    const token = bearerToken(authorization);
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, getKey, {
        issuer: listOf(settings.issuer),
        audience: listOf(settings.audience),
        algorithms: ALGORITHMS,
        requiredClaims: REQUIRED,
        clockTolerance: CLOCK_TOLERANCE,
        currentDate: new Date(settings.clock()),
      }));
    } catch (cause) {
      if (cause instanceof RequestError) throw cause;
      throw new RequestError('tokenInvalid', `The bearer token is not valid${reasonOf(cause)}.`, { cause });
    }
    return callerOf(payload);
  };
}

/** Throws RequestError `roleMissing`. */
export function requireRole(caller: Caller, role: string): void {
  if (!caller.roles.includes(role)) {
    throw new RequestError(
      'roleMissing',
      `The token does not carry the app role ${role}. Ask an administrator to assign it.`,
    );
  }
}

/** Throws RequestError `roleMissing`: a decision is a person's. */
export function requirePerson(caller: Caller): void {
  if (!caller.person) {
    throw new RequestError('roleMissing', 'An app may not do this with a token of its own: sign in as a person.');
  }
}

function isAboutTheToken(cause: unknown): boolean {
  return (
    cause instanceof errors.JWKSNoMatchingKey ||
    cause instanceof errors.JWKSMultipleMatchingKeys ||
    cause instanceof errors.JOSENotSupported
  );
}

function bearerToken(authorization: string | null): string {
  if (authorization === null || authorization.trim() === '') {
    throw new RequestError('tokenMissing', 'The request has no bearer token: send Authorization: Bearer <token>.');
  }
  const token = /^bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization.trim())?.[1];
  if (token === undefined) {
    throw new RequestError('tokenInvalid', 'The Authorization header is not of the form: Bearer <token>.');
  }
  return token;
}

/** What jose found wrong, for the caller: the claim's name, never a value. */
function reasonOf(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return ': it has expired';
  if (cause instanceof errors.JWTClaimValidationFailed) return `: the claim ${cause.claim} is missing or wrong`;
  if (cause instanceof errors.JWSSignatureVerificationFailed || isAboutTheToken(cause))
    return ': its signature is not by a key of the issuer';
  if (cause instanceof errors.JOSEAlgNotAllowed) return ': its algorithm is not allowed';
  return '';
}

function callerOf(payload: JWTPayload): Caller {
  const { tid, oid } = payload;
  if (typeof tid !== 'string' || typeof oid !== 'string' || tid === '' || oid === '') {
    throw new RequestError('tokenInvalid', 'The bearer token is not valid: the claim tid or oid is no text.');
  }
  const claims: Record<string, string | string[]> = {};
  for (const name of KEPT_CLAIMS) {
    const value = reduce(payload[name]);
    if (value !== undefined) claims[name] = value;
  }
  const person = !isApp(payload);
  claims['idtyp'] = person ? 'user' : 'app';
  const roles = claims['roles'] ?? [];
  return { tenant: tid, objectId: oid, person, roles: typeof roles === 'string' ? [roles] : roles, claims };
}

/** `idtyp` is an optional claim; where it is not configured, a person's token has a scope (delegated) or a name. */
function isApp(payload: JWTPayload): boolean {
  if (payload['idtyp'] === 'app') return true;
  return payload['scp'] === undefined && payload['name'] === undefined;
}

/** Text and lists of text as the envelope takes them (wire/envelope.ts); numbers as text. */
function reduce(value: unknown): string | string[] | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value === '' ? undefined : cutText(value, 'uri');
  if (!Array.isArray(value)) return undefined;
  const texts = value.flatMap((each) => (typeof each === 'string' && each !== '' ? [cutText(each, 'uri')] : []));
  return texts.length === 0 ? undefined : texts.slice(0, 256);
}

function listOf(value: string | readonly string[]): string[] {
  return typeof value === 'string' ? [value] : [...value];
}
