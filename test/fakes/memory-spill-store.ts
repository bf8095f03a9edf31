import { StoreError } from '../../shared/errors.ts';
import type { SpillStore } from '../../shared/publish/spill-store.ts';
import type { SpilledBodies } from '../../shared/seal/raw-body.ts';
import { MemoryImmutableStore } from './memory-immutable-store.ts';

/** SpillStore in memory, and the sealer's sight of it. Like the container's role, it creates and never changes. */
export class MemorySpillStore implements SpillStore, SpilledBodies {
  /** For tests that look into it, or let the lifecycle rule remove something. */
  readonly blobs = new MemoryImmutableStore();

  async putBody(sha256: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#put(`bodies/${sha256}`, bytes, signal);
  }

  async putRequest(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#put(`requests/${name}`, bytes, signal);
  }

  async putReplayed(name: string): Promise<void> {
    await this.blobs.create(`replayed/${name}`, Buffer.alloc(0));
  }

  async *listRequests(): AsyncGenerator<string> {
    yield* this.blobs.names('requests/').map((name) => name.slice('requests/'.length));
  }

  async *listReplayed(): AsyncGenerator<string> {
    yield* this.blobs.names('replayed/').map((name) => name.slice('replayed/'.length));
  }

  async getRequest(name: string): Promise<Buffer | undefined> {
    return this.blobs.read(`requests/${name}`);
  }

  async read(sha256: string): Promise<Buffer | undefined> {
    return this.blobs.read(`bodies/${sha256}`);
  }

  async #put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new StoreError('unavailable', `Creating ${name} was given up.`, { cause: signal.reason });
    await this.blobs.create(name, bytes);
  }
}
