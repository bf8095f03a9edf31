import type { Actor, Principal, Related } from '../../wire/record.ts';
import { cutText } from '../../wire/text.ts';
import { booleanAt, idAt, textAt, uriAt } from '../read.ts';
import { guidOf } from './address.ts';

/**
 * Who decided, where the hook does not say. Of a kind that counts in no quorum: a decision without a decider must not become
 * the decision of whoever was asked for it.
 */
export const UNKNOWN: Actor = { kind: 'unknown', id: 'azure-devops:unknown' };

/** Azure Pipelines itself, where it says that no person decided. */
export const PIPELINES: Actor = { kind: 'service', id: 'azure-devops:pipelines', name: 'Azure Pipelines' };

/** Subject types in descriptors: https://learn.microsoft.com/azure/devops/organizations/security/about-permissions */
const SERVICE_DESCRIPTOR = /^(?:svc|s2s|aadsp|acs|sp)\./i;
const PERSON_DESCRIPTOR = /^(?:aad|msa|win|imp)\./i;
const GROUP_DESCRIPTOR = /^(?:vssgp|aadgp|wing|scp)\./i;
const GROUP_NAME = /^(?:vstfs|azure-devops):\/\/\//i;
/** `Build\<guid>`, `AgentPool\<guid>`; a service principal is named by its id alone. */
const SERVICE_LOGIN =
  /^(?:(?:Build|AgentPool|ServiceIdentity|TEAM FOUNDATION|NT AUTHORITY|LOCAL AUTHORITY)\\|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$)/i;
/** Azure DevOps' own services have ids of this form in every organization. */
const SERVICE_ID = /^[0-9a-f]{8}-0000-8888-8000-[0-9a-f]{12}$/;
const SERVICE_NAME =
  /^(?:Microsoft\.(?:VisualStudio|TeamFoundation|Azure)\b|Project Collection (?:Build |Test |Proxy )?Service\b|Azure DevOps(?: Service)?$|Azure Pipelines$)| Build Service(?: \(|$)| Agent Pool Service(?: \(|$)|^Agent Pool Service\b|\[bot\]$/i;

/** A person's or a service's identity as events have it: an object, or text such as `Mona Lisa <mona@acme.example>`. */
export function personOf(identity: unknown): Principal | undefined {
  const read = typeof identity === 'string' ? fromText(identity) : fromObject(identity);
  if (read === undefined) return undefined;
  const { id, name, login } = read;
  const address = addressOf(login);
  const key =
    id ??
    (address === undefined ? undefined : `@${address.toLowerCase()}`) ??
    (name === undefined ? undefined : `@${name}`);
  if (key === undefined) return undefined;
  const kind = kindOf(read);
  return {
    kind,
    id: cutText(`azure-devops:${key}`, 'uri'),
    ...(name === undefined ? {} : { name }),
    ...(kind === 'service' || address === undefined ? {} : { address }),
  };
}

interface Identity {
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** `uniqueName`: an address, `DOMAIN\name`, or a service's. */
  readonly login: string | undefined;
  readonly descriptor: string | undefined;
  readonly group: boolean;
}

function fromObject(identity: unknown): Identity | undefined {
  // `revisedBy` has the text form in `name`, beside the parts or without them.
  const text = fromText(textAt(identity, 'name') ?? '');
  const id = idAt(identity, 'id');
  const found: Identity = {
    id: guidOf(id) ?? (id === undefined || /^[0-]+$/.test(id) ? undefined : id),
    name: textAt(identity, 'displayName') ?? text?.name,
    login: textAt(identity, 'uniqueName') ?? text?.login,
    descriptor: textAt(identity, 'descriptor') ?? avatarDescriptor(identity),
    group: booleanAt(identity, 'isContainer') === true,
  };
  return found.id === undefined && found.name === undefined && found.login === undefined ? undefined : found;
}

function fromText(text: string): Identity | undefined {
  const match = /^([^<>]{0,512})<([^<>]{1,512})>\s*$/.exec(text);
  const name = cutText((match?.[1] ?? text).trim());
  const login = match?.[2]?.trim();
  if (name === '' && (login ?? '') === '') return undefined;
  return { id: undefined, name: name === '' ? undefined : name, login, descriptor: undefined, group: false };
}

/** Older events leave the descriptor out, and have it in the address of the picture. */
function avatarDescriptor(identity: unknown): string | undefined {
  const picture = uriAt(identity, '_links', 'avatar', 'href') ?? uriAt(identity, 'imageUrl');
  return picture === undefined ? undefined : /\/MemberAvatars\/([a-z0-9]{2,8}\.)/i.exec(picture)?.[1];
}

/**
 * The descriptor is Azure DevOps' own word. Without it the login tells, then the name. An identity with an id and a name that
 * nothing shows to be a service is a person; a mere name may be anybody's.
 */
function kindOf(identity: Identity): Principal['kind'] {
  const { id, name = '', login = '', descriptor = '' } = identity;
  if (isGroupIdentity(identity)) return 'unknown';
  if (SERVICE_DESCRIPTOR.test(descriptor) || SERVICE_ID.test(id ?? '')) return 'service';
  if (PERSON_DESCRIPTOR.test(descriptor)) return 'human';
  if (SERVICE_LOGIN.test(login) || SERVICE_NAME.test(name)) return 'service';
  return login !== '' || (id !== undefined && name !== '') ? 'human' : 'unknown';
}

function isGroupIdentity({ group, login = '', descriptor = '' }: Identity): boolean {
  return group || GROUP_DESCRIPTOR.test(descriptor) || GROUP_NAME.test(login);
}

/** True for a team or group, which never acts itself. */
export function isGroup(identity: unknown): boolean {
  const read = fromObject(identity);
  return read !== undefined && isGroupIdentity(read);
}

/** `Windows Live ID\mona@acme.example` is the account of an address; `ACME\mona` is one of a domain, and no address. */
function addressOf(login: string | undefined): string | undefined {
  return /(?:^|\\)([^\\\s@]{1,256}@[^\\\s@]{1,256})$/.exec(login ?? '')?.[1];
}

/** Who acted, with whom a service acted for, where that is somebody else. */
export function actorFor(by: unknown, behalf: unknown): Actor | undefined {
  const actor = personOf(by);
  const other = personOf(behalf);
  if (actor === undefined) return other;
  if (actor.kind !== 'service' || other === undefined || other.id === actor.id) return actor;
  return { ...actor, onBehalfOf: other };
}

/** A person or group as a related object, under the same id as where the person acts. */
export function relatedPerson(part: string, identity: unknown): Related | undefined {
  const person = personOf(identity);
  if (person === undefined) return undefined;
  return {
    part,
    kind: isGroup(identity) ? 'team' : person.kind,
    id: person.id,
    ...(person.name === undefined ? {} : { name: person.name }),
  };
}

/**
 * The one identity among those given that has this name. Undefined where none has it, or two different ones: a name is not
 * enough to tell them apart.
 */
export function named(name: string, identities: readonly unknown[]): Principal | undefined {
  const found = new Map<string, Principal>();
  for (const identity of identities) {
    const person = personOf(identity);
    if (person?.name === name && !isGroup(identity)) found.set(person.id, person);
  }
  return found.size === 1 ? [...found.values()][0] : undefined;
}
