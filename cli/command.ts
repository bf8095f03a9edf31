import type { ExitCode } from './cli-error.ts';
import type { Output, Terminal } from './terminal.ts';

/** What every command has beside its own arguments. */
export interface CommandRun {
  readonly output: Output;
  readonly terminal: Terminal;
}

/** Wraps a command's work, so that errors and exit codes are the same everywhere. `json`: the command's own option. */
export type RunCommand = (json: boolean | undefined, work: (run: CommandRun) => Promise<ExitCode>) => Promise<void>;
