import { hash } from 'node:crypto';

import { parseEnvelope } from '../wire/envelope.ts';
import type { Envelope } from '../wire/envelope.ts';
import type { HubMessage } from './hub-message.ts';

/**
 * Port: bodies that were too large for the hub, in the spill container of the app that publishes to it. Throws StoreError;
 * undefined: not there.
 */
export interface SpilledBodies {
  read(sha256: string): Promise<Buffer | undefined>;
}

/** A message with the bytes that its source sent. */
export interface RawMessage {
  readonly message: HubMessage;
  /** undefined where it cannot be read; normalizing says why. */
  readonly envelope: Envelope | undefined;
  readonly sha256: string;
  readonly size: number;
  /** `hub`: came in the message. `spill`: copied from the spill container. Else what the spill container held instead. */
  readonly from: 'hub' | 'spill' | 'absent' | 'otherBytes';
  /** Empty where the bytes are missing. */
  readonly body: Buffer;
}

function envelopeOf(message: HubMessage): Envelope | undefined {
  if (message.envelope === undefined) return undefined;
  try {
    return parseEnvelope(message.envelope);
  } catch {
    return undefined;
  }
}

/** Bytes that the message takes in memory, its spilled body included. */
export function sizeOfMessage(message: HubMessage): number {
  return message.body.length + (envelopeOf(message)?.body?.size ?? 0);
}

/** Fetches what was spilled and checks it against the hash that the message names. Throws StoreError. */
export async function resolveBody(message: HubMessage, spilled: SpilledBodies): Promise<RawMessage> {
  const envelope = envelopeOf(message);
  if (envelope?.body === undefined) {
    const { body } = message;
    return { message, envelope, sha256: hash('sha256', body, 'hex'), size: body.length, from: 'hub', body };
  }
  const { sha256, size } = envelope.body;
  const found = await spilled.read(sha256);
  if (found === undefined) return { message, envelope, sha256, size, from: 'absent', body: Buffer.alloc(0) };
  const whole = found.length === size && hash('sha256', found, 'hex') === sha256;
  return {
    message,
    envelope,
    sha256,
    size,
    from: whole ? 'spill' : 'otherBytes',
    body: whole ? found : Buffer.alloc(0),
  };
}
