import type { Related, Target } from '../../wire/record.ts';
import { cutText } from '../../wire/text.ts';
import * as address from '../azure-devops/address.ts';
import type { Place } from '../azure-devops/address.ts';
import { refOf } from '../github/address.ts';
import { userId } from './actor.ts';
import type { AuditEntry } from './entry.ts';
import { happenedIn } from './entry.ts';
import { foldId } from './fields.ts';

/** What an entry is about: the object, and its own id within its organization or project. */
export interface Thing {
  readonly target: Target;
  readonly subject?: string | undefined;
  /** Where the object's own page tells of another one that it is part of. */
  readonly within?: Related | undefined;
}

/** Reads the object of an entry; undefined where the entry does not name it. */
export type ObjectReader = (entry: AuditEntry) => Thing | undefined;

function thing(kind: string, id: string, name: string | undefined, subject?: string, environment?: string): Thing {
  return {
    target: {
      kind,
      id: cutText(id, 'uri'),
      ...(name === undefined ? {} : { name }),
      ...(environment === undefined ? {} : { environment }),
    },
    subject,
  };
}

export function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** An object by its address below a project or organization, and where only its name is known, by that. */
function below(
  base: string,
  kind: string,
  path: string,
  id: string | undefined,
  name: string | undefined,
  environment?: string,
): Thing | undefined {
  if (id === undefined && name === undefined) return undefined;
  const last = id === undefined ? `@${encoded(name ?? '')}` : encoded(id);
  return thing(kind, `${base}/${path}${last}`, name, `${kind}/${id ?? name ?? ''}`, environment);
}

/** An object of a project whose page is `<project>/<path><id>`, with the project by its id, as service hooks' records have it. */
function projectObject(kind: string, path: string, ids: readonly string[], names: readonly string[]): ObjectReader {
  return (entry) =>
    below(address.projectPage(entry.place), kind, path, entry.data.id(...ids), entry.data.text(...names));
}

function organizationObject(
  kind: string,
  path: string,
  ids: readonly string[],
  names: readonly string[],
): ObjectReader {
  return (entry) => below(entry.place.base, kind, path, entry.data.id(...ids), entry.data.text(...names));
}

// --- code

/** By the names of project and repository; by an id where only that is known, which is an address as well. */
export function repositoryUrl({ place, data }: AuditEntry): string | undefined {
  return repositoryAt(place, data.text('RepoName'), data.id('RepoId'));
}

export function repositoryAt(place: Place, name: string | undefined, id: string | undefined): string | undefined {
  return address.repositoryUrl(place, {
    ...(name === undefined ? {} : { name }),
    ...(id === undefined ? {} : { id }),
  });
}

export const repository: ObjectReader = (entry) => {
  const url = repositoryUrl(entry);
  const id = entry.data.id('RepoId');
  const name = entry.data.text('RepoName');
  return url === undefined ? undefined : thing('repository', url, name, `repository/${id ?? name ?? ''}`);
};

/** The repository for what happens in one or is a rule for it, as service hooks' records have it; else the project. */
export function sourceOf(entry: AuditEntry): string {
  return (/^(?:git|policy)\./i.test(entry.action) ? repositoryUrl(entry) : undefined) ?? happenedIn(entry);
}

/** A branch as people call it, with its page. */
export const branch: ObjectReader = (entry) => {
  const url = repositoryUrl(entry);
  const full = entry.data.text('Name', 'RefName');
  const short = entry.data.text('FriendlyName') ?? refOf(full)?.short;
  if (url === undefined || short === undefined) return repository(entry);
  const ref = refOf(full) ?? { kind: 'branch', full: `refs/heads/${short}`, short };
  return {
    ...thing(ref.kind, address.refUrl(url, ref), ref.short, ref.full),
    within: { part: 'repository', ...(repository(entry)?.target ?? { kind: 'repository', id: url }) },
  };
};

export const policy: ObjectReader = (entry) =>
  below(
    address.projectPage(entry.place),
    'branchPolicy',
    '_apis/policy/configurations/',
    entry.data.id('ConfigId'),
    entry.data.text('PolicyTypeDisplayName'),
  );

// --- pipelines

const PIPELINE_PATH = '_build/definition?definitionId=';
const RELEASE_PIPELINE_PATH = '_release?definitionId=';

export const pipeline = projectObject('pipeline', PIPELINE_PATH, ['PipelineId', 'DefinitionId'], ['PipelineName']);
export const releasePipeline = projectObject(
  'releaseDefinition',
  RELEASE_PIPELINE_PATH,
  ['PipelineId', 'DefinitionId'],
  ['PipelineName'],
);

export const release: ObjectReader = (entry) => {
  const id = releaseId(entry);
  const name = entry.data.text('ReleaseName');
  if (id !== undefined) return thing('release', address.releaseUrl(entry.place, id), name, `release/${id}`);
  // Deployments are logged without the release's number; its name is its pipeline's to give.
  const definition = releasePipeline(entry)?.target.id;
  return name === undefined || definition === undefined
    ? undefined
    : thing('release', `${definition}&release=${encoded(name)}`, name, `release/${name}`);
};

