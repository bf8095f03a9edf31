import type { z } from 'zod';

import { isVoted } from './actions.ts';
import { foldAccount } from './accounts.ts';
import { EVERY_PROJECT } from './configuration-schema.ts';
import type { GrantEntry, MatrixEntry, Members, ProjectEntry } from './configuration-schema.ts';
import { foldSource } from './longest-prefix.ts';
import { ProjectFinder } from './projects.ts';
import { addDays, daysBetween } from './days.ts';

type Context = z.RefinementCtx;
type Path = readonly (string | number)[];

/**
 * That the members of a version fit together: whatever is named is declared, nothing is said twice (which of the two holds would be chance),
 * nobody delegates what they have not, and a duty that must be shared can be. Each fault lies at the member that is wrong.
 */
export function refuseFaults(members: Members, context: Context): void {
  refuseRepeatedIds(members, context);
  refuseSharedSources(members, context);
  refuseSharedAccounts(members, context);
  checkEnvironments(members, context);
  checkGroups(members, context);
  checkGrants(members, context);
  checkMatrix(members, context);
  refuseSecondOpenings(members, context);
  for (const [p, project] of members.projects.entries()) checkSprints(project, ['projects', p, 'sprints'], context);
  checkTeams(members, context);
}

function fault(context: Context, path: Path, message: string): void {
  context.addIssue({ code: 'custom', path: [...path], message });
}

/** The first of two stays; the second is told. */
class Taken {
  readonly #owners = new Map<string, string>();

  /** Who has the key already; otherwise it is `owner`'s from now on. */
  take(key: string, owner: string): string | undefined {
    const before = this.#owners.get(key);
    if (before === undefined) this.#owners.set(key, owner);
    return before;
  }
}

function refuseRepeatedIds(members: Members, context: Context): void {
  for (const list of ['projects', 'identities', 'groups', 'roles'] as const) {
    const taken = new Taken();
    for (const [i, { id }] of members[list].entries()) {
      if (taken.take(id, id) === undefined) continue;
      const what = { projects: 'project', identities: 'identity', groups: 'group', roles: 'role' }[list];
      fault(context, [list, i, 'id'], `is the id of another ${what} too: "${id}"`);
    }
  }
}

function refuseSharedSources({ projects }: Members, context: Context): void {
  const taken = new Taken();
  for (const [p, { id, sources }] of projects.entries()) {
    for (const [s, source] of sources.entries()) {
      const owner = taken.take(foldSource(source), id);
      if (owner === undefined) continue;
      fault(
        context,
        ['projects', p, 'sources', s],
        `is a source of "${owner}" already (case does not tell sources apart)`,
      );
    }
  }
}

function refuseSharedAccounts({ identities }: Members, context: Context): void {
  const taken = new Taken();
  for (const [i, { id, accounts }] of identities.entries()) {
    for (const [a, account] of accounts.entries()) {
      const owner = taken.take(foldAccount(account), id);
      if (owner === undefined) continue;
      fault(
        context,
        ['identities', i, 'accounts', a],
        `is an account of "${owner}" already: an act of it must be of one`,
      );
    }
  }
}

function checkEnvironments({ projects, environments }: Members, context: Context): void {
  const finder = new ProjectFinder(projects);
  const declared = idsOf(projects);
  const ids = new Taken();
  const places = new Taken();
  for (const [e, { id, project, resources, names }] of environments.entries()) {
    const path = ['environments', e];
    const within = declared.has(project);
    if (!within) fault(context, [...path, 'project'], undeclared('project', project));
    // As they are compared with what sources call an environment.
    if (ids.take(JSON.stringify([project, id.toLowerCase()]), id) !== undefined) {
      fault(context, [...path, 'id'], `is the id of another environment of "${project}" too: "${id}"`);
    }
    for (const [r, resource] of resources.entries()) {
      const owner = places.take(foldSource(resource), id);
      if (owner !== undefined) {
        fault(context, [...path, 'resources', r], `lies in the environment "${owner}" already`);
      } else if (within) checkWithin(finder, project, resource, [...path, 'resources', r], context);
    }
    for (const [n, { source, name }] of names.entries()) {
      const owner = places.take(JSON.stringify([foldSource(source), name.toLowerCase()]), id);
      if (owner !== undefined) fault(context, [...path, 'names', n, 'name'], `is the environment "${owner}" already`);
      else if (within) checkWithin(finder, project, source, [...path, 'names', n, 'source'], context);
    }
  }
}

