import type { Json } from '../../wire/json.ts';
import type { Change, RecordData } from '../../wire/record.ts';
import { cutText } from '../../wire/text.ts';
import { changeOf, textOf } from '../github/changes.ts';
import { isSecretField } from '../mask.ts';
import type { AuditEntry } from './entry.ts';
import { foldId, isJsonText } from './fields.ts';
import type { Fields } from './fields.ts';

/** A branch policy has some 20 settings; an entry that lists thousands is none of Azure DevOps's. */
const MOST_CHANGES = 64;

/**
 * What was changed, from and to, wherever entries say it: branch policies list their properties, settings name one with its
 * old and new value, and everything else has `PreviousX` or `OldX` beside `X` or `NewX`.
 */
export function changesOf(entry: AuditEntry): Change[] {
  const { data } = entry;
  const listed = data
    .objects('ConfigProperties')
    .slice(0, MOST_CHANGES)
    .map((each) => changeOf(each.text('property') ?? 'unnamed', each.value('oldValue'), each.value('value')));
  const setting = data.text('SettingName');
  const single =
    setting === undefined
      ? []
      : [changeOf(setting, data.value('OldValue'), data.value('NewValue') ?? data.value('Value'))];
  return [...listed, ...single, ...statedOnce(entry), ...pairsOf(data, setting !== undefined)].slice(0, MOST_CHANGES);
}

/** Of these, entries say only how it is now. */
function statedOnce({ action, data }: AuditEntry): Change[] {
  const policy = data.text('PolicyName');
  if (/^organizationpolicy\./i.test(action) && policy !== undefined && data.value('PolicyValue') !== undefined) {
    return [changeOf(policy, undefined, data.value('PolicyValue'))];
  }
  if (/propertychanged$/i.test(action) && data.value('IsDisabled') !== undefined) {
    return [changeOf('isDisabled', undefined, data.value('IsDisabled'))];
  }
  const from = data.value('FromVersion');
  return from === undefined ? [] : [changeOf('version', from, data.value('Version'))];
}

/** `OriginalApprovalType` and `FinalApprovalType` are a check's, all others one of the two forms. */
const BEFORE = /^(?:[Pp]revious|[Oo]ld|[Oo]riginal)([A-Z].*)$/;

function pairsOf(data: Fields, isSetting: boolean): Change[] {
  const changes: Change[] = [];
  for (const { name, value: before } of data.all()) {
    const field = BEFORE.exec(name)?.[1];
    if (field === undefined || (isSetting && field === 'Value')) continue;
    const after = data.value(`New${field}`) ?? data.value(`Final${field}`) ?? data.value(field);
    const from = present(before);
    const to = present(after);
    const named = FIELDS.get(lowerFirst(field)) ?? lowerFirst(field);
    if (from !== to && typeof from !== 'object') changes.push(changeOf(named, from, to));
  }
  return changes;
}

/** As service hooks' records call them. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['objectId', 'ref'],
  ['repoName', 'name'],
  ['projectName', 'name'],
  ['projectVisibility', 'visibility'],
]);

/** An empty text and the nil id mean that there was none. */
function present(value: Json | undefined): unknown {
  if (typeof value !== 'string') return value;
  return value === '' ? undefined : foldId(value);
}

/** Members that are told elsewhere in the record, that are of the first of several rights alone, or that only the service's own procedures use. */
const NOT_TOLD = new Set([
  'accesscontrollists',
  'aces',
  'callerprocedure',
  'changedpermission',
  'configproperties',
  'details',
  'eventauthor',
  'eventsummary',
  'eventsummarytype',
  'filter',
  'idempotent',
  'incremental',
  'insertinactiveupdates',
  'memberdisplayname',
  'memberid',
  'newvalue',
  'oldvalue',
  'permissionmodifiedto',
  'permissions',
  'scopeid',
  'subjectdescriptor',
  'subjectdisplayname',
  'updates',
  'value',
]);
/** What endpoints sign in with is logged as other members of them are: `servicePrincipalKey`. */
const KEY = /(?:key|certificate|pfx)$/i;
const MOST_DETAILS = 48;
const MOST_LISTED = 64;

/**
 * All further facts of an entry's data that are one text, number or truth value, or a list of texts, under their own names:
 * actions come that no table knows. Of the variables of a group only the names: their values may be secret.
 */
export function dataDetails({ data }: AuditEntry): NonNullable<RecordData['details']> {
  const found: Record<string, string | number | boolean> = {};
  let count = 0;
  for (const { name, value } of data.all()) {
    if (!/^[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) || NOT_TOLD.has(name.toLowerCase())) continue;
    if (isSecretField(name) || KEY.test(name) || isChange(data, name)) continue;
    const told = toldOf(name, value);
    if (told === undefined || told === '') continue;
    if (++count > MOST_DETAILS) break;
    found[lowerFirst(name)] = told;
  }
  return found;
}

/** What was before stands among the changes, with what it became where that has a name of its own. */
function isChange(data: Fields, name: string): boolean {
  const field = /^new([A-Z].*)$/i.exec(name)?.[1];
  return BEFORE.test(name) || (field !== undefined && data.value(`Old${field}`) !== undefined);
}

function toldOf(name: string, value: Json): string | number | boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (name.toLowerCase() === 'variables') return variableNames(value);
  if (typeof value === 'string') {
    if (isJsonText(value)) return undefined;
    const text = foldId(value);
    return text === undefined ? undefined : cutText(text, 'long');
  }
  if (!Array.isArray(value)) return undefined;
  const texts = value.slice(0, MOST_LISTED).flatMap((each) => (typeof each === 'string' ? [each] : []));
  return texts.length === 0 ? undefined : cutText(texts.join(', '), 'long');
}

/** `{"name": {"value": …}}`, or a list of objects with a name. */
function variableNames(value: Json): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const names = Array.isArray(value)
    ? value.flatMap(
        (each) =>
          textOf(typeof each === 'object' && each !== null && !Array.isArray(each) ? each['name'] : undefined) ?? [],
      )
    : Object.keys(value);
  return cutText(names.slice(0, MOST_LISTED).join(', '), 'long');
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
