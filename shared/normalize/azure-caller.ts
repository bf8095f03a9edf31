import type { JsonObject } from '../wire/json.ts';
import type { Actor, RecordData } from '../wire/record.ts';
import { textAt } from './read.ts';

/** Who called the Azure Resource Manager, as the claims of the token that it saw say. */
export interface AzureCaller {
  readonly actor: Actor | undefined;
  readonly origin: NonNullable<RecordData['origin']>;
  readonly tenant: string | undefined;
  /** How the person signed in, as Entra lists it: `pwd,mfa`. */
  readonly methods: string | undefined;
}

const IDENTITY = 'http://schemas.microsoft.com/identity/claims/';
const PERSON = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/';
const GUEST = /^[a-z0-9.-]{1,64}#([^#\s]+@[^#\s]+)$/i;

/**
 * `claims` of the token; `authorization.evidence`: the role assignment that let the call through; `httpRequest`; `caller`:
 * the Activity Log's own short form, a user principal name or an object id. Each may be missing; nothing is guessed.
 */
export function readAzureCaller(
  claims: JsonObject | undefined,
  evidence: JsonObject | undefined,
  httpRequest: JsonObject | undefined,
  caller?: string,
): AzureCaller {
  const objectId = textAt(claims, `${IDENTITY}objectidentifier`) ?? textAt(claims, 'oid');
  const application = textAt(claims, 'appid') ?? textAt(claims, 'azp');
  const login =
    textAt(claims, `${PERSON}upn`) ??
    textAt(claims, 'upn') ??
    textAt(claims, `${PERSON}name`) ??
    textAt(claims, 'unique_name') ??
    textAt(claims, 'preferred_username') ??
    (caller?.includes('@') === true ? caller : undefined);
  // A guest from elsewhere has `live.com#guest@other.test` there: with whom they signed in, and no name of a principal.
  const guest = GUEST.exec(login ?? '')?.[1];
  const principalName = guest === undefined ? login : undefined;
  // The same person is another subject to each application: better than nobody, and joined with nothing.
  const subject = textAt(claims, `${PERSON}nameidentifier`) ?? textAt(claims, 'sub');
  const managedIdentity = textAt(claims, 'xms_mirid') ?? textAt(claims, `${IDENTITY}xms_mirid`);
  const address = principalName ?? textAt(claims, `${PERSON}emailaddress`) ?? textAt(claims, 'email') ?? guest;

  const kind = kindOf(claims, evidence, login, managedIdentity, application);
  const id =
    objectId ?? principalOf(evidence) ?? (caller !== undefined && /^[0-9a-f-]{36}$/i.test(caller) ? caller : undefined);
  const name =
    kind === 'human'
      ? (textAt(claims, 'name') ?? fullName(claims) ?? principalName ?? guest)
      : managedIdentity?.split('/').at(-1);

  let actorId: string | undefined;
  if (id !== undefined) actorId = `entra:${id.toLowerCase()}`;
  else if (kind !== 'human' && application !== undefined) actorId = `entra-app:${application.toLowerCase()}`;
  else if (principalName !== undefined) actorId = `upn:${principalName.toLowerCase()}`;
  else if (address !== undefined) actorId = `mail:${address.toLowerCase()}`;
  else if (subject !== undefined) actorId = `entra-subject:${subject}`;

  const from = textAt(httpRequest, 'clientIpAddress') ?? textAt(claims, 'ipaddr');
  const session = textAt(claims, 'sid') ?? textAt(claims, 'uti');
  return {
    actor:
      actorId === undefined
        ? undefined
        : {
            kind,
            id: actorId,
            ...(name === undefined ? {} : { name }),
            ...(kind === 'human' && address?.includes('@') === true ? { address } : {}),
          },
    origin: {
      ...(from === undefined ? {} : { address: from }),
      ...(application === undefined ? {} : { application }),
      ...(session === undefined ? {} : { session }),
    },
    tenant: textAt(claims, `${IDENTITY}tenantid`) ?? textAt(claims, 'tid'),
    methods: textAt(claims, 'http://schemas.microsoft.com/claims/authnmethodsreferences') ?? textAt(claims, 'amr'),
  };
}

/**
 * `idtyp` says it where the tenant has it in its tokens. Otherwise a managed identity names its resource, a person has a
 * name, a login or a delegated scope (as collect/tokens.ts judges the callers of our own APIs), and the role assignment names the kind of its principal (a group's member may be
 * either). `appidacr`, how the client app proved itself, is in a person's token as well: it tells nothing alone, and decides
 * only where an app's id stands without anything personal.
 */
function kindOf(
  claims: JsonObject | undefined,
  evidence: JsonObject | undefined,
  login: string | undefined,
  managedIdentity: string | undefined,
  application: string | undefined,
): Actor['kind'] {
  const type = textAt(claims, 'idtyp')?.toLowerCase();
  if (type === 'app' || type === 'user') return type === 'app' ? 'service' : 'human';
  if (managedIdentity !== undefined) return 'service';
  const scope = textAt(claims, `${IDENTITY}scope`) ?? textAt(claims, 'scp');
  if (login !== undefined || scope !== undefined || textAt(claims, 'name') !== undefined) return 'human';
  const assigned = textAt(evidence, 'principalType')?.toLowerCase();
  if (assigned === 'user') return 'human';
  if (assigned === 'serviceprincipal' || assigned === 'msi' || assigned === 'managedidentity') return 'service';
  const proved = textAt(claims, 'appidacr');
  return application !== undefined && (proved === '1' || proved === '2') ? 'service' : 'unknown';
}

function fullName(claims: JsonObject | undefined): string | undefined {
  const parts = [textAt(claims, `${PERSON}givenname`), textAt(claims, `${PERSON}surname`)];
  const name = parts.filter((part) => part !== undefined).join(' ');
  return name === '' ? undefined : name;
}

/** The principal of the role assignment is the caller, unless it is a group; its id comes without hyphens. */
function principalOf(evidence: JsonObject | undefined): string | undefined {
  if (textAt(evidence, 'principalType')?.toLowerCase() === 'group') return undefined;
  return textAt(evidence, 'principalId')?.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5');
}
