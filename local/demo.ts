/**
 * `npm run demo`: one story through all sources, on this machine, in a folder that is gone afterwards: from the baseline to a
 * deployment and to what came of it. It is sealed, traced by its links, exported and verified; then a copy is tampered with,
 * and the verifier names the record.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join, relative, resolve } from 'node:path';

import { baselineHash } from '../shared/decide/fold-baseline.ts';
import { at } from '../shared/normalize/read.ts';
import { parseJsonText } from '../shared/wire/json.ts';
import { BASELINE_FILES } from '../shared/wire/record.ts';
import { MAX_SEGMENT_BYTES } from '../shared/wire/segment.ts';
import { formatFrame, parseFrame } from '../shared/wire/zstd-frame.ts';
import { DEFAULT_DATA_DIR } from './stack-file.ts';
import type { StackFile } from './stack-file.ts';
import { startStack } from './stack.ts';
import { untilSealed } from './until-sealed.ts';

const EXTENSION = extname(import.meta.filename);
const CODE = resolve(import.meta.dirname, '..');
const ROOT = EXTENSION === '.ts' ? CODE : dirname(CODE);
const SAMPLES = join(ROOT, 'local/sample');

/** Milliseconds until what was sent must be sealed: far more than it takes. */
const SEALING_PATIENCE = 45_000;

interface Ran {
  readonly code: number;
  readonly out: string;
}

function heading(text: string): void {
  process.stdout.write(`\n── ${text}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}

/** Runs the command line in `folder`, as somebody would who sits there. */
function indelible(folder: string, ...args: readonly string[]): Promise<Ran> {
  const program = join(CODE, `cli/main${EXTENSION}`);
  return new Promise((resolvePromise, reject) => {
    execFile(process.execPath, [program, ...args], { cwd: folder, maxBuffer: 1 << 26 }, (error, out, err) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolvePromise({ code: error === null ? 0 : Number(error.code), out: out + err });
    });
  });
}

/** As `indelible`, and prints the command and what it said; throws where it ends otherwise than it must. */
async function show(folder: string, expected: number, ...args: readonly string[]): Promise<string> {
  const shown = args.map((each) => (each.startsWith(SAMPLES) ? relative(ROOT, each) : each)).map(quote);
  say(`$ npx indelible ${shown.join(' ')}`);
  const { code, out } = await indelible(folder, ...args);
  say(indent(out));
  if (code !== expected) throw new Error(`"indelible ${args.join(' ')}" ended with ${code}, not ${expected}.`);
  return out;
}

function quote(argument: string): string {
  return /^[\w./:=-]+$/.test(argument) ? argument : `'${argument}'`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '  ');
}

async function send(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, out } = await indelible(folder, 'send', ...args);
  if (code !== 0) throw new Error(`"indelible send ${args.join(' ')}" ended with ${code}: ${out}`);
  return out;
}

/** Sends a sample to the stack as its source would; gives a member of the answer. */
class Story {
  readonly #folder: string;
  readonly #stack: StackFile;
  readonly #tokens = new Map<string, string>();

  constructor(folder: string, stack: StackFile) {
    this.#folder = folder;
    this.#stack = stack;
  }

  async github(event: string, file: string, says: string): Promise<void> {
    await send(this.#folder, 'github', join(SAMPLES, file), '--event', event);
    tell('GitHub', says);
  }

  /** A service hook. */
  async devops(file: string, says: string): Promise<void> {
    const credentials = Buffer.from(`indelible:${this.#stack.azureDevopsPassword}`).toString('base64');
    await this.#post('/api/collect/azure-devops', await sample(file), { authorization: `Basic ${credentials}` });
    tell('Azure DevOps', says);
  }

  /** Events of Event Grid, as its webhook delivers them. */
  async eventGrid(functionName: string, file: string, says: string): Promise<void> {
    const path = `/runtime/webhooks/eventgrid?functionName=${functionName}`;
    await this.#post(path, await sample(file), { 'aeg-event-type': 'Notification' });
    tell('Event Grid', says);
  }

  /** Rows of a table of Log Analytics, and the timer that reads it. */
  async table(table: string, functionName: string, file: string, says: string): Promise<void> {
    await posted(`${this.#stack.logsAdmin}/tables/${table}`, await sample(file), {});
    await this.#post(`/admin/functions/${functionName}?wait=1`, '{}', {});
    tell('Log Analytics', says);
  }

  /** A person or an app at the API; gives a member of the answer. */
  async at(
    who: string,
    path: string,
    body: Buffer | string | object,
    says: string,
    method: 'POST' | 'PUT' = 'POST',
  ): Promise<string[]> {
    const token = this.#tokens.get(who) ?? (await indelible(this.#folder, 'token', '--as', who)).out.trim();
    this.#tokens.set(who, token);
    const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await this.#post(path, bytes, { authorization: `Bearer ${token}` }, method);
    tell(who, says);
    return ['request', 'sha256', 'output', 'id'].flatMap((member) => at(answer, member) ?? []).map(String);
  }

  #post(
    path: string,
    body: Buffer | string,
    headers: Record<string, string>,
    method?: 'POST' | 'PUT',
  ): Promise<unknown> {
    return posted(`${this.#stack.api}${path}`, body, headers, method);
  }
}

function tell(who: string, says: string): void {
  say(`  ${who.padEnd(14)} ${says}`);
}

function sample(file: string): Promise<Buffer> {
  return readFile(join(SAMPLES, file));
}

async function json(file: string): Promise<object> {
  return parseJsonText((await sample(file)).toString()) as object;
}

