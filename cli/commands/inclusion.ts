import type { Command } from 'commander';

import { FormatError, StoreError } from '../../shared/errors.ts';
import { toPartitions } from '../../shared/report/question.ts';
import type { IndexTables } from '../../shared/tabulate/index-tables.ts';
import { readRecord, scanForRecord } from '../../shared/verify/find-record.ts';
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
  const found = (await findByIndex(place, id)) ?? (await scanForRecord(place.trail, id, countSegments(output)));
  if (found === undefined) {
    output.error(`No segment of ${flags.from} that can be read holds the record ${id}.`);
    return 1;
  }
  const keys = await loadKeys(place.trail, (flags.key ?? []).map(readKeyFile), []);
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
  return 0;
}

/** The index is a hint: where it is silent, wrong or away, the trail is searched. */
async function findByIndex({ trail, tables }: Where, id: string): Promise<FoundRecord | undefined> {
  if (tables === undefined) return undefined;
  try {
    for await (const { log, segment } of rowsOf(tables, id)) {
      const found = await readRecord(trail, id, { log, segment });
      if (found !== undefined) return found;
    }
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof FormatError)) throw error;
  }
  return undefined;
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
