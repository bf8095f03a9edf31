import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** How far a consumer group has read a partition: the last event that was handed to the function. */
export interface Checkpoint {
  readonly sequenceNumber: number;
  /** When the hub was created, RFC 3339: numbers start again in a hub that was created anew. */
  readonly hubCreated: string;
}

const checkpointSchema = z.object({ sequenceNumber: z.number().int().min(0), hubCreated: z.string() });

/** The checkpoint's file; one a namespace, hub, consumer group and partition. */
export function checkpointPath(
  dataDir: string,
  partition: { readonly namespace: string; readonly hub: string; readonly group: string; readonly partitionId: string },
): string {
  const { namespace, hub, group, partitionId } = partition;
  // Names of hubs and groups know no case; `$Default` and a port's colon are no names for every file system.
  const folders = [namespace, hub, group].map((name) => encodeURIComponent(name.toLowerCase()));
  return join(dataDir, 'checkpoints', ...folders, `${encodeURIComponent(partitionId)}.json`);
}

/** Undefined where there is none, or none that can be read: reading starts at the hub's first event then. */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  try {
    return checkpointSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Written beside and renamed: a crash leaves the old checkpoint or the new one. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(checkpoint));
  await rename(`${path}.new`, path);
}
