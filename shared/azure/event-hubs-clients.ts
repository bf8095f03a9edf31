import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';

import type { Connection } from '../config.ts';
import { SettingsError } from '../errors.ts';
import { credentialOf } from './credential.ts';

/** Beside the trigger's group, `seal`: the trigger holds its partitions under an owner level and tolerates no second reader. */
const REPAIR_GROUP = 'repair';

/**
 * One quick second try; what fails after that, the caller does anew, or spills. `attempt`: milliseconds. A new object for each
 * client, as the SDK writes its defaults into it.
 */
function options(attempt: number): {
  retryOptions: { maxRetries: number; retryDelayInMs: number; timeoutInMs: number };
} {
  return { retryOptions: { maxRetries: 1, retryDelayInMs: 100, timeoutInMs: attempt } };
}

/** A message on a connection that breaks gets no answer: two tries must fit into the five seconds that publishing may take. */
const SEND_ATTEMPT = 2_000;
const READ_ATTEMPT = 10_000;

/** Throws SettingsError naming the setting that is wrong; never its value, which may be a secret. */
export function openProducer(connection: Connection, hub: string): EventHubProducerClient {
  const { name, connectionString, fullyQualifiedNamespace, clientId } = connection;
  return connectionString
    ? parsing(name, hub, () => new EventHubProducerClient(connectionString, hub, options(SEND_ATTEMPT)))
    : new EventHubProducerClient(
        hostName(name, fullyQualifiedNamespace),
        hub,
        credentialOf(clientId),
        options(SEND_ATTEMPT),
      );
}

/** In the consumer group `repair`. Throws SettingsError, as {@link openProducer}. */
export function openConsumer(connection: Connection, hub: string): EventHubConsumerClient {
  const { name, connectionString, fullyQualifiedNamespace, clientId } = connection;
  if (connectionString) {
    return parsing(
      name,
      hub,
      () => new EventHubConsumerClient(REPAIR_GROUP, connectionString, hub, options(READ_ATTEMPT)),
    );
  }
  const host = hostName(name, fullyQualifiedNamespace);
  return new EventHubConsumerClient(REPAIR_GROUP, host, hub, credentialOf(clientId), options(READ_ATTEMPT));
}

/** Without a cause: the SDK quotes the connection string, with its key, in its errors. */
function parsing<T>(setting: string, hub: string, open: () => T): T {
  try {
    return open();
  } catch {
    throw new SettingsError(`The setting ${setting} is not a connection string for the event hub ${hub}.`);
  }
}

function hostName(setting: string, host: string | undefined): string {
  if (host !== undefined && /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host)) return host;
  throw new SettingsError(`The setting ${setting}__fullyQualifiedNamespace must be a host name.`);
}
