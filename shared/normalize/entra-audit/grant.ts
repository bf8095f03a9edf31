import type { Actor, Grant, Outcome } from '../../wire/record.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { timeAt } from '../read.ts';
import type { AuditEvent } from './event.ts';
import type { GrantRule, Rule } from './rule.ts';
import { directoryId, principalOf, propertyNamed, propertyText } from './target.ts';
import type { AuditTarget } from './target.ts';
import { textOfValue } from './value.ts';

type Who = Grant['principal'];

/** Who gets or loses what, on what; and which of the entry's targets the one is who does, where it is among them. */
export interface Granted {
  readonly grant: Grant;
  readonly holder: AuditTarget | undefined;
}

/** The grant of an activity, for all but consents, which may hold several. Undefined where nobody's access is told of. */
export function grantOf(
  event: AuditEvent,
  rule: Rule,
  actor: Actor | undefined,
  outcome: Outcome,
): Granted | undefined {
  const change = rule.grant === undefined ? undefined : broughtAbout(rule.grant.change, outcome);
  if (rule.grant === undefined || change === undefined) return undefined;
  const { holder, principal, role, scope } = readersOf(rule.grant.of)(event, rule, actor);
  const given = rule.grant.of === 'delegated' && change === 'granted' && role.from !== undefined ? 'changed' : change;
  return { holder, grant: { change: given, principal, role, scope, ...periodOf(event) } };
}

/** What failed must not read as if it had come about; a withdrawal that failed left everything as it was. */
export function broughtAbout(change: Grant['change'], outcome: Outcome): Grant['change'] | undefined {
  if (outcome === 'succeeded' || outcome === 'pending') return change;
  if (change === 'granted' || change === 'changed') return 'requested';
  if (change === 'revoked') return 'revocationRequested';
  return change === 'withdrawn' ? undefined : change;
}

/** For how long, as privileged identity management writes it; permanent assignments have no end. */
function periodOf({ additional }: AuditEvent): { from?: Timestamp; until?: Timestamp } {
  const from = timeAt({ at: additional.get('starttime') }, 'at');
  const until = timeAt({ at: additional.get('expirationtime') ?? additional.get('endtime') }, 'at');
  return { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) };
}

interface Held {
  readonly holder: AuditTarget | undefined;
  readonly principal: Who;
  readonly role: Grant['role'];
  readonly scope: string;
}
type Reader = (event: AuditEvent, rule: Rule, actor: Actor | undefined) => Held;

function readersOf(of: GrantRule['of']): Reader {
  switch (of) {
    case 'role':
      return readRole;
    case 'member':
    case 'owner':
      return (event, rule) => readMembership(event, rule, of);
    case 'appRole':
      return readAppRole;
    case 'delegated':
      return readDelegated;
    case 'consent':
      return readConsent;
    case 'accessPackage':
      return readAccessPackage;
    case 'elevation':
      return readElevation;
  }
}

const UNKNOWN: Who = { kind: 'unknown' };
const PRINCIPALS = ['user', 'servicePrincipal', 'application', 'device'];
/** What roles are assigned on, other than the directory itself. */
const SCOPES = ['administrativeUnit', 'subscription', 'resourceGroup', 'managementGroup', 'resource'];

/**
 * A directory role, a role within a group, or a role on an Azure resource. Core Directory names the role in properties of
 * the one who holds it; privileged identity management has role, request, holder and place as targets of their own.
 */
function readRole(event: AuditEvent, rule: Rule, actor: Actor | undefined): Held {
  const { targets, additional, source, category } = event;
  const named = targets.find(({ kind }) => kind === 'role' || kind === 'roleDefinition');
  const ofGroup = category?.toLowerCase() === 'groupmanagement';
  const place = targets.find(
    ({ kind, id }) => (ofGroup && kind === 'group') || SCOPES.includes(kind) || id?.startsWith('/') === true,
  );
  // Whoever approves stands among the targets too, and does not get the role.
  const voter = rule.decision?.step === 'voted' ? actor : undefined;
  const others = targets.filter((each) => each !== named && each !== place && !isSame(each, voter));
  const holder =
    others.find(({ properties }) => properties.some(({ name }) => /^role\./i.test(name))) ??
    others.find(({ kind }) => PRINCIPALS.includes(kind)) ??
    others.find(({ kind }) => kind === 'group') ??
    (voter === undefined ? undefined : others.find(({ kind, name }) => kind === 'other' && name !== undefined));
  const id =
    propertyText(targets, 'role.templateid', 'templateid') ??
    additional.get('templateid') ??
    propertyText(targets, 'roledefinitionoriginid', 'role.objectid') ??
    additional.get('roledefinitionoriginid') ??
    named?.id?.replace(/^entra:/, '');
  const name =
    propertyText(targets, 'role.displayname') ?? named?.name ?? propertyText(targets, 'role.wellknownobjectname');
  return {
    holder,
    principal: holder === undefined ? UNKNOWN : principalOf(holder),
    role: { ...(id === undefined ? {} : { id: id.toLowerCase() }), ...(name === undefined ? {} : { name }) },
    scope: place?.id ?? source,
  };
}

function isSame({ id, name, login }: AuditTarget, actor: Actor | undefined): boolean {
  if (actor === undefined || id !== actor.id) return false;
  return name === undefined || name === actor.name || (login !== undefined && login === actor.address);
}

