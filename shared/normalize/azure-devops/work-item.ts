import type { Actor, Change, Link, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { isObject } from '../../wire/json.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { hashOf } from '../github/address.ts';
import { changeOf } from '../github/changes.ts';
import { linkTo, quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { at, idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, uriAt } from '../read.ts';
import { buildUrl, workItemUrl } from './address.ts';
import { draftOf, joined, momentAt } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { personOf, relatedPerson } from './identity.ts';
import { pullRequestOfArtifact } from './pull-request.ts';

export type WorkItemVerb = 'created' | 'updated' | 'deleted' | 'restored' | 'commented';

/**
 * `workitem.*`. Titles, estimates, iterations and states are what was agreed to be done: each change of them is told field by
 * field, with the value before and after.
 */
export function normalizeWorkItem(verb: WorkItemVerb): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place, payload } = delivery;
    const id = workItemId(resource);
    const fields = fieldsOf(resource);
    const title = fieldText(fields, 'System.Title');
    const type = fieldText(fields, 'System.WorkItemType');
    const changes = verb === 'updated' ? [...fieldChanges(resource), ...relationChanges(resource)] : [];
    const url = id === undefined ? undefined : workItemUrl(place, id);
    const what = `${type ?? 'work item'}${id === undefined ? '' : ` #${id}`}${quoted(title)}`;
    return [
      draftOf(delivery, {
        category: 'code',
        object: 'work_item',
        verb,
        time: timeOf(verb, resource, fields) ?? momentAt(payload, 'createdDate'),
        subject: id === undefined ? undefined : `workitems/${id}`,
        actor: actorOf(delivery, verb, fields),
        target:
          url === undefined
            ? undefined
            : { kind: 'workItem', id: url, ...(title === undefined ? {} : { name: title }) },
        related: [
          relatedPerson('assignee', at(fields, 'System.AssignedTo')),
          relatedPerson('creator', at(fields, 'System.CreatedBy')),
          parentOf(delivery, fields),
        ],
        changes,
        details: detailsOf(resource, fields, verb),
        links: [linkTo('workItem', url), ...relationLinks(delivery)],
        did: `${DID[verb]} ${what}${spokenChanges(changes)}${joined('in', place.projectName)}`,
      }),
    ];
  };
}

const DID: Readonly<Record<WorkItemVerb, string>> = {
  created: 'created',
  updated: 'changed',
  deleted: 'deleted',
  restored: 'restored',
  commented: 'commented on',
};

/** An update has an id of its own: `id` is that one, and `workItemId` is 0 in some. */
function workItemId(resource: JsonObject | undefined): string | undefined {
  const own = [
    idAt(resource, 'workItemId'),
    idAt(resource, 'revision', 'id'),
    ...[['_links', 'parent', 'href'], ['url'], ['_links', 'self', 'href']].map(
      (path) => /\/(?:workItems|recyclebin)\/(\d{1,12})/i.exec(uriAt(resource, ...path) ?? '')?.[1],
    ),
  ].find((id) => id !== undefined && /^[1-9]\d{0,11}$/.test(id));
  return own ?? idAt(resource, 'id');
}

/** The fields as they are now: those of the revision, else the item's own. */
function fieldsOf(resource: JsonObject | undefined): JsonObject {
  const revision = objectAt(resource, 'revision', 'fields');
  const own = objectAt(resource, 'fields') ?? {};
  if (revision === undefined && !Object.values(own).some(isFieldChange)) return own;
  const changed = Object.entries(own).flatMap(([field, value]) =>
    isFieldChange(value) && Object.hasOwn(value, 'newValue') ? [[field, value['newValue']] as const] : [],
  );
  return { ...revision, ...Object.fromEntries(changed) };
}

function isFieldChange(value: unknown): value is JsonObject {
  return isObject(value) && (Object.hasOwn(value, 'oldValue') || Object.hasOwn(value, 'newValue'));
}

function fieldText(fields: JsonObject, field: string): string | undefined {
  const value = at(fields, field);
  return typeof value === 'number' ? String(value) : textAt(fields, field);
}

