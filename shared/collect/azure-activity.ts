import { textAt } from '../normalize/read.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { gridEventId, publishGridEvent } from './grid-event.ts';

/** One resource event from the Event Grid trigger, in either schema. Throws RequestError; Event Grid then delivers again. */
export async function observeAzureActivity(app: PublishDependencies, event: unknown): Promise<void> {
  await publishGridEvent(app, event, {
    source: 'azure-activity',
    delivery: gridEventId(event),
    partitionKey: subscriptionOf(event) ?? 'azure',
    function: 'observe-azure-activity',
  });
}

/** Subscription id, lower-case: ids vary in case, and one subscription belongs into one partition. */
function subscriptionOf(event: unknown): string | undefined {
  for (const member of ['topic', 'source', 'subject']) {
    const id = /^\/subscriptions\/([^/]+)/i.exec(textAt(event, member) ?? '')?.[1];
    if (id !== undefined) return id.toLowerCase();
  }
  return textAt(event, 'data', 'subscriptionId')?.toLowerCase();
}
