import type { ContainerClient } from '@azure/storage-blob';

import type { SpillStore } from '../publish/spill-store.ts';
import { checkBlobName } from '../seal/blob-name.ts';
import { createBlob } from './blob-create.ts';
import { listBlobs, readBlob } from './blob-read.ts';

const BODIES = 'bodies/';
const REQUESTS = 'requests/';
const REPLAYED = 'replayed/';

/** Milliseconds for one call without a signal of the caller's. */
const DEADLINE = 30_000;

/** SpillStore on the container `spill-<app>`: an ordinary one, of which a lifecycle rule removes what is older than 30 days. */
export class BlobSpillStore implements SpillStore {
  readonly #container: ContainerClient;
  readonly #deadline: number;

  constructor(container: ContainerClient, deadline = DEADLINE) {
    this.#container = container;
    this.#deadline = deadline;
  }

  async putBody(sha256: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#put(BODIES + sha256, bytes, signal);
  }

  async putRequest(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#put(REQUESTS + name, bytes, signal);
  }

  async putReplayed(name: string): Promise<void> {
    await this.#put(REPLAYED + name, Buffer.alloc(0), AbortSignal.timeout(this.#deadline));
  }

  async *listRequests(): AsyncGenerator<string> {
    yield* this.#list(REQUESTS);
  }

  async *listReplayed(): AsyncGenerator<string> {
    yield* this.#list(REPLAYED);
  }

  async getRequest(name: string): Promise<Buffer | undefined> {
    return readBlob(this.#container, checkBlobName(REQUESTS + name), this.#deadline);
  }

  async #put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await createBlob(this.#container, checkBlobName(name), bytes, signal);
  }

  async *#list(folder: string): AsyncGenerator<string> {
    for await (const { name } of listBlobs(this.#container, folder, this.#deadline)) yield name.slice(folder.length);
  }
}
