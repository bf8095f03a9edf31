import { expect, test } from 'vitest';

import { LongStage, setting } from './long-stage.ts';

/**
 * Two processes seal the same partition at once, each reading all of it in batches of its own size, as after a hand-over that
 * one of them has not noticed. Environment: INDELIBLE_SHARED_EVENTS.
 */
const EVENTS = setting('INDELIBLE_SHARED_EVENTS', 6_000);
const SENT_AT_ONCE = 200;

test('invariant 2: two processes on one partition lose, double or fork something', async () => {
  const stage = await LongStage.open(1);
  try {
    const sealers = await Promise.all([stage.startSealer(37), stage.startSealer(50)]);
    for (let sent = 0; sent < EVENTS; sent += SENT_AT_ONCE) await stage.publish(0, SENT_AT_ONCE);
    await stage.drained(() => {
      for (const sealer of sealers) {
        if (sealer.process.exitCode !== null) throw new Error(`A sealer ended: ${sealer.log()}`);
      }
    });
    await Promise.all(sealers.map((sealer) => sealer.stop()));
    for (const sealer of sealers) expect(sealer.log()).toBe('');
    expect(await stage.countSegments()).toBeGreaterThan(EVENTS / 100);
    expect(await stage.check()).toEqual([]);
  } finally {
    await stage.close();
  }
});
