import { FormatError } from '../errors.ts';
import { parseCheckpoint } from '../wire/checkpoint.ts';
import { EMPTY_ROOT } from '../wire/merkle.ts';
import type { Position } from '../wire/record.ts';
import { MAX_CONFIGURATIONS } from './check-seal.ts';
import type { FailureKind, Finding, NoteKind } from './findings.ts';
import type { KeptCheckpoint } from './kept-checkpoints.ts';
import type { KeyRing } from './key-ring.ts';
import { isAnchorsLog } from './trail-blobs.ts';
import type { SegmentResult, SegmentSummary } from './verify-segment.ts';
import type { OpenGap } from './walk-messages.ts';

/** What was verified of one log. */
export interface LogSummary {
  readonly log: string;
  /** Segments that are there; `first` and `last` are their numbers. */
  readonly segments: number;
  readonly first: number;
  readonly last: number;
  /** Of the last segment that could be read: leaves in the log, root (hex), signed note. */
  readonly size: number;
  readonly root: string;
  readonly checkpoint: string | undefined;
  /** The hub's numbers that the log covers. */
  readonly from: Position | undefined;
  readonly to: Position | undefined;
  /** Leaves that were read, seals included. */
  readonly records: number;
  readonly messages: number;
  /** Gap records, and the numbers in them. */
  readonly gaps: number;
  readonly gone: number;
  /** Enqueued times of the first message, and the greatest. */
  readonly firstTime: string | undefined;
  readonly lastTime: string | undefined;
}

/** Where a log ends, as far as its keys vouch for it. */
export interface SoundEnd {
  readonly log: string;
  readonly number: number;
  readonly size: number;
  readonly checkpoint: string;
  readonly hub: SegmentSummary['seal']['hub'];
  readonly to: SegmentSummary['seal']['to'];
}

/** What is asked of one log when it is compared with the other generations of its partition. */
export interface LogEnds {
  /** Of segment 0, where it is there and can be read. */
  readonly opening: SegmentSummary['seal'] | undefined;
  /** Of the last segment that could be read. */
  readonly ending: SegmentSummary['seal'] | undefined;
  /** The last segment that a trusted key signed in its turn. */
  readonly sound: SoundEnd | undefined;
  /** False where the last segment that is there is another one: it cannot be read, or is somebody else's. */
  readonly isWhole: boolean;
  /** No message before the first segment that is there was enqueued later. */
  readonly goneUntil: string | undefined;
}

export interface JoinOptions {
  readonly keys: KeyRing;
  readonly kept: readonly KeptCheckpoint[];
  /** What was enqueued before this time may be gone. */
  readonly prunedBefore: string | undefined;
}

interface Known {
  readonly number: number;
  /** undefined: the blob is there and cannot be read. */
  readonly summary: SegmentSummary | undefined;
  readonly isTrusted: boolean;
}

/** Joins the segments of one log in the order of their numbers: what one segment cannot prove of itself. */
export class LogJoin {
  readonly log: string;
  readonly #keys: KeyRing;
  readonly #kept: readonly KeptCheckpoint[];
  readonly #prunedBefore: string | undefined;
  #segments = 0;
  #records = 0;
  #messages = 0;
  #gaps = 0;
  #gone = 0;
  #first: Known | undefined;
  #previous: Known | undefined;
  /** First and last that could be read. */
  #firstRead: SegmentSummary | undefined;
  #lastRead: SegmentSummary | undefined;
  /** Hashes of the keys that trusted segments of this log announced: each may have signed for a while. */
  readonly #announced = new Set<string>();
  #sound: SoundEnd | undefined;
  /** Of the last segment before, where nothing but empty segments followed. */
  #openGap: (OpenGap & { readonly segment: number }) | undefined;
  /** Size to root, where a kept checkpoint asks for it: of trusted segments, or anybody's forgery would look like a fork. */
  readonly #roots = new Map<number, { readonly root: string; readonly segment: number }>();

  constructor(log: string, { keys, kept, prunedBefore }: JoinOptions) {
    this.log = log;
    this.#keys = keys;
    this.#kept = kept.filter((each) => each.log === log);
    this.#prunedBefore = prunedBefore;
  }

