import { StoreError } from '../../shared/errors.ts';
import { checkBlobName, checkBlobPrefix } from '../../shared/seal/blob-name.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';

/** ImmutableStore in memory. It enforces WORM: nothing that a sealer can call changes or removes a blob. */
export class MemoryImmutableStore implements ImmutableStore {
  readonly #blobs = new Map<string, Buffer>();

  async create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    checkBlobName(name);
    if (this.#blobs.has(name)) return 'exists';
    this.#blobs.set(name, Buffer.from(bytes));
    return 'created';
  }

  async read(name: string, limit = Infinity): Promise<Buffer | undefined> {
    const bytes = this.#blobs.get(checkBlobName(name));
    if (bytes !== undefined && bytes.length > limit) {
      throw new StoreError('tooLarge', `${name} has ${bytes.length} bytes, more than ${limit}.`);
    }
    // A copy: what a reader does to it must not reach the blob.
    return bytes === undefined ? undefined : Buffer.from(bytes);
  }

  async exists(name: string): Promise<boolean> {
    return this.#blobs.has(checkBlobName(name));
  }

  async *list(prefix: string): AsyncGenerator<{ name: string; size: number }> {
    checkBlobPrefix(prefix);
    for (const name of this.names(prefix)) yield { name, size: this.#blobs.get(name)?.length ?? 0 };
  }

  async *listPrefixes(prefix: string): AsyncGenerator<string> {
    checkBlobPrefix(prefix);
    const folders = this.names(prefix)
      .filter((name) => name.includes('/', prefix.length))
      .map((name) => name.slice(0, name.indexOf('/', prefix.length) + 1));
    yield* new Set(folders);
  }

  /** In the order in which they are listed. */
  names(prefix = ''): string[] {
    const names = [...this.#blobs.keys()].filter((name) => name.startsWith(prefix));
    return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /**
   * What no client of the port can do, for tests of verification: replaces a blob's bytes, or with undefined removes it.
   * @throws StoreError where a blob to be removed is not there
   */
  tamper(name: string, bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#blobs.set(name, Buffer.from(bytes));
    else if (!this.#blobs.delete(name)) throw new StoreError('unexpected', `There is no blob ${name} to remove.`);
  }

  /** Another store with the same blobs: the state before a crash, or an auditor's copy. */
  copy(): MemoryImmutableStore {
    const copy = new MemoryImmutableStore();
    for (const [name, bytes] of this.#blobs) copy.#blobs.set(name, bytes);
    return copy;
  }
}
