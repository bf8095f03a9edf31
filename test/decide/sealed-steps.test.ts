import { describe, expect, test } from 'vitest';

import { adoptedBy, inLogOrder } from '../../shared/decide/sealed-steps.ts';
import type { SealedRecord } from '../../shared/decide/sealed-steps.ts';
import type { Seal } from '../../shared/wire/record.ts';
import { asked } from './stage.ts';

function sealed(name: string, log: string, index: number, enqueuedAt: number): SealedRecord {
  const record = asked({ title: name }, { at: enqueuedAt });
  return { record, log: `audit.example/trail/${log}`, index };
}
const order = (...steps: SealedRecord[]): (string | undefined)[] =>
  inLogOrder(steps).map(({ data }) => data.decision?.title);

describe('steps in the order of the log', () => {
  test('go by the place of their leaf, one generation after another, whatever order they were found in', () => {
    const steps = [
      sealed('third', 'decisions/0/1', 0, 3),
      sealed('second', 'decisions/0/0', 10, 2),
      sealed('first', 'decisions/0/0', 9, 1),
    ];
    expect(order(...steps)).toEqual(['first', 'second', 'third']);
    expect(order(...steps.toReversed())).toEqual(['first', 'second', 'third']);
  });

  test('do not change places where the hub’s clock stepped back: a vote would come before what it is on', () => {
    expect(order(sealed('vote', 'decisions/0/0', 5, 1), sealed('asking', 'decisions/0/0', 4, 9))).toEqual([
      'asking',
      'vote',
    ]);
  });

  test('of two partitions go by when the hub took them in', () => {
    expect(order(sealed('later', 'web/0/0', 1, 8), sealed('earlier', 'web/1/0', 99, 2))).toEqual(['earlier', 'later']);
  });
});

test('what a log has adopted is what its newest seal lists, not what another log’s does', () => {
  const seal = (log: string, number: number, sha256: string): Seal =>
    ({ log, number, configurations: [{ sha256, effective: '2026-11-23T00:00:00.000Z' }] }) as unknown as Seal;
  const seals = [seal('a', 1, 'new'), seal('a', 0, 'old'), seal('b', 7, 'other')];
  expect(adoptedBy('a', seals)).toMatchObject([{ sha256: 'new' }]);
  expect(adoptedBy(undefined, seals)).toEqual([]);
});
