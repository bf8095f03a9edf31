import type { Grant, Principal } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { RecordDraft } from '../normalizer.ts';
import { at, booleanAt, idAt, numberAt, objectAt, textAt, timeAt } from '../read.ts';
import { principalOf, relatedPerson, relatedTeam, teamPrincipal } from './actor.ts';
import { pageOf } from './address.ts';
import { changesOf } from './changes.ts';
import { draftOf, htmlUrl, timeOf } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/** Of a right whose payload does not say who was given it. */
const UNKNOWN: Grant['principal'] = { kind: 'unknown' };

function named(principal: Principal | undefined): string {
  return principal?.name ?? principal?.id ?? 'somebody unknown';
}

/** `collaborators/mona`; undefined where the payload does not say who. */
function subjectOf(path: string, principal: Principal | undefined): string | undefined {
  return principal === undefined ? undefined : `${path}/${named(principal)}`;
}

/** `member`: a collaborator of a repository. */
export function normalizeMember(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host } = delivery;
  const member = principalOf(objectAt(payload, 'member'), host);
  const from =
    textAt(payload, 'changes', 'role_name', 'from') ??
    textAt(payload, 'changes', 'permission', 'from') ??
    textAt(payload, 'changes', 'old_permission', 'from');
  const to = textAt(payload, 'changes', 'role_name', 'to') ?? textAt(payload, 'changes', 'permission', 'to');
  const verb = verbOf(action);
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'collaborator',
      verb,
      subject: subjectOf('collaborators', member),
      target: personTarget(member),
      changes: changesOf(payload, undefined),
      details: { role: to, formerRole: from },
      grant: {
        change: changeOfRight(action),
        principal: member ?? UNKNOWN,
        role: heldRole(action, to, from),
        scope: source,
      },
      did: `${verb} collaborator ${named(member)}${to === undefined ? '' : ` with role "${to}"`}`,
    }),
  ];
}

function personTarget(person: Principal | undefined): Facts['target'] {
  if (person === undefined) return undefined;
  return { kind: person.kind, id: person.id, ...(person.name === undefined ? {} : { name: person.name }) };
}

const RIGHTS = new Map<string, Grant['change']>([
  ['added', 'granted'],
  ['member_added', 'granted'],
  ['added_to_repository', 'granted'],
  ['created', 'granted'],
  ['removed', 'revoked'],
  ['member_removed', 'revoked'],
  ['removed_from_repository', 'revoked'],
  ['deleted', 'revoked'],
  ['member_invited', 'requested'],
]);

function changeOfRight(action: string | undefined): Grant['change'] {
  return RIGHTS.get(action ?? '') ?? 'changed';
}

/** Of a right that was taken back, the role is the one that was held, which few payloads say. */
function heldRole(action: string | undefined, to: string | undefined, from: string | undefined): Grant['role'] {
  return changeOfRight(action) === 'revoked' ? roleOf(from ?? to) : roleOf(to, from);
}

function roleOf(name: string | undefined, from?: string): Grant['role'] {
  return { ...(name === undefined ? {} : { name }), ...(from === undefined ? {} : { from }) };
}

/** `membership`: a member of a team. */
export function normalizeMembership(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host } = delivery;
  const member = principalOf(objectAt(payload, 'member'), host);
  const team = objectAt(payload, 'team');
  const principal = teamPrincipal(team, host);
  const url = teamUrl(delivery, team);
  const slug = textAt(team, 'slug') ?? idAt(team, 'id');
  const verb = verbOf(action);
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'team_member',
      verb,
      subject: slug === undefined ? undefined : subjectOf(`teams/${slug}/members`, member),
      target: personTarget(member),
      related: [relatedTeam('team', principal)],
      details: {
        team: textAt(team, 'slug') ?? textAt(team, 'name'),
        teamPermission: textAt(team, 'permission'),
        teamDeleted: booleanAt(team, 'deleted'),
        scope: textAt(payload, 'scope'),
      },
      // Membership carries whatever rights the team has; which those are, team records say. A deleted team has no page.
      grant: {
        change: changeOfRight(action),
        principal: member ?? UNKNOWN,
        role: roleOf('member'),
        scope: url ?? principal?.id ?? source,
      },
      did: `${verb} ${named(member)} ${verb === 'removed' ? 'from' : 'to'} team ${textAt(team, 'name') ?? 'unknown'}`,
    }),
  ];
}

function teamUrl({ source }: Delivery, team: JsonObject | undefined): string | undefined {
  const slug = textAt(team, 'slug');
  return htmlUrl(team, source) ?? (slug === undefined ? undefined : `${source}/teams/${slug}`);
}

/** `team`, and `team_add`, which tells a repository that a team was given it. */
export function normalizeTeam(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, host } = delivery;
  const action = event === 'team_add' ? 'added_to_repository' : delivery.action;
  const team = objectAt(payload, 'team');
  const principal = teamPrincipal(team, host);
  const repository = objectAt(payload, 'repository');
  const verb = verbOf(action);
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'team',
      verb,
      time: timeOf(delivery, team, { created: 'created_at', edited: 'updated_at' }),
      subject: `teams/${textAt(team, 'slug') ?? idAt(team, 'id') ?? ''}`,
      target: principal === undefined ? undefined : { kind: 'team', id: principal.id, name: named(principal) },
      changes: changesOf(payload, team),
      details: {
        team: textAt(team, 'slug'),
        privacy: textAt(team, 'privacy'),
        permission: permissionOf(repository) ?? textAt(team, 'permission'),
        parent: textAt(team, 'parent', 'slug'),
      },
      grant: teamGrant(delivery, action, team, principal ?? UNKNOWN),
      did: TEAM_DID.get(verb)?.(named(principal)) ?? saidOf(verb, `team ${named(principal)}`),
    }),
  ];
}

