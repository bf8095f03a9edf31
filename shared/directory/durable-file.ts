import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { StoreError } from '../errors.ts';

/** Files that are written whole or not at all, and outlive a power cut once a call has resolved. */

/** Where files are prepared: beside the data, as a link or a rename cannot leave its file system. */
export const WORK_FOLDER = '.preparing';

/** Writes the bytes under a name of their own in the work folder of `root`, synced. Returns that name. */
async function prepare(root: string, bytes: Uint8Array, mode: number): Promise<string> {
  const folder = join(root, WORK_FOLDER);
  await mkdir(folder, { recursive: true });
  // Not the process id: two containers that share a volume have the same one.
  const path = join(folder, randomUUID());
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await file.close();
  }
  return path;
}

/**
 * Creates a file that is not there; false where one is. Of several creators exactly one gets true, and none sees half a file:
 * link(2) fails where the name exists, unlike rename(2). False, too, only when what is there is durable.
 */
export async function createFile(root: string, path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  const prepared = await prepare(root, bytes, mode);
  try {
    await makeFolder(root, dirname(path));
    await link(prepared, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await lstat(path)).isFile()) return false;
    throw error;
  } finally {
    await unlink(prepared).catch(ignoreAbsent);
    // In the case of false as well: the other creator may have been stopped between its link and its sync.
    await syncFolder(dirname(path)).catch(ignoreAbsent);
  }
}

/** Replaces a file, or makes it, at once. */
export async function replaceFile(root: string, path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const prepared = await prepare(root, bytes, mode);
  await makeFolder(root, dirname(path));
  await rename(prepared, path);
  await syncFolder(dirname(path));
}

const NO_FILE = new Set(['ENOENT', 'ELOOP', 'ENXIO', 'ENAMETOOLONG']);

/**
 * The bytes, or undefined where no regular file has this name: what a symbolic link, a socket, a device or a pipe gives is no
 * blob. Throws StoreError `tooLarge` where there are more than `limit`.
 */
export async function readRegularFile(path: string, limit = Infinity): Promise<Buffer | undefined> {
  let file;
  try {
    // Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (NO_FILE.has(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const status = await file.stat();
    if (!status.isFile()) return undefined;
    if (status.size > limit) {
      throw new StoreError('tooLarge', `${path} has ${status.size} bytes; at most ${limit} are read.`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Folders whose names are known to be durable, up to their root. */
const durableFolders = new Set<string>();

/**
 * Makes a folder below `root` and the folders on the way, each durable in its parent. A folder that is there already may have
 * been made a moment ago by somebody who has not synced it yet, so it is synced once, too.
 */
async function makeFolder(root: string, folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made === undefined && durableFolders.has(folder)) return;
  for (let each = folder; each.length >= root.length; each = dirname(each)) await syncFolder(each);
  durableFolders.add(folder);
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can neither open nor sync a folder.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `ENOENT` and the like; undefined where it is no error of the system. */
export function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function ignoreAbsent(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
