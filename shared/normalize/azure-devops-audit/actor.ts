import type { Actor, Principal, RecordData } from '../../wire/record.ts';
import type { AuditEntry } from './entry.ts';
import type { Fields } from './fields.ts';
import { foldId } from './fields.ts';

/** Azure DevOps's own services act under ids of this form, and in no organization's name. */
const SERVICE_ID = /^[0-9a-f]{8}-0000-8888-8000-[0-9a-f]{12}$/;

/** Accounts that Azure DevOps makes for builds, agents and itself; as people they would approve their own work. */
const SERVICE_NAME =
  /^(?:azure devops services?|visual studio team services|team foundation (?:server|service)|microsoft\.\S+)$|\bbuild service \(|\bagent pool service \(|^project collection (?:build )?service\b/i;
/** `Build\<id>`, `AgentPool\<id>`: what such accounts have for a login. */
const SERVICE_LOGIN = /^[A-Za-z]+\\[0-9a-f-]{32,36}$/;

/**
 * Who acted. A managed identity or service principal is named by its client id, and the user's ids are nil then. How the
 * call was authenticated tells only that an application signed in by itself: `S2S_ServicePrincipal` is the web page calling
 * another service for the person who uses it.
 */
export function actorOf({ fields, data }: AuditEntry): Actor | undefined {
  const client = fields.id('ActorClientId');
  const login = fields.text('ActorUPN');
  const name = fields.text('ActorDisplayName') ?? login;
  const kind = kindOf(fields, client, name, login);
  const address = login?.includes('@') === true ? login : undefined;
  const id = idOf(fields, client, address, kind, name);
  if (id === undefined) return undefined;
  const behalf = behalfOf(fields) ?? (kind === 'human' ? undefined : requesterOf(data));
  return {
    kind,
    id,
    ...(name === undefined ? {} : { name }),
    ...(kind === 'human' && address !== undefined ? { address } : {}),
    ...(behalf === undefined || behalf.id === id ? {} : { onBehalfOf: behalf }),
  };
}

function kindOf(
  fields: Fields,
  client: string | undefined,
  name: string | undefined,
  login: string | undefined,
): Actor['kind'] {
  if (client !== undefined) return 'service';
  const user = fields.id('ActorUserId');
  if (user !== undefined && SERVICE_ID.test(user)) return 'service';
  if (isServiceName(name) || isServiceName(login)) return 'service';
  if (/AADServicePrincipal/i.test(fields.text('AuthenticationMechanism') ?? '')) return 'service';
  // Only users have a CUID, as Azure DevOps documents it; a login that is an address is a person's.
  return login?.includes('@') === true || fields.id('ActorCUID') !== undefined ? 'human' : 'unknown';
}

/** True for the name or login of an account that no person uses. */
export function isServiceName(name: string | undefined): boolean {
  return name !== undefined && (SERVICE_NAME.test(name) || SERVICE_LOGIN.test(name));
}

/** The user's id within the organization is the one that service hooks name the same person by. */
function idOf(
  fields: Fields,
  client: string | undefined,
  address: string | undefined,
  kind: Actor['kind'],
  name: string | undefined,
): string | undefined {
  if (client !== undefined) return `entra-app:${client}`;
  const user = fields.id('ActorUserId');
  if (user !== undefined) return userId(user);
  const everywhere = fields.id('ActorCUID');
  if (everywhere !== undefined) return `azure-devops-cuid:${everywhere}`;
  if (address !== undefined) return `upn:${address.toLowerCase()}`;
  return kind === 'service' && name !== undefined ? `azure-devops:@${name}` : undefined;
}

/** Of a user, a service or a group of an organization. */
export function userId(id: string): string {
  return `azure-devops:${id}`;
}

/** Where an entry names a second identity beside the actor: the one that the actor was acting as. */
function behalfOf(fields: Fields): Principal | undefined {
  const id = fields.id('ActorImpersonatingUserId', 'ActorImpersonatedUserId', 'ImpersonatedUserId');
  if (id === undefined) return undefined;
  const name = fields.text(
    'ActorImpersonatingDisplayName',
    'ActorImpersonatingUserDisplayName',
    'ActorImpersonatedDisplayName',
  );
  const address = fields.text('ActorImpersonatingUPN', 'ActorImpersonatingUserUPN', 'ActorImpersonatedUPN');
  return principalOf(id, name ?? address);
}

/** Releases and builds are carried out by a service account for whoever asked. */
function requesterOf(data: Fields): Principal | undefined {
  const id = data.id('RequesterId', 'RequestedForId');
  return id === undefined || SERVICE_ID.test(id) || !isIdentity(id) ? undefined : principalOf(id, undefined);
}

function isIdentity(id: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id);
}

/** An identity that is named by its id alone: entries do not say whether it is a person, a group or a service. */
export function principalOf(id: string, name: string | undefined, kind?: Principal['kind']): Principal {
  const service = SERVICE_ID.test(id) || isServiceName(name);
  const stated = kind ?? (service ? 'service' : 'unknown');
  return { kind: stated, id: userId(id), ...(name === undefined ? {} : { name }) };
}

/**
 * An identity by its security descriptor: `Microsoft.IdentityModel.Claims.ClaimsIdentity;<tenant>\<login>` is a user,
 * `Microsoft.TeamFoundation.Identity;S-1-9-…` a group, `Microsoft.TeamFoundation.ServiceIdentity;…` a build service.
 */
export function principalOfDescriptor(descriptor: string, name: string | undefined): Principal {
  const [type = '', rest = ''] = descriptor.split(';', 2);
  const login = rest.includes('\\') ? rest.slice(rest.indexOf('\\') + 1) : rest;
  const user = /ClaimsIdentity$|BindPendingIdentity$/i.test(type) && login.includes('@');
  const service = /ServiceIdentity$|AadServicePrincipal$|ServicePrincipal$/i.test(type) || isServiceName(name);
  return {
    kind: service ? 'service' : user ? 'human' : 'unknown',
    id: userId(foldId(descriptor) ?? descriptor),
    ...(name === undefined ? {} : { name }),
    ...(user && !service ? { address: login } : {}),
  };
}

/** From where: a personal access token is told by the id of its authorization, which its own records have too. */
export function originOf({ fields }: AuditEntry): NonNullable<RecordData['origin']> {
  const address = fields.text('IpAddress');
  const client = fields.text('UserAgent');
  const application = fields.id('ActorClientId');
  const session = authenticationOf(fields).authorization;
  return {
    ...(address === undefined ? {} : { address }),
    ...(client === undefined ? {} : { client }),
    ...(application === undefined ? {} : { application }),
    ...(session === undefined ? {} : { session }),
  };
}

/** `PAT_Unscoped authorizationId: <id>`; the id may be cut short by the source. */
export function authenticationOf(fields: Fields): { mechanism?: string; authorization?: string } {
  const text = fields.text('AuthenticationMechanism');
  if (text === undefined) return {};
  const [mechanism = '', authorization] = text.split(/\s+authorizationId:\s*/i, 2);
  return {
    ...(mechanism === '' ? {} : { mechanism }),
    ...(authorization === undefined || authorization === '' ? {} : { authorization }),
  };
}
