import type { Actor, Decision, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutText } from '../../wire/text.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { linkTo, quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, objectsAt, textAt } from '../read.ts';
import { buildLinks, deploymentUrl, messageAddresses, projectPage, releaseLinks } from './address.ts';
import { runActor, runFacts } from './build.ts';
import { draftOf, joined, momentAt } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { isGroup, personOf, PIPELINES, relatedPerson, UNKNOWN } from './identity.ts';
import {
  artifactLinks,
  definitionOf,
  deployerOf,
  environmentOf,
  releaseCovers,
  releaseOf,
  releaseRelated,
} from './release.ts';

/** What became of an approval or of one approver's part in it. */
interface Step {
  readonly verb: string;
  readonly step: Decision['step'];
  readonly verdict?: NonNullable<Decision['verdict']>;
  readonly bypassed?: true;
  readonly did: string;
}

const REQUESTED: Step = { verb: 'requested', step: 'requested', did: 'asked for approval of' };
const STEPS = new Map<string, Step>([
  ['pending', REQUESTED],
  ['uninitiated', REQUESTED],
  ['queued', REQUESTED],
  ['approved', { verb: 'approved', step: 'voted', verdict: 'approve', did: 'approved' }],
  ['rejected', { verb: 'rejected', step: 'voted', verdict: 'reject', did: 'rejected' }],
  [
    'bypassed',
    { verb: 'overridden', step: 'voted', verdict: 'override', bypassed: true, did: 'bypassed the approval of' },
  ],
  ['canceled', { verb: 'withdrawn', step: 'withdrawn', did: 'canceled the approval of' }],
  ['skipped', { verb: 'withdrawn', step: 'withdrawn', did: 'skipped the approval of' }],
  ['timedout', { verb: 'expired', step: 'expired', did: 'let the approval time out of' }],
  ['reassigned', { verb: 'delegated', step: 'delegated', did: 'reassigned the approval of' }],
  ['deferred', { verb: 'approved', step: 'voted', verdict: 'approve', did: 'approved for later' }],
]);

function stepOf(status: string | undefined, completed: boolean): Step {
  const known = STEPS.get(status?.toLowerCase().replace(/[^a-z]/g, '') ?? '');
  if (known !== undefined) return known;
  // Over, and nobody says how: no verdict.
  return completed ? { verb: 'completed', step: 'voted', did: 'completed the approval of' } : REQUESTED;
}

/** Reassigned, deferred: what approvers' events have in common as a decision. */
function decisionFrom(
  known: Step,
  request: string,
  more: Omit<Decision, 'request' | 'step' | 'kind' | 'verdict' | 'bypassed'>,
): Decision {
  const { step, verdict, bypassed } = known;
  return {
    kind: 'deployment',
    request: cutText(request, 'uri'),
    ...more,
    step,
    ...(verdict === undefined ? {} : { verdict }),
    ...(bypassed === undefined ? {} : { bypassed }),
  };
}

/**
 * `ms.vss-release.deployment-approval-pending-event`, `…-completed-event`: the gate of a stage of a classic release, before or
 * after its deployment. Each approver has an approval; they share the request, which is the gate.
 */
