import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import { FormatError } from '../../shared/errors.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';
import { compareIndex, compareProgress } from '../../shared/tabulate/compare-index.ts';
import type { IndexDifference, ProgressDifference } from '../../shared/tabulate/compare-index.ts';
import { formatFinding, isFailure } from '../../shared/verify/findings.ts';
import type { Finding } from '../../shared/verify/findings.ts';
import { parseTrailBlob } from '../../shared/verify/trail-blobs.ts';
import { verifyTrail } from '../../shared/verify/verify-trail.ts';
import type { TrailSummary, VerifyOptions } from '../../shared/verify/verify-trail.ts';
import { parseCheckpoint } from '../../shared/wire/checkpoint.ts';
import { segmentPrefix } from '../../shared/wire/log-name.ts';
import { toZonedTimestamp } from '../../shared/wire/timestamp.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { readInputFile, readKeyFile } from '../files.ts';
import { WHERE_HELP, isFolder, openWhere } from '../where.ts';
import type { Where } from '../where.ts';

interface VerifyFlags {
  readonly key?: string[];
  readonly checkpoint?: string[];
  readonly log?: string[];
  readonly prunedBefore?: string;
  readonly evidence: boolean;
  readonly whole?: boolean;
  readonly index?: boolean;
  readonly parallel?: number;
  readonly saveCheckpoints?: string;
  readonly json?: boolean;
}

/** `indelible verify WHERE --key FILE...` */
export function addVerify(program: Command, run: RunCommand): void {
  program
    .command('verify')
    .description(
      'Checks a trail with nothing but its blobs and the public key. Exit code 0: all holds. 1: something does not. 2: it could not be looked at.',
    )
    .argument('<where>', WHERE_HELP)
    .option(
      '--key <file...>',
      'public key (PEM) that signed the first segment of each log; default for "local": the stack\'s',
    )
    .option('--checkpoint <file...>', 'checkpoint that was kept elsewhere: shows a cut or forked log')
    .option(
      '--save-checkpoints <dir>',
      "compare with the checkpoints kept there and, where all holds, keep each log's last one there; keep it elsewhere than the trail",
    )
    .option('--log <name...>', 'look at these logs only')
    .addOption(
      new Option(
        '--pruned-before <time>',
        'what was sealed before this time may be gone, pruned after its retention; default: nothing may',
      ).argParser(zonedTime),
    )
    .option('--no-evidence', 'do not look at the raw bytes')
    .option('--whole', 'parse every record whole, too; takes several times as long')
    .option('--index', 'compare the tables with the trail, too')
    .addOption(new Option('--parallel <threads>', 'default: one for each core').argParser(positive))
    .option('--json', 'print one JSON object')
    .action((where: string, flags: VerifyFlags) => run(flags.json, (it) => verify(where, flags, it)));
}

function positive(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number of threads, 1 or more.');
}

