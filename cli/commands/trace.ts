import type { Command } from 'commander';

import { foldRoads } from '../../shared/report/fold-roads.ts';
import type { FoldedRecord } from '../../shared/report/fold-roads.ts';
import { Chain, MOST_JOINED } from '../../shared/report/chain.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { scanFor } from '../approval-scan.ts';
import type { ExitCode } from '../cli-error.ts';
import type { CommandRun, RunCommand } from '../command.ts';
import { WHERE_HELP, openWhere } from '../where.ts';

interface TraceFlags {
  readonly in: string;
  readonly json?: boolean;
}

/** `indelible trace ID` */
export function addTrace(program: Command, run: RunCommand): void {
  program
    .command('trace')
    .description(
      'Shows the chain that something belongs to: whatever its links join, from the change request to the deployment and what came of it, and who had the authority. Looks through the segments themselves, not the index.',
    )
    .argument(
      '<id>',
      'a commit, a pull request, a request, an AI output, a build, an Azure resource: as records name it',
    )
    .option('--from, --in <where>', WHERE_HELP, 'local')
    .option('--json', 'print one JSON object, with the records')
    .action((id: string, flags: TraceFlags) => run(flags.json, (it) => trace(id, flags, it)));
}

async function trace(id: string, flags: TraceFlags, { output }: CommandRun): Promise<ExitCode> {
  const { trail } = await openWhere(flags.in);
  const unreadable = new Set<string>();
  let segments = 0;
  const watch = {
    onSegment: () => output.progress(() => `${++segments} segments searched`),
    onUnreadable: (blob: string) => void unreadable.add(blob),
  };
  const chain = new Chain(id);
  for (let open = chain.takeOpen(); open.length > 0 && !chain.isTooLong; open = chain.takeOpen()) {
    const { records } = await scanFor(trail, open, undefined, watch);
    chain.add(records.map(({ record }) => record));
  }
  if (unreadable.size > 0) {
    output.note(
      `${unreadable.size} of the segments cannot be read, so parts of the chain may be missing: verify says why.`,
    );
  }
  const records = chain.records();
  if (records.length === 0) {
    output.error(`No segment of ${flags.in} that can be read holds a record that "${id}" is linked to.`);
    return 1;
  }
  if (chain.isTooLong)
    output.note(`More than ${MOST_JOINED} records are joined to it: the chain is shown as far as that.`);
  const folded = foldRoads(records);
  for (const each of folded) output.line(lineOf(each));
  const without = folded.filter(({ record: { data } }) => data.authority?.held === false).length;
  output.line(
    `${folded.length} ${folded.length === 1 ? 'event' : 'events'} in ${records.length} ${records.length === 1 ? 'record' : 'records'}; ${without === 0 ? 'nobody is known to have acted without authority' : `${without} without authority`}.`,
  );
  output.result({ id, records });
  return 0;
}

const ROAD_NAMES = { 'azure-activity': 'Event Grid', 'activity-log': 'the Activity Log' } as const;

function lineOf({ record, roads }: FoldedRecord): string {
  const { summary, authority, actor } = record.data;
  const who = actor?.kind === undefined || actor.kind === 'human' ? '' : ` [${actor.kind}]`;
  const [road] = roads;
  const seen = road === undefined ? '' : roads.length === 1 ? ` (${ROAD_NAMES[road]} alone)` : ' (by both roads)';
  return `${record.time}  ${judged(authority).padEnd(3)} ${summary}${who}${seen}${saidOf(authority)}`;
}

function judged(authority: TrailRecord['data']['authority']): string {
  if (authority?.held === undefined) return '';
  return authority.held ? 'yes' : 'NO';
}

function saidOf(authority: TrailRecord['data']['authority']): string {
  if (authority?.held !== false) return '';
  return ` — ${authority.action ?? 'this'} needs the role ${authority.role ?? ''}, which was not held`;
}
