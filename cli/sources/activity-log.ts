import type { SampleMessage, SourceDescription } from './source.ts';

export const ACTIVITY_LOG_DESCRIPTION: SourceDescription = {
  authenticated: "the app's own identity, with which it queries the workspace",
  intro:
    'The Azure Activity Log, all categories, as a timer reads it from the table `AzureActivity`: one message per row, `envelope.event` is the name of the table. Records of diagnostic settings and events of the REST API are read as well, alone or as a list. Each step of an operation is a record: `Start` and `Accept` are pending, and the last says how it ended. Types, targets and grants are those of [azure-activity](#azure-activity), and the links `operation` and `correlation` join what Event Grid reported of the same operation. What Azure reports by itself (policy, security, health, alerts, autoscale, recommendations) has types of its own. `envelope.delivery` is `EventDataId`; without one, the SHA-256 of the bytes.',
  fills: new Map([
    ['source', 'the subscription'],
    [
      'actor',
      "claims of the caller's token, else the role assignment that let the call through, else `Caller`; a service of Azure's own is `azure-service:<name>`. Absent where Azure reports by itself",
    ],
    ['target', 'the resource, its id in lower case'],
    ['related', 'policy assignments and definitions, the rule of an alert, the resource that autoscale changed'],
    ['changes', 'health before and after, instances before and after'],
    ['links', 'the correlation id, the operation, and for templates the deployment'],
    [
      'outcome',
      '`ActivityStatusValue`; `denied` where role or policy refused; `pending` where the operation only began or was accepted',
    ],
    ['origin', "the caller's address, application and session"],
    ['grant', 'as of azure-activity'],
    ['inconsequential', 'reads that were let through, and recommendations'],
  ]),
  details: new Map([
    ['category', 'of the entry: Administrative, Policy, Security …'],
    ['level', 'Critical, Error, Warning, Informational'],
    ['location', 'region of the resource'],
    ['operationId', "Azure's id of the operation"],
    ['status', 'as Azure says it: Start, Accept, Success, Failure, Active …; of stored data the HTTP status'],
    ['subStatus', 'HTTP status or reason'],
    ['statusMessage', 'why it failed'],
    ['resourceProvider', 'e.g. Microsoft.Sql'],
    ['tenant', 'id of the Entra tenant, never that of the workspace'],
    ['callerTenant', 'tenant that the caller signed in to, where it is another'],
    ['callerRole', 'role that let the call through'],
    ['callerRoleScope', 'where that role is assigned'],
    ['callerRoleAssignment', 'id of that assignment'],
    ['authenticationMethods', 'how the person signed in, e.g. pwd,mfa'],
    ['method', 'HTTP method'],
    ['clientRequest', "the client's own id of the request"],
    ['tokenAddress', 'address that the token was issued to, where it is another than the calling one'],
    ['principalType', 'what the role is assigned to: User, Group, ServicePrincipal …'],
    ['condition', 'under which the role assignment holds'],
    ['description', 'of the role assignment, the alert or the health event'],
    ['requestType', 'of a privileged-access request'],
    ['justification', 'of a privileged-access request'],
    ['duration', 'how long the access is asked for, ISO 8601'],
    ['ticketNumber', 'that the privileged-access request names'],
    ['ticketSystem', 'where that ticket is'],
    ['effect', 'what Azure Policy did: deny, audit, modify …'],
    ['policies', 'names of the policy assignments'],
    ['complianceCheck', 'true where a scan found it, and nobody asked for anything'],
    ['title', 'of the alert, the incident or the recommendation'],
    ['severity', 'of the security alert'],
    ['intent', 'what an attacker would be after'],
    ['compromisedEntity', 'what the security alert is about'],
    ['actionTaken', 'what Defender did'],
    ['affectedUser', 'user that the security alert names'],
    ['service', 'of Azure that has the incident'],
    ['region', 'where the incident is'],
    ['incidentType', 'Incident, Maintenance, Security …'],
    ['trackingId', "Azure's id of the incident"],
    ['stage', 'of the incident: Active, Resolved …'],
    ['impactStart', 'when the incident began'],
    ['eventType', 'of the health event: Downtime, Degraded …'],
    ['cause', 'PlatformInitiated or UserInitiated'],
    ['rule', 'name of the alert rule'],
    ['metric', 'that the rule looks at'],
    ['threshold', 'of the rule'],
    ['comparison', 'how the rule compares'],
    ['profile', 'autoscale profile that was in force'],
    ['recommendationCategory', 'Cost, Security …'],
    ['recommendationType', "Advisor's id of the kind of recommendation"],
    ['impact', 'of the recommendation'],
    ['risk', 'of the recommendation'],
    ['authenticationType', 'how access to stored data was opened: AccountKey, SAS, OAuth'],
    ['account', 'storage account'],
  ]),
};