  /** The next segment that is there. */
  *take(result: SegmentResult): Generator<Finding> {
    const { number } = result.job;
    const { summary } = result;
    yield* this.#checkNumber(number, summary);
    yield* result.findings;
    const before = this.#previous?.number === number - 1 ? this.#previous.summary : undefined;
    if (before === undefined) this.#openGap = undefined;
    let isTrusted = false;
    if (summary !== undefined) {
      if (before !== undefined) yield* this.#comparePredecessor(number, summary, before);
      const isSignedInTurn = yield* this.#checkKey(number, summary, before);
      isTrusted = isSignedInTurn && this.#isTrusted(summary, before);
      yield* this.#checkOpenGap(number, summary);
    }
    this.#add({ number, summary, isTrusted });
  }

  /** Of a segment that the key whose turn it was has signed: that key is trusted, and the leaves go on where the log stands. */
  #isTrusted(summary: SegmentSummary, before: SegmentSummary | undefined): boolean {
    const { first, fits } = summary;
    const followsOn = before === undefined ? first >= (this.#sound?.size ?? 0) : first === before.size;
    return fits && followsOn && (before === undefined || this.#trusts(before.seal.nextKey));
  }

  #trusts(key: string): boolean {
    return this.#keys.given.has(key) || this.#announced.has(key);
  }

