import { createPublicKey, verify } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { KeyVaultSigner } from '../../shared/azure/key-vault-signer.ts';
import { createFileKey, FileSigner } from '../../shared/directory/file-signer.ts';
import type { Signer } from '../../shared/seal/signer.ts';
import { formatCheckpoint, formatCheckpointText, verifyCheckpoint } from '../../shared/wire/checkpoint.ts';
import { MemorySigner } from '../fakes/memory-signer.ts';
import { startKeyVault } from './key-vault-stand-in.ts';
import { makeFolder } from './stage.ts';
import type { Adapter } from './stage.ts';

/** A signer, and what an operator does to its key; it begins with one version. Versions are named by what `rotate` gives. */
interface Keys {
  readonly signer: Signer;
  rotate(): Promise<string>;
  setEnabled(version: string, isEnabled: boolean): Promise<void>;
}

const adapters: Adapter<Keys>[] = [
  {
    name: 'memory',
    open: () => {
      const signer = new MemorySigner();
      const port: Keys = {
        signer,
        rotate: () => Promise.resolve(signer.rotate().sha256),
        setEnabled: (version, isEnabled) => Promise.resolve(signer.setEnabled(version, isEnabled)),
      };
      return Promise.resolve({ port, close: () => Promise.resolve() });
    },
  },
  {
    name: 'files',
    open: async () => {
      const { folder, remove } = await makeFolder();
      let count = 0;
      const rotate = async (): Promise<string> => {
        await createFileKey(folder);
        count += 1;
        return `000${count}.pem`;
      };
      const setEnabled = async (file: string, isEnabled: boolean): Promise<void> => {
        const [on, off] = [join(folder, file), join(folder, `${file}.off`)];
        await (isEnabled ? rename(off, on) : rename(on, off));
      };
      await rotate();
      return { port: { signer: new FileSigner(folder), rotate, setEnabled }, close: remove };
    },
  },
  {
    name: 'Key Vault',
    open: async () => {
      const vault = await startKeyVault('trail');
      // All in the same second, as an operator's script would do it.
      const port: Keys = {
        signer: new KeyVaultSigner(vault.client(), 'trail', Date.now),
        rotate: () => Promise.resolve(vault.createVersion(1_700_000_000)),
        setEnabled: (version, enabled) => Promise.resolve(vault.setAttributes(version, { enabled })),
      };
      await port.rotate();
      return { port, close: () => vault.stop() };
    },
  },
];

const TEXT = Buffer.from('audit.example.com/trail/web/0/0\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n');

describe.each(adapters)('Signer: $name', ({ open }) => {
  let signer: Signer;
  let keys: Keys;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ port: keys, close } = await open());
    signer = keys.signer;
  });
  afterEach(() => close());

  test('a signature is over something else, in another form, or by another version', async () => {
    const first = await signer.newest();
    await keys.rotate();
    const second = await signer.newest();
    expect(second.sha256).not.toBe(first.sha256);
    for (const key of [first, second]) {
      const signature = await signer.sign(key.sha256, TEXT);
      expect(signature).toHaveLength(64);
      const isOver = (text: Buffer): boolean =>
        verify('sha256', text, { key: key.key, dsaEncoding: 'ieee-p1363' }, signature);
      expect([isOver(TEXT), isOver(Buffer.concat([TEXT, TEXT]))]).toEqual([true, false]);
    }
  });

  test('one signature in two has the high s, and makes a note that is refused', async () => {
    const key = await signer.newest();
    const checkpoint = { origin: 'audit.example.com/trail/web/0/0', size: 1, root: Buffer.alloc(32, 7) };
    for (let k = 0; k < 8; k++) {
      const signature = await signer.sign(key.sha256, Buffer.from(formatCheckpointText(checkpoint)));
      expect(verifyCheckpoint(formatCheckpoint(checkpoint, key, signature), key)).toEqual(checkpoint);
    }
  });

  test('the public half is named by another hash, or is no key on P-256', async () => {
    const key = await signer.newest();
    const again = await signer.publicKey(key.sha256);
    expect(again.spki).toEqual(key.spki);
    expect(createPublicKey({ key: key.spki, format: 'der', type: 'spki' }).asymmetricKeyDetails).toEqual({
      namedCurve: 'prime256v1',
    });
  });

  test('a version that was switched off goes on signing, or is announced', async () => {
    const first = await signer.newest();
    const version = await keys.rotate();
    const second = await signer.newest();
    await signer.sign(second.sha256, TEXT);
    await keys.setEnabled(version, false);
    const refused = { name: 'SealError', code: 'keyUnavailable' };
    await expect(signer.sign(second.sha256, TEXT)).rejects.toMatchObject(refused);
    await expect(signer.publicKey(second.sha256)).rejects.toMatchObject(refused);
    expect((await signer.newest()).sha256).toBe(first.sha256);
    await keys.setEnabled(version, true);
    expect((await signer.newest()).sha256).toBe(second.sha256);
    expect(await signer.sign(second.sha256, TEXT)).toHaveLength(64);
  });

  test('a key that was never here is not told from one that fails', async () => {
    const refused = { name: 'SealError', code: 'keyUnavailable' };
    await expect(signer.sign('0'.repeat(64), TEXT)).rejects.toMatchObject(refused);
    await expect(signer.publicKey('0'.repeat(64))).rejects.toMatchObject(refused);
  });

  test('of many versions the oldest is taken for the newest, or one is not found', async () => {
    const versions = [await signer.newest()];
    for (let k = 0; k < 4; k++) {
      await keys.rotate();
      versions.push(await signer.newest());
    }
    expect(new Set(versions.map(({ sha256 }) => sha256)).size).toBe(5);
    for (const { sha256 } of versions) expect((await signer.publicKey(sha256)).sha256).toBe(sha256);
  });
});
