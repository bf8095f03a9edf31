import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { azureActivityNormalizer } from '../../shared/normalize/azure-activity.ts';
import { finishDraft } from '../../shared/normalize/finish-draft.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { outcomeOf } from './outcome-of.ts';

const enqueued = '2026-03-01T12:00:05.000Z';
const OID = '9B117C67-170E-4AED-9702-658B3FDDC889';
const SUBSCRIPTION = '/subscriptions/5b4b650e-28b9-4790-b3ab-ddbd88d727c4';
const VAULT = `${SUBSCRIPTION}/resourceGroups/Payments-RG/providers/Microsoft.KeyVault/vaults/Pay-Vault`;
const ASSIGNMENT = `${VAULT}/providers/Microsoft.Authorization/roleAssignments/0f1e2d3c-0000-4000-8000-000000000001`;

const PERSON = {
  'http://schemas.microsoft.com/identity/claims/objectidentifier': OID,
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'Jane@Contoso.com',
  'http://schemas.microsoft.com/identity/claims/scope': 'user_impersonation',
  'http://schemas.microsoft.com/claims/authnmethodsreferences': 'pwd,mfa',
  name: 'Jane Doe',
  appid: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
  appidacr: '2',
  ipaddr: '203.0.113.7',
  uti: 'token-1',
};

interface Parts {
  readonly type?: string;
  readonly operation?: string;
  readonly resource?: string;
  readonly data?: Record<string, unknown>;
  readonly envelope?: Record<string, unknown>;
}

function eventOf({
  type = 'ResourceWriteSuccess',
  operation = 'Microsoft.KeyVault/vaults/write',
  resource = VAULT,
  data,
  envelope,
}: Parts = {}) {
  return {
    id: 'event-1',
    topic: SUBSCRIPTION,
    subject: resource,
    eventType: `Microsoft.Resources.${type}`,
    eventTime: '2026-03-01T12:00:00.1234567Z',
    data: {
      authorization: {
        scope: resource,
        action: operation,
        evidence: { role: 'Owner', roleAssignmentScope: SUBSCRIPTION },
      },
      claims: PERSON,
      correlationId: 'AAAA0000-bb11-2222-33cc-444444dddddd',
      httpRequest: { clientRequestId: 'client-1', clientIpAddress: '198.51.100.4', method: 'PUT' },
      resourceProvider: 'Microsoft.KeyVault',
      resourceUri: resource,
      operationName: operation,
      status: 'Succeeded',
      subscriptionId: '5b4b650e-28b9-4790-b3ab-ddbd88d727c4',
      tenantId: 'tenant-1',
      ...data,
    },
    dataVersion: '2',
    metadataVersion: '1',
    ...envelope,
  };
}

function normalize(body: Buffer | string): RecordDraft {
  const drafts = azureActivityNormalizer.normalize({
    envelope: { source: 'azure-activity' },
    body: Buffer.from(body),
    enqueued,
  });
  expect(drafts).toHaveLength(1);
  // What is written must fit the schema as it is: this throws where it does not.
  return finishDraft(drafts[0] as RecordDraft, { received: undefined, enqueued }, { characters: 1_000_000 });
}
const normalized = (parts?: Parts): RecordDraft => normalize(JSON.stringify(eventOf(parts)));

