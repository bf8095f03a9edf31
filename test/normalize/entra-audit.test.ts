import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ENTRA_AUDIT_DESCRIPTION, ENTRA_AUDIT_SAMPLES } from '../../cli/sources/entra-audit.ts';
import { entraAuditNormalizer } from '../../shared/normalize/entra-audit.ts';
import { KNOWN_ACTIVITIES } from '../../shared/normalize/entra-audit/activities.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { mutated } from './mutated.ts';
import { outcomeOf } from './outcome-of.ts';
import { finished, fixture, fixtureNames, only, renamed } from './table-rows.ts';

const fixtures = fixtureNames('entra-audit').map((name) => fixture('entra-audit', name));
const JANE = '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11';
const MONA = '77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d';
const GROUP = '5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15';
const mona = { id: MONA, type: 'User', displayName: 'Mona Lisa', userPrincipalName: 'mona@acme.example' };

function recordOf(body: unknown): RecordDraft {
  return only(finished(entraAuditNormalizer, 'AuditLogs', body));
}

/** An entry as Graph has it. */
function entry(activity: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'Directory_1',
    activityDisplayName: activity,
    activityDateTime: '2026-11-23T07:00:00Z',
    category: 'UserManagement',
    operationType: 'Update',
    loggedByService: 'Core Directory',
    result: 'success',
    correlationId: 'C-1',
    initiatedBy: { user: { id: JANE, displayName: 'Jane Doe', userPrincipalName: 'jane@acme.example' } },
    targetResources: [mona],
    ...more,
  };
}

function property(displayName: string, oldValue: unknown, newValue: unknown): Record<string, unknown> {
  return { displayName, oldValue, newValue };
}

function withProperties(activity: string, ...modifiedProperties: readonly Record<string, unknown>[]): RecordDraft {
  return recordOf(entry(activity, { targetResources: [{ ...mona, modifiedProperties }] }));
}

describe('the same entry by another road is the same record', () => {
  const row = fixture('entra-audit', 'conditional-access-updated');
  const parsedColumns = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && /^[[{]/.test(value) ? (JSON.parse(value) as unknown) : value,
    ]),
  );
  const graph = {
    id: row['Id'],
    activityDisplayName: row['ActivityDisplayName'],
    activityDateTime: row['ActivityDateTime'],
    category: row['Category'],
    operationType: row['AADOperationType'],
    loggedByService: row['LoggedByService'],
    result: row['Result'],
    resultReason: row['ResultReason'],
    correlationId: row['CorrelationId'],
    initiatedBy: parsedColumns['InitiatedBy'],
    targetResources: parsedColumns['TargetResources'],
    additionalDetails: parsedColumns['AdditionalDetails'],
  };
  const exported = {
    time: '2026-11-23T07:02:00Z',
    resourceId: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10/providers/Microsoft.aadiam',
    operationName: row['OperationName'],
    category: 'AuditLogs',
    properties: graph,
  };

  it.each<[string, unknown]>([
    ['dynamic columns parsed', parsedColumns],
    ['names in lower case', renamed(row, (name) => name.toLowerCase())],
    ['an exported record', exported],
    ['exported records', { records: [exported] }],
    ['an exported record whose properties are text', { ...exported, properties: JSON.stringify(graph) }],
  ])('%s', (_how, body) => {
    expect(recordOf(body)).toEqual(recordOf(row));
  });

  it('Graph, which does not name the tenant', () => {
    const { source, data, ...rest } = recordOf({ '@odata.context': 'x', value: [graph] });
    const { source: _s, data: expected, ...others } = recordOf(row);
    const { tenant: _t, ...details } = expected.details ?? {};
    expect(source).toBe('/tenants');
    expect({ ...rest, data }).toEqual({ ...others, data: { ...expected, details } });
  });
});

