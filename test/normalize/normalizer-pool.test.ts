import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { SettingsError } from '../../shared/errors.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { MessageToNormalize } from '../../shared/normalize/normalize-message.ts';
import { createNormalizerPool } from '../../shared/normalize/normalizer-pool.ts';
import type { NormalizerLimits, NormalizerPool } from '../../shared/normalize/normalizer-pool.ts';
import { normalizerWorkerUrl } from '../../shared/normalize/normalizer-worker-url.ts';
import type { NormalizedMessage } from '../../shared/seal/normalized-message.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';

const enqueued = '2026-03-01T12:00:05.000Z';
const poison = new URL('./poison-normalizers.ts', import.meta.url);
const pools: NormalizerPool[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'normalizer-pool-'));
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  await rm(folder, { recursive: true });
});

function poolOf(limits: Partial<NormalizerLimits> = {}, normalizersModule: URL | undefined = poison): NormalizerPool {
  const pool = createNormalizerPool({ limits, ...(normalizersModule === undefined ? {} : { normalizersModule }) });
  pools.push(pool);
  return pool;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody waits for is dead all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

let delivery = 0;
function message(body: string | Buffer): MessageToNormalize {
  return {
    envelope: formatEnvelope({ source: 'github', event: 'push', delivery: `d-${++delivery}` }),
    body: Buffer.from(body),
    enqueued,
  };
}

/** The summary of what was recognized, the reason of what was not. */
function told(results: readonly NormalizedMessage[]): readonly string[] {
  return results.map(({ drafts }) => {
    const [draft] = drafts;
    if (draft === undefined) return 'no draft';
    return draft.type === UNRECOGNIZED_TYPE ? `unrecognized: ${draft.data.unrecognized?.reason}` : draft.data.summary;
  });
}

describe('a batch', () => {
  test('gives in the other process what the normalizers give in this one, in order, and leaves the bodies as they are', async () => {
    const pool = createNormalizerPool();
    pools.push(pool);
    const bodies = ['{}', 'payload=%7B%7D', '', '{"repository":{"full_name":"o/r"},"zen":"z","hook_id":1}', '\u0000'];
    const messages = [...bodies.map(message), { ...message('x'), envelope: undefined }];
    const copies = messages.map(({ body }) => Buffer.from(body));
    const results = await pool.normalizeBatch('web', messages);
    expect(results).toEqual(messages.map((each) => normalizeMessage('web', each)));
    expect(JSON.stringify(results)).toBe(JSON.stringify(messages.map((each) => normalizeMessage('web', each))));
    expect(messages.map(({ body }) => body)).toEqual(copies);
  });

  test('may be empty', async () => {
    expect(await poolOf().normalizeBatch('web', [])).toEqual([]);
  });

  test('larger than one job comes back whole and in order', async () => {
    const messages = Array.from({ length: 5 }, (_, i) => message(`${i} ${'x'.repeat(9_000_000)}`));
    const results = await poolOf().normalizeBatch('web', messages);
    expect(told(results).map((text) => text.slice(0, 1))).toEqual(['0', '1', '2', '3', '4']);
  });

  test('waits for the one before it: two partitions share the process', async () => {
    const pool = poolOf();
    const batches = await Promise.all(
      ['a', 'b', 'c'].map((name) => pool.normalizeBatch('web', [message(`${name}1`), message(`${name}2`)])),
    );
    expect(batches.map(told)).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
      ['c1', 'c2'],
    ]);
  });

  test('is read without the settings of the process: a normalizer that were taken over finds no secret', async () => {
    process.env['INDELIBLE_TEST_SECRET'] = 'hunter2';
    const results = await poolOf().normalizeBatch('web', [message('environment')]);
    delete process.env['INDELIBLE_TEST_SECRET'];
    expect(told(results)).toEqual(['{}']);
  });
});

describe('a poisonous message is sealed as unrecognized, and the rest of its batch is not', () => {
  test.each<[string, string, Partial<NormalizerLimits>, RegExp]>([
    ['throws', 'throw', {}, /TypeError/],
    ['loops forever', 'loop', { batch: 1_000, message: 1_000 }, /did not finish in time, in each of 3 attempts/],
    // The three ways in which a thread, unlike a process, takes everything down with it.
    ['eats memory in small pieces', 'eat', { memory: 48 }, /ran out of memory, in each of 3 attempts/],
    ['eats memory in large pieces', 'eat-large', { memory: 48 }, /ran out of memory, in each of 3 attempts/],
    [
      'is parsed to more than fits',
      `parse ${'{},'.repeat(3_000_000)}`,
      { memory: 48 },
      /ran out of memory, in each of 3 attempts/,
    ],
    ['ends the process', 'exit 3', {}, /ended with code 3, in each of 3 attempts/],
    ['kills the process', 'kill', {}, /ended with SIGKILL, in each of 3 attempts/],
    ['gives too many records', 'many 8193', {}, /8193 records/],
  ])('that %s', async (_what, order, limits, reason) => {
    const pool = poolOf(limits);
    const results = await pool.normalizeBatch('web', [message('before'), message(order), message('after')]);
    const [before, poisoned, after] = told(results);
    expect([before, after]).toEqual(['before', 'after']);
    expect(poisoned).toMatch(/^unrecognized: /);
    expect(poisoned).toMatch(reason);
    // Its id stays that of its delivery, so that a redelivery is the same record.
    expect(results[1]?.delivery).toMatch(/^d-/);
    expect(results[1]?.drafts[0]?.data.unrecognized?.code).toBe('normalizer');
    // And the partition goes on.
    expect(told(await pool.normalizeBatch('web', [message('next')]))).toEqual(['next']);
  });

  test('that is not alone: each of several is found', async () => {
    const results = await poolOf().normalizeBatch('web', [message('exit 1'), message('good'), message('exit 2')]);
    expect(told(results)).toEqual([expect.stringContaining('code 1'), 'good', expect.stringContaining('code 2')]);
  });

  test('but one that failed once and then succeeds is not poisonous', async () => {
    const pool = poolOf({ batch: 300, message: 10_000 });
    const results = await pool.normalizeBatch('web', [
      message('before'),
      message(`loop-once ${join(folder, 'marker')}`),
    ]);
    expect(told(results)).toEqual(['before', expect.stringContaining('loop-once')]);
  });
});

