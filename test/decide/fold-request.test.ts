import { describe, expect, test } from 'vitest';

import { foldRequest } from '../../shared/decide/fold-request.ts';
import { VOTE_REFUSALS } from '../../shared/decide/folded.ts';
import { standingRequestId } from '../../shared/wire/request-id.ts';
import {
  APPROVERS,
  COMMIT,
  LATER,
  ONE,
  OTHER_COMMIT,
  PULL,
  REQUEST,
  TWO,
  asked,
  current,
  fold,
  minute,
  person,
  rulesBy,
  step,
  verdicts,
  voted,
} from './stage.ts';
import type { Book } from './stage.ts';

const withRule = (rule: NonNullable<Book['rules']>[number], more: Partial<Book> = {}): Book => ({
  ...TWO,
  rules: [{ action: 'deployment.approve', quorum: 1, ...rule }],
  ...more,
});
const EMERGENCY = { emergency: { role: 'onCall', reviewWithin: 2 } };
const ON_CALL = { grants: [...APPROVERS, { who: 'erin', role: 'onCall' }, { who: 'bob', role: 'onCall' }] };

describe('a request', () => {
  test('is approved by the vote that completes the quorum, and by no earlier one', () => {
    const steps = [asked(), voted('bob', 1), voted('carol', 5)];
    expect(fold(steps.slice(0, 2))).toMatchObject({ status: 'open', rounds: [{ quorum: { needed: 2, reached: 1 } }] });
    const folded = fold(steps);
    expect(folded).toMatchObject({ status: 'approved', kind: 'deployment', action: 'deployment.approve', round: 0 });
    expect(current(folded)).toMatchObject({
      quorum: { needed: 2, reached: 2, by: ['bob', 'carol'] },
      decided: { at: minute(5), by: 'carol' },
    });
  });

  test('is rejected by one rejection that counts', () => {
    const folded = fold([
      asked(),
      voted('bob', 1),
      voted('carol', 2, { verdict: 'reject', reason: 'no' }),
      voted('dora', 3),
    ]);
    expect(folded.status).toBe('rejected');
    expect(verdicts(folded)).toEqual(['counts', 'counts', 'notOpen']);
  });

  test('that was rejected without the reason that is demanded is rejected: whoever said no is not passed over', () => {
    const folded = fold([asked(), voted('bob', 1, { verdict: 'reject' })]);
    expect(folded).toMatchObject({ status: 'rejected', rounds: [{ votes: [{ counts: true, lacks: ['reason'] }] }] });
  });

  test('is withdrawn by who asked, and by nobody else', () => {
    const byOther = fold([asked(), step({ step: 'withdrawn' }, { who: 'mallory', at: 1 })]);
    expect(byOther).toMatchObject({
      status: 'open',
      ignored: [{ step: 'withdrawn', why: 'notRequester', by: 'entra:mallory' }],
    });
    const byAsker = fold([asked(), step({ step: 'withdrawn' }, { at: 1 }), voted('bob', 2)], ONE);
    expect(byAsker).toMatchObject({ status: 'withdrawn', rounds: [{ decided: { at: minute(1) } }] });
    expect(verdicts(byAsker)).toEqual(['notOpen']);
  });

  test('that was approved cannot be withdrawn afterwards: what was done under it would stand there without approval', () => {
    const folded = fold([asked(), voted('bob', 1), step({ step: 'withdrawn' }, { at: 2 })], ONE);
    expect(folded).toMatchObject({ status: 'approved', ignored: [{ why: 'notOpen' }] });
  });

  test('expires hours after it was approved, although no step says so', () => {
    const steps = [asked(), voted('bob', 0), voted('carol', 121)];
    const book = withRule({ validFor: 2 });
    expect(fold(steps.slice(0, 2), book, { at: minute(119) })).toMatchObject({
      status: 'approved',
      rounds: [{ until: minute(120) }],
    });
    expect(fold(steps.slice(0, 2), book, { at: minute(120) }).status).toBe('expired');
    expect(verdicts(fold(steps, book))).toEqual(['counts', 'afterExpiry']);
  });

  test('that its source lets expire takes no vote any more', () => {
    const gate = 'https://dev.azure.com/acme/payments/_build/1#gate';
    const options = { request: gate, source: 'azure-devops' };
    const steps = [asked({}, options), step({ step: 'expired' }, { ...options, at: 9 }), voted('bob', 10, {}, options)];
    const folded = fold(steps, ONE, { request: gate });
    expect(folded.status).toBe('expired');
    expect(verdicts(folded)).toEqual(['afterExpiry']);
  });

  test('nobody asked for cannot be voted on: an approval would wait for what it is then said to be for', () => {
    const folded = fold([voted('bob', 1), voted('carol', 2)]);
    expect(folded).toMatchObject({
      status: 'unasked',
      rounds: [],
      ignored: [{ why: 'notAsked' }, { why: 'notAsked' }],
    });
  });

  test('asks once: another asking under its id changes neither kind nor bytes', () => {
    const folded = fold([
      asked({ covers: [{ kind: 'commit', id: COMMIT }] }),
      asked({ kind: 'review', covers: [{ kind: 'commit', id: OTHER_COMMIT }] }, { who: 'mallory', at: 1 }),
    ]);
    expect(folded).toMatchObject({ kind: 'deployment', ignored: [{ why: 'askedAlready' }] });
    expect(current(folded)).toMatchObject({ covers: [{ id: COMMIT }], requesters: ['entra:alice'] });
  });

  test('as of a time is as the steps until then leave it', () => {
    const steps = [asked(), voted('bob', 1), voted('carol', 5)];
    expect(fold(steps, TWO, { at: minute(4) })).toMatchObject({ status: 'open', at: minute(4) });
    expect(verdicts(fold(steps, TWO, { at: minute(4) }))).toEqual(['counts']);
  });
});

