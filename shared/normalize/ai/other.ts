import { isObject } from '../../wire/json.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { Link, Outcome } from '../../wire/record.ts';
import { at, objectAt, timeAt } from '../read.ts';
import type { Context, Facts } from './draft.ts';
import { camel } from './response.ts';
import { hostOf, isHandshake, sizeOf, wordAt } from './word.ts';

/** A message of the Model Context Protocol: a call of a tool, or another request or answer. */
export function isRpc(json: JsonObject): boolean {
  return (
    typeof json['jsonrpc'] === 'string' && (typeof json['method'] === 'string' || 'result' in json || 'error' in json)
  );
}

/** Arguments and results are content, and the baggage that travels along names users. */
export function rpcFacts(message: JsonObject): { readonly facts: Facts; readonly context: Context } {
  const method = wordAt(message, 'method');
  const tool = method === 'tools/call' ? wordAt(message, 'params', 'name') : undefined;
  const trace = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(
    String(at(message, 'params', '_meta', 'traceparent')),
  );
  const id = message['id'];
  const links: Link[] = trace?.[1] === undefined ? [] : [{ kind: 'correlation', id: trace[1] }];
  const failed = isObject(message['error']) || at(message, 'result', 'isError') === true;
  const error = at(message, 'error', 'code');
  const args = at(message, 'params', 'arguments');
  const facts: Facts = {
    object: tool === undefined ? 'mcp_request' : 'tool',
    verb: tool !== undefined ? 'called' : method === undefined ? 'answered' : 'made',
    action: method ?? 'answer',
    actor: 'caller',
    outcome: method !== undefined ? 'unknown' : failed ? 'failed' : 'succeeded',
    did:
      tool === undefined
        ? method === undefined
          ? 'answered an MCP request'
          : `made the MCP request ${method}`
        : `called the tool ${tool}`,
    ...(tool === undefined ? {} : { target: { kind: 'tool', id: tool }, ai: { toolCalls: [{ name: tool }] } }),
    details: {
      method,
      requestId: typeof id === 'number' ? id : wordAt(id),
      argumentsSize: args === undefined ? undefined : sizeOf(JSON.stringify(args)),
      resourceHost: hostOf(at(message, 'params', 'uri')),
      error: typeof error === 'number' ? error : undefined,
      parentSpan: trace?.[2],
    },
    ...(isHandshake(method) ? { inconsequential: true } : {}),
  };
  return { facts, context: { links } };
}

const EVENTS: Readonly<Record<string, Outcome>> = {
  'response.completed': 'succeeded',
  'response.incomplete': 'succeeded',
  'response.failed': 'failed',
  'response.cancelled': 'failed',
};

/** A webhook of OpenAI's: of a response only its id is told, of all else the kind and the id. */
export function webhookFacts(event: JsonObject): Facts | undefined {
  const type = wordAt(event, 'type');
  const id = wordAt(event, 'data', 'id');
  if (event['object'] !== 'event' || type === undefined) return undefined;
  const time = timeAt(event, 'created_at');
  const outcome = Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined;
  if (outcome !== undefined && id !== undefined) {
    return {
      object: 'output',
      verb: 'generated',
      action: type,
      isOutput: true,
      id,
      outcome,
      ai: { provider: 'openai', ...(time === undefined ? {} : { ended: time }) },
      details: { event: wordAt(event, 'id') },
    };
  }
  const kind = camel(type.slice(0, Math.max(0, type.lastIndexOf('.'))));
  return {
    object: 'object',
    verb: 'reported',
    action: type,
    actor: 'caller',
    did: `reported ${type}${id === undefined ? '' : ` of ${id}`}`,
    id,
    time,
    outcome: type.endsWith('.failed') ? 'failed' : 'succeeded',
    ...(id === undefined ? {} : { target: { kind, id } }),
    details: { event: wordAt(event, 'id'), object: kind },
  };
}

const DONE = new Set(['completed', 'succeeded', 'processed', 'active', 'validated', 'uploaded']);
const FAILED = new Set(['failed', 'cancelled', 'expired', 'error']);
const WAITING = new Set([
  'queued',
  'in_progress',
  'validating',
  'validating_files',
  'running',
  'finalizing',
  'cancelling',
  'requires_action',
]);

/** Any other object of OpenAI's (files, batches, fine-tuning jobs, assistants, runs): which, and how it stands. */
export function objectFacts(json: JsonObject): Facts | undefined {
  const kind = wordAt(json, 'object');
  const id = wordAt(json, 'id');
  if (kind === undefined || id === undefined) return undefined;
  const status = wordAt(json, 'status');
  const model = wordAt(json, 'fine_tuned_model') ?? wordAt(json, 'model');
  const outcome: Outcome =
    status === undefined || DONE.has(status)
      ? 'succeeded'
      : FAILED.has(status)
        ? 'failed'
        : WAITING.has(status)
          ? 'pending'
          : 'unknown';
  return {
    object: 'object',
    verb: 'reported',
    action: kind,
    actor: 'caller',
    did: `reported the ${kind} ${id}${status === undefined ? '' : `: ${status}`}`,
    id,
    time:
      timeAt(json, 'completed_at') ??
      timeAt(json, 'finished_at') ??
      timeAt(json, 'created_at') ??
      timeAt(json, 'created'),
    outcome,
    target: { kind: camel(kind), id },
    ...(model === undefined ? {} : { ai: { provider: 'openai', model } }),
    details: {
      object: kind,
      status,
      error: wordAt(objectAt(json, 'error'), 'code') ?? wordAt(objectAt(json, 'last_error'), 'code'),
    },
  };
}
