import { beforeEach, describe, expect, test } from 'vitest';

import type { HubMessage } from '../../shared/seal/hub-message.ts';
import type { HubReader } from '../../shared/seal/hub-reader.ts';
import { GAP_TYPE } from '../../shared/wire/record.ts';
import { DAWN, MINUTE, SealStage, configurationOf, pushBody, pushEnvelope } from './stage.ts';

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

/** `count` numbers from `from` on. */
function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) => from + k);
}

describe('invariant 2: every published message is sealed exactly once', () => {
  test('the same batch twice is sealed twice', async () => {
    const sealer = stage.sealer();
    const batch = stage.push(3, 2);
    expect(await sealer.sealBatch(batch)).toEqual({
      log: stage.logOf(),
      segments: 1,
      messages: 3,
      alreadySealed: 0,
      gaps: 0,
    });
    expect(await sealer.sealBatch(batch)).toMatchObject({ segments: 0, messages: 0, alreadySealed: 3 });
    expect(await stage.sealer().sealBatch(batch)).toMatchObject({ segments: 0, alreadySealed: 3 });
    expect(await stage.check()).toEqual([]);
    expect(await stage.segments()).toHaveLength(1);
  });

  test('what overlapping batches share is sealed twice, or what they do not share is not', async () => {
    const sealer = stage.sealer();
    const all = stage.push(9);
    await sealer.sealBatch(all.slice(0, 5));
    expect(await sealer.sealBatch(all.slice(2, 7))).toMatchObject({ messages: 2, alreadySealed: 3 });
    expect(await sealer.sealBatch(all.slice(0, 9))).toMatchObject({ messages: 2, alreadySealed: 7 });
    expect(await stage.check()).toEqual([]);
  });

  test('an unordered batch with a number in it twice stops the partition, or seals it twice', async () => {
    const [a, b, c] = stage.push(3) as [HubMessage, HubMessage, HubMessage];
    expect(await stage.sealer().sealBatch([c, a, b, a])).toMatchObject({ messages: 3 });
    expect(await stage.check()).toEqual([]);
  });

  test('a batch of nothing opens a log', async () => {
    expect(await stage.sealer().sealBatch([])).toMatchObject({ segments: 0, messages: 0 });
    expect(stage.trail.names()).toEqual([]);
  });

  test.each([
    ['at the start of a batch', [4, 5]],
    ['inside a batch', [2, 3, 6]],
    ['at the start of the log', [1, 2]],
    ['of all but the last', [199]],
  ])('a hole %s is not read from the hub', async (_, numbers) => {
    const all = stage.push(200);
    const sealer = stage.sealer();
    if (numbers[0] === 4) await sealer.sealBatch(all.slice(0, 2));
    await sealer.sealBatch(numbers.map((number) => all[number] as HubMessage));
    await sealer.sealBatch(all);
    expect(await stage.check()).toEqual([]);
    const records = await stage.records();
    expect(records.filter(({ type }) => type === GAP_TYPE)).toEqual([]);
  });

  test('a hole of more messages than one read or one round takes is filled in part', async () => {
    const all = stage.push(350);
    const sealer = stage.sealer({ roundLimits: { messages: 120, bytes: 1 << 20 } });
    expect(await sealer.sealBatch(all.slice(-1))).toMatchObject({ messages: 350, gaps: 0 });
    expect(await stage.check()).toEqual([]);
  });

  test('two calls at once on one sealer run into each other', async () => {
    const sealer = stage.sealer();
    const all = stage.push(10);
    await Promise.all([sealer.sealBatch(all.slice(5)), sealer.sealBatch(all.slice(0, 5)), sealer.sealTail()]);
    expect(await stage.check()).toEqual([]);
  });

  test('a batch whose metadata did not fit is not read from the hub', async () => {
    stage.push(130);
    expect(await stage.sealer().sealBatch(undefined)).toMatchObject({ messages: 130 });
    expect(await stage.check()).toEqual([]);
  });

  test('a hub whose clock is ahead of ours hides messages from a batch without metadata', async () => {
    stage.push(3);
    const sealer = stage.sealer({ now: () => DAWN - MINUTE });
    expect(await sealer.sealBatch(undefined)).toMatchObject({ messages: 3 });
  });

  test('the partitions of one hub share a log', async () => {
    await stage.sealer().sealBatch(stage.push(3));
    await stage.sealer({}, '1').sealBatch(stage.push(2, 1, '1'));
    expect(await stage.check()).toEqual([]);
    expect((await stage.seals(stage.logOf(0, '1')))[0]?.to?.sequenceNumber).toBe(1);
  });

  test('a hub whose clock steps back makes old messages look new, or new ones old', async () => {
    const sealer = stage.sealer();
    const early = stage.push(3);
    await sealer.sealBatch(early);
    // The fake hub never goes back, so that the messages are made here.
    const back = stage.push(3).map((each, k) => ({ ...each, enqueued: `2026-11-23T05:00:0${k}.000Z` }));
    stage.published.get(stage.logOf())?.splice(3, 3, ...back);
    expect(await sealer.sealBatch([...early, ...back])).toMatchObject({ messages: 3, alreadySealed: 3 });
    expect(await sealer.sealBatch(back)).toMatchObject({ messages: 0, alreadySealed: 3 });
    const [, second] = await stage.seals();
    expect(second?.from).toEqual({ sequenceNumber: 3, enqueued: '2026-11-23T05:00:00.000Z' });
    expect(second?.to).toEqual({ sequenceNumber: 5, enqueued: early[2]?.enqueued });
    expect(await sealer.sealBatch(stage.push(2))).toMatchObject({ messages: 2 });
    expect(await stage.check()).toEqual([]);
  });

  test('a month that ends with a clock that steps back files evidence where nobody looks', async () => {
    stage.now = Date.parse('2026-12-01T00:00:00.000Z');
    await stage.sealer().sealBatch(stage.push(2));
    const back = stage.push(2).map((each, k) => ({ ...each, enqueued: `2026-11-30T23:59:0${k}.000Z` }));
    stage.published.get(stage.logOf())?.splice(2, 2, ...back);
    stage.configuration = configurationOf({ text: 'two', before: ['one'] });
    await stage.sealer().sealBatch(back);
    expect(await stage.check()).toEqual([]);
  });
});

