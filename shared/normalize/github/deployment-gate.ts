import type { Actor, Decision, Link, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutMasked } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, timeAt, uriAt } from '../read.ts';
import { principalOf, relatedReviewer } from './actor.ts';
import { hashOf, refOf, refUrl, webUrl } from './address.ts';
import { pullRequestLinks } from './checks.ts';
import { deploymentUrl } from './deployment.ts';
import { draftOf, htmlUrl, linkTo } from './draft.ts';
import type { Delivery } from './draft.ts';
import { verbOf } from './verb.ts';
import { environmentOf, environmentPath, runActor, runDetails, runPersons, runUrl } from './workflow.ts';

/** What is asked for, and decided: this environment for this run. All steps share it, and the attempt is the round. */
function gateRequest(run: string, environment: string | undefined): string {
  return cutMasked(`${run}#${environmentPath(environment ?? '')}`, 'uri');
}

const STEPS = new Map<string, Pick<Decision, 'step' | 'verdict'>>([
  ['requested', { step: 'requested' }],
  ['approved', { step: 'voted', verdict: 'approve' }],
  ['rejected', { step: 'voted', verdict: 'reject' }],
]);

/**
 * `deployment_review`: a run waits for reviewers, and they decide. One answer may hold for several environments: each is
 * a decision of its own, for it opens a gate of its own.
 */
export function normalizeDeploymentReview(delivery: Delivery): readonly RecordDraft[] {
  const gates = gatesOf(delivery.payload);
  const shared = sharedByGates(delivery);
  if (gates.size === 0) return [reviewDraft(delivery, shared, undefined, [], '')];
  return [...gates].map(([environment, jobs]) =>
    reviewDraft(delivery, shared, environment, jobs, gates.size === 1 ? '' : `environment/${environment}`),
  );
}

/** The environments that are waited for, each with its jobs. */
function gatesOf(payload: JsonObject): ReadonlyMap<string, readonly JsonObject[]> {
  const single = objectAt(payload, 'workflow_job_run');
  const jobs = [...objectsAt(payload, 'workflow_job_runs'), ...(single === undefined ? [] : [single])];
  const gates = new Map<string, JsonObject[]>();
  const named = textAt(payload, 'environment');
  if (named !== undefined) gates.set(named, []);
  for (const job of jobs) {
    const environment = textAt(job, 'environment');
    if (environment === undefined) continue;
    const known = gates.get(environment);
    if (known === undefined) gates.set(environment, [job]);
    else known.push(job);
  }
  return gates;
}

// GitHub allows six reviewers an environment. The lists stand in the record of each gate, so they must have an end.
const MOST_LISTED = 64;

interface SharedByGates {
  readonly run: JsonObject | undefined;
  readonly reviewers: number;
  readonly related: readonly (Related | undefined)[];
  readonly links: readonly (Link | undefined)[];
}

/** Read once, however many gates one answer opens. */
function sharedByGates({ payload, source, host }: Delivery): SharedByGates {
  const run = objectAt(payload, 'workflow_run');
  const reviewers = objectsAt(payload, 'reviewers');
  return {
    run,
    reviewers: reviewers.length,
    related: [
      ...reviewers
        .slice(0, MOST_LISTED)
        .map((each) => relatedReviewer('requiredReviewer', objectAt(each, 'reviewer'), host)),
      ...runPersons(run, host),
    ],
    links: [linkTo('commit', hashOf(textAt(run, 'head_sha'))), ...pullRequestLinks(run, source).slice(0, MOST_LISTED)],
  };
}

function reviewDraft(
  delivery: Delivery,
  shared: SharedByGates,
  environment: string | undefined,
  jobs: readonly JsonObject[],
  part: string,
): RecordDraft {
  const { action, payload, source } = delivery;
  const { run } = shared;
  const url = runUrl(run, source) ?? source;
  const id = idAt(run, 'id');
  const requested = action === 'requested';
  const name = textAt(run, 'name');
  return draftOf(delivery, {
    part,
    category: 'decision',
    object: 'deployment_review',
    verb: verbOf(action),
    // `since` is when the gate began to wait: the time of the request, not that of the answer.
    time: requested ? timeAt(payload, 'since') : undefined,
    subject: id === undefined ? undefined : `actions/runs/${id}`,
    outcome: requested ? 'pending' : 'succeeded',
    actor: gateActor(delivery, run),
    target: {
      kind: 'workflowRun',
      id: url,
      ...(name === undefined ? {} : { name }),
      ...(environment === undefined ? {} : { environment }),
    },
    related: [environmentOf(source, environment), ...shared.related, ...jobs.map((job) => jobOf(job, source))],
    details: {
      ...runDetails(run),
      environment,
      requiredReviewers: shared.reviewers,
      jobs: jobs.flatMap((job) => textAt(job, 'name') ?? []).join(', '),
    },
    decision: gateDecision(delivery, run, gateRequest(url, environment), environment),
    clock: { requested: requested ? timeAt(payload, 'since') : undefined, opened: timeAt(payload, 'since') },
    links: [linkTo('build', url), linkTo('request', gateRequest(url, environment)), ...shared.links],
    did: `${requested ? 'requested a review of' : verbOf(action)} the deployment of${name === undefined ? '' : ` "${name}"`} run #${
      numberAt(run, 'run_number') ?? id ?? ''
    } to ${environment ?? 'an environment'}`,
    joint: 'of',
  });
}

