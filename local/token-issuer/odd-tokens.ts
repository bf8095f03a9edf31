import { createHmac, createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { MintOptions } from './claims.ts';
import { newSigningKey } from './signing-key.ts';
import { signClaims } from './token-issuer.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** Tokens that must be refused, for tests; each is right but for what its name says. */
export type OddToken =
  | 'expired'
  | 'notYetValid'
  | 'wrongAudience'
  | 'wrongIssuer'
  | 'otherKey'
  | 'algNone'
  | 'hmacWithPublicKey'
  | 'claimsChanged'
  | 'noExpiry';

export const ODD_TOKENS: readonly OddToken[] = [
  'expired',
  'notYetValid',
  'wrongAudience',
  'wrongIssuer',
  'otherKey',
  'algNone',
  'hmacWithPublicKey',
  'claimsChanged',
  'noExpiry',
];

/** Mints such a token for a known identity. `otherKey` names the issuer's key, as a forger would. */
export async function mintOdd(issuer: TokenIssuer, odd: OddToken, name: string, options: MintOptions): Promise<string> {
  const token = await issuer.mint(name, options);
  const claims = decodeJwt(token);
  const header = decodeProtectedHeader(token);
  const [, payload = '', signature = ''] = token.split('.');
  const { iat = 0, exp = 0 } = claims;
  const day = 86_400;
  switch (odd) {
    case 'expired':
      return issuer.sign({ ...claims, iat: iat - day, nbf: iat - day, exp: exp - day });
    case 'notYetValid':
      return issuer.sign({ ...claims, nbf: iat + day, exp: exp + day });
    case 'wrongAudience':
      return issuer.sign({ ...claims, aud: 'api://another-application' });
    case 'wrongIssuer':
      return issuer.sign({ ...claims, iss: 'https://login.elsewhere.localhost/v2.0' });
    case 'otherKey':
      return signClaims(claims, { ...(await newSigningKey()), kid: header.kid ?? '' });
    case 'algNone':
      return `${encode({ ...header, alg: 'none' })}.${payload}.`;
    case 'hmacWithPublicKey': {
      const input = `${encode({ ...header, alg: 'HS256' })}.${payload}`;
      const hmac = createHmac('sha256', await publicPem(issuer))
        .update(input)
        .digest('base64url');
      return `${input}.${hmac}`;
    }
    case 'claimsChanged':
      return `${encode(header)}.${encode({ ...claims, roles: ['Administrator'] })}.${signature}`;
    case 'noExpiry': {
      const { exp: _, ...rest } = claims;
      return issuer.sign(rest);
    }
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The text that a verifier confused about algorithms would take for a shared secret. */
async function publicPem(issuer: TokenIssuer): Promise<string> {
  const response = await fetch(issuer.jwksUri);
  const { keys } = (await response.json()) as { keys: JWK[] };
  const [jwk] = keys;
  if (jwk === undefined) throw new Error(`${issuer.jwksUri} lists no key`);
  return createPublicKey({ key: { ...jwk }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString();
}