describe('invariant 2: what the hub no longer has is a gap, and nothing else is', () => {
  test('messages gone by retention, before a batch and at the log’s start, are no gap, or a wider one', async () => {
    const sealer = stage.sealer();
    const first = stage.push(5);
    stage.expire(3, [0, 1, 2]);
    await sealer.sealBatch(first.slice(3));
    stage.push(4);
    stage.expire(8, [5, 6, 7]);
    const [last] = stage.push(1) as [HubMessage];
    expect(await sealer.sealBatch([last])).toMatchObject({ messages: 2, gaps: 1 });
    expect(await stage.check()).toEqual([]);
    const gaps = (await stage.records()).flatMap(({ data }) => data.gap ?? []);
    expect(gaps).toEqual([
      { first: 0, last: 2 },
      { first: 5, last: 7 },
    ]);
  });

  test('single numbers that are gone from the middle are no gaps of their own', async () => {
    const all = stage.push(8);
    for (const number of [2, 3, 6]) stage.hub.lose('0', number);
    stage.lost([2, 3, 6]);
    expect(await stage.sealer().sealBatch(all.slice(7))).toMatchObject({ messages: 5, gaps: 2 });
    expect(await stage.check()).toEqual([]);
  });

  test('a hub that is silent makes a gap', async () => {
    const sealer = stage.sealer();
    const all = stage.push(6);
    await sealer.sealBatch(all.slice(0, 2));
    const before = stage.trail.names();
    stage.hub.isSilent = true;
    await expect(sealer.sealBatch(all.slice(4))).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
    expect(stage.trail.names()).toEqual(before);
    stage.hub.isSilent = false;
    expect(await sealer.sealBatch(all.slice(4))).toMatchObject({ messages: 4, gaps: 0 });
    expect(await stage.check()).toEqual([]);
  });

  test('a hub of which all that is left is silence makes a gap', async () => {
    const all = stage.push(6);
    stage.hub.expire('0', 6);
    // The batch was in the host's hands when retention took the rest: nothing later shows that the numbers are gone.
    await expect(stage.sealer().sealBatch(all.slice(4))).rejects.toMatchObject({ name: 'StoreError' });
    expect(stage.trail.names()).toEqual([]);
  });

  test.each([
    ['numbers out of turn', (messages: readonly HubMessage[]) => [...messages].reverse()],
    ['a number beyond what was asked', (messages: readonly HubMessage[]) => messages.slice(-1).map(nextOf)],
    ['a number twice', (messages: readonly HubMessage[]) => [...messages.slice(0, 1), ...messages.slice(0, 1)]],
  ])('a reader that answers %s makes a gap', async (_, twist) => {
    const hub: HubReader = {
      properties: () => stage.hub.properties(),
      partition: (partition) => stage.hub.partition(partition),
      read: async (...asked) => twist(await stage.hub.read(...asked)),
    };
    const all = stage.push(6);
    await expect(stage.sealer({ hub }).sealBatch(all.slice(4))).rejects.toMatchObject({
      name: 'SealError',
      code: 'hubIncomplete',
    });
    expect(stage.trail.names()).toEqual([]);
    expect(await stage.sealer().sealBatch(all.slice(4))).toMatchObject({ messages: 6 });
    expect(await stage.check()).toEqual([]);
  });

  test('a gap and the message behind it, in two segments, do not fit together', async () => {
    const all = stage.push(6);
    stage.expire(3, [0, 1, 2]);
    await stage.sealer({ segmentLimits: { leaves: 1, bytes: 1 << 20 } }).sealBatch(all.slice(3));
    expect(await stage.segments()).toHaveLength(4);
    expect(await stage.check()).toEqual([]);
  });
});

