import { hash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { baselineAt, baselineHash, foldBaseline } from '../../shared/decide/fold-baseline.ts';
import type { BaselineHashes, FoldedBaseline } from '../../shared/decide/fold-baseline.ts';
import { BASELINE_FILES } from '../../shared/wire/record.ts';
import type { Baseline, Decision, Plan, TrailRecord } from '../../shared/wire/record.ts';
import { toRequestId } from '../../shared/wire/request-id.ts';
import { APPROVERS, LATER, asked, fold, minute, step, voted } from './stage.ts';
import type { Book } from './stage.ts';

const BOOK: Book = {
  grants: APPROVERS,
  rules: [
    { action: 'baseline.signOff', quorum: 1 },
    { action: 'changeRequest.approve', quorum: 1 },
  ],
};
const SIGNERS = ['bob', 'carol', 'dora'];
const PLAN: Plan = {
  currency: 'EUR',
  budget: '1000.00',
  workingDays: 200,
  count: 2,
  items: [{ id: 'REQ-1' }, { id: 'REQ-2' }],
};

const hashOf = (text: string): string => hash('sha256', text, 'hex');
const filesOf = (version: string): BaselineHashes =>
  Object.fromEntries(BASELINE_FILES.map((file) => [file, hashOf(`${file} ${version}`)])) as BaselineHashes;
const covering = (files: Partial<BaselineHashes>): NonNullable<Decision['covers']> =>
  Object.values(files).map((id) => ({ kind: 'snapshot', id }));

function proposed(file: Baseline['file'], version: string, at = 0, plan: Plan = PLAN): TrailRecord {
  const record = step({ step: 'requested' }, { at, type: 'indelible.baseline.file.proposed' });
  const { decision: _none, ...data } = record.data;
  const sha256 = hashOf(`${file} ${version}`);
  const baseline: Baseline = { file, sha256, size: 1, ...(file === 'plan.json' ? { plan } : {}) };
  return { ...record, data: { ...data, category: 'baseline', baseline } };
}
const allFour = (version: string, at = 0, plan = PLAN): TrailRecord[] =>
  BASELINE_FILES.map((file) => proposed(file, version, at, plan));

/** The steps of one request: asked, then voted on by some. */
function steps(name: string, decision: Partial<Decision>, at: number, voters: readonly string[]): TrailRecord[] {
  const request = toRequestId('payments', name);
  return [asked(decision, { request, at }), ...voters.map((who, i) => voted(who, at + 1 + i, {}, { request }))];
}
const signOff = (version: string, at: number, voters: readonly string[] = SIGNERS, more: Partial<Decision> = {}) =>
  steps(`sign-off ${version}`, { kind: 'baseline', covers: covering(filesOf(version)), ...more }, at, voters);
const change = (name: string, at: number, more: Partial<Decision> = {}, voters: readonly string[] = ['bob']) =>
  steps(name, { kind: 'scopeChange', baseline: baselineHash(filesOf('one')), ...more }, at, voters);

function look(proposals: readonly TrailRecord[], requests: readonly TrailRecord[][], at = LATER): FoldedBaseline {
  const folded = requests.map((each) => fold(each, BOOK, { request: each[0]?.data.decision?.request ?? '', at }));
  return foldBaseline({ project: 'payments', proposals, requests: folded, at });
}

describe('a baseline', () => {
  test('is named by what sha256sum prints of its files, so that an auditor needs nothing of ours', () => {
    const line = (file: string): string => `${hashOf(`${file} one`)}  ${file}\n`;
    const printed = ['decisions', 'plan.json', 'risks', 'scope'].map(line).join('');
    expect(baselineHash(filesOf('one'))).toBe(hashOf(printed));
  });

  test('is in force when the last signer has signed, and not when most have', () => {
    const two = look(allFour('one'), [signOff('one', 1, ['bob', 'carol'])]);
    expect(two).toMatchObject({ baselines: [], signOffs: [{ status: 'open', missing: ['dora'], why: 'notSigned' }] });
    expect(two).not.toHaveProperty('plan');
    const three = look(allFour('one'), [signOff('one', 1)]);
    expect(three.baselines).toEqual([
      {
        hash: baselineHash(filesOf('one')),
        files: filesOf('one'),
        since: minute(4),
        request: toRequestId('payments', 'sign-off one'),
      },
    ]);
    expect(three.signOffs[0]).not.toHaveProperty('why');
  });

  test('flags what happened before it: there was nothing yet to hold it against', () => {
    const folded = look(allFour('one'), [signOff('one', 1)]);
    expect([baselineAt(folded, minute(3)), baselineAt(folded, minute(4))]).toEqual([
      undefined,
      baselineHash(filesOf('one')),
    ]);
  });

  test.each([
    [
      'three files',
      [signOff('one', 1, SIGNERS, { covers: covering({ ...filesOf('one'), scope: hashOf('risks one') }) })],
      allFour('one'),
    ],
    ['bytes that nobody handed in', [signOff('two', 1)], allFour('one')],
    [
      'bytes that were handed in after it was asked for',
      [signOff('one', 1)],
      [...allFour('one').slice(1), proposed('scope', 'one', 2)],
    ],
    [
      'two versions of one file',
      [
        signOff('one', 1, SIGNERS, {
          covers: [...covering(filesOf('one')), { kind: 'snapshot', id: hashOf('scope two') }],
        }),
      ],
      [...allFour('one'), proposed('scope', 'two')],
    ],
  ])('does not come into force by signing %s', (_what, requests, proposals) => {
    expect(look(proposals, requests)).toMatchObject({ baselines: [], signOffs: [{ why: 'notFourFiles' }] });
  });

  test('holds on when the approval of its signing has run out', () => {
    const book = { ...BOOK, rules: [{ action: 'baseline.signOff' as const, quorum: 'all' as const, validFor: 1 }] };
    const request = fold(signOff('one', 1), book, { request: toRequestId('payments', 'sign-off one') });
    expect(request.status).toBe('expired');
    const folded = foldBaseline({ project: 'payments', proposals: allFour('one'), requests: [request], at: LATER });
    expect(folded.baselines).toHaveLength(1);
  });

  test('shows of each file what was proposed last, by whom', () => {
    const folded = look([...allFour('one'), proposed('scope', 'two', 5)], []);
    expect(folded.proposed.map(({ file, sha256 }) => [file, sha256])).toEqual([
      ['scope', hashOf('scope two')],
      ...BASELINE_FILES.slice(1).map((file) => [file, hashOf(`${file} one`)]),
    ]);
    expect(folded.proposed[0]).toMatchObject({ by: 'entra:alice', at: minute(5) });
  });
});

describe('a second baseline', () => {
  const both = [...allFour('one'), ...allFour('two')];
  const next = baselineHash(filesOf('two'));

  test('needs a change request that names both: signing alone would let the old one be forgotten', () => {
    const folded = look(both, [signOff('one', 1), signOff('two', 10)]);
    expect(folded.baselines).toHaveLength(1);
    expect(folded.signOffs).toMatchObject([{}, { why: 'undeclared', hash: next }]);
  });

  test('comes into force when both are approved, the change and the signing', () => {
    const rebase = change('rebase', 20, { covers: [{ kind: 'snapshot', id: next }] });
    const folded = look(both, [signOff('one', 1), signOff('two', 10), rebase]);
    expect(folded.baselines[1]).toMatchObject({
      hash: next,
      since: minute(21),
      replaces: baselineHash(filesOf('one')),
    });
    expect(folded.plan?.baseline).toBe(next);
    expect(
      look(both, [signOff('one', 1), signOff('two', 10), change('rebase', 20, { covers: covering(filesOf('two')) })])
        .baselines,
    ).toHaveLength(2);
  });

  test('may be named by its own sign-off, which then names both; a change that was rejected, or of another baseline, will not do', () => {
    const own = signOff('two', 10, SIGNERS, { baseline: baselineHash(filesOf('one')) });
    expect(look(both, [signOff('one', 1), own]).baselines).toHaveLength(2);
    const open = change('rebase', 20, { covers: [{ kind: 'snapshot', id: next }] }, []);
    const other = change('other', 20, { baseline: next, covers: [{ kind: 'snapshot', id: next }] });
    expect(look(both, [signOff('one', 1), signOff('two', 10), open, other]).baselines).toHaveLength(1);
  });
});

describe('the plan at a time', () => {
  const euros = (amount: string) => ({ amount, currency: 'EUR' });
  const signed = [signOff('one', 1)];

  test('is the baseline and the changes that were approved by then, with the drift in cost and days', () => {
    const first = change('first', 10, {
      cost: euros('100.10'),
      workingDays: 10,
      items: [{ change: 'add', id: 'REQ-3' }],
    });
    const second = change('second', 20, {
      cost: euros('-0.10'),
      workingDays: -2.5,
      items: [{ change: 'remove', id: 'REQ-1' }],
    });
    const rejected = change('third', 30, { cost: euros('500.00') }, []);
    const at = (time: number) => look(allFour('one'), [...signed, first, second, rejected], minute(time)).plan;
    expect(at(9)).toMatchObject({ cost: { added: '0.00' }, drift: { cost: 0, days: 0 }, items: ['REQ-1', 'REQ-2'] });
    expect(at(11)).toMatchObject({
      cost: { added: '100.10' },
      days: { added: 10 },
      drift: { days: 0.05 },
      items: ['REQ-1', 'REQ-2', 'REQ-3'],
    });
    expect(at(31)).toMatchObject({
      cost: { added: '100.00', unstated: 0 },
      drift: { cost: 0.1, days: 0.0375 },
      items: ['REQ-2', 'REQ-3'],
    });
  });

  test('adds cents exactly: as floating-point numbers ten times 0.10 are not 1', () => {
    const cents = Array.from({ length: 10 }, (_, i) => change(`cent ${i}`, 10 + i, { cost: euros('0.10') }));
    expect(look(allFour('one'), [...signed, ...cents]).plan?.cost.added).toBe('1.00');
  });

  test('counts what is not stated, and never takes it for nothing', () => {
    const silent = change('silent', 10);
    const dollars = change('dollars', 11, { cost: { amount: '5.00', currency: 'USD' }, workingDays: 1 });
    const { cost, days } = look(allFour('one'), [...signed, silent, dollars]).plan ?? {};
    expect(cost).toEqual({ added: '0.00', unstated: 1, otherCurrency: 1 });
    expect(days).toEqual({ added: 1, unstated: 1 });
  });

  test('takes the sum of the items where the change states none of its own, if each of them states one', () => {
    const item = (id: string, cost?: string) => ({
      change: 'add' as const,
      id,
      ...(cost === undefined ? {} : { cost: euros(cost) }),
    });
    const priced = change('priced', 10, { items: [item('A', '1.50'), item('B', '2.25')] });
    const half = change('half', 11, { items: [item('C', '1.50'), item('D')] });
    const plan = look(allFour('one'), [...signed, priced, half]).plan;
    expect(plan?.changes.map(({ cost }) => cost?.amount)).toEqual(['3.75', undefined]);
    expect(plan?.cost.unstated).toBe(1);
  });

  test('has no drift where the plan states no budget or no days, and no items where the record could not hold them', () => {
    const poor = look(allFour('one', 0, { currency: 'EUR', count: 900, items: [{ id: 'REQ-1' }] }), signed).plan;
    expect(poor?.drift).toEqual({});
    expect(poor).not.toHaveProperty('items');
  });

  test('leaves out changes that start from another baseline, and those that were reopened since', () => {
    const other = change('other', 10, { baseline: hashOf('another'), cost: euros('7.00') });
    const reopened = change('reopened', 12, { cost: euros('9.00') });
    const again = step({ step: 'reopened' }, { request: toRequestId('payments', 'reopened'), at: 20 });
    const plan = look(allFour('one'), [...signed, other, [...reopened, again]]).plan;
    expect(plan?.changes).toEqual([]);
  });
});

test('whatever was proposed and asked for, the fold gives an answer, the same each time and in any order of requests', () => {
  const anyRequest = fc.tuple(
    fc.constantFrom('one', 'two', 'three'),
    fc.nat(30),
    fc.subarray(SIGNERS),
    fc.boolean(),
    fc.option(fc.constantFrom(baselineHash(filesOf('one')), baselineHash(filesOf('two'))), { nil: undefined }),
  );
  fc.assert(
    fc.property(fc.array(anyRequest, { maxLength: 6 }), fc.nat(60), (asks, at) => {
      const requests = asks.map(([version, when, voters, isSignOff, baseline], i) =>
        steps(
          `any ${i}`,
          {
            kind: isSignOff ? 'baseline' : 'scopeChange',
            covers: covering(filesOf(version)),
            ...(baseline && { baseline }),
          },
          when,
          voters,
        ),
      );
      const proposals = [...allFour('one'), ...allFour('two', 5)];
      const folded = look(proposals, requests, minute(at));
      expect(look(proposals, requests.toReversed(), minute(at))).toEqual(folded);
      expect(folded.baselines.every(({ since }) => since <= minute(at))).toBe(true);
    }),
  );
});
