import { mkdirSync } from 'node:fs';
import { lockCurrentFolder } from '../data-lock.ts';
import { closeAzurite, createAzurite, portOf } from './azurite.ts';
import type { Azurite } from './azurite.ts';
import { RequestGate } from './request-gate.ts';
import { parseStorageOptions } from './storage-options.ts';
import type { StorageCommand, StorageReady, StorageReply, StorageRequest } from './storage-options.ts';
import { guardStore } from './worm-guard.ts';
import { WormPolicies } from './worm-policies.ts';

/**
 * The storage process: Azurite's blobs and tables behind the WORM guard and the request gate. Its argument is
 * `StorageOptions` as JSON, its one line of output `StorageReady`. It ends, with everything saved, on SIGTERM, on
 * `stop`, or when its parent is gone; on SIGINT only without a parent, since Ctrl-C reaches both and the parent's other
 * children may still have something to write.
 */

// Milliseconds. A predecessor saves for as long as its tables are large; a client hangs for as long as it likes.
const LOCK_PATIENCE = 15_000;
const DRAIN_PATIENCE = 5_000;
// A save that threw (a database of more than 512 MiB is more than a string can hold) never calls back: without an end
// of its own the process would hang, and hold the folder.
const SAVE_PATIENCE = 60_000;

async function main(): Promise<void> {
  let stop: Stop = (code) => process.exit(code);
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => process.connected || stop(0));
  process.on('disconnect', () => stop(0));

  const options = parseStorageOptions(process.argv[2]);
  mkdirSync(options.dataDir, { recursive: true });
  // Azurite's default paths are relative: whatever it writes unasked stays in this folder.
  process.chdir(options.dataDir);
  const lock = await lockCurrentFolder(LOCK_PATIENCE);
  process.on('exit', () => lock.close());

  const policies = new WormPolicies('worm.json', options.worm);
  const azurite = createAzurite(options.blobPort, options.tablePort);
  const createContainer = azurite.blob.metadataStore.createContainer.bind(azurite.blob.metadataStore);
  guardStore(azurite.blob.metadataStore, policies, azurite.StorageError);
  const gate = new RequestGate();
  gate.guard('blob', azurite.blob.httpServer);
  gate.guard('table', azurite.table.httpServer);
  await Promise.all([azurite.blob.start(), azurite.table.start()]);
  await ensureContainers(azurite, createContainer, new Set([...options.containers, ...Object.keys(options.worm)]));

  stop = stopper(azurite, gate);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      process.stderr.write(`The local storage stops after an error inside Azurite: ${describe(error)}\n`);
      stop(1);
    });
  process.on('message', (request: StorageRequest) => process.send?.(reply(request, policies, gate, stop)));
  gate.open();
  process.stdout.write(`${JSON.stringify(readyLine(azurite))}\n`);
}

type Stop = (code: number) => void;

function stopper(azurite: Azurite, gate: RequestGate): Stop {
  let isStopping = false;
  return (code) => {
    if (isStopping) return;
    isStopping = true;
    const fail = (error: unknown): void => {
      process.stderr.write(`The local storage could not save everything: ${describe(error)}\n`);
      process.exit(1);
    };
    shutDown(azurite, gate).then(() => process.exit(code), fail);
    setTimeout(fail, SAVE_PATIENCE, 'it took too long.').unref();
  };
}

async function shutDown(azurite: Azurite, gate: RequestGate): Promise<void> {
  // An answer sent after the save would acknowledge what is not on disk.
  await gate.drain(DRAIN_PATIENCE);
  azurite.blob.httpServer.closeAllConnections();
  azurite.table.httpServer.closeAllConnections();
  await closeAzurite(azurite);
}

function reply({ id, command }: StorageRequest, policies: WormPolicies, gate: RequestGate, stop: Stop): StorageReply {
  try {
    return { id, kind: 'done', count: obey(command, policies, gate, stop) };
  } catch (error) {
    return { id, kind: 'failed', message: describe(error) };
  }
}

function obey(command: StorageCommand, policies: WormPolicies, gate: RequestGate, stop: Stop): number {
  switch (command.kind) {
    case 'setLegalHold':
      policies.setLegalHold(command.container, command.on);
      break;
    case 'setCreateOnly':
      policies.setCreateOnly(command.container, command.on);
      break;
    case 'setClockOffset':
      policies.setClockOffset(command.milliseconds);
      break;
    case 'setFault':
      gate.setFault(command.fault);
      break;
    case 'clearFaults':
      gate.clearFaults();
      break;
    case 'countFaults':
      break;
    case 'stop':
      stop(0);
  }
  return gate.countFaults();
}

async function ensureContainers(
  { blob, account, newEtag }: Azurite,
  create: (context: undefined, container: object) => Promise<unknown>,
  names: ReadonlySet<string>,
): Promise<void> {
  for (const name of names) {
    const isThere = await blob.metadataStore.checkContainerExist(undefined, account.name, name).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    const lease = { leaseStatus: 'unlocked', leaseState: 'available' };
    const properties = { etag: newEtag(), lastModified: new Date(), ...lease };
    await create(undefined, { accountName: account.name, name, properties });
  }
}

function readyLine({ blob, table, account }: Azurite): StorageReady {
  const blobPort = portOf(blob);
  const tablePort = portOf(table);
  const connectionString = [
    `DefaultEndpointsProtocol=http;AccountName=${account.name};AccountKey=${account.key}`,
    `BlobEndpoint=http://127.0.0.1:${blobPort}/${account.name}`,
    `TableEndpoint=http://127.0.0.1:${tablePort}/${account.name}`,
  ].join(';');
  return { ready: true, blobPort, tablePort, connectionString };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`The local storage did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
