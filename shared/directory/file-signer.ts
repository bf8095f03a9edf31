import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SealError, StoreError } from '../errors.ts';
import type { Signer } from '../seal/signer.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import type { PublicKey } from '../wire/signed-note.ts';
import { createFile } from './durable-file.ts';
import { toFileError } from './file-error.ts';

/** `0001.pem`, `0002.pem` …; other names too, as long as they sort by age. */
const KEY_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.pem$/;
const MODE = 0o600;

interface Version {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

/**
 * Signer on a folder of EC P-256 private keys in PEM files, a file a version, the newest last by name: for machines without a
 * Key Vault. A version is switched off by renaming its file to something else than `.pem`.
 */
export class FileSigner implements Signer {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async newest(): Promise<PublicKey> {
    const newest = (await this.#versions()).at(-1);
    if (newest !== undefined) return newest.publicKey;
    throw new StoreError('unexpected', `There is no signing key in ${this.#folder}: create one.`);
  }

  async publicKey(sha256: string): Promise<PublicKey> {
    return (await this.#version(sha256)).publicKey;
  }

  async sign(sha256: string, text: Buffer): Promise<Buffer> {
    const { privateKey } = await this.#version(sha256);
    return sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  }

  async #version(sha256: string): Promise<Version> {
    const version = (await this.#versions()).find((each) => each.publicKey.sha256 === sha256);
    if (version !== undefined) return version;
    throw new SealError('keyUnavailable', `No key in ${this.#folder} is ${sha256}: put its file back, named .pem.`);
  }

  async #versions(): Promise<Version[]> {
    const versions: Version[] = [];
    for (const file of await keyFiles(this.#folder)) {
      versions.push(parseVersion(await readKey(this.#folder, file), this.#folder, file));
    }
    return versions;
  }
}

/**
 * Creates the next version, readable to its owner alone, and gives its public half. Of several at once each makes its own.
 * Throws StoreError.
 */
export async function createFileKey(folder: string): Promise<PublicKey> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const numbers = (await keyFiles(folder)).map((file) => Number.parseInt(file, 10)).filter(Number.isSafeInteger);
    for (let number = Math.max(0, ...numbers) + 1; ; number++) {
      const file = `${String(number).padStart(4, '0')}.pem`;
      if (await createFile(folder, join(folder, file), pem, MODE)) break;
    }
  } catch (error) {
    throw toFileError(error, `Creating a signing key in ${folder}`);
  }
  return parsePublicKey(publicKey.export({ format: 'der', type: 'spki' }));
}

async function keyFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => KEY_FILE.test(file)).sort();
  } catch (error) {
    throw toFileError(error, `Listing the signing keys in ${folder}`);
  }
}

async function readKey(folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file));
  } catch (error) {
    throw toFileError(error, `Reading the signing key ${file} in ${folder}`);
  }
}

function parseVersion(pem: Buffer, folder: string, file: string): Version {
  try {
    const privateKey = createPrivateKey(pem);
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    return { privateKey, publicKey: parsePublicKey(spki) };
  } catch {
    // Without a cause: it may quote the file.
    throw new StoreError('unexpected', `${file} in ${folder} is no EC private key on P-256 in PEM form: remove it.`);
  }
}
