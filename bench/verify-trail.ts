import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { DirectoryImmutableStore } from '../shared/directory/directory-immutable-store.ts';
import type { ImmutableStore } from '../shared/seal/immutable-store.ts';
import { collectFindings } from '../shared/verify/verify-trail.ts';
import { parseFrame } from '../shared/wire/zstd-frame.ts';
import { TrailBuilder } from '../test/fixtures/trail-builder.ts';
import type { TestMessage } from '../test/fixtures/trail-builder.ts';

/**
 * How fast a trail in a directory is verified, against one SHA-256 over its inflated bytes: what no verifier can beat. Wall
 * time in interleaved rounds, the median of the rounds' ratios. Run it on one core with `taskset -c 0 … --parallel 1`.
 */
const { values } = parseArgs({
  options: {
    segments: { type: 'string', default: '60' },
    messages: { type: 'string', default: '500' },
    body: { type: 'string', default: '5000' },
    logs: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    parallel: { type: 'string', default: '1' },
    evidence: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
});
const number = (text: string) => Number.parseInt(text, 10);

const builder = new TrailBuilder();
for (let log = 0; log < number(values.logs); log++) {
  const builtLog = builder.log('web', String(log));
  for (let segment = 0; segment < number(values.segments) / number(values.logs); segment++) {
    builtLog.segment(Array.from({ length: number(values.messages) }, (_, i) => messageOf(log, segment, i)));
  }
}

function messageOf(log: number, segment: number, i: number): TestMessage {
  const id = hash('sha256', `${log}/${segment}/${i}`, 'hex');
  const body = JSON.stringify({ action: 'opened', number: i, head: id, text: `${id} lorem ipsum dolor `.repeat(200) });
  return { body: Buffer.from(body.slice(0, number(values.body))) };
}

const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'));
try {
  const folders = { trail: join(folder, 'trail'), evidence: values.evidence ? join(folder, 'evidence') : undefined };
  const inflated = await write(builder.trail, new DirectoryImmutableStore(folders.trail));
  if (folders.evidence !== undefined) {
    inflated.push(...(await write(builder.evidence, new DirectoryImmutableStore(folders.evidence))));
  }
  const bytes = inflated.reduce((sum, each) => sum + each.length, 0);
  const trail = new DirectoryImmutableStore(folders.trail, { readOnly: true });
  const evidence =
    folders.evidence === undefined ? undefined : new DirectoryImmutableStore(folders.evidence, { readOnly: true });
  const options = {
    trail,
    evidence,
    folders,
    keys: [builder.key.publicKey],
    parallel: number(values.parallel),
    whole: values.whole,
  };

  const hashOnce = async () => inflated.forEach((each) => hash('sha256', each, 'hex'));
  const verify = async () => {
    const { summary } = await collectFindings(options);
    if (summary.failures > 0) throw new Error('The trail of the benchmark does not verify.');
  };
  await timed(verify);
  const ratios: number[] = [];
  const speeds: number[] = [];
  for (let round = 0; round < number(values.rounds); round++) {
    const once = await timed(hashOnce);
    const whole = await timed(verify);
    ratios.push(once / whole);
    speeds.push(bytes / whole / 1e3);
  }
  process.stdout.write(
    `${inflated.length} blobs, ${(bytes / 1e6).toFixed(0)} MB inflated, ${values.parallel} in parallel: verification runs at ${median(ratios).toFixed(3)} of one SHA-256 (${median(speeds).toFixed(0)} MB/s)\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Copies a store, and gives the inflated bytes. */
async function write(from: ImmutableStore, to: ImmutableStore): Promise<Buffer[]> {
  const inflated: Buffer[] = [];
  for await (const { name } of from.list('')) {
    const blob = await from.read(name);
    if (blob === undefined) continue;
    await to.create(name, blob);
    if (name.endsWith('.zst')) inflated.push(parseFrame(blob, 1 << 30));
  }
  return inflated;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(of: readonly number[]): number {
  return [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
}
