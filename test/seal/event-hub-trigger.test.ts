import { describe, expect, test } from 'vitest';

import { findPartition, toTriggerBatch } from '../../shared/seal/event-hub-trigger.ts';

/** Metadata of a batch, as they are where nothing went wrong. */
function metadata(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    partitionContext: { partitionId: '3', eventHubName: 'web' },
    sequenceNumberArray: [7, 8],
    enqueuedTimeUtcArray: ['2026-11-23T19:41:07.1234567', '2026-11-23T19:41:07'],
    propertiesArray: [{ envelope: 'eyJh' }, {}],
    ...changes,
  };
}

const BODIES = [Buffer.from('200'), Buffer.alloc(0)];

describe('toTriggerBatch', () => {
  test('times without zone are read as local ones, or rounded; an empty body vanishes', () => {
    expect(toTriggerBatch(BODIES, metadata())).toEqual({
      partition: '3',
      messages: [
        { sequenceNumber: 7, enqueued: '2026-11-23T19:41:07.123Z', body: Buffer.from('200'), envelope: 'eyJh' },
        { sequenceNumber: 8, enqueued: '2026-11-23T19:41:07.000Z', body: Buffer.alloc(0), envelope: undefined },
      ],
    });
  });

  test.each([
    [7, 8],
    [
      { low: 7, high: 0, unsigned: false },
      { low: 8, high: 0, unsigned: true },
    ],
    [
      { low: -1, high: 0, unsigned: false },
      { low: 0, high: 1, unsigned: false },
    ],
    [2 ** 40, { low: 1, high: 256, unsigned: false }],
  ])('sequence numbers %j and %j are read wrongly', (first, second) => {
    const batch = toTriggerBatch(BODIES, metadata({ sequenceNumberArray: [first, second] }));
    const value = (number: number | { low: number; high: number }): number =>
      typeof number === 'number'
        ? number
        : Number((BigInt(number.high) << 32n) | BigInt.asUintN(32, BigInt(number.low)));
    expect(batch?.messages.map(({ sequenceNumber }) => sequenceNumber)).toEqual([value(first), value(second)]);
  });

  test('a body that arrived as a view has the bytes around it, too', () => {
    const around = Buffer.from('----kept----');
    const batch = toTriggerBatch(
      [new Uint8Array(around.buffer, around.byteOffset + 4, 4), Buffer.from('x')],
      metadata(),
    );
    expect(batch?.messages[0]?.body).toEqual(Buffer.from('kept'));
  });

  test('a batch of no messages is an error', () => {
    const empty = { sequenceNumberArray: [], enqueuedTimeUtcArray: [], propertiesArray: [] };
    expect(toTriggerBatch([], metadata(empty))).toEqual({ partition: '3', messages: [] });
  });

  const BROKEN: [string, unknown, unknown][] = [
    ['an empty body vanished from the bodies', [Buffer.from('200')], metadata()],
    ['a sequence number is missing', BODIES, metadata({ sequenceNumberArray: [7] })],
    ['there is one sequence number too many', BODIES, metadata({ sequenceNumberArray: [7, 8, 9] })],
    ['a time is missing', BODIES, metadata({ enqueuedTimeUtcArray: ['2026-11-23T19:41:07Z'] })],
    ['properties are missing', BODIES, metadata({ propertiesArray: [{}] })],
    ['all properties are missing', BODIES, metadata({ propertiesArray: undefined })],
    ['one has no properties at all', BODIES, metadata({ propertiesArray: [{}, null] })],
    ['a body is a number', [200, Buffer.alloc(0)], metadata()],
    ['a body is text', ['200', Buffer.alloc(0)], metadata()],
    ['a body is an object', [{ a: 1 }, Buffer.alloc(0)], metadata()],
    ['the bodies are one body', Buffer.from('20'), metadata()],
    ['numbers do not ascend', BODIES, metadata({ sequenceNumberArray: [8, 7] })],
    ['a number comes twice', BODIES, metadata({ sequenceNumberArray: [7, 7] })],
    ['a number is negative', BODIES, metadata({ sequenceNumberArray: [-1, 7] })],
    ['a number is text', BODIES, metadata({ sequenceNumberArray: ['7', '8'] })],
    ['a number is a fraction', BODIES, metadata({ sequenceNumberArray: [7.5, 8] })],
    ['a number is beyond what a double holds', BODIES, metadata({ sequenceNumberArray: [7, 2 ** 53] })],
    ['a Long is beyond it', BODIES, metadata({ sequenceNumberArray: [7, { low: 0, high: 2 ** 21, unsigned: false }] })],
    ['a Long lacks a half', BODIES, metadata({ sequenceNumberArray: [7, { low: 8 }] })],
    ['a Long has a fraction', BODIES, metadata({ sequenceNumberArray: [7, { low: 8.5, high: 0 }] })],
    ['a time is none', BODIES, metadata({ enqueuedTimeUtcArray: ['2026-11-23T19:41:07', 'yesterday'] })],
    ['a time is a number', BODIES, metadata({ enqueuedTimeUtcArray: ['2026-11-23T19:41:07', 1e12] })],
    ['the partition is missing', BODIES, metadata({ partitionContext: {} })],
    ['there are no metadata', BODIES, undefined],
    ['the metadata are null', BODIES, null],
    ['the metadata are text', BODIES, 'metadata'],
    ['there are no bodies', undefined, metadata()],
  ];
  test.each(BROKEN)('a body is sealed under the number of another where %s', (_, bodies, given) => {
    expect(toTriggerBatch(bodies, given)).toBeUndefined();
  });
});

describe('findPartition', () => {
  test.each([
    ['0', '0'],
    ['31', '31'],
    [0, '0'],
    [31, '31'],
    ['', undefined],
    ['01', undefined],
    ['-1', undefined],
    [1.5, undefined],
    ['../0', undefined],
    [null, undefined],
    [{ toString: 'x' }, undefined],
  ])('the partition %j is read as another, or as one', (partitionId, expected) => {
    expect(findPartition({ partitionContext: { partitionId } })).toBe(expected);
  });

  test('metadata of another shape end in an error', () => {
    for (const each of [undefined, null, 7, 'x', [], {}, { partitionContext: null }, { partitionContext: '0' }]) {
      expect(findPartition(each)).toBeUndefined();
    }
  });
});
