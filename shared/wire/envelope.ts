import { hash } from 'node:crypto';

import { z } from 'zod';

import { FormatError } from '../errors.ts';
import { parseJson } from './json.ts';
import { toTimestamp } from './timestamp.ts';

/**
 * What travels beside a body through the hub: the property `envelope`, base64url of JSON. Written by the app that
 * authenticated the sender; a body that was too large for the hub is named here by hash and size.
 */
const MAX_TEXT_CHARACTERS = 2_048;
const text = z.string().max(MAX_TEXT_CHARACTERS);

const envelopeSchema = z.strictObject({
  source: z.string().min(1).max(64).describe('Which normalizer reads the body: github, azure-activity, approvals …'),
  event: text.optional(),
  delivery: text
    .optional()
    .describe("The sender's own id of this delivery; absent where Event Grid writes to the hub itself."),
  subject: text.optional().describe('The request id, or project and file.'),
  received: z.string().max(32).optional(),
  app: text.optional(),
  function: text.optional(),
  authenticated: text.optional().describe('How: hmac-sha256/current, bearer, event-grid …'),
  claims: z
    .record(z.string().max(64), z.union([text, z.array(text).max(256)]))
    .optional()
    .describe('Of the token that was checked; what identifies and authorizes, never the token.'),
  body: z
    .strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().min(0) })
    .optional()
    .describe('Where the body lies in the spill container of the app: bodies/<sha256>.'),
});
export type Envelope = z.output<typeof envelopeSchema>;

/** Event Hubs counts properties against the size of a message; an envelope beyond this is nobody's. */
const MAX_ENVELOPE_CHARACTERS = 65_536;

/**
 * A sender's id of its delivery as an envelope takes it: in full where there is room for it, else its hash, for cut ids could
 * collide. Whatever names a delivery passes here: a longer one would make a leaf that is no record.
 */
export function toDelivery(id: string): string {
  return id.length <= MAX_TEXT_CHARACTERS ? id.toWellFormed() : `sha256:${hash('sha256', id, 'hex')}`;
}

export function formatEnvelope(envelope: Envelope): string {
  return Buffer.from(JSON.stringify(envelopeSchema.parse(envelope))).toString('base64url');
}

/** Throws FormatError `envelope`. */
export function parseEnvelope(property: string): Envelope {
  if (property.length > MAX_ENVELOPE_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(property)) {
    throw new FormatError('envelope', 'The envelope is not base64url, or longer than 65,536 characters.');
  }
  let json: unknown;
  try {
    json = parseJson(Buffer.from(property, 'base64url'));
  } catch (cause) {
    throw new FormatError('envelope', 'The envelope is not JSON.', { cause });
  }
  const checked = envelopeSchema.safeParse(json);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new FormatError(
      'envelope',
      `The envelope is wrong at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
  }
  return checked.data;
}

/**
 * The envelope as records hold it: every text well-formed, `received` in the one form or absent. Whoever may send to a hub
 * writes envelopes, and a leaf that holds any other time is no record: nothing could be derived from its segment.
 */
export function toRecordedEnvelope(envelope: Envelope): Envelope {
  const { received, ...rest } = withTexts(envelope, (each) => each.toWellFormed());
  const time = toTimestamp(received);
  return time === undefined ? rest : { ...rest, received: time };
}

/** A copy with every text in it, names of claims included, as `change` gives it. */
export function withTexts<Value>(value: Value, change: (text: string) => string): Value {
  if (typeof value === 'string') return change(value) as Value;
  if (Array.isArray(value)) return value.map((each) => withTexts<unknown>(each, change)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [change(name), withTexts<unknown>(each, change)]),
  ) as Value;
}
