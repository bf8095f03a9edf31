import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

it('what package.json’s main matches is every function and nothing else: func start loads each file that it matches', async () => {
  const out = await mkdtemp(join(tmpdir(), 'indelible-build-'));
  try {
    const { main } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { main: string };
    const compiler = join(ROOT, 'node_modules/.bin/tsc');
    execFileSync(compiler, ['-p', 'tsconfig.build.json', '--outDir', join(out, 'dist')], { cwd: ROOT });
    const loaded = globSync(main, { cwd: out }).map((file) => file.replace(/^dist\/(.*)\.js$/, '$1'));
    const functions = globSync('functions/*/*.ts', { cwd: ROOT }).map((file) => file.replace(/\.ts$/, ''));
    expect(loaded.sort()).toEqual(functions.sort());
    expect(functions.length).toBeGreaterThan(10);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});
