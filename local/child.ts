import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A part of the stack that runs in a process of its own and said, in one line, that it is ready. */
export interface Child<Ready> {
  readonly name: string;
  readonly ready: Ready;
  readonly process: ChildProcess;
  /** Resolves with the exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
  /** What it printed last on standard error; empty where it printed nothing. */
  lastWords(): string;
  /** Ends it in an orderly way; SIGKILL after `patience` milliseconds. */
  stop(patience?: number): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

/**
 * Starts `file` with its options as JSON in the first argument, and waits for its ready line. What it prints on standard
 * error goes to `logFile`, and line by line to `onLine`. Throws, with what it printed, where it ends before it is ready.
 */
export async function startChild<Ready>(
  name: string,
  file: string,
  options: unknown,
  environment: Readonly<Record<string, string>>,
  logFile: string,
  onLine: (line: string) => void = () => undefined,
): Promise<Child<Ready>> {
  const child = fork(file, [JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...inherited(), ...environment },
    execArgv: [],
    // A group of its own: Ctrl-C reaches the stack's main process alone, which stops its parts in order.
    detached: true,
  });
  const exited = once(child, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : null));
  const log = createWriteStream(logFile, { flags: 'a' });
  let complaint = '';
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', onLine);
  child.stderr?.on('data', (chunk: Buffer) => {
    log.write(chunk);
    complaint = (complaint + chunk.toString()).slice(-4_000);
  });
  const ready = await new Promise<Ready>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} was not ready in time. ${complaint}`)), READY_TIMEOUT_MS);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const end = output.indexOf('\n');
      if (end === -1) return;
      clearTimeout(timer);
      resolve(JSON.parse(output.slice(0, end)) as Ready);
    });
    void exited.then((code) => {
      clearTimeout(timer);
      return reject(new Error(`${name} ended with ${code ?? 'a signal'} before it was ready. ${complaint}`.trim()));
    });
  });
  return {
    name,
    ready,
    process: child,
    exited,
    lastWords: () => complaint.trim().split('\n').at(-1) ?? '',
    async stop(patience = 15_000) {
      if (child.exitCode === null && child.signalCode === null) {
        const timer = setTimeout(() => child.kill('SIGKILL'), patience);
        child.kill('SIGTERM');
        await exited;
        clearTimeout(timer);
      }
      log.end();
    },
  };
}

/** Children see of our environment only what a process needs: settings are given by name, so that none leaks in. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE'];
  return Object.fromEntries(
    names.flatMap((each) => (process.env[each] === undefined ? [] : [[each, process.env[each]]])),
  );
}
