import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';

import type { Container } from 'rhea';
import rhea from 'rhea';
import { z } from 'zod';

import { SettingsError } from '../../shared/errors.ts';
import { linkDetached } from './amqp-error.ts';
import type { HubDeclaration } from './hub.ts';
import { Hub, hubDeclaration } from './hub.ts';
import { Links } from './links.ts';
import type { Clock, PartitionLog } from './partition-log.ts';
import { MESSAGE_LIMIT } from './publisher.ts';
import type { SendFault } from './send-fault.ts';
import { SendFaults } from './send-fault.ts';

const HOST = '127.0.0.1';

export interface EventHubsOptions {
  /** Holds everything; made where it is missing. Only one stand-in at a time may use it. */
  readonly dataDir: string;
  /** Where to listen on 127.0.0.1; 0 or left out: any free port. */
  readonly port?: number | undefined;
  readonly hubs: readonly HubDeclaration[];
  /** Milliseconds since 1970; left out: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Gets a line for each connection that broke the protocol. */
  readonly log?: ((line: string) => void) | undefined;
}

export interface HubState {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly partitions: readonly PartitionState[];
  readonly fault?: SendFault;
}

export interface PartitionState {
  readonly id: string;
  /** The oldest number held, and the next to come; equal where nothing is held. */
  readonly begin: number;
  readonly next: number;
  /** Milliseconds since 1970; absent before the first event. */
  readonly lastEnqueued?: number;
  readonly readers: readonly { readonly group: string; readonly name: string; readonly ownerLevel?: number }[];
}

/** Which events retention takes: those numbered below `before`, or those enqueued before `olderThan` (ms since 1970). */
export type Cut = { readonly before: number } | { readonly olderThan: number };

/** A running stand-in. A call for a hub or a partition that is not there throws SettingsError. */
export interface EventHubs {
  readonly port: number;
  /** For the SDK's clients; with `hub`, as `EntityPath` too. */
  connectionString(hub?: string): string;
  /** From now on; `undefined` clears it. Sends that hang stay unanswered. */
  setFault(hub: string, fault: SendFault | undefined): void;
  /** Breaks every connection, without a word, as a failing network does. */
  closeConnections(): void;
  cut(hub: string, partition: string, cut: Cut): Promise<void>;
  /** Deletes the hub and makes it anew: another creation time, numbers from 0, all its links detached. */
  recreate(hub: string): Promise<void>;
  state(): HubState[];
  /** Answers nobody any more, ends the writes under way, and leaves the data to the next start. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a stand-in for Azure Event Hubs that speaks AMQP 1.0 without TLS: connect with `UseDevelopmentEmulator=true`. Throws
 * SettingsError (a declaration is wrong, a hub has another number of partitions), LogDamagedError, or the error of the system (port in use).
 */
export async function startEventHubs(options: EventHubsOptions): Promise<EventHubs> {
  const server = new EventHubsServer(options);
  await server.start();
  return server;
}

class EventHubsServer implements EventHubs {
  readonly #options: EventHubsOptions;
  readonly #container: Container = rhea.create_container({ id: 'event-hubs' });
  readonly #hubs = new Map<string, Hub>();
  readonly #faults = new SendFaults<Hub>();
  readonly #sockets = new Set<Socket>();
  readonly #links: Links;
  #stopListening: () => Promise<void> = () => Promise.resolve();
  #stopped: Promise<void> | undefined;
  #port = 0;

