import type { AuditEvent } from './event.ts';
import { privilegedRule } from './privileged.ts';
import { plainName } from './rule.ts';
import type { DecisionRule, GrantRule, Rule } from './rule.ts';

type Verbs = Readonly<Record<string, readonly string[]>>;

/**
 * Activities by the type of their records: object, verb, and the names that Entra writes.
 * https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
 */
const ACTIVITIES: Readonly<Record<string, Verbs>> = {
  user: {
    created: ['Add user', 'Viral user creation', 'User_Create'],
    updated: [
      'Update user',
      'Set user manager',
      'Set force change user password',
      'Convert federated user to managed',
      'Update attribute values assigned to a user',
    ],
    deleted: ['Delete user', 'Delete external user', 'User_Delete'],
    purged: ['Hard Delete user'],
    restored: ['Restore user'],
    disabled: ['Disable account'],
    enabled: ['Enable account'],
    unlocked: ['Unlock user account (self-service)'],
  },
  user_license: {
    changed: ['Change user license', 'Finish applying group based license to user'],
  },
  user_session: {
    revoked: ['Update StsRefreshTokenValidFrom Timestamp', 'Revoke sign-in sessions', 'Revoke user sign in sessions'],
  },
  user_risk: {
    confirmed: ['ConfirmAccountCompromised', 'ConfirmCompromised'],
    cleared: ['ConfirmSafe'],
    dismissed: ['DismissUser'],
  },
  service_principal_risk: {
    confirmed: ['ConfirmServicePrincipalCompromised'],
    dismissed: ['DismissServicePrincipal'],
  },
  invitation: {
    sent: [
      'Invite external user',
      'Invite external user with reset invitation status',
      'Invite internal user',
      'Invite internal user to B2B collaboration',
    ],
    redeemed: ['Redeem external user invite', 'Redeem extern user invite'],
    unsent: ['Email not sent, user unsubscribed'],
  },
  password: {
    changed: ['Change user password', 'Change password (self-service)'],
    reset: [
      'Reset password',
      'Reset user password',
      'Reset password (by admin)',
      'Reset password (self-service)',
      'User Password Reset',
    ],
    change_started: ['User started password change'],
    reset_started: ['Admin started password reset', 'User started password reset'],
    reset_progressed: ['Self-service password reset flow activity progress'],
    reset_blocked: ['Blocked from self-service password reset'],
  },
  app_password: {
    created: ['Create application password for user'],
    deleted: ['Delete application password for user'],
  },
  authentication_method: {
    registered: [
      'User registered security info',
      'User registered all required security info',
      'Admin registered security info',
      'Security info saved for self-service password reset',
      'User Password Registration',
      'Register TOTP secret',
      'Add FIDO2 security key',
      'Add Windows Hello for Business credential',
      'Add passwordless phone sign-in credential',
      'Add platform credential',
      'Add users strong authentication phone app detail',
      'Create Temporary Access Pass method for user',
    ],
    updated: ['User updated security info', 'Admin updated security info', 'User changed default security info'],
    deleted: [
      'User deleted security info',
      'Admin deleted security info',
      'Delete FIDO2 security key(s)',
      'Delete FIDO2 security key',
      'Delete Windows Hello for Business credential',
      'Delete passwordless phone sign-in credential',
      'Delete platform credential',
      'Remove users strong authentication phone app detail',
      'Delete all available strong authentication devices',
      'Delete Temporary Access Pass method for user',
    ],
    reviewed: ['User reviewed security info'],
    registration_started: ['User started security info registration', 'Get passkey creation options'],
    registration_canceled: ['User canceled security info registration'],
    required: ['Enable Strong Authentication'],
    no_longer_required: ['Disable Strong Authentication'],
  },
  hardware_token: {
    created: ['Create Hardware Oath Token', 'Bulk upload Hardware Oath Token'],
    assigned: ['Assign Hardware Oath Token'],
    updated: ['Update Hardware Oath Token', 'Set user oath token metadata enabled'],
    deleted: ['Delete Hardware Oath Token'],
  },
  authentication_policy: {
    updated: [
      'Authentication Methods Policy Update',
      'Update authentication methods policy',
      'Update authentication flows policy',
    ],
    reset: ['Authentication Methods Policy Reset'],
  },
  authentication_strength: {
    created: ['Authentication Strength Policy Create', 'Authentication Strength Combination Configuration Create'],
    updated: ['Authentication Strength Policy Update', 'Authentication Strength Combination Configuration Update'],
    deleted: ['Authentication Strength Policy Delete', 'Authentication Strength Combination Configuration Delete'],
  },
  mfa_block: {
    added: ['Add blocked user', 'POST Tenant.CreateBlockedUser'],
    removed: ['Clear block on user', 'POST Tenant.RemoveBlockedUser'],
  },
  mfa_bypass: {
    added: ['Add bypass user', 'POST Tenant.CreateBypassedUser'],
    removed: ['Remove bypassed user', 'POST Tenant.RemoveBypassedUser', 'POST TenantRemoveBypassedUser'],
  },
  fraud_report: {
    made: [
      'Fraud reported - no action taken',
      'Fraud reported - user is blocked for MFA',
      'Suspicious activity reported',
    ],
  },
  group: {
    created: ['Add group', 'Group_Create'],
    updated: ['Update group', 'Group_Update', 'Set group to be managed by user'],
    deleted: ['Delete group', 'Group_Delete'],
    purged: ['Hard Delete group'],
    restored: ['Restore group', 'Group_Restore'],
    renewed: ['Renew group', 'Autorenew group', 'LcmPolicy_RenewGroup'],
    labeled: ['Assign label to group'],
    unlabeled: ['Remove label from group'],
  },
  group_member: {
    added: ['Add member to group', 'Group_AddMember'],
    removed: ['Remove member from group', 'Group_RemoveMember'],
  },
  group_owner: {
    added: ['Add owner to group', 'Group_AddOwner'],
    removed: ['Remove owner from group', 'Group_RemoveOwner'],
  },
  group_license: {
    changed: [
      'Set group license',
      'Start applying group based license to users',
      'Trigger group license recalculation',
    ],
  },
  group_setting: {
    created: ['Create group settings', 'Create lifecycle management policy'],
    updated: ['Update group settings', 'Update lifecycle management policy'],
    deleted: ['Delete group settings', 'Delete lifecycle management policy'],
  },
  application: {
    created: ['Add application', 'Create V2 application'],
    updated: [
      'Update application',
      'Update V2 application',
      'Update application with safe rollout',
      'Complete application update after safe rollout',
      'Cancel application update with safe rollout',
    ],
    deleted: ['Delete application', 'Delete V2 application'],
    purged: ['Hard Delete application'],
    restored: ['Restore application'],
    publisher_verified: ['Set verified publisher'],
    publisher_unverified: ['Unset verified publisher'],
  },
  application_owner: {
    added: ['Add owner to application'],
    removed: ['Remove owner from application'],
  },
  application_credential: {
    changed: ['Update application - Certificates and secrets management', 'Update external secrets'],
    added: ['Add service principal credentials', 'Add application SSL certificate'],
    removed: ['Remove service principal credentials', 'Remove policy credentials', 'Delete SSL binding'],
  },
  application_policy: {
    added: ['Add policy to application', 'Add policy to service principal'],
    removed: ['Remove policy from application', 'Remove policy from service principal'],
  },
  service_principal: {
    created: ['Add service principal'],
    updated: ['Update service principal', 'Update attribute values assigned to a servicePrincipal'],
    deleted: ['Remove service principal', 'Delete service principal'],
    purged: ['Hard delete service principal'],
    restored: ['Restore service principal'],
  },
  service_principal_owner: {
    added: ['Add owner to service principal'],
    removed: ['Remove owner from service principal'],
  },
  app_role_assignment: {
    added: [
      'Add app role assignment to service principal',
      'Add app role assignment grant to service principal',
      'Add app role assignment grant to user',
      'Add app role assignment to user',
      'Add app role assignment to group',
    ],
    removed: [
      'Remove app role assignment from service principal',
      'Remove app role assignment from user',
      'Remove app role assignment from group',
    ],
  },
  permission_grant: {
    added: ['Add delegated permission grant', 'Add OAuth2PermissionGrant', 'Add V2 application permissions'],
    updated: ['Update delegated permission grant', 'Update V2 application permission grant'],
    removed: [
      'Remove delegated permission grant',
      'Remove OAuth2PermissionGrant',
      'Delete V2 application permission grant',
    ],
  },
  consent: {
    given: ['Consent to application', 'Grant contextual consent to application', 'Restore consent'],
    revoked: ['Revoke consent', 'Remove consent from application'],
  },
  elevation: {
    granted: ['User has elevated their access to User Access Administrator for their Azure Resources'],
    removed: ['The role assignment of User Access Administrator has been removed from the user'],
  },
  role_definition: {
    created: ['Add role definition', 'Role definition created', 'Add role from template'],
    updated: ['Update role definition', 'Update role'],
    deleted: ['Delete role definition'],
  },
  role_policy: {
    updated: ['Update role setting in PIM'],
    removed: ['PIM policy removed'],
  },
  pim_resource: {
    onboarded: ['Onboarded resource to PIM', 'Onboarded resource from PIM'],
    offboarded: ['Offboarded resource from PIM', 'Tenant offboarded from PIM'],
    updated: ['Resource updated'],
  },
  pim_alert: {
    triggered: ['Triggered PIM alert'],
    resolved: ['Resolve PIM alert'],
    disabled: ['Disable PIM alert', 'Deactivate PIM alert'],
    enabled: ['Enable PIM alert'],
    refreshed: ['Refresh PIM alert'],
    updated: ['Update PIM alert setting'],
  },
  conditional_access_policy: {
    created: ['Add Conditional Access policy'],
    updated: ['Update Conditional Access policy'],
    deleted: ['Delete Conditional Access policy'],
  },
  authentication_context: {
    created: ['Add AuthenticationContextClassReference'],
    updated: ['Update AuthenticationContextClassReference'],
    deleted: ['Delete AuthenticationContextClassReference'],
  },
  named_location: {
    created: ['Add named location'],
    updated: ['Update named location'],
    deleted: ['Delete named location'],
  },
  security_defaults: { updated: ['Update security defaults'] },
  continuous_access_evaluation: { updated: ['Update continuous access evaluation'] },
  policy: {
    created: ['Add policy', 'Add SOA policy'],
    updated: ['Update policy', 'Update mobility management policy'],
    deleted: ['Delete policy'],
  },
  policy_owner: {
    added: ['Add owner to policy'],
    removed: ['Remove owner from policy'],
  },
  authorization_policy: { updated: ['Update authorization policy'] },
  permission_grant_policy: {
    created: ['Add permission grant policy'],
    updated: ['Update permission grant policy'],
    deleted: ['Delete permission grant policy'],
  },
  risk_policy: {
    updated: [
      'Update Sign-In Risk Policy',
      'Update User Risk and MFA Registration Policy',
      'Update IdentityProtectionPolicy',
    ],
  },
  cross_tenant_setting: {
    created: ['Add a partner to cross-tenant access setting', 'Create a partner cross-tenant access setting'],
    updated: [
      'Update a partner cross-tenant access setting',
      'Update the company default cross-tenant access setting',
      'Migrated partner cross-tenant access settings to the scalable model',
    ],
    reset: ['Reset the cross-tenant access default setting'],
    deleted: ['Delete partner specific cross-tenant access setting'],
  },
  cross_tenant_sync: {
    created: ['Create a partner cross-tenant identity sync setting'],
    updated: ['Update a partner cross-tenant identity sync setting'],
    deleted: ['Delete a partner cross-tenant identity sync setting'],
  },
  administrative_unit: {
    created: ['Add administrative unit'],
    updated: ['Update administrative unit'],
    deleted: ['Delete administrative unit'],
    purged: ['Hard Delete administrative unit'],
    restored: ['Restore administrative unit'],
  },
  administrative_unit_member: {
    added: ['Add member to administrative unit', 'Add member to restricted management administrative unit'],
    removed: ['Remove member from administrative unit', 'Remove member from restricted management administrative unit'],
  },
  device: {
    created: ['Add device', 'Register device', 'Pre-create device', 'Device_Create', 'Add device from DeviceTemplate'],
    updated: ['Update device'],
    deleted: ['Delete device', 'Unregister device', 'Delete pre-created device', 'Device_Delete'],
    found_not_compliant: ['Device no longer compliant'],
    found_not_managed: ['Device no longer managed'],
  },
  device_owner: {
    added: ['Add registered owner to device'],
    removed: ['Remove registered owner from device'],
  },
  device_user: {
    added: ['Add registered users to device'],
    removed: ['Remove registered users from device'],
  },
  device_policy: { updated: ['Set device registration policies'] },
  device_password: {
    revealed: ['Reveal local administrator password'],
    updated: ['Update local administrator password'],
  },
  recovery_key: {
    added: ['Add BitLocker key'],
    deleted: ['Delete BitLocker key'],
    revealed: ['Read BitLocker key'],
  },
  domain: {
    added: ['Add unverified domain', 'Add verified domain'],
    verified: ['Verify domain', 'Verify email verified domain'],
    updated: ['Update domain', 'Promote sub domain to root domain'],
    removed: ['Remove unverified domain', 'Remove verified domain'],
  },
  domain_federation: { updated: ['Set domain authentication', 'Set federation settings on domain'] },
  partner: {
    added: ['Add partner to company', 'Promote company to partner'],
    updated: ['Set Partnership', 'Update partner directory settings'],
    removed: ['Remove partner from company', 'Demote partner'],
  },
  certificate_authority: {
    added: ['Add CertificationBasedAuthConfiguration', 'Add CertificateBasedAuthConfiguration'],
    removed: ['Delete CertificationBasedAuthConfiguration', 'Delete CertificateBasedAuthConfiguration'],
  },
  directory: {
    created: ['Create Company'],
    updated: ['Update company', 'Set Company Information'],
    deleted: ['Directory deleted', 'Directory deleted permanently'],
    deletion_scheduled: [
      'Directory scheduled for deletion (Lifecycle)',
      'Directory scheduled for deletion (UserRequest)',
    ],
  },
  directory_setting: {
    created: ['Create company settings'],
    updated: [
      'Update company settings',
      'Set company allowed data location',
      'Set company multinational feature enabled',
      'Set directory feature on tenant',
      'Set accidental deletion threshold',
      'Set DirSync feature',
      'Set DirSyncEnabled flag',
      'Set password policy',
    ],
    enabled: [
      'Enable Desktop Sso',
      'Enable Desktop Sso for a specific domain',
      'Enable application proxy',
      'Enable passthrough authentication',
      'Enable password writeback for directory',
    ],
    disabled: [
      'Disable Desktop Sso',
      'Disable Desktop Sso for a specific domain',
      'Disable application proxy',
      'Disable passthrough authentication',
      'Disable password writeback for directory',
    ],
    deleted: ['Delete company settings', 'Delete company allowed data location'],
  },
  provisioning: {
    configured: [
      'Add provisioning configuration',
      'Update attribute mappings or scope',
      'Update provisioning setting or credentials',
    ],
    enabled: ['Enable/restart provisioning configuration', 'Enable/start provisioning configuration'],
    disabled: ['Disable/pause provisioning configuration'],
    deleted: ['Delete provisioning configuration'],
  },
  access_package: {
    created: ['Create access package'],
    updated: ['Update access package'],
    deleted: ['Delete access package'],
  },
  access_package_policy: {
    created: ['Create access package assignment policy'],
    updated: ['Update access package assignment policy'],
    deleted: ['Delete access package assignment policy', 'Delete access package assignment policy for a deleted user'],
  },
  access_package_catalog: {
    created: ['Create access package catalog'],
    updated: ['Update access package catalog', 'Update access package catalog resource'],
    deleted: ['Delete access package catalog'],
  },
  access_package_assignment: {
    added: ['Administrator directly assigns user to access package', 'Fulfill access package assignment request'],
    extended: ['Extend access package assignment'],
    removed: ['Administrator directly removes user access package assignment'],
  },
  access_package_request: {
    requested: [
      'User requests access package assignment',
      'User requests an access package assignment on behalf of service principal',
      'User requests to extend access package assignment',
    ],
    removal_requested: ['User requests to remove access package assignment'],
    created: ['Entitlement Management creates access package assignment request for user'],
    stage_completed: ['Approval stage completed for access package assignment request'],
    approved: ['Approve access package assignment request'],
    approved_automatically: ['Auto approve access package assignment request'],
    denied: ['Deny access package assignment request'],
    canceled: ['Cancel access package assignment request'],
    failed: ['Failed access package assignment request'],
  },
  group_join_request: {
    requested: ['Request to join a group'],
    approved: ['Approve a pending request to join a group'],
    denied: ['Reject a pending request to join a group'],
    canceled: ['Cancel a pending request to join a group', 'Delete a pending request to join a group'],
  },
  access_request: {
    requested: ['Request created', 'Create request'],
    updated: ['Update request'],
    approved: ['Request approved', 'Approval approved'],
    denied: ['Request denied', 'Request rejected'],
    canceled: ['Request canceled'],
    expired: ['Request expired'],
    approval_removed: ['Approval removed', 'Delete approvals'],
  },
  access_review: {
    created: ['Create access review'],
    updated: ['Update access review'],
    deleted: ['Delete access review'],
    ended: ['Access review ended'],
    applied: ['Apply decision', 'Apply review', 'Auto review', 'Auto apply review'],
  },
  access_review_decision: {
    approved: ['Approve decision', 'Bulk Approve decisions'],
    denied: ['Deny decision', 'Bulk Deny decisions', 'Deny all decisions'],
    left_open: ["Don't know decision", "Bulk mark decisions as don't know"],
    reset: ['Reset decision', 'Bulk Reset decisions'],
  },
  terms_of_use: {
    created: ['Create Terms Of Use'],
    updated: ['Edit Terms Of Use'],
    published: ['Publish Terms Of Use'],
    accepted: ['Accept Terms Of Use'],
    declined: ['Decline Terms Of Use'],
    deleted: ['Delete Terms Of Use'],
    consent_deleted: ['Delete Consent'],
  },
  workflow: {
    created: ['Create workflow', 'Add workflow version'],
    updated: ['Update workflow', 'Update execution conditions', 'Add execution conditions'],
    deleted: ['Delete workflow'],
    purged: ['Hard delete workflow'],
    restored: ['Restore workflow'],
    enabled: ['Enable workflow', 'Enable workflow schedule'],
    disabled: ['Disable workflow', 'Disable workflow schedule'],
    started: ['Schedule workflow execution started', 'Set workflow for on-demand execution'],
    completed: ['Schedule workflow execution completed', 'On-demand workflow execution completed'],
  },
};

