import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { indelible } from './running.ts';

describe('WHERE', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-where-'));
    await mkdir(join(folder, 'empty'));
    await writeFile(join(folder, 'file.json'), '{}');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['a path', './nosuch', '"./nosuch" is no folder. Give'],
    ['a slash at its end', 'nosuch/', '"nosuch/" is no folder. Give'],
    ['a dot in it', 'no.such', '"no.such" is no folder. Give'],
    ['a backslash in it', 'no\\such', 'is no folder. Give'],
    ['the name of a file', 'file.json', '"file.json" is no folder. Give'],
    [
      'a name that no account can have',
      'No-Such',
      '"No-Such" is no folder, and no name of a storage account: those are',
    ],
    ['a folder without a trail', 'empty', 'The folder empty holds no folder "trail"'],
    ['another scheme', 'ftp://acme', 'is no folder. Give'],
  ])('that is %s is taken for an account, or for a trail', async (_, where, said) => {
    const { code, out, err } = await indelible(folder, 'keys', where);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(said);
  });

  it('that is a folder, mistyped, ends in an error of Azure that does not say what was assumed', async () => {
    const { code, err } = await indelible(folder, 'keys', 'nosuch');
    expect(code).toBe(2);
    expect(err).toContain('no folder "nosuch" here, so it was taken for the storage account https://nosuch.blob.core');
  });
});
