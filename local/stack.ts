import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';

import { z } from 'zod';

import { loadHistory } from '../shared/authorize/history.ts';
import { HUBS } from '../shared/config.ts';
import type { App } from '../shared/config.ts';
import { FileSigner, createFileKey } from '../shared/directory/file-signer.ts';
import { formatPublicKey } from '../shared/wire/signed-note.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { startFrontDoor } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import type { FunctionSummary } from './functions-host/host.ts';
import { stackFilePath } from './stack-file.ts';
import type { StackFile } from './stack-file.ts';
import { startStorage } from './storage/start-storage.ts';
import type { StorageProcess } from './storage/start-storage.ts';
import { startTokenIssuer } from './token-issuer/token-issuer.ts';
import type { TokenIssuer } from './token-issuer/token-issuer.ts';

export interface StackOptions {
  /** Holds everything that the stack keeps; made where it is missing. One stack at a time. */
  readonly dataDir: string;
  /** Of the function apps, on 127.0.0.1; 0 for any that is free. All other ports are any that are free. */
  readonly port: number;
  /** Folder with indelible.yaml; the project's sample unless given. */
  readonly configuration?: string | undefined;
  /** App settings beside the stack's own, for every app. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Partitions of each hub, fixed by the first start; 2 unless given. */
  readonly partitions?: number | undefined;
}

const APPS: readonly App[] = ['collect', 'observe', 'decide', 'report', 'seal'];
export type Part = 'storage' | 'hubs' | App;

export interface Stack {
  readonly file: StackFile;
  readonly storage: StorageProcess;
  /** What runs in each app. */
  readonly functions: Readonly<Record<App, readonly FunctionSummary[]>>;
  /** Resolves when a part ended by itself, with a sentence that says so; the stack is of no use then: stop it. */
  readonly broken: Promise<string>;
  /** Stops a part, in an orderly way or (apps and hubs) by SIGKILL, and starts it again. */
  restart(part: Part, how?: 'orderly' | 'kill'): Promise<void>;
  /** Takes nothing new, lets what runs end, saves, and removes `stack.json`. */
  stop(): Promise<void>;
}

const AUDIENCE = 'api://indelible.localhost';
const TRAIL = 'indelible.localhost/local';
/** Days. What a stack on a desk protects is itself: its folder can be deleted. */
const RETENTION_DAYS = 7;
const CONSUMER_GROUPS = ['seal', 'repair'];

// The sources run as they are, and what tsc made of them in dist/ does too.
const EXTENSION = extname(import.meta.filename);
const CODE = resolve(import.meta.dirname, '..');
const ROOT = EXTENSION === '.ts' ? CODE : dirname(CODE);

interface HubsReady {
  readonly port: number;
  readonly admin: number;
}
interface HostReady {
  readonly port: number;
  readonly functions: readonly FunctionSummary[];
}

