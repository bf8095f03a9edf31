import type { Link, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { RecordDraft } from '../normalizer.ts';
import { longTextAt, numberAt, objectAt, objectsAt, textAt, timeAt, uriAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { ownUrl, webUrl } from './address.ts';
import { changesOf } from './changes.ts';
import { draftOf, htmlUrl, linkTo, place, quoted, throughApp, timeOf } from './draft.ts';
import type { Delivery } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/*
 * What is planned and talked about: issues, milestones, projects, discussions. Category code, for it stands beside the
 * code and steers it; decisions proper are made where a vote is cast. Consequential all the same: work that changes in
 * scope after sign-off is found here.
 */

const ISSUE_TIMES = {
  opened: 'created_at',
  closed: 'closed_at',
  // An issue that is gone, or gone elsewhere, says only when it was last changed.
  deleted: undefined,
  transferred: undefined,
  other: 'updated_at',
};

function issueUrl(issue: JsonObject | undefined, source: string): string | undefined {
  return htmlUrl(issue, source) ?? webUrl(uriAt(issue, 'url'), source);
}

/** GitHub's issues hold pull requests, too: those join with what the pull request's own events say. */
function issueLink(issue: JsonObject | undefined, source: string): Link | undefined {
  const pull = objectAt(issue, 'pull_request');
  return pull === undefined
    ? linkTo('issue', issueUrl(issue, source))
    : linkTo('pullRequest', htmlUrl(pull, source) ?? issueUrl(issue, source));
}

function spokenIssue(issue: JsonObject | undefined): string {
  const number = numberAt(issue, 'number');
  const what = objectAt(issue, 'pull_request') === undefined ? 'issue' : 'pull request';
  return `${what}${number === undefined ? '' : ` #${number}`}${quoted(textAt(issue, 'title'))}`;
}

/** `issues` */
export function normalizeIssue(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const issue = objectAt(payload, 'issue');
  const number = numberAt(issue, 'number');
  const title = textAt(issue, 'title');
  const verb = verbOf(delivery.action);
  const assignee = principalOf(objectAt(payload, 'assignee'), host);
  const label = textAt(payload, 'label', 'name');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'issue',
      verb,
      time: timeOf(delivery, issue, ISSUE_TIMES),
      subject: number === undefined ? undefined : `issues/${number}`,
      target: {
        kind: objectAt(issue, 'pull_request') === undefined ? 'issue' : 'pullRequest',
        id: issueLink(issue, source)?.id ?? `${source}/issues/${number ?? ''}`,
        ...(title === undefined ? {} : { name: title }),
      },
      related: [
        relatedPerson('author', principalOf(objectAt(issue, 'user'), host)),
        relatedPerson('assignee', assignee),
        issueRelated('movedTo', objectAt(payload, 'changes', 'new_issue'), source),
        issueRelated('movedFrom', objectAt(payload, 'changes', 'old_issue'), source),
      ],
      changes: changesOf(payload, issue),
      origin: throughApp(issue),
      details: {
        number,
        state: textAt(issue, 'state'),
        stateReason: textAt(issue, 'state_reason'),
        type: textAt(payload, 'type', 'name') ?? textAt(issue, 'type', 'name'),
        label,
        labels: objectsAt(issue, 'labels')
          .flatMap((each) => textAt(each, 'name') ?? [])
          .join(', '),
        milestone: textAt(payload, 'milestone', 'title') ?? textAt(issue, 'milestone', 'title'),
        lockReason: textAt(issue, 'active_lock_reason'),
        body: delivery.action === 'opened' ? longTextAt(issue, 'body') : undefined,
      },
      links: [issueLink(issue, source)],
      did: `${saidOf(verb, spokenIssue(issue))}${label === undefined ? '' : ` (${label})`}${
        assignee?.name === undefined ? '' : ` (${assignee.name})`
      }`,
    }),
  ];
}

function issueRelated(part: string, issue: JsonObject | undefined, source: string): Related | undefined {
  const id = issueUrl(issue, source);
  const name = textAt(issue, 'title');
  return id === undefined ? undefined : { part, kind: 'issue', id, ...(name === undefined ? {} : { name }) };
}

/** `issue_comment`: on an issue or on a pull request as a whole. */
export function normalizeIssueComment(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const issue = objectAt(payload, 'issue');
  const comment = objectAt(payload, 'comment');
  const pull = objectAt(issue, 'pull_request') !== undefined;
  const number = numberAt(issue, 'number');
  const title = textAt(issue, 'title');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: pull ? 'pull_request_comment' : 'issue_comment',
      verb,
      time: timeOf(delivery, comment, { created: 'created_at', deleted: undefined, other: 'updated_at' }),
      subject: number === undefined ? undefined : `${pull ? 'pull' : 'issues'}/${number}`,
      target: {
        kind: pull ? 'pullRequest' : 'issue',
        id: issueLink(issue, source)?.id ?? `${source}/issues/${number ?? ''}`,
        ...(title === undefined ? {} : { name: title }),
      },
      related: [
        relatedPerson('author', principalOf(objectAt(issue, 'user'), host)),
        relatedPerson('commentAuthor', principalOf(objectAt(comment, 'user'), host)),
      ],
      changes: changesOf(payload, comment),
      origin: throughApp(comment),
      details: {
        number,
        comment: htmlUrl(comment, source),
        body: longTextAt(comment, 'body'),
        authorAssociation: textAt(comment, 'author_association'),
      },
      links: [issueLink(issue, source)],
      did: saidOf(verb, `a comment on ${spokenIssue(issue)}`),
    }),
  ];
}

