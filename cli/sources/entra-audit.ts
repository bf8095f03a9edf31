import type { SampleMessage, SourceDescription } from './source.ts';

export const ENTRA_AUDIT_DESCRIPTION: SourceDescription = {
  authenticated: "the app's own identity, with which it queries the workspace",
  intro:
    "The audit log of Entra ID, as a timer reads it from the table `AuditLogs`: one message per row, `envelope.event` is the name of the table. Records of diagnostic settings and Graph's `directoryAudit` are read as well, alone or as a list, and so are the sign-ins that exports mix in. Everything is category `access`. An activity that no list of Microsoft's names is told by its type of operation and what it was done to. A consent that makes several grants is a record for each. `envelope.delivery` is the entry's `Id`; without one, the SHA-256 of the bytes.",
  fills: new Map([
    ['source', '`/tenants/<id>`; `/tenants` where the entry does not name its tenant, as in Graph'],
    [
      'actor',
      'who initiated it: `entra:<object id>`, of an application that of its service principal. Accounts of directory synchronization and of privileged identity management are `service`; agents of Entra Agent ID are `ai`, with the user that they acted for',
    ],
    ['target', 'whoever gets or loses access, else what the entry names first, else the tenant'],
    ['related', 'the other targets, each in the part of its type; `principal` and `scope` that only properties name'],
    [
      'changes',
      'the modified properties, unwrapped; of a whole policy the fields that differ, by their path; credentials by key id, type and name, never their values',
    ],
    ['links', 'the request of privileged access, and the correlation id'],
    ['outcome', 'the result; `denied` where rights were missing; `pending` where an approval is asked for'],
    ['time', '`ActivityDateTime`'],
    ['origin', "the initiator's address, client, application and session"],
    [
      'grant',
      'roles (permanent, eligible, activated), members and owners, app roles, delegated permissions, consents, access packages, elevation; with the period where there is one. What did not succeed is `requested` or `revocationRequested`',
    ],
    [
      'decision',
      'approvals of privileged access, access packages, group joins, access reviews. The request is `entra-request:<RoleAssignmentRequestId>`, which all steps share',
    ],
    ['inconsequential', 'entries of reading'],
  ]),
  details: new Map([
    ['category', 'of the entry: RoleManagement, UserManagement, Policy …; of a sign-in which kind'],
    ['service', 'that logged it: Core Directory, PIM, Conditional Access …'],
    ['operationType', 'Add, Update, Delete, Assign …'],
    ['result', 'as Entra says it'],
    ['resultReason', 'why it failed, or what was stated as reason'],
    ['resultCode', 'AADSTS code of a sign-in; 0 is success'],
    ['tenant', 'id of the Entra tenant, never that of the workspace'],
    ['justification', 'that the requester gave'],
    ['ticketNumber', 'that the request names'],
    ['ticketSystem', 'where that ticket is'],
    ['wellKnownRole', "the directory's own name of the role, e.g. TenantAdmins"],
    ['assignment', 'permanent, timebound, renew, extend'],
    ['adminConsent', 'true where an administrator consented'],
    ['consentForAll', 'true where the consent is for all users'],
    ['consentType', 'AllPrincipals or Principal'],
    ['addedKeys', 'ids of new credentials'],
    ['removedKeys', 'ids of credentials that are gone'],
    ['invitedAddress', 'mail address of an invited guest'],
    ['applicationId', 'application (client) id that the entry names'],
    ['operatingSystem', 'of the device'],
    ['application', 'that was signed in with'],
    ['clientApplication', 'Browser, Mobile Apps and Desktop clients, Other clients …'],
    ['conditionalAccess', 'success, failure or notApplied'],
    ['authenticationRequirement', 'single or multi factor'],
    ['protocol', 'of the sign-in, e.g. oAuth2, ropc'],
    ['risk', 'level during the sign-in'],
    ['userType', 'Member or Guest'],
    ['place', 'country of the sign-in'],
  ]),
};

const TENANT = '8c1d2e3f-4a5b-4c6d-8e7f-901234567890';
const MONA = { id: '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11', userPrincipalName: 'mona@acme.example' };
const JANE = { id: '77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d', userPrincipalName: 'jane@acme.example' };
const REQUEST = '61998d6f-fcf3-400a-9d40-cbfa74a3bfbd';

interface Parts {
  readonly category: string;
  readonly type?: string;
  readonly service?: string;
  readonly by?: object;
  readonly targets?: readonly object[];
  readonly additional?: Readonly<Record<string, string>>;
  readonly result?: string;
  readonly reason?: string;
}

