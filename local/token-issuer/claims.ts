import type { JWTPayload } from 'jose';
import { LOCAL_TENANT, objectIdOf, stableGuid } from './identities.ts';
import type { Identity } from './identities.ts';

/** What a token is asked for with; times in seconds. */
export interface MintOptions {
  /** The application that is to take the token: `aud`. */
  readonly audience: string;
  /** App roles instead of the identity's own. */
  readonly roles?: readonly string[];
  /** From now; 3,600 unless given. */
  readonly expiresIn?: number;
}

/** The claims of a token of Entra's v2 form, but for `iss`, which the issuer adds. `now` in milliseconds. */
export function toClaims(identity: Identity, options: MintOptions, now: number, tokenId: string): JWTPayload {
  const issuedAt = Math.floor(now / 1000);
  const oid = objectIdOf(identity.name);
  const common = {
    aud: options.audience,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + (options.expiresIn ?? 3600),
    oid,
    tid: LOCAL_TENANT,
    roles: [...(options.roles ?? identity.roles ?? [])],
    uti: tokenId,
    ver: '2.0',
  };
  switch (identity.kind) {
    case 'user':
      return {
        ...common,
        // Pairwise: who a user is to one application tells another nothing.
        sub: stableGuid(`subject/${identity.name}/${options.audience}`),
        name: identity.displayName,
        preferred_username: `${identity.name}@indelible.localhost`,
        azp: stableGuid('application/cli'),
        azpacr: '0',
        amr: ['pwd', 'mfa'],
        scp: 'user_impersonation',
        idtyp: 'user',
      };
    case 'app':
      return { ...common, sub: oid, azp: stableGuid(`application/${identity.name}`), azpacr: '2', idtyp: 'app' };
  }
}
