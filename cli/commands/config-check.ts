import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Command } from 'commander';

import { loadHistory } from '../../shared/authorize/history.ts';
import { SettingsError } from '../../shared/errors.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';

interface CheckFlags {
  readonly json?: boolean;
}

/** `indelible config check [DIR]` */
export function addConfigCheck(config: Command, run: RunCommand): void {
  config
    .command('check')
    .description(
      'Reads indelible.yaml and all versions before it as the sealer would, and names every fault by file, line and column.',
    )
    .argument('[dir]', 'folder with indelible.yaml and indelible.history/', '.')
    .option('--json', 'print one JSON object')
    .action((dir: string, flags: CheckFlags) => run(flags.json, (it) => check(dir, it)));
}

async function check(dir: string, { output }: CommandRun): Promise<ExitCode> {
  if (!existsSync(join(dir, 'indelible.yaml'))) {
    throw new CliError(`There is no indelible.yaml in ${dir}. Name the folder that it lies in.`);
  }
  try {
    const { current, predecessors } = await loadHistory(dir);
    const { sha256, from, projects, environments, identities, grants, matrix } = current;
    const said = [
      [projects.length, 'project', 'projects'],
      [environments.length, 'environment', 'environments'],
      [identities.length, 'identity', 'identities'],
      [grants.length, 'grant', 'grants'],
      [matrix.length, 'matrix entry', 'matrix entries'],
      [predecessors.size, 'version before', 'versions before'],
    ] as const;
    output.line(`indelible.yaml ${sha256}, in force from ${from}:`);
    output.line(
      said
        .map(([count, one, more]) => `${count} ${count === 1 ? one : more}`)
        .join(', ')
        .concat('. It holds together.'),
    );
    output.result({ faults: [], sha256, from });
    return 0;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const faults = error.message.split('\n');
    for (const fault of faults) output.line(fault);
    output.line(`${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} in ${resolve(dir)}.`);
    output.result({ faults });
    return 1;
  }
}
