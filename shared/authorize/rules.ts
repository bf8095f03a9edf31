import type { Actor } from '../wire/record.ts';
import type { Action } from './actions.ts';

/** Whom a matrix entry keeps out: the author of what is decided, who asked for it, who puts it into effect. */
export const EXCLUDABLE = ['author', 'requester', 'deployer'] as const;
export type Excludable = (typeof EXCLUDABLE)[number];

/** What an approval must bind to, in the words of `data.decision.covers`. */
export const COVERABLE = ['commit', 'artifact', 'plan'] as const;
export type Coverable = (typeof COVERABLE)[number];

/** One entry of the matrix, as a version of indelible.yaml says it. */
export interface MatrixRule {
  readonly action: Action;
  /** The class of environments that it is for; undefined: wherever no entry of the action names the class. */
  readonly environmentClass: string | undefined;
  /** The role that whoever acts, or votes, must hold. */
  readonly role: string;
  /** How many approvals of different eligible people are needed, at least 1; `all`: of everybody in {@link DecisionRules.eligible}. */
  readonly quorum: number | 'all';
  readonly excluded: readonly Excludable[];
  /** Hours from the vote that completed the quorum; undefined: without end. */
  readonly validFor: number | undefined;
  /** Kinds that an approval must cover, each at least once; empty: none. */
  readonly covers: readonly Coverable[];
  /** Who may override in an emergency (verdict `override`), and within how many hours that must be reviewed. */
  readonly emergency: { readonly role: string; readonly reviewWithin: number } | undefined;
}

/** Whether somebody held a role. */
export interface Holding {
  readonly held: boolean;
  /** The identity that delegated it; absent where it is held by an own grant too. */
  readonly delegatedBy?: string;
  /**
   * `inForce`: by the version in force at that time. `retroactive`: by a version that was adopted later (a grant dated back, or
   * a time before the first version). `unknown`: no version is known for that time; `held` is false then, and proves nothing.
   */
  readonly basis: 'inForce' | 'retroactive' | 'unknown';
  /** Hash of the version that says so; absent where the basis is `unknown`. */
  readonly version?: string;
}

/**
 * What indelible.yaml says to the fold of decisions. Pure: by the versions that a log has adopted (a seal's list) and their
 * history. Times are timestamps of records (UTC, milliseconds). Made by `rulesOf`
 * in decision-rules.ts; which action a kind of decision is, `actionOfKind` in actions.ts says.
 */
export interface DecisionRules {
  /** SHA-256 of the version in force at a time; undefined before the first. */
  versionAt(time: string): string | undefined;
  /**
   * The matrix entry for an action, under the version in force then (before the first: the first). The one for the
   * environment's class comes before the one without. `environment`: the id of an environment of the project, or the name
   * by which a source calls it (`target.environment`); one that is not declared has no class. undefined: nothing was said.
   */
  ruleFor(action: string, project: string, environment: string | undefined, time: string): MatrixRule | undefined;
  /**
   * Whether somebody held a role for a project and environment. By the grants alone: whoever is no declared identity holds
   * nothing. `environment` undefined: a grant for one environment alone does not do. Says nothing of quorum, exclusion and of
   * whether a machine may vote: see `Actor.kind`, `kindOf` and {@link eligible}.
   */
  holds(
    who: Pick<Actor, 'id' | 'address'>,
    role: string,
    project: string,
    environment: string | undefined,
    time: string,
  ): Holding;
  /** Identities of people (never services or AI) who held the role then under the version in force, sorted; delegates included. */
  eligible(role: string, project: string, environment: string | undefined, time: string): readonly string[];
  /**
   * The identity that an account or address belongs to, under the version in force at `time` (not given: the newest). The id
   * decides; the address only where no identity has the id. undefined: nobody's. Compare persons by this, else by the id.
   */
  resolve(who: { readonly id: string; readonly address?: string | undefined }, time?: string): string | undefined;
  /** What an identity of the newest version is: whoever is no `human` never counts in a quorum. undefined: not declared. */
  kindOf(identity: string): 'human' | 'service' | 'ai' | undefined;
  /** What a project of one person declares in place of a second pair of eyes; every report prints it. */
  compensatingControl(project: string, time: string): string | undefined;
}
