import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { finishDraft } from '../../shared/normalize/finish-draft.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { verdictsNormalizer } from '../../shared/normalize/verdicts.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { ODD_BODIES } from '../collect/requests.ts';

const enqueued = '2026-03-01T12:00:05.000Z';
const received = '2026-03-01T12:00:00.000Z';
const HASH = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const claims = {
  oid: 'O-1',
  name: 'Alice Adams',
  idtyp: 'user',
  roles: ['Approvals.Write'],
  iss: 'https://login.example',
  amr: ['mfa'],
};

function normalize(event: string, body: unknown, changes: Partial<Envelope> = {}): RecordDraft {
  const subject = event === 'given' ? 'resp_1' : HASH;
  const envelope: Envelope = { source: 'verdicts', event, subject, received, claims, ...changes };
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const drafts = verdictsNormalizer.normalize({ envelope, body: bytes, enqueued });
  expect(drafts).toHaveLength(1);
  return finishDraft(drafts[0] as RecordDraft, { received: envelope.received, enqueued }, { characters: 1_000_000 });
}

describe('a verdict on an output of an AI', () => {
  test('says who, what and when, and is joined to the output by its id', () => {
    const body = {
      project: 'payments',
      verdict: 'edited',
      reason: 'The total was wrong',
      shown: HASH,
      openedAt: '2026-03-01T11:58:00Z',
      edit: OTHER,
      effect: 'before',
      links: [
        { kind: 'aiOutput', id: 'resp_1' },
        { kind: 'request', id: 'payments~1' },
      ],
    };
    expect(normalize('given', body)).toEqual({
      part: '',
      type: 'indelible.ai.output.edited',
      source: 'urn:indelible:project:payments',
      subject: 'resp_1',
      time: received,
      data: {
        actor: { kind: 'human', id: 'entra:o-1', name: 'Alice Adams' },
        action: 'ai.review',
        outcome: 'succeeded',
        summary: 'Alice Adams edited the AI output resp_1: The total was wrong',
        target: { kind: 'aiOutput', id: 'resp_1' },
        ai: {
          verdict: 'edited',
          review: {
            reason: 'The total was wrong',
            shown: HASH,
            openedAt: '2026-03-01T11:58:00.000Z',
            edit: OTHER,
            effect: 'before',
            roles: ['Approvals.Write'],
            assurance: { issuer: 'https://login.example', methods: ['mfa'] },
          },
        },
        clock: {
          opened: { at: '2026-03-01T11:58:00.000Z', by: 'source' },
          decided: { at: received, by: 'collector' },
          received: { at: received, by: 'collector' },
          enqueued: { at: enqueued, by: 'hub' },
        },
        links: [
          { kind: 'aiOutput', id: 'resp_1' },
          { kind: 'request', id: 'payments~1' },
        ],
      },
    });
  });

  test.each([
    ['nothing', {}, 'project,verdict,effect'],
    ['an edit without its hash', { project: 'p', verdict: 'edited', effect: 'after' }, 'edit'],
    ['a rejection without a reason', { project: 'p', verdict: 'rejected', effect: 'before' }, 'reason'],
    [
      'an override that does not say whether it came in time',
      { project: 'p', verdict: 'overridden', reason: 'r' },
      'effect',
    ],
  ])('that says %s is sealed, and names what it lacks', (_what, body, incomplete) => {
    expect(normalize('given', body).data.details).toEqual({ incomplete });
  });

  test('that says who else gave it is its sender’s all the same', () => {
    const { actor, ai } = normalize('given', {
      verdict: 'accepted',
      actor: { id: 'x' },
      roles: ['Owner'],
      time: '2020-01-01T00:00:00Z',
    }).data;
    expect(actor?.id).toBe('entra:o-1');
    expect(ai?.review?.roles).toEqual(['Approvals.Write']);
  });

  test('without a project, or with a verdict that is none, is of no project and judges nothing', () => {
    const draft = normalize('given', { verdict: 'perfect', project: 'No Project' });
    expect(draft).toMatchObject({ type: 'indelible.ai.output.judged', source: 'urn:indelible:ai' });
    expect(draft.data.ai).not.toHaveProperty('verdict');
    expect(draft.data.details?.['unreadable']).toBe('project,verdict');
  });
});

describe('a verification of a logic', () => {
  test('says which version, by whom, and with what result', () => {
    const body = {
      project: 'payments',
      name: 'pricing',
      version: '12',
      result: 'passed',
      shown: OTHER,
      links: [{ kind: 'workItem', id: 'W-7' }],
    };
    expect(normalize('verified', body)).toMatchObject({
      type: 'indelible.ai.logic.verified',
      subject: HASH,
      data: {
        action: 'logic.verify',
        summary: 'Alice Adams verified the logic pricing 12: passed',
        target: { kind: 'logic', id: `sha256:${HASH}`, name: 'pricing' },
        ai: { logic: { name: 'pricing', version: '12', sha256: HASH }, review: { result: 'passed', shown: OTHER } },
        links: [{ kind: 'workItem', id: 'W-7' }],
      },
    });
  });

  test('without a name is of what its hash names, and without a result says so', () => {
    const { ai, details } = normalize('verified', { project: 'payments' }).data;
    expect(ai?.logic).toEqual({ name: `sha256:${HASH}`, sha256: HASH });
    expect(details).toEqual({ incomplete: 'result' });
  });

  test('of something that no hash names is none', () => {
    expect(() => normalize('verified', {}, { subject: 'pricing-12' })).toThrow(Unrecognized);
  });
});

function actorOrReason(normalized: () => RecordDraft): string | undefined {
  try {
    return normalized().data.actor?.id;
  } catch (error) {
    if (error instanceof Unrecognized) return error.name;
    throw error;
  }
}

describe('whatever bytes come', () => {
  test.each(ODD_BODIES)('%s: a record or a reason, never a crash', (_what, body) => {
    for (const event of ['given', 'verified', 'forged']) {
      expect(actorOrReason(() => normalize(event, body))).toMatch(/^(?:entra:o-1|Unrecognized)$/);
    }
  });

  test('any JSON object gives a record that fits the schema, the same each time', () => {
    const member = fc.constantFrom(
      'project',
      'verdict',
      'reason',
      'shown',
      'openedAt',
      'edit',
      'effect',
      'result',
      'name',
      'version',
      'links',
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('edited', 'before', 'passed', HASH, [{ kind: 'commit', id: 'x' }]),
    );
    fc.assert(
      fc.property(fc.constantFrom('given', 'verified'), fc.dictionary(member, value), (event, body) => {
        expect(normalize(event, body)).toEqual(normalize(event, body));
      }),
    );
  });

  test('nobody is believed to have said what no token vouches for', () => {
    expect(() =>
      verdictsNormalizer.normalize({
        envelope: { source: 'verdicts', event: 'given', subject: 'x' },
        body: Buffer.from('{}'),
        enqueued,
      }),
    ).toThrow(Unrecognized);
  });
});
