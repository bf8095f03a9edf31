import type { Command } from 'commander';

import { foldBaseline } from '../../shared/decide/fold-baseline.ts';
import type { FoldedBaseline, PlanAt, SignOff } from '../../shared/decide/fold-baseline.ts';
import { judgeRequest } from '../../shared/decide/judge-request.ts';
import type { JudgedRequest } from '../../shared/decide/judge-request.ts';
import { adoptedBy, inLogOrder } from '../../shared/decide/sealed-steps.ts';
import { standingRequestId } from '../../shared/wire/request-id.ts';
import { formatTimestamp, toZonedTimestamp } from '../../shared/wire/timestamp.ts';
import { findAuthors, readVersions, scanFor } from '../approval-scan.ts';
import { CliError } from '../cli-error.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { WHERE_HELP, openWhere } from '../where.ts';
import type { Where } from '../where.ts';

interface BaselineFlags {
  readonly in: string;
  readonly at?: string;
  readonly json?: boolean;
}

const REFUSALS: Readonly<Record<NonNullable<SignOff['why']>, string>> = {
  notFourFiles: 'it does not cover one proposed version of each of the four files',
  notSigned: 'not every signer has signed',
  undeclared: 'it would take the place of another baseline, and no approved change request names both',
};

/** `indelible baseline PROJECT` */
export function addBaseline(program: Command, run: RunCommand): void {
  program
    .command('baseline')
    .description(
      'Says which blueprint baseline a project has, who signed it, and what the approved changes add to its plan. Looks through the sealed steps themselves, not the index, and judges by the rules that the trail adopted.',
    )
    .argument('<project>', 'as indelible.yaml names it')
    .option('--in <where>', WHERE_HELP, 'local')
    .option('--at <time>', 'what held at this time, like 2026-11-23T00:00:00Z; now where it is not given')
    .option('--json', 'print one JSON object')
    .action((project: string, flags: BaselineFlags) => run(flags.json, (it) => printBaseline(project, flags, it)));
}

async function printBaseline(
  project: string,
  flags: BaselineFlags,
  { output, terminal }: CommandRun,
): Promise<ExitCode> {
  const at = flags.at === undefined ? formatTimestamp(terminal.now()) : toZonedTimestamp(flags.at);
  if (at === undefined) throw new CliError(`"${flags.at ?? ''}" is no time: give one like 2026-11-23T00:00:00Z.`);
  const unreadable = new Set<string>();
  const folded = await foldFrom(await openWhere(flags.in), project, at, (blob) => void unreadable.add(blob));
  if (unreadable.size > 0)
    output.note(`${unreadable.size} of the segments cannot be read, so signatures may be missing: verify says why.`);
  for (const line of linesOf(folded)) output.line(line);
  output.result(folded);
  return folded.baselines.length === 0 ? 1 : 0;
}

async function foldFrom(
  { trail, evidence }: Where,
  project: string,
  at: string,
  onUnreadable: (blob: string) => void,
): Promise<FoldedBaseline> {
  const watch = { onSegment: () => undefined, onUnreadable };
  // The place where everything happens that people decide for the project through our own API.
  const scan = await scanFor(trail, [`urn:indelible:project:${project}`], undefined, watch);
  const standing = standingRequestId(project);
  const steps = Map.groupBy(scan.records, ({ record }) => record.data.decision?.request);
  const versions = await readVersions(evidence, scan.versions);
  const authorsOf = (commits: readonly string[]) => findAuthors(trail, commits, watch);
  const requests: JudgedRequest[] = [];
  for (const [request, own] of steps) {
    if (request === undefined || request === standing) continue;
    const adopted = adoptedBy(own.at(-1)?.log, scan.seals);
    const found = { request, project, steps: [...own, ...(steps.get(standing) ?? [])], adopted };
    requests.push(await judgeRequest(found, at, (sha256) => versions.get(sha256), authorsOf));
  }
  return foldBaseline({ project, proposals: inLogOrder(scan.records), requests, at });
}

function linesOf({ project, at, baselines, proposed, signOffs, plan }: FoldedBaseline): string[] {
  const current = baselines.at(-1);
  return [
    current === undefined
      ? `${project}: no baseline is in force at ${at}; whatever happened lies before one.`
      : `${project}: baseline ${current.hash} is in force since ${current.since}; what happened earlier lies before it.`,
    ...(current === undefined ? [] : [`  signed under ${current.request}`]),
    ...proposed.map(({ file, sha256, at: when, by }) => {
      const part = current?.files[file] === sha256 ? 'in force' : 'proposed';
      return `  ${file.padEnd(10)} ${sha256}  ${part}, ${when}, ${by ?? '-'}`;
    }),
    ...signOffs.flatMap(({ request, why, missing = [] }) =>
      why === undefined
        ? []
        : [
            `  ${request} brought nothing into force: ${REFUSALS[why]}${missing.length === 0 ? '' : ` (${missing.join(', ')})`}`,
          ],
    ),
    ...(plan === undefined ? [] : planLines(plan)),
  ];
}

function planLines({ currency, budget, changes, cost, days, drift }: PlanAt): string[] {
  const percent = (ratio: number | undefined) => (ratio === undefined ? '' : ` (${(ratio * 100).toFixed(1)} %)`);
  return [
    `  plan: ${budget ?? 'no budget'}${currency === undefined ? '' : ` ${currency}`}; ${changes.length} approved ${changes.length === 1 ? 'change adds' : 'changes add'} ${cost.added}${percent(drift.cost)} and ${days.added} working days${percent(drift.days)}`,
    ...changes.map(({ request, at }) => `    ${at}  ${request}`),
  ];
}
