import type { Socket } from 'node:net';

import type { Sender } from 'rhea';

import { internalError } from './amqp-error.ts';
import { stampEvent } from './event-bytes.ts';
import type { StoredBatch } from './log-frame.ts';
import { offsetOf } from './offset.ts';
import type { PartitionLog } from './partition-log.ts';

/** Bytes handed to the socket before other links get their turn, and waiting in it before reading stops. */
const SLICE = 256 * 1024;
const HIGH_WATER = 1024 * 1024;

/** What rhea keeps of a link's credit and its types leave out. Their sum is all that the client ever granted. */
interface LinkCredit {
  readonly credit: number;
  readonly delivery_count: number;
}

/** One reader of one partition: sends events from the log as far as its credit goes, and new ones as they come. */
export class Reader {
  readonly link: Sender;
  readonly name: string;
  readonly group: string;
  readonly epoch: bigint | undefined;
  readonly #log: PartitionLog;
  readonly #socket: Socket;
  readonly #stopListening: () => void;
  #next: number;
  #batch: StoredBatch | undefined;
  /** Deliveries made so far. rhea takes a delivery off the credit only when it writes it, which is later. */
  #sent = 0;
  #waiting = false;
  #stopped = false;

  constructor(
    link: Sender,
    socket: Socket,
    log: PartitionLog,
    start: number,
    identity: { readonly name: string; readonly group: string; readonly epoch: bigint | undefined },
  ) {
    this.link = link;
    this.name = identity.name;
    this.group = identity.group;
    this.epoch = identity.epoch;
    this.#socket = socket;
    this.#log = log;
    this.#next = start;
    this.#stopListening = log.onAppend(() => this.pump());
  }

  get log(): PartitionLog {
    return this.#log;
  }

  /** Sends what may be sent now. Called when credit comes, when events come, and when the socket has drained. */
  pump(): void {
    if (this.#waiting || this.#stopped) return;
    if (this.#send(SLICE) >= SLICE) this.#pause();
  }

  /** The client asked for what is there and gives up the rest of its credit. */
  drain(): void {
    this.#send(Infinity);
    this.#sent = this.#granted();
    this.link.set_drained(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#stopListening();
  }

  /** Sends until credit or events are used up, or `limit` bytes are sent; returns how many were. */
  #send(limit: number): number {
    let bytes = 0;
    while (bytes < limit && this.link.sendable() && this.#granted() > this.#sent) {
      const event = this.#takeOrDetach();
      if (event === undefined) break;
      this.link.send(event, undefined, 0);
      this.#sent += 1;
      bytes += event.length;
    }
    return bytes;
  }

  /** A log that does not read back is this reader's end, not that of the partition's writer, which may have called it. */
  #takeOrDetach(): Buffer | undefined {
    try {
      return this.#take();
    } catch (error) {
      this.stop();
      this.link.close(internalError(error instanceof Error ? error.message : String(error)));
      return undefined;
    }
  }

  #granted(): number {
    const { credit, delivery_count } = this.link as unknown as LinkCredit;
    return credit + delivery_count;
  }

  #take(): Buffer | undefined {
    this.#next = Math.max(this.#next, this.#log.begin);
    let batch = this.#batch;
    if (batch === undefined || this.#next >= batch.first + batch.events.length) {
      batch = this.#batch = this.#log.batchAt(this.#next);
    }
    const event = batch?.events[this.#next - batch.first];
    if (batch === undefined || event === undefined) return undefined;
    const sequenceNumber = this.#next;
    this.#next += 1;
    const { enqueued, partitionKey } = batch;
    return stampEvent(event, { sequenceNumber, offset: offsetOf(sequenceNumber), enqueued, partitionKey });
  }

  /** Lets rhea write what it has, and a slow client take it: what it has not taken stays on disk. */
  #pause(): void {
    this.#waiting = true;
    const resume = (): void => {
      this.#waiting = false;
      this.pump();
    };
    setImmediate(() => {
      if (this.#socket.writableLength > HIGH_WATER) this.#socket.once('drain', resume);
      else resume();
    });
  }
}
