import { hash } from 'node:crypto';

import { addDecimals, parseDecimal } from '../wire/decimal.ts';
import { BASELINE_FILES } from '../wire/record.ts';
import type { Baseline, Plan, TrailRecord } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import type { FoldedRequest, FoldedRound } from './folded.ts';

type BaselineFile = Baseline['file'];
export type BaselineHashes = Readonly<Record<BaselineFile, string>>;

export interface BaselineQuestion {
  readonly project: string;
  /** Records of files that were proposed, in the order of the log, redeliveries and all. Others among them are passed over. */
  readonly proposals: readonly TrailRecord[];
  /** The project's requests of the kinds baseline and scopeChange, folded as of `at`. Others among them are passed over. */
  readonly requests: readonly FoldedRequest[];
  readonly at: Timestamp;
}

export interface FoldedBaseline {
  readonly project: string;
  readonly at: Timestamp;
  /** Those that came into force, in that order; the last one is in force. */
  readonly baselines: readonly SignedBaseline[];
  /** Of each file what was proposed last. */
  readonly proposed: readonly ProposedFile[];
  readonly signOffs: readonly SignOff[];
  /** The plan of the baseline in force, with the changes that were approved by then. Absent: none is in force. */
  readonly plan?: PlanAt;
}

export interface SignedBaseline {
  /** {@link baselineHash} */
  readonly hash: string;
  readonly files: BaselineHashes;
  readonly since: Timestamp;
  /** The request under which it was signed. */
  readonly request: string;
  /** The hash of the baseline that it took the place of. */
  readonly replaces?: string;
}

export interface ProposedFile {
  readonly file: BaselineFile;
  readonly sha256: string;
  readonly at: Timestamp;
  readonly by?: string;
  readonly id: string;
}

export interface SignOff {
  readonly request: string;
  readonly status: FoldedRequest['status'];
  /** Of the baseline that it covers, where it covers one. */
  readonly hash?: string;
  /** Who has still to sign. */
  readonly missing?: readonly string[];
  /** Why nothing came into force by it, although it may be approved. */
  readonly why?: SignOffRefusal;
}

/**
 * `notFourFiles`: it does not cover one hash of each file that was proposed. `notSigned`: not every signer has signed.
 * `undeclared`: another baseline was in force, and no approved change request names both.
 */
export type SignOffRefusal = 'notFourFiles' | 'notSigned' | 'undeclared';

export interface PlanAt {
  readonly baseline: string;
  readonly currency?: string;
  readonly budget?: string;
  readonly workingDays?: number;
  readonly changes: readonly PlanChange[];
  readonly cost: ChangeSum<string>;
  readonly days: ChangeSum<number>;
  /** Ratios to the budget and to the working days of the baseline; absent where the plan states none. */
  readonly drift: { readonly cost?: number; readonly days?: number };
  /** Ids of the items that the plan has then; absent where the record could not hold all of the baseline's. */
  readonly items?: readonly string[];
}

/** What the approved changes add to the plan. */
export interface ChangeSum<Value> {
  readonly added: Value;
  /** How many changes do not state theirs: the sum is without them. */
  readonly unstated: number;
  /** How many state it in another currency. */
  readonly otherCurrency?: number;
}

export interface PlanChange {
  readonly request: string;
  readonly at: Timestamp;
  readonly cost?: { readonly amount: string; readonly currency: string };
  readonly days?: number;
}

/**
 * The name of a baseline: SHA-256 of what `sha256sum decisions plan.json risks scope` prints, so that anyone who has the files
 * can compute it.
 */
export function baselineHash(files: BaselineHashes): string {
  const lines = BASELINE_FILES.toSorted().map((file) => `${files[file]}  ${file}\n`);
  return hash('sha256', lines.join(''), 'hex');
}

