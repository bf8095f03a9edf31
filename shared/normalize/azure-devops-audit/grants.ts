import type { Actor, Grant, Target } from '../../wire/record.ts';
import { cutText } from '../../wire/text.ts';
import { principalOf, principalOfDescriptor, userId } from './actor.ts';
import type { AuditEntry } from './entry.ts';
import { happenedIn } from './entry.ts';
import type { Fields } from './fields.ts';
import { anonymous, called, MOST_STEPS, nameOf, UNKNOWN } from './grant-step.ts';
import type { GrantStep } from './grant-step.ts';
import { pipeline } from './objects.ts';
import { descriptorOf, permissionSteps } from './permissions.ts';

/** The rights that an entry gives, takes or changes, each with whom it is about; none for entries about other things. */
export function grantsOf(
  entry: AuditEntry,
  actor: Actor | undefined,
  target: Target | undefined,
): readonly GrantStep[] {
  const [area = '', ...rest] = entry.action.toLowerCase().split('.');
  const action = rest.join('.');
  switch (area) {
    case 'security':
      return permissionSteps(entry, action);
    case 'group':
      return groupSteps(entry, action);
    case 'licensing':
      return one(licenseGrant(entry, action));
    case 'token':
      return one(tokenGrant(entry, action, actor));
    case 'pipelines':
      return one(resourceGrant(entry, action, target));
    case 'library':
      return one(sharingGrant(entry, action, target));
    case 'artifacts':
      return one(feedGrant(entry, action, target));
    case 'organization':
      return one(ownerGrant(entry, action));
    default:
      return [];
  }
}

type Single = Omit<GrantStep, 'part'> | undefined;

function one(step: Single): readonly GrantStep[] {
  return step === undefined ? [] : [{ part: '', ...step }];
}

// --- groups

function groupSteps(entry: AuditEntry, action: string): readonly GrantStep[] {
  const { data } = entry;
  if (action === 'updategroups.delete') {
    const id = data.id('GroupId');
    const principal = {
      kind: 'unknown' as const,
      ...(id === undefined ? {} : { id: userId(id) }),
      ...nameOf(data.text('GroupName')),
    };
    // What a group may do ends with it.
    const grant: Grant = { change: 'revoked', principal, role: {}, scope: happenedIn(entry) };
    return [{ part: '', grant, did: `deleted group ${called(principal)}` }];
  }
  if (!action.startsWith('updategroupmembership')) return [];
  const stated = action.endsWith('.remove') ? false : action.endsWith('.add') ? true : undefined;
  const pairs = membershipsOf(data, stated);
  if (pairs.length > MOST_STEPS) {
    const grant: Grant = { change: 'changed', principal: UNKNOWN, role: { name: 'member' }, scope: happenedIn(entry) };
    return [{ part: '', grant, did: `changed ${pairs.length} memberships` }];
  }
  const steps = pairs.map(({ group, member, active }) => {
    const principal = member === undefined ? anonymous(data.text('MemberDisplayName')) : memberOf(data, member);
    const name = group === data.id('GroupId') || pairs.length === 1 ? data.text('GroupName') : undefined;
    const scope = group === undefined ? happenedIn(entry) : userId(group);
    const change = active === undefined ? ('changed' as const) : active ? ('granted' as const) : ('revoked' as const);
    const where = name ?? (group === undefined ? 'an unnamed group' : scope);
    return {
      part: `member/${group ?? ''}/${member ?? ''}`,
      grant: { change, principal, role: { name: 'member' }, scope },
      target: group === undefined ? undefined : { kind: 'group', id: scope, ...nameOf(name) },
      did: `${active === false ? 'removed' : 'added'} ${called(principal)} ${active === false ? 'from' : 'to'} group ${where}`,
    };
  });
  return steps.length === 1 ? steps.map((step) => ({ ...step, part: '' })) : steps;
}

interface Membership {
  readonly group: string | undefined;
  readonly member: string | undefined;
  readonly active: boolean | undefined;
}

