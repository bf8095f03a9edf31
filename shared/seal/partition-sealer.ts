import { FormatError, SealError } from '../errors.ts';
import { formatCheckpoint, formatCheckpointText, verifyCheckpoint } from '../wire/checkpoint.ts';
import { formatKeyBlob, formatSegmentBlob } from '../wire/log-name.ts';
import { formatSegment } from '../wire/segment.ts';
import type { Segment, UnsignedSegment } from '../wire/segment.ts';
import { formatPublicKey } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import { formatFrame, parseFrame } from '../wire/zstd-frame.ts';
import { SEGMENT_LIMITS, composeSegment, fillSegment, toFittingEntry, unrecognizedBody } from './compose-segment.ts';
import type { Entry, JudgeAuthority, SealedConfiguration, SegmentContext, SegmentLimits } from './compose-segment.ts';
import { takeFollowing } from './follow-on.ts';
import type { Item, RoundLimits } from './follow-on.ts';
import { findCurrentLog, refuseSuperseded } from './generation.ts';
import type { CurrentLog, OrderedGeneration } from './generation.ts';
import { foreign, headOf } from './head.ts';
import type { Head } from './head.ts';
import type { HubMessage } from './hub-message.ts';
import type { HubProperties, HubReader } from './hub-reader.ts';
import type { ImmutableStore } from './immutable-store.ts';
import type { NormalizedMessage } from './normalized-message.ts';
import { resolveBody, sizeOfMessage } from './raw-body.ts';
import type { RawMessage, SpilledBodies } from './raw-body.ts';
import { largestFrame, readSegmentBlob, readWithin } from './segment-blob.ts';
import type { Signer } from './signer.ts';

/** What sealing needs of the configuration in force in this process. */
export interface SealingConfiguration extends SealedConfiguration {
  readonly generations: readonly OrderedGeneration[];
  /** True for the hash of a version that this one follows, directly or not. */
  follows(sha256: string): boolean;
}

export interface SealDeps {
  /** Schemeless URL of the deployment; the first part of every log's name. */
  readonly trailName: string;
  readonly trail: ImmutableStore;
  readonly evidence: ImmutableStore;
  readonly signer: Signer;
  readonly hub: HubReader;
  readonly spilled: SpilledBodies;
  /**
   * One result a message, in order; of the first ones alone where time does not suffice for all, but at least of one. Never
   * fails for what a message holds: what cannot be normalized comes back as `unrecognized`.
   */
  readonly normalize: (hub: string, messages: readonly RawMessage[]) => Promise<readonly NormalizedMessage[]>;
  readonly configuration: SealingConfiguration;
  readonly judge: JudgeAuthority;
  /** Derives the index rows of all segments of a log up to this one; `fresh` spares reading back what was just written. */
  readonly tabulate: (log: string, upTo: number, fresh: readonly UnsignedSegment[]) => Promise<void>;
  /** Lower bound for a log's last segment, or undefined. */
  readonly hint: (log: string) => Promise<number | undefined>;
  /** Milliseconds since the epoch; decides when the hub is asked and how much a call does, never what a record holds. */
  readonly now: () => number;
  readonly segmentLimits?: SegmentLimits;
  readonly roundLimits?: RoundLimits;
}

/** Bodies and records of one round are in memory at once, on an instance of 2 GB. */
const ROUND_LIMITS: RoundLimits = { messages: 2_000, bytes: 48 * 1024 * 1024 };
const HUB_CHECK_MS = 60_000;
const TAIL_AGE_MS = 120_000;
const TAIL_READ = 100;
/**
 * Milliseconds after which a call begins no further round, its wait for the partition included: the host ends an invocation
 * at `functionTimeout`, and with it all others of the process. What is left is above the cursor, so that the next batch or
 * `seal-tail` reads it from the hub.
 */
export const CALL_MS = 120_000;

/** What one call did. */
export interface Sealed {
  readonly log: string;
  /** Segments written by this call. */
  readonly segments: number;
  /** Messages that this call took in, and those it dropped because the log has them. */
  readonly messages: number;
  readonly alreadySealed: number;
  readonly gaps: number;
}

