import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Report {
  readonly quick: boolean;
  readonly benches: Readonly<Record<string, readonly { readonly name: string; readonly ratio: number }[]>>;
}

/** All but the one that starts the embedded stack. How fast they are is nobody's to judge on a machine that is busy. */
const BENCHES = [
  'sealing-core',
  'compression',
  'normalizing',
  'tree-hashing',
  'verification',
  'durable-append',
  'stored-bytes',
  'storage-operations',
];

describe('the benches', () => {
  const run = promisify(execFile);
  const root = join(import.meta.dirname, '../..');
  let folder = '';
  let report: Report;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-bench-test-'));
    const out = join(folder, 'report.json');
    const main = join(root, 'bench/main.ts');
    await run(process.execPath, [main, '--quick', '--only', BENCHES.join(','), '--out', out], { cwd: root });
    report = JSON.parse(await readFile(out, 'utf8')) as Report;
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('leaves no bench out of its report, so that none stops being measured unnoticed', () => {
    expect(Object.keys(report.benches)).toEqual(BENCHES);
    expect(report.quick).toBe(true);
  });

  it.each(BENCHES)('%s: measures something, and not by dividing by nothing', (bench) => {
    const measured = report.benches[bench] ?? [];
    expect(measured.length).toBeGreaterThan(0);
    expect(measured.filter(({ ratio }) => !(ratio > 0 && ratio < Infinity))).toEqual([]);
  });

  it('refuses the name of a bench that does not exist, rather than to measure nothing', async () => {
    const failed = await run(process.execPath, [join(root, 'bench/main.ts'), '--only', 'nothing']).catch(
      (error: unknown) => error,
    );
    expect(String((failed as { stderr?: unknown }).stderr)).toContain('There is no bench nothing.');
  });
});
