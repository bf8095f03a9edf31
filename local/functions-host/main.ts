/**
 * The Functions host for one app, as a process of its own:
 *
 *     node local/functions-host/main.ts '{"app":"collect","entryPoints":["/…/github.ts"],"hostJson":"/…/host.json","port":0,"dataDir":"/…"}'
 *
 * The environment holds the app settings. Standard output is one line, {"ready":true,"app":…,"port":…,"functions":[…]};
 * standard error is the log, a JSON line an entry. SIGTERM, SIGINT, or the end of a parent that forked it, stop it: 0.
 * A start that fails, and a rejection that nobody handles, end it with 1.
 */
import { writeSync } from 'node:fs';
import { format } from 'node:util';
import { z } from 'zod';
import { HostError, messageOf } from './host-error.ts';
import { startFunctionsHost } from './host.ts';
import type { FunctionsHost } from './host.ts';
import { createLog } from './log.ts';

const argumentSchema = z.strictObject({
  app: z.string().min(1),
  entryPoints: z.array(z.string()).min(1),
  hostJson: z.string(),
  port: z.number().int().min(0).max(65_535),
  dataDir: z.string(),
  hostKey: z.string().min(1).optional(),
  reclaimAfter: z.number().int().positive().optional(),
  limits: z
    .strictObject({
      maxBodyBytes: z.number().int().positive().optional(),
      headersTimeout: z.number().int().positive().optional(),
      requestTimeout: z.number().int().positive().optional(),
    })
    .optional(),
});

const now = (): Date => new Date();

/**
 * Synchronous: the last lines before an exit are the ones that matter. A reader that is slow must not fail an invocation, and
 * one that is gone must not end the host: a full pipe is waited for, on one that is closed the line is lost.
 */
function writeLog(line: string): void {
  let rest = Buffer.from(line);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

async function main(): Promise<void> {
  const options = parseArguments(process.argv[2]);
  const log = createLog({ app: options.app, levels: {}, now, write: writeLog });
  redirectConsole((level, message) => log({ level, category: 'Console', message }));
  // As in the real worker: what nobody handled ends the process, with all that was in flight.
  process.on('uncaughtException', (error) => {
    log({ level: 'critical', category: 'Host', message: `uncaught: ${error.stack ?? messageOf(error)}` });
    process.exit(1);
  });
  let host: FunctionsHost | undefined;
  const stop = (): void => {
    // A host that has not come up holds nothing that could be lost.
    if (host === undefined) process.exit(0);
    host.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log({ level: 'error', category: 'Host', message: `stopping failed: ${messageOf(error)}` });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  const { limits, ...rest } = options;
  host = await startFunctionsHost({
    ...rest,
    limits: definedOnly(limits ?? {}),
    settings: process.env,
    now,
    writeLog,
  });
  const ready = { ready: true, app: options.app, port: host.port, functions: host.functions };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

function parseArguments(text: string | undefined): z.infer<typeof argumentSchema> {
  let raw: unknown;
  try {
    raw = JSON.parse(text ?? '');
  } catch (error) {
    throw new HostError('options', 'the one argument is JSON: app, entryPoints, hostJson, port, dataDir', {
      cause: error,
    });
  }
  const parsed = argumentSchema.safeParse(raw);
  if (!parsed.success) throw new HostError('options', `the argument cannot be used: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Standard output belongs to the ready line: what an app writes to its console is a log entry. */
function redirectConsole(write: (level: 'debug' | 'information' | 'warning' | 'error', message: string) => void): void {
  const levels = { debug: 'debug', log: 'information', info: 'information', warn: 'warning', error: 'error' } as const;
  for (const [method, level] of Object.entries(levels)) {
    Object.assign(globalThis.console, { [method]: (...parts: unknown[]) => write(level, format(...parts)) });
  }
}

function definedOnly<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

try {
  await main();
} catch (error) {
  writeLog(
    `${JSON.stringify({ time: now().toISOString(), level: 'critical', category: 'Host', message: messageOf(error) })}\n`,
  );
  process.exit(1);
}
