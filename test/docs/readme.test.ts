import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readStackFile } from '../../local/stack-file.ts';
import { untilSealed } from '../../local/until-sealed.ts';
import { readDocument } from './fenced-blocks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = readDocument('README.md');
const PATIENCE = 120_000;

/** Command lines of the README's shell blocks, in their order, without comments. */
const COMMANDS = [...README.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block = '']) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, ''))
  .filter((line) => line !== '');

/** What differs from run to run: times, ids, the partition that an id falls into, counts. */
function mask(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/~[0-9a-f-]{36}/g, '~ID')
    .replaceAll(/\b[0-9a-f]{32,}\b/g, 'ID')
    .replaceAll(/\/\d+\/\d+\b/g, '/P')
    .replaceAll(/\b(segments?|record) \d+/g, '$1 N')
    .replaceAll(/\d+ segments?/g, 'N segments')
    .replaceAll(/\d+(?:\.\d)? (?:records|kB|evidence blobs)/g, 'N');
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** In a process group of its own, so that all of it can be ended. */
function start(folder: string, command: string): { child: ChildProcess; out: () => string; err: () => string } {
  const child = spawn('bash', ['-c', command], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return { child, out: () => out, err: () => err };
}

async function run(folder: string, command: string): Promise<Ran> {
  const { child, out, err } = start(folder, command);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out(), err: err() };
}

/** The README by itself: its commands as they stand there, in a copy of the project. `npm ci` is for CI, which begins with it. */
describe('README.md', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-readme-'));
    const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
    for (const file of files.toString().split('\n')) {
      if (file === '') continue;
      await cp(join(ROOT, file), join(folder, file), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
        // Deleted, and not committed yet.
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  }, PATIENCE);
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('begins with two commands that do everything', () => {
    expect(COMMANDS.slice(0, 2)).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
    expect(README.split('\n').slice(0, 50).join('\n')).toContain('── A change request against it');
  });

  it('shows what the demo prints', { timeout: PATIENCE }, async () => {
    const { code, out, err } = await run(folder, (COMMANDS[0] ?? '').replace('npm ci && ', ''));
    expect({ code, said: code === 0 ? '' : out + err }).toEqual({ code: 0, said: '' });
    const shown = /```text\n([\s\S]*?)```/.exec(README)?.[1] ?? '';
    const printed = mask(out).split('\n');
    const missing = mask(shown)
      .split('\n')
      .filter((line) => !printed.includes(line));
    // With all that it printed, for a demo that tells its story otherwise once in many runs.
    expect({ missing, out: missing.length === 0 ? '' : out }).toEqual({ missing: [], out: '' });
    expect(shown.split('\n').length).toBeGreaterThan(15);
  });

  it('has commands for trying it that work in their order', { timeout: 2 * PATIENCE }, async () => {
    const [starting = '', ...rest] = COMMANDS.slice(2);
    expect(starting).toBe('npm start');
    const stack = start(folder, `${starting} -- --port 0`);
    try {
      await expect.poll(stack.out, { timeout: PATIENCE }).toContain('Ctrl-C stops it');
      const file = await readStackFile(join(folder, '.indelible'));
      if (file === undefined) throw new Error('The stack left no stack.json.');
      const said: string[] = [];
      let request = '';
      let id = '';
      let token = '';
      for (const command of rest) {
        if (/ verify local/.test(command)) await untilSealed(file, PATIENCE);
        const filled = command
          .replace('REQUEST', request)
          .replace(' ID ', ` ${id} `)
          .replace('127.0.0.1:7071', new URL(file.api).host);
        const { code, out, err } = await run(
          folder,
          `token=${token}; ${filled}${filled.startsWith('token=') ? '; echo $token' : ''}`,
        );
        const complaint = code === 0 ? '' : out + err;
        expect({ filled, code, complaint }).toEqual({ filled, code: 0, complaint: '' });
        said.push(out);
        request = /"request":"([^"]+)"/.exec(out)?.[1] ?? request;
        if (/ query /.test(command)) id = /\b[0-9a-f]{32}\b/.exec(out)?.[0] ?? '';
        if (command.startsWith('token=')) token = out.trim();
      }
      expect(said.join('')).toMatch(/Holds: bob-brown merged pull request #412/);
      expect(said.filter((each) => each.includes('All holds.'))).toHaveLength(2);
      expect(JSON.parse(said.at(-1) ?? '')).toMatchObject({
        rows: expect.arrayContaining([expect.objectContaining({ Action: 'approvals.vote' })]) as unknown,
      });
    } finally {
      const ended = once(stack.child, 'exit');
      // What Ctrl-C does: the signal goes to all of the terminal's processes.
      process.kill(-(stack.child.pid ?? 0), 'SIGINT');
      await ended;
    }
    expect(stack.out()).toContain('Stopping.');
    expect(await readStackFile(join(folder, '.indelible'))).toBeUndefined();
  });
});
