import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionSummary } from '../../local/functions-host/host.ts';

const MAIN = join(import.meta.dirname, '../../local/functions-host/main.ts');
const FIXTURES = join(import.meta.dirname, '../fixtures/functions');

export interface HostProcess {
  readonly url: string;
  readonly port: number;
  readonly functions: readonly FunctionSummary[];
  readonly process: ChildProcess;
  /** Everything on standard output so far. */
  stdout(): string;
  /** The log's entries so far. */
  logs(): readonly LogLine[];
  /** What the fixtures recorded so far. */
  seen<T>(): Promise<T[]>;
  /** Sends SIGTERM, and gives the exit code. */
  stop(): Promise<number | null>;
  exited: Promise<number | null>;
}

export interface LogLine {
  readonly level: string;
  readonly category: string;
  readonly message: string;
  readonly invocationId?: string;
}

export interface HostProcessOptions {
  /** Names of fixtures, or absolute paths. */
  readonly entryPoints: readonly string[];
  readonly hostJson?: object;
  readonly settings?: Readonly<Record<string, string>>;
  readonly hostKey?: string;
  readonly limits?: object;
  readonly reclaimAfter?: number;
  /** Kept by whoever gives it; otherwise a folder that goes with the host. */
  readonly dataDir?: string;
}

/** Starts the host as the embedded stack does. Rejects, with the log, where it ends before it is ready. */
export async function startHostProcess(options: HostProcessOptions): Promise<HostProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'functions-host-'));
  const hostJson = join(folder, 'host.json');
  await writeFile(hostJson, JSON.stringify({ version: '2.0', ...options.hostJson }));
  const argument = {
    app: 'test',
    entryPoints: options.entryPoints.map((name) => (name.startsWith('/') ? name : join(FIXTURES, `${name}.ts`))),
    hostJson,
    port: 0,
    dataDir: options.dataDir ?? join(folder, 'data'),
    hostKey: options.hostKey,
    limits: options.limits,
    reclaimAfter: options.reclaimAfter,
  };
  const child = spawn(process.execPath, [MAIN, JSON.stringify(argument)], {
    env: { PATH: process.env['PATH'], ...options.settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // Not the child's own `close`, which does not come where the parent has disconnected.
  const closed = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'));
  const exited = Promise.all([once(child, 'exit'), ...closed]).then(async ([[code]]) => {
    await rm(folder, { recursive: true, force: true });
    return code as number | null;
  });
  const ready = await Promise.race([readyLine(child, () => stdout), exited.then(() => undefined)]);
  if (ready === undefined) throw new Error(`the host ended: ${stderr}`);

  const { port, functions } = ready;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    functions,
    process: child,
    exited,
    stdout: () => stdout,
    logs: () =>
      stderr
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LogLine),
    seen: async <T>() => (await (await fetch(`${url}/api/seen`)).json()) as T[],
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

interface Ready {
  readonly port: number;
  readonly functions: readonly FunctionSummary[];
}

async function readyLine(child: ChildProcess, stdout: () => string): Promise<Ready> {
  while (!stdout().includes('\n')) await once(child.stdout ?? child, 'data');
  return JSON.parse(stdout().split('\n')[0] ?? '') as Ready;
}
