import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EventHubConsumerClientOptions, EventPosition, ReceivedEventData } from '@azure/event-hubs';
import { earliestEventPosition, EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import type { EventHubs, EventHubsOptions } from '../../local/event-hubs/server.ts';
import { startEventHubs } from '../../local/event-hubs/server.ts';
import type { Mock } from 'vitest';
import { afterEach, beforeEach, onTestFinished, vi } from 'vitest';

/** Errors come at once: a test that wants retries asks for them. */
const NO_RETRY = { retryOptions: { maxRetries: 0 } };

/** Two partitions, one group of each kind. */
export const WEB = { name: 'web', partitions: 2, consumerGroups: ['seal', 'repair'] } as const;

/** What one test starts and opens; all of it is closed and deleted behind it. */
export class Stage {
  #dataDir = '';
  #cleanups: (() => Promise<void>)[] = [];

  get dataDir(): string {
    return this.#dataDir;
  }

  /** Runs `cleanup` when the test is over, before what was registered earlier. */
  later(cleanup: () => Promise<void>): void {
    this.#cleanups.unshift(cleanup);
  }

  async start(options: Partial<EventHubsOptions> = {}): Promise<EventHubs> {
    const hubs = await startEventHubs({ dataDir: this.dataDir, hubs: [WEB], ...options });
    this.later(() => hubs.stop());
    return hubs;
  }

  producer(
    connectionString: string,
    hub = 'web',
    options: EventHubConsumerClientOptions = NO_RETRY,
  ): EventHubProducerClient {
    const client = new EventHubProducerClient(connectionString, hub, options);
    this.later(() => client.close());
    return client;
  }

  consumer(
    connectionString: string,
    group = 'repair',
    hub = 'web',
    options: EventHubConsumerClientOptions = NO_RETRY,
  ): EventHubConsumerClient {
    const client = new EventHubConsumerClient(group, connectionString, hub, options);
    this.later(() => client.close());
    return client;
  }

  async setUp(): Promise<void> {
    this.#dataDir = await mkdtemp(join(tmpdir(), 'event-hubs-'));
  }

  async cleanUp(): Promise<void> {
    for (const cleanup of this.#cleanups) await cleanup();
    this.#cleanups = [];
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}

/** A stage for each test of a file. */
export function useStage(): Stage {
  const stage = new Stage();
  beforeEach(() => stage.setUp());
  afterEach(() => stage.cleanUp());
  return stage;
}

/** The method of all file handles, as there is no other way to see what becomes durable when. */
export async function spyOnDatasync(path: string): Promise<Mock<FileHandle['datasync']>> {
  const file = await open(path);
  const spy = vi.spyOn(Object.getPrototypeOf(file) as FileHandle, 'datasync');
  await file.close();
  onTestFinished(() => spy.mockRestore());
  return spy;
}

export interface Reading {
  readonly events: readonly ReceivedEventData[];
  /** Resolves with the first `count` events; rejects with the first error that the client reports. */
  received(count: number): Promise<readonly ReceivedEventData[]>;
  /** Resolves with the first error that the client reports. */
  readonly failed: Promise<Error & { code?: string }>;
  /** Resolves when the reader is attached: the client then asks for events, and an empty batch means it got no error. */
  readonly attached: Promise<void>;
  close(): Promise<void>;
}

/** Subscribes to one partition and keeps what comes. */
export function read(
  client: EventHubConsumerClient,
  partition: string,
  startPosition: EventPosition = earliestEventPosition,
  options: { readonly ownerLevel?: number } = {},
): Reading {
  const events: ReceivedEventData[] = [];
  const waiting: { count: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  const failed = Promise.withResolvers<Error>();
  const attached = Promise.withResolvers<void>();
  attached.promise.catch(() => undefined);
  const subscription = client.subscribe(
    partition,
    {
      processEvents: (batch) => {
        attached.resolve();
        events.push(...batch);
        for (const { count, resolve } of waiting) if (events.length >= count) resolve();
        return Promise.resolve();
      },
      processError: (error) => {
        failed.resolve(error);
        attached.reject(error);
        for (const { reject } of waiting) reject(error);
        return Promise.resolve();
      },
    },
    { startPosition, maxBatchSize: 200, maxWaitTimeInSeconds: 0.05, skipParsingBodyAsJson: true, ...options },
  );
  return {
    events,
    failed: failed.promise,
    attached: attached.promise,
    received: (count) =>
      new Promise((resolve, reject) => {
        const done = (): void => resolve(events.slice(0, count));
        if (events.length >= count) done();
        else waiting.push({ count, resolve: done, reject });
      }),
    close: () => subscription.close(),
  };
}

/** The first `count` events of a partition from `startPosition` on. */
export async function readSome(
  client: EventHubConsumerClient,
  partition: string,
  count: number,
  startPosition: EventPosition = earliestEventPosition,
): Promise<readonly ReceivedEventData[]> {
  const reading = read(client, partition, startPosition);
  try {
    return await reading.received(count);
  } finally {
    await reading.close();
  }
}

/** One event a text. */
export function texts(...words: readonly string[]): { body: Buffer }[] {
  return words.map((body) => ({ body: Buffer.from(body) }));
}

export function bodies(events: readonly ReceivedEventData[]): string[] {
  return events.map((event) => String(event.body));
}

export function numbers(events: readonly ReceivedEventData[]): number[] {
  return events.map((event) => event.sequenceNumber);
}