describe('a resource event', () => {
  test('becomes one record with who, what, on what, from where, when', () => {
    expect(normalized()).toEqual({
      part: '',
      type: 'indelible.infrastructure.resource.written',
      source: SUBSCRIPTION,
      subject: VAULT.toLowerCase(),
      time: '2026-03-01T12:00:00.123Z',
      data: {
        actor: { kind: 'human', id: `entra:${OID.toLowerCase()}`, name: 'Jane Doe', address: 'Jane@Contoso.com' },
        action: 'Microsoft.KeyVault/vaults/write',
        outcome: 'succeeded',
        summary: 'Jane Doe: Microsoft.KeyVault/vaults/write on Pay-Vault succeeded',
        target: { kind: 'microsoft.keyvault/vaults', id: VAULT.toLowerCase(), name: 'Pay-Vault' },
        details: {
          status: 'Succeeded',
          resourceProvider: 'Microsoft.KeyVault',
          tenant: 'tenant-1',
          callerRole: 'Owner',
          callerRoleScope: SUBSCRIPTION,
          authenticationMethods: 'pwd,mfa',
          method: 'PUT',
          clientRequest: 'client-1',
          tokenAddress: '203.0.113.7',
        },
        origin: { address: '198.51.100.4', application: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', session: 'token-1' },
        clock: {
          ended: { at: '2026-03-01T12:00:00.123Z', by: 'source' },
          effective: { at: '2026-03-01T12:00:00.123Z', by: 'source' },
          enqueued: { at: enqueued, by: 'hub' },
        },
        links: [
          { kind: 'correlation', id: 'aaaa0000-bb11-2222-33cc-444444dddddd' },
          {
            kind: 'operation',
            id: `aaaa0000-bb11-2222-33cc-444444dddddd/microsoft.keyvault/vaults/write${VAULT.toLowerCase()}`,
          },
        ],
      },
    });
  });

  test('is the same record as a CloudEvent, and with its parts as JSON text: the road and the form do not change what happened', () => {
    const { topic, eventType, eventTime, dataVersion: _d, metadataVersion: _m, data, ...rest } = eventOf();
    const cloudEvent = { ...rest, source: topic, type: eventType, time: eventTime, specversion: '1.0', data };
    const asText = {
      ...data,
      claims: JSON.stringify(data.claims),
      authorization: JSON.stringify(data.authorization),
      httpRequest: JSON.stringify(data.httpRequest),
    };
    expect(normalize(JSON.stringify(cloudEvent))).toEqual(normalized());
    expect(normalize(JSON.stringify([cloudEvent]))).toEqual(normalized());
    expect(normalize(JSON.stringify(eventOf({ data: asText })))).toEqual(normalized());
  });

  test('has one target and one operation whatever the case of its ids', () => {
    const shouted = normalized({ resource: VAULT.toUpperCase(), operation: 'MICROSOFT.KEYVAULT/VAULTS/WRITE' });
    expect(shouted.data.target?.id).toBe(normalized().data.target?.id);
    expect(shouted.data.target?.kind).toBe('microsoft.keyvault/vaults');
    expect(shouted.data.links).toEqual(normalized().data.links);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['ResourceWriteSuccess', {}, 'succeeded'],
    ['ResourceDeleteSuccess', {}, 'succeeded'],
    ['ResourceActionSuccess', {}, 'succeeded'],
    ['ResourceWriteSuccess', { status: 'Accepted' }, 'pending'],
    ['ResourceWriteSuccess', { status: 'Failed' }, 'failed'],
    ['ResourceWriteFailure', { status: 'Failed' }, 'failed'],
    ['ResourceWriteFailure', { subStatus: 'Forbidden' }, 'denied'],
    ['ResourceDeleteFailure', { properties: { statusCode: '403' } }, 'denied'],
    [
      'ResourceActionFailure',
      { properties: '{"statusMessage":"{\\"error\\":{\\"code\\":\\"AuthorizationFailed\\"}}"}' },
      'denied',
    ],
    ['ResourceWriteFailure', { properties: { statusMessage: 'RequestDisallowedByPolicy' } }, 'denied'],
    ['ResourceActionCancel', { status: 'Canceled' }, 'failed'],
  ])('%s with %j has the outcome %s', (type, data, outcome) => {
    const draft = normalized({ type, data });
    expect(draft.data.outcome).toBe(outcome);
    // Only what succeeded took effect.
    expect(draft.data.clock?.effective !== undefined).toBe(outcome === 'succeeded');
  });
});

describe('the caller', () => {
  const id = { 'http://schemas.microsoft.com/identity/claims/objectidentifier': OID };
  test.each<[string, unknown, unknown, object | undefined]>([
    ['a person by upn', PERSON, undefined, { kind: 'human', id: `entra:${OID.toLowerCase()}` }],
    [
      'a person whose token has only a scope',
      { ...id, 'http://schemas.microsoft.com/identity/claims/scope': 'user_impersonation' },
      undefined,
      { kind: 'human' },
    ],
    ['a person by idtyp', { ...id, idtyp: 'user' }, undefined, { kind: 'human' }],
    ['a person by the role assignment', id, { principalType: 'User' }, { kind: 'human' }],
    [
      'a service principal by idtyp, whatever else the token has',
      { ...PERSON, idtyp: 'app' },
      undefined,
      { kind: 'service' },
    ],
    [
      'a service principal by the role assignment',
      { ...id, appid: 'app-1' },
      { principalType: 'ServicePrincipal' },
      { kind: 'service', id: `entra:${OID.toLowerCase()}` },
    ],
    [
      'a service principal that proved itself with a certificate',
      { ...id, appid: 'app-1', appidacr: '2' },
      undefined,
      { kind: 'service' },
    ],
    [
      'a service principal without object id',
      { appid: 'APP-1', appidacr: '1' },
      undefined,
      { kind: 'service', id: 'entra-app:app-1' },
    ],
    [
      'a managed identity',
      {
        ...id,
        xms_mirid: `${SUBSCRIPTION}/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/deployer`,
      },
      undefined,
      { kind: 'service', name: 'deployer' },
    ],
    [
      'a person by the only address that the token has',
      { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': 'Jane@Contoso.com', idtyp: 'user' },
      undefined,
      { kind: 'human', id: 'mail:jane@contoso.com', address: 'Jane@Contoso.com' },
    ],
    [
      'the subject of a token that has nothing else',
      { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier': 'Subject-1' },
      undefined,
      { kind: 'unknown', id: 'entra-subject:Subject-1' },
    ],
    [
      'a person whose token has a name, though the client proved itself with a certificate',
      { ...id, name: 'Jane Doe', appid: 'app-1', appidacr: '2' },
      undefined,
      { kind: 'human', name: 'Jane Doe' },
    ],
    [
      'a guest, under the address that the token states',
      {
        ...id,
        'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name': 'live.com#guest@other.test',
        'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': 'guest.work@other.test',
      },
      undefined,
      { kind: 'human', name: 'guest@other.test', address: 'guest.work@other.test' },
    ],
    [
      'a guest without address, by the login alone and without the provider before it',
      { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name': 'live.com#guest@other.test' },
      undefined,
      { kind: 'human', id: 'mail:guest@other.test', address: 'guest@other.test' },
    ],
    [
      'a guest by the principal name that the tenant gave',
      { ...id, upn: 'guest_other.test#EXT#@contoso.com' },
      undefined,
      { kind: 'human', address: 'guest_other.test#EXT#@contoso.com' },
    ],
    ['an object id alone: nobody knows of what', id, undefined, { kind: 'unknown', id: `entra:${OID.toLowerCase()}` }],
    [
      'the role assignment’s principal where the token is missing',
      undefined,
      { principalId: OID.replaceAll('-', ''), principalType: 'User' },
      { kind: 'human', id: `entra:${OID.toLowerCase()}` },
    ],
    ['nobody, where the assignment is a group’s', undefined, { principalId: OID, principalType: 'Group' }, undefined],
    ['nobody, where nothing says who', {}, {}, undefined],
    ['nobody, where the claims are of another form', 'not json', [], undefined],
  ])('is %s', (_what, claims, evidence, actor) => {
    const draft = normalized({ data: { claims, authorization: { action: 'x/write', evidence } } });
    expect({ actor: draft.data.actor }).toMatchObject({ actor });
  });
});

test('a caller from a partner’s tenant is taken for one of the customer’s: both tenants are on record', () => {
  const claims = { ...PERSON, 'http://schemas.microsoft.com/identity/claims/tenantid': 'PARTNER' };
  const detailsOf = (tenantId: string | undefined): unknown => normalized({ data: { claims, tenantId } }).data.details;
  expect(detailsOf('CUSTOMER')).toMatchObject({ tenant: 'CUSTOMER', callerTenant: 'PARTNER' });
  expect(detailsOf('partner')).toMatchObject({ tenant: 'partner' });
  expect(detailsOf('partner')).not.toHaveProperty('callerTenant');
  expect(detailsOf(undefined)).toMatchObject({ tenant: 'PARTNER' });
});

describe('access', () => {
  const body = {
    Id: 'x',
    Properties: {
      PrincipalId: 'P-1',
      PrincipalType: 'User',
      RoleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/R-1',
      Scope: VAULT,
    },
  };
  const expected = {
    id: ASSIGNMENT.toLowerCase(),
    change: 'granted',
    principal: { kind: 'human', id: 'entra:p-1' },
    role: { id: '/providers/microsoft.authorization/roledefinitions/r-1' },
    scope: VAULT.toLowerCase(),
  };
  test.each<[string, Record<string, unknown>]>([
    ['as text in properties', { properties: { requestbody: JSON.stringify(body) } }],
    ['as an object', { requestBody: body }],
    ['in properties that are text', { properties: JSON.stringify({ requestbody: JSON.stringify(body) }) }],
    [
      'in the answer',
      {
        properties: {
          responseBody: JSON.stringify({
            properties: {
              principalId: 'P-1',
              principalType: 'User',
              roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/R-1',
              scope: VAULT,
            },
          }),
        },
      },
    ],
  ])('granted names principal, role and scope from the request %s', (_what, data) => {
    const draft = normalized({
      operation: 'Microsoft.Authorization/roleAssignments/write',
      resource: ASSIGNMENT,
      data,
    });
    expect(draft.type).toBe('indelible.access.role_assignment.written');
    expect(draft.data.grant).toEqual(expected);
  });

  test('whose event lacks the request is a grant to somebody unknown, on the scope that the id names', () => {
    const draft = normalized({ operation: 'Microsoft.Authorization/roleAssignments/write', resource: ASSIGNMENT });
    expect(draft.data.grant).toEqual({
      id: ASSIGNMENT.toLowerCase(),
      change: 'granted',
      principal: { kind: 'unknown' },
      role: {},
      scope: VAULT.toLowerCase(),
    });
  });

  test('taken back is joined to its grant by the assignment’s id', () => {
    const draft = normalized({
      type: 'ResourceDeleteSuccess',
      operation: 'Microsoft.Authorization/roleAssignments/delete',
      resource: ASSIGNMENT,
    });
    expect(draft.type).toBe('indelible.access.role_assignment.deleted');
    expect(draft.data.grant).toMatchObject({ id: ASSIGNMENT.toLowerCase(), change: 'revoked' });
  });

  test('that was refused is on record as refused', () => {
    const draft = normalized({
      type: 'ResourceWriteFailure',
      operation: 'Microsoft.Authorization/roleAssignments/write',
      resource: ASSIGNMENT,
      data: { subStatus: 'Forbidden' },
    });
    expect(draft.data.outcome).toBe('denied');
    expect(draft.data.summary).toContain('denied');
  });

  test.each<[string, string, Record<string, unknown>, string]>([
    ['ResourceWriteFailure', 'write', { subStatus: 'Forbidden' }, 'requested'],
    ['ResourceWriteCancel', 'write', { status: 'Canceled' }, 'requested'],
    ['ResourceWriteSuccess', 'write', { status: 'Accepted' }, 'requested'],
    ['ResourceWriteSuccess', 'write', {}, 'granted'],
    ['ResourceDeleteFailure', 'delete', {}, 'revocationRequested'],
    ['ResourceDeleteSuccess', 'delete', {}, 'revoked'],
  ])(
    '%s of a role assignment (%s, %j) is %s: only what came about is granted or revoked',
    (type, verb, data, change) => {
      const operation = `Microsoft.Authorization/roleAssignments/${verb}`;
      const draft = normalized({ type, operation, resource: ASSIGNMENT, data });
      expect(draft.data.grant?.change).toBe(change);
    },
  );

  test('elevated to the root is not granted where it failed', () => {
    const operation = 'Microsoft.Authorization/elevateAccess/action';
    const draft = normalized({ type: 'ResourceActionFailure', operation, resource: '/' });
    expect(draft.data.grant?.change).toBe('requested');
  });

  test('is not granted by an action on a role assignment that nobody knows', () => {
    const operation = 'Microsoft.Authorization/roleAssignments/inspect/action';
    const draft = normalized({ type: 'ResourceActionSuccess', operation, resource: ASSIGNMENT });
    expect(draft.type).toBe('indelible.access.role_assignment.acted');
    expect(draft.data).not.toHaveProperty('grant');
  });

  test.each([
    [ASSIGNMENT, VAULT],
    ['/providers/Microsoft.Authorization/roleAssignments/a', '/'],
    [`${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/a`, SUBSCRIPTION],
    [
      `${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.DocumentDB/databaseAccounts/acc/sqlRoleAssignments/a`,
      `${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.DocumentDB/databaseAccounts/acc`,
    ],
    [
      `${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.X/a/1/b/2/xRoleAssignments/a`,
      `${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.X/a/1/b/2`,
    ],
    [`${VAULT}/providers/Microsoft.Authorization/roleAssignments/a/versions/1`, VAULT],
  ])('%s without a body has the scope %s: a wider one would grant more than was', (resource, scope) => {
    const operation = 'Microsoft.X/roleAssignments/write';
    expect(normalized({ operation, resource }).data.grant?.scope).toBe(scope.toLowerCase());
  });

  test.each([
    ['User', 'human'],
    ['ServicePrincipal', 'service'],
    ['Group', 'unknown'],
    ['ForeignGroup', 'unknown'],
    ['Device', 'unknown'],
  ])('to a %s, under a condition, looks as if it were to anybody and unconditional', (principalType, kind) => {
    const condition = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'x'";
    const properties = { principalId: 'P-1', principalType, condition, description: 'Night shift' };
    const draft = normalized({
      operation: 'Microsoft.Authorization/roleAssignments/write',
      resource: ASSIGNMENT,
      data: { requestBody: { properties } },
    });
    expect(draft.data.grant?.principal.kind).toBe(kind);
    expect(draft.data.details).toMatchObject({ principalType, condition, description: 'Night shift' });
  });

  test.each([
    ['AdminAssign', 'write', 'requested'],
    ['SelfActivate', 'write', 'requested'],
    ['AdminRemove', 'write', 'revocationRequested'],
    ['SelfDeactivate', 'write', 'revocationRequested'],
    ['SelfActivate', 'cancel/action', 'withdrawn'],
    ['SelfActivate', 'validate/action', undefined],
  ])('%s by %s looks like a new request for access', (requestType, verb, change) => {
    const draft = normalized({
      type: verb === 'write' ? 'ResourceWriteSuccess' : 'ResourceActionSuccess',
      operation: `Microsoft.Authorization/roleAssignmentScheduleRequests/${verb}`,
      resource: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/r1`,
      data: { requestBody: { properties: { principalId: 'P-1', requestType } } },
    });
    expect(draft.data.grant?.change).toBe(change);
    expect(draft.data.grant?.scope).toBe(change === undefined ? undefined : SUBSCRIPTION);
  });

  test.each<[string, unknown, string | undefined]>([
    ['2026-03-01T12:00:00Z', { type: 'AfterDuration', duration: 'PT8H' }, '2026-03-01T20:00:00.000Z'],
    ['2026-03-01T12:00:00Z', { type: 'AfterDuration', duration: 'P1W2DT30M' }, '2026-03-10T12:30:00.000Z'],
    [
      '2026-03-01T12:00:00Z',
      { type: 'AfterDateTime', endDateTime: '2026-04-01T00:00:00Z' },
      '2026-04-01T00:00:00.000Z',
    ],
    ['2026-03-01T12:00:00Z', { type: 'NoExpiration', duration: null, endDateTime: null }, undefined],
    ['2026-03-01T12:00:00Z', { type: 'AfterDuration', duration: 'P1M' }, undefined],
    ['2026-03-01T12:00:00Z', { type: 'AfterDuration', duration: 'P' }, undefined],
    ['2026-03-01T12:00:00Z', { type: 'AfterDuration', duration: 'P999999W' }, undefined],
    ['2026-02-31T12:00:00Z', { type: 'AfterDuration', duration: 'PT8H' }, undefined],
  ])('from %s that expires %j seems to be for ever', (startDateTime, expiration, until) => {
    const properties = { scheduleInfo: { startDateTime, expiration } };
    const draft = normalized({
      operation: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
      resource: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/r1`,
      data: { requestBody: { properties } },
    });
    expect(draft.data.grant?.until).toBe(until);
    expect(draft.data.details?.['duration']).toBe((expiration as { duration?: string | null }).duration ?? undefined);
  });

  test('asked for with a ticket names it', () => {
    const ticketInfo = { ticketNumber: 'CHG-7', ticketSystem: 'ServiceNow' };
    const draft = normalized({
      operation: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
      data: { requestBody: { Properties: { TicketInfo: ticketInfo } } },
    });
    expect(draft.data.details).toMatchObject(ticketInfo);
  });

  test('requested through privileged identity management has its period and its justification', () => {
    const draft = normalized({
      operation: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
      resource: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/r1`,
      data: {
        properties: {
          requestbody: JSON.stringify({
            properties: {
              principalId: 'P-1',
              requestType: 'SelfActivate',
              justification: 'incident 7',
              scheduleInfo: {
                startDateTime: '2026-03-01T12:00:00Z',
                expiration: { endDateTime: '2026-03-01T20:00:00Z' },
              },
            },
          }),
        },
      },
    });
    expect(draft.type).toBe('indelible.access.role_schedule.written');
    expect(draft.data.grant).toMatchObject({
      change: 'requested',
      from: '2026-03-01T12:00:00.000Z',
      until: '2026-03-01T20:00:00.000Z',
      scope: SUBSCRIPTION,
    });
    expect(draft.data.details).toMatchObject({ requestType: 'SelfActivate', justification: 'incident 7' });
  });

  test('elevated to the root is a grant to the caller', () => {
    const draft = normalized({
      type: 'ResourceActionSuccess',
      operation: 'Microsoft.Authorization/elevateAccess/action',
      resource: '/providers/Microsoft.Authorization',
    });
    expect(draft.data.grant).toMatchObject({
      change: 'granted',
      principal: { id: `entra:${OID.toLowerCase()}` },
      scope: '/',
    });
  });

  test.each([
    ['Microsoft.Authorization/roleDefinitions/write', 'indelible.access.role_definition.written'],
    ['Microsoft.Authorization/roleEligibilityScheduleRequests/write', 'indelible.access.role_schedule.written'],
    ['Microsoft.Authorization/roleManagementPolicies/write', 'indelible.access.role_policy.written'],
    ['Microsoft.Authorization/denyAssignments/delete', 'indelible.access.deny_assignment.deleted'],
    ['Microsoft.Authorization/policyExemptions/write', 'indelible.access.policy_exemption.written'],
    ['Microsoft.Authorization/locks/delete', 'indelible.access.lock.deleted'],
    ['MICROSOFT.AUTHORIZATION/LOCKS/WRITE', 'indelible.access.lock.written'],
    ['Microsoft.KeyVault/vaults/accessPolicies/write', 'indelible.access.access_policy.written'],
    ['Microsoft.Storage/storageAccounts/listKeys/action', 'indelible.access.credential.acted'],
    ['Microsoft.Storage/storageAccounts/listAccountSas/action', 'indelible.access.credential.acted'],
    ['Microsoft.Storage/storageAccounts/regenerateKey/action', 'indelible.access.credential.acted'],
    [
      'Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action',
      'indelible.access.credential.acted',
    ],
    ['Microsoft.DocumentDB/databaseAccounts/listConnectionStrings/action', 'indelible.access.credential.acted'],
    ['Microsoft.Compute/disks/beginGetAccess/action', 'indelible.access.credential.acted'],
    ['Microsoft.Web/sites/slots/config/list/action', 'indelible.access.credential.acted'],
    ['Microsoft.EventHub/namespaces/authorizationRules/write', 'indelible.access.authorization_rule.written'],
    ['Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write', 'indelible.access.role_assignment.written'],
    [
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write',
      'indelible.access.federated_credential.written',
    ],
    ['Microsoft.Compute/virtualMachines/start/action', 'indelible.infrastructure.resource.acted'],
    ['Microsoft.Authorization/policyAssignments/write', 'indelible.infrastructure.resource.written'],
    ['Microsoft.Network/virtualNetworks/subnets/join/action', 'indelible.infrastructure.resource.acted'],
  ])('%s is of type %s', (operation, type) => {
    const verb = operation.toLowerCase().split('/').at(-1) ?? '';
    const event = { write: 'ResourceWriteSuccess', delete: 'ResourceDeleteSuccess' }[verb] ?? 'ResourceActionSuccess';
    expect(normalized({ type: event, operation }).type).toBe(type);
  });
});

test('the deployment of a template joins the chain as a deployment', () => {
  const resource = `${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Resources/deployments/Main-7`;
  const draft = normalized({ operation: 'Microsoft.Resources/deployments/write', resource });
  expect(draft.type).toBe('indelible.deployment.template.written');
  expect(draft.data.links?.[0]).toEqual({ kind: 'deployment', id: resource.toLowerCase() });
});

describe('what is no resource event', () => {
  test.each<[string, string, string]>([
    [
      'the handshake of Event Grid',
      JSON.stringify([
        { id: 'x', eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationCode: '1' } },
      ]),
      'event',
    ],
    [
      'an event of another source',
      JSON.stringify({ type: 'Microsoft.PolicyInsights.PolicyStateChanged', data: {} }),
      'event',
    ],
    ['an event without type', '{"data":{}}', 'event'],
    [
      'a type with something around it',
      JSON.stringify({ type: 'xMicrosoft.Resources.ResourceWriteSuccess', data: {} }),
      'event',
    ],
    ['an event without data', JSON.stringify({ type: 'Microsoft.Resources.ResourceWriteSuccess' }), 'shape'],
    [
      'an event that names neither who called nor on what',
      JSON.stringify({ type: 'Microsoft.Resources.ResourceWriteSuccess', id: '1', data: {} }),
      'shape',
    ],
    [
      'an event that names them in another form than theirs',
      JSON.stringify({ type: 'Microsoft.Resources.ResourceWriteSuccess', data: { resourceUri: '/', claims: [] } }),
      'shape',
    ],
    ['several events', JSON.stringify([eventOf(), eventOf()]), 'shape'],
    ['an empty array', '[]', 'shape'],
    ['text', 'hello', 'json'],
  ])('is unrecognized with its reason: %s', (_what, body, code) => {
    expect(() => normalize(body)).toThrow(expect.objectContaining({ name: 'Unrecognized', code }));
  });

  test.each(ODD_BODIES)('is unrecognized, not a crash, where the body is or has %s', (_what, body) => {
    expect(() => normalize(body)).toThrow(Unrecognized);
    expect(() => azureActivityNormalizer.deliveryOf?.(body)).not.toThrow();
  });
});

describe('odd fields', () => {
  test.each<[string, Parts]>([
    ['a time in 1601', { envelope: { eventTime: '1601-01-01T00:00:00Z' } }],
    ['a time in 9999', { envelope: { eventTime: '9999-12-31T23:59:59.9999999Z' } }],
    ['no time at all', { envelope: { eventTime: 'yesterday' } }],
    [
      'strings of 1 MB everywhere',
      {
        operation: 'o'.repeat(1_000_000),
        resource: `/${'r/'.repeat(500_000)}`,
        data: { correlationId: 'c'.repeat(1_000_000), status: 's'.repeat(1_000_000) },
      },
    ],
    [
      'lone surrogates',
      { operation: '\ud800/write', resource: '/subscriptions/\udfff', data: { correlationId: '\ud800' } },
    ],
    [
      'numbers for texts',
      {
        data: {
          operationName: 7,
          resourceUri: 7,
          correlationId: 7,
          status: 7,
          claims: 7,
          authorization: 7,
          httpRequest: 7,
        },
      },
    ],
    [
      'an empty resource id',
      { resource: '', data: { resourceUri: '', operationName: '' }, envelope: { topic: '', subject: '' } },
    ],
    ['a resource id of slashes', { resource: '//////' }],
    [
      'a resource named providers',
      { resource: `${SUBSCRIPTION}/resourceGroups/providers/providers/Microsoft.Web/sites/providers` },
    ],
    ['claims nested 5,000 deep as text', { data: { claims: '['.repeat(5_000) } }],
    [
      'a request body with a prototype',
      {
        operation: 'Microsoft.Authorization/roleAssignments/write',
        data: { requestbody: '{"__proto__":{"principalId":"x"},"scheduleInfo":{"expiration":7}}' },
      },
    ],
    ['control characters in names', { data: { claims: { ...PERSON, name: '\u0000\u001b[2J\u202e' } } }],
  ])('do not spoil the event: %s', (_what, parts) => {
    const draft = normalized(parts);
    expect(draft.type).toMatch(/^indelible\.(infrastructure|access)\./);
    expect(draft.data.outcome).toBe('succeeded');
  });

  test('a resource named providers is not taken for a provider', () => {
    const draft = normalized({
      resource: `${SUBSCRIPTION}/resourceGroups/providers/providers/Microsoft.Web/sites/providers`,
    });
    expect(draft.data.target).toMatchObject({ kind: 'microsoft.web/sites', name: 'providers' });
  });

  test('whatever one member of the event is changed to, a record or a reason comes out', () => {
    const paths = [
      'id',
      'topic',
      'subject',
      'eventType',
      'eventTime',
      'data',
      'data.claims',
      'data.authorization',
      'data.httpRequest',
      'data.properties',
      'data.requestbody',
      'data.operationName',
      'data.resourceUri',
      'data.correlationId',
      'data.status',
      'data.authorization.evidence',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 4 }), fc.boolean(), (path, value, asText) => {
        const event: Record<string, unknown> = structuredClone(
          eventOf({ operation: 'Microsoft.Authorization/roleAssignments/write' }),
        );
        const members = path.split('.');
        const last = members.pop() ?? '';
        const holder = members.reduce<Record<string, unknown>>(
          (at, member) => at[member] as Record<string, unknown>,
          event,
        );
        holder[last] = asText ? JSON.stringify(value) : value;
        expect(['record', 'reason']).toContain(outcomeOf(() => normalize(JSON.stringify(event))));
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes give a record or a reason', () => {
    const valid = Buffer.from(JSON.stringify(eventOf()));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const body = Buffer.from(valid);
          for (const [at, byte] of changes) body.writeUInt8(byte, at);
          expect(['record', 'reason']).toContain(outcomeOf(() => normalize(body)));
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('the delivery of a message straight from Event Grid is the event’s id', () => {
  expect(azureActivityNormalizer.deliveryOf?.(Buffer.from(JSON.stringify(eventOf())))).toBe('event-1');
  expect(azureActivityNormalizer.deliveryOf?.(Buffer.from(JSON.stringify([eventOf()])))).toBe('event-1');
  expect(azureActivityNormalizer.deliveryOf?.(Buffer.from('{"id":7}'))).toBeUndefined();
  expect(azureActivityNormalizer.deliveryOf?.(Buffer.from('{'))).toBeUndefined();
});
