import { RequestError } from '../errors.ts';
import { textAt } from '../normalize/read.ts';
import { publishEvent } from '../publish/publish-event.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';

/**
 * One event of the Event Grid trigger, in either schema. The host has parsed it already, so what is kept as its raw bytes is
 * `JSON.stringify` of what the host passes. Throws RequestError; Event Grid then delivers again.
 */
export async function observeAzureActivity(app: PublishDependencies, event: unknown): Promise<void> {
  try {
    await publishEvent(app, {
      source: 'azure-activity',
      event: textAt(event, 'eventType') ?? textAt(event, 'type'),
      delivery: idOf(event),
      partitionKey: subscriptionOf(event) ?? 'azure',
      body: bytesOf(event),
      authenticated: 'event-grid',
      function: 'observe-azure-activity',
    });
  } catch (error) {
    const reason = error instanceof RequestError ? error.code : 'unavailable';
    app.telemetry.count('refused', { app: app.app, reason });
    throw error;
  }
}

/** Whole, never cut: a cut id could be another event's. */
function idOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('id' in event)) return undefined;
  return typeof event.id === 'string' && event.id !== '' ? event.id : undefined;
}

/** Subscription id, lower-case: ids vary in case, and one subscription belongs into one partition. */
function subscriptionOf(event: unknown): string | undefined {
  for (const member of ['topic', 'source', 'subject']) {
    const id = /^\/subscriptions\/([^/]+)/i.exec(textAt(event, member) ?? '')?.[1];
    if (id !== undefined) return id.toLowerCase();
  }
  return textAt(event, 'data', 'subscriptionId')?.toLowerCase();
}

function bytesOf(event: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(event) ?? 'null');
  } catch (cause) {
    // JSON.stringify overflows the stack at some thousands of levels, which no resource event has.
    throw new RequestError('badRequest', 'The event is nested too deeply to be written as JSON.', { cause });
  }
}
