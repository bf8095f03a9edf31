import { createNormalizerPool } from '../shared/normalize/normalizer-pool.ts';
import { UNRECOGNIZED_TYPE } from '../shared/wire/record.ts';
import type { Bench } from './bench.ts';
import { interleave, median, medianRatio } from './interleave.ts';
import { normalizeRaw } from './seal-events.ts';
import { makeSealingWork } from './sealing-work.ts';

/** From a body's bytes to drafts that were checked against the schema: in this process, and in the normalizer's own. */
export const benchNormalizing: Bench = async ({ quick }) => {
  const { batches, reference, records, evidenceBytes } = await makeSealingWork(quick);
  const raw = batches.flatMap((batch) => batch.raw);
  const normalize = () => raw.map(normalizeRaw);
  const drafts = normalize().flatMap((each) => each.drafts);
  if (drafts.some(({ type }) => type === UNRECOGNIZED_TYPE)) throw new Error('An event of GitHub was not recognized.');
  const parse = () => raw.map(({ body }) => JSON.parse(body.toString()) as unknown);
  const rounds = quick ? 3 : 25;
  const cpu = await interleave(rounds, 'cpu', { reference, parse, normalize });

  const messages = raw.map(({ message: { envelope, enqueued }, body }) => ({ envelope, enqueued, body }));
  const pool = createNormalizerPool();
  try {
    const inPool = async () => {
      const results = await pool.normalizeBatch('web', messages);
      if (results.length !== messages.length) throw new Error('The pool lost messages.');
    };
    const wall = await interleave(rounds, 'wall', { reference, inPool });
    const divided = 'JSON.stringify of the records + one SHA-256 of segments and evidence';
    return [
      {
        name: 'normalizing',
        ratio: medianRatio(cpu.reference, cpu.normalize),
        target: 0.6,
        divides: `${divided} ÷ bodies to drafts (CPU)`,
        absolute: {
          'µs/record': (median(cpu.normalize) * 1_000) / records,
          'of it JSON.parse of the bodies alone': (median(cpu.parse) * 1_000) / records,
          'body bytes': evidenceBytes / raw.length,
        },
      },
      {
        name: 'normalizing in its own process',
        ratio: medianRatio(wall.reference, wall.inPool),
        divides: `${divided} ÷ bodies to drafts, there and back (wall)`,
        absolute: { 'µs/record': (median(wall.inPool) * 1_000) / records },
      },
    ];
  } finally {
    await pool.close();
  }
};
