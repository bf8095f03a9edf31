import type { Actor, Decision, Link, Outcome, Principal, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutText } from '../../wire/text.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { hashOf, refOf } from '../github/address.ts';
import { linkTo, quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, uriAt } from '../read.ts';
import {
  guidOf,
  messageAddresses,
  pullRequestAddress,
  pullRequestById,
  refUrl,
  repositoryUrl,
  workItemUrl,
} from './address.ts';
import { draftOf, joined, momentAt } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { actorFor, isGroup, named, personOf, relatedPerson, UNKNOWN } from './identity.ts';
import { readAct } from './pull-request-act.ts';
import type { Act } from './pull-request-act.ts';

interface PullRequest {
  readonly thing: JsonObject | undefined;
  readonly number: string | undefined;
  /** Its page: the id of the pull request and of the request for its review. */
  readonly id: string | undefined;
  readonly repository: string | undefined;
  readonly repositoryName: string | undefined;
  readonly title: string | undefined;
  /** The newest commit of its branch: what a vote holds for. */
  readonly head: string | undefined;
  readonly status: string | undefined;
}

function pullRequestOf(delivery: Delivery, thing: JsonObject | undefined): PullRequest {
  const { place, payload } = delivery;
  const number = numberOf(thing);
  const repository = objectAt(thing, 'repository');
  const page = repositoryUrl(place, repository);
  const elsewhere = [uriAt(thing, '_links', 'web', 'href'), ...messageAddresses(payload), uriAt(thing, 'url')].flatMap(
    (url) => pullRequestAddress(place, url) ?? [],
  );
  const isNamed = textAt(repository, 'name') !== undefined || uriAt(repository, 'remoteUrl') !== undefined;
  const own = page === undefined || number === undefined ? undefined : cutText(`${page}/pullrequest/${number}`, 'uri');
  return {
    thing,
    number: number ?? /\/pullrequest\/(\d+)$/.exec(elsewhere[0] ?? '')?.[1],
    id: isNamed ? (own ?? elsewhere[0]) : (elsewhere[0] ?? own),
    repository: page,
    repositoryName: textAt(repository, 'name'),
    title: textAt(thing, 'title'),
    head: hashOf(textAt(thing, 'lastMergeSourceCommit', 'commitId')?.toLowerCase()),
    status: textAt(thing, 'status')?.toLowerCase(),
  };
}

function numberOf(thing: JsonObject | undefined): string | undefined {
  const id = idAt(thing, 'pullRequestId');
  return id !== undefined && /^[1-9]\d{0,11}$/.test(id) ? id : undefined;
}

function spoken({ number, title }: PullRequest): string {
  return `pull request${number === undefined ? '' : ` #${number}`}${quoted(title)}`;
}

/** What every record about a pull request says of it. */
function aboutPullRequest(
  delivery: Delivery,
  pull: PullRequest,
): Pick<Facts, 'source' | 'subject' | 'target'> & {
  readonly related: (Related | undefined)[];
  readonly links: (Link | undefined)[];
} {
  const { place } = delivery;
  const repository = objectAt(pull.thing, 'repository');
  return {
    source: pull.repository,
    subject: pull.number === undefined ? undefined : `pullrequest/${pull.number}`,
    target:
      pull.id === undefined
        ? undefined
        : { kind: 'pullRequest', id: pull.id, ...(pull.title === undefined ? {} : { name: pull.title }) },
    related: [
      relatedPerson('author', objectAt(pull.thing, 'createdBy')),
      ...reviewersOf(pull.thing).map((reviewer) => relatedPerson('reviewer', reviewer)),
      relatedPerson('autoCompleteSetBy', objectAt(pull.thing, 'autoCompleteSetBy')),
      branchOf(pull, 'head', 'sourceRefName'),
      branchOf(pull, 'base', 'targetRefName'),
      pull.repository === undefined
        ? undefined
        : {
            part: 'repository',
            kind: 'repository',
            id: pull.repository,
            ...(pull.repositoryName === undefined ? {} : { name: pull.repositoryName }),
          },
    ],
    links: [
      linkTo('pullRequest', pull.id),
      linkTo(
        'pullRequest',
        pull.number === undefined
          ? undefined
          : pullRequestById(
              place,
              textAt(repository, 'project', 'id') ?? place.projectId,
              textAt(repository, 'id'),
              pull.number,
            ),
      ),
      linkTo('commit', pull.head),
      ...objectsAt(pull.thing, 'workItemRefs').map((item) => {
        const id = idAt(item, 'id');
        return linkTo('workItem', id === undefined ? undefined : workItemUrl(place, id));
      }),
    ],
  };
}

