/**
 * `npm run bench`: how fast the parts are, as ratios to what bounds them, both measured in the same minute.
 *
 *     node bench/main.ts [--only NAME[,NAME…]] [--quick] [--out FILE]
 *
 * Each bench runs in a process of its own: what one leaves in the heap and in the compiler must not weigh on the next. With
 * one NAME there is one process, to be looked into: `node --cpu-prof bench/main.ts --only verification`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Bench, Measurement } from './bench.ts';
import { benchCompression } from './compression.ts';
import { benchDurableAppend } from './durable-append.ts';
import { benchNormalizing } from './normalizing.ts';
import { benchPipeline } from './pipeline.ts';
import { formatTable } from './report.ts';
import { benchSealingCore } from './sealing-core.ts';
import { benchStorageOperations } from './storage-operations.ts';
import { benchStoredBytes } from './stored-bytes.ts';
import { benchTreeHashing } from './tree-hashing.ts';
import { benchVerification } from './verification.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  'sealing-core': benchSealingCore,
  compression: benchCompression,
  normalizing: benchNormalizing,
  'tree-hashing': benchTreeHashing,
  verification: benchVerification,
  'durable-append': benchDurableAppend,
  'stored-bytes': benchStoredBytes,
  'storage-operations': benchStorageOperations,
  pipeline: benchPipeline,
};

/** What `--out` holds. */
interface BenchReport {
  /** RFC 3339, UTC. */
  readonly date: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly quick: boolean;
  readonly benches: Readonly<Record<string, readonly Measurement[]>>;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const date = new Date().toISOString();
const names = values.only?.split(',') ?? Object.keys(BENCHES);
const unknown = names.filter((name) => BENCHES[name] === undefined);
if (unknown.length > 0) {
  throw new Error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.`);
}

const [first = ''] = names;
const benches = names.length === 1 ? { [first]: await runHere(first) } : await runEach(names);
const report: BenchReport = {
  date,
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  quick: values.quick,
  benches,
};
const out = values.out ?? join('.bench', `${date.replaceAll(':', '-')}.json`);
await mkdir(dirname(out), { recursive: true });
await writeFile(out, `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(`${formatTable(Object.values(benches).flat())}\n${out}\n`);

async function runHere(name: string): Promise<readonly Measurement[]> {
  const bench = BENCHES[name] as Bench;
  return bench({ quick: values.quick });
}

async function runEach(all: readonly string[]): Promise<BenchReport['benches']> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'));
  try {
    const found: Record<string, readonly Measurement[]> = {};
    for (const name of all) {
      process.stderr.write(`${name} …\n`);
      found[name] = await runAlone(name, join(folder, `${name}.json`));
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runAlone(name: string, file: string): Promise<readonly Measurement[]> {
  const args = [import.meta.filename, '--only', name, '--out', file, ...(values.quick ? ['--quick'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`The bench ${name} failed.`);
  const { benches: measured } = JSON.parse(await readFile(file, 'utf8')) as BenchReport;
  return measured[name] ?? [];
}
