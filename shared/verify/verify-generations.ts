import { FormatError, StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { parseCheckpoint } from '../wire/checkpoint.ts';
import { formatLogName, formatSegmentBlob, parseLogName } from '../wire/log-name.ts';
import { FIRST_LOG_REASON, formatRecreatedHubReason, isOpenedByItself } from '../wire/opening-reason.ts';
import type { Seal } from '../wire/record.ts';
import { MAX_SEGMENT_BLOB_BYTES, parseSegment } from '../wire/segment.ts';
import type { FailureKind, Finding, NoteKind } from './findings.ts';
import { isAnchorsLog } from './trail-blobs.ts';
import { mayBeGone } from './verify-log.ts';
import type { LogJoin, LogSummary } from './verify-log.ts';

export interface GenerationOptions {
  readonly trail: ImmutableStore;
  /** Names of the logs that were looked at; undefined: all. */
  readonly lookedAt: readonly string[] | undefined;
  /** What was enqueued before this time may be gone. */
  readonly prunedBefore: string | undefined;
}

/** By partition, the generations of which a segment is there, the oldest first. */
export type Generations = ReadonlyMap<string, readonly LogJoin[]>;

export function groupGenerations(logs: Iterable<LogJoin>): Generations {
  const there = [...logs].filter((join) => !isAnchorsLog(join.log) && join.summary.segments > 0);
  there.sort((a, b) => generationOf(a.log) - generationOf(b.log));
  return Map.groupBy(there, (join) => partitionOf(join.log));
}

/** A log's name less its generation. */
function partitionOf(log: string): string {
  return log.slice(0, log.lastIndexOf('/'));
}

function generationOf(log: string): number {
  return Number(log.slice(log.lastIndexOf('/') + 1));
}

/**
 * Generations of one partition's log: each but the first names its predecessor and where that ended, goes on there, and the
 * predecessor has not grown since. Throws StoreError.
 */
export async function* verifyGenerations(
  generations: Generations,
  options: GenerationOptions,
): AsyncGenerator<Finding> {
  for (const joins of generations.values()) {
    for (const [place, join] of joins.entries()) yield* verifyGeneration(join, joins[place - 1], options);
  }
}

/** True for a log of which no segment is there, where the next generation that is shows that all of it may be gone. */
export function isPrunedWhole(log: string, generations: Generations, prunedBefore: string | undefined): boolean {
  if (isAnchorsLog(log)) return false;
  const next = generations.get(partitionOf(log))?.find((join) => generationOf(join.log) > generationOf(log));
  return next !== undefined && mayBeGone(next.ends.goneUntil, prunedBefore);
}

type Find = (kind: FailureKind | NoteKind, message: string) => Finding;

/** `before`: the next older one that is there. */
async function* verifyGeneration(
  join: LogJoin,
  before: LogJoin | undefined,
  options: GenerationOptions,
): AsyncGenerator<Finding> {
  const name = parseLogName(join.log);
  const { opening } = join.ends;
  const finding: Find = (kind, message) => ({ kind, log: join.log, segment: join.summary.first, message });
  if (join.summary.first > 0) {
    // What segment 0 said is gone.
    if (before !== undefined) yield finding('pruned', `${before.log} ${OLDER_IS_THERE}`);
    return;
  }
  if (opening === undefined) return; // it cannot be read, and that is a finding already
  const { opened } = opening;
  const start = opening.from?.sequenceNumber ?? 0;
  if (start > 0) {
    yield finding(
      'generationNoted',
      `The log begins at number ${start} of its hub: ${opened?.reason ?? 'no reason is given'}.`,
    );
  }
  if (name.generation === 0) {
    if (opened?.predecessor !== undefined) yield finding('generationWrong', 'Generation 0 names a predecessor.');
    if (isRecreation(opened))
      yield finding('generationWrong', 'Generation 0 was opened for a hub that was created anew.');
    return;
  }
  const expected = formatLogName({ ...name, generation: name.generation - 1 });
  if (opened?.predecessor === undefined || opened.predecessor.log !== expected) {
    yield finding(
      'generationWrong',
      `The log names ${opened?.predecessor?.log ?? 'no log'} as its predecessor, not ${expected}.`,
    );
    return;
  }
  yield* checkReason(opened, opening, finding);
  if (before?.log !== expected) {
    yield missPredecessor(expected, before, join.ends.goneUntil, options, finding);
  } else if (opened.predecessor.checkpoint === undefined) {
    yield* missEnd(expected, opening, before, finding);
  } else {
    const end = yield* compareEnd(opened.predecessor.checkpoint, before, finding, options.trail);
    if (end !== undefined) yield* compareNumbers(opening, end, finding);
  }
}

/** The log does not say where its predecessor ended: only a predecessor that nothing vouches for excuses that. */
function* missEnd(
  expected: string,
  opening: Pick<Seal, 'opened' | 'hub' | 'from'>,
  before: LogJoin,
  finding: Find,
): Generator<Finding> {
  const { sound } = before.ends;
  if (sound === undefined) {
    yield finding(
      'generationNoted',
      `The predecessor ${expected} could not be read when this log was opened; where it ended is not compared.`,
    );
    return;
  }
  yield finding(
    'generationWrong',
    `The log does not say where its predecessor ${expected} ended, which is there up to segment ${sound.number}, signed as it must be.`,
  );
  yield* compareNumbers(opening, sound, finding);
}

const OLDER_IS_THERE = 'is there, and what came between it and this is not: pruning takes the oldest first.';

function isRecreation(opened: Seal['opened']): boolean {
  return opened !== undefined && opened.reason !== FIRST_LOG_REASON && isOpenedByItself(opened.reason);
}

/** What a sealer that opens a log by itself always says. */
function* checkReason(
  { reason, predecessor }: NonNullable<Seal['opened']>,
  { hub }: Pick<Seal, 'hub'>,
  finding: Find,
): Generator<Finding> {
  if (!isOpenedByItself(reason)) return;
  if (hub !== undefined && reason !== formatRecreatedHubReason(hub.created)) {
    yield finding('generationWrong', `The log was opened because "${reason}"; its hub was created at ${hub.created}.`);
  }
  if (predecessor?.checkpoint === undefined) {
    yield finding(
      'generationWrong',
      'The sealer opened the log by itself, and does not say where the predecessor ended.',
    );
  }
}

/** A generation that is not there, although a later one goes on from it. */
function missPredecessor(
  log: string,
  before: LogJoin | undefined,
  goneUntil: string | undefined,
  { lookedAt, prunedBefore }: GenerationOptions,
  finding: Find,
): Finding {
  if (lookedAt !== undefined && !lookedAt.includes(log)) {
    return finding('generationNoted', `The predecessor ${log} is not looked at; where it ended is not compared.`);
  }
  if (before !== undefined) return finding('pruned', `${before.log} ${OLDER_IS_THERE}`);
  return mayBeGone(goneUntil, prunedBefore)
    ? finding('prunedAllowed', `The predecessor ${log} is not there: pruned; where it ended is not compared.`)
    : finding(
        'pruned',
        `The predecessor ${log} is not there; this log goes on from ${goneUntil ?? 'an unknown time'}: somebody removed it, or it was pruned and the verifier was not told that it may be.`,
      );
}

/** Of the segment that a successor names as its predecessor's last. */
interface End {
  readonly log: string;
  readonly hub: Seal['hub'];
  readonly to: Seal['to'];
}

/** `said`: the predecessor's last checkpoint, as its successor has it. Returns the end that it is of, where that is there. */
async function* compareEnd(
  said: string,
  predecessor: LogJoin,
  finding: Find,
  trail: ImmutableStore,
): AsyncGenerator<Finding, End | undefined> {
  const { summary, ends } = predecessor;
  const { log } = summary;
  const { sound } = ends;
  // What somebody else put behind it is a finding already, and no fault of the successor's.
  if (said === sound?.checkpoint) return sound;
  if (said === summary.checkpoint) return { log, hub: ends.ending?.hub, to: ends.ending?.to };
  const size = sizeOf(said, log);
  if (size === undefined) {
    yield finding('generationWrong', `What the log names as the last checkpoint of ${log} is none.`);
  } else if (size > (sound?.size ?? summary.size)) {
    if (!ends.isWhole) return undefined; // its last segment cannot be read or is not its own: a finding already
    const message = `The log ends at leaf ${summary.size}; its successor was opened when it had ${size}: its end was cut off.`;
    yield { kind: 'tailCut', log, segment: summary.last, message };
  } else {
    const at = await findSegmentEnding(size, { ...summary, last: sound?.number ?? summary.last }, trail);
    if (at?.checkpoint === said) {
      const message = `The log grew after its successor was opened: segments ${at.number + 1} to ${summary.last} were added.`;
      yield { kind: 'grownAfterSuccessor', log, segment: at.number + 1, message };
      return { log, hub: at.hub, to: at.to };
    }
    yield finding(
      'generationWrong',
      `The log was opened on a checkpoint over ${size} leaves that ${log} does not have.`,
    );
  }
  return undefined;
}

/**
 * Where a log ended and its successor begins: of one hub no number may be left out or sealed twice; a hub that was created
 * anew is another one, of a later time.
 */
function* compareNumbers(
  { opened, hub, from }: Pick<Seal, 'opened' | 'hub' | 'from'>,
  end: End,
  finding: Find,
): Generator<Finding> {
  if (hub === undefined || from === undefined || end.hub === undefined || end.to === undefined) return; // findings already
  const isSameHub = hub.name === end.hub.name && hub.namespace === end.hub.namespace;
  if (isRecreation(opened)) {
    // Another namespace may hold an older hub of that name.
    if (isSameHub ? hub.created <= end.hub.created : hub.created === end.hub.created) {
      yield finding(
        'generationWrong',
        `The log was opened because its hub was created anew, at ${hub.created}; the hub of ${end.log} was created at ${end.hub.created}.`,
      );
    }
    return;
  }
  if (!isSameHub || hub.created !== end.hub.created) return; // its numbers are its own
  const start = from.sequenceNumber;
  const last = end.to.sequenceNumber;
  const border = `The log begins at number ${start}; ${end.log}, of the same hub, ended at ${last}`;
  if (start > last + 1) {
    yield finding('messageMissing', `${border}: numbers ${last + 1} to ${start - 1} are in neither.`);
  } else if (start <= last && from.enqueued <= end.to.enqueued) {
    yield finding('messageTwice', `${border}: numbers ${start} to ${last} are sealed in both.`);
  } else if (start <= last) {
    // A fail-over: the hub gave numbers again without being created anew.
    yield finding(
      'generationNoted',
      `${border}, at ${end.to.enqueued}: what begins at ${from.enqueued} is said to be other messages, of numbers that were used again.`,
    );
  }
}

function sizeOf(checkpoint: string, log: string): number | undefined {
  try {
    const parsed = parseCheckpoint(checkpoint).checkpoint;
    return parsed.origin === log ? parsed.size : undefined;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  }
}

/** Halves the range of segments: sizes grow with numbers. undefined where none ends there, or one on the way cannot be read. */
async function findSegmentEnding(
  size: number,
  { log, first, last }: LogSummary,
  trail: ImmutableStore,
): Promise<{ number: number; checkpoint: string; hub: Seal['hub']; to: Seal['to'] } | undefined> {
  for (let low = first, high = last; low <= high;) {
    const number = low + Math.floor((high - low) / 2);
    try {
      const blob = await trail.read(formatSegmentBlob(log, number), MAX_SEGMENT_BLOB_BYTES);
      if (blob === undefined) return undefined;
      const { checkpoint, checkpointNote, seal } = parseSegment(blob);
      if (checkpoint.size === size) return { number, checkpoint: checkpointNote, hub: seal.hub, to: seal.to };
      if (checkpoint.size < size) low = number + 1;
      else high = number - 1;
    } catch (error) {
      const isTooLarge = error instanceof StoreError && error.code === 'tooLarge';
      if (!(error instanceof FormatError || isTooLarge)) throw error;
      return undefined;
    }
  }
  return undefined;
}