function nextOf(message: HubMessage): HubMessage {
  return { ...message, sequenceNumber: message.sequenceNumber + 1 };
}

describe('invariant 2: seal-tail', () => {
  test('a last batch that failed is never sealed, or sealed before two minutes are over', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(2));
    const before = stage.trail.names();
    stage.push(105);
    stage.now += 10_000;
    expect(await sealer.sealTail()).toMatchObject({ segments: 0 });
    expect(stage.trail.names()).toEqual(before);
    stage.now += 5 * MINUTE;
    expect(await sealer.sealTail()).toMatchObject({ messages: 105 });
    expect(await stage.check()).toEqual([]);
  });

  test('with nothing to do something is written', async () => {
    const sealer = stage.sealer();
    expect(await sealer.sealTail()).toMatchObject({ segments: 0 });
    expect(stage.trail.names()).toEqual([]);
    await sealer.sealBatch(stage.push(3));
    const before = [stage.trail.names(), stage.evidence.names()];
    for (let k = 0; k < 3; k++) {
      stage.now += 10 * MINUTE;
      expect(await sealer.sealTail()).toMatchObject({ segments: 0, messages: 0, gaps: 0 });
      expect(await stage.sealer().sealTail()).toMatchObject({ segments: 0 });
    }
    expect([stage.trail.names(), stage.evidence.names()]).toEqual(before);
  });

  test('a first batch that failed is never sealed', async () => {
    stage.push(4);
    stage.now += 5 * MINUTE;
    expect(await stage.sealer().sealTail()).toMatchObject({ messages: 4 });
    expect(await stage.check()).toEqual([]);
  });

  test('a partition that retention emptied fails every minute, and announces nothing any more', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(2));
    stage.push(3);
    stage.expire(5, [2, 3, 4]);
    stage.signer.rotate();
    stage.now += 5 * MINUTE;
    expect(await sealer.sealTail()).toMatchObject({ segments: 1, messages: 0, gaps: 0 });
    // What is gone becomes a gap with the next message, which gives it its time.
    expect(await sealer.sealBatch(stage.push(1))).toMatchObject({ messages: 1, gaps: 1 });
    expect(await stage.check()).toEqual([]);
  });
});

describe('several segments', () => {
  test('a large batch does not follow on, or its rows are missing', async () => {
    const sealer = stage.sealer({ segmentLimits: { leaves: 10, bytes: 1 << 20 } });
    expect(await sealer.sealBatch(stage.push(40))).toMatchObject({ segments: 4, messages: 40 });
    expect(await stage.check()).toEqual([]);
  });

  test('a limit of bytes is not kept', async () => {
    const sealer = stage.sealer({ segmentLimits: { leaves: 60_000, bytes: 20_000 } });
    const { segments } = await sealer.sealBatch(stage.push(40, 1));
    expect(segments).toBeGreaterThan(4);
    for (const { leaves } of await stage.segments()) {
      expect(leaves.slice(0, -1).reduce((sum, leaf) => sum + leaf.length, 0)).toBeLessThan(20_000);
    }
    expect(await stage.check()).toEqual([]);
  });

  test('the records of one message are split over two segments', async () => {
    const sealer = stage.sealer({ segmentLimits: { leaves: 5, bytes: 1 << 20 } });
    // Three records each: one message a segment. And one of 21 records, which no limit splits.
    await sealer.sealBatch([...stage.push(4, 2), ...stage.push(1, 20), ...stage.push(2, 1)]);
    expect((await stage.segments()).map(({ leaves }) => leaves.length)).toEqual([5, 4, 4, 4, 22, 5]);
    expect(await stage.check()).toEqual([]);
  });

  test('a round that is full forgets what lies behind it', async () => {
    const sealer = stage.sealer({ roundLimits: { messages: 7, bytes: 1 << 20 } });
    expect(await sealer.sealBatch(stage.push(40))).toMatchObject({ segments: 6, messages: 40 });
    expect(await stage.check()).toEqual([]);
  });
});

