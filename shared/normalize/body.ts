import { FormatError } from '../errors.ts';
import { isObject, parseJson } from '../wire/json.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { Unrecognized } from './normalizer.ts';

/** The JSON of a message's body. Throws Unrecognized `json` where it is none. */
export function parseBodyJson(bytes: Buffer): Json {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw new Unrecognized('json', error.message);
    throw error;
  }
}

/** Throws Unrecognized where the bytes are no JSON object. */
export function parseBody(bytes: Buffer): JsonObject {
  const json = parseBodyJson(bytes);
  if (!isObject(json)) throw new Unrecognized('shape', 'The body is not a JSON object.');
  return json;
}

/**
 * The one event of a body: an object, or an array of one, as Event Grid's documentation prints it. Several together have no
 * delivery id in common; Event Grid writes each to a hub as a message of its own. Throws Unrecognized.
 */
export function parseGridEvent(bytes: Buffer): JsonObject {
  const json = parseBodyJson(bytes);
  const event = Array.isArray(json) && json.length === 1 ? json[0] : json;
  if (!isObject(event)) throw new Unrecognized('shape', 'The body is not one event.');
  return event;
}
