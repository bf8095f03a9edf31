import { hash } from 'node:crypto';

import type { JsonObject } from '../wire/json.ts';
import type { Actor, Link, RecordData, Related } from '../wire/record.ts';
import { cutText, TEXT_LIMITS } from '../wire/text.ts';
import type { AzureResource } from './azure-resource.ts';
import { parseResourceId } from './azure-resource.ts';
import { parseGridEvent } from './body.ts';
import { oneLine } from './github/draft.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, RecordDraft } from './normalizer.ts';
import { idAt, jsonObjectAt, textAt, timeAt, uriAt } from './read.ts';

/**
 * Compliance states of Azure Policy, in Event Grid's schema or as CloudEvents: one record each.
 * https://learn.microsoft.com/azure/event-grid/event-schema-policy
 */
export const azurePolicyNormalizer: Normalizer = {
  source: 'azure-policy',
  version: 1,
  deliveryOf(body) {
    try {
      const id = parseGridEvent(body)['id'];
      return typeof id === 'string' && id !== '' ? id : undefined;
    } catch (error) {
      if (error instanceof Unrecognized) return undefined;
      throw error;
    }
  },
  normalize(input) {
    return [draftOf(parseGridEvent(input.body))];
  },
};

const EVENT_TYPE = /^microsoft\.policyinsights\.policystate(created|changed|deleted)$/i;
/** The engine evaluates by itself; whoever changed the resource is in the Activity Log's record. */
const ENGINE: Actor = { kind: 'service', id: 'azure:microsoft.policyinsights', name: 'Azure Policy' };

function draftOf(event: JsonObject): RecordDraft {
  const type = textAt(event, 'eventType') ?? textAt(event, 'type') ?? '';
  const verb = EVENT_TYPE.exec(type)?.[1]?.toLowerCase();
  if (verb === undefined) throw new Unrecognized('event', `"${type}" is not an event about a policy state.`);
  const data = jsonObjectAt(event, 'data');
  if (data === undefined) throw new Unrecognized('shape', 'The event has no data.');

  const topic = uriAt(event, 'topic') ?? uriAt(event, 'source');
  const subscription = textAt(data, 'subscriptionId');
  const subscribed = subscription === undefined ? undefined : `/subscriptions/${subscription}`;
  const evaluated = uriAt(event, 'subject') ?? uriAt(data, 'resourceId') ?? subscribed ?? topic;
  if (evaluated === undefined) {
    throw new Unrecognized('shape', 'The event does not say which resource was evaluated.');
  }
  const resource = parseResourceId(evaluated);
  const state = textAt(data, 'complianceState');
  const assignment = uriAt(data, 'policyAssignmentId');

  return {
    part: '',
    type: `indelible.infrastructure.policy_state.${verb}`,
    source: resource.subscription ?? parseResourceId(subscribed ?? topic ?? evaluated).id,
    subject: stateId(resource, data),
    // When the resource was evaluated: by this the states of one resource are in order, and not by the event's own time.
    time: timeAt(data, 'timestamp') ?? timeAt(event, 'eventTime') ?? timeAt(event, 'time'),
    data: {
      actor: ENGINE,
      action: type,
      // What is not compliant was evaluated all the same.
      outcome: state?.toLowerCase() === 'error' ? 'failed' : 'succeeded',
      summary: summaryOf(verb, resource, state, textAt(data, 'complianceReasonCode'), nameOf(assignment)),
      target: { kind: resource.kind, id: resource.id, ...(resource.name === undefined ? {} : { name: resource.name }) },
      related: relatedOf(data, assignment, topic),
      // The event does not say which state was before.
      ...(verb === 'deleted' || state === undefined ? {} : { changes: [{ field: 'complianceState', to: state }] }),
      details: detailsOf(data, state),
      clock: clockOf(event, data),
      links: linksOf(data),
    },
  };
}