/** `Updates` lists every pair, in upper case; the entry's own members name the first of them. */
function membershipsOf(data: Fields, stated: boolean | undefined): readonly Membership[] {
  const own = { group: data.id('GroupId'), member: data.id('MemberId'), active: stated };
  const pairs = new Map<string, Membership>();
  for (const each of data.objects('Updates')) {
    const group = each.id('GroupId') ?? own.group;
    const member = each.id('MemberId');
    if (member !== undefined) {
      pairs.set(`${group ?? ''} ${member}`, { group, member, active: stated ?? each.flag('Active') });
    }
  }
  return pairs.size > 0 ? [...pairs.values()] : [own];
}

function memberOf(data: Fields, member: string): Grant['principal'] {
  return principalOf(member, member === data.id('MemberId') ? data.text('MemberDisplayName') : undefined);
}

// --- access levels, credentials, resources

const LEVELS: ReadonlyMap<string, Grant['change']> = new Map([
  ['assigned', 'granted'],
  ['grouprulecreated', 'granted'],
  ['grouprulemodified', 'changed'],
  ['modified', 'changed'],
  ['groupruledeleted', 'revoked'],
  ['removed', 'revoked'],
]);

function licenseGrant(entry: AuditEntry, action: string): Single {
  const change = LEVELS.get(action);
  if (change === undefined) return undefined;
  const { data } = entry;
  const id = data.id('UserIdentifier', 'GroupIdentifier');
  const principal =
    id === undefined ? UNKNOWN : principalOf(id, data.text('UserDisplayName', 'GroupDisplayName', 'GroupName'));
  const level = data.text('AccessLevel');
  const from = data.text('PreviousAccessLevel');
  return {
    grant: {
      change,
      principal,
      role: { ...nameOf(level), ...(from === undefined ? {} : { from }) },
      scope: entry.place.base,
    },
    did: levelDid(change, level ?? 'unnamed', called(principal)),
  };
}

function levelDid(change: Grant['change'], level: string, whose: string): string {
  if (change === 'granted') return `gave access level ${level} to ${whose}`;
  return change === 'revoked'
    ? `took access level ${level} from ${whose}`
    : `changed the access level of ${whose} to ${level}`;
}

/** `PatCreateEvent` and the like: whoever holds the token has what it opens, in the name of its owner. */
function tokenGrant(entry: AuditEntry, action: string, actor: Actor | undefined): Single {
  const change = /create/.test(action)
    ? 'granted'
    : /revoke|remove|expire/.test(action)
      ? 'revoked'
      : /update/.test(action)
        ? 'changed'
        : undefined;
  if (change === undefined) return undefined;
  const { data } = entry;
  const id = data.id('AuthorizationId');
  const owner = data.id('TargetUser', 'OwnerId');
  const principal = ownerOf(owner, data.text('OwnerName', 'TargetUserDisplayName'), actor);
  const scopes = data.texts('Scopes').join(', ');
  const from = data.time('ValidFrom');
  const until = data.time('ValidTo');
  const what = action.startsWith('ssh') ? 'SSH key' : 'personal access token';
  return {
    grant: {
      ...(id === undefined ? {} : { id }),
      change,
      principal,
      role: scopes === '' ? {} : { name: cutText(scopes) },
      scope: entry.place.base,
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
    },
    did: `${TOKEN_DID.find(([pattern]) => pattern.test(action))?.[1] ?? 'changed'} ${what} "${data.text('DisplayName') ?? 'unnamed'}"${scopes === '' ? '' : ` (${scopes})`}`,
  };
}

const TOKEN_DID: readonly (readonly [RegExp, string])[] = [
  [/create/, 'created'],
  [/expire/, 'saw the end of'],
  [/revoke|remove/, 'revoked'],
];

/** The owner is the actor unless the entry names another. */
function ownerOf(id: string | undefined, name: string | undefined, actor: Actor | undefined): Grant['principal'] {
  if (id === undefined && name !== undefined && name !== actor?.name) return anonymous(name);
  if (actor !== undefined && (id === undefined || userId(id) === actor.id)) {
    const { kind, id: actorId, name: actorName, address } = actor;
    return { kind, id: actorId, ...nameOf(actorName), ...(address === undefined ? {} : { address }) };
  }
  return id === undefined ? UNKNOWN : principalOf(id, name);
}