export function normalizeReleaseApproval(completed: boolean): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const approval = objectAt(resource, 'approval');
    const release = releaseOf(delivery);
    const stage = objectAt(approval, 'releaseEnvironment') ?? objectAt(resource, 'environment');
    const environment = textAt(stage, 'name');
    const type = textAt(approval, 'approvalType') ?? 'deploy';
    const known = stepOf(textAt(approval, 'status'), completed);
    const url =
      release.url === undefined ? undefined : deploymentUrl(release.url, environment ?? idAt(stage, 'id') ?? '');
    const request =
      url === undefined
        ? `azure-devops:release-approval/${encodeURIComponent(idAt(approval, 'id') ?? '')}`
        : `${url}/${encodeURIComponent(type.toWellFormed())}`;
    const who = releaseDecider(delivery, approval, known, environment);
    const attempt = [numberAt(approval, 'attempt'), numberAt(approval, 'trialNumber')].find(isAttempt);
    const at = completed ? momentAt(approval, 'modifiedOn') : momentAt(approval, 'createdOn');
    const opened = momentAt(approval, 'createdOn');
    const reason = longTextAt(approval, 'comments');
    const snapshot = approvalOptions(release.thing, environment, type);
    return [
      draftOf(delivery, {
        category: 'decision',
        object: 'deployment_approval',
        verb: known.verb,
        time: at,
        subject: release.id === undefined ? undefined : `releases/${release.id}/environments/${environment ?? ''}`,
        actor: who.actor,
        outcome: known.step === 'requested' ? 'pending' : 'succeeded',
        target:
          url === undefined
            ? undefined
            : {
                kind: 'deployment',
                id: url,
                ...(release.name === undefined ? {} : { name: release.name }),
                ...(environment === undefined ? {} : { environment }),
              },
        related: [
          relatedPerson('assignedApprover', objectAt(approval, 'approver')),
          relatedPerson('releaseCreator', objectAt(release.thing, 'createdBy')),
          environmentOf(place, environment),
          releaseRelated(release),
          definitionOf(delivery, release),
        ],
        details: {
          approval: idAt(approval, 'id'),
          approvalType: type,
          status: textAt(approval, 'status'),
          environment,
          rank: numberAt(approval, 'rank'),
          attempt,
          isAutomated: booleanAt(approval, 'isAutomated'),
          requiredApproverCount: numberAt(snapshot, 'requiredApproverCount'),
          releaseCreatorCanBeApprover: booleanAt(snapshot, 'releaseCreatorCanBeApprover'),
        },
        decision: decisionFrom(known, request, {
          ...(attempt === undefined ? {} : { round: attempt - 1 }),
          ...(reason === undefined || known.step === 'requested' ? {} : { reason }),
          ...(release.name === undefined ? {} : { title: release.name }),
          covers: releaseCovers(release, environment),
          ...(opened === undefined ? {} : { openedAt: opened }),
          ...(who.delegatedBy === undefined ? {} : { delegatedBy: who.delegatedBy }),
          ...(who.automated ? { automated: true } : {}),
        }),
        clock: gateClock(known, opened, at),
        links: [
          linkTo('request', request),
          linkTo('deployment', url),
          ...releaseLinks(place, release.id),
          ...artifactLinks(release, place),
        ],
        did: `${known.did} the deployment of${quoted(release.name)} to ${environment ?? 'an environment'}${joined(
          'in',
          place.projectName,
        )}`,
      }),
    ];
  };
}

function isAttempt(number: number | undefined): number is number {
  return number !== undefined && Number.isSafeInteger(number) && number > 0;
}

function gateClock(known: Step, opened: Timestamp | undefined, at: Timestamp | undefined): NonNullable<Facts['clock']> {
  return {
    requested: known.step === 'requested' ? at : undefined,
    opened,
    decided: known.step === 'voted' ? at : undefined,
  };
}

interface Decider {
  readonly actor: Actor;
  readonly delegatedBy?: string | undefined;
  readonly automated: boolean;
}

/**
 * `approver` was asked, `approvedBy` decided: they differ where somebody decides in another's place. An automated approval is
 * nobody's, whomever it names. Where nobody is named, nobody is taken for the decider.
 */
function releaseDecider(
  delivery: Delivery,
  approval: JsonObject | undefined,
  known: Step,
  environment: string | undefined,
): Decider {
  const { resource } = delivery;
  const automated = booleanAt(approval, 'isAutomated') === true;
  if (known.step === 'requested') {
    const stage = objectsAt(resource, 'release', 'environments').find((each) => textAt(each, 'name') === environment);
    const deployer = deployerOf(objectAt(resource, 'deployment'), stage ?? objectAt(resource, 'environment'));
    return { actor: deployer ?? UNKNOWN, automated };
  }
  if (automated) return { actor: PIPELINES, automated: true };
  const decider = personOf(objectAt(approval, 'approvedBy'));
  if (decider === undefined) return { actor: UNKNOWN, automated: false };
  const asked = objectAt(approval, 'approver');
  const approver = personOf(asked);
  // The members of a group decide in their own name.
  const delegated = approver !== undefined && approver.id !== decider.id && !isGroup(asked);
  return {
    actor: decider,
    ...(delegated ? { delegatedBy: approver.id } : {}),
    automated: decider.kind === 'service' || decider.kind === 'ai',
  };
}

/** What the stage demands, as it was when the release was made. `requiredApproverCount` 0 means all of them, not none. */
function approvalOptions(
  release: JsonObject | undefined,
  environment: string | undefined,
  type: string,
): JsonObject | undefined {
  const stage = objectsAt(release, 'environments').find((each) => textAt(each, 'name') === environment);
  const snapshot = type.toLowerCase() === 'postdeploy' ? 'postApprovalsSnapshot' : 'preApprovalsSnapshot';
  return objectAt(stage, snapshot, 'approvalOptions');
}

// Azure Pipelines lists its approvers one by one; the lists stand in the record of each vote.
const MOST_LISTED = 64;

/**
 * `ms.vss-pipelinechecks-events.approval-pending`, `…-completed`: the approval that a stage of a pipeline waits for. Its id is
 * the request. Several may vote on it, each in a step, and each vote is a record.
 */
