/**
 * `npm run demo`: the whole road on this machine, in a folder that is gone afterwards. Events of three sources go in, are
 * sealed, asked for, exported and verified; then a copy is tampered with, and the verifier names the record.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join, relative, resolve } from 'node:path';

import { at } from '../shared/normalize/read.ts';
import { parseJsonText } from '../shared/wire/json.ts';
import { MAX_SEGMENT_BYTES } from '../shared/wire/segment.ts';
import { formatFrame, parseFrame } from '../shared/wire/zstd-frame.ts';
import { DEFAULT_DATA_DIR } from './stack-file.ts';
import { startStack } from './stack.ts';
import { untilSealed } from './until-sealed.ts';

const EXTENSION = extname(import.meta.filename);
const CODE = resolve(import.meta.dirname, '..');
const ROOT = EXTENSION === '.ts' ? CODE : dirname(CODE);
const SAMPLES = join(ROOT, 'local/sample');

/** Milliseconds until what was sent must be sealed: far more than it takes. */
const SEALING_PATIENCE = 45_000;

const GITHUB = [
  ['push', 'github-push.json'],
  ['pull_request_review', 'github-review.json'],
  ['pull_request', 'github-merge.json'],
  ['workflow_run', 'github-workflow-run.json'],
  ['deployment_review', 'github-deployment-review.json'],
] as const;
const AZURE = ['azure-write.json', 'azure-role-assignment.json'] as const;

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

async function sendAll(folder: string): Promise<void> {
  for (const [event, file] of GITHUB) {
    await send(folder, 'github', join(SAMPLES, file), '--event', event);
    say(`  GitHub          ${event}`);
  }
  for (const file of AZURE) {
    await send(folder, 'azure-activity', join(SAMPLES, file));
    say(`  Azure           ${file.replace('.json', '')}`);
  }
  const answer = await send(folder, 'approvals', join(SAMPLES, 'approval-request.json'), '--as', 'alice');
  say('  approvals       alice asks');
  const request = at(parseJsonText(answer.slice(answer.indexOf('{'))), 'request');
  if (typeof request !== 'string') throw new Error(`The answer names no request: ${answer}`);
  await send(folder, 'approvals', join(SAMPLES, 'approval-vote.json'), '--as', 'bob', '--request', request);
  say('  approvals       bob votes');
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
    heading('The stack runs: blobs and tables with WORM, hubs over AMQP, five function apps.');
    heading('Events go in');
    await sendAll(folder);
    await untilSealed(stack.file, SEALING_PATIENCE);
    heading('They are sealed, and the segments verify against the public key');
    await show(folder, 0, 'verify', 'local', '--index');
    heading('The index answers: what happened in the project "payments"?');
    const month = ['--from', '2026-11-01T00:00:00Z', '--to', '2027-12-01T00:00:00Z'];
    await show(folder, 0, 'query', 'ByProject', 'payments', ...month);
    heading('Who decided?');
    await show(folder, 0, 'query', 'Decisions', 'payments', ...month);
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