describe('activities', () => {
  it('have types of their own wherever Microsoft names them', () => {
    const told = KNOWN_ACTIVITIES.map((activity) => {
      const [draft] = finished(entraAuditNormalizer, 'AuditLogs', entry(activity, { operationType: 'Other' }));
      return [activity, draft?.type];
    });
    expect(told.length).toBeGreaterThan(250);
    expect(told.filter(([, type]) => /unrecognized|\.user\.changed$/.test(type ?? 'unrecognized'))).toEqual([]);
  });

  it.each([
    ['Add member to role', 'role_assignment.added', 'granted'],
    ['Add eligible member to role', 'role_eligibility.added', 'granted'],
    ['Add scoped member to role', 'role_assignment.added', 'granted'],
    ['Remove member from role', 'role_assignment.removed', 'revoked'],
    ['Remove eligible member from role', 'role_eligibility.removed', 'revoked'],
    ['Add member to role scoped over Restricted Management Administrative Unit', 'role_assignment.added', 'granted'],
    ['Add member to role outside of PIM (permanent)', 'role_assignment.added', 'granted'],
    ['Add member to role in PIM requested (permanent)', 'role_assignment.requested', 'requested'],
    ['Add member to role in PIM completed (timebound)', 'role_assignment.added', 'granted'],
    ['Add member to role in PIM canceled (renew)', 'role_assignment.canceled', 'withdrawn'],
    ['Add eligible member to role in PIM requested (renew)', 'role_eligibility.requested', 'requested'],
    ['Add eligible member to role in PIM completed (permanent)', 'role_eligibility.added', 'granted'],
    ['Add member to role requested (PIM activation)', 'role_activation.requested', 'requested'],
    ['Add member to role approval requested (PIM activation)', 'role_activation.approval_requested', 'requested'],
    ['Add member to role request approved (PIM activation)', 'role_activation.approved', 'requested'],
    ['Add member to role request denied (PIM activation)', 'role_activation.denied', 'requested'],
    ['Add member to role canceled (PIM activation)', 'role_activation.canceled', 'withdrawn'],
    ['Add member to role completed (PIM activation)', 'role_activation.completed', 'granted'],
    ['PIM activation request expired', 'role_activation.request_expired', 'withdrawn'],
    ['Remove member from role requested (PIM deactivate)', 'role_activation.removal_requested', 'revocationRequested'],
    ['Remove member from role completed (PIM deactivate)', 'role_activation.deactivated', 'revoked'],
    ['Remove member from role (PIM activation expired)', 'role_activation.expired', 'revoked'],
    [
      'Remove member from role in PIM requested (timebound)',
      'role_assignment.removal_requested',
      'revocationRequested',
    ],
    ['Remove eligible member from role in PIM completed (permanent)', 'role_eligibility.removed', 'revoked'],
    ['Remove permanent eligible role assignment', 'role_eligibility.removed', 'revoked'],
    ['Restore eligible member from role in PIM completed', 'role_eligibility.restored', 'granted'],
    ['Restore member from role', 'role_assignment.restored', 'granted'],
    ['Update eligible member in PIM requested (extend)', 'role_extension.requested', 'requested'],
    ['Update member in PIM approved by admin (extend/renew)', 'role_extension.approved', 'changed'],
    ['Update member in PIM denied by admin (extend/renew)', 'role_extension.denied', 'requested'],
    ['Cancel request for role removal', 'access_request.canceled', 'withdrawn'],
    ['Add EligibleRoleAssignment to RoleDefinition', 'role_eligibility.added', 'granted'],
    ['Update role setting in PIM', 'role_policy.updated', undefined],
    ['Update user', 'user.updated', undefined],
    ['Update conditional access policy', 'conditional_access_policy.updated', undefined],
    ['Update Conditional Access policy', 'conditional_access_policy.updated', undefined],
    ['Update user.', 'user.updated', undefined],
    ['Add app role assignment grant to user', 'app_role_assignment.added', 'granted'],
    ['Consent to application', 'consent.given', 'granted'],
    ['Set federation settings on domain', 'domain_federation.updated', undefined],
    ['Reset password (by admin)', 'password.reset', undefined],
    ['Download users - finished (bulk)', 'directory_export.completed', undefined],
    ['Bulk delete users - finished (bulk)', 'bulk_operation.completed', undefined],
    ['Administrator directly assigns user to access package', 'access_package_assignment.added', 'granted'],
    ['Request to join a group', 'group_join_request.requested', 'requested'],
  ])('%s is %s, and says of access: %s', (activity, type, change) => {
    const record = recordOf(entry(activity));
    expect([record.type, record.data.grant?.change]).toEqual([`indelible.access.${type}`, change]);
  });

  it.each([
    ['Frobnicate user', 'Update', 'user.updated'],
    ['Frobnicate user', 'Assign', 'user.assigned'],
    ['Frobnicate user', 'Unassign', 'user.unassigned'],
    ['Frobnicate user', 'Delete', 'user.deleted'],
    ['Frobnicate user', 'Other', 'user.changed'],
    ['Create workspace', undefined, 'user.created'],
    ['Rotate signing key', 'Other', 'user.rotated'],
    ['User_GetMemberOf', 'Update', 'user.read'],
    ['Get tenant details', 'Other', 'user.read'],
  ])('%s (%s) of no list is %s', (activity, operationType, type) => {
    const record = recordOf(entry(activity, { operationType }));
    expect(record.type).toBe(`indelible.access.${type}`);
    expect(record.data.inconsequential).toBe(type.endsWith('.read') ? true : undefined);
  });

  it('of no list are about what the entry names, else about its category', () => {
    const about = (targetResources: unknown): string => recordOf(entry('Frobnicate', { targetResources })).type;
    expect(about([{ id: 'x', type: 'ServicePrincipal' }])).toBe('indelible.access.service_principal.updated');
    expect(about([{ id: 'x', type: 'N/A' }])).toBe('indelible.access.user_management.updated');
    expect(about([])).toBe('indelible.access.user_management.updated');
  });

  it('are those of the entry, not the coarser name of the record around it', () => {
    const body = { operationName: 'Update policy', properties: entry('Delete policy', { operationType: 'Delete' }) };
    const record = recordOf(body);
    expect([record.type, record.data.action]).toEqual(['indelible.access.policy.deleted', 'Delete policy']);
  });
});

