import { EventHubConsumerClient } from '@azure/event-hubs';
import type { EventHubConsumerClientOptions } from '@azure/event-hubs';
import { DefaultAzureCredential } from '@azure/identity';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { HostError, messageOf } from './host-error.ts';
import type { HostJson } from './host-json.ts';
import type { Log } from './log.ts';
import { closeClient, pumpPartition } from './partition-pump.ts';
import { parseRetryPolicy } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import { resolveHubConnection, resolveSettings } from './settings.ts';
import type { HubConnection, Settings } from './settings.ts';
import type { RegisteredFunction, Worker } from './worker.ts';

const bindingSchema = z.object({
  connection: z.string().min(1),
  eventHubName: z.string().min(1),
  consumerGroup: z.string().min(1).default('$Default'),
  cardinality: z.literal('many', 'cardinality must be "many"'),
  dataType: z.literal('binary', 'dataType must be "binary": text bodies are changed and empty ones vanish'),
});

export interface EventHubFunction {
  readonly kind: 'eventHub';
  readonly target: RegisteredFunction;
  readonly hub: string;
  readonly group: string;
  readonly connection: HubConnection;
  readonly retry: RetryPolicy;
}

const HUB_TIMEOUT_MS = 5_000;
const RECONNECT_MS = 1_000;

/** The client's own retries wait for 30 s; a pump that starts anew is faster and is logged. */
const CLIENT_OPTIONS: EventHubConsumerClientOptions = {
  retryOptions: { maxRetries: 0, timeoutInMs: 10_000 },
};

/** @throws HostError `registration` or `setting` */
export function parseEventHubFunction(target: RegisteredFunction, settings: Settings): EventHubFunction {
  const parsed = bindingSchema.safeParse(target.trigger);
  if (!parsed.success) {
    throw new HostError(
      'registration',
      `the event hub trigger of "${target.name}" cannot be used: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { connection, eventHubName, consumerGroup } = parsed.data;
  return {
    kind: 'eventHub',
    target,
    hub: resolveSettings(eventHubName, settings),
    group: resolveSettings(consumerGroup, settings),
    connection: resolveHubConnection(connection, settings),
    retry: parseRetryPolicy(target.name, target.metadata.retryOptions),
  };
}

/**
 * Starts to read every partition of the function's hub. `started` resolves once the hub has named its partitions and
 * they are pumped, however long the hub takes to come up; `ended` once, after `signal`, the last batch in flight has ended.
 */
export function startEventHub(
  hubFunction: EventHubFunction,
  parts: {
    readonly worker: Worker;
    readonly limits: HostJson['eventHubs'];
    readonly dataDir: string;
    readonly reclaimAfter: number;
    readonly log: Log;
    readonly now: () => Date;
    readonly signal: AbortSignal;
  },
): { readonly started: Promise<void>; readonly ended: Promise<void> } {
  const { target, group } = hubFunction;
  const log = (level: Parameters<Log>[0]['level'], message: string): void =>
    parts.log({ level, category: `Function.${target.name}`, message });
  const createClient = (): EventHubConsumerClient => connect(hubFunction);

  async function run(started: () => void): Promise<void> {
    const partitionIds = await readPartitionIds(createClient, log, parts.signal);
    const pumps = partitionIds.map((partitionId) =>
      pumpPartition({
        ...parts,
        log,
        partitionId,
        group,
        retry: hubFunction.retry,
        createClient,
        invoke: (invocation) => parts.worker.invoke(target, invocation),
      }),
    );
    started();
    await Promise.all(pumps);
  }

  const start = Promise.withResolvers<void>();
  const ended = run(start.resolve);
  ended.catch(start.reject);
  return { started: start.promise, ended };
}

async function readPartitionIds(
  createClient: () => EventHubConsumerClient,
  log: (level: Parameters<Log>[0]['level'], message: string) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  while (!signal.aborted) {
    const client = createClient();
    try {
      const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(HUB_TIMEOUT_MS)]);
      return await client.getPartitionIds({ abortSignal });
    } catch (error) {
      log('warning', `the hub ${client.eventHubName} does not answer: ${messageOf(error)}`);
      await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    } finally {
      await closeClient(client);
    }
  }
  return [];
}

function connect({ connection, hub, group }: EventHubFunction): EventHubConsumerClient {
  switch (connection.kind) {
    case 'connectionString': {
      // As in the real host, a hub that the connection string names wins; the client refuses two names.
      const named = /(^|;)\s*EntityPath=/i.test(connection.connectionString);
      return named
        ? new EventHubConsumerClient(group, connection.connectionString, CLIENT_OPTIONS)
        : new EventHubConsumerClient(group, connection.connectionString, hub, CLIENT_OPTIONS);
    }
    case 'identity': {
      const { clientId } = connection;
      const credential = new DefaultAzureCredential(
        clientId === undefined ? {} : { managedIdentityClientId: clientId },
      );
      return new EventHubConsumerClient(group, connection.namespace, hub, credential, CLIENT_OPTIONS);
    }
  }
}
