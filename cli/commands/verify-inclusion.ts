import type { Command } from 'commander';

import { FormatError } from '../../shared/errors.ts';
import { parseInclusion, verifyInclusion } from '../../shared/verify/inclusion.ts';
import type { Inclusion } from '../../shared/verify/inclusion.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { readInputFile, readKeyFile } from '../files.ts';

interface VerifyInclusionFlags {
  readonly key: string[];
  readonly json?: boolean;
}

/** `indelible verify-inclusion FILE --key FILE` */
export function addVerifyInclusion(program: Command, run: RunCommand): void {
  program
    .command('verify-inclusion')
    .description('Checks a proof of inclusion with the public key and nothing else. Exit code 1: it does not hold.')
    .argument('<file>', 'what "indelible inclusion" printed')
    .requiredOption('--key <file...>', 'public key (PEM) that signed the segment')
    .option('--json', 'print one JSON object')
    .action((file: string, flags: VerifyInclusionFlags) => run(flags.json, async (it) => check(file, flags, it)));
}

function check(file: string, flags: VerifyInclusionFlags, { output }: CommandRun): ExitCode {
  const keys = flags.key.map(readKeyFile);
  const inclusion = read(file);
  try {
    const { record, checkpoint } = verifyInclusion(inclusion, keys);
    output.line(`Holds: ${record.data.summary}`);
    output.line(`Record ${record.id}, ${record.type}, ${record.time}, ${record.source}`);
    output.line(
      `is leaf ${inclusion.index} of ${checkpoint.size} in ${checkpoint.origin}, signed by the key ${inclusion.key}.`,
    );
    output.result({ holds: true, log: checkpoint.origin, index: inclusion.index, size: checkpoint.size, record });
    return 0;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    output.line(`Does not hold: ${error.message}`);
    output.result({ holds: false, reason: error.message });
    return 1;
  }
}

function read(file: string): Inclusion {
  try {
    return parseInclusion(readInputFile(file, 'proof'));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CliError(`${file} is no proof of inclusion: ${cause.message}`, { cause });
  }
}