const AUTHORIZATIONS: ReadonlyMap<string, Grant['change']> = new Map([
  ['resourceauthorized', 'granted'],
  ['resourcenotauthorized', 'requested'],
  ['resourceunauthorized', 'revoked'],
]);

/** A pipeline, or all of a project, may use a service connection, an agent pool, an environment … */
function resourceGrant(entry: AuditEntry, action: string, target: Target | undefined): Single {
  const [, kind = '', whom] = /^(resource(?:not|un)?authorized)for(pipeline|project)$/.exec(action) ?? [];
  const change = AUTHORIZATIONS.get(kind);
  if (change === undefined) return undefined;
  const own = whom === 'pipeline' ? pipeline(entry)?.target : undefined;
  const place = happenedIn(entry);
  const principal: Grant['principal'] =
    whom === 'project'
      ? allPipelines(entry)
      : { kind: 'service', ...(own === undefined ? {} : { id: own.id }), ...nameOf(own?.name) };
  const resource = [entry.data.text('ResourceType') ?? 'resource', target?.name ?? entry.data.id('ResourceId') ?? '']
    .join(' ')
    .trim();
  return {
    grant: { change, principal, role: { name: 'use' }, scope: target?.id ?? place },
    did: `${AUTHORIZED[change] ?? 'changed'} ${resource} for ${own?.name ?? (whom === 'project' ? 'all pipelines' : `pipeline ${entry.data.id('PipelineId') ?? 'unknown'}`)}`,
  };
}

const AUTHORIZED: Partial<Record<Grant['change'], string>> = {
  granted: 'authorized',
  requested: 'was refused to authorize',
  revoked: 'took back the authorization of',
};

/** A service connection that is shared can be used by the pipelines of the other project. */
function sharingGrant(entry: AuditEntry, action: string, target: Target | undefined): Single {
  const { project, projectName, base } = entry.place;
  if (action !== 'serviceconnectionshared' || project === undefined) return undefined;
  return {
    grant: {
      change: 'granted',
      principal: allPipelines(entry),
      role: { name: 'use' },
      scope: target?.id ?? base,
    },
    did: `shared service connection "${target?.name ?? 'unnamed'}" with project ${projectName ?? project}`,
  };
}

function allPipelines(entry: AuditEntry): Grant['principal'] {
  const id = happenedIn(entry);
  return { kind: 'service', id, name: `all pipelines of ${entry.place.projectName ?? id}` };
}

function feedGrant(entry: AuditEntry, action: string, target: Target | undefined): Single {
  if (!action.includes('permissions')) return undefined;
  const { data } = entry;
  const revoked = action.endsWith('deletion');
  const descriptor = descriptorOf(data.value('IdentityDescriptor')) ?? data.id('IdentityId', 'UserId');
  const name = data.text('DisplayName');
  const principal = descriptor === undefined ? anonymous(name) : principalOfDescriptor(descriptor, name);
  const role = data.text('Role');
  return {
    grant: {
      change: revoked ? 'revoked' : 'changed',
      principal,
      role: nameOf(role),
      scope: target?.id ?? happenedIn(entry),
    },
    did: revoked
      ? `took all permissions on feed ${target?.name ?? 'unnamed'} from ${called(principal)}`
      : `set the role of ${called(principal)} on feed ${target?.name ?? 'unnamed'} to ${role ?? 'an unnamed one'}`,
  };
}

function ownerGrant(entry: AuditEntry, action: string): Single {
  const name = entry.data.text('NewOwnerName');
  if (!/^update\.(?:force)?(?:update)?owner$/.test(action) || name === undefined) return undefined;
  return {
    grant: {
      change: 'granted',
      principal: { kind: 'unknown', name },
      role: { name: 'organization owner' },
      scope: entry.place.base,
    },
    did: `made ${name} owner of the organization`,
  };
}