describe('a new round', () => {
  const reopened = (at: number, decision = {}, who = 'alice') => step({ step: 'reopened', ...decision }, { who, at });

  test('begins with reopening: nothing of the round before counts in it', () => {
    const rejected = [asked(), voted('bob', 1), voted('carol', 2, { verdict: 'reject', reason: 'no' })];
    const folded = fold([...rejected, reopened(3), voted('dora', 4)]);
    expect(folded).toMatchObject({ status: 'open', round: 1 });
    expect(folded.rounds.map(({ status, quorum }) => [status, quorum?.reached])).toEqual([
      ['rejected', 1],
      ['open', 1],
    ]);
  });

  test('ends the approval before it: two would hold, for other bytes each', () => {
    const folded = fold(
      [
        asked({ covers: [{ kind: 'commit', id: COMMIT }] }),
        voted('bob', 1),
        reopened(3, { covers: [{ kind: 'commit', id: OTHER_COMMIT }] }),
      ],
      ONE,
    );
    expect(folded.rounds).toMatchObject([
      { status: 'expired', until: minute(3), covers: [{ id: COMMIT }] },
      { status: 'open', covers: [{ id: OTHER_COMMIT }] },
    ]);
  });

  test('covers what the one before did where it says nothing else', () => {
    const first = asked({ covers: [{ kind: 'commit', id: COMMIT }], rollback: 'back' });
    const folded = fold([first, voted('bob', 1, { verdict: 'reject' }), reopened(2)]);
    expect(current(folded)).toMatchObject({ covers: [{ id: COMMIT }], stated: { rollback: 'back' } });
  });

  test('does not begin while the request is open, and not before it was asked for', () => {
    expect(fold([asked(), reopened(1)])).toMatchObject({ round: 0, ignored: [{ why: 'stillOpen' }] });
    expect(fold([reopened(1)])).toMatchObject({ status: 'unasked', ignored: [{ why: 'notAsked' }] });
  });

  test('does not let the first one who asked vote, by having somebody else reopen it', () => {
    const book = withRule({ excluded: ['requester'] }, { grants: [...APPROVERS, { who: 'alice', role: 'approver' }] });
    const steps = [
      asked(),
      voted('bob', 1, { verdict: 'reject' }),
      reopened(2, {}, 'carol'),
      voted('alice', 3),
      voted('carol', 4),
    ];
    expect(verdicts(fold(steps, book))).toEqual(['counts', 'excludedRequester', 'excludedRequester']);
  });

  test('takes no vote that names the round before it', () => {
    const steps = [
      asked(),
      voted('bob', 1, { verdict: 'reject' }),
      reopened(2),
      voted('carol', 3, { round: 0 }),
      voted('dora', 4, { round: 1 }),
    ];
    expect(verdicts(fold(steps, ONE))).toEqual(['counts', 'otherRound', 'counts']);
  });
});

