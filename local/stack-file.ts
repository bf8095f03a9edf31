import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

/**
 * What a running stack tells the command line, in `<data>/stack.json` (mode 0600, for it holds the local secrets): written
 * when everything is ready, removed when it stops.
 */
const stackSchema = z.object({
  /** Of the stack's main process. */
  pid: z.int().positive(),
  /** Base address of the function apps: `http://127.0.0.1:7071`. */
  api: z.string(),
  /** Azurite's connection string; blobs and tables alike. */
  storage: z.string(),
  /** Event Hubs' connection string, of the namespace. */
  hubs: z.string(),
  /** Base address of the hub stand-in's admin service. */
  hubsAdmin: z.string(),
  /** Base address of the token issuer; what its tokens say as `iss` is another. */
  issuer: z.string(),
  audience: z.string(),
  githubSecret: z.string(),
  /** Name of the trail: the first part of every log's name. */
  trail: z.string(),
  /** Folder of the signing keys, and the file with the public key that verifies the trail. */
  keys: z.string(),
  publicKey: z.string(),
});
export type StackFile = z.output<typeof stackSchema>;

export const DEFAULT_DATA_DIR = '.indelible';

export function stackFilePath(dataDir: string): string {
  return join(dataDir, 'stack.json');
}

/** undefined where no stack runs on this data, also where one left its file behind. */
export async function readStackFile(dataDir: string): Promise<StackFile | undefined> {
  try {
    const file = stackSchema.parse(JSON.parse(await readFile(stackFilePath(dataDir), 'utf8')));
    return isAlive(file.pid) ? file : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${stackFilePath(dataDir)} cannot be read: stop the stack and start it again.`, { cause: error });
  }
}

/** A stack that was killed could not remove its file. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Any other, like EPERM, is about a process that is there.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