export function normalizePipelineApproval(completed: boolean): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const approval = objectAt(delivery.resource, 'approval');
    const steps = objectsAt(approval, 'steps').slice(0, MOST_LISTED);
    const votes = completed ? steps.filter((step) => stepOf(textAt(step, 'status'), false).step === 'voted') : [];
    if (votes.length === 0) return [approvalDraft(delivery, completed, undefined, '')];
    return votes.map((vote) =>
      approvalDraft(delivery, completed, vote, votes.length === 1 ? '' : `step/${stepKey(vote)}`),
    );
  };
}

function stepKey(step: JsonObject): string {
  return idAt(step, 'assignedApprover', 'id') ?? idAt(step, 'order') ?? idAt(step, 'actualApprover', 'id') ?? '';
}

function approvalDraft(
  delivery: Delivery,
  completed: boolean,
  vote: JsonObject | undefined,
  part: string,
): RecordDraft {
  const { resource, place } = delivery;
  const approval = objectAt(resource, 'approval');
  const run = objectAt(resource, 'run');
  const pipeline = objectAt(resource, 'pipeline') ?? objectAt(approval, 'pipeline');
  const facts = runFacts(delivery, run, pipeline, objectAt(approval, 'pipeline', 'owner'), resource);
  const known = stepOf(textAt(vote, 'status') ?? textAt(approval, 'status'), completed);
  const environment = environmentName(delivery);
  const id = textAt(approval, 'id') ?? textAt(resource, 'approvalId');
  const request = `azure-devops:approval/${encodeURIComponent((id ?? '').toWellFormed())}`;
  const opened = momentAt(vote, 'initiatedOn') ?? momentAt(approval, 'createdOn');
  const at = completed
    ? (momentAt(vote, 'lastModifiedOn') ?? momentAt(approval, 'lastModifiedOn'))
    : momentAt(approval, 'createdOn');
  const title = textAt(run, 'name') ?? textAt(approval, 'pipeline', 'owner', 'name');
  const name = textAt(pipeline, 'name');
  const reason = longTextAt(vote, 'comment');
  const actor = known.step === 'requested' ? (runActor(resource, run) ?? UNKNOWN) : voterOf(vote);
  const steps = objectsAt(approval, 'steps').slice(0, MOST_LISTED);
  return draftOf(delivery, {
    part,
    category: 'decision',
    object: 'deployment_approval',
    verb: known.verb,
    time: at,
    subject: id === undefined ? undefined : `approvals/${id}`,
    actor,
    outcome: known.step === 'requested' ? 'pending' : 'succeeded',
    target: approvalTarget(facts.target, request, environment),
    related: [
      ...(vote === undefined ? steps : [vote]).map((step) =>
        relatedPerson('assignedApprover', objectAt(step, 'assignedApprover')),
      ),
      ...objectsAt(approval, 'blockedApprovers')
        .slice(0, MOST_LISTED)
        .map((each) => relatedPerson('blockedApprover', each)),
      checkedResource(delivery, environment),
      ...facts.related,
    ],
    details: {
      approval: id,
      status: textAt(vote, 'status') ?? textAt(approval, 'status'),
      approvalStatus: vote === undefined ? undefined : textAt(approval, 'status'),
      environment,
      stage: textAt(resource, 'stageName') ?? textAt(resource, 'stage', 'name'),
      pipeline: name,
      run: title,
      attempt: [numberAt(resource, 'attemptId')].find(isAttempt),
      minRequiredApprovers: numberAt(approval, 'minRequiredApprovers'),
      executionOrder: textAt(approval, 'executionOrder'),
      instructions: longTextAt(approval, 'instructions'),
    },
    decision:
      id === undefined
        ? undefined
        : decisionFrom(known, request, {
            ...(reason === undefined || known.step === 'requested' ? {} : { reason }),
            ...(title === undefined ? {} : { title }),
            ...(environment === undefined ? {} : { covers: [{ kind: 'environment', id: environment }] }),
            ...(opened === undefined ? {} : { openedAt: opened }),
            ...(known.step === 'voted' && (actor.kind === 'service' || actor.kind === 'ai') ? { automated: true } : {}),
          }),
    clock: gateClock(known, opened, at),
    links: [linkTo('request', id === undefined ? undefined : request), ...buildLinks(place, facts.id)],
    did: `${known.did} run ${title ?? facts.id ?? ''}${quoted(name)} to ${environment ?? 'an environment'}${joined('in', place.projectName)}`,
  });
}

/** `assignedApprover` is who was asked. Who answered is `actualApprover`, and nobody known where that is missing. */
function voterOf(vote: JsonObject | undefined): Actor {
  return personOf(objectAt(vote, 'actualApprover')) ?? UNKNOWN;
}

