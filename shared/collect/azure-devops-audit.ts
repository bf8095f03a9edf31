import { auditDelivery, auditPartition } from '../normalize/azure-devops-audit/entry.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { gridEventId, publishGridEvent } from './grid-event.ts';

/**
 * One event of an Azure DevOps audit stream from the Event Grid trigger. Its delivery is the audit entry's id, so that the
 * same entry has the same record whichever way it comes. Throws RequestError; Event Grid then delivers again.
 */
export async function observeAzureDevopsAudit(app: PublishDependencies, event: unknown): Promise<void> {
  await publishGridEvent(app, event, {
    source: 'azure-devops-audit',
    delivery: auditDelivery(event) ?? gridEventId(event),
    partitionKey: auditPartition(event) ?? 'azure-devops',
    function: 'observe-azure-devops-audit',
  });
}
