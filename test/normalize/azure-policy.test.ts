import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { AZURE_POLICY_DESCRIPTION, AZURE_POLICY_SAMPLES } from '../../cli/sources/azure-policy.ts';
import { azurePolicyNormalizer } from '../../shared/normalize/azure-policy.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { mutated } from './mutated.ts';
import { outcomeOf } from './outcome-of.ts';
import { ENQUEUED, finished, fixture, fixtureNames, only } from './table-rows.ts';

const created = fixture('azure-policy', 'created');
const fixtures = fixtureNames('azure-policy').map((name) => fixture('azure-policy', name));

function recordOf(body: unknown): RecordDraft {
  return only(finished(azurePolicyNormalizer, 'any', body));
}

/** The event of the fixture with other data. */
function withData(data: Record<string, unknown>, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...created, ...more, data: { ...(created['data'] as Record<string, unknown>), ...data } };
}

/** The same event in the schema of CloudEvents. */
function asCloudEvent(event: Record<string, unknown>): Record<string, unknown> {
  const { topic, eventType, eventTime, dataVersion: _v, metadataVersion: _m, ...rest } = event;
  return { ...rest, source: topic, type: eventType, time: eventTime, specversion: '1.0' };
}

describe('a compliance state', () => {
  it('is the same record in both schemas of Event Grid: a topic that is switched over must not tell it twice', () => {
    const cloud = asCloudEvent(created);
    expect(recordOf(cloud)).toEqual(recordOf(created));
    const deliveryOf = (event: unknown) => azurePolicyNormalizer.deliveryOf?.(Buffer.from(JSON.stringify(event)));
    expect(deliveryOf(cloud)).toBe(created['id']);
    expect(deliveryOf(created)).toBe(created['id']);
  });

  it('is the same record alone and as the array of one that Event Grid posts', () => {
    expect(recordOf([created])).toEqual(recordOf(created));
  });

  it('is of the time of its evaluation: events that are late or out of order keep the order of the states', () => {
    const first = recordOf(withData({ timestamp: '2026-11-23T06:00:00Z' }, { eventTime: '2026-11-23T06:19:00Z' }));
    const second = recordOf(withData({ timestamp: '2026-11-23T06:10:00Z' }, { eventTime: '2026-11-23T06:12:00Z' }));
    expect([first.time, second.time]).toEqual(['2026-11-23T06:00:00.000Z', '2026-11-23T06:10:00.000Z']);
    expect(first.subject).toBe(second.subject);
    expect(first.data.clock?.ended?.at).toBe('2026-11-23T06:19:00.000Z');
    expect(first.data.clock?.effective?.at).toBe('2026-11-23T06:00:00.000Z');
  });

  it('is of the event’s own time where it does not say when it was evaluated', () => {
    expect(recordOf(withData({ timestamp: null })).time).toBe('2026-11-23T06:14:30.500Z');
  });

  it.each([
    ['assignments', { policyAssignmentId: '/subscriptions/x/providers/Microsoft.Authorization/policyAssignments/b' }],
    ['definitions', { policyDefinitionId: '/providers/Microsoft.Authorization/policyDefinitions/b' }],
    ['policies of one initiative', { policyDefinitionReferenceId: 'second' }],
  ])('of two %s are two states: the later must not look like a change of the other', (_what, data) => {
    expect(recordOf(withData(data)).subject).not.toBe(recordOf(created).subject);
  });

  it('is one state however its ids are spelled', () => {
    const upper = JSON.parse(
      JSON.stringify(created).replaceAll('/resourceGroups/payments', '/RESOURCEGROUPS/PAYMENTS'),
    ) as typeof created;
    expect(recordOf(upper).subject).toBe(recordOf(created).subject);
    expect(recordOf({ ...created, subject: String(created['subject']).toUpperCase() }).subject).toBe(
      recordOf(created).subject,
    );
  });

  it('is by the engine, whoever changed the resource: a service, never a person', () => {
    for (const each of fixtures) expect(recordOf(each).data.actor).toMatchObject({ kind: 'service' });
  });

  it.each(['Compliant', 'NonCompliant', 'Unknown', 'Exempt', 'Conflict'])(
    '%s was evaluated: what breaks a policy is no evaluation that failed',
    (state) => {
      const { data } = recordOf(withData({ complianceState: state }));
      expect(data.outcome).toBe('succeeded');
      expect(data.changes).toEqual([{ field: 'complianceState', to: state }]);
    },
  );

  it('that is gone is no change to the state that it had', () => {
    const { type, data } = recordOf(fixture('azure-policy', 'deleted'));
    expect(type).toBe('indelible.infrastructure.policy_state.deleted');
    expect(data.changes).toBeUndefined();
    expect(data.details?.['complianceState']).toBe('NonCompliant');
  });

  it('of a subscription lies in it, though a management group was subscribed to', () => {
    const { source, data } = recordOf(fixture('azure-policy', 'changed-management-group'));
    expect(source).toBe('/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21');
    expect(data.related?.at(-1)).toMatchObject({ part: 'managementGroup', name: 'Acme' });
  });

  it('of the subscription itself is about it', () => {
    const { source, data } = recordOf({ ...created, subject: '/subscriptions/3F7B6D1E-9A54-4C1B-8F0E-2D6C5B4A3F21' });
    expect(data.target?.id).toBe(source);
  });

  it('keeps a correlation id where there is one', () => {
    expect(recordOf(withData({ correlationId: 'A-1' })).data.links).toEqual([{ kind: 'correlation', id: 'a-1' }]);
  });
});

