import { SealError, SettingsError } from '../errors.ts';
import { formatLogName, formatSegmentBlob, parseLogName } from '../wire/log-name.ts';
import { FIRST_LOG_REASON, formatRecreatedHubReason } from '../wire/opening-reason.ts';
import type { Seal } from '../wire/record.ts';
import { parseSegment } from '../wire/segment.ts';
import { findHead, findLastSound } from './head.ts';
import type { Head } from './head.ts';
import type { HubProperties } from './hub-reader.ts';
import type { ImmutableStore } from './immutable-store.ts';
import type { Signer } from './signer.ts';

/** An operator's entry in indelible.yaml: open this log, at this number, for this reason. */
export interface OrderedGeneration {
  /** `<hub>/<partition>/<generation>` */
  readonly log: string;
  readonly reason: string;
  /** Sequence number of the first message that the new log takes in. */
  readonly first: number;
}

/** The log that a partition is sealed into now, and why it was opened where it has no segment yet. */
export interface CurrentLog {
  readonly head: Head;
  readonly opened: Seal['opened'];
  /** The last segment of the log that this one is opened after: its rows may not all be written yet. */
  readonly replaced?: { readonly log: string; readonly number: number } | undefined;
}

export interface GenerationDeps {
  readonly trailName: string;
  readonly trail: ImmutableStore;
  readonly signer: Signer;
  readonly ordered: readonly OrderedGeneration[];
  /** A lower bound for the number of a log's last segment, or undefined; never trusted for more. */
  readonly hint: (log: string) => Promise<number | undefined>;
}

/** A head before the first segment: nothing sealed below `first`, to be opened on the hub that was created then. */
function emptyHead(log: string, first: number, hubCreated: string): Head {
  return {
    log,
    number: -1,
    size: 0,
    frontier: [],
    checkpoint: undefined,
    to: { sequenceNumber: first - 1, enqueued: '0000-01-01T00:00:00.000Z' },
    hubCreated,
    configurations: [],
    nextKey: undefined,
  };
}

/**
 * Which generation goes on: the last one there is, unless the operator ordered a later one, or the hub was created anew.
 * Throws SealError, StoreError.
 */
export async function findCurrentLog(deps: GenerationDeps, hub: HubProperties, partition: string): Promise<CurrentLog> {
  const nameOf = (generation: number) => formatLogName({ trail: deps.trailName, hub: hub.name, partition, generation });
  const last = await lastGeneration(deps, hub.name, partition);
  const order = deps.ordered
    .filter((each) => each.log.startsWith(`${hub.name}/${partition}/`))
    .map((each) => ({ ...each, generation: Number(each.log.split('/')[2]) }))
    .sort((a, b) => a.generation - b.generation)
    .find((each) => each.generation > (last ?? -1));
  if (order !== undefined) {
    if (order.generation !== (last ?? -1) + 1) {
      throw new SettingsError(
        `indelible.yaml orders the log ${order.log}, but the next generation of that partition is ${(last ?? -1) + 1}. Correct the number; nothing is sealed until then.`,
      );
    }
    // An operator opens a generation because the last one cannot go on: its end may be somebody else's, its key lost.
    const before =
      last === undefined
        ? undefined
        : await findLastSound(deps.trail, deps.signer, nameOf(last), await deps.hint(nameOf(last)));
    const predecessor = last === undefined ? undefined : { log: nameOf(last), checkpoint: before?.checkpoint };
    return {
      head: emptyHead(nameOf(order.generation), order.first, hub.created),
      opened: openedBy(order.reason, predecessor),
      replaced: before,
    };
  }
  if (last === undefined) return { head: emptyHead(nameOf(0), 0, hub.created), opened: { reason: FIRST_LOG_REASON } };
  const head = await findHead(deps.trail, deps.signer, nameOf(last), await deps.hint(nameOf(last)));
  if (head === undefined) throw new SealError('badHead', `The log ${nameOf(last)} was listed but has no segment.`);
  if (head.hubCreated !== hub.created) {
    const predecessor = { log: head.log, checkpoint: head.checkpoint };
    return {
      head: emptyHead(nameOf(last + 1), 0, hub.created),
      opened: openedBy(formatRecreatedHubReason(hub.created), predecessor),
      replaced: head,
    };
  }
  return { head, opened: undefined };
}

function openedBy(
  reason: string,
  predecessor: { log: string; checkpoint: string | undefined } | undefined,
): Seal['opened'] {
  return predecessor === undefined ? { reason } : { reason, predecessor };
}

/** Number of the partition's latest log that has a blob; one listing of few names, for generations are rare. */
async function lastGeneration(deps: GenerationDeps, hub: string, partition: string): Promise<number | undefined> {
  const folder = `segments/${deps.trailName}/${hub}/${partition}/`;
  let last: number | undefined;
  for await (const prefix of deps.trail.listPrefixes(folder)) {
    let generation: number;
    try {
      ({ generation } = parseLogName(prefix.slice('segments/'.length, -1)));
    } catch {
      continue; // somebody's folder: no log of ours, and the verifier names it
    }
    if (last === undefined || generation > last) last = generation;
  }
  return last;
}

/** Throws SealError `superseded` where a later log was opened: one HEAD before every write. */
export async function refuseSuperseded(trail: ImmutableStore, log: string): Promise<void> {
  const name = parseLogName(log);
  const successor = formatLogName({ ...name, generation: name.generation + 1 });
  if (await trail.exists(formatSegmentBlob(successor, 0))) {
    throw new SealError('superseded', `${successor} was opened: ${log} takes no more segments.`);
  }
}

/** Reads what lies where the next segment belongs. Throws FormatError where it is no segment. */
export async function readNext(trail: ImmutableStore, log: string, number: number) {
  const blob = await trail.read(formatSegmentBlob(log, number));
  return blob === undefined ? undefined : parseSegment(blob);
}
