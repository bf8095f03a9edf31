import { Socket } from 'node:net';

import type { AmqpError, Container, EventContext, Receiver, Sender } from 'rhea';

import { argumentError, entityNotFound, notImplemented, partitionInvalid } from './amqp-error.ts';
import { parseEntityPath } from './entity-path.ts';
import type { Hub } from './hub.ts';
import { admitReader } from './owner-level.ts';
import type { PartitionLog } from './partition-log.ts';
import { Publisher } from './publisher.ts';
import { Reader } from './reader.ts';
import { answerManagement, answerToken } from './request-reply.ts';
import type { SendFaults } from './send-fault.ts';
import { readStartPosition } from './start-position.ts';

const SELECTOR_FILTER = 'apache.org:selector-filter:string';
const RECEIVER_NAME = 'com.microsoft:receiver-name';
const EPOCH = 'com.microsoft:epoch';
const IDEMPOTENT_PRODUCER = 'com.microsoft:idempotent-producer';
const REQUEST_CREDIT = 100;

/**
 * The links of all connections: what a client may open, and what happens on it. A refused link is attached and detached at once
 * with the error, which is how AMQP 1.0 (part 2, section 2.6.3) and Azure say no.
 */
export class Links {
  readonly #findHub: (name: string) => Hub | undefined;
  readonly #faults: SendFaults<Hub>;
  readonly #publishers = new Map<Receiver, Publisher>();
  readonly #readers = new Map<Sender, Reader>();
  readonly #requests = new Map<Receiver, (context: EventContext) => void>();