describe('the result', () => {
  it.each([
    ['success', '', 'succeeded'],
    ['Success', '', 'succeeded'],
    ['failure', 'The quota is exceeded.', 'failed'],
    ['failed', '', 'failed'],
    ['timeout', '', 'failed'],
    ['failure', 'Insufficient privileges to complete the operation.', 'denied'],
    ['failure', 'Authorization_RequestDenied', 'denied'],
    ['unknownFutureValue', '', 'unknown'],
    [undefined, '', 'unknown'],
  ])('%s (%s) is %s', (result, resultReason, outcome) => {
    const record = recordOf(entry('Add member to role', { result, resultReason }));
    expect(record.data.outcome).toBe(outcome);
    // What did not succeed gave nobody anything.
    expect(record.data.grant?.change).toBe(outcome === 'succeeded' ? 'granted' : 'requested');
    expect(record.data.clock?.effective !== undefined).toBe(outcome === 'succeeded');
  });

  it('of a vote that failed is no vote', () => {
    const name = 'Add member to role request approved (PIM activation)';
    expect(recordOf(entry(name)).data.decision).toMatchObject({ step: 'voted', verdict: 'approve' });
    expect(recordOf(entry(name, { result: 'failure' })).data).not.toHaveProperty('decision');
  });
});

describe('who did it', () => {
  it.each<[string, unknown, object | undefined]>([
    [
      'a user',
      { user: { id: JANE.toUpperCase(), displayName: 'Jane Doe', userPrincipalName: 'Jane@acme.example' }, app: null },
      { kind: 'human', id: `entra:${JANE}`, name: 'Jane Doe', address: 'Jane@acme.example' },
    ],
    [
      'a user without id',
      { user: { userPrincipalName: 'Jane@acme.example' } },
      { kind: 'human', id: 'upn:jane@acme.example' },
    ],
    [
      'a user for whom the sign-in service wrote',
      { user: { id: JANE, displayName: 'Azure ESTS Service', userPrincipalName: 'jane@acme.example' } },
      { kind: 'human', name: 'jane@acme.example' },
    ],
    [
      'privileged identity management, which stands among the users',
      { user: { id: JANE, displayName: 'Azure AD PIM', userPrincipalName: null } },
      { kind: 'service', name: 'Azure AD PIM' },
    ],
    [
      'the account of Entra Connect',
      { user: { id: JANE, displayName: null, userPrincipalName: 'Sync_DC01_3f9a1b2c4d5e@acme.example' } },
      { kind: 'service' },
    ],
    ['a user object that nobody names', { user: { id: JANE } }, { kind: 'unknown', id: `entra:${JANE}` }],
    ['nobody', { user: { id: '00000000-0000-0000-0000-000000000000', ipAddress: '10.0.0.0' } }, undefined],
    [
      'a service principal, whose application id is mostly null',
      { app: { appId: null, displayName: 'MS-PIM', servicePrincipalId: 'S-1' } },
      { kind: 'service', id: 'entra:s-1', name: 'MS-PIM' },
    ],
    ['an application by its id alone', { app: { appId: 'A-1' } }, { kind: 'service', id: 'entra-app:a-1' }],
    [
      'an application by its name alone',
      { app: { displayName: 'Device Registration Service' } },
      { kind: 'service', id: 'entra-name:servicePrincipal/device registration service' },
    ],
    [
      'an agent by itself',
      { app: { servicePrincipalId: 'S-1', agentType: 'agenticApp' } },
      { kind: 'ai', id: 'entra:s-1' },
    ],
    [
      'an agent for a user',
      {
        app: { servicePrincipalId: 'S-1', agentType: 'agenticAppInstance' },
        user: { id: JANE, userPrincipalName: 'jane@acme.example' },
      },
      { kind: 'ai', id: 'entra:s-1', onBehalfOf: { kind: 'human', id: `entra:${JANE}` } },
    ],
    [
      'an agent’s own user account',
      { user: { id: JANE, userPrincipalName: 'agent@acme.example', agentType: 'agentIDuser' } },
      { kind: 'ai' },
    ],
    [
      'a user with an application',
      { app: { appId: 'A-1', agentType: 'notAgentic' }, user: { id: JANE, userPrincipalName: 'jane@acme.example' } },
      { kind: 'human', id: `entra:${JANE}` },
    ],
    ['nobody where the entry is silent', {}, undefined],
  ])('is %s', (_who, initiatedBy, actor) => {
    expect({ actor: recordOf(entry('Update user', { initiatedBy })).data.actor }).toMatchObject({ actor });
  });

  it('is at least the name in the column of a row that has nothing else', () => {
    const row = { ...fixture('entra-audit', 'role-member-added'), InitiatedBy: '{}', Identity: 'Azure AD Cloud Sync' };
    expect(recordOf(row).data.actor).toEqual({
      kind: 'unknown',
      id: 'entra-name:azure ad cloud sync',
      name: 'Azure AD Cloud Sync',
    });
  });
});

