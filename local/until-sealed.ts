import { setTimeout as delay } from 'node:timers/promises';

import { z } from 'zod';

import { BlobImmutableStore } from '../shared/azure/blob-immutable-store.ts';
import { openContainer, openTable } from '../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../shared/azure/table-index-tables.ts';
import { formatSegmentBlob, parseLogName, parseSegmentBlob } from '../shared/wire/log-name.ts';
import { parseSegment } from '../shared/wire/segment.ts';
import type { StackFile } from './stack-file.ts';

const hubsSchema = z.array(
  z.object({ name: z.string(), partitions: z.array(z.object({ id: z.string(), next: z.number() })) }),
);

/**
 * Waits until every message that is in the hubs now is sealed and its rows are written. Throws Error, naming the partitions
 * that are behind, where that takes longer than `patience` milliseconds.
 */
export async function untilSealed(stack: StackFile, patience: number): Promise<void> {
  const wanted = await lastNumbers(stack);
  const deadline = Date.now() + patience;
  for (;;) {
    const sealed = await sealedNumbers(stack);
    const behind = [...wanted].filter(([partition, last]) => (sealed.get(partition) ?? -1) < last);
    if (behind.length === 0) return;
    if (Date.now() > deadline) {
      const named = behind.map(([partition, last]) => `${partition} (${sealed.get(partition) ?? 'none'} of ${last})`);
      throw new Error(`Not sealed in time: ${named.join(', ')}.`);
    }
    await delay(200);
  }
}

/** Messages of a partition that wait in a hub, sealed by nobody so far. */
export interface Waiting {
  /** `<hub>/<partition>` */
  readonly partition: string;
  readonly messages: number;
}

/** What the hubs hold and no segment does. Throws Error where the hubs do not answer. */
export async function findWaiting(stack: StackFile): Promise<Waiting[]> {
  const wanted = await lastNumbers(stack);
  const heads = await headsOf(stack);
  return [...wanted].flatMap(([partition, last]) => {
    const messages = last - (heads.get(partition)?.sealed ?? -1);
    return messages > 0 ? [{ partition, messages }] : [];
  });
}

/** `<hub>/<partition>` → the last sequence number, where there is any. */
async function lastNumbers({ hubsAdmin }: StackFile): Promise<Map<string, number>> {
  const answer = await fetch(hubsAdmin);
  const hubs = hubsSchema.parse(await answer.json());
  const numbers = hubs.flatMap(({ name, partitions }) =>
    partitions.map(({ id, next }) => [`${name}/${id}`, next - 1] as const),
  );
  return new Map(numbers.filter(([, last]) => last >= 0));
}

/** What the newest generation of each partition has sealed and tabulated. */
async function sealedNumbers(stack: StackFile): Promise<Map<string, number>> {
  const connection = connectionOf(stack);
  const tables = new TableIndexTables((table) => openTable(connection, table));
  const sealed = new Map<string, number>();
  for (const [partition, head] of await headsOf(stack)) {
    if (head.sealed !== undefined && (await tables.getProgress(head.log)) === head.number) {
      sealed.set(partition, head.sealed);
    }
  }
  return sealed;
}

interface Head {
  readonly log: string;
  readonly generation: number;
  /** Of the last segment. */
  readonly number: number;
  /** The last sequence number that it seals, if any. */
  readonly sealed: number | undefined;
}

/** `<hub>/<partition>` → the last segment of its newest generation. */
async function headsOf(stack: StackFile): Promise<Map<string, Head>> {
  const trail = new BlobImmutableStore(openContainer(connectionOf(stack), 'trail'));
  const last = new Map<string, Omit<Head, 'sealed'>>();
  for await (const { name } of trail.list(`segments/${stack.trail}/`)) {
    const found = parseSegmentBlob(name);
    if (found === undefined) continue;
    const { hub, partition, generation } = parseLogName(found.log);
    const head = last.get(`${hub}/${partition}`);
    // Listed in the order of their names, which is that of numbers within a log.
    if (head === undefined || generation >= head.generation) last.set(`${hub}/${partition}`, { ...found, generation });
  }
  const heads = new Map<string, Head>();
  for (const [partition, head] of last) {
    const blob = await trail.read(formatSegmentBlob(head.log, head.number));
    const sealed = blob === undefined ? undefined : parseSegment(blob).seal.to?.sequenceNumber;
    heads.set(partition, { ...head, sealed });
  }
  return heads;
}

function connectionOf(stack: StackFile): { name: string; connectionString: string } {
  return { name: 'the local stack', connectionString: stack.storage };
}