describe('a vote does not count', () => {
  /** Each with one vote by bob at minute 5, on a request that covers a commit. */
  const COVERED = { covers: [{ kind: 'commit' as const, id: COMMIT }] };
  const service = { kind: 'service', id: 'entra:bob', name: 'bob' } as const;
  const unknown = { kind: 'unknown', id: 'entra:bob' } as const;
  const cases: Readonly<Record<string, () => ReturnType<typeof fold>>> = {
    bypassed: () => fold([asked(), voted('bob', 5, { bypassed: true })]),
    noVerdict: () => fold([asked(), step({ step: 'voted' }, { who: 'bob', at: 5 })]),
    voterUnknown: () => fold([asked(), voted(unknown, 5)]),
    notAPerson: () => fold([asked(), voted(service, 5)]),
    noReason: () =>
      fold(
        [asked({ kind: 'emergency', insteadOf: 'deployment', reason: 'down' }), voted('bob', 5)],
        withRule(EMERGENCY),
      ),
    otherBytes: () => fold([asked(COVERED), voted('bob', 5, { covers: [{ kind: 'commit', id: OTHER_COMMIT }] })]),
    coversTooLittle: () => fold([asked(COVERED), voted('bob', 5)], withRule({ covers: ['artifact'] })),
    noRule: () => fold([asked(), voted('bob', 5)], { grants: APPROVERS }),
    excludedAuthor: () =>
      fold([asked(), voted('bob', 5)], withRule({ excluded: ['author'] }), { known: { authors: [person('bob')] } }),
    excludedRequester: () => fold([asked({}, { who: 'bob' }), voted('bob', 5)], withRule({ excluded: ['requester'] })),
    excludedDeployer: () =>
      fold([asked(), voted('bob', 5)], withRule({ excluded: ['deployer'] }), { known: { deployers: [person('bob')] } }),
    ownEmergency: () =>
      fold(
        [
          asked({ kind: 'emergency', insteadOf: 'deployment', reason: 'down' }, { who: 'bob' }),
          voted('bob', 5, { reason: 'fine' }),
        ],
        withRule(EMERGENCY, ON_CALL),
      ),
    noEmergency: () => fold([asked(), voted('bob', 5, { verdict: 'override', reason: 'down' })]),
    roleNotHeld: () => fold([asked(), voted('mallory', 5)]),
    roleHeldRetroactively: () =>
      fold([asked(), voted('bob', 5)], { ...TWO, grants: [{ who: 'bob', role: 'approver', basis: 'retroactive' }] }),
    authorityUnknown: () =>
      fold([asked(), voted('bob', 5)], { ...TWO, grants: [{ who: 'bob', role: 'approver', basis: 'unknown' }] }),
  };
  const ELSEWHERE = [
    'notOpen',
    'afterExpiry',
    'otherRound',
    'alreadyEmergency',
    'delegatedOn',
    'rightUsed',
    'lapsed',
    'superseded',
    'revoked',
  ];
  test('for no reason that no test here sees', () => {
    expect([...Object.keys(cases), ...ELSEWHERE].sort()).toEqual(Object.keys(VOTE_REFUSALS).sort());
  });

  test.each(Object.keys(cases))('and says why: %s', (why) => {
    const folded = cases[why]?.();
    expect(folded && verdicts(folded)).toEqual([why]);
    expect(folded?.status).not.toBe('approved');
  });

  test('where the role was held before or after, but not when it was cast', () => {
    const grants = [
      { who: 'bob', role: 'approver', until: 5 },
      { who: 'carol', role: 'approver', from: 6 },
    ];
    const steps = [asked(), voted('bob', 5), voted('carol', 5), voted('carol', 6)];
    expect(verdicts(fold(steps, { ...TWO, grants }))).toEqual(['roleNotHeld', 'roleNotHeld', 'counts']);
  });

  test('where the role is held for another environment, and where of two that are covered it is held for one', () => {
    const grants = [{ who: 'bob', role: 'approver', environment: 'staging' }];
    const on = (...ids: string[]) => asked({ covers: ids.map((id) => ({ kind: 'environment' as const, id })) });
    const book = withRule({}, { grants });
    expect(verdicts(fold([on('production'), voted('bob', 1)], book))).toEqual(['roleNotHeld']);
    expect(verdicts(fold([on('staging', 'production'), voted('bob', 1)], book))).toEqual(['roleNotHeld']);
    expect(verdicts(fold([on('staging'), voted('bob', 1)], book))).toEqual(['counts']);
  });

  test('alone where one of two environments that are covered wants two: the weaker rule would let the stronger one by', () => {
    const rules = [
      { action: 'deployment.approve' as const, of: 'staging', quorum: 1 },
      { action: 'deployment.approve' as const, of: 'production', quorum: 2, validFor: 1 },
    ];
    const request = asked({
      covers: [
        { kind: 'environment', id: 'staging' },
        { kind: 'environment', id: 'production' },
      ],
    });
    expect(fold([request, voted('bob', 1)], { ...TWO, rules }).status).toBe('open');
    const folded = fold([request, voted('bob', 1), voted('carol', 2)], { ...TWO, rules }, { at: minute(3) });
    expect(current(folded)).toMatchObject({ status: 'approved', until: minute(62) });
  });

  test.each([
    ['for part of what was asked', [{ kind: 'snapshot', id: 'one' }], 'otherBytes'],
    [
      'for all of it, in another order',
      [
        { kind: 'snapshot', id: 'two' },
        { kind: 'snapshot', id: 'one' },
      ],
      'counts',
    ],
    [
      'for more',
      [
        { kind: 'snapshot', id: 'one' },
        { kind: 'snapshot', id: 'two' },
        { kind: 'plan', id: 'p' },
      ],
      'otherBytes',
    ],
    ['saying nothing of it', undefined, 'counts'],
  ] as const)('when it is %s: as it should', (_what, covers, expected) => {
    const request = asked({
      covers: [
        { kind: 'snapshot', id: 'one' },
        { kind: 'snapshot', id: 'two' },
      ],
    });
    expect(verdicts(fold([request, voted('bob', 1, covers === undefined ? {} : { covers: [...covers] })]))).toEqual([
      expected,
    ]);
  });

  test('where nobody knows the author whom the matrix keeps out: the fold says that it could not look', () => {
    const folded = fold([asked(), voted('bob', 5)], withRule({ excluded: ['author', 'requester'] }));
    expect(current(folded)).toMatchObject({ status: 'approved', unknown: ['author'] });
  });

  test('twice for one person under two accounts', () => {
    const book = { ...TWO, accounts: { bob: ['github:1'] } };
    const folded = fold([asked(), voted('bob', 1), voted({ kind: 'human', id: 'github:1' }, 2)], book);
    expect(folded).toMatchObject({ status: 'open', rounds: [{ quorum: { reached: 1, by: ['bob'] } }] });
    expect(verdicts(folded)).toEqual(['superseded', 'counts']);
  });

  test('by somebody whom indelible.yaml calls a service, although the token says that it is a person', () => {
    expect(verdicts(fold([asked(), voted('bob', 1)], { ...TWO, kinds: { bob: 'service' } }))).toEqual(['notAPerson']);
  });

  test('by somebody who is kept out under another account', () => {
    const book = withRule({ excluded: ['requester'] }, { accounts: { bob: ['github:1'] } });
    expect(verdicts(fold([asked({}, { who: { kind: 'human', id: 'github:1' } }), voted('bob', 1)], book))).toEqual([
      'excludedRequester',
    ]);
  });

  test('by somebody for whom an app asked: the app would be the one who asked', () => {
    const pipeline = { kind: 'service', id: 'entra:pipeline', onBehalfOf: person('bob') } as const;
    const folded = fold([asked({}, { who: pipeline }), voted('bob', 1)], withRule({ excluded: ['requester'] }));
    expect(verdicts(folded)).toEqual(['excludedRequester']);
  });
});

