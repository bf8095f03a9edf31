import { createECDH, createPrivateKey, createPublicKey, hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { HubMessage } from '../../shared/seal/hub-message.ts';
import type { HubProperties, HubReader } from '../../shared/seal/hub-reader.ts';
import { PartitionSealer } from '../../shared/seal/partition-sealer.ts';
import type { SealDeps } from '../../shared/seal/partition-sealer.ts';
import type { Signer } from '../../shared/seal/signer.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import { recordSchema } from '../../shared/wire/record.ts';
import { hashLeaf } from '../../shared/wire/merkle.ts';
import { parsePublicKey } from '../../shared/wire/signed-note.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { parseSegment } from '../../shared/wire/segment.ts';
import { parseFrame } from '../../shared/wire/zstd-frame.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';

/**
 * The worked example of docs/format.md: a log of two segments, written by the real sealer and the real normalizer. Nothing
 * in it is random, the signature included, so that the document can hold every byte of it.
 */
export interface FormatExample {
  readonly trail: MemoryImmutableStore;
  readonly evidence: MemoryImmutableStore;
  readonly publicKey: string;
  /** Name in the document's comment `<!-- example: NAME -->` to the content of the fenced block behind it. */
  readonly blocks: ReadonlyMap<string, string>;
}

export const LOG = 'audit.example.com/trail/web/0/0';

/** Worthless outside this example: it stands here for everybody to read. */
const PRIVATE_KEY = Buffer.from(hash('sha256', 'The key of the example in docs/format.md', 'hex'), 'hex');
const CREATED = '2026-11-23T06:00:00.000Z';
const DELIVERY = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const CONFIGURATION = `version: 1
from: 2026-11-01T00:00:00Z
projects:
  - id: payments
    sources:
      - https://github.com/acme/payments
`;

export async function makeFormatExample(): Promise<FormatExample> {
  const trail = new MemoryImmutableStore();
  const evidence = new MemoryImmutableStore();
  const signer = new FixedSigner(PRIVATE_KEY);
  const hub = new ExampleHub();
  const seal = () => new PartitionSealer(depsOf(hub, trail, evidence, signer), '0').sealBatch(hub.messages);

  hub.messages = [webhook()];
  await seal();
  // 1 and 2 are gone from the hub before anybody could seal them, and 3 comes from somebody who is none of our apps.
  hub.messages = [
    { sequenceNumber: 3, enqueued: '2026-11-23T06:20:00.000Z', body: Buffer.from('hello'), envelope: undefined },
  ];
  await seal();

  const publicKey = await signer.newest();
  return {
    trail,
    evidence,
    publicKey: publicKey.key.export({ format: 'pem', type: 'spki' }).toString(),
    blocks: await blocksOf(trail, evidence, publicKey),
  };
}

/** In the schema's order, four lines or so. */
function membersOf(shape: object): string {
  const lines: string[] = [''];
  for (const name of Object.keys(shape)) {
    const line = lines.at(-1) as string;
    if (line.length + name.length > 110) lines.push(name);
    else lines[lines.length - 1] = line === '' ? name : `${line} · ${name}`;
  }
  return `${lines.join('\n')}\n`;
}

function webhook(): HubMessage {
  const body = {
    ref: 'release-1',
    ref_type: 'branch',
    repository: { full_name: 'acme/payments', html_url: 'https://github.com/acme/payments' },
    sender: { login: 'mona', id: 1001, type: 'User' },
  };
  const envelope = formatEnvelope({
    source: 'github',
    event: 'delete',
    delivery: DELIVERY,
    received: '2026-11-23T06:10:00.100Z',
    app: 'collect',
    function: 'collect-github',
    authenticated: 'hmac-sha256/current',
  });
  return {
    sequenceNumber: 0,
    enqueued: '2026-11-23T06:10:00.250Z',
    body: Buffer.from(JSON.stringify(body)),
    envelope,
  };
}

function depsOf(hub: HubReader, trail: MemoryImmutableStore, evidence: MemoryImmutableStore, signer: Signer): SealDeps {
  return {
    trailName: 'audit.example.com/trail',
    trail,
    evidence,
    signer,
    hub,
    spilled: { read: async () => undefined },
    normalize: async (name, messages) =>
      messages.map(({ message, body }) =>
        normalizeMessage(name, { envelope: message.envelope, enqueued: message.enqueued, body }),
      ),
    configuration: { ...parseConfiguration(Buffer.from(CONFIGURATION)), follows: () => false },
    judge: () => ({ authority: { basis: 'unknown' } }),
    tabulate: async () => undefined,
    hint: async () => undefined,
    now: () => Date.parse(CREATED),
  };
}

class ExampleHub implements HubReader {
  messages: HubMessage[] = [];

  async properties(): Promise<HubProperties> {
    return { namespace: 'acme-audit.servicebus.windows.net', name: 'web', created: CREATED, partitions: ['0'] };
  }

  async partition() {
    const last = this.messages.at(-1);
    const number = last?.sequenceNumber ?? -1;
    return { first: number, last: number, lastEnqueued: last?.enqueued };
  }

  async read(_partition: string, from: number, to: number): Promise<readonly HubMessage[]> {
    return this.messages.filter(({ sequenceNumber: number }) => from <= number && number <= to);
  }
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Signs with a nonce made from key and text, as RFC 6979 does in a better way: the same text has the same signature. */
class FixedSigner implements Signer {
  readonly #secret: Buffer;
  readonly #publicKey: PublicKey;

  constructor(secret: Buffer) {
    this.#secret = secret;
    this.#publicKey = publicKeyOf(secret);
  }

  async newest(): Promise<PublicKey> {
    return this.#publicKey;
  }

  async publicKey(): Promise<PublicKey> {
    return this.#publicKey;
  }

  async sign(_sha256: string, text: Buffer): Promise<Buffer> {
    const nonce = Buffer.from(hash('sha256', Buffer.concat([this.#secret, text]), 'hex'), 'hex');
    const r = toNumber(pointOf(nonce).subarray(1, 33)) % ORDER;
    const digest = BigInt(`0x${hash('sha256', text, 'hex')}`);
    const s = (invert(toNumber(nonce)) * (digest + r * toNumber(this.#secret))) % ORDER;
    return Buffer.from([r, s].map((number) => number.toString(16).padStart(64, '0')).join(''), 'hex');
  }
}

function pointOf(secret: Buffer): Buffer {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(secret);
  return ecdh.getPublicKey();
}

function publicKeyOf(secret: Buffer): PublicKey {
  const point = pointOf(secret);
  const [d, x, y] = [secret, point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const jwk = { kty: 'EC', crv: 'P-256', d: d as string, x: x as string, y: y as string };
  const privateKey: KeyObject = createPrivateKey({ key: jwk, format: 'jwk' });
  return parsePublicKey(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** Fermat: a^(n − 2) mod n. */
function invert(number: bigint): bigint {
  let result = 1n;
  let base = number % ORDER;
  for (let exponent = ORDER - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % ORDER;
    base = (base * base) % ORDER;
  }
  return result;
}

async function blocksOf(
  trail: MemoryImmutableStore,
  evidence: MemoryImmutableStore,
  publicKey: PublicKey,
): Promise<Map<string, string>> {
  const blocks = new Map<string, string>();
  const read = async (store: MemoryImmutableStore, name: string) => (await store.read(name)) ?? Buffer.alloc(0);
  const names = trail.names('segments/');
  for (const [number, name] of names.entries()) {
    const blob = await read(trail, name);
    blocks.set(`segment ${number}`, parseFrame(blob, 1 << 20).toString());
    const { leaves, checkpoint, checkpointNote, seal } = parseSegment(blob);
    const hashes = leaves.map((leaf, i) => `${seal.first + i}  ${hashLeaf(leaf).toString('hex')}\n`);
    blocks.set(`leaf hashes ${number}`, hashes.join(''));
    blocks.set(`root ${number}`, `${checkpoint.root.toString('hex')}\n`);
    blocks.set(`checkpoint ${number}`, checkpointNote);
  }
  blocks.set('frontier 1', `${parseSegment(await read(trail, names[1] as string)).seal.frontier.join('\n')}\n`);
  blocks.set('blobs', [...names, ...trail.names('keys/')].map((name) => `trail     ${name}\n`).join(''));
  const bodies = evidence.names().map(async (name) => {
    const bytes = parseFrame(await read(evidence, name), 1 << 20);
    return `${name}  ${bytes.length} bytes\n`;
  });
  blocks.set('evidence', (await Promise.all(bodies)).join(''));
  blocks.set('key', publicKey.key.export({ format: 'pem', type: 'spki' }).toString());
  blocks.set('key hash', `${publicKey.sha256}\n`);
  blocks.set('configuration', CONFIGURATION);
  blocks.set('id', `${JSON.stringify(['github', DELIVERY, ''])}\n`);
  blocks.set('members', membersOf(recordSchema.shape.data.shape));
  return blocks;
}
