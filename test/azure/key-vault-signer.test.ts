import { afterEach, beforeEach, expect, test } from 'vitest';

import { KeyVaultSigner, openKeyVaultSigner } from '../../shared/azure/key-vault-signer.ts';
import { refuse, startKeyVault } from '../contract/key-vault-stand-in.ts';
import type { KeyVaultStandIn } from '../contract/key-vault-stand-in.ts';
import { thrownBy } from './thrown-by.ts';

const TEXT = Buffer.from('a checkpoint\n');
const DAY = 86_400;

let vault: KeyVaultStandIn;
let signer: KeyVaultSigner;
let now: number;

beforeEach(async () => {
  vault = await startKeyVault('trail');
  now = Date.now();
  signer = new KeyVaultSigner(vault.client(), 'trail', () => now);
});
afterEach(() => vault.stop());

test('every signature costs several requests', async () => {
  vault.createVersion(100);
  const { sha256 } = await signer.newest();
  await signer.sign(sha256, TEXT);
  vault.requests.length = 0;
  await signer.sign(sha256, TEXT);
  await signer.sign(sha256, TEXT);
  expect(vault.requests.map((request) => request.split(' ')[0])).toEqual(['POST', 'POST']);
});

test('the newest version is the last one listed instead of the last one made', async () => {
  const versions = [];
  for (const created of [300, 500, 100, 500, 200]) {
    vault.createVersion(created);
    versions.push(created);
  }
  const newest = await signer.newest();
  // Two versions of one second: the higher id, wherever it is asked.
  vault.setAttributes('4'.padStart(32, '0'), { enabled: false });
  const other = await signer.newest();
  expect(other.sha256).not.toBe(newest.sha256);
  vault.setAttributes('2'.padStart(32, '0'), { enabled: false });
  const third = await signer.newest();
  vault.setAttributes('1'.padStart(32, '0'), { enabled: false });
  expect(new Set([newest, other, third, await signer.newest()].map(({ sha256 }) => sha256)).size).toBe(4);
});

test('a version is announced before it is valid, or signs after its time', async () => {
  const first = vault.createVersion(100);
  const old = await signer.newest();
  const second = vault.createVersion(200);
  const next = await signer.newest();
  const seconds = Math.floor(now / 1_000);
  vault.setAttributes(second, { enabled: true, nbf: seconds + DAY });
  expect((await signer.newest()).sha256).toBe(old.sha256);
  vault.setAttributes(second, { enabled: true });
  vault.setAttributes(first, { enabled: true, exp: seconds - DAY });
  expect((await signer.newest()).sha256).toBe(next.sha256);
  const refused = { name: 'SealError', code: 'keyUnavailable' };
  await expect(signer.sign(old.sha256, TEXT)).rejects.toMatchObject(refused);
  await expect(signer.publicKey(old.sha256)).rejects.toMatchObject(refused);
});

test('a version that the client remembers as valid for ever signs after its time, or one that it remembers as over never again', async () => {
  const version = vault.createVersion(100);
  const { sha256 } = await signer.newest();
  vault.setAttributes(version, { enabled: true, exp: Math.floor(now / 1_000) - DAY });
  const refused = { name: 'SealError', code: 'keyUnavailable' };
  // The client reads the version before its first signature, and refuses by itself.
  await expect(signer.sign(sha256, TEXT)).rejects.toMatchObject(refused);
  await expect(signer.sign(sha256, TEXT)).rejects.toMatchObject(refused);
  vault.setAttributes(version, { enabled: true });
  expect(await signer.sign(sha256, TEXT)).toHaveLength(64);
});

test('what the client remembers of a version outlives what the operator changes', async () => {
  const version = vault.createVersion(100);
  const { sha256 } = await signer.newest();
  await signer.sign(sha256, TEXT);
  vault.setAttributes(version, { enabled: false });
  await expect(signer.sign(sha256, TEXT)).rejects.toMatchObject({ code: 'keyUnavailable' });
  vault.setAttributes(version, { enabled: true });
  expect(await signer.sign(sha256, TEXT)).toHaveLength(64);
});

test('a key without enabled version is signed with, or announced', async () => {
  expect((await thrownBy(signer.newest())).code).toBe('unexpected');
  vault.setAttributes(vault.createVersion(100), { enabled: false });
  expect((await thrownBy(signer.newest())).code).toBe('unexpected');
});

test('a version on another curve is announced, or hides the ones that are not', async () => {
  vault.createVersion(100);
  const { sha256 } = await signer.newest();
  vault.createVersion(200, 'P-384');
  expect((await thrownBy(signer.newest())).message).toContain('not an EC key on P-256');
  expect((await signer.publicKey(sha256)).sha256).toBe(sha256);
});

test.each([
  ['ForbiddenByRbac', 403, 'forbidden'],
  ['ForbiddenByFirewall', 403, 'forbidden'],
  [undefined, 429, 'unavailable'],
  [undefined, 503, 'unavailable'],
  [undefined, 400, 'unexpected'],
])('a refusal to sign (%s, %i) is taken for a key that is switched off', async (inner, status, expected) => {
  vault.createVersion(100);
  const { sha256 } = await signer.newest();
  vault.fail(/\/sign$/, refuse(status, 'Forbidden', inner), 2);
  expect((await thrownBy(signer.sign(sha256, TEXT))).code).toBe(expected);
  expect(await signer.sign(sha256, TEXT).catch(() => signer.sign(sha256, TEXT))).toHaveLength(64);
});

test('a vault that refuses to list counts as one without versions', async () => {
  vault.createVersion(100);
  vault.fail(/\/versions$/, refuse(403, 'Forbidden', 'ForbiddenByRbac'));
  expect((await thrownBy(signer.newest())).code).toBe('forbidden');
  vault.fail(/\/versions$/, refuse(500, 'InternalError'));
  expect((await thrownBy(signer.publicKey('0'.repeat(64)))).code).toBe('unavailable');
});

test('bytes that do not verify leave as a signature, and end the log', async () => {
  vault.createVersion(100);
  const { sha256 } = await signer.newest();
  for (const length of [64, 63, 0]) {
    vault.fail(/\/sign$/, { status: 200, body: { kid: 'x', value: Buffer.alloc(length, 1).toString('base64url') } });
    expect((await thrownBy(signer.sign(sha256, TEXT))).code).toBe('unexpected');
  }
});

test.each([
  'http://vault.vault.azure.net/keys/trail',
  'https://vault.vault.azure.net/keys/trail/00000000000000000000000000000001',
  'https://vault.vault.azure.net/secrets/trail',
  'https://user:password@vault.vault.azure.net/keys/trail',
  'https://vault.vault.azure.net/keys/../secrets/x',
  '',
])('the key %j is opened, or quoted where it is wrong', (url) => {
  expect(() => openKeyVaultSigner(url, undefined, Date.now)).toThrow(
    expect.objectContaining({ name: 'SettingsError', message: expect.not.stringContaining('password') }),
  );
});
