import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { replaceFile, syncFolder } from './durable-file.ts';
import type { StoredBatch } from './log-frame.ts';
import { formatBatch, formatHeader, FRAME_LIMIT, HEADER_SIZE, parseBatch, parseHeader } from './log-frame.ts';

/** A log whose accepted events are damaged. Audience: whoever started the stand-in. */
export class LogDamagedError extends Error {
  override readonly name = 'LogDamagedError';
}

/** Milliseconds since 1970. */
export type Clock = () => number;

/** What one sync makes durable at a time, and what is read at a time while a log is opened. */
const CHUNK = 4 * 1024 * 1024;

/** What to do about damage. */
export const REMEDY = "Put the file back from a copy, or delete the hub's folder to begin with an empty hub.";

interface Send {
  readonly events: readonly Buffer[];
  readonly partitionKey: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The events of one partition, numbered from 0 without a hole, in one file. Events are read from the file each time (the page
 * cache keeps the recent ones); only each send's number, time and place are in memory.
 */
export class PartitionLog {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onAppend = new Set<() => void>();
  #file: FileHandle;
  #closed = false;
  /** Sends that wait for the next sync, and the chain that all changes of the file run on, one after another. */
  #waiting: Send[] = [];
  #work: Promise<void> = Promise.resolve();
  #begin = 0;
  #next = 0;
  #lastEnqueued = 0;
  /** Where the file ends as far as it is synced. */
  #end = HEADER_SIZE;
  /** Of each frame, ascending. */
  #firsts: number[] = [];
  #times: number[] = [];
  #positions: number[] = [];

  private constructor(path: string, clock: Clock, file: FileHandle) {
    this.#path = path;
    this.#clock = clock;
    this.#file = file;
  }

  /** Makes an empty log on disk; the folder must be there. */
  static async create(path: string): Promise<void> {
    await replaceFile(path, formatHeader({ first: 0, enqueued: 0 }));
  }

  /**
   * Opens a log and cuts off what a crash in mid-write left at its end: nothing there was ever accepted. Throws
   * LogDamagedError where the file cannot be opened or accepted events do not read back.
   */
  static async open(path: string, clock: Clock): Promise<PartitionLog> {
    await rm(`${path}.new`, { force: true });
    const file = await open(path, 'r+').catch((cause: unknown) => {
      throw new LogDamagedError(`${path} cannot be opened. ${REMEDY}`, { cause });
    });
    const log = new PartitionLog(path, clock, file);
    try {
      await log.#load();
    } catch (error) {
      await log.#file.close();
      throw error;
    }
    return log;
  }

  /** The oldest number that is still held; equal to `next` where the log is empty. */
  get begin(): number {
    return this.#begin;
  }

  /** The number of the next event to come. */
  get next(): number {
    return this.#next;
  }

  /** When the newest event came, in ms since 1970, even where retention has taken it; undefined before the first. */
  get lastEnqueued(): number | undefined {
    return this.#next === 0 ? undefined : this.#lastEnqueued;
  }

  /** Calls `listener` whenever new events are durable. Returns how to stop that. */
  onAppend(listener: () => void): () => void {
    this.#onAppend.add(listener);
    return () => this.#onAppend.delete(listener);
  }

