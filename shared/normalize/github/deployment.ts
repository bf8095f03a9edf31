import type { Link, Related, Target } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, textAt, timeAt, uriAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { hashOf, refOf, refUrl, webUrl } from './address.ts';
import { outcomeOf } from './conclusion.ts';
import { pullRequestLinks } from './checks.ts';
import { draftOf, htmlUrl, linkTo, throughApp } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { verbOf } from './verb.ts';
import { environmentOf, runActor, runDetails, runPersons, runUrl } from './workflow.ts';

/** `deployment`: somebody asked for it; whether it came to be, `deployment_status` says. */
export function normalizeDeployment(delivery: Delivery): readonly RecordDraft[] {
  const deployment = objectAt(delivery.payload, 'deployment');
  const verb = verbOf(delivery.action, 'created');
  const environment = textAt(deployment, 'environment');
  return [
    draftOf(delivery, {
      ...aboutDeployment(delivery, deployment, environment),
      verb,
      time: verb === 'created' ? timeAt(deployment, 'created_at') : timeAt(deployment, 'updated_at'),
      outcome: 'pending',
      origin: throughApp(deployment),
      details: deploymentDetails(delivery, deployment),
      clock: { requested: timeAt(deployment, 'created_at') },
      did: `${verb} a deployment of ${textAt(deployment, 'ref') ?? 'an unnamed ref'} to ${environment ?? 'no environment'}`,
      joint: 'of',
    }),
  ];
}

const STATE_VERBS = new Map([
  ['success', 'succeeded'],
  ['failure', 'failed'],
  ['error', 'failed'],
  ['inactive', 'deactivated'],
  ['in_progress', 'started'],
  ['queued', 'queued'],
  ['waiting', 'held'],
  ['pending', 'announced'],
]);

/** `deployment_status`: the deployment reached a state. */
export function normalizeDeploymentStatus(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const deployment = objectAt(payload, 'deployment');
  const status = objectAt(payload, 'deployment_status');
  const state = textAt(status, 'state')?.toLowerCase();
  const environment = textAt(status, 'environment') ?? textAt(deployment, 'environment');
  const about = aboutDeployment(delivery, deployment, environment);
  const at = timeAt(status, 'created_at') ?? timeAt(status, 'updated_at');
  const over = ['success', 'failure', 'error'].includes(state ?? '');
  return [
    draftOf(delivery, {
      ...about,
      verb: STATE_VERBS.get(state ?? '') ?? verbOf(state),
      time: at,
      outcome: outcomeOf(state),
      origin: throughApp(status) ?? throughApp(deployment),
      related: [...about.related, relatedPerson('reporter', principalOf(objectAt(status, 'creator'), host))],
      details: {
        ...deploymentDetails(delivery, deployment),
        environment,
        state,
        statusId: idAt(status, 'id'),
        description: longTextAt(status, 'description'),
        environmentUrl: uriAt(status, 'environment_url'),
        logUrl: uriAt(status, 'log_url') ?? uriAt(status, 'target_url'),
      },
      clock: {
        requested: timeAt(deployment, 'created_at'),
        effective: state === 'success' ? at : undefined,
        ended: over ? at : undefined,
      },
      links: [
        ...about.links,
        ...pullRequestLinks(objectAt(payload, 'check_run'), source),
        ...pullRequestLinks(objectAt(payload, 'workflow_run'), source),
      ],
      did: `set the deployment of ${textAt(deployment, 'ref') ?? 'an unnamed ref'} to ${environment ?? 'no environment'} to "${state ?? 'no state'}"`,
    }),
  ];
}

