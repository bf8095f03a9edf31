import { hash, timingSafeEqual } from 'node:crypto';

import { FormatError, RequestError, SettingsError } from '../errors.ts';
import { textAt } from '../normalize/read.ts';
import { publishEvent } from '../publish/publish-event.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { isObject, parseJson } from '../wire/json.ts';
import type { JsonObject } from '../wire/json.ts';
import type { CollectRequest } from './http.ts';

const SOURCE = 'azure-devops';

/**
 * One service hook of Azure DevOps: authenticated, durable, then its record's id (absent where the event has none). Transient
 * faults reject with anything but a RequestError of another code, and so end in 503 (http.ts): 408, 502, 503 and 504 are tried
 * again, every other failure puts the subscription on probation, and events are lost meanwhile.
 */
export async function collectAzureDevops(
  app: PublishDependencies & { readonly azureDevopsSecrets: readonly string[] },
  request: CollectRequest,
): Promise<{ id?: string }> {
  const authenticated = authenticateAzureDevops(app.azureDevopsSecrets, request.headers);
  const payload = parsePayload(request.body);
  const { id } = await publishEvent(app, {
    source: SOURCE,
    event: textAt(payload, 'eventType') ?? textAt(payload, 'eventId'),
    delivery: deliveryOf(payload),
    partitionKey: partitionOf(payload),
    body: request.body,
    authenticated,
    function: 'collect-azure-devops',
  });
  return id === undefined ? {} : { id };
}

/**
 * Checks the password of Basic authentication (RFC 7617), in constant time, against every configured one, current first: two
 * are valid while a password is rotated. The user name is whatever the subscription has: it proves nothing. Returns which one
 * matched. Throws RequestError `passwordMissing`, `passwordWrong`, and SettingsError where no password is configured or one is
 * empty: anybody could then send.
 */
export function authenticateAzureDevops(
  secrets: readonly string[],
  headers: CollectRequest['headers'],
): 'basic/current' | 'basic/previous' {
  if (secrets.length === 0 || secrets.length > 2 || secrets.includes('')) {
    throw new SettingsError('Azure DevOps needs one password, or two while it is rotated, none of them empty.');
  }
  const header = headers.get('authorization');
  if (header === null || header === '') {
    throw new RequestError(
      'passwordMissing',
      'The request has no Authorization: give the subscription a user name and the password of this trail.',
    );
  }
  const given = passwordIn(header);
  if (given === undefined) {
    throw new RequestError('passwordWrong', 'Authorization is not of the form Basic <base64 of user:password>.');
  }
  // Hashes are of one length, so that the time does not even tell the password's; all are compared before any result is looked at.
  const digest = hash('sha256', given, 'buffer');
  const matches = secrets.map((secret) => timingSafeEqual(hash('sha256', secret, 'buffer'), digest));
  if (matches[0] === true) return 'basic/current';
  if (matches[1] === true) return 'basic/previous';
  throw new RequestError('passwordWrong', 'The password is another one than this trail has.');
}

/** Everything after the first colon: a password may have colons, a user name may not. */
function passwordIn(header: string): Buffer | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/_-]{1,4096}={0,2}) *$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64');
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : decoded.subarray(colon + 1);
}

/**
 * The event, not its way here: id, type and time of making are the same in each attempt, and through each subscription, while
 * `subscriptionId` and `notificationId` are those of one subscription. The id alone would not do: the notifications that
 * "Test" in a subscription's settings sends have the same id whenever they are sent, and some events have none.
 */
function deliveryOf(payload: JsonObject | undefined): string | undefined {
  const id = whole(payload, 'id');
  if (id === undefined) return undefined;
  return [id, whole(payload, 'eventType') ?? '', whole(payload, 'createdDate') ?? ''].join('/');
}

/** Never cut: a cut id could be another event's. */
function whole(payload: JsonObject | undefined, member: string): string | undefined {
  const value = payload !== undefined && Object.hasOwn(payload, member) ? payload[member] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Project, else collection or account, so that what happens in one place stays in order; never throws. */
export function azureDevopsPartitionKey(body: Buffer): string {
  return partitionOf(parsePayload(body));
}

function partitionOf(payload: JsonObject | undefined): string {
  const key =
    textAt(payload, 'resourceContainers', 'project', 'id') ??
    // Events of pipelines have no project among their containers.
    textAt(payload, 'resource', 'projectId') ??
    textAt(payload, 'resource', 'project', 'id') ??
    textAt(payload, 'resourceContainers', 'collection', 'id') ??
    textAt(payload, 'resourceContainers', 'account', 'id') ??
    SOURCE;
  return key.toLowerCase();
}

/** Undefined where the body is no JSON object: it is published all the same, and routing needs no more. */
function parsePayload(body: Buffer): JsonObject | undefined {
  try {
    const payload = parseJson(body);
    return isObject(payload) ? payload : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
