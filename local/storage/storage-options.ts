import type { Fault } from './request-gate.ts';

/** What a container refuses, as an Azure administrator would have set it up. Members left out set nothing. */
export interface ContainerPolicy {
  /** A container-level time-based retention policy, in days since a blob's creation: 1 to 146,000, Azure's limits. */
  readonly retentionDays?: number;
  readonly legalHold?: boolean;
  /**
   * Every client acts as an identity with `blobs/read` and `blobs/add/action` alone: it creates blobs and can neither
   * replace, change nor delete them. A role, not a policy of the container, so it is not kept over a restart.
   */
  readonly createOnly?: boolean;
}

/** What the storage process is started with: the JSON in its first argument. */
export interface StorageOptions {
  /** Everything it writes goes into this folder, which is made if it is missing. */
  readonly dataDir: string;
  /** 0, the default: any free port. */
  readonly blobPort?: number;
  readonly tablePort?: number;
  /** Created where they are missing; so are those named in `worm`. */
  readonly containers?: readonly string[];
  readonly worm?: Readonly<Record<string, ContainerPolicy>>;
}

/** The one line that the storage process prints, when both services answer. */
export interface StorageReady {
  readonly ready: true;
  readonly blobPort: number;
  readonly tablePort: number;
  readonly connectionString: string;
}

/** What a parent may ask over IPC; answered by a `StorageReply` of the same id. */
export type StorageCommand =
  | { readonly kind: 'setLegalHold'; readonly container: string; readonly on: boolean }
  | { readonly kind: 'setCreateOnly'; readonly container: string; readonly on: boolean }
  | { readonly kind: 'setClockOffset'; readonly milliseconds: number }
  | { readonly kind: 'setFault'; readonly fault: Fault }
  | { readonly kind: 'clearFaults' }
  | { readonly kind: 'countFaults' }
  | { readonly kind: 'stop' };

export interface StorageRequest {
  readonly id: number;
  readonly command: StorageCommand;
}

export type StorageReply =
  | { readonly id: number; readonly kind: 'done'; readonly count: number }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };

const CONTAINER_NAME = /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const MAX_RETENTION_DAYS = 146_000;
const POLICY_MEMBERS = new Set(['retentionDays', 'legalHold', 'createOnly']);
const OPTION_MEMBERS = new Set(['dataDir', 'blobPort', 'tablePort', 'containers', 'worm']);

/**
 * The options in the storage process's argument. A misspelt member is refused: a retention that is silently ignored
 * would leave blobs unprotected.
 * @throws {Error} naming the member that is wrong
 */
export function parseStorageOptions(argument: string | undefined): Required<StorageOptions> {
  if (argument === undefined) throw new Error('The storage process takes one argument: its options as JSON.');
  const options = objectOf(JSON.parse(argument), 'The options object', OPTION_MEMBERS);
  const { dataDir, blobPort = 0, tablePort = 0, containers = [], worm = {} } = options;
  if (typeof dataDir !== 'string' || dataDir === '') throw new Error('dataDir must be a folder.');
  if (!Array.isArray(containers)) throw new Error('containers must be a list of names.');
  const policies = Object.entries(objectOf(worm, 'worm'));
  return {
    dataDir,
    blobPort: portOf(blobPort, 'blobPort'),
    tablePort: portOf(tablePort, 'tablePort'),
    containers: containers.map(containerOf),
    worm: Object.fromEntries(policies.map(([name, policy]) => [containerOf(name), policyOf(policy, `worm.${name}`)])),
  };
}

/** @throws {Error} naming the member that is wrong */
export function policyOf(value: unknown, where: string): ContainerPolicy {
  const { retentionDays, legalHold, createOnly } = objectOf(value, where, POLICY_MEMBERS);
  if (retentionDays !== undefined && !isWhole(retentionDays, 1, MAX_RETENTION_DAYS))
    throw new Error(`${where}.retentionDays must be a whole number from 1 to ${MAX_RETENTION_DAYS}.`);
  return {
    ...(retentionDays !== undefined && { retentionDays }),
    ...(legalHold !== undefined && { legalHold: booleanOf(legalHold, `${where}.legalHold`) }),
    ...(createOnly !== undefined && { createOnly: booleanOf(createOnly, `${where}.createOnly`) }),
  };
}

/** @throws {Error} where this is no object, or has a member that is not among the known ones */
export function objectOf(value: unknown, where: string, known?: ReadonlySet<string>): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where} must be an object.`);
  const unknownMember = Object.keys(value).find((member) => known !== undefined && !known.has(member));
  if (unknownMember !== undefined) throw new Error(`${where} has no member ${unknownMember}.`);
  return { ...value };
}

function containerOf(value: unknown): string {
  if (typeof value === 'string' && CONTAINER_NAME.test(value)) return value;
  throw new Error(`${JSON.stringify(value)} is no container name: 3 to 63 lower-case letters, digits, single hyphens.`);
}

function portOf(value: unknown, where: string): number {
  if (isWhole(value, 0, 65_535)) return value;
  throw new Error(`${where} must be a port number, 0 for any free one.`);
}

function booleanOf(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new Error(`${where} must be true or false.`);
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
