import { Option } from 'commander';
import type { Command } from 'commander';

import { RequestError } from '../../shared/errors.ts';
import { isWithin, parseQuestion, toPartitions } from '../../shared/report/question.ts';
import type { PartitionRange, Question } from '../../shared/report/question.ts';
import { TABLES } from '../../shared/tabulate/index-tables.ts';
import type { ColumnValue } from '../../shared/tabulate/index-tables.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { INDEX_WHERE_HELP, openWhere } from '../where.ts';

interface QueryFlags {
  readonly in: string;
  readonly from?: string;
  readonly to?: string;
  readonly project?: string;
  readonly take: string;
  readonly json?: boolean;
}

type Row = Readonly<Record<string, ColumnValue>>;

/** What people see of a row; `--json` has all of it. */
const SHOWN = ['Time', 'EventId', 'Actor', 'Outcome', 'Summary'];
/** In place of that, of a step of a request: by it the request is voted on, and asked for. */
const SHOWN_OF_DECISIONS = ['Time', 'EventId', 'DecisionId', 'Actor', 'Outcome', 'Summary'];

const NOTHING_FOUND =
  'A key is looked for as it is, whole and in its case; what was sent a moment ago may not be sealed yet.';

/** `indelible query TABLE KEY` */
export function addQuery(program: Command, run: RunCommand): void {
  program
    .command('query')
    .description(
      'Queries the index. The index proves nothing by itself: "inclusion" proves a record, "verify --index" compares all rows with the trail.',
    )
    .argument('<table>', TABLES.join(', '))
    .argument(
      '<key>',
      "what to look up: by table, a project, an actor, a target, kind:id of a link, an environment, a log, or a record's id",
    )
    .option('--in <where>', INDEX_WHERE_HELP, 'local')
    .option(
      '--from <time>',
      'from this time on, like 2026-11-23T00:00:00Z; ByProject, ByActor and ByTarget need --from and --to',
    )
    .option('--to <time>', 'before this time')
    .option('--project <name>', 'only rows of this project')
    .addOption(new Option('--take <rows>', 'at most so many rows').default('100'))
    .option('--json', 'print one JSON object')
    .action((table: string, key: string, flags: QueryFlags) => run(flags.json, (it) => query(table, key, flags, it)));
}

async function query(table: string, key: string, flags: QueryFlags, { output }: CommandRun): Promise<ExitCode> {
  const { question, partitions } = readQuestion(table, key, flags);
  const { tables } = await openWhere(flags.in, 'index');
  if (tables === undefined)
    throw new CliError(`${flags.in} has no index: ask the storage account, or the stack that runs.`);
  const shown = question.table === 'Decisions' ? SHOWN_OF_DECISIONS : SHOWN;
  const rows: Row[] = [];
  let isMore = false;
  for (const { partitionKey, range } of partitions) {
    for await (const { columns } of tables.query(question.table, partitionKey, range)) {
      if (!isWithin(question, columns['Time'])) continue;
      if (flags.project !== undefined && columns['Project'] !== flags.project) continue;
      isMore = rows.length === question.take;
      if (isMore) break;
      rows.push(columns);
      output.line(shown.map((name) => String(columns[name] ?? '-')).join('  '));
    }
    if (isMore) break;
  }
  // A source that sends twice makes two rows of one record; who counts must see it.
  const records = new Set(rows.map(({ EventId: id }) => id)).size;
  const again = records === rows.length ? '' : ` of ${records} ${records === 1 ? 'record' : 'records'}`;
  const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}${again}`;
  output.line(isMore ? `${count}, and there are more: raise --take.` : `${count}.`);
  if (rows.length === 0) output.line(NOTHING_FOUND);
  output.result({ rows, isMore });
  return 0;
}

/** Throws CliError, where HTTP would be told of parameters, of options. */
function readQuestion(
  table: string,
  key: string,
  flags: QueryFlags,
): { readonly question: Question; readonly partitions: readonly PartitionRange[] } {
  const parameters = new URLSearchParams({ table, key, take: flags.take });
  if (flags.from !== undefined) parameters.set('from', flags.from);
  if (flags.to !== undefined) parameters.set('to', flags.to);
  try {
    const question = parseQuestion(parameters);
    return { question, partitions: toPartitions(question) };
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause;
    const said = cause.message.replaceAll(/"(from|to|take)"/g, '--$1').replaceAll(/"(table|key)"/g, '<$1>');
    throw new CliError(said, { cause });
  }
}
