import type { Actor, Decision, Link, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutMasked } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, longTextAt, numberAt, objectAt, textAt, timeAt, uriAt } from '../read.ts';
import { actingFor, principalOf, relatedPerson, relatedReviewer } from './actor.ts';
import { hashOf, refOf, refUrl, webUrl } from './address.ts';
import { changeOf, changesOf } from './changes.ts';
import { draftOf, htmlUrl, linkTo, quoted, throughApp, timeOf } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

interface PullRequest {
  readonly thing: JsonObject | undefined;
  readonly number: number | undefined;
  /** Its page: the id of the pull request and of the request for its review. */
  readonly id: string;
  readonly title: string | undefined;
  readonly head: string | undefined;
}

function pullRequestOf({ payload, source }: Delivery): PullRequest {
  const thing = objectAt(payload, 'pull_request');
  const number = [numberAt(thing, 'number'), numberAt(payload, 'number')].find(isPullNumber);
  return {
    thing,
    number,
    id: htmlUrl(thing, source) ?? webUrl(uriAt(thing, 'url'), source) ?? `${source}/pull/${number ?? ''}`,
    title: textAt(thing, 'title'),
    head: textAt(thing, 'head', 'sha'),
  };
}

function isPullNumber(number: number | undefined): number is number {
  return number !== undefined && Number.isSafeInteger(number) && number > 0;
}

function spokenPull({ number, title }: PullRequest): string {
  return `pull request${number === undefined ? '' : ` #${number}`}${quoted(title)}`;
}

/** What every record about a pull request says of it. */
function aboutPullRequest(
  delivery: Delivery,
  pull: PullRequest,
): Pick<Facts, 'subject' | 'target'> & {
  readonly related: (Related | undefined)[];
  readonly links: (Link | undefined)[];
} {
  return {
    ...(pull.number === undefined ? {} : { subject: `pull/${pull.number}` }),
    target: { kind: 'pullRequest', id: pull.id, ...(pull.title === undefined ? {} : { name: pull.title }) },
    related: [
      relatedPerson('author', principalOf(objectAt(pull.thing, 'user'), delivery.host)),
      branchOf(delivery, pull.thing, 'head'),
      branchOf(delivery, pull.thing, 'base'),
    ],
    links: [linkTo('pullRequest', pull.id), linkTo('commit', hashOf(pull.head))],
  };
}

function branchOf({ source }: Delivery, thing: JsonObject | undefined, part: 'head' | 'base'): Related | undefined {
  const ref = refOf(textAt(thing, part, 'ref'), 'branch');
  if (ref === undefined) return undefined;
  const name = textAt(thing, part, 'label') ?? ref.short;
  return { part, kind: 'branch', id: refUrl(htmlUrl(objectAt(thing, part, 'repo'), source) ?? source, ref.full), name };
}

/** `pull_request` */
export function normalizePullRequest(delivery: Delivery): readonly RecordDraft[] {
  const { payload, host } = delivery;
  const pull = pullRequestOf(delivery);
  const about = aboutPullRequest(delivery, pull);
  const merged = isMerged(delivery, pull.thing);
  const verb = merged ? 'merged' : verbOf(delivery.action);
  const asked = askedOf(delivery);
  return [
    draftOf(delivery, {
      ...about,
      category: 'code',
      object: 'pull_request',
      verb,
      outcome: delivery.action === 'review_requested' ? 'pending' : 'succeeded',
      time: merged ? timeAt(pull.thing, 'merged_at') : timeOf(delivery, pull.thing, TIMES),
      actor: merged ? mergerOf(delivery, pull.thing) : delivery.sender,
      related: [
        ...about.related,
        asked,
        relatedPerson('assignee', principalOf(objectAt(payload, 'assignee'), host)),
        relatedPerson('autoMergeEnabledBy', principalOf(objectAt(pull.thing, 'auto_merge', 'enabled_by'), host)),
      ],
      changes: [...pushedChange(delivery), ...changesOf(payload, pull.thing)],
      details: pullRequestDetails(delivery, pull, merged),
      decision: reviewRequest(delivery, pull),
      clock: { requested: isReviewRequest(delivery) ? timeAt(pull.thing, 'updated_at') : undefined },
      links: [
        ...about.links,
        // Not the base: whoever asks for a commit is to find what made or contains it.
        merged ? linkTo('commit', hashOf(textAt(pull.thing, 'merge_commit_sha'))) : undefined,
      ],
      did: `${didTo(verb, spokenPull(pull))}${
        asked === undefined ? '' : ` (${asked.name ?? asked.id})`
      }${merged ? ` into ${textAt(pull.thing, 'base', 'ref') ?? 'its base'}` : ''}`,
      joint: merged ? 'of' : 'in',
    }),
  ];
}

