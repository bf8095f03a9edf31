import { StoreError } from '../../shared/errors.ts';

export interface Fault {
  /** Which call fails, from 1: of `method` where it is given, else of all methods of all ports of the plan together. */
  readonly call: number;
  readonly method?: string;
  /** 'notDone': nothing happened, and the caller gets an error. 'doneYetError': it happened, and the caller gets an error. */
  readonly how: 'notDone' | 'doneYetError';
  /** StoreError `unavailable` where absent. */
  readonly error?: Error;
}

/** Which calls fail, and a count of all calls: a test runs once without faults, then once for every call and either way. */
export class FaultPlan {
  readonly #faults: readonly Fault[];
  /** The methods called, in order. */
  readonly calls: string[] = [];

  constructor(...faults: readonly Fault[]) {
    this.#faults = faults;
  }

  /** How often that method was called; without a name, any. */
  count(method?: string): number {
    return method === undefined ? this.calls.length : this.calls.filter((each) => each === method).length;
  }

  /** Faults that never came to happen: a test whose fault is among them has tested nothing. */
  pending(): readonly Fault[] {
    return this.#faults.filter(({ call, method }) => this.count(method) < call);
  }

  /** Counts one call and says how it fails, if it does. */
  next(method: string): Fault | undefined {
    this.calls.push(method);
    return this.#faults.find((fault) => {
      if (fault.method !== undefined && fault.method !== method) return false;
      return fault.call === this.count(fault.method);
    });
  }
}

/**
 * The same port, of which calls fail as the plan says. Methods that are async functions or async generators count; all else is
 * passed on. A listing that is done, yet fails, fails after its last item.
 */
export function withFaults<T extends object>(port: T, plan: FaultPlan): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const method = String(name);
      const call = (...inputs: unknown[]): unknown => Reflect.apply(member, target, inputs) as unknown;
      switch (Object.prototype.toString.call(member)) {
        case '[object AsyncFunction]':
          return (...inputs: unknown[]) =>
            failing(plan.next(method), method, () => call(...inputs) as Promise<unknown>);
        case '[object AsyncGeneratorFunction]':
          return (...inputs: unknown[]) =>
            failingList(plan.next(method), method, () => call(...inputs) as AsyncIterable<unknown>);
        default:
          // Bound: private members are looked up on the port itself, not on the proxy.
          return call;
      }
    },
  });
}

async function failing(fault: Fault | undefined, method: string, call: () => Promise<unknown>): Promise<unknown> {
  if (fault?.how === 'notDone') throw errorOf(fault, method);
  const result = await call();
  if (fault !== undefined) throw errorOf(fault, method);
  return result;
}

async function* failingList(
  fault: Fault | undefined,
  method: string,
  call: () => AsyncIterable<unknown>,
): AsyncGenerator {
  if (fault?.how === 'notDone') throw errorOf(fault, method);
  yield* call();
  if (fault !== undefined) throw errorOf(fault, method);
}

function errorOf(fault: Fault, method: string): Error {
  return fault.error ?? new StoreError('unavailable', `${method}: the test's fault (${fault.how}).`);
}
