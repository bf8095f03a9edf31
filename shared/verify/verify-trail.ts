import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';

import type { ImmutableStore } from '../seal/immutable-store.ts';
import { segmentPrefix } from '../wire/log-name.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import { EvidenceNames } from './evidence-names.ts';
import { isFailure } from './findings.ts';
import type { Finding } from './findings.ts';
import { keptSizes, readKeptCheckpoints } from './kept-checkpoints.ts';
import type { KeptCheckpoint } from './kept-checkpoints.ts';
import { loadKeys } from './key-ring.ts';
import type { KeyRing } from './key-ring.ts';
import { SegmentRunner } from './segment-runner.ts';
import { listFiles, sourceOfFolders, sourceOfStores } from './segment-source.ts';
import type { SourceFolders } from './segment-source.ts';
import { parseTrailBlob } from './trail-blobs.ts';
import { groupGenerations, isPrunedWhole, verifyGenerations } from './verify-generations.ts';
import { LogJoin } from './verify-log.ts';
import type { JoinOptions, LogSummary } from './verify-log.ts';
import type { SegmentChecks, SegmentJob, SegmentResult, SegmentSummary } from './verify-segment.ts';

export interface VerifyOptions {
  readonly trail: ImmutableStore;
  /** undefined: raw bytes are not looked at. */
  readonly evidence: ImmutableStore | undefined;
  /** The same two, where they are folders: their files are then read by whoever verifies them. */
  readonly folders?: SourceFolders | undefined;
  /** The first segment of each log that is there has to be signed by one of them. */
  readonly keys: readonly PublicKey[];
  /** Signed notes that were kept elsewhere; those of logs that are not looked at are left out. */
  readonly checkpoints?: readonly string[] | undefined;
  /** Names of the logs to look at; all where absent. */
  readonly logs?: readonly string[] | undefined;
  /**
   * A time in the one form. Pruning after retention takes whole beginnings, the oldest first: a beginning that is gone is a
   * note where all of it was enqueued before this time, else a failure. Absent: nothing may be gone.
   */
  readonly prunedBefore?: string | undefined;
  /** Parses every record whole, against the schema and its one form; without it, what lies between both ends is only hashed. */
  readonly whole?: boolean | undefined;
  /** Threads, this one among them. Default: as many as there are cores. */
  readonly parallel?: number | undefined;
  /** At least 16 bytes that nobody knew before. Default: fresh random ones. */
  readonly salt?: Uint8Array | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

/** After each segment. */
export interface VerifyProgress {
  readonly log: string;
  readonly segments: number;
  readonly records: number;
  /** Inflated, evidence included. */
  readonly bytes: number;
}

export interface TrailSummary {
  readonly logs: readonly LogSummary[];
  readonly segments: number;
  readonly records: number;
  readonly messages: number;
  /** Inflated: of segments, and of evidence. */
  readonly bytes: number;
  readonly evidenceBytes: number;
  readonly evidenceBlobs: number;
  readonly gaps: number;
  readonly gone: number;
  readonly failures: number;
  readonly notes: number;
}

/**
 * Verifies a trail: yields what it finds, and returns what it looked at. Nothing but blobs and public keys is needed, nothing
 * that they say is believed. Memory does not grow with the trail: some segments are under way at once, and of each a
 * summary is left. Throws StoreError where it could not look.
 */
export async function* verifyTrail(options: VerifyOptions): AsyncGenerator<Finding, TrailSummary> {
  const tally = new Tally(options.salt ?? randomBytes(16));
  const found: Finding[] = [];
  const keys = await loadKeys(options.trail, options.keys, found);
  const kept = readKeptCheckpoints(options.checkpoints ?? [], keys, found).filter(
    ({ log }) => options.logs === undefined || options.logs.includes(log),
  );
  yield* tally.count(found);

  const logs = new Map<string, LogJoin>();
  const { trail, prunedBefore, logs: lookedAt } = options;
  const joining: JoinOptions = { keys, kept, prunedBefore };
  const trusted = new TrustedKeys(keys);
  for await (const segment of verifySegments(options, keys, kept, trusted)) {
    if (segment.kind === 'foreign') yield* tally.count([segment.finding]);
    else yield* tally.count(joinSegment(await withEvidence(segment, trusted), logs, joining, tally, options));
  }
  for (const { log } of kept) logOf(log, logs, joining);
  const generations = groupGenerations(logs.values());
  for (const log of logs.values()) yield* tally.count(log.finish(isPrunedWhole(log.log, generations, prunedBefore)));
  yield* tally.count(verifyGenerations(generations, { trail, lookedAt, prunedBefore }));
  if (options.evidence !== undefined && options.logs === undefined) {
    yield* tally.count(findUnreferenced(options.evidence, tally.evidence));
  }
  return tally.summary(logs);
}

/** Runs a verification to its end. Throws StoreError. */
export async function collectFindings(options: VerifyOptions): Promise<{ findings: Finding[]; summary: TrailSummary }> {
  const findings: Finding[] = [];
  const run = verifyTrail(options);
  for (;;) {
    const step = await run.next();
    if (step.done === true) return { findings, summary: step.value };
    findings.push(step.value);
  }
}

/**
 * Names of evidence that are taken from segments which no trusted key signed, all together: some damaged ones' are not to be
 * called unreferenced, but whoever can write blobs can name as many as there is memory for.
 */
const MOST_UNTRUSTED_NAMES = 65_536;

/** What was seen so far. */
class Tally {
  readonly evidence: EvidenceNames;
  #untrustedNames = 0;
  segments = 0;
  records = 0;
  bytes = 0;
  evidenceBytes = 0;
  #failures = 0;
  #notes = 0;

