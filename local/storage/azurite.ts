import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * The parts of Azurite 3.37 that are used here. It ships no types and promises nothing about its insides, so the
 * version is pinned, and `guardStore` refuses a store whose methods are not the ones it knows.
 */
interface AzuriteServer {
  readonly httpServer: Server;
  start(): Promise<void>;
  close(): Promise<void>;
}

interface LokiDatabase {
  throttledSaveDrain(callback: () => void): void;
}

interface BlobServer extends AzuriteServer {
  readonly metadataStore: BlobMetadataStore;
  readonly extentMetadataStore: { readonly db: LokiDatabase };
  gcManager: { start(): Promise<void>; close(): Promise<void> };
}

interface TableServer extends AzuriteServer {
  readonly metadataStore: { readonly db: LokiDatabase };
}

/** Every change of a blob or a container goes through this, those within a Blob Batch too. */
export interface BlobMetadataStore {
  readonly db: LokiDatabase;
  createContainer(context: undefined, container: object): Promise<unknown>;
  checkContainerExist(context: RequestContext | undefined, account: string, container: string): Promise<void>;
  getBlob(
    context: RequestContext | undefined,
    account: string,
    container: string,
    blob: string,
    snapshot?: string,
  ): Promise<BlobDocument | undefined>;
}

export interface RequestContext {
  readonly contextId?: string;
}

export interface BlobDocument {
  readonly isCommitted: boolean;
  /** A Date, or the text of one when it was read back from disk. */
  readonly properties: { readonly creationTime: Date | string };
}

export type StorageErrorClass = new (status: number, code: string, message: string, requestId: string) => Error;

export interface Azurite {
  readonly blob: BlobServer;
  readonly table: TableServer;
  readonly StorageError: StorageErrorClass;
  /** The emulator's account and key, the same for everybody. */
  readonly account: { readonly name: string; readonly key: string };
  readonly newEtag: () => string;
}

interface Constants {
  readonly EMULATOR_ACCOUNT_NAME: string;
  readonly EMULATOR_ACCOUNT_KEY_STR: string;
}

type ServerClass<T> = new (configuration: unknown) => T;
type ConfigurationClass = new (...values: readonly unknown[]) => unknown;

const HOST = '127.0.0.1';
// Seconds. With Azurite's 5 a client's pooled connection now and then breaks under a request.
const KEEP_ALIVE = 60;

const load = createRequire(import.meta.url);

/** Both services, not started, with everything they write in the current folder. A port of 0 takes any free one. */
export function createAzurite(blobPort: number, tablePort: number): Azurite {
  silenceEnvironment();
  silenceTelemetry();
  const blobConfiguration = new (loadDefault<ConfigurationClass>('blob/BlobConfiguration'))(
    HOST,
    blobPort,
    KEEP_ALIVE,
    'blobs.json',
    'extents.json',
    [{ locationId: 'Default', locationPath: join(process.cwd(), 'extents'), maxConcurrency: 50 }],
    ...quiet(),
  );
  const blob = new (loadDefault<ServerClass<BlobServer>>('blob/BlobServer'))(blobConfiguration);
  // Its collector pages through all blobs by name alone and so misses a blob whose namesake in another container ended
  // a page: it would delete bytes that are still referred to. Without it deleted blobs keep their place on disk.
  blob.gcManager = { start: async () => undefined, close: async () => undefined };
  const tableConfiguration = new (loadDefault<ConfigurationClass>('table/TableConfiguration'))(
    HOST,
    tablePort,
    KEEP_ALIVE,
    'tables.json',
    false,
    ...quiet(),
  );
  const table = new (loadDefault<ServerClass<TableServer>>('table/TableServer'))(tableConfiguration);
  const constants = loadModule<Constants>('blob/utils/constants');
  return {
    blob,
    table,
    StorageError: loadDefault<StorageErrorClass>('blob/errors/StorageError'),
    account: { name: constants.EMULATOR_ACCOUNT_NAME, key: constants.EMULATOR_ACCOUNT_KEY_STR },
    newEtag: loadModule<Pick<Azurite, 'newEtag'>>('common/utils/utils').newEtag,
  };
}

/** The port that a started server listens on. */
export function portOf(server: AzuriteServer): number {
  const address = server.httpServer.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('Azurite listens on no TCP port.');
}

/** Stops both services and waits for what they hold in memory to be on disk. */
export async function closeAzurite({ blob, table }: Azurite): Promise<void> {
  await Promise.all([blob.close(), table.close()]);
  // Closing a database does not wait for a save that its timer has begun; ending the process then would lose it.
  const databases = [blob.metadataStore.db, blob.extentMetadataStore.db, table.metadataStore.db];
  await Promise.all(databases.map(async (db) => await new Promise<void>((done) => db.throttledSaveDrain(done))));
}

/** Access log, its stream, debug log, its file, loose mode, skipApiVersionCheck. */
function quiet(): readonly unknown[] {
  return [false, undefined, false, undefined, false, true];
}

/** Azurite takes accounts and a database from these, and its client for copy sources a proxy. */
function silenceEnvironment(): void {
  const names = ['AZURITE_ACCOUNTS', 'AZURITE_DB', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
  for (const name of [...names, ...names.map((each) => each.toLowerCase())]) Reflect.deleteProperty(process.env, name);
}

/** Nothing can be reported to anybody by a client that is not loaded; it is also two thirds of the loading time. */
function silenceTelemetry(): void {
  const path = createRequire(load.resolve('azurite/package.json')).resolve('applicationinsights');
  const stub: Partial<NodeJS.Module> = { id: path, filename: path, loaded: true, exports: {}, children: [], paths: [] };
  load.cache[path] = stub as NodeJS.Module;
}

// What Azurite's modules export is known here alone: the type parameters are assertions.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as said
function loadDefault<T>(path: string): T {
  return loadModule<{ default: T }>(path).default;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
function loadModule<T>(path: string): T {
  return load(`azurite/dist/src/${path}`) as T;
}
