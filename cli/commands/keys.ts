import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Command } from 'commander';

import type { Finding } from '../../shared/verify/findings.ts';
import { loadKeys } from '../../shared/verify/key-ring.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { WHERE_HELP, openWhere } from '../where.ts';

interface KeysFlags {
  readonly pem?: boolean;
  readonly save?: string;
  readonly json?: boolean;
}

/** `indelible keys WHERE` */
export function addKeys(program: Command, run: RunCommand): void {
  program
    .command('keys')
    .description(
      'Lists the public keys that a trail carries. That they lie there proves nothing: get the first one from somebody you trust.',
    )
    .argument('<where>', WHERE_HELP)
    .option('--pem', 'print the keys themselves, and nothing else')
    .option('--save <dir>', 'write each key to a file there, <hash>.pem, for --key of "verify"')
    .option('--json', 'print one JSON object')
    .action((where: string, flags: KeysFlags) => run(flags.json, (it) => listKeys(where, flags, it)));
}

async function listKeys(where: string, flags: KeysFlags, { output }: CommandRun): Promise<ExitCode> {
  const { trail } = await openWhere(where);
  const findings: Finding[] = [];
  const { all } = await loadKeys(trail, [], findings);
  for (const { blob, message } of findings) {
    const line = `keyBlobWrong: blob ${blob ?? ''}, ${message}`;
    // A PEM file that it stood in would be none.
    if (flags.pem === true) output.note(line);
    else output.line(`WRONG ${line}`);
  }
  if (flags.pem === true && !output.isJson) for (const key of all) output.raw(formatPublicKey(key));
  else printKeys(all, flags.save, output);
  if (flags.save !== undefined) saveKeys(all, flags.save);
  output.result({ keys: all.map((key) => ({ sha256: key.sha256, pem: formatPublicKey(key) })), findings });
  return findings.length === 0 ? 0 : 1;
}

function printKeys(keys: readonly PublicKey[], folder: string | undefined, output: CommandRun['output']): void {
  for (const { sha256 } of keys) {
    output.line(`public key ${sha256}${folder === undefined ? '' : `: ${fileOf(folder, sha256)}`}`);
  }
  if (keys.length === 0) output.line('The trail carries no public key.');
  else if (folder === undefined) {
    output.line(
      'That is SHA-256 of its SPKI: compare it with what somebody you trust says. --save DIR writes the key.',
    );
  }
}

function saveKeys(keys: readonly PublicKey[], folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const key of keys) writeFileSync(fileOf(folder, key.sha256), formatPublicKey(key));
  } catch (cause) {
    throw new CliError(`The keys cannot be written to ${folder}: ${(cause as NodeJS.ErrnoException).code ?? ''}.`, {
      cause,
    });
  }
}

function fileOf(folder: string, sha256: string): string {
  return join(folder, `${sha256}.pem`);
}
