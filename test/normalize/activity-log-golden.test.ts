import { describe, expect, it } from 'vitest';

import { activityLogNormalizer } from '../../shared/normalize/activity-log.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { ENQUEUED, finished, fixture, fixtureNames } from './table-rows.ts';

/** Whole records, read and approved by a person. */
const GOLDEN: readonly (readonly [name: string, drafts: readonly RecordDraft[]])[] = [
  [
    'alert',
    [
      {
        part: '',
        type: 'indelible.infrastructure.alert.raised',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
        data: {
          actor: {
            kind: 'service',
            id: 'azure-service:microsoft.insights/activitylogalerts',
            name: 'Microsoft.Insights/activityLogAlerts',
          },
          action: 'Microsoft.Insights/activityLogAlerts/Activated/action',
          outcome: 'succeeded',
          summary: 'Alert raised for Batch01: vm-deleted',
          target: {
            kind: 'microsoft.compute/virtualmachines',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            name: 'Batch01',
          },
          related: [
            {
              kind: 'microsoft.insights/activitylogalerts',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.insights/activitylogalerts/vm-deleted',
              name: 'vm-deleted',
              part: 'rule',
            },
          ],
          details: {
            category: 'Alert',
            level: 'Information',
            status: 'Activated',
            title: 'vm-deleted',
            rule: 'vm-deleted',
          },
          links: [
            { kind: 'correlation', id: 'ffff5555-aa66-7777-88bb-999999cccccc' },
            {
              kind: 'operation',
              id: 'ffff5555-aa66-7777-88bb-999999cccccc/microsoft.insights/activitylogalerts/activated/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'autoscale',
    [
      {
        part: '',
        type: 'indelible.infrastructure.autoscale.scaled_in',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.insights/autoscalesettings/plan-auto',
        data: {
          actor: {
            kind: 'service',
            id: 'azure-service:microsoft.insights/autoscalesettings',
            name: 'Microsoft.Insights/autoscaleSettings',
          },
          action: 'Microsoft.Insights/AutoscaleSettings/Scaledown/Action',
          outcome: 'succeeded',
          summary: 'Autoscale scaled in for Plan-Auto',
          target: {
            kind: 'microsoft.insights/autoscalesettings',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.insights/autoscalesettings/plan-auto',
            name: 'Plan-Auto',
          },
          related: [
            {
              kind: 'microsoft.web/serverfarms',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.web/serverfarms/plan',
              name: 'Plan',
              part: 'scaled',
            },
          ],
          changes: [{ field: 'instances', from: '3', to: '2' }],
          details: {
            category: 'Autoscale',
            level: 'Information',
            status: 'Succeeded',
            description: 'From 3 to 2 instances.',
            profile: 'Night',
          },
          links: [
            { kind: 'correlation', id: 'eeee4444-ff55-6666-77aa-888888bbbbbb' },
            {
              kind: 'operation',
              id: 'eeee4444-ff55-6666-77aa-888888bbbbbb/microsoft.insights/autoscalesettings/scaledown/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.insights/autoscalesettings/plan-auto',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'delete-accept',
    [
      {
        part: '',
        type: 'indelible.infrastructure.resource.deleted',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE',
          outcome: 'pending',
          summary: 'Jane Doe: Microsoft.Compute/virtualMachines/delete on Batch01 pending',
          target: {
            kind: 'microsoft.compute/virtualmachines',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            name: 'Batch01',
          },
          details: {
            status: 'Accept',
            subStatus: 'Accepted (HTTP Status Code: 202)',
            resourceProvider: 'MICROSOFT.COMPUTE',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            callerRole: 'Owner',
            callerRoleScope: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            callerRoleAssignment: '0f3c',
            authenticationMethods: 'pwd,mfa',
            method: 'PUT',
            clientRequest: 'a5b3',
            tokenAddress: '203.0.113.9',
            category: 'Administrative',
            level: 'Information',
          },
          origin: { address: '203.0.113.7', application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', session: 'tok-1' },
          links: [
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
            {
              kind: 'operation',
              id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566/microsoft.compute/virtualmachines/delete/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            },
          ],
        },
      },
    ],
  ],
  [
    'delete-denied',
    [
      {
        part: '',
        type: 'indelible.infrastructure.resource.deleted',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE',
          outcome: 'denied',
          summary: 'Jane Doe: Microsoft.Compute/virtualMachines/delete on Batch01 denied',
          target: {
            kind: 'microsoft.compute/virtualmachines',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            name: 'Batch01',
          },
          details: {
            status: 'Failure',
            subStatus: 'Forbidden (HTTP Status Code: 403)',
            statusMessage: '{"error": {"code": "AuthorizationFailed", "message": "Not allowed."}}',
            resourceProvider: 'MICROSOFT.COMPUTE',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            callerRole: 'Owner',
            callerRoleScope: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            callerRoleAssignment: '0f3c',
            authenticationMethods: 'pwd,mfa',
            method: 'PUT',
            clientRequest: 'a5b3',
            tokenAddress: '203.0.113.9',
            category: 'Administrative',
            level: 'Information',
          },
          origin: { address: '203.0.113.7', application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', session: 'tok-1' },
          links: [
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
            {
              kind: 'operation',
              id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566/microsoft.compute/virtualmachines/delete/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            },
          ],
          clock: { ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' } },
        },
      },
    ],
  ],
  [
    'export-list-keys',
    [
      {
        part: '',
        type: 'indelible.access.credential.acted',
        time: '2026-11-23T06:00:00.500Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/ledger',
        data: {
          actor: { kind: 'service', id: 'entra:bdefcbb6-d8b2-497d-a944-b683d9a36b0c', name: 'deployer' },
          action: 'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION',
          outcome: 'succeeded',
          summary: 'deployer: Microsoft.Storage/storageAccounts/listKeys/action on LEDGER succeeded',
          target: {
            kind: 'microsoft.storage/storageaccounts',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/ledger',
            name: 'LEDGER',
          },
          details: {
            status: 'Success',
            subStatus: 'Succeeded.OK',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            callerRole: 'Contributor',
            callerRoleScope: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            callerRoleAssignment: '1f3c',
            category: 'Action',
            level: 'Information',
            location: 'westeurope',
          },
          origin: { address: '198.51.100.4', application: 'a70a7931-c387-4dce-9f35-fbf95bdcc91e', session: 'tok-2' },
          links: [
            { kind: 'correlation', id: '12121212-3434-5656-7878-909090909090' },
            {
              kind: 'operation',
              id: '12121212-3434-5656-7878-909090909090/microsoft.storage/storageaccounts/listkeys/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/ledger',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.500Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.500Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'policy-deny',
    [
      {
        part: '',
        type: 'indelible.infrastructure.policy.evaluated',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.network/networksecuritygroups/edge',
        data: {
          actor: { kind: 'service', id: 'entra:bdefcbb6-d8b2-497d-a944-b683d9a36b0c', name: 'deployer' },
          action: 'MICROSOFT.AUTHORIZATION/POLICIES/DENY/ACTION',
          outcome: 'denied',
          summary: 'Azure Policy evaluated Edge with effect deny, on a request of deployer: denied',
          target: {
            kind: 'microsoft.network/networksecuritygroups',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.network/networksecuritygroups/edge',
            name: 'Edge',
          },
          related: [
            {
              kind: 'microsoft.authorization/policyassignments',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.authorization/policyassignments/no-open-ports',
              name: 'no-open-ports',
              part: 'policyAssignment',
            },
            {
              kind: 'microsoft.authorization/policydefinitions',
              id: '/providers/microsoft.authorization/policydefinitions/5775cdd5',
              name: '5775CDD5',
              part: 'policyDefinition',
            },
          ],
          details: {
            category: 'Policy',
            level: 'Error',
            location: 'westeurope',
            status: 'Failure',
            effect: 'deny',
            policies: 'no-open-ports',
            complianceCheck: false,
          },
          origin: { address: '203.0.113.7', application: 'a70a7931-c387-4dce-9f35-fbf95bdcc91e', session: 'tok-2' },
          links: [
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
            {
              kind: 'operation',
              id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566/microsoft.authorization/policies/deny/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.network/networksecuritygroups/edge',
            },
          ],
          clock: { ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' } },
        },
      },
    ],
  ],
  [
    'privileged-request',
    [
      {
        part: '',
        type: 'indelible.access.role_schedule.written',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.authorization/roleassignmentschedulerequests/9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTSCHEDULEREQUESTS/WRITE',
          outcome: 'succeeded',
          summary:
            'Jane Doe: Microsoft.Authorization/roleAssignmentScheduleRequests/write on 9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24 succeeded; requested: /providers/microsoft.authorization/roledefinitions/8e3af657 on /subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21 to entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
          target: {
            kind: 'microsoft.authorization/roleassignmentschedulerequests',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.authorization/roleassignmentschedulerequests/9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24',
            name: '9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24',
          },
          details: {
            status: 'Success',
            resourceProvider: 'MICROSOFT.AUTHORIZATION',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            callerRole: 'Owner',
            callerRoleScope: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            callerRoleAssignment: '0f3c',
            authenticationMethods: 'pwd,mfa',
            method: 'PUT',
            clientRequest: 'a5b3',
            principalType: 'User',
            requestType: 'SelfActivate',
            justification: 'Incident 7',
            duration: 'PT8H',
            ticketNumber: 'CHG-7',
            ticketSystem: 'ServiceNow',
            tokenAddress: '203.0.113.9',
            category: 'Administrative',
            level: 'Information',
          },
          origin: { address: '203.0.113.7', application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', session: 'tok-1' },
          grant: {
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.authorization/roleassignmentschedulerequests/9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24',
            change: 'requested',
            principal: { kind: 'human', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d' },
            role: { id: '/providers/microsoft.authorization/roledefinitions/8e3af657' },
            scope: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            from: '2026-11-23T22:00:00.000Z',
            until: '2026-11-24T06:00:00.000Z',
          },
          links: [
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
            {
              kind: 'operation',
              id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566/microsoft.authorization/roleassignmentschedulerequests/write/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.authorization/roleassignmentschedulerequests/9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'recommendation',
    [
      {
        part: '',
        type: 'indelible.infrastructure.recommendation.made',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
        data: {
          action: 'Microsoft.Advisor/generateRecommendations/action',
          outcome: 'succeeded',
          summary: 'Recommendation made for Batch01: Enable disk encryption',
          target: {
            kind: 'microsoft.compute/virtualmachines',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            name: 'Batch01',
          },
          details: {
            category: 'Recommendation',
            level: 'Information',
            status: 'Active',
            title: 'Enable disk encryption',
            recommendationCategory: 'Security',
            impact: 'High',
          },
          inconsequential: true,
          links: [
            { kind: 'correlation', id: 'ffff6666-aa66-7777-88bb-999999cccccc' },
            {
              kind: 'operation',
              id: 'ffff6666-aa66-7777-88bb-999999cccccc/microsoft.advisor/generaterecommendations/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'resource-health',
    [
      {
        part: '',
        type: 'indelible.infrastructure.resource_health.changed',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
        data: {
          action: 'Microsoft.Resourcehealth/healthevent/Activated/action',
          outcome: 'succeeded',
          summary: 'Resource health changed for Batch01: Unplanned restart',
          target: {
            kind: 'microsoft.compute/virtualmachines',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            name: 'Batch01',
          },
          changes: [{ field: 'health', from: 'Available', to: 'Unavailable' }],
          details: {
            category: 'ResourceHealth',
            level: 'Information',
            status: 'Active',
            title: 'Unplanned restart',
            eventType: 'Downtime',
            cause: 'PlatformInitiated',
          },
          links: [
            { kind: 'correlation', id: 'cccc2222-dd33-4444-55ee-666666ffffff' },
            {
              kind: 'operation',
              id: 'cccc2222-dd33-4444-55ee-666666ffffff/microsoft.resourcehealth/healthevent/activated/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.compute/virtualmachines/batch01',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'rest-deployment',
    [
      {
        part: '',
        type: 'indelible.deployment.template.written',
        time: '2026-11-23T06:10:00.250Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.resources/deployments/release-41',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Microsoft.Resources/deployments/write',
          outcome: 'succeeded',
          summary: 'Jane Doe: Microsoft.Resources/deployments/write on Release-41 succeeded',
          target: {
            kind: 'microsoft.resources/deployments',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.resources/deployments/release-41',
            name: 'Release-41',
          },
          details: {
            status: 'Succeeded',
            resourceProvider: 'Microsoft.Resources',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            authenticationMethods: 'pwd,mfa',
            category: 'Administrative',
            level: 'Informational',
            operationId: '34343434-0000-4000-8000-000000000034',
          },
          origin: { address: '203.0.113.9', application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', session: 'tok-1' },
          links: [
            {
              kind: 'deployment',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.resources/deployments/release-41',
            },
            { kind: 'correlation', id: '34343434-0000-4000-8000-000000000034' },
            {
              kind: 'operation',
              id: '34343434-0000-4000-8000-000000000034/microsoft.resources/deployments/write/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.resources/deployments/release-41',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:10:00.250Z', by: 'source' },
            effective: { at: '2026-11-23T06:10:00.250Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'role-assignment-start',
    [
      {
        part: '',
        type: 'indelible.access.role_assignment.written',
        time: '2026-11-23T05:59:58.000Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE',
          outcome: 'pending',
          summary:
            'Jane Doe: Microsoft.Authorization/roleAssignments/write on 0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d pending; requested (pending): /providers/microsoft.authorization/roledefinitions/00482a5a-887f-4fb3-b363-3b7fe8e74483 on /subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger to entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
          target: {
            kind: 'microsoft.authorization/roleassignments',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
            name: '0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
          },
          details: {
            status: 'Start',
            resourceProvider: 'MICROSOFT.AUTHORIZATION',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            callerRole: 'Owner',
            callerRoleScope: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            callerRoleAssignment: '0f3c',
            authenticationMethods: 'pwd,mfa',
            method: 'PUT',
            clientRequest: 'a5b3',
            principalType: 'User',
            tokenAddress: '203.0.113.9',
            category: 'Administrative',
            level: 'Information',
          },
          origin: { address: '203.0.113.7', application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', session: 'tok-1' },
          grant: {
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
            change: 'requested',
            principal: { kind: 'human', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d' },
            role: { id: '/providers/microsoft.authorization/roledefinitions/00482a5a-887f-4fb3-b363-3b7fe8e74483' },
            scope:
              '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger',
          },
          links: [
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
            {
              kind: 'operation',
              id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566/microsoft.authorization/roleassignments/write/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
            },
          ],
          clock: { started: { at: '2026-11-23T05:59:58.000Z', by: 'source' } },
        },
      },
    ],
  ],
  [
    'role-assignment-success',
    [
      {
        part: '',
        type: 'indelible.access.role_assignment.written',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE',
          outcome: 'succeeded',
          summary:
            'Jane Doe: Microsoft.Authorization/roleAssignments/write on 0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d succeeded; granted: /providers/microsoft.authorization/roledefinitions/00482a5a-887f-4fb3-b363-3b7fe8e74483 on /subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger to entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
          target: {
            kind: 'microsoft.authorization/roleassignments',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
            name: '0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
          },
          details: {
            status: 'Success',
            subStatus: 'Created (HTTP Status Code: 201)',
            resourceProvider: 'MICROSOFT.AUTHORIZATION',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            callerRole: 'Owner',
            callerRoleScope: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            callerRoleAssignment: '0f3c',
            authenticationMethods: 'pwd,mfa',
            method: 'PUT',
            clientRequest: 'a5b3',
            principalType: 'User',
            tokenAddress: '203.0.113.9',
            category: 'Administrative',
            level: 'Information',
          },
          origin: { address: '203.0.113.7', application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', session: 'tok-1' },
          grant: {
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
            change: 'granted',
            principal: { kind: 'human', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d' },
            role: { id: '/providers/microsoft.authorization/roledefinitions/00482a5a-887f-4fb3-b363-3b7fe8e74483' },
            scope:
              '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger',
          },
          links: [
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
            {
              kind: 'operation',
              id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566/microsoft.authorization/roleassignments/write/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.keyvault/vaults/ledger/providers/microsoft.authorization/roleassignments/0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'security-alert',
    [
      {
        part: '',
        type: 'indelible.infrastructure.security_alert.raised',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject:
          '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.security/locations/westeurope/alerts/2518939942613820660_a48f',
        data: {
          action: 'Microsoft.Security/locations/alerts/activate/action',
          outcome: 'succeeded',
          summary: 'Security alert raised for 2518939942613820660_a48f: Suspicious file executed',
          target: {
            kind: 'microsoft.security/locations/alerts',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.security/locations/westeurope/alerts/2518939942613820660_a48f',
            name: '2518939942613820660_a48f',
          },
          details: {
            category: 'Security',
            level: 'Information',
            status: 'Active',
            title: 'Suspicious file executed',
            description: 'A process with a double extension ran.',
            severity: 'High',
            intent: 'Execution',
            compromisedEntity: 'BATCH01',
          },
          links: [
            { kind: 'correlation', id: 'dddd3333-ee44-5555-66ff-777777aaaaaa' },
            {
              kind: 'operation',
              id: 'dddd3333-ee44-5555-66ff-777777aaaaaa/microsoft.security/locations/alerts/activate/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/providers/microsoft.security/locations/westeurope/alerts/2518939942613820660_a48f',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'service-health',
    [
      {
        part: '',
        type: 'indelible.infrastructure.service_health.reported',
        time: '2026-11-23T06:00:00.123Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        data: {
          action: 'Microsoft.ServiceHealth/incident/action',
          outcome: 'succeeded',
          summary: 'Service health reported for 3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21: SQL Database - West Europe',
          target: {
            kind: 'microsoft.resources/subscriptions',
            id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            name: '3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
          },
          details: {
            category: 'ServiceHealth',
            level: 'Information',
            status: 'Active',
            title: 'SQL Database - West Europe',
            service: 'SQL Database',
            region: 'West Europe',
            incidentType: 'Incident',
            trackingId: 'ABCD-123',
            stage: 'Active',
            impactStart: '2026-11-23T05:30:00.000Z',
          },
          links: [
            { kind: 'correlation', id: 'bbbb1111-cc22-3333-44dd-555555eeeeee' },
            {
              kind: 'operation',
              id: 'bbbb1111-cc22-3333-44dd-555555eeeeee/microsoft.servicehealth/incident/action/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
            },
          ],
          clock: {
            ended: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T06:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'storage-delete',
    [
      {
        part: '',
        type: 'indelible.infrastructure.stored_data.deleted',
        time: '2026-11-23T06:20:00.000Z',
        source: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
        subject: 'https://ledger.blob.core.windows.net/books/2026.csv',
        data: {
          action: 'DeleteBlob',
          outcome: 'succeeded',
          summary: 'Somebody unnamed: DeleteBlob on https://ledger.blob.core.windows.net/books/2026.csv succeeded',
          target: { kind: 'microsoft.storage/blob', id: 'https://ledger.blob.core.windows.net/books/2026.csv' },
          related: [
            {
              kind: 'microsoft.storage/storageaccounts/blobservices',
              id: '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21/resourcegroups/payments/providers/microsoft.storage/storageaccounts/ledger/blobservices/default',
              part: 'account',
            },
          ],
          details: { category: 'StorageDelete', status: '202', authenticationType: 'SAS', account: 'ledger' },
          origin: { address: '198.51.100.4:51234', client: 'curl/8.5.0' },
          links: [{ kind: 'correlation', id: '56565656-0000-4000-8000-000000000056' }],
          clock: {
            ended: { at: '2026-11-23T06:20:00.000Z', by: 'source' },
            effective: { at: '2026-11-23T06:20:00.000Z', by: 'source' },
          },
        },
      },
    ],
  ],
];

describe('no member of these records changes unseen', () => {
  it.each(GOLDEN)('%s', (name, drafts) => {
    const enqueued = { at: ENQUEUED, by: 'hub' } as const;
    expect(finished(activityLogNormalizer, 'AzureActivity', fixture('activity-log', name))).toEqual(
      drafts.map((draft) => ({ ...draft, data: { ...draft.data, clock: { ...draft.data.clock, enqueued } } })),
    );
  });

  it('and every fixture is among them', () => {
    expect(GOLDEN.map(([name]) => name)).toEqual(fixtureNames('activity-log'));
  });
});