  /** A gap's time is that of the message behind it, which may open the next segment. */
  *#checkOpenGap(number: number, { opening, openGap }: SegmentSummary): Generator<Finding> {
    const open = this.#openGap;
    if (opening !== undefined) this.#openGap = undefined;
    if (openGap !== undefined) this.#openGap = { ...openGap, segment: number };
    if (open === undefined || opening === undefined) return;
    if (opening.kind === 'message' && opening.enqueued !== open.enqueued) {
      const message = `The gap's time is ${open.enqueued}, not that of the next message, ${opening.enqueued}, which opens segment ${number}.`;
      yield this.#finding('gapWrong', open.segment, message, open.index);
    } else if (opening.kind === 'gap') {
      const message = `A gap opens the segment behind one that ends with a gap: the message whose time, ${open.enqueued}, the first one bears is said to have been lost before it was sealed.`;
      yield this.#finding('gapNoted', number, message, opening.index);
    }
  }

  #add(known: Known): void {
    const { number, summary, isTrusted } = known;
    this.#segments++;
    this.#first ??= known;
    this.#previous = known;
    if (summary === undefined) return;
    this.#firstRead ??= summary;
    this.#lastRead = summary;
    this.#records += summary.leaves;
    this.#messages += summary.messages;
    this.#gaps += summary.gaps;
    this.#gone += summary.gone;
    if (!isTrusted || summary.checkpoint === undefined) return;
    const { size: leaves, checkpoint, seal } = summary;
    this.#announced.add(seal.nextKey);
    this.#sound = { log: this.log, number, size: leaves, checkpoint, hub: seal.hub, to: seal.to };
    for (const { size, root } of summary.roots) this.#roots.set(size, { root, segment: number });
  }

  *#checkNumber(number: number, summary: SegmentSummary | undefined): Generator<Finding> {
    if (this.#previous === undefined) {
      if (number > 0) yield this.#checkPruned(number, summary?.seal.previous?.to.enqueued);
      return;
    }
    const first = this.#previous.number + 1;
    if (number > first) {
      const what = number - 1 === first ? `Segment ${first} is` : `Segments ${first} to ${number - 1} are`;
      yield this.#finding('segmentMissing', first, `${what} not there, and segment ${number} is.`);
    }
  }

  /** `until`: the latest time that the log had seen before the first segment that is left. */
  #checkPruned(number: number, until: string | undefined): Finding {
    const begins = `The log begins with segment ${number}; what was before it, enqueued up to ${until ?? 'an unknown time'}, is not there`;
    return mayBeGone(until, this.#prunedBefore)
      ? this.#finding('prunedAllowed', number, `${begins}: pruned, and vouched for by "previous" alone.`)
      : this.#finding(
          'pruned',
          number,
          `${begins}: somebody removed it, or it was pruned and the verifier was not told that it may be.`,
        );
  }

  *#comparePredecessor(number: number, summary: SegmentSummary, before: SegmentSummary): Generator<Finding> {
    const finding = (kind: FailureKind, message: string) => this.#finding(kind, number, message, summary.size - 1);
    const { previous, hub } = summary.seal;
    if (previous !== null) {
      const difference = comparePrevious(previous.checkpoint, before);
      if (difference !== undefined) yield finding('previousMismatch', difference);
      const { to } = before.seal;
      if (previous.to.sequenceNumber !== to?.sequenceNumber || previous.to.enqueued !== to.enqueued) {
        if (!isAnchorsLog(this.log))
          yield finding('positionWrong', `"previous" does not say where segment ${number - 1} ended.`);
      }
    }
    if (summary.first !== before.size) {
      yield finding(
        'firstMismatch',
        `The segment begins at leaf ${summary.first}; segment ${number - 1} ended at ${before.size}.`,
      );
    }
    if (JSON.stringify(hub) !== JSON.stringify(before.seal.hub)) {
      yield finding('hubWrong', `The segment is of another hub than segment ${number - 1}.`);
    }
    if (!configurationsFollow(summary, before)) {
      yield finding('adoptionWrong', `The list of configurations does not follow from that of segment ${number - 1}.`);
    }
  }

  /**
   * Trust begins with a given key, and flows on by what each segment announces. True where the key whose turn it is signed.
   */
  *#checkKey(number: number, summary: SegmentSummary, before: SegmentSummary | undefined): Generator<Finding, boolean> {
    if (summary.checkpoint === undefined) return false;
    const { signedBy, keyIds } = summary;
    const { known, byId } = this.#keys;
    // Behind a segment that is missing or cannot be read, whatever it announced is not known: any trusted key will do.
    const isDue = (key: string) => (before === undefined ? this.#trusts(key) : key === before.seal.nextKey);
    if (signedBy.some(isDue)) return true;
    const named = `${keyIds.length === 1 ? 'the key id' : 'the key ids'} ${keyIds.join(', ')}`;
    const finding = (kind: FailureKind, message: string) => this.#finding(kind, number, message);
    if (keyIds.some((id) => byId.get(id)?.some(isDue))) {
      yield finding(
        'signatureWrong',
        `The checkpoint names ${named}, and the signature is not that key's over this checkpoint.`,
      );
    } else if (before === undefined) {
      yield finding(
        'keyUnknown',
        `The checkpoint names ${named}; no key that was given${this.#announced.size === 0 ? '' : ', or that this log announced before the hole,'} signed it. Either another key has to be given, or somebody else wrote the log.`,
      );
    } else if (!known.has(before.seal.nextKey) && keyIds.includes(before.seal.nextKey.slice(0, 8))) {
      yield finding(
        'keyUnknown',
        `Segment ${number - 1} announced the key ${before.seal.nextKey}, which was not given and does not lie under keys/.`,
      );
    } else {
      const retired = signedBy.some((key) => this.#trusts(key));
      const whose = retired ? 'a key of this log whose turn it was not' : `${named}, which nothing announced`;
      yield finding(
        'keyUnannounced',
        `Segment ${number - 1} announced the key ${before.seal.nextKey}; the checkpoint is signed by ${whose}.`,
      );
    }
    return false;
  }

  /** After the last segment: what was kept elsewhere. `allMayBeGone`: the whole log may be, where no segment of it is there. */
  *finish(allMayBeGone: boolean): Generator<Finding> {
    for (const kept of this.#kept) yield* this.#compareKept(kept, allMayBeGone);
  }

  *#compareKept(kept: KeptCheckpoint, allMayBeGone: boolean): Generator<Finding> {
    const { size, root, signedBy } = kept;
    const end = this.#sound?.size ?? 0;
    const shown = size === 0 ? { root: EMPTY_ROOT.toString('hex'), segment: 0 } : this.#roots.get(size);
    if (!signedBy.some((key) => this.#trusts(key))) {
      yield this.#finding(
        'keyUnknown',
        undefined,
        `The kept checkpoint over ${size} leaves is signed by a key that was not given and that this log never announced.`,
      );
    } else if (shown !== undefined) {
      if (shown.root !== root) {
        yield this.#finding(
          'forked',
          shown.segment,
          `The kept checkpoint over ${size} leaves has the root ${root}; this log has ${shown.root} there: two histories were signed.`,
        );
      }
    } else if (this.#mayBeGone(size, allMayBeGone)) {
      yield this.#finding(
        'checkpointPruned',
        undefined,
        `The kept checkpoint over ${size} leaves speaks of leaves that were allowed to be pruned: it shows nothing of what is left.`,
      );
    } else if (size > end && this.ends.isWhole) {
      yield this.#finding(
        'tailCut',
        this.#previous?.number,
        `A checkpoint over ${size} leaves was kept; the log ends at ${end}: its end was cut off.`,
      );
    } else {
      yield this.#finding(
        'checkpointNotComparable',
        undefined,
        `The kept checkpoint over ${size} leaves speaks of leaves that are pruned, missing, damaged or signed by nobody who may: nothing shows that they were the same.`,
      );
    }
  }

  /** True where all of the first `size` leaves lie in what was allowed to be pruned. */
  #mayBeGone(size: number, allMayBeGone: boolean): boolean {
    const first = this.#first?.summary;
    if (this.#first === undefined) return allMayBeGone;
    return first !== undefined && size < first.first && mayBeGone(this.ends.goneUntil, this.#prunedBefore);
  }

  #finding(kind: FailureKind | NoteKind, segment: number | undefined, message: string, index?: number): Finding {
    return {
      kind,
      log: this.log,
      ...(segment === undefined ? {} : { segment }),
      ...(index === undefined ? {} : { record: { index } }),
      message,
    };
  }

  get ends(): LogEnds {
    const first = this.#first?.summary?.seal;
    return {
      opening: this.#first?.number === 0 ? first : undefined,
      ending: this.#lastRead?.seal,
      sound: this.#sound,
      isWhole: this.#previous === undefined || this.#previous.isTrusted,
      // A predecessor has taken in what came before this log's first message.
      goneUntil: this.#first?.number === 0 ? first?.from?.enqueued : first?.previous?.to.enqueued,
    };
  }

  get summary(): LogSummary {
    const from = this.#firstRead?.seal.from;
    const to = this.#lastRead?.seal.to;
    return {
      log: this.log,
      segments: this.#segments,
      first: this.#first?.number ?? 0,
      last: this.#previous?.number ?? 0,
      size: this.#lastRead?.size ?? 0,
      root: this.#lastRead?.root ?? EMPTY_ROOT.toString('hex'),
      checkpoint: this.#lastRead?.checkpoint,
      from,
      to,
      records: this.#records,
      messages: this.#messages,
      gaps: this.#gaps,
      gone: this.#gone,
      firstTime: from?.enqueued,
      lastTime: to?.enqueued,
    };
  }
}