const TEAM_DID = new Map([
  ['added_to_repository', (team: string) => `gave team ${team} access`],
  ['removed_from_repository', (team: string) => `took access from team ${team}`],
]);

/** Of a team's events, those that give, take or change a right on a repository, and its end, which takes all. */
function teamGrant(
  delivery: Delivery,
  action: string | undefined,
  team: JsonObject | undefined,
  principal: Grant['principal'],
): Grant | undefined {
  const { payload, source } = delivery;
  const repository = objectAt(payload, 'repository');
  const before = objectAt(payload, 'changes', 'repository', 'permissions', 'from');
  if (action === 'deleted') return { change: 'revoked', principal, role: {}, scope: source };
  const edited = action === 'edited' && before !== undefined;
  if (action !== 'added_to_repository' && action !== 'removed_from_repository' && !edited) return undefined;
  const taken = action === 'removed_from_repository';
  const role = taken ? undefined : (permissionOf(repository) ?? textAt(team, 'permission'));
  return { change: changeOfRight(action), principal, role: heldRole(action, role, highest(before)), scope: source };
}

function permissionOf(repository: JsonObject | undefined): string | undefined {
  return textAt(repository, 'role_name') ?? highest(objectAt(repository, 'permissions'));
}

/** The strongest of the permissions that are true: each holds the weaker ones. */
function highest(permissions: JsonObject | undefined): string | undefined {
  return ['admin', 'maintain', 'push', 'triage', 'pull'].find((each) => booleanAt(permissions, each) === true);
}

/** `organization` */
export function normalizeOrganization(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host } = delivery;
  const organization = objectAt(payload, 'organization');
  const login = textAt(organization, 'login') ?? source;
  const membership = objectAt(payload, 'membership');
  const invitation = objectAt(payload, 'invitation');
  const person = memberOf(delivery);
  const verb = verbOf(action);
  const stated = textAt(membership, 'role') ?? textAt(invitation, 'role');
  // What a person is who was removed, and not what was taken from them.
  const role = stated === 'unaffiliated' ? undefined : stated;
  const about = action?.startsWith('member_') === true;
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'organization',
      verb,
      time: action === 'member_invited' ? timeAt(invitation, 'created_at') : undefined,
      subject: about && person !== undefined ? `members/${named(person)}` : login,
      target: about && person !== undefined ? personTarget(person) : { kind: 'organization', id: source, name: login },
      related: [relatedPerson('inviter', principalOf(objectAt(invitation, 'inviter'), host))],
      changes: changesOf(payload, organization),
      details: {
        role: stated,
        state: textAt(membership, 'state'),
        invitation: numberAt(invitation, 'id'),
        invitedTeams: numberAt(invitation, 'team_count'),
        reason: textAt(payload, 'reason'),
      },
      grant: about
        ? {
            change: changeOfRight(action),
            principal: person ?? UNKNOWN,
            role: heldRole(action, role, textAt(payload, 'changes', 'role', 'from')),
            scope: source,
          }
        : undefined,
      did: about
        ? `${MEMBER_DID.get(verb) ?? saidOf(verb, 'member')} ${named(person)}${role === undefined ? '' : ` (${role})`} in organization ${login}`
        : saidOf(verb, `organization ${login}`),
    }),
  ];
}

const MEMBER_DID = new Map([
  ['member_added', 'added member'],
  ['member_removed', 'removed member'],
  ['member_invited', 'invited'],
]);

/** Somebody invited by address has no account yet. */
function memberOf({ payload, host }: Delivery): Principal | undefined {
  const invited = objectAt(payload, 'invitation');
  const found = principalOf(objectAt(payload, 'membership', 'user') ?? objectAt(payload, 'user'), host);
  if (found !== undefined) return found;
  const login = textAt(invited, 'login');
  const address = textAt(invited, 'email');
  if (login !== undefined) return { kind: 'human', id: `${host}:@${login}`, name: login };
  return address === undefined ? undefined : { kind: 'human', id: `email:${address}`, address };
}

/** `org_block` */
export function normalizeBlock(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const blocked = principalOf(objectAt(payload, 'blocked_user'), host);
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'user',
      verb,
      subject: subjectOf('blocks', blocked),
      target: personTarget(blocked),
      did: `${verb} ${named(blocked)} in organization ${textAt(payload, 'organization', 'login') ?? source}`,
    }),
  ];
}

/** `user`: an account of a GitHub Enterprise Server. */
export function normalizeUser(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, host } = delivery;
  const account = objectAt(payload, 'user');
  const user = principalOf(account, host);
  const verb = verbOf(action);
  const instance = `https://${host}`;
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'user',
      verb,
      time: action === 'created' ? timeAt(account, 'created_at') : undefined,
      subject: subjectOf('users', user),
      target: personTarget(user),
      details: {
        type: textAt(account, 'type'),
        siteAdmin: booleanAt(account, 'site_admin'),
        suspendedAt: timeAt(account, 'suspended_at'),
      },
      grant: {
        change: changeOfRight(action),
        principal: user ?? UNKNOWN,
        role: roleOf(at(account, 'site_admin') === true ? 'site admin' : 'user'),
        scope: pageOf(objectAt(payload, 'enterprise'), host) ?? instance,
      },
      did: `${verb} user ${named(user)} on ${host}`,
    }),
  ];
}
