import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, realpathSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { namesIn } from '../directory/folder-names.ts';
import { FormatError, StoreError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { MAX_SEGMENT_BLOB_BYTES } from '../wire/segment.ts';
import { MAX_EVIDENCE_BLOB_BYTES } from './verify-segment.ts';
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
    trail: (name) => readBlob(trail, name, MAX_SEGMENT_BLOB_BYTES),
    evidence: evidence === undefined ? undefined : (name) => readBlob(evidence, name, MAX_EVIDENCE_BLOB_BYTES),
  };
}

export function sourceOfFolders({ trail, evidence }: SourceFolders): SegmentSource {
  const files = new FolderFiles();
  return {
    trail: (name) => files.read(trail, name, MAX_SEGMENT_BLOB_BYTES),
    evidence: evidence === undefined ? undefined : (name) => files.read(evidence, name, MAX_EVIDENCE_BLOB_BYTES),
  };
}

/** A blob that is larger than any of its kind is a finding, and no reason to stop. */
async function readBlob(store: ImmutableStore, name: string, limit: number): Promise<Buffer | undefined> {
  try {
    return await store.read(name, limit);
  } catch (cause) {
    if (!(cause instanceof StoreError && cause.code === 'tooLarge')) throw cause;
    throw new FormatError('frameTooLarge', cause.message, { cause });
  }
}

/**
 * Names of what lies below a folder and begins with `prefix`, in the order of their bytes, as stores list them: but without
 * asking for each one's size, which takes longer than verifying a small segment. A link on the way to `prefix` is named too: it
 * is not followed. Throws StoreError.
 */
export function* listFiles(folder: string, prefix: string, below = ''): Generator<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(folder, below), { withFileTypes: true });
  } catch (cause) {
    throw unreadable(join(folder, below), cause);
  }
  for (const name of namesIn(below, entries)) {
    const isFolder = name.endsWith('/');
    if (!name.startsWith(prefix) && !prefix.startsWith(isFolder ? name : `${name}/`)) continue;
    if (isFolder) yield* listFiles(folder, prefix, name);
    else yield name;
  }
}

/**
 * Synchronous: a read from the page cache takes microseconds, a round through the thread pool some hundred. Names come from
 * listings and from records, where expressions let nothing through that climbs.
 */
class FolderFiles {
  /** Folders that no link leads to. */
  readonly #plain = new Set<string>();

  read(folder: string, name: string, limit: number): Buffer | undefined {
    const root = resolve(folder);
    const path = join(root, name);
    let file: number | undefined;
    try {
      this.#checkWay(root, dirname(path));
      // A link is not a blob; a pipe is not waited for, and then not read.
      file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const status = fstatSync(file);
      if (!status.isFile()) throw noFile();
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
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      // What opening a link, or a socket, is answered with.
      if (code === 'ELOOP' || code === 'ENXIO') throw noFile();
      throw unreadable(path, cause);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #checkWay(root: string, parent: string): void {
    if (this.#plain.has(parent)) return;
    if (realpathSync(parent) !== join(realpathSync(root), parent.slice(root.length))) throw noFile();
    this.#plain.add(parent);
  }
}

function noFile(): FormatError {
  return new FormatError(
    'frame',
    'What lies there is no regular file: links are not followed, sockets and pipes not read.',
  );
}

function unreadable(path: string, cause: unknown): StoreError {
  return new StoreError('unavailable', `${path} cannot be read: ${cause instanceof Error ? cause.message : ''}`, {
    cause,
  });
}
