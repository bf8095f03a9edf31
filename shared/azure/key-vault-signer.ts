import { createPublicKey, hash, verify } from 'node:crypto';

import { KeyClient } from '@azure/keyvault-keys';
import type { CryptographyClient, KeyProperties } from '@azure/keyvault-keys';

import { SealError, SettingsError, StoreError } from '../errors.ts';
import type { Signer } from '../seal/signer.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import { credentialOf } from './credential.ts';
import { withDeadline } from './deadline.ts';
import { toHttpFailure, toStoreError } from './http-error.ts';

/** Milliseconds for one call to the vault, its retries included. */
const DEADLINE = 10_000;

/** A version of the key. A version's public key never changes; whether it is enabled does. */
interface KnownVersion {
  readonly version: string;
  readonly publicKey: PublicKey;
  readonly cryptography: CryptographyClient;
}

/**
 * Signer on the versions of one EC P-256 key in Key Vault, which keeps the private halves. `newest` and `publicKey` ask which
 * versions are enabled each time: a cached answer would announce, for good, a key that an operator has switched off.
 */
export class KeyVaultSigner implements Signer {
  readonly #client: KeyClient;
  readonly #name: string;
  readonly #now: () => number;
  /** By version. */
  readonly #known = new Map<string, KnownVersion>();

  /** `now`: milliseconds since the epoch, for versions that are valid from or until a time. */
  constructor(client: KeyClient, name: string, now: () => number) {
    this.#client = client;
    this.#name = name;
    this.#now = now;
  }

  async newest(): Promise<PublicKey> {
    const [newest] = await this.#usableVersions();
    if (newest === undefined) {
      throw new StoreError('unexpected', `The key ${this.#name} has no enabled version: enable one, or create one.`);
    }
    const known = await this.#know(newest);
    if (known !== undefined) return known.publicKey;
    throw new StoreError(
      'unexpected',
      `The newest version of the key ${this.#name} is not an EC key on P-256: replace it.`,
    );
  }

