import type { Actor, Principal, RecordData, Seal } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { actionOf, isVoted } from './actions.ts';
import type { Action } from './actions.ts';
import type { Configuration } from './configuration.ts';
import type { EnvironmentEntry } from './configuration-schema.ts';
import { versionOf } from './history.ts';
import type { History } from './history.ts';
import type { Held, Occasion } from './holdings.ts';
import type { VersionRules } from './version-rules.ts';

/** A record whose authority is judged: that event alone, at its own time. */
export interface AuthorityQuestion {
  readonly type: string;
  readonly time: Timestamp;
  readonly source: string;
  readonly data: RecordData;
  readonly project: string | undefined;
  /** What the log has adopted, oldest first; {@link History} holds the versions. */
  readonly adopted: Seal['configurations'];
  readonly history: Pick<History, 'current' | 'predecessors'>;
}

/** What indelible.yaml knows of a record. Members that it knows nothing of are absent; the others replace the record's. */
export interface Judgement {
  readonly actor?: Actor;
  readonly target?: NonNullable<RecordData['target']>;
  readonly grant?: NonNullable<RecordData['grant']>;
  readonly authority: NonNullable<RecordData['authority']>;
}

/**
 * Whether the actor held the role that the matrix in force at the record's time demanded, who the actor is, and which environment it was done in.
 * Rejects nothing: the trail records what happened. Pure, and asked for each record: it looks up and computes nothing.
 *
 * - `inForce`: by the version in force at that time.
 * - `retroactive`: by a version adopted after it. Either none was in force yet, and the first one is judged by; or a later
 *   one has a grant of the demanded role that is dated back.
 * - `unknown`: nothing in force said anything about it. With an action and a version: that version has no rule for it.
 *
 * `held` is absent where a role was demanded and the record does not say who acted.
 */
export function judgeAuthority(question: AuthorityQuestion): Judgement {
  const { type, time, source, data, project, adopted, history } = question;
  const at = adopted.findLastIndex(({ effective }) => effective <= time);
  const base = versionOf(history, adopted[Math.max(at, 0)]?.sha256);
  if (base === undefined) return { authority: { basis: 'unknown' } };
  const environment = base.rules.environments.find(project, source, data);
  const known = describe(question, base.rules, environment);
  const action = actionOf(type, data, environment !== undefined);
  if (action === undefined) return { ...known, authority: { basis: 'unknown' } };
  const rule = base.rules.ruleFor(action, environment?.class);
  const where = environment === undefined ? {} : { environment: environment.id };
  if (rule === undefined) {
    const version = at === -1 ? {} : { version: base.sha256 };
    return { ...known, authority: { action, ...where, basis: 'unknown', ...version } };
  }
  const role = isEmergency(data) && rule.emergency !== undefined ? rule.emergency.role : rule.role;
  const basis = at === -1 ? 'retroactive' : 'inForce';
  if (data.actor === undefined) {
    return { ...known, authority: { action, ...where, role, basis, version: base.sha256 } };
  }
  const occasion = { project, environment: environment?.id, time };
  const by = (version: Configuration) => holderOf(data, action, role, occasion, version.rules);
  const holder = by(base);
  if (holder !== undefined) {
    return { ...known, authority: { action, ...where, role, ...toHeld(holder), basis, ...endOf(holder, base) } };
  }
  for (const { sha256 } of adopted.slice(Math.max(at, 0) + 1)) {
    const later = versionOf(history, sha256);
    const backdated = later === undefined ? undefined : by(later);
    if (later === undefined || backdated === undefined) continue;
    return {
      ...known,
      authority: { action, ...where, role, ...toHeld(backdated), basis: 'retroactive', ...endOf(backdated, later) },
    };
  }
  return { ...known, authority: { action, ...where, role, held: false, basis, version: base.sha256 } };
}

/** What the quorum is replaced by: an override, or an emergency that goes ahead of a decision. */
function isEmergency({ decision }: RecordData): boolean {
  return decision?.verdict === 'override' || (decision?.kind === 'emergency' && decision.insteadOf !== undefined);
}

