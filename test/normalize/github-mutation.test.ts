import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { GITHUB_EVENTS } from '../../shared/normalize/github/events.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { categoryOf } from '../../shared/wire/record.ts';
import { corpusPayloads, examplePayloads, normalize, recordOf } from './github-payloads.ts';

/** Real payloads, broken at random places: whatever GitHub, or somebody with the hook's secret, may ever send. */

const PAYLOADS = [...examplePayloads(), ...corpusPayloads()].map(({ event, body }) => ({
  event,
  text: body.toString(),
}));

const ODD = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e300,
    Number.MAX_SAFE_INTEGER,
    '',
    ' ',
    '\ud800',
    'https://',
    'https://api.github.com/repos/',
    'refs/heads/',
    '0'.repeat(40),
    'a'.repeat(40),
    'x'.repeat(5_000),
    '2026-11-23T19:41:07Z',
    '99999-01-01T00:00:00Z',
    'closed',
    'created',
    'submitted',
    'constructor',
    [],
    {},
    [[[]]],
    { from: null },
    { from: { from: [] }, to: {} },
    { login: 5, id: 'x'.repeat(3_000) },
  ),
  fc.string({ unit: 'binary', maxLength: 64 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Replaces, removes or adds the member that `walk` leads to. */
function mutate(root: unknown, walk: readonly number[], odd: unknown, name: string, remove: boolean): void {
  let here: unknown = root;
  for (const [depth, step] of walk.entries()) {
    if (typeof here !== 'object' || here === null) return;
    const keys = Object.keys(here);
    const key = keys[step % Math.max(keys.length, 1)];
    const holder = here as Record<string, unknown>;
    const last = depth === walk.length - 1;
    const next = key === undefined ? undefined : holder[key];
    if (last || typeof next !== 'object' || next === null) {
      if (key === undefined)
        Object.defineProperty(holder, name, { value: odd, enumerable: true, writable: true, configurable: true });
      else if (remove && !Array.isArray(holder)) Reflect.deleteProperty(holder, key);
      else holder[key] = odd;
      return;
    }
    here = next;
  }
}

const MUTATION = fc.tuple(
  fc.array(fc.nat(60), { minLength: 1, maxLength: 5 }),
  ODD,
  fc.constantFrom('__proto__', 'constructor', '0', 'from', 'secret'),
  fc.boolean(),
);

function outcome(event: string, body: Buffer): readonly RecordDraft[] | string {
  try {
    return normalize(event, body);
  } catch (error) {
    if (error instanceof Unrecognized) return error.code;
    throw error;
  }
}

/** True, or the assertion that does not hold is thrown. */
function isSound(event: string, body: Buffer): boolean {
  const drafts = outcome(event, body);
  expect(outcome(event, body)).toEqual(drafts);
  if (typeof drafts === 'string') return true;
  expect(drafts.length).toBeGreaterThan(0);
  expect(new Set(drafts.map(({ part }) => part)).size).toBe(drafts.length);
  for (const draft of drafts) {
    expect(recordOf(draft).type).toBe(draft.type);
    expect(categoryOf(draft.type)).toBe(GITHUB_EVENTS.get(event)?.category);
    expect(draft.data.summary).not.toMatch(/\n/);
  }
  return true;
}

describe('broken payloads end as records or as unrecognized, never as a crash', () => {
  it('whatever members are replaced, removed or added', () => {
    fc.assert(
      fc.property(
        fc.nat(PAYLOADS.length - 1),
        fc.array(MUTATION, { minLength: 1, maxLength: 8 }),
        (index, mutations) => {
          const payload = PAYLOADS[index];
          if (payload === undefined) return;
          const broken: unknown = JSON.parse(payload.text);
          // A copy of each value, for a later mutation may reach into it.
          for (const [walk, odd, name, remove] of mutations) mutate(broken, walk, structuredClone(odd), name, remove);
          expect(isSound(payload.event, Buffer.from(JSON.stringify(broken)))).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('whatever event another payload is sent under', () => {
    fc.assert(
      fc.property(fc.nat(PAYLOADS.length - 1), fc.constantFrom(...GITHUB_EVENTS.keys()), (index, event) => {
        expect(isSound(event, Buffer.from(PAYLOADS[index]?.text ?? '{}'))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('whatever bytes are changed', () => {
    fc.assert(
      fc.property(
        fc.nat(PAYLOADS.length - 1),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (index, flips) => {
          const payload = PAYLOADS[index];
          if (payload === undefined) return;
          const bytes = Buffer.from(payload.text);
          for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
          expect(isSound(payload.event, bytes)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
