import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';

export const ALGORITHM = 'ES256';

export interface SigningKey {
  readonly privateKey: CryptoKey;
  /** With `kid`, `alg` and `use`, as a JWKS lists it. */
  readonly publicJwk: JWK;
  readonly kid: string;
}

/**
 * The issuer's key of `dataDir`, made at the first start: tokens outlive a restart. The file is for its owner alone.
 * @throws Error where the file is there and is no such key: a new key would silently refuse every token that is out.
 */
export async function loadSigningKey(dataDir: string): Promise<SigningKey> {
  const path = join(dataDir, 'signing-key.json');
  await mkdir(dataDir, { recursive: true });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    text = JSON.stringify(await newPrivateJwk());
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  try {
    return await toSigningKey(JSON.parse(text) as JWK);
  } catch (error) {
    throw new Error(`${path} holds no ${ALGORITHM} key: remove it to start with a new one`, { cause: error });
  }
}

/** A key that no issuer has announced. */
export async function newSigningKey(): Promise<SigningKey> {
  return toSigningKey(await newPrivateJwk());
}

async function newPrivateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return exportJWK(privateKey);
}

async function toSigningKey(privateJwk: JWK): Promise<SigningKey> {
  const { d, ...publicPart } = privateJwk;
  if (d === undefined) throw new TypeError('the private part is missing');
  const kid = await calculateJwkThumbprint(publicPart);
  const privateKey = await importJWK(privateJwk, ALGORITHM);
  if (privateKey instanceof Uint8Array) throw new TypeError('the key is symmetric');
  return { privateKey, kid, publicJwk: { ...publicPart, kid, alg: ALGORITHM, use: 'sig' } };
}
