import { hash } from 'node:crypto';

import { RequestError, StoreError } from '../errors.ts';
import { formatEnvelope, toDelivery } from '../wire/envelope.ts';
import type { Envelope } from '../wire/envelope.ts';
import { recordId } from '../wire/record.ts';
import { cutText } from '../wire/text.ts';
import { formatTimestamp } from '../wire/timestamp.ts';
import type { OutgoingMessage, Publisher } from './publisher.ts';
import type { SpillStore } from './spill-store.ts';
import { formatSpilledRequest } from './spilled-request.ts';
import { describeError } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';

/** The function apps that publish, each to its own hub. */
export type PublishingAppName = 'collect' | 'observe' | 'decide' | 'report';

export interface PublishDependencies {
  readonly app: PublishingAppName;
  readonly publisher: Publisher;
  readonly spill: SpillStore;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** A new UUID each time. */
  readonly newId: () => string;
  readonly telemetry: Telemetry;
  /** Milliseconds; {@link TIME_LIMITS} where absent. */
  readonly timeLimits?: TimeLimits | undefined;
}

export interface TimeLimits {
  /** For all that brings one message into the hub, its body's way through `bodies/` included. */
  readonly hub: number;
  /** For spilling the message after that. */
  readonly spill: number;
}

/** Together below the ten seconds that GitHub waits for an answer. */
export const TIME_LIMITS: TimeLimits = { hub: 5_000, spill: 3_000 };

/** What a collector hands over: the bytes as they came, and who brought them. */
export interface CollectedEvent {
  readonly source: string;
  readonly event?: string | undefined;
  readonly delivery?: string | undefined;
  readonly subject?: string | undefined;
  readonly partitionKey: string;
  readonly body: Buffer;
  /** How the sender was authenticated. */
  readonly authenticated: string;
  readonly claims?: Envelope['claims'];
  /** Name of the function that took it in. */
  readonly function: string;
}

/** What can be said of an event once it is durable. */
export interface Published {
  /** Of the record that it will be; undefined where the sender named no delivery: then its place in the log will tell. */
  readonly id: string | undefined;
}

/**
 * Makes one event durable: in the hub, else in the spill container, from where `replaySpill` brings it to the hub. Resolves
 * only then; the caller acknowledges after that and not before. Throws RequestError `unavailable` where neither took it.
 *
 * A hub that was given up after the time limit may have taken the message all the same; it is spilled, and replayed, and so
 * arrives twice with the same delivery: twice sealed, one id, and readers collapse it. That is the price of never losing one.
 */
export async function publishEvent(deps: PublishDependencies, event: CollectedEvent): Promise<Published> {
  const { hub, spill } = deps.timeLimits ?? TIME_LIMITS;
  const envelope = envelopeOf(deps, event);
  let message: OutgoingMessage = {
    partitionKey: toPartitionKey(event.partitionKey),
    envelope: formatEnvelope(envelope),
    body: event.body,
  };
  const published = {
    id: envelope.delivery === undefined ? undefined : recordId([envelope.source, envelope.delivery, '']),
  };
  let hubError: unknown;
  try {
    const signal = AbortSignal.timeout(hub);
    if ((await deps.publisher.publish(message, signal)) === 'accepted') return published;
    message = await putBodyAside(deps.spill, envelope, message, signal);
    await publishSmall(deps.publisher, message, signal);
    return published;
  } catch (error) {
    hubError = error;
  }
  try {
    const name = requestName(deps);
    // One blob holds the whole message, so that there is no half-spilled one to find after a crash.
    await deps.spill.putRequest(name, formatSpilledRequest(message), AbortSignal.timeout(spill));
    deps.telemetry.count('spilled', { app: deps.app, function: event.function });
    deps.telemetry.log(
      'warning',
      `The hub did not take a message, it waits as requests/${name}. ${describeError(hubError)}`,
    );
    return published;
  } catch (spillError) {
    deps.telemetry.log(
      'error',
      `Neither the hub nor the spill container took a message. Hub: ${describeError(hubError)}. Spill: ${describeError(spillError)}`,
    );
    throw new RequestError('unavailable', 'The event could not be stored and was not taken in. Send it again later.', {
      cause: spillError,
    });
  }
}

/**
 * Puts a body that is too large for the hub under `bodies/<sha256>` and gives the message that stands for it: its envelope
 * names hash and size. The body is written before the message: a crash between leaves an orphan, never a message without body.
 */
export async function putBodyAside(
  spill: SpillStore,
  envelope: Envelope,
  message: OutgoingMessage,
  signal: AbortSignal,
): Promise<OutgoingMessage> {
  const sha256 = hash('sha256', message.body, 'hex');
  await spill.putBody(sha256, message.body, signal);
  return {
    partitionKey: message.partitionKey,
    envelope: formatEnvelope({ ...envelope, body: { sha256, size: message.body.length } }),
    body: Buffer.from(`bodies/${sha256}`),
  };
}

/** Publishes a message whose body was put aside. Throws StoreError, `tooLarge` where the envelope alone is. */
export async function publishSmall(publisher: Publisher, message: OutgoingMessage, signal: AbortSignal): Promise<void> {
  if ((await publisher.publish(message, signal)) === 'accepted') return;
  throw new StoreError(
    'tooLarge',
    'The hub does not take the message although its body was put aside: its envelope is too large.',
  );
}

function envelopeOf(deps: PublishDependencies, event: CollectedEvent): Envelope {
  return {
    source: event.source,
    ...(event.event === undefined ? {} : { event: cutText(event.event) }),
    ...(event.delivery === undefined ? {} : { delivery: toDelivery(event.delivery) }),
    ...(event.subject === undefined ? {} : { subject: event.subject }),
    received: formatTimestamp(deps.clock()),
    app: deps.app,
    function: event.function,
    authenticated: event.authenticated,
    ...(event.claims === undefined ? {} : { claims: event.claims }),
  };
}

/** Event Hubs takes keys of up to 128 characters; `owner/name` at GitHub can have 140. */
function toPartitionKey(key: string): string {
  return key.length <= 128 ? key.toWellFormed() : hash('sha256', key, 'hex');
}

/** Sorts by time, to the millisecond, and is unique across instances. */
function requestName(deps: PublishDependencies): string {
  return `${formatTimestamp(deps.clock()).replaceAll(/[-:]/g, '')}-${deps.newId()}`;
}
