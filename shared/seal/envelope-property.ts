import { isObject } from '../wire/json.ts';

/** base64url of a JSON object begins with `e`, as no JSON does: what looks like this, the host does not parse. */
const ENVELOPE = /^e[A-Za-z0-9_-]*$/;

/**
 * The property `envelope` among a message's application properties; undefined where it is missing, and empty where it is
 * there but no such text: a message without envelope came past our apps, one with another was changed or is a bug of theirs.
 *
 * So that a message is the same whichever road it came, this does once more what the Functions host does to properties on
 * their way through a trigger: a name gets a lower-case first letter, the last of equal names wins, a text that is JSON is
 * parsed. Nobody of ours writes such envelopes; whoever may send to the hub could.
 */
export function findEnvelope(properties: unknown): string | undefined {
  if (!isObject(properties)) return undefined;
  let envelope: unknown;
  let isThere = false;
  for (const [name, value] of Object.entries(properties)) {
    if (name !== 'envelope' && name !== 'Envelope') continue;
    envelope = value;
    isThere = value !== undefined;
  }
  if (!isThere) return undefined;
  // Until it is no JSON any more: one parsing is the host's already, or not, and nobody can see that here.
  while (typeof envelope === 'string' && /^\s*"/.test(envelope)) envelope = parsed(envelope);
  return typeof envelope === 'string' && ENVELOPE.test(envelope) ? envelope : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
