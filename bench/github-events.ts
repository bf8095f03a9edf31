import { hash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { HubMessage } from '../shared/seal/hub-message.ts';
import { formatEnvelope } from '../shared/wire/envelope.ts';
import { formatTimestamp } from '../shared/wire/timestamp.ts';
import { examplePayloads } from '../test/normalize/github-payloads.ts';

/** What the benches are fed with: GitHub's own examples and the fixtures of the tests, in the mix in which they come there. */
export interface GithubEvent {
  readonly event: string;
  readonly delivery: string;
  readonly body: Buffer;
}

const FIXTURES = join(import.meta.dirname, '../test/fixtures/github');
/** Of the examples' several versions the one without an enterprise server's: the others repeat most of it. */
const VERSION = 'api.github.com/';
const DAWN = Date.parse('2026-11-23T06:00:00.000Z');

interface Payload {
  readonly event: string;
  readonly text: string;
  /** Numbers and hashes that stay as they are. */
  readonly lasting: ReadonlySet<string>;
}

/** Database ids and commits. */
const IDS = /\b(?:[0-9a-f]{40}|\d{7,15})\b/g;

/** Most of the examples are of this repository; here they are of several, or all would go to one partition. */
const REPOSITORY = /Codertocat\/Hello-World/g;
const REPOSITORIES = 24;

/** `count` events, the same ones every time. All payloads come once before any comes again, with other ids then. */
export function githubEvents(count: number): GithubEvent[] {
  const payloads = readPayloads();
  return Array.from({ length: count }, (_, i) => {
    const payload = payloads[i % payloads.length];
    if (payload === undefined) throw new Error('There are no GitHub payloads: run npm ci.');
    const { event, text, lasting } = payload;
    const body = text
      .replace(IDS, (id) => (lasting.has(id) ? id : renewed(id, i)))
      .replace(REPOSITORY, `acme/repository-${Math.floor(i * 0.618_034) % REPOSITORIES}`);
    return { event, delivery: hash('sha256', `delivery ${i}`, 'hex').slice(0, 36), body: Buffer.from(body) };
  });
}

/** An event as the hub's message of that number; a tenth of a second lies between two. */
export function hubMessage({ event, delivery, body }: GithubEvent, sequenceNumber: number): HubMessage {
  const enqueued = DAWN + sequenceNumber * 100;
  const envelope = formatEnvelope({
    source: 'github',
    event,
    delivery,
    received: formatTimestamp(enqueued - 30),
    app: 'collect',
    function: 'collect-github',
    authenticated: 'hmac-sha256/current',
  });
  return { sequenceNumber, enqueued: formatTimestamp(enqueued), body, envelope };
}

function readPayloads(): Payload[] {
  const examples = examplePayloads()
    .filter(({ origin }) => origin.startsWith(VERSION))
    .map(({ event, body }) => toPayload(event, JSON.parse(body.toString())));
  const fixtures = readdirSync(FIXTURES).map((file) => {
    const { event, payload } = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as Record<string, unknown>;
    return toPayload(String(event), payload);
  });
  const orderOf = ({ text }: Payload) => hash('sha256', text);
  return [...examples, ...fixtures].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function toPayload(event: string, payload: unknown): Payload {
  const { repository, organization, sender } = payload as Record<string, unknown>;
  const lasting = JSON.stringify({ repository, organization, sender }).match(IDS);
  return { event, text: JSON.stringify(payload), lasting: new Set(lasting) };
}

/** Another id of the same form, the same one wherever it stands in the event. */
function renewed(id: string, i: number): string {
  const digest = hash('sha256', `${i}/${id}`, 'hex');
  if (id.length === 40) return digest.slice(0, 40);
  const digits = BigInt(`0x1${digest.slice(0, 15)}`).toString();
  return id.slice(0, 1) + digits.slice(-id.length + 1);
}