/** Objects whose records are about access that somebody holds, and how they hold it. */
const GRANTS = new Map<string, GrantRule['of']>([
  ['group_member', 'member'],
  ['device_user', 'member'],
  ['group_owner', 'owner'],
  ['application_owner', 'owner'],
  ['service_principal_owner', 'owner'],
  ['policy_owner', 'owner'],
  ['device_owner', 'owner'],
  ['app_role_assignment', 'appRole'],
  ['permission_grant', 'delegated'],
  ['consent', 'consent'],
  ['elevation', 'elevation'],
  ['access_package_assignment', 'accessPackage'],
  ['access_package_request', 'accessPackage'],
  ['group_join_request', 'member'],
]);
const COMES_ABOUT = new Map<string, GrantRule['change']>([
  ['added', 'granted'],
  ['given', 'granted'],
  ['granted', 'granted'],
  ['extended', 'changed'],
  ['updated', 'changed'],
  ['removed', 'revoked'],
  ['revoked', 'revoked'],
  ['requested', 'requested'],
  ['created', 'requested'],
  ['approved', 'requested'],
  ['approved_automatically', 'requested'],
  ['denied', 'requested'],
  ['removal_requested', 'revocationRequested'],
  ['canceled', 'withdrawn'],
]);

const DECIDED_OBJECTS = new Map<string, DecisionRule['kind']>([
  ['access_package_request', 'access'],
  ['group_join_request', 'access'],
  ['access_request', 'access'],
  ['access_review_decision', 'accessReview'],
]);
const STEPS = new Map<string, Omit<DecisionRule, 'kind'>>([
  ['requested', { step: 'requested' }],
  ['approved', { step: 'voted', verdict: 'approve' }],
  ['approved_automatically', { step: 'voted', verdict: 'approve', automated: true }],
  ['denied', { step: 'voted', verdict: 'reject' }],
  ['left_open', { step: 'voted' }],
  ['canceled', { step: 'withdrawn' }],
  ['expired', { step: 'expired' }],
  ['approval_removed', { step: 'revoked' }],
  ['reset', { step: 'reopened' }],
]);

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries(ACTIVITIES).flatMap(([object, verbs]) =>
    Object.entries(verbs).flatMap(([verb, names]) => {
      const rule = ruleOf(object, verb);
      return names.map((name) => [plainName(name), rule] as const);
    }),
  ),
);

