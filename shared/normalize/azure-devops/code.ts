import type { Related, Target } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutText } from '../../wire/text.ts';
import { coAuthors, gitPerson, relatedPerson as relatedGitPerson } from '../github/actor.ts';
import { hashOf, refOf } from '../github/address.ts';
import type { Ref } from '../github/address.ts';
import { changeOf } from '../github/changes.ts';
import { linkTo, oneLine, quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idAt, longTextAt, objectAt, objectsAt, textAt } from '../read.ts';
import { refUrl, repositoryUrl } from './address.ts';
import { draftOf, joined, momentAt } from './draft.ts';
import type { Delivery } from './draft.ts';
import { personOf, relatedPerson } from './identity.ts';

/** As long as in GitHub's records: many commits together stay below what one message may yield. */
const COMMIT_TEXT = 1_024;

/** `git.push`: one record for what happened to each ref, one for each commit that the payload lists. */
export function normalizePush(delivery: Delivery): readonly RecordDraft[] {
  const { resource } = delivery;
  const updates = objectsAt(resource, 'refUpdates');
  const commits = commitsOf(resource);
  const refs =
    updates.length === 0
      ? [refDraft(delivery, undefined, commits, '')]
      : updates.map((update) => refDraft(delivery, update, commits, updates.length === 1 ? '' : partOf(update)));
  const ref = updates.length === 1 ? refOf(textAt(updates[0], 'name')) : undefined;
  return [...refs, ...commits.map((commit) => commitDraft(delivery, commit, ref))];
}

function partOf(update: JsonObject): string {
  return `ref/${textAt(update, 'name') ?? ''}/${textAt(update, 'newObjectId') ?? ''}`;
}

function commitsOf(resource: JsonObject | undefined): readonly JsonObject[] {
  return objectsAt(resource, 'commits').filter((commit) => textAt(commit, 'commitId') !== undefined);
}

function objectHash(text: string | undefined): string | undefined {
  return hashOf(text?.toLowerCase());
}

function refDraft(
  delivery: Delivery,
  update: JsonObject | undefined,
  commits: readonly JsonObject[],
  part: string,
): RecordDraft {
  const { resource, place } = delivery;
  const repository = objectAt(resource, 'repository');
  const page = repositoryUrl(place, repository);
  const name = textAt(repository, 'name');
  const ref = refOf(textAt(update, 'name'));
  const before = textAt(update, 'oldObjectId');
  const after = textAt(update, 'newObjectId');
  const verb = pushVerb(ref, before, after);
  const count = commits.length;
  return draftOf(delivery, {
    part,
    category: 'code',
    object: ref?.kind ?? 'ref',
    verb,
    time: momentAt(resource, 'date'),
    source: page,
    subject: ref?.full ?? pushSubject(resource),
    actor: personOf(objectAt(resource, 'pushedBy')) ?? pusherOf(delivery.message),
    target: refTarget(page, ref) ?? repositoryTarget(page, name),
    related: [repositoryOf(page, name)],
    changes:
      before === undefined && after === undefined ? [] : [changeOf('ref', objectHash(before), objectHash(after))],
    details: {
      ref: ref?.full,
      before,
      after,
      commits: count,
      push: idAt(resource, 'pushId'),
      defaultBranch: textAt(repository, 'defaultBranch'),
    },
    links: [linkTo('commit', objectHash(after) ?? objectHash(before))],
    did: `${
      verb === 'pushed' ? `pushed ${count} commit${count === 1 ? '' : 's'} to` : verb
    } ${ref === undefined ? 'a ref' : `${ref.kind} ${ref.short}`}${joined('of', name)}`,
  });
}

function pushSubject(resource: JsonObject | undefined): string | undefined {
  const id = idAt(resource, 'pushId');
  return id === undefined ? undefined : `pushes/${id}`;
}

/** Azure DevOps writes zeros for "none", and does not say whether the push was forced. */
function pushVerb(ref: Ref | undefined, before: string | undefined, after: string | undefined): string {
  if (isNone(before) && !isNone(after)) return 'created';
  if (isNone(after) && !isNone(before)) return 'deleted';
  return ref?.kind === 'tag' ? 'moved' : 'pushed';
}

function isNone(id: string | undefined): boolean {
  return id !== undefined && /^0+$/.test(id);
}