/** Otherwise its events would be of one project, and judged by the environments of another. */
function checkWithin(finder: ProjectFinder, project: string, place: string, path: Path, context: Context): void {
  const found = finder.find(place, []);
  if (found === project) return;
  const where = found === undefined ? 'no source of any project' : `a source of "${found}"`;
  fault(context, path, `lies below ${where}, and the environment is one of "${project}"`);
}

function checkGroups({ identities, groups }: Members, context: Context): void {
  const declared = idsOf(identities);
  for (const [g, { members }] of groups.entries()) {
    const taken = new Taken();
    for (const [m, member] of members.entries()) {
      const path = ['groups', g, 'members', m];
      if (!declared.has(member)) fault(context, path, undeclared('identity', member));
      else if (taken.take(member, member) !== undefined) fault(context, path, `is a member already: "${member}"`);
    }
  }
}

function checkGrants(members: Members, context: Context): void {
  const { identities, groups, roles, projects, environments, grants } = members;
  const declared = { identity: idsOf(identities), group: idsOf(groups), role: idsOf(roles), project: idsOf(projects) };
  const places = new Set(environments.map(({ project, id }) => JSON.stringify([project, id])));
  for (const [g, grant] of grants.entries()) {
    const path = ['grants', g];
    if ((grant.identity === undefined) === (grant.group === undefined)) {
      fault(context, path, 'must name either an identity or a group');
    }
    for (const member of ['identity', 'group', 'role'] as const) {
      const id = grant[member];
      if (id !== undefined && !declared[member].has(id)) fault(context, [...path, member], undeclared(member, id));
    }
    const { project, environment, from, until } = grant;
    if (project === EVERY_PROJECT) {
      if (environment !== undefined) {
        fault(
          context,
          [...path, 'environment'],
          'is of one project: name it in place of "*", or remove the environment',
        );
      }
    } else if (!declared.project.has(project)) fault(context, [...path, 'project'], undeclared('project', project));
    else if (environment !== undefined && !places.has(JSON.stringify([project, environment]))) {
      fault(context, [...path, 'environment'], `is not declared: "${project}" has no environment "${environment}"`);
    }
    if (until !== undefined && until <= from) fault(context, [...path, 'until'], 'must be later than "from"');
    if (grant.delegatedBy !== undefined) checkDelegation(members, grant, grant.delegatedBy, path, context);
  }
}

/** A delegate never holds more than the delegator, never delegates on, and only with an end. */
function checkDelegation(members: Members, grant: GrantEntry, by: string, path: Path, context: Context): void {
  const kindOf = (id: string) => members.identities.find((each) => each.id === id)?.kind;
  if (kindOf(by) === undefined) return fault(context, [...path, 'delegatedBy'], undeclared('identity', by));
  if (kindOf(by) !== 'human') fault(context, [...path, 'delegatedBy'], `must be a person: "${by}" is none`);
  if (grant.identity === undefined) return fault(context, path, 'is delegated: it must name one person, not a group');
  if (kindOf(grant.identity) !== undefined && kindOf(grant.identity) !== 'human') {
    fault(context, [...path, 'identity'], `must be a person, for the role is delegated: "${grant.identity}" is none`);
  }
  if (grant.identity === by)
    return fault(context, [...path, 'delegatedBy'], 'must be somebody else than who gets the role');
  if (grant.until === undefined) return fault(context, path, 'is delegated: it must end, so give "until"');
  const groups = members.groups.filter((group) => group.members.includes(by)).map((group) => group.id);
  const isOf = (each: GrantEntry) => each.identity === by || (each.group !== undefined && groups.includes(each.group));
  const held = members.grants.filter((each) => isOf(each) && each.role === grant.role);
  if (held.some((each) => each.delegatedBy === undefined && covers(each, grant))) return;
  const reason = held.some((each) => each.delegatedBy !== undefined && covers(each, grant))
    ? `must hold "${grant.role}" in their own right: "${by}" was delegated it, and nobody delegates on`
    : `must hold all that is delegated: no one grant gives "${by}" the role "${grant.role}" there from ${grant.from} until ${grant.until}`;
  fault(context, [...path, 'delegatedBy'], reason);
}

function covers(own: GrantEntry, delegated: GrantEntry): boolean {
  if (own.project !== EVERY_PROJECT && own.project !== delegated.project) return false;
  if (own.environment !== undefined && own.environment !== delegated.environment) return false;
  if (own.from > delegated.from) return false;
  return own.until === undefined || (delegated.until !== undefined && delegated.until <= own.until);
}

