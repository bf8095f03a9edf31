import { z } from 'zod';

/**
 * What happens to sends to a hub, so that a publisher's every way out can be tested:
 * - `refuse`: nothing is written, and the answer is an error;
 * - `refuse-written`: written and synced, and yet the answer is an error;
 * - `hang`: nothing is written, and no answer comes, then or later;
 * - `lose-answer`: written and synced, and the link is detached with an error instead of an answer.
 *
 * `times`: for how many sends; without it until it is cleared.
 */
export const sendFault = z.union([
  z.strictObject({
    kind: z.enum(['refuse', 'refuse-written']),
    retryable: z.boolean(),
    times: z.int().positive().optional(),
  }),
  z.strictObject({ kind: z.enum(['hang', 'lose-answer']), times: z.int().positive().optional() }),
]);
export type SendFault = z.infer<typeof sendFault>;

/** The faults that are set, each for one hub; `T` names the hub. */
export class SendFaults<T> {
  readonly #faults = new Map<T, { readonly fault: SendFault; left: number }>();

  set(hub: T, fault: SendFault | undefined): void {
    if (fault === undefined) this.#faults.delete(hub);
    else this.#faults.set(hub, { fault, left: fault.times ?? Infinity });
  }

  get(hub: T): SendFault | undefined {
    return this.#faults.get(hub)?.fault;
  }

  /** The fault for one send, counted. */
  take(hub: T): SendFault | undefined {
    const entry = this.#faults.get(hub);
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left === 0) this.#faults.delete(hub);
    return entry.fault;
  }
}
