import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createNormalizerPool, NORMALIZER_LIMITS } from '../../shared/normalize/normalizer-pool.ts';
import type { NormalizerPool } from '../../shared/normalize/normalizer-pool.ts';
import { CALL_MS } from '../../shared/seal/partition-sealer.ts';
import type { SealDeps } from '../../shared/seal/partition-sealer.ts';
import { GAP_TYPE, UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import { MINUTE, SealStage, pushEnvelope } from './stage.ts';

let stage: SealStage;
const pools: NormalizerPool[] = [];
beforeEach(async () => {
  stage = await SealStage.open();
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

/** As the stage normalizes, but with time for so many messages of a round alone; `takes`: milliseconds that go by. */
function hurried(most: number, takes = 0): SealDeps['normalize'] {
  const { normalize } = stage.deps();
  return (hub, raw) => {
    stage.now += takes;
    return normalize(hub, raw.slice(0, most));
  };
}

describe('a round whose messages cannot all be normalized in time', () => {
  test('costs the others, or seals them untried, or behind those that follow', async () => {
    const sealer = stage.sealer({ normalize: hurried(3) });
    expect(await sealer.sealBatch(stage.push(10, 1))).toMatchObject({ segments: 4, messages: 10 });
    expect((await stage.records()).filter(({ type }) => type === UNRECOGNIZED_TYPE)).toEqual([]);
    expect(await stage.check()).toEqual([]);
  });

  test('loses its gaps, or seals one twice', async () => {
    const all = stage.push(12);
    stage.expire(4, [0, 1, 2, 3]);
    expect(await stage.sealer({ normalize: hurried(1) }).sealBatch(all.slice(8))).toMatchObject({
      messages: 8,
      gaps: 1,
    });
    expect((await stage.records()).filter(({ type }) => type === GAP_TYPE)).toHaveLength(1);
    expect(await stage.check()).toEqual([]);
  });

  test('stops before a message whose body is gone, which needs no normalizer', async () => {
    stage.push(1);
    stage.put(Buffer.from('gone'), pushEnvelope('gone', { body: { sha256: 'a'.repeat(64), size: 4 } }), {
      from: 'absent',
    });
    stage.push(1);
    const batch = await stage.hub.read('0', 0, 2, 10);
    expect(await stage.sealer({ normalize: hurried(1) }).sealBatch(batch)).toMatchObject({ segments: 2, messages: 3 });
    expect((await stage.seals())[0]?.to?.sequenceNumber).toBe(1);
  });
});

describe('a call whose time is over', () => {
  test('goes on until the host ends it, or what it leaves is never sealed', async () => {
    const sealer = stage.sealer({ normalize: hurried(1, CALL_MS) });
    expect(await sealer.sealBatch(stage.push(4))).toMatchObject({ segments: 1, messages: 1 });
    expect(await sealer.sealBatch(stage.push(1))).toMatchObject({ segments: 1, messages: 1 });
    stage.now += 5 * MINUTE;
    expect(await sealer.sealTail()).toMatchObject({ segments: 1, messages: 1 });
    expect(await stage.sealer().sealTail()).toMatchObject({ messages: 2 });
    expect(await stage.check()).toEqual([]);
  });

  test('reads on from the hub, a hundred messages at a time', async () => {
    stage.push(250);
    stage.now += 5 * MINUTE;
    expect(await stage.sealer({ normalize: hurried(100, CALL_MS) }).sealTail()).toMatchObject({ messages: 100 });
    expect(await stage.sealer().sealTail()).toMatchObject({ messages: 150 });
    expect(await stage.check()).toEqual([]);
  });

  test('gives up the only message that it would have taken: a partition that waited for long never goes on', async () => {
    const sealer = stage.sealer({ normalize: hurried(9, CALL_MS) });
    const [first, second] = await Promise.all([sealer.sealBatch(stage.push(1)), sealer.sealBatch(stage.push(1))]);
    expect([first, second]).toMatchObject([{ messages: 1 }, { messages: 1 }]);
  });
});

describe('messages that kill their normalizer, more than there is time for', () => {
  const orders = ['exit 1', 'good', 'exit 2', 'exit 3', 'better'];

  /** A pool whose calls are over as soon as they begin. */
  function poisoned(): NormalizerPool {
    const normalizersModule = new URL('../normalize/poison-normalizers.ts', import.meta.url);
    const pool = createNormalizerPool({ limits: { call: 0 }, normalizersModule });
    pools.push(pool);
    return pool;
  }

  test('are all tried at once, or none is', async () => {
    const enqueued = '2026-11-23T06:00:00.000Z';
    const messages = orders.map((order) => ({ envelope: pushEnvelope(order), body: Buffer.from(order), enqueued }));
    const results = await poisoned().normalizeBatch('web', messages);
    expect(results.map(({ delivery }) => delivery)).toEqual(['exit 1']);
    expect(results[0]?.drafts[0]?.data.unrecognized?.reason).toContain('in each of 3 attempts');
  });

  test('leave out the answer of a job that was done, or begin the next one', async () => {
    const enqueued = '2026-11-23T06:00:00.000Z';
    const body = Buffer.from('x'.repeat(9_000_000));
    const small = Buffer.from('small');
    const messages = [small, body, body].map((each, k) => ({ envelope: pushEnvelope(`d${k}`), body: each, enqueued }));
    const results = await poisoned().normalizeBatch('web', messages);
    expect(results.map(({ delivery }) => delivery)).toEqual(['d0', 'd1']);
  });

  test('stop their partition, or are sealed as unrecognized without three attempts each', async () => {
    const pool = poisoned();
    const normalize: SealDeps['normalize'] = (hub, raw) =>
      pool.normalizeBatch(
        hub,
        raw.map(({ message: { envelope, enqueued }, body }) => ({ envelope, enqueued, body })),
      );
    const batch = orders.map((order) => stage.put(Buffer.from(order), pushEnvelope(order)));
    expect(await stage.sealer({ normalize }).sealBatch(batch)).toMatchObject({ messages: orders.length });
    const told = (await stage.records()).flatMap(({ data }) =>
      data.collected === undefined ? [] : [data.unrecognized?.reason ?? data.summary],
    );
    expect(told).toEqual([
      expect.stringMatching(/code 1, in each of 3 attempts/),
      'good',
      expect.stringMatching(/code 2, in each of 3 attempts/),
      expect.stringMatching(/code 3, in each of 3 attempts/),
      'better',
    ]);
  });
});

test('an invocation lasts longer than the host lets it: the host would end all others of the process with it', () => {
  const { functionTimeout } = JSON.parse(readFileSync('host.json', 'utf8')) as { functionTimeout: string };
  const [hours = 0, minutes = 0, seconds = 0] = functionTimeout.split(':').map(Number);
  const allowed = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  // Of each call, one message is tried in its batch and twice alone, each time by a new process, however long it waited.
  const start = 500;
  const { batch, message, call } = NORMALIZER_LIMITS;
  const atLeast = batch + 2 * message + 3 * start;
  // A hub of the Standard tier has at most 32 partitions; each of their calls may wait for all others.
  const lastRound = call + 32 * atLeast;
  // `seal-tail` goes through the four hubs, one after the other.
  expect(4 * (CALL_MS + lastRound)).toBeLessThan(allowed);
});
