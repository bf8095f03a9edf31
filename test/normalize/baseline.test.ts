import { hash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { baselineNormalizer, warnOfBaselineFile } from '../../shared/normalize/baseline.ts';
import { finishDraft } from '../../shared/normalize/finish-draft.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { ODD_BODIES } from '../collect/requests.ts';

const enqueued = '2026-03-01T12:00:05.000Z';
const received = '2026-03-01T12:00:00.000Z';
const claims = { oid: 'O-1', name: 'Alice Adams', idtyp: 'user' };

const PLAN = {
  currency: 'EUR',
  budget: '250000.00',
  start: '2026-01-05',
  end: '2026-01-18',
  calendar: { zone: 'Europe/Berlin', week: [1, 2, 3, 4, 5], holidays: ['2026-01-06', '2026-01-10'] },
  items: [
    { id: 'REQ-1', title: 'Refunds', cost: '0.10', days: 4.5, acceptance: 'A refund arrives.' },
    { id: 'REQ-2', title: 'Reports', cost: '0.20', days: 2, acceptance: 'A report is sent.' },
  ],
};

function normalize(body: unknown, changes: Partial<Envelope> = {}): RecordDraft {
  const envelope: Envelope = {
    source: 'baseline',
    event: 'proposed',
    subject: 'payments/plan.json',
    received,
    claims,
    ...changes,
  };
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const drafts = baselineNormalizer.normalize({ envelope, body: bytes, enqueued });
  expect(drafts).toHaveLength(1);
  return finishDraft(drafts[0] as RecordDraft, { received: envelope.received, enqueued }, { characters: 1_000_000 });
}

const faults = (body: unknown): unknown => normalize(body).data.details;

describe('a file of a baseline', () => {
  test('that is a plan says its figures', () => {
    const bytes = Buffer.from(JSON.stringify(PLAN));
    const sha256 = hash('sha256', bytes, 'hex');
    expect(normalize(bytes)).toEqual({
      part: '',
      type: 'indelible.baseline.file.proposed',
      source: 'urn:indelible:project:payments',
      subject: 'plan.json',
      time: received,
      data: {
        actor: { kind: 'human', id: 'entra:o-1', name: 'Alice Adams' },
        action: 'baseline.propose',
        outcome: 'pending',
        summary: 'Alice Adams proposed plan.json for the baseline of payments',
        target: { kind: 'baselineFile', id: 'urn:indelible:project:payments/baseline/plan.json', name: 'plan.json' },
        baseline: {
          file: 'plan.json',
          sha256,
          size: bytes.length,
          plan: {
            currency: 'EUR',
            budget: '250000.00',
            start: '2026-01-05',
            end: '2026-01-18',
            calendar: { zone: 'Europe/Berlin', week: [1, 2, 3, 4, 5], holidays: 2 },
            // Two weeks of five days, less Tuesday the 6th; the 10th is a Saturday.
            workingDays: 9,
            cost: '0.30',
            days: 6.5,
            count: 2,
            items: [
              {
                id: 'REQ-1',
                title: 'Refunds',
                cost: '0.10',
                days: 4.5,
                acceptance: hash('sha256', 'A refund arrives.', 'hex'),
              },
              {
                id: 'REQ-2',
                title: 'Reports',
                cost: '0.20',
                days: 2,
                acceptance: hash('sha256', 'A report is sent.', 'hex'),
              },
            ],
          },
        },
        clock: {
          requested: { at: received, by: 'collector' },
          received: { at: received, by: 'collector' },
          enqueued: { at: enqueued, by: 'hub' },
        },
        links: [{ kind: 'artifact', id: `sha256:${sha256}` }],
      },
    });
  });

  test('that is no plan is its bytes, whatever they are', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    const { baseline, details } = normalize(bytes, { subject: 'payments/scope' }).data;
    expect(baseline).toEqual({ file: 'scope', sha256: hash('sha256', bytes, 'hex'), size: 3 });
    expect(details).toBeUndefined();
  });

  test('that is empty says so: four empty files could be signed', () => {
    expect(normalize(Buffer.alloc(0), { subject: 'payments/risks' }).data.details).toEqual({ incomplete: 'risks' });
    expect(warnOfBaselineFile('scope', Buffer.alloc(0))).toContain('it lacks scope');
    expect(warnOfBaselineFile('scope', Buffer.from('x'))).toBeUndefined();
  });

  test.each([
    ['payments/budget.xlsx'],
    ['payments/'],
    ['payments'],
    ['/scope'],
    ['Payments/scope'],
    ['a/b/scope'],
    [undefined],
  ])('is none where the envelope names %j', (subject) => {
    const envelope = { source: 'baseline', event: 'proposed', claims, ...(subject === undefined ? {} : { subject }) };
    expect(() => baselineNormalizer.normalize({ envelope, body: Buffer.alloc(0), enqueued })).toThrow(Unrecognized);
  });
});