/**
 * One resource has one state for each policy that an assignment brings to it: an initiative brings many, told apart by
 * their reference. Cut ids could be another state's, so those parts are hashed.
 */
function stateId(resource: AzureResource, data: JsonObject): string {
  const policy = ['policyAssignmentId', 'policyDefinitionId', 'policyDefinitionReferenceId'].map(
    (member) => idAt(data, member)?.toLowerCase() ?? '',
  );
  const id = `${resource.id}/providers/microsoft.policyinsights/policystates/${digest(policy)}`;
  return id.length <= TEXT_LIMITS.uri
    ? id
    : `/providers/microsoft.policyinsights/policystates/${digest([resource.id, ...policy])}`;
}

function digest(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32);
}

function nameOf(id: string | undefined): string | undefined {
  const name = id?.split('/').at(-1)?.trim();
  return name === undefined || name === '' ? undefined : cutText(name);
}

function relatedOf(data: JsonObject, assignment: string | undefined, topic: string | undefined): Related[] {
  return [
    policyObject('policyAssignment', 'policyassignments', assignment),
    policyObject('policyDefinition', 'policydefinitions', uriAt(data, 'policyDefinitionId')),
    policyObject('policySetDefinition', 'policysetdefinitions', uriAt(data, 'policySetDefinitionId')),
    managementGroup(topic),
  ].filter((each) => each !== undefined);
}

function policyObject(part: string, type: string, id: string | undefined): Related | undefined {
  if (id === undefined) return undefined;
  const name = nameOf(id);
  return {
    part,
    kind: `microsoft.authorization/${type}`,
    id: parseResourceId(id).id,
    ...(name === undefined ? {} : { name }),
  };
}

/** `/tenants/<id>/providers/Microsoft.Management/managementGroups/<id>`, where the subscription of events is one of those. */
function managementGroup(topic: string | undefined): Related | undefined {
  const path = /\/providers\/microsoft\.management\/managementgroups\/[^/]+$/i.exec(topic ?? '')?.[0];
  if (path === undefined) return undefined;
  const group = parseResourceId(path);
  return {
    part: 'managementGroup',
    kind: group.kind,
    id: group.id,
    ...(group.name === undefined ? {} : { name: group.name }),
  };
}

function detailsOf(data: JsonObject, state: string | undefined): NonNullable<RecordData['details']> {
  const found = {
    complianceState: state,
    complianceReasonCode: textAt(data, 'complianceReasonCode'),
    policyDefinitionReference: textAt(data, 'policyDefinitionReferenceId'),
    subscription: textAt(data, 'subscriptionId')?.toLowerCase(),
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** From the evaluation on the state holds; the event that tells of it is made later, up to 20 minutes. */
function clockOf(event: JsonObject, data: JsonObject): NonNullable<RecordData['clock']> {
  const evaluated = timeAt(data, 'timestamp');
  const raised = timeAt(event, 'eventTime') ?? timeAt(event, 'time');
  return {
    ...(raised === undefined ? {} : { ended: { at: raised, by: 'source' } }),
    ...(evaluated === undefined ? {} : { effective: { at: evaluated, by: 'source' } }),
  };
}

function linksOf(data: JsonObject): Link[] {
  const correlation = textAt(data, 'correlationId');
  return correlation === undefined ? [] : [{ kind: 'correlation', id: correlation.toLowerCase() }];
}

function summaryOf(
  verb: string,
  resource: AzureResource,
  state: string | undefined,
  reason: string | undefined,
  assignment: string | undefined,
): string {
  const what = resource.name ?? resource.id;
  const by = assignment === undefined ? '' : ` under ${assignment}`;
  if (verb === 'deleted') return oneLine(`Azure Policy dropped its state of ${what}${by}`);
  const found = state ?? 'in an unnamed state';
  const why = reason === undefined ? '' : ` (${reason})`;
  return oneLine(`Azure Policy ${verb === 'created' ? 'found' : 'now finds'} ${what} ${found}${by}${why}`);
}
