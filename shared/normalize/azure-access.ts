import { isObject } from '../wire/json.ts';
import type { JsonObject } from '../wire/json.ts';
import type { Actor, Grant, Outcome } from '../wire/record.ts';
import type { AzureResource } from './azure-resource.ts';
import { addDuration } from './duration.ts';
import { jsonObjectAt, longTextAt, timeAt, uriAt } from './read.ts';

/** Operations of the Resource Manager that change who may do what, or hand out a credential; matched in lower case. */
const ACCESS_OPERATIONS: readonly (readonly [pattern: RegExp, object: string])[] = [
  [/^microsoft\.authorization\/elevateaccess\//, 'elevation'],
  [/^microsoft\.authorization\/role(?:assignment|eligibility)schedule\w*\//, 'role_schedule'],
  [/^microsoft\.authorization\/rolemanagementpolic\w*\//, 'role_policy'],
  [/^microsoft\.authorization\/denyassignments\//, 'deny_assignment'],
  [/^microsoft\.authorization\/classicadministrators\//, 'administrator'],
  [/^microsoft\.authorization\/accessreview\w*\//, 'access_review'],
  [/^microsoft\.authorization\/policyexemptions\//, 'policy_exemption'],
  [/^microsoft\.authorization\/locks\//, 'lock'],
  [/^microsoft\.managedservices\/registration(?:assignments|definitions)\//, 'delegation'],
  [/^microsoft\.managedidentity\/userassignedidentities\/assign\//, 'identity'],
  [/\/federatedidentitycredentials\//, 'federated_credential'],
  [/^microsoft\.keyvault\/(?:vaults|managedhsms)\/accesspolicies\//, 'access_policy'],
  [/^microsoft\.sql\/(?:servers|managedinstances)\/administrators\//, 'administrator'],
  // Data planes have role assignments of their own: sqlRoleAssignments, mongodbRoleDefinitions …
  [/\/\w*roleassignments\//, 'role_assignment'],
  [/\/\w*roledefinitions\//, 'role_definition'],
  [/\/authorizationrules\/(?:write|delete)$/, 'authorization_rule'],
  [
    /\/(?:begin|get|list|generate)\w*(?:key|secret|credential|sas|connectionstring|token|password|access)s?\/action$/,
    'credential',
  ],
  [/\/(?:regenerate|renew|rotate|reset|sync)\w*(?:key|secret|credential|token|password)s?\/action$/, 'credential'],
  [/^microsoft\.web\/sites\/(?:slots\/)?(?:publishxml|config\/list)\/action$/, 'credential'],
];

/** What kind of access an operation is about, as the middle of a record's type; undefined where it is about none. */
export function accessObjectOf(operationName: string): string | undefined {
  const operation = operationName.toLowerCase();
  return ACCESS_OPERATIONS.find(([pattern]) => pattern.test(operation))?.[1];
}

/** What was done to a resource, as the type of its event says. */
export type AzureVerb = 'written' | 'deleted' | 'acted';

/**
 * The grant that an operation makes or takes back, for role assignments, schedules (PIM) and the elevation to root; undefined
 * for other access. Principal and role are in the request's body, where the event has it; Event Grid's often has not, and a
 * deletion never: the principal is then unknown, and the assignment's id joins it to the record that has it.
 */
export function grantOf(
  object: string,
  verb: AzureVerb,
  operation: string,
  resource: AzureResource,
  data: JsonObject,
  actor: Actor | undefined,
  outcome: Outcome,
): Grant | undefined {
  if (object === 'elevation') {
    const { kind = 'unknown', id, name, address } = actor ?? {};
    return {
      change: broughtAbout('granted', outcome),
      principal: {
        kind,
        ...(id === undefined ? {} : { id }),
        ...(name === undefined ? {} : { name }),
        ...(address === undefined ? {} : { address }),
      },
      // Documented effect of the operation: this role at the root, for whoever calls it.
      role: { name: 'User Access Administrator' },
      scope: '/',
    };
  }
  const bodies = bodiesOf(data);
  const change = changeOf(object, verb, operation, textIn(bodies, 'requestType'), outcome);
  if (change === undefined) return undefined;
  const principalId = textIn(bodies, 'principalId');
  const roleId = textIn(bodies, 'roleDefinitionId');
  const { from, until } = periodOf(bodies);
  return {
    id: resource.id,
    change,
    principal: {
      kind: principalKind(textIn(bodies, 'principalType')),
      ...(principalId === undefined ? {} : { id: `entra:${principalId.toLowerCase()}` }),
    },
    role: roleId === undefined ? {} : { id: roleId.toLowerCase() },
    scope: textIn(bodies, 'scope')?.toLowerCase() ?? resource.scope,
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  };
}

/** Undefined where nobody's access is given, taken or asked for: other actions (`validate`), a cancellation that failed. */
function changeOf(
  object: string,
  verb: AzureVerb,
  operation: string,
  requestType: string | undefined,
  outcome: Outcome,
): Grant['change'] | undefined {
  if (object === 'role_assignment' && verb !== 'acted') {
    return broughtAbout(verb === 'deleted' ? 'revoked' : 'granted', outcome);
  }
  if (object !== 'role_schedule') return undefined;
  if (verb === 'deleted') return broughtAbout('revoked', outcome);
  // A request changes nothing by itself: the assignment that follows is a record of its own.
  if (verb === 'written') return takesAway(requestType) ? 'revocationRequested' : 'requested';
  return /\/cancel\/action$/i.test(operation) && outcome === 'succeeded' ? 'withdrawn' : undefined;
}

/** What failed, was denied or is only accepted must not read as if it had come about. */
function broughtAbout(change: 'granted' | 'revoked', outcome: Outcome): Grant['change'] {
  if (outcome === 'succeeded') return change;
  return change === 'granted' ? 'requested' : 'revocationRequested';
}

/** Of the ten types of requests, those that end an assignment or an activation. */
function takesAway(requestType: string | undefined): boolean {
  return /^(?:adminremove|selfdeactivate)$/i.test(requestType ?? '');
}

/**
 * When a scheduled grant begins and ends. It ends at a time, after a duration from its start, or never; a duration whose start
 * is not said (at approval) gives no end, and is told in the details.
 */
function periodOf(bodies: readonly JsonObject[]): Pick<Grant, 'from' | 'until'> {
  const schedule = objectIn(bodies, 'scheduleInfo');
  const expiration = objectIn(schedule, 'expiration');
  const from = timeAt({ at: memberIn(schedule, 'startDateTime') }, 'at');
  const end = timeAt({ at: memberIn(expiration, 'endDateTime') }, 'at');
  const duration = textIn(expiration, 'duration');
  const until = end ?? (from === undefined || duration === undefined ? undefined : addDuration(from, duration));
  return { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) };
}

/** The failed attempt of a grant is no grant; the record's outcome says so beside it. */
export function grantSummary(grant: Grant, outcome: Outcome): string {
  const change = grant.change === 'revocationRequested' ? 'revocation requested' : grant.change;
  const tried = outcome === 'succeeded' ? change : `${change} (${outcome})`;
  return `${tried}: ${grant.role.name ?? grant.role.id ?? 'a role'} on ${grant.scope} to ${grant.principal.id ?? 'an unknown principal'}`;
}

/** Groups and devices are neither a person nor a service; `details.principalType` tells them apart. */
function principalKind(type: string | undefined): Actor['kind'] {
  if (type?.toLowerCase() === 'user') return 'human';
  return type?.toLowerCase() === 'serviceprincipal' ? 'service' : 'unknown';
}

/** Request and response body, wherever this version of the event has them, and their `properties`: newest knowledge first. */
function bodiesOf(data: JsonObject): readonly JsonObject[] {
  return [data, jsonObjectAt(data, 'properties')].flatMap((holder) =>
    ['responseBody', 'responsebody', 'requestBody', 'requestbody'].flatMap((name) => {
      const body = jsonObjectAt(holder, name);
      if (body === undefined) return [];
      const properties = member(body, 'properties');
      return isObject(properties) ? [properties, body] : [body];
    }),
  );
}

/** A member by its name in any case: the portal writes `PrincipalId`, the API `principalId`. */
function member(value: JsonObject, name: string): unknown {
  const key = Object.keys(value).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : value[key];
}

function memberIn(bodies: readonly JsonObject[], name: string): unknown {
  return bodies.map((body) => member(body, name)).find((found) => found !== undefined && found !== null);
}

function textIn(bodies: readonly JsonObject[], name: string): string | undefined {
  return bodies.map((body) => uriAt({ found: member(body, name) }, 'found')).find((text) => text !== undefined);
}

/** The first that is an object, as a list of at most one, to be looked into like the bodies. */
function objectIn(bodies: readonly JsonObject[], name: string): readonly JsonObject[] {
  return bodies
    .map((body) => member(body, name))
    .filter(isObject)
    .slice(0, 1);
}

/** What a role assignment or a privileged-access request says of itself beside the grant, above all under which condition. */
export function requestDetails(object: string | undefined, data: JsonObject): Record<string, string> {
  if (object !== 'role_assignment' && object !== 'role_schedule') return {};
  const bodies = bodiesOf(data);
  const ticket = objectIn(bodies, 'ticketInfo');
  const found = {
    principalType: textIn(bodies, 'principalType'),
    condition: longTextAt({ found: memberIn(bodies, 'condition') }, 'found'),
    description: longTextAt({ found: memberIn(bodies, 'description') }, 'found'),
    requestType: textIn(bodies, 'requestType'),
    justification: longTextAt({ found: memberIn(bodies, 'justification') }, 'found'),
    duration: textIn(objectIn(objectIn(bodies, 'scheduleInfo'), 'expiration'), 'duration'),
    ticketNumber: textIn(ticket, 'ticketNumber'),
    ticketSystem: textIn(ticket, 'ticketSystem'),
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