describe('the last vote of a person counts while the request is open', () => {
  test('so a rejection after an approval rejects, and an approval twice is one', () => {
    const twice = fold([asked(), voted('bob', 1), voted('bob', 2)]);
    expect(twice).toMatchObject({ status: 'open', rounds: [{ quorum: { reached: 1 } }] });
    const turned = fold([asked(), voted('bob', 1), voted('bob', 2, { verdict: 'reject', reason: 'no' })]);
    expect(turned.status).toBe('rejected');
    expect(verdicts(turned)).toEqual(['superseded', 'counts']);
  });

  test('but not one that does not count itself: the earlier stays', () => {
    const grants = [
      { who: 'bob', role: 'approver', until: 2 },
      { who: 'carol', role: 'approver' },
    ];
    const folded = fold([asked(), voted('bob', 1), voted('bob', 3), voted('carol', 4)], { ...TWO, grants });
    expect(folded.status).toBe('approved');
    expect(verdicts(folded)).toEqual(['counts', 'roleNotHeld', 'counts']);
  });

  test('and can be taken back by the same person, and by nobody else', () => {
    const revoked = (who: string, at: number) => step({ step: 'revoked' }, { who, at });
    const folded = fold([asked(), voted('bob', 1), revoked('mallory', 2), revoked('bob', 3), voted('carol', 4)]);
    expect(folded).toMatchObject({ status: 'open', ignored: [{ by: 'entra:mallory', why: 'noVote' }] });
    expect(verdicts(folded)).toEqual(['revoked', 'counts']);
  });
});