/** Which baseline a project had at a time. Pure: the same records and folded requests give the same answer. */
export function foldBaseline({ project, proposals, requests, at }: BaselineQuestion): FoldedBaseline {
  const proposed = proposalsOf(proposals, project, at);
  const ofProject = requests.filter((request) => request.project === project);
  const changes = ofProject.flatMap((request) => approvedAs(request, 'scopeChange'));
  const signOffs: SignOff[] = [];
  const baselines: SignedBaseline[] = [];
  for (const { request, round } of bySigning(ofProject)) {
    const { status } = request;
    const missing = round?.quorum?.missing;
    const about = {
      request: request.request,
      status,
      ...(missing === undefined || missing.length === 0 ? {} : { missing }),
    };
    const files = round === undefined ? undefined : filesOf(round, proposed, round.begun.at);
    if (round === undefined || files === undefined) {
      signOffs.push({ ...about, why: 'notFourFiles' });
      continue;
    }
    const signed = { files, hash: baselineHash(files) };
    const [approved] = approvedAs(request, 'baseline');
    const since = approved && comingIntoForce(approved, signed, baselines.at(-1), changes);
    if (approved === undefined) signOffs.push({ ...about, hash: signed.hash, why: 'notSigned' });
    else if (since === undefined) signOffs.push({ ...about, hash: signed.hash, why: 'undeclared' });
    else {
      signOffs.push({ ...about, hash: signed.hash });
      const before = baselines.at(-1);
      if (before?.hash === signed.hash) continue;
      const replaces = before === undefined ? {} : { replaces: before.hash };
      baselines.push({ ...signed, since, request: request.request, ...replaces });
    }
  }
  const inForce = baselines.at(-1);
  return {
    project,
    at,
    baselines,
    proposed: latestOf(proposed),
    signOffs,
    ...(inForce === undefined ? {} : { plan: planAt(inForce, proposed, changes) }),
  };
}

/**
 * The hash of the baseline under which something happened; undefined: before there was one. What was done then is in the
 * trail like all else, and whoever reads it is to know.
 */
export function baselineAt({ baselines }: Pick<FoldedBaseline, 'baselines'>, time: Timestamp): string | undefined {
  return baselines.findLast(({ since }) => since <= time)?.hash;
}

interface Proposal extends ProposedFile {
  readonly plan: Plan | undefined;
}

function proposalsOf(records: readonly TrailRecord[], project: string, at: Timestamp): Proposal[] {
  const seen = new Set<string>();
  return records.flatMap(({ id, time, data }) => {
    const { baseline, actor } = data;
    if (baseline === undefined || data.project !== project || time > at || seen.has(id)) return [];
    seen.add(id);
    const { file, sha256, plan } = baseline;
    return [{ file, sha256, at: time, id, plan, ...(actor === undefined ? {} : { by: actor.id }) }];
  });
}

function latestOf(proposed: readonly Proposal[]): ProposedFile[] {
  const latest = new Map(proposed.map(({ plan: _plan, ...each }) => [each.file, each]));
  return BASELINE_FILES.flatMap((file) => latest.get(file) ?? []);
}

/** Requests for sign-off, those first that were decided first; those that wait come last. */
function bySigning(requests: readonly FoldedRequest[]) {
  return requests
    .filter(({ kind }) => kind === 'baseline')
    .map((request) => ({ request, round: currentOf(request), decided: approvedAs(request, 'baseline')[0]?.at ?? '~' }))
    .sort((a, b) => compare(a.decided, b.decided) || compare(a.request.request, b.request.request));
}

function currentOf({ rounds, round }: FoldedRequest): FoldedRound | undefined {
  return rounds.findLast((each) => each.round === round);
}

/** Four hashes, one of each file, that had been handed in before anybody was asked to sign them. */
function filesOf(
  { covers }: FoldedRound,
  proposed: readonly Proposal[],
  before: Timestamp,
): BaselineHashes | undefined {
  const snapshots = new Set(covers.flatMap(({ kind, id }) => (kind === 'snapshot' ? [id.toLowerCase()] : [])));
  if (snapshots.size > BASELINE_FILES.length) return undefined;
  const files: Partial<Record<BaselineFile, string>> = {};
  for (const file of BASELINE_FILES) {
    const found = proposed.filter((each) => each.file === file && each.at <= before && snapshots.has(each.sha256));
    const hashes = new Set(found.map(({ sha256 }) => sha256));
    const [only] = hashes;
    if (only === undefined || hashes.size > 1) return undefined;
    files[file] = only;
  }
  const isEach = [...snapshots].every((id) => BASELINE_FILES.some((file) => files[file] === id));
  return isEach ? (files as BaselineHashes) : undefined;
}

interface Approved {
  readonly request: FoldedRequest;
  readonly round: FoldedRound;
  readonly at: Timestamp;
}

/** The round that a request stands at, where it was approved; that the approval has run out since undoes nothing. */
function approvedAs(request: FoldedRequest, kind: 'baseline' | 'scopeChange'): Approved[] {
  const round = currentOf(request);
  if (request.kind !== kind || round?.decided === undefined) return [];
  const isApproved = round.status === 'approved' || (round.status === 'expired' && round.until !== undefined);
  return isApproved ? [{ request, round, at: round.decided.at }] : [];
}

