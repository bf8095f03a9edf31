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
}

const CURRENT = 'indelible.yaml';
const PAST = 'indelible.history';

/**
 * Reads `indelible.yaml` and every version before it, `indelible.history/<sha256>.yaml`, named by the hash of its bytes.
 * Throws SettingsError where a version does not parse, is missing, was edited or belongs to no chain, or is in force from
 * an earlier time than the one before it.
 */
export async function loadHistory(folder: string): Promise<History> {
  const bytes = await readIfThere(join(folder, CURRENT));
  if (bytes === undefined) throw new SettingsError(`There is no ${CURRENT} in ${folder}. Every deployment needs one.`);
  const past = await readPast(join(folder, PAST));
  const current = parseConfiguration(bytes, CURRENT);
  const predecessors = followBack(current, past);
  for (const [sha256, version] of past) {
    if (predecessors.has(sha256)) continue;
    throw new SettingsError(
      sha256 === current.sha256
        ? `${fileOf(sha256)} is ${CURRENT} itself, not a version before it. Remove it.`
        : `${fileOf(version.sha256)} is no predecessor of ${CURRENT}. Remove it, or name it in "previous" where it belongs.`,
    );
  }
  return { current, predecessors, isPredecessor: (sha256) => predecessors.has(sha256) };
}

async function readPast(folder: string): Promise<Map<string, Configuration>> {
  const past = new Map<string, Configuration>();
  for (const name of await listIfThere(folder)) {
    const sha256 = /^([0-9a-f]{64})\.yaml$/.exec(name)?.[1];
    if (sha256 === undefined)
      throw new SettingsError(`${PAST}/${name} is not named <sha256>.yaml. Remove or rename it.`);
    const bytes = await readIfThere(join(folder, name));
    if (bytes === undefined) continue;
    const version = parseConfiguration(bytes, `${PAST}/${name}`);
    if (version.sha256 !== sha256) {
      throw new SettingsError(
        `${PAST}/${name} was edited: its bytes hash to ${version.sha256}. Restore it as it was (line endings count); a change is a new version.`,
      );
    }
    past.set(sha256, version);
  }
  return past;
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
