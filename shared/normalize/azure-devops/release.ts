import type { Actor, Decision, Link, Related, Target } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { hashOf } from '../github/address.ts';
import { linkTo, quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, uriAt } from '../read.ts';
import { buildUrl, deploymentUrl, parameterOf, projectPage, releaseLinks, releaseUrl } from './address.ts';
import type { Place } from './address.ts';
import { draftOf, joined, momentAt } from './draft.ts';
import type { Delivery } from './draft.ts';
import { actorFor, relatedPerson } from './identity.ts';
import { outcomeOf } from './result.ts';

/** A classic release, as its events tell it. */
export interface Release {
  readonly thing: JsonObject | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** Its page: the id under which releases, deployments and approvals meet. */
  readonly url: string | undefined;
}

/** Of several objects that name the release, the first that has a number: some events fill one with zeros. */
export function releaseOf({ resource, place }: Delivery): Release {
  const holders = [
    objectAt(resource, 'release'),
    objectAt(resource, 'environment', 'release'),
    objectAt(resource, 'deployment', 'release'),
    objectAt(resource, 'approval', 'release'),
  ];
  const ids = holders.map((holder) => numberOf(holder));
  const at = ids.findIndex((id) => id !== undefined);
  const id = ids[at];
  return {
    thing: holders.find((holder) => objectsAt(holder, 'artifacts').length > 0) ?? holders[at],
    id,
    name:
      textAt(holders[at], 'name') ?? holders.map((holder) => textAt(holder, 'name')).find((name) => name !== undefined),
    url: id === undefined ? undefined : releaseUrl(place, id),
  };
}

