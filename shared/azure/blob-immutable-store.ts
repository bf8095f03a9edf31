import type { ContainerClient } from '@azure/storage-blob';

import { StoreError } from '../errors.ts';
import { checkBlobName, checkBlobPrefix } from '../seal/blob-name.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { createBlob } from './blob-create.ts';
import { listBlobs, readBlob } from './blob-read.ts';
import { containerNameOf } from './container-name.ts';
import { withDeadline } from './deadline.ts';
import { toHttpFailure, toStoreError } from './http-error.ts';
import { pagesOf } from './pages.ts';

/** Milliseconds for one call, its retries included; 64 MiB to another region take a few seconds. */
const DEADLINE = 60_000;

/** What all names that this project gives consist of. */
const OWN_NAME = /^[a-z0-9._/-]*$/;

/** ImmutableStore on one container of Blob Storage, which should be under a container-level retention policy. */
export class BlobImmutableStore implements ImmutableStore {
  readonly #container: ContainerClient;
  readonly #deadline: number;

  constructor(container: ContainerClient, deadline = DEADLINE) {
    this.#container = container;
    this.#deadline = deadline;
  }

  async create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    checkBlobName(name);
    return createBlob(this.#container, name, bytes, AbortSignal.timeout(this.#deadline));
  }

  async read(name: string, limit?: number): Promise<Buffer | undefined> {
    return readBlob(this.#container, checkBlobName(name), this.#deadline, limit);
  }

  async exists(name: string): Promise<boolean> {
    const blob = this.#container.getBlobClient(checkBlobName(name));
    try {
      // Not the SDK's exists(): it answers false to every 404, so a missing container would look like an empty log.
      await withDeadline(this.#deadline, (abortSignal) => blob.getProperties({ abortSignal }));
      return true;
    } catch (error) {
      if (toHttpFailure(error)?.code === 'BlobNotFound') return false;
      throw toStoreError(error, `Looking for ${name} in ${containerNameOf(this.#container)}`);
    }
  }

  async *list(prefix: string): AsyncGenerator<{ name: string; size: number }> {
    let last: string | undefined;
    for await (const blob of listBlobs(this.#container, checkBlobPrefix(prefix), this.#deadline)) {
      // Where a log begins is told by the first blob under its prefix: an account that sorts otherwise (hierarchical
      // namespace) must be noticed, not followed. Other names are not compared: Azure does not say how it orders what is no
      // ASCII, and a foreign blob must not keep anybody from the rest.
      if (OWN_NAME.test(blob.name)) {
        if (last !== undefined && last >= blob.name) {
          throw new StoreError(
            'unexpected',
            `${containerNameOf(this.#container)} lists ${blob.name} after ${last}: use an account without hierarchical namespace.`,
          );
        }
        last = blob.name;
      }
      yield blob;
    }
  }

  async *listPrefixes(prefix: string): AsyncGenerator<string> {
    checkBlobPrefix(prefix);
    const doing = `Listing the folders ${prefix === '' ? '' : `below ${prefix} `}of ${containerNameOf(this.#container)}`;
    const pages = pagesOf(this.#deadline, doing, (from, abortSignal) =>
      this.#container.listBlobsByHierarchy('/', { prefix, abortSignal }).byPage(from).next(),
    );
    for await (const page of pages) yield* (page.segment.blobPrefixes ?? []).map((each) => each.name);
  }
}
