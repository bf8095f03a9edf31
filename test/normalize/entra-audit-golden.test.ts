import { describe, expect, it } from 'vitest';

import { entraAuditNormalizer } from '../../shared/normalize/entra-audit.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { ENQUEUED, finished, fixture, fixtureNames } from './table-rows.ts';

/** Whole records, read and approved by a person. */
const GOLDEN: readonly (readonly [name: string, drafts: readonly RecordDraft[]])[] = [
  [
    'access-package-approved',
    [
      {
        part: '',
        type: 'indelible.access.access_package_request.approved',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Approve access package assignment request',
          outcome: 'succeeded',
          summary:
            'Jane Doe approved access package request: access package Payments read for Mona Lisa: Needed for the audit',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          related: [
            { kind: 'accessPackageAssignmentRequest', id: 'entra:d1a2', part: 'accessPackageAssignmentRequest' },
            { kind: 'accessPackage', id: 'entra:e2b3', name: 'Payments read', part: 'accessPackage' },
          ],
          details: {
            category: 'EntitlementManagement',
            service: 'Entitlement Management',
            operationType: 'Update',
            result: 'success',
            resultReason: 'Needed for the audit',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          origin: { address: '203.0.113.7' },
          decision: {
            kind: 'access',
            request: 'entra-request:d1a2',
            step: 'voted',
            verdict: 'approve',
            reason: 'Needed for the audit',
            title: 'Payments read for Mona Lisa',
          },
          grant: {
            change: 'requested',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'Mona Lisa',
              address: 'mona@acme.example',
            },
            role: { name: 'Payments read' },
            scope: 'entra:e2b3',
          },
          links: [
            { kind: 'request', id: 'entra-request:d1a2' },
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
          ],
          clock: {
            decided: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'app-role-assigned',
    [
      {
        part: '',
        type: 'indelible.access.app_role_assignment.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634',
        data: {
          actor: { kind: 'service', id: 'entra:8f35f4e9-5c91-42db-a1f7-d77ada4cc0a2', name: 'Terraform' },
          action: 'Add app role assignment to service principal',
          outcome: 'succeeded',
          summary: 'Terraform gave ledger-poller the role Directory.Read.All on Microsoft Graph',
          target: {
            kind: 'servicePrincipal',
            id: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634',
            name: 'Microsoft Graph',
          },
          related: [
            {
              kind: 'servicePrincipal',
              id: 'entra:13371536-9950-4988-90f4-343566456781',
              name: 'ledger-poller',
              part: 'principal',
            },
          ],
          details: {
            category: 'ApplicationManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          grant: {
            change: 'granted',
            principal: { kind: 'service', id: 'entra:13371536-9950-4988-90f4-343566456781', name: 'ledger-poller' },
            role: { id: '242607bd-1d2c-432c-82eb-bdb27baa23ab', name: 'Directory.Read.All' },
            scope: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'application-owner-added',
    [
      {
        part: '',
        type: 'indelible.access.application_owner.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Add owner to application',
          outcome: 'succeeded',
          summary: 'Jane Doe added mona@acme.example as owner of Ledger Sync',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'mona@acme.example' },
          related: [
            {
              kind: 'application',
              id: 'entra:7f3a1e8c-4d29-4b65-b0c7-9e2d5a8f1b36',
              name: 'Ledger Sync',
              part: 'application',
            },
          ],
          details: {
            category: 'ApplicationManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'success',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'granted',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'mona@acme.example',
              address: 'mona@acme.example',
            },
            role: { name: 'owner' },
            scope: 'entra:7f3a1e8c-4d29-4b65-b0c7-9e2d5a8f1b36',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'conditional-access-updated',
    [
      {
        part: '',
        type: 'indelible.access.conditional_access_policy.updated',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:5ca3cbf8-d6c8-432c-8f85-879ed5144e0f',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Update conditional access policy',
          outcome: 'succeeded',
          summary: 'Jane Doe updated conditional access policy Require MFA',
          target: { kind: 'policy', id: 'entra:5ca3cbf8-d6c8-432c-8f85-879ed5144e0f', name: 'Require MFA' },
          changes: [
            { field: 'ConditionalAccessPolicy.state', from: 'enabled', to: 'enabledForReportingButNotEnforced' },
            {
              field: 'ConditionalAccessPolicy.conditions.users.excludeUsers',
              from: '[]',
              to: '["77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d"]',
            },
          ],
          details: {
            category: 'Policy',
            service: 'Conditional Access',
            operationType: 'Update',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          origin: { address: '203.0.113.7' },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'consent-by-admin',
    [
      {
        part: 'grant/g1',
        type: 'indelible.access.consent.given',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:13371536-9950-4988-90f4-343566456781',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Consent to application',
          outcome: 'succeeded',
          summary:
            'Jane Doe gave MailSafe Archiver the permission User.Read Mail.Read on entra:62cb17e7-d25e-4356-ad51-a861585f8634',
          target: {
            kind: 'servicePrincipal',
            id: 'entra:13371536-9950-4988-90f4-343566456781',
            name: 'MailSafe Archiver',
          },
          related: [{ kind: 'scope', id: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634', part: 'scope' }],
          details: {
            category: 'ApplicationManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            adminConsent: true,
            consentForAll: true,
            consentType: 'AllPrincipals',
            applicationId: 'b8e5d2a9-3c71-4f04-9a6e-0d4f7c2b1e93',
          },
          origin: { address: '203.0.113.7', client: 'Mozilla/5.0' },
          grant: {
            id: 'g1',
            change: 'granted',
            principal: { kind: 'service', id: 'entra:13371536-9950-4988-90f4-343566456781', name: 'MailSafe Archiver' },
            role: { name: 'User.Read Mail.Read' },
            scope: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
      {
        part: 'grant/g2',
        type: 'indelible.access.consent.given',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:13371536-9950-4988-90f4-343566456781',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Consent to application',
          outcome: 'succeeded',
          summary:
            'Jane Doe gave MailSafe Archiver the permission user_impersonation on entra:2d4c8b1e-9f73-4a06-b5e2-c1a7d9f3e840',
          target: {
            kind: 'servicePrincipal',
            id: 'entra:13371536-9950-4988-90f4-343566456781',
            name: 'MailSafe Archiver',
          },
          related: [{ kind: 'scope', id: 'entra:2d4c8b1e-9f73-4a06-b5e2-c1a7d9f3e840', part: 'scope' }],
          details: {
            category: 'ApplicationManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            adminConsent: true,
            consentForAll: true,
            consentType: 'AllPrincipals',
            applicationId: 'b8e5d2a9-3c71-4f04-9a6e-0d4f7c2b1e93',
          },
          origin: { address: '203.0.113.7', client: 'Mozilla/5.0' },
          grant: {
            id: 'g2',
            change: 'granted',
            principal: { kind: 'service', id: 'entra:13371536-9950-4988-90f4-343566456781', name: 'MailSafe Archiver' },
            role: { name: 'user_impersonation' },
            scope: 'entra:2d4c8b1e-9f73-4a06-b5e2-c1a7d9f3e840',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'elevated-access',
    [
      {
        part: '',
        type: 'indelible.access.elevation.granted',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'User has elevated their access to User Access Administrator for their Azure Resources',
          outcome: 'succeeded',
          summary: 'Jane Doe gave themselves the role User Access Administrator on /',
          target: { kind: 'tenant', id: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10' },
          related: [
            { kind: 'user', id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11', name: 'Jane Doe', part: 'principal' },
          ],
          details: {
            category: 'AzureRBACRoleManagementElevateAccess',
            service: 'Azure RBAC (Elevated Access)',
            operationType: 'Assign',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'granted',
            principal: {
              kind: 'human',
              id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
              name: 'Jane Doe',
              address: 'jane@acme.example',
            },
            role: { name: 'User Access Administrator' },
            scope: '/',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'group-created-by-agent',
    [
      {
        part: '',
        type: 'indelible.access.group.created',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants',
        subject: 'entra:5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15',
        data: {
          actor: {
            kind: 'ai',
            id: 'entra:9e4b0d7c-2a3f-4815-b6c9-e1f8a5d2c037',
            name: 'Onboarding Agent',
            onBehalfOf: {
              kind: 'human',
              id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
              name: 'Jane Doe',
              address: 'jane@acme.example',
            },
          },
          action: 'Add group',
          outcome: 'succeeded',
          summary: 'Onboarding Agent created group Payments Operators',
          target: { kind: 'group', id: 'entra:5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15', name: 'Payments Operators' },
          changes: [
            { field: 'DisplayName', to: 'Payments Operators' },
            { field: 'SecurityEnabled', to: 'true' },
          ],
          details: { category: 'GroupManagement', service: 'Core Directory', operationType: 'Add', result: 'success' },
          origin: { address: '203.0.113.7', application: '3c71' },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'group-nested-member-added',
    [
      {
        part: '',
        type: 'indelible.access.group_member.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:0d7f4b2c-e8a1-4c63-9f05-a6b3d8e1c270',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Add member to group',
          outcome: 'succeeded',
          summary: 'Jane Doe added Night Shift as member of Payments Operators',
          target: { kind: 'group', id: 'entra:0d7f4b2c-e8a1-4c63-9f05-a6b3d8e1c270', name: 'Night Shift' },
          related: [
            {
              kind: 'group',
              id: 'entra:5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15',
              name: 'Payments Operators',
              part: 'group',
            },
          ],
          details: {
            category: 'GroupManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'granted',
            principal: { kind: 'unknown', id: 'entra:0d7f4b2c-e8a1-4c63-9f05-a6b3d8e1c270', name: 'Night Shift' },
            role: { name: 'member' },
            scope: 'entra:5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'permissions-widened',
    [
      {
        part: '',
        type: 'indelible.access.permission_grant.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants',
        subject: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'jane@acme.example',
            address: 'jane@acme.example',
          },
          action: 'Add delegated permission grant',
          outcome: 'succeeded',
          summary:
            'jane@acme.example changed the permission User.Read Mail.ReadWrite on Microsoft Graph of entra:13371536-9950-4988-90f4-343566456781',
          target: {
            kind: 'servicePrincipal',
            id: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634',
            name: 'Microsoft Graph',
          },
          related: [
            { kind: 'servicePrincipal', id: 'entra:13371536-9950-4988-90f4-343566456781', part: 'servicePrincipal' },
          ],
          details: {
            category: 'ApplicationManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'success',
            consentType: 'AllPrincipals',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'changed',
            principal: { kind: 'service', id: 'entra:13371536-9950-4988-90f4-343566456781' },
            role: { name: 'User.Read Mail.ReadWrite', from: 'User.Read' },
            scope: 'entra:62cb17e7-d25e-4356-ad51-a861585f8634',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'pim-activated',
    [
      {
        part: '',
        type: 'indelible.access.role_activation.completed',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
            name: 'Mona Lisa',
            address: 'mona@acme.example',
          },
          action: 'Add member to role completed (PIM activation)',
          outcome: 'succeeded',
          summary: 'Mona Lisa activated the role User Administrator for themselves: Incident 7',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          related: [
            {
              kind: 'role',
              id: 'entra:fe930be7-5e62-47db-91af-98c3a49a38b1',
              name: 'User Administrator',
              part: 'role',
            },
            { kind: 'request', id: 'entra:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd', part: 'request' },
            { kind: 'directory', id: 'entra:9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10', name: 'Acme', part: 'directory' },
          ],
          details: {
            category: 'RoleManagement',
            service: 'PIM',
            operationType: 'Update',
            result: 'success',
            resultReason: 'Incident 7',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            justification: 'Incident 7',
            ticketNumber: 'CHG-7',
            ticketSystem: 'ServiceNow',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'granted',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'Mona Lisa',
              address: 'mona@acme.example',
            },
            role: { id: 'fe930be7-5e62-47db-91af-98c3a49a38b1', name: 'User Administrator' },
            scope: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            from: '2026-11-23T07:00:00.000Z',
            until: '2026-11-23T15:00:00.000Z',
          },
          links: [
            { kind: 'request', id: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd' },
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
          ],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'pim-approval-requested',
    [
      {
        part: '',
        type: 'indelible.access.role_activation.approval_requested',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
            name: 'Mona Lisa',
            address: 'mona@acme.example',
          },
          action: 'Add member to role approval requested (PIM activation)',
          outcome: 'pending',
          summary:
            'Mona Lisa asked for approval of role activation: role User Administrator for themselves: Incident 7',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          related: [
            {
              kind: 'role',
              id: 'entra:fe930be7-5e62-47db-91af-98c3a49a38b1',
              name: 'User Administrator',
              part: 'role',
            },
            { kind: 'request', id: 'entra:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd', part: 'request' },
            { kind: 'directory', id: 'entra:9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10', name: 'Acme', part: 'directory' },
          ],
          details: {
            category: 'RoleManagement',
            service: 'PIM',
            operationType: 'Update',
            result: 'success',
            resultReason: 'Incident 7',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            justification: 'Incident 7',
            ticketNumber: 'CHG-7',
            ticketSystem: 'ServiceNow',
          },
          origin: { address: '203.0.113.7' },
          decision: {
            kind: 'access',
            request: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd',
            step: 'requested',
            reason: 'Incident 7',
            title: 'User Administrator for Mona Lisa',
          },
          grant: {
            change: 'requested',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'Mona Lisa',
              address: 'mona@acme.example',
            },
            role: { id: 'fe930be7-5e62-47db-91af-98c3a49a38b1', name: 'User Administrator' },
            scope: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            from: '2026-11-23T07:00:00.000Z',
            until: '2026-11-23T15:00:00.000Z',
          },
          links: [
            { kind: 'request', id: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd' },
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
          ],
          clock: { requested: { at: '2026-11-23T07:00:00.123Z', by: 'source' } },
        },
      },
    ],
  ],
  [
    'pim-approved',
    [
      {
        part: '',
        type: 'indelible.access.role_activation.approved',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Add member to role request approved (PIM activation)',
          outcome: 'succeeded',
          summary: 'Jane Doe approved role activation: role User Administrator for Mona Lisa: Seen the ticket',
          target: { kind: 'other', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          related: [
            {
              kind: 'role',
              id: 'entra:fe930be7-5e62-47db-91af-98c3a49a38b1',
              name: 'User Administrator',
              part: 'role',
            },
            { kind: 'request', id: 'entra:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd', part: 'request' },
            { kind: 'user', id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11', name: 'Jane Doe', part: 'user' },
            { kind: 'directory', id: 'entra:9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10', name: 'Acme', part: 'directory' },
          ],
          details: {
            category: 'RoleManagement',
            service: 'PIM',
            operationType: 'Update',
            result: 'success',
            resultReason: 'Seen the ticket',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            justification: 'Incident 7',
            ticketNumber: 'CHG-7',
            ticketSystem: 'ServiceNow',
          },
          origin: { address: '203.0.113.7' },
          decision: {
            kind: 'access',
            request: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd',
            step: 'voted',
            verdict: 'approve',
            reason: 'Seen the ticket',
            title: 'User Administrator for Mona Lisa',
          },
          grant: {
            change: 'requested',
            principal: { kind: 'unknown', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
            role: { id: 'fe930be7-5e62-47db-91af-98c3a49a38b1', name: 'User Administrator' },
            scope: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            from: '2026-11-23T07:00:00.000Z',
            until: '2026-11-23T15:00:00.000Z',
          },
          links: [
            { kind: 'request', id: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd' },
            { kind: 'correlation', id: '8e2f4d31-5b6a-4e8d-9c01-aa2233445566' },
          ],
          clock: {
            decided: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'pim-denied',
    [
      {
        part: '',
        type: 'indelible.access.role_activation.denied',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Add member to role request denied (PIM activation)',
          outcome: 'succeeded',
          summary: 'Jane Doe denied role activation: role User Administrator for Mona Lisa: No ticket',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          related: [
            {
              kind: 'role',
              id: 'entra:fe930be7-5e62-47db-91af-98c3a49a38b1',
              name: 'User Administrator',
              part: 'role',
            },
            { kind: 'request', id: 'entra:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd', part: 'request' },
            { kind: 'directory', id: 'entra:9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10', name: 'Acme', part: 'directory' },
          ],
          details: {
            category: 'RoleManagement',
            service: 'PIM',
            operationType: 'Update',
            result: 'success',
            resultReason: 'No ticket',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            justification: 'Incident 7',
            ticketNumber: 'CHG-7',
            ticketSystem: 'ServiceNow',
          },
          origin: { address: '203.0.113.7' },
          decision: {
            kind: 'access',
            request: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd',
            step: 'voted',
            verdict: 'reject',
            reason: 'No ticket',
            title: 'User Administrator for Mona Lisa',
          },
          grant: {
            change: 'requested',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'Mona Lisa',
              address: 'mona@acme.example',
            },
            role: { id: 'fe930be7-5e62-47db-91af-98c3a49a38b1', name: 'User Administrator' },
            scope: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            from: '2026-11-23T07:00:00.000Z',
            until: '2026-11-23T15:00:00.000Z',
          },
          links: [
            { kind: 'request', id: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd' },
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
          ],
          clock: {
            decided: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'pim-expired',
    [
      {
        part: '',
        type: 'indelible.access.role_activation.expired',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: { kind: 'service', id: 'entra:9dfd627f-bdc5-4b1c-af9d-c85097fdeff8', name: 'Azure AD PIM' },
          action: 'Remove member from role (PIM activation expired)',
          outcome: 'succeeded',
          summary: 'Azure AD PIM ended the expired activation of the role User Administrator for Mona Lisa',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          related: [
            {
              kind: 'role',
              id: 'entra:fe930be7-5e62-47db-91af-98c3a49a38b1',
              name: 'User Administrator',
              part: 'role',
            },
            { kind: 'request', id: 'entra:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd', part: 'request' },
            { kind: 'directory', id: 'entra:9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10', name: 'Acme', part: 'directory' },
          ],
          details: { category: 'RoleManagement', service: 'PIM', operationType: 'Delete', result: 'success' },
          grant: {
            change: 'revoked',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'Mona Lisa',
              address: 'mona@acme.example',
            },
            role: { id: 'fe930be7-5e62-47db-91af-98c3a49a38b1', name: 'User Administrator' },
            scope: '/tenants',
          },
          links: [
            { kind: 'request', id: 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd' },
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
          ],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'pim-group-eligible',
    [
      {
        part: '',
        type: 'indelible.access.role_eligibility.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Add eligible member to role in PIM completed (timebound)',
          outcome: 'succeeded',
          summary: 'Jane Doe gave Mona Lisa the eligible role Member on Payments Operators',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          related: [
            { kind: 'role', id: 'entra:b7d1', name: 'Member', part: 'role' },
            { kind: 'request', id: 'entra:c8e2', part: 'request' },
            {
              kind: 'group',
              id: 'entra:5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15',
              name: 'Payments Operators',
              part: 'group',
            },
          ],
          details: {
            category: 'GroupManagement',
            service: 'PIM',
            operationType: 'Assign',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            assignment: 'timebound',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'granted',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'Mona Lisa',
              address: 'mona@acme.example',
            },
            role: { id: 'b7d1', name: 'Member' },
            scope: 'entra:5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15',
            from: '2026-12-01T00:00:00.000Z',
            until: '2027-06-01T00:00:00.000Z',
          },
          links: [
            { kind: 'request', id: 'entra-request:c8e2' },
            { kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' },
          ],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-12-01T00:00:00.000Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'role-member-added',
    [
      {
        part: '',
        type: 'indelible.access.role_assignment.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Add member to role',
          outcome: 'succeeded',
          summary: 'Jane Doe gave mona@acme.example the role Global Administrator',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'mona@acme.example' },
          related: [{ kind: 'role', id: 'entra:a4d7c2e9-5b81-4f36-8c0a-3e9b1d6f7a25', part: 'role' }],
          details: {
            category: 'RoleManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            wellKnownRole: 'TenantAdmins',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'granted',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'mona@acme.example',
              address: 'mona@acme.example',
            },
            role: { id: '62e90394-69f5-4237-9190-012177145e10', name: 'Global Administrator' },
            scope: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'role-member-refused',
    [
      {
        part: '',
        type: 'indelible.access.role_assignment.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
            name: 'Mona Lisa',
            address: 'mona@acme.example',
          },
          action: 'Add member to role',
          outcome: 'denied',
          summary:
            'Mona Lisa: "Add member to role" on mona@acme.example denied: Insufficient privileges to complete the operation.',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'mona@acme.example' },
          details: {
            category: 'RoleManagement',
            service: 'Core Directory',
            operationType: 'Assign',
            result: 'failure',
            resultReason: 'Insufficient privileges to complete the operation.',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            wellKnownRole: 'TenantAdmins',
          },
          origin: { address: '203.0.113.7' },
          grant: {
            change: 'requested',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'mona@acme.example',
              address: 'mona@acme.example',
            },
            role: { id: '62e90394-69f5-4237-9190-012177145e10', name: 'Global Administrator' },
            scope: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: { ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' } },
        },
      },
    ],
  ],
  [
    'role-member-removed-by-pim',
    [
      {
        part: '',
        type: 'indelible.access.role_assignment.removed',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: { kind: 'service', id: 'entra:bdefcbb6-d8b2-497d-a944-b683d9a36b0c', name: 'MS-PIM' },
          action: 'Remove member from role',
          outcome: 'succeeded',
          summary: 'MS-PIM took the role Global Administrator from mona@acme.example',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'mona@acme.example' },
          details: {
            category: 'RoleManagement',
            service: 'Core Directory',
            operationType: 'Unassign',
            result: 'success',
            wellKnownRole: 'TenantAdmins',
          },
          grant: {
            change: 'revoked',
            principal: {
              kind: 'human',
              id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
              name: 'mona@acme.example',
              address: 'mona@acme.example',
            },
            role: { id: '62e90394-69f5-4237-9190-012177145e10', name: 'Global Administrator' },
            scope: '/tenants',
          },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'secret-added',
    [
      {
        part: '',
        type: 'indelible.access.application_credential.added',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:020c2630-81fb-4469-9a9c-ce9984a45458',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
            name: 'Jane Doe',
            address: 'jane@acme.example',
          },
          action: 'Update application – Certificates and secrets management ',
          outcome: 'succeeded',
          summary: 'Jane Doe added application credential of Ledger Sync',
          target: { kind: 'application', id: 'entra:020c2630-81fb-4469-9a9c-ce9984a45458', name: 'Ledger Sync' },
          changes: [{ field: 'credential', to: 'Password 11ca002d-d846-4692-8e1f-501db99f485a rotation 2' }],
          details: {
            category: 'ApplicationManagement',
            service: 'Core Directory',
            operationType: 'Update',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            addedKeys: '11ca002d-d846-4692-8e1f-501db99f485a',
          },
          origin: { address: '203.0.113.7', client: 'az-cli' },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'security-info-registered',
    [
      {
        part: '',
        type: 'indelible.access.authentication_method.registered',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
            name: 'Mona Lisa',
            address: 'mona@acme.example',
          },
          action: 'User registered security info',
          outcome: 'succeeded',
          summary: 'Mona Lisa registered authentication method of Mona Lisa',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'Mona Lisa' },
          details: {
            category: 'UserManagement',
            service: 'Authentication Methods',
            operationType: 'Add',
            result: 'success',
            resultReason: 'User registered Authenticator App',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          origin: { address: '203.0.113.7' },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
  [
    'sign-in-blocked',
    [
      {
        part: '',
        type: 'indelible.access.sign_in.attempted',
        time: '2026-11-23T07:29:58.500Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra-app:797f4846-ba00-4fd7-ba43-dac1f8f63013',
        data: {
          actor: {
            kind: 'human',
            id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
            name: 'Mona Lisa',
            address: 'mona@acme.example',
          },
          action: 'Sign-in activity',
          outcome: 'denied',
          summary:
            'Mona Lisa tried to sign in to Azure Resource Manager with Azure Portal: denied (Access has been blocked by Conditional Access policies.)',
          target: {
            kind: 'servicePrincipal',
            id: 'entra-app:797f4846-ba00-4fd7-ba43-dac1f8f63013',
            name: 'Azure Resource Manager',
          },
          details: {
            category: 'SignInLogs',
            resultCode: '53003',
            resultReason: 'Access has been blocked by Conditional Access policies.',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
            application: 'Azure Portal',
            clientApplication: 'Browser',
            conditionalAccess: 'failure',
            authenticationRequirement: 'multiFactorAuthentication',
            protocol: 'oAuth2',
            risk: 'none',
            userType: 'Member',
            place: 'DE',
          },
          origin: {
            address: '198.51.100.9',
            client: 'Mozilla/5.0',
            application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
            session: 'sess-1',
          },
          links: [{ kind: 'correlation', id: '9a1d3f6e-52c8-4b70-8e94-1f6b0a7c3d58' }],
          clock: { ended: { at: '2026-11-23T07:29:58.500Z', by: 'source' } },
        },
      },
    ],
  ],
  [
    'user-updated-by-sync',
    [
      {
        part: '',
        type: 'indelible.access.user.updated',
        time: '2026-11-23T07:00:00.123Z',
        source: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
        subject: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d',
        data: {
          actor: {
            kind: 'service',
            id: 'entra:c6d0f2a8-7b4e-4c19-93a5-e8f1b2d7c064',
            name: 'Sync_DC01_3f9a1b2c4d5e@acme.onmicrosoft.com',
            address: 'Sync_DC01_3f9a1b2c4d5e@acme.onmicrosoft.com',
          },
          action: 'Update user',
          outcome: 'succeeded',
          summary: 'Sync_DC01_3f9a1b2c4d5e@acme.onmicrosoft.com updated user mona@acme.example',
          target: { kind: 'user', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', name: 'mona@acme.example' },
          changes: [
            { field: 'AccountEnabled', from: 'false', to: 'true' },
            { field: 'Department', from: 'Sales', to: 'Payments' },
            { field: 'StrongAuthenticationPhoneAppDetail', masked: true },
          ],
          details: {
            category: 'UserManagement',
            service: 'Core Directory',
            operationType: 'Update',
            result: 'success',
            tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
          },
          origin: { address: '203.0.113.7' },
          links: [{ kind: 'correlation', id: '7d1f3c20-5b6a-4e8d-9c01-aa2233445566' }],
          clock: {
            ended: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
            effective: { at: '2026-11-23T07:00:00.123Z', by: 'source' },
          },
        },
      },
    ],
  ],
];

describe('no member of these records changes unseen', () => {
  it.each(GOLDEN)('%s', (name, drafts) => {
    const enqueued = { at: ENQUEUED, by: 'hub' } as const;
    expect(finished(entraAuditNormalizer, 'AuditLogs', fixture('entra-audit', name))).toEqual(
      drafts.map((draft) => ({ ...draft, data: { ...draft.data, clock: { ...draft.data.clock, enqueued } } })),
    );
  });

  it('and every fixture is among them', () => {
    expect(GOLDEN.map(([name]) => name)).toEqual(fixtureNames('entra-audit'));
  });
});
