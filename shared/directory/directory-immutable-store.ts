import { mkdirSync } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { StoreError } from '../errors.ts';
import { checkBlobName, checkBlobPrefix } from '../seal/blob-name.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { WORK_FOLDER, createFile, readRegularFile } from './durable-file.ts';
import { toFileError } from './file-error.ts';
import { namesIn } from './folder-names.ts';

/** Readable to all who may enter the folder; writable to nobody, so that no slip of an editor changes what is kept. */
const MODE = 0o444;

export interface DirectoryStoreOptions {
  /** Refuses to create anything, the folder itself included. */
  readonly readOnly?: boolean;
}

/**
 * ImmutableStore in a folder: a blob is a file, the slashes of its name are folders. For exports, tests and benches; what
 * protects the files is the file system alone. Symbolic links, sockets and pipes are listed, and never followed or read.
 */
export class DirectoryImmutableStore implements ImmutableStore {
  readonly #root: string;
  readonly #isReadOnly: boolean;

  /** Makes the folder, unless it is only to be read: then a missing one is an error of each call. Throws StoreError. */
  constructor(root: string, options: DirectoryStoreOptions = {}) {
    this.#root = root;
    this.#isReadOnly = options.readOnly === true;
    if (this.#isReadOnly) return;
    try {
      mkdirSync(root, { recursive: true });
    } catch (error) {
      throw toFileError(error, `Making ${root}`);
    }
  }

  async create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    const path = this.#pathOf(name);
    if (this.#isReadOnly)
      throw new StoreError('forbidden', `Creating ${name} failed: ${this.#root} is opened to be read.`);
    try {
      return (await createFile(this.#root, path, bytes, MODE)) ? 'created' : 'exists';
    } catch (error) {
      throw toFileError(error, `Creating ${name} in ${this.#root}`);
    }
  }

  async read(name: string, limit?: number): Promise<Buffer | undefined> {
    const path = this.#pathOf(name);
    try {
      return (await this.#isWithin(name)) ? await readRegularFile(path, limit) : undefined;
    } catch (error) {
      throw toFileError(error, `Reading ${name} in ${this.#root}`);
    }
  }

  async exists(name: string): Promise<boolean> {
    const path = this.#pathOf(name);
    try {
      return (await this.#isWithin(name)) && (await lstat(path)).isFile();
    } catch (error) {
      if (isAbsent(error)) return false;
      throw toFileError(error, `Looking for ${name} in ${this.#root}`);
    }
  }

  async *list(prefix: string): AsyncGenerator<{ name: string; size: number }> {
    yield* this.#walk(folderOf(checkBlobPrefix(prefix)), prefix);
  }

  async *listPrefixes(prefix: string): AsyncGenerator<string> {
    checkBlobPrefix(prefix);
    for (const entry of await this.#entries(folderOf(prefix))) {
      if (entry.endsWith('/') && entry.startsWith(prefix) && (await this.#holdsBlobs(entry))) yield entry;
    }
  }

  /** Blob storage knows no empty folders. */
  async #holdsBlobs(folder: string): Promise<boolean> {
    for await (const _ of this.#walk(folder, folder)) return true;
    return false;
  }

  async *#walk(folder: string, prefix: string): AsyncGenerator<{ name: string; size: number }> {
    for (const entry of await this.#entries(folder)) {
      const isOnTheWay = entry.startsWith(prefix) || (entry.endsWith('/') && prefix.startsWith(entry));
      if (!isOnTheWay) continue;
      if (entry.endsWith('/')) yield* this.#walk(entry, prefix);
      else yield { name: entry, size: await this.#sizeOf(entry) };
    }
  }

  /** Names below a folder, folders with a slash at the end, in the order of the bytes of what they hold. */
  async #entries(folder: string): Promise<string[]> {
    let found;
    try {
      if (!(await this.#isWithin(`${folder}x`))) return [];
      found = await readdir(join(this.#root, folder), { withFileTypes: true });
    } catch (error) {
      if (isAbsent(error)) return [];
      throw toFileError(error, `Listing ${folder} in ${this.#root}`);
    }
    return namesIn(folder, found);
  }

  async #sizeOf(name: string): Promise<number> {
    try {
      return (await lstat(join(this.#root, name))).size;
    } catch (error) {
      // Its name is not UTF-8, so this is not quite it; no more can it be read.
      if (isAbsent(error)) return 0;
      throw toFileError(error, `Listing ${name} in ${this.#root}`);
    }
  }

  #pathOf(name: string): string {
    checkBlobName(name);
    if (name.split('/')[0] === WORK_FOLDER) {
      throw new StoreError(
        'forbidden',
        `"${name}" cannot be the name of a blob in a folder: files are prepared there.`,
      );
    }
    return join(this.#root, name);
  }

  /** False where a symbolic link on the way leads out of the folder, or the way ends. */
  async #isWithin(name: string): Promise<boolean> {
    const root = await realpath(this.#root).catch((error: unknown) => {
      // Unlike a folder below it, it must be there: else a log that is lost would look like one that has not begun.
      throw toFileError(error, `Opening ${this.#root}`);
    });
    const parent = folderOf(name);
    if (parent === '') return true;
    try {
      return (await realpath(join(this.#root, parent))) === join(root, parent.slice(0, -1).replaceAll('/', sep));
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }
}

/** Up to the last slash; '' where there is none. */
function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}

function isAbsent(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}
