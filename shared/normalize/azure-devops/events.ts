import type { Category } from '../../wire/record.ts';
import type { RecordDraft } from '../normalizer.ts';
import { Unrecognized } from '../normalizer.ts';
import { idAt, objectAt, textAt, uriAt } from '../read.ts';
import { ownAddress } from './address.ts';
import { normalizeAlert } from './alert.ts';
import { normalizeManualIntervention, normalizePipelineApproval, normalizeReleaseApproval } from './approval.ts';
import { normalizeBuild, normalizePipelineState } from './build.ts';
import { normalizeCheckin, normalizePush } from './code.ts';
import { draftOf } from './draft.ts';
import type { Delivery, Handler } from './draft.ts';
import {
  normalizePullRequestComment,
  normalizePullRequestCreated,
  normalizePullRequestMerged,
  normalizePullRequestUpdated,
} from './pull-request.ts';
import { normalizeDeployment, normalizeRelease } from './release.ts';
import { normalizeRepository } from './repository.ts';
import {
  normalizeAgentQueue,
  normalizeCheck,
  normalizeElasticPool,
  normalizeMessage,
  normalizeServiceConnection,
} from './settings.ts';
import { normalizeWorkItem } from './work-item.ts';

/**
 * Every event that service hooks send or sent, by its id in lower case.
 * https://learn.microsoft.com/azure/devops/service-hooks/events
 */
export const AZURE_DEVOPS_EVENTS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  // Code
  ['git.push', normalizePush],
  ['tfvc.checkin', normalizeCheckin],
  ['git.pullrequest.created', normalizePullRequestCreated],
  ['git.pullrequest.updated', normalizePullRequestUpdated],
  ['git.pullrequest.merged', normalizePullRequestMerged],
  ['ms.vss-code.git-pullrequest-comment-event', normalizePullRequestComment],
  ['git.repo.created', normalizeRepository('created')],
  ['git.repo.deleted', normalizeRepository('deleted')],
  ['git.repo.undeleted', normalizeRepository('restored')],
  ['git.repo.renamed', normalizeRepository('renamed')],
  ['git.repo.forked', normalizeRepository('forked')],
  ['git.repo.statuschanged', normalizeRepository('status_changed')],
  ['git.branch.download', normalizeRepository('downloaded')],
  // Builds and releases
  ['build.complete', normalizeBuild],
  ['ms.vss-pipelines.run-state-changed-event', normalizePipelineState('run')],
  ['ms.vss-pipelines.stage-state-changed-event', normalizePipelineState('stage')],
  ['ms.vss-pipelines.job-state-changed-event', normalizePipelineState('job')],
  ['ms.vss-release.release-created-event', normalizeRelease('created')],
  ['ms.vss-release.release-abandoned-event', normalizeRelease('abandoned')],
  ['ms.vss-release.deployment-started-event', normalizeDeployment('started')],
  ['ms.vss-release.deployment-completed-event', normalizeDeployment('completed')],
  // Gates
  ['ms.vss-release.deployment-approval-pending-event', normalizeReleaseApproval(false)],
  ['ms.vss-release.deployment-approval-completed-event', normalizeReleaseApproval(true)],
  ['ms.vss-pipelinechecks-events.approval-pending', normalizePipelineApproval(false)],
  ['ms.vss-pipelinechecks-events.approval-completed', normalizePipelineApproval(true)],
  ['manualintervention.pending', normalizeManualIntervention(false)],
  ['ms.vss-pipelinechecks-events.manual-validation-pending-event', normalizeManualIntervention(false)],
  ['ms.vss-pipelinechecks-events.manual-validation-completed-event', normalizeManualIntervention(true)],
  // What pipelines run on, sign in with and are held back by
  ['agentqueue.created', normalizeAgentQueue('created')],
  ['agentqueue.updated', normalizeAgentQueue('updated')],
  ['elasticagentpool.resized', normalizeElasticPool],
  ['ms.vss-pipelinechecks-events.check-updated-event', normalizeCheck],
  ['ms.vss-endpoint.endpoint-created', normalizeServiceConnection('created')],
  ['ms.vss-endpoint.endpoint-updated', normalizeServiceConnection('updated')],
  // Work items
  ['workitem.created', normalizeWorkItem('created')],
  ['workitem.updated', normalizeWorkItem('updated')],
  ['workitem.deleted', normalizeWorkItem('deleted')],
  ['workitem.restored', normalizeWorkItem('restored')],
  ['workitem.commented', normalizeWorkItem('commented')],
  // Alerts
  ['ms.vss-alerts.alert-created-event', normalizeAlert('created')],
  ['ms.vss-alerts.alert-state-changed-event', normalizeAlert('state_changed')],
  ['ms.vss-alerts.alert-updated-event', normalizeAlert('updated')],
  // Of former servers
  ['message.posted', normalizeMessage],
]);

/** Names under which the documentation has, or had, the same events. */
const ALIASES = new Map([
  ['check.updated', 'ms.vss-pipelinechecks-events.check-updated-event'],
  ['serviceendpoint.created', 'ms.vss-endpoint.endpoint-created'],
  ['serviceendpoint.updated', 'ms.vss-endpoint.endpoint-updated'],
  ['projectlevelagentpool.created', 'agentqueue.created'],
  ['projectlevelagentpool.updated', 'agentqueue.updated'],
  ['ms.vss-release.deployment-mi-pending-event', 'manualintervention.pending'],
]);

/** The handler of an event, whatever its case and by whichever of its names; one for any other event where there is none. */
export function handlerOf(event: string): Handler {
  const name = event
    .toLowerCase()
    .replace(/^ms\.azure-devops-/, 'ms.vss-')
    .replace(/^git\.repository\./, 'git.repo.');
  return AZURE_DEVOPS_EVENTS.get(ALIASES.get(name) ?? name) ?? normalizeOther;
}

const PUBLISHERS = new Map<string, Category>([
  ['pipelines', 'deployment'],
  ['rm', 'deployment'],
  ['distributedtask', 'infrastructure'],
]);

/** An event that this version does not know, with what every event has. Throws Unrecognized `event` where even that is missing. */
function normalizeOther(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, resource, message, place } = delivery;
  const publisher = textAt(payload, 'publisherId');
  if (publisher === undefined || (resource === undefined && message === undefined)) {
    throw new Unrecognized('event', `Azure DevOps sends no event "${event.slice(0, 64)}" that this version knows.`);
  }
  const id = ownAddress(place, uriAt(resource, '_links', 'web', 'href')) ?? ownAddress(place, uriAt(resource, 'url'));
  const subject = idAt(resource, 'id');
  const name = textAt(resource, 'name') ?? textAt(objectAt(resource, 'project'), 'name');
  return [
    draftOf(delivery, {
      category: PUBLISHERS.get(publisher.toLowerCase()) ?? 'code',
      object: 'service_hook_event',
      verb: 'received',
      subject,
      outcome: 'unknown',
      target:
        id === undefined
          ? place.project === undefined
            ? undefined
            : { kind: 'project', id: place.project }
          : { kind: 'resource', id, ...(name === undefined ? {} : { name }) },
      details: { publisher, message },
      did: `sent "${event}"${message === undefined ? '' : `: ${message}`}`,
    }),
  ];
}
