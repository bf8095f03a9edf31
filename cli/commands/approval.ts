import type { Command } from 'commander';

import { STEP_REFUSALS, VOTE_REFUSALS } from '../../shared/decide/folded.ts';
import type { FoldedRound, FoldedVote } from '../../shared/decide/folded.ts';
import { judgeRequest } from '../../shared/decide/judge-request.ts';
import type { JudgedRequest } from '../../shared/decide/judge-request.ts';
import { adoptedBy } from '../../shared/decide/sealed-steps.ts';
import { projectOfRequest, standingRequestId } from '../../shared/wire/request-id.ts';
import { formatTimestamp, toTimestamp } from '../../shared/wire/timestamp.ts';
import { findAuthors, readVersions, scanFor } from '../approval-scan.ts';
import type { ScanWatch } from '../approval-scan.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { WHERE_HELP, openWhere } from '../where.ts';
import type { Where } from '../where.ts';

interface ApprovalFlags {
  readonly in: string;
  readonly at?: string;
  readonly json?: boolean;
}

/** `indelible approval ID --in WHERE` */
export function addApproval(program: Command, run: RunCommand): void {
  program
    .command('approval')
    .description(
      'Says what holds of a request: who voted, whose votes count and why others do not. Looks through the sealed steps themselves, not the index, and judges by the rules that the trail adopted.',
    )
    .argument(
      '<id>',
      'id of the request, as the answer to it gave it; of a gate of GitHub or Azure DevOps, its address',
    )
    .option('--from, --in <where>', WHERE_HELP, 'local')
    .option('--at <time>', 'what held at this time, like 2026-11-23T00:00:00Z; now where it is not given')
    .option('--json', 'print one JSON object')
    .action((id: string, flags: ApprovalFlags) => run(flags.json, (it) => printApproval(id, flags, it)));
}

async function printApproval(
  request: string,
  flags: ApprovalFlags,
  { output, terminal }: CommandRun,
): Promise<ExitCode> {
  const at = flags.at === undefined ? formatTimestamp(terminal.now()) : toTimestamp(flags.at);
  if (at === undefined) throw new CliError(`"${flags.at ?? ''}" is no time: give one like 2026-11-23T00:00:00Z.`);
  const place = await openWhere(flags.in);
  const watch = watchOf(output);
  const judged = await judgeFrom(place, request, at, watch);
  watch.tell();
  if (judged === undefined) {
    output.error(`No segment of ${flags.in} that can be read holds a step of ${request}.`);
    return 1;
  }
  for (const line of linesOf(judged)) output.line(line);
  output.result(judged);
  return 0;
}

function watchOf(output: CommandRun['output']): ScanWatch & { tell(): void } {
  let segments = 0;
  const unreadable: string[] = [];
  return {
    onSegment: () => output.progress(() => `${++segments} segments searched`),
    onUnreadable: (blob, why) => unreadable.push(`${blob} (${why.replace(/\.$/, '')})`),
    // A vote may lie in what was not read: whoever asks must know that the answer is of the rest.
    tell: () => {
      if (unreadable.length === 0) return;
      output.note(
        `${unreadable.length} of the segments cannot be read, so steps may be missing: ${unreadable.slice(0, 10).join('; ')}.`,
      );
    },
  };
}

async function judgeFrom(
  { trail, evidence }: Where,
  request: string,
  at: string,
  watch: ScanWatch,
): Promise<JudgedRequest | undefined> {
  const ours = projectOfRequest(request);
  const texts = [request, ...(ours === undefined ? [] : [standingRequestId(ours)])];
  const scan = await scanFor(trail, texts, request, watch);
  const steps = scan.records.filter(({ record }) => texts.includes(record.data.decision?.request ?? ''));
  const own = steps.filter(({ record }) => record.data.decision?.request === request);
  if (own.length === 0) return undefined;
  const project = ours ?? own.find(({ record }) => record.data.project !== undefined)?.record.data.project;
  const versions = await readVersions(evidence, scan.versions);
  const adopted = adoptedBy(own.at(-1)?.log, scan.seals);
  const authorsOf = (commits: readonly string[]) => findAuthors(trail, commits, watch);
  return judgeRequest({ request, project, steps, adopted }, at, (sha256) => versions.get(sha256), authorsOf);
}

function linesOf(judged: JudgedRequest): string[] {
  const { request, status, kind, title, rounds, ignored, unknownVersions = [], compensatingControl } = judged;
  return [
    `${request}: ${status}`,
    `${kind ?? 'of no known kind'}: ${title ?? 'untitled'}`,
    ...rounds.flatMap(roundLines),
    ...ignored.map(({ at, by, step, why }) => `  ${at}  ${by ?? '-'}  ${step}  changed nothing: ${STEP_REFUSALS[why]}`),
    ...(compensatingControl === undefined ? [] : [`In place of a second pair of eyes: ${compensatingControl}`]),
    ...unknownVersions.map((sha256) => `The rules of version ${sha256} were in force, but are not known here.`),
  ];
}

function roundLines(round: FoldedRound): string[] {
  const { quorum, until, decided, begun, emergency, covers, unknown = [] } = round;
  const reached =
    quorum === undefined
      ? 'the matrix says nothing of it'
      : `${quorum.reached} of ${quorum.needed}${quorum.by.length === 0 ? '' : ` (${quorum.by.join(', ')})`}`;
  const when = decided === undefined ? '' : `, decided ${decided.at}`;
  const end = until === undefined ? '' : `, until ${until}`;
  return [
    `round ${round.round}: ${round.status}, ${reached}${when}${end}`,
    ...covers.map(({ kind, id }) => `  covers ${kind} ${id}`),
    `  ${begun.at}  ${begun.by ?? '-'}  asked`,
    ...(emergency === undefined ? [] : [emergencyLine(emergency)]),
    ...round.votes.map(voteLine),
    ...((quorum?.missing ?? []).length === 0 ? [] : [`  waits for ${quorum?.missing?.join(', ') ?? ''}`]),
    ...unknown.map((each) => `  the ${each} may not vote, but nothing says who that is`),
  ];
}

function emergencyLine({ invoked, why, reviewBy, reviewedAt, overdue }: NonNullable<FoldedRound['emergency']>): string {
  const who = `  ${invoked.at}  ${invoked.by ?? '-'}  went ahead`;
  if (why !== undefined) return `${who}, and might not: ${VOTE_REFUSALS[why]}`;
  const reviewed = reviewedAt === undefined ? 'not reviewed' : `reviewed ${reviewedAt}`;
  return `${who}, to be reviewed by ${reviewBy ?? '-'}: ${reviewed}${overdue === true ? ', overdue' : ''}`;
}

function voteLine({ at, by, verdict, counts, why, delegatedBy }: FoldedVote): string {
  const whose = delegatedBy === undefined ? '' : ` for ${delegatedBy}`;
  const worth = counts || why === undefined ? 'counts' : `does not count: ${VOTE_REFUSALS[why]}`;
  return `  ${at}  ${by ?? '-'}${whose}  ${verdict ?? 'no verdict'}  ${worth}`;
}
