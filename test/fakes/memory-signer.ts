import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { SealError, StoreError } from '../../shared/errors.ts';
import type { Signer } from '../../shared/seal/signer.ts';
import { parsePublicKey } from '../../shared/wire/signed-note.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';

interface Version {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
  isEnabled: boolean;
}

/** Signer in memory with real P-256 keys; begins with one enabled version. */
export class MemorySigner implements Signer {
  readonly #versions: Version[] = [];

  constructor() {
    this.rotate();
  }

  async newest(): Promise<PublicKey> {
    const newest = this.#versions.findLast((version) => version.isEnabled);
    if (newest !== undefined) return newest.publicKey;
    throw new StoreError('unexpected', 'The key has no enabled version: enable one.');
  }

  async publicKey(sha256: string): Promise<PublicKey> {
    return this.#enabled(sha256).publicKey;
  }

  async sign(sha256: string, text: Buffer): Promise<Buffer> {
    return sign('sha256', text, { key: this.#enabled(sha256).privateKey, dsaEncoding: 'ieee-p1363' });
  }

  /** Adds a version and gives its public half. */
  rotate(): PublicKey {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicKey = parsePublicKey(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
    this.#versions.push({ privateKey, publicKey, isEnabled: true });
    return publicKey;
  }

  setEnabled(sha256: string, isEnabled: boolean): void {
    const version = this.#versions.find((each) => each.publicKey.sha256 === sha256);
    if (version === undefined) throw new StoreError('unexpected', `There is no version ${sha256}.`);
    version.isEnabled = isEnabled;
  }

  #enabled(sha256: string): Version {
    const version = this.#versions.find((each) => each.publicKey.sha256 === sha256);
    if (version?.isEnabled === true) return version;
    throw new SealError('keyUnavailable', `No enabled version is ${sha256}.`);
  }
}
