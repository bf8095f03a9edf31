import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');

/** Runs the program in a process that says it is Node of another version, and in which the program itself cannot be loaded. */
async function runOn(version: string): Promise<{ code: unknown; stderr: string }> {
  const disguise = `
    import { registerHooks } from 'node:module';
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.endsWith('/program.ts')) throw new SyntaxError('node:zlib has no zstdCompressSync');
        return next(specifier, context);
      },
    });`;
  const disguised = ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, MAIN, '--version'];
  const failed = await promisify(execFile)(process.execPath, disguised).then(
    () => undefined,
    (error: unknown) => error as { code: unknown; stderr: string },
  );
  return { code: failed?.code, stderr: failed?.stderr ?? '' };
}

it.each(['20.20.2', '22.14.0', '18.0.0'])(
  'says on Node %s which version is needed, instead of ending in a SyntaxError',
  async (version) => {
    const root = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8');
    const needed = (JSON.parse(root) as { engines: { node: string } }).engines.node.replace('>=', '');
    const { code, stderr } = await runOn(version);
    expect(code).toBe(2);
    expect(stderr).toContain(`Node.js ${needed} or newer is needed`);
    expect(stderr).toContain(version);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  },
);

it.each(['22.15.0', '23.0.0', '24.21.0'])('goes on to the program on Node %s', async (version) => {
  expect((await runOn(version)).stderr).toContain('SyntaxError: node:zlib has no zstdCompressSync');
});
