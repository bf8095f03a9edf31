import { StoreError } from '../errors.ts';
import type { StoreErrorCode } from '../errors.ts';

/** What an SDK's RestError says, and nothing that could hold a secret: its message, URL and headers stay behind. */
export interface HttpFailure {
  /** undefined: no answer came. */
  readonly status: number | undefined;
  /** Of the service (`BlobNotFound`), or of the socket (`ECONNREFUSED`). */
  readonly code: string | undefined;
  /** What Microsoft's support asks for. */
  readonly requestId: string | undefined;
}

/** undefined where no HTTP client threw this. */
export function toHttpFailure(error: unknown): HttpFailure | undefined {
  if (!(error instanceof Error) || error.name !== 'RestError') return undefined;
  const { statusCode, code, response } = error as {
    statusCode?: unknown;
    code?: unknown;
    response?: { headers?: { get?: (name: string) => string | undefined } };
  };
  const headers = response?.headers;
  // A HEAD has no body: its error code is in the header alone.
  const codeHeader = plainToken(headers?.get?.('x-ms-error-code'));
  return {
    status: typeof statusCode === 'number' ? statusCode : undefined,
    code: codeHeader ?? plainToken(code),
    requestId: plainToken(headers?.get?.('x-ms-request-id')),
  };
}

/** Foreign text that goes into a message: a short word, so that no token or signature can hide in it. */
function plainToken(text: unknown): string | undefined {
  return typeof text === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(text) ? text : undefined;
}

const TOO_LARGE = new Set([
  'RequestBodyTooLarge',
  'EntityTooLarge',
  'PropertyValueTooLarge',
  'ContentLengthLimitExceeded',
]);
/** For the moment: a container or table is being deleted, or bytes were damaged or cut off on their way. */
const PASSING = new Set([
  'ContainerBeingDeleted',
  'TableBeingDeleted',
  'AccountBeingCreated',
  'Md5Mismatch',
  'PARSE_ERROR',
]);

/**
 * What the clients of Blob Storage, Table Storage and Key Vault throw, as StoreError. `doing`: what was tried, on what, as the
 * beginning of a sentence (`Reading segments/… of trail`); `access`: whether it may have taken effect although it failed. A
 * StoreError passes through.
 */
export function toStoreError(error: unknown, doing: string, access: Access = 'read'): StoreError {
  if (error instanceof StoreError) return error;
  const failure = toHttpFailure(error);
  if (failure === undefined) return fromOther(error, doing, access);
  const { status, code, requestId } = failure;
  const what = [status === undefined ? 'no answer' : `HTTP ${status}`, code, requestId && `request ${requestId}`];
  const kind = codeOf(failure);
  return new StoreError(kind, `${doing} failed: ${what.filter(Boolean).join(', ')}. ${adviceOn(kind, access)}`, {
    cause: error,
  });
}

function codeOf({ status, code }: HttpFailure): StoreErrorCode {
  if (code !== undefined && TOO_LARGE.has(code)) return 'tooLarge';
  if (status === undefined || status === 408 || status === 429 || status >= 500) return 'unavailable';
  if (code !== undefined && PASSING.has(code)) return 'unavailable';
  if (status === 401 || status === 403) return 'forbidden';
  return status === 413 ? 'tooLarge' : 'unexpected';
}

/** A write whose answer was lost may have been done. */
export type Access = 'read' | 'write';

/** Of docs/operations.md, for whoever reads a trail with the command line. */
const READER_ROLES = 'to read a trail: Storage Blob Data Reader, and Storage Table Data Reader for its index';

const ADVICE: Readonly<Record<StoreErrorCode, string>> = {
  unavailable: 'Try again later.',
  forbidden: `Check the roles of the identity (${READER_ROLES}), and the network rules of the service.`,
  tooLarge: 'It is larger than the service takes.',
  unexpected: 'Check that the address is right and that the deployment made what is missing.',
};

/** What to do about it, as a sentence. */
export function adviceOn(kind: StoreErrorCode, access: Access): string {
  if (kind === 'unavailable' && access === 'write') return 'Try again later; it may have taken effect all the same.';
  return ADVICE[kind];
}

/** Names of the errors of `@azure/identity`: no token was to be had. Its messages may quote tenants and settings. */
const IDENTITY_ERRORS = new Set([
  'AggregateAuthenticationError',
  'AuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
]);

/** The same client runs in a function app and under somebody's hands: it cannot tell which. */
const TOKEN_ADVICE =
  `At a command line, sign in with "az login" as somebody who has the role (${READER_ROLES}). ` +
  'In a function app, check its managed identity, and the setting that ends in __clientId where the identity is user-assigned.';

/** No answer in time, a token that was not to be had, or a fault of the SDK. */
export function fromOther(error: unknown, doing: string, access: Access): StoreError {
  const name = error instanceof Error ? error.name : '';
  if (name === 'AbortError' || name === 'TimeoutError') {
    const advice = adviceOn('unavailable', access);
    return new StoreError('unavailable', `${doing} failed: no answer in time. ${advice}`, { cause: error });
  }
  if (IDENTITY_ERRORS.has(name)) {
    const refused = name === 'AuthenticationError' && isRefusal((error as { statusCode?: unknown }).statusCode);
    const kind = refused ? 'forbidden' : 'unavailable';
    return new StoreError(kind, `${doing} failed: no token was to be had (${name}). ${TOKEN_ADVICE}`, { cause: error });
  }
  return new StoreError('unexpected', `${doing} failed: ${name || 'an error'} in its client. ${ADVICE.unexpected}`, {
    cause: error,
  });
}

function isRefusal(status: unknown): boolean {
  return typeof status === 'number' && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
