import { createHmac, randomUUID } from 'node:crypto';

import { Argument } from 'commander';
import type { Command } from 'commander';

import type { StackFile } from '../../local/stack-file.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { readInputFile } from '../files.ts';
import { post } from '../http.ts';
import { runningStack } from '../where.ts';
import { askForToken } from './token.ts';

const SOURCES = [
  'github',
  'azure-devops',
  'ai',
  'approvals',
  'azure-activity',
  'azure-policy',
  'azure-devops-audit',
] as const;
type Source = (typeof SOURCES)[number];

interface SendFlags {
  readonly event?: string;
  readonly delivery?: string;
  readonly secret?: string;
  readonly as?: string;
  readonly request?: string;
  readonly to?: string;
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
    .option('--delivery <id>', "the source's id of this delivery; default: a new one")
    .option('--secret <text>', "github: the webhook's secret, default: the stack's; azure-devops: user:password")
    .option('--as <who>', 'approvals, ai: the local identity that sends')
    .option('--request <id>', 'approvals: votes on this request')
    .option('--to <url>', "base address of the function apps; default: the stack's")
    .option('--json', 'print one JSON object')
    .action((source: Source, file: string, flags: SendFlags) => run(flags.json, (it) => send(source, file, flags, it)));
}

async function send(source: Source, file: string, flags: SendFlags, { output }: CommandRun): Promise<ExitCode> {
  const body = readInputFile(file, 'payload');
  const stack = await runningStack();
  const { path, headers, body: sent } = await dress(source, body, flags, stack);
  const answer = await post(`${(flags.to ?? stack.api).replace(/\/$/, '')}${path}`, headers, sent);
  const isTaken = answer.status >= 200 && answer.status < 300;
  output.line(`${answer.status} ${answer.body.trim()}`);
  output.result({ status: answer.status, body: answer.body });
  return isTaken ? 0 : 1;
}

async function dress(source: Source, body: Buffer, flags: SendFlags, stack: StackFile): Promise<Sent> {
  const delivery = flags.delivery ?? randomUUID();
  const json = { 'content-type': 'application/json' };
  switch (source) {
    case 'github': {
      if (flags.event === undefined)
        throw new CliError('Say with --event which event it is: GitHub sends its name in a header.');
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
    case 'azure-devops': {
      if (flags.secret === undefined) throw new CliError('Give user:password of the service hook with --secret.');
      const authorization = `Basic ${Buffer.from(flags.secret).toString('base64')}`;
      return { path: '/api/collect/azure-devops', headers: { ...json, authorization }, body };
    }
    case 'ai':
      return { path: '/api/collect/ai', headers: { ...json, ...(await bearer(flags, stack, delivery)) }, body };
    case 'approvals': {
      const path =
        flags.request === undefined ? '/api/approvals' : `/api/approvals/${encodeURIComponent(flags.request)}/votes`;
      return { path, headers: { ...json, ...(await bearer(flags, stack, delivery)) }, body };
    }
    case 'azure-activity':
    case 'azure-policy':
    case 'azure-devops-audit':
      // The Event Grid endpoint of a function app, as Event Grid's own webhook delivery uses it.
      return {
        path: `/runtime/webhooks/eventgrid?functionName=observe-${source}`,
        headers: { ...json, 'aeg-event-type': 'Notification' },
        body,
      };
  }
}

async function bearer(flags: SendFlags, stack: StackFile, delivery: string): Promise<Record<string, string>> {
  if (flags.as === undefined) throw new CliError('Say with --as who sends: a local identity like alice.');
  return { authorization: `Bearer ${await askForToken(stack, flags.as, undefined)}`, 'idempotency-key': delivery };
}
