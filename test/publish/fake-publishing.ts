import { StoreError } from '../../shared/errors.ts';
import type { PublishDependencies } from '../../shared/publish/publish-event.ts';
import type { OutgoingMessage, Publisher } from '../../shared/publish/publisher.ts';
import type { SpillStore } from '../../shared/publish/spill-store.ts';
import { parseEnvelope } from '../../shared/wire/envelope.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';

/**
 * `refuse`: not taken, and said so. `takeThenFail`: taken, yet an error. `hang`: never answers, so that only the signal ends
 * it. `takeThenHang`: taken, but the answer never comes.
 */
export type HubMood = 'accept' | 'refuse' | 'takeThenFail' | 'hang' | 'takeThenHang' | 'bug';

export class FakeHub implements Publisher {
  readonly taken: OutgoingMessage[] = [];
  mood: HubMood = 'accept';
  /** Bytes of body and envelope together. */
  limit = 1_000_000;
  /** Messages that this returns true for are refused for what they are. */
  dislikes: (message: OutgoingMessage) => boolean = () => false;
  attempts = 0;

  async publish(message: OutgoingMessage, signal: AbortSignal): Promise<'accepted' | 'tooLarge'> {
    this.attempts++;
    signal.throwIfAborted();
    if (this.mood === 'bug') throw new TypeError('cannot read properties of undefined');
    if (message.body.length + message.envelope.length > this.limit) return 'tooLarge';
    if (this.dislikes(message)) throw new StoreError('unexpected', 'the hub does not like this message');
    if (this.mood === 'refuse') throw new StoreError('unavailable', 'the hub refuses');
    if (this.mood === 'hang') return aborted(signal);
    this.taken.push(message);
    if (this.mood === 'takeThenHang') return aborted(signal);
    if (this.mood === 'takeThenFail')
      throw new StoreError('unavailable', 'the connection broke after the message was taken');
    return 'accepted';
  }

  /** The envelopes that arrived. */
  get envelopes(): Envelope[] {
    return this.taken.map((message) => parseEnvelope(message.envelope));
  }
}

export class FakeSpill implements SpillStore {
  readonly bodies = new Map<string, Buffer>();
  readonly requests = new Map<string, Buffer>();
  readonly replayed = new Set<string>();
  mood: 'accept' | 'refuse' | 'hang' = 'accept';
  /** Called before each write, to observe the order or to crash. */
  onWrite: (name: string) => void = () => undefined;

  async putBody(sha256: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#write(`bodies/${sha256}`, signal);
    this.bodies.set(sha256, Buffer.from(bytes));
  }
  async putRequest(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#write(`requests/${name}`, signal);
    this.requests.set(name, Buffer.from(bytes));
  }
  async putReplayed(name: string): Promise<void> {
    await this.#write(`replayed/${name}`, AbortSignal.timeout(1_000));
    this.replayed.add(name);
  }
  async *listRequests(): AsyncGenerator<string> {
    yield* [...this.requests.keys()].sort();
  }
  async *listReplayed(): AsyncGenerator<string> {
    yield* [...this.replayed].sort();
  }
  async getRequest(name: string): Promise<Buffer | undefined> {
    return this.requests.get(name);
  }

  async #write(name: string, signal: AbortSignal): Promise<void> {
    this.onWrite(name);
    signal.throwIfAborted();
    if (this.mood === 'refuse') throw new StoreError('unavailable', 'the spill container refuses');
    if (this.mood === 'hang') await aborted(signal);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // AbortSignal.timeout does not keep the process alive by itself.
    const alive = setInterval(() => undefined, 1_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      reject(new StoreError('unavailable', 'given up after the time limit'));
    });
  });
}

export interface FakePublishing extends PublishDependencies {
  readonly publisher: FakeHub;
  readonly spill: FakeSpill;
  readonly counted: string[];
  readonly logged: string[];
}

/** A publishing app in memory: its clock moves a second each time it is read, its ids count up. */
export function fakePublishing(start = '2026-03-01T12:00:00.000Z'): FakePublishing {
  let now = Date.parse(start);
  let id = 0;
  const counted: string[] = [];
  const logged: string[] = [];
  return {
    app: 'collect',
    publisher: new FakeHub(),
    spill: new FakeSpill(),
    clock: () => (now += 1_000),
    newId: () => `00000000-0000-4000-8000-${String(++id).padStart(12, '0')}`,
    telemetry: {
      count: (name, dimensions) => counted.push([name, ...Object.values(dimensions)].join(' ')),
      log: (_level, line) => logged.push(line),
    },
    timeLimits: { hub: 20, spill: 20 },
    counted,
    logged,
  };
}