describe('modified properties', () => {
  it.each<[unknown, unknown, object[]]>([
    ['"Sales"', '"Payments"', [{ field: 'Department', from: 'Sales', to: 'Payments' }]],
    ['["Sales"]', '["Payments"]', [{ field: 'Department', from: 'Sales', to: 'Payments' }]],
    ['[false]', '[true]', [{ field: 'Department', from: 'false', to: 'true' }]],
    [null, 'plain', [{ field: 'Department', to: 'plain' }]],
    ['"x"', '', [{ field: 'Department', from: 'x' }]],
    ['""', '"x"', [{ field: 'Department', to: 'x' }]],
    ['[]', '["a","b"]', [{ field: 'Department', to: '["a","b"]' }]],
    ['"same"', '"same"', []],
    [1, 2, [{ field: 'Department', from: '1', to: '2' }]],
    ['12345678901234567890', '"1"', [{ field: 'Department', from: '12345678901234567890', to: '1' }]],
    ['{broken', '"x"', [{ field: 'Department', from: '{broken', to: 'x' }]],
    ['{"a":{"b":1,"c":2}}', '{"a":{"b":1,"c":3}}', [{ field: 'Department.a.c', from: '2', to: '3' }]],
    [
      '["{\\"State\\":\\"Enabled\\"}"]',
      '["{\\"State\\":\\"Disabled\\"}"]',
      [{ field: 'Department.State', from: 'Enabled', to: 'Disabled' }],
    ],
    [null, '{"state":"enabled","modifiedDateTime":"x"}', [{ field: 'Department.state', to: 'enabled' }]],
  ])('from %j to %j are %j: not JSON within JSON', (from, to, changes) => {
    expect(withProperties('Update user', property('Department', from, to)).data.changes ?? []).toEqual(changes);
  });

  it.each([
    'StrongAuthenticationPhoneAppDetail',
    'PasswordProfile',
    'Credential',
    'ClientSecret',
    'SearchableDeviceKey',
  ])('of %s are masked: its values are what somebody signs in with', (name) => {
    const record = withProperties('Update user', property(name, '["old-value"]', '[{"KeyMaterial":"new-value"}]'));
    expect(record.data.changes).toEqual([{ field: name, masked: true }]);
    expect(JSON.stringify(record)).not.toMatch(/old-value|new-value/);
  });

  it('within a policy are masked by their own name', () => {
    const record = withProperties(
      'Update policy',
      property('Settings', '{"clientSecret":"a","name":"x"}', '{"clientSecret":"b","name":"y"}'),
    );
    expect(record.data.changes).toEqual([
      { field: 'Settings.clientSecret', masked: true },
      { field: 'Settings.name', from: 'x', to: 'y' },
    ]);
  });

  it('that describe others are no changes', () => {
    const record = withProperties(
      'Update user',
      property('Included Updated Properties', null, '"Department"'),
      property('TargetId.UserType', null, '"Member"'),
    );
    expect(record.data).not.toHaveProperty('changes');
  });

  it('too long for a record are told by their hash', () => {
    const record = withProperties('Update user', property('Notes', null, JSON.stringify('x'.repeat(2_000))));
    expect(record.data.changes).toEqual([
      { field: 'Notes', to: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), size: 2_000 } },
    ]);
  });
});

