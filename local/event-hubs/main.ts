import { mkdirSync } from 'node:fs';

import { z } from 'zod';

import { lockCurrentFolder } from '../data-lock.ts';
import { startAdmin } from './admin-http.ts';
import { hubDeclaration } from './hub.ts';
import { startEventHubs } from './server.ts';

/**
 * The stand-in as a process of its own, so that a test can kill it:
 *
 *     node local/event-hubs/main.ts '{"dataDir":"…","port":0,"hubs":[{"name":"web","partitions":4}]}'
 *
 * One line on standard output says that it is ready: {"ready":true,"port":…,"admin":…}, the AMQP port and that of the admin HTTP
 * server (admin-http.ts). SIGTERM stops it cleanly; so does the end of a parent that forked it. Exits 2 where it cannot start.
 */
const options = z.strictObject({
  dataDir: z.string().min(1),
  port: z.int().min(0).max(65_535).optional(),
  hubs: z.array(hubDeclaration),
});

const log = (line: string): void => {
  process.stderr.write(`event-hubs: ${line}\n`);
};

// Milliseconds: a predecessor ends the writes under way.
const LOCK_PATIENCE = 15_000;

try {
  const { dataDir, ...rest } = options.parse(JSON.parse(process.argv[2] ?? '{}'));
  mkdirSync(dataDir, { recursive: true });
  process.chdir(dataDir);
  const lock = await lockCurrentFolder(LOCK_PATIENCE);
  process.on('exit', () => lock.close());
  const hubs = await startEventHubs({ ...rest, dataDir: process.cwd(), log });
  const admin = await startAdmin(hubs);
  const stop = async (): Promise<void> => {
    await Promise.all([hubs.stop(), admin.stop()]);
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('disconnect', () => void stop());
  process.stdout.write(`${JSON.stringify({ ready: true, port: hubs.port, admin: admin.port })}\n`);
} catch (error) {
  log(error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error));
  process.exit(2);
}