  /** `log` gets a line for each connection that broke the protocol. */
  constructor(
    container: Container,
    findHub: (name: string) => Hub | undefined,
    faults: SendFaults<Hub>,
    log: (line: string) => void,
  ) {
    this.#findHub = findHub;
    this.#faults = faults;
    container.on('receiver_open', ({ receiver }: EventContext) => receiver && this.#openToSend(receiver));
    container.on('sender_open', ({ sender }: EventContext) => sender && this.#openToReceive(sender));
    container.on('message', (context: EventContext) => this.#receive(context));
    container.on('sendable', ({ sender }: EventContext) => sender && this.#readers.get(sender)?.pump());
    container.on('sender_draining', ({ sender }: EventContext) => sender && this.#readers.get(sender)?.drain());
    container.on('sender_close', ({ sender }: EventContext) => this.#forget((link) => link === sender));
    container.on('receiver_close', ({ receiver }: EventContext) => this.#forget((link) => link === receiver));
    container.on('session_close', ({ session }: EventContext) => this.#forget((link) => link.session === session));
    for (const event of ['connection_close', 'disconnected']) {
      container.on(event, ({ connection }: EventContext) => this.#forget((link) => link.connection === connection));
    }
    // A client may close anything with an error; the close that comes with it is all that matters here.
    for (const event of ['sender_error', 'receiver_error', 'session_error', 'connection_error']) {
      container.on(event, () => undefined);
    }
    for (const event of ['protocol_error', 'error']) {
      container.on(event, (error: unknown) => log(error instanceof Error ? `${error.name}: ${error.message}` : event));
    }
  }

  readersOf(log: PartitionLog): Reader[] {
    return [...this.#readers.values()].filter((reader) => reader.log === log);
  }

  /** Detaches who sends to the hub, or reads one of `logs`. */
  detach(hub: Hub, logs: readonly PartitionLog[], error: AmqpError): void {
    for (const log of logs) for (const reader of this.readersOf(log)) this.#detachReader(reader, error);
    for (const [link, publisher] of this.#publishers) {
      if (publisher.hub !== hub) continue;
      this.#publishers.delete(link);
      link.close(error);
    }
  }

  #openToSend(link: Receiver): void {
    // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- a client may send any type
    const address = String(link.target?.address ?? '');
    const path = parseEntityPath(address);
    switch (path.kind) {
      case 'cbs':
        this.#requests.set(link, answerToken);
        accept(link);
        link.add_credit(REQUEST_CREDIT);
        return;
      case 'management':
        this.#requests.set(link, (context) => answerManagement(context, this.#findHub));
        accept(link);
        link.add_credit(REQUEST_CREDIT);
        return;
      case 'hub': {
        const hub = this.#findHub(path.hub);
        if (hub === undefined) return link.close(entityNotFound(address));
        const partition = path.partition === undefined ? undefined : hub.partition(path.partition);
        if (path.partition !== undefined && partition === undefined) {
          return link.close(partitionInvalid(hub.partitions.length));
        }
        if ([link.desired_capabilities].flat().includes(IDEMPOTENT_PRODUCER)) {
          return link.close(notImplemented('The stand-in knows no idempotent producers.'));
        }
        accept(link);
        this.#publishers.set(link, new Publisher(link, hub, partition, this.#faults));
        return;
      }
      case 'reader':
      case 'unknown':
        return link.close(entityNotFound(address));
    }
  }

  #openToReceive(link: Sender): void {
    // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- a client may send any type
    const address = String(link.source?.address ?? '');
    const path = parseEntityPath(address);
    switch (path.kind) {
      case 'cbs':
      case 'management':
        return accept(link);
      case 'reader': {
        const hub = this.#findHub(path.hub);
        if (hub === undefined || !hub.hasGroup(path.group)) return link.close(entityNotFound(address));
        const log = hub.partition(path.partition);
        if (log === undefined) return link.close(partitionInvalid(hub.partitions.length));
        return this.#openReader(link, log, path.group.toLowerCase());
      }
      case 'hub':
      case 'unknown':
        return link.close(entityNotFound(address));
    }
  }

  #openReader(link: Sender, log: PartitionLog, group: string): void {
    const start = readStartPosition(selectorOf(link), log);
    if (start.kind === 'refused') return link.close(start.error);
    const name = textProperty(link, RECEIVER_NAME) ?? 'nil';
    const epoch = epochOf(link);
    if (epoch === 'invalid') return link.close(argumentError('The epoch is no integer.'));
    const present = this.readersOf(log).filter((reader) => reader.group === group);
    const admission = admitReader({ name, epoch }, present);
    if (admission.kind === 'refused') return link.close(admission.error);
    for (const { reader, error } of admission.displaced) this.#detachReader(reader, error);
    accept(link);
    this.#readers.set(link, new Reader(link, socketOf(link), log, start.sequenceNumber, { name, group, epoch }));
  }

  #receive(context: EventContext): void {
    const { receiver, delivery, message } = context;
    if (receiver === undefined || delivery === undefined) return;
    this.#requests.get(receiver)?.(context);
    void this.#publishers.get(receiver)?.receive(delivery, message);
  }

  #detachReader(reader: Reader, error: AmqpError): void {
    this.#readers.delete(reader.link);
    reader.stop();
    reader.link.close(error);
  }

  #forget(isGone: (link: Sender | Receiver) => boolean): void {
    for (const [link, reader] of this.#readers) {
      if (!isGone(link)) continue;
      reader.stop();
      this.#readers.delete(link);
    }
    for (const link of this.#publishers.keys()) if (isGone(link)) this.#publishers.delete(link);
    for (const link of this.#requests.keys()) if (isGone(link)) this.#requests.delete(link);
  }
}

/** Names both ends back to the client; a refusal leaves them out. */
function accept(link: Sender | Receiver): void {
  if (link.source) link.set_source(link.source);
  if (link.target) link.set_target(link.target);
}

function selectorOf(link: Sender): string | undefined {
  const filter: unknown = link.source.filter?.[SELECTOR_FILTER];
  if (filter === undefined || filter === null) return undefined;
  // A described value, which rhea leaves wrapped.
  return String(typeof filter === 'object' && 'value' in filter ? filter.value : filter);
}

function textProperty(link: Sender, name: string): string | undefined {
  const value: unknown = link.properties?.[name];
  return typeof value === 'string' ? value : undefined;
}

function epochOf(link: Sender): bigint | undefined | 'invalid' {
  const epoch: unknown = link.properties?.[EPOCH];
  if (epoch === undefined || epoch === null) return undefined;
  if (typeof epoch === 'number' && Number.isInteger(epoch)) return BigInt(epoch);
  // rhea leaves longs as bytes that a number cannot hold.
  return Buffer.isBuffer(epoch) && epoch.length === 8 ? epoch.readBigInt64BE() : 'invalid';
}

function socketOf(link: Sender): Socket {
  const socket: unknown = link.connection['socket'];
  if (!(socket instanceof Socket)) throw new Error('The link has no socket.');
  return socket;
}
