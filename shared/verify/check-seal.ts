import { FormatError } from '../errors.ts';
import { parseCheckpoint } from '../wire/checkpoint.ts';
import { parseLogName } from '../wire/log-name.ts';
import { CATEGORIES, recordId } from '../wire/record.ts';
import type { Position, Seal, TrailRecord } from '../wire/record.ts';
import { rootOfFrontier } from '../wire/merkle.ts';
import { checkOwnRecord } from './check-own-record.ts';
import type { FindingList, RecordPlace } from './findings.ts';
import { isAnchorsLog } from './trail-blobs.ts';
import type { Adoption, LeafWalk } from './walk-leaves.ts';

/** The newest of a log's configurations that a seal lists. */
export const MAX_CONFIGURATIONS = 256;

/** Compares what a seal says with the leaves before it, and with itself. `record`: the seal's own place. */
export function checkSeal(
  sealRecord: TrailRecord,
  seal: Seal,
  record: RecordPlace,
  walk: LeafWalk,
  findings: FindingList,
): void {
  const where = { record: { ...record, id: sealRecord.id } };
  checkOwn(sealRecord, seal, findings, where);
  checkPrevious(seal, findings, where);
  if (isAnchorsLog(seal.log)) {
    if (seal.hub !== undefined || seal.from !== undefined || seal.to !== undefined) {
      findings.add('positionWrong', 'The log of anchors has no hub, and no positions in it.', where);
    }
  } else {
    const target = { kind: 'log', id: seal.log } as const;
    const own = { action: 'seal segment', subject: String(seal.number), target, members: ['seal'] } as const;
    checkOwnRecord(sealRecord, own, where.record, findings);
    checkPositions(seal, walk, findings, where);
    checkAdoption(seal, walk, findings, where);
  }
  checkCounts(seal, walk, findings, where);
}

interface SealPlace {
  readonly record: RecordPlace;
}

function checkOwn(sealRecord: TrailRecord, seal: Seal, findings: FindingList, where: SealPlace): void {
  if (sealRecord.id !== recordId([seal.log, String(seal.number), 'seal']) || sealRecord.source !== seal.log) {
    findings.add('idWrong', "The seal's id and source are not those of this segment.", where);
  }
  if (seal.to !== undefined && sealRecord.time !== seal.to.enqueued) {
    findings.add('timeWrong', `The seal's time is ${sealRecord.time}, not that of "to", ${seal.to.enqueued}.`, where);
  }
}

