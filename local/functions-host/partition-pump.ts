import { setTimeout as delay } from 'node:timers/promises';
import type { EventHubConsumerClient, ReceivedEventData } from '@azure/event-hubs';
import { checkpointPath, readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';
import type { Checkpoint } from './checkpoint-file.ts';
import { EventBatcher } from './event-batcher.ts';
import { toCollectionBytes, toTriggerMetadata } from './event-hub-metadata.ts';
import type { BatchOrigin } from './event-hub-metadata.ts';
import { messageOf } from './host-error.ts';
import type { HostJson } from './host-json.ts';
import type { Log } from './log.ts';
import { runWithRetries } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { Invocation } from './worker.ts';

export interface PumpOptions {
  readonly partitionId: string;
  readonly group: string;
  readonly limits: HostJson['eventHubs'];
  readonly retry: RetryPolicy;
  readonly dataDir: string;
  /** Milliseconds before a partition that another host took is claimed again. */
  readonly reclaimAfter: number;
  /** A client of its own: after a fault it is closed and another is asked for. */
  readonly createClient: () => EventHubConsumerClient;
  readonly invoke: (invocation: Invocation) => Promise<unknown>;
  readonly log: (level: Parameters<Log>[0]['level'], message: string) => void;
  readonly now: () => Date;
  /** Ends the pump. */
  readonly signal: AbortSignal;
}

/** Why reading a partition ended; `lost`: another reader took the owner level. */
type Ending = 'stopped' | 'lost' | 'failed';

/** Before a hub that failed is asked again. */
const RECONNECT_MS = 1_000;
const HUB_TIMEOUT_MS = 5_000;
const CLOSE_MS = 2_000;

/** With an owner level a second reader of the group takes the partition over, instead of reading it twice. */
const OWNER_LEVEL = 1;

/**
 * Reads one partition until `signal`, one batch at a time, through faults of the hub and the loss of the partition.
 * Resolves when the batch in flight, if any, has ended. The checkpoint moves on whether a batch succeeded or not, once its
 * retries are used up: so does the real host.
 */
export async function pumpPartition(options: PumpOptions): Promise<void> {
  while (!options.signal.aborted) {
    const ending = await readUntilFault(options);
    if (ending === 'stopped') return;
    await delay(ending === 'lost' ? options.reclaimAfter : RECONNECT_MS, undefined, { signal: options.signal }).catch(
      () => undefined,
    );
  }
}

async function readUntilFault(options: PumpOptions): Promise<Ending> {
  const { partitionId, group, limits, signal, log } = options;
  const client = options.createClient();
  const ended = Promise.withResolvers<Ending>();
  let over = false;
  const end = (ending: Ending): void => {
    over = true;
    ended.resolve(ending);
  };
  const stop = (): void => end('stopped');
  signal.addEventListener('abort', stop, { once: true });
  let running: Promise<void> = Promise.resolve();
  try {
    const { createdOn } = await client.getEventHubProperties({
      abortSignal: AbortSignal.any([signal, AbortSignal.timeout(HUB_TIMEOUT_MS)]),
    });
    const origin = { namespace: client.fullyQualifiedNamespace, hub: client.eventHubName, group, partitionId };
    const path = checkpointPath(options.dataDir, origin);
    const hubCreated = createdOn.toISOString();
    const from = await readCheckpoint(path);
    const usable = from?.hubCreated === hubCreated ? from : undefined;
    if (from !== undefined && usable === undefined) {
      log('warning', `partition ${partitionId}: the hub was created anew, reading starts at its first event`);
    }
    const batcher = new EventBatcher<ReceivedEventData>(limits, () => options.now().getTime());
    const dispatcher = createDispatcher(options, origin, (checkpoint) =>
      writeCheckpoint(path, { ...checkpoint, hubCreated }),
    );
    log('information', `partition ${partitionId}: reading after ${usable?.sequenceNumber ?? 'nothing'}`);
    client.subscribe(
      partitionId,
      {
        processEvents: (events) => {
          // The client may go on reading after some errors: what it brings then is read again by the next reader.
          if (over) return Promise.resolve();
          batcher.add(events);
          running = dispatcher.dispatch(batcher);
          return running;
        },
        processError: (error) => {
          log('warning', `partition ${partitionId}: ${messageOf(error)}`);
          end('code' in error && error.code === 'ReceiverDisconnectedError' ? 'lost' : 'failed');
          return Promise.resolve();
        },
      },
      {
        ownerLevel: OWNER_LEVEL,
        startPosition: usable ? { sequenceNumber: usable.sequenceNumber, isInclusive: false } : { offset: '-1' },
        maxBatchSize: limits.maxEventBatchSize,
        prefetchCount: limits.prefetchCount,
        // Events come as soon as they are there; a call without any is what flushes a batch that waited long enough.
        maxWaitTimeInSeconds: Math.min(1_000, Math.max(20, limits.maxWaitTime / 4)) / 1000,
        // A body "200" would come as a number.
        skipParsingBodyAsJson: true,
      },
    );
    const ending = await ended.promise;
    if (ending === 'lost') {
      log(
        'warning',
        `partition ${partitionId}: another reader has taken it; it is claimed again in ${options.reclaimAfter} ms`,
      );
    }
    // The batch in flight goes on while the hub is closed, and the next reader must not start before its checkpoint.
    await running;
    await dispatcher.flush();
    return ending;
  } catch (error) {
    if (signal.aborted) return 'stopped';
    log('warning', `partition ${partitionId}: ${messageOf(error)}`);
    return 'failed';
  } finally {
    signal.removeEventListener('abort', stop);
    await closeClient(client);
  }
}

/** A hub that hangs must not keep the pump: its connection is left to itself then. */
export async function closeClient(client: EventHubConsumerClient): Promise<void> {
  const closed = client.close().catch(() => undefined);
  await Promise.race([closed, delay(CLOSE_MS, undefined, { ref: false })]);
}

interface Dispatcher {
  /** Hands over every batch that is due. Never rejects but where a checkpoint cannot be written. */
  dispatch(batcher: EventBatcher<ReceivedEventData>): Promise<void>;
  /** Writes the checkpoint that the frequency has held back. */
  flush(): Promise<void>;
}

function createDispatcher(
  options: PumpOptions,
  origin: BatchOrigin,
  write: (checkpoint: Pick<Checkpoint, 'sequenceNumber'>) => Promise<void>,
): Dispatcher {
  let batches = 0;
  let heldBack: number | undefined;

  async function flush(): Promise<void> {
    if (heldBack === undefined) return;
    await write({ sequenceNumber: heldBack });
    heldBack = undefined;
  }

  async function dispatch(batcher: EventBatcher<ReceivedEventData>): Promise<void> {
    for (let batch = batcher.next(); batch !== undefined && !options.signal.aborted; batch = batcher.next()) {
      // Both shapes of sequence numbers exist in the field: whoever reads one only must fail here first.
      const triggerMetadata = toTriggerMetadata(batch, origin, batches % 2 === 1);
      const input = toCollectionBytes(batch);
      const outcome = await runWithRetries(options.retry, options.signal, (retryContext) =>
        options.invoke({ input, triggerMetadata, retryContext }),
      );
      if (outcome.kind === 'stopped') return;
      batches++;
      heldBack = batch.at(-1)?.sequenceNumber;
      if (batches % options.limits.batchCheckpointFrequency === 0) await flush();
    }
  }

  return { dispatch, flush };
}
