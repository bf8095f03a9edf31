import type { Dirent } from 'node:fs';

import { WORK_FOLDER } from './durable-file.ts';

/** What a creator that was stopped left half-written. */
const WORK_FILE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Names of what lies in a folder (itself named with a slash at its end, or ''), folders with a slash at their end, in the order
 * of the bytes of the names that they hold. Links, sockets and pipes are named like files, dot files like all others: nobody
 * reads them, but left out they would hide from a verifier what other programs show.
 */
export function namesIn(folder: string, entries: readonly Dirent[]): string[] {
  return entries
    .filter((entry) => !(folder === `${WORK_FOLDER}/` && entry.isFile() && WORK_FILE.test(entry.name)))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