// Azure DevOps shows a few dozen; a list without an end would stand in every record of the pull request.
const MOST_REVIEWERS = 64;

function reviewersOf(thing: JsonObject | undefined): readonly JsonObject[] {
  return objectsAt(thing, 'reviewers').slice(0, MOST_REVIEWERS);
}

function branchOf(pull: PullRequest, part: 'head' | 'base', member: string): Related | undefined {
  const ref = refOf(textAt(pull.thing, member), 'branch');
  if (ref === undefined || pull.repository === undefined) return undefined;
  return { part, kind: 'branch', id: refUrl(pull.repository, ref), name: ref.short };
}

function pullRequestDetails({ thing, number, status }: PullRequest, merged: boolean): NonNullable<Facts['details']> {
  return {
    number: number === undefined ? undefined : Number(number),
    status,
    draft: booleanAt(thing, 'isDraft'),
    headRef: textAt(thing, 'sourceRefName'),
    headSha: textAt(thing, 'lastMergeSourceCommit', 'commitId'),
    baseRef: textAt(thing, 'targetRefName'),
    baseSha: textAt(thing, 'lastMergeTargetCommit', 'commitId'),
    mergeStatus: textAt(thing, 'mergeStatus'),
    // Before the merge this is a trial commit that nobody will ever see in a branch.
    mergeCommitSha: merged ? textAt(thing, 'lastMergeCommit', 'commitId') : undefined,
    mergeFailure: longTextAt(thing, 'mergeFailureMessage'),
    mergeStrategy: textAt(thing, 'completionOptions', 'mergeStrategy'),
    bypassPolicy: booleanAt(thing, 'completionOptions', 'bypassPolicy'),
    bypassReason: longTextAt(thing, 'completionOptions', 'bypassReason'),
    createdAt: momentAt(thing, 'creationDate'),
    votes: reviewersOf(thing)
      .flatMap((reviewer) => {
        const vote = numberAt(reviewer, 'vote');
        const name = textAt(reviewer, 'displayName') ?? textAt(reviewer, 'id');
        return vote === undefined || name === undefined ? [] : [`${name}: ${vote}`];
      })
      .join('\n'),
    requiredReviewers: reviewersOf(thing)
      .filter((reviewer) => booleanAt(reviewer, 'isRequired') === true)
      .flatMap((reviewer) => textAt(reviewer, 'displayName') ?? textAt(reviewer, 'id') ?? [])
      .join(', '),
  };
}

/** Whom a display name in the message means: somebody whom the payload has under that name, else nobody known by id. */
function speaker(pull: PullRequest, who: string | undefined): Actor | undefined {
  if (who === undefined) return undefined;
  const { thing } = pull;
  const known = [
    objectAt(thing, 'createdBy'),
    objectAt(thing, 'closedBy'),
    objectAt(thing, 'autoCompleteSetBy'),
    ...reviewersOf(thing),
  ];
  return named(who, known) ?? personOf(who);
}

/** A step of the decision on a pull request; it binds to a commit, never to the pull request as it may become. */
function reviewDecision(
  pull: PullRequest,
  step: Pick<Decision, 'step' | 'verdict' | 'reason' | 'automated' | 'bypassed'>,
  covered: string | undefined,
): Decision | undefined {
  if (pull.id === undefined) return undefined;
  return {
    kind: 'codeReview',
    request: pull.id,
    ...step,
    ...(pull.title === undefined ? {} : { title: pull.title }),
    ...(covered === undefined ? {} : { covers: [{ kind: 'commit', id: covered }] }),
  };
}

/** `git.pullrequest.created` */
export function normalizePullRequestCreated(delivery: Delivery): readonly RecordDraft[] {
  const pull = pullRequestOf(delivery, delivery.resource);
  const about = aboutPullRequest(delivery, pull);
  return [
    draftOf(delivery, {
      ...about,
      category: 'code',
      object: 'pull_request',
      verb: 'opened',
      time: momentAt(pull.thing, 'creationDate'),
      actor: personOf(objectAt(pull.thing, 'createdBy')) ?? speaker(pull, readAct(delivery.message)?.who),
      details: pullRequestDetails(pull, false),
      decision:
        reviewersOf(pull.thing).length === 0 ? undefined : reviewDecision(pull, { step: 'requested' }, pull.head),
      clock: { requested: momentAt(pull.thing, 'creationDate') },
      did: `opened ${spoken(pull)}${joined('in', pull.repositoryName)}`,
    }),
  ];
}