describe('credentials of applications', () => {
  const key = (id: string): string =>
    `[KeyIdentifier=${id},KeyType=AsymmetricX509Cert,KeyUsage=Verify,DisplayName=CN=x]`;
  const changed = (from: unknown, to: unknown): RecordDraft =>
    withProperties(
      'Update application – Certificates and secrets management ',
      property('KeyDescription', JSON.stringify(from), JSON.stringify(to)),
    );

  it('are added, removed or rotated by what differs, in whatever order the lists come', () => {
    expect(changed([key('a')], [key('b'), key('a')])).toMatchObject({
      type: 'indelible.access.application_credential.added',
      data: { details: { addedKeys: 'b' }, changes: [{ field: 'credential', to: 'AsymmetricX509Cert b CN=x' }] },
    });
    expect(changed([key('a'), key('b')], [key('b')])).toMatchObject({
      type: 'indelible.access.application_credential.removed',
      data: { details: { removedKeys: 'a' } },
    });
    expect(changed([key('a')], [key('b')])).toMatchObject({
      type: 'indelible.access.application_credential.changed',
      data: { details: { addedKeys: 'b', removedKeys: 'a' } },
    });
    expect(changed([], [key('a')]).type).toBe('indelible.access.application_credential.added');
  });

  it('do not change in a type because an unrelated update mentions them', () => {
    const record = withProperties(
      'Update service principal',
      property('KeyDescription', '[]', JSON.stringify([key('a')])),
    );
    expect(record.type).toBe('indelible.access.service_principal.updated');
    expect(record.data.details).toMatchObject({ addedKeys: 'a' });
  });
});

