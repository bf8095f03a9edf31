import { generateKeyPairSync } from 'node:crypto';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createFileKey, FileSigner } from '../../shared/directory/file-signer.ts';
import { makeFolder } from '../contract/stage.ts';

let folder: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  const made = await makeFolder();
  folder = join(made.folder, 'keys');
  remove = made.remove;
});
afterEach(() => remove());

test('others can read the private key', async () => {
  await createFileKey(folder);
  expect((await stat(folder)).mode & 0o077).toBe(0);
  expect((await stat(join(folder, '0001.pem'))).mode & 0o777).toBe(0o600);
});

test('several that create a key at once replace each other', async () => {
  const created = await Promise.all([1, 2, 3, 4, 5].map(() => createFileKey(folder)));
  expect((await readdir(folder)).filter((file) => file.endsWith('.pem'))).toEqual(
    [1, 2, 3, 4, 5].map((k) => `000${k}.pem`),
  );
  const signer = new FileSigner(folder);
  for (const { sha256 } of created) expect((await signer.publicKey(sha256)).sha256).toBe(sha256);
  const next = await createFileKey(folder);
  expect((await signer.newest()).sha256).toBe(next.sha256);
});

test('a folder without key, or none at all, ends in an error of the system', async () => {
  await expect(new FileSigner(folder).newest()).rejects.toMatchObject({ name: 'StoreError', code: 'unexpected' });
  await createFileKey(folder);
  await expect(new FileSigner(join(folder, '0001.pem')).newest()).rejects.toMatchObject({ name: 'StoreError' });
});

test.each([
  ['text', () => 'no key'],
  [
    'a key on another curve',
    () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
  ],
  ['a key of another kind', () => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })],
  [
    'a public key',
    () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' }),
  ],
])('%s in a key file is signed with, or quoted', async (_, content) => {
  await createFileKey(folder);
  await writeFile(join(folder, '0002.pem'), content());
  const error: unknown = await new FileSigner(folder).newest().catch((each: unknown) => each);
  expect(error).toMatchObject({ name: 'StoreError', code: 'unexpected', message: expect.stringContaining('0002.pem') });
  expect(error).not.toHaveProperty('cause');
});