describe('invariant 6: the same messages on the same predecessor give the same leaves and root', () => {
  test('two sealers with different clocks, or the trigger and the repair road, seal to other bytes', async () => {
    const [trigger, repair] = [stage, await SealStage.open()];
    const all = trigger.push(30, 1);
    const other = repair.push(30, 1);
    expect(all).toEqual(other);
    await trigger.sealer().sealBatch(all);
    await repair.sealer({ now: () => 0 }).sealBatch(other.slice(-1));
    const [a] = await trigger.segments();
    const [b] = await repair.segments();
    // Their keys differ, and are announced in the seal: all but the last leaf.
    expect(a?.leaves.slice(0, -1)).toEqual(b?.leaves.slice(0, -1));
  });

  test('the same sealing again gives another root', async () => {
    const all = stage.push(30, 1);
    const trails = await Promise.all(
      [0, 1, 2].map(async (k) => {
        const trail = stage.trail.copy();
        const sealer = stage.sealer({ trail, now: () => stage.now + k * 977_000, tabulate: () => Promise.resolve() });
        await sealer.sealBatch(k === 2 ? all.slice(-1) : all);
        return trail;
      }),
    );
    const [a, b, c] = await Promise.all(
      trails.map(async (trail) => {
        const other = Object.assign(await SealStage.open(), { trail });
        return other.segments();
      }),
    );
    expect(a?.[0]?.leaves).toEqual(b?.[0]?.leaves);
    expect(a?.[0]?.leaves).toEqual(c?.[0]?.leaves);
    expect(a?.[0]?.checkpoint).toEqual(b?.[0]?.checkpoint);
    expect(a?.[0]?.checkpoint).toEqual(c?.[0]?.checkpoint);
  });
});

describe('invariant 4: rows are repaired by the same code', () => {
  test('a batch that was sealed, and failed before its rows were written, leaves the index behind', async () => {
    const batch = stage.push(3);
    const failing = stage.sealer({ tabulate: () => Promise.reject(new Error('the tables are away')) });
    await expect(failing.sealBatch(batch)).rejects.toThrow('the tables are away');
    expect(await stage.sealer().sealBatch(batch)).toMatchObject({ segments: 0, alreadySealed: 3 });
    expect(await stage.check()).toEqual([]);
  });

  test('tables that were lost with their hints stop sealing', async () => {
    const sealer = stage.sealer({ segmentLimits: { leaves: 2, bytes: 1 << 20 } });
    await sealer.sealBatch(stage.push(30));
    stage.tables.drop();
    await stage.sealer().sealBatch(stage.push(2));
    expect(await stage.check()).toEqual([]);
  });

  test.each([[-5], [0], [7], [14], [15], [999]])('a hint of %i leads past the head', async (hint) => {
    await stage.sealer({ segmentLimits: { leaves: 2, bytes: 1 << 20 } }).sealBatch(stage.push(30));
    await stage.sealer({ hint: () => Promise.resolve(hint < 0 ? undefined : hint) }).sealBatch(stage.push(2));
    expect(await stage.segments()).toHaveLength(16);
    expect(await stage.check()).toEqual([]);
  });

  test('a failure of one call is remembered in the next', async () => {
    const sealer = stage.sealer({
      evidence: {
        create: (name, bytes) => (fails ? Promise.reject(new Error('away')) : stage.evidence.create(name, bytes)),
        read: (name) => stage.evidence.read(name),
        exists: (name) => stage.evidence.exists(name),
        list: (prefix) => stage.evidence.list(prefix),
        listPrefixes: (prefix) => stage.evidence.listPrefixes(prefix),
      },
    });
    let fails = true;
    const batch = stage.push(2);
    await expect(sealer.sealBatch(batch)).rejects.toThrow('away');
    expect(stage.trail.names('segments/')).toEqual([]);
    fails = false;
    await sealer.sealBatch(batch);
    expect(await stage.check()).toEqual([]);
  });
});

describe('the records of a message', () => {
  test('the same delivery twice gets two ids, or is sealed once', async () => {
    const envelope = pushEnvelope('again');
    stage.put(pushBody('x'), envelope);
    stage.put(pushBody('x'), envelope);
    await stage.sealer().sealBatch(undefined);
    const [, a, b] = await stage.records();
    expect(a?.id).toBe(b?.id);
    expect(a?.data.project).toBe('pay');
    expect(await stage.check()).toEqual([]);
  });

  test('two messages without delivery share an id', async () => {
    for (const _ of range(0, 2)) stage.put(pushBody('x'));
    await stage.sealer().sealBatch(undefined);
    const [, a, b] = await stage.records();
    expect(a?.id).not.toBe(b?.id);
    expect(await stage.check()).toEqual([]);
  });
});