async function posted(
  url: string,
  body: Buffer | string,
  headers: Record<string, string>,
  method: 'POST' | 'PUT' = 'POST',
): Promise<unknown> {
  const answer = await fetch(url, { method, headers: { 'content-type': 'application/json', ...headers }, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${text}`);
  return text === '' ? undefined : parseJsonText(text);
}

/** From the baseline to the deployment and what came of it; gives the id of the change request. */
async function play(story: Story): Promise<string> {
  heading('The baseline: four files, signed by both owners');
  const hashes: Partial<Record<(typeof BASELINE_FILES)[number], string>> = {};
  for (const file of BASELINE_FILES) {
    const path = `/api/baseline/payments/${file}`;
    const [sha256 = ''] = await story.at('alice', path, await sample(`baseline/${file}`), `proposes ${file}`, 'PUT');
    hashes[file] = sha256;
  }
  const covers = Object.values(hashes).map((id) => ({ kind: 'snapshot', id }));
  const asked = { project: 'payments', kind: 'baseline', title: 'Baseline of 2026', covers };
  const [signing = ''] = await story.at('alice', '/api/approvals', asked, 'asks for the signatures');
  for (const owner of ['bob', 'carol'])
    await story.at(owner, votesOf(signing), { kind: 'baseline', verdict: 'approve' }, 'signs');

  heading('A change request against it, with its cost');
  const change = {
    ...(await json('change-request.json')),
    baseline: baselineHash(hashes as Record<(typeof BASELINE_FILES)[number], string>),
    links: [{ kind: 'request', id: signing }],
  };
  const [request = ''] = await story.at('alice', '/api/approvals', change, 'asks for 8 days and 9,500 EUR more');
  await story.at('bob', votesOf(request), { kind: 'scopeChange', verdict: 'approve' }, 'approves');
  await story.devops('azure-devops-work-item.json', 'a work item of another project is changed');

  heading('An assistant writes the code, a person judges it');
  const written = (await json('ai-output.json')) as { links: unknown[] };
  written.links.push({ kind: 'request', id: request });
  const [output = ''] = await story.at(
    'assistant',
    '/api/collect/ai',
    written,
    'reports what it wrote, as commitments',
  );
  const verdicts = `/api/ai-outputs/${encodeURIComponent(output)}/verdicts`;
  await story.at('alice', verdicts, await sample('ai-verdict.json'), 'edits it before it takes effect');

  heading('Pull request, pipeline, gate, deployment');
  await story.github('push', 'github-push.json', 'push');
  await story.github('pull_request_review', 'github-review.json', 'review');
  await story.github('pull_request', 'github-merge.json', 'merge');
  await story.github('workflow_run', 'github-workflow-run.json', 'workflow run');
  await story.github('deployment_review', 'github-deployment-review.json', 'gate of the environment');
  const deployment = await sample('approval-request.json');
  const [gate = ''] = await story.at('pipeline', '/api/approvals', deployment, 'asks whether it may deploy');
  await story.at('bob', votesOf(gate), await sample('approval-vote.json'), 'approves');

  heading('What Azure did, and found');
  await story.eventGrid('observe-azure-activity', 'azure-write.json', 'the site is written');
  await story.table('AzureActivity', 'reconcile-azure-activity', 'activity-log.json', 'the same in the Activity Log');
  await story.eventGrid('observe-azure-policy', 'azure-policy.json', 'the site is compliant');
  await story.eventGrid(
    'observe-azure-activity',
    'azure-role-assignment.json',
    'alice lets somebody in, with PHI behind it',
  );
  await story.table('AuditLogs', 'observe-entra-audit', 'entra-audit.json', 'and into a group');
  return request;
}

function votesOf(request: string): string {
  return `/api/approvals/${encodeURIComponent(request)}/votes`;
}

/** Changes who merged, with a good checksum, in a copy of the segment that says so; gives the blob's path. Throws where no segment has it. */
async function tamper(folder: string): Promise<string> {
  const files = await readdir(join(folder, 'trail'), { recursive: true });
  for (const file of files.filter((each) => each.endsWith('.jsonl.zst'))) {
    const path = join(folder, 'trail', file);
    const text = parseFrame(await readFile(path), MAX_SEGMENT_BYTES).toString();
    const changed = text.replace('bob-brown merged', 'mallory merged');
    if (changed === text) continue;
    await writeFile(path, formatFrame(Buffer.from(changed)));
    return relative(folder, path);
  }
  throw new Error('No segment says that bob-brown merged: the demo’s payloads were changed.');
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-demo-'));
  const stack = await startStack({ dataDir: join(folder, DEFAULT_DATA_DIR), port: 0 });
  try {
    heading('The stack runs: blobs and tables with WORM, hubs over AMQP, Log Analytics, five function apps.');
    const request = await play(new Story(folder, stack.file));
    await untilSealed(stack.file, SEALING_PATIENCE);
    heading('All of it is sealed, and the segments verify against the public key');
    await show(folder, 0, 'verify', 'local', '--index');
    heading('The chain that the change request belongs to, joined by its links, and who had the authority');
    await show(folder, 0, 'trace', request);
    heading('What do the votes on it come to?');
    await show(folder, 0, 'approval', request, '--from', 'local');
    heading('Which baseline holds, and what was added to its plan?');
    await show(folder, 0, 'baseline', 'payments');
    heading('An auditor takes a copy away, and verifies it without asking anybody');
    await show(folder, 0, 'export', 'local', 'export');
    await cp(stack.file.publicKey, join(folder, 'public-key.pem'));
    await show(folder, 0, 'verify', 'export', '--key', 'public-key.pem');
    heading('Somebody changes who merged, in the copy');
    say(`  changed: ${await tamper(join(folder, 'export'))}`);
    await show(folder, 1, 'verify', 'export', '--key', 'public-key.pem');
    say('\nThe tampered record is named. Now run your own: npm start');
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
