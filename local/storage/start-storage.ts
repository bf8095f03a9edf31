import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import type { Fault } from './request-gate.ts';
import type { StorageCommand, StorageOptions, StorageReady, StorageReply, StorageRequest } from './storage-options.ts';

/** A running storage process. Killing it (SIGKILL) loses what it took in its last five seconds; stop it instead. */
export interface StorageProcess {
  readonly blobPort: number;
  readonly tablePort: number;
  /** For `fromConnectionString` of both SDKs; the table clients also need `allowInsecureConnection: true`. */
  readonly connectionString: string;
  readonly pid: number;
  /** Its exit code, null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Kept over restarts. */
  setLegalHold(container: string, on: boolean): Promise<void>;
  setCreateOnly(container: string, on: boolean): Promise<void>;
  /** Moves the clock that retention is counted by, in milliseconds against the real one. */
  setClockOffset(milliseconds: number): Promise<void>;
  setFault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  /** Faults that have not happened yet: a test that counts on one checks that this is 0 in the end. */
  countFaults(): Promise<number>;
  /** Ends it with everything saved. Doing so again, or when it has ended by itself, does nothing. */
  stop(): Promise<void>;
}

// Milliseconds, longer than the process itself takes to give up saving.
const STOP_PATIENCE = 75_000;

/**
 * Starts Azurite's blobs and tables, with the WORM guard, in a child process on 127.0.0.1, and resolves when both
 * answer. The same data folder goes on where it stopped, and is locked: a second process waits for the first to end.
 * @throws {Error} with what the child said, where it does not come up: a bad option, a taken port or folder
 */
export async function startStorage(options: StorageOptions): Promise<StorageProcess> {
  const entry = join(import.meta.dirname, `main${extname(import.meta.filename)}`);
  const child = fork(entry, [JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    execArgv: [],
  });
  const exited = once(child, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : null));
  const { ready, pid } = await whenReady(child, exited);
  const tell = teller(child, exited);
  return {
    blobPort: ready.blobPort,
    tablePort: ready.tablePort,
    connectionString: ready.connectionString,
    pid,
    exited,
    setLegalHold: async (container, on) => void (await tell({ kind: 'setLegalHold', container, on })),
    setCreateOnly: async (container, on) => void (await tell({ kind: 'setCreateOnly', container, on })),
    setClockOffset: async (milliseconds) => void (await tell({ kind: 'setClockOffset', milliseconds })),
    setFault: async (fault) => void (await tell({ kind: 'setFault', fault })),
    clearFaults: async () => void (await tell({ kind: 'clearFaults' })),
    countFaults: async () => await tell({ kind: 'countFaults' }),
    stop: async () => await stop(child, exited, tell),
  };
}

async function whenReady(
  child: ChildProcess,
  exited: Promise<number | null>,
): Promise<{ ready: StorageReady; pid: number }> {
  const { stdout, stderr, pid } = child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error('The storage process was not started.');
  let complaint = '';
  let isReady = false;
  stderr.setEncoding('utf8').on('data', (text: string) => {
    if (isReady) process.stderr.write(text);
    else complaint += text;
  });
  let output = '';
  const line = new Promise<string>((resolve) => {
    stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const end = output.indexOf('\n');
      if (end >= 0) resolve(output.slice(0, end));
    });
  });
  const failed = Promise.all([exited, once(stderr, 'end')]).then(([code]) => {
    throw new Error(`The storage process ended with ${code ?? 'a signal'} before it was ready. ${complaint}`.trim());
  });
  const ready = JSON.parse(await Promise.race([line, failed])) as StorageReady;
  isReady = true;
  failed.catch(() => undefined);
  return { ready, pid };
}

type Tell = (command: StorageCommand) => Promise<number>;

function teller(child: ChildProcess, exited: Promise<number | null>): Tell {
  const waiting = new Map<number, (reply: StorageReply) => void>();
  let lastId = 0;
  child.on('message', (reply: StorageReply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  return async (command) => {
    lastId += 1;
    const request: StorageRequest = { id: lastId, command };
    const answered = new Promise<StorageReply>((resolve, reject) => {
      waiting.set(request.id, resolve);
      child.send(request, (error) => {
        if (error !== null) reject(new Error(`The storage process cannot be told ${command.kind}.`, { cause: error }));
      });
    });
    const gone = exited.then((code) => {
      throw new Error(`The storage process ended with ${code ?? 'a signal'} before it answered ${command.kind}.`);
    });
    const reply = await Promise.race([answered, gone]);
    if (reply.kind === 'failed') throw new Error(`The storage process failed at ${command.kind}: ${reply.message}`);
    return reply.count;
  };
}

async function stop(child: ChildProcess, exited: Promise<number | null>, tell: Tell): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // By message, not by signal: on Windows a signal ends a process before it can save.
  void tell({ kind: 'stop' }).catch(() => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE);
  const code = await exited;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`The storage process ended with ${code ?? 'a signal'}: its last writes may be lost.`);
}