/** `until`: nothing that is gone was enqueued later; undefined where that is not known. */
export function mayBeGone(until: string | undefined, prunedBefore: string | undefined): boolean {
  return until !== undefined && prunedBefore !== undefined && until < prunedBefore;
}

/** undefined: it is the predecessor's. Else in what it differs. */
function comparePrevious(previous: string, before: SegmentSummary): string | undefined {
  if (previous === before.checkpoint) return undefined;
  try {
    const { checkpoint } = parseCheckpoint(previous);
    const sameTree = checkpoint.size === before.size && checkpoint.root.toString('hex') === before.root;
    // The predecessor's own checkpoint is damaged, and that is its finding: its leaves are what this segment was built on.
    if (sameTree && before.checkpoint === undefined) return undefined;
    if (sameTree)
      return '"previous" is over the same leaves as the predecessor\'s checkpoint, but not the same note: it was signed again.';
    return `"previous" is a checkpoint over ${checkpoint.size} leaves that is not the predecessor's: the log was forked, or the predecessor was written anew.`;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return '"previous" is not the predecessor\'s checkpoint.';
  }
}

/** The predecessor's list, and behind it what this segment adopts; of them the newest. */
function configurationsFollow(summary: SegmentSummary, before: SegmentSummary): boolean {
  const now = summary.seal.configurations;
  const then = before.seal.configurations;
  const right = summary.adopted ? [...then, ...now.slice(-1)].slice(-MAX_CONFIGURATIONS) : then;
  return JSON.stringify(now) === JSON.stringify(right);
}
