import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

/** A stack listens on this machine alone. Another address in its file would let a file send a reader elsewhere. */
const http = z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}\/?$/, 'is no address of a local stack');
const storage = z
  .string()
  .regex(
    /^DefaultEndpointsProtocol=http;AccountName=([a-z0-9]+);AccountKey=[A-Za-z0-9+/=]+;BlobEndpoint=http:\/\/127\.0\.0\.1:\d{1,5}\/\1;TableEndpoint=http:\/\/127\.0\.0\.1:\d{1,5}\/\1$/,
    'is no storage of a local stack',
  );
const hubs = z.string().regex(/^Endpoint=sb:\/\/127\.0\.0\.1:\d{1,5};[A-Za-z0-9;=]*$/, 'are no hubs of a local stack');

/**
 * What a running stack tells the command line, in `<data>/stack.json` (mode 0600, for it holds the local secrets): written
 * when everything is ready, removed when it stops.
 */
const stackSchema = z.object({
  /** Of the stack's main process. */
  pid: z.int().positive(),
  /** Base address of the function apps: `http://127.0.0.1:7071`. */
  api: http,
  /** Azurite's connection string; blobs and tables alike. */
  storage,
  /** Event Hubs' connection string, of the namespace. */
  hubs,
  /** Base address of the hub stand-in's admin service. */
  hubsAdmin: http,
  /** Base address of the Log Analytics stand-in's admin service: `POST /tables/<table>` takes rows in. */
  logsAdmin: http,
  /** Base address of the token issuer; what its tokens say as `iss` is another. */
  issuer: http,
  audience: z.string(),
  githubSecret: z.string(),
  azureDevopsPassword: z.string(),
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

/** What is wrong with a stack file, in a sentence without its name. */
class StackFileError extends Error {
  override readonly name = 'StackFileError';
}

/**
 * undefined where no stack runs on this data, also where one left its file behind. Believes a file only that nobody else could
 * have written: one that came with a folder could name a storage of its own. Throws Error that says what to do.
 */
export async function readStackFile(dataDir: string): Promise<StackFile | undefined> {
  const path = stackFilePath(dataDir);
  try {
    const text = await readOwn(path);
    if (text === undefined) return undefined;
    const file = stackSchema.parse(JSON.parse(text));
    return isAlive(file.pid) ? file : undefined;
  } catch (cause) {
    const why = cause instanceof StackFileError ? cause.message : 'stop the stack and start it again.';
    throw new Error(`${path} cannot be read: ${why}`, { cause });
  }
}

async function readOwn(path: string): Promise<string | undefined> {
  let file;
  try {
    // A link could lead to the stack of whoever looks, in place of what lies there.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw new StackFileError('it is a link. No stack makes one: remove it.');
    throw error;
  }
  try {
    const { mode, uid } = await file.stat();
    // Windows has neither.
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o077) !== 0)) {
      throw new StackFileError('it is not yours alone (mode 0600), so no stack of yours wrote it: remove it.');
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** A stack that was killed could not remove its file. The process of a stack is its owner's: another one's is none. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
