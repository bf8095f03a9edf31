import { hash } from 'node:crypto';

import type { Grant, Target } from '../../wire/record.ts';
import { cutText } from '../../wire/text.ts';
import { principalOfDescriptor } from './actor.ts';
import * as address from '../azure-devops/address.ts';
import type { AuditEntry } from './entry.ts';
import { happenedIn } from './entry.ts';
import { foldId } from './fields.ts';
import type { Fields } from './fields.ts';
import { anonymous, called, MOST_STEPS, UNKNOWN } from './grant-step.ts';
import type { GrantStep } from './grant-step.ts';
import { encoded, repositoryAt } from './objects.ts';

/** `Security.…`: who may do what. Permissions belong to a namespace (`Git Repositories`) and a path within it, the token. */
export function permissionSteps(entry: AuditEntry, action: string): readonly GrantStep[] {
  const { data } = entry;
  const target = securedObject(entry);
  const about = {
    target,
    subject: subjectOf(data),
    details: {
      permissionPath: pathsOf(data),
      branch: branchOf(data),
    },
  };
  const rights = rightsOf(data, action);
  if (rights.length > MOST_STEPS) {
    const grant: Grant = { change: 'changed', principal: UNKNOWN, role: {}, scope: target.id };
    return [{ part: '', grant, did: `changed ${rights.length} permissions on ${target.name ?? target.id}`, ...about }];
  }
  return rights.map(({ descriptor, name, to, permissions }) => {
    const principal = descriptor === undefined ? anonymous(name) : principalOfDescriptor(descriptor, name);
    const role = permissions.length === 0 ? 'all permissions' : cutText(permissions.join(', '));
    const { change, did, preposition } = SET_TO[to];
    return {
      part: rights.length === 1 ? '' : `permission/${digest([descriptor ?? name ?? '', to])}`,
      grant: { change, principal, role: { name: role }, scope: target.id },
      did: `${did} ${role} on ${target.name ?? target.id} ${preposition} ${called(principal)}`,
      ...about,
    };
  });
}

/**
 * A permission is set to allow, to deny, or to nothing. Nothing takes back whichever was set before, which the entry does
 * not say.
 */
const SET_TO = {
  allow: { change: 'granted', did: 'allowed', preposition: 'to' },
  deny: { change: 'revoked', did: 'denied', preposition: 'to' },
  other: { change: 'changed', did: 'changed', preposition: 'of' },
  removed: { change: 'revoked', did: 'removed', preposition: 'of' },
  reset: { change: 'changed', did: 'reset', preposition: 'of' },
} as const;

interface Right {
  readonly descriptor: string | undefined;
  readonly name: string | undefined;
  readonly to: keyof typeof SET_TO;
  readonly permissions: readonly string[];
}

function rightsOf(data: Fields, action: string): readonly Right[] {
  if (action.startsWith('modify')) return modified(data);
  if (action.startsWith('remove')) return whole(data, 'removed');
  return action.startsWith('reset') ? whole(data, 'reset') : [];
}

/** One entry sets many permissions: those of one identity that are set alike are one right. */
function modified(data: Fields): readonly Right[] {
  const listed = data.objects('EventSummary').map((each) => setPermission(each, 'PermissionNames', 'Change'));
  const all = listed.length > 0 ? listed : [setPermission(data, 'ChangedPermission', 'PermissionModifiedTo')];
  const merged = new Map<string, Right & { readonly permissions: string[] }>();
  for (const each of all) {
    const key = JSON.stringify([each.descriptor ?? each.name, each.to]);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { ...each, permissions: [...each.permissions] });
    else known.permissions.push(...each.permissions);
  }
  return [...merged.values()];
}

function setPermission(fields: Fields, permission: string, change: string): Right {
  const to = fields.text(change)?.toLowerCase();
  return {
    descriptor: descriptorOf(fields.value('SubjectDescriptor')),
    name: fields.text('SubjectDisplayName'),
    to: to === 'allow' || to === 'deny' ? to : 'other',
    permissions: fields.texts(permission),
  };
}

/** Everything that identities had on something, or all that anybody had. */
function whole(data: Fields, to: Right['to']): readonly Right[] {
  const listed = ['Identities', 'IdentityDescriptors', 'IdentityIds'].flatMap((name) =>
    data.list(name).flatMap((each) => descriptorOf(each) ?? []),
  );
  const single = descriptorOf(data.value('SubjectDescriptor')) ?? descriptorOf(data.value('Identities'));
  const all = listed.length > 0 ? [...new Set(listed)] : [single];
  const name = all.length === 1 ? data.text('SubjectDisplayName') : undefined;
  return all.map((descriptor) => ({ descriptor, name, to, permissions: [] }));
}

/** `<type>;<identifier>` as text, or an object of the two; by id in old entries. */
export function descriptorOf(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return value === '' || value.startsWith('[') ? undefined : cutText(foldId(value) ?? value, 'uri');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { identityType, identifier } = value as Record<string, unknown>;
  if (typeof identityType !== 'string' || typeof identifier !== 'string') return undefined;
  return cutText(`${identityType};${identifier}`, 'uri');
}

