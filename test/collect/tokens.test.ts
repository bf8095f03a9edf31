import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { mintOdd, ODD_TOKENS } from '../../local/token-issuer/odd-tokens.ts';
import { startTokenIssuer } from '../../local/token-issuer/token-issuer.ts';
import type { TokenIssuer } from '../../local/token-issuer/token-issuer.ts';
import { createTokenVerifier, requirePerson, requireRole } from '../../shared/collect/tokens.ts';
import type { TokenVerifier } from '../../shared/collect/tokens.ts';
import { RequestError } from '../../shared/errors.ts';

const audience = 'api://indelible';
const now = Date.parse('2026-03-01T12:00:00.700Z');
let dataDir: string;
let issuer: TokenIssuer;
let verify: TokenVerifier;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tokens-'));
  issuer = await startTokenIssuer({ dataDir, clock: () => now });
  verify = createTokenVerifier({ issuer: issuer.issuer, audience, jwks: new URL(issuer.jwksUri), clock: () => now });
});

afterAll(async () => {
  await issuer.stop();
  await rm(dataDir, { recursive: true });
});

/** Claims of alice's token with some changed; signed by the issuer. */
async function signed(changes: Record<string, unknown>): Promise<string> {
  const claims = { ...decodeJwt(await issuer.mint('alice', { audience })), ...changes };
  return issuer.sign(Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)));
}

async function refusal(authorization: string | null, by: TokenVerifier = verify): Promise<RequestError> {
  const error = await by(authorization).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RequestError))
    throw new Error('The token was not refused with a RequestError.', { cause: error });
  return error;
}

describe('a bearer token', () => {
  test('of a person gives what identifies and authorizes, and nothing of the token itself', async () => {
    const token = await issuer.mint('alice', { audience, roles: ['Approvals.Write'] });
    const caller = await verify(`Bearer ${token}`);
    expect(caller).toMatchObject({ person: true, roles: ['Approvals.Write'] });
    const { oid, tid, uti, sub, azp } = decodeJwt(token) as Record<string, string>;
    expect(caller.claims).toEqual({
      tid,
      oid,
      sub,
      name: 'Alice Adams',
      preferred_username: 'alice@indelible.localhost',
      roles: ['Approvals.Write'],
      azp,
      iss: issuer.issuer,
      iat: String(Math.floor(now / 1000)),
      amr: ['pwd', 'mfa'],
      uti,
      idtyp: 'user',
    });
    expect(JSON.stringify(caller)).not.toContain(token.split('.')[2]);
  });

  test('of an app is told apart, whether the token says so or only lacks what a person has', async () => {
    expect((await verify(`Bearer ${await issuer.mint('pipeline', { audience })}`)).person).toBe(false);
    const silent = await signed({ idtyp: undefined, scp: undefined, name: undefined });
    const caller = await verify(`Bearer ${silent}`);
    expect(caller.person).toBe(false);
    // The normalizer sees the claims alone: what was judged here must be among them.
    expect(caller.claims['idtyp']).toBe('app');
  });

  test.each(ODD_TOKENS)('that is odd (%s) is refused as invalid', async (odd) => {
    const error = await refusal(`Bearer ${await mintOdd(issuer, odd, 'alice', { audience })}`);
    expect(error.code).toBe('tokenInvalid');
  });

  test.each(['oid', 'tid', 'sub', 'iat', 'exp', 'iss', 'aud'])('without the claim %s is refused', async (claim) => {
    expect((await refusal(`Bearer ${await signed({ [claim]: undefined })}`)).code).toBe('tokenInvalid');
  });

  test.each([
    ['oid a number', { oid: 7 }],
    ['tid an object', { tid: { a: 1 } }],
    ['oid empty', { oid: '' }],
    ['exp a text', { exp: 'tomorrow' }],
    ['aud a list without ours', { aud: ['a', 'b'] }],
  ])('with %s is refused', async (_what, changes) => {
    expect((await refusal(`Bearer ${await signed(changes)}`)).code).toBe('tokenInvalid');
  });

  test('with claims of odd forms is taken, and only what the envelope can carry is kept', async () => {
    const token = await signed({
      amr: 'mfa',
      name: 'n'.repeat(5_000),
      roles: ['a', 7, null, ''],
      acrs: { x: 1 },
      auth_time: 1_772_366_000,
    });
    const { claims, roles } = await verify(`Bearer ${token}`);
    expect(claims['amr']).toBe('mfa');
    expect(claims['name']).toHaveLength(2_048);
    expect(roles).toEqual(['a']);
    expect(claims).not.toHaveProperty('acrs');
    expect(claims['auth_time']).toBe('1772366000');
  });

  test.each<[string, string | null, string]>([
    ['no header', null, 'tokenMissing'],
    ['an empty header', ' ', 'tokenMissing'],
    ['another scheme', 'Basic dXNlcjpwYXNz', 'tokenInvalid'],
    ['no token', 'Bearer', 'tokenInvalid'],
    ['two tokens', 'Bearer a.b.c d.e.f', 'tokenInvalid'],
    ['garbage', 'Bearer garbage', 'tokenInvalid'],
    ['three empty parts', 'Bearer ..', 'tokenInvalid'],
    ['parts that are no JSON', 'Bearer YQ.YQ.YQ', 'tokenInvalid'],
    ['characters outside the grammar', 'Bearer a.b.c\u0000', 'tokenInvalid'],
    ['1 MB', `Bearer ${'a'.repeat(1_000_000)}`, 'tokenInvalid'],
  ])('that is %s is refused', async (_what, authorization, code) => {
    expect((await refusal(authorization)).code).toBe(code);
  });

  test('names in its refusal which claim is wrong, never a value', async () => {
    const error = await refusal(`Bearer ${await mintOdd(issuer, 'wrongAudience', 'alice', { audience })}`);
    expect(error.message).toContain('aud');
    expect(error.message).not.toContain('another-application');
  });
});