/** What each revision changes by itself; none of it was anybody's decision. */
const BOOKKEEPING = new Set([
  'System.Rev',
  'System.AuthorizedDate',
  'System.AuthorizedAs',
  'System.RevisedDate',
  'System.ChangedDate',
  'System.ChangedBy',
  'System.Watermark',
  'System.PersonId',
  'System.CommentCount',
]);

function fieldChanges(resource: JsonObject | undefined): Change[] {
  return Object.entries(objectAt(resource, 'fields') ?? {}).flatMap(([field, value]) =>
    isFieldChange(value) && !BOOKKEEPING.has(field)
      ? [changeOf(field, spokenValue(value['oldValue']), spokenValue(value['newValue']))]
      : [],
  );
}

/** A person as `Mona Lisa <mona@acme.example>`, the form that older events have; anything else as it is. */
function spokenValue(value: unknown): unknown {
  if (!isObject(value)) return value;
  const name = textAt(value, 'displayName');
  const login = textAt(value, 'uniqueName');
  if (name === undefined) return login ?? value;
  return login === undefined ? name : `${name} <${login}>`;
}

/** Links to other items, commits, pull requests and builds that were added or removed: parents and children are scope. */
function relationChanges(resource: JsonObject | undefined): Change[] {
  const [removed, added, updated] = ['removed', 'added', 'updated'].map((how) =>
    objectsAt(resource, 'relations', how)
      .flatMap((relation) => spokenRelation(relation) ?? [])
      .join('\n'),
  );
  const changes: Change[] = [];
  if ((removed ?? '') !== '' || (added ?? '') !== '') {
    changes.push(changeOf('relations', removed === '' ? undefined : removed, added === '' ? undefined : added));
  }
  if ((updated ?? '') !== '') changes.push(changeOf('relationAttributes', undefined, updated));
  return changes;
}

function spokenRelation(relation: JsonObject): string | undefined {
  const url = uriAt(relation, 'url');
  const name = textAt(relation, 'attributes', 'name') ?? textAt(relation, 'rel');
  return url === undefined ? name : `${name ?? 'relation'}: ${url}`;
}

/** Of removed ones as well: the record is about both ends. */
function relationLinks(delivery: Delivery): (Link | undefined)[] {
  const { resource } = delivery;
  const relations = ['added', 'removed', 'updated'].flatMap((how) => objectsAt(resource, 'relations', how));
  const own = Array.isArray(at(resource, 'relations')) ? objectsAt(resource, 'relations') : [];
  return [...relations, ...own].map((relation) => relationLink(delivery, uriAt(relation, 'url') ?? ''));
}