describe('grants', () => {
  it('of a role are to the one whose properties name it, with its own id in every tenant', () => {
    expect(recordOf(fixture('entra-audit', 'role-member-added')).data.grant).toEqual({
      change: 'granted',
      principal: { kind: 'human', id: `entra:${MONA}`, name: 'mona@acme.example', address: 'mona@acme.example' },
      role: { id: '62e90394-69f5-4237-9190-012177145e10', name: 'Global Administrator' },
      scope: '/tenants/9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
    });
  });

  it('of a role within an administrative unit or on an Azure resource are on that alone', () => {
    const scopeOf = (place: object, category: string): unknown =>
      recordOf(entry('Add member to role', { category, targetResources: [mona, { id: 'R', type: 'Role' }, place] }))
        .data.grant?.scope;
    expect(scopeOf({ id: 'AU-1', type: 'AdministrativeUnit' }, 'RoleManagement')).toBe('entra:au-1');
    expect(scopeOf({ id: '/subscriptions/S/resourceGroups/RG', type: 'Other' }, 'ResourceManagement')).toBe(
      '/subscriptions/s/resourcegroups/rg',
    );
  });

  it('to a group are to that group, unless the role is one within the group', () => {
    const group = { id: GROUP, type: 'Group', displayName: 'Operators' };
    const role = { id: 'R', type: 'Role', displayName: 'Reader' };
    const granted = (category: string, targetResources: unknown): unknown =>
      recordOf(entry('Add member to role', { category, targetResources })).data.grant;
    expect(granted('RoleManagement', [group, role])).toMatchObject({
      principal: { kind: 'unknown', id: `entra:${GROUP}` },
      scope: '/tenants',
    });
    expect(granted('GroupManagement', [role, mona, group])).toMatchObject({
      principal: { kind: 'human', id: `entra:${MONA}` },
      scope: `entra:${GROUP}`,
    });
  });

  it('of a membership name group and member in whatever order they come', () => {
    const group = { id: GROUP, type: 'Group', displayName: 'Operators' };
    for (const targetResources of [
      [mona, group],
      [group, mona],
    ]) {
      expect(recordOf(entry('Add member to group', { targetResources })).data).toMatchObject({
        target: { kind: 'user', id: `entra:${MONA}` },
        grant: { principal: { id: `entra:${MONA}` }, scope: `entra:${GROUP}`, role: { name: 'member' } },
      });
    }
  });

  it('of a group within a group do not take the one for the other', () => {
    const { grant, summary } = recordOf(fixture('entra-audit', 'group-nested-member-added')).data;
    expect(grant).toMatchObject({
      principal: { id: 'entra:0d7f4b2c-e8a1-4c63-9f05-a6b3d8e1c270' },
      scope: `entra:${GROUP}`,
    });
    expect(summary).toBe('Jane Doe added Night Shift as member of Payments Operators');
  });

  it('of a membership that was taken back name what only the old values do', () => {
    const properties = [
      property('Group.ObjectID', `"${GROUP}"`, null),
      property('Group.DisplayName', '"Operators"', null),
    ];
    const body = entry('Remove member from group', { targetResources: [{ ...mona, modifiedProperties: properties }] });
    expect(recordOf(body).data).toMatchObject({
      grant: { change: 'revoked', scope: `entra:${GROUP}` },
      related: [{ part: 'scope', id: `entra:${GROUP}`, name: 'Operators' }],
    });
  });

  it('of an app role are to whoever gets it, not to the application that has the role', () => {
    const properties = [
      property('AppRole.Id', null, '"R-1"'),
      property('AppRole.DisplayName', null, '"Reader"'),
      property('User.ObjectID', null, `"${MONA}"`),
      property('User.UPN', null, '"mona@acme.example"'),
    ];
    const application = { id: 'SP-1', type: 'ServicePrincipal', displayName: 'Ledger', modifiedProperties: properties };
    const body = entry('Add app role assignment grant to user', { targetResources: [application, mona] });
    expect(recordOf(body).data.grant).toEqual({
      change: 'granted',
      principal: { kind: 'human', id: `entra:${MONA}`, name: 'Mona Lisa', address: 'mona@acme.example' },
      role: { id: 'r-1', name: 'Reader' },
      scope: 'entra:sp-1',
    });
  });

  it('by consent are a record each, and only what the consent changed', () => {
    const grants = finished(entraAuditNormalizer, 'AuditLogs', fixture('entra-audit', 'consent-by-admin'));
    expect(grants.map(({ part, data }) => [part, data.grant?.role.name, data.details?.['adminConsent']])).toEqual([
      ['grant/g1', 'User.Read Mail.Read', true],
      ['grant/g2', 'user_impersonation', true],
    ]);
    const text = (scope: string): string =>
      `[[Id: g1, ClientId: c, PrincipalId: ${MONA}, ResourceId: r, ConsentType: Principal, Scope: ${scope}]]`;
    const consent = (permissions: string): RecordDraft =>
      withProperties(
        'Consent to application',
        property('ConsentContext.IsAdminConsent', null, '"False"'),
        property('ConsentAction.Permissions', null, JSON.stringify(permissions)),
      );
    expect(consent(`${text('User.Read')} => ${text('User.Read Mail.Read')}; `).data).toMatchObject({
      details: { adminConsent: false, consentType: 'Principal' },
      grant: { change: 'changed', role: { name: 'User.Read Mail.Read', from: 'User.Read' }, scope: 'entra:r' },
    });
    expect(consent(`${text('User.Read')} => []; `).data.grant).toMatchObject({ change: 'revoked' });
    expect(consent('unreadable').data.grant).toMatchObject({ change: 'granted', role: {} });
  });

  it('of delegated permissions that grew say what they were before', () => {
    expect(recordOf(fixture('entra-audit', 'permissions-widened')).data.grant).toMatchObject({
      change: 'changed',
      role: { name: 'User.Read Mail.ReadWrite', from: 'User.Read' },
    });
  });
});

