import type { Command } from 'commander';

import { FormatError } from '../../shared/errors.ts';
import { MAX_INCLUSION_BYTES, isCheckpointOf, parseInclusion, verifyInclusion } from '../../shared/verify/inclusion.ts';
import type { Inclusion } from '../../shared/verify/inclusion.ts';
import type { Checkpoint } from '../../shared/wire/checkpoint.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { readInputFile, readKeyFile } from '../files.ts';

interface VerifyInclusionFlags {
  readonly key: string[];
  readonly checkpoint?: string[];
  readonly json?: boolean;
}

/** `indelible verify-inclusion FILE --key FILE` */
export function addVerifyInclusion(program: Command, run: RunCommand): void {
  program
    .command('verify-inclusion')
    .description('Checks a proof of inclusion with the public key and nothing else. Exit code 1: it does not hold.')
    .argument('<file>', 'what "indelible inclusion" printed')
    .requiredOption('--key <file...>', 'public key (PEM) that signed the segment')
    .option(
      '--checkpoint <file...>',
      'checkpoints kept elsewhere: one of them has to be the one of the proof, and none may contradict it',
    )
    .option('--json', 'print one JSON object')
    .action((file: string, flags: VerifyInclusionFlags) => run(flags.json, async (it) => check(file, flags, it)));
}

function check(file: string, flags: VerifyInclusionFlags, { output }: CommandRun): ExitCode {
  const keys = flags.key.map(readKeyFile);
  const kept = flags.checkpoint?.map((each) => ({ file: each, text: readInputFile(each, 'checkpoint').toString() }));
  const inclusion = read(file);
  try {
    const { record, seal, checkpoint } = verifyInclusion(inclusion, keys);
    const keptIn = kept === undefined ? undefined : findKept(checkpoint, kept, keys);
    const { log, segment, index, size, key } = inclusion;
    output.line(`Holds: ${record.data.summary}`);
    output.line(`Record ${record.id}, ${record.type}, ${record.time}, ${record.source}`);
    output.line(
      `is leaf ${index} of ${size} in ${log}, in segment ${segment}, sealed up to ${seal.to?.enqueued ?? '-'},`,
    );
    output.line(`signed by the key ${key}.`);
    if (keptIn === undefined) {
      output.line(
        'note  Whoever has this key, or had it before it was retired, can make such a proof. To exclude that, give the checkpoint that you kept (--checkpoint), or verify the whole trail.',
      );
    } else output.line(`The checkpoint is the one kept in ${keptIn}.`);
    output.result({ holds: true, log, segment, index, size, key, keptCheckpoint: keptIn !== undefined, record });
    return 0;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    output.line(`Does not hold: ${error.message}`);
    output.result({ holds: false, reason: error.message });
    return 1;
  }
}

interface KeptFile {
  readonly file: string;
  readonly text: string;
}

/**
 * The file with the proof's checkpoint. All are compared, and one that contradicts the proof outweighs any that agrees: their
 * order must decide nothing. Throws FormatError where one contradicts, CliError where none can be compared.
 */
function findKept(proven: Checkpoint, kept: readonly KeptFile[], keys: readonly PublicKey[]): string {
  const compared = kept.map((each) => ({ file: each.file, same: compare(proven, each, keys) }));
  const other = compared.find(({ same }) => same === false);
  if (other !== undefined) {
    throw new FormatError(
      'proof',
      `The checkpoint in ${other.file} is over the same ${proven.size} leaves and has another root: two histories were signed.`,
    );
  }
  const own = compared.find(({ same }) => same === true);
  if (own !== undefined) return own.file;
  throw new CliError(
    `None of the checkpoints given is over ${proven.size} leaves of ${proven.origin}, as the proof's is: verify the trail itself with them, "indelible verify WHERE --checkpoint …".`,
  );
}

function compare(proven: Checkpoint, { file, text }: KeptFile, keys: readonly PublicKey[]): boolean | undefined {
  try {
    return isCheckpointOf(proven, text, keys);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    if (cause.code === 'signature') {
      throw new FormatError(
        'signature',
        `The checkpoint in ${file} is over the same ${proven.size} leaves, and none of the keys given signed it.`,
        { cause },
      );
    }
    throw new CliError(`${file} is no checkpoint: ${cause.message}`, { cause });
  }
}

function read(file: string): Inclusion {
  try {
    return parseInclusion(readInputFile(file, 'proof', MAX_INCLUSION_BYTES));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CliError(`${file} is no proof of inclusion. ${cause.message}`, { cause });
  }
}
