import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { EventHubProducerClient } from '@azure/event-hubs';

import { startEventHubs } from '../../local/event-hubs/server.ts';
import type { EventHubs } from '../../local/event-hubs/server.ts';
import { startStorage } from '../../local/storage/start-storage.ts';
import type { StorageProcess } from '../../local/storage/start-storage.ts';
import { BlobImmutableStore } from '../../shared/azure/blob-immutable-store.ts';
import { EventHubReader } from '../../shared/azure/event-hub-reader.ts';
import { openConsumer } from '../../shared/azure/event-hubs-clients.ts';
import { openContainer, openTable } from '../../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../../shared/azure/table-index-tables.ts';
import { HUBS, HUB_OF_APP } from '../../shared/config.ts';
import { createFileKey } from '../../shared/directory/file-signer.ts';
import type { HubMessage } from '../../shared/seal/hub-message.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import { segmentPrefix } from '../../shared/wire/log-name.ts';
import { parseSegment } from '../../shared/wire/segment.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { makeFolder } from '../contract/stage.ts';
import { checkTrail } from '../seal/check-trail.ts';
import { pushBody } from '../seal/stage.ts';

const ROOT = join(import.meta.dirname, '../..');
const TRAIL = 'audit.example/trail';
const CONFIGURATION = `version: 1
from: 2026-01-01T00:00:00Z
projects:
  - id: pay
    sources: [https://github.com/acme/pay]
`;
/** Messages that one read of the hub brings. */
const READ = 2_000;

