import { hash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { SealError, SettingsError } from '../errors.ts';
import type { Seal } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { parseConfiguration } from './configuration.ts';
import type { Configuration } from './configuration.ts';

/** The version that this process runs, and all that led to it. */
export interface History {
  readonly current: Configuration;
  /** By hash, newest first. */
  readonly predecessors: ReadonlyMap<string, Configuration>;
  /** True for a version that the current one follows, directly or not; false for the current one. */
  readonly isPredecessor: (sha256: string) => boolean;
  /** The commit that the current version came from, where the package names it: 40 or 64 hex digits. */
  readonly commit: string | undefined;
}

const CURRENT = 'indelible.yaml';
const PAST = 'indelible.history';
/** Written by `npm run package`, beside indelible.yaml: a repository is not deployed with it. */
export const COMMIT_FILE = 'indelible.commit';

/**
 * Reads `indelible.yaml` and every version before it, `indelible.history/<sha256>.yaml`, named by the hash of its bytes.
 * Throws SettingsError where a version does not parse (with the faults of all that do not), is missing, was edited or
 * belongs to no chain, or is in force from an earlier time than the one before it.
 */
export async function loadHistory(folder: string): Promise<History> {
  const bytes = await readIfThere(join(folder, CURRENT));
  if (bytes === undefined) throw new SettingsError(`There is no ${CURRENT} in ${folder}. Every deployment needs one.`);
  const faults: string[] = [];
  const current = parseOrTell(bytes, CURRENT, faults);
  const past = await readPast(join(folder, PAST), faults);
  if (faults.length > 0 || current === undefined) throw new SettingsError(faults.join('\n'));
  const predecessors = followBack(current, past);
  for (const [sha256, version] of past) {
    if (predecessors.has(sha256)) continue;
    throw new SettingsError(
      sha256 === current.sha256
        ? `${fileOf(sha256)} is ${CURRENT} itself, not a version before it. Remove it.`
        : `${fileOf(version.sha256)} is no predecessor of ${CURRENT}. Remove it, or name it in "previous" where it belongs.`,
    );
  }
  const commit = await readCommit(join(folder, COMMIT_FILE));
  return { current, predecessors, isPredecessor: (sha256) => predecessors.has(sha256), commit };
}

/** The version of that hash, of those that lead to the current one and itself. */
export function versionOf(
  { current, predecessors }: Pick<History, 'current' | 'predecessors'>,
  sha256: string | undefined,
): Configuration | undefined {
  if (sha256 === undefined || sha256 === current.sha256) return sha256 === undefined ? undefined : current;
  return predecessors.get(sha256);
}

/** Adds to `faults` what is wrong with the files, and leaves those out. */
async function readPast(folder: string, faults: string[]): Promise<Map<string, Configuration>> {
  const past = new Map<string, Configuration>();
  for (const name of await listIfThere(folder)) {
    const file = `${PAST}/${name}`;
    const sha256 = /^([0-9a-f]{64})\.yaml$/.exec(name)?.[1];
    if (sha256 === undefined) {
      faults.push(`${file} is not named <sha256>.yaml. Remove or rename it.`);
      continue;
    }
    const bytes = await readIfThere(join(folder, name));
    if (bytes === undefined) continue;
    const actual = hash('sha256', bytes, 'hex');
    if (actual !== sha256) {
      faults.push(
        `${file} was edited: its bytes hash to ${actual}. Restore it as it was (line endings count); a change is a new version.`,
      );
      continue;
    }
    const version = parseOrTell(bytes, file, faults);
    if (version !== undefined) past.set(sha256, version);
  }
  return past;
}

function parseOrTell(bytes: Buffer, file: string, faults: string[]): Configuration | undefined {
  try {
    return parseConfiguration(bytes, file);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    faults.push(error.message);
    return undefined;
  }
}

async function readCommit(file: string): Promise<string | undefined> {
  const commit = (await readIfThere(file))?.toString('latin1').trim();
  if (commit === undefined || /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return commit;
  throw new SettingsError(
    `${file} holds no commit: it must be 40 or 64 lower-case hex digits, as npm run package writes it.`,
  );
}

/** From the newest to the first. A chain of hashes cannot have a loop. */
function followBack(current: Configuration, past: ReadonlyMap<string, Configuration>): Map<string, Configuration> {
  const chain = new Map<string, Configuration>();
  let version = current;
  while (version.previous !== undefined) {
    const before = past.get(version.previous);
    const name = version === current ? CURRENT : fileOf(version.sha256);
    if (before === undefined) {
      throw new SettingsError(
        `${name} names ${version.previous} as the version before, but ${fileOf(version.previous)} is not there. Put it back.`,
      );
    }
    if (version.from < before.from) {
      throw new SettingsError(
        `${name} is in force from ${version.from}, earlier than the version before it (${before.from}). Set "from" to that time or later.`,
      );
    }
    chain.set(before.sha256, before);
    version = before;
  }
  return chain;
}

function fileOf(sha256: string): string {
  return `${PAST}/${sha256}.yaml`;
}

/**
 * What a log that last adopted `lastAdopted` (undefined: none yet) does under this history: adopt the current version, or go
 * on with it. Throws SealError `configurationRolledBack` for any other: a rollback is a new version with the old content.
 */
export function judgeAdoption(history: History, lastAdopted: string | undefined): 'adopt' | 'same' {
  const { current } = history;
  if (lastAdopted === current.sha256) return 'same';
  if (lastAdopted === undefined || history.isPredecessor(lastAdopted)) return 'adopt';
  throw new SealError(
    'configurationRolledBack',
    `The log has adopted configuration ${lastAdopted}, which is not among the predecessors of ${current.sha256}, the one deployed here. Deploy a version whose history holds it; a rollback is a new version with the old content.`,
  );
}

/**
 * Hash of the version in force at a time, by a seal's list of what its log has adopted (oldest first, effective times never
 * fall): the last one effective by then; undefined (unknown) before the first in the list.
 */
export function inForceAt(adopted: Seal['configurations'], time: Timestamp): string | undefined {
  return adopted.findLast(({ effective }) => effective <= time)?.sha256;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new SettingsError(`${path} cannot be read.`, { cause });
  }
}

async function listIfThere(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new SettingsError(`${folder} cannot be read.`, { cause });
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