  constructor(salt: Uint8Array) {
    this.evidence = new EvidenceNames(salt);
  }

  async *count(findings: Iterable<Finding> | AsyncIterable<Finding>): AsyncGenerator<Finding> {
    for await (const finding of findings) {
      if (isFailure(finding)) this.#failures++;
      else this.#notes++;
      yield finding;
    }
  }

  add(result: SegmentResult): void {
    this.segments++;
    this.records += result.summary?.leaves ?? 0;
    this.bytes += result.bytes;
    this.evidenceBytes += result.evidence.bytes;
    const { names, isLeftOut } = result.evidence;
    const taken = isLeftOut ? names.slice(0, MOST_UNTRUSTED_NAMES - this.#untrustedNames) : names;
    if (isLeftOut) this.#untrustedNames += taken.length;
    for (const name of taken) this.evidence.add(name);
  }

  summary(logs: ReadonlyMap<string, LogJoin>): TrailSummary {
    const summaries = [...logs.values()].map((log) => log.summary).filter((log) => log.segments > 0);
    const sum = (of: (log: LogSummary) => number) => summaries.reduce((total, log) => total + of(log), 0);
    return {
      logs: summaries,
      segments: this.segments,
      records: this.records,
      messages: sum((log) => log.messages),
      bytes: this.bytes,
      evidenceBytes: this.evidenceBytes,
      evidenceBlobs: this.evidence.size,
      gaps: sum((log) => log.gaps),
      gone: sum((log) => log.gone),
      failures: this.#failures,
      notes: this.#notes,
    };
  }
}

/**
 * The keys whose segments' evidence is worth looking at: those that were given, and those that a segment announced which one
 * of these signed. Anybody who can write blobs can write segments, under a key of their own besides, each of which names
 * every large blob of the evidence there is.
 */
class TrustedKeys {
  readonly #known: ReadonlySet<string>;
  readonly #keys: Set<string>;
  #all: readonly string[];

  constructor({ given, known }: KeyRing) {
    this.#known = known;
    this.#keys = new Set(given);
    this.#all = [...given];
  }

  get all(): readonly string[] {
    return this.#all;
  }

