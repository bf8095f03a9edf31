import type { Change } from '../../wire/record.ts';
import { changeOf } from '../github/changes.ts';
import { quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { at, booleanAt, idAt, objectAt, textAt, textsAt } from '../read.ts';
import { projectPage } from './address.ts';
import { draftOf, joined } from './draft.ts';
import type { Delivery } from './draft.ts';
import { personOf } from './identity.ts';

/** `agentqueue.created`, `agentqueue.updated`: a project's pool of the machines that its pipelines run on. */
export function normalizeAgentQueue(verb: 'created' | 'updated'): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const pool = objectAt(resource, 'projectLevelAgentPool');
    const id = idAt(resource, 'queueId') ?? idAt(pool, 'id');
    const name = textAt(resource, 'queueName') ?? textAt(pool, 'name');
    return [
      draftOf(delivery, {
        category: 'infrastructure',
        object: 'agent_pool',
        verb,
        subject: id === undefined ? undefined : `agentqueues/${id}`,
        target: target('agentPool', delivery, '_settings/agentqueues?queueId', id, name),
        details: { queue: name },
        did: `${verb} agent pool${quoted(name)}${joined('in', place.projectName)}`,
      }),
    ];
  };
}

/** `elasticagentpool.resized`: a pool of virtual machines grew or shrank. */
export function normalizeElasticPool(delivery: Delivery): readonly RecordDraft[] {
  const { resource, place } = delivery;
  const pool = objectAt(resource, 'elasticAgentPool');
  const id = idAt(resource, 'poolId') ?? idAt(pool, 'id');
  const name = textAt(resource, 'poolName') ?? textAt(pool, 'name');
  const before = idAt(resource, 'previousSize') ?? idAt(pool, 'oldSize');
  const after = idAt(resource, 'newSize') ?? idAt(pool, 'newSize');
  return [
    draftOf(delivery, {
      category: 'infrastructure',
      object: 'agent_pool',
      verb: 'resized',
      subject: id === undefined ? undefined : `agentpools/${id}`,
      target:
        id === undefined
          ? undefined
          : {
              kind: 'agentPool',
              id: `${place.base}/_settings/agentpools?poolId=${encodeURIComponent(id.toWellFormed())}`,
              ...(name === undefined ? {} : { name }),
            },
      changes: before === undefined && after === undefined ? [] : [changeOf('size', before, after)],
      details: { pool: name, scaleSet: textAt(resource, 'resourceId') },
      did: `resized agent pool${quoted(name)} from ${before ?? 'an unknown number'} to ${after ?? 'an unknown number'} machines`,
    }),
  ];
}

/** `ms.vss-pipelinechecks-events.check-updated-event`: who must let a resource be used, or under which conditions. */
export function normalizeCheck(delivery: Delivery): readonly RecordDraft[] {
  const { resource, place } = delivery;
  const check = objectAt(resource, 'check');
  const id = idAt(resource, 'checkConfigurationId') ?? idAt(check, 'id');
  const checked = objectAt(resource, 'resource');
  const type = textAt(checked, 'type') ?? textAt(check, 'type');
  const checkedId = idAt(checked, 'id');
  const checkedName = textAt(checked, 'name') ?? checkedId;
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'pipeline_check',
      verb: 'updated',
      subject: id === undefined ? undefined : `checks/${id}`,
      target: target('pipelineCheck', delivery, '_apis/pipelines/checks/configurations', id, type, '/'),
      related: [
        type === undefined || checkedId === undefined
          ? undefined
          : {
              part: 'resource',
              kind: type,
              id: `${projectPage(place)}/_resources/${encodeURIComponent(type.toWellFormed())}/${encodeURIComponent(checkedId.toWellFormed())}`,
              ...(checkedName === undefined ? {} : { name: checkedName }),
            },
      ],
      details: {
        checkType: textAt(check, 'type'),
        resourceType: textAt(checked, 'type'),
        status: textAt(check, 'status'),
      },
      did: `updated check ${id ?? 'without a number'}${
        checkedName === undefined ? '' : ` of ${type ?? 'resource'} ${checkedName}`
      }${joined('in', place.projectName)}`,
    }),
  ];
}

/** `ms.vss-endpoint.endpoint-created`, `…-updated`: what pipelines sign in to other systems with. Its secrets are never told. */
export function normalizeServiceConnection(
  verb: 'created' | 'updated',
): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const thing = objectAt(resource, 'serviceEndpoint') ?? resource;
    const id = idAt(thing, 'id');
    const name = textAt(thing, 'name');
    const shared = booleanAt(thing, 'isShared');
    return [
      draftOf(delivery, {
        category: 'access',
        object: 'service_connection',
        verb,
        subject: id === undefined ? undefined : `serviceconnections/${id}`,
        actor: verb === 'created' ? personOf(objectAt(thing, 'createdBy')) : personOf(objectAt(thing, 'modifiedBy')),
        target: target('serviceConnection', delivery, '_settings/adminservices?resourceId', id, name),
        changes: sharedChange(verb, shared),
        details: {
          connectionType: textAt(thing, 'type'),
          scheme: textAt(thing, 'authorization', 'scheme'),
          projects:
            textsAt(resource, 'projectIds').length === 0 ? undefined : textsAt(resource, 'projectIds').join(', '),
        },
        did: `${verb} service connection${quoted(name)} (${textAt(thing, 'type') ?? 'of no known type'})${joined(
          'in',
          place.projectName,
        )}`,
      }),
    ];
  };
}

function sharedChange(verb: 'created' | 'updated', shared: boolean | undefined): Change[] {
  return verb === 'created' || shared === undefined ? [] : [changeOf('isShared', undefined, shared)];
}

function target(
  kind: string,
  { place }: Delivery,
  page: string,
  id: string | undefined,
  name: string | undefined,
  joint = '=',
): { kind: string; id: string; name?: string } | undefined {
  return id === undefined
    ? undefined
    : {
        kind,
        id: `${projectPage(place)}/${page}${joint}${encodeURIComponent(id.toWellFormed())}`,
        ...(name === undefined ? {} : { name }),
      };
}

/** `message.posted`: a message in a team room, a feature of former servers. */
export function normalizeMessage(delivery: Delivery): readonly RecordDraft[] {
  const { resource } = delivery;
  const room = idAt(resource, 'postedRoomId');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'message',
      verb: 'posted',
      subject: room === undefined ? undefined : `rooms/${room}`,
      actor: personOf(at(resource, 'postedBy')),
      details: { room, messageType: textAt(resource, 'messageType') },
      inconsequential: true,
      did: `posted a message to team room ${room ?? 'without a number'}`,
    }),
  ];
}
