import type { JsonObject } from '../wire/json.ts';
import type { Outcome, RecordData } from '../wire/record.ts';
import { readAzureCaller } from './azure-caller.ts';
import { describeOperation, isDenied } from './azure-operation.ts';
import { parseResourceId } from './azure-resource.ts';
import { parseGridEvent } from './body.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, RecordDraft } from './normalizer.ts';
import { jsonObjectAt, objectAt, textAt, timeAt, uriAt } from './read.ts';

/**
 * Resource events of Azure subscriptions and resource groups, in Event Grid's schema or as CloudEvents: one record each.
 * https://learn.microsoft.com/azure/event-grid/event-schema-subscriptions
 */
export const azureActivityNormalizer: Normalizer = {
  source: 'azure-activity',
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
  if (resource.id === '/' && caller.actor === undefined) {
    throw new Unrecognized('shape', 'The event names neither who called nor, as resourceUri or subject, on what.');
  }
  const operation = textAt(data, 'operationName') ?? textAt(authorization, 'action') ?? `${resource.kind}/${tried}`;

  const outcome = outcomeOf(ended, data);
  const { type: recordType, data: described } = describeOperation({
    name: operation,
    verb: VERBS[tried],
    resource,
    outcome,
    caller,
    correlation: textAt(data, 'correlationId'),
    data,
    evidence,
    httpRequest,
  });
  return {
    part: '',
    type: recordType,
    source: resource.subscription ?? parseResourceId(scope).id,
    subject: resource.id,
    time: timeAt(event, 'eventTime') ?? timeAt(event, 'time'),
    data: { ...described, clock: clockOf(event, outcome) },
  };
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
  return isDenied(data) ? 'denied' : 'failed';
}

/** The source's own clock: when the operation ended, and so, where it succeeded, took effect. */
function clockOf(event: JsonObject, outcome: Outcome): NonNullable<RecordData['clock']> {
  const at = timeAt(event, 'eventTime') ?? timeAt(event, 'time');
  if (at === undefined) return {};
  const ended = { at, by: 'source' } as const;
  return outcome === 'succeeded' ? { ended, effective: ended } : { ended };
}