function ruleOf(object: string, verb: string): Rule {
  const of = GRANTS.get(object);
  const change = COMES_ABOUT.get(verb);
  const kind = DECIDED_OBJECTS.get(object);
  const step = STEPS.get(verb);
  return {
    object,
    verb,
    ...(of === undefined || change === undefined ? {} : { grant: { of, change } }),
    ...(kind === undefined || step === undefined ? {} : { decision: { kind, ...step } }),
    ...(object === 'application_credential' ? { credentials: true as const } : {}),
  };
}

/** Asking, and what a sign-in consists of: nothing in the directory is different afterwards. */
const IDLE =
  /^(?:get |list |check whether |retrieve |evaluate |validate |exchange token|issue an? |make phone call |send |verify (?:phone|email|one time)|generate one time |an api was called|features_(?:get|is)|settings_get|\w+_(?:get|batchvalidate|validate)\w*|groupsodatav4_|groups_get|lcmpolicy_get|approval_get)/;
const BULK = /\(bulk\)$/;

/** What the activity means. Those that no list names are told by their type of operation and what they were done to. */
export function ruleFor({ activity, operation, operationType, targets, category }: AuditEvent): Rule {
  for (const name of [activity, operation]) {
    const plain = name === undefined ? undefined : plainName(name.slice(0, 512));
    const known = plain === undefined ? undefined : (privilegedRule(plain) ?? RULES.get(plain));
    if (known !== undefined) return known;
  }
  const plain = plainName(activity.slice(0, 512));
  if (BULK.test(plain)) {
    const object = /^(?:download|export)/.test(plain) ? 'directory_export' : 'bulk_operation';
    return { object, verb: /finished/.test(plain) ? 'completed' : 'started' };
  }
  const object = snakeCase(targets.find(({ kind }) => kind !== 'other')?.kind ?? category ?? 'directory_object');
  if (IDLE.test(plain)) return { object, verb: 'read', inconsequential: true };
  return { object, verb: pastTense(operationType) ?? pastTense(plain.split(/[ _]/)[0]) ?? 'changed' };
}

