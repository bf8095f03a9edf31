import type { Timestamp } from '../wire/timestamp.ts';
import { EVERY_PROJECT } from './configuration-schema.ts';
import type { GrantEntry, GroupEntry } from './configuration-schema.ts';

/** A role that one identity holds by one grant, its own or a group's. */
export interface Held {
  readonly identity: string;
  readonly role: string;
  /** {@link EVERY_PROJECT}, or one. */
  readonly project: string;
  /** undefined: in all, and outside any. */
  readonly environment: string | undefined;
  readonly from: Timestamp;
  /** Exclusive; undefined: open. */
  readonly until: Timestamp | undefined;
  readonly delegatedBy: string | undefined;
  /** The group that the grant is for; undefined: the identity itself. */
  readonly group: string | undefined;
}

/** Where and when a role is asked for. */
export interface Occasion {
  readonly project: string | undefined;
  /** Id of a declared environment of the project. */
  readonly environment: string | undefined;
  readonly time: Timestamp;
}

/** The grants of a version, for each member of a group one. */
export function expandGrants(grants: readonly GrantEntry[], groups: readonly GroupEntry[]): Held[] {
  const members = new Map(groups.map((group) => [group.id, group.members]));
  return grants.flatMap(({ identity, group, role, project, environment, from, until, delegatedBy }) => {
    const identities = group === undefined ? [identity ?? ''] : (members.get(group) ?? []);
    return identities.map((each) => ({
      identity: each,
      role,
      project,
      environment,
      from,
      until,
      delegatedBy,
      group,
    }));
  });
}

/** Who holds which role by the grants of one version. */
export class Holdings {
  /** By role, then by identity; what is held in one's own right first. */
  readonly #roles = new Map<string, Map<string, Held[]>>();

  constructor(held: readonly Held[]) {
    for (const each of held) {
      const holders = this.#roles.get(each.role) ?? new Map<string, Held[]>();
      const before = holders.get(each.identity) ?? [];
      holders.set(each.identity, each.delegatedBy === undefined ? [each, ...before] : [...before, each]);
      this.#roles.set(each.role, holders);
    }
  }

  find(identity: string, role: string, occasion: Occasion): Held | undefined {
    return this.#roles
      .get(role)
      ?.get(identity)
      ?.find((held) => holdsAt(held, occasion));
  }

  /** Sorted. */
  holders(role: string, occasion: Occasion): string[] {
    const holders = [...(this.#roles.get(role) ?? [])];
    return holders.flatMap(([id, held]) => (held.some((each) => holdsAt(each, occasion)) ? id : [])).sort();
  }
}

function holdsAt(held: Held, { project, environment, time }: Occasion): boolean {
  return (
    (held.project === EVERY_PROJECT || held.project === project) &&
    (held.environment === undefined || held.environment === environment) &&
    held.from <= time &&
    (held.until === undefined || time < held.until)
  );
}