/** The predecessor's checkpoint must be over exactly the tree that the frontier describes. */
function checkPrevious(seal: Seal, findings: FindingList, where: SealPlace): void {
  const { number, previous, opened, first, frontier } = seal;
  if ((number === 0) !== (previous === null)) {
    findings.add(
      'previousMismatch',
      number === 0 ? 'Segment 0 names a predecessor.' : 'The seal names no predecessor.',
      where,
    );
  }
  if (number !== 0 && opened !== undefined) {
    findings.add('generationWrong', 'Only segment 0 says why its log was opened.', where);
  }
  if (previous === null) {
    if (first !== 0)
      findings.add('firstMismatch', `The segment begins at leaf ${first}, with nothing before it.`, where);
    return;
  }
  try {
    const { checkpoint } = parseCheckpoint(previous.checkpoint);
    if (checkpoint.origin !== seal.log) {
      findings.add('previousMismatch', `"previous" is a checkpoint of the log ${checkpoint.origin}.`, where);
    }
    if (checkpoint.size !== first) {
      findings.add(
        'firstMismatch',
        `The segment begins at leaf ${first}; its predecessor ended at ${checkpoint.size}.`,
        where,
      );
    } else if (!rootOfFrontier(frontier.map((hex) => Buffer.from(hex, 'hex'))).equals(checkpoint.root)) {
      findings.add('frontierMismatch', 'The frontier does not fold to the root in "previous".', where);
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.add('previousMismatch', `"previous" is no checkpoint: ${error.message}`, where);
  }
}

function checkPositions(seal: Seal, walk: LeafWalk, findings: FindingList, where: SealPlace): void {
  const { log, hub, from, to, previous } = seal;
  const { hub: expected } = parseLogName(log);
  if (hub === undefined) findings.add('hubWrong', 'The seal does not name its hub.', where);
  else if (hub.name !== expected) {
    findings.add('hubWrong', `The seal says that its messages came from the hub ${hub.name}, not ${expected}.`, where);
  }
  if (from === undefined || to === undefined) {
    findings.add('positionWrong', 'The seal does not say "from" and "to".', where);
    return;
  }
  // A leaf that could not be read may have held the first or the last of them.
  if (walk.damaged !== undefined) return;
  const { messages } = walk;
  if (messages.from === undefined && previous === null) {
    findings.add('positionWrong', 'Segment 0 has no message and no gap.', where);
    return;
  }
  // Without messages and gaps it fills nothing, and stands where its predecessor ended.
  comparePosition('from', from, messages.from ?? previous?.to, findings, where);
  comparePosition('to', to, messages.from === undefined ? previous?.to : messages.to, findings, where);
}

function comparePosition(
  name: string,
  said: Position,
  is: Position | undefined,
  findings: FindingList,
  where: SealPlace,
): void {
  if (is === undefined) return;
  if (said.sequenceNumber !== is.sequenceNumber) {
    findings.add(
      'positionWrong',
      `"${name}" says number ${said.sequenceNumber}; the leaves say ${is.sequenceNumber}.`,
      where,
    );
  }
  if (said.enqueued !== is.enqueued) {
    findings.add('positionWrong', `"${name}" says ${said.enqueued}; the leaves say ${is.enqueued}.`, where);
  }
}

/** Effective from the later of what the version says and what the log had seen before it (segment 0: the hub's creation). */
function checkAdoption(seal: Seal, walk: LeafWalk, findings: FindingList, where: SealPlace): void {
  const { configurations, previous, hub } = seal;
  if (configurations.length > MAX_CONFIGURATIONS || configurations.length === 0) {
    findings.add(
      'adoptionWrong',
      `The seal lists ${configurations.length} configurations; it lists the newest ${MAX_CONFIGURATIONS}, and one at least.`,
      where,
    );
  }
  const { adoption } = walk;
  if (adoption === undefined) {
    if (previous === null && walk.damaged === undefined) {
      findings.add('adoptionWrong', 'Segment 0 adopts no configuration.', where);
    }
    return;
  }
  const { record, time, adopted } = adoption;
  const seen = previous === null ? hub?.created : previous.to.enqueued;
  if (seen !== undefined && time !== seen) {
    findings.add('timeWrong', `The adoption's time is ${time}; the log had seen ${seen} by then.`, { record });
  }
  if (seen !== undefined && adopted.effective !== (adopted.from > seen ? adopted.from : seen)) {
    findings.add(
      'adoptionWrong',
      `The configuration is said to be in force from ${adopted.effective}; the later of ${adopted.from} and ${seen} is right.`,
      { record },
    );
  }
  if (previous === null && configurations.length > 1) {
    findings.add('adoptionWrong', 'Segment 0 lists configurations that nothing before it can have adopted.', where);
  }
  checkChain(adopted, configurations, record, findings);
  const last = configurations.at(-1);
  if (last?.sha256 !== adopted.sha256 || last.effective !== adopted.effective) {
    findings.add(
      'adoptionWrong',
      "The newest configuration of the seal's list is not the one that the segment adopts.",
      where,
    );
  }
}

/**
 * A log goes from version to version of one chain, each of which names the hash of the one before it, and never back: it may
 * leave versions out that no sealer ran.
 */
function checkChain(
  { sha256, previous, comparedWith }: Adoption['adopted'],
  configurations: Seal['configurations'],
  record: RecordPlace,
  findings: FindingList,
): void {
  const add = (message: string): void => findings.add('adoptionWrong', message, { record });
  const earlier = configurations.slice(0, -1).map((each) => each.sha256);
  const last = earlier.at(-1);
  if (earlier.includes(sha256)) add('The configuration was adopted before: a version never comes again.');
  if (previous === sha256 || (previous === undefined && last !== undefined)) {
    add('The adoption does not say which version came before this one.');
  } else if (previous !== last && earlier.includes(previous ?? '')) {
    add(`The adoption says that the version before this one is ${previous}; the log has adopted ${last} since.`);
  }
  if (comparedWith !== undefined && comparedWith !== (last ?? previous)) {
    add(`The changes are said to be against ${comparedWith}; the log had adopted ${last ?? 'none'}.`);
  }
}

function checkCounts(seal: Seal, walk: LeafWalk, findings: FindingList, where: SealPlace): void {
  if (walk.damaged !== undefined) return;
  for (const category of CATEGORIES) {
    const said = seal.counts[category];
    const is = walk.counts[category];
    if (said !== is) {
      findings.add(
        'countsWrong',
        `The seal counts ${said ?? 0} records of category ${category}; there are ${is ?? 0}.`,
        where,
      );
    }
  }
}
