import { beforeEach, describe, expect, test } from 'vitest';

import { SealError } from '../../shared/errors.ts';
import type { PartitionSealer } from '../../shared/seal/partition-sealer.ts';
import { SealStage, configurationOf } from './stage.ts';

/** A small generator, so that a failing interleaving can be had again from its seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Lets one call of all ports go at a time, in an order that the seed decides: what two processes do at once, again and again
 * the same way.
 */
class Scheduler {
  readonly #random: () => number;
  #waiting: (() => void)[] = [];
  #isOver = false;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    void this.#run();
  }

  /** The same port, whose async methods wait for their turn before they do anything, and again before they answer. */
  wrap<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        const call = (...inputs: unknown[]): unknown => Reflect.apply(member, target, inputs) as unknown;
        if (Object.prototype.toString.call(member) !== '[object AsyncFunction]') return call;
        return async (...inputs: unknown[]) => {
          await this.#turn();
          const answer = await (call(...inputs) as Promise<unknown>);
          await this.#turn();
          return answer;
        };
      },
    });
  }

  stop(): void {
    this.#isOver = true;
    for (const go of this.#waiting) go();
    this.#waiting = [];
  }

  #turn(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      const [go] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1);
      go?.();
    }
  }
}

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

/** A sealer as another process has it: its own memory, its turn by the scheduler. */
function process(scheduler: Scheduler, own: SealStage = stage, limits = 6): PartitionSealer {
  const { trail, evidence, signer, hub } = own.deps();
  return own.sealer({
    trail: scheduler.wrap(trail),
    evidence: scheduler.wrap(evidence),
    signer: scheduler.wrap(signer),
    hub: scheduler.wrap(hub),
    segmentLimits: { leaves: limits, bytes: 1 << 20 },
  });
}

/** As the host: once more after an error, of which only those that a race brings about may come. */
async function persist(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      const mayCome = error instanceof SealError && error.code === 'superseded';
      if (!mayCome || attempt === 3) throw error;
    }
  }
}

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed + 1);

describe('invariant 2: two sealers on one partition at once', () => {
  test.each(SEEDS)('seal the same batch twice, or stop each other (seed %i)', async (seed) => {
    const scheduler = new Scheduler(seed);
    const [a, b] = [process(scheduler), process(scheduler)];
    for (let round = 0; round < 3; round++) {
      const batch = stage.push(8, 1);
      const done = await Promise.all([a.sealBatch(batch), b.sealBatch(batch)]);
      const last = (await stage.seals()).at(-1)?.to?.sequenceNumber;
      expect(last).toBe(batch.at(-1)?.sequenceNumber);
      expect(done.every(({ log }) => log === stage.logOf())).toBe(true);
    }
    scheduler.stop();
    expect(await stage.check({ orphans: true })).toEqual([]);
  });

  test.each(SEEDS)('lose what only one of them was given (seed %i)', async (seed) => {
    const scheduler = new Scheduler(seed);
    const [a, b] = [process(scheduler), process(scheduler)];
    for (let round = 0; round < 3; round++) {
      const all = stage.push(12);
      const [first, second] = [all.slice(0, 5), all.slice(seed % 7)];
      await Promise.all([a.sealBatch(first), b.sealBatch(second), a.sealBatch(second.slice(-2))]);
      expect((await stage.seals()).at(-1)?.to?.sequenceNumber).toBe(all.at(-1)?.sequenceNumber);
    }
    scheduler.stop();
    expect(await stage.check({ orphans: true })).toEqual([]);
  });

  test.each(SEEDS)('forget the end of a batch whose beginning the other sealed first (seed %i)', async (seed) => {
    const scheduler = new Scheduler(seed);
    const [a, b] = [process(scheduler, stage, 60), process(scheduler, stage, 60)];
    const all = stage.push(10);
    const ends = await Promise.all(
      [a.sealBatch(all.slice(0, 4)), b.sealBatch(all)].map(async (work, k) => {
        await work;
        const to = (await stage.seals()).at(-1)?.to?.sequenceNumber ?? -1;
        return { k, to };
      }),
    );
    // What a call returned for is sealed when it returns: the host then moves its checkpoint.
    expect(ends.find(({ k }) => k === 1)?.to).toBe(9);
    scheduler.stop();
    expect(await stage.check({ orphans: true })).toEqual([]);
  });

  test.each(SEEDS.slice(0, 20))('and a gap, a key and seal-tail between them (seed %i)', async (seed) => {
    const scheduler = new Scheduler(seed);
    const [a, b] = [process(scheduler), process(scheduler)];
    const first = stage.push(6);
    for (const number of [2, 3]) stage.hub.lose('0', number);
    stage.lost([2, 3]);
    await Promise.all([a.sealBatch(first.slice(4)), b.sealBatch(first.slice(0, 2))]);
    stage.signer.rotate();
    stage.push(4);
    stage.now += 600_000;
    await Promise.all([a.sealTail(), b.sealTail(), b.sealBatch(undefined)]);
    await Promise.all([a.sealBatch(stage.push(3)), b.sealTail()]);
    scheduler.stop();
    expect(await stage.check({ orphans: true })).toEqual([]);
  });

  test.each(SEEDS.slice(0, 20))('open two generations for one hub that was created anew (seed %i)', async (seed) => {
    const scheduler = new Scheduler(seed);
    const [a, b] = [process(scheduler), process(scheduler)];
    const old = stage.push(5);
    await Promise.all([a.sealBatch(old), b.sealBatch(old)]);
    stage.hub.recreate();
    stage.generation = 1;
    stage.now += 120_000;
    const fresh = stage.push(8);
    await Promise.all([persist(() => a.sealBatch(fresh)), persist(() => b.sealBatch(fresh.slice(3)))]);
    scheduler.stop();
    expect((await stage.seals()).at(-1)?.to?.sequenceNumber).toBe(7);
    expect(await stage.check({ orphans: true })).toEqual([]);
  });

  test.each(SEEDS.slice(0, 10))('with an old and a new configuration go back and forth (seed %i)', async (seed) => {
    const scheduler = new Scheduler(seed);
    const old = process(scheduler);
    stage.configuration = configurationOf({ text: 'two', before: ['one'] });
    const fresh = process(scheduler);
    const all = stage.push(12);
    const outcomes = await Promise.allSettled([old.sealBatch(all), fresh.sealBatch(all)]);
    const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as SealError] : []));
    expect(refusals.filter(({ code }) => code !== 'configurationRolledBack')).toEqual([]);
    expect(outcomes[1]?.status).toBe('fulfilled');
    await fresh.sealBatch([...all, ...stage.push(1)]);
    scheduler.stop();
    expect((await stage.seals()).at(-1)?.configurations.at(-1)?.sha256).toBe(stage.configuration.sha256);
    expect(await stage.check({ orphans: true })).toEqual([]);
  });
});