describe('a vote that was delegated', () => {
  const delegated = (from: string, to: string, at: number, more = {}) =>
    step({ step: 'delegated', delegation: { to: `entra:${to}`, ...more } }, { who: from, at });

  test('on the request counts as its owner’s, under the name of who cast it', () => {
    const folded = fold([asked(), delegated('bob', 'erin', 1), voted('erin', 2)], ONE);
    expect(folded).toMatchObject({
      status: 'approved',
      rounds: [{ votes: [{ by: 'entra:erin', delegatedBy: 'bob', counts: true }] }],
    });
  });

  test('does not count before it was, after its end, or after it was taken back', () => {
    const book = { ...TWO, rules: [{ action: 'deployment.approve' as const, quorum: 9 }] };
    const until = { until: minute(10) };
    const back = step({ step: 'revoked', delegation: { to: 'entra:erin' } }, { who: 'bob', at: 6 });
    expect(verdicts(fold([asked(), voted('erin', 1), delegated('bob', 'erin', 2)], book))).toEqual(['roleNotHeld']);
    expect(verdicts(fold([asked(), delegated('bob', 'erin', 2, until), voted('erin', 10)], book))).toEqual([
      'roleNotHeld',
    ]);
    expect(verdicts(fold([asked(), delegated('bob', 'erin', 2), back, voted('erin', 7)], book))).toEqual([
      'roleNotHeld',
    ]);
  });

  test('is not delegated on, neither by steps nor by a grant that was itself delegated', () => {
    const byStep = fold([asked(), delegated('bob', 'erin', 1), delegated('erin', 'frank', 2), voted('frank', 3)], ONE);
    expect(verdicts(byStep)).toEqual(['roleNotHeld']);
    const grants = [{ who: 'erin', role: 'approver', delegatedBy: 'bob' }];
    expect(verdicts(fold([asked(), delegated('erin', 'frank', 1), voted('frank', 2)], { ...ONE, grants }))).toEqual([
      'delegatedOn',
    ]);
  });

  test('is worth no more than its owner had: nothing where the owner lost the role, or is kept out', () => {
    const grants = [{ who: 'bob', role: 'approver', until: 2 }];
    expect(verdicts(fold([asked(), delegated('bob', 'erin', 1), voted('erin', 2)], { ...ONE, grants }))).toEqual([
      'roleNotHeld',
    ]);
    const book = withRule({ excluded: ['requester'] });
    expect(verdicts(fold([asked({}, { who: 'bob' }), delegated('bob', 'erin', 1), voted('erin', 2)], book))).toEqual([
      'excludedRequester',
    ]);
  });

  test('is one vote with its owner’s, and the owner’s comes first', () => {
    expect(verdicts(fold([asked(), delegated('bob', 'erin', 1), voted('erin', 2), voted('bob', 3)]))).toEqual([
      'rightUsed',
      'counts',
    ]);
    expect(verdicts(fold([asked(), delegated('bob', 'erin', 1), voted('bob', 2), voted('erin', 3)]))).toEqual([
      'counts',
      'rightUsed',
    ]);
  });

  test('by an app, or without saying to whom, is not delegated', () => {
    const byApp = step(
      { step: 'delegated', delegation: { to: 'entra:erin' } },
      { who: { kind: 'service', id: 'entra:bob' }, at: 1 },
    );
    const toNobody = step({ step: 'delegated' }, { who: 'bob', at: 2 });
    expect(fold([asked(), byApp, toNobody]).ignored.map(({ why }) => why)).toEqual(['notAPerson', 'noDelegate']);
  });

  const STANDING = standingRequestId('payments');
  const standing = (more: object, at = 0) =>
    step({ step: 'delegated', delegation: { to: 'entra:erin', ...more } }, { who: 'bob', at, request: STANDING });

  test('with a role until an end counts on every request of the project that wants that role', () => {
    const lasting = { standing: [standing({ role: 'approver', until: minute(9) })] };
    expect(verdicts(fold([asked(), voted('erin', 8)], ONE, lasting))).toEqual(['counts']);
    expect(verdicts(fold([asked(), voted('erin', 9)], ONE, lasting))).toEqual(['roleNotHeld']);
    const other = { standing: [standing({ role: 'signer', until: minute(9) })] };
    expect(verdicts(fold([asked(), voted('erin', 8)], ONE, other))).toEqual(['roleNotHeld']);
  });

  test('with a role needs an end, and begins no earlier than it was said', () => {
    expect(verdicts(fold([asked(), voted('erin', 8)], ONE, { standing: [standing({ role: 'approver' })] }))).toEqual([
      'roleNotHeld',
    ]);
    const late = { standing: [standing({ role: 'approver', until: minute(99) }, 9)] };
    expect(verdicts(fold([asked(), voted('erin', 8)], ONE, late))).toEqual(['roleNotHeld']);
  });
});

