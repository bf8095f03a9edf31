import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { DEFAULT_DATA_DIR, readStackFile, stackFilePath } from '../local/stack-file.ts';
import type { StackFile } from '../local/stack-file.ts';
import type { Connection } from '../shared/config.ts';
import { DirectoryImmutableStore } from '../shared/directory/directory-immutable-store.ts';
import { StoreError } from '../shared/errors.ts';
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

const STACK_OR_ACCOUNT = `the data folder of a running stack, or "local" for ${DEFAULT_DATA_DIR}/ here; the name of a storage account, or the https address of its blob service`;
export const WHERE_HELP = `a folder that holds trail/ and evidence/ (an export); ${STACK_OR_ACCOUNT}`;
/** An export has no tables. */
export const INDEX_WHERE_HELP = STACK_OR_ACCOUNT;

const ACCOUNT = /^[a-z0-9]{3,24}$/;

/**
 * Opens a trail to be read. `need`: what the caller begins with; a role for the tables alone is enough to ask them. Throws
 * CliError, SettingsError.
 */
export async function openWhere(where: string, need: 'trail' | 'index' = 'trail'): Promise<Where> {
  if (where === 'local') return openStack(DEFAULT_DATA_DIR);
  if (/^https?:\/\//.test(where)) return openAccount(addressOf(where));
  if (isFolder(where)) return openFolder(where);
  if (!ACCOUNT.test(where)) {
    const nor = /[./\\]/.test(where)
      ? ''
      : ', and no name of a storage account: those are 3 to 24 lower-case letters and digits';
    throw new CliError(`"${where}" is no folder${nor}. Give ${WHERE_HELP}.`);
  }
  const account = await openAccount(`https://${where}.blob.core.windows.net/`);
  if (need === 'trail') await checkAccount(where, account.trail);
  return account;
}

/**
 * What lies in a folder with a trail/ is read from there and from nowhere else: a stack.json that came with it would have the
 * verifier read, and praise, another trail.
 */
async function openFolder(folder: string): Promise<Where> {
  const folders = { trail: join(folder, 'trail'), evidence: join(folder, 'evidence') };
  const hasStackFile = lstatSync(stackFilePath(folder), { throwIfNoEntry: false }) !== undefined;
  const hasTrail = lstatSync(folders.trail, { throwIfNoEntry: false }) !== undefined;
  if (hasStackFile && hasTrail) {
    throw new CliError(
      `The folder ${folder} holds a trail/ and a stack.json, so it is neither an export nor the data folder of a stack. No export has a stack.json: find out who put it there, and remove it.`,
    );
  }
  if (hasStackFile) return openStack(folder);
  if (!isFolder(folders.trail)) {
    throw new CliError(
      `The folder ${folder} holds no folder "trail", as "indelible export" writes it, and no stack runs on it.`,
    );
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

/** The name of a folder, mistyped, may be that of an account: what Azure says of it would puzzle. Throws CliError. */
async function checkAccount(name: string, trail: ImmutableStore): Promise<void> {
  try {
    for await (const _ of trail.list('keys/')) return;
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new CliError(
      `There is no folder "${name}" here, so it was taken for the storage account https://${name}.blob.core.windows.net. ${cause.message}`,
      { cause },
    );
  }
}

async function openStack(dataDir: string): Promise<Where> {
  const stack = await runningStack(dataDir);
  return openConnection({ name: 'the local stack', connectionString: stack.storage }, stack);
}

/** Throws CliError where no stack runs on the data of this folder. */
export async function runningStack(dataDir = DEFAULT_DATA_DIR): Promise<StackFile> {
  const stack = await readStackFile(dataDir).catch((cause: unknown) => {
    throw new CliError(cause instanceof Error ? cause.message : `${stackFilePath(dataDir)} cannot be read.`, { cause });
  });
  if (stack !== undefined) return stack;
  const folder = dataDir.replace(/\/+$/, '');
  const [start, elsewhere] =
    folder === DEFAULT_DATA_DIR
      ? ['npm start', ', or name the data folder of one that runs elsewhere']
      : [`npm start -- --data ${folder}`, ''];
  throw new CliError(`No stack runs on ${folder}/: start one with "${start}"${elsewhere}.`);
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
