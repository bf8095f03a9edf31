import type { SampleMessage, SourceDescription } from './source.ts';

/** What docs/sources.md says of the files of a project's blueprint baseline. */
export const BASELINE_DESCRIPTION: SourceDescription = {
  authenticated: 'bearer token of a person with the app role `Approvals.Write`',
  intro:
    'The four files of a blueprint baseline (`scope`, `risks`, `decisions`, `plan.json`), each as it was handed in. The bytes are the evidence, whatever they are; of `plan.json` the figures are read, and what is missing or has another form is named. `envelope.subject` is project and file. A proposal binds nobody until its hash is signed: see [api.md](api.md).',
  fills: new Map([
    ['source', '`urn:indelible:project:<project>`'],
    ['actor', "the token's object id"],
    ['target', 'the file of the baseline'],
    ['baseline', 'which file, hash and size of its bytes, and what a plan says'],
    ['links', 'the bytes, as an artifact'],
    ['time', 'when the API received it'],
  ]),
  details: new Map([
    ['incomplete', 'members that a plan needs and lacks, like `items.3.cost`; the name of a file that is empty'],
    ['unreadable', 'members that are there in a wrong form; an id that two items have'],
  ]),
};

const CLAIMS = { oid: '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11', name: 'Mona Lisa', roles: ['Approvals.Write'] };

export const BASELINE_SAMPLES: readonly SampleMessage[] = [
  {
    source: 'baseline',
    event: 'proposed',
    subject: 'payments/plan.json',
    claims: CLAIMS,
    body: {
      currency: 'EUR',
      budget: '250000.00',
      start: '2026-01-05',
      end: '2026-12-18',
      calendar: { zone: 'Europe/Berlin', week: [1, 2, 3, 4, 5], holidays: ['2026-05-01'] },
      items: [
        { id: 'REQ-1', title: 'Refunds', cost: '5400.00', days: 4.5, acceptance: 'A refund arrives within a day.' },
        { id: 'REQ-2', title: 'Reports', cost: 1200, days: 2 },
      ],
    },
  },
  { source: 'baseline', event: 'proposed', subject: 'payments/scope', claims: CLAIMS, body: 'Refunds and reports.' },
];