const TIMES = { opened: 'created_at', closed: 'closed_at', other: 'updated_at' };

function didTo(verb: string, pull: string): string {
  const phrase = DID.get(verb);
  return phrase === undefined ? saidOf(verb, pull) : `${phrase} ${pull}`;
}

const DID = new Map([
  ['synchronized', 'pushed to'],
  ['review_requested', 'requested a review of'],
  ['review_request_removed', 'took back the request to review'],
  ['marked_ready_for_review', 'marked as ready for review'],
  ['converted_to_draft', 'converted to a draft'],
  ['auto_merge_enabled', 'enabled auto-merge of'],
  ['auto_merge_disabled', 'disabled auto-merge of'],
  ['enqueued', 'added to the merge queue'],
  ['dequeued', 'removed from the merge queue'],
]);

function isMerged({ action }: Delivery, thing: JsonObject | undefined): boolean {
  if (action === 'merged') return true;
  return action === 'closed' && (booleanAt(thing, 'merged') ?? timeAt(thing, 'merged_at') !== undefined);
}

/**
 * Who merged. The sender may be a merge queue or a bot that pressed the button for the one who decided; where a bot is
 * named even as the merger, it acted for the one who told it to merge when all is green.
 */
function mergerOf({ host, sender }: Delivery, thing: JsonObject | undefined): Actor | undefined {
  const merger = principalOf(objectAt(thing, 'merged_by'), host) ?? sender;
  return actingFor(merger, principalOf(objectAt(thing, 'auto_merge', 'enabled_by'), host));
}

function isReviewRequest({ action }: Delivery): boolean {
  return action === 'review_requested' || action === 'review_request_removed';
}

/** Who is asked for a review: a person or a team. */
function askedOf(delivery: Delivery): Related | undefined {
  const { payload, host } = delivery;
  if (!isReviewRequest(delivery)) return undefined;
  return relatedReviewer(
    'reviewer',
    objectAt(payload, 'requested_reviewer') ?? objectAt(payload, 'requested_team'),
    host,
  );
}

function reviewRequest(delivery: Delivery, pull: PullRequest): Decision | undefined {
  if (!isReviewRequest(delivery)) return undefined;
  return reviewDecision(pull, pull.head, { step: delivery.action === 'review_requested' ? 'requested' : 'withdrawn' });
}

/** A step of the decision on a pull request; it binds to a commit, never to the pull request as it may become. */
function reviewDecision(
  pull: PullRequest,
  commit: string | undefined,
  step: Pick<Decision, 'step' | 'verdict' | 'reason' | 'automated'>,
): Decision {
  const covered = hashOf(commit);
  return {
    kind: 'codeReview',
    request: cutMasked(pull.id, 'uri'),
    ...step,
    ...(pull.title === undefined ? {} : { title: pull.title }),
    ...(covered === undefined ? {} : { covers: [{ kind: 'commit', id: covered }] }),
  };
}

function pushedChange({ action, payload }: Delivery): NonNullable<Facts['changes']> {
  if (action !== 'synchronize') return [];
  return [changeOf('head', textAt(payload, 'before'), textAt(payload, 'after'))];
}

function pullRequestDetails({ payload }: Delivery, { thing, number }: PullRequest, merged: boolean): Facts['details'] {
  return {
    number,
    state: textAt(thing, 'state'),
    draft: booleanAt(thing, 'draft'),
    headRef: textAt(thing, 'head', 'ref'),
    headSha: textAt(thing, 'head', 'sha'),
    baseRef: textAt(thing, 'base', 'ref'),
    baseSha: textAt(thing, 'base', 'sha'),
    // Before the merge this is a trial commit that nobody will ever see in a branch.
    mergeCommitSha: merged ? textAt(thing, 'merge_commit_sha') : undefined,
    commits: numberAt(thing, 'commits'),
    changedFiles: numberAt(thing, 'changed_files'),
    additions: numberAt(thing, 'additions'),
    deletions: numberAt(thing, 'deletions'),
    authorAssociation: textAt(thing, 'author_association'),
    autoMergeMethod: textAt(thing, 'auto_merge', 'merge_method'),
    label: textAt(payload, 'label', 'name'),
    milestone: textAt(payload, 'milestone', 'title') ?? textAt(thing, 'milestone', 'title'),
    reason: textAt(payload, 'reason'),
    lockReason: textAt(thing, 'active_lock_reason'),
    createdAt: timeAt(thing, 'created_at'),
  };
}