function checkMatrix({ roles, environments, matrix }: Members, context: Context): void {
  const declared = idsOf(roles);
  const classes = new Set(environments.map((each) => each.class));
  const taken = new Taken();
  for (const [r, { action, environmentClass, role, emergency }] of matrix.entries()) {
    const path = ['matrix', r];
    if (taken.take(JSON.stringify([action, environmentClass]), action) !== undefined) {
      const where = environmentClass === undefined ? 'without a class' : `for the class "${environmentClass}"`;
      fault(context, [...path, 'action'], `has an entry ${where} already: ${action}`);
    }
    if (environmentClass !== undefined && !classes.has(environmentClass)) {
      fault(
        context,
        [...path, 'environmentClass'],
        `is not declared: no environment is of the class "${environmentClass}"`,
      );
    }
    if (!declared.has(role)) fault(context, [...path, 'role'], undeclared('role', role));
    if (emergency !== undefined && !declared.has(emergency.role)) {
      fault(context, [...path, 'emergency', 'role'], undeclared('role', emergency.role));
    }
  }
}

function refuseSecondOpenings({ generations }: Members, context: Context): void {
  const taken = new Taken();
  for (const [g, { log }] of generations.entries()) {
    if (taken.take(log, log) !== undefined) fault(context, ['generations', g, 'log'], `opens "${log}" a second time`);
  }
}

/** Each exception begins where a sprint would; otherwise one sprint would end within another. */
function checkSprints({ sprints }: ProjectEntry, path: Path, context: Context): void {
  if (sprints === undefined) return;
  let start = sprints.firstDay;
  for (const [e, { firstDay, days }] of sprints.exceptions.entries()) {
    const distance = daysBetween(start, firstDay);
    // No day at all: told already, where it stands.
    if (Number.isNaN(distance)) return;
    if (distance < 0 || distance % sprints.days !== 0) {
      const reason = `must be the day on which a sprint would begin: ${start}, or a multiple of ${sprints.days} days later`;
      return fault(context, [...path, 'exceptions', e, 'firstDay'], reason);
    }
    start = addDays(firstDay, days);
  }
}

/** Where one person alone could do what two must, the project says what it does instead, or grants the role to more. */
function checkTeams(members: Members, context: Context): void {
  for (const [p, project] of members.projects.entries()) {
    if (project.compensatingControl !== undefined) continue;
    for (const rule of members.matrix) {
      const eligible = countEligible(members, rule, project.id);
      // Nobody yet: the role is not used in this project.
      if (!isVoted(rule.action) || eligible === 0) continue;
      const quorum = rule.quorum === 'all' || rule.quorum === undefined ? 1 : rule.quorum;
      const isAlone = eligible === 1 && rule.excluded.length > 0;
      if (eligible >= quorum && !isAlone) continue;
      const who = eligible === 1 ? '1 person' : `${eligible} people`;
      const why = eligible < quorum ? `${quorum} must approve` : `the ${rule.excluded.join(', ')} may not`;
      fault(
        context,
        ['projects', p, 'id'],
        `has ${who} with the role "${rule.role}" for ${rule.action}${rule.environmentClass === undefined ? '' : ` (${rule.environmentClass})`}, and ${why}: grant it to more, or say in "compensatingControl" what is done instead`,
      );
    }
  }
}

/** People who have the role at any time, for any environment of the rule's class. */
function countEligible(members: Members, rule: MatrixEntry, project: string): number {
  const { environmentClass, role } = rule;
  const environments = members.environments.filter(
    (each) => each.project === project && (environmentClass === undefined || each.class === environmentClass),
  );
  if (environmentClass !== undefined && environments.length === 0) return 0;
  const ids = idsOf(environments);
  const eligible = new Set<string>();
  for (const grant of members.grants) {
    if (grant.role !== role || (grant.project !== EVERY_PROJECT && grant.project !== project)) continue;
    if (grant.environment !== undefined && !ids.has(grant.environment)) continue;
    const group = members.groups.find((each) => each.id === grant.group);
    for (const id of group?.members ?? [grant.identity ?? '']) {
      if (members.identities.find((each) => each.id === id)?.kind === 'human') eligible.add(id);
    }
  }
  return eligible.size;
}

function idsOf(list: readonly { readonly id: string }[]): ReadonlySet<string> {
  return new Set(list.map(({ id }) => id));
}

function undeclared(what: string, id: string): string {
  return `is not declared: there is no ${what} "${id}"`;
}
