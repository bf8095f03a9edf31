import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';

import type { Connection } from '../config.ts';
import { SettingsError } from '../errors.ts';
import { credentialOf } from './credential.ts';

/**
 * One quick second try: a function has seconds, and its caller repeats the whole step anyway. The second try of a write
 * that was done although it failed ends in "exists", which the ports allow for.
 */
const BLOB_RETRIES = { maxTries: 2, retryDelayInMs: 250, maxRetryDelayInMs: 1_000 };
const TABLE_RETRIES = { maxRetries: 1, retryDelayInMs: 250, maxRetryDelayInMs: 1_000 };

/** Throws SettingsError naming the setting that is wrong; never its value, which may be a secret. */
export function openContainer(connection: Connection, container: string): ContainerClient {
  const { name, connectionString, blobServiceUri, clientId } = connection;
  const options = { retryOptions: BLOB_RETRIES };
  const service = connectionString
    ? parsing(name, () => BlobServiceClient.fromConnectionString(connectionString, options))
    : new BlobServiceClient(httpsAddress(`${name}__blobServiceUri`, blobServiceUri), credentialOf(clientId), options);
  return service.getContainerClient(container);
}

/** Throws SettingsError naming the setting that is wrong; never its value, which may be a secret. */
export function openTable(connection: Connection, table: string): TableClient {
  const { name, connectionString, tableServiceUri, clientId } = connection;
  const options = { retryOptions: TABLE_RETRIES };
  if (connectionString) {
    // Insecure: Azurite on this machine. A connection string of Azure's names https endpoints.
    return parsing(name, () =>
      TableClient.fromConnectionString(connectionString, table, { ...options, allowInsecureConnection: true }),
    );
  }
  const address = httpsAddress(`${name}__tableServiceUri`, tableServiceUri);
  return new TableClient(address, table, credentialOf(clientId), options);
}

/** Without a cause: the SDKs quote the connection string, with its key, in their errors. */
function parsing<T>(setting: string, open: () => T): T {
  try {
    return open();
  } catch {
    throw new SettingsError(`The setting ${setting} is not a connection string of a storage account.`);
  }
}

/** No path and no query: a query would be a SAS, a secret where an identity is expected. */
function httpsAddress(setting: string, address: string | undefined): string {
  const url = address !== undefined && URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'https:' || url.href !== `${url.origin}/`) {
    throw new SettingsError(`The setting ${setting} must be an https URL without path and query.`);
  }
  return url.href;
}
