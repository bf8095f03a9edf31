import type { Actor, Related, Target } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutMasked } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { at, booleanAt, longTextAt, numberAt, objectAt, objectsAt, textAt, textsAt, timeAt, uriAt } from '../read.ts';
import { actingFor, coAuthors, gitPerson, principalOf, relatedPerson } from './actor.ts';
import { hashOf, refOf, refUrl, shortHash } from './address.ts';
import type { Ref } from './address.ts';
import { changeOf } from './changes.ts';
import { draftOf, htmlUrl, linkTo, oneLine, place, quoted, timeOf } from './draft.ts';
import type { Delivery } from './draft.ts';
import { spoken, verbOf } from './verb.ts';

/** 2,048 commits of this length each stay below what one message may yield (16 MiB). */
const COMMIT_TEXT = 1_024;

/** `push`: one record for what happened to the ref, one for each commit that the payload lists. */
export function normalizePush(delivery: Delivery): readonly RecordDraft[] {
  const { payload } = delivery;
  const ref = refOf(textAt(payload, 'ref'));
  const commits = commitsOf(payload);
  return [pushDraft(delivery, ref, commits), ...commits.map((commit) => commitDraft(delivery, ref, commit))];
}

/** By hash: the same commit twice in one payload is one record. */
function commitsOf(payload: JsonObject): readonly JsonObject[] {
  const byHash = new Map<string, JsonObject>();
  for (const commit of objectsAt(payload, 'commits')) {
    const id = textAt(commit, 'id');
    if (id !== undefined && !byHash.has(id)) byHash.set(id, commit);
  }
  return [...byHash.values()];
}

function pushDraft(delivery: Delivery, ref: Ref | undefined, commits: readonly JsonObject[]): RecordDraft {
  const { payload, source, sender } = delivery;
  const before = textAt(payload, 'before');
  const after = textAt(payload, 'after');
  const kind = ref?.kind ?? 'ref';
  const verb = pushVerb(payload, kind);
  const what = ref === undefined ? 'an unnamed ref' : `${kind} ${ref.short}`;
  return draftOf(delivery, {
    category: 'code',
    object: kind,
    verb,
    time: pushedAt(payload),
    subject: ref?.full,
    actor: pusher(payload, delivery.host, sender),
    target: refTarget(source, ref),
    related: [relatedPerson('headAuthor', gitPerson(at(payload, 'head_commit', 'author'), delivery.host, sender))],
    changes: before === undefined && after === undefined ? [] : [changeOf('ref', hashOf(before), hashOf(after))],
    details: {
      ref: ref?.full,
      before,
      after,
      created: booleanAt(payload, 'created'),
      deleted: booleanAt(payload, 'deleted'),
      forced: booleanAt(payload, 'forced'),
      baseRef: textAt(payload, 'base_ref'),
      compare: uriAt(payload, 'compare'),
      commits: objectsAt(payload, 'commits').length,
      distinctCommits: commits.filter((commit) => booleanAt(commit, 'distinct') === true).length,
      headMessage: textAt(payload, 'head_commit', 'message'),
      pusher: gitName(objectAt(payload, 'pusher')),
    },
    links: [linkTo('commit', hashOf(after) ?? hashOf(before))],
    did:
      verb === 'pushed' || verb === 'force_pushed'
        ? `${verb.replace('_', '-')} ${commits.length} commit${commits.length === 1 ? '' : 's'} to ${what}`
        : `${verb} ${what}`,
    joint: 'of',
  });
}

function pushVerb(payload: JsonObject, kind: Ref['kind']): string {
  if (booleanAt(payload, 'created') === true) return 'created';
  if (booleanAt(payload, 'deleted') === true) return 'deleted';
  // A tag that points elsewhere than before was moved, however that was done.
  if (kind === 'tag') return 'moved';
  return booleanAt(payload, 'forced') === true ? 'force_pushed' : 'pushed';
}

