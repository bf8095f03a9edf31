import { textAt } from '../normalize/read.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { gridEventId, publishGridEvent } from './grid-event.ts';

/** One event of Azure Policy from the Event Grid trigger, in either schema. Throws RequestError; Event Grid then delivers again. */
export async function observeAzurePolicy(app: PublishDependencies, event: unknown): Promise<void> {
  await publishGridEvent(app, event, {
    source: 'azure-policy',
    delivery: gridEventId(event),
    partitionKey: subscriptionOf(event) ?? 'azure',
    function: 'observe-azure-policy',
  });
}

/**
 * Subscription of the resource, lower-case: the topic may be a management group, and the states of one subscription belong
 * into one partition, with the changes of its resources.
 */
function subscriptionOf(event: unknown): string | undefined {
  for (const member of ['subject', 'topic', 'source']) {
    const id = /^\/subscriptions\/([^/]+)/i.exec(textAt(event, member) ?? '')?.[1];
    if (id !== undefined) return id.toLowerCase();
  }
  return textAt(event, 'data', 'subscriptionId')?.toLowerCase();
}