/** `pull_request_review`: a review's verdict holds for the commit that was reviewed. */
export function normalizeReview(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, host, sender } = delivery;
  const pull = pullRequestOf(delivery);
  const about = aboutPullRequest(delivery, pull);
  const review = objectAt(payload, 'review');
  const reviewer = principalOf(objectAt(review, 'user'), host);
  const state = (textAt(review, 'state') ?? '').toLowerCase();
  const submitted = action === 'submitted';
  const verb = submitted ? verbOf(state || undefined, 'submitted') : verbOf(action);
  const commit = textAt(review, 'commit_id');
  return [
    draftOf(delivery, {
      ...about,
      category: 'decision',
      object: 'pull_request_review',
      verb,
      time: submitted
        ? timeAt(review, 'submitted_at')
        : (timeAt(review, 'updated_at') ?? timeAt(pull.thing, 'updated_at')),
      actor: submitted ? (reviewer ?? sender) : sender,
      related: [...about.related, relatedPerson('reviewer', reviewer)],
      changes: changesOf(payload, review),
      details: {
        number: pull.number,
        review: htmlUrl(review, delivery.source),
        state: state || undefined,
        commitSha: commit,
        headSha: pull.head,
        reviewedHead: commit === undefined || pull.head === undefined ? undefined : commit === pull.head,
        reviewerAssociation: textAt(review, 'author_association'),
        body: submitted ? undefined : longTextAt(review, 'body'),
      },
      decision: verdictOf(delivery, pull, review, reviewer ?? sender, state),
      clock: { decided: submitted ? timeAt(review, 'submitted_at') : undefined },
      links: [...about.links, linkTo('commit', hashOf(commit))],
      did: `${REVIEWED.get(verb) ?? saidOf(verb, 'a review of')} ${spokenPull(pull)}`,
    }),
  ];
}

const REVIEWED = new Map([
  ['approved', 'approved'],
  ['changes_requested', 'requested changes to'],
  ['commented', 'commented on'],
]);

/** An edit changes the words of a review, never its verdict: no step. A comment is a vote without a verdict. */
function verdictOf(
  { action }: Delivery,
  pull: PullRequest,
  review: JsonObject | undefined,
  reviewer: Actor | undefined,
  state: string,
): Decision | undefined {
  const commit = textAt(review, 'commit_id');
  if (action === 'dismissed') return reviewDecision(pull, commit, { step: 'revoked' });
  if (action !== 'submitted') return undefined;
  const reason = longTextAt(review, 'body');
  return reviewDecision(pull, commit, {
    step: 'voted',
    ...(state === 'approved' ? { verdict: 'approve' } : state === 'changes_requested' ? { verdict: 'reject' } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(reviewer?.kind === 'service' || reviewer?.kind === 'ai' ? { automated: true } : {}),
  });
}

/** `pull_request_review_comment`, `pull_request_review_thread` */
export function normalizeReviewComment(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, host } = delivery;
  const pull = pullRequestOf(delivery);
  const about = aboutPullRequest(delivery, pull);
  const comment = objectAt(payload, 'comment');
  const verb = verbOf(delivery.action);
  const thread = event === 'pull_request_review_thread';
  return [
    draftOf(delivery, {
      ...about,
      category: 'code',
      object: event,
      verb,
      time: thread
        ? timeAt(payload, 'updated_at')
        : timeOf(delivery, comment, { created: 'created_at', edited: 'updated_at' }),
      related: [...about.related, relatedPerson('commentAuthor', principalOf(objectAt(comment, 'user'), host))],
      changes: changesOf(payload, comment),
      origin: throughApp(comment),
      details: {
        number: pull.number,
        comment: htmlUrl(comment, delivery.source),
        path: textAt(comment, 'path'),
        line: numberAt(comment, 'line'),
        body: longTextAt(comment, 'body'),
      },
      links: [...about.links, linkTo('commit', hashOf(textAt(comment, 'commit_id')))],
      did: `${verb} a review ${thread ? 'thread' : 'comment'} on ${spokenPull(pull)}`,
    }),
  ];
}