function row(activity: string, parts: Parts): SampleMessage {
  const {
    category,
    type = 'Update',
    service = 'Core Directory',
    by,
    targets = [],
    additional = {},
    result,
    reason,
  } = parts;
  return {
    source: 'entra-audit',
    event: 'AuditLogs',
    body: {
      TenantId: 'id of the workspace',
      AADTenantId: TENANT,
      TimeGenerated: '2026-11-23T06:00:00Z',
      ActivityDateTime: '2026-11-23T06:00:00Z',
      Id: 'Directory_1',
      CorrelationId: '7d1f',
      ActivityDisplayName: activity,
      OperationName: activity,
      Category: category,
      AADOperationType: type,
      LoggedByService: service,
      Result: result ?? 'success',
      ResultReason: reason ?? '',
      InitiatedBy: JSON.stringify(by ?? { user: { ...MONA, displayName: 'Mona Lisa', ipAddress: '203.0.113.7' } }),
      TargetResources: JSON.stringify(targets),
      AdditionalDetails: JSON.stringify(Object.entries(additional).map(([key, value]) => ({ key, value }))),
    },
  };
}

function target(
  type: string,
  id: string,
  displayName: string,
  properties: Readonly<Record<string, [unknown, unknown]>> = {},
) {
  const modifiedProperties = Object.entries(properties).map(([name, [from, to]]) => ({
    displayName: name,
    oldValue: from === undefined ? null : JSON.stringify(from),
    newValue: to === undefined ? null : JSON.stringify(to),
  }));
  return { type, id, displayName, modifiedProperties };
}

const USER = { ...target('User', JANE.id, 'Jane Doe'), userPrincipalName: JANE.userPrincipalName };
const GROUP = target('Group', '5c1e8a3d-9f42-4b07-8d6e-2a7f0c4b9e15', 'Payments operators');
const GRAPH = '62cb17e7-d25e-4356-ad51-a861585f8634';
const APP = '13371536-9950-4988-90f4-343566456781';
const ROLE: Readonly<Record<string, [unknown, unknown]>> = {
  'Role.DisplayName': [undefined, 'Global Administrator'],
  'Role.TemplateId': [undefined, '62e90394-69f5-4237-9190-012177145e10'],
  'Role.WellKnownObjectName': [undefined, 'TenantAdmins'],
};
const PRIVILEGED: Parts = {
  category: 'RoleManagement',
  service: 'PIM',
  targets: [
    target('Role', 'fe930be7-5e62-47db-91af-98c3a49a38b1', 'User Administrator'),
    target('Request', REQUEST, ''),
    USER,
  ],
  additional: {
    StartTime: '2026-11-23T06:00:00Z',
    ExpirationTime: '2026-11-23T14:00:00Z',
    Justification: 'Night duty',
    TicketNumber: 'CHG-7',
    TicketSystem: 'ServiceNow',
    RoleAssignmentRequestId: REQUEST,
  },
};
const key = (id: string): string => `[KeyIdentifier=${id},KeyType=Password,KeyUsage=Verify,DisplayName=sync]`;