describe('where all must vote', () => {
  const book: Book = { ...TWO, rules: [{ action: 'baseline.signOff', quorum: 'all', excluded: ['requester'] }] };
  const signOff = asked({ kind: 'baseline' });

  test('it is decided when everybody has who may, and the fold names those who have not', () => {
    const two = fold([signOff, voted('bob', 1), voted('carol', 2)], book);
    expect(two).toMatchObject({ status: 'open', rounds: [{ quorum: { needed: 3, reached: 2, missing: ['dora'] } }] });
    expect(fold([signOff, voted('bob', 1), voted('carol', 2), voted('dora', 3)], book).status).toBe('approved');
  });

  test('nobody is waited for who is kept out', () => {
    const steps = [asked({ kind: 'baseline' }, { who: 'dora' }), voted('bob', 1), voted('carol', 2)];
    expect(fold(steps, book).status).toBe('approved');
  });

  test('nothing is decided where nobody may', () => {
    expect(fold([signOff, voted('bob', 1)], { ...book, grants: [] })).toMatchObject({
      status: 'open',
      rounds: [{ quorum: { reached: 0 } }],
    });
  });
});

describe('an emergency', () => {
  const request = (who = 'erin', decision = {}) =>
    asked({ kind: 'emergency', insteadOf: 'deployment', reason: 'Payments are down', ...decision }, { who });
  const book = withRule(EMERGENCY, ON_CALL);

  test('is in effect when it is asked for by who may, and waits for its review', () => {
    const folded = fold([request()], book, { at: minute(119) });
    expect(folded).toMatchObject({
      status: 'emergency',
      rounds: [{ emergency: { invoked: { by: 'erin', at: minute(0) }, reviewBy: minute(120) } }],
    });
    expect(current(folded).emergency).not.toHaveProperty('overdue');
  });

  test('that nobody reviews in time says so, and a late review does not undo that', () => {
    expect(fold([request()], book, { at: minute(120) })).toMatchObject({
      status: 'emergency',
      rounds: [{ emergency: { overdue: true } }],
    });
    const late = fold([request(), voted('bob', 130, { reason: 'It was right' })], book);
    expect(late).toMatchObject({
      status: 'approved',
      rounds: [{ emergency: { reviewedAt: minute(130), overdue: true } }],
    });
    const inTime = fold([request(), voted('bob', 30, { reason: 'It was right' })], book);
    expect(current(inTime).emergency).toEqual(expect.not.objectContaining({ overdue: true }));
  });

  test.each([
    ['by somebody who may not', request('bob'), withRule(EMERGENCY), 'roleNotHeld'],
    ['without a reason', asked({ kind: 'emergency', insteadOf: 'deployment' }, { who: 'erin' }), book, 'noReason'],
    ['where the matrix has none', request(), { ...TWO, ...ON_CALL }, 'noEmergency'],
    [
      'by an app',
      asked(
        { kind: 'emergency', insteadOf: 'deployment', reason: 'down' },
        { who: { kind: 'service', id: 'entra:erin' } },
      ),
      book,
      'notAPerson',
    ],
  ] as const)('%s is not in effect', (_what, first, rules, why) => {
    const folded = fold([first], rules);
    expect(folded).toMatchObject({ status: 'open', rounds: [{ emergency: { why } }] });
  });

  test('by override goes ahead of the quorum; whoever did it does not review it, and took back what they had voted', () => {
    const override = voted('bob', 2, { verdict: 'override', reason: 'down' });
    const folded = fold([asked(), voted('bob', 1), override, voted('bob', 3), voted('carol', 4), voted('dora', 5)], {
      ...TWO,
      ...ON_CALL,
      rules: [{ action: 'deployment.approve', quorum: 2, ...EMERGENCY }],
    });
    expect(verdicts(folded)).toEqual(['ownEmergency', 'counts', 'ownEmergency', 'counts', 'counts']);
    expect(folded).toMatchObject({
      status: 'approved',
      rounds: [{ emergency: { invoked: { at: minute(2) }, reviewedAt: minute(5) } }],
    });
  });

  test('is gone ahead of once, needs a reason, and cannot be withdrawn once it is in effect', () => {
    const second = voted('erin', 3, { verdict: 'override', reason: 'still down' });
    const folded = fold([request(), second, step({ step: 'withdrawn' }, { who: 'erin', at: 4 })], book);
    expect(verdicts(folded)).toEqual(['alreadyEmergency']);
    expect(folded).toMatchObject({ status: 'emergency', ignored: [{ why: 'notOpen' }] });
    const silent = fold([asked(), voted('erin', 1, { verdict: 'override' })], book);
    expect(verdicts(silent)).toEqual(['noReason']);
  });
});

