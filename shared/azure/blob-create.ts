import { hash } from 'node:crypto';

import type { ContainerClient } from '@azure/storage-blob';

import { containerNameOf } from './container-name.ts';
import { untilAborted } from './deadline.ts';
import { toHttpFailure, toStoreError } from './http-error.ts';

/**
 * How Azure says that a blob is there already. By code, never by status: a 403 may also be a missing role, a 409 a container
 * that is being deleted.
 */
const EXISTS = new Set([
  'BlobAlreadyExists',
  'BlobImmutableDueToPolicy',
  'BlobImmutableDueToLegalHold',
  'UnauthorizedBlobOverwrite',
  'ConditionNotMet',
]);

/**
 * Creates a blob in one single-shot Put Blob with If-None-Match: *, or says that one of that name exists. Throws StoreError;
 * whether the blob exists is unknown then. The client's own second try may meet what its first wrote: 'exists', too.
 */
export async function createBlob(
  container: ContainerClient,
  name: string,
  bytes: Uint8Array,
  abortSignal: AbortSignal,
): Promise<'created' | 'exists'> {
  const blob = container.getBlockBlobClient(name);
  try {
    // Not uploadData: for large bodies it uses Put Block and Put Block List, which need a role that may also replace. WORM
    // refuses to set headers later, so they go along; so does the MD5, as what arrives damaged stays for years.
    await untilAborted(abortSignal, () =>
      blob.upload(bytes, bytes.byteLength, {
        abortSignal,
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: contentTypeOf(name) },
        transactionalContentMD5: Buffer.from(hash('md5', bytes, 'hex'), 'hex'),
      }),
    );
    return 'created';
  } catch (error) {
    if (EXISTS.has(toHttpFailure(error)?.code ?? '')) return 'exists';
    throw toStoreError(error, `Creating ${name} in ${containerNameOf(container)}`, 'write');
  }
}

function contentTypeOf(name: string): string {
  if (name.endsWith('.zst')) return 'application/zstd';
  return name.endsWith('.pem') ? 'application/x-pem-file' : 'application/octet-stream';
}
