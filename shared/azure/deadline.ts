/**
 * Settles as the work does, or rejects with the signal's reason as soon as the signal aborts, whether the work heeds the
 * signal or not: the SDKs do not everywhere (a hung hub blocks for 60 s whatever is asked for).
 */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  const working = work();
  // Work that fails after it was given up has nobody left to tell; an unhandled rejection would end the Functions worker.
  working.catch(() => undefined);
  try {
    return await Promise.race([working, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Runs work under a signal that aborts, with a TimeoutError, when the work has not settled in time (milliseconds). */
export async function withDeadline<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`No answer within ${milliseconds} ms.`, 'TimeoutError'));
  }, milliseconds);
  try {
    return await untilAborted(controller.signal, () => work(controller.signal));
  } finally {
    clearTimeout(timer);
  }
}
