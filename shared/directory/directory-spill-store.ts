import { StoreError } from '../errors.ts';
import type { SpillStore } from '../publish/spill-store.ts';
import { DirectoryImmutableStore } from './directory-immutable-store.ts';

/** SpillStore in a folder: for tests and benches. A signal is heeded before a write begins; a disk does not keep one waiting. */
export class DirectorySpillStore implements SpillStore {
  readonly #blobs: DirectoryImmutableStore;

  constructor(root: string) {
    this.#blobs = new DirectoryImmutableStore(root);
  }

  async putBody(sha256: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#put(`bodies/${sha256}`, bytes, signal);
  }

  async putRequest(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#put(`requests/${name}`, bytes, signal);
  }

  async putReplayed(name: string): Promise<void> {
    await this.#blobs.create(`replayed/${name}`, Buffer.alloc(0));
  }

  async *listRequests(): AsyncGenerator<string> {
    for await (const { name } of this.#blobs.list('requests/')) yield name.slice('requests/'.length);
  }

  async *listReplayed(): AsyncGenerator<string> {
    for await (const { name } of this.#blobs.list('replayed/')) yield name.slice('replayed/'.length);
  }

  async getRequest(name: string): Promise<Buffer | undefined> {
    return this.#blobs.read(`requests/${name}`);
  }

  async #put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new StoreError('unavailable', `Creating ${name} was given up.`, { cause: signal.reason });
    await this.#blobs.create(name, bytes);
  }
}