describe('what is no compliance state ends as unrecognized', () => {
  it.each([
    ['another event of Azure', { ...created, eventType: 'Microsoft.Resources.ResourceWriteSuccess' }, 'event'],
    ['an event without a type', { ...created, eventType: undefined }, 'event'],
    ['a state that nobody knows', { ...created, eventType: 'Microsoft.PolicyInsights.PolicyStateExtended' }, 'event'],
    ['an event without data', { ...created, data: undefined }, 'shape'],
    ['several events', [created, created], 'shape'],
    ['a text', 'text', 'json'],
    [
      'an event about no resource',
      { ...created, subject: undefined, topic: undefined, data: { complianceState: 'Compliant' } },
      'shape',
    ],
  ])('%s', (_what, body, code) => {
    const { type, data } = recordOf(body);
    expect(type).toBe(UNRECOGNIZED_TYPE);
    expect(data.unrecognized?.code).toBe(code);
  });

  it.each(ODD_BODIES)('a body that is %s does not break it', (_what, body) => {
    expect(
      outcomeOf(() =>
        azurePolicyNormalizer.normalize({ envelope: { source: 'azure-policy' }, body, enqueued: ENQUEUED }),
      ),
    ).toBe('reason');
    expect(() => azurePolicyNormalizer.deliveryOf?.(body)).not.toThrow();
  });
});

describe('broken events end as records or as unrecognized, never as a crash', () => {
  it('whatever members are replaced, removed or added', () => {
    fc.assert(
      fc.property(mutated(fixtures), (payload) => {
        const body = Buffer.from(JSON.stringify(payload) ?? 'null');
        const input = { envelope: { source: 'azure-policy' }, body, enqueued: ENQUEUED };
        const normalize = () => azurePolicyNormalizer.normalize(input);
        // Throws whatever is no refusal.
        if (outcomeOf(normalize) === 'reason') return;
        const drafts = normalize();
        expect(drafts).toHaveLength(1);
        const records = finished(azurePolicyNormalizer, 'any', body);
        // Sealed as what it is: a draft that does not fit the schema would end as unrecognized here.
        expect(records.map(({ type }) => type)).toEqual(drafts.map(({ type }) => type));
        expect(JSON.stringify(finished(azurePolicyNormalizer, 'any', body))).toBe(JSON.stringify(records));
        for (const { data } of records) expect(data.summary).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the description of the source', () => {
  it('names every detail that the samples have, and none that they lack', () => {
    const details = AZURE_POLICY_SAMPLES.flatMap(({ event, body }) =>
      finished(azurePolicyNormalizer, event, body),
    ).flatMap(({ data }) => Object.keys(data.details ?? {}));
    expect([...new Set(details)].sort()).toEqual([...AZURE_POLICY_DESCRIPTION.details.keys()].sort());
  });
});