/** A number from the environment. */
export function setting(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${name} must be a whole number.`);
}

/** Seeded, so that the moments of a run can be had again: the test prints its seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A process that the test may kill. */
export interface Killable {
  readonly process: ChildProcess;
  /** What it wrote to its log. */
  log(): string;
  /** SIGKILL, and gone when this resolves. */
  kill(): Promise<void>;
  /** SIGTERM: it ends what it has begun. */
  stop(): Promise<void>;
}

/** Azurite behind the WORM guard, the hubs, a key and a configuration: all that sealing processes run against. */
export class LongStage {
  readonly folder: string;
  readonly #partitions: number;
  readonly #hubs: EventHubs;
  readonly #storage: StorageProcess;
  readonly #key: PublicKey;
  readonly #producer: EventHubProducerClient;
  readonly #remove: () => Promise<void>;
  readonly #sent: Buffer[][];
  #count = 0;

  private constructor(parts: {
    folder: string;
    partitions: number;
    hubs: EventHubs;
    storage: StorageProcess;
    key: PublicKey;
    remove: () => Promise<void>;
  }) {
    this.folder = parts.folder;
    this.#partitions = parts.partitions;
    this.#hubs = parts.hubs;
    this.#storage = parts.storage;
    this.#key = parts.key;
    this.#remove = parts.remove;
    this.#sent = Array.from({ length: parts.partitions }, () => []);
    this.#producer = new EventHubProducerClient(parts.hubs.connectionString(), 'web');
  }

  static async open(partitions: number): Promise<LongStage> {
    const { folder, remove } = await makeFolder();
    await mkdir(join(folder, 'configuration'));
    await writeFile(join(folder, 'configuration/indelible.yaml'), CONFIGURATION);
    const key = await createFileKey(join(folder, 'keys'));
    const worm = { retentionDays: 1, createOnly: true };
    const storage = await startStorage({
      dataDir: join(folder, 'storage'),
      containers: Object.keys(HUB_OF_APP).map((app) => `spill-${app}`),
      worm: { trail: worm, evidence: worm },
    });
    const groups = { consumerGroups: ['seal', 'repair'] };
    const hubs = await startEventHubs({
      dataDir: join(folder, 'hubs'),
      hubs: HUBS.map((name) => ({ name, partitions: name === 'web' ? partitions : 1, ...groups })),
    });
    return new LongStage({ folder, partitions, hubs, storage, key, remove });
  }

  async close(): Promise<void> {
    await this.#producer.close();
    await this.#hubs.stop();
    await this.#storage.stop();
    await this.#remove();
  }

  /** The app settings of a sealing process. */
  get settings(): Record<string, string> {
    const { connectionString } = this.#storage;
    return {
      EventHubs: this.#hubs.connectionString(),
      TrailStorage: connectionString,
      SpillStorage: connectionString,
      IndexStorage: connectionString,
      INDELIBLE_TRAIL: TRAIL,
      INDELIBLE_SIGNING_KEY: join(this.folder, 'keys'),
      INDELIBLE_CONFIGURATION: join(this.folder, 'configuration'),
    };
  }

  /** Small events, a push among every twenty, to one partition. */
  async publish(partition: number, count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const number = this.#count++;
      const isPush = number % 20 === 0;
      const body = isPush ? pushBody(`b${number}`, 2) : Buffer.from(`{"zen":"${number}","hook_id":1}`);
      const envelope = formatEnvelope({ source: 'github', event: isPush ? 'push' : 'ping', delivery: `d${number}` });
      return { body, properties: { envelope } };
    });
    await this.#producer.sendBatch(events, { partitionId: String(partition) });
    this.#sent[partition]?.push(...events.map(({ body }) => body));
  }

  /** The Functions host with the true functions of the app `seal`; `name` is that of its checkpoints. */
  startHost(name: string): Promise<Killable> {
    const main = join(ROOT, 'local/functions-host/main.ts');
    const options = {
      app: 'seal',
      entryPoints: ['seal-web', 'seal-tail'].map((each) => join(ROOT, `functions/seal/${each}.ts`)),
      hostJson: join(this.folder, 'host.json'),
      port: 0,
      dataDir: join(this.folder, name),
    };
    const eventHubs = { maxEventBatchSize: 50, minEventBatchSize: 10, maxWaitTime: '00:00:00.200', prefetchCount: 100 };
    const hostJson = JSON.stringify({ version: '2.0', extensions: { eventHubs } });
    return writeFile(options.hostJson, hostJson).then(() => this.#start(main, [JSON.stringify(options)]));
  }

  /** A process that reads and seals on its own, `batch` messages at a time, whoever else does. */
  startSealer(batch: number): Promise<Killable> {
    return this.#start(join(import.meta.dirname, 'sealing-process.ts'), [String(batch)]);
  }

  async #start(file: string, parameters: readonly string[]): Promise<Killable> {
    const child = spawn(process.execPath, [file, ...parameters], {
      env: { PATH: process.env['PATH'], ...this.settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-20_000)));
    const exited = once(child, 'exit');
    const ready = child.stdout === null ? Promise.resolve() : once(child.stdout, 'data');
    const failed = exited.then(() => {
      throw new Error(`A sealing process ended before it was ready: ${log}`);
    });
    failed.catch(() => undefined);
    await Promise.race([ready, failed]);
    const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
      child.kill(signal);
      await exited;
    };
    return { process: child, log: () => log, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
  }

  /** Resolves when every partition is sealed up to its last message. `alive`: throws where nobody is left to do it. */
  async drained(alive: () => void): Promise<void> {
    const reader = this.#reader();
    try {
      for (let partition = 0; partition < this.#partitions; partition++) {
        const { last } = await reader.partition(String(partition));
        while ((await this.#sealedUpTo(partition)) < last) {
          alive();
          await delay(200);
        }
      }
    } finally {
      await reader.close();
    }
  }

  async #sealedUpTo(partition: number): Promise<number> {
    const { trail } = this.#stores();
    let name: string | undefined;
    for await (const blob of trail.list(segmentPrefix(this.#log(partition)))) ({ name } = blob);
    const blob = name === undefined ? undefined : await trail.read(name);
    return blob === undefined ? -1 : (parseSegment(blob).seal.to?.sequenceNumber ?? -1);
  }

  /** How many segments there are, of all partitions. */
  async countSegments(): Promise<number> {
    let count = 0;
    for await (const _ of this.#stores().trail.list('segments/')) count++;
    return count;
  }

  /** The checker over everything: what the hub holds is what was sent, and what is sealed is what the hub holds. */
  async check(): Promise<string[]> {
    const wrong: string[] = [];
    const logs = [];
    const reader = this.#reader();
    for (const [partition, sent] of this.#sent.entries()) {
      const messages: HubMessage[] = [];
      while (messages.length < sent.length) {
        const from = messages.length;
        messages.push(...(await reader.read(String(partition), from, sent.length - 1, READ)));
      }
      const same = sent.every((body, number) => messages[number]?.body.equals(body) === true);
      if (!same) wrong.push(`partition ${partition}: the hub holds other messages than were sent`);
      logs.push({ log: this.#log(partition), messages });
    }
    await reader.close();
    return [...wrong, ...(await checkTrail({ ...this.#stores(), keys: [this.#key], logs, orphans: true }))];
  }

  #log(partition: number): string {
    return `${TRAIL}/web/${partition}/0`;
  }

  #reader(): EventHubReader {
    const connection = { name: 'EventHubs', connectionString: this.#hubs.connectionString() };
    return new EventHubReader(() => openConsumer(connection, 'web'));
  }

  #stores() {
    const connection = { name: 'TrailStorage', connectionString: this.#storage.connectionString };
    return {
      trail: new BlobImmutableStore(openContainer(connection, 'trail')),
      evidence: new BlobImmutableStore(openContainer(connection, 'evidence')),
      tables: new TableIndexTables((table) => openTable(connection, table)),
    };
  }
}