/** Since when; undefined where another baseline is in force and nothing approved names both. */
function comingIntoForce(
  signOff: Approved,
  signed: { readonly files: BaselineHashes; readonly hash: string },
  before: SignedBaseline | undefined,
  changes: readonly Approved[],
): Timestamp | undefined {
  if (before === undefined || before.hash === signed.hash) return signOff.at;
  const declared = [signOff, ...changes].filter(
    (each) => each === signOff || namesAsNext(each.round, signed.files, signed.hash),
  );
  const times = declared.filter(({ round }) => round.stated.baseline === before.hash).map(({ at }) => at);
  const first = times.sort(compare)[0];
  return first === undefined ? undefined : first > signOff.at ? first : signOff.at;
}

function namesAsNext({ covers }: FoldedRound, files: BaselineHashes, next: string): boolean {
  const snapshots = new Set(covers.flatMap(({ kind, id }) => (kind === 'snapshot' ? [id.toLowerCase()] : [])));
  return snapshots.has(next) || BASELINE_FILES.every((file) => snapshots.has(files[file]));
}

function planAt(baseline: SignedBaseline, proposed: readonly Proposal[], approved: readonly Approved[]): PlanAt {
  const plan = proposed.find(
    ({ file, sha256 }) => file === 'plan.json' && sha256 === baseline.files['plan.json'],
  )?.plan;
  const changes = approved
    .filter(({ round }) => round.stated.baseline === baseline.hash)
    .sort((a, b) => compare(a.at, b.at) || compare(a.request.request, b.request.request));
  const listed = changes.map(({ request, round, at }) => ({ request: request.request, at, ...effectOf(round) }));
  const costs = listed.flatMap(({ cost }) => cost ?? []);
  const own = costs.filter(({ currency }) => plan?.currency === undefined || currency === plan.currency);
  const days = listed.flatMap((each) => each.days ?? []);
  const addedCost = addDecimals(own.map(({ amount }) => amount));
  const addedDays = days.reduce((sum, each) => sum + each, 0);
  return {
    baseline: baseline.hash,
    ...(plan?.currency === undefined ? {} : { currency: plan.currency }),
    ...(plan?.budget === undefined ? {} : { budget: plan.budget }),
    ...(plan?.workingDays === undefined ? {} : { workingDays: plan.workingDays }),
    changes: listed,
    cost: {
      added: addedCost,
      unstated: listed.length - costs.length,
      ...(costs.length === own.length ? {} : { otherCurrency: costs.length - own.length }),
    },
    days: { added: addedDays, unstated: listed.length - days.length },
    drift: driftOf(plan, addedCost, addedDays),
    ...itemsAt(plan, changes),
  };
}

/** What a change adds: its own figure, else the sum of its items', where each states one. */
function effectOf({ stated }: FoldedRound): Pick<PlanChange, 'cost' | 'days'> {
  const { items = [] } = stated;
  const itemCosts = items.flatMap(({ cost }) => cost ?? []);
  const itemDays = items.flatMap(({ days }) => days ?? []);
  const isPriced =
    items.length > 0 && itemCosts.length === items.length && new Set(itemCosts.map((cost) => cost.currency)).size === 1;
  const [first] = itemCosts;
  const cost =
    stated.cost ??
    (isPriced && first !== undefined
      ? { amount: addDecimals(itemCosts.map(({ amount }) => amount)), currency: first.currency }
      : undefined);
  const days =
    stated.workingDays ??
    (items.length > 0 && itemDays.length === items.length ? itemDays.reduce((sum, each) => sum + each, 0) : undefined);
  return { ...(cost === undefined ? {} : { cost }), ...(days === undefined ? {} : { days }) };
}

function driftOf(plan: Plan | undefined, cost: string, days: number): PlanAt['drift'] {
  const budget = plan?.budget === undefined ? undefined : parseDecimal(plan.budget);
  const added = parseDecimal(cost);
  const isPriced = budget !== undefined && budget > 0n && added !== undefined && plan?.currency !== undefined;
  const { workingDays = 0 } = plan ?? {};
  return {
    ...(isPriced ? { cost: Number(added) / Number(budget) } : {}),
    ...(workingDays > 0 ? { days: days / workingDays } : {}),
  };
}

function itemsAt(plan: Plan | undefined, changes: readonly Approved[]): Pick<PlanAt, 'items'> {
  const { items, count } = plan ?? {};
  // A record that had to be cut, or an item without an id: what is left would look like all.
  if (items === undefined || items.length !== count) return {};
  const ids = new Set(items.map(({ id }) => id));
  for (const { round } of changes) {
    for (const { change, id } of round.stated.items ?? []) {
      if (change === 'remove') ids.delete(id);
      else ids.add(id);
    }
  }
  return { items: [...ids] };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
