import { MemoryImmutableStore } from '../test/fakes/memory-immutable-store.ts';
import { MemorySigner } from '../test/fakes/memory-signer.ts';
import type { Bench, Measurement } from './bench.ts';
import { githubEvents, hubMessage } from './github-events.ts';
import { sealInBatches } from './seal-events.ts';

/** What the two containers hold, against what was received: one frame a batch, so that larger batches take less. */
export const benchStoredBytes: Bench = async ({ quick }) => {
  const messages = githubEvents(quick ? 100 : 1_000).map(hubMessage);
  const received = messages.reduce((sum, { body }) => sum + body.length, 0);
  const results: Measurement[] = [];
  for (const batch of [1, 25, 100]) {
    const trail = new MemoryImmutableStore();
    const evidence = new MemoryImmutableStore();
    await sealInBatches({ trail, evidence, signer: new MemorySigner() }, messages, batch);
    const segments = await sizeOf(trail);
    const bodies = await sizeOf(evidence);
    results.push({
      name: `stored bytes, batches of ${batch}`,
      ratio: (segments + bodies) / received,
      divides: 'bytes of segments and evidence ÷ bytes of the bodies received',
      absolute: {
        'segment bytes/event': segments / messages.length,
        'evidence bytes/event': bodies / messages.length,
        'body bytes/event': received / messages.length,
      },
    });
  }
  return results;
};

async function sizeOf(store: MemoryImmutableStore): Promise<number> {
  let bytes = 0;
  for await (const { size } of store.list('')) bytes += size;
  return bytes;
}