function relationLink(delivery: Delivery, url: string): Link | undefined {
  const [, tool, type, artifact = ''] = /^vstfs:\/\/\/(\w{1,32})\/(\w{1,32})\/(\S{1,512})$/.exec(url) ?? [];
  if (tool === 'Git' && type === 'Commit') {
    return linkTo(
      'commit',
      hashOf(
        artifact
          .split(/%2f|\//i)
          .at(-1)
          ?.toLowerCase(),
      ),
    );
  }
  if (tool === 'Git' && type === 'PullRequestId')
    return linkTo('pullRequest', pullRequestOfArtifact(delivery, artifact));
  if (tool === 'Build' && type === 'Build') return linkTo('build', buildUrl(delivery.place, artifact));
  const item = /\/_apis\/wit\/workItems\/(\d{1,12})$/i.exec(url)?.[1];
  return linkTo('workItem', item === undefined ? undefined : workItemUrl(delivery.place, item));
}

function parentOf({ place }: Delivery, fields: JsonObject): Related | undefined {
  const id = numberAt(fields, 'System.Parent');
  return id === undefined || !Number.isSafeInteger(id) || id <= 0
    ? undefined
    : { part: 'parent', kind: 'workItem', id: workItemUrl(place, String(id)) };
}

/**
 * Who did it: an update says so in `revisedBy`. Other events have the newest revision's author, who is not always the one who
 * deleted or restored; the message names that person.
 */
function actorOf(delivery: Delivery, verb: WorkItemVerb, fields: JsonObject): Actor | undefined {
  const { resource, message } = delivery;
  const said = / by (.{1,256}?)\.?$/.exec(message ?? '')?.[1]?.trim();
  const candidates = [
    ...(verb === 'updated' ? [objectAt(resource, 'revisedBy')] : []),
    ...(verb === 'created' ? [at(fields, 'System.CreatedBy')] : []),
    at(fields, 'System.ChangedBy'),
  ].flatMap((identity) => personOf(identity) ?? []);
  const [first] = candidates;
  if (said === undefined || verb === 'updated') return first ?? (said === undefined ? undefined : personOf(said));
  const told = candidates.find((person) => said === person.name || said.startsWith(`${person.name ?? said} <`));
  return told ?? personOf(said);
}

function timeOf(verb: WorkItemVerb, resource: JsonObject | undefined, fields: JsonObject): Timestamp | undefined {
  if (verb === 'created') return momentAt(fields, 'System.CreatedDate') ?? momentAt(fields, 'System.ChangedDate');
  // Deleting and restoring need not make a revision, so that the fields may tell of an earlier one.
  if (verb === 'deleted' || verb === 'restored') return undefined;
  return momentAt(fields, 'System.ChangedDate') ?? momentAt(resource, 'revisedDate');
}

/** Fields that say what was agreed; all others of an item that changed are among the changes. */
const DETAILS: readonly (readonly [detail: string, field: string])[] = [
  ['workItemType', 'System.WorkItemType'],
  ['state', 'System.State'],
  ['reason', 'System.Reason'],
  ['areaPath', 'System.AreaPath'],
  ['iterationPath', 'System.IterationPath'],
  ['tags', 'System.Tags'],
  ['priority', 'Microsoft.VSTS.Common.Priority'],
  ['severity', 'Microsoft.VSTS.Common.Severity'],
  ['storyPoints', 'Microsoft.VSTS.Scheduling.StoryPoints'],
  ['effort', 'Microsoft.VSTS.Scheduling.Effort'],
  ['originalEstimate', 'Microsoft.VSTS.Scheduling.OriginalEstimate'],
  ['remainingWork', 'Microsoft.VSTS.Scheduling.RemainingWork'],
  ['completedWork', 'Microsoft.VSTS.Scheduling.CompletedWork'],
];

function detailsOf(
  resource: JsonObject | undefined,
  fields: JsonObject,
  verb: WorkItemVerb,
): NonNullable<Facts['details']> {
  const stated = DETAILS.map(([detail, field]) => [detail, fieldText(fields, field)] as const);
  return {
    ...Object.fromEntries(stated),
    revision: numberAt(resource, 'rev'),
    comment:
      verb === 'commented'
        ? (longTextAt(fields, 'System.History') ?? longTextAt(resource, 'comment', 'text'))
        : undefined,
    commentId:
      idAt(resource, 'commentVersionRef', 'commentId') ?? idAt(resource, 'revision', 'commentVersionRef', 'commentId'),
  };
}

const MOST_SPOKEN = 4;

/** ` (State: "New" to "Active", Iteration Path)`: names of fields as people read them. */
function spokenChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return '';
  const spoken = changes.slice(0, MOST_SPOKEN).map(({ field, from, to }) => {
    const name =
      field
        .split('.')
        .at(-1)
        ?.replace(/(?<=[a-z])(?=[A-Z])/g, ' ') ?? field;
    const short = [from, to].every((value) => value === undefined || (typeof value === 'string' && value.length <= 40));
    if (!short || (from === undefined && to === undefined)) return name;
    return `${name}: ${spokenSide(from)} to ${spokenSide(to)}`;
  });
  const more = changes.length > MOST_SPOKEN ? ` and ${changes.length - MOST_SPOKEN} more` : '';
  return ` (${spoken.join(', ')}${more})`;
}

function spokenSide(value: Change['from']): string {
  return typeof value === 'string' && value !== '' ? `"${value}"` : 'nothing';
}
