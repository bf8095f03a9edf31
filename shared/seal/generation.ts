import { SealError, SettingsError } from '../errors.ts';
import { formatLogName, formatSegmentBlob, parseLogName, segmentPrefix } from '../wire/log-name.ts';
import { FIRST_LOG_REASON, formatRecreatedHubReason } from '../wire/opening-reason.ts';
import type { Seal } from '../wire/record.ts';
import { findHead, findLastSound, firstNumber, isOurs } from './head.ts';
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
 * Throws SealError, StoreError, and SettingsError where the order names another number than the next.
 */
export async function findCurrentLog(deps: GenerationDeps, hub: HubProperties, partition: string): Promise<CurrentLog> {
  const nameOf = (generation: number) => formatLogName({ trail: deps.trailName, hub: hub.name, partition, generation });
  const orders = deps.ordered
    .filter((each) => each.log.startsWith(`${hub.name}/${partition}/`))
    .map((each) => ({ ...each, generation: Number(each.log.split('/')[2]) }))
    .sort((a, b) => a.generation - b.generation);
  const last = await lastGeneration(deps, nameOf, new Set(orders.map(({ generation }) => generation)));
  const order = orders.find((each) => each.generation > (last ?? -1));
  if (order !== undefined) {
    const next = await nextGeneration(deps.trail, nameOf, last);
    if (order.generation !== next) {
      throw new SettingsError(
        `indelible.yaml orders the log ${order.log}, but the next generation of that partition is ${next}. Correct the number; nothing is sealed until then.`,
      );
    }
    // An operator opens a generation because the last one cannot go on: its end may be somebody else's, its key lost.
    const soundEnd = async (log: string) => findLastSound(deps.trail, deps.signer, log, await deps.hint(log));
    const before = next === 0 ? undefined : await soundEnd(nameOf(next - 1));
    const predecessor = next === 0 ? undefined : { log: nameOf(next - 1), checkpoint: before?.checkpoint };
    return {
      head: emptyHead(nameOf(next), order.first, hub.created),
      opened: openedBy(order.reason, predecessor),
      // Where all that lies in the number before is foreign, the log that really ends here is an older one.
      replaced: before ?? (last === undefined ? undefined : await soundEnd(nameOf(last))),
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

/**
 * Generations without one of ours that are looked past. Behind more, a number is nobody's: whoever may write blobs could else
 * use all numbers up with one name, so that no operator could open a further log.
 */
const MOST_FOREIGN = 100;

/**
 * Number of the partition's last log. A folder alone makes none, for anybody may have made it: its first segment is signed by
 * a key of ours, or a log of that number is expected. Where only an operator can tell, it counts as soon as its number would
 * be ours, and stops the partition: were it ours, the log before it would grow behind its successor.
 */
async function lastGeneration(
  { trail, signer }: GenerationDeps,
  nameOf: (generation: number) => string,
  ordered: ReadonlySet<number>,
): Promise<number | undefined> {
  let last: number | undefined;
  for (const generation of await listGenerations(trail, nameOf(0))) {
    if (generation > (last ?? -1) + MOST_FOREIGN) break;
    const log = nameOf(generation);
    if (generation === 0 || ordered.has(generation)) {
      if ((await firstNumber(trail, log)) !== undefined) last = generation;
      continue;
    }
    const ours = await isOurs(trail, signer, log);
    const follows = async () =>
      last === undefined || (await nextGeneration(trail, nameOf, last, generation)) >= generation;
    if (ours === 'yes' || (ours === 'unknown' && (await follows()))) last = generation;
  }
  return last;
}

/** Ascending. `first`: generation 0 of the partition. One listing of few names, for generations are rare. */
async function listGenerations(trail: ImmutableStore, first: string): Promise<number[]> {
  const generations: number[] = [];
  for await (const prefix of trail.listPrefixes(segmentPrefix(first).slice(0, -'0/'.length))) {
    try {
      generations.push(parseLogName(prefix.slice(segmentPrefix('').length - 1, -1)).generation);
    } catch {
      // Somebody's folder: no log of ours, and the verifier names it.
    }
  }
  return generations.sort((a, b) => a - b);
}

/** The number of the log to open: the first behind `last`, up to `most`, at which nothing lies where segment 0 belongs. */
async function nextGeneration(
  trail: ImmutableStore,
  nameOf: (generation: number) => string,
  last: number | undefined,
  most = Infinity,
): Promise<number> {
  let next = (last ?? -1) + 1;
  while (next < most && (await trail.exists(formatSegmentBlob(nameOf(next), 0)))) next++;
  return next;
}

/**
 * Throws SealError `superseded` where a later log was opened: one HEAD before every write. `foreign`: names of logs that are
 * known to be none of ours; others that are found are added.
 */
export async function refuseSuperseded(
  trail: ImmutableStore,
  signer: Signer,
  log: string,
  foreign: Set<string>,
): Promise<void> {
  const name = parseLogName(log);
  for (let generation = name.generation + 1; ; generation++) {
    const successor = formatLogName({ ...name, generation });
    if (foreign.has(successor)) continue;
    if (!(await trail.exists(formatSegmentBlob(successor, 0)))) return;
    if ((await isOurs(trail, signer, successor)) !== 'no') {
      throw new SealError('superseded', `${successor} was opened: ${log} takes no more segments.`);
    }
    foreign.add(successor);
  }
}
