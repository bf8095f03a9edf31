/** What keeps a command from doing its work, said in one line: what happened, to what, what to do. The exit code is 2. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** 0: all holds, or it is done. 1: something does not hold. 2: the command could not look. */
export type ExitCode = 0 | 1 | 2;
