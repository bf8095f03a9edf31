import type { ContainerClient } from '@azure/storage-blob';

import { StoreError } from '../errors.ts';
import { checkBlobName } from '../seal/blob-name.ts';
import type { SpilledBodies } from '../seal/raw-body.ts';
import { readBlob } from './blob-read.ts';

/** The Functions host takes requests of up to 210,000,000 bytes: nothing larger was ever a body. */
const MAX_BODY_BYTES = 210_000_000;
/** Milliseconds. */
const DEADLINE = 60_000;

/** SpilledBodies on the container `spill-<app>` of the app that publishes to the hub; the sealer may only read it. */
export class BlobSpilledBodies implements SpilledBodies {
  readonly #container: ContainerClient;

  constructor(container: ContainerClient) {
    this.#container = container;
  }

  async read(sha256: string): Promise<Buffer | undefined> {
    try {
      return await readBlob(this.#container, checkBlobName(`bodies/${sha256}`), DEADLINE, MAX_BODY_BYTES);
    } catch (error) {
      // Whoever took over a publishing app could put terabytes there: other bytes than the message names, so the partition
      // goes on, and the sealer's memory is not at their disposal.
      if (error instanceof StoreError && error.code === 'tooLarge') return Buffer.alloc(0);
      throw error;
    }
  }
}
