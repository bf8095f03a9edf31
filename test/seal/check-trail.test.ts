import { beforeEach, describe, expect, test } from 'vitest';

import { formatFrame } from '../../shared/wire/zstd-frame.ts';
import { SealStage } from './stage.ts';

/** A checker that finds nothing proves nothing: what it must find, one at a time. */
let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
  const all = stage.push(8, 1);
  for (const number of [2, 3]) stage.hub.lose('0', number);
  stage.lost([2, 3]);
  await stage.sealer({ segmentLimits: { leaves: 5, bytes: 1 << 20 } }).sealBatch(all.slice(7));
});

/** What was published, to be bent. */
function published() {
  return stage.published.get(stage.logOf()) ?? [];
}

describe('the checker misses', () => {
  test('nothing where nothing is wrong', async () => {
    expect(await stage.segments()).not.toHaveLength(1);
    expect(await stage.check()).toEqual([]);
  });

  test.each<readonly [string, () => void, string]>([
    ['a message that was never sealed', () => void stage.push(1), 'message 8 is not sealed'],
    ['a message that was never published', () => void published().pop(), 'message 7 was never published'],
    ['a log that nobody published to', () => stage.published.clear(), 'nobody published to this log'],
    [
      'evidence of other bytes',
      () => published().splice(4, 1, { ...published()[4], body: Buffer.from('x') } as never),
      'message 4 has the hash',
    ],
    [
      'another enqueued time',
      () => published().splice(4, 1, { ...published()[4], enqueued: '2026-11-23T00:00:00.000Z' } as never),
      'message 4 was enqueued',
    ],
    ['a gap over what the hub had', () => stage.gone.set(stage.logOf(), [2]), 'covers 3, which the hub had'],
    ['a loss without a gap', () => stage.lost([5]), '5 is gone, and in no gap'],
    ['a lost segment', () => stage.trail.tamper(stage.segmentBlob(1), undefined), 'is not sealed'],
    ['a last segment cut off', () => stage.trail.tamper(stage.segmentBlob(2), undefined), 'message 7 is not sealed'],
    [
      'a lost evidence blob',
      () => stage.evidence.tamper(stage.evidence.names()[0] ?? '', undefined),
      'evidenceMissing',
    ],
    [
      'changed evidence',
      () => stage.evidence.tamper(stage.evidence.names()[0] ?? '', formatFrame(Buffer.from('x'))),
      'has other bytes in its evidence',
    ],
    [
      'evidence that nobody refers to',
      () => stage.evidence.tamper(`2026/11/${'0'.repeat(64)}.zst`, formatFrame(Buffer.from('x'))),
      'evidenceUnreferenced',
    ],
    ['a lost index', () => stage.tables.drop(), '"kind":"missing"'],
    ['a key that nobody gave', () => stage.keys.splice(0), 'keyUnknown'],
  ])('%s', async (_, bend, line) => {
    bend();
    const wrong = await stage.check();
    expect(wrong.some((each) => each.includes(line))).toBe(true);
  });

  test('a row that no record gives', async () => {
    const row = { table: 'Events', partitionKey: 'a', rowKey: 'b', columns: { Log: 'c' } } as const;
    await stage.tables.write([row]);
    expect(await stage.check()).toEqual([expect.stringContaining('"kind":"added"')]);
  });
});
