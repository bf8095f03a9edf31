import type { DecisionRule, GrantRule, Rule } from './rule.ts';

/**
 * Who is a member of a role, directly or through privileged identity management (PIM), which says the same of directory
 * roles, of groups and of Azure resources. The names are made of parts:
 * `Add [eligible] member to role [in PIM] [requested|completed|canceled] [(permanent|timebound|renew|PIM activation)]`.
 * https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities#privileged-identity-management-pim
 */
const MEMBERSHIP =
  /^(add|remove|restore|update) (eligible |scoped )?member(?: (?:to|from) role)?(?: in pim| outside of pim)?(?: (requested|completed|canceled|cancelled|approval requested|request approved|request denied|approved by admin|denied by admin))?(?: scoped over restricted management administrative unit)?(?: \(([^)]{1,40})\))?$/;

const ACCESS = { kind: 'access' } as const;
const REQUESTED: DecisionRule = { ...ACCESS, step: 'requested' };
const APPROVED: DecisionRule = { ...ACCESS, step: 'voted', verdict: 'approve' };
const DENIED: DecisionRule = { ...ACCESS, step: 'voted', verdict: 'reject' };
const WITHDRAWN: DecisionRule = { ...ACCESS, step: 'withdrawn' };

/** The other activities of PIM. Requests that are cancelled say not of what. */
const OTHERS = new Map<string, Rule>([
  [
    'pim activation request expired',
    { ...rule('role_activation', 'request_expired', 'withdrawn'), decision: { ...ACCESS, step: 'expired' } },
  ],
  [
    'approve request - direct role assignment',
    { ...rule('role_assignment', 'approved', 'requested'), decision: APPROVED },
  ],
  [
    'approve request to activate role (pim approval)',
    { ...rule('role_activation', 'approved', 'requested'), decision: APPROVED },
  ],
  [
    'deny request to activate role (pim approval)',
    { ...rule('role_activation', 'denied', 'requested'), decision: DENIED },
  ],
  ['cancel request', { ...rule('access_request', 'canceled', 'withdrawn'), decision: WITHDRAWN }],
  ['cancel request for role removal', { ...rule('access_request', 'canceled', 'withdrawn'), decision: WITHDRAWN }],
  ['cancel request for role update', { ...rule('access_request', 'canceled', 'withdrawn'), decision: WITHDRAWN }],
  ['process request', { object: 'access_request', verb: 'processed' }],
  ['process role removal request', { object: 'access_request', verb: 'processed' }],
  ['process role update request', { object: 'access_request', verb: 'processed' }],
  ['remove request', { object: 'access_request', verb: 'removed' }],
  ['remove permanent direct role assignment', rule('role_assignment', 'removed', 'revoked')],
  ['remove permanent eligible role assignment', rule('role_eligibility', 'removed', 'revoked')],
  ['restore permanent direct role assignment', rule('role_assignment', 'restored', 'granted')],
  ['restore permanent eligible role assignment', rule('role_eligibility', 'restored', 'granted')],
  ['add role assignment to role definition', rule('role_assignment', 'added', 'granted')],
  ['remove role assignment from role definition', rule('role_assignment', 'removed', 'revoked')],
  ['add eligibleroleassignment to roledefinition', rule('role_eligibility', 'added', 'granted')],
  ['remove eligibleroleassignment from roledefinition', rule('role_eligibility', 'removed', 'revoked')],
]);

/** `activity` as `plainName` gives it; undefined for all that is not about a role's members. */
export function privilegedRule(activity: string): Rule | undefined {
  const other = OTHERS.get(activity);
  if (other !== undefined) return other;
  const match = activity.length > 160 ? null : MEMBERSHIP.exec(activity);
  if (match === null) return undefined;
  const [, act = '', qualifier, status, how] = match;
  // Of `update member` without a role in the name there is only the extension of an assignment.
  if (act === 'update' && !/in pim/.test(activity)) return undefined;
  if (act !== 'update' && !/ role\b/.test(activity)) return undefined;
  const object = /pim (?:de)?activat/.test(how ?? '')
    ? 'role_activation'
    : qualifier === 'eligible '
      ? 'role_eligibility'
      : 'role_assignment';
  return act === 'update' ? extension(status) : membership(act, object, status, how);
}

function membership(act: string, object: string, status: string | undefined, how: string | undefined): Rule {
  const takes = act === 'remove';
  switch (status) {
    case 'requested':
      return takes ? rule(object, 'removal_requested', 'revocationRequested') : rule(object, 'requested', 'requested');
    case 'approval requested':
      return { ...rule(object, 'approval_requested', 'requested'), decision: REQUESTED };
    case 'request approved':
      return { ...rule(object, 'approved', 'requested'), decision: APPROVED };
    case 'request denied':
      return { ...rule(object, 'denied', 'requested'), decision: DENIED };
    case 'canceled':
    case 'cancelled':
      // Only activations are voted on; the request for another assignment is its own approval.
      return object === 'role_activation'
        ? { ...rule(object, 'canceled', 'withdrawn'), decision: WITHDRAWN }
        : rule(object, 'canceled', 'withdrawn');
    case undefined:
    default:
      return rule(object, doneVerb(act, how), takes ? 'revoked' : 'granted');
  }
}

function doneVerb(act: string, how: string | undefined): string {
  if (how === 'pim activation') return act === 'remove' ? 'deactivated' : 'completed';
  if (how === 'pim activation expired') return 'expired';
  if (how === 'pim deactivate') return 'deactivated';
  return { add: 'added', remove: 'removed', restore: 'restored' }[act] ?? 'changed';
}

/** Whoever holds an assignment asks for more time, and an administrator decides. */
function extension(status: string | undefined): Rule {
  switch (status) {
    case 'requested':
      return { ...rule('role_extension', 'requested', 'requested'), decision: REQUESTED };
    case 'approved by admin':
      return { ...rule('role_extension', 'approved', 'changed'), decision: APPROVED };
    case 'denied by admin':
      return { ...rule('role_extension', 'denied', 'requested'), decision: DENIED };
    case 'canceled':
    case 'cancelled':
      return { ...rule('role_extension', 'canceled', 'withdrawn'), decision: WITHDRAWN };
    case undefined:
    default:
      return rule('role_extension', 'completed', 'changed');
  }
}

function rule(object: string, verb: string, change: GrantRule['change']): Rule {
  return { object, verb, grant: { of: 'role', change } };
}
