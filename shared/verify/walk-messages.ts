import { UNRECOGNIZED_TYPE } from '../wire/record.ts';
import type { Position } from '../wire/record.ts';
import type { FindingList, RecordPlace } from './findings.ts';
import { evidencePlace, timeAt, typeAt } from './scan-leaf.ts';
import type { LeafTail } from './scan-leaf.ts';
import type { MessageEvidence } from './verify-evidence.ts';

export interface SealedGap {
  readonly first: number;
  readonly last: number;
  readonly enqueued: string;
}

/** What a segment opens with: `unknown` where its first leaf but the adoption could not be read. */
export interface Opening {
  readonly kind: 'message' | 'gap' | 'unknown';
  readonly enqueued: string;
  readonly index: number;
}

/** A gap that ends its segment. */
export interface OpenGap {
  readonly index: number;
  readonly enqueued: string;
}

/** The message whose records are being read. */
interface OpenMessage {
  readonly sequenceNumber: number;
  readonly of: number;
  /** Where its time and its evidence lie in the bytes: its other records repeat them. */
  readonly enqueuedAt: number;
  readonly evidenceStart: number;
  readonly evidenceEnd: number;
  /** The record that has to come next. */
  next: number;
}

interface Hole {
  readonly first: number;
  readonly last: number;
  readonly before: RecordPlace;
}

/** Holes that are remembered, to tell a message that stands in the wrong place from one that is missing. */
const MOST_HOLES = 64;

export interface WalkStart {
  /** The partition that every record has to name. */
  readonly partition: string;
  /** The predecessor's `to`; undefined in segment 0. */
  readonly before: Position | undefined;
  /** In segment 0, the number that it has to begin with. */
  readonly start: number | undefined;
  /** Collects where the messages' raw bytes are. */
  readonly withEvidence: boolean;
}

/**
 * Walks the leaves of one segment in their order and checks that messages and gaps fill the hub's numbers without a hole,
 * and that each message's records are all there, once, side by side.
 */
export class MessageWalk {
  readonly #bytes: Buffer;
  readonly #findings: FindingList;
  readonly #partition: Buffer;
  readonly #withEvidence: boolean;
  /** The number that has to come next; undefined where nothing before it says so. */
  #expected: number | undefined;
  #latest: string;
  #first: Position | undefined;
  #lastNumber: number | undefined;
  /** Of the last message, in the bytes. */
  #lastEnqueuedAt: number | undefined;
  #open: OpenMessage | undefined;
  #gap: { readonly gap: SealedGap; readonly record: RecordPlace } | undefined;
  #opening: Opening | undefined;
  #holes: Hole[] = [];
  readonly #evidence: MessageEvidence[] = [];
  messages = 0;
  gaps = 0;
  /** Numbers in gaps. */
  gone = 0;
  /** Messages whose bytes were lost before they were sealed. */
  bodiesMissing = 0;

  constructor(bytes: Buffer, { partition, before, start, withEvidence }: WalkStart, findings: FindingList) {
    this.#bytes = bytes;
    this.#findings = findings;
    this.#partition = Buffer.from(partition);
    this.#withEvidence = withEvidence;
    this.#expected = before === undefined ? start : before.sequenceNumber + 1;
    this.#latest = before?.enqueued ?? '';
    this.#lastNumber = before?.sequenceNumber;
  }

  /** One record of a message; `start`: where it begins in the bytes. */
  record(start: number, tail: LeafTail, record: RecordPlace): void {
    this.#checkPartition(tail, record);
    const open = this.#open;
    if (open?.sequenceNumber === tail.sequenceNumber) {
      this.#continueMessage(open, tail, record);
    } else {
      this.#closeMessage(record);
      this.#openMessage(start, tail, record);
    }
  }

  gap(gap: SealedGap, record: RecordPlace): void {
    this.#closeMessage(record);
    this.#opening ??= { kind: 'gap', enqueued: gap.enqueued, index: record.index };
    if (gap.last < gap.first) {
      this.#findings.add('gapWrong', `The gap ends at ${gap.last}, before it begins at ${gap.first}.`, { record });
      return;
    }
    if (this.#gap !== undefined) {
      this.#findings.add('gapWrong', 'A gap follows a gap: one gap reaches to the next message.', { record });
    }
    this.#takeNumbers(gap.first, gap.last, record);
    this.#takeTime(gap.first, gap.enqueued);
    this.#gap = { gap, record };
    this.gaps++;
    this.gone += gap.last - gap.first + 1;
  }

