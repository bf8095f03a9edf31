import { closeSync, constants, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';

import { FormatError, StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { MAX_EVIDENCE_BLOB_BYTES, MAX_SEGMENT_BLOB_BYTES } from './verify-segment.ts';
import type { SegmentSource } from './verify-segment.ts';

/**
 * Both containers as folders, each blob a file under its name: a worker then reads them itself, which takes a fraction of
 * passing bytes between threads. Plain data, for it goes to workers.
 */
export interface SourceFolders {
  readonly trail: string;
  /** undefined: evidence is not looked at. */
  readonly evidence: string | undefined;
}

export function sourceOfStores(trail: ImmutableStore, evidence: ImmutableStore | undefined): SegmentSource {
  return {
    trail: (name) => trail.read(name),
    evidence: evidence === undefined ? undefined : (name) => evidence.read(name),
  };
}

export function sourceOfFolders({ trail, evidence }: SourceFolders): SegmentSource {
  return {
    trail: (name) => readFile(trail, name, MAX_SEGMENT_BLOB_BYTES),
    evidence: evidence === undefined ? undefined : (name) => readFile(evidence, name, MAX_EVIDENCE_BLOB_BYTES),
  };
}

/**
 * Names of the files below a folder that begin with `prefix`, in the order of their bytes, as stores list them: but without
 * asking for each one's size, which takes longer than verifying a small segment. Throws StoreError.
 */
export function* listFiles(folder: string, prefix: string): Generator<string> {
  let entries: Dirent[];
  const path = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  try {
    entries = readdirSync(join(folder, path), { withFileTypes: true });
  } catch (cause) {
    if (path !== '' && isAbsent(cause)) return;
    throw unreadable(join(folder, path), cause);
  }
  const names = entries
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && !entry.name.startsWith('.'))
    .map((entry) => path + entry.name + (entry.isDirectory() ? '/' : ''))
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    if (name.endsWith('/')) yield* listFiles(folder, name);
    else yield name;
  }
}

/**
 * Synchronous: a read from the page cache takes microseconds, a round through the thread pool some hundred. Names come from
 * listings and from records, where expressions let nothing through that climbs.
 */
function readFile(folder: string, name: string, limit: number): Buffer | undefined {
  const path = join(folder, name);
  let file: number | undefined;
  try {
    // A link is not a blob; a pipe is not waited for, and then not read.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(file);
    if (!status.isFile()) return undefined;
    // What no blob of its kind can be is not read into memory.
    if (status.size > limit) {
      throw new FormatError('frameTooLarge', `The blob has ${status.size} bytes; at most ${limit} are allowed.`);
    }
    const bytes = Buffer.allocUnsafe(status.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, length);
    }
    return bytes.subarray(0, length);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    if (isAbsent(cause)) return undefined;
    throw unreadable(path, cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function isAbsent(cause: unknown): boolean {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

function unreadable(path: string, cause: unknown): StoreError {
  return new StoreError('unavailable', `${path} cannot be read: ${cause instanceof Error ? cause.message : ''}`, {
    cause,
  });
}
