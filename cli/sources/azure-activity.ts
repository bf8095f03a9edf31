import type { SampleMessage, SourceDescription } from './source.ts';

/** What docs/sources.md says of Event Grid's resource events. */
export const AZURE_ACTIVITY_DESCRIPTION: SourceDescription = {
  authenticated: 'the key of the Event Grid trigger, which the Functions host checks',
  intro:
    "Event Grid's resource events of subscriptions and resource groups (write, delete, action; success, failure, cancel), in its own schema or as CloudEvents. The host re-serializes the event, so its evidence is `JSON.stringify` of what the host passes. Operations on roles, keys, locks and the like are category `access`, deployments of templates `deployment`, all others `infrastructure`.",
  fills: new Map([
    ['source', 'the subscription'],
    [
      'actor',
      "claims of the caller's token, else the role assignment that let the call through; id `entra:<object id>`",
    ],
    ['target', 'the resource, its id in lower case'],
    ['links', 'the correlation id, the operation, and for templates the deployment'],
    ['outcome', "the event's type; `denied` where role or policy refused; `pending` where Azure only accepted"],
    ['origin', "the caller's address, application and session"],
    [
      'grant',
      'role assignments, privileged requests, elevation; the principal where the event has the request. What did not succeed is `requested` or `revocationRequested`, never `granted` or `revoked`',
    ],
  ]),
  details: new Map([
    ['status', 'as Azure says it'],
    ['subStatus', 'HTTP status or reason'],
    ['statusMessage', 'why it failed'],
    ['resourceProvider', 'e.g. Microsoft.Sql'],
    ['tenant', 'id of the Entra tenant'],
    ['callerTenant', 'tenant that the caller signed in to, where it is another'],
    ['callerRole', 'role that let the call through'],
    ['callerRoleScope', 'where that role is assigned'],
    ['callerRoleAssignment', 'id of that assignment'],
    ['authenticationMethods', 'how the person signed in, e.g. pwd,mfa'],
    ['method', 'HTTP method'],
    ['clientRequest', "the client's own id of the request"],
    ['tokenAddress', 'address that the token was issued to, where it is another than the calling one'],
    ['principalType', 'what the role is assigned to, in the words of the request: User, Group, ServicePrincipal, …'],
    ['condition', 'under which the role assignment holds'],
    ['description', 'of the role assignment'],
    ['requestType', 'of a privileged-access request'],
    ['justification', 'of a privileged-access request'],
    ['duration', 'how long the access is asked for, ISO 8601'],
    ['ticketNumber', 'that the privileged-access request names'],
    ['ticketSystem', 'where that ticket is'],
  ]),
};

const SUBSCRIPTION = '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21';
const ASSIGNMENT = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24`;

/** All that its normalizer can fill. */
export const AZURE_ACTIVITY_SAMPLES: readonly SampleMessage[] = [
  {
    source: 'azure-activity',
    event: 'Microsoft.Resources.ResourceWriteFailure',
    body: {
      id: '1',
      eventType: 'Microsoft.Resources.ResourceWriteFailure',
      eventTime: '2026-11-23T06:00:00Z',
      topic: SUBSCRIPTION,
      subject: ASSIGNMENT,
      data: {
        authorization: {
          scope: ASSIGNMENT,
          action: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
          evidence: { role: 'Owner', roleAssignmentScope: SUBSCRIPTION, roleAssignmentId: '0f3c' },
        },
        claims: {
          'http://schemas.microsoft.com/identity/claims/objectidentifier': '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
          name: 'Mona Lisa',
          upn: 'mona@acme.example',
          ipaddr: '203.0.113.9',
          amr: 'pwd,mfa',
          tid: '6e2f',
          appid: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
        },
        httpRequest: { clientIpAddress: '203.0.113.7', clientRequestId: 'a5b3', method: 'PUT' },
        operationName: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
        resourceProvider: 'Microsoft.Authorization',
        resourceUri: ASSIGNMENT,
        correlationId: '7d1f',
        status: 'Failed',
        subStatus: 'Forbidden',
        tenantId: '8c1d',
        properties: {
          statusMessage: 'Not allowed.',
          requestBody: JSON.stringify({
            properties: {
              principalId: '77aa',
              principalType: 'User',
              requestType: 'SelfActivate',
              justification: 'Night duty',
              condition: "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'ledger'",
              description: 'For the night shift',
              scheduleInfo: { startDateTime: '2026-11-23T22:00:00Z', expiration: { duration: 'PT8H' } },
              ticketInfo: { ticketNumber: 'CHG-7', ticketSystem: 'ServiceNow' },
            },
          }),
        },
      },
    },
  },
  {
    source: 'azure-activity',
    event: 'Microsoft.Resources.ResourceDeleteSuccess',
    body: {
      eventType: 'Microsoft.Resources.ResourceDeleteSuccess',
      topic: SUBSCRIPTION,
      subject: `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Sql/servers/ledger`,
      data: { operationName: 'Microsoft.Sql/servers/delete' },
    },
  },
  {
    source: 'azure-activity',
    event: 'Microsoft.Resources.ResourceWriteSuccess',
    body: {
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      topic: SUBSCRIPTION,
      subject: `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Resources/deployments/release-41`,
      data: { operationName: 'Microsoft.Resources/deployments/write', correlationId: '7d1f' },
    },
  },
];