/** `<namespace>/<path>` */
function subjectOf(data: Fields): string | undefined {
  const namespace = data.id('NamespaceId') ?? data.text('NamespaceName');
  return namespace === undefined ? undefined : cutText(`${namespace}/${pathsOf(data) ?? ''}`, 'uri');
}

function pathsOf(data: Fields): string | undefined {
  const paths = [...data.texts('Token'), ...data.texts('Tokens')];
  return paths.length === 0 ? undefined : cutText(paths.slice(0, 64).join(', '), 'long');
}

/** A namespace's paths, as patterns with the project's and the object's id, and the page below the project. */
interface Namespace {
  readonly path: RegExp;
  readonly kind: string;
  readonly page: string;
}

const NAMESPACES: ReadonlyMap<string, readonly Namespace[]> = new Map([
  ['git repositories', [{ path: /^repoV2\/([^/]+)\/([^/]+)/i, kind: 'repository', page: '_git/' }]],
  ['build', [{ path: /^([^/]+)\/(?:.*\/)?(\d+)$/, kind: 'pipeline', page: '_build/definition?definitionId=' }]],
  [
    'releasemanagement',
    [{ path: /^([^/]+)\/(?:.*\/)?(\d+)$/, kind: 'releaseDefinition', page: '_release?definitionId=' }],
  ],
  [
    'library',
    [
      {
        path: /^Library\/([^/]+)\/VariableGroup\/([^/]+)$/i,
        kind: 'variableGroup',
        page: '_apis/distributedtask/variablegroups/',
      },
      {
        path: /^Library\/([^/]+)\/SecureFile\/([^/]+)$/i,
        kind: 'secureFile',
        page: '_apis/distributedtask/securefiles/',
      },
    ],
  ],
  [
    'serviceendpoints',
    [
      {
        path: /^endpoints\/([^/]+)\/([^/]+)$/i,
        kind: 'serviceConnection',
        page: '_settings/adminservices?resourceId=',
      },
    ],
  ],
  ['environment', [{ path: /^Environments\/([^/]+)\/([^/]+)$/i, kind: 'environment', page: '_environments/' }]],
  [
    'distributedtask',
    [
      { path: /^(AgentPools)\/(\d+)$/i, kind: 'agentPool', page: '_settings/agentpools?poolId=' },
      { path: /^AgentQueues\/([^/]+)\/(\d+)$/i, kind: 'agentPool', page: '_settings/agentqueues?queueId=' },
    ],
  ],
]);

/**
 * The object that a permission is about, under the address that it has elsewhere in the trail where its path tells which it
 * is, else by namespace and path. Of some hundred paths at once, the place that they are in.
 */
function securedObject(entry: AuditEntry): Target {
  const { data } = entry;
  const namespace = data.text('NamespaceName');
  const tokens = data.texts('Tokens');
  const path = data.uri('Token') ?? (tokens.length === 1 ? tokens[0] : undefined);
  for (const known of NAMESPACES.get(namespace?.toLowerCase() ?? '') ?? []) {
    const [, project, id] = known.path.exec(path ?? '') ?? [];
    if (project !== undefined && id !== undefined) return objectAt(entry, known, project, foldId(id) ?? id);
  }
  const place = happenedIn(entry);
  const within = [namespace, path].flatMap((each) => (each === undefined ? [] : [encodeURI(each.toWellFormed())]));
  const shown = [namespace, path].filter((each) => each !== undefined).join(' ');
  const name = shown === '' ? (entry.place.projectName ?? entry.organization) : cutText(shown);
  return {
    kind: 'permissionNamespace',
    id: cutText(within.length === 0 ? place : `${place}#${within.join('/')}`, 'uri'),
    ...(name === undefined ? {} : { name }),
  };
}

/** Entries about permissions are often the organization's: the path names the project then, by its id. */
function objectAt(entry: AuditEntry, { kind, page }: Namespace, project: string, id: string): Target {
  const own = /^(?:collection|agentpools)$/i.test(project) ? undefined : foldId(project);
  if (kind !== 'repository') {
    const base = own === undefined ? entry.place.base : address.projectPage(entry.place, own);
    return { kind, id: cutText(`${base}/${page}${encoded(id)}`, 'uri') };
  }
  const { projectId, projectName } = entry.place;
  const named = own === undefined || own === projectId;
  // Names that the path lacks, the entry may have.
  const place = { ...entry.place, projectName: named ? projectName : undefined, projectId: own ?? projectId };
  const url = repositoryAt(place, entry.data.text('RepoName'), id) ?? happenedIn(entry);
  const branch = branchOf(entry.data);
  if (branch === undefined) return { kind, id: url };
  const ref = { kind: 'branch', full: `refs/heads/${branch}`, short: branch };
  return { kind: 'branch', id: address.refUrl(url, ref), name: branch };
}

/** `repoV2/<project>/<repository>/refs/heads/6d00610069006e00`: each part of a branch's name is the hex of its UTF-16. */
function branchOf(data: Fields): string | undefined {
  const parts = /\/refs\/heads\/(.+?)\/?$/.exec(data.uri('Token') ?? '')?.[1]?.split('/');
  if (parts === undefined || !parts.every((part) => /^(?:[0-9a-f]{4})+$/i.test(part))) return undefined;
  return cutText(parts.map((part) => Buffer.from(part, 'hex').toString('utf16le')).join('/'));
}

function digest(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32);
}