/** `git.pullrequest.updated` */
export function normalizePullRequestUpdated(delivery: Delivery): readonly RecordDraft[] {
  const pull = pullRequestOf(delivery, delivery.resource);
  const said = readAct(delivery.message);
  if (said?.act.kind === 'vote') return [voteDraft(delivery, pull, said.act.vote, said.who)];
  const act = said?.act ?? actByStatus(pull);
  if (act !== undefined) return [actDraft(delivery, pull, act, said?.who)];
  // Nothing says what was done. The votes are all that can be told of who decided, and as standing ones they bind to no commit.
  return [
    actDraft(delivery, pull, { kind: 'edited' }, undefined, 'updated'),
    ...reviewersOf(pull.thing).flatMap((reviewer) => standingVote(delivery, pull, reviewer) ?? []),
  ];
}

/** A subscription may be set to send no messages. What ended is told by its status; what goes on is not. */
function actByStatus({ status }: PullRequest): Exclude<Act, { kind: 'vote' }> | undefined {
  if (status === 'completed') return { kind: 'merged' };
  return status === 'abandoned' ? { kind: 'abandoned' } : undefined;
}

const VERBS: Readonly<Record<Exclude<Act['kind'], 'vote'>, string>> = {
  opened: 'opened',
  merged: 'merged',
  abandoned: 'closed',
  reopened: 'reopened',
  pushed: 'synchronized',
  reviewers: 'review_requested',
  edited: 'edited',
  drafted: 'converted_to_draft',
  published: 'marked_ready_for_review',
  autoCompleteSet: 'auto_merge_enabled',
  autoCompleteCancelled: 'auto_merge_disabled',
};

const DID: Readonly<Record<Exclude<Act['kind'], 'vote'>, string>> = {
  opened: 'opened',
  merged: 'merged',
  abandoned: 'abandoned',
  reopened: 'reactivated',
  pushed: 'pushed to',
  reviewers: 'changed the reviewers of',
  edited: 'edited',
  drafted: 'converted to a draft',
  published: 'marked as ready for review',
  autoCompleteSet: 'enabled auto-complete of',
  autoCompleteCancelled: 'disabled auto-complete of',
};

function actDraft(
  delivery: Delivery,
  pull: PullRequest,
  act: Exclude<Act, { kind: 'vote' }>,
  who: string | undefined,
  verb = VERBS[act.kind],
): RecordDraft {
  const about = aboutPullRequest(delivery, pull);
  const merged = act.kind === 'merged';
  const ended = merged || act.kind === 'abandoned';
  const closedAt = ended ? momentAt(pull.thing, 'closedDate') : undefined;
  const target = refOf(textAt(pull.thing, 'targetRefName'), 'branch')?.short;
  return draftOf(delivery, {
    ...about,
    category: 'code',
    object: 'pull_request',
    verb,
    time: closedAt,
    actor: ended ? closer(pull, who) : speaker(pull, who),
    outcome: act.kind === 'reviewers' ? 'pending' : 'succeeded',
    details: pullRequestDetails(pull, merged),
    decision: decisionOf(pull, act),
    links: [
      ...about.links,
      // Not the target's head: whoever asks for a commit is to find what made or contains it.
      merged ? linkTo('commit', hashOf(textAt(pull.thing, 'lastMergeCommit', 'commitId')?.toLowerCase())) : undefined,
    ],
    did: `${verb === 'updated' ? 'updated' : DID[act.kind]} ${spoken(pull)}${
      merged ? ` into ${target ?? 'its target'}` : ''
    }${joined(merged ? 'of' : 'in', pull.repositoryName)}`,
  });
}

/** Who completed or abandoned it. Auto-complete is done by a service for the person who set it. */
function closer(pull: PullRequest, who: string | undefined): Actor | undefined {
  const closedBy = objectAt(pull.thing, 'closedBy');
  return closedBy === undefined ? speaker(pull, who) : actorFor(closedBy, objectAt(pull.thing, 'autoCompleteSetBy'));
}