function numberOf(holder: JsonObject | undefined): string | undefined {
  const id = idAt(holder, 'id');
  if (id !== undefined && id !== '0') return id;
  const url = uriAt(holder, '_links', 'web', 'href') ?? uriAt(holder, 'url') ?? '';
  return parameterOf(url, 'releaseId') ?? /\/releases\/(\d{1,12})(?:[/?#]|$)/i.exec(url)?.[1];
}

function releaseTarget({ url, name }: Release): Target | undefined {
  return url === undefined ? undefined : { kind: 'release', id: url, ...(name === undefined ? {} : { name }) };
}

export function definitionOf(delivery: Delivery, release: Release): Related | undefined {
  const { resource, place } = delivery;
  const definition =
    objectAt(release.thing, 'releaseDefinition') ??
    objectAt(resource, 'release', 'releaseDefinition') ??
    objectAt(resource, 'approval', 'releaseDefinition');
  const id = idAt(definition, 'id');
  const name = textAt(definition, 'name');
  if (id === undefined) return undefined;
  return {
    part: 'releaseDefinition',
    kind: 'releaseDefinition',
    id: `${projectPage(place)}/_release?definitionId=${encodeURIComponent(id.toWellFormed())}`,
    ...(name === undefined ? {} : { name }),
  };
}

// A release has a handful of artifacts; the list stands in the record of each deployment and approval.
const MOST_ARTIFACTS = 32;

/** What is released: the builds that made it, and the commits that these are made from. */
export function artifactLinks(release: Release, place: Place): (Link | undefined)[] {
  return objectsAt(release.thing, 'artifacts')
    .slice(0, MOST_ARTIFACTS)
    .flatMap((artifact) => {
      const reference = objectAt(artifact, 'definitionReference');
      const version = idAt(reference, 'version', 'id');
      const build =
        textAt(artifact, 'type')?.toLowerCase() === 'build' && version !== undefined && /^\d{1,16}$/.test(version)
          ? buildUrl(place, version, textAt(reference, 'project', 'id') ?? textAt(reference, 'Project', 'id'))
          : undefined;
      return [linkTo('build', build), linkTo('commit', commitOf(artifact))];
    });
}

/** The commit that an artifact is made from; of a Git artifact its version is the commit. */
function commitOf(artifact: JsonObject): string | undefined {
  const reference = objectAt(artifact, 'definitionReference');
  return (
    hashOf(textAt(reference, 'sourceVersion', 'id')?.toLowerCase()) ??
    hashOf(textAt(reference, 'version', 'id')?.toLowerCase())
  );
}

/** What an approval of the release binds to. */
export function releaseCovers(release: Release, environment: string | undefined): NonNullable<Decision['covers']> {
  const commits = objectsAt(release.thing, 'artifacts')
    .slice(0, MOST_ARTIFACTS)
    .flatMap((artifact) => commitOf(artifact) ?? []);
  return [
    ...[...new Set(commits)].map((id) => ({ kind: 'commit' as const, id })),
    ...(environment === undefined ? [] : [{ kind: 'environment' as const, id: environment }]),
  ];
}

export function environmentOf(place: Place, name: string | undefined): Related | undefined {
  return name === undefined
    ? undefined
    : {
        part: 'environment',
        kind: 'environment',
        id: `${place.project ?? place.base}/environments/${encodeURIComponent(name.toWellFormed())}`,
        name,
        environment: name,
      };
}

function artifactNames(release: Release): string {
  return objectsAt(release.thing, 'artifacts')
    .slice(0, MOST_ARTIFACTS)
    .flatMap((artifact) => {
      const alias = textAt(artifact, 'alias');
      const version = textAt(artifact, 'definitionReference', 'version', 'name');
      return alias === undefined ? [] : [version === undefined ? alias : `${alias} ${version}`];
    })
    .join(', ');
}

/** `ms.vss-release.release-created-event`, `…release-abandoned-event` */
export function normalizeRelease(verb: 'created' | 'abandoned'): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { place } = delivery;
    const release = releaseOf(delivery);
    const { thing } = release;
    const created = verb === 'created';
    return [
      draftOf(delivery, {
        category: 'deployment',
        object: 'release',
        verb,
        time: created ? momentAt(thing, 'createdOn') : momentAt(thing, 'modifiedOn'),
        subject: release.id === undefined ? undefined : `releases/${release.id}`,
        actor: created
          ? actorFor(objectAt(thing, 'createdBy'), objectAt(thing, 'createdFor'))
          : actorFor(objectAt(thing, 'modifiedBy'), undefined),
        target: releaseTarget(release),
        related: [
          relatedPerson('creator', objectAt(thing, 'createdBy')),
          relatedPerson('createdFor', objectAt(thing, 'createdFor')),
          definitionOf(delivery, release),
          ...objectsAt(thing, 'environments')
            .slice(0, MOST_ARTIFACTS)
            .map((each) => environmentOf(place, textAt(each, 'name'))),
        ],
        details: {
          status: textAt(thing, 'status'),
          reason: textAt(thing, 'reason'),
          description: longTextAt(thing, 'description'),
          comment: longTextAt(thing, 'comment'),
          artifacts: artifactNames(release),
          keepForever: booleanAt(thing, 'keepForever'),
        },
        links: [...releaseLinks(place, release.id), ...artifactLinks(release, place)],
        did: `${verb} release${quoted(release.name)}${joined('of', place.projectName)}`,
      }),
    ];
  };
}

/** What became of a deployment, by the state of its stage. */
const DEPLOYED = new Map([
  ['succeeded', 'succeeded'],
  ['partiallysucceeded', 'partially_succeeded'],
  ['rejected', 'failed'],
  ['failed', 'failed'],
  ['canceled', 'canceled'],
]);

