import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join, resolve as resolvePath } from 'node:path';

// Relative to the folder itself, since a socket's path may not exceed some 100 bytes.
const SOCKET = 'process.lock';

/**
 * Makes this process the only one on the current folder, until it ends. A predecessor whose parent was killed is still
 * saving when the successor starts; reading before it is done would lose what it had acknowledged, so its end is waited
 * for. A socket tells a live holder from a crashed one, which a file with a process id cannot.
 * @param patience milliseconds
 * @throws {Error} when the holder does not go in time
 */
export async function lockCurrentFolder(patience: number): Promise<Server> {
  const path = socketPath();
  const giveUp = AbortSignal.timeout(patience);
  for (;;) {
    const server = await listenOn(path);
    if (server !== undefined) return server;
    const holder = await connectTo(path);
    if (holder === undefined) rmSync(path, { force: true });
    else await endOf(holder, giveUp);
    if (giveUp.aborted)
      throw new Error(`${process.cwd()} is in use by another process: stop that one, or take another folder.`);
  }
}

/** Whether a process has the folder now. False, too, where nobody can tell: a path that is too long for a socket. */
export async function isLocked(folder: string): Promise<boolean> {
  const holder = await connectTo(process.platform === 'win32' ? pipeOf(resolvePath(folder)) : join(folder, SOCKET));
  holder?.destroy();
  return holder !== undefined;
}

function socketPath(): string {
  return process.platform === 'win32' ? pipeOf(process.cwd()) : SOCKET;
}

function pipeOf(folder: string): string {
  return `\\\\.\\pipe\\indelible-${createHash('sha256').update(folder).digest('hex')}`;
}

async function listenOn(path: string): Promise<Server | undefined> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

async function connectTo(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  return await new Promise((resolve) => {
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}

async function endOf(holder: Socket, giveUp: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    holder.once('close', () => resolve());
    giveUp.addEventListener('abort', () => holder.destroy(), { once: true });
    if (giveUp.aborted) holder.destroy();
  });
}
