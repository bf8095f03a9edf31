import { StoreError } from '../errors.ts';
import type { StoreErrorCode } from '../errors.ts';
import { adviceOn, fromOther } from './http-error.ts';
import type { Access } from './http-error.ts';

/** By the codes of `@azure/core-amqp`; all others pass: the hub is busy, gone for now, cut off, being made anew. */
const CODES: Readonly<Record<string, StoreErrorCode>> = {
  UnauthorizedError: 'forbidden',
  MessageTooLargeError: 'tooLarge',
  DecodeError: 'unexpected',
  NotImplementedError: 'unexpected',
};

/** The SDK has no class of its own for a connection that did not come about: a bare Error, or what its AMQP parser throws. */
const CONNECTION_ERRORS = new Set(['MessagingError', 'Error', 'ProtocolError']);

/**
 * What the Event Hubs clients throw, as StoreError. `doing`: what was tried, on what, as the beginning of a sentence;
 * `access`: whether it may have taken effect although it failed. The SDK's own message stays behind in `cause`. A StoreError
 * passes through.
 */
export function toHubError(error: unknown, doing: string, access: Access = 'read'): StoreError {
  if (error instanceof StoreError) return error;
  // Where the SDK tried again it throws all errors together; the last one tells what holds now.
  const last = error instanceof AggregateError ? (error.errors.at(-1) as unknown) : error;
  if (!(last instanceof Error) || !CONNECTION_ERRORS.has(last.name)) return fromOther(last, doing, access);
  const { code } = last as { code?: unknown };
  const word = typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : 'the connection failed';
  const kind = CODES[word] ?? 'unavailable';
  return new StoreError(kind, `${doing} failed: ${word}. ${adviceOn(kind, access)}`, { cause: error });
}
