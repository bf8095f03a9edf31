import { isObject } from '../wire/json.ts';
import type { JsonObject } from '../wire/json.ts';
import type { Actor, Grant, Outcome } from '../wire/record.ts';
import type { AzureResource } from './azure-resource.ts';
import { jsonObjectAt, timeAt, uriAt } from './read.ts';

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

/**
 * The grant that an operation makes or takes back, for role assignments, schedules (PIM) and the elevation to root; undefined
 * for other access. Principal and role are in the request's body, where the event has it; Event Grid's often has not, and a
 * deletion never: the principal is then unknown, and the assignment's id joins it to the record that has it.
 */
export function grantOf(
  object: string,
  verb: 'written' | 'deleted' | 'acted',
  resource: AzureResource,
  data: JsonObject,
  actor: Actor | undefined,
): Grant | undefined {
  if (object === 'elevation') {
    const { kind = 'unknown', id, name, address } = actor ?? {};
    return {
      change: 'granted',
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
  if (object !== 'role_assignment' && object !== 'role_schedule') return undefined;
  const bodies = bodiesOf(data);
  const principalId = textIn(bodies, 'principalId');
  const roleId = textIn(bodies, 'roleDefinitionId');
  const schedule = bodies.map((body) => member(body, 'scheduleInfo')).find(isObject);
  const from = timeAt(schedule, 'startDateTime');
  const until = timeAt(schedule, 'expiration', 'endDateTime');
  const granted = object === 'role_schedule' ? 'requested' : 'granted';
  return {
    id: resource.id,
    change: verb === 'deleted' ? 'revoked' : granted,
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

/** The failed attempt of a grant is no grant; the record's outcome says so beside it. */
export function grantSummary(grant: Grant, outcome: Outcome): string {
  const tried = outcome === 'succeeded' ? grant.change : `${grant.change} (${outcome})`;
  return `${tried}: ${grant.role.name ?? grant.role.id ?? 'a role'} on ${grant.scope} to ${grant.principal.id ?? 'an unknown principal'}`;
}

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

function textIn(bodies: readonly JsonObject[], name: string): string | undefined {
  return bodies.map((body) => uriAt({ found: member(body, name) }, 'found')).find((text) => text !== undefined);
}

/** What a privileged-access request says of itself. */
export function requestDetails(data: JsonObject): { requestType?: string; justification?: string } {
  const bodies = bodiesOf(data);
  const requestType = textIn(bodies, 'requestType');
  const justification = textIn(bodies, 'justification');
  return {
    ...(requestType === undefined ? {} : { requestType }),
    ...(justification === undefined ? {} : { justification }),
  };
}
