import { setTimeout as delay } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { LongStage, randomOf, setting } from './long-stage.ts';

/**
 * The sealing process is killed again and again, wherever it is just then, while events come in; then everything must be as
 * if it had never been killed. Environment: INDELIBLE_KILLS, INDELIBLE_EVENTS, INDELIBLE_SEED.
 */
const KILLS = setting('INDELIBLE_KILLS', 200);
const EVENTS = setting('INDELIBLE_EVENTS', 20_000);
const SEED = setting('INDELIBLE_SEED', Date.now() % 1_000_000);
const PARTITIONS = 2;
/** Milliseconds that a process lives at most once it is ready: a few batches, most of them in its first half. */
const LIFE = 1_200;

test(`invariant 2: a kill at the wrong moment loses, doubles or breaks something (seed ${SEED})`, async () => {
  const random = randomOf(SEED);
  const stage = await LongStage.open(PARTITIONS);
  try {
    const perLife = Math.ceil(EVENTS / PARTITIONS / KILLS);
    for (let kill = 0; kill < KILLS; kill++) {
      const published = publishAll(stage, perLife);
      const host = await stage.startHost('host');
      await delay(random() ** 1.5 * LIFE);
      await host.kill();
      await published;
    }
    const killed = await stage.countSegments();
    const last = await stage.startHost('host');
    await stage.drained(() => {
      if (last.process.exitCode !== null) throw new Error(`The last host ended: ${last.log()}`);
    });
    await last.stop();
    // Most of the sealing happened in processes that were killed, or the test has tested little.
    // oxlint-disable-next-line no-console -- the seed, to have the run again
    console.info(`seed ${SEED}: ${killed} segments in ${KILLS} lives, ${await stage.countSegments()} in the end`);
    expect(killed).toBeGreaterThan(KILLS / 4);
    expect(await stage.check()).toEqual([]);
  } finally {
    await stage.close();
  }
});

async function publishAll(stage: LongStage, count: number): Promise<void> {
  await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => stage.publish(partition, count)));
}