  /** A leaf could not be read: what it held is not known, so the next number and record are not judged by it. */
  lost(record: RecordPlace): void {
    this.#opening ??= { kind: 'unknown', enqueued: '', index: record.index };
    this.#open = undefined;
    this.#gap = undefined;
    this.#expected = undefined;
  }

  /** After the last leaf before the seal. */
  finish(seal: RecordPlace): void {
    this.#closeMessage(seal);
    for (const hole of this.#holes) this.#reportHole(hole);
  }

  /** Of the first message or gap; undefined where the segment has none. */
  get from(): Position | undefined {
    return this.#first;
  }

  /** The last number, and the greatest enqueued time that the log has seen; undefined where there is no number yet. */
  get to(): Position | undefined {
    return this.#lastNumber === undefined ? undefined : { sequenceNumber: this.#lastNumber, enqueued: this.#latest };
  }

  /** Enqueued time of the last message: its month is the evidence's. */
  get lastEnqueued(): string | undefined {
    return this.#lastEnqueuedAt === undefined ? undefined : timeAt(this.#bytes, this.#lastEnqueuedAt);
  }

  get opening(): Opening | undefined {
    return this.#opening;
  }

  get openGap(): OpenGap | undefined {
    const open = this.#gap;
    return open === undefined ? undefined : { index: open.record.index, enqueued: open.gap.enqueued };
  }

  get evidence(): readonly MessageEvidence[] {
    return this.#evidence;
  }

  #checkPartition({ partitionStart, partitionEnd }: LeafTail, record: RecordPlace): void {
    const partition = this.#partition;
    let same = partitionEnd - partitionStart === partition.length;
    for (let i = 0; same && i < partition.length; i++) same = this.#bytes[partitionStart + i] === partition[i];
    if (!same) {
      const said = this.#bytes.toString('latin1', partitionStart, partitionEnd);
      this.#findings.add(
        'positionWrong',
        `The record says that it came from partition ${said}, not ${partition.toString()}.`,
        {
          record,
        },
      );
    }
  }

  #openMessage(start: number, tail: LeafTail, record: RecordPlace): void {
    const { sequenceNumber, of, enqueuedAt, evidenceStart, evidenceEnd } = tail;
    this.#opening ??= { kind: 'message', enqueued: timeAt(this.#bytes, enqueuedAt), index: record.index };
    if (this.#gap !== undefined) this.#checkGapTime(this.#gap, timeAt(this.#bytes, enqueuedAt));
    this.#takeNumbers(sequenceNumber, sequenceNumber, record);
    // Times are compared as bytes; only one that is later than all before it becomes a text.
    if (this.#first === undefined || isLater(this.#bytes, enqueuedAt, this.#latest)) {
      this.#takeTime(sequenceNumber, timeAt(this.#bytes, enqueuedAt));
    }
    this.#lastEnqueuedAt = enqueuedAt;
    this.messages++;
    if (tail.record > 0) this.#missRecords(sequenceNumber, 0, tail.record - 1, of, record);
    this.#open = { sequenceNumber, of, enqueuedAt, evidenceStart, evidenceEnd, next: tail.record + 1 };
    if (tail.missing !== undefined) this.#missBody(start, tail, record);
    else if (this.#withEvidence) this.#evidence.push({ record, place: evidencePlace(this.#bytes, tail) });
  }

  #checkGapTime({ gap, record }: { gap: SealedGap; record: RecordPlace }, enqueued: string): void {
    this.#gap = undefined;
    if (gap.enqueued !== enqueued) {
      const message = `The gap's time is ${gap.enqueued}, not that of the next message, ${enqueued}.`;
      this.#findings.add('gapWrong', message, { record });
    }
  }

  #missBody(start: number, tail: LeafTail, record: RecordPlace): void {
    this.bodiesMissing++;
    // Else a sealer could normalize a message, drop its bytes and say that they were never there.
    const kind = typeAt(this.#bytes, start) === UNRECOGNIZED_TYPE ? 'bodyMissing' : 'evidenceMissing';
    const message =
      kind === 'bodyMissing'
        ? `The raw bytes of message ${tail.sequenceNumber} were lost before they were sealed, as the record says (${tail.missing}).`
        : `The record says that its raw bytes were missing (${tail.missing}), and yet something was read from them.`;
    this.#findings.add(kind, message, { record });
  }

  #continueMessage(open: OpenMessage, tail: LeafTail, record: RecordPlace): void {
    const { sequenceNumber, of } = open;
    if (tail.of !== of || !this.#isSameMessage(open, tail)) {
      const message = `The record says other things of message ${sequenceNumber} than the record before it.`;
      this.#findings.add('recordOrder', message, { record });
    }
    if (tail.record > open.next) this.#missRecords(sequenceNumber, open.next, tail.record - 1, of, record);
    if (tail.record < open.next) {
      const message = `Record ${tail.record} of message ${sequenceNumber} stands where record ${open.next} belongs.`;
      this.#findings.add('recordOrder', message, { record });
    } else {
      open.next = tail.record + 1;
    }
  }

  #isSameMessage(open: OpenMessage, tail: LeafTail): boolean {
    const evidence = this.#bytes.subarray(tail.evidenceStart, tail.evidenceEnd);
    return (
      timeAt(this.#bytes, tail.enqueuedAt) === timeAt(this.#bytes, open.enqueuedAt) &&
      evidence.equals(this.#bytes.subarray(open.evidenceStart, open.evidenceEnd))
    );
  }

  /** `next`: what stands where the missing record would. */
  #closeMessage(next: RecordPlace): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined && open.next < open.of) {
      this.#missRecords(open.sequenceNumber, open.next, open.of - 1, open.of, next);
    }
  }

  #missRecords(sequenceNumber: number, first: number, last: number, of: number, record: RecordPlace): void {
    const what = first === last ? `Record ${first} is` : `Records ${first} to ${last} are`;
    const message = `${what} missing of the ${of} of message ${sequenceNumber}, before this record.`;
    this.#findings.add('recordMissing', message, { record });
  }

  #takeTime(sequenceNumber: number, enqueued: string): void {
    this.#first ??= { sequenceNumber, enqueued };
    if (enqueued > this.#latest) this.#latest = enqueued;
  }

  #takeNumbers(first: number, last: number, record: RecordPlace): void {
    const expected = this.#expected ?? first;
    if (first > expected) this.#missNumbers({ first: expected, last: first - 1, before: record });
    if (first < expected) this.#repeatNumbers(first, last, expected, record);
    this.#expected = Math.max(expected, last + 1);
    this.#lastNumber = Math.max(this.#lastNumber ?? 0, last);
  }

  #missNumbers(hole: Hole): void {
    if (this.#holes.length < MOST_HOLES) this.#holes.push(hole);
    else this.#reportHole(hole);
  }

  #reportHole({ first, last, before }: Hole): void {
    const what = first === last ? `Message ${first} is` : `Messages ${first} to ${last} are`;
    const message = `${what} neither sealed nor in a gap: left out before this record.`;
    this.#findings.add('messageMissing', message, { record: before });
  }

  #repeatNumbers(first: number, last: number, expected: number, record: RecordPlace): void {
    const what = first === last ? `Number ${first}` : `The gap ${first} to ${last}`;
    if (this.#fillHole(first, last)) {
      this.#findings.add('recordOrder', `${what} stands behind numbers that come later.`, { record });
    } else {
      this.#findings.add('messageTwice', `${what} was sealed already: the next number is ${expected}.`, { record });
    }
  }

  /** True where the numbers were missed earlier in this segment: then they are not missing but misplaced. */
  #fillHole(first: number, last: number): boolean {
    const hole = this.#holes.find((each) => each.first <= first && last <= each.last);
    if (hole === undefined) return false;
    const rest = [
      { ...hole, last: first - 1 },
      { ...hole, first: last + 1 },
    ].filter((each) => each.first <= each.last);
    this.#holes = [...this.#holes.filter((each) => each !== hole), ...rest].slice(0, MOST_HOLES);
    return true;
  }
}

/** Text order of the canonical form is time order. */
function isLater(bytes: Uint8Array, at: number, than: string): boolean {
  for (let i = 0; i < than.length; i++) {
    const difference = (bytes[at + i] as number) - than.charCodeAt(i);
    if (difference !== 0) return difference > 0;
  }
  return than === '';
}
