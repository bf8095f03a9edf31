import { createHash } from 'node:crypto';

/** Someone, or something, that the local issuer signs in. */
export interface Identity {
  /** What a token is asked for by: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly kind: 'user' | 'app';
  readonly displayName: string;
  /** The app roles that a token carries unless others are asked for. */
  readonly roles?: readonly string[];
}

/** The identities that demo, README and tests speak of. */
export const LOCAL_IDENTITIES: readonly Identity[] = [
  { name: 'alice', kind: 'user', displayName: 'Alice Adams', roles: ['Approvals.Write'] },
  { name: 'bob', kind: 'user', displayName: 'Bob Brown', roles: ['Approvals.Write'] },
  { name: 'carol', kind: 'user', displayName: 'Carol Chen', roles: ['Approvals.Write'] },
  { name: 'dave', kind: 'user', displayName: 'Dave Diaz', roles: ['Trail.Read'] },
  { name: 'assistant', kind: 'app', displayName: 'Coding assistant', roles: ['Ai.Write'] },
  { name: 'pipeline', kind: 'app', displayName: 'Deployment pipeline', roles: ['Approvals.Write'] },
];

/** The tenant of every local token. */
export const LOCAL_TENANT = stableGuid('tenant');

/** The object id of a local identity: the same on every machine, so that configurations can name it. */
export function objectIdOf(name: string): string {
  return stableGuid(`object/${name}`);
}

/** A GUID that derives from a text, in the form of RFC 9562's version 8. */
export function stableGuid(text: string): string {
  const hash = createHash('sha256').update(`indelible.localhost/${text}`).digest();
  hash[6] = 0x80 | ((hash[6] ?? 0) & 0x0f);
  hash[8] = 0x80 | ((hash[8] ?? 0) & 0x3f);
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
