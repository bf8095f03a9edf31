import { hash } from 'node:crypto';

import type { Grant, Principal } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutMasked } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, timeAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { draftOf } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { permissionsText, repositoryOf } from './installation.ts';
import { verbOf } from './verb.ts';

const TOKEN_STEPS = new Map<string, Pick<NonNullable<Facts['decision']>, 'step' | 'verdict'>>([
  ['created', { step: 'requested' }],
  ['approved', { step: 'voted', verdict: 'approve' }],
  ['denied', { step: 'voted', verdict: 'reject' }],
  ['cancelled', { step: 'withdrawn' }],
]);

/** `personal_access_token_request`: a fine-grained token asks for rights in an organization, whose owners decide. */
export function normalizeTokenRequest(delivery: Delivery): readonly RecordDraft[] {
  const { action = '', payload, source, host } = delivery;
  const request = objectAt(payload, 'personal_access_token_request');
  const id = idAt(request, 'id') ?? '';
  const url = cutMasked(`${source}/personal_access_token_requests/${id}`, 'uri');
  const owner = principalOf(objectAt(request, 'owner'), host);
  const name = textAt(request, 'token_name');
  const step = TOKEN_STEPS.get(action);
  const verb = verbOf(delivery.action);
  const asked = action === 'created';
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'personal_access_token_request',
      verb,
      time: asked ? timeAt(request, 'created_at') : undefined,
      subject: `personal_access_token_requests/${id}`,
      outcome: asked ? 'pending' : 'succeeded',
      target: { kind: 'personalAccessTokenRequest', id: url, ...(name === undefined ? {} : { name }) },
      related: [
        relatedPerson('owner', owner),
        ...(objectsAt(request, 'repositories').length > 64
          ? []
          : objectsAt(request, 'repositories').map((each) => repositoryOf(each, host))),
      ],
      details: {
        tokenName: name,
        tokenExpired: booleanAt(request, 'token_expired'),
        tokenExpiresAt: timeAt(request, 'token_expires_at'),
        tokenLastUsedAt: timeAt(request, 'token_last_used_at'),
        repositorySelection: textAt(request, 'repository_selection'),
        repositories: numberAt(request, 'repository_count'),
        permissionsAdded: tokenPermissions(request, 'permissions_added'),
        permissionsUpgraded: tokenPermissions(request, 'permissions_upgraded'),
        permissions: tokenPermissions(request, 'permissions_result'),
      },
      decision:
        step === undefined
          ? undefined
          : {
              kind: 'access',
              request: url,
              ...step,
              ...reasonOf(payload),
              ...(name === undefined ? {} : { title: name }),
            },
      grant: tokenGrant(delivery, request, owner),
      clock: { requested: timeAt(request, 'created_at') },
      links: [{ kind: 'request', id: url }],
      did: `${asked ? 'asked for approval of' : verb} the personal access token${name === undefined ? '' : ` "${name}"`}${
        owner?.name === undefined ? '' : ` of ${owner.name}`
      }`,
    }),
  ];
}

function reasonOf(payload: JsonObject): { reason?: string } {
  const reason = longTextAt(payload, 'reason') ?? longTextAt(payload, 'personal_access_token_request', 'reason');
  return reason === undefined ? {} : { reason };
}

/** `{organization: {members: read}, repository: {contents: write}, other: {}}` */
function tokenPermissions(request: JsonObject | undefined, member: string): string | undefined {
  const groups = Object.entries(objectAt(request, member) ?? {}).flatMap(([group]) => {
    const text = permissionsText(objectAt(request, member, group));
    return text === undefined ? [] : [`${group} ${text}`];
  });
  return groups.length === 0 ? undefined : cutMasked(groups.join('; '), 'long');
}

/** Denied and cancelled requests give and take nothing. */
function tokenGrant(
  { action, source }: Delivery,
  request: JsonObject | undefined,
  owner: Principal | undefined,
): Grant | undefined {
  if (action !== 'created' && action !== 'approved') return undefined;
  const id = idAt(request, 'token_id') ?? idAt(request, 'id');
  const role = tokenPermissions(request, 'permissions_result') ?? tokenPermissions(request, 'permissions_added');
  const until = timeAt(request, 'token_expires_at');
  return {
    ...(id === undefined ? {} : { id }),
    change: action === 'approved' ? 'granted' : 'requested',
    principal: owner ?? { kind: 'unknown' },
    role: role === undefined ? {} : { name: role },
    scope: cutMasked(source, 'uri'),
    ...(until === undefined ? {} : { until }),
  };
}

/** `deploy_key`: whoever holds the private key may read or write the repository. */
export function normalizeDeployKey(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host, sender } = delivery;
  const key = objectAt(payload, 'key');
  const id = idAt(key, 'id') ?? '';
  const title = textAt(key, 'title');
  const readOnly = booleanAt(key, 'read_only');
  const verb = verbOf(action);
  const right = readOnly === undefined ? undefined : readOnly ? 'read' : 'write';
  const principal: Principal = {
    kind: 'service',
    id: cutMasked(`${host}:deploy_key/${id}`, 'uri'),
    ...(title === undefined ? {} : { name: title }),
  };
  const addedBy = textAt(key, 'added_by');
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'deploy_key',
      verb,
      time: action === 'created' ? timeAt(key, 'created_at') : undefined,
      subject: `keys/${id}`,
      target: { kind: 'deployKey', id: principal.id, ...(title === undefined ? {} : { name: title }) },
      related: [
        addedBy === undefined
          ? undefined
          : relatedPerson(
              'addedBy',
              addedBy === sender?.name ? sender : { kind: 'unknown', id: `${host}:@${addedBy}`, name: addedBy },
            ),
      ],
      details: {
        right,
        fingerprint: fingerprintOf(longTextAt(key, 'key')),
        verified: booleanAt(key, 'verified'),
        lastUsed: timeAt(key, 'last_used'),
      },
      grant: {
        id,
        change: action === 'deleted' ? 'revoked' : action === 'created' ? 'granted' : 'changed',
        principal,
        role: right === undefined ? {} : { name: right },
        scope: source,
      },
      did: `${verb} deploy key${title === undefined ? '' : ` "${title}"`}${right === undefined ? '' : ` (${right})`}`,
    }),
  ];
}

/** As `ssh-keygen -l` shows it: SHA-256 of the key's bytes, base64 without padding. */
function fingerprintOf(key: string | undefined): string | undefined {
  const encoded =
    key === undefined ? undefined : /^(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]{1,64} ([A-Za-z0-9+/=]+)/.exec(key)?.[1];
  return encoded === undefined
    ? undefined
    : `SHA256:${hash('sha256', Buffer.from(encoded, 'base64'), 'base64').replace(/=+$/, '')}`;
}