const SUBSCRIPTION = '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21';
const SERVER = `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Sql/servers/ledger`;
const REQUEST = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24`;
const TENANT = '8c1d2e3f-4a5b-4c6d-8e7f-901234567890';

/** A row, with what is the same in all; `properties` as the text that dynamic columns come as. */
function row(category: string, operation: string, resource: string, status: string, more: object, properties: object) {
  return {
    source: 'activity-log',
    event: 'AzureActivity',
    body: {
      TenantId: 'id of the workspace',
      TimeGenerated: '2026-11-23T06:00:00Z',
      CategoryValue: category,
      OperationNameValue: operation,
      ActivityStatusValue: status,
      CorrelationId: '7d1f',
      EventDataId: 'e1',
      Level: 'Informational',
      Hierarchy: `${TENANT}/acme/3f7b6d1e`,
      SubscriptionId: '3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21',
      Properties_d: JSON.stringify({ entity: resource, ...properties }),
      ...more,
    },
  };
}

const CALLER = {
  Caller: 'mona@acme.example',
  CallerIpAddress: '203.0.113.7',
  Claims: JSON.stringify({
    'http://schemas.microsoft.com/identity/claims/objectidentifier': '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
    name: 'Mona Lisa',
    upn: 'mona@acme.example',
    ipaddr: '203.0.113.9',
    amr: 'pwd,mfa',
    tid: '6e2f',
    appid: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
    uti: 'token-1',
  }),
  Authorization: JSON.stringify({
    evidence: { role: 'Owner', roleAssignmentScope: SUBSCRIPTION, roleAssignmentId: '0f3c' },
  }),
  HTTPRequest: JSON.stringify({ clientIpAddress: '203.0.113.7', clientRequestId: 'a5b3', method: 'PUT' }),
};

/** Made-up rows that fill all that rows can fill. */
export const ACTIVITY_LOG_SAMPLES: readonly SampleMessage[] = [
  row(
    'Administrative',
    'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTSCHEDULEREQUESTS/WRITE',
    REQUEST,
    'Failure',
    {
      ...CALLER,
      ActivitySubstatusValue: 'Forbidden',
      ResourceProviderValue: 'MICROSOFT.AUTHORIZATION',
      OperationId: '7d1f',
      Location: 'global',
    },
    {
      statusMessage: 'Not allowed.',
      requestbody: JSON.stringify({
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
  ),
  row('Administrative', 'MICROSOFT.SQL/SERVERS/DELETE', SERVER, 'Start', CALLER, {}),
  row('Administrative', 'MICROSOFT.SQL/SERVERS/WRITE', SERVER, 'Success', CALLER, {}),
  row('Administrative', 'MICROSOFT.SQL/SERVERS/READ', SERVER, 'Success', CALLER, {}),
  row('Administrative', 'MICROSOFT.SQL/SERVERS/FAILOVER/ACTION', SERVER, 'Accept', CALLER, {}),
  row(
    'Administrative',
    'MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE',
    `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Resources/deployments/release-41`,
    'Success',
    CALLER,
    {},
  ),
  row('Policy', 'Microsoft.Authorization/policies/deny/action', SERVER, 'Failure', CALLER, {
    isComplianceCheck: 'False',
    resourceLocation: 'westeurope',
    policies: JSON.stringify([
      {
        policyDefinitionId: '/providers/Microsoft.Authorization/policyDefinitions/5775cdd5',
        policyAssignmentId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/no-public-network`,
        policyAssignmentName: 'no-public-network',
      },
    ]),
  }),
  ...['activate', 'dismiss', 'resolve'].map((step) =>
    row(
      'Security',
      `Microsoft.Security/locations/alerts/${step}/action`,
      `${SUBSCRIPTION}/providers/Microsoft.Security/locations/westeurope/alerts/2518_a48f`,
      'Active',
      {},
      {
        eventName: 'Suspicious file executed',
        description: 'A process with a double extension ran.',
        eventProperties: {
          severity: 'High',
          intent: 'Execution',
          compromisedEntity: 'BATCH01',
          ActionTaken: 'Detected',
          userName: 'svc-batch',
        },
      },
    ),
  ),
  row(
    'ServiceHealth',
    'Microsoft.ServiceHealth/incident/action',
    SUBSCRIPTION,
    'Active',
    {},
    {
      eventProperties: {
        title: 'SQL Database - West Europe',
        service: 'SQL Database',
        region: 'West Europe',
        incidentType: 'Incident',
        trackingId: 'ABCD-123',
        stage: 'Active',
        impactStartTime: '2026-11-23T05:30:00Z',
      },
    },
  ),
  row(
    'ResourceHealth',
    'Microsoft.Resourcehealth/healthevent/Activated/action',
    SERVER,
    'Active',
    {},
    {
      eventProperties: {
        title: 'Unplanned restart',
        type: 'Downtime',
        cause: 'PlatformInitiated',
        previousHealthStatus: 'Available',
        currentHealthStatus: 'Unavailable',
      },
    },
  ),
  ...['Activated', 'Resolved', 'Throttled'].map((step) =>
    row(
      'Alert',
      `Microsoft.Insights/AlertRules/${step}/Action`,
      SERVER,
      step,
      { Caller: 'Microsoft.Insights/alertRules' },
      {
        eventProperties: {
          RuleName: 'ledger-cpu',
          RuleUri: `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Insights/alertRules/ledger-cpu`,
          MetricName: 'cpu_percent',
          Threshold: '80',
          Operator: 'GreaterThan',
        },
      },
    ),
  ),
  ...['Scaleup', 'Scaledown'].map((step) =>
    row(
      'Autoscale',
      `Microsoft.Insights/AutoscaleSettings/${step}/Action`,
      `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Insights/autoscaleSettings/plan`,
      'Succeeded',
      { Caller: 'Microsoft.Insights/autoscaleSettings' },
      {
        eventProperties: {
          ResourceName: `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Web/serverFarms/plan`,
          OldInstancesCount: '3',
          NewInstancesCount: '2',
          ActiveAutoscaleProfile: 'Night',
        },
      },
    ),
  ),
  row(
    'Recommendation',
    'Microsoft.Advisor/generateRecommendations/action',
    SERVER,
    'Active',
    {},
    {
      eventProperties: {
        recommendationName: 'Encrypt at rest',
        recommendationCategory: 'Security',
        recommendationImpact: 'High',
        recommendationRisk: 'None',
        recommendationType: '3c2d',
      },
    },
  ),
  {
    source: 'activity-log',
    event: 'AzureActivity',
    body: {
      time: '2026-11-23T06:00:00Z',
      category: 'StorageDelete',
      operationName: 'DeleteBlob',
      statusCode: 202,
      uri: 'https://ledger.blob.core.windows.net/books/2026.csv',
      resourceId: `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Storage/storageAccounts/ledger`,
      identity: { type: 'SAS' },
      properties: { accountName: 'ledger', userAgentHeader: 'curl/8.5.0' },
    },
  },
];
