import type { Command } from 'commander';

import type { Finding } from '../../shared/verify/findings.ts';
import { loadKeys } from '../../shared/verify/key-ring.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { WHERE_HELP, openWhere } from '../where.ts';

/** `indelible keys WHERE` */
export function addKeys(program: Command, run: RunCommand): void {
  program
    .command('keys')
    .description(
      'Lists the public keys that a trail carries. They prove nothing by lying there: get the first one from whom you trust.',
    )
    .argument('<where>', WHERE_HELP)
    .option('--pem', 'print the keys themselves')
    .option('--json', 'print one JSON object')
    .action((where: string, flags: { pem?: boolean; json?: boolean }) =>
      run(flags.json, (it) => listKeys(where, flags.pem === true, it)),
    );
}

async function listKeys(where: string, isPem: boolean, { output }: CommandRun): Promise<ExitCode> {
  const { trail } = await openWhere(where);
  const findings: Finding[] = [];
  const { all } = await loadKeys(trail, [], findings);
  for (const { blob, message } of findings) output.line(`WRONG keyBlobWrong: blob ${blob ?? ''}, ${message}`);
  for (const key of all) {
    output.line(key.sha256);
    if (isPem && !output.isJson) output.raw(formatPublicKey(key));
  }
  output.result({ keys: all.map((key) => ({ sha256: key.sha256, pem: formatPublicKey(key) })), findings });
  return findings.length === 0 ? 0 : 1;
}
