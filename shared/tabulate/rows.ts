import { GAP_TYPE } from '../wire/record.ts';
import type { Grant, TrailRecord } from '../wire/record.ts';
import { toColumns, toDecisionColumns, toGrantColumns, toWindowColumns } from './columns.ts';
import type { Columns } from './columns.ts';
import type { IndexRow, TableName } from './index-tables.ts';
import {
  NOWHERE,
  descending,
  eventPartition,
  linkKey,
  monthOf,
  monthPartition,
  partitionOf,
  placeKey,
  rowPart,
  rowPrefix,
  targetKey,
} from './keys.ts';
import type { Place } from './keys.ts';

/**
 * All rows of one sealed record, one per table and key that it answers to, each once. Pure: the same record at the same
 * place gives the same rows. `record` is what its leaf parses to, never what the leaf was made from: that may be longer.
 */
export function toRows(record: TrailRecord, place: Place): IndexRow[] {
  const { id, time, data } = record;
  const columns = toColumns(record, place);
  const end = placeKey(place);
  const byTime = `${rowPrefix(time, id)}${end}`;
  const month = monthOf(time);
  const rows: IndexRow[] = [];
  const add = (table: TableName, partitionKey: string, rowKey: string, further?: Columns): void => {
    rows.push({ table, partitionKey, rowKey, columns: further === undefined ? columns : { ...columns, ...further } });
  };

  add('Events', eventPartition(id), `${rowPrefix(id)}${end}`);
  add('ByProject', monthPartition(data.project ?? NOWHERE, month), byTime);
  for (const actor of actorsOf(record)) add('ByActor', monthPartition(actor, month), byTime);
  for (const target of targetsOf(record)) add('ByTarget', monthPartition(target, month), byTime);
  for (const link of linksOf(record)) add('ByLink', partitionOf(link), byTime);
  if (data.decision !== undefined) {
    const rowKey = `${rowPrefix(rowPart(data.decision.request), time, id)}${end}`;
    add('Decisions', partitionOf(data.project ?? NOWHERE), rowKey, toDecisionColumns(record));
  }
  if (data.category === 'deployment') {
    const rowKey = `${rowPrefix(descending(time), id)}${end}`;
    for (const environment of environmentsOrNowhere(record)) add('Deployments', partitionOf(environment), rowKey);
  }
  if (data.grant !== undefined) {
    const { principal } = data.grant;
    const rowKey = `${rowPrefix(rowPart(principal.id ?? principal.name ?? NOWHERE), rowPart(grantKey(data.grant)), time, id)}${end}`;
    const further = toGrantColumns(record);
    for (const environment of environmentsOrNowhere(record)) add('Access', partitionOf(environment), rowKey, further);
  }
  // A gap is what was not collected.
  if (data.category === 'coverage' || record.type === GAP_TYPE) {
    const start = data.clock?.started?.at ?? time;
    add('Coverage', partitionOf(record.source), `${rowPrefix(start)}${end}`, toWindowColumns(record));
  }
  return rows;
}

/** As resolved, and as the source named it: by id and by name. */
function actorsOf({ data: { actor } }: TrailRecord): Set<string> {
  return present([actor?.resolved, actor?.id, actor?.name]);
}

function targetsOf(record: TrailRecord): Set<string> {
  const { target, related = [] } = record.data;
  const ids = [target, ...related].map((each) => each && targetKey(each.id));
  return new Set([...present(ids), ...environmentsOf(record)]);
}

function linksOf({ data: { links = [] } }: TrailRecord): Set<string> {
  return present(links.map(({ kind, id }) => linkKey(kind, id)));
}

function environmentsOf({ data: { target, related = [] } }: TrailRecord): Set<string> {
  return present([target, ...related].map((each) => each?.environment));
}

/** What happened in no named environment must not vanish from the question what happened. */
function environmentsOrNowhere(record: TrailRecord): Set<string> {
  const environments = environmentsOf(record);
  return environments.size === 0 ? new Set([NOWHERE]) : environments;
}

/** The assignment's own id; where the source has none, what it is about: the scope, then the role. */
function grantKey({ id, scope, role }: Grant): string {
  return id === undefined || id === '' ? `${targetKey(scope)} ${role.id ?? role.name ?? ''}` : targetKey(id);
}

function present(texts: readonly (string | undefined)[]): Set<string> {
  return new Set(texts.flatMap((text) => (text === undefined || text === '' ? [] : [text])));
}