function pusherOf(message: string | undefined): ReturnType<typeof personOf> {
  const name = /^(.{1,256}?) pushed /.exec(message ?? '')?.[1];
  return name === undefined ? undefined : personOf(name);
}

function refTarget(page: string | undefined, ref: Ref | undefined): Target | undefined {
  return page === undefined || ref === undefined
    ? undefined
    : { kind: ref.kind, id: refUrl(page, ref), name: ref.short };
}

function repositoryTarget(page: string | undefined, name: string | undefined): Target | undefined {
  return page === undefined ? undefined : { kind: 'repository', id: page, ...(name === undefined ? {} : { name }) };
}

function repositoryOf(page: string | undefined, name: string | undefined): Related | undefined {
  const target = repositoryTarget(page, name);
  return target === undefined ? undefined : { part: 'repository', ...target };
}

function commitDraft(delivery: Delivery, commit: JsonObject, ref: Ref | undefined): RecordDraft {
  const { resource, place } = delivery;
  const repository = objectAt(resource, 'repository');
  const page = repositoryUrl(place, repository);
  const name = textAt(repository, 'name');
  const id = textAt(commit, 'commitId') ?? '';
  const message = longTextAt(commit, 'comment') ?? '';
  const target = refTarget(page, ref);
  return draftOf(delivery, {
    part: id,
    category: 'code',
    object: 'commit',
    verb: 'pushed',
    // Not the commit's own date: whoever commits writes what they like there. It is in `authoredAt`.
    time: momentAt(resource, 'date'),
    source: page,
    subject: `commit/${id}`,
    actor: personOf(objectAt(resource, 'pushedBy')) ?? pusherOf(delivery.message),
    target: page === undefined ? undefined : { kind: 'commit', id: `${page}/commit/${id}`, name: id.slice(0, 12) },
    related: [
      relatedGitPerson('author', gitPerson(objectAt(commit, 'author'), '')),
      relatedGitPerson('committer', gitPerson(objectAt(commit, 'committer'), '')),
      ...coAuthors(message),
      target === undefined ? undefined : { part: 'ref', ...target },
      repositoryOf(page, name),
    ],
    details: {
      message: cutText(message, COMMIT_TEXT),
      authoredAt: momentAt(commit, 'author', 'date'),
      author: gitName(objectAt(commit, 'author')),
      committer: gitName(objectAt(commit, 'committer')),
      push: idAt(resource, 'pushId'),
    },
    links: [linkTo('commit', objectHash(id))],
    did: `pushed commit ${id.slice(0, 12)}${quoted(firstLine(message))}${
      ref === undefined ? '' : ` to ${ref.kind} ${ref.short}`
    }${joined('of', name)}`,
  });
}

/** `Octo Cat <octo@example.com>`, as Git writes it. */
function gitName(person: JsonObject | undefined): string | undefined {
  const name = textAt(person, 'name');
  const address = textAt(person, 'email');
  return address === undefined ? name : `${name ?? ''} <${address}>`.trim();
}

function firstLine(text: string): string | undefined {
  const line = oneLine(text.slice(0, COMMIT_TEXT).split('\n', 1)[0] ?? '', 120);
  return line === '' ? undefined : line;
}

/** `tfvc.checkin`: a changeset of Team Foundation Version Control. */
export function normalizeCheckin(delivery: Delivery): readonly RecordDraft[] {
  const { resource, place } = delivery;
  const id = idAt(resource, 'changesetId');
  const comment = longTextAt(resource, 'comment');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'changeset',
      verb: 'checked_in',
      time: momentAt(resource, 'createdDate'),
      subject: id === undefined ? undefined : `changeset/${id}`,
      actor:
        personOf(objectAt(resource, 'checkedInBy')) ??
        personOf(/^(.{1,256}?) checked in /.exec(delivery.message ?? '')?.[1]) ??
        personOf(objectAt(resource, 'author')),
      target:
        id === undefined
          ? undefined
          : { kind: 'changeset', id: `${place.base}/_versionControl/changeset/${encodeURIComponent(id)}`, name: id },
      related: [relatedPerson('author', objectAt(resource, 'author'))],
      details: { changeset: id, comment },
      did: `checked in changeset ${id ?? ''}${quoted(comment)}${joined('in', place.projectName)}`,
    }),
  ];
}
