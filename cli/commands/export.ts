import { join } from 'node:path';

import type { Command } from 'commander';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import { copyContainer } from '../../shared/verify/copy-container.ts';
import type { CopyFinding, CopyProgress } from '../../shared/verify/copy-container.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { WHERE_HELP, openWhere } from '../where.ts';

/** `indelible export WHERE DIR` */
export function addExport(program: Command, run: RunCommand): void {
  program
    .command('export')
    .description(
      'Copies trail and evidence into folders of those names; run it again to go on, or to fetch what is new.',
    )
    .argument('<where>', WHERE_HELP)
    .argument('<dir>', 'folder to copy to; made where it is missing')
    .option('--json', 'print one JSON object')
    .action((where: string, folder: string, flags: { json?: boolean }) =>
      run(flags.json, (it) => exportTrail(where, folder, it)),
    );
}

async function exportTrail(where: string, folder: string, { output }: CommandRun): Promise<ExitCode> {
  const from = await openWhere(where);
  const findings: (CopyFinding & { container: string })[] = [];
  const counts: Record<string, CopyProgress> = {};
  // The trail first: evidence is written before the segment that refers to it, so what is copied then is all of it.
  for (const container of ['trail', 'evidence'] as const) {
    const to = new DirectoryImmutableStore(join(folder, container));
    const show = ({ copied, kept, bytes }: CopyProgress) =>
      output.progress(() => `${container}: ${copied} copied, ${kept} there already, ${(bytes / 1e6).toFixed(1)} MB`);
    const copied = await copyContainer(container, from[container], to, show);
    findings.push(...copied.findings.map((each) => ({ container, ...each })));
    counts[container] = copied.progress;
    for (const { kind, blob, message } of copied.findings)
      output.line(`WRONG ${kind}: blob ${container}/${blob}, ${message}`);
    output.line(`${container}: ${copied.progress.copied} copied, ${copied.progress.kept} there already.`);
  }
  output.result({ complete: findings.length === 0, findings, ...counts });
  return findings.length === 0 ? 0 : 1;
}