function approvalTarget(run: Facts['target'], request: string, environment: string | undefined): Facts['target'] {
  const target = run ?? { kind: 'approval', id: request };
  return environment === undefined ? target : { ...target, environment };
}

/** The resource that is protected, where it is an environment; the message names it where the details are left out. */
function environmentName({ resource, message }: Delivery): string | undefined {
  const protectedResource = objectAt(resource, 'resource');
  const type = textAt(protectedResource, 'resourceType') ?? textAt(protectedResource, 'type');
  if (type === undefined || type.toLowerCase() === 'environment') {
    const name = textAt(protectedResource, 'name') ?? textAt(resource, 'environment', 'name');
    if (name !== undefined) return name;
  }
  if (protectedResource !== undefined) return undefined;
  return / to environment (.{1,256}?)\.?$/.exec(message ?? '')?.[1];
}

function checkedResource(delivery: Delivery, environment: string | undefined): Related | undefined {
  const { resource, place, payload } = delivery;
  const thing = objectAt(resource, 'resource');
  const type = textAt(thing, 'resourceType') ?? textAt(thing, 'type') ?? 'environment';
  const id =
    idAt(thing, 'id') ??
    messageAddresses(payload)
      .map(environmentNumber)
      .find((found) => found !== undefined);
  const name = textAt(thing, 'name') ?? environment;
  if (id === undefined) return environmentOf(place, environment);
  const isEnvironment = type.toLowerCase() === 'environment';
  return {
    part: isEnvironment ? 'environment' : 'resource',
    kind: type,
    id: `${projectPage(place)}/${isEnvironment ? '_environments' : `_resources/${encodeURIComponent(type.toWellFormed())}`}/${encodeURIComponent(id.toWellFormed())}`,
    ...(name === undefined ? {} : { name }),
    ...(environment === undefined ? {} : { environment }),
  };
}

function environmentNumber(url: string): string | undefined {
  return /\/_environments\/(\d{1,12})(?:[/?#]|$)/.exec(url)?.[1];
}

/** `manualintervention.pending` and the manual validation of pipelines: a run waits until a person lets it go on. */
export function normalizeManualIntervention(completed: boolean): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const thing = objectAt(resource, 'manualIntervention') ?? objectAt(resource, 'manualValidation') ?? resource;
    const id = idAt(thing, 'id');
    const release = releaseOf(delivery);
    const environment =
      textAt(thing, 'releaseEnvironment', 'name') ?? textAt(resource, 'approval', 'releaseEnvironment', 'name');
    const request = `azure-devops:manual-intervention/${encodeURIComponent((id ?? '').toWellFormed())}`;
    const known = stepOf(textAt(thing, 'status'), completed);
    const url =
      release.url === undefined || environment === undefined ? undefined : deploymentUrl(release.url, environment);
    const at = completed ? momentAt(thing, 'modifiedOn') : momentAt(thing, 'createdOn');
    const name = textAt(thing, 'name');
    // `approver` is who should answer, as in the other gates.
    const decider = personOf(objectAt(thing, 'approvedBy')) ?? personOf(objectAt(thing, 'actualApprover'));
    const actor = known.step === 'requested' ? UNKNOWN : (decider ?? UNKNOWN);
    const comment = longTextAt(thing, 'comments');
    return [
      draftOf(delivery, {
        category: 'decision',
        object: 'manual_intervention',
        verb: known.verb,
        time: at,
        subject: id === undefined ? undefined : `manualinterventions/${id}`,
        actor,
        outcome: known.step === 'requested' ? 'pending' : 'succeeded',
        target: {
          kind: 'manualIntervention',
          id: request,
          ...(name === undefined ? {} : { name }),
          ...(environment === undefined ? {} : { environment }),
        },
        related: [
          relatedPerson('assignedApprover', objectAt(thing, 'approver')),
          environmentOf(place, environment),
          releaseRelated(release),
        ],
        details: {
          name,
          status: textAt(thing, 'status'),
          environment,
          instructions: longTextAt(thing, 'instructions'),
        },
        decision:
          id === undefined
            ? undefined
            : decisionFrom(known, request, {
                ...(comment === undefined || known.step === 'requested' ? {} : { reason: comment }),
                ...(name === undefined ? {} : { title: name }),
                covers: releaseCovers(release, environment),
                ...(known.step === 'voted' && actor.kind === 'service' ? { automated: true } : {}),
              }),
        clock: gateClock(known, momentAt(thing, 'createdOn'), at),
        links: [
          linkTo('request', id === undefined ? undefined : request),
          linkTo('deployment', url),
          ...releaseLinks(place, release.id),
        ],
        did: `${known.step === 'requested' ? 'asked for' : known.verb} manual intervention${quoted(name)}${joined('in', place.projectName)}`,
      }),
    ];
  };
}