function jobOf(job: JsonObject, source: string): Related | undefined {
  const id = htmlUrl(job, source);
  if (id === undefined) return undefined;
  const name = textAt(job, 'name');
  return { part: 'job', kind: 'workflowJob', id, ...(name === undefined ? {} : { name }) };
}

/** Who approved or rejected; who set the run off, where it is a request. */
function gateActor({ action, payload, host, sender }: Delivery, run: JsonObject | undefined): Actor | undefined {
  if (action === 'requested') return principalOf(objectAt(payload, 'requestor'), host) ?? runActor(sender, run, host);
  return principalOf(objectAt(payload, 'approver'), host) ?? sender;
}

function gateDecision(
  delivery: Delivery,
  run: JsonObject | undefined,
  request: string,
  environment: string | undefined,
): Decision | undefined {
  const { action = '', payload } = delivery;
  const step = STEPS.get(action);
  if (step === undefined) return undefined;
  const attempt = numberAt(run, 'run_attempt');
  const reason = longTextAt(payload, 'comment');
  const actor = gateActor(delivery, run);
  const opened = timeAt(payload, 'since');
  const title = textAt(run, 'display_title') ?? textAt(run, 'name');
  return {
    kind: 'deployment',
    request,
    ...(attempt !== undefined && Number.isSafeInteger(attempt) && attempt > 0 ? { round: attempt - 1 } : {}),
    ...step,
    ...(reason === undefined ? {} : { reason }),
    ...(title === undefined ? {} : { title }),
    covers: coversOf(textAt(run, 'head_sha'), environment),
    ...(opened === undefined ? {} : { openedAt: opened }),
    ...(step.step === 'voted' && (actor?.kind === 'service' || actor?.kind === 'ai') ? { automated: true } : {}),
  };
}

function coversOf(sha: string | undefined, environment: string | undefined): NonNullable<Decision['covers']> {
  const commit = hashOf(sha);
  return [
    ...(commit === undefined ? [] : [{ kind: 'commit' as const, id: commit }]),
    ...(environment === undefined ? [] : [{ kind: 'environment' as const, id: environment }]),
  ];
}

/** `deployment_protection_rule`: an app is asked whether a job may deploy. No person decides here. */
export function normalizeProtectionRule(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const deployment = objectAt(payload, 'deployment');
  const environment = textAt(payload, 'environment') ?? textAt(deployment, 'environment');
  const run = runOfCallback(uriAt(payload, 'deployment_callback_url'), source);
  const request = gateRequest(run ?? deploymentUrl(deployment, source) ?? source, environment);
  const sha = textAt(payload, 'sha') ?? textAt(deployment, 'sha');
  const ref = refOf(textAt(payload, 'ref') ?? textAt(deployment, 'ref'));
  return [
    draftOf(delivery, {
      category: 'decision',
      object: 'deployment_protection_rule',
      verb: verbOf(delivery.action),
      subject: `environments/${environment ?? ''}`,
      outcome: 'pending',
      target: {
        kind: 'deployment',
        id: deploymentUrl(deployment, source) ?? run ?? source,
        ...(ref === undefined ? {} : { name: ref.short }),
        ...(environment === undefined ? {} : { environment }),
      },
      related: [
        environmentOf(source, environment),
        relatedReviewer('creator', objectAt(deployment, 'creator'), host),
        ref === undefined ? undefined : { part: 'ref', kind: ref.kind, id: refUrl(source, ref.full), name: ref.short },
      ],
      details: {
        environment,
        trigger: textAt(payload, 'event'),
        sha,
        ref: ref?.full,
        task: textAt(deployment, 'task'),
      },
      decision: {
        kind: 'deployment',
        request,
        step: 'requested',
        covers: coversOf(sha, environment),
        automated: true,
      },
      clock: { opened: timeAt(deployment, 'created_at') },
      links: [
        linkTo('deployment', deploymentUrl(deployment, source)),
        linkTo('build', run),
        linkTo('request', request),
        linkTo('commit', hashOf(sha)),
        ...pullRequestLinks(payload, source),
      ],
      did: `asked a protection rule whether to deploy ${ref?.short ?? 'an unnamed ref'} to ${environment ?? 'an environment'}`,
      joint: 'of',
    }),
  ];
}

/** `…/actions/runs/123/deployment_protection_rule`, where the app answers, names the run; nothing else in the payload does. */
function runOfCallback(url: string | undefined, source: string): string | undefined {
  return /^(https?:\/\/[^/]+\/[^/]+\/[^/]+\/actions\/runs\/\d+)\/deployment_protection_rule/.exec(
    webUrl(url, source) ?? '',
  )?.[1];
}
