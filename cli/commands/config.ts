import type { Command } from 'commander';

import type { RunCommand } from '../command.ts';
import { addConfigCheck } from './config-check.ts';
import { addConfigDiff } from './config-diff.ts';

/** `indelible config …`: indelible.yaml before it is deployed. Both read files alone. */
export function addConfig(program: Command, run: RunCommand): void {
  const config = program
    .command('config')
    .description('Looks at indelible.yaml before it is deployed: "config check" and "config diff".');
  addConfigCheck(config, run);
  addConfigDiff(config, run);
}
