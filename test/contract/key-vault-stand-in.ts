import { createECDH, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { KeyClient } from '@azure/keyvault-keys';

import { makeSelfSigned } from './self-signed.ts';

interface Version {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly created: number;
  attributes: { enabled: boolean; nbf?: number; exp?: number };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A running stand-in for the REST protocol of one Key Vault with one key; all times are seconds since the epoch. */
export interface KeyVaultStandIn {
  readonly url: string;
  /** A client as the sealer has it, but for the certificate and for quick errors. */
  client(): KeyClient;
  /** `METHOD path`, without what varies. */
  readonly requests: string[];
  /** Adds a version, on P-256 unless another curve is named, and gives its id. */
  createVersion(created: number, curve?: 'P-256' | 'P-384'): string;
  setAttributes(version: string, attributes: { enabled: boolean; nbf?: number; exp?: number }): void;
  /** Answers the next requests that match so, instead of what the vault would. */
  fail(path: RegExp, answer: Answer | 'hang', times?: number): void;
  stop(): Promise<void>;
}

/** Versions a page of the listing, so that clients which read one page only are found out. */
const PAGE = 2;

/**
 * Speaks what `@azure/keyvault-keys` needs: the challenge for a token, GET of a version, GET of the versions in pages, and POST
 * sign. It refuses what Key Vault refuses: requests without token, versions that are switched off, not yet or no longer
 * valid, algorithms that are not the curve's, digests of another length.
 */
export async function startKeyVault(name: string): Promise<KeyVaultStandIn> {
  const versions: Version[] = [];
  const requests: string[] = [];
  const failures: { path: RegExp; answer: Answer | 'hang'; left: number }[] = [];
  let url = '';

  const tls = makeSelfSigned(new Date());
  const server = createServer(tls, (incoming, outgoing) => {
    void (async () => {
      const path = new URL(incoming.url ?? '/', url).pathname;
      const body = await readBody(incoming);
      if (incoming.headers.authorization !== 'Bearer test-token') {
        outgoing.setHeader(
          'www-authenticate',
          'Bearer authorization="https://login.example/tenant", resource="https://vault.example"',
        );
        outgoing.writeHead(401).end();
        return;
      }
      requests.push(`${incoming.method} ${path}`);
      const failure = failures.find((each) => each.left > 0 && each.path.test(path));
      if (failure !== undefined) failure.left -= 1;
      if (failure?.answer === 'hang') return;
      const { status, body: answer } = failure?.answer ?? respond(incoming, path, body);
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function respond(incoming: IncomingMessage, path: string, body: string): Answer {
    const [, keys, keyName, version, operation] = path.split('/');
    if (keys !== 'keys' || keyName !== name) return refuse(404, 'KeyNotFound');
    if (incoming.method === 'GET' && version === 'versions') return list(incoming);
    const found = versions.find((each) => each.id === version);
    if (found === undefined) return refuse(404, 'KeyNotFound');
    if (incoming.method === 'GET' && operation === undefined) return { status: 200, body: toBundle(found) };
    if (incoming.method === 'POST' && operation === 'sign') return signDigest(found, body);
    return refuse(405, 'MethodNotAllowed');
  }

  function list(incoming: IncomingMessage): Answer {
    const from = Number(new URL(incoming.url ?? '/', url).searchParams.get('skip') ?? 0);
    const value = versions
      .slice(from, from + PAGE)
      .map((each) => ({ kid: kidOf(each), attributes: attributesOf(each) }));
    const next = `${url}/keys/${name}/versions?api-version=7.6&skip=${from + PAGE}`;
    return { status: 200, body: { value, nextLink: from + PAGE < versions.length ? next : null } };
  }

  function signDigest(version: Version, body: string): Answer {
    const { alg, value } = JSON.parse(body) as { alg: string; value: string };
    const { enabled, nbf = -Infinity, exp = Infinity } = version.attributes;
    const now = Date.now() / 1_000;
    if (!enabled) return refuse(403, 'Forbidden', 'KeyDisabled');
    if (now < nbf) return refuse(403, 'Forbidden', 'KeyNotYetValid');
    if (now >= exp) return refuse(403, 'Forbidden', 'KeyExpired');
    const digest = Buffer.from(value, 'base64url');
    const curve = version.privateKey.asymmetricKeyDetails?.namedCurve;
    if (alg !== 'ES256' || curve !== 'prime256v1' || digest.length !== 32) return refuse(400, 'BadParameter');
    return {
      status: 200,
      body: { kid: kidOf(version), value: signRaw(version.privateKey, digest).toString('base64url') },
    };
  }

  function kidOf({ id }: Version): string {
    return `${url}/keys/${name}/${id}`;
  }

  function toBundle(version: Version): unknown {
    const jwk = version.privateKey.export({ format: 'jwk' });
    const key = { kid: kidOf(version), kty: 'EC', key_ops: ['sign', 'verify'], crv: jwk.crv, x: jwk.x, y: jwk.y };
    return { key, attributes: attributesOf(version) };
  }

  return {
    url,
    requests,
    client() {
      const getToken = (): Promise<{ token: string; expiresOnTimestamp: number }> =>
        Promise.resolve({ token: 'test-token', expiresOnTimestamp: Date.now() + 3_600_000 });
      return new KeyClient(
        url,
        { getToken },
        // The challenge names a resource of Azure's, not of 127.0.0.1.
        { tlsOptions: { ca: tls.cert }, disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } },
      );
    },
    createVersion(created, curve = 'P-256') {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
      const id = String(versions.length + 1).padStart(32, '0');
      versions.push({ id, privateKey, created, attributes: { enabled: true } });
      return id;
    },
    setAttributes(id, attributes) {
      const version = versions.find((each) => each.id === id);
      if (version === undefined) throw new Error(`There is no version ${id}.`);
      version.attributes = attributes;
    },
    fail(path, answer, times = 1) {
      failures.push({ path, answer, left: times });
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function attributesOf({ attributes, created }: Version): object {
  return { ...attributes, created, updated: created, recoveryLevel: 'Recoverable+Purgeable' };
}

/** As Key Vault words it: the code that tells what is wrong lies inside. */
export function refuse(status: number, code: string, inner?: string): Answer {
  const message = 'Refused by the stand-in.';
  return { status, body: { error: { code, message, ...(inner !== undefined && { innererror: { code: inner } }) } } };
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** ECDSA over a digest (FIPS 186-5, 6.4.1), r ‖ s: Node signs only what it hashes itself. With either s, as Key Vault does. */
function signRaw(privateKey: KeyObject, digest: Buffer): Buffer {
  const secret = toInteger(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const nonce = createECDH('prime256v1');
  // The uncompressed point: 0x04, x, y.
  const r = toInteger(nonce.generateKeys().subarray(1, 33)) % ORDER;
  const s = (invert(toInteger(nonce.getPrivateKey())) * (toInteger(digest) + r * secret)) % ORDER;
  return Buffer.from([r, s].map((value) => value.toString(16).padStart(64, '0')).join(''), 'hex');
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** Modulo the prime order, by Fermat. */
function invert(value: bigint): bigint {
  let result = 1n;
  for (let base = value % ORDER, power = ORDER - 2n; power > 0n; power >>= 1n) {
    if (power & 1n) result = (result * base) % ORDER;
    base = (base * base) % ORDER;
  }
  return result;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