describe('gates that GitHub runs', () => {
  const review = { action: 'code.approve' as const, quorum: 1, excluded: ['author' as const] };
  const book: Book = { ...TWO, rules: [review, { action: 'deployment.approve', quorum: 1 }] };
  const onPull = (who: string, at: number, decision = {}, more = {}) =>
    step(
      { kind: 'codeReview', step: 'voted', verdict: 'approve', covers: [{ kind: 'commit', id: COMMIT }], ...decision },
      { who, at, request: PULL, related: [{ part: 'author', kind: 'user', id: 'entra:alice' }], ...more },
    );
  const onGate = (round: number, decision: object, at: number, who = 'bob') =>
    step({ kind: 'deployment', step: 'voted', round, ...decision }, { who, at, request: `${PULL}#production` });
  const look = (steps: Parameters<typeof fold>[0], more: Book = book) => fold(steps, more, { request: PULL });

  test('need no asking: a review is one of a pull request that waits', () => {
    expect(look([onPull('bob', 1)])).toMatchObject({ status: 'approved', kind: 'codeReview' });
  });

  test('a review holds for the commit that was reviewed, not for a later head', () => {
    const steps = [
      onPull('bob', 1),
      onPull('carol', 2, { step: 'requested', verdict: undefined, covers: [{ kind: 'commit', id: OTHER_COMMIT }] }),
    ];
    const folded = look(steps);
    expect(folded.rounds.map(({ status, covers }) => [covers[0]?.id, status])).toEqual([
      [COMMIT, 'approved'],
      [OTHER_COMMIT, 'open'],
    ]);
    expect(folded.status).toBe('open');
  });

  test('a review of an older commit that arrives late does not become what the pull request stands at', () => {
    const head = onPull('bob', 1, { covers: [{ kind: 'commit', id: OTHER_COMMIT }], verdict: 'reject' });
    const late = onPull('carol', 2, {}, { details: { reviewedHead: false } });
    expect(look([head, late])).toMatchObject({
      status: 'rejected',
      rounds: [{ status: 'rejected' }, { status: 'approved' }],
    });
  });

  test('changes that were requested block until the same person approves, or the review is dismissed', () => {
    const no = onPull('bob', 1, { verdict: 'reject' });
    expect(look([no, onPull('carol', 2)]).status).toBe('rejected');
    expect(look([no, onPull('carol', 2), onPull('bob', 3)])).toMatchObject({
      status: 'approved',
      rounds: [{ decided: { at: minute(3) } }],
    });
    const dismissed = onPull(
      'alice',
      3,
      { step: 'revoked', verdict: undefined },
      {
        related: [{ part: 'reviewer', kind: 'user', id: 'entra:bob' }],
      },
    );
    expect(look([no, onPull('carol', 2), dismissed]).status).toBe('approved');
  });

  test('an approval that is dismissed is none any more, and was one until then', () => {
    const dismissed = onPull(
      'alice',
      3,
      { step: 'revoked', verdict: undefined },
      {
        related: [{ part: 'reviewer', kind: 'user', id: 'entra:bob' }],
      },
    );
    const folded = look([onPull('bob', 1), dismissed]);
    expect(folded).toMatchObject({ status: 'open', rounds: [{ formerly: [{ from: minute(1), until: minute(3) }] }] });
    expect(fold([onPull('bob', 1), dismissed], book, { request: PULL, at: minute(2) }).status).toBe('approved');
  });

  test('a review that has run out is no part of the next approval', () => {
    const rules = [{ ...review, quorum: 2, validFor: 1 }];
    const folded = look([onPull('bob', 0), onPull('carol', 1), onPull('dora', 70)], { ...book, rules });
    expect(verdicts(folded)).toEqual(['lapsed', 'lapsed', 'counts']);
    expect(folded).toMatchObject({ status: 'open', rounds: [{ formerly: [{ from: minute(1), until: minute(61) }] }] });
  });

  test('a comment is no verdict and takes none back; the author’s own approval counts nothing', () => {
    const folded = look([onPull('bob', 1), onPull('bob', 2, { verdict: undefined }), onPull('alice', 3)], {
      ...book,
      grants: [...APPROVERS, { who: 'alice', role: 'approver' }],
    });
    expect(verdicts(folded)).toEqual(['counts', 'noVerdict', 'excludedAuthor']);
    expect(folded.status).toBe('approved');
  });

  test('a reviewer who is taken off the list closes nothing', () => {
    const off = onPull('alice', 1, { step: 'withdrawn', verdict: undefined });
    expect(look([onPull('alice', 0, { step: 'requested', verdict: undefined }), off, onPull('bob', 2)])).toMatchObject({
      status: 'approved',
      ignored: [{ why: 'oneReviewer' }],
    });
  });

  test('a review of a bot never counts', () => {
    expect(verdicts(look([onPull('bob', 1, { automated: true })]))).toEqual(['notAPerson']);
  });

  test('each attempt of a run is a round of its own, whatever order they are told in', () => {
    const request = `${PULL}#production`;
    const steps = [
      onGate(0, { step: 'requested' }, 0, 'alice'),
      onGate(1, { step: 'requested' }, 3, 'alice'),
      onGate(0, { verdict: 'approve' }, 4),
      onGate(1, { verdict: 'reject' }, 5, 'carol'),
    ];
    const folded = fold(steps, book, { request });
    expect(folded.rounds.map(({ round, status }) => [round, status])).toEqual([
      [0, 'approved'],
      [1, 'rejected'],
    ]);
    expect(folded).toMatchObject({ status: 'rejected', round: 1 });
    expect(
      fold(
        [steps[1], steps[0], steps[2]].flatMap((each) => each ?? []),
        book,
        { request },
      ),
    ).toMatchObject({ round: 1, status: 'open' });
  });

  test('cannot vote on a request of our own API, whatever id a webhook names', () => {
    const forged = step({ step: 'voted', verdict: 'approve' }, { who: 'bob', at: 1, source: 'github' });
    expect(fold([asked(), forged], ONE)).toMatchObject({ status: 'open', rounds: [{ votes: [] }] });
  });
});

test('the rules in force at the time of the vote judge it: a quorum that is lowered later closes nothing by itself', () => {
  const book: Book = {
    ...TWO,
    rules: [
      { action: 'deployment.approve', quorum: 2 },
      { action: 'deployment.approve', quorum: 1, from: 10 },
    ],
  };
  const steps = [asked(), voted('bob', 1)];
  expect(fold(steps, book).status).toBe('open');
  expect(fold([...steps, voted('bob', 11)], book).status).toBe('approved');
});

test('steps of other requests among them change nothing', () => {
  const other = asked({ kind: 'review' }, { request: standingRequestId('payments') });
  const question = { request: REQUEST, rules: rulesBy(ONE), at: LATER };
  const steps = [asked(), voted('bob', 1)];
  expect(foldRequest({ ...question, steps: [other, ...steps] })).toEqual(foldRequest({ ...question, steps }));
});