/** Reviewers are asked; whoever completes past the branch policies overrides the reviewers. */
function decisionOf(pull: PullRequest, act: Act): Decision | undefined {
  if (act.kind === 'reviewers') return reviewDecision(pull, { step: 'requested' }, pull.head);
  if (act.kind !== 'merged' || booleanAt(pull.thing, 'completionOptions', 'bypassPolicy') !== true) return undefined;
  const reason = longTextAt(pull.thing, 'completionOptions', 'bypassReason');
  return reviewDecision(
    pull,
    { step: 'voted', verdict: 'override', bypassed: true, ...(reason === undefined ? {} : { reason }) },
    pull.head,
  );
}

const VOTES = new Map<number, { readonly verb: string; readonly verdict?: Decision['verdict']; readonly did: string }>([
  [10, { verb: 'approved', verdict: 'approve', did: 'approved' }],
  [5, { verb: 'approved_with_suggestions', verdict: 'approve', did: 'approved with suggestions' }],
  [0, { verb: 'withdrawn', did: 'took back the vote on' }],
  [-5, { verb: 'changes_requested', verdict: 'reject', did: 'waits for the author of' }],
  [-10, { verb: 'rejected', verdict: 'reject', did: 'rejected' }],
]);

/** Somebody voted just now: the vote holds for the newest commit. */
function voteDraft(
  delivery: Delivery,
  pull: PullRequest,
  told: number | undefined,
  who: string | undefined,
): RecordDraft {
  // Of two reviewers with the same name nobody knows who it was.
  const voter = who === undefined ? undefined : named(who, reviewersOf(pull.thing));
  const entry = reviewersOf(pull.thing).find((each) => voter !== undefined && personOf(each)?.id === voter.id);
  const vote = told ?? numberAt(entry, 'vote');
  return reviewDraft(delivery, pull, {
    part: '',
    vote,
    voter: voter ?? (who === undefined ? UNKNOWN : (personOf(who) ?? UNKNOWN)),
    covered: pull.head,
    at: momentAt(delivery.payload, 'createdDate'),
    details: {},
  });
}

/** A vote that stands, of which nobody says when and for which commit it was cast. */
function standingVote(delivery: Delivery, pull: PullRequest, reviewer: JsonObject): RecordDraft | undefined {
  const vote = numberAt(reviewer, 'vote');
  const voter = personOf(reviewer);
  if (vote === undefined || vote === 0 || voter === undefined || isGroup(reviewer)) return undefined;
  return reviewDraft(delivery, pull, {
    part: `vote/${voter.id}`,
    vote,
    voter,
    covered: undefined,
    at: undefined,
    details: { standing: true },
  });
}

interface Vote {
  readonly part: string;
  readonly vote: number | undefined;
  readonly voter: Principal;
  readonly covered: string | undefined;
  readonly at: Timestamp | undefined;
  readonly details: NonNullable<Facts['details']>;
}

function reviewDraft(
  delivery: Delivery,
  pull: PullRequest,
  { part, vote, voter, covered, at, details }: Vote,
): RecordDraft {
  const about = aboutPullRequest(delivery, pull);
  const known = vote === undefined ? undefined : VOTES.get(vote);
  const withdrawn = vote === 0;
  const automated = voter.kind === 'service' || voter.kind === 'ai';
  return draftOf(delivery, {
    ...about,
    part,
    category: 'decision',
    object: 'pull_request_review',
    verb: known?.verb ?? 'submitted',
    actor: voter,
    details: { ...pullRequestDetails(pull, false), vote, commitSha: covered, ...details },
    decision: reviewDecision(
      pull,
      withdrawn
        ? { step: 'revoked' }
        : {
            step: 'voted',
            ...(known?.verdict === undefined ? {} : { verdict: known.verdict }),
            ...(automated ? { automated: true } : {}),
          },
      covered,
    ),
    clock: { decided: withdrawn ? undefined : at },
    links: covered === undefined ? about.links.filter((link) => link?.kind !== 'commit') : about.links,
    did: `${known?.did ?? 'voted on'} ${spoken(pull)}${joined('in', pull.repositoryName)}`,
  });
}

const MERGE_OUTCOMES = new Map<string, Outcome>([
  ['succeeded', 'succeeded'],
  ['conflicts', 'failed'],
  ['failure', 'failed'],
  ['rejectedbypolicy', 'denied'],
  ['queued', 'pending'],
  ['notset', 'unknown'],
]);

