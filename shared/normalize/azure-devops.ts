import { FormatError } from '../errors.ts';
import { isObject, parseJson } from '../wire/json.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { readDelivery } from './azure-devops/draft.ts';
import { handlerOf } from './azure-devops/events.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';
import { textAt } from './read.ts';

/**
 * Service hooks of Azure DevOps, of the service and of servers, in all resource versions (1.0, 2.0, 3.0-preview,
 * 5.1-preview …), and with as few details as a subscription may be set to send. Throws Unrecognized `json` and `shape` for a
 * body that is no JSON object or names no event, `event` for an unknown event that says nothing of itself; an odd or missing
 * member never throws, it is absent from the record.
 */
export const azureDevopsNormalizer: Normalizer = {
  source: 'azure-devops',
  version: 1,
  normalize({ envelope, body }: NormalizerInput): readonly RecordDraft[] {
    const payload = parsePayload(body);
    // Some events have their name under `eventId`; the envelope's is what the collector read from the same bytes.
    const event = textAt(payload, 'eventType') ?? textAt(payload, 'eventId') ?? envelope.event;
    if (event === undefined || event === '')
      throw new Unrecognized('shape', 'The body names no event of Azure DevOps.');
    const drafts = handlerOf(event)(readDelivery(event, payload));
    // The same commit, ref or approver twice in one payload is one record.
    return [...new Map(drafts.toReversed().map((draft) => [draft.part, draft])).values()].toReversed();
  },
};

function parsePayload(body: Buffer): JsonObject {
  let json: Json;
  try {
    json = parseJson(body);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new Unrecognized('json', `The body of the service hook cannot be read: ${error.message}`);
  }
  if (!isObject(json)) throw new Unrecognized('shape', 'The payload of a service hook is a JSON object.');
  return json;
}
