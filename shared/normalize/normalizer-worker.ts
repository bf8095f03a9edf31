import { runInThisContext } from 'node:vm';

import { normalizeMessage } from './normalize-message.ts';
import type { Normalizer } from './normalizer.ts';
import type { NormalizerAnswer, NormalizerJob } from './normalizer-pool.ts';

/**
 * The process that reads hostile bodies: an entry file of its own, driven by `normalizer-pool.ts`. It has no environment, no
 * client of any service, and nothing to lose: whatever happens in it, the pool starts another. Argument, tests alone: a
 * module that exports `NORMALIZERS` in place of the true ones.
 */
if (process.send === undefined) throw new Error('normalizer-worker is started by the normalizer pool, not by itself.');
const send = process.send.bind(process);

const injected = process.argv[2];
const normalizers =
  injected === undefined ? undefined : ((await import(injected)) as { NORMALIZERS: readonly Normalizer[] }).NORMALIZERS;

const shared = globalThis as { answerJob?: () => void };

process.on('message', ({ hub, messages, limit }: NormalizerJob) => {
  shared.answerJob = () => {
    const answer: NormalizerAnswer = messages.map((message) => normalizeMessage(hub, message, normalizers));
    send(answer);
  };
  // The pool kills this process at the limit. Where the pool was killed itself, nobody would, and a loop would run on for
  // good: `vm` is the one thing in Node that interrupts it, with an error that ends the process.
  runInThisContext('answerJob()', { timeout: 2 * limit });
});
process.on('disconnect', () => process.exit());
send('ready');
