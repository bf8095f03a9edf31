import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectIdOf } from '../../local/token-issuer/identities.ts';
import { ODD_TOKENS, mintOdd } from '../../local/token-issuer/odd-tokens.ts';
import type { OddToken } from '../../local/token-issuer/odd-tokens.ts';
import { UnknownIdentityError, startTokenIssuer } from '../../local/token-issuer/token-issuer.ts';
import type { TokenIssuer } from '../../local/token-issuer/token-issuer.ts';

const audience = 'api://indelible';
const now = Date.parse('2026-03-01T12:00:00.700Z');

let dataDir: string;
let issuer: TokenIssuer;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'token-issuer-'));
  issuer = await startTokenIssuer({ dataDir, clock: () => now });
});

afterEach(async () => {
  await issuer.stop();
  await rm(dataDir, { recursive: true });
});

function verify(token: string, from: TokenIssuer = issuer) {
  return jwtVerify(token, createRemoteJWKSet(new URL(from.jwksUri)), {
    issuer: from.issuer,
    audience,
    algorithms: ['ES256'],
    requiredClaims: ['exp', 'iat', 'nbf', 'oid', 'tid'],
    currentDate: new Date(now),
  });
}

function ask(body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`http://127.0.0.1:${issuer.port}/token`, { method: 'POST', headers, body: text });
}

describe('tokens', () => {
  test('a person’s token has the claims of an Entra v2 access token, so that the code under test reads no local form', async () => {
    const { payload } = await verify(await issuer.mint('alice', { audience, roles: ['Approver'] }));
    expect(payload).toEqual({
      iss: issuer.issuer,
      aud: audience,
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      oid: objectIdOf('alice'),
      tid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'Alice Adams',
      preferred_username: 'alice@indelible.localhost',
      roles: ['Approver'],
      azp: expect.stringMatching(/^[0-9a-f-]{36}$/),
      azpacr: '0',
      iat: 1772366400,
      nbf: 1772366400,
      exp: 1772370000,
      amr: ['pwd', 'mfa'],
      scp: 'user_impersonation',
      idtyp: 'user',
      ver: '2.0',
      uti: expect.stringMatching(/^[\w-]{22}$/),
    });
  });

  test('a service’s token says that nobody is behind it: no name, and the object is its own subject', async () => {
    const { payload } = await verify(await issuer.mint('pipeline', { audience, expiresIn: 60 }));
    expect(payload).toMatchObject({
      idtyp: 'app',
      sub: objectIdOf('pipeline'),
      oid: objectIdOf('pipeline'),
      roles: ['Approvals.Write'],
    });
    expect(payload).not.toHaveProperty('name');
    expect(payload).not.toHaveProperty('amr');
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  test('object ids are the same on every machine, or configurations that name them would break', () => {
    expect(objectIdOf('alice')).toBe('49ab3c7a-98a0-83de-9a56-61fdf817c2ad');
    expect(new Set(['alice', 'bob', 'carol', 'dave', 'pipeline'].map(objectIdOf)).size).toBe(5);
  });

  test('tokens outlive a restart on another port: key and issuer stay', async () => {
    const token = await issuer.mint('bob', { audience });
    const again = await startTokenIssuer({ dataDir });
    try {
      expect(again.port).not.toBe(issuer.port);
      expect((await verify(token, again)).payload['oid']).toBe(objectIdOf('bob'));
    } finally {
      await again.stop();
    }
  });

  const refusals: Record<OddToken, RegExp> = {
    expired: /"exp" claim timestamp/,
    notYetValid: /"nbf" claim timestamp/,
    wrongAudience: /unexpected "aud"/,
    wrongIssuer: /unexpected "iss"/,
    otherKey: /signature verification failed/,
    algNone: /"alg" \(Algorithm\)/,
    hmacWithPublicKey: /"alg" \(Algorithm\)/,
    claimsChanged: /signature verification failed/,
    noExpiry: /missing required "exp"/,
  };
  test.each(ODD_TOKENS)('an odd token is odd in the one way that its name says: %s', async (odd) => {
    const token = await mintOdd(issuer, odd, 'alice', { audience });
    expect(decodeJwt(token)['oid']).toBe(objectIdOf('alice'));
    await expect(verify(token)).rejects.toThrow(refusals[odd]);
  });
});

describe('the key', () => {
  test('is for its owner alone: nobody else on the machine signs as alice', async () => {
    expect((await stat(join(dataDir, 'signing-key.json'))).mode & 0o777).toBe(0o600);
  });

  test('is not replaced silently where its file is damaged: every token that is out would die', async () => {
    const damaged = await mkdtemp(join(tmpdir(), 'token-issuer-'));
    await writeFile(join(damaged, 'signing-key.json'), '{"kty":"EC"}');
    await expect(startTokenIssuer({ dataDir: damaged })).rejects.toThrow(/signing-key\.json holds no ES256 key/);
    expect(await readFile(join(damaged, 'signing-key.json'), 'utf8')).toBe('{"kty":"EC"}');
    await rm(damaged, { recursive: true });
  });

  test('leaves the issuer by its public part only', async () => {
    const keys = (await (await fetch(issuer.jwksUri)).json()) as { keys: object[] };
    expect(keys.keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']]);
  });
});

describe('over HTTP', () => {
  test('the discovery document leads to the keys that verify', async () => {
    const response = await fetch(`http://127.0.0.1:${issuer.port}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: issuer.issuer,
      jwks_uri: issuer.jwksUri,
      token_endpoint: `http://127.0.0.1:${issuer.port}/token`,
    });
  });

  test('a token is given by name', async () => {
    const response = await ask({ as: 'carol', audience, roles: ['Log.Read'], expiresIn: 120 });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { access_token: string };
    expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 120 });
    const { payload } = await verify(answer.access_token);
    expect(payload).toMatchObject({ oid: objectIdOf('carol'), roles: ['Log.Read'] });
  });

  test('an unknown name is refused with those that are known, or a typing error would look like a fault', async () => {
    const response = await ask({ as: 'mallory', audience });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: 'unknown_identity',
      error_description: '"mallory" is not known here; known are: alice, bob, carol, dave, assistant, pipeline',
    });
    await expect(issuer.mint('toString', { audience })).rejects.toThrow(UnknownIdentityError);
  });

  test.each([
    ['no JSON', '{"as":'],
    ['no audience', { as: 'alice' }],
    ['an unknown member', { as: 'alice', audience, admin: true }],
    ['a lifetime of years', { as: 'alice', audience, expiresIn: 1e9 }],
    ['deep nesting', '['.repeat(30_000)],
  ])('a bad request is refused, not thrown: %s', async (_, body) => {
    expect((await ask(body)).status).toBe(400);
  });

  test('a body without end is not kept', async () => {
    expect((await ask('x'.repeat(200_000))).status).toBe(413);
  });

  test('a web page cannot fetch itself a token: neither as plain text nor through a rebound name', async () => {
    expect((await ask({ as: 'alice', audience }, { 'content-type': 'text/plain' })).status).toBe(415);
    // fetch sets the Host header itself.
    const rebound = request({
      host: '127.0.0.1',
      port: issuer.port,
      path: '/token',
      method: 'POST',
      headers: { 'content-type': 'application/json', host: 'attacker.example' },
    });
    rebound.end(JSON.stringify({ as: 'alice', audience }));
    const [response] = (await once(rebound, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  test('other paths are not there', async () => {
    expect((await fetch(`http://127.0.0.1:${issuer.port}/token`)).status).toBe(404);
  });
});
