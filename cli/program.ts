import { Command, CommanderError } from 'commander';

import { FormatError, RequestError, SealError, SettingsError, StoreError } from '../shared/errors.ts';
import { VERSION } from '../shared/version.ts';
import { CliError } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import type { RunCommand } from './command.ts';
import { addApproval } from './commands/approval.ts';
import { addBaseline } from './commands/baseline.ts';
import { addConfig } from './commands/config.ts';
import { addExport } from './commands/export.ts';
import { addInclusion } from './commands/inclusion.ts';
import { addKeys } from './commands/keys.ts';
import { addQuery } from './commands/query.ts';
import { addRebuildIndex } from './commands/rebuild-index.ts';
import { addSend } from './commands/send.ts';
import { addToken } from './commands/token.ts';
import { addTrace } from './commands/trace.ts';
import { addVerifyInclusion } from './commands/verify-inclusion.ts';
import { addVerify } from './commands/verify.ts';
import { Output } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line, without the name of the program. Never throws; gives the exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const run: RunCommand = async (json, work) => {
    const output = new Output(terminal, json === true);
    try {
      exitCode = await work({ output, terminal });
      output.clear();
    } catch (error) {
      exitCode = 2;
      output.error(explain(error));
    }
  };
  const program = new Command('indelible')
    .description('An immutable audit trail for every software project: verify it, export it, query it.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  for (const add of [
    addVerify,
    addExport,
    addInclusion,
    addVerifyInclusion,
    addConfig,
    addQuery,
    addApproval,
    addTrace,
    addBaseline,
    addRebuildIndex,
    addKeys,
    addSend,
    addToken,
  ]) {
    add(program, run);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and version end here too, with 0; a wrong option has been told by commander, and nothing was looked at.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    new Output(terminal, false).error(explain(error));
    return 2;
  }
}

function explain(error: unknown): string {
  const isOurs = [CliError, StoreError, FormatError, SettingsError, RequestError, SealError].some(
    (each) => error instanceof each,
  );
  if (isOurs && error instanceof Error) return error.message;
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `An error inside indelible: ${what}. Please report it.`;
}
