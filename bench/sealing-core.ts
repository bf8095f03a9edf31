import type { Bench } from './bench.ts';
import { interleave, median, medianRatio } from './interleave.ts';
import { compose, makeSealingWork } from './sealing-work.ts';

/** From normalized drafts to a segment's bytes and its evidence: ids, project, authority, JSON, layout, leaves, tree, hashes. */
export const benchSealingCore: Bench = async ({ quick }) => {
  const { batches, reference, records, segmentBytes, evidenceBytes } = await makeSealingWork(quick);
  const core = () => {
    for (const batch of batches) {
      const { root } = compose(batch).segment.checkpoint;
      if (!root.equals(batch.composed.segment.checkpoint.root)) throw new Error('One batch has two roots.');
    }
  };
  const times = await interleave(quick ? 3 : 25, 'cpu', { reference, core });
  return [
    {
      name: 'sealing core',
      ratio: medianRatio(times.reference, times.core),
      target: 0.6,
      divides: 'JSON.stringify of the records + one SHA-256 of segments and evidence ÷ drafts to segment bytes (CPU)',
      absolute: {
        'µs/record': (median(times.core) * 1_000) / records,
        records,
        'segment bytes/record': segmentBytes / records,
        'evidence bytes/record': evidenceBytes / records,
      },
    },
  ];
};