/** Approvals are logged as the procedure's table that holds them. */
export function approvalStep({ data }: AuditEntry): typeof data {
  return data.objects('ReleaseEnvironmentSteps')[0] ?? data.object('ReleaseEnvironmentSteps') ?? data;
}

export function releaseId(entry: AuditEntry): string | undefined {
  return entry.data.id('ReleaseId') ?? approvalStep(entry).id('ReleaseId');
}

/** A release on its way to a stage; all stages of it where the entry names none. */
export const deployment: ObjectReader = (entry) => {
  const whole = release(entry);
  const stage = entry.data.text('StageName', 'EnvironmentName');
  if (whole === undefined || stage === undefined) return whole;
  const { id, name } = whole.target;
  return {
    ...thing('deployment', address.deploymentUrl(id, stage), name, whole.subject, stage),
    within: { part: 'release', ...whole.target },
  };
};

/** A run of a pipeline, with the environment that it deploys to. */
export const run: ObjectReader = (entry) => {
  const id = entry.data.id('RunId', 'BuildId') ?? jobOwner(entry);
  const name = entry.data.text('RunName');
  const environment = entry.data.text('EnvironmentName', 'StageName');
  return id === undefined
    ? below(address.projectPage(entry.place), 'pipelineRun', '_build/results?buildId=', undefined, name, environment)
    : thing('pipelineRun', address.buildUrl(entry.place, id), name, `pipelineRun/${id}`, environment);
};

/** The run that a job of a deployment is part of. */
export function jobOwner({ action, data }: AuditEntry): string | undefined {
  return /^pipelines\.deploymentjob/i.test(action) ? data.id('OwnerId') : undefined;
}

export const check = projectObject('pipelineCheck', '_apis/pipelines/checks/configurations/', ['CheckId'], ['Type']);
export const checkSuite = projectObject('checkSuite', '_apis/pipelines/checks/runs/', ['CheckSuiteId'], []);

/** Under the id that steps of the approval share, in service hooks' records as well. */
export const approval: ObjectReader = ({ data }) => {
  const id = data.id('ApprovalId');
  return id === undefined ? undefined : thing('approval', approvalRequest(id), undefined, `approvals/${id}`);
};

export function approvalRequest(id: string): string {
  return cutText(`azure-devops:approval/${encoded(id)}`, 'uri');
}

const RESOURCE_PATHS: ReadonlyMap<string, readonly [kind: string, path: string]> = new Map([
  ['endpoint', ['serviceConnection', '_settings/adminservices?resourceId=']],
  ['serviceendpoint', ['serviceConnection', '_settings/adminservices?resourceId=']],
  ['variablegroup', ['variableGroup', '_apis/distributedtask/variablegroups/']],
  ['securefile', ['secureFile', '_apis/distributedtask/securefiles/']],
  ['queue', ['agentPool', '_settings/agentqueues?queueId=']],
  ['environment', ['environment', '_environments/']],
]);

/** What a pipeline may use: `ResourceType` says what `ResourceId` is the id of. */
export const pipelineResource: ObjectReader = (entry) => {
  const { place, data } = entry;
  const type = data
    .text('ResourceType')
    ?.toLowerCase()
    .replaceAll(/[^a-z]/g, '');
  const name = data.text('ResourceName');
  const id = data.id('ResourceId');
  if (type === 'repository') {
    // The id of a repository stands behind its project's: `<project>.<repository>`.
    const own = foldId(id?.split('.').at(-1));
    const url = repositoryAt(place, name, own);
    return url === undefined ? undefined : thing('repository', url, name, `repository/${own ?? name ?? ''}`);
  }
  const [kind, path] = RESOURCE_PATHS.get(type ?? '') ?? ['resource', `_resources/${encoded(type ?? '')}/`];
  return below(address.projectPage(place), kind, path, id, name, kind === 'environment' ? name : undefined);
};

export const serviceConnection = projectObject(
  'serviceConnection',
  '_settings/adminservices?resourceId=',
  ['ConnectionId', 'EndpointId'],
  ['ConnectionName', 'EndpointName'],
);
export const variableGroup = projectObject(
  'variableGroup',
  '_apis/distributedtask/variablegroups/',
  ['VariableGroupId', 'GroupId'],
  ['VariableGroupName'],
);
export const secureFile = projectObject(
  'secureFile',
  '_apis/distributedtask/securefiles/',
  ['SecureFileId'],
  ['SecureFileName', 'Name'],
);
export const agentPool = organizationObject(
  'agentPool',
  '_settings/agentpools?poolId=',
  ['AgentPoolId', 'PoolId'],
  ['AgentPoolName', 'PoolName'],
);
export const agent: ObjectReader = (entry) => {
  const pool = agentPool(entry);
  const id = entry.data.id('AgentId');
  const name = entry.data.text('AgentName');
  if (id === undefined && name === undefined) return pool;
  const page = pool?.target.id ?? entry.place.base;
  return {
    ...thing('agent', `${page}#agents/${encoded(id ?? `@${name ?? ''}`)}`, name, `agent/${id ?? name ?? ''}`),
    within: pool === undefined ? undefined : { part: 'agentPool', ...pool.target },
  };
};

