import { describe, expect, it } from 'vitest';

import { azurePolicyNormalizer } from '../../shared/normalize/azure-policy.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { ENQUEUED, finished, fixture, fixtureNames } from './table-rows.ts';

/** Whole records, read and approved by a person. */
const GOLDEN: readonly (readonly [name: string, drafts: readonly RecordDraft[]])[] = [
  [
    'changed-error',
    [
      {
        part: '',
        type: 'indelible.infrastructure.policy_state.changed',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata/providers/microsoft.policyinsights/policystates/d96bcd409333239678f565d9bbe01c67',
        data: {
          actor: { kind: 'service', id: 'azure:microsoft.policyinsights', name: 'Azure Policy' },
          action: 'Microsoft.PolicyInsights.PolicyStateChanged',
          outcome: 'failed',
          summary: 'Azure Policy now finds PaymentsData Error under require-https (PolicyEvaluationError)',
          target: {
            kind: 'microsoft.storage/storageaccounts',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata',
            name: 'PaymentsData',
          },
          related: [
            {
              kind: 'microsoft.authorization/policyassignments',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.authorization/policyassignments/require-https',
              name: 'require-https',
              part: 'policyAssignment',
            },
            {
              kind: 'microsoft.authorization/policydefinitions',
              id: '/providers/microsoft.authorization/policydefinitions/404c3081-a854-4457-ae30-26a93ef643f9',
              name: '404c3081-a854-4457-ae30-26a93ef643f9',
              part: 'policyDefinition',
            },
          ],
          changes: [{ field: 'complianceState', to: 'Error' }],
          details: {
            complianceState: 'Error',
            complianceReasonCode: 'PolicyEvaluationError',
            subscription: '3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
          },
          clock: {
            ended: { at: '2026-11-23T06:14:30.500Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'changed-management-group',
    [
      {
        part: '',
        type: 'indelible.infrastructure.policy_state.changed',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata/providers/microsoft.policyinsights/policystates/1b8d934b9dc3be14b40249a19cd02df8',
        data: {
          actor: { kind: 'service', id: 'azure:microsoft.policyinsights', name: 'Azure Policy' },
          action: 'Microsoft.PolicyInsights.PolicyStateChanged',
          outcome: 'succeeded',
          summary: 'Azure Policy now finds PaymentsData Compliant under security-benchmark',
          target: {
            kind: 'microsoft.storage/storageaccounts',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata',
            name: 'PaymentsData',
          },
          related: [
            {
              kind: 'microsoft.authorization/policyassignments',
              id: '/providers/microsoft.management/managementgroups/acme/providers/microsoft.authorization/policyassignments/security-benchmark',
              name: 'security-benchmark',
              part: 'policyAssignment',
            },
            {
              kind: 'microsoft.authorization/policydefinitions',
              id: '/providers/microsoft.authorization/policydefinitions/34c877ad-507e-4c82-993e-3452a6e0ad3c',
              name: '34c877ad-507e-4c82-993e-3452a6e0ad3c',
              part: 'policyDefinition',
            },
            {
              kind: 'microsoft.authorization/policysetdefinitions',
              id: '/providers/microsoft.management/managementgroups/acme/providers/microsoft.authorization/policysetdefinitions/security-benchmark',
              name: 'Security-Benchmark',
              part: 'policySetDefinition',
            },
            {
              kind: 'microsoft.management/managementgroups',
              id: '/providers/microsoft.management/managementgroups/acme',
              name: 'Acme',
              part: 'managementGroup',
            },
          ],
          changes: [{ field: 'complianceState', to: 'Compliant' }],
          details: {
            complianceState: 'Compliant',
            policyDefinitionReference: 'StorageNetworkAccess',
            subscription: '3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
          },
          clock: {
            ended: { at: '2026-11-23T06:14:30.500Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'created',
    [
      {
        part: '',
        type: 'indelible.infrastructure.policy_state.created',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata/providers/microsoft.policyinsights/policystates/d96bcd409333239678f565d9bbe01c67',
        data: {
          actor: { kind: 'service', id: 'azure:microsoft.policyinsights', name: 'Azure Policy' },
          action: 'Microsoft.PolicyInsights.PolicyStateCreated',
          outcome: 'succeeded',
          summary: 'Azure Policy found PaymentsData NonCompliant under require-https (Resource does not meet the rule)',
          target: {
            kind: 'microsoft.storage/storageaccounts',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata',
            name: 'PaymentsData',
          },
          related: [
            {
              kind: 'microsoft.authorization/policyassignments',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.authorization/policyassignments/require-https',
              name: 'require-https',
              part: 'policyAssignment',
            },
            {
              kind: 'microsoft.authorization/policydefinitions',
              id: '/providers/microsoft.authorization/policydefinitions/404c3081-a854-4457-ae30-26a93ef643f9',
              name: '404c3081-a854-4457-ae30-26a93ef643f9',
              part: 'policyDefinition',
            },
          ],
          changes: [{ field: 'complianceState', to: 'NonCompliant' }],
          details: {
            complianceState: 'NonCompliant',
            complianceReasonCode: 'Resource does not meet the rule',
            subscription: '3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
          },
          clock: {
            ended: { at: '2026-11-23T06:14:30.500Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'deleted',
    [
      {
        part: '',
        type: 'indelible.infrastructure.policy_state.deleted',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata/providers/microsoft.policyinsights/policystates/d96bcd409333239678f565d9bbe01c67',
        data: {
          actor: { kind: 'service', id: 'azure:microsoft.policyinsights', name: 'Azure Policy' },
          action: 'Microsoft.PolicyInsights.PolicyStateDeleted',
          outcome: 'succeeded',
          summary: 'Azure Policy dropped its state of PaymentsData under require-https',
          target: {
            kind: 'microsoft.storage/storageaccounts',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/paymentsdata',
            name: 'PaymentsData',
          },
          related: [
            {
              kind: 'microsoft.authorization/policyassignments',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.authorization/policyassignments/require-https',
              name: 'require-https',
              part: 'policyAssignment',
            },
            {
              kind: 'microsoft.authorization/policydefinitions',
              id: '/providers/microsoft.authorization/policydefinitions/404c3081-a854-4457-ae30-26a93ef643f9',
              name: '404c3081-a854-4457-ae30-26a93ef643f9',
              part: 'policyDefinition',
            },
          ],
          details: { complianceState: 'NonCompliant', subscription: '3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21' },
          clock: {
            ended: { at: '2026-11-23T06:14:30.500Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
];

describe('a compliance state of Azure Policy becomes, whole,', () => {
  it.each(GOLDEN)('%s', (name, drafts) => {
    const enqueued = { at: ENQUEUED, by: 'hub' } as const;
    expect(finished(azurePolicyNormalizer, 'any', fixture('azure-policy', name))).toEqual(
      drafts.map((draft) => ({ ...draft, data: { ...draft.data, clock: { ...draft.data.clock, enqueued } } })),
    );
  });

  it('and every fixture is among them', () => {
    expect(GOLDEN.map(([name]) => name)).toEqual(fixtureNames('azure-policy'));
  });
});
