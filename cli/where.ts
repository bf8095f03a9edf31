import { statSync } from 'node:fs';
import { join } from 'node:path';

import { DEFAULT_DATA_DIR, readStackFile } from '../local/stack-file.ts';
import type { StackFile } from '../local/stack-file.ts';
import type { Connection } from '../shared/config.ts';
import { DirectoryImmutableStore } from '../shared/directory/directory-immutable-store.ts';
import type { ImmutableStore } from '../shared/seal/immutable-store.ts';
import type { IndexTables } from '../shared/tabulate/index-tables.ts';
import { CliError } from './cli-error.ts';

/** A trail that was found where the command line says. */
export interface Where {
  readonly trail: ImmutableStore;
  readonly evidence: ImmutableStore;
  /** Both, where they are folders. */
  readonly folders: { readonly trail: string; readonly evidence: string } | undefined;
  /** undefined: no index belongs to it. */
  readonly tables: IndexTables | undefined;
  /** Of the running stack, where it is that. */
  readonly stack: StackFile | undefined;
}

export const WHERE_HELP =
  'a folder that holds trail/ and evidence/ (an export), the name of a storage account or the https address of its blob service, or "local": the stack that runs here';

const ACCOUNT = /^[a-z0-9]{3,24}$/;

/** Opens a trail to be read. Throws CliError, SettingsError. */
export async function openWhere(where: string): Promise<Where> {
  if (where === 'local') return openLocal();
  if (isFolder(where)) return openFolder(where);
  if (/^https?:\/\//.test(where)) return openAccount(addressOf(where));
  if (ACCOUNT.test(where)) return openAccount(`https://${where}.blob.core.windows.net/`);
  throw new CliError(`"${where}" is no folder, no storage account and not "local": give ${WHERE_HELP}.`);
}

function openFolder(folder: string): Where {
  const folders = { trail: join(folder, 'trail'), evidence: join(folder, 'evidence') };
  if (!isFolder(folders.trail)) {
    throw new CliError(`The folder ${folder} holds no folder "trail": give one that "indelible export" wrote.`);
  }
  return {
    trail: new DirectoryImmutableStore(folders.trail, { readOnly: true }),
    evidence: new DirectoryImmutableStore(folders.evidence, { readOnly: true }),
    folders,
    tables: undefined,
    stack: undefined,
  };
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function addressOf(where: string): string {
  const url = URL.canParse(where) ? new URL(where) : undefined;
  if (
    url === undefined ||
    url.protocol !== 'https:' ||
    url.username !== '' ||
    url.search !== '' ||
    url.pathname !== '/'
  ) {
    throw new CliError(
      `"${where.split('?')[0] ?? ''}" is not the https address of a blob service, without path and query; you are known by your Azure sign-in, not by a key or SAS. For the local stack say "local".`,
    );
  }
  return url.href;
}

async function openAccount(blobServiceUri: string): Promise<Where> {
  // A private address may hide which account it is; then there is no index to ask.
  const tableServiceUri = blobServiceUri.includes('.blob.') ? blobServiceUri.replace('.blob.', '.table.') : undefined;
  return openConnection({ name: 'WHERE', blobServiceUri, tableServiceUri }, undefined);
}

async function openLocal(): Promise<Where> {
  const stack = await runningStack();
  return openConnection({ name: 'the local stack', connectionString: stack.storage }, stack);
}

/** Throws CliError where no stack runs on the data of this folder. */
export async function runningStack(): Promise<StackFile> {
  const stack = await readStackFile(DEFAULT_DATA_DIR);
  if (stack !== undefined) return stack;
  throw new CliError(
    `No stack runs on ${DEFAULT_DATA_DIR}/ here: start one with "npm start", or change to its folder.`,
  );
}

async function openConnection(connection: Connection, stack: StackFile | undefined): Promise<Where> {
  // The Azure SDKs take a fifth of a second to load: an auditor's copy needs none of them.
  const { openContainer, openTable } = await import('../shared/azure/storage-clients.ts');
  const { BlobImmutableStore } = await import('../shared/azure/blob-immutable-store.ts');
  const { TableIndexTables } = await import('../shared/azure/table-index-tables.ts');
  const hasTables = connection.connectionString !== undefined || connection.tableServiceUri !== undefined;
  return {
    trail: new BlobImmutableStore(openContainer(connection, 'trail')),
    evidence: new BlobImmutableStore(openContainer(connection, 'evidence')),
    folders: undefined,
    tables: hasTables ? new TableIndexTables((table) => openTable(connection, table)) : undefined,
    stack,
  };
}
