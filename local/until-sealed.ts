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
  const connection = { name: 'the local stack', connectionString: stack.storage };
  const trail = new BlobImmutableStore(openContainer(connection, 'trail'));
  const tables = new TableIndexTables((table) => openTable(connection, table));
  const heads = new Map<string, { log: string; generation: number; number: number }>();
  for await (const { name } of trail.list(`segments/${stack.trail}/`)) {
    const found = parseSegmentBlob(name);
    if (found === undefined) continue;
    const { hub, partition, generation } = parseLogName(found.log);
    const head = heads.get(`${hub}/${partition}`);
    // Listed in the order of their names, which is that of numbers within a log.
    if (head === undefined || generation >= head.generation) heads.set(`${hub}/${partition}`, { ...found, generation });
  }
  const sealed = new Map<string, number>();
  for (const [partition, { log, number }] of heads) {
    const blob = await trail.read(formatSegmentBlob(log, number));
    const last = blob === undefined ? undefined : parseSegment(blob).seal.to?.sequenceNumber;
    if (last !== undefined && (await tables.getProgress(log)) === number) sealed.set(partition, last);
  }
  return sealed;
}