describe('privileged identity management', () => {
  const steps = ['pim-approval-requested', 'pim-approved', 'pim-denied'].map((name) =>
    recordOf(fixture('entra-audit', name)),
  );

  it('has one request for all steps, though each has a correlation id of its own', () => {
    const request = 'entra-request:61998d6f-fcf3-400a-9d40-cbfa74a3bfbd';
    const names = ['pim-activated', 'pim-expired'];
    const all = [...steps, ...names.map((name) => recordOf(fixture('entra-audit', name)))];
    for (const { data } of all) expect(data.links).toContainEqual({ kind: 'request', id: request });
    expect(steps.map(({ data }) => [data.decision?.request, data.decision?.step, data.decision?.verdict])).toEqual([
      [request, 'requested', undefined],
      [request, 'voted', 'approve'],
      [request, 'voted', 'reject'],
    ]);
  });

  it('does not take the one who approves for the one who gets the role', () => {
    const { actor, grant } = steps[1]?.data ?? {};
    expect(actor?.id).toBe(`entra:${JANE}`);
    expect(grant?.principal).toEqual({ kind: 'unknown', id: `entra:${MONA}`, name: 'Mona Lisa' });
    const alone = recordOf({
      ...entry('Add member to role request approved (PIM activation)'),
      targetResources: [
        { id: 'R', type: 'Role', displayName: 'Reader' },
        { id: JANE, type: 'User', displayName: 'Jane Doe' },
      ],
    });
    expect(alone.data.grant?.principal).toEqual({ kind: 'unknown' });
  });

  it('gives the vote the reason of the vote, and keeps that of the request', () => {
    expect(steps.map(({ data }) => [data.decision?.reason, data.details?.['justification']])).toEqual([
      ['Incident 7', 'Incident 7'],
      ['Seen the ticket', 'Incident 7'],
      ['No ticket', 'Incident 7'],
    ]);
  });

  it('that decides by itself is no person', () => {
    const initiatedBy = { user: { id: 'P-1', displayName: 'Azure AD PIM', userPrincipalName: null } };
    const record = recordOf(entry('Add member to role request denied (PIM activation)', { initiatedBy }));
    expect(record.data.decision).toMatchObject({ verdict: 'reject', automated: true });
    expect(steps[1]?.data.decision).not.toHaveProperty('automated');
  });

  it('says from when until when', () => {
    expect(recordOf(fixture('entra-audit', 'pim-activated')).data.grant).toMatchObject({
      change: 'granted',
      from: '2026-11-23T07:00:00.000Z',
      until: '2026-11-23T15:00:00.000Z',
    });
    const later = recordOf(fixture('entra-audit', 'pim-group-eligible'));
    expect(later.data.clock).toMatchObject({
      ended: { at: '2026-11-23T07:00:00.123Z' },
      effective: { at: '2026-12-01T00:00:00.000Z' },
    });
  });
});

describe('sign-ins that exports mix in', () => {
  const body = fixture('entra-audit', 'sign-in-blocked');
  const properties = body['properties'] as Record<string, unknown>;
  it.each([
    [0, 'success', 'succeeded'],
    [50126, 'notApplied', 'failed'],
    [50105, 'notApplied', 'denied'],
    [53003, 'failure', 'denied'],
    [50076, 'notApplied', 'pending'],
    ['0', undefined, 'succeeded'],
    [null, undefined, 'denied'],
  ])('with code %s and conditional access %s are %s', (errorCode, conditionalAccessStatus, outcome) => {
    const record = recordOf({ ...body, properties: { ...properties, conditionalAccessStatus, status: { errorCode } } });
    expect([record.type, record.data.outcome]).toEqual(['indelible.access.sign_in.attempted', outcome]);
  });

  it.each<[string, object, object]>([
    ['SignInLogs', {}, { kind: 'human', id: `entra:${MONA}` }],
    [
      'ServicePrincipalSignInLogs',
      { servicePrincipalId: 'S-1', servicePrincipalName: 'poller' },
      { kind: 'service', id: 'entra:s-1' },
    ],
    ['ManagedIdentitySignInLogs', { servicePrincipalId: 'S-1' }, { kind: 'service', id: 'entra:s-1' }],
    ['ServicePrincipalSignInLogs', { servicePrincipalId: 'S-1', agent: { agentType: 'agenticApp' } }, { kind: 'ai' }],
  ])('of %s with %j are by %j', (category, more, actor) => {
    expect(recordOf({ ...body, category, properties: { ...properties, ...more } }).data.actor).toMatchObject(actor);
  });
});

