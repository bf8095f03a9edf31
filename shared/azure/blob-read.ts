import { hash } from 'node:crypto';
import { Readable } from 'node:stream';

import type { ContainerClient } from '@azure/storage-blob';

import { StoreError } from '../errors.ts';
import { containerNameOf } from './container-name.ts';
import { withDeadline } from './deadline.ts';
import { toHttpFailure, toStoreError } from './http-error.ts';
import { pagesOf } from './pages.ts';

/**
 * The whole of a blob, or undefined where there is none. Throws StoreError, also where fewer or more bytes came than the
 * service announced, or others than it stored: half a segment would look like a forged one. `deadline`: milliseconds;
 * `limit`: bytes, above which it throws `tooLarge` before anything is read.
 */
export async function readBlob(
  container: ContainerClient,
  name: string,
  deadline: number,
  limit = Infinity,
): Promise<Buffer | undefined> {
  const doing = `Reading ${name} of ${containerNameOf(container)}`;
  try {
    return await withDeadline(deadline, async (abortSignal) => {
      const blob = container.getBlobClient(name);
      const answer = await blob.download(0, undefined, { abortSignal });
      const { contentLength = Infinity, contentMD5 } = answer;
      if (contentLength > limit) {
        discard(answer.readableStreamBody);
        throw new StoreError('tooLarge', `${doing} failed: it has ${contentLength} bytes, more than ${limit}.`);
      }
      const bytes = await collect(answer.readableStreamBody, doing);
      if (bytes.length !== contentLength) {
        throw new StoreError('unavailable', `${doing} failed: ${bytes.length} bytes came instead of ${contentLength}.`);
      }
      if (contentMD5 !== undefined && !Buffer.from(hash('md5', bytes, 'hex'), 'hex').equals(contentMD5)) {
        throw new StoreError('unexpected', `${doing} failed: the bytes do not have the MD5 that the service stored.`);
      }
      return bytes;
    });
  } catch (error) {
    // Not any 404: a missing container would look like a log that has not begun.
    if (toHttpFailure(error)?.code === 'BlobNotFound') return undefined;
    throw toStoreError(error, doing);
  }
}

/** A body that nobody reads breaks off some time: as an uncaught error, which would end the worker, if nobody listens. */
function discard(stream: NodeJS.ReadableStream | undefined): void {
  stream?.on('error', () => undefined);
  if (stream instanceof Readable) stream.destroy();
}

/** Whatever breaks while the body arrives is the connection's fault; the SDK reports some of it as a plain Error. */
async function collect(stream: NodeJS.ReadableStream | undefined, doing: string): Promise<Buffer> {
  if (stream === undefined) throw new StoreError('unexpected', `${doing} failed: the answer has no body.`);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw new StoreError('unavailable', `${doing} failed: the answer broke off. The same call may go through later.`, {
      cause,
    });
  }
  return Buffer.concat(chunks);
}

/** Names and sizes below a prefix, as the service orders them. `deadline`: milliseconds for a page. Throws StoreError. */
export async function* listBlobs(
  container: ContainerClient,
  prefix: string,
  deadline: number,
): AsyncGenerator<{ name: string; size: number }> {
  const doing = `Listing ${prefix === '' ? 'the blobs' : prefix} of ${containerNameOf(container)}`;
  const pages = pagesOf(deadline, doing, (from, abortSignal) =>
    container.listBlobsFlat({ prefix, abortSignal }).byPage(from).next(),
  );
  for await (const page of pages) {
    yield* page.segment.blobItems.map((blob) => ({ name: blob.name, size: blob.properties.contentLength ?? 0 }));
  }
}
