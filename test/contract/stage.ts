import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What one implementation of a port is run on, and how it is taken down. */
export interface Stage<T> {
  readonly port: T;
  readonly close: () => Promise<void>;
}

/** One implementation of a port, as a contract suite runs it. */
export interface Adapter<T> {
  readonly name: string;
  readonly open: () => Promise<Stage<T>>;
}

/** An empty folder, and what removes it. */
export async function makeFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

let count = 0;

/** Another folder's name for each test, as blobs that cannot be removed stay for the next one. */
export function freshPrefix(): string {
  count += 1;
  return `t${count}/`;
}

/** All that an iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
