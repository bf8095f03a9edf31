/**
 * `npm start`: the embedded stack, until Ctrl-C. What a command line may hold: {@link USAGE}.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';

import { DEFAULT_DATA_DIR } from './stack-file.ts';
import { startStack } from './stack.ts';
import type { Stack } from './stack.ts';

const DEFAULT_PORT = '7071';
const USAGE = `Usage: npm start -- [--data DIR] [--port N] [--configuration DIR]

  --data DIR           where everything is kept: a new or empty folder, or that of an earlier start; default ${DEFAULT_DATA_DIR}
  --port N             of the HTTP API; default ${DEFAULT_PORT}, 0 for any that is free
  --configuration DIR  folder with your indelible.yaml; default local/sample. A trail keeps the first one that it adopts:
                       for another one take another --data, or make it a new version (docs/operations.md)
`;

interface Options {
  readonly dataDir: string;
  readonly port: number;
  readonly configuration: string | undefined;
}

/** undefined where only help was asked for. Throws Error that says what is wrong with the command line. */
function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: DEFAULT_DATA_DIR },
      port: { type: 'string', default: DEFAULT_PORT },
      configuration: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535)
    throw new Error(`--port ${values.port} is no port: give a number up to 65535, 0 for any that is free.`);
  return { dataDir: values.data, port, configuration: values.configuration };
}

function describe({ file, functions }: Stack, dataDir: string): string {
  const where = dataDir === DEFAULT_DATA_DIR ? '' : ` --stack ${dataDir}`;
  const lines = Object.entries(functions).flatMap(([app, each]) =>
    each.flatMap((one) => {
      if (one.kind === 'http') return [`  ${one.methods.join(',').padEnd(5)} ${file.api}${one.route}  (${app})`];
      if (one.kind === 'eventGrid')
        return [`  POST  ${file.api}/runtime/webhooks/EventGrid?functionName=${one.name}  (${app})`];
      return [];
    }),
  );
  return [
    'Indelible runs here. Webhooks and callers go to:',
    ...lines.sort(),
    `Data, logs and secrets: ${dataDir}/ (stack.json says what is where)`,
    `Try: npx indelible send github local/sample/github-push.json --event push${where}`,
    'Ctrl-C stops it; the next start goes on where it stopped.',
    '',
  ].join('\n');
}

async function main(options: Options): Promise<void> {
  // Before the start: a Ctrl-C while parts come up must not leave any of them behind.
  let stopped = false;
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => {
    stopped = true;
    return undefined;
  });
  const stack = await startStack({ ...options, onProblem: (line) => process.stderr.write(`${line}\n`) });
  if (!stopped) process.stdout.write(describe(stack, options.dataDir));
  if (!stopped) sealTails(stack);
  const broken = await Promise.race([asked, stack.broken]);
  process.stdout.write(broken === undefined ? 'Stopping.\n' : `${broken}\nStopping the rest.\n`);
  await stack.stop();
  process.exit(broken === undefined ? 0 : 1);
}

/** Logs that cannot go on say so now, not with their next message. What fails is told like any function that fails. */
function sealTails({ file }: Stack): void {
  fetch(`${file.api}/admin/functions/seal-tail`, { method: 'POST' }).catch(() => undefined);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

let options: Options | undefined;
try {
  options = readOptions();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${USAGE}`);
  process.exit(2);
}
if (options === undefined) {
  process.stdout.write(USAGE);
} else {
  main(options).catch((error: unknown) => {
    const said = messageOf(error).replace(/\.?$/, '.');
    const hint = said.includes('EADDRINUSE')
      ? ' Another program has the port: take another with --port, or any with --port 0.'
      : '';
    process.stderr.write(`The stack did not start: ${said}${hint}\n`);
    process.exit(1);
  });
}
