import { FormatError } from '../../errors.ts';
import { isObject, parseJson, parseJsonText } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { Unrecognized } from '../normalizer.ts';

const FORM_MEMBER = 'payload=';

/**
 * The payload of a delivery. A hook's content type is `application/json` or `application/x-www-form-urlencoded` with one
 * field `payload`; which of the two is seen from the bytes, for no JSON begins with `payload=`. Throws Unrecognized
 * `json` where the bytes are no JSON, `shape` where they are JSON but no object.
 */
export function parsePayload(body: Buffer): JsonObject {
  const payload = parseEither(body);
  if (!isObject(payload)) {
    throw new Unrecognized(
      'shape',
      'The payload of a GitHub delivery is a JSON object; this one is another JSON value.',
    );
  }
  return payload;
}

function parseEither(body: Buffer): Json {
  try {
    return body.toString('latin1', 0, FORM_MEMBER.length) === FORM_MEMBER
      ? parseJsonText(formField(body))
      : parseJson(body);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new Unrecognized('json', `The body of the GitHub delivery cannot be read: ${cause.message}`);
  }
}

function formField(body: Buffer): string {
  const end = body.indexOf('&');
  const field = body.toString('latin1', FORM_MEMBER.length, end === -1 ? body.length : end);
  try {
    return decodeURIComponent(field.replaceAll('+', ' '));
  } catch (cause) {
    throw new FormatError('json', 'The form field "payload" is not percent-encoded UTF-8.', { cause });
  }
}