function zonedTime(text: string): string {
  const time = toZonedTimestamp(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('Give a time with its zone, like 2019-12-31T00:00:00Z.');
}

async function verify(where: string, flags: VerifyFlags, { output }: CommandRun): Promise<ExitCode> {
  const place = await openWhere(where);
  const saved = flags.saveCheckpoints === undefined ? [] : readSaved(flags.saveCheckpoints, flags.log);
  const kept = [...(flags.checkpoint?.map(readCheckpoint) ?? []), ...saved];
  const keys = keysOf(place, flags);
  await refuseAbsentLogs(place.trail, flags.log ?? [], kept, where);
  const options: VerifyOptions = {
    ...storesOf(place, flags, where),
    keys,
    checkpoints: kept.map(({ text }) => text),
    logs: flags.log,
    prunedBefore: flags.prunedBefore,
    whole: flags.whole,
    parallel: flags.parallel,
    onProgress: ({ log, segments, records, bytes }) =>
      output.progress(() => `${segments} segments, ${records} records, ${megabytes(bytes)}, in ${log}`),
  };
  const findings: Finding[] = [];
  const trail = verifyTrail(options);
  let step = await trail.next();
  for (; step.done !== true; step = await trail.next()) {
    // A large trail may have many; only a program wants them all at once.
    if (output.isJson) findings.push(step.value);
    output.line(`${isFailure(step.value) ? 'WRONG' : 'note '} ${formatFinding(step.value)}`);
  }
  const summary = step.value;
  const index = flags.index === true ? await verifyIndex(place, output) : undefined;
  const wrong = summary.failures + (index?.length ?? 0);
  // Nothing to look at is nothing that was verified.
  const waiting = await waitingIn(place);
  if (summary.segments === 0 && wrong === 0)
    throw new CliError([`There is no segment in ${where}: nothing was verified.`, ...waiting].join(' '));
  printSummary(summary, output);
  for (const caveat of [...caveatsOf(flags, kept, summary), ...waiting]) output.line(`note  ${caveat}`);
  if (flags.saveCheckpoints !== undefined && wrong === 0) await saveCheckpoints(summary, flags.saveCheckpoints, saved);
  output.line(wrong === 0 ? 'All holds.' : `${wrong} ${wrong === 1 ? 'thing does' : 'things do'} not hold.`);
  output.result({ holds: wrong === 0, findings, ...(index === undefined ? {} : { index }), summary });
  return wrong === 0 ? 0 : 1;
}

function storesOf(
  place: Where,
  flags: VerifyFlags,
  where: string,
): Pick<VerifyOptions, 'trail' | 'evidence' | 'folders'> {
  const { trail, evidence, folders } = place;
  if (flags.evidence && folders !== undefined && !isFolder(folders.evidence)) {
    throw new CliError(`The folder ${where} holds no folder "evidence": export it too, or say --no-evidence.`);
  }
  return {
    trail,
    evidence: flags.evidence ? evidence : undefined,
    folders:
      folders === undefined ? undefined : { ...folders, evidence: flags.evidence ? folders.evidence : undefined },
  };
}

function keysOf({ stack }: Where, { key }: VerifyFlags): VerifyOptions['keys'] {
  const files = key ?? (stack === undefined ? [] : [stack.publicKey]);
  if (files.length === 0)
    throw new CliError('Give the public key of the trail with --key: without it nothing can be verified.');
  return files.map(readKeyFile);
}

interface KeptFile {
  readonly file: string;
  readonly text: string;
  /** The log and the number of leaves that it says it is of. */
  readonly log: string;
  readonly size: number;
}

/** A file that is no checkpoint is the caller's mistake; a checkpoint that nobody signed is a finding. Throws CliError. */
function readCheckpoint(file: string): KeptFile {
  const text = readInputFile(file, 'checkpoint').toString();
  try {
    const { origin: log, size } = parseCheckpoint(text).checkpoint;
    return { file, text, log, size };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CliError(
      `${file} is no checkpoint. ${cause.message} Give a file that --save-checkpoints wrote, or a signed note in that form.`,
      { cause },
    );
  }
}

/** Logs that are named where a name was mistyped. */
const MOST_NAMED = 8;

/** A log of which a checkpoint was kept is looked for all the same: that it is gone is what the checkpoint shows. */
async function refuseAbsentLogs(
  trail: ImmutableStore,
  names: readonly string[],
  kept: readonly KeptFile[],
  where: string,
): Promise<void> {
  for (const name of names) {
    if (kept.some(({ log }) => log === name) || (await holdsLog(trail, name))) continue;
    const there: string[] = [];
    for await (const log of listLogs(trail)) if (there.push(log) > MOST_NAMED) break;
    const more = there.length > MOST_NAMED ? ', and more' : '';
    const says = there.length === 0 ? 'no log at all' : `${there.slice(0, MOST_NAMED).join(', ')}${more}`;
    throw new CliError(`There is no log ${name} in ${where}: nothing was verified. There is ${says}.`);
  }
}

/** A folder of several logs is none: checkpoints and predecessors are looked for under the names of logs. */
async function holdsLog(trail: ImmutableStore, name: string): Promise<boolean> {
  if (logOfFolder(segmentPrefix(name)) === undefined) return false;
  for await (const _ of trail.list(segmentPrefix(name))) return true;
  return false;
}

/** The log whose segments would lie in a folder; undefined where none would. */
function logOfFolder(folder: string): string | undefined {
  const blob = parseTrailBlob(`${folder}000000000000.jsonl.zst`);
  return blob.kind === 'segment' ? blob.log : undefined;
}

/** Names of the logs, from folders alone: segments may be many. */
async function* listLogs(trail: ImmutableStore, folder = 'segments/'): AsyncGenerator<string> {
  for await (const prefix of trail.listPrefixes(folder)) {
    const log = logOfFolder(prefix);
    if (log === undefined) yield* listLogs(trail, prefix);
    else yield log;
  }
}

type Difference = IndexDifference | ProgressDifference;

async function verifyIndex({ trail, tables }: Where, output: CommandRun['output']): Promise<Difference[]> {
  if (tables === undefined) throw new CliError('There is no index here to compare: leave --index out.');
  const differences: Difference[] = [];
  const take = (difference: Difference): void => {
    differences.push(difference);
    output.line(`WRONG ${formatDifference(difference)}`);
  };
  for await (const each of compareIndex({ trail, tables, salt: randomBytes(32) })) take(each);
  for await (const each of compareProgress({ trail, tables })) take(each);
  return differences;
}

function formatDifference(difference: Difference): string {
  if (difference.kind === 'unreadable') {
    const { log, segment, reason } = difference;
    return `rowUnknown: log ${log}, segment ${segment}, its rows cannot be derived: ${reason}`;
  }
  if (difference.kind === 'progressWrong') {
    const { kind, log, segment, last } = difference;
    const says = segment === undefined ? 'names no segment' : `names segment ${segment}`;
    return `${kind}: log ${log}, its Progress ${says}, and the last one is ${last}: run "indelible rebuild-index"`;
  }
  const { kind, table, partitionKey, rowKey, log, segment, index } = difference;
  const said = { missing: 'is missing', changed: 'was changed', added: 'is derived from no record' }[kind];
  return `row${kind.charAt(0).toUpperCase()}${kind.slice(1)}: log ${log ?? '?'}, segment ${segment ?? '?'}, record ${index ?? '?'}, the row ${partitionKey} / ${rowKey} of ${table} ${said}`;
}

/** What "All holds." does not say. */
function caveatsOf(flags: VerifyFlags, kept: readonly KeptFile[], { logs }: TrailSummary): string[] {
  const without = logs.filter(({ log }) => !kept.some((each) => each.log === log)).length;
  const unused = kept.filter(({ log }) => flags.log?.includes(log) === false);
  return [
    ...(flags.evidence ? [] : ['The raw bytes were not looked at (--no-evidence).']),
    ...unused.map(({ file, log }) => `The checkpoint ${file} is of ${log}, which was not looked at (--log).`),
    ...(kept.length === 0
      ? ['No checkpoint kept elsewhere was given (--checkpoint): an end that was cut off would not show.']
      : without > 0
        ? [
            `Of ${count(without, 'log')} no checkpoint was given (--checkpoint): an end that was cut off would not show.`,
          ]
        : []),
  ];
}

/** What no verification of sealed segments can show: that nothing is sealed any more. Of a stack alone, whose hubs can be asked. */
async function waitingIn({ stack }: Where): Promise<string[]> {
  if (stack === undefined) return [];
  const { findWaiting } = await import('../../local/until-sealed.ts');
  try {
    return (await findWaiting(stack)).map(
      ({ partition, messages }) =>
        `${count(messages, 'message')} of ${partition} ${messages === 1 ? 'waits' : 'wait'} in the hub and ${messages === 1 ? 'is' : 'are'} not sealed. If that lasts, ${join(dirname(stack.keys), 'logs/seal.log')} says why.`,
    );
  } catch {
    return ['The hubs of the stack do not answer: whether messages wait to be sealed cannot be told.'];
  }
}

/** No name of a log holds a `~`: two logs never share a file. */
function fileOf(log: string): string {
  return `${log.replaceAll('/', '~')}.checkpoint`;
}

/** What an earlier run kept, of the logs that are looked at. Throws CliError. */
function readSaved(folder: string, logs: readonly string[] | undefined): KeptFile[] {
  return listSaved(folder)
    .map((name) => readCheckpoint(join(folder, name)))
    .filter(({ log }) => logs === undefined || logs.includes(log));
}

function listSaved(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.checkpoint'));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new CliError(`The folder ${folder} of --save-checkpoints cannot be read: ${code ?? 'unknown'}.`, { cause });
  }
}

