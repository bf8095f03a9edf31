import { randomBytes } from 'node:crypto';

import type { Command } from 'commander';

import { rebuildIndex } from '../../shared/tabulate/rebuild-index.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { INDEX_WHERE_HELP, openWhere } from '../where.ts';

/** `indelible rebuild-index WHERE` */
export function addRebuildIndex(program: Command, run: RunCommand): void {
  program
    .command('rebuild-index')
    .description('Derives every row of the tables again from the sealed records, and removes every other row.')
    .argument('<where>', INDEX_WHERE_HELP)
    .option('--json', 'print one JSON object')
    .action((where: string, flags: { json?: boolean }) => run(flags.json, (it) => rebuild(where, it)));
}

async function rebuild(where: string, { output }: CommandRun): Promise<ExitCode> {
  const { trail, tables } = await openWhere(where);
  if (tables === undefined) throw new CliError(`${where} has no tables: give the storage account, or "local".`);
  const rebuilt = await rebuildIndex({ trail, tables, salt: randomBytes(32) });
  for (const { log, segment, reason } of rebuilt.unreadable) {
    output.line(`WRONG unreadable: log ${log}, segment ${segment}, ${reason} Its rows were left as they are.`);
  }
  output.line(`${rebuilt.written} rows written, ${rebuilt.removed} removed.`);
  output.result(rebuilt);
  return rebuilt.unreadable.length === 0 ? 0 : 1;
}