describe('the process', () => {
  test.each(['later', 'reject'])(
    'that dies after its answer (%s) is replaced, and the next batch is not blamed',
    async (order) => {
      const pool = poolOf();
      await pool.normalizeBatch('web', [message(order)]);
      for (let i = 0; i < 5; i++) {
        expect(told(await pool.normalizeBatch('web', [message(`batch ${i}`)]))).toEqual([`batch ${i}`]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  );

  test('that loops while its parent is killed ends itself: nobody else would end it', async () => {
    const pidFile = join(folder, 'pid');
    const module = (path: string): string => JSON.stringify(new URL(`../../shared/${path}`, import.meta.url).href);
    await writeFile(
      join(folder, 'parent.mjs'),
      `import { createNormalizerPool } from ${module('normalize/normalizer-pool.ts')};
       import { formatEnvelope } from ${module('wire/envelope.ts')};
       const pool = createNormalizerPool({ limits: { batch: 1_000 }, normalizersModule: new URL('${poison.href}') });
       const envelope = formatEnvelope({ source: 'github' });
       await pool.normalizeBatch('web', [{ envelope, body: Buffer.from('loop-pid ${pidFile}'), enqueued: '${enqueued}' }]);`,
    );
    const parent = spawn(process.execPath, [join(folder, 'parent.mjs')], { stdio: 'ignore' });
    const pid = await vi.waitUntil(() => readFile(pidFile, 'utf8').then(Number, () => 0), { timeout: 20_000 });
    parent.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(pid), { timeout: 20_000 });
    expect(isAlive(pid)).toBe(false);
  });

  test.each([
    ['is missing', 'export {', 'missing.mjs'],
    ['does not parse', 'export {', 'broken.mjs'],
    ['throws as it loads', 'throw new Error("at load")', 'throws.mjs'],
  ])(
    'whose code %s fails the batch: a broken package must not seal everything as unrecognized',
    async (_what, code, name) => {
      if (name !== 'missing.mjs') await writeFile(join(folder, name), code);
      const pool = poolOf({}, pathToFileURL(join(folder, name)));
      await expect(pool.normalizeBatch('web', [message('x')])).rejects.toBeInstanceOf(SettingsError);
    },
  );

  test('that never becomes ready fails the batch', async () => {
    await writeFile(join(folder, 'waits.mjs'), 'await new Promise(() => setInterval(() => undefined, 1_000));');
    const pool = poolOf({ start: 300 }, pathToFileURL(join(folder, 'waits.mjs')));
    await expect(pool.normalizeBatch('web', [message('x')])).rejects.toBeInstanceOf(SettingsError);
  });
});

describe('a package', () => {
  test('that lacks the worker is named as such', () => {
    expect(() => normalizerWorkerUrl(pathToFileURL(join(folder, 'bundle.js')).href)).toThrow(SettingsError);
  });

  // The two layouts of npm run package: all in one file, and shared code in a folder of chunks.
  test.each([false, true])('made by esbuild (splitting: %s) finds and runs its worker', async (splitting) => {
    const root = new URL('../../', import.meta.url).pathname;
    const module = (path: string): string => JSON.stringify(join(root, 'shared', path));
    const main = `
      import { createNormalizerPool } from ${module('normalize/normalizer-pool.ts')};
      import { formatEnvelope } from ${module('wire/envelope.ts')};
      const pool = createNormalizerPool();
      const body = Buffer.from('{"zen":"z","hook_id":1,"repository":{"full_name":"o/r"}}');
      const envelope = formatEnvelope({ source: 'github', event: 'ping', delivery: 'd' });
      const results = await pool.normalizeBatch('web', [{ envelope, body, enqueued: '${enqueued}' }]);
      console.log(results[0].normalizer, results[0].drafts[0].type);
    `;
    await writeFile(join(folder, 'entry-a.ts'), main);
    await writeFile(join(folder, 'entry-b.ts'), main);
    await build({
      entryPoints: [
        join(folder, 'entry-a.ts'),
        join(folder, 'entry-b.ts'),
        join(root, 'shared/normalize/normalizer-worker.ts'),
      ],
      entryNames: '[name]',
      chunkNames: 'chunks/[name]-[hash]',
      outdir: join(folder, 'out'),
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      nodePaths: [join(root, 'node_modules')],
      logLevel: 'silent',
    });
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'out/entry-a.mjs')]);
    // That it ended by itself shows that an idle worker does not keep its parent alive.
    expect(stdout.trim()).toMatch(/^github\/\d+ indelible\.\w+\.\w+\.\w+$/);
    expect(stdout).not.toContain('unrecognized');
  });
});
