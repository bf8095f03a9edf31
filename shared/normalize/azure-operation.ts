import type { JsonObject } from '../wire/json.ts';
import type { Actor, Grant, Link, Outcome, RecordData } from '../wire/record.ts';
import { accessObjectOf, grantOf, grantSummary, requestDetails } from './azure-access.ts';
import type { AzureVerb } from './azure-access.ts';
import type { AzureCaller } from './azure-caller.ts';
import { operationLink } from './azure-resource.ts';
import type { AzureResource } from './azure-resource.ts';
import type { RecordDraft } from './normalizer.ts';
import { idAt, jsonObjectAt, longTextAt, textAt, uriAt } from './read.ts';

/**
 * What one operation of the Resource Manager becomes in a record, whichever road it came by: as an event of Event Grid or as
 * rows of the Activity Log. Same type, same target, same grant, and the links that join the two.
 */

/** One operation, as either source describes it. */
export interface AzureOperation {
  /** `Microsoft.KeyVault/vaults/write`, as the source writes it. */
  readonly name: string;
  /** The same for people, where the source writes `name` in capitals. */
  readonly said?: string | undefined;
  /** What was tried. Reading is no event of Event Grid's. */
  readonly verb: AzureVerb | 'read';
  readonly resource: AzureResource;
  readonly outcome: Outcome;
  readonly caller: AzureCaller;
  readonly correlation: string | undefined;
  /** `properties` holds the request and the answer, where the source has them; `authorization` and the like stand beside it. */
  readonly data: JsonObject;
  readonly evidence: JsonObject | undefined;
  readonly httpRequest: JsonObject | undefined;
}

/** Type and data of the operation's record; the time is the source's to say. */
export function describeOperation(operation: AzureOperation): Pick<RecordDraft, 'type' | 'data'> {
  const { name, verb, resource, outcome, caller, correlation, data, evidence, httpRequest } = operation;
  const access = accessObjectOf(name);
  const grant =
    access === undefined || verb === 'read'
      ? undefined
      : grantOf(access, verb, name, resource, data, caller.actor, outcome);
  const deployed = /^microsoft\.resources\/deployment(?:s|stacks)$/.test(resource.kind);
  return {
    type: typeOf(access, deployed, verb),
    data: {
      ...(caller.actor === undefined ? {} : { actor: caller.actor }),
      action: name,
      outcome,
      summary: summaryOf(caller.actor, outcome, operation.said ?? name, resource.name, grant),
      target: targetOf(resource),
      details: {
        ...detailsOf(data, evidence, httpRequest, caller.tenant, caller.methods),
        ...requestDetails(access, data),
        ...tokenAddress(data, caller.origin.address),
      },
      origin: caller.origin,
      ...(grant === undefined ? {} : { grant }),
      links: linksOf(correlation, name, resource.id, deployed),
    },
  };
}

/** The resource as the object of a record. */
export function targetOf(resource: AzureResource): NonNullable<RecordData['target']> {
  return { kind: resource.kind, id: resource.id, ...(resource.name === undefined ? {} : { name: resource.name }) };
}

const DENIED =
  /\b(?:401|403|forbidden|unauthorized|authorizationfailed|linkedauthorizationfailed|requestdisallowedbypolicy)\b/i;

/** Whether what failed was refused by role or by policy, as codes and messages of the failure say. */
export function isDenied(data: JsonObject): boolean {
  const properties = jsonObjectAt(data, 'properties');
  const reasons = [
    idAt(data, 'subStatus'),
    idAt(data, 'statusCode'),
    idAt(properties, 'statusCode'),
    idAt(properties, 'statusMessage'),
    idAt(data, 'statusMessage'),
  ];
  return reasons.some((reason) => reason !== undefined && DENIED.test(reason));
}

/** Joins what belongs together: all of one request, and both roads of one operation. */
export function linksOf(
  correlation: string | undefined,
  operation: string,
  resource: string,
  deployed: boolean,
): Link[] {
  const links: Link[] = [];
  if (deployed) links.push({ kind: 'deployment', id: resource });
  if (correlation !== undefined) {
    links.push({ kind: 'correlation', id: correlation.toLowerCase() });
    links.push({ kind: 'operation', id: operationLink(correlation, operation, resource) });
  }
  return links;
}

/** Templates that are deployed change an environment as a pipeline does; everything else is the resource itself. */
function typeOf(access: string | undefined, deployed: boolean, verb: AzureOperation['verb']): RecordDraft['type'] {
  if (access !== undefined) return `indelible.access.${access}.${verb}`;
  return deployed ? `indelible.deployment.template.${verb}` : `indelible.infrastructure.resource.${verb}`;
}

function summaryOf(
  actor: Actor | undefined,
  outcome: Outcome,
  operation: string,
  name: string | undefined,
  grant: Grant | undefined,
): string {
  const who = actor?.name ?? actor?.id ?? 'Somebody unnamed';
  const what = grant === undefined ? '' : `; ${grantSummary(grant, outcome)}`;
  return `${who}: ${operation}${name === undefined ? '' : ` on ${name}`} ${outcome}${what}`;
}

function detailsOf(
  data: JsonObject,
  evidence: JsonObject | undefined,
  httpRequest: JsonObject | undefined,
  tenant: string | undefined,
  methods: string | undefined,
): NonNullable<RecordData['details']> {
  const found = {
    status: textAt(data, 'status'),
    subStatus: textAt(data, 'subStatus'),
    statusMessage: longTextAt(data, 'properties', 'statusMessage') ?? longTextAt(data, 'statusMessage'),
    resourceProvider: textAt(data, 'resourceProvider'),
    tenant: textAt(data, 'tenantId') ?? tenant,
    callerTenant: otherTenant(data, tenant),
    callerRole: textAt(evidence, 'role'),
    callerRoleScope: uriAt(evidence, 'roleAssignmentScope'),
    callerRoleAssignment: textAt(evidence, 'roleAssignmentId'),
    authenticationMethods: methods,
    method: textAt(httpRequest, 'method'),
    clientRequest: textAt(httpRequest, 'clientRequestId'),
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The tenant that the caller signed in to, where the resource is another's: a partner's, by delegation. */
function otherTenant(data: JsonObject, tenant: string | undefined): string | undefined {
  const own = textAt(data, 'tenantId');
  return own === undefined || own.toLowerCase() === tenant?.toLowerCase() ? undefined : tenant;
}

/** Where the token was issued to, where that is another address than the one that called. */
function tokenAddress(data: JsonObject, address: string | undefined): { tokenAddress?: string } {
  const issued = textAt(jsonObjectAt(data, 'claims'), 'ipaddr');
  return issued === undefined || issued === address ? {} : { tokenAddress: issued };
}