describe('an issuer that cannot be asked', () => {
  async function against(respond: (server: Server) => void): Promise<string> {
    const server = createServer();
    respond(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const jwks = new URL(`http://127.0.0.1:${port}/keys`);
    const asking = createTokenVerifier({ issuer: issuer.issuer, audience, jwks, clock: () => now });
    const error = await refusal(`Bearer ${await issuer.mint('alice', { audience })}`, asking);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    return error.code;
  }

  test('because nothing listens is a 503, not a 401: nothing is known about the token', async () => {
    const jwks = new URL('http://127.0.0.1:1/keys');
    const asking = createTokenVerifier({ issuer: issuer.issuer, audience, jwks, clock: () => now });
    expect((await refusal(`Bearer ${await issuer.mint('alice', { audience })}`, asking)).code).toBe('unavailable');
  });

  test.each<[string, number, string]>([
    ['an error', 500, ''],
    ['a redirect', 302, ''],
    ['no JSON', 200, '<html>'],
    ['no key set', 200, '{"keys":"none"}'],
  ])('because it answers with %s is a 503', async (_what, status, text) => {
    const code = await against((server) =>
      server.on('request', (_request, response) => response.writeHead(status).end(text)),
    );
    expect(code).toBe('unavailable');
  });

  test('because it closes the connection is a 503', async () => {
    expect(await against((server) => server.on('request', (request) => request.socket.destroy()))).toBe('unavailable');
  });

  test('but whose key set lacks the key is a 401: the token is by nobody whom it knows', async () => {
    const code = await against((server) => server.on('request', (_request, response) => response.end('{"keys":[]}')));
    expect(code).toBe('tokenInvalid');
  });
});

describe('what a caller must be', () => {
  test('a missing app role is refused, and so is an app where only a person may act', async () => {
    const alice = await verify(`Bearer ${await issuer.mint('alice', { audience, roles: ['Other'] })}`);
    expect(() => requireRole(alice, 'Approvals.Write')).toThrow(expect.objectContaining({ code: 'roleMissing' }));
    expect(() => requirePerson(alice)).not.toThrow();
    const pipeline = await verify(`Bearer ${await issuer.mint('pipeline', { audience })}`);
    expect(() => requirePerson(pipeline)).toThrow(expect.objectContaining({ code: 'roleMissing' }));
  });
});