const PAST = new Map([
  ['add', 'added'],
  ['create', 'created'],
  ['register', 'registered'],
  ['update', 'updated'],
  ['set', 'updated'],
  ['edit', 'updated'],
  ['patch', 'updated'],
  ['change', 'changed'],
  ['delete', 'deleted'],
  ['remove', 'removed'],
  ['assign', 'assigned'],
  ['unassign', 'unassigned'],
  ['restore', 'restored'],
  ['enable', 'enabled'],
  ['disable', 'disabled'],
  ['reset', 'reset'],
  ['revoke', 'revoked'],
  ['approve', 'approved'],
  ['deny', 'denied'],
  ['cancel', 'canceled'],
  ['invite', 'invited'],
  ['import', 'imported'],
  ['export', 'exported'],
  ['rotate', 'rotated'],
  ['read', 'read'],
  ['reveal', 'revealed'],
]);

function pastTense(word: string | undefined): string | undefined {
  return PAST.get(word?.toLowerCase() ?? '');
}

/** `servicePrincipal` → `service_principal`, within the alphabet of record types. */
function snakeCase(name: string): string {
  const words = name
    .slice(0, 48)
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const snake = (words ?? []).join('_').replace(/^[0-9_]+/, '');
  return snake === '' ? 'directory_object' : snake;
}

/** Every activity that a rule names; the tests go through them. */
export const KNOWN_ACTIVITIES: readonly string[] = Object.values(ACTIVITIES).flatMap((verbs) =>
  Object.values(verbs).flat(),
);
