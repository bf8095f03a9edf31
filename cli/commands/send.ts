import { createHmac, randomUUID } from 'node:crypto';

import { Argument } from 'commander';
import type { Command } from 'commander';

import { DEFAULT_DATA_DIR } from '../../local/stack-file.ts';
import type { StackFile } from '../../local/stack-file.ts';
import { isObject, parseJson } from '../../shared/wire/json.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { readInputFile } from '../files.ts';
import { post } from '../http.ts';
import { runningStack } from '../where.ts';
import { askForToken } from './token.ts';

/** Well above what the apps take, so that a payload that is too large can be sent to them. */
const MOST_BYTES = 256 * 1024 * 1024;

const SOURCES = ['github', 'azure-activity', 'approvals'] as const;
type Source = (typeof SOURCES)[number];

interface SendFlags {
  readonly event?: string;
  readonly delivery?: string;
  readonly secret?: string;
  readonly as?: string;
  readonly request?: string;
  readonly withdraw?: boolean;
  readonly to?: string;
  readonly stack: string;
  readonly json?: boolean;
}

/** A request as the source would send it. */
interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** `indelible send SOURCE FILE` */
export function addSend(program: Command, run: RunCommand): void {
  program
    .command('send')
    .description('Sends a payload to the local stack as its source would.')
    .addArgument(new Argument('<source>', 'who sends').choices(SOURCES))
    .argument('<file>', 'the payload, sent byte for byte')
    .option('--event <name>', 'github: name of the event')
    .option('--delivery <id>', "github, approvals: the source's id of this delivery; default: a new one")
    .option('--secret <text>', "github: the webhook's secret; default: the stack's")
    .option('--as <who>', 'approvals: the local identity that sends')
    .option('--request <id>', 'approvals: the request to vote on; without it the payload asks for a new one')
    .option('--withdraw', 'approvals: withdraws that request instead of voting')
    .option('--to <url>', "base address of the function apps; default: the stack's")
    .option('--stack <dir>', 'data folder of the running stack', DEFAULT_DATA_DIR)
    .option('--json', 'print one JSON object')
    .action((source: Source, file: string, flags: SendFlags) => run(flags.json, (it) => send(source, file, flags, it)));
}

async function send(source: Source, file: string, flags: SendFlags, { output }: CommandRun): Promise<ExitCode> {
  if (flags.to !== undefined && !URL.canParse(flags.to))
    throw new CliError(`"${flags.to}" is no address: give one like http://127.0.0.1:7071.`);
  refuseOptionsOfOthers(source, flags);
  const body = readInputFile(file, 'payload', MOST_BYTES);
  const stack = await runningStack(flags.stack);
  const { path, headers, body: sent } = await dress(source, body, flags, stack);
  const answer = await post(`${(flags.to ?? stack.api).replace(/\/$/, '')}${path}`, headers, sent);
  const isTaken = answer.status >= 200 && answer.status < 300;
  output.line(`${answer.status} ${answer.body.trim()}`);
  output.result({ status: answer.status, body: answer.body });
  return isTaken ? 0 : 1;
}

/** Options that one source alone knows. */
const OPTIONS_OF = {
  github: ['event', 'delivery', 'secret'],
  'azure-activity': [],
  approvals: ['delivery', 'as', 'request', 'withdraw'],
} as const satisfies Record<Source, readonly (keyof SendFlags)[]>;

/** Throws CliError: what is passed over in silence is taken for done. */
function refuseOptionsOfOthers(source: Source, flags: SendFlags): void {
  const own: readonly (keyof SendFlags)[] = OPTIONS_OF[source];
  const wrong = Object.values(OPTIONS_OF)
    .flat()
    .find((option) => flags[option] !== undefined && !own.includes(option));
  if (wrong !== undefined) throw new CliError(`--${wrong} means nothing for ${source}: leave it out.`);
}

function isVote(body: Buffer): boolean {
  try {
    const value = parseJson(body);
    return isObject(value) && Object.hasOwn(value, 'verdict');
  } catch {
    return false;
  }
}

async function dress(source: Source, body: Buffer, flags: SendFlags, stack: StackFile): Promise<Sent> {
  const delivery = flags.delivery ?? randomUUID();
  const json = { 'content-type': 'application/json' };
  switch (source) {
    case 'github': {
      if (flags.event === undefined)
        throw new CliError('Name the event with --event, like --event push: GitHub sends it in a header.');
      const signature = createHmac('sha256', flags.secret ?? stack.githubSecret)
        .update(body)
        .digest('hex');
      const github = {
        'x-github-event': flags.event,
        'x-github-delivery': delivery,
        'x-hub-signature-256': `sha256=${signature}`,
      };
      return { path: '/api/collect/github', headers: { ...json, ...github }, body };
    }
    case 'approvals': {
      if (flags.withdraw === true && flags.request === undefined)
        throw new CliError('Name the request to withdraw with --request.');
      if (flags.request === undefined && isVote(body)) {
        throw new CliError(
          `The payload has a "verdict", so it is a vote: name the request that it is on with --request. Without one a new request would be made.`,
        );
      }
      const step = flags.withdraw === true ? 'withdrawal' : 'votes';
      const path =
        flags.request === undefined ? '/api/approvals' : `/api/approvals/${encodeURIComponent(flags.request)}/${step}`;
      return { path, headers: { ...json, ...(await bearer(flags, stack, delivery)) }, body };
    }
    case 'azure-activity':
      // The Event Grid endpoint of a function app, as Event Grid's own webhook delivery uses it.
      return {
        path: `/runtime/webhooks/eventgrid?functionName=observe-${source}`,
        headers: { ...json, 'aeg-event-type': 'Notification' },
        body,
      };
  }
}

async function bearer(flags: SendFlags, stack: StackFile, delivery: string): Promise<Record<string, string>> {
  if (flags.as === undefined) throw new CliError('Name the sender with --as: a local identity like alice.');
  return { authorization: `Bearer ${await askForToken(stack, flags.as, undefined)}`, 'idempotency-key': delivery };
}
