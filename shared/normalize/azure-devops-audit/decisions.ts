import type { Actor, Decision, Link, Outcome, Related } from '../../wire/record.ts';
import { cutText } from '../../wire/text.ts';
import { buildLinks, deploymentUrl, pullRequestById, releaseLinks } from '../azure-devops/address.ts';
import { hashOf } from '../github/address.ts';
import { linkTo, quoted } from '../github/draft.ts';
import { at, textAt } from '../read.ts';
import { principalOf, userId } from './actor.ts';
import type { AuditEntry } from './entry.ts';
import { happenedIn } from './entry.ts';
import {
  approval,
  approvalRequest,
  approvalStep,
  branch,
  checkSuite,
  deployment,
  encoded,
  jobOwner,
  release,
  releaseId,
  repositoryUrl,
} from './objects.ts';

/** A gate that was opened, closed or gone around. */
export interface Gate {
  readonly decision: Decision;
  readonly did: string;
  readonly related?: readonly Related[];
  readonly outcome?: Outcome | undefined;
}

/** The decision that an entry tells of; undefined for entries about anything else. */
export function gateOf(entry: AuditEntry, actor: Actor | undefined): Gate | undefined {
  const automated = actor?.kind === 'service' || actor?.kind === 'ai' ? ({ automated: true } as const) : {};
  switch (entry.action.toLowerCase()) {
    case 'git.refupdatepoliciesbypassed':
      return bypass(entry, automated);
    case 'approvalskipped':
      return skipped(entry, automated, actor);
    case 'approverreassigned':
      return reassigned(entry);
    case 'release.approvalcompleted':
    case 'release.approvalscompleted':
      return releaseApproval(entry, automated);
    case 'checksuite.completed':
      return checks(entry);
    default:
      return undefined;
  }
}

type Automated = { readonly automated?: true };

/** `<repository>/pullrequest/<number>` */
function pullRequestUrl(entry: AuditEntry): string | undefined {
  const url = repositoryUrl(entry);
  const number = entry.data.id('PullRequestId');
  return url === undefined || number === undefined
    ? undefined
    : cutText(`${url}/pullrequest/${encoded(number)}`, 'uri');
}

/** The commit that the branch was moved to: for a pull request, that of the merge. */
function commitOf({ data }: AuditEntry): string | undefined {
  return hashOf(data.text('NewObjectId')?.toLowerCase());
}

/** Of a pull request, the commit that was reviewed or should have been: an object, or its hash alone. */
function sourceCommit({ data }: AuditEntry): string | undefined {
  const commit = data.value('LastMergeSourceCommit');
  const text =
    typeof commit === 'string'
      ? commit
      : (textAt(commit, 'commitId') ?? textAt(commit, 'CommitId') ?? textAt(at(commit, 'objectId')));
  return hashOf(text?.toLowerCase());
}

/**
 * Somebody with the right to do so pushed or completed past the branch's policies. No request precedes it: the pull request
 * stands for one where there is one, else the branch and where it was moved to.
 */
function bypass(entry: AuditEntry, automated: Automated): Gate {
  const { data } = entry;
  const commit = commitOf(entry);
  const source = sourceCommit(entry);
  const pullRequest = pullRequestUrl(entry);
  const ref = branch(entry)?.target;
  const pushed = `${ref?.id ?? happenedIn(entry)}#${commit ?? entry.id}`;
  const reason = data.long('BypassReason');
  return {
    decision: {
      kind: 'codeReview',
      request: cutText(pullRequest ?? pushed, 'uri'),
      step: 'voted',
      verdict: 'override',
      ...(reason === undefined ? {} : { reason }),
      covers: [...new Set([source, commit])].flatMap((id) =>
        id === undefined ? [] : [{ kind: 'commit' as const, id }],
      ),
      ...automated,
      bypassed: true,
    },
    did: `bypassed the policies of branch "${ref?.name ?? 'unnamed'}"${pullRequest === undefined ? '' : ` for pull request ${data.id('PullRequestId') ?? ''}`}`,
  };
}