/** Who held the role, and by which grant. */
interface Holder {
  readonly held: Held;
  /** Not the actor, but for whom it acted. */
  readonly isPrincipal: boolean;
}

/**
 * The actor; of a service that holds no role itself, the person for whom it acted: a workflow's token has no more authority
 * than whoever set it off. An AI answers for itself. Votes are people's alone.
 */
function holderOf(
  { actor, decision }: RecordData,
  action: Action,
  role: string,
  occasion: Occasion,
  rules: VersionRules,
): Holder | undefined {
  if (actor === undefined) return undefined;
  const identity = rules.identityOf(actor);
  if (isVoted(action)) {
    const isPerson = actor.kind !== 'service' && actor.kind !== 'ai' && identity?.kind === 'human';
    if (!isPerson || decision?.automated === true) return undefined;
  }
  const held = identity === undefined ? undefined : rules.heldBy(identity.id, role, occasion);
  if (held !== undefined) return { held, isPrincipal: false };
  if (isVoted(action) || actor.kind !== 'service' || actor.onBehalfOf === undefined) return undefined;
  const principal = rules.identityOf(actor.onBehalfOf);
  if (principal?.kind !== 'human' || actor.onBehalfOf.kind === 'ai') return undefined;
  const lent = rules.heldBy(principal.id, role, occasion);
  return lent === undefined ? undefined : { held: lent, isPrincipal: true };
}

function toHeld({ held, isPrincipal }: Holder): { held: true; heldBy?: string } {
  return { held: true, ...(isPrincipal ? { heldBy: held.identity } : {}) };
}

/** In the schema's order, behind the basis. */
function endOf({ held }: Holder, { sha256 }: Configuration): { delegatedBy?: string; version: string } {
  return { ...(held.delegatedBy === undefined ? {} : { delegatedBy: held.delegatedBy }), version: sha256 };
}

/** The record's persons by their identity, and its target's environment where the source did not name one. */
function describe(
  { data }: AuthorityQuestion,
  rules: VersionRules,
  environment: EnvironmentEntry | undefined,
): Omit<Judgement, 'authority'> {
  const { actor, target, grant } = data;
  const resolvedActor = actor === undefined ? undefined : resolveActor(actor, rules);
  const placed = target === undefined || environment === undefined ? undefined : place(target, environment);
  const grantee =
    grant?.principal.id === undefined ? undefined : rules.identityOf({ ...grant.principal, id: grant.principal.id });
  return {
    ...(resolvedActor === undefined ? {} : { actor: resolvedActor }),
    ...(placed === undefined ? {} : { target: placed }),
    ...(grant === undefined || grantee === undefined
      ? {}
      : { grant: { ...grant, principal: { ...grant.principal, resolved: grantee.id } } }),
  };
}

/** undefined: nobody of it is known. */
function resolveActor({ onBehalfOf, ...actor }: Actor, rules: VersionRules): Actor | undefined {
  const identity = rules.identityOf(actor)?.id;
  const principal = onBehalfOf === undefined ? undefined : rules.identityOf(onBehalfOf)?.id;
  if (identity === undefined && principal === undefined) return undefined;
  return {
    ...actor,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf: resolvePrincipal(onBehalfOf, principal) }),
    ...(identity === undefined ? {} : { resolved: identity }),
  };
}

function resolvePrincipal(principal: Principal, resolved: string | undefined): Principal {
  return resolved === undefined ? principal : { ...principal, resolved };
}

/** undefined: the source has said it all. */
function place(
  { kind, id, name, environment, dataClasses }: NonNullable<RecordData['target']>,
  found: EnvironmentEntry,
): NonNullable<RecordData['target']> | undefined {
  const classes = dataClasses ?? (found.dataClasses.length === 0 ? undefined : found.dataClasses);
  if (environment !== undefined && classes === dataClasses) return undefined;
  return {
    kind,
    id,
    ...(name === undefined ? {} : { name }),
    environment: environment ?? found.id,
    ...(classes === undefined ? {} : { dataClasses: [...classes] }),
  };
}
