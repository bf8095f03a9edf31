import { existsSync, renameSync, writeFileSync } from 'node:fs';

import type { Normalizer, RecordDraft } from '../../shared/normalize/normalizer.ts';

/** Loaded into the normalizer process in place of the true ones: does what the body says. */
const poison: Normalizer = {
  source: 'github',
  version: 1,
  normalize({ body }) {
    const [order = '', argument = ''] = body.toString().split(' ');
    switch (order) {
      case 'throw':
        throw new TypeError('x is undefined');
      case 'loop':
        for (;;);
      case 'loop-pid':
        writeFileSync(`${argument}.new`, String(process.pid));
        renameSync(`${argument}.new`, argument);
        for (;;);
      case 'loop-once':
        // Fails until the marker is there, as a machine does that was too busy.
        if (!existsSync(argument)) {
          writeFileSync(argument, '');
          for (;;);
        }
        break;
      case 'eat': {
        const eaten: unknown[] = [];
        for (;;) eaten.push(Array.from({ length: 1_000 }, (_, i) => ({ i })));
      }
      case 'eat-large': {
        const eaten = new Map<number, object>();
        for (let i = 0; ; i++) eaten.set(i, { i });
      }
      case 'parse':
        return [draftOf('', String((JSON.parse(`[${argument}{}]`) as unknown[]).length))];
      case 'kill':
        process.kill(process.pid, 'SIGKILL');
        break;
      case 'exit':
        return process.exit(Number(argument));
      case 'reject':
        void Promise.reject(new Error('nobody listens'));
        break;
      case 'later':
        setImmediate(() => {
          throw new Error('thrown after the answer');
        });
        break;
      case 'many':
        return Array.from({ length: Number(argument) }, (_, i) => draftOf(String(i), 'one of many'));
      case 'environment':
        return [draftOf('', JSON.stringify(process.env))];
    }
    return [draftOf('', body.toString())];
  },
};

function draftOf(part: string, summary: string): RecordDraft {
  return {
    part,
    type: 'indelible.code.push.pushed',
    source: 'urn:test',
    data: { action: 'test', outcome: 'succeeded', summary },
  };
}

export const NORMALIZERS: readonly Normalizer[] = [poison];
