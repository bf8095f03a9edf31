import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { toClaims } from './claims.ts';
import type { MintOptions } from './claims.ts';
import { LOCAL_IDENTITIES, LOCAL_TENANT } from './identities.ts';
import type { Identity } from './identities.ts';
import { ALGORITHM, loadSigningKey } from './signing-key.ts';
import type { SigningKey } from './signing-key.ts';

export interface TokenIssuerOptions {
  /** Holds the key; made where it is missing. */
  readonly dataDir: string;
  /** On 127.0.0.1; 0 or left out: any free port. */
  readonly port?: number;
  readonly identities?: readonly Identity[];
  /** Milliseconds since 1970; left out: the machine's clock. */
  readonly clock?: () => number;
}

export interface TokenIssuer {
  readonly port: number;
  /** The tokens' `iss`: the same whatever the port, so that tokens outlive a restart on another one. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** A token as Entra would give it. @throws UnknownIdentityError */
  mint(name: string, options: MintOptions): Promise<string>;
  /** Signs whatever claims with the issuer's key, for tests. */
  sign(claims: JWTPayload): Promise<string>;
  stop(): Promise<void>;
}

export class UnknownIdentityError extends Error {
  override readonly name = 'UnknownIdentityError';
}

const MAX_REQUEST_BYTES = 65_536;
const MAX_LIFETIME_SECONDS = 86_400;

const requestSchema = z.strictObject({
  as: z.string(),
  audience: z.string().min(1),
  roles: z.array(z.string().min(1)).optional(),
  expiresIn: z.number().int().min(1).max(MAX_LIFETIME_SECONDS).optional(),
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Starts the issuer of local identities, which stands where Entra ID stands in Azure: the same token form, checked by the
 * same code against its JWKS. Whoever reaches the port gets any token: it listens on 127.0.0.1 and is for development.
 */
export async function startTokenIssuer(options: TokenIssuerOptions): Promise<TokenIssuer> {
  const { identities = LOCAL_IDENTITIES, clock = Date.now } = options;
  const key = await loadSigningKey(options.dataDir);
  const issuer = `https://login.indelible.localhost/${LOCAL_TENANT}/v2.0`;

  const sign = (claims: JWTPayload): Promise<string> => signClaims(claims, key);
  async function mint(name: string, mintOptions: MintOptions): Promise<string> {
    const identity = identities.find((candidate) => candidate.name === name);
    if (identity === undefined) {
      const known = identities.map((candidate) => candidate.name).join(', ');
      throw new UnknownIdentityError(`"${name}" is not known here; known are: ${known}`);
    }
    const tokenId = randomBytes(16).toString('base64url');
    return sign({ iss: issuer, ...toClaims(identity, mintOptions, clock(), tokenId) });
  }

  let baseUrl = '';
  async function answer(request: IncomingMessage): Promise<Answer> {
    const { pathname } = new URL(`http://127.0.0.1${request.url ?? '/'}`);
    switch (`${request.method} ${pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return { status: 200, body: discovery(issuer, baseUrl) };
      case 'GET /discovery/v2.0/keys':
        return { status: 200, body: { keys: [key.publicJwk] } };
      case 'POST /token':
        return answerToken(request, mint);
      default:
        return { status: 404, body: { error: 'not_found' } };
    }
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (result) => send(response, result),
      () => send(response, { status: 500, body: { error: 'server_error' } }),
    );
  });
  const port = await listen(server, options.port ?? 0);
  baseUrl = `http://127.0.0.1:${port}`;
  return {
    port,
    issuer,
    jwksUri: `${baseUrl}/discovery/v2.0/keys`,
    mint,
    sign,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A token over `claims` with `key`, whose `kid` the header names. */
export async function signClaims(claims: JWTPayload, key: SigningKey): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: ALGORITHM, kid: key.kid }).sign(key.privateKey);
}

async function answerToken(
  request: IncomingMessage,
  mint: (name: string, options: MintOptions) => Promise<string>,
): Promise<Answer> {
  // A page in the developer's browser may not fetch itself a token: JSON needs a preflight, which nobody answers, and a
  // name that was rebound to 127.0.0.1 is in the Host header.
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return { status: 415, body: { error: 'invalid_request', error_description: 'Send application/json.' } };
  }
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) {
    return { status: 403, body: { error: 'invalid_request', error_description: 'Ask by 127.0.0.1 or localhost.' } };
  }
  const text = await readText(request);
  if (text === undefined) return { status: 413, body: { error: 'invalid_request', error_description: 'Too large.' } };
  const parsed = requestSchema.safeParse(parse(text));
  if (!parsed.success) {
    return { status: 400, body: { error: 'invalid_request', error_description: z.prettifyError(parsed.error) } };
  }
  const { as, audience, roles, expiresIn = 3600 } = parsed.data;
  try {
    const token = await mint(as, { audience, expiresIn, ...(roles && { roles }) });
    return { status: 200, body: { token_type: 'Bearer', expires_in: expiresIn, access_token: token } };
  } catch (error) {
    if (!(error instanceof UnknownIdentityError)) throw error;
    return { status: 404, body: { error: 'unknown_identity', error_description: error.message } };
  }
}

function discovery(issuer: string, baseUrl: string): unknown {
  return {
    issuer,
    token_endpoint: `${baseUrl}/token`,
    jwks_uri: `${baseUrl}/discovery/v2.0/keys`,
    id_token_signing_alg_values_supported: [ALGORITHM],
    subject_types_supported: ['pairwise'],
    response_types_supported: ['token'],
  };
}

async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    // What comes after is read and dropped, so that the sender sees the answer.
    if (size <= MAX_REQUEST_BYTES) chunks.push(chunk as Buffer);
  }
  return size > MAX_REQUEST_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  return promise;
}
