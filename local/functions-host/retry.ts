import { setTimeout as delay } from 'node:timers/promises';
import { HostError, messageOf } from './host-error.ts';
import type { RpcRetryContext, RpcRetryOptions } from './rpc.ts';

/** `maxRetryCount` −1 is for ever; the delay is in milliseconds. */
export interface RetryPolicy {
  readonly maxRetryCount: number;
  readonly delay: number;
}

/** `stopped`: the host went down before the policy was used up; the outcome of the work is open. */
export type RetryOutcome =
  { readonly kind: 'succeeded' } | { readonly kind: 'failed'; readonly error: unknown } | { readonly kind: 'stopped' };

/** @throws HostError `registration` where the policy is not a fixed delay. */
export function parseRetryPolicy(functionName: string, options: RpcRetryOptions | undefined): RetryPolicy {
  if (options === undefined) return { maxRetryCount: 0, delay: 0 };
  if (options.retryStrategy !== 'fixedDelay') {
    throw new HostError(
      'registration',
      `"${functionName}" asks for retries by "${options.retryStrategy}"; only fixedDelay runs here`,
    );
  }
  return { maxRetryCount: options.maxRetryCount ?? 0, delay: (options.delayInterval?.seconds ?? 0) * 1000 };
}

/**
 * Calls `attempt` until it succeeds or the policy is used up. As in the real host, the first attempt has no retry context.
 * `signal` ends the waiting between attempts, never an attempt.
 */
export async function runWithRetries(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: (retryContext: RpcRetryContext | undefined) => Promise<unknown>,
): Promise<RetryOutcome> {
  let retryContext: RpcRetryContext | undefined;
  for (;;) {
    try {
      await attempt(retryContext);
      return { kind: 'succeeded' };
    } catch (error) {
      const retryCount = (retryContext?.retryCount ?? 0) + 1;
      if (policy.maxRetryCount >= 0 && retryCount > policy.maxRetryCount) return { kind: 'failed', error };
      try {
        await delay(policy.delay, undefined, { signal });
      } catch {
        return { kind: 'stopped' };
      }
      const stackTrace = error instanceof Error ? (error.stack ?? '') : '';
      retryContext = {
        retryCount,
        maxRetryCount: policy.maxRetryCount,
        exception: { message: messageOf(error), source: '', stackTrace },
      };
    }
  }
}