/** Made-up rows that fill all that rows can fill. */
export const ENTRA_AUDIT_SAMPLES: readonly SampleMessage[] = [
  row('Add member to role', {
    category: 'RoleManagement',
    type: 'Assign',
    targets: [{ ...target('User', JANE.id, 'Jane Doe', ROLE), userPrincipalName: JANE.userPrincipalName }],
  }),
  row('Remove member from role', {
    category: 'RoleManagement',
    type: 'Unassign',
    by: { app: { displayName: 'MS-PIM', servicePrincipalId: 'bdefcbb6-d8b2-497d-a944-b683d9a36b0c' } },
    targets: [USER],
  }),
  ...[
    'Add member to role requested (PIM activation)',
    'Add member to role approval requested (PIM activation)',
    'Add member to role request approved (PIM activation)',
    'Add member to role request denied (PIM activation)',
    'Add member to role completed (PIM activation)',
    'Add member to role canceled (PIM activation)',
    'PIM activation request expired',
    'Remove member from role completed (PIM deactivate)',
    'Remove member from role (PIM activation expired)',
    'Add eligible member to role in PIM completed (timebound)',
    'Remove eligible member from role in PIM completed (permanent)',
    'Update member in PIM requested (extend)',
    'Update member in PIM approved by admin (extend/renew)',
  ].map((activity) => row(activity, PRIVILEGED)),
  row('Update role setting in PIM', { category: 'RoleManagement', service: 'PIM', targets: PRIVILEGED.targets ?? [] }),
  row('User has elevated their access to User Access Administrator for their Azure Resources', {
    category: 'AzureRBACRoleManagementElevateAccess',
    service: 'Azure RBAC (Elevated Access)',
  }),
  row('Add member to group', { category: 'GroupManagement', type: 'Assign', targets: [USER, GROUP] }),
  row('Remove member from group', { category: 'GroupManagement', type: 'Unassign', targets: [USER, GROUP] }),
  row('Add owner to group', { category: 'GroupManagement', type: 'Assign', targets: [USER, GROUP] }),
  row('Add app role assignment to service principal', {
    category: 'ApplicationManagement',
    type: 'Assign',
    targets: [
      target('ServicePrincipal', GRAPH, 'Microsoft Graph', {
        'AppRole.Id': [undefined, '242607bd-1d2c-432c-82eb-bdb27baa23ab'],
        'AppRole.Value': [undefined, 'Directory.Read.All'],
        'ServicePrincipal.ObjectID': [undefined, APP],
        'ServicePrincipal.DisplayName': [undefined, 'ledger-poller'],
      }),
    ],
  }),
  row('Add delegated permission grant', {
    category: 'ApplicationManagement',
    type: 'Assign',
    targets: [
      target('ServicePrincipal', GRAPH, 'Microsoft Graph', {
        'DelegatedPermissionGrant.Scope': [' User.Read', ' User.Read Mail.Read'],
        'DelegatedPermissionGrant.ConsentType': ['AllPrincipals', 'AllPrincipals'],
        'ServicePrincipal.ObjectID': [undefined, APP],
      }),
    ],
  }),
  row('Consent to application', {
    category: 'ApplicationManagement',
    type: 'Assign',
    targets: [
      target('ServicePrincipal', APP, 'Mail archiver', {
        'ConsentContext.IsAdminConsent': [undefined, 'True'],
        'ConsentContext.OnBehalfOfAll': [undefined, 'False'],
        'ConsentAction.Permissions': [
          undefined,
          `[] => [[Id: g1, ClientId: ${APP}, PrincipalId: ${JANE.id}, ResourceId: ${GRAPH}, ConsentType: Principal, Scope: Mail.Read ]]; `,
        ],
      }),
    ],
    additional: { 'User-Agent': 'Mozilla/5.0', AppId: 'b8e5d2a9-3c71-4f04-9a6e-0d4f7c2b1e93' },
  }),
  row('Update application – Certificates and secrets management ', {
    category: 'ApplicationManagement',
    targets: [
      target('Application', '020c2630-81fb-4469-9a9c-ce9984a45458', 'Ledger sync', {
        KeyDescription: [[key('4245f2f5')], [key('11ca002d')]],
      }),
    ],
  }),
  ...['Add', 'Update', 'Delete'].map((verb) =>
    row(`${verb} conditional access policy`, {
      category: 'Policy',
      type: verb,
      service: 'Conditional Access',
      targets: [
        target('Policy', '5ca3cbf8-d6c8-432c-8f85-879ed5144e0f', 'Require MFA', {
          ConditionalAccessPolicy: [
            verb === 'Add' ? undefined : { state: 'enabled' },
            verb === 'Delete' ? undefined : { state: 'disabled' },
          ],
        }),
      ],
    }),
  ),
  row('Update named location', {
    category: 'Policy',
    service: 'Conditional Access',
    targets: [target('Policy', 'nl1', 'Office')],
  }),
  row('Update a partner cross-tenant access setting', {
    category: 'CrossTenantAccessSettings',
    targets: [target('Policy', 'ct1', 'Partner')],
  }),
  row('User registered security info', {
    category: 'UserManagement',
    service: 'Authentication Methods',
    reason: 'User registered Authenticator App',
    targets: [USER],
  }),
  row('Reset password (by admin)', { category: 'UserManagement', targets: [USER] }),
  ...['Add user', 'Update user', 'Disable account', 'Delete user'].map((activity) =>
    row(activity, { category: 'UserManagement', targets: [USER] }),
  ),
  row('Invite external user', {
    category: 'UserManagement',
    service: 'Invited Users',
    targets: [USER],
    additional: { invitedUserEmailAddress: 'guest@other.example' },
  }),
  row('Register device', {
    category: 'Device',
    service: 'Device Registration Service',
    targets: [target('Device', 'd1', 'LAPTOP-7')],
    additional: { DeviceOSType: 'Windows' },
  }),
  row('Add member to administrative unit', {
    category: 'AdministrativeUnit',
    targets: [USER, target('AdministrativeUnit', 'au1', 'Branch')],
  }),
  ...[
    'User requests access package assignment',
    'Approve access package assignment request',
    'Deny access package assignment request',
  ].map((activity) =>
    row(activity, {
      category: 'EntitlementManagement',
      service: 'Entitlement Management',
      targets: [
        target('AccessPackageAssignmentRequest', 'r1', ''),
        target('AccessPackage', 'p1', 'Payments read'),
        USER,
      ],
    }),
  ),
  row('Approve decision', {
    category: 'Policy',
    service: 'Access Reviews',
    targets: [target('AccessReview', 'ar1', 'Quarterly'), USER],
  }),
  row('GroupLifecyclePolicies_Get', { category: 'GroupManagement', service: 'Self-service Group Management' }),
  {
    source: 'entra-audit',
    event: 'AuditLogs',
    body: {
      time: '2026-11-23T06:00:00Z',
      resourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam`,
      operationName: 'Sign-in activity',
      category: 'SignInLogs',
      location: 'DE',
      properties: {
        createdDateTime: '2026-11-23T06:00:00Z',
        userId: MONA.id,
        userPrincipalName: MONA.userPrincipalName,
        userType: 'Member',
        appDisplayName: 'Azure Portal',
        resourceDisplayName: 'Azure Resource Manager',
        clientAppUsed: 'Browser',
        conditionalAccessStatus: 'failure',
        authenticationRequirement: 'multiFactorAuthentication',
        authenticationProtocol: 'oAuth2',
        riskLevelDuringSignIn: 'none',
        status: { errorCode: 53003, failureReason: 'Blocked by Conditional Access.' },
      },
    },
  },
];
