import { FormatError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { parseCheckpoint } from '../wire/checkpoint.ts';
import { formatLogName, formatSegmentBlob, parseLogName } from '../wire/log-name.ts';
import { parseSegment } from '../wire/segment.ts';
import type { FailureKind, Finding, NoteKind } from './findings.ts';
import { isAnchorsLog } from './trail-blobs.ts';
import type { LogJoin, LogSummary } from './verify-log.ts';

/**
 * Generations of one partition's log: each but the first names its predecessor and where that ended, and the predecessor
 * has not grown since. Throws StoreError.
 */
export async function* verifyGenerations(
  logs: ReadonlyMap<string, LogJoin>,
  trail: ImmutableStore,
): AsyncGenerator<Finding> {
  for (const join of logs.values()) {
    if (!isAnchorsLog(join.log)) yield* verifyGeneration(join, logs, trail);
  }
}

async function* verifyGeneration(
  join: LogJoin,
  logs: ReadonlyMap<string, LogJoin>,
  trail: ImmutableStore,
): AsyncGenerator<Finding> {
  const name = parseLogName(join.log);
  const { opened, start } = join.end;
  const finding = (kind: FailureKind | NoteKind, message: string): Finding => ({
    kind,
    log: join.log,
    segment: 0,
    message,
  });
  if (join.summary.first > 0) return; // pruned: what segment 0 said is gone
  if (start !== undefined && start > 0) {
    yield finding(
      'generationNoted',
      `The log begins at number ${start} of its hub: ${opened?.reason ?? 'no reason is given'}.`,
    );
  }
  if (name.generation === 0) {
    if (opened?.predecessor !== undefined) yield finding('generationWrong', 'Generation 0 names a predecessor.');
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
  const { checkpoint } = opened.predecessor;
  const predecessor = logs.get(expected);
  if (predecessor === undefined || checkpoint === undefined) {
    const why =
      predecessor === undefined ? 'is not there: pruned, or removed' : 'could not be read when this log was opened';
    yield finding('generationNoted', `The predecessor ${expected} ${why}; where it ended is not compared.`);
    return;
  }
  yield* compareEnd(checkpoint, predecessor, finding, trail);
}

/** `said`: the predecessor's last checkpoint, as its successor has it. */
async function* compareEnd(
  said: string,
  predecessor: LogJoin,
  finding: (kind: FailureKind, message: string) => Finding,
  trail: ImmutableStore,
): AsyncGenerator<Finding> {
  const { summary } = predecessor;
  if (said === summary.checkpoint) return;
  const size = sizeOf(said, summary.log);
  if (size === undefined) {
    yield finding('generationWrong', `What the log names as the last checkpoint of ${summary.log} is none.`);
  } else if (size > summary.size) {
    if (!predecessor.end.isWhole) return; // its last segment cannot be read, and that is a finding already
    const message = `The log ends at leaf ${summary.size}; its successor was opened when it had ${size}: its end was cut off.`;
    yield { kind: 'tailCut', log: summary.log, segment: summary.last, message };
  } else {
    const at = await findSegmentEnding(size, summary, trail);
    if (at?.checkpoint !== said) {
      yield finding(
        'generationWrong',
        `The log was opened on a checkpoint over ${size} leaves that ${summary.log} does not have.`,
      );
    } else {
      const message = `The log grew after its successor was opened: segments ${at.number + 1} to ${summary.last} were added.`;
      yield { kind: 'grownAfterSuccessor', log: summary.log, segment: at.number + 1, message };
    }
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
): Promise<{ number: number; checkpoint: string } | undefined> {
  for (let low = first, high = last; low <= high;) {
    const number = low + Math.floor((high - low) / 2);
    const blob = await trail.read(formatSegmentBlob(log, number));
    if (blob === undefined) return undefined;
    try {
      const { checkpoint, checkpointNote } = parseSegment(blob);
      if (checkpoint.size === size) return { number, checkpoint: checkpointNote };
      if (checkpoint.size < size) low = number + 1;
      else high = number - 1;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return undefined;
    }
  }
  return undefined;
}