/** `ms.vss-release.deployment-started-event`, `…deployment-completed-event` */
export function normalizeDeployment(step: 'started' | 'completed'): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const release = releaseOf(delivery);
    const deployment = objectAt(resource, 'deployment');
    const environment = objectAt(resource, 'environment') ?? objectAt(deployment, 'environment');
    const named = textAt(environment, 'name') ?? textAt(deployment, 'releaseEnvironment', 'name');
    const status = textAt(environment, 'status') ?? deploymentStatus(deployment);
    const known = status?.toLowerCase() ?? '';
    const verb = step === 'started' ? 'started' : (DEPLOYED.get(known) ?? 'completed');
    const url = release.url === undefined ? undefined : deploymentUrl(release.url, named ?? '');
    const ended = momentAt(deployment, 'completedOn');
    const started = momentAt(deployment, 'startedOn');
    return [
      draftOf(delivery, {
        category: 'deployment',
        object: 'deployment',
        verb,
        time: step === 'started' ? started : ended,
        subject: release.id === undefined ? undefined : `releases/${release.id}/environments/${named ?? ''}`,
        actor: deployerOf(deployment, environment),
        // Release Management calls a deployment that failed `rejected`, too.
        outcome: step === 'started' ? 'pending' : known === 'rejected' ? 'failed' : outcomeOf(status),
        target:
          url === undefined
            ? undefined
            : {
                kind: 'deployment',
                id: url,
                ...(release.name === undefined ? {} : { name: release.name }),
                ...(named === undefined ? {} : { environment: named }),
              },
        related: [
          environmentOf(place, named),
          releaseRelated(release),
          definitionOf(delivery, release),
          // Whoever owns a stage is not the one who deploys to it.
          relatedPerson('environmentOwner', objectAt(environment, 'owner')),
          ...approversOf(environment),
        ],
        details: {
          environment: named,
          status,
          deployment: idAt(deployment, 'id'),
          attempt: numberAt(deployment, 'attempt'),
          reason: textAt(deployment, 'reason') ?? textAt(environment, 'triggerReason'),
          comment: longTextAt(resource, 'comment'),
          requiredApproverCount: numberAt(
            environment,
            'preApprovalsSnapshot',
            'approvalOptions',
            'requiredApproverCount',
          ),
          releaseCreatorCanBeApprover: booleanAt(
            environment,
            'preApprovalsSnapshot',
            'approvalOptions',
            'releaseCreatorCanBeApprover',
          ),
          artifacts: artifactNames(release),
        },
        clock: {
          requested: momentAt(deployment, 'queuedOn'),
          started,
          ended: step === 'started' ? undefined : ended,
          effective: verb === 'succeeded' ? ended : undefined,
        },
        links: [linkTo('deployment', url), ...releaseLinks(place, release.id), ...artifactLinks(release, place)],
        did: `${verb === 'started' ? 'started' : 'completed'} the deployment of${quoted(release.name)} to ${
          named ?? 'an environment'
        }${joined('in', place.projectName)}${step === 'started' ? '' : ` (${status ?? 'no status'})`}`,
      }),
    ];
  };
}

/** A deployment's own state, in the newer events; `succeeded` of its operation would be said of the attempt alone. */
function deploymentStatus(deployment: JsonObject | undefined): string | undefined {
  return textAt(deployment, 'status') ?? textAt(deployment, 'deploymentStatus');
}

/** Who had it deployed: the deployment says so, or the newest step of its stage. */
export function deployerOf(deployment: JsonObject | undefined, environment: JsonObject | undefined): Actor | undefined {
  const step = objectsAt(environment, 'deploySteps').at(-1);
  return actorFor(
    objectAt(deployment, 'requestedBy') ?? objectAt(step, 'requestedBy'),
    objectAt(deployment, 'requestedFor') ?? objectAt(step, 'requestedFor'),
  );
}

export function releaseRelated(release: Release): Related | undefined {
  const target = releaseTarget(release);
  return target === undefined ? undefined : { part: 'release', ...target };
}

/** Who let it through, as the stage restates it. Each of them is a decision of an event of its own. */
function approversOf(environment: JsonObject | undefined): (Related | undefined)[] {
  return objectsAt(environment, 'preDeployApprovals')
    .slice(0, MOST_ARTIFACTS)
    .filter((each) => textAt(each, 'status')?.toLowerCase() === 'approved' && booleanAt(each, 'isAutomated') !== true)
    .map((each) => relatedPerson('approver', objectAt(each, 'approvedBy')));
}
