import type { Actor, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { isSecretField, MASK, maskCredentials } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idAt, numberAt, objectAt, objectsAt, textAt, textsAt, timeAt, uriAt } from '../read.ts';
import { actingFor, gitPerson, principalOf, relatedPerson } from './actor.ts';
import { hashOf, refOf, refUrl, webUrl } from './address.ts';
import { textOf } from './changes.ts';
import { pullRequestLinks } from './checks.ts';
import { outcomeOf } from './conclusion.ts';
import { draftOf, htmlUrl, linkTo, quoted } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/** The page of a workflow run: the id under which all records of the run meet. */
export function runUrl(run: JsonObject | undefined, source: string): string | undefined {
  const id = idAt(run, 'id');
  return (
    htmlUrl(run, source) ??
    webUrl(uriAt(run, 'url'), source) ??
    (id === undefined ? undefined : `${source}/actions/runs/${id}`)
  );
}

/** Who set the run off, and whose event first did: they differ where somebody else ran it again. */
export function runPersons(run: JsonObject | undefined, host: string): (Related | undefined)[] {
  return [
    relatedPerson('triggeredBy', principalOf(objectAt(run, 'triggering_actor'), host)),
    relatedPerson('initiator', principalOf(objectAt(run, 'actor'), host)),
  ];
}

/** A workflow's own account acts for the person who set the run off. */
export function runActor(account: Actor | undefined, run: JsonObject | undefined, host: string): Actor | undefined {
  const behind = principalOf(objectAt(run, 'triggering_actor'), host) ?? principalOf(objectAt(run, 'actor'), host);
  return account === undefined ? behind : actingFor(account, behind?.kind === 'human' ? behind : undefined);
}

/** The facts of a run that a deployment or a review tells, too. */
export function runDetails(run: JsonObject | undefined): NonNullable<Facts['details']> {
  return {
    workflow: textAt(run, 'name'),
    workflowPath: textAt(run, 'path'),
    runNumber: numberAt(run, 'run_number'),
    runAttempt: numberAt(run, 'run_attempt'),
    runEvent: textAt(run, 'event'),
    headSha: textAt(run, 'head_sha'),
    headBranch: textAt(run, 'head_branch'),
  };
}

/** `workflow_run` */
export function normalizeWorkflowRun(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host, sender } = delivery;
  const run = objectAt(payload, 'workflow_run');
  const id = idAt(run, 'id');
  const name = textAt(payload, 'workflow', 'name') ?? textAt(run, 'name');
  const conclusion = textAt(run, 'conclusion');
  const verb = verbOf(action);
  const branch = refOf(textAt(run, 'head_branch'), 'branch');
  const number = numberAt(run, 'run_number');
  return [
    draftOf(delivery, {
      category: 'deployment',
      object: 'workflow_run',
      verb,
      time:
        action === 'requested'
          ? (timeAt(run, 'run_started_at') ?? timeAt(run, 'created_at'))
          : timeAt(run, 'updated_at'),
      subject: id === undefined ? undefined : `actions/runs/${id}`,
      outcome: action === 'completed' ? outcomeOf(conclusion) : 'pending',
      actor: runActor(sender, run, host),
      target: { kind: 'workflowRun', id: runUrl(run, source) ?? source, ...(name === undefined ? {} : { name }) },
      related: [
        ...runPersons(run, host),
        workflowOf(objectAt(payload, 'workflow'), source),
        branch === undefined
          ? undefined
          : { part: 'head', kind: branch.kind, id: refUrl(source, branch.full), name: branch.short },
        relatedPerson('headAuthor', gitPerson(objectAt(run, 'head_commit', 'author'), host, sender)),
      ],
      details: {
        ...runDetails(run),
        workflow: name,
        workflowPath: textAt(run, 'path') ?? textAt(payload, 'workflow', 'path'),
        displayTitle: textAt(run, 'display_title'),
        status: textAt(run, 'status'),
        conclusion,
        headRepository: textAt(run, 'head_repository', 'full_name'),
        referencedWorkflows: objectsAt(run, 'referenced_workflows')
          .flatMap((each) => textAt(each, 'path') ?? [])
          .join(', '),
      },
      clock: {
        requested: timeAt(run, 'created_at'),
        started: timeAt(run, 'run_started_at'),
        ended: action === 'completed' ? timeAt(run, 'updated_at') : undefined,
      },
      links: [
        linkTo('build', runUrl(run, source)),
        linkTo('commit', hashOf(textAt(run, 'head_sha'))),
        ...pullRequestLinks(run, source),
      ],
      did: `${saidOf(verb, `workflow${quoted(name)}${number === undefined ? '' : ` run #${number}`}`)}${
        action === 'completed' ? ` (${conclusion ?? 'no conclusion'})` : ''
      }`,
    }),
  ];
}

function workflowOf(workflow: JsonObject | undefined, source: string): Related | undefined {
  const path = textAt(workflow, 'path');
  const id = htmlUrl(workflow, source) ?? (path === undefined ? undefined : `${source}/actions/${path}`);
  return id === undefined
    ? undefined
    : { part: 'workflow', kind: 'workflow', id, name: textAt(workflow, 'name') ?? path ?? id };
}

/**
 * `workflow_job`. A job that a gate holds back is first `queued` with status `waiting`, then `waiting`, and `queued` again
 * once it may run: `status` tells the two apart. `deployment` is there where the job has an environment.
 */