describe('what is wrong with a plan is named, and the rest of it holds', () => {
  const [first, second] = PLAN.items;
  test.each([
    ['members that are missing', { items: [] }, { incomplete: 'currency,budget,start,end,calendar' }],
    ['an amount that is a JSON number', { ...PLAN, budget: 250_000 }, { unreadable: 'budget' }],
    ['a currency in words', { ...PLAN, currency: 'Euro' }, { unreadable: 'currency' }],
    ['a day that no month has', { ...PLAN, start: '2026-02-31' }, { unreadable: 'start' }],
    ['an end before the start', { ...PLAN, end: '2026-01-04' }, { unreadable: 'end' }],
    ['a week of eight days', { ...PLAN, calendar: { week: [1, 8] } }, { unreadable: 'calendar' }],
    ['items that are no list', { ...PLAN, items: {} }, { unreadable: 'items' }],
    [
      'an item without acceptance, with a cost of another form',
      { ...PLAN, items: [first, { id: 'REQ-2', title: 'Reports', cost: 5, days: 1 }] },
      { incomplete: 'items.1.acceptance', unreadable: 'items.1.cost' },
    ],
    ['two items of one id', { ...PLAN, items: [first, { ...second, id: 'REQ-1' }] }, { unreadable: 'items.1.id' }],
    ['JSON that is no object', [], { unreadable: 'plan.json' }],
  ])('%s', (_what, plan, expected) => {
    expect(faults(plan)).toEqual(expected);
  });

  test('a sum is there only where every item states its part: half a sum looks like a whole one', () => {
    const { plan } = normalize({ ...PLAN, items: [first, { ...second, cost: undefined }] }).data.baseline ?? {};
    expect(plan).not.toHaveProperty('cost');
    expect(plan).toMatchObject({ days: 6.5, count: 2 });
  });

  test('working days are not counted where no calendar says which days are worked, or the plan lasts a century', () => {
    expect(normalize({ ...PLAN, calendar: { zone: 'Europe/Berlin' } }).data.baseline?.plan).not.toHaveProperty(
      'workingDays',
    );
    expect(normalize({ ...PLAN, end: '2200-01-01' }).data.baseline?.plan).not.toHaveProperty('workingDays');
  });

  test('of many faults the first are named: the record would not fit otherwise', () => {
    const items = Array.from({ length: 5_000 }, (_, i) => ({ id: `REQ-${i}` }));
    const { incomplete } = normalize({ ...PLAN, items }).data.details ?? {};
    expect(String(incomplete).split(',')).toHaveLength(64);
  });
});

describe('whatever bytes come', () => {
  test.each(ODD_BODIES)('%s: a record, never a crash', (_what, body) => {
    expect(normalize(body).data.baseline).toMatchObject({ file: 'plan.json', size: body.length });
  });

  test('any JSON is a proposal, the same each time', () => {
    const member = fc.constantFrom('currency', 'budget', 'start', 'end', 'calendar', 'items', '__proto__');
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('2026-01-01', '1.5', 'EUR', [{ id: 'a' }], { week: [1] }));
    fc.assert(
      fc.property(fc.dictionary(member, value), (plan) => {
        const once = normalize({ ...PLAN, ...plan });
        expect(normalize({ ...PLAN, ...plan })).toEqual(once);
      }),
    );
  });
});