/** An approval of a pipeline's stage that nobody gave, because somebody with the right to do so let the run pass. */
function skipped(entry: AuditEntry, automated: Automated, actor: Actor | undefined): Gate {
  const { data } = entry;
  const reason = data.long('Comment');
  const request = requestOf(entry);
  return {
    decision: {
      kind: 'deployment',
      request,
      step: 'voted',
      verdict: 'override',
      ...(reason === undefined ? {} : { reason }),
      ...automated,
      bypassed: true,
    },
    did: `skipped the approval of ${data.text('AssignedApproverDisplayName') ?? 'an unnamed approver'}`,
    related: people(entry, [
      ['assignedApprover', 'AssignedApproverUserId', 'AssignedApproverDisplayName'],
      ['skippedBy', 'SkippedByUserId', 'SkippedByDisplayName'],
    ]).filter(({ part, id }) => part !== 'skippedBy' || id !== actor?.id),
  };
}

function requestOf(entry: AuditEntry): string {
  return approval(entry)?.target.id ?? cutText(`${happenedIn(entry)}#${entry.id}`, 'uri');
}

/** Who is asked changes; whoever then decides is told by a record of its own. */
function reassigned(entry: AuditEntry): Gate {
  const { data } = entry;
  const reason = data.long('Comment');
  const from = data.id('OldApproverUserId');
  const to = data.id('NewApproverUserId');
  const shown = (name: string) => data.text(name) ?? 'somebody unnamed';
  return {
    decision: {
      kind: 'deployment',
      request: requestOf(entry),
      step: 'delegated',
      ...(reason === undefined ? {} : { reason }),
      ...(from === undefined ? {} : { delegatedBy: userId(from) }),
      ...(to === undefined ? {} : { delegation: { to: userId(to) } }),
    },
    did: `reassigned an approval from ${shown('OldApproverDisplayName')} to ${shown('NewApproverDisplayName')}`,
    related: people(entry, [
      ['formerApprover', 'OldApproverUserId', 'OldApproverDisplayName'],
      ['assignedApprover', 'NewApproverUserId', 'NewApproverDisplayName'],
    ]),
  };
}

function people(entry: AuditEntry, members: readonly (readonly [part: string, id: string, name: string])[]): Related[] {
  return members.flatMap(([part, idMember, nameMember]) => {
    const id = entry.data.id(idMember);
    if (id === undefined) return [];
    const { kind, id: own, name } = principalOf(id, entry.data.text(nameMember));
    return [{ part, kind, id: own, ...(name === undefined ? {} : { name }) }];
  });
}

type Result = Pick<Decision, 'step' | 'verdict' | 'bypassed'>;

const RESULTS: ReadonlyMap<string, Result> = new Map<string, Result>([
  ['approved', { step: 'voted', verdict: 'approve' }],
  ['bypassed', { step: 'voted', verdict: 'override', bypassed: true }],
  ['rejected', { step: 'voted', verdict: 'reject' }],
  ['failed', { step: 'voted', verdict: 'reject' }],
  ['canceled', { step: 'withdrawn' }],
  ['cancelled', { step: 'withdrawn' }],
  ['skipped', { step: 'withdrawn' }],
  ['reassigned', { step: 'delegated' }],
  ['timedout', { step: 'expired' }],
]);

function resultOf(text: string | undefined): Result {
  // A vote without a verdict counts for nothing.
  return RESULTS.get(text?.toLowerCase().replaceAll(/[^a-z]/g, '') ?? '') ?? { step: 'voted' };
}

/** As service hooks call the two, by which their records name the gate. */
function gateType(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return /^pre/i.test(text) ? 'preDeploy' : /^post/i.test(text) ? 'postDeploy' : text;
}

const DID: Readonly<Record<string, string>> = { approve: 'approved', reject: 'rejected', override: 'bypassed' };

