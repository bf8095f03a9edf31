import type { Action } from './actions.ts';
import { AccountFinder } from './accounts.ts';
import type { IdentityEntry, MatrixEntry, Members } from './configuration-schema.ts';
import { EnvironmentFinder } from './environments.ts';
import { Holdings, expandGrants } from './holdings.ts';
import type { Held, Occasion } from './holdings.ts';
import type { MatrixRule } from './rules.ts';

/** What one version says of people, roles and the matrix, indexed once: it is asked for each record. */
export class VersionRules {
  readonly environments: EnvironmentFinder;
  readonly #accounts: AccountFinder;
  readonly #identities: ReadonlyMap<string, IdentityEntry>;
  readonly #holdings: Holdings;
  /** By action, then by class; `undefined` is the entry without one. */
  readonly #matrix = new Map<Action, Map<string | undefined, MatrixRule>>();
  readonly #controls: ReadonlyMap<string, string | undefined>;

  constructor(members: Pick<Members, 'projects' | 'environments' | 'identities' | 'groups' | 'grants' | 'matrix'>) {
    this.environments = new EnvironmentFinder(members.environments);
    this.#accounts = new AccountFinder(members.identities);
    this.#identities = new Map(members.identities.map((identity) => [identity.id, identity]));
    this.#holdings = new Holdings(expandGrants(members.grants, members.groups));
    for (const entry of members.matrix) {
      const classes = this.#matrix.get(entry.action) ?? new Map<string | undefined, MatrixRule>();
      classes.set(entry.environmentClass, toRule(entry));
      this.#matrix.set(entry.action, classes);
    }
    this.#controls = new Map(members.projects.map((project) => [project.id, project.compensatingControl]));
  }

  /** Whose account this is. */
  identityOf(who: { readonly id: string; readonly address?: string | undefined }): IdentityEntry | undefined {
    return this.#accounts.find(who.id, who.address);
  }

  kindOf(identity: string): IdentityEntry['kind'] | undefined {
    return this.#identities.get(identity)?.kind;
  }

  ruleFor(action: Action, environmentClass: string | undefined): MatrixRule | undefined {
    const classes = this.#matrix.get(action);
    return classes?.get(environmentClass) ?? classes?.get(undefined);
  }

  /** By which grant the identity holds the role then; its own comes before a delegated one. */
  heldBy(identity: string, role: string, occasion: Occasion): Held | undefined {
    return this.#holdings.find(identity, role, occasion);
  }

  /** People who hold the role then, sorted. */
  eligible(role: string, occasion: Occasion): string[] {
    return this.#holdings.holders(role, occasion).filter((identity) => this.kindOf(identity) === 'human');
  }

  compensatingControl(project: string): string | undefined {
    return this.#controls.get(project);
  }
}

function toRule(entry: MatrixEntry): MatrixRule {
  const { action, environmentClass, role, quorum = 1, excluded, validFor, covers = [], emergency } = entry;
  return { action, environmentClass, role, quorum, excluded, validFor, covers, emergency };
}