  /** Resolves when the events of one send are synced; sends that arrive together share a sync. Rejects where they are not. */
  append(events: readonly Buffer[], partitionKey: string | undefined): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, partitionKey, resolve, reject });
      if (this.#waiting.length === 1) this.#work = this.#work.then(() => this.#commitWaiting());
    });
  }

  /** The send that holds this number; undefined where it has not come yet or is gone. */
  batchAt(sequenceNumber: number): StoredBatch | undefined {
    if (sequenceNumber < this.#begin || sequenceNumber >= this.#next || this.#closed) return undefined;
    const index = countUpTo(this.#firsts, sequenceNumber) - 1;
    const position = this.#positions[index] ?? HEADER_SIZE;
    const size = (this.#positions[index + 1] ?? this.#end) - position;
    const bytes = Buffer.allocUnsafe(size);
    readSync(this.#file.fd, bytes, 0, size, position);
    const frame = parseBatch(bytes, 0);
    if (frame === undefined) throw this.#damaged(position);
    return frame.batch;
  }

  /** The number of the first event that was enqueued after `time`; `next` where none was. */
  firstAfter(time: number): number {
    return Math.max(this.#begin, this.#firsts[countUpTo(this.#times, time)] ?? this.#next);
  }

  /** Retention: forgets all events numbered below `sequenceNumber`. The numbers go on where they were. */
  cutBefore(sequenceNumber: number): Promise<void> {
    const cut = this.#work.then(() => this.#cut(sequenceNumber));
    this.#work = cut.catch(() => undefined);
    return cut;
  }

  /** Lets the writes under way end; sends that come later are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    await this.#file.close();
  }

  async #load(): Promise<void> {
    const { size } = await this.#file.stat();
    const window = Buffer.allocUnsafe(CHUNK);
    const read = (position: number): Buffer =>
      window.subarray(0, readSync(this.#file.fd, window, 0, window.length, position));
    const header = parseHeader(read(0));
    if (header === undefined) throw this.#damaged(0);
    this.#begin = this.#next = header.first;
    this.#lastEnqueued = header.enqueued;
    while (this.#end < size) {
      const bytes = read(this.#end);
      let at = 0;
      for (let frame = parseBatch(bytes, at); frame !== undefined; frame = parseBatch(bytes, at)) {
        if (frame.batch.first !== this.#next) break;
        this.#add(frame.batch, this.#end + at);
        at += frame.size;
      }
      if (at === 0) {
        await this.#cutTornTail(bytes);
        return;
      }
      this.#end += at;
    }
  }

  /** `bytes`: the file from where it stops making sense. */
  async #cutTornTail(bytes: Buffer): Promise<void> {
    // A frame further on that was written when this place was already synced: events behind it were accepted.
    for (let at = 0; at < Math.min(bytes.length, FRAME_LIMIT); at++) {
      const later = parseBatch(bytes, at);
      if (later !== undefined && later.batch.durable > this.#end) throw this.#damaged(this.#end);
    }
    await this.#file.truncate(this.#end);
    await this.#file.sync();
  }

  async #commitWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      let size = 0;
      let count = 0;
      for (const send of this.#waiting) {
        if (count > 0 && size >= CHUNK) break;
        size += send.events.reduce((sum, event) => sum + event.length, 0);
        count += 1;
      }
      await this.#commit(this.#waiting.splice(0, count));
    }
  }

  async #commit(sends: readonly Send[]): Promise<void> {
    const enqueued = Math.max(this.#lastEnqueued, Math.floor(this.#clock()));
    let first = this.#next;
    const batches = sends.map(({ events, partitionKey }) => {
      const batch: StoredBatch = { durable: this.#end, first, enqueued, partitionKey, events };
      first += events.length;
      return batch;
    });
    const frames = batches.map((batch) => formatBatch(batch));
    try {
      await writeAll(this.#file, frames, this.#end);
      await this.#file.datasync();
    } catch (error) {
      // What was written of it is overwritten by the next send, or cut off at the next start.
      for (const send of sends) send.reject(error);
      return;
    }
    for (const [i, batch] of batches.entries()) {
      this.#add(batch, this.#end);
      this.#end += frames[i]?.length ?? 0;
    }
    for (const send of sends) send.resolve();
    for (const listener of this.#onAppend) listener();
  }

  #add(batch: StoredBatch, position: number): void {
    this.#firsts.push(batch.first);
    this.#times.push(batch.enqueued);
    this.#positions.push(position);
    this.#next = batch.first + batch.events.length;
    this.#lastEnqueued = batch.enqueued;
  }

  /** Writes the rest to a new file that takes the old one's place in one step. */
  async #cut(sequenceNumber: number): Promise<void> {
    const begin = Math.min(sequenceNumber, this.#next);
    if (this.#closed) throw this.#closedError();
    if (begin <= this.#begin) return;
    const header = formatHeader({ first: begin, enqueued: this.#lastEnqueued });
    const draft = `${this.#path}.new`;
    const [firsts, times, positions]: [number[], number[], number[]] = [[], [], []];
    let end = HEADER_SIZE;
    const file = await open(draft, 'w+');
    try {
      await writeAll(file, [header], 0);
      for (let number = begin; number < this.#next;) {
        const batch = this.batchAt(number);
        if (batch === undefined) throw this.#damaged(this.#end);
        // Nothing in the draft counts before the rename, so no place in it was accepted before another.
        const rest = { ...batch, durable: 0, first: number, events: batch.events.slice(number - batch.first) };
        const frame = formatBatch(rest);
        await writeAll(file, [frame], end);
        firsts.push(number);
        times.push(rest.enqueued);
        positions.push(end);
        end += frame.length;
        number += rest.events.length;
      }
      await file.sync();
      await rename(draft, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await file.close();
      throw error;
    }
    const old = this.#file;
    this.#file = file;
    this.#begin = begin;
    this.#end = end;
    [this.#firsts, this.#times, this.#positions] = [firsts, times, positions];
    await old.close();
  }

  #damaged(position: number): LogDamagedError {
    return new LogDamagedError(
      `${this.#path} is damaged at byte ${position}: events that were accepted do not read back. ${REMEDY}`,
    );
  }

  #closedError(): Error {
    return new Error(`${this.#path} is closed: its hub was deleted or the stand-in is stopping.`);
  }
}

async function writeAll(file: FileHandle, parts: readonly Buffer[], position: number): Promise<void> {
  const bytes = Buffer.concat(parts);
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** How many of the ascending `values` are at most `limit`. */
function countUpTo(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