function commitDraft(delivery: Delivery, ref: Ref | undefined, commit: JsonObject): RecordDraft {
  const { payload, source, host, sender } = delivery;
  const id = textAt(commit, 'id') ?? '';
  const message = longTextAt(commit, 'message') ?? '';
  return draftOf(delivery, {
    part: id,
    category: 'code',
    object: 'commit',
    verb: 'pushed',
    // Not the commit's own date: whoever commits writes what they like there. It is in `authoredAt`.
    time: pushedAt(payload),
    subject: `commit/${id}`,
    actor: pusher(payload, host, sender),
    target: { kind: 'commit', id: `${source}/commit/${id}`, name: shortHash(id) },
    related: [
      relatedPerson('author', gitPerson(objectAt(commit, 'author'), host, sender)),
      relatedPerson('committer', gitPerson(objectAt(commit, 'committer'), host, sender)),
      ...coAuthors(message),
      partOf('ref', refTarget(source, ref)),
    ],
    details: {
      message: cutMasked(message, COMMIT_TEXT),
      authoredAt: timeAt(commit, 'timestamp'),
      author: gitName(objectAt(commit, 'author')),
      committer: gitName(objectAt(commit, 'committer')),
      tree: textAt(commit, 'tree_id'),
      distinct: booleanAt(commit, 'distinct'),
      ...filesOf(commit),
    },
    links: [linkTo('commit', hashOf(id))],
    did: `pushed commit ${shortHash(id)}${quoted(firstLine(message))} to ${ref?.kind ?? 'ref'} ${ref?.short ?? ''}`,
    joint: 'of',
  });
}

function filesOf(commit: JsonObject): Record<string, string | number> {
  const added = textsAt(commit, 'added');
  const modified = textsAt(commit, 'modified');
  const removed = textsAt(commit, 'removed');
  const files = [
    ...added.map((path) => `+${path}`),
    ...modified.map((path) => `~${path}`),
    ...removed.map((path) => `-${path}`),
  ];
  return {
    added: added.length,
    modified: modified.length,
    removed: removed.length,
    files: cutMasked(files.slice(0, COMMIT_TEXT).join('\n'), COMMIT_TEXT),
  };
}

/** Seconds since the epoch in `push`, text in the other events. */
function pushedAt(payload: JsonObject): string | undefined {
  return timeAt(payload, 'repository', 'pushed_at');
}

/** The account; its address is what the pusher gives, where both have one name. Where no account is named, the pusher alone. */
function pusher(payload: JsonObject, host: string, sender: Actor | undefined): Actor | undefined {
  const name = textAt(payload, 'pusher', 'name');
  const address = textAt(payload, 'pusher', 'email');
  const actor = sender ?? principalOf({ login: name }, host);
  return actor === undefined || address === undefined || name !== actor.name ? actor : { ...actor, address };
}

/** `Octo Cat <octo@example.com>`, as Git writes it. */
function gitName(person: JsonObject | undefined): string | undefined {
  const name = textAt(person, 'name');
  const address = textAt(person, 'email');
  return address === undefined ? name : `${name ?? ''} <${address}>`.trim();
}

function firstLine(text: string | undefined): string | undefined {
  return text === undefined ? undefined : oneLine(text.split('\n', 1)[0] ?? '', 120);
}

function refTarget(source: string, ref: Ref | undefined): Target | undefined {
  return ref === undefined ? undefined : { kind: ref.kind, id: refUrl(source, ref.full), name: ref.short };
}

function partOf(part: string, target: Target | undefined): Related | undefined {
  return target === undefined ? undefined : { part, ...target };
}

/**
 * `create` and `delete`: a branch or tag came to be or went. GitHub tells the same by a `push`, which has the commits; the
 * record's object is `reference`, so that nobody counts one creation twice.
 */
export function normalizeReference(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source, host, sender } = delivery;
  const type = textAt(payload, 'ref_type');
  const ref = refOf(textAt(payload, 'ref'), type === 'tag' || type === 'branch' ? type : 'ref');
  const verb = verbOf(event === 'create' ? 'created' : 'deleted');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'reference',
      verb,
      time: pushedAt(payload),
      subject: ref?.full,
      actor: keyOrSender(payload, host, source, sender),
      target: refTarget(source, ref),
      details: {
        ref: ref?.full,
        refType: type,
        pusherType: textAt(payload, 'pusher_type'),
        defaultBranch: textAt(payload, 'master_branch'),
        description: textAt(payload, 'description'),
      },
      did: `${verb} ${ref?.kind ?? 'ref'} ${ref?.short ?? ''}`,
      joint: 'of',
    }),
  ];
}

/** What is pushed with a deploy key is no act of the person whose account the payload names. */
function keyOrSender(payload: JsonObject, host: string, source: string, sender: Actor | undefined): Actor | undefined {
  if (textAt(payload, 'pusher_type') !== 'deploy_key') return sender;
  const path = source.slice(`https://${host}/`.length);
  const key: Actor = { kind: 'service', id: cutMasked(`${host}:deploy_key/${path}`, 'uri'), name: 'deploy key' };
  return actingFor(key, sender);
}

