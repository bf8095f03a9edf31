import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startStack } from '../../local/stack.ts';
import type { Stack, StackOptions } from '../../local/stack.ts';
import type { AdminRequest } from '../../local/event-hubs/admin-http.ts';
import { BlobImmutableStore } from '../../shared/azure/blob-immutable-store.ts';
import { BlobSpilledBodies } from '../../shared/azure/blob-spilled-bodies.ts';
import { EventHubReader } from '../../shared/azure/event-hub-reader.ts';
import { openConsumer } from '../../shared/azure/event-hubs-clients.ts';
import { openContainer, openTable } from '../../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../../shared/azure/table-index-tables.ts';
import { HUBS, appOfHub } from '../../shared/config.ts';
import type { Hub } from '../../shared/config.ts';
import { parseQuestion, toPartitions } from '../../shared/report/question.ts';
import type { HubMessage } from '../../shared/seal/hub-message.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { parseCanonicalRecord, parseSegment } from '../../shared/wire/segment.ts';
import { parseEnvelope } from '../../shared/wire/envelope.ts';
import { parsePublicKey } from '../../shared/wire/signed-note.ts';
import { checkTrail } from '../seal/check-trail.ts';
import type { PublishedLog, PublishedMessage } from '../seal/check-trail.ts';

/** A stack in a folder of its own, and what a test asks of it from outside: over HTTP, AMQP and storage. */
export class StackStage {
  readonly folder: string;
  readonly stack: Stack;

  private constructor(folder: string, stack: Stack) {
    this.folder = folder;
    this.stack = stack;
  }

  static async open(options: Partial<StackOptions> = {}, folder?: string): Promise<StackStage> {
    const place = folder ?? (await mkdtemp(join(tmpdir(), 'indelible-stack-')));
    return new StackStage(place, await startStack({ dataDir: join(place, 'data'), port: 0, ...options }));
  }

  async close(): Promise<void> {
    await this.stack.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  get #connection(): { name: string; connectionString: string } {
    return { name: 'the stack under test', connectionString: this.stack.file.storage };
  }

  get trail(): BlobImmutableStore {
    return new BlobImmutableStore(openContainer(this.#connection, 'trail'));
  }

  /** The answer of the collector to one delivery. */
  async github(event: string, body: string | Buffer, delivery: string = randomUUID()): Promise<Response> {
    const signature = createHmac('sha256', this.stack.file.githubSecret).update(body).digest('hex');
    return this.post('/api/collect/github', body, {
      'x-github-event': event,
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${signature}`,
    });
  }

  post(path: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.stack.file.api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  }

  async token(as: string, roles?: readonly string[]): Promise<string> {
    const { issuer, audience } = this.stack.file;
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ as, audience, ...(roles === undefined ? {} : { roles }) }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  /** Fires a timer, and says how its run ended: 200 or 500. */
  async fire(timer: string): Promise<number> {
    return (await this.post(`/admin/functions/${timer}?wait=1`, '{}')).status;
  }

  async admin(request: AdminRequest): Promise<void> {
    const answer = await fetch(this.stack.file.hubsAdmin, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** All that the hub holds, a list a partition. */
  async messages(hub: Hub): Promise<HubMessage[][]> {
    const connection = { name: 'hubs', connectionString: this.stack.file.hubs };
    const reader = new EventHubReader(() => openConsumer(connection, hub));
    const { partitions } = await reader.properties();
    const found: HubMessage[][] = [];
    for (const partition of partitions) {
      const { first, last } = await reader.partition(partition);
      found.push([...(await reader.read(partition, first, last, 1_000_000))]);
    }
    return found;
  }

  /** Ids of the records that the index has of a request, in their order. */
  async decisions(request: string): Promise<string[]> {
    const tables = new TableIndexTables((table) => openTable(this.#connection, table));
    const found: string[] = [];
    for (const { partitionKey, range } of toPartitions(
      parseQuestion(new URLSearchParams({ table: 'Decisions', key: request })),
    )) {
      for await (const { columns } of tables.query('Decisions', partitionKey, range)) {
        found.push(String(columns['EventId']));
      }
    }
    return found;
  }

  /** Every record that is sealed, seals and adoptions included. */
  async records(): Promise<TrailRecord[]> {
    const { trail } = this;
    const records: TrailRecord[] = [];
    for await (const { name } of trail.list('segments/')) {
      const blob = await trail.read(name);
      if (blob !== undefined) records.push(...parseSegment(blob).leaves.map(parseCanonicalRecord));
    }
    return records;
  }

  /**
   * All that must hold of a trail, compared with what lies in the hubs. `before`: what hubs held that are gone now, by the
   * generation that they were sealed into.
   */
  async check(before: readonly PublishedLog[] = []): Promise<string[]> {
    const { file } = this.stack;
    const generation = before.length === 0 ? 0 : 1;
    const logs: PublishedLog[] = [...before];
    for (const hub of HUBS) {
      for (const [partition, messages] of (await this.messages(hub)).entries()) {
        const isAnew = before.some((each) => each.log.startsWith(`${file.trail}/${hub}/`));
        if (messages.length === 0) continue;
        logs.push(await this.published(hub, partition, isAnew ? generation : 0, messages));
      }
    }
    return checkTrail({
      trail: this.trail,
      evidence: new BlobImmutableStore(openContainer(this.#connection, 'evidence')),
      tables: new TableIndexTables((table) => openTable(this.#connection, table)),
      keys: [parsePublicKey(await readFile(file.publicKey, 'utf8'))],
      logs,
      // A sealer that was killed leaves evidence of a segment that never was.
      orphans: true,
    });
  }

  /** Messages of a hub as the checker wants them: with the bytes that came by the spill container. */
  async published(
    hub: Hub,
    partition: number,
    generation: number,
    messages: readonly HubMessage[],
  ): Promise<PublishedLog> {
    const spilled = new BlobSpilledBodies(openContainer(this.#connection, `spill-${appOfHub(hub)}`));
    const published: PublishedMessage[] = [];
    for (const { sequenceNumber, enqueued, body, envelope } of messages) {
      const named = envelope === undefined ? undefined : parseEnvelope(envelope).body;
      const bytes = named === undefined ? undefined : await spilled.read(named.sha256);
      published.push({
        sequenceNumber,
        enqueued,
        body: bytes ?? body,
        from: bytes === undefined ? 'hub' : 'spill',
      });
    }
    return { log: `${this.stack.file.trail}/${hub}/${partition}/${generation}`, messages: published };
  }
}

/** A push of no commits, small and told apart by its number. */
export function pushOf(number: number): string {
  return JSON.stringify({
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: number.toString(16).padStart(40, 'a'),
    created: false,
    deleted: false,
    forced: false,
    commits: [],
    repository: { id: 1, name: 'payments', full_name: 'acme/payments', html_url: 'https://github.com/acme/payments' },
    pusher: { name: 'alice-adams' },
    sender: { login: 'alice-adams', id: 7, type: 'User', html_url: 'https://github.com/alice-adams' },
  });
}