export function normalizeWorkflowJob(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host, sender } = delivery;
  const job = objectAt(payload, 'workflow_job');
  const deployment = objectAt(payload, 'deployment');
  const id = idAt(job, 'id') ?? '';
  const run = idAt(job, 'run_id');
  const name = textAt(job, 'name');
  const conclusion = textAt(job, 'conclusion');
  const environment = textAt(deployment, 'environment');
  const verb = verbOf(action);
  const started = timeAt(job, 'started_at');
  const ended = timeAt(job, 'completed_at');
  const created = timeAt(job, 'created_at') ?? started;
  const creator = principalOf(objectAt(deployment, 'creator'), host);
  return [
    draftOf(delivery, {
      category: 'deployment',
      object: 'workflow_job',
      verb,
      time: action === 'completed' ? ended : action === 'in_progress' ? started : created,
      subject: `actions/jobs/${id}`,
      outcome: action === 'completed' ? outcomeOf(conclusion) : 'pending',
      actor: actingFor(sender, creator?.kind === 'human' ? creator : undefined),
      target: {
        kind: 'workflowJob',
        id: htmlUrl(job, source) ?? `${source}/actions/jobs/${id}`,
        ...(name === undefined ? {} : { name }),
        ...(environment === undefined ? {} : { environment }),
      },
      related: [
        run === undefined ? undefined : { part: 'run', kind: 'workflowRun', id: `${source}/actions/runs/${run}` },
        runnerOf(job, host),
        relatedPerson('deploymentCreator', creator),
        environmentOf(source, environment),
      ],
      details: {
        job: name,
        workflow: textAt(job, 'workflow_name'),
        status: textAt(job, 'status'),
        conclusion,
        runAttempt: numberAt(job, 'run_attempt'),
        headSha: textAt(job, 'head_sha'),
        headBranch: textAt(job, 'head_branch'),
        labels: textsAt(job, 'labels').join(', '),
        runner: textAt(job, 'runner_name'),
        runnerId: numberAt(job, 'runner_id'),
        runnerGroup: textAt(job, 'runner_group_name'),
        steps: objectsAt(job, 'steps').length,
        failedSteps: objectsAt(job, 'steps')
          .filter((step) => textAt(step, 'conclusion') === 'failure')
          .flatMap((step) => textAt(step, 'name') ?? [])
          .join(', '),
        environment,
      },
      clock: {
        requested: timeAt(job, 'created_at'),
        started: action === 'in_progress' || action === 'completed' ? started : undefined,
        ended: action === 'completed' ? ended : undefined,
      },
      links: [
        linkTo('build', run === undefined ? undefined : `${source}/actions/runs/${run}`),
        linkTo('commit', hashOf(textAt(job, 'head_sha'))),
        linkTo('deployment', webUrl(uriAt(deployment, 'url'), source)),
      ],
      did: `${saidOf(verb, `job${quoted(name)}`)}${conclusion === undefined ? '' : ` (${conclusion})`}${
        environment === undefined ? '' : ` for environment ${environment}`
      }`,
    }),
  ];
}

function runnerOf(job: JsonObject | undefined, host: string): Related | undefined {
  const name = textAt(job, 'runner_name');
  const id = numberAt(job, 'runner_id');
  return name === undefined || id === undefined
    ? undefined
    : { part: 'runner', kind: 'runner', id: `${host}:runner/${id}`, name };
}

/** Masked before it is encoded, as in `refUrl`. */
export function environmentPath(environment: string): string {
  return encodeURIComponent(maskCredentials(environment));
}

/** An environment belongs to a repository; its own page needs an id that no payload has. */
export function environmentOf(source: string, environment: string | undefined): Related | undefined {
  return environment === undefined
    ? undefined
    : {
        part: 'environment',
        kind: 'environment',
        id: `${source}/environments/${environmentPath(environment)}`,
        name: environment,
        environment,
      };
}

/** `workflow_dispatch`, `repository_dispatch`: somebody set workflows off by hand or from outside. */
export function normalizeDispatch(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source } = delivery;
  const workflow = textAt(payload, 'workflow');
  const ref = refOf(textAt(payload, 'ref') ?? textAt(payload, 'branch'), 'branch');
  const inputs = objectAt(payload, event === 'workflow_dispatch' ? 'inputs' : 'client_payload');
  const what = workflow ?? delivery.action;
  return [
    draftOf(delivery, {
      category: 'deployment',
      object: event,
      verb: 'requested',
      subject: workflow ?? `dispatches/${delivery.action ?? ''}`,
      outcome: 'pending',
      target:
        workflow === undefined
          ? { kind: 'repository', id: source, name: textAt(payload, 'repository', 'full_name') ?? source }
          : { kind: 'workflow', id: `${source}/actions/${workflow}`, name: workflow },
      related: [
        ref === undefined ? undefined : { part: 'ref', kind: ref.kind, id: refUrl(source, ref.full), name: ref.short },
      ],
      details: {
        workflow,
        eventType: event === 'repository_dispatch' ? delivery.action : undefined,
        ref: ref?.full,
        inputs: inputsText(inputs),
      },
      did: `dispatched${quoted(what)} on ${ref?.short ?? 'the default branch'}`,
      joint: 'of',
    }),
  ];
}

/** Inputs are whatever the caller sent: those that are named like secrets are told by name alone. */
function inputsText(inputs: JsonObject | undefined): string {
  return Object.entries(inputs ?? {})
    .map(([name, value]) => `${name}=${isSecretField(name) ? MASK : (textOf(value) ?? '')}`)
    .join('\n');
}
