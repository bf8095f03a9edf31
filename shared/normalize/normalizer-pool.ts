import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

import { SettingsError } from '../errors.ts';
import type { NormalizedMessage } from '../seal/normalized-message.ts';
import { unrecognizedMessage } from './normalize-message.ts';
import type { MessageToNormalize } from './normalize-message.ts';
import { normalizerWorkerUrl } from './normalizer-worker-url.ts';

/**
 * Normalizes in a process of its own, under limits of time and memory. A thread would not do: V8 ends the whole process when
 * a thread's heap is full and what is asked for next is large (a Map that grows, a body of 32 MB of `{},`), whatever
 * `resourceLimits` says. One such body would stop its partition for good.
 */
export interface NormalizerPool {
  /**
   * One result a message, in order; where the call's time is used up, of the first ones alone, but at least of one. Never
   * fails for what a message holds: one that its normalizer does not survive, in the batch and alone, comes back as
   * `unrecognized` after three attempts. Calls wait for each other. Throws SettingsError where the process does not even
   * start: then the package is broken, and nothing must be sealed as unrecognized for that.
   */
  normalizeBatch(hub: string, messages: readonly MessageToNormalize[]): Promise<readonly NormalizedMessage[]>;
  /** Ends the process; the pool is of no use afterwards. */
  close(): Promise<void>;
}

export interface NormalizerLimits {
  /** Milliseconds of wall clock for what is sent at once. A webhook of 25 MB takes well below a second. */
  readonly batch: number;
  /** Milliseconds for one message alone. */
  readonly message: number;
  /**
   * Milliseconds for a call, its wait for others included; what has not begun by then is left to another call. A hundred
   * messages that hang would take a quarter of an hour: the host ends an invocation that lasts too long, and had nothing been
   * sealed by then, the next would begin with the same messages.
   */
  readonly call: number;
  /** Milliseconds until the process is ready. */
  readonly start: number;
  /** MiB of JavaScript heap; parsed, a body takes up to some thirty times its size. */
  readonly memory: number;
}

export const NORMALIZER_LIMITS: NormalizerLimits = {
  batch: 10_000,
  message: 5_000,
  call: 60_000,
  start: 30_000,
  memory: 512,
};

export interface NormalizerPoolOptions {
  readonly limits?: Partial<NormalizerLimits>;
  /** Tests alone: a module that exports `NORMALIZERS` in place of the true ones. */
  readonly normalizersModule?: URL;
}

/** To the process. */
export interface NormalizerJob {
  readonly hub: string;
  readonly messages: readonly MessageToNormalize[];
  /** Milliseconds. */
  readonly limit: number;
}
/** From the process, after 'ready'. */
export type NormalizerAnswer = readonly NormalizedMessage[];

/** A message gets one attempt with its batch and two alone. */
const ATTEMPTS_ALONE = 2;
/** Bodies sent at once; a batch may hold a hundred of 25 MB that came through the spill container. */
const JOB_BYTES = 16 * 1024 * 1024;

/** The process died, hung or grew too large over a job. */
class WorkerLost extends Error {
  override readonly name = 'WorkerLost';
}

export function createNormalizerPool(options: NormalizerPoolOptions = {}): NormalizerPool {
  const limits = { ...NORMALIZER_LIMITS, ...options.limits };
  let worker: ChildProcess | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function run(hub: string, messages: readonly MessageToNormalize[], limit: number): Promise<NormalizerAnswer> {
    // One that died while it had nothing to do is replaced; where its end is not noticed yet, the job fails and is repeated.
    if (worker === undefined || !worker.connected) worker = await startWorker(limits, options.normalizersModule);
    const current = worker;
    try {
      return await ask(current, { hub, messages, limit });
    } catch (error) {
      worker = undefined;
      await end(current);
      throw error;
    }
  }

  /** Adds to `results` as long as there is time, and one at least. */
  async function normalizeJob(
    hub: string,
    messages: readonly MessageToNormalize[],
    results: NormalizedMessage[],
    isOver: () => boolean,
  ): Promise<void> {
    try {
      results.push(...(await run(hub, messages, limits.batch)));
    } catch (error) {
      if (!(error instanceof WorkerLost)) throw error;
      for (const message of messages) {
        if (results.length > 0 && isOver()) return;
        results.push(await normalizeAlone(hub, message, error));
      }
    }
  }

  async function normalizeAlone(
    hub: string,
    message: MessageToNormalize,
    first: WorkerLost,
  ): Promise<NormalizedMessage> {
    let last = first;
    for (let attempt = 0; attempt < ATTEMPTS_ALONE; attempt++) {
      try {
        const [result] = await run(hub, [message], limits.message);
        if (result !== undefined) return result;
      } catch (error) {
        if (!(error instanceof WorkerLost)) throw error;
        last = error;
      }
    }
    const reason = `The normalizer ${last.message}, in each of ${ATTEMPTS_ALONE + 1} attempts.`;
    return unrecognizedMessage(hub, message, reason);
  }

  return {
    normalizeBatch(hub, messages) {
      const until = performance.now() + limits.call;
      const isOver = (): boolean => performance.now() >= until;
      const result = turn.then(async () => {
        const results: NormalizedMessage[] = [];
        for (const job of split(messages)) {
          if (results.length > 0 && isOver()) break;
          await normalizeJob(hub, job, results, isOver);
        }
        return results;
      });
      turn = result.catch(() => undefined);
      return result;
    },
    async close() {
      await turn;
      if (worker !== undefined) await end(worker);
    },
  };
}

