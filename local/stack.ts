import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';

import { z } from 'zod';

import { loadHistory } from '../shared/authorize/history.ts';
import { BlobImmutableStore } from '../shared/azure/blob-immutable-store.ts';
import { openContainer } from '../shared/azure/storage-clients.ts';
import { HUBS } from '../shared/config.ts';
import type { App } from '../shared/config.ts';
import { FileSigner, createFileKey } from '../shared/directory/file-signer.ts';
import { SealError, SettingsError } from '../shared/errors.ts';
import type { ImmutableStore } from '../shared/seal/immutable-store.ts';
import { parseKeyBlob } from '../shared/wire/log-name.ts';
import { formatPublicKey } from '../shared/wire/signed-note.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { MEMORY_FILE, prepareDataFolder } from './data-folder.ts';
import { isLocked } from './data-lock.ts';
import { startFrontDoor } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import type { FunctionSummary } from './functions-host/host.ts';
import { AUDIENCE as LOGS_AUDIENCE, startLogAnalytics } from './log-analytics/log-analytics.ts';
import type { LogAnalytics } from './log-analytics/log-analytics.ts';
import { Problems } from './problems.ts';
import { readStackFile, stackFilePath } from './stack-file.ts';
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
  /** Is told, in a line, what goes wrong while the stack runs and nobody is answered: that a partition is not sealed. */
  readonly onProblem?: ((line: string) => void) | undefined;
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
/** Of the Log Analytics stand-in. */
const WORKSPACE = '5f3c1c9e-2b7a-4a1c-9a53-1f6f1d0f7a11';
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
  #logs: LogAnalytics | undefined;
  /** Of the apps, for the Log Analytics stand-in. */
  #logsToken = '';
  #frontDoor: FrontDoor | undefined;
  #publicKeyFile = '';
  #file: StackFile | undefined;
  #stopped: Promise<void> | undefined;
  readonly #problems: Problems;

  constructor(options: StackOptions) {
    this.#options = options;
    this.#dataDir = resolve(options.dataDir);
    this.#problems = new Problems(options.onProblem ?? (() => undefined));
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
    await this.#refuseSecond();
    // The sealer reads it with its first batch only: until somebody looked into its log, all would seem well.
    await checkConfiguration(this.#configuration());
    prepareDataFolder(this.#dataDir);
    // First, for its lock tells whether another stack runs on this folder: until then nothing in it is touched.
    await this.#startStorage();
    await rm(stackFilePath(this.#dataDir), { force: true });
    this.#memory = await recall(this.#dataDir);
    this.#publicKeyFile = await ensureKey(this.#dataDir, openTrail(this.storage.connectionString));
    this.#issuer = await startTokenIssuer({ dataDir: join(this.#dataDir, 'issuer') });
    await this.#startLogs(this.#issuer);
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

  /** The lock would tell as well, after it has waited for a predecessor that is still saving. */
  async #refuseSecond(): Promise<void> {
    const running = await readStackFile(this.#dataDir).catch(() => undefined);
    if (running === undefined || !(await isLocked(join(this.#dataDir, 'storage')))) return;
    throw new Error(`A stack already runs on ${this.#options.dataDir}/ (pid ${running.pid}, ${running.api}).`);
  }

  /** Against the flow: who takes requests first, and who keeps what they wrote last. */
  async #stopAll(): Promise<void> {
    for (const part of ['storage', 'hubs', ...APPS] as const) this.#ending.add(part);
    if (this.#file !== undefined) await rm(stackFilePath(this.#dataDir), { force: true });
    await this.#frontDoor?.stop();
    await Promise.all([...this.#hosts.values()].map((host) => host.stop()));
    await this.#hubs?.stop();
    await this.#logs?.stop();
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
    this.#watch('storage', storage.exited, () => 'see above');
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

  async #startLogs(tokens: TokenIssuer): Promise<void> {
    const { issuer, jwksUri } = tokens;
    const options = { dataDir: join(this.#dataDir, 'log-analytics'), workspace: WORKSPACE, issuer, jwksUri };
    this.#logs = await startLogAnalytics(options);
    // In Azure the identity of the app gets a new one every day; this one lasts as long as a stack may run.
    const now = Math.floor(Date.now() / 1_000);
    this.#logsToken = await tokens.sign({
      iss: issuer,
      aud: LOGS_AUDIENCE,
      iat: now,
      nbf: now,
      exp: now + 10 * 365 * 86_400,
    });
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
    const child = await startChild<Ready>(part, main, options, environment, log, (line) => {
      if (!this.#ending.has(part)) this.#problems.take(line, log);
    });
    this.#watch(part, child.exited, () => (child.lastWords() === '' ? '' : `${child.lastWords()} (${log})`));
    return child;
  }

  #watch(part: Part, exited: Promise<number | null>, lastWords: () => string): void {
    const tell = async (): Promise<void> => {
      const code = await exited;
      if (this.#ending.has(part)) return;
      const words = lastWords();
      this.#whenBroken.resolve(
        code === null || words === ''
          ? `The part "${part}" was ended from outside, or ended without a word: start again with npm start.`
          : `The part "${part}" ended with ${code}: ${words}`,
      );
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
    const logs = started(this.#logs);
    return {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AzureWebJobsStorage: storage,
      EventHubs: this.#hubsConnection(),
      SpillStorage: storage,
      TrailStorage: storage,
      IndexStorage: storage,
      LogAnalytics__workspaceId: WORKSPACE,
      LogAnalytics__endpoint: logs.endpoint,
      LogAnalytics__certificate: logs.certificate,
      LogAnalytics__accessToken: this.#logsToken,
      // Rows are there at once, and somebody waits.
      INDELIBLE_SETTLING_SECONDS: '0',
      INDELIBLE_GITHUB_SECRET: started(this.#memory).githubSecret,
      INDELIBLE_AZURE_DEVOPS_PASSWORD: started(this.#memory).azureDevopsPassword,
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
      logsAdmin: started(this.#logs).admin,
      issuer: `http://127.0.0.1:${issuer.port}`,
      audience: AUDIENCE,
      githubSecret: started(this.#memory).githubSecret,
      azureDevopsPassword: started(this.#memory).azureDevopsPassword,
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
const memorySchema = z.object({ githubSecret: z.string(), azureDevopsPassword: z.string(), hubsPort: z.number() });
type Memory = z.output<typeof memorySchema>;

function memoryPath(dataDir: string): string {
  return join(dataDir, MEMORY_FILE);
}

async function recall(dataDir: string): Promise<Memory> {
  const path = memoryPath(dataDir);
  if (existsSync(path)) return memorySchema.parse(JSON.parse(await readFile(path, 'utf8')));
  const secret = () => randomBytes(24).toString('base64url');
  const memory = { githubSecret: secret(), azureDevopsPassword: secret(), hubsPort: 0 };
  await writePrivate(path, memory);
  return memory;
}

/** Throws SettingsError that names the folder. */
async function checkConfiguration(folder: string): Promise<void> {
  try {
    await loadHistory(folder);
  } catch (cause) {
    if (!(cause instanceof SettingsError)) throw cause;
    throw new SettingsError(`the configuration in ${folder} cannot be used: ${cause.message}`, { cause });
  }
}

function openTrail(connectionString: string): ImmutableStore {
  return new BlobImmutableStore(openContainer({ name: 'the local stack', connectionString }, 'trail'));
}

/**
 * The signing key, made at the first start; gives the file of its public half. Throws Error where there is a trail already, and
 * not the key that goes on with it: a new one would stop each log, or begin new ones, without a word.
 */
async function ensureKey(dataDir: string, trail: ImmutableStore): Promise<string> {
  const keys = join(dataDir, 'keys');
  const file = join(dataDir, 'public-key.pem');
  const hasKey = existsSync(keys) && readdirSync(keys).some((name) => name.endsWith('.pem'));
  const signer = hasKey ? new FileSigner(keys) : undefined;
  if ((await hasSegments(trail)) && !(await hasKeyOf(trail, signer))) {
    throw new Error(
      `${dataDir} holds a trail, and not the key that signed it: put it back into ${keys}/, or start a new trail in another folder.`,
    );
  }
  // A crash between the two writes leaves a key without its public file: the key is kept.
  if (signer !== undefined && existsSync(file)) return file;
  await writeFile(file, formatPublicKey(await (signer?.newest() ?? createFileKey(keys))));
  return file;
}

async function hasSegments(trail: ImmutableStore): Promise<boolean> {
  for await (const _ of trail.list('segments/')) return true;
  return false;
}

/** Whether one of the keys that a trail carries can sign here. */
async function hasKeyOf(trail: ImmutableStore, signer: FileSigner | undefined): Promise<boolean> {
  if (signer === undefined) return false;
  for await (const { name } of trail.list('keys/')) {
    const sha256 = parseKeyBlob(name);
    if (sha256 === undefined) continue;
    const isThere = await signer.publicKey(sha256).then(
      () => true,
      (error: unknown) => {
        if (error instanceof SealError) return false;
        throw error;
      },
    );
    if (isThere) return true;
  }
  return false;
}

/** In one step, so that no reader sees half of it, and for the owner alone: it holds local secrets. */
async function writePrivate(path: string, content: unknown): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
