import { describe, expect, test } from 'vitest';

import { takeFollowing } from '../../shared/seal/follow-on.ts';
import type { Item } from '../../shared/seal/follow-on.ts';
import type { HubMessage } from '../../shared/seal/hub-message.ts';
import type { HubReader } from '../../shared/seal/hub-reader.ts';
import { sizeOfMessage } from '../../shared/seal/raw-body.ts';
import { pushEnvelope } from './stage.ts';

const MB = 1_000_000;
const LIMITS = { messages: 2_000, bytes: 48 * MB };

/** A message that stands for a body in the spill container. */
function large(sequenceNumber: number, size = 25 * MB): HubMessage {
  const envelope = pushEnvelope(`d-${sequenceNumber}`, { body: { sha256: 'a'.repeat(64), size } });
  return { sequenceNumber, enqueued: '2026-11-23T06:00:00.000Z', body: Buffer.from('bodies/a'), envelope };
}

function readerOf(messages: readonly HubMessage[]): HubReader {
  return {
    read: (_partition: string, from: number, to: number, limit: number) => {
      const asked = messages.filter(({ sequenceNumber }) => sequenceNumber >= from && sequenceNumber <= to);
      return Promise.resolve(asked.slice(0, limit));
    },
  } as unknown as HubReader;
}

/** All rounds that it takes until nothing is queued. */
async function rounds(queue: HubMessage[], reader: HubReader, limits = LIMITS): Promise<Item[][]> {
  const all: Item[][] = [];
  for (let cursor = -1; queue.length > 0;) {
    const items = await takeFollowing(queue, cursor, reader, '0', limits, sizeOfMessage);
    const last = items.at(-1);
    if (last?.kind !== 'message') throw new Error('A round ends with a message.');
    cursor = last.message.sequenceNumber;
    all.push(items);
  }
  return all;
}

const numbersOf = (items: readonly Item[]): number[] =>
  items.flatMap((item) => (item.kind === 'message' ? [item.message.sequenceNumber] : []));

describe('a round that fills a hole', () => {
  test('takes all the large bodies in it at once, far more than fit into memory', async () => {
    const all = Array.from({ length: 101 }, (_, number) => large(number));
    const taken = await rounds(all.slice(100), readerOf(all.slice(0, 100)));
    for (const items of taken) expect(items.length).toBeLessThanOrEqual(2);
    expect(taken.flatMap(numbersOf)).toEqual(all.map(({ sequenceNumber }) => sequenceNumber));
    expect(taken.flat().filter(({ kind }) => kind === 'gap')).toEqual([]);
  });

  test('takes more messages than it may', async () => {
    const all = Array.from({ length: 31 }, (_, number) => large(number, 1));
    const taken = await rounds(all.slice(30), readerOf(all.slice(0, 30)), { messages: 7, bytes: MB });
    expect(taken.map((items) => items.length)).toEqual([7, 7, 7, 7, 3]);
    expect(taken.flatMap(numbersOf)).toEqual(all.map(({ sequenceNumber }) => sequenceNumber));
  });

  test('ends where it is full, and calls what is left in the hub a gap', async () => {
    const all = [large(3), large(4), large(9), large(10)];
    const taken = await rounds(all.slice(3), readerOf(all.slice(0, 3)));
    expect(taken.flatMap(numbersOf)).toEqual([3, 4, 9, 10]);
    const gaps = taken.flat().flatMap((item) => (item.kind === 'gap' ? [[item.first, item.last]] : []));
    expect(gaps).toEqual([
      [0, 2],
      [5, 8],
    ]);
  });

  test('never takes a message that alone is larger than a round', async () => {
    const all = [large(0, 200 * MB), large(1, 200 * MB)];
    const taken = await rounds(all.slice(1), readerOf(all.slice(0, 1)));
    expect(taken.map(numbersOf)).toEqual([[0], [1]]);
  });
});
