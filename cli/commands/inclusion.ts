import type { Command } from 'commander';

import { FormatError, StoreError } from '../../shared/errors.ts';
import { toPartitions } from '../../shared/report/question.ts';
import type { IndexTables } from '../../shared/tabulate/index-tables.ts';
import { readRecords, scanForRecords } from '../../shared/verify/find-record.ts';
import type { FoundRecord } from '../../shared/verify/find-record.ts';
import { formatInclusion, proveRecord } from '../../shared/verify/inclusion.ts';
import { loadKeys } from '../../shared/verify/key-ring.ts';
import { verifyNote } from '../../shared/wire/signed-note.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { readKeyFile } from '../files.ts';
import { WHERE_HELP, openWhere } from '../where.ts';
import type { Where } from '../where.ts';

/** Of further records with the same id that are named, not only counted. */
const MAX_PLACES = 10;

interface InclusionFlags {
  readonly from: string;
  readonly key?: string[];
  readonly json?: boolean;
}

/** `indelible inclusion ID --from WHERE` */
export function addInclusion(program: Command, run: RunCommand): void {
  program
    .command('inclusion')
    .description(
      'Prints a proof that a record is in the trail. It stands alone: "verify-inclusion" checks it with the public key and nothing else.',
    )
    .argument('<id>', 'id of the record: 32 hex digits')
    .requiredOption('--from <where>', WHERE_HELP)
    .option('--key <file...>', 'public keys that the trail does not carry itself')
    .option('--json', 'the proof is JSON anyway')
    .action((id: string, flags: InclusionFlags) => run(flags.json, (it) => printInclusion(id, flags, it)));
}

async function printInclusion(id: string, flags: InclusionFlags, { output }: CommandRun): Promise<ExitCode> {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new CliError(`"${id}" is no record's id: 32 lower-case hex digits.`);
  const place = await openWhere(flags.from);
  let records = findByIndex(place, id);
  let next = await records.next();
  if (next.done === true) {
    // The index is a hint: where it is silent, wrong or away, the trail is searched.
    records = scanForRecords(place.trail, id, countSegments(output));
    next = await records.next();
  }
  if (next.done === true) {
    output.error(`No segment of ${flags.from} that can be read holds the record ${id}.`);
    return 1;
  }
  const keys = await loadKeys(place.trail, (flags.key ?? []).map(readKeyFile), []);
  const found = next.value;
  const { note, seal } = found.segment;
  const key = keys.all.find((each) => verifyNote(note, seal.log, each));
  if (key === undefined) {
    output.error(
      `The key that signed segment ${seal.number} of ${seal.log} does not lie in the trail: give it with --key.`,
    );
    return 1;
  }
  const inclusion = proveRecord(found.segment, found.place, key);
  output.raw(flags.json === true ? `${JSON.stringify(inclusion)}\n` : formatInclusion(inclusion));
  await tellOthers(records, output);
  return 0;
}

/** One proof is of one record; whoever asked by an id that several have must not take it for all of them. */
async function tellOthers(records: AsyncGenerator<FoundRecord>, output: CommandRun['output']): Promise<void> {
  let count = 0;
  const places: string[] = [];
  for await (const { segment, place } of records) {
    count++;
    const { log, number, first } = segment.seal;
    if (places.length < MAX_PLACES) places.push(`leaf ${first + place} of ${log} (segment ${number})`);
  }
  if (count === 0) return;
  const more = count > places.length ? ', …' : '';
  output.note(
    `${count} more ${count === 1 ? 'record has' : 'records have'} this id: ${places.join(', ')}${more}. A delivery that came again is sealed again; the proof is of the first.`,
  );
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

function countSegments(output: CommandRun['output']): () => void {
  let segments = 0;
  return () => output.progress(() => `${++segments} segments searched`);
}