  /** True where one of them signed the segment; the key that it announces is then one, too. */
  take(summary: SegmentSummary | undefined): boolean {
    if (summary?.fits !== true || !summary.signedBy.some((key) => this.#keys.has(key))) return false;
    const { nextKey } = summary.seal;
    // One that is not known checks no signature, and of those that are known there are few.
    if (this.#known.has(nextKey) && !this.#keys.has(nextKey)) {
      this.#keys.add(nextKey);
      this.#all = [...this.#keys];
    }
    return true;
  }
}

/** Verifies a segment once more where its key was announced only after its turn had come: some few at each new key. */
async function withEvidence({ result, again }: VerifiedSegment, trusted: TrustedKeys): Promise<SegmentResult> {
  return trusted.take(result.summary) && result.evidence.isLeftOut ? again(trusted.all) : result;
}

function logOf(log: string, logs: Map<string, LogJoin>, joining: JoinOptions): LogJoin {
  const known = logs.get(log) ?? new LogJoin(log, joining);
  logs.set(log, known);
  return known;
}

function* joinSegment(
  result: SegmentResult,
  logs: Map<string, LogJoin>,
  joining: JoinOptions,
  tally: Tally,
  options: VerifyOptions,
): Generator<Finding> {
  const { log } = result.job;
  tally.add(result);
  yield* logOf(log, logs, joining).take(result);
  const { segments, records, bytes, evidenceBytes } = tally;
  options.onProgress?.({ log, segments, records, bytes: bytes + evidenceBytes });
}

interface VerifiedSegment {
  readonly kind: 'segment';
  readonly result: SegmentResult;
  /** Verifies it once more, with these keys' evidence. */
  readonly again: (evidenceKeys: readonly string[]) => Promise<SegmentResult>;
}

type Verified = VerifiedSegment | { readonly kind: 'foreign'; readonly finding: Finding };

/** Results that wait for their turn are small; segments that are at work are the runner's to bound. */
const MOST_UNDER_WAY = 64;
/** Fewer segments than this for each are not worth the start of a worker. */
const SEGMENTS_PER_WORKER = 8;

/** Every segment's own verification, in the order of the listing. */
async function* verifySegments(
  options: VerifyOptions,
  keys: KeyRing,
  kept: readonly KeptCheckpoint[],
  trusted: TrustedKeys,
): AsyncGenerator<Verified> {
  const { trail, evidence, folders, parallel = availableParallelism() } = options;
  const checks: SegmentChecks = { keys: keys.all, keptSizes: keptSizes(kept), whole: options.whole ?? false };
  const source = folders === undefined ? sourceOfStores(trail, evidence) : sourceOfFolders(folders);
  const runner = new SegmentRunner(source, checks, folders);
  const logs = new Set<string>();
  const underWay: Promise<Verified>[] = [];
  let started = 0;
  try {
    for await (const name of listTrail(options)) {
      const blob = parseTrailBlob(name);
      if (blob.kind === 'key') continue;
      if (blob.kind === 'segment') {
        const { log, number } = blob;
        const job = { name, log, number, isFirst: !logs.has(log), evidenceKeys: trusted.all };
        logs.add(log);
        runner.grow(Math.min(parallel - 1, Math.floor(++started / SEGMENTS_PER_WORKER)));
        underWay.push(verifyOne(job, runner));
      } else {
        underWay.push(Promise.resolve({ kind: 'foreign', finding: foreignBlob(name) }));
      }
      if (underWay.length >= MOST_UNDER_WAY) yield await (underWay.shift() as Promise<Verified>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<Verified>);
  } finally {
    await runner.close();
  }
}

function foreignBlob(name: string): Finding {
  return { kind: 'segmentForeign', blob: name, message: 'The blob is no segment and no key.' };
}

function verifyOne(job: SegmentJob, runner: SegmentRunner): Promise<Verified> {
  const again = (evidenceKeys: readonly string[]) => runner.verify({ ...job, evidenceKeys });
  const verified = runner.verify(job).then((result): Verified => ({ kind: 'segment', result, again }));
  // It may fail before its turn comes; it is thrown then, not as a rejection that nobody handles.
  verified.catch(() => undefined);
  return verified;
}

async function* listTrail({ trail, folders, logs }: VerifyOptions): AsyncGenerator<string> {
  for (const prefix of logs?.map(segmentPrefix) ?? ['']) {
    if (folders !== undefined) yield* listFiles(folders.trail, prefix);
    else for await (const { name } of trail.list(prefix)) yield name;
  }
}

/** Beyond this they are only counted. */
const MOST_UNREFERENCED = 1_000;

async function* findUnreferenced(evidence: ImmutableStore, referenced: EvidenceNames): AsyncGenerator<Finding> {
  let count = 0;
  for await (const { name } of evidence.list('')) {
    if (referenced.has(name) || ++count > MOST_UNREFERENCED) continue;
    yield {
      kind: 'evidenceUnreferenced',
      blob: name,
      message: 'No record that is there refers to this blob of the evidence.',
    };
  }
  if (count > MOST_UNREFERENCED) {
    yield {
      kind: 'more',
      message: `${count - MOST_UNREFERENCED} more blobs of the evidence are referred to by no record.`,
    };
  }
}
