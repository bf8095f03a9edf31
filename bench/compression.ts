import { formatFrame, parseFrame } from '../shared/wire/zstd-frame.ts';
import type { Bench } from './bench.ts';
import { interleave, median, medianRatio } from './interleave.ts';
import { makeSealingWork } from './sealing-work.ts';

/** Segments and evidence to Zstandard frames. */
export const benchCompression: Bench = async ({ quick }) => {
  const { batches, reference, segmentBytes, evidenceBytes } = await makeSealingWork(quick);
  const blobs = batches.flatMap(({ composed: { segment, evidence } }) => [
    segment.padded.subarray(1),
    ...evidence.map(({ bytes }) => bytes),
  ]);
  const compress = () => blobs.map(formatFrame);
  const frames = compress();
  for (const [i, blob] of blobs.entries()) {
    if (!parseFrame(frames[i] as Buffer, blob.length).equals(blob)) throw new Error('A frame inflates to other bytes.');
  }
  const times = await interleave(quick ? 3 : 25, 'cpu', { reference, compress });
  const bytes = segmentBytes + evidenceBytes;
  return [
    {
      name: 'compression',
      ratio: medianRatio(times.reference, times.compress),
      target: 0.6,
      divides:
        'JSON.stringify of the records + one SHA-256 of segments and evidence ÷ Zstandard of the same bytes (CPU)',
      absolute: {
        'MB/s': bytes / median(times.compress) / 1_000,
        'MB in': bytes / 1e6,
        'MB out': frames.reduce((sum, { length }) => sum + length, 0) / 1e6,
      },
    },
  ];
};
