import type { Command } from 'commander';

import { at } from '../../shared/normalize/read.ts';
import { parseJsonText } from '../../shared/wire/json.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { post } from '../http.ts';
import { runningStack } from '../where.ts';
import { DEFAULT_DATA_DIR } from '../../local/stack-file.ts';
import type { StackFile } from '../../local/stack-file.ts';

interface TokenFlags {
  readonly as: string;
  readonly role?: string[];
  readonly stack: string;
  readonly json?: boolean;
}

/** `indelible token --as WHO` */
export function addToken(program: Command, run: RunCommand): void {
  program
    .command('token')
    .description(
      'Prints a bearer token of the local stack\'s own issuer, for trying things out. In Azure, "az account get-access-token" does this.',
    )
    .requiredOption('--as <who>', 'a local identity: alice, bob, carol, dave, pipeline')
    .option('--role <name...>', "app roles; default: the identity's own")
    .option('--stack <dir>', 'data folder of the running stack', DEFAULT_DATA_DIR)
    .option('--json', 'print one JSON object')
    .action((flags: TokenFlags) => run(flags.json, (it) => printToken(flags, it)));
}

async function printToken(flags: TokenFlags, { output }: CommandRun): Promise<ExitCode> {
  const token = await askForToken(await runningStack(flags.stack), flags.as, flags.role);
  if (output.isJson) output.result({ token });
  else output.raw(`${token}\n`);
  return 0;
}

/** Throws CliError, with what the issuer said. */
export async function askForToken(stack: StackFile, as: string, roles: readonly string[] | undefined): Promise<string> {
  const request = { as, audience: stack.audience, ...(roles === undefined ? {} : { roles }) };
  const answer = await post(`${stack.issuer}/token`, { 'content-type': 'application/json' }, JSON.stringify(request));
  const token = at(parse(answer.body), 'access_token');
  if (answer.status === 200 && typeof token === 'string') return token;
  const said = at(parse(answer.body), 'error_description');
  throw new CliError(
    `The local issuer refused (${answer.status}): ${typeof said === 'string' ? said : answer.body.slice(0, 200)}`,
  );
}

function parse(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return undefined;
  }
}