/** `commit_comment` */
export function normalizeCommitComment(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const comment = objectAt(payload, 'comment');
  const commit = textAt(comment, 'commit_id');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'commit_comment',
      verb,
      time: timeOf(delivery, comment, { created: 'created_at', edited: 'updated_at' }),
      subject: commit === undefined ? undefined : `commit/${commit}`,
      target: {
        kind: 'commit',
        id: `${source}/commit/${commit ?? ''}`,
        ...(commit === undefined ? {} : { name: shortHash(commit) }),
      },
      related: [relatedPerson('author', principalOf(objectAt(comment, 'user'), host))],
      details: {
        comment: htmlUrl(comment, source),
        path: textAt(comment, 'path'),
        line: numberAt(comment, 'line'),
        body: longTextAt(comment, 'body'),
      },
      links: [linkTo('commit', hashOf(commit))],
      did: `${verb} a comment on commit ${shortHash(commit ?? '')}`,
    }),
  ];
}

/** `merge_group`: a merge queue builds a commit from several pull requests. */
export function normalizeMergeGroup(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const group = objectAt(payload, 'merge_group');
  const head = refOf(textAt(group, 'head_ref'));
  const base = refOf(textAt(group, 'base_ref'));
  const sha = textAt(group, 'head_sha');
  const verb = verbOf(delivery.action);
  const pull = /\/pr-(\d{1,12})-/.exec(head?.short ?? '')?.[1];
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'merge_group',
      verb,
      outcome: delivery.action === 'checks_requested' ? 'pending' : 'succeeded',
      subject: head?.full,
      target: {
        kind: 'mergeGroup',
        id: refUrl(source, head?.full ?? ''),
        ...(head === undefined ? {} : { name: head.short }),
      },
      related: [partOf('base', refTarget(source, base))],
      details: {
        headSha: sha,
        baseSha: textAt(group, 'base_sha'),
        baseRef: base?.full,
        reason: textAt(payload, 'reason'),
      },
      links: [
        linkTo('commit', hashOf(sha)),
        linkTo('pullRequest', pull === undefined ? undefined : `${source}/pull/${pull}`),
      ],
      did: `${verb === 'checks_requested' ? 'requested checks of' : spoken(verb)} the merge group ${shortHash(sha ?? '')} into ${base?.short ?? 'its base'}`,
      joint: 'of',
    }),
  ];
}

/** `gollum`: one record for each wiki page, for they are separate documents. */
export function normalizeWiki(delivery: Delivery): readonly RecordDraft[] {
  const pages = objectsAt(delivery.payload, 'pages');
  const drafts = new Map<string, RecordDraft>();
  for (const page of pages) {
    const name = textAt(page, 'page_name') ?? '';
    const part = pages.length === 1 ? '' : `page/${name}`;
    if (!drafts.has(part)) drafts.set(part, wikiDraft(delivery, page, name, part));
  }
  return drafts.size === 0 ? [wikiDraft(delivery, undefined, '', '')] : [...drafts.values()];
}

function wikiDraft(delivery: Delivery, page: JsonObject | undefined, name: string, part: string): RecordDraft {
  const verb = verbOf(textAt(page, 'action'));
  return draftOf(delivery, {
    part,
    category: 'code',
    object: 'wiki_page',
    verb,
    subject: `wiki/${name}`,
    target: {
      kind: 'wikiPage',
      id: htmlUrl(page, delivery.source) ?? `${delivery.source}/wiki/${name}`,
      name: textAt(page, 'title') ?? name,
    },
    details: { sha: textAt(page, 'sha'), summary: textAt(page, 'summary') },
    did: `${verb} wiki page${quoted(textAt(page, 'title') ?? name)}`,
  });
}

/** `fork`: of consequence where the repository is not open to everybody, for then its content goes elsewhere. */
export function normalizeFork(delivery: Delivery): readonly RecordDraft[] {
  const { payload, host } = delivery;
  const forkee = objectAt(payload, 'forkee');
  const name = textAt(forkee, 'full_name');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'repository',
      verb: 'forked',
      time: timeAt(forkee, 'created_at'),
      subject: name,
      target: {
        kind: 'repository',
        id: delivery.source,
        name: textAt(payload, 'repository', 'full_name') ?? delivery.source,
      },
      related: [place('fork', forkee, host, 'repository')],
      details: { private: booleanAt(payload, 'repository', 'private'), forkPrivate: booleanAt(forkee, 'private') },
      inconsequential: booleanAt(payload, 'repository', 'private') === false,
      did: `forked ${textAt(payload, 'repository', 'full_name') ?? 'the repository'} to ${name ?? 'another repository'}`,
      joint: '',
    }),
  ];
}