function aboutDeployment(
  delivery: Delivery,
  deployment: JsonObject | undefined,
  environment: string | undefined,
): Pick<Facts, 'category' | 'object' | 'subject' | 'actor' | 'target'> & {
  readonly related: (Related | undefined)[];
  readonly links: (Link | undefined)[];
} {
  const { payload, source, host, sender } = delivery;
  const id = idAt(deployment, 'id');
  const run = objectAt(payload, 'workflow_run');
  const name = textAt(deployment, 'ref');
  // A deployment's ref may be a branch, a tag or a hash; which, only a run of that branch tells.
  const ref = refOf(name, name !== undefined && name === textAt(run, 'head_branch') ? 'branch' : 'ref');
  const url = deploymentUrl(deployment, source);
  return {
    category: 'deployment',
    object: 'deployment',
    ...(id === undefined ? {} : { subject: `deployments/${id}` }),
    actor: runActor(sender, run, host),
    target: deploymentTarget(url ?? source, ref?.short, environment),
    related: [
      environmentOf(source, environment),
      relatedPerson('creator', principalOf(objectAt(deployment, 'creator'), host)),
      ...runPersons(run, host),
      ref === undefined || hashOf(ref.full) !== undefined
        ? undefined
        : { part: 'ref', kind: ref.kind, id: refUrl(source, ref.full), name: ref.short },
    ],
    links: [
      linkTo('deployment', url),
      linkTo('commit', hashOf(textAt(deployment, 'sha'))),
      linkTo('build', runUrl(run, source)),
    ],
  };
}

/** The id under which all records of a deployment meet. */
export function deploymentUrl(deployment: JsonObject | undefined, source: string): string | undefined {
  const id = idAt(deployment, 'id');
  return webUrl(uriAt(deployment, 'url'), source) ?? (id === undefined ? undefined : `${source}/deployments/${id}`);
}

function deploymentTarget(id: string, name: string | undefined, environment: string | undefined): Target {
  return {
    kind: 'deployment',
    id,
    ...(name === undefined ? {} : { name }),
    ...(environment === undefined ? {} : { environment }),
  };
}

function deploymentDetails({ payload }: Delivery, deployment: JsonObject | undefined): NonNullable<Facts['details']> {
  const run = objectAt(payload, 'workflow_run');
  return {
    ...(run === undefined ? {} : runDetails(run)),
    environment: textAt(deployment, 'environment'),
    originalEnvironment: textAt(deployment, 'original_environment'),
    productionEnvironment: booleanAt(deployment, 'production_environment'),
    transientEnvironment: booleanAt(deployment, 'transient_environment'),
    ref: textAt(deployment, 'ref'),
    sha: textAt(deployment, 'sha'),
    task: textAt(deployment, 'task'),
    deploymentDescription: longTextAt(deployment, 'description'),
  };
}

const PAGE_VERBS = new Map([
  ['built', 'built'],
  ['building', 'started'],
  ['queued', 'queued'],
  ['errored', 'failed'],
]);

/** `page_build`: GitHub Pages built a site. */
export function normalizePageBuild(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const build = objectAt(payload, 'build');
  const status = textAt(build, 'status');
  const id = idAt(payload, 'id') ?? '';
  const commit = textAt(build, 'commit');
  const verb = PAGE_VERBS.get(status ?? '') ?? verbOf(status);
  return [
    draftOf(delivery, {
      category: 'deployment',
      object: 'page',
      verb,
      time: timeAt(build, 'updated_at') ?? timeAt(build, 'created_at'),
      subject: `pages/builds/${id}`,
      outcome: outcomeOf(status),
      target: {
        kind: 'pageBuild',
        id: webUrl(uriAt(build, 'url'), source) ?? htmlUrl(build, source) ?? `${source}/pages/builds/${id}`,
      },
      related: [relatedPerson('pusher', principalOf(objectAt(build, 'pusher'), host))],
      details: { status, error: longTextAt(build, 'error', 'message'), commit, duration: numberAt(build, 'duration') },
      links: [linkTo('commit', hashOf(commit))],
      inconsequential: true,
      did: `${verb} the GitHub Pages site`,
    }),
  ];
}