/** `sub_issues`, `issue_dependencies`, `issue_relates_to`: two issues were joined or parted. */
export function normalizeIssueRelation(delivery: Delivery): readonly RecordDraft[] {
  const { event, action = '', payload, source, host } = delivery;
  const [mine = '', other = ''] = relationMembers(event, action);
  const issue = objectAt(payload, mine);
  const related = objectAt(payload, other);
  const verb = verbOf(delivery.action);
  const title = textAt(issue, 'title');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'issue',
      verb,
      subject: numberAt(issue, 'number') === undefined ? undefined : `issues/${numberAt(issue, 'number') ?? ''}`,
      target: { kind: 'issue', id: issueUrl(issue, source) ?? source, ...(title === undefined ? {} : { name: title }) },
      related: [
        issueRelated(RELATION_PARTS.get(other) ?? 'related', related, source),
        place('otherRepository', objectAt(payload, `${other}_repo`), host, 'repository'),
      ],
      links: [issueLink(issue, source), issueLink(related, source)],
      did: saidOf(verb, `${spokenIssue(issue)} and ${spokenIssue(related)}`),
    }),
  ];
}

const RELATION_PARTS = new Map([
  ['parent_issue', 'parent'],
  ['sub_issue', 'child'],
  ['blocked_issue', 'blocked'],
  ['blocking_issue', 'blocking'],
  ['related_issue', 'related'],
]);

/** The issue whose record this is, and the other one. Each repository's hook is told from its own side. */
function relationMembers(event: string, action: string): readonly string[] {
  if (event === 'sub_issues')
    return action.startsWith('parent_') ? ['sub_issue', 'parent_issue'] : ['parent_issue', 'sub_issue'];
  if (event === 'issue_dependencies')
    return action.startsWith('blocking_') ? ['blocking_issue', 'blocked_issue'] : ['blocked_issue', 'blocking_issue'];
  return ['issue', 'related_issue'];
}

/** `discussion` and `discussion_comment` */
export function normalizeDiscussion(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source, host } = delivery;
  const discussion = objectAt(payload, 'discussion');
  const comment = objectAt(payload, 'comment');
  const answer = objectAt(payload, 'answer');
  const number = numberAt(discussion, 'number');
  const title = textAt(discussion, 'title');
  const verb = verbOf(delivery.action);
  const own = event === 'discussion_comment' ? comment : discussion;
  const times = {
    created: 'created_at',
    answered: 'answer_chosen_at',
    deleted: undefined,
    transferred: undefined,
    other: 'updated_at',
  };
  return [
    draftOf(delivery, {
      category: 'code',
      object: event,
      verb,
      time: timeOf(delivery, own, times),
      subject: number === undefined ? undefined : `discussions/${number}`,
      target: {
        kind: 'discussion',
        id: htmlUrl(discussion, source) ?? `${source}/discussions/${number ?? ''}`,
        ...(title === undefined ? {} : { name: title }),
      },
      related: [
        relatedPerson('author', principalOf(objectAt(discussion, 'user'), host)),
        relatedPerson('commentAuthor', principalOf(objectAt(comment, 'user'), host)),
        relatedPerson('answerAuthor', principalOf(objectAt(answer, 'user'), host)),
      ],
      changes: changesOf(payload, own),
      details: {
        number,
        category: textAt(discussion, 'category', 'name'),
        state: textAt(discussion, 'state'),
        label: textAt(payload, 'label', 'name'),
        comment: htmlUrl(comment, source),
        answer: htmlUrl(answer, source) ?? ownUrl(uriAt(discussion, 'answer_html_url'), source),
        movedTo: htmlUrl(objectAt(payload, 'changes', 'new_discussion'), source),
        body: longTextAt(own, 'body'),
      },
      did: saidOf(
        verb,
        `${event === 'discussion' ? '' : 'a comment on '}discussion${number === undefined ? '' : ` #${number}`}${quoted(title)}`,
      ),
    }),
  ];
}

/** `milestone` */
export function normalizeMilestone(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const milestone = objectAt(payload, 'milestone');
  const number = numberAt(milestone, 'number');
  const title = textAt(milestone, 'title');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'milestone',
      verb,
      time: timeOf(delivery, milestone, {
        created: 'created_at',
        closed: 'closed_at',
        deleted: undefined,
        other: 'updated_at',
      }),
      subject: number === undefined ? undefined : `milestone/${number}`,
      target: {
        kind: 'milestone',
        id: htmlUrl(milestone, source) ?? `${source}/milestone/${number ?? ''}`,
        ...(title === undefined ? {} : { name: title }),
      },
      related: [relatedPerson('creator', principalOf(objectAt(milestone, 'creator'), host))],
      changes: changesOf(payload, milestone),
      details: {
        state: textAt(milestone, 'state'),
        dueOn: timeAt(milestone, 'due_on'),
        openIssues: numberAt(milestone, 'open_issues'),
        closedIssues: numberAt(milestone, 'closed_issues'),
        description: longTextAt(milestone, 'description'),
      },
      did: `${verb} milestone${quoted(title)}`,
    }),
  ];
}

/** `label`: what labels there are; what is labelled, the issues' events say. */
export function normalizeLabel(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const label = objectAt(payload, 'label');
  const name = textAt(label, 'name');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'label',
      verb,
      subject: `labels/${name ?? ''}`,
      target: {
        kind: 'label',
        id: webUrl(uriAt(label, 'url'), source) ?? `${source}/labels/${name ?? ''}`,
        ...(name === undefined ? {} : { name }),
      },
      changes: changesOf(payload, label),
      inconsequential: true,
      did: `${verb} label${quoted(name)}`,
    }),
  ];
}