/**
 * Only where the trail was compared with what lies there and holds: the checkpoint that shows a cut is not replaced by one of
 * what was left. Throws CliError.
 */
async function saveCheckpoints({ logs }: TrailSummary, folder: string, saved: readonly KeptFile[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const { log, checkpoint } of logs) {
      if (checkpoint === undefined) continue;
      const file = join(folder, fileOf(log));
      const there = saved.find((each) => each.file === file);
      if (there !== undefined && (there.log !== log || there.size > parseCheckpoint(checkpoint).checkpoint.size)) {
        throw new CliError(`${file} holds a checkpoint of ${there.log} over ${there.size} leaves: it is not replaced.`);
      }
      // In one step: a crash leaves the one before, not half of a new one.
      await writeFile(`${file}.new`, checkpoint);
      await rename(`${file}.new`, file);
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new CliError(`The checkpoints cannot be written to ${folder}: ${code}.`, { cause });
  }
}

function printSummary(summary: TrailSummary, output: CommandRun['output']): void {
  for (const { log, segments, size, messages, gone, lastTime } of summary.logs) {
    const lost = gone === 0 ? '' : `, ${gone} numbers in gaps`;
    output.line(
      `${log}: ${count(segments, 'segment')}, ${count(size, 'leaf')}, ${count(messages, 'message')}${lost}, up to ${lastTime ?? 'no time'}`,
    );
  }
  const { segments, records, bytes, evidenceBlobs, evidenceBytes } = summary;
  output.line(
    `${count(segments, 'segment')}, ${count(records, 'record')}, ${megabytes(bytes)}; ${count(evidenceBlobs, 'evidence blob')}, ${megabytes(evidenceBytes)}.`,
  );
}

function count(number: number, noun: string): string {
  return `${number} ${number === 1 ? noun : noun === 'leaf' ? 'leaves' : `${noun}s`}`;
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