/**
 * Seals one partition of one hub. The log is the cursor: what was sealed is read from the last seal, never from a checkpoint
 * of the host or a table. One call at a time; another process may seal the same partition at once, the store decides then.
 */
export class PartitionSealer {
  readonly #deps: SealDeps;
  readonly #partition: string;
  #current: CurrentLog | undefined;
  #hub: { properties: HubProperties; readAt: number } | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Keys known to lie under `keys/`. */
  readonly #published = new Set<string>();
  /** Logs that are none of ours, although their numbers follow. */
  readonly #foreign = new Set<string>();

  constructor(deps: SealDeps, partition: string) {
    this.#deps = deps;
    this.#partition = partition;
  }

  /**
   * Seals a batch as the trigger delivered it. `messages` undefined: the trigger's metadata could not be matched with its
   * bodies, so everything unsealed is read from the hub. Throws SealError, StoreError; whatever was sealed before stays, and
   * the same call may be repeated.
   */
  sealBatch(messages: readonly HubMessage[] | undefined): Promise<Sealed> {
    return this.#inTurn((isOver) =>
      messages === undefined ? this.#sealUnread(0, isOver) : this.#sealMessages(messages, isOver),
    );
  }

  /**
   * What no batch will bring: messages older than two minutes that are not sealed, a configuration or a key that an idle
   * partition has not announced yet. Writes nothing where there is nothing.
   */
  sealTail(): Promise<Sealed> {
    return this.#inTurn(async (isOver) => {
      const sealed = await this.#sealUnread(TAIL_AGE_MS, isOver);
      return sealed.segments > 0 ? sealed : this.#announce(sealed);
    });
  }

  #inTurn<T>(work: (isOver: () => boolean) => Promise<T>): Promise<T> {
    const until = this.#deps.now() + CALL_MS;
    const isOver = (): boolean => this.#deps.now() >= until;
    const turn = this.#turn
      .then(() => work(isOver))
      .catch((error: unknown) => {
        // After a failure nothing in memory is believed: what the store holds decides.
        this.#current = undefined;
        this.#hub = undefined;
        throw error;
      });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** All of them, or as many as there is time for. */
  async #sealMessages(messages: readonly HubMessage[], isOver: () => boolean): Promise<Sealed> {
    let current = await this.#load();
    current = await this.#watchNumbers(current, messages);
    // The log that this one is opened after takes no more segments, so that nobody would come back to its rows: they are
    // written before it has a successor.
    if (current.replaced !== undefined) await this.#tabulateReplaced(current.replaced);
    let queue = unsealed(messages, current.head.to.sequenceNumber);
    const tally = { segments: 0, messages: 0, alreadySealed: messages.length - queue.length, gaps: 0 };
    const fresh: UnsignedSegment[] = [];
    while (queue.length > 0) {
      const items = await takeFollowing(
        queue,
        current.head.to.sequenceNumber,
        this.#deps.hub,
        this.#partition,
        this.#deps.roundLimits ?? ROUND_LIMITS,
        sizeOfMessage,
      );
      const round = await this.#sealRound(items);
      fresh.push(...round.written);
      tally.segments += round.written.length;
      tally.messages += round.messages;
      tally.gaps += round.gaps;
      current = await this.#load();
      // Another sealer may have taken some of them meanwhile, and then the rest of the round is as it was: what is still to
      // do is asked of the log, not of the queue, from which the whole round was taken.
      queue = unsealed(messages, current.head.to.sequenceNumber);
      if (isOver()) break;
    }
    // Also with nothing new: an earlier call may have sealed and then failed before its rows were written.
    if (current.head.number >= 0) await this.#deps.tabulate(current.head.log, current.head.number, fresh);
    return { log: current.head.log, ...tally };
  }

  async #tabulateReplaced({ log, number }: { log: string; number: number }): Promise<void> {
    try {
      await this.#deps.tabulate(log, number, []);
    } catch (error) {
      // A segment in it that does not parse may be why an operator opens this one: that must not stop it.
      if (!(error instanceof FormatError)) throw error;
    }
  }

  /** Reads and seals what the hub holds above the cursor and was enqueued at least `age` ms ago. */
  async #sealUnread(age: number, isOver: () => boolean): Promise<Sealed> {
    let total: Sealed | undefined;
    for (;;) {
      const { first, last } = await this.#deps.hub.partition(this.#partition);
      const current = await this.#watchNumbers(await this.#load(), [], last);
      const next = current.head.to.sequenceNumber + 1;
      // A hub that retention emptied answers no read: what it lost is a gap as soon as the next message gives its time.
      const isThere = next <= last && first <= last;
      // One message says whether anything is due; most minutes nothing is.
      const [oldest] = isThere ? await this.#deps.hub.read(this.#partition, next, last, 1) : [];
      // A batch without metadata is due whatever our clock says: the hub's may be ahead of it.
      const due = oldest !== undefined && (age === 0 || Date.parse(oldest.enqueued) <= this.#deps.now() - age);
      const messages = due ? await this.#deps.hub.read(this.#partition, next, last, TAIL_READ) : [];
      const sealed = await this.#sealMessages(messages, isOver);
      total = total === undefined ? sealed : add(total, sealed);
      if (messages.length < TAIL_READ || isOver()) return total;
    }
  }

  /** A segment of adoption and seal, or of its seal alone, where the log exists and does not know yet what we know. */
  async #announce(sealed: Sealed): Promise<Sealed> {
    const { head } = await this.#load();
    if (head.number === -1) return sealed;
    this.#checkConfiguration(head);
    const adopted = head.configurations.at(-1)?.sha256 === this.#deps.configuration.sha256;
    const newest = await this.#deps.signer.newest();
    if (adopted && newest.sha256 === head.nextKey) return sealed;
    const { written } = await this.#sealRound([]);
    const after = await this.#load();
    await this.#deps.tabulate(after.head.log, after.head.number, written);
    return { ...sealed, segments: sealed.segments + written.length };
  }

  /** Normalizes the items, or as many of the first as there is time for, and seals them in as many segments as they need. */
  async #sealRound(items: readonly Item[]): Promise<{ written: UnsignedSegment[]; messages: number; gaps: number }> {
    const entries = await this.#toEntries(items);
    const written: UnsignedSegment[] = [];
    let rest = entries;
    do {
      const part = rest.slice(0, fillSegment(rest, this.#deps.segmentLimits ?? SEGMENT_LIMITS));
      const segment = await this.#sealSegment(part);
      if (segment === undefined) break; // the log moved on under us: the caller looks again at what is left
      written.push(segment);
      rest = rest.slice(part.length);
    } while (rest.length > 0);
    const done = entries.slice(0, entries.length - rest.length);
    const messages = done.filter((entry) => entry.kind === 'message').length;
    return { written, messages, gaps: done.length - messages };
  }

  async #toEntries(items: readonly Item[]): Promise<Entry[]> {
    const { hub } = this.#deps;
    const context = await this.#context();
    const raw: RawMessage[] = [];
    for (const item of items) {
      if (item.kind === 'message') raw.push(await resolveBody(item.message, this.#deps.spilled));
    }
    const whole = raw.filter((each) => each.from === 'hub' || each.from === 'spill');
    const normalized = await this.#deps.normalize((await this.#hubProperties(hub)).name, whole);
    const byMessage = new Map(normalized.map((each, i) => [whole[i], each]));
    // From the first message on that was not tried, all wait for the next round: what follows it must not be sealed before.
    const untried = whole[normalized.length];
    const entries: Entry[] = [];
    let at = 0;
    for (const item of items) {
      if (item.kind === 'gap') {
        entries.push(item);
        continue;
      }
      const each = raw[at++] as RawMessage;
      if (each === untried) break;
      entries.push(toFittingEntry(context, each, byMessage.get(each) ?? unrecognizedBody(each)));
    }
    return entries;
  }

  /** One segment, durable when this returns; undefined where another sealer's came first. */
  async #sealSegment(entries: readonly Entry[]): Promise<UnsignedSegment | undefined> {
    const { trail, signer } = this.#deps;
    const context = await this.#context();
    const { head } = context;
    const { segment, evidence } = composeSegment(context, entries);
    // The key that the head announced, and no other: else whoever holds any version could go on with the log. Segment 0 is
    // signed by the one that it announces: a head is checked with that, and asked again the newest may be another by now.
    const key = await signer.publicKey(head.nextKey ?? segment.seal.nextKey);
    // 1. Evidence and keys: named by their bytes, so a crash from here on leaves at most an orphan that nobody misreads.
    for (const { name, bytes } of evidence) await this.#storeEvidence(name, bytes);
    await this.#publishKeys([key, await signer.newest()]);
    // 2. The segment. A signature leaves the process only inside this one write.
    // A log that is opened only now can have no successor: none is opened before there is something where it begins.
    if (head.number >= 0) await refuseSuperseded(trail, signer, head.log, this.#foreign);
    const signature = await signer.sign(key.sha256, Buffer.from(formatCheckpointText(segment.checkpoint)));
    const note = formatCheckpoint(segment.checkpoint, key, signature);
    const name = formatSegmentBlob(head.log, segment.number);
    if ((await trail.create(name, formatSegment(segment, note))) === 'created') {
      this.#current = { head: headOf(segment, note), opened: undefined };
      return segment;
    }
    return this.#meet(segment, head, key);
  }

  /**
   * A blob lies where ours belongs. The same leaves: our own write that was reported as failed, or another sealer's of the
   * same batch; done. A valid successor of the same head: another sealer's; go on from there. Anything else: stop.
   */
  async #meet(ours: UnsignedSegment, head: Head, key: PublicKey): Promise<UnsignedSegment | undefined> {
    const name = formatSegmentBlob(head.log, ours.number);
    let theirs: Segment | undefined;
    try {
      theirs = await readSegmentBlob(this.#deps.trail, head.log, ours.number);
      if (theirs !== undefined) verifyCheckpoint(theirs.checkpointNote, key);
    } catch (cause) {
      if (cause instanceof FormatError) throw foreign(name, cause.message, cause);
      throw cause;
    }
    if (theirs === undefined) throw foreign(name, 'the store says that it exists and then that it does not');
    const { seal } = theirs;
    if (
      seal.first !== head.size ||
      (seal.previous?.checkpoint ?? undefined) !== head.checkpoint ||
      seal.frontier.some((hex, i) => hex !== head.frontier[i]?.toString('hex'))
    ) {
      throw foreign(name, 'it does not continue the log where it stands');
    }
    this.#current = { head: headOf(theirs, theirs.checkpointNote), opened: undefined };
    const same = theirs.checkpoint.size === ours.checkpoint.size && theirs.checkpoint.root.equals(ours.checkpoint.root);
    return same ? ours : undefined;
  }

  /** An immutable write is idempotent: the same bytes pass, other bytes under their name stop the log. */
  async #storeEvidence(name: string, bytes: Buffer): Promise<void> {
    if ((await this.#deps.evidence.create(name, formatFrame(bytes))) === 'created') return;
    try {
      const there = await readWithin(this.#deps.evidence, name, largestFrame(bytes.length));
      if (there !== undefined && parseFrame(there, bytes.length).equals(bytes)) return;
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
    }
    throw new SealError(
      'foreignBlob',
      `The evidence blob ${name} holds other bytes than its name says. Sealing of this log stops: find out who wrote it.`,
    );
  }

  async #publishKeys(keys: readonly PublicKey[]): Promise<void> {
    for (const key of keys) {
      if (this.#published.has(key.sha256)) continue;
      await this.#deps.trail.create(formatKeyBlob(key.sha256), Buffer.from(formatPublicKey(key)));
      this.#published.add(key.sha256);
    }
  }

  async #context(): Promise<SegmentContext> {
    const { head, opened } = await this.#load();
    this.#checkConfiguration(head);
    const { namespace, name, created } = await this.#hubProperties(this.#deps.hub);
    return {
      head,
      opened,
      partition: this.#partition,
      hub: { namespace, name, created },
      configuration: this.#deps.configuration,
      judge: this.#deps.judge,
      nextKey: (await this.#deps.signer.newest()).sha256,
    };
  }

  /** Adopt where the log's last version is among our predecessors, go on where it is ours, refuse an older process. */
  #checkConfiguration(head: Head): void {
    const last = head.configurations.at(-1)?.sha256;
    const { configuration } = this.#deps;
    if (last === undefined || last === configuration.sha256 || configuration.follows(last)) return;
    throw new SealError(
      'configurationRolledBack',
      `The log ${head.log} has adopted configuration ${last}, which is not among the predecessors of ${configuration.sha256}, the one deployed here. Deploy a version whose history holds it; a rollback is a new version with the old content.`,
    );
  }

  async #load(): Promise<CurrentLog> {
    if (this.#current === undefined) {
      const hub = await this.#hubProperties(this.#deps.hub);
      const { trailName, trail, signer, configuration, hint } = this.#deps;
      this.#current = await findCurrentLog(
        { trailName, trail, signer, ordered: configuration.generations, hint },
        hub,
        this.#partition,
      );
    }
    return this.#current;
  }

  async #hubProperties(reader: HubReader): Promise<HubProperties> {
    if (this.#hub === undefined) this.#hub = { properties: await reader.properties(), readAt: this.#deps.now() };
    return this.#hub.properties;
  }

  /**
   * Watches for numbers that were used again: by a hub that was created anew (a new generation opens), or by anything else
   * (sealing stops). The creation time is asked for every minute, and at once when numbers do not follow on.
   */
  async #watchNumbers(
    current: CurrentLog,
    messages: readonly HubMessage[],
    lastNumber = Number.MAX_SAFE_INTEGER,
  ): Promise<CurrentLog> {
    const { head } = current;
    const cursor = head.to.sequenceNumber;
    const reused = messages.find((each) => each.sequenceNumber <= cursor && each.enqueued > head.to.enqueued);
    const followsOn =
      lastNumber >= cursor && (messages.length === 0 || messages.some((each) => each.sequenceNumber === cursor + 1));
    const elapsed = this.#deps.now() - (this.#hub?.readAt ?? 0);
    // A clock that stepped back must not stop the watching.
    if (reused === undefined && followsOn && elapsed >= 0 && elapsed < HUB_CHECK_MS) return current;
    this.#hub = undefined;
    const { created } = await this.#hubProperties(this.#deps.hub);
    if (head.hubCreated !== created) {
      this.#current = undefined;
      return this.#load();
    }
    const { last } = await this.#deps.hub.partition(this.#partition);
    if (head.number >= 0 && (reused !== undefined || last < cursor)) {
      const what =
        reused === undefined
          ? `the hub's last number is ${last}`
          : `number ${reused.sequenceNumber} came again, enqueued ${reused.enqueued}, after ${head.to.enqueued}`;
      throw new SealError(
        'sequenceReused',
        `Sequence numbers of ${head.log} were used again: ${cursor} is sealed, and ${what}, yet the hub was not created anew. Nothing is sealed: open a new generation in indelible.yaml (a fail-over or a restored namespace does this).`,
      );
    }
    return current;
  }
}

/** Above the cursor, ascending, each number once. */
function unsealed(messages: readonly HubMessage[], cursor: number): HubMessage[] {
  const byNumber = new Map<number, HubMessage>();
  for (const message of messages) {
    if (message.sequenceNumber > cursor && !byNumber.has(message.sequenceNumber))
      byNumber.set(message.sequenceNumber, message);
  }
  return [...byNumber.values()].sort((a, b) => a.sequenceNumber - b.sequenceNumber);
}

function add(a: Sealed, b: Sealed): Sealed {
  return {
    log: b.log,
    segments: a.segments + b.segments,
    messages: a.messages + b.messages,
    alreadySealed: a.alreadySealed + b.alreadySealed,
    gaps: a.gaps + b.gaps,
  };
}