  constructor(options: EventHubsOptions) {
    this.#options = options;
    const findHub = (name: string): Hub | undefined => this.#hubs.get(name.toLowerCase());
    this.#links = new Links(this.#container, findHub, this.#faults, options.log ?? (() => undefined));
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { dataDir, hubs, clock = Date.now } = this.#options;
    await mkdir(dataDir, { recursive: true });
    try {
      for (const hub of hubs) {
        const declaration = parseDeclaration(hub);
        const key = declaration.name.toLowerCase();
        if (this.#hubs.has(key)) throw new SettingsError(`The hub ${declaration.name} is declared twice.`);
        this.#hubs.set(key, await Hub.open(join(dataDir, key), declaration, clock));
      }
      await this.#listen();
    } catch (error) {
      await this.#closeHubs();
      throw error;
    }
  }

  connectionString(hub?: string): string {
    // The client takes a port in the endpoint, and needs some key: it signs tokens that nobody checks here.
    return [
      `Endpoint=sb://${HOST}:${this.#port}`,
      'SharedAccessKeyName=local',
      'SharedAccessKey=local',
      'UseDevelopmentEmulator=true',
      ...(hub === undefined ? [] : [`EntityPath=${this.#hub(hub).name}`]),
    ].join(';');
  }

  setFault(hub: string, fault: SendFault | undefined): void {
    this.#faults.set(this.#hub(hub), fault);
  }

  closeConnections(): void {
    // With an error, so that rhea too takes the connection for broken and drops its timers.
    for (const socket of this.#sockets) socket.destroy(new Error('The stand-in closed the connection.'));
  }

  async cut(hub: string, partition: string, cut: Cut): Promise<void> {
    const log = this.#hub(hub).partition(partition);
    if (log === undefined) throw new SettingsError(`The hub ${hub} has no partition ${partition}.`);
    await log.cutBefore('before' in cut ? cut.before : log.firstAfter(cut.olderThan - 1));
  }

  async recreate(hub: string): Promise<void> {
    const found = this.#hub(hub);
    const error = linkDetached(`The event hub '${found.name}' was deleted.`);
    await found.recreate((old) => this.#links.detach(found, old, error));
  }

  state(): HubState[] {
    return [...this.#hubs.values()].map((hub) => {
      const fault = this.#faults.get(hub);
      const partitions = hub.partitions.map((log, id) => this.#partitionState(log, String(id)));
      return { name: hub.name, created: hub.created, partitions, ...(fault === undefined ? {} : { fault }) };
    });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopListening().then(() => this.#closeHubs());
    return this.#stopped;
  }

  #hub(name: string): Hub {
    const hub = this.#hubs.get(name.toLowerCase());
    if (hub === undefined) throw new SettingsError(`There is no hub ${name}.`);
    return hub;
  }

  #partitionState(log: PartitionLog, id: string): PartitionState {
    const readers = this.#links.readersOf(log).map(({ group, name, epoch }) => ({
      group,
      name,
      ...(epoch === undefined ? {} : { ownerLevel: Number(epoch) }),
    }));
    const { begin, next, lastEnqueued } = log;
    return { id, begin, next, ...(lastEnqueued === undefined ? {} : { lastEnqueued }), readers };
  }

  async #listen(): Promise<void> {
    const mechanisms = this.#container.sasl_server_mechanisms;
    mechanisms.enable_anonymous();
    // The name under which Azure's .NET and Python clients do the same.
    mechanisms['MSSBCBS'] = mechanisms['ANONYMOUS'];
    const server = this.#container.listen({
      host: HOST,
      port: this.#options.port ?? 0,
      max_frame_size: 64 * 1024,
      // Credit and answers are ours to give; what readers get needs no answer, as in Azure.
      receiver_options: { credit_window: 0, autoaccept: false, max_message_size: MESSAGE_LIMIT },
      sender_options: { snd_settle_mode: 1 },
    });
    server.on('connection', (socket) => {
      socket.setNoDelay(true);
      // Each reader that waits for a slow client listens for `drain`.
      socket.setMaxListeners(0);
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#stopListening = async () => {
      const closed = once(server, 'close');
      server.close();
      this.closeConnections();
      await closed;
    };
  }

  async #closeHubs(): Promise<void> {
    await Promise.all([...this.#hubs.values()].map((hub) => hub.close()));
  }
}

function parseDeclaration(declaration: HubDeclaration): HubDeclaration {
  const parsed = hubDeclaration.safeParse(declaration);
  if (parsed.success) return parsed.data;
  throw new SettingsError(`The hub ${declaration.name} cannot be made. ${z.prettifyError(parsed.error)}`);
}