/** Before or after the deployment of a release to a stage. Of automated approvals only several at once are logged. */
function releaseApproval(entry: AuditEntry, automated: Automated): Gate {
  const { data } = entry;
  const step = approvalStep(entry);
  const result = data.text('ApprovalResult');
  const stage = data.text('StageName');
  const type = gateType(data.text('ApprovalType'));
  const whole = release(entry)?.target;
  const request =
    whole === undefined || stage === undefined
      ? `${whole?.id ?? happenedIn(entry)}#${entry.id}`
      : `${deploymentUrl(whole.id, stage)}/${encoded(type ?? 'deploy')}`;
  const reason = step.long('ApproverComment', 'Comments', 'Comment');
  const trial = Number(step.id('TrialNumber'));
  const approver = step.id('ApproverId');
  return {
    decision: {
      kind: 'deployment',
      request: cutText(request, 'uri'),
      // Trials are counted from 1.
      ...(Number.isSafeInteger(trial) && trial > 0 ? { round: trial - 1 } : {}),
      ...resultOf(result),
      ...(reason === undefined ? {} : { reason }),
      ...(whole?.name === undefined ? {} : { title: whole.name }),
      ...coveredStage(stage),
      ...automated,
      ...(step.flag('IsAutomated') === true ? { automated: true } : {}),
    },
    did: `${DID[resultOf(result).verdict ?? ''] ?? 'completed the approval of'} the deployment of${quoted(whole?.name)}${stage === undefined ? '' : ` to ${stage}`}`,
    related:
      approver === undefined
        ? []
        : [{ part: 'assignedApprover', kind: 'unknown', id: principalOf(approver, undefined).id }],
  };
}

function coveredStage(stage: string | undefined): Pick<Decision, 'covers'> {
  return stage === undefined ? {} : { covers: [{ kind: 'environment', id: stage }] };
}

/**
 * All checks of a stage together: approvals, branch controls, gates. Azure Pipelines concludes them, whoever was the last to
 * approve; what people decided has records of its own.
 */
function checks(entry: AuditEntry): Gate {
  const { data } = entry;
  const status = data.text('CheckSuiteStatus', 'Status');
  const stage = data.text('StageName');
  const run = data.text('RunName');
  return {
    decision: {
      kind: 'deployment',
      request: checkSuite(entry)?.target.id ?? cutText(`${happenedIn(entry)}#${entry.id}`, 'uri'),
      ...resultOf(status),
      ...coveredStage(stage),
      automated: true,
    },
    did: `completed the checks of ${stage === undefined ? 'a stage' : `stage ${stage}`}${run === undefined ? '' : ` of run ${run}`}${status === undefined ? '' : `, ${status},`}`,
    outcome: status?.toLowerCase() === 'failed' ? 'failed' : undefined,
  };
}

// A stage has a handful of checks.
const MOST_CHECKS = 32;

/** The approvals among the checks of a stage: a check's run has the id of its approval. */
function approvalsChecked({ data }: AuditEntry): (Link | undefined)[] {
  return data
    .objects('CheckRuns')
    .slice(0, MOST_CHECKS)
    .filter((each) => /approval/i.test(each.text('Type') ?? ''))
    .map((each) => {
      const id = each.id('Id');
      return linkTo('request', id === undefined ? undefined : approvalRequest(id));
    });
}

/** What joins the entry with what other sources tell of the same commit, pull request, run or release. */
export function linksOf(entry: AuditEntry, gate: Gate | undefined): Link[] {
  const { place, data, action, fields } = entry;
  const number = data.id('PullRequestId');
  const run = data.id('RunId', 'BuildId') ?? jobOwner(entry);
  const isRelease = /^release\.(?:approval|deployment|release(?!pipeline))/i.test(action);
  const deployed = isRelease ? deployment(entry)?.target : undefined;
  const found = [
    linkTo('pullRequest', pullRequestUrl(entry)),
    linkTo(
      'pullRequest',
      number === undefined ? undefined : pullRequestById(place, place.projectId, data.id('RepoId'), number),
    ),
    linkTo('commit', sourceCommit(entry)),
    linkTo('commit', commitOf(entry)),
    ...buildLinks(place, run),
    linkTo('deployment', deployed?.kind === 'deployment' ? deployed.id : undefined),
    linkTo('release', isRelease ? release(entry)?.target.id : undefined),
    ...releaseLinks(place, isRelease ? releaseId(entry) : undefined),
    linkTo('request', gate?.decision.request),
    ...approvalsChecked(entry),
    linkTo('correlation', fields.id('CorrelationId')),
  ];
  const links = found.filter((each) => each !== undefined);
  return links.filter(
    (each, index) => links.findIndex(({ kind, id }) => kind === each.kind && id === each.id) === index,
  );
}
