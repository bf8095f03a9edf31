/** Sizes in events, time in milliseconds. */
export interface BatchLimits {
  readonly maxEventBatchSize: number;
  readonly minEventBatchSize: number;
  readonly maxWaitTime: number;
}

/**
 * Gathers a partition's events into batches as the real trigger does: one as soon as the smallest size is there, a smaller
 * one when its first event has waited for the longest time; never more than the largest size. `now` in milliseconds.
 */
export class EventBatcher<T> {
  readonly #limits: BatchLimits;
  readonly #now: () => number;
  #waiting: T[] = [];
  #since = 0;

  constructor(limits: BatchLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  add(events: readonly T[]): void {
    if (this.#waiting.length === 0) this.#since = this.#now();
    this.#waiting.push(...events);
  }

  /** The next batch that is due, in order; undefined while none is. */
  next(): readonly T[] | undefined {
    const { maxEventBatchSize, minEventBatchSize, maxWaitTime } = this.#limits;
    const overdue = this.#waiting.length > 0 && this.#now() - this.#since >= maxWaitTime;
    if (this.#waiting.length < minEventBatchSize && !overdue) return undefined;
    const batch = this.#waiting.splice(0, maxEventBatchSize);
    this.#since = this.#now();
    return batch;
  }
}