/** What members and owners belong to, and the prefix of the properties that name it. */
const CONTAINERS: ReadonlyMap<string, readonly [kind: string, prefix: string]> = new Map([
  ['group_member', ['group', 'group']],
  ['group_owner', ['group', 'group']],
  ['group_join_request', ['group', 'group']],
  ['application_owner', ['application', 'application']],
  ['service_principal_owner', ['servicePrincipal', 'serviceprincipal']],
  ['policy_owner', ['policy', 'policy']],
  ['device_owner', ['device', 'device']],
  ['device_user', ['device', 'device']],
]);

function readMembership({ targets, source }: AuditEvent, { object }: Rule, role: 'member' | 'owner'): Held {
  const [kind, prefix] = CONTAINERS.get(object) ?? ['group', 'group'];
  const stated = propertyText(targets, `${prefix}.objectid`);
  const container = stated === undefined ? undefined : directoryId(stated, undefined, undefined, kind);
  // A group may be a member of a group: the one with the properties is the member.
  const holder =
    targets.find(({ properties }) => properties.some(({ name }) => name.toLowerCase().startsWith(`${prefix}.`))) ??
    targets.find((each) => each.kind !== kind && PRINCIPALS.includes(each.kind)) ??
    targets.find((each) => each.kind !== kind);
  const place = container ?? targets.find((each) => each.kind === kind && each !== holder)?.id;
  return {
    holder,
    principal: holder === undefined ? UNKNOWN : principalOf(holder),
    role: { name: role },
    scope: place ?? source,
  };
}

/** An application's role, given to a user, a group or another application; the first target is the application that has the role. */
function readAppRole({ targets, activity, source }: AuditEvent): Held {
  const [resource] = targets;
  const ofUser = /\buser\b/i.test(activity);
  const ofGroup = /\bgroup\b/i.test(activity);
  const prefix = ofUser ? 'user' : ofGroup ? 'group' : 'serviceprincipal';
  const kind = ofUser ? 'user' : ofGroup ? 'group' : 'servicePrincipal';
  const stated = propertyText(targets, `${prefix}.objectid`);
  const login = ofUser ? propertyText(targets, 'user.upn') : undefined;
  const name = propertyText(targets, `${prefix}.displayname`, `${prefix}.name`) ?? login;
  const id = stated ?? login;
  const fromProperties: AuditTarget | undefined =
    id === undefined ? undefined : { kind, id: directoryId(stated, login, name, kind), name, login, properties: [] };
  const listed = targets.find((each, index) => index > 0 && (each.kind === kind || PRINCIPALS.includes(each.kind)));
  const holder = targets.find((each) => each.id === fromProperties?.id && each.id !== undefined) ?? listed;
  const who = holder?.name === undefined ? (fromProperties ?? holder) : holder;
  const role = propertyText(targets, 'approle.id');
  const value = propertyText(targets, 'approle.value', 'approle.displayname');
  return {
    holder,
    principal: who === undefined ? UNKNOWN : principalOf(who),
    role: {
      ...(role === undefined ? {} : { id: role.toLowerCase() }),
      ...(value === undefined ? {} : { name: value }),
    },
    scope: resource?.id ?? source,
  };
}

/** Permissions that an application uses in the name of its users; the first target is the application that is used. */
function readDelegated({ targets, source }: AuditEvent): Held {
  const [resource] = targets;
  const scopes = propertyNamed(targets, 'delegatedpermissiongrant.scope');
  const before = textOfValue(scopes?.from)?.trim();
  const after = textOfValue(scopes?.to)?.trim();
  const stated = propertyText(targets, 'serviceprincipal.objectid');
  const id = stated === undefined ? undefined : directoryId(stated, undefined, undefined, 'servicePrincipal');
  const holder =
    targets.find((each, index) => index > 0 && each.id === id && id !== undefined) ??
    targets.find((each, index) => index > 0 && each.kind === 'servicePrincipal');
  const name = propertyText(targets, 'serviceprincipal.displayname', 'serviceprincipal.name') ?? holder?.name;
  const client = id ?? holder?.id;
  return {
    holder,
    principal: {
      kind: 'service',
      ...(client === undefined ? {} : { id: client }),
      ...(name === undefined ? {} : { name }),
    },
    role: {
      ...((after ?? before) === undefined ? {} : { name: after ?? before }),
      ...(after === undefined || before === undefined ? {} : { from: before }),
    },
    scope: resource?.id ?? source,
  };
}

/** A consent that does not say to what: the application is named first. */
function readConsent({ targets, source }: AuditEvent): Held {
  const [holder] = targets;
  return {
    holder,
    principal: holder === undefined ? UNKNOWN : { ...principalOf(holder), kind: 'service' },
    role: {},
    scope: source,
  };
}

function readAccessPackage({ targets, source }: AuditEvent): Held {
  const packaged = targets.find(({ kind }) => kind.toLowerCase() === 'accesspackage');
  const holder = targets.find(({ kind }) => PRINCIPALS.includes(kind));
  return {
    holder,
    principal: holder === undefined ? UNKNOWN : principalOf(holder),
    role: packaged?.name === undefined ? {} : { name: packaged.name },
    scope: packaged?.id ?? source,
  };
}

/** As the Resource Manager's own record of it: this role at the root, for whoever called, or whom the removal names. */
function readElevation({ targets }: AuditEvent, _rule: Rule, actor: Actor | undefined): Held {
  const holder = targets.find(({ kind }) => kind === 'user');
  const { kind, id, name, address } = actor ?? {
    kind: 'unknown' as const,
    id: undefined,
    name: undefined,
    address: undefined,
  };
  const caller: Who = {
    kind,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(address === undefined ? {} : { address }),
  };
  return {
    holder,
    principal: holder === undefined ? caller : principalOf(holder),
    role: { name: 'User Access Administrator' },
    scope: '/',
  };
}