/**
 * Starts the whole stack: storage, hubs, token issuer, and a Functions host for each app, each in a process of its own.
 * Resolves when webhooks can be sent. The same folder goes on where it stopped. Throws SettingsError where the configuration
 * cannot be used, and Error with what the part said that did not come up; nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stack = new LocalStack(options);
  try {
    await stack.start();
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

class LocalStack implements Stack {
  readonly #options: StackOptions;
  readonly #dataDir: string;
  readonly #hosts = new Map<App, Child<HostReady>>();
  readonly #whenBroken = Promise.withResolvers<string>();
  readonly broken = this.#whenBroken.promise;
  /** Parts that end because we said so. */
  readonly #ending = new Set<Part>();
  #memory: Memory | undefined;
  #storage: StorageProcess | undefined;
  #hubs: Child<HubsReady> | undefined;
  #issuer: TokenIssuer | undefined;
  #frontDoor: FrontDoor | undefined;
  #publicKeyFile = '';
  #file: StackFile | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: StackOptions) {
    this.#options = options;
    this.#dataDir = resolve(options.dataDir);
  }

  get file(): StackFile {
    return started(this.#file);
  }

  get storage(): StorageProcess {
    return started(this.#storage);
  }

  get functions(): Readonly<Record<App, readonly FunctionSummary[]>> {
    return Object.fromEntries([...this.#hosts].map(([app, { ready }]) => [app, ready.functions])) as Record<
      App,
      readonly FunctionSummary[]
    >;
  }

  async start(): Promise<void> {
    // The sealer reads it with its first batch only: until somebody looked into its log, all would seem well.
    await loadHistory(this.#configuration());
    await mkdir(join(this.#dataDir, 'logs'), { recursive: true, mode: 0o700 });
    // First, for its lock tells whether another stack runs on this folder: until then nothing in it is touched.
    await this.#startStorage();
    await rm(stackFilePath(this.#dataDir), { force: true });
    this.#memory = await recall(this.#dataDir);
    this.#publicKeyFile = await ensureKey(this.#dataDir);
    this.#issuer = await startTokenIssuer({ dataDir: join(this.#dataDir, 'issuer') });
    await this.#startHubs();
    await Promise.all(APPS.map((app) => this.#startHost(app)));
    this.#frontDoor = await startFrontDoor(this.#options.port, () =>
      [...this.#hosts.values()].map(({ ready }) => ready),
    );
    await this.#tell();
  }

  async restart(part: Part, how: 'orderly' | 'kill' = 'orderly'): Promise<void> {
    this.#ending.add(part);
    if (part === 'storage') {
      // Azurite saves every few seconds: killed, it would lose what it has acknowledged, which Azure does not.
      if (how === 'kill') throw new Error('The storage cannot be killed without a loss: restart it in an orderly way.');
      await this.storage.stop();
      await this.#startStorage();
    } else {
      const child = part === 'hubs' ? started(this.#hubs) : started(this.#hosts.get(part));
      await (how === 'kill' ? kill(child) : child.stop());
      await (part === 'hubs' ? this.#startHubs() : this.#startHost(part));
    }
    this.#ending.delete(part);
    await this.#tell();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  /** Against the flow: who takes requests first, and who keeps what they wrote last. */
  async #stopAll(): Promise<void> {
    for (const part of ['storage', 'hubs', ...APPS] as const) this.#ending.add(part);
    if (this.#file !== undefined) await rm(stackFilePath(this.#dataDir), { force: true });
    await this.#frontDoor?.stop();
    await Promise.all([...this.#hosts.values()].map((host) => host.stop()));
    await this.#hubs?.stop();
    await this.#issuer?.stop();
    await this.#storage?.stop();
  }

  async #startStorage(): Promise<void> {
    const ports = this.#storage;
    const worm = { retentionDays: RETENTION_DAYS, createOnly: true };
    const storage = await startStorage({
      dataDir: join(this.#dataDir, 'storage'),
      ...(ports === undefined ? {} : { blobPort: ports.blobPort, tablePort: ports.tablePort }),
      containers: ['tiles', 'spill-collect', 'spill-observe', 'spill-decide', 'spill-report'],
      worm: { trail: worm, evidence: worm },
    });
    this.#storage = storage;
    this.#watch('storage', storage.exited, 'the terminal');
  }

  async #startHubs(): Promise<void> {
    const memory = started(this.#memory);
    const { partitions = 2 } = this.#options;
    const start = (port: number) =>
      this.#startChild<HubsReady>('hubs', 'event-hubs', {
        dataDir: join(this.#dataDir, 'hubs'),
        port,
        hubs: HUBS.map((name) => ({ name, partitions, consumerGroups: CONSUMER_GROUPS })),
      });
    // The checkpoints of the Functions host are kept by the namespace's address: the same port finds them again.
    const hubs = await start(memory.hubsPort).catch((error: unknown) => {
      if (memory.hubsPort === 0 || this.#hubs !== undefined || !/EADDRINUSE/.test(String(error))) throw error;
      return start(0);
    });
    this.#hubs = hubs;
    if (memory.hubsPort === hubs.ready.port) return;
    this.#memory = { ...memory, hubsPort: hubs.ready.port };
    await writePrivate(memoryPath(this.#dataDir), this.#memory);
  }

  async #startHost(app: App): Promise<void> {
    const folder = join(CODE, 'functions', app);
    const host = await this.#startChild<HostReady>(
      app,
      'functions-host',
      {
        app,
        entryPoints: readdirSync(folder)
          .filter((file) => extname(file) === EXTENSION)
          .map((file) => join(folder, file)),
        hostJson: join(ROOT, 'host.json'),
        port: 0,
        dataDir: join(this.#dataDir, 'hosts', app),
      },
      this.#settings(),
    );
    this.#hosts.set(app, host);
  }

  async #startChild<Ready>(
    part: Part,
    folder: string,
    options: unknown,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Child<Ready>> {
    const log = join(this.#dataDir, 'logs', `${part}.log`);
    const main = join(CODE, 'local', folder, `main${EXTENSION}`);
    const child = await startChild<Ready>(part, main, options, environment, log);
    this.#watch(part, child.exited, log);
    return child;
  }

  #watch(part: Part, exited: Promise<number | null>, log: string): void {
    const tell = async (): Promise<void> => {
      const code = await exited;
      if (this.#ending.has(part)) return;
      this.#whenBroken.resolve(`The part "${part}" ended with ${code ?? 'a signal'}: its last words are in ${log}.`);
    };
    void tell();
  }

  /** Folder of indelible.yaml. */
  #configuration(): string {
    return resolve(this.#options.configuration ?? join(ROOT, 'local/sample'));
  }

  /** The same for every app: what an app may do is a matter of roles in Azure, and here of nobody. */
  #settings(): Readonly<Record<string, string>> {
    const storage = this.storage.connectionString;
    const issuer = started(this.#issuer);
    return {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AzureWebJobsStorage: storage,
      EventHubs: this.#hubsConnection(),
      SpillStorage: storage,
      TrailStorage: storage,
      IndexStorage: storage,
      INDELIBLE_GITHUB_SECRET: started(this.#memory).githubSecret,
      INDELIBLE_TOKEN_ISSUER: issuer.issuer,
      INDELIBLE_TOKEN_AUDIENCE: AUDIENCE,
      INDELIBLE_TOKEN_JWKS: issuer.jwksUri,
      INDELIBLE_TRAIL: TRAIL,
      INDELIBLE_SIGNING_KEY: join(this.#dataDir, 'keys'),
      INDELIBLE_CONFIGURATION: this.#configuration(),
      // Half a minute is for a bill; on a desk somebody waits.
      AzureFunctionsJobHost__extensions__eventHubs__maxWaitTime: '00:00:01',
      ...this.#options.settings,
    };
  }

  #hubsConnection(): string {
    const { port } = started(this.#hubs).ready;
    return `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true`;
  }

  /** Writes what others need to know of the stack; ports may be others after a restart. */
  async #tell(): Promise<void> {
    this.#file = this.#describe();
    await writePrivate(join(this.#dataDir, 'local.settings.json'), { IsEncrypted: false, Values: this.#settings() });
    await writePrivate(stackFilePath(this.#dataDir), this.#file);
  }

  #describe(): StackFile {
    const issuer = started(this.#issuer);
    return {
      pid: process.pid,
      api: `http://127.0.0.1:${started(this.#frontDoor).port}`,
      storage: this.storage.connectionString,
      hubs: this.#hubsConnection(),
      hubsAdmin: `http://127.0.0.1:${started(this.#hubs).ready.admin}`,
      issuer: `http://127.0.0.1:${issuer.port}`,
      audience: AUDIENCE,
      githubSecret: started(this.#memory).githubSecret,
      trail: TRAIL,
      keys: join(this.#dataDir, 'keys'),
      publicKey: this.#publicKeyFile,
    };
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The stack has not started.');
  return part;
}

async function kill(child: Child<unknown>): Promise<void> {
  child.process.kill('SIGKILL');
  await child.exited;
  await child.stop();
}

/** What must be the same after a restart, and is not the name of a file. */
const memorySchema = z.object({ githubSecret: z.string(), hubsPort: z.number() });
type Memory = z.output<typeof memorySchema>;

function memoryPath(dataDir: string): string {
  return join(dataDir, 'memory.json');
}

async function recall(dataDir: string): Promise<Memory> {
  const path = memoryPath(dataDir);
  if (existsSync(path)) return memorySchema.parse(JSON.parse(await readFile(path, 'utf8')));
  const memory = { githubSecret: randomBytes(24).toString('base64url'), hubsPort: 0 };
  await writePrivate(path, memory);
  return memory;
}

/** The signing key, made at the first start; gives the file of its public half. */
async function ensureKey(dataDir: string): Promise<string> {
  const keys = join(dataDir, 'keys');
  const file = join(dataDir, 'public-key.pem');
  if (existsSync(file)) return file;
  // A crash between the two writes leaves a key without its public file: the key is kept.
  const hasKey = existsSync(keys) && readdirSync(keys).some((name) => name.endsWith('.pem'));
  const publicKey = hasKey ? await new FileSigner(keys).newest() : await createFileKey(keys);
  await writeFile(file, formatPublicKey(publicKey));
  return file;
}

/** In one step, so that no reader sees half of it, and for the owner alone: it holds local secrets. */
async function writePrivate(path: string, content: unknown): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
