import { expect, it } from 'vitest';

import { Problems } from '../../local/problems.ts';

const line = (message: string, category = 'Function.seal-web', level = 'error') =>
  JSON.stringify({ time: '2026-11-24T09:00:00.000Z', level, app: 'seal', category, message, invocationId: 'x' });
const failed = (text: string, category?: string) =>
  line(`failed in 20 ms: ${text}\n    at #seal (file:///x.ts:1:2)\n    at async y`, category);

function told(...lines: readonly string[]): string[] {
  const said: string[] = [];
  const problems = new Problems((text) => said.push(text));
  for (const each of lines) problems.take(each, 'seal.log');
  return said;
}

it('a failure is told as often as it happens, or again where seal-tail sums up what the triggers said', () => {
  const [a, b] = ['The log t/web/0/0 cannot go on.', 'The log t/web/1/0 cannot go on.'];
  expect(
    told(
      failed(`SealError: ${a}`),
      failed(`SealError: ${a}`),
      failed(`AggregateError: 1 tails were not sealed: ${a}`, 'Function.seal-tail'),
      failed(`SealError: ${b}`),
      failed(`AggregateError: 2 tails were not sealed: ${a} ${b}`, 'Function.seal-tail'),
    ),
  ).toEqual([`WARNING: seal-web failed: ${a} (seal.log)`, `WARNING: seal-web failed: ${b} (seal.log)`]);
  expect(
    told(failed(`AggregateError: 2 tails were not sealed: ${a} ${b}`, 'Function.seal-tail'), failed(`SealError: ${a}`)),
  ).toEqual([`WARNING: seal-tail failed: ${a} ${b} (seal.log)`]);
});

it('what is no failure of a function is told: lines that are no entries, successes, what a function itself logs', () => {
  expect(
    told(
      '',
      'Warning: something of the runtime',
      '"text"',
      '['.repeat(10_000),
      line('succeeded in 3 ms', 'Function.seal-web', 'information'),
      line('{"metric":"refused"}', 'Function.collect-github.User', 'information'),
      line('A request failed.', 'Function.collect-github.User'),
    ),
  ).toEqual([]);
});

it('a failure whose text changes each time fills the terminal', () => {
  const lines = Array.from({ length: 500 }, (_, i) => failed(`Error: number ${i}.`));
  expect(told(...lines)).toHaveLength(50);
});