  async publicKey(sha256: string): Promise<PublicKey> {
    return (await this.#find(sha256)).publicKey;
  }

  async sign(sha256: string, text: Buffer): Promise<Buffer> {
    const known =
      [...this.#known.values()].find((each) => each.publicKey.sha256 === sha256) ?? (await this.#find(sha256));
    const doing = `Signing with version ${known.version} of the key ${this.#name}`;
    const signature = await this.#signDigest(known, sha256, hash('sha256', text, 'buffer'), doing);
    // It goes into a blob that stays for years: a signature that does not verify would end the log.
    const { key } = known.publicKey;
    if (signature.length === 64 && verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, signature))
      return signature;
    throw new StoreError('unexpected', `${doing} failed: the vault answered with bytes that do not verify.`);
  }

  async #signDigest(known: KnownVersion, sha256: string, digest: Buffer, doing: string): Promise<Buffer> {
    try {
      const { result } = await withDeadline(DEADLINE, (abortSignal) =>
        known.cryptography.sign('ES256', digest, { abortSignal }),
      );
      return Buffer.from(result);
    } catch (error) {
      // The client keeps what it read of the key; forgotten, the next call sees what the operator has changed.
      this.#known.delete(known.version);
      if (isSwitchedOff(error)) throw unavailable(sha256, this.#name, error);
      // What the client refuses by itself, without asking the vault, is a version outside its times: a bare Error.
      const isOwnRefusal = error instanceof Error && error.name === 'Error';
      if (isOwnRefusal && !(await this.#isUsable(known.version))) throw unavailable(sha256, this.#name, error);
      throw toStoreError(error, doing);
    }
  }

  async #isUsable(version: string): Promise<boolean> {
    return (await this.#usableVersions()).some((each) => each.version === version);
  }

  /** Throws SealError `keyUnavailable` where no usable version has this key. */
  async #find(sha256: string): Promise<KnownVersion> {
    for (const properties of await this.#usableVersions()) {
      const known = await this.#know(properties);
      if (known?.publicKey.sha256 === sha256) return known;
    }
    throw unavailable(sha256, this.#name);
  }

  /** Enabled and within their times, the newest first. */
  async #usableVersions(): Promise<KeyProperties[]> {
    const now = this.#now();
    const usable: KeyProperties[] = [];
    try {
      await withDeadline(DEADLINE, async (abortSignal) => {
        for await (const each of this.#client.listPropertiesOfKeyVersions(this.#name, { abortSignal })) {
          const begins = each.notBefore?.getTime() ?? -Infinity;
          const ends = each.expiresOn?.getTime() ?? Infinity;
          if (each.enabled === true && begins <= now && now < ends) usable.push(each);
        }
      });
    } catch (error) {
      throw toStoreError(error, `Listing the versions of the key ${this.#name}`);
    }
    // The vault's times are whole seconds: of two versions in one second, every process must take the same for the newer.
    return usable.sort((a, b) => createdAt(b) - createdAt(a) || ((a.version ?? '') < (b.version ?? '') ? 1 : -1));
  }

  /** undefined where that version is no P-256 key: the versions of a key need not be of one kind. */
  async #know({ version = '' }: KeyProperties): Promise<KnownVersion | undefined> {
    const known = this.#known.get(version);
    if (known !== undefined) return known;
    const doing = `Reading version ${version} of the key ${this.#name}`;
    let publicKey: PublicKey;
    try {
      const { key } = await withDeadline(DEADLINE, (abortSignal) =>
        this.#client.getKey(this.#name, { version, abortSignal }),
      );
      if (key?.crv !== 'P-256' || key.x === undefined || key.y === undefined) return undefined;
      const jwk = { kty: 'EC', crv: 'P-256', x: base64url(key.x), y: base64url(key.y) };
      publicKey = parsePublicKey(createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' }));
    } catch (error) {
      throw toStoreError(error, doing);
    }
    const cryptography = this.#client.getCryptographyClient(this.#name, { keyVersion: version });
    const found = { version, publicKey, cryptography };
    this.#known.set(version, found);
    return found;
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function createdAt({ createdOn }: KeyProperties): number {
  return createdOn?.getTime() ?? 0;
}

/** Key Vault's refusal of a version that is off (403 KeyDisabled …) or gone (404), unlike one that the identity may not use. */
function isSwitchedOff(error: unknown): boolean {
  if (toHttpFailure(error)?.code === 'KeyNotFound') return true;
  const { details } = error as { details?: { error?: { innerError?: { code?: unknown } } } };
  const inner = details?.error?.innerError?.code;
  return inner === 'KeyDisabled' || inner === 'KeyExpired' || inner === 'KeyNotYetValid';
}

function unavailable(sha256: string, name: string, cause?: unknown): SealError {
  return new SealError(
    'keyUnavailable',
    `No enabled version of the key ${name} is ${sha256}: enable it until each of its logs has passed to the next.`,
    cause === undefined ? undefined : { cause },
  );
}

/** `keyUrl`: `https://<vault>.vault.azure.net/keys/<name>`, without version. Throws SettingsError. */
export function openKeyVaultSigner(keyUrl: string, clientId: string | undefined, now: () => number): KeyVaultSigner {
  const match = /^(https:\/\/[A-Za-z0-9.-]+)\/keys\/([A-Za-z0-9-]{1,127})$/.exec(keyUrl);
  const [, vault, name] = match ?? [];
  if (vault === undefined || name === undefined) {
    throw new SettingsError(
      'The signing key must be given as https://<vault>.vault.azure.net/keys/<name>, without version.',
    );
  }
  const retryOptions = { maxRetries: 1, retryDelayInMs: 250, maxRetryDelayInMs: 1_000 };
  return new KeyVaultSigner(new KeyClient(vault, credentialOf(clientId), { retryOptions }), name, now);
}
