import { RequestError } from '../errors.ts';
import { textAt } from '../normalize/read.ts';
import { publishEvent } from '../publish/publish-event.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';

/** What a source says of one event beside what every event of Event Grid has. */
export interface GridEventFacts {
  readonly source: string;
  readonly delivery: string | undefined;
  readonly partitionKey: string;
  /** Name of the function that took it in. */
  readonly function: string;
}

/**
 * One event of an Event Grid trigger, in either schema. The host has parsed it already, so what is kept as its raw bytes is
 * `JSON.stringify` of what the host passes. Throws RequestError; Event Grid then delivers again.
 */
export async function publishGridEvent(app: PublishDependencies, event: unknown, facts: GridEventFacts): Promise<void> {
  try {
    await publishEvent(app, {
      ...facts,
      event: textAt(event, 'eventType') ?? textAt(event, 'type'),
      body: bytesOf(event),
      authenticated: 'event-grid',
    });
  } catch (error) {
    const reason = error instanceof RequestError ? error.code : 'unavailable';
    app.telemetry.count('refused', { app: app.app, reason });
    throw error;
  }
}

/** The event's own id: whole, never cut, for a cut id could be another event's. */
export function gridEventId(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('id' in event)) return undefined;
  return typeof event.id === 'string' && event.id !== '' ? event.id : undefined;
}

function bytesOf(event: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(event) ?? 'null');
  } catch (cause) {
    // JSON.stringify overflows the stack at some thousands of levels, which no event of these sources has.
    throw new RequestError('badRequest', 'The event is nested too deeply to be written as JSON.', { cause });
  }
}