describe('the delivery', () => {
  const deliveryOf = (body: unknown): string | undefined =>
    entraAuditNormalizer.deliveryOf?.(Buffer.from(JSON.stringify(body)));

  it('is the id of the entry by every road', () => {
    expect(deliveryOf(entry('Add user'))).toBe('Directory_1');
    expect(deliveryOf({ properties: entry('Add user') })).toBe('Directory_1');
    expect(deliveryOf({ value: [entry('Add user')] })).toBe('Directory_1');
    expect(deliveryOf(fixture('entra-audit', 'pim-approved'))).toBe('PIM_cc22d319_2');
  });

  it('is that of the bytes where there is none, or several', () => {
    expect(deliveryOf(entry('Add user', { id: null }))).toMatch(/^sha256:/);
    expect(deliveryOf([entry('Add user'), entry('Delete user')])).toMatch(/^sha256:/);
  });
});

describe('what is no entry', () => {
  it.each<[string, unknown, string]>([
    ['text', 'hello', 'json'],
    ['an object that says nothing', { a: 1 }, 'shape'],
    [
      'an entry of another log',
      { time: 'x', category: 'RiskyUsers', operationName: 'Risky user', properties: { riskState: 'x' } },
      'event',
    ],
    ['a list with a number', [entry('Add user'), 7], 'shape'],
  ])('is unrecognized with its reason: %s', (_what, body, code) => {
    const [draft] = finished(entraAuditNormalizer, 'AuditLogs', body);
    expect([draft?.type, draft?.data.unrecognized?.code]).toEqual(['indelible.trail.message.unrecognized', code]);
  });

  it.each(ODD_BODIES)('ends in a reason or a record, not a crash, where the body is or has %s', (_what, body) => {
    const normalize = () =>
      entraAuditNormalizer.normalize({
        envelope: { source: 'entra-audit' },
        body,
        enqueued: '2026-11-23T08:00:00.000Z',
      });
    expect(['record', 'reason']).toContain(outcomeOf(normalize));
    expect(() => entraAuditNormalizer.deliveryOf?.(body)).not.toThrow();
  });

  it('is read to its end where values were made to stop the reader', () => {
    const slow = ['[Id: , '.repeat(50_000), '[[Id: a, Scope: ', 'KeyIdentifier='.repeat(50_000), '"'.repeat(100_000)];
    for (const text of slow) {
      const record = withProperties(
        'Consent to application',
        property('ConsentAction.Permissions', null, text),
        property('KeyDescription', null, text),
      );
      expect(record.type).toBe('indelible.access.consent.given');
    }
  });
});

describe('broken entries end as records or as unrecognized, never as a crash', () => {
  it('whatever members are replaced, removed or added', () => {
    fc.assert(
      fc.property(mutated(fixtures), (payload) => {
        const body = Buffer.from(JSON.stringify(payload) ?? 'null');
        const input = { envelope: { source: 'entra-audit' }, body, enqueued: '2026-11-23T08:00:00.000Z' };
        // Any other error than Unrecognized is thrown on, and fails the test.
        if (outcomeOf(() => entraAuditNormalizer.normalize(input)) === 'reason') return;
        const drafts = entraAuditNormalizer.normalize(input);
        expect(drafts.length).toBeGreaterThan(0);
        const records = finished(entraAuditNormalizer, 'AuditLogs', body);
        // Sealed as what it is: a draft that does not fit the schema would end as unrecognized here.
        expect(records.map(({ type }) => type)).toEqual(
          expect.arrayContaining([...new Set(drafts.map(({ type }) => type))]),
        );
        expect(JSON.stringify(finished(entraAuditNormalizer, 'AuditLogs', body))).toBe(JSON.stringify(records));
        for (const { data } of records) expect(data.summary).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('the description of the source', () => {
  it('names every detail that the samples have, and none that they lack', () => {
    const details = ENTRA_AUDIT_SAMPLES.flatMap(({ event, body }) =>
      finished(entraAuditNormalizer, event, body),
    ).flatMap(({ data }) => Object.keys(data.details ?? {}));
    expect([...new Set(details)].sort()).toEqual([...ENTRA_AUDIT_DESCRIPTION.details.keys()].sort());
  });
});
