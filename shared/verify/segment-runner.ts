import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { FormatError, StoreError } from '../errors.ts';
import type { StoreErrorCode } from '../errors.ts';
import type { SourceFolders } from './segment-source.ts';
import { segmentWorkerUrl } from './segment-worker-url.ts';
import { verifySegment } from './verify-segment.ts';
import type { SegmentChecks, SegmentJob, SegmentResult, SegmentSource } from './verify-segment.ts';

/** What a worker is started with: plain data. */
export interface WorkerSetup {
  /** undefined: the worker asks for every blob. */
  readonly folders: SourceFolders | undefined;
  readonly hasEvidence: boolean;
  /** DER of the SPKIs. */
  readonly keys: readonly Uint8Array[];
  readonly keptSizes: ReadonlyMap<string, readonly number[]>;
  readonly whole: boolean;
}

export type ToWorker =
  | { readonly kind: 'verify'; readonly id: number; readonly job: SegmentJob }
  | { readonly kind: 'blob'; readonly request: number; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'refused'; readonly request: number; readonly message: string };
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly result: SegmentResult }
  | { readonly kind: 'failed'; readonly id: number; readonly code: StoreErrorCode; readonly message: string }
  | {
      readonly kind: 'read';
      readonly request: number;
      readonly container: 'trail' | 'evidence';
      readonly name: string;
    };

/** One at work and one that waits, from files; from a remote store, more of them on the way. */
const JOBS_FROM_FOLDERS = 2;
const JOBS_FROM_STORE = 6;

interface Waiting {
  readonly job: SegmentJob;
  readonly resolve: (result: SegmentResult) => void;
  readonly reject: (error: unknown) => void;
}

interface BusyWorker {
  readonly worker: Worker;
  readonly jobs: Map<number, Waiting>;
  isReady: boolean;
}

/**
 * Verifies segments on this thread and on workers, in whatever order they come in. A worker needs a fraction of a second
 * before its first job: this thread works meanwhile, and goes on beside the workers. How many inflated segments are in memory
 * at once is bounded by the jobs at work, not by those that wait.
 */
export class SegmentRunner {
  readonly #source: SegmentSource;
  readonly #checks: SegmentChecks;
  readonly #folders: SourceFolders | undefined;
  readonly #jobsAtOnce: number;
  readonly #workers: BusyWorker[] = [];
  readonly #queue: Waiting[] = [];
  #here = 0;
  #byWorkers = 0;
  #nextId = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `folders`: the source as plain data, for workers to read for themselves; else they ask this thread. */
  constructor(source: SegmentSource, checks: SegmentChecks, folders: SourceFolders | undefined) {
    this.#source = source;
    this.#checks = checks;
    this.#folders = folders;
    this.#jobsAtOnce = folders === undefined ? JOBS_FROM_STORE : JOBS_FROM_FOLDERS;
  }

  /** Adds workers until there are `count`. */
  grow(count: number): void {
    while (this.#workers.length < count) this.#start();
  }

  /** Segments that workers have verified so far. */
  get byWorkers(): number {
    return this.#byWorkers;
  }

  /** Throws StoreError. */
  verify(job: SegmentJob): Promise<SegmentResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      if (this.#failure !== undefined) {
        const { error } = this.#failure;
        this.#queue.splice(0).forEach(({ reject }) => reject(error));
        return;
      }
      const worker = this.#freeWorker();
      if (worker === undefined && this.#here >= this.#jobsAtOnce) return;
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (worker === undefined) void this.#verifyHere(next);
      else this.#send(worker, next);
    }
  }

  #freeWorker(): BusyWorker | undefined {
    let free: BusyWorker | undefined;
    for (const each of this.#workers) {
      if (each.isReady && each.jobs.size < (free?.jobs.size ?? this.#jobsAtOnce)) free = each;
    }
    return free;
  }

  #send(busy: BusyWorker, waiting: Waiting): void {
    const id = this.#nextId++;
    busy.jobs.set(id, waiting);
    post(busy, { kind: 'verify', id, job: waiting.job });
  }

  async #verifyHere({ job, resolve, reject }: Waiting): Promise<void> {
    this.#here++;
    try {
      // First what workers have answered meanwhile: else this thread would work without them as long as there are jobs.
      await setImmediate();
      resolve(await verifySegment(job, this.#source, this.#checks));
    } catch (error) {
      reject(error);
    }
    this.#here--;
    this.#dispatch();
  }

  #start(): void {
    const setup: WorkerSetup = {
      folders: this.#folders,
      hasEvidence: this.#source.evidence !== undefined,
      keys: this.#checks.keys.map((key) => key.spki),
      keptSizes: this.#checks.keptSizes,
      whole: this.#checks.whole,
    };
    // Node's options of this process (a test runner's loaders, an inspector's port) are not the worker's.
    const worker = new Worker(segmentWorkerUrl(), { workerData: setup, execArgv: [] });
    const busy: BusyWorker = { worker, jobs: new Map(), isReady: false };
    worker.on('message', (message: FromWorker) => this.#receive(busy, message));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', (code) => {
      if (busy.jobs.size > 0)
        this.#fail(new Error(`A verifying worker ended with code ${code}: verify with one core.`));
    });
    this.#workers.push(busy);
  }

  #receive(busy: BusyWorker, message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        busy.isReady = true;
        return this.#dispatch();
      case 'result':
        this.#byWorkers++;
        take(busy, message.id)?.resolve(message.result);
        return this.#dispatch();
      case 'failed':
        take(busy, message.id)?.reject(new StoreError(message.code, message.message));
        return this.#dispatch();
      case 'read':
        void this.#read(busy, message);
    }
  }

  async #read(busy: BusyWorker, { request, container, name }: FromWorker & { kind: 'read' }): Promise<void> {
    try {
      const bytes = await (container === 'trail' ? this.#source.trail(name) : this.#source.evidence?.(name));
      post(busy, { kind: 'blob', request, bytes });
    } catch (error) {
      // Of one blob, and a finding of its segment: larger than any of its kind.
      if (error instanceof FormatError) post(busy, { kind: 'refused', request, message: error.message });
      else this.#fail(error);
    }
  }

  /** Nothing that is under way can be trusted to end: all of it fails, and so does what comes later. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { jobs } of this.#workers) {
      jobs.forEach(({ reject }) => reject(error));
      jobs.clear();
    }
    this.#dispatch();
  }
}

function take(busy: BusyWorker, id: number): Waiting | undefined {
  const waiting = busy.jobs.get(id);
  busy.jobs.delete(id);
  return waiting;
}

function post({ worker }: BusyWorker, message: ToWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's, not a worker thread's
  worker.postMessage(message);
}
