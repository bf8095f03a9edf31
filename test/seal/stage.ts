import { hash } from 'node:crypto';

import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { HubMessage } from '../../shared/seal/hub-message.ts';
import { PartitionSealer } from '../../shared/seal/partition-sealer.ts';
import type { SealDeps, SealingConfiguration } from '../../shared/seal/partition-sealer.ts';
import type { OrderedGeneration } from '../../shared/seal/generation.ts';
import { tabulateLog } from '../../shared/tabulate/tabulate.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { formatSegmentBlob, segmentPrefix } from '../../shared/wire/log-name.ts';
import type { Seal, TrailRecord } from '../../shared/wire/record.ts';
import { parseCanonicalRecord, parseSegment } from '../../shared/wire/segment.ts';
import type { Segment } from '../../shared/wire/segment.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { MemoryHub } from '../fakes/memory-hub.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { MemoryIndexTables } from '../fakes/memory-index-tables.ts';
import { MemorySigner } from '../fakes/memory-signer.ts';
import { MemorySpillStore } from '../fakes/memory-spill-store.ts';
import { checkTrail } from './check-trail.ts';
import type { PublishedMessage } from './check-trail.ts';

export const TRAIL = 'audit.example/trail';
export const DAWN = Date.parse('2026-11-23T06:00:00.000Z');
export const MINUTE = 60_000;

/** A push of `commits` commits: 1 + `commits` records. */
export function pushBody(name: string, commits = 0): Buffer {
  const idOf = (k: number) => hash('sha256', `${name}/${k}`, 'hex').slice(0, 40);
  return Buffer.from(
    JSON.stringify({
      ref: `refs/heads/${name}`,
      before: idOf(-1),
      after: idOf(commits - 1),
      created: false,
      deleted: false,
      forced: false,
      commits: Array.from({ length: commits }, (_, k) => ({
        id: idOf(k),
        distinct: true,
        message: `Commit ${k} of ${name}`,
        timestamp: '2026-11-20T09:30:00+01:00',
        author: { name: 'Hubot', username: 'hubot' },
        added: [],
        removed: [],
        modified: [],
      })),
      repository: {
        id: 1,
        full_name: 'acme/pay',
        html_url: 'https://github.com/acme/pay',
        owner: { login: 'acme', id: 2 },
      },
      sender: { login: 'hubot', id: 3, type: 'User' },
    }),
  );
}

export function pushEnvelope(delivery: string, more: Partial<Envelope> = {}): string {
  return formatEnvelope({
    source: 'github',
    event: 'push',
    delivery,
    received: '2026-11-23T06:00:00.500Z',
    app: 'collect',
    function: 'collect-github',
    authenticated: 'hmac-sha256/current',
    ...more,
  });
}

export interface TestConfiguration {
  readonly text: string;
  readonly from?: string | undefined;
  /** Texts of the versions before, the newest last. */
  readonly before?: readonly string[] | undefined;
  readonly generations?: readonly OrderedGeneration[] | undefined;
}

export function configurationOf(test: TestConfiguration): SealingConfiguration {
  const { text, from = '2026-01-01T00:00:00.000Z', before = [], generations = [] } = test;
  const bytes = Buffer.from(text);
  const hashes = before.map((each) => hash('sha256', each, 'hex'));
  return {
    sha256: hash('sha256', bytes, 'hex'),
    bytes,
    from,
    previous: hashes.at(-1),
    generations,
    projectOf: (source) => (source.startsWith('https://github.com/acme/pay') ? 'pay' : undefined),
    follows: (sha256) => hashes.includes(sha256),
  };
}

/** Ports in memory, a clock, and what was published: all that a sealer's test needs. */
export class SealStage {
  now = DAWN;
  readonly hub = new MemoryHub({ name: 'web', partitions: 2, clock: () => this.now });
  readonly trail = new MemoryImmutableStore();
  readonly evidence = new MemoryImmutableStore();
  readonly tables = new MemoryIndexTables();
  readonly signer = new MemorySigner();
  readonly spill = new MemorySpillStore();
  readonly keys: PublicKey[] = [];
  configuration = configurationOf({ text: 'one' });
  /** By log. */
  readonly published = new Map<string, PublishedMessage[]>();
  readonly gone = new Map<string, number[]>();
  readonly first = new Map<string, number>();
  generation = 0;
  #pushed = 0;

