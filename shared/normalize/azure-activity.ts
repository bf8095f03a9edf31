import { FormatError } from '../errors.ts';
import { isObject, parseJson } from '../wire/json.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import type { Link, Outcome, RecordData } from '../wire/record.ts';
import { accessObjectOf, grantOf, grantSummary, requestDetails } from './azure-access.ts';
import { readAzureCaller } from './azure-caller.ts';
import { operationLink, parseResourceId } from './azure-resource.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, RecordDraft } from './normalizer.ts';
import { idAt, jsonObjectAt, longTextAt, objectAt, textAt, timeAt, uriAt } from './read.ts';

/**
 * Resource events of Azure subscriptions and resource groups, in Event Grid's schema or as CloudEvents: one record each.
 * https://learn.microsoft.com/azure/event-grid/event-schema-subscriptions
 */
export const azureActivityNormalizer: Normalizer = {
  source: 'azure-activity',
  version: 1,
  deliveryOf(body) {
    try {
      const id = eventOf(body)['id'];
      return typeof id === 'string' && id !== '' ? id : undefined;
    } catch (error) {
      if (error instanceof Unrecognized) return undefined;
      throw error;
    }
  },
  normalize(input) {
    return [draftOf(eventOf(input.body))];
  },
};

const EVENT_TYPE = /^microsoft\.resources\.resource(write|delete|action)(success|failure|cancel)$/i;
const VERBS = { write: 'written', delete: 'deleted', action: 'acted' } as const;

function draftOf(event: JsonObject): RecordDraft {
  const type = textAt(event, 'eventType') ?? textAt(event, 'type') ?? '';
  const match = EVENT_TYPE.exec(type);
  if (match === null) throw new Unrecognized('event', `"${type}" is not an event about an Azure resource.`);
  const tried = (match[1] as string).toLowerCase() as keyof typeof VERBS;
  const ended = (match[2] as string).toLowerCase();
  const data = objectAt(event, 'data');
  if (data === undefined) throw new Unrecognized('shape', 'The event has no data.');

  const authorization = jsonObjectAt(data, 'authorization');
  const evidence = jsonObjectAt(authorization, 'evidence');
  const httpRequest = jsonObjectAt(data, 'httpRequest');
  const caller = readAzureCaller(jsonObjectAt(data, 'claims'), evidence, httpRequest, textAt(data, 'caller'));
  const scope = uriAt(event, 'topic') ?? uriAt(event, 'source') ?? '/';
  const resource = parseResourceId(
    uriAt(data, 'resourceUri') ?? uriAt(event, 'subject') ?? uriAt(authorization, 'scope') ?? scope,
  );
  const operation = textAt(data, 'operationName') ?? textAt(authorization, 'action') ?? `${resource.kind}/${tried}`;

  const outcome = outcomeOf(ended, data);
  const access = accessObjectOf(operation);
  const verb = VERBS[tried];
  const grant =
    access === undefined ? undefined : grantOf(access, verb, operation, resource, data, caller.actor, outcome);
  const deployed = /^microsoft\.resources\/deployment(?:s|stacks)$/.test(resource.kind);
  const correlation = textAt(data, 'correlationId');

  return {
    part: '',
    type: typeOf(access, deployed, verb),
    source: resource.subscription ?? parseResourceId(scope).id,
    subject: resource.id,
    time: timeAt(event, 'eventTime') ?? timeAt(event, 'time'),
    data: {
      ...(caller.actor === undefined ? {} : { actor: caller.actor }),
      action: operation,
      outcome,
      summary: summaryOf(caller.actor?.name ?? caller.actor?.id, outcome, operation, resource.name, grant),
      target: { kind: resource.kind, id: resource.id, ...(resource.name === undefined ? {} : { name: resource.name }) },
      details: {
        ...detailsOf(data, evidence, httpRequest, caller.tenant, caller.methods),
        ...requestDetails(access, data),
        ...tokenAddress(data, caller.origin.address),
      },
      origin: caller.origin,
      ...(grant === undefined ? {} : { grant }),
      links: linksOf(correlation, operation, resource.id, deployed),
      clock: clockOf(event, outcome),
    },
  };
}

/**
 * The one event of a body: an object, or an array of one, as Event Grid's documentation prints it. Several together have no
 * delivery id in common; Event Grid writes each to a hub as a message of its own.
 */
function eventOf(body: Buffer): JsonObject {
  let json: Json;
  try {
    json = parseJson(body);
  } catch (error) {
    if (error instanceof FormatError) throw new Unrecognized('json', error.message);
    throw error;
  }
  const event = Array.isArray(json) && json.length === 1 ? json[0] : json;
  if (!isObject(event)) throw new Unrecognized('shape', 'The body is not one event.');
  return event;
}

/** Templates that are deployed change an environment as a pipeline does; everything else is the resource itself. */
function typeOf(access: string | undefined, deployed: boolean, verb: string): RecordDraft['type'] {
  if (access !== undefined) return `indelible.access.${access}.${verb}`;
  return deployed ? `indelible.deployment.template.${verb}` : `indelible.infrastructure.resource.${verb}`;
}

/**
 * The event's type says how the operation ended; a cancelled one did not come about and counts as failed, `details.status`
 * tells it apart. Within a failure, a refusal by role or by policy is `denied`. A success that is only accepted is `pending`.
 */
function outcomeOf(ended: string, data: JsonObject): Outcome {
  const status = textAt(data, 'status')?.toLowerCase();
  if (ended === 'success') {
    if (status === 'failed' || status === 'canceled') return 'failed';
    return status === 'accepted' || status === 'started' || status === 'inprogress' ? 'pending' : 'succeeded';
  }
  if (ended === 'cancel') return 'failed';
  const properties = jsonObjectAt(data, 'properties');
  const reasons = [
    idAt(data, 'subStatus'),
    idAt(data, 'statusCode'),
    idAt(properties, 'statusCode'),
    idAt(properties, 'statusMessage'),
    idAt(data, 'statusMessage'),
  ];
  const denied =
    /\b(?:401|403|forbidden|unauthorized|authorizationfailed|linkedauthorizationfailed|requestdisallowedbypolicy)\b/i;
  return reasons.some((reason) => reason !== undefined && denied.test(reason)) ? 'denied' : 'failed';
}

function summaryOf(
  who: string | undefined,
  outcome: Outcome,
  operation: string,
  name: string | undefined,
  grant: RecordData['grant'],
): string {
  const what = grant === undefined ? '' : `; ${grantSummary(grant, outcome)}`;
  return `${who ?? 'Somebody unnamed'}: ${operation}${name === undefined ? '' : ` on ${name}`} ${outcome}${what}`;
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

function linksOf(correlation: string | undefined, operation: string, resource: string, deployed: boolean): Link[] {
  const links: Link[] = [];
  if (deployed) links.push({ kind: 'deployment', id: resource });
  if (correlation !== undefined) {
    links.push({ kind: 'correlation', id: correlation.toLowerCase() });
    links.push({ kind: 'operation', id: operationLink(correlation, operation, resource) });
  }
  return links;
}

/** The source's own clock: when the operation ended, and so, where it succeeded, took effect. */
function clockOf(event: JsonObject, outcome: Outcome): NonNullable<RecordData['clock']> {
  const at = timeAt(event, 'eventTime') ?? timeAt(event, 'time');
  if (at === undefined) return {};
  const ended = { at, by: 'source' } as const;
  return outcome === 'succeeded' ? { ended, effective: ended } : { ended };
}
