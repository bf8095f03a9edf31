import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { DirectoryImmutableStore } from '../shared/directory/directory-immutable-store.ts';
import { resolveBody } from '../shared/seal/raw-body.ts';
import { collectFindings } from '../shared/verify/verify-trail.ts';
import type { VerifyOptions } from '../shared/verify/verify-trail.ts';
import { parseFrame, releaseInflated } from '../shared/wire/zstd-frame.ts';
import { MemoryImmutableStore } from '../test/fakes/memory-immutable-store.ts';
import { MemorySigner } from '../test/fakes/memory-signer.ts';
import type { Bench, Measurement } from './bench.ts';
import { githubEvents, hubMessage } from './github-events.ts';
import { interleave, median, medianRatio } from './interleave.ts';
import type { Clock } from './interleave.ts';
import { normalizeRaw, sealInBatches } from './seal-events.ts';

/** Events that differ; a longer trail repeats them under other deliveries, since normalizing takes longer than sealing. */
const DIFFERENT = 2_000;

interface TrailSize {
  readonly messages: number;
  /** To a segment. */
  readonly batch: number;
  readonly withEvidence: boolean;
}

interface SealedTrail {
  readonly options: VerifyOptions;
  /** Compressed, and inflated. */
  readonly blobs: readonly Buffer[];
  readonly inflated: readonly Buffer[];
  readonly bytes: number;
}

/** A trail in a directory, sealed as the app seals it, against one SHA-256 of its inflated bytes: what no verifier can beat. */
export const benchVerification: Bench = async ({ quick }) => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'));
  try {
    const size = (messages: number, batch: number, withEvidence = false): TrailSize => ({
      messages: quick ? Math.min(messages, 2_000) : messages,
      batch,
      withEvidence,
    });
    const rounds = quick ? 2 : 9;
    const results: Measurement[] = [];
    // The largest last: what lies in memory weighs on what is measured.
    const small = await sealTrail(join(folder, 'small'), size(20_000, 100));
    results.push(await measure('verification, one core, 100 events a segment', small, 1, rounds));
    const whole = await sealTrail(join(folder, 'whole'), size(5_000, 500, true));
    results.push(await measure('verification with evidence, one core', whole, 1, rounds));
    const large = await sealTrail(join(folder, 'large'), size(300_000, 500));
    results.push(await measure('verification, one core, 500 events a segment', large, 1, rounds));
    results.push(await measure('verification, two cores, 500 events a segment', large, 2, rounds));
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function measure(name: string, trail: SealedTrail, parallel: 1 | 2, rounds: number): Promise<Measurement> {
  const verify = async () => {
    const { summary, findings } = await collectFindings({ ...trail.options, parallel });
    const bytes = summary.bytes + summary.evidenceBytes;
    if (summary.failures === 0 && bytes === trail.bytes) return;
    throw new Error(`The trail does not verify: ${bytes} of ${trail.bytes} bytes, ${findings[0]?.message ?? ''}`);
  };
  const once = () => trail.inflated.forEach((each) => hash('sha256', each));
  const inflate = () => trail.blobs.forEach((blob) => releaseInflated(parseFrame(blob, 1 << 30)));
  // One thread's work is its CPU time, whatever else the machine does; two threads are there to save wall time.
  const clock: Clock = parallel === 1 ? 'cpu' : 'wall';
  const times = await interleave(rounds, clock, { once, inflate, verify });
  return {
    name,
    ratio: medianRatio(times.once, times.verify),
    // Near twice as much on two cores.
    target: parallel === 1 ? 0.2 : 0.36,
    divides: `one SHA-256 of the inflated bytes ÷ verification from a directory (${parallel === 1 ? 'CPU' : 'wall'})`,
    absolute: {
      'MB/s': trail.bytes / median(times.verify) / 1_000,
      MB: trail.bytes / 1e6,
      blobs: trail.blobs.length,
      'inflating alone, of its time': median(times.inflate) / median(times.verify),
      cores: availableParallelism(),
    },
  };
}

async function sealTrail(folder: string, { messages, batch, withEvidence }: TrailSize): Promise<SealedTrail> {
  const signer = new MemorySigner();
  const trail = new MemoryImmutableStore();
  const evidence = new MemoryImmutableStore();
  const nowhere = Object.assign(new MemoryImmutableStore(), { create: async () => 'created' as const });
  // Equal bodies make one blob of the evidence, which would be verified several times.
  const events = githubEvents(withEvidence ? messages : Math.min(messages, DIFFERENT));
  const normalized = await Promise.all(
    events.map(async (event, i) =>
      normalizeRaw(await resolveBody(hubMessage(event, i), { read: async () => undefined })),
    ),
  );
  const all = Array.from({ length: messages }, (_, i) => {
    const event = events[i % events.length];
    if (event === undefined) throw new Error('There are no events.');
    return hubMessage({ ...event, delivery: `${event.delivery}-${i}` }, i);
  });
  await sealInBatches(
    {
      trail,
      evidence: withEvidence ? evidence : nowhere,
      signer,
      normalize: ({ message: { sequenceNumber }, envelope }) => {
        const known = normalized[sequenceNumber % events.length];
        if (known === undefined) throw new Error('There are no events.');
        return { ...known, envelope, delivery: envelope?.delivery };
      },
    },
    all,
    batch,
  );
  const folders = { trail: join(folder, 'trail'), evidence: withEvidence ? join(folder, 'evidence') : undefined };
  const blobs = await write(trail, folders.trail);
  if (folders.evidence !== undefined) blobs.push(...(await write(evidence, folders.evidence)));
  const inflated = blobs.map((blob) => parseFrame(blob, 1 << 30));
  return {
    options: {
      trail: new DirectoryImmutableStore(folders.trail, { readOnly: true }),
      evidence:
        folders.evidence === undefined ? undefined : new DirectoryImmutableStore(folders.evidence, { readOnly: true }),
      folders,
      keys: [await signer.newest()],
    },
    blobs,
    inflated,
    bytes: inflated.reduce((sum, { length }) => sum + length, 0),
  };
}

/** Writes the blobs as files, and gives those that are compressed. */
async function write(store: MemoryImmutableStore, folder: string): Promise<Buffer[]> {
  const target = new DirectoryImmutableStore(folder);
  const blobs: Buffer[] = [];
  for (const name of store.names()) {
    const blob = await store.read(name);
    if (blob === undefined) throw new Error(`${name} is gone.`);
    await target.create(name, blob);
    if (name.endsWith('.zst')) blobs.push(blob);
  }
  return blobs;
}
