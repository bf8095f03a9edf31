import type { AmqpError, EventContext, Message, Sender } from 'rhea';
import rhea from 'rhea';

import { entityNotFound, notImplemented, partitionInvalid } from './amqp-error.ts';
import type { Hub } from './hub.ts';
import { offsetOf } from './offset.ts';

/** How .NET, and so Azure, writes "never": 0001-01-01T00:00:00Z. */
const NEVER = -62_135_596_800_000;

const { types } = rhea;

type Reply = { readonly body: object } | { readonly status: number; readonly error: AmqpError };

/** `$cbs`: every token is taken; who may do what is not the stand-in's concern. */
export function answerToken(context: EventContext): void {
  reply(context, 202, 'Accepted', undefined, undefined);
}

/** `$management`: what a hub and its partitions are, in the types that Azure gives them. */
export function answerManagement(context: EventContext, findHub: (name: string) => Hub | undefined): void {
  const answer = readProperties(context.message?.application_properties ?? {}, findHub);
  if ('body' in answer) reply(context, 200, 'OK', answer.body, undefined);
  else reply(context, answer.status, answer.error.description ?? '', undefined, answer.error.condition);
}

function readProperties(request: Record<string, unknown>, findHub: (name: string) => Hub | undefined): Reply {
  const { operation, type, name, partition } = request;
  const hub = findHub(String(name));
  if (operation !== 'READ' || (type !== 'com.microsoft:eventhub' && type !== 'com.microsoft:partition')) {
    return { status: 501, error: notImplemented(`There is no operation ${String(operation)} on ${String(type)}.`) };
  }
  if (hub === undefined) return { status: 404, error: entityNotFound(String(name)) };
  if (type === 'com.microsoft:partition') return readPartition(hub, String(partition));
  return {
    body: {
      name: hub.name,
      type,
      created_at: types.wrap_timestamp(hub.created),
      partition_count: types.wrap_int(hub.partitions.length),
      partition_ids: types.wrap_array([...hub.partitions.keys()].map(String), 0xa1, undefined),
      georeplication_factor: types.wrap_int(1),
    },
  };
}

function readPartition(hub: Hub, id: string): Reply {
  const log = hub.partition(id);
  if (log === undefined) return { status: 400, error: partitionInvalid(hub.partitions.length) };
  const empty = log.begin === log.next;
  return {
    body: {
      name: hub.name,
      type: 'com.microsoft:partition',
      partition: id,
      // A partition that retention has emptied begins at its last number, seen in Azure; a new one at 0.
      begin_sequence_number: types.wrap_long(empty ? Math.max(log.next - 1, 0) : log.begin),
      last_enqueued_sequence_number: types.wrap_long(log.next - 1),
      last_enqueued_offset: offsetOf(log.next - 1),
      last_enqueued_time_utc: types.wrap_timestamp(log.lastEnqueued ?? NEVER),
      is_partition_empty: empty,
    },
  };
}

function reply(
  context: EventContext,
  status: number,
  description: string,
  body: object | undefined,
  condition: string | undefined,
): void {
  const { message, session, delivery } = context;
  const to = message?.reply_to;
  const link = session?.find_sender((sender: Sender) => sender.name === to || sender.target?.address === to);
  delivery?.accept();
  context.receiver?.add_credit(1);
  if (message?.message_id === undefined || link === undefined) return;
  const answer: Message = {
    correlation_id: message.message_id,
    ...(to === undefined ? {} : { to }),
    application_properties: {
      'status-code': types.wrap_int(status),
      'status-description': description,
      ...(condition === undefined ? {} : { 'error-condition': condition }),
    },
    body,
  };
  link.send(answer);
}