/** A process that has loaded its normalizers. Throws SettingsError where it does not get that far. */
async function startWorker(limits: NormalizerLimits, normalizersModule: URL | undefined): Promise<ChildProcess> {
  const worker = fork(
    fileURLToPath(normalizerWorkerUrl()),
    normalizersModule === undefined ? [] : [normalizersModule.href],
    {
      // Nothing of this process's settings is within reach of code that reads what anybody may have written.
      env: {},
      execArgv: [`--max-old-space-size=${limits.memory}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  let said = '';
  worker.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 2_000);
  });
  try {
    await reply(worker, limits.start, () => undefined);
  } catch (cause) {
    await end(worker);
    const why = cause instanceof Error ? cause.message : '';
    throw new SettingsError(`The normalizer process does not start: it ${why}. ${said.replaceAll(/\s+/g, ' ')}`, {
      cause,
    });
  }
  setReferenced(worker, false);
  return worker;
}

/** One job, one answer. Throws WorkerLost, and the process is of no use any more. */
async function ask(worker: ChildProcess, job: NormalizerJob): Promise<NormalizerAnswer> {
  setReferenced(worker, true);
  try {
    return (await reply(worker, job.limit, (failed) => worker.send(job, failed))) as NormalizerAnswer;
  } finally {
    setReferenced(worker, false);
  }
}

/** The next message of the process after `ask`. Throws WorkerLost where none comes within the limit, or ever. */
function reply(
  worker: ChildProcess,
  limit: number,
  send: (failed: (error: Error | null) => void) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('exit', onExit).off('error', onError);
      outcome();
    };
    const lose = (what: string): void => settle(() => reject(new WorkerLost(what)));
    const onMessage = (answer: unknown): void => settle(() => resolve(answer));
    const onExit = (code: number | null, signal: string | null): void => lose(howItEnded(code, signal));
    const onError = (error: Error): void => lose(`failed: ${error.message}`);
    const timer = setTimeout(() => lose('did not finish in time'), limit);
    worker.on('message', onMessage).on('exit', onExit).on('error', onError);
    // A send that fails means that the process is gone; why, its exit tells.
    send(
      (error) =>
        error !== null && worker.exitCode === null && worker.signalCode === null && lose('could not be reached'),
    );
  });
}

/** V8 aborts where its heap is full. */
function howItEnded(code: number | null, signal: string | null): string {
  return signal === 'SIGABRT' || code === 134 ? 'ran out of memory' : `ended with ${signal ?? `code ${code}`}`;
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null || worker.pid === undefined) return;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  setReferenced(worker, true);
  worker.on('error', () => undefined);
  worker.kill('SIGKILL');
  await ended;
}

/** An idle process does not keep this one alive. */
function setReferenced(worker: ChildProcess, isReferenced: boolean): void {
  const call = isReferenced ? 'ref' : 'unref';
  worker[call]();
  worker.channel?.[call]();
  (worker.stderr as Socket | null)?.[call](); // what Node makes of a pipe
}

function* split(messages: readonly MessageToNormalize[]): Generator<readonly MessageToNormalize[]> {
  let job: MessageToNormalize[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (job.length > 0 && bytes + message.body.length > JOB_BYTES) {
      yield job;
      job = [];
      bytes = 0;
    }
    job.push(message);
    bytes += message.body.length;
  }
  if (job.length > 0) yield job;
}