/**
 * `git.pullrequest.merged`: a merge was attempted. While the pull request is active that is a trial, made after each push to
 * see whether there are conflicts; only where it is completed was it merged.
 */
export function normalizePullRequestMerged(delivery: Delivery): readonly RecordDraft[] {
  const pull = pullRequestOf(delivery, delivery.resource);
  const outcome = MERGE_OUTCOMES.get(textAt(pull.thing, 'mergeStatus')?.toLowerCase() ?? '') ?? 'unknown';
  const said = readAct(delivery.message);
  if (pull.status === 'completed' && outcome !== 'failed' && outcome !== 'denied') {
    return [actDraft(delivery, pull, { kind: 'merged' }, said?.who)];
  }
  return [
    draftOf(delivery, {
      ...aboutPullRequest(delivery, pull),
      category: 'code',
      object: 'pull_request',
      verb: 'merge_attempted',
      actor: speaker(pull, said?.who),
      outcome,
      details: pullRequestDetails(pull, false),
      did: `tried whether ${spoken(pull)}${joined('in', pull.repositoryName)} can be merged (${
        textAt(pull.thing, 'mergeStatus') ?? 'no result'
      })`,
    }),
  ];
}

/** `ms.vss-code.git-pullrequest-comment-event` */
export function normalizePullRequestComment(delivery: Delivery): readonly RecordDraft[] {
  const { resource, message } = delivery;
  const pull = pullRequestOf(delivery, objectAt(resource, 'pullRequest'));
  const comment = objectAt(resource, 'comment');
  const about = aboutPullRequest(delivery, pull);
  const verb = commentVerb(comment, message);
  const thread = /\/threads\/(\d{1,12})/.exec(
    uriAt(comment, '_links', 'threads', 'href') ?? uriAt(comment, '_links', 'self', 'href') ?? '',
  )?.[1];
  const published = momentAt(comment, 'publishedDate');
  const system = textAt(comment, 'commentType')?.toLowerCase() === 'system';
  return [
    draftOf(delivery, {
      ...about,
      category: 'code',
      object: 'pull_request_comment',
      verb,
      time: verb === 'created' ? published : (momentAt(comment, 'lastUpdatedDate') ?? published),
      actor: personOf(objectAt(comment, 'author')) ?? speaker(pull, readAct(message)?.who),
      details: {
        number: pull.number === undefined ? undefined : Number(pull.number),
        status: pull.status,
        headSha: textAt(pull.thing, 'lastMergeSourceCommit', 'commitId'),
        comment: idAt(comment, 'id'),
        thread,
        commentType: textAt(comment, 'commentType'),
        repliesTo: parentOf(comment),
        body: longTextAt(comment, 'content'),
      },
      // What the platform writes into the conversation (votes, pushes) has an event of its own.
      inconsequential: system,
      did: `${COMMENTED.get(verb) ?? 'commented on'} ${spoken(pull)}${joined('in', pull.repositoryName)}`,
    }),
  ];
}

const COMMENTED = new Map([
  ['created', 'commented on'],
  ['edited', 'edited a comment on'],
  ['deleted', 'deleted a comment on'],
]);

function commentVerb(comment: JsonObject | undefined, message: string | undefined): string {
  if (booleanAt(comment, 'isDeleted') === true || / (?:has )?deleted\b/.test(message ?? '')) return 'deleted';
  return / (?:has )?(?:edited|updated)\b/.test(message ?? '') ? 'edited' : 'created';
}

function parentOf(comment: JsonObject | undefined): string | undefined {
  const parent = idAt(comment, 'parentCommentId');
  return parent === '0' ? undefined : parent;
}

/** The id of a pull request that a build was made for, from its branch `refs/pull/<number>/merge`. */
export function pullRequestOfRef(repository: string | undefined, ref: string | undefined): string | undefined {
  const number = /^refs\/pull\/(\d{1,12})\//.exec(ref ?? '')?.[1];
  return number === undefined || repository === undefined
    ? undefined
    : cutText(`${repository}/pullrequest/${number}`, 'uri');
}

/** Ids of a pull request in a link of a work item: `<project>%2f<repository>%2f<number>`. */
export function pullRequestOfArtifact(delivery: Delivery, artifact: string): string | undefined {
  const [project, repository, number] = artifact.split(/%2f|\//i);
  return number === undefined || guidOf(repository) === undefined || !/^\d{1,12}$/.test(number)
    ? undefined
    : pullRequestById(delivery.place, project, repository, number);
}
