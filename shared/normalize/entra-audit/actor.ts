import type { Actor, RecordData } from '../../wire/record.ts';
import { textIn, uriIn } from '../table-row.ts';
import type { Row } from '../table-row.ts';
import { directoryId } from './target.ts';
import type { AuditEvent } from './event.ts';

/**
 * User objects that no person signs in with: Entra Connect and cloud sync have accounts of their own. Privileged identity
 * management stands among the users too, with a name and without a login.
 */
const SERVICE_LOGIN = /^(?:sync_[^@]*_[0-9a-f]{6,}|adtoaadsyncserviceaccount)@/i;
const SERVICE_NAME = /^(?:azure ad |microsoft[ .]|ms-|on-premises directory synchronization|.* service$)/i;

/** Who did it. Agents of Entra Agent ID are `ai`; with a user beside them they acted for that user. */
export function actorOf({ user, app, identity }: AuditEvent): Actor | undefined {
  const person = userOf(user);
  const service = appOf(app);
  if (service !== undefined && (person === undefined || service.kind === 'ai')) {
    if (person === undefined) return service;
    const { kind, id, name, address } = person;
    return {
      ...service,
      onBehalfOf: { kind, id, ...(name === undefined ? {} : { name }), ...(address === undefined ? {} : { address }) },
    };
  }
  if (person !== undefined) return person;
  return identity === undefined
    ? undefined
    : { kind: 'unknown', id: `entra-name:${identity.toLowerCase()}`, name: identity };
}

/** A user of the directory. */
function userOf(user: Row): Actor | undefined {
  const login = textIn(user, 'userprincipalname');
  const name = textIn(user, 'displayname');
  const id = directoryId(uriIn(user, 'id'), login, name, 'user');
  if (id === undefined) return undefined;
  // `Azure ESTS Service` stands beside the login of whoever consented: the sign-in service wrote that entry down for them.
  const shown = login !== undefined && SERVICE_NAME.test(name ?? '') ? login : (name ?? login);
  return {
    kind: kindOfUser(user, login, name),
    id,
    ...(shown === undefined ? {} : { name: shown }),
    ...(login?.includes('@') === true ? { address: login } : {}),
  };
}

function kindOfUser(user: Row, login: string | undefined, name: string | undefined): Actor['kind'] {
  if (isAgent(user)) return 'ai';
  if (login === undefined) return SERVICE_NAME.test(name ?? '') ? 'service' : 'unknown';
  return SERVICE_LOGIN.test(login) || /^on-premises directory synchronization/i.test(name ?? '') ? 'service' : 'human';
}

/** An application: its service principal is who acts, and mostly all that the entry names. */
function appOf(app: Row): Actor | undefined {
  const principal = uriIn(app, 'serviceprincipalid');
  const application = uriIn(app, 'appid');
  const name = textIn(app, 'displayname', 'serviceprincipalname');
  const id =
    directoryId(principal, undefined, undefined, 'servicePrincipal') ??
    (application === undefined ? undefined : `entra-app:${application.toLowerCase()}`) ??
    (name === undefined ? undefined : `entra-name:servicePrincipal/${name.toLowerCase()}`);
  if (id === undefined) return undefined;
  return { kind: isAgent(app) ? 'ai' : 'service', id, ...(name === undefined ? {} : { name }) };
}

/** An agent identity or its blueprint, or the user account of one. */
export function isAgent(identity: Row): boolean {
  const type = textIn(identity, 'agenttype')?.toLowerCase();
  return type !== undefined && type !== 'notagentic' && type !== 'unknownfuturevalue';
}

/** From where it was done, and with what. */
export function originOf({ user, app, additional, address, client }: AuditEvent): NonNullable<RecordData['origin']> {
  const application = textIn(app, 'appid') ?? (user.size === 0 ? undefined : textIn(app, 'displayname'));
  const session =
    additional.get('sessionid') ??
    additional.get('sid') ??
    additional.get('uniquetokenidentifier') ??
    additional.get('uti');
  return {
    ...(address === undefined ? {} : { address }),
    ...(client === undefined ? {} : { client }),
    ...(application === undefined ? {} : { application }),
    ...(session === undefined ? {} : { session }),
  };
}
