import type { Configuration } from './configuration.ts';
import { EVERY_PROJECT } from './configuration-schema.ts';
import type { GrantEntry } from './configuration-schema.ts';
import { expandGrants } from './holdings.ts';
import type { Held } from './holdings.ts';

/** One difference: what a member was and is; absent where it was not there. */
export interface ConfigurationChange {
  /** Members and ids with dots between: `environments.payments/production.class`. */
  readonly path: string;
  readonly from?: string;
  readonly to?: string;
}

/** A role that somebody has by one version and not by another. */
export interface HolderChange {
  readonly identity: string;
  /** In words: `approver in payments/production, from …, until …, delegated by …, through group …`. */
  readonly what: string;
}

/**
 * The differences between two versions, in the order of the file, for people: lists are compared as sets, their entries by
 * what names them, so that moving an entry changes nothing. `undefined`: all of the newer one is new. The hash of the
 * version before is no difference.
 */
export function diffConfigurations(older: Configuration | undefined, newer: Configuration): ConfigurationChange[] {
  const before = older === undefined ? new Map<string, string[]>() : flatten(older);
  const after = flatten(newer);
  // In the newer one's order; what is gone stands last.
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((path) => {
    const gone = without(before.get(path) ?? [], after.get(path) ?? []);
    const come = without(after.get(path) ?? [], before.get(path) ?? []);
    return Array.from({ length: Math.max(gone.length, come.length) }, (_, i) => {
      const from = gone[i];
      const to = come[i];
      return { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    });
  });
}

/** Who gains and who loses which role, groups resolved to their members. Sorted by identity. */
export function diffHolders(
  older: Configuration | undefined,
  newer: Configuration,
): { readonly gained: readonly HolderChange[]; readonly lost: readonly HolderChange[] } {
  const before = older === undefined ? [] : holdersOf(older);
  const after = holdersOf(newer);
  return { gained: missingIn(before, after), lost: missingIn(after, before) };
}

function holdersOf({ grants, groups }: Configuration): HolderChange[] {
  return expandGrants(grants, groups).map((held) => ({ identity: held.identity, what: describeHeld(held) }));
}

/** Those of `list` that `others` has not. */
function missingIn(others: readonly HolderChange[], list: readonly HolderChange[]): HolderChange[] {
  const known = new Set(others.map(keyOf));
  const missing = new Map(list.filter((each) => !known.has(keyOf(each))).map((each) => [keyOf(each), each]));
  return [...missing.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ identity, what }: HolderChange): string {
  return `${identity}\n${what}`;
}

function describeHeld(held: Held): string {
  const through = held.group === undefined ? '' : `, through group ${held.group}`;
  return `${held.role} in ${placeOf(held)}, ${periodOf(held)}${through}`;
}

function placeOf({
  project,
  environment,
}: {
  readonly project: string;
  readonly environment?: string | undefined;
}): string {
  const where = project === EVERY_PROJECT ? 'every project' : project;
  return environment === undefined ? where : `${where}/${environment}`;
}

function periodOf({ from, until, delegatedBy }: Pick<GrantEntry, 'from' | 'until' | 'delegatedBy'>): string {
  const by = delegatedBy === undefined ? '' : `, delegated by ${delegatedBy}`;
  return `from ${from}, ${until === undefined ? 'open' : `until ${until}`}${by}`;
}

/** Every member as text by its path. Several texts at one path are a set. */
function flatten(configuration: Configuration): Map<string, string[]> {
  const flat = new Map<string, string[]>();
  const add = (path: string, value: string | number | boolean | undefined): void => {
    if (value === undefined) return;
    const values = flat.get(path);
    if (values === undefined) flat.set(path, [String(value)]);
    else values.push(String(value));
  };
  add('from', configuration.from);
  for (const { id, name, sources, timeZone, sprints, compensatingControl } of configuration.projects) {
    const path = `projects.${id}`;
    add(path, 'declared');
    add(`${path}.name`, name);
    for (const source of sources) add(`${path}.sources`, source);
    add(`${path}.timeZone`, timeZone);
    add(
      `${path}.sprints`,
      sprints &&
        `${sprints.days} days, from ${sprints.firstDay}${sprints.zone === undefined ? '' : `, ${sprints.zone}`}`,
    );
    for (const { firstDay, days, pause, reason } of sprints?.exceptions ?? []) {
      add(`${path}.sprints.exceptions.${firstDay}`, `${pause === true ? 'pause of ' : ''}${days} days: ${reason}`);
    }
    add(`${path}.compensatingControl`, compensatingControl);
  }
  for (const environment of configuration.environments) {
    const path = `environments.${environment.project}/${environment.id}`;
    add(path, 'declared');
    add(`${path}.name`, environment.name);
    add(`${path}.class`, environment.class);
    for (const each of environment.dataClasses) add(`${path}.dataClasses`, each);
    for (const each of environment.resources) add(`${path}.resources`, each);
    for (const { source, name } of environment.names) add(`${path}.names`, `"${name}" of ${source}`);
  }
  for (const { id, name, kind, accounts } of configuration.identities) {
    const path = `identities.${id}`;
    add(path, kind);
    add(`${path}.name`, name);
    for (const account of accounts) add(`${path}.accounts`, account);
  }
  for (const { id, name, members } of configuration.groups) {
    const path = `groups.${id}`;
    add(path, 'declared');
    add(`${path}.name`, name);
    for (const member of members) add(`${path}.members`, member);
  }
  for (const { id, name } of configuration.roles) {
    add(`roles.${id}`, 'declared');
    add(`roles.${id}.name`, name);
  }
  for (const grant of configuration.grants) {
    const who = grant.group === undefined ? (grant.identity ?? '') : `group ${grant.group}`;
    add(`grants.${who}: ${grant.role} in ${placeOf(grant)}`, periodOf(grant));
  }
  for (const rule of configuration.matrix) {
    const path = `matrix.${rule.action}${rule.environmentClass === undefined ? '' : ` (${rule.environmentClass})`}`;
    add(`${path}.role`, rule.role);
    add(`${path}.quorum`, rule.quorum);
    for (const each of rule.excluded) add(`${path}.excluded`, each);
    add(`${path}.validFor`, rule.validFor === undefined ? undefined : `${rule.validFor} hours`);
    for (const each of rule.covers ?? []) add(`${path}.covers`, each);
    const { emergency } = rule;
    add(`${path}.emergency`, emergency && `${emergency.role}, reviewed within ${emergency.reviewWithin} hours`);
  }
  for (const { log, reason, first } of configuration.generations) {
    add(`generations.${log}`, `from number ${first}: ${reason}`);
  }
  return flat;
}

function without(list: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return [...new Set(list)].filter((each) => !known.has(each));
}
