import { isObject } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import type { Actor, Change, Grant, Outcome, Principal, RecordData } from '../../wire/record.ts';
import { at, objectAt, textAt, textsAt, timeAt } from '../read.ts';
import { isSecretField } from '../mask.ts';
import type { Facts } from './draft.ts';
import { camel } from './response.ts';
import { wordAt } from './word.ts';

/** True for an entry of OpenAI's audit log of an organization. */
export function isAuditEntry(json: unknown): json is JsonObject {
  return (
    isObject(json) &&
    (json['object'] === undefined || json['object'] === 'organization.audit_log') &&
    'effective_at' in json &&
    TYPE.test(textAt(json, 'type') ?? '') &&
    isObject(json['actor'])
  );
}

/** `api_key.created`, `role.assignment.deleted` */
const TYPE = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+$/;

/** What is the organization's furniture; all else is about who may do what. */
const INFRASTRUCTURE = /^(?:project|rate_limit|resource|tunnel)\./;

/** An act of the organization's people and keys: access and infrastructure, not AI. */
export function auditFacts(entry: JsonObject): Facts {
  const type = textAt(entry, 'type') ?? '';
  const dot = type.lastIndexOf('.');
  const object = type.slice(0, dot).replaceAll('.', '_');
  const verb = type.slice(dot + 1);
  const body = objectAt(entry, type) ?? {};
  const id = wordAt(body, 'id');
  const project = wordAt(entry, 'project', 'id');
  const actor = actorOf(entry['actor']);
  const isSignIn = object === 'login' || object === 'logout';
  const target = id === undefined ? undefined : { kind: camel(object), id: `openai:${id}` };
  const name = textAt(body, 'data', 'name') ?? textAt(body, 'data', 'title') ?? textAt(body, 'group_name');
  return {
    category: INFRASTRUCTURE.test(type) ? 'infrastructure' : 'access',
    object: isSignIn ? 'sign_in' : object,
    verb: isSignIn ? (object === 'login' ? 'attempted' : 'ended') : verb,
    action: type,
    outcome: outcomeOf(verb),
    ...(actor === undefined ? {} : { actor }),
    did: `${isSignIn ? (object === 'login' ? 'signed in to' : 'signed out of') : `${verb} ${object.replaceAll('_', ' ')}${id === undefined ? '' : ` ${id}`} in`} OpenAI${verb === 'failed' ? ' (failed)' : ''}`,
    id: wordAt(entry, 'id'),
    time: timeAt(entry, 'effective_at'),
    target:
      target === undefined
        ? isSignIn
          ? { kind: 'organization', id: 'openai' }
          : undefined
        : { ...target, ...(name === undefined ? {} : { name }) },
    related: project === undefined ? [] : [{ part: 'project', kind: 'project', id: `openai:${project}` }],
    changes: changesOf(body),
    grant: grantOf(type, body, project),
    details: {
      scopes: textsAt(body, 'data', 'scopes').join(',') || undefined,
      role: textAt(body, 'data', 'role'),
      error: wordAt(body, 'error_code'),
      apiKey: wordAt(entry, 'actor', 'api_key', 'id'),
    },
    origin: originOf(entry['actor']),
  };
}

function outcomeOf(verb: string): Outcome {
  return verb === 'failed' ? 'failed' : 'succeeded';
}

/** The person behind a session or a key, or the service account that the key is of. */
function actorOf(actor: unknown): Actor | undefined {
  const key = objectAt(actor, 'api_key');
  const account = wordAt(key, 'service_account', 'id');
  if (account !== undefined) return { kind: 'service', id: `openai:${account}` };
  const user = objectAt(actor, 'session', 'user') ?? objectAt(key, 'user') ?? objectAt(actor, 'user');
  const id = wordAt(user, 'id');
  if (id === undefined) return undefined;
  const address = textAt(user, 'email');
  // A key acts by itself, whoever it was made by: nobody need have sat before it.
  const person: Principal = { kind: 'human', id: `openai:${id}`, ...(address === undefined ? {} : { address }) };
  if (key === undefined) return person;
  const keyId = wordAt(key, 'id');
  return { kind: 'service', id: keyId === undefined ? `openai:${id}/api-key` : `openai:${keyId}`, onBehalfOf: person };
}

function originOf(actor: unknown): RecordData['origin'] {
  const address = textAt(actor, 'session', 'ip_address');
  const client = textAt(actor, 'session', 'user_agent');
  return { ...(address === undefined ? {} : { address }), ...(client === undefined ? {} : { client }) };
}

/** What was asked to be changed: OpenAI names the new values alone. */
function changesOf(body: JsonObject): Change[] | undefined {
  const requested = objectAt(body, 'changes_requested');
  if (requested === undefined) return undefined;
  const changes = Object.entries(requested).flatMap(([field, value]): Change[] => {
    if (value === undefined || value === null || field === '') return [];
    return isSecretField(field) ? [{ field, masked: true }] : [{ field, to: textOf(value) }];
  });
  return changes.length === 0 ? undefined : changes;
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const GRANTS: Readonly<Record<string, readonly [change: Grant['change'], kind: Principal['kind']]>> = {
  'user.added': ['granted', 'human'],
  'user.updated': ['changed', 'human'],
  'user.deleted': ['revoked', 'human'],
  'service_account.created': ['granted', 'service'],
  'service_account.updated': ['changed', 'service'],
  'service_account.deleted': ['revoked', 'service'],
  'invite.sent': ['requested', 'human'],
  'invite.deleted': ['withdrawn', 'human'],
  'role.assignment.created': ['granted', 'unknown'],
  'role.assignment.deleted': ['revoked', 'unknown'],
};

/** Who got, keeps or lost which role. */
function grantOf(type: string, body: JsonObject, project: string | undefined): Grant | undefined {
  const rule = Object.hasOwn(GRANTS, type) ? GRANTS[type] : undefined;
  if (rule === undefined) return undefined;
  const [change, kind] = rule;
  const isAssignment = type.startsWith('role.assignment.');
  const isInvite = type.startsWith('invite.');
  const id = isAssignment ? wordAt(body, 'principal_id') : isInvite ? undefined : wordAt(body, 'id');
  const address = textAt(body, 'data', 'email');
  const role = textAt(body, 'changes_requested', 'role') ?? textAt(body, 'data', 'role');
  const resource = wordAt(body, 'resource_id');
  const ofUser = at(body, 'principal_type') === 'user';
  const assignment = isAssignment || isInvite ? wordAt(body, 'id') : undefined;
  return {
    ...(assignment === undefined ? {} : { id: `openai:${assignment}` }),
    change,
    principal: {
      kind: ofUser ? 'human' : kind,
      ...(id === undefined ? {} : { id: `openai:${id}` }),
      ...(address === undefined ? {} : { address }),
    },
    role: role === undefined ? {} : { name: role },
    scope: resource !== undefined ? `openai:${resource}` : project === undefined ? 'openai' : `openai:${project}`,
  };
}
