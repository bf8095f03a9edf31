import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { foldRequest } from '../../shared/decide/fold-request.ts';
import { DECISION_KINDS } from '../../shared/wire/record.ts';
import type { Decision, TrailRecord } from '../../shared/wire/record.ts';
import { anyRecord } from '../tabulate/sample-records.ts';
import { COMMIT, OTHER_COMMIT, PULL, REQUEST, TWO, current, fold, minute, rulesBy, step } from './stage.ts';
import type { Book } from './stage.ts';

const BOOK: Book = {
  ...TWO,
  rules: DECISION_KINDS.map((_kind, i) => ({
    action:
      (['deployment.approve', 'code.approve', 'emergency.approve', 'baseline.signOff'] as const)[i % 4] ??
      'code.approve',
    quorum: i % 3 === 2 ? ('all' as const) : (i % 3) + 1,
    excluded: i % 2 === 0 ? ['requester'] : ['author'],
    validFor: i % 2 === 0 ? 3 : undefined,
    emergency: i % 2 === 0 ? { role: 'approver', reviewWithin: 1 } : undefined,
  })),
  accounts: { bob: ['github:1'] },
};

const covers = fc.option(
  fc.array(
    fc.record({
      kind: fc.constantFrom('commit' as const, 'environment' as const, 'snapshot' as const),
      id: fc.constantFrom(COMMIT, OTHER_COMMIT, 'production'),
    }),
    { maxLength: 3 },
  ),
  { nil: undefined },
);
const who = fc.constantFrom(
  'alice',
  'bob',
  'carol',
  'dora',
  'mallory',
  { kind: 'human' as const, id: 'github:1' },
  { kind: 'service' as const, id: 'entra:bob' },
  undefined,
);

/** Any step, of anybody, in any order. */
const anyStep = (request: string): fc.Arbitrary<TrailRecord> =>
  fc
    .record({
      step: fc.constantFrom(
        'requested',
        'voted',
        'voted',
        'voted',
        'withdrawn',
        'expired',
        'reopened',
        'delegated',
        'revoked',
      ),
      kind: fc.option(fc.constantFrom('deployment', 'codeReview', 'emergency', 'baseline'), { nil: undefined }),
      verdict: fc.option(fc.constantFrom('approve', 'approve', 'reject', 'override'), { nil: undefined }),
      reason: fc.option(fc.constant('why'), { nil: undefined }),
      round: fc.option(fc.nat(3), { nil: undefined }),
      covers,
      delegation: fc.option(
        fc.record({
          to: fc.constantFrom('entra:carol', 'entra:mallory'),
          until: fc.option(fc.constant(minute(30)), { nil: undefined }),
        }),
        { nil: undefined },
      ),
      insteadOf: fc.option(fc.constantFrom('deployment' as const), { nil: undefined }),
    } as const)
    .chain((decision) =>
      fc.tuple(who, fc.nat(60), fc.nat(40)).map(([by, at, id]) =>
        step(withoutAbsent(decision), {
          who: by,
          at,
          request,
          id: id.toString(16).padStart(32, '0'),
          related: [{ part: 'author', kind: 'user', id: 'entra:dora' }],
        }),
      ),
    );

function withoutAbsent(decision: object): Omit<Decision, 'request'> {
  return Object.fromEntries(Object.entries(decision).filter(([, value]) => value !== undefined)) as Omit<
    Decision,
    'request'
  >;
}

const anySteps = fc
  .constantFrom(REQUEST, PULL)
  .chain((request) => fc.tuple(fc.constant(request), fc.array(anyStep(request), { maxLength: 14 })));

describe('the fold of a request', () => {
  test('is the same each time, and gives plain data', () => {
    fc.assert(
      fc.property(anySteps, ([request, steps]) => {
        const once = fold(steps, BOOK, { request });
        expect(fold(steps, BOOK, { request })).toEqual(once);
        expect(JSON.parse(JSON.stringify(once))).toEqual(once);
      }),
    );
  });

  test('is total: whatever records it is given, and whatever the rules, it returns', () => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { maxLength: 6 }),
        anySteps,
        fc.boolean(),
        (records, [request, steps], isKnown) => {
          const rules = rulesBy(isKnown ? BOOK : {});
          const mixed = records.flatMap((record, i) => [record, ...steps.slice(i, i + 1)]);
          const asked = records[0]?.data.decision?.request ?? request;
          for (const each of [asked, request]) {
            const folded = foldRequest({ request: each, steps: mixed, standing: mixed, rules, at: minute(45) });
            expect(folded.request).toBe(each);
          }
        },
      ),
    );
  });

  test('does not see that a step came again, wherever that was: a replay would vote a second time', () => {
    fc.assert(
      fc.property(anySteps, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 }), ([request, steps], again) => {
        const replayed = [...steps];
        for (const [which, gap] of again) {
          const place = steps.length === 0 ? 0 : which % steps.length;
          const original = steps[place];
          if (original === undefined) continue;
          const first = replayed.indexOf(original);
          replayed.splice(first + 1 + (gap % (replayed.length - first)), 0, original);
        }
        expect(fold(replayed, BOOK, { request })).toEqual(fold(steps, BOOK, { request }));
      }),
    );
  });

  test('is not changed by votes after the close: what was decided would move with every late vote', () => {
    const vote = anyStep(REQUEST).filter(({ data }) => data.decision?.step === 'voted');
    fc.assert(
      fc.property(fc.array(anyStep(REQUEST), { maxLength: 14 }), fc.array(vote, { maxLength: 5 }), (steps, votes) => {
        const before = fold(steps, BOOK);
        fc.pre(['approved', 'rejected', 'withdrawn', 'expired'].includes(before.status));
        const after = fold([...steps, ...votes], BOOK);
        const stripped = ({ votes: _votes, ...rest }: ReturnType<typeof current>) => rest;
        expect(after.status).toBe(before.status);
        expect(stripped(current(after))).toEqual(stripped(current(before)));
        expect(current(after).votes.slice(0, current(before).votes.length)).toEqual(current(before).votes);
      }),
    );
  });

  test('approves nothing on fewer votes of different people than the quorum, and on none by who is kept out', () => {
    fc.assert(
      fc.property(anySteps, ([request, steps]) => {
        for (const round of fold(steps, BOOK, { request }).rounds) {
          const { quorum, status, votes } = round;
          const counting = votes.filter(({ counts, verdict }) => counts && verdict === 'approve');
          expect(new Set(counting.map(({ by }) => by)).size).toBe(counting.length);
          expect(votes.every(({ counts, why }) => counts === (why === undefined))).toBe(true);
          if (status !== 'approved') continue;
          expect(quorum?.reached).toBe(counting.length);
          expect(quorum?.reached).toBeGreaterThanOrEqual(quorum?.needed ?? Number.POSITIVE_INFINITY);
        }
      }),
    );
  });

  test('as of a time does not depend on what happened later', () => {
    fc.assert(
      fc.property(anySteps, fc.nat(60), ([request, steps], at) => {
        const then = steps.filter(({ time }) => time <= minute(at));
        expect(fold(steps, BOOK, { request, at: minute(at) })).toEqual(fold(then, BOOK, { request, at: minute(at) }));
      }),
    );
  });
});
