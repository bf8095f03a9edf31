import type { Command } from 'commander';

import { FormatError, StoreError } from '../../shared/errors.ts';
import { toPartitions } from '../../shared/report/question.ts';
import type { IndexTables } from '../../shared/tabulate/index-tables.ts';
import { findSigner, readRecords, scanForRecords } from '../../shared/verify/find-record.ts';
import type { FoundRecord } from '../../shared/verify/find-record.ts';
import { formatInclusion, proveRecord } from '../../shared/verify/inclusion.ts';
import { loadKeys } from '../../shared/verify/key-ring.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { readKeyFile } from '../files.ts';
import { WHERE_HELP, openWhere } from '../where.ts';
import type { Where } from '../where.ts';

/** That are named, not only counted. */
const MAX_PLACES = 10;

interface InclusionFlags {
  readonly in: string;
  readonly key?: string[];
}

/** `indelible inclusion ID --in WHERE` */
export function addInclusion(program: Command, run: RunCommand): void {
  program
    .command('inclusion')
    .description(
      'Prints a proof that a record is in the trail. It stands alone: "verify-inclusion" checks it with the public key and nothing else.',
    )
    .argument('<id>', 'id of the record: 32 hex digits')
    .option('--from, --in <where>', WHERE_HELP, 'local')
    .option(
      '--key <file...>',
      'public keys to trust; without them, any key that the trail carries will do. Default for a running stack: its own',
    )
    .action((id: string, flags: InclusionFlags) => run(false, (it) => printInclusion(id, flags, it)));
}

async function printInclusion(id: string, flags: InclusionFlags, { output }: CommandRun): Promise<ExitCode> {
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new CliError(`"${id}" is not the id of a record: give 32 lower-case hex digits.`);
  const place = await openWhere(flags.in);
  const files = flags.key ?? (place.stack === undefined ? [] : [place.stack.publicKey]);
  const keys = await loadKeys(place.trail, files.map(readKeyFile), []);
  const passed = new Places();
  const unreadable = new Places();
  // The index is a hint: where it is silent, wrong or away, the trail is searched.
  for (const records of [findByIndex(place, id), scan(place, id, unreadable, output)]) {
    for await (const found of records) {
      const signer = await findSigner(place.trail, found.segment, keys);
      if ('why' in signer) {
        passed.add(`${placeOf(found)}: ${signer.why}`);
        continue;
      }
      output.raw(formatInclusion(proveRecord(found.segment, found.place, signer.key)));
      passed.tell('was passed over', 'were passed over', output);
      await tellOthers(records, output);
      return 0;
    }
  }
  passed.tell('was passed over', 'were passed over', output);
  unreadable.tell('cannot be read', 'cannot be read', output);
  output.error(
    passed.count > 0
      ? `The record ${id} is in ${flags.in}, but in no segment whose signature could be checked: give the key that signed it with --key.`
      : `No segment of ${flags.in} that can be read holds the record ${id}.`,
  );
  return 1;
}

/** Places in the trail: each once, the first of them named, all counted. */
class Places {
  readonly #places = new Set<string>();

  add(place: string): void {
    this.#places.add(place);
  }

  get count(): number {
    return this.#places.size;
  }

  toString(): string {
    const more = this.count > MAX_PLACES ? '; …' : '';
    return [...this.#places].slice(0, MAX_PLACES).join('; ') + more;
  }

  /** One note, where there are any. */
  tell(one: string, many: string, output: CommandRun['output']): void {
    if (this.count > 0) output.note(`${this.count} ${this.count === 1 ? one : many}: ${this.toString()}.`);
  }
}

function placeOf({ segment, place }: FoundRecord): string {
  const { log, number, first } = segment.seal;
  return `leaf ${first + place} of ${log} (segment ${number})`;
}

/** One proof is of one record; whoever asked by an id that several have must not take it for all of them. */
async function tellOthers(records: AsyncGenerator<FoundRecord>, output: CommandRun['output']): Promise<void> {
  const others = new Places();
  for await (const found of records) others.add(placeOf(found));
  if (others.count === 0) return;
  output.note(
    `${others.count} more ${others.count === 1 ? 'record has' : 'records have'} this id: ${others.toString()}. A delivery that came again is sealed again; the proof is of the first.`,
  );
}

function scan(
  { trail }: Where,
  id: string,
  unreadable: Places,
  output: CommandRun['output'],
): AsyncGenerator<FoundRecord> {
  let segments = 0;
  return scanForRecords(trail, id, {
    onSegment: () => output.progress(() => `${++segments} segments searched`),
    onUnreadable: (blob, why) => unreadable.add(`${blob} (${why.replace(/\.$/, '')})`),
  });
}

async function* findByIndex({ trail, tables }: Where, id: string): AsyncGenerator<FoundRecord> {
  if (tables === undefined) return;
  const seen = new Set<string>();
  try {
    for await (const { log, segment } of rowsOf(tables, id)) {
      const name = `${log} ${segment}`;
      if (seen.has(name)) continue;
      seen.add(name);
      yield* await readRecords(trail, id, { log, segment });
    }
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof FormatError)) throw error;
  }
}

async function* rowsOf(tables: IndexTables, id: string): AsyncGenerator<{ log: string; segment: number }> {
  const question = { table: 'Events', key: id, from: undefined, to: undefined, take: 1, after: undefined } as const;
  for (const { partitionKey, range } of toPartitions(question)) {
    for await (const { columns } of tables.query('Events', partitionKey, range)) {
      const { Log: log, Segment: segment } = columns;
      if (typeof log === 'string' && typeof segment === 'number') yield { log, segment };
    }
  }
}
