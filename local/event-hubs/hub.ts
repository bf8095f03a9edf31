import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { SettingsError } from '../../shared/errors.ts';
import { replaceFile, syncFolder } from './durable-file.ts';
import type { Clock } from './partition-log.ts';
import { LogDamagedError, PartitionLog, REMEDY } from './partition-log.ts';

/** A hub as it is declared at start. `$Default` is always among the consumer groups. */
export const hubDeclaration = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?$/, 'is no name of an event hub'),
  /** Fixed by the first start: Azure's standard tier cannot change it either. */
  partitions: z.int().min(1).max(1024),
  consumerGroups: z.array(z.string().min(1).max(50)).readonly().optional(),
});
export type HubDeclaration = z.infer<typeof hubDeclaration>;

const hubFile = z.strictObject({ name: z.string(), partitions: z.int(), created: z.int() });
type HubFile = z.infer<typeof hubFile>;

/**
 * One hub on disk: `hub.json` says when it was created, and a folder named after that time holds its logs. `hub.json` is written
 * last, and in one step: a crash while a hub is made or made anew leaves the old hub or the new one.
 */
export class Hub {
  readonly name: string;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #groups: ReadonlySet<string>;
  #created: number;
  #partitions: readonly PartitionLog[];
  #turn = 0;
  /** One incarnation after another. */
  #recreated: Promise<void> = Promise.resolve();

  private constructor(
    folder: string,
    clock: Clock,
    declaration: HubDeclaration,
    created: number,
    partitions: readonly PartitionLog[],
  ) {
    this.name = declaration.name;
    this.#folder = folder;
    this.#clock = clock;
    this.#groups = new Set(['$Default', ...(declaration.consumerGroups ?? [])].map((group) => group.toLowerCase()));
    this.#created = created;
    this.#partitions = partitions;
  }

  /**
   * Opens the hub in `folder`, or makes it. Throws SettingsError where it is there with another number of partitions, and
   * LogDamagedError where its data cannot be read.
   */
  static async open(folder: string, declaration: HubDeclaration, clock: Clock): Promise<Hub> {
    await mkdir(folder, { recursive: true });
    const present = await readHubFile(folder);
    if (present !== undefined && present.partitions !== declaration.partitions) {
      throw new SettingsError(
        `The hub ${declaration.name} in ${folder} has ${present.partitions} partitions and is declared with ` +
          `${declaration.partitions}. The number of a hub's partitions never changes: declare ${present.partitions}, use another ` +
          'hub, or delete its folder and with it all its events.',
      );
    }
    const created = present?.created ?? Math.floor(clock());
    if (present === undefined) await makeLogs(folder, declaration, created);
    for (const entry of await readdir(folder)) {
      if (entry === 'hub.json' || entry === String(created)) continue;
      // Left by a crash between two incarnations of the hub.
      await rm(join(folder, entry), { recursive: true, force: true });
    }
    const partitions = await openLogs(folder, declaration.partitions, created, clock);
    return new Hub(folder, clock, declaration, created, partitions);
  }

  /** Milliseconds since 1970. */
  get created(): number {
    return this.#created;
  }

  get partitions(): readonly PartitionLog[] {
    return this.#partitions;
  }

  hasGroup(name: string): boolean {
    return this.#groups.has(name.toLowerCase());
  }

  /** The partition with this id, in the one form that Azure gives out: no sign, no leading zero. */
  partition(id: string): PartitionLog | undefined {
    return /^(0|[1-9]\d{0,3})$/.test(id) ? this.#partitions[Number(id)] : undefined;
  }

  /** Counts the sends that name neither partition nor key. */
  takeTurn(): number {
    return this.#turn++;
  }

  /**
   * Deletes the hub and makes it anew: another creation time, numbers from 0. `swapped` is called with the old partitions as
   * soon as the new ones are in place.
   */
  recreate(swapped: (old: readonly PartitionLog[]) => void): Promise<void> {
    const recreated = this.#recreated.then(() => this.#recreate(swapped));
    this.#recreated = recreated.catch(() => undefined);
    return recreated;
  }

  async close(): Promise<void> {
    await this.#recreated;
    await Promise.all(this.#partitions.map((log) => log.close()));
  }

  async #recreate(swapped: (old: readonly PartitionLog[]) => void): Promise<void> {
    const old = { created: this.#created, partitions: this.#partitions };
    const created = Math.max(Math.floor(this.#clock()), old.created + 1);
    const declaration = { name: this.name, partitions: old.partitions.length };
    await makeLogs(this.#folder, declaration, created);
    this.#partitions = await openLogs(this.#folder, declaration.partitions, created, this.#clock);
    this.#created = created;
    swapped(old.partitions);
    await Promise.all(old.partitions.map((log) => log.close()));
    await rm(join(this.#folder, String(old.created)), { recursive: true, force: true });
  }
}

async function readHubFile(folder: string): Promise<HubFile | undefined> {
  const path = join(folder, 'hub.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return hubFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new LogDamagedError(`${path} is damaged. ${REMEDY}`, { cause });
  }
}

async function makeLogs(folder: string, { name, partitions }: HubDeclaration, created: number): Promise<void> {
  const logs = join(folder, String(created));
  await mkdir(logs, { recursive: true });
  for (let id = 0; id < partitions; id++) await PartitionLog.create(join(logs, `${id}.log`));
  await syncFolder(folder);
  const content: HubFile = { name, partitions, created };
  await replaceFile(join(folder, 'hub.json'), `${JSON.stringify(content)}\n`);
}

async function openLogs(folder: string, partitions: number, created: number, clock: Clock): Promise<PartitionLog[]> {
  const logs: PartitionLog[] = [];
  try {
    for (let id = 0; id < partitions; id++) {
      logs.push(await PartitionLog.open(join(folder, String(created), `${id}.log`), clock));
    }
    return logs;
  } catch (error) {
    await Promise.all(logs.map((log) => log.close()));
    throw error;
  }
}