// --- people and rights

export const group: ObjectReader = ({ data }) => {
  const id = data.id('GroupId', 'GroupIdentifier');
  const name = data.text('GroupName', 'GroupDisplayName');
  if (id === undefined && name === undefined) return undefined;
  return thing('group', userId(id ?? `@${name ?? ''}`), name, `group/${id ?? name ?? ''}`);
};

export const user: ObjectReader = ({ data }) => {
  const id = data.id('UserIdentifier', 'UserId');
  const name = data.text('UserDisplayName', 'UserName');
  return id === undefined ? undefined : thing('user', userId(id), name, `user/${id}`);
};

/** A personal access token or SSH key. */
export const token: ObjectReader = (entry) => {
  const id = entry.data.id('AuthorizationId');
  const name = entry.data.text('DisplayName');
  if (id === undefined && name === undefined) return undefined;
  const kind = /^token\.ssh/i.test(entry.action) ? 'sshKey' : 'personalAccessToken';
  // Names are chosen by their owners, and unique to them at most.
  const owner = entry.data.id('TargetUser', 'OwnerId') ?? entry.fields.id('ActorUserId') ?? '';
  return thing(kind, userId(`token/${id ?? `${owner}/@${name ?? ''}`}`), name, `token/${id ?? name ?? ''}`);
};

// --- the organization

export const organization: ObjectReader = ({ place, organization: name, fields }) =>
  thing('organization', place.base, name, fields.id('ScopeId'));

export const project: ObjectReader = ({ place }) => {
  const { project: url, projectName: name, projectId } = place;
  return url === undefined ? undefined : thing('project', url, name, `project/${projectId ?? name ?? ''}`);
};

/** Where it happened, for entries that name no object. */
export const place: ObjectReader = (entry) => project(entry) ?? organization(entry);

export const organizationPolicy = organizationObject(
  'organizationPolicy',
  '_settings/organizationPolicy/',
  [],
  ['PolicyName', 'EnforcePolicyName'],
);
export const auditStream = organizationObject('auditStream', '_apis/audit/streams/', ['StreamId'], ['displayName']);
export const serviceHook = organizationObject('serviceHook', '_apis/hooks/subscriptions/', ['SubscriptionId'], []);
export const process = organizationObject(
  'process',
  '_apis/work/processes/',
  ['ProcessId', 'ProcessTypeId'],
  ['ProcessName', 'TargetProcessName', 'OldProcessName'],
);
export const feed = projectObject('feed', '_apis/packaging/feeds/', ['FeedId'], ['FeedName']);
export const feedView: ObjectReader = (entry) => {
  const within = feed(entry);
  const name = entry.data.text('FeedViewName');
  if (within === undefined || name === undefined) return within;
  return {
    ...thing('feedView', `${within.target.id}/views/${encoded(entry.data.id('FeedViewId') ?? name)}`, name),
    within: { part: 'feed', ...within.target },
  };
};
export const extension: ObjectReader = ({ data, place: { base } }) => {
  const publisher = data.text('PublisherName', 'PublisherId');
  const name = data.text('ExtensionName', 'ExtensionId');
  if (name === undefined) return undefined;
  const page = [publisher ?? '', name].map(encoded).join('/');
  return thing(
    'extension',
    `${base}/_apis/extensionmanagement/installedextensionsbyname/${page}`,
    name,
    `extension/${publisher ?? ''}.${name}`,
  );
};
export const path: ObjectReader = (entry) => {
  const text = entry.data.text('Path');
  const kind = /iterationpath/i.test(entry.action) ? 'iterationPath' : 'areaPath';
  return text === undefined ? undefined : thing(kind, `${happenedIn(entry)}#${kind}/${encoded(text)}`, text, text);
};

/** Further objects that many entries name beside their own; where it happened is the record's source. */
export function surroundings(entry: AuditEntry, target: Target | undefined, source: string): Related[] {
  const around = [
    related('repository', repository(entry)),
    related('branch', policyBranch(entry)),
    pipelineOf(entry),
    related('project', project(entry)),
    related('organization', organization(entry)),
  ];
  return around
    .filter((each) => each !== undefined)
    .filter((each) => each.id !== target?.id && (each.part !== each.kind || each.id !== source));
}

function related(part: string, found: Thing | undefined): Related | undefined {
  return found === undefined ? undefined : { part, ...withoutEnvironment(found.target) };
}

function withoutEnvironment({ kind, id, name }: Target): Target {
  return { kind, id, ...(name === undefined ? {} : { name }) };
}

/** The branch that a policy is for; a policy for several, or for all, names none. */
function policyBranch(entry: AuditEntry): Thing | undefined {
  return entry.data.text('RefName') === undefined ? undefined : branch(entry);
}

function pipelineOf(entry: AuditEntry): Related | undefined {
  const classic = /^release\./i.test(entry.action);
  const known = entry.data.id('PipelineId') !== undefined || entry.data.text('PipelineName') !== undefined;
  if (!known) return undefined;
  return classic ? related('releaseDefinition', releasePipeline(entry)) : related('pipeline', pipeline(entry));
}
