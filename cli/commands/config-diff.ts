import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';

import { diffConfigurations, diffHolders } from '../../shared/authorize/configuration-diff.ts';
import type { ConfigurationChange } from '../../shared/authorize/configuration-diff.ts';
import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import type { Configuration } from '../../shared/authorize/configuration.ts';
import { versionOf } from '../../shared/authorize/history.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { loadConfiguration } from '../load-configuration.ts';

interface DiffFlags {
  readonly json?: boolean;
}

/** `indelible config diff [OLD] [NEW]` */
export function addConfigDiff(config: Command, run: RunCommand): void {
  config
    .command('diff')
    .description(
      'What changes from one version of indelible.yaml to another, and who gains or loses which role. Without OLD and NEW: from the version before to the one in this folder.',
    )
    .argument(
      '[old]',
      'a file, or a folder with indelible.yaml; alone and a folder: its version before is compared with it',
    )
    .argument('[new]', 'a file or a folder; indelible.yaml in this folder unless given')
    .option('--json', 'print one JSON object')
    .action((older: string | undefined, newer: string | undefined, flags: DiffFlags) =>
      run(flags.json, (it) => diff(older, newer, it)),
    );
}

async function diff(older: string | undefined, newer: string | undefined, { output }: CommandRun): Promise<ExitCode> {
  const [before, after] = await open(older, newer);
  const changes = diffConfigurations(before, after);
  const { gained, lost } = diffHolders(before, after);
  output.line(`From ${before.sha256}`);
  output.line(`  to ${after.sha256}, in force from ${after.from}`);
  for (const change of changes) output.line(say(change));
  if (changes.length === 0) output.line('Nothing changes.');
  for (const [title, list] of [
    ['Who gains what:', gained],
    ['Who loses what:', lost],
  ] as const) {
    if (list.length > 0) output.line(title);
    for (const { identity, what } of list) output.line(`  ${identity}: ${what}`);
  }
  output.result({ old: before.sha256, new: after.sha256, changes, gained, lost });
  return 0;
}

async function open(older: string | undefined, newer: string | undefined): Promise<[Configuration, Configuration]> {
  if (newer === undefined && (older === undefined || (await isFolder(older)))) {
    const folder = older ?? '.';
    const history = await loadConfiguration(folder);
    const before = versionOf(history, history.current.previous);
    if (before === undefined) {
      throw new CliError(
        `indelible.yaml in ${folder} is the first version: there is none before it. Name the one to compare it with.`,
      );
    }
    return [before, history.current];
  }
  return [await read(older ?? '.'), await read(newer ?? '.')];
}

async function read(path: string): Promise<Configuration> {
  const file = (await isFolder(path)) ? join(path, 'indelible.yaml') : path;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CliError(`${file} cannot be read. Name a version of indelible.yaml, or the folder that it lies in.`, {
      cause,
    });
  });
  return parseConfiguration(bytes, file);
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** `+` is new, `-` is gone, `~` has another value. */
function say({ path, from, to }: ConfigurationChange): string {
  if (from === undefined) return `+ ${path}: ${to ?? ''}`;
  return to === undefined ? `- ${path}: ${from}` : `~ ${path}: ${from} -> ${to}`;
}