  static async open(): Promise<SealStage> {
    const stage = new SealStage();
    stage.keys.push(await stage.signer.newest());
    return stage;
  }

  logOf(generation = this.generation, partition = '0'): string {
    return `${TRAIL}/web/${partition}/${generation}`;
  }

  deps(more: Partial<SealDeps> = {}): SealDeps {
    const trail = more.trail ?? this.trail;
    const tables = this.tables;
    return {
      trailName: TRAIL,
      trail,
      evidence: this.evidence,
      signer: this.signer,
      hub: this.hub,
      spilled: this.spill,
      normalize: (hub, raw) =>
        Promise.resolve(
          raw.map(({ message, body }) => {
            const { envelope, enqueued } = message;
            return normalizeMessage(hub, { envelope, body, enqueued });
          }),
        ),
      configuration: this.configuration,
      judge: () => ({ authority: { basis: 'unknown' } }),
      tabulate: (log, upTo, fresh) => tabulateLog({ trail, tables }, log, upTo, fresh),
      hint: (log) => tables.getProgress(log),
      now: () => this.now,
      ...more,
    };
  }

  sealer(more: Partial<SealDeps> = {}, partition = '0'): PartitionSealer {
    return new PartitionSealer(this.deps(more), partition);
  }

  /** Publishes any bytes, a second after what came before. */
  put(body: Buffer, envelope?: string, more: Partial<PublishedMessage> = {}, partition = '0'): HubMessage {
    this.now += 1_000;
    const message = this.hub.enqueue(partition, more.from === undefined ? body : Buffer.alloc(0), envelope);
    const log = this.logOf(this.generation, partition);
    const all = this.published.get(log) ?? [];
    all.push({ ...message, body, ...more });
    this.published.set(log, all);
    return message;
  }

  /** Publishes `count` pushes of `commits` commits each. */
  push(count: number, commits = 0, partition = '0'): HubMessage[] {
    return Array.from({ length: count }, () => {
      const name = `b${this.#pushed++}`;
      return this.put(pushBody(name, commits), pushEnvelope(`delivery-${name}`), {}, partition);
    });
  }

  /** Retention takes those below `before`, of which `unsealed` had not been sealed. */
  expire(before: number, unsealed: readonly number[]): void {
    this.hub.expire('0', before);
    this.lost(unsealed);
  }

  lost(numbers: readonly number[]): void {
    this.gone.set(this.logOf(), [...(this.gone.get(this.logOf()) ?? []), ...numbers]);
  }

  async segments(log = this.logOf()): Promise<Segment[]> {
    const names = this.trail.names(segmentPrefix(log));
    return Promise.all(names.map(async (name) => parseSegment((await this.trail.read(name)) ?? Buffer.alloc(0))));
  }

  async seals(log = this.logOf()): Promise<Seal[]> {
    return (await this.segments(log)).map(({ seal }) => seal);
  }

  /** All records of the log. */
  async records(log = this.logOf()): Promise<TrailRecord[]> {
    return (await this.segments(log)).flatMap(({ leaves }) => leaves.map(parseCanonicalRecord));
  }

  segmentBlob(number: number, log = this.logOf()): string {
    return formatSegmentBlob(log, number);
  }

  /** {@link checkTrail} over all that was published. */
  check(more: { orphans?: boolean; notes?: readonly string[] } = {}): Promise<string[]> {
    const logs = [...this.published].map(([log, messages]) => ({
      log,
      messages,
      gone: this.gone.get(log),
      first: this.first.get(log),
    }));
    const { trail, evidence, tables, keys } = this;
    return checkTrail({ trail, evidence, tables, keys, ...more, logs });
  }
}
