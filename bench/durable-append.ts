import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DirectoryImmutableStore } from '../shared/directory/directory-immutable-store.ts';
import { formatSegmentBlob } from '../shared/wire/log-name.ts';
import { parseSegment } from '../shared/wire/segment.ts';
import { MemoryImmutableStore } from '../test/fakes/memory-immutable-store.ts';
import { MemorySigner } from '../test/fakes/memory-signer.ts';
import type { Bench, Measurement } from './bench.ts';
import { githubEvents, hubMessage } from './github-events.ts';
import { interleave, median, medianRatio } from './interleave.ts';
import { TRAIL_NAME, sealInBatches } from './seal-events.ts';

/** Sealed segments into a folder: each is durable, with its name, before the next begins. */
export const benchDurableAppend: Bench = async ({ quick }) => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'));
  try {
    const results: Measurement[] = [];
    for (const batch of [1, 25, 100]) results.push(await measure(join(folder, String(batch)), batch, quick));
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function measure(folder: string, batch: number, quick: boolean): Promise<Measurement> {
  const segments = await sealSegments(quick ? 2 : 20, batch);
  const records = segments.reduce((sum, blob) => sum + parseSegment(blob).leaves.length, 0);
  const store = new DirectoryImmutableStore(folder);
  let round = 0;
  const append = async () => {
    const log = `${TRAIL_NAME}/web/${round++}/0`;
    for (const [number, blob] of segments.entries()) {
      const created = await store.create(formatSegmentBlob(log, number), blob);
      if (created !== 'created') throw new Error('A segment was there before it was written.');
    }
  };
  let file = 0;
  const plain = async () => {
    for (const blob of segments) {
      const handle = await open(join(folder, `plain-${file++}`), 'wx');
      await handle.writeFile(blob);
      await handle.sync();
      await handle.close();
    }
  };
  const times = await interleave(quick ? 2 : 15, 'wall', { plain, append });
  return {
    name: `durable append, batches of ${batch}`,
    ratio: medianRatio(times.plain, times.append),
    divides: 'write and fsync of a file ÷ create in a directory, of the same segments one by one (wall)',
    absolute: {
      'records/s': (records / median(times.append)) * 1_000,
      'segments/s': (segments.length / median(times.append)) * 1_000,
      'fsync/s': (segments.length / median(times.plain)) * 1_000,
    },
  };
}

async function sealSegments(count: number, batch: number): Promise<Buffer[]> {
  const trail = new MemoryImmutableStore();
  const stores = { trail, evidence: new MemoryImmutableStore(), signer: new MemorySigner() };
  await sealInBatches(stores, githubEvents(count * batch).map(hubMessage), batch);
  return Promise.all(trail.names('segments/').map(async (name) => (await trail.read(name)) ?? Buffer.alloc(0)));
}
