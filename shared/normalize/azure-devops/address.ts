import type { JsonObject } from '../../wire/json.ts';
import type { Link } from '../../wire/record.ts';
import { cutText } from '../../wire/text.ts';
import { linkTo } from '../github/draft.ts';
import { longTextAt, objectAt, textAt, uriAt } from '../read.ts';

/**
 * Addresses as people open them. Azure DevOps has several for one thing: of its former host (`<organization>.visualstudio.com`),
 * with an account in front, of its APIs, by names or by ids. Ids in the trail must be the same whichever of them a payload has.
 */

/** An address, taken apart. */
interface Located {
  /** `https://dev.azure.com/<organization>`, or a server's scheme and host. */
  readonly root: string;
  /** What follows, decoded; a server's collection is still in it. */
  readonly path: readonly string[];
  /** False for a server: where its collection ends and its project begins, the address alone does not tell. */
  readonly hosted: boolean;
}

const ADDRESS = /^(https?):\/\/(?:[^/@\s]{0,256}@)?([a-z0-9.-]{1,253}(?::\d{1,5})?)(?:\/([^?#\s]*))?(?:[?#]|$)/i;
const SERVICES = /^(?:([a-z0-9-]+)\.)?(dev\.azure\.com|codedev\.ms)$/;
const FORMER = /^([a-z0-9-]+)(?:\.([a-z0-9-]+))?\.visualstudio\.com$/;

/** Undefined for what is no web address, and for those of accounts (`vssps`), which are of no organization's project. */
function locate(url: string | undefined): Located | undefined {
  const match = url === undefined ? null : ADDRESS.exec(url);
  if (match === null) return undefined;
  const [, scheme = '', host = '', rest = ''] = match;
  const path = rest
    .split('/')
    .filter((segment) => segment !== '')
    .map(decoded);
  const services = SERVICES.exec(host.toLowerCase());
  if (services !== null) {
    const [organization, ...below] = path;
    if (organization === undefined || services[1] === 'vssps') return undefined;
    return hosted(services[2] ?? '', organization, below);
  }
  const former = FORMER.exec(host.toLowerCase());
  if (former !== null) return former[2] === 'vssps' ? undefined : hosted('dev.azure.com', former[1] ?? '', path);
  return { root: `${scheme.toLowerCase()}://${host.toLowerCase()}`, path, hosted: false };
}

function hosted(host: string, organization: string, path: readonly string[]): Located {
  // The name of the one collection that organizations had while their host was their own.
  const below = path[0]?.toLowerCase() === 'defaultcollection' ? path.slice(1) : path;
  // Organizations are found in any case, and the former host has lost it.
  return { root: `https://${host}/${encoded(organization.toLowerCase())}`, path: below, hosted: true };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function encoded(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}

function join(base: string, ...segments: readonly string[]): string {
  return [base, ...segments.map(encoded)].join('/');
}

const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A GUID in lower case; undefined for anything else, the zeros that stand for "none" included. */
export function guidOf(text: string | undefined): string | undefined {
  return text !== undefined && GUID.test(text) && !/^[0-]+$/.test(text) ? text.toLowerCase() : undefined;
}

/** The organization (on a server: the collection) and the project that a payload is about. */
export interface Place {
  /** `https://dev.azure.com/<organization>`; `azure-devops:collection/<id>` where the payload has no address at all. */
  readonly base: string;
  readonly projectName: string | undefined;
  readonly projectId: string | undefined;
  /** The project's page by its name, as people know it: for what happens in it, and for its repositories. */
  readonly project: string | undefined;
  /** The project's page by its id, which all events of pipelines have, while few have the name: for builds and releases. */
  readonly projectById: string | undefined;
}

/** Never throws: of a payload of `{}` nothing is known but that it is of Azure DevOps. */
export function placeOf(payload: JsonObject): Place {
  const projects = projectsOf(payload);
  const id =
    guidOf(textAt(payload, 'resourceContainers', 'project', 'id')) ??
    guidOf(textAt(payload, 'resource', 'projectId')) ??
    projects.map((each) => guidOf(textAt(each, 'id'))).find((guid) => guid !== undefined);
  // A fork may be of another project than its source: the name of that one is not this one's.
  const own = projects.filter((each) => (guidOf(textAt(each, 'id')) ?? id) === id);
  const named = own.map((each) => textAt(each, 'name')).find((name) => name !== undefined) ?? teamProject(payload);
  const located = addressesOf(payload, projects);
  const base = baseOf(payload, located, [named, id]);
  const inPaths = located.flatMap((each) => projectIn(each, base) ?? []);
  const projectId = id ?? inPaths.map(guidOf).find((guid) => guid !== undefined);
  const projectName = named ?? inPaths.find((segment) => !GUID.test(segment));
  const byName = projectName ?? projectId;
  const byId = projectId ?? projectName;
  return {
    base,
    projectName,
    projectId,
    project: byName === undefined ? undefined : projectUrl(base, byName),
    projectById: byId === undefined ? undefined : projectUrl(base, byId),
  };
}

function projectUrl(base: string, project: string): string {
  return cutText(base.startsWith('http') ? join(base, project) : `azure-devops:project/${encoded(project)}`, 'uri');
}

/** Wherever an event has its project: at the resource, or at one of the objects that it is made of. */
function projectsOf(payload: JsonObject): readonly JsonObject[] {
  const resource = objectAt(payload, 'resource');
  const holders = [
    resource,
    ...['repository', 'release', 'deployment', 'run', 'pullRequest', 'sourceRepository', 'targetRepository'].map(
      (name) => objectAt(resource, name),
    ),
    ...['manualIntervention', 'check', 'elasticAgentPool', 'projectLevelAgentPool', 'serviceEndpoint'].map((name) =>
      objectAt(resource, name),
    ),
    objectAt(resource, 'pullRequest', 'repository'),
    objectAt(resource, 'deployment', 'release'),
    objectAt(resource, 'definition'),
  ];
  return holders.map((holder) => objectAt(holder, 'project')).filter((project) => project !== undefined);
}

/** A work item names its project in a field; a change of that field holds both. */
function teamProject(payload: JsonObject): string | undefined {
  for (const path of [
    ['revision', 'fields', 'System.TeamProject'],
    ['fields', 'System.TeamProject'],
    ['fields', 'System.TeamProject', 'newValue'],
  ]) {
    const name = textAt(payload, 'resource', ...path);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The addresses that say where a payload is from, the surest first. */
function addressesOf(payload: JsonObject, projects: readonly JsonObject[]): readonly Located[] {
  const resource = objectAt(payload, 'resource');
  const urls = [
    ...[
      ['repository', 'webUrl'],
      ['repository', 'remoteUrl'],
      ['repository', 'url'],
      ['pullRequest', 'repository', 'webUrl'],
      ['pullRequest', 'repository', 'remoteUrl'],
      ['pullRequest', 'repository', 'url'],
      ['_links', 'web', 'href'],
      ['url'],
      ['_links', 'self', 'href'],
      ['_links', 'parent', 'href'],
      ['run', '_links', 'web', 'href'],
      ['run', 'url'],
      ['stage', '_links', 'web', 'href'],
      ['job', '_links', 'web', 'href'],
      ['pipeline', 'url'],
      ['release', '_links', 'web', 'href'],
      ['release', 'url'],
      ['release', 'releaseDefinition', 'url'],
      ['approval', 'releaseDefinition', 'url'],
      ['environment', 'release', '_links', 'web', 'href'],
      ['environment', 'release', 'url'],
      ['sourceRepository', 'remoteUrl'],
      ['repositoryUrl'],
    ].map((path) => uriAt(resource, ...path)),
    ...projects.map((each) => uriAt(each, 'url')),
    ...messageAddresses(payload),
  ];
  return urls.flatMap((url) => {
    const located = locate(url);
    // The address of something on GitHub, or anywhere else, is no server of Azure DevOps.
    return located !== undefined && (located.hosted || located.path.some(isMarker)) ? [located] : [];
  });
}

/** `_apis`, `_git`, `_build`: no project may begin so. */
function isMarker(segment: string): boolean {
  return segment.startsWith('_');
}

function baseOf(payload: JsonObject, located: readonly Located[], projects: readonly (string | undefined)[]): string {
  for (const container of ['collection', 'account', 'project']) {
    const own = locate(uriAt(payload, 'resourceContainers', container, 'baseUrl'));
    if (own !== undefined) return own.hosted ? own.root : join(own.root, ...own.path);
  }
  const first = located.find((each) => each.hosted) ?? located[0];
  if (first?.hosted === true) return first.root;
  if (first !== undefined) return join(first.root, ...collectionIn(first.path, projects));
  const id = textAt(payload, 'resourceContainers', 'collection', 'id');
  return id === undefined ? 'azure-devops:collection' : cutText(`azure-devops:collection/${encoded(id)}`, 'uri');
}

/** A server's path up to its collection: what stands before the first marker, less the project where that is known. */
function collectionIn(path: readonly string[], projects: readonly (string | undefined)[]): readonly string[] {
  const before = path.slice(0, path.findIndex(isMarker));
  const last = before.at(-1);
  const isProject = last !== undefined && (GUID.test(last) || projects.includes(last));
  return isProject ? before.slice(0, -1) : before;
}

/** What follows the organization or the collection; undefined where the address is of another one. */
function beyond(located: Located, base: string): readonly string[] | undefined {
  if (located.hosted) return located.root === base ? located.path : undefined;
  const collection = base.split('/').slice(3).map(decoded);
  if (!base.startsWith(located.root) || !collection.every((segment, i) => segment === located.path[i]))
    return undefined;
  return located.path.slice(collection.length);
}

/**
 * A web address, where it is one of the payload's own organization or server: what a payload calls an address may hold any text,
 * a request's id of our own too, and ids are made of it.
 */
export function ownAddress(place: Place, url: string | undefined): string | undefined {
  const located = locate(url);
  return located === undefined || beyond(located, place.base) === undefined ? undefined : url;
}

function projectIn(located: Located, base: string): string | undefined {
  const [first, second] = beyond(located, base) ?? [];
  // `web/build.aspx`: pages of the organization itself, from before there were others.
  if (first === undefined || second === undefined || isMarker(first) || first === 'web') return undefined;
  return first;
}

const MESSAGE_LENGTH = 4_096;
const LINK = /https?:\/\/[^\s"'<>()[\]]{1,1024}/g;
const MOST_LINKS = 16;

/** The addresses in the message for people: of some events it alone says which run and which organization they are about. */
export function messageAddresses(payload: JsonObject): readonly string[] {
  return ['html', 'markdown'].flatMap((form) => {
    const text = longTextAt(payload, 'message', form)?.slice(0, MESSAGE_LENGTH) ?? '';
    return [...text.matchAll(LINK)].slice(0, MOST_LINKS).map(([url]) => url.replaceAll('&amp;', '&'));
  });
}

/** A Git repository's page, by the names of project and repository; undefined where not even its id is there. */
export function repositoryUrl(place: Place, repository: JsonObject | undefined): string | undefined {
  const stated =
    gitAddress(place, uriAt(repository, 'webUrl'), repository) ??
    gitAddress(place, uriAt(repository, 'remoteUrl'), repository);
  if (stated !== undefined) return stated;
  const name = textAt(repository, 'name') ?? textAt(repository, 'id');
  if (name === undefined) return undefined;
  const project = textAt(repository, 'project', 'name') ?? place.projectName ?? place.projectId;
  return cutText(
    project === undefined ? join(place.base, '_git', name) : join(place.base, project, '_git', name),
    'uri',
  );
}

/** Any address inside of a repository to the repository's own. A project whose repository has its name may be left out. */
export function gitAddress(place: Place, url: string | undefined, repository?: JsonObject): string | undefined {
  const located = locate(url);
  if (located === undefined) return undefined;
  const own = beyond(located, place.base);
  const path = own ?? located.path;
  const at = path.indexOf('_git');
  const name = path[at + 1];
  if (at === -1 || name === undefined) return undefined;
  const base = own === undefined ? located.root : place.base;
  const project = path[at - 1] ?? textAt(repository, 'project', 'name') ?? name;
  return cutText(join(base, ...path.slice(0, Math.max(at - 1, 0)), project, '_git', name), 'uri');
}

/** `…/pullrequest/<id>` in an address for people, `…/pullRequests/<id>` in one of the API. */
const PULL_REQUEST = /\/pullrequests?\/(\d{1,12})(?:[/?#]|$)/i;

/** The page of the pull request that an address leads to; ids of project and repository where the address has only those. */
export function pullRequestAddress(place: Place, url: string | undefined): string | undefined {
  const number = url === undefined ? undefined : PULL_REQUEST.exec(url)?.[1];
  if (number === undefined) return undefined;
  const git = gitAddress(place, url);
  if (git !== undefined) return `${git}/pullrequest/${number}`;
  const path = locate(url)?.path ?? [];
  const repository = path[path.indexOf('repositories') + 1];
  if (repository === undefined || !path.includes('repositories')) return undefined;
  return `${repositoryUrl(place, { id: repository }) ?? place.base}/pullrequest/${number}`;
}

/** By the ids alone, which never change and which links of work items have: `vstfs:///Git/PullRequestId/…`. */
export function pullRequestById(
  place: Place,
  project: string | undefined,
  repository: string | undefined,
  number: string,
): string | undefined {
  const projectId = guidOf(project);
  const repositoryId = guidOf(repository);
  if (projectId === undefined || repositoryId === undefined) return undefined;
  return cutText(join(place.base, projectId, '_git', repositoryId, 'pullrequest', number), 'uri');
}

/** The page of a run, under which build, stages, jobs and approvals meet; `project`: an id that is not the payload's own. */
export function buildUrl(place: Place, id: string, project?: string): string {
  return cutText(`${projectPage(place, project)}/_build/results?buildId=${encoded(id)}`, 'uri');
}

/** Both pages of a run: events of pipelines have the project's id alone, the audit log has its name. */
export function buildLinks(place: Place, id: string | undefined): (Link | undefined)[] {
  if (id === undefined) return [];
  const byName = place.project === undefined ? undefined : `${place.project}/_build/results?buildId=${encoded(id)}`;
  return [linkTo('build', buildUrl(place, id)), linkTo('build', byName)];
}

export function pipelineUrl(place: Place, id: string): string {
  return cutText(`${projectPage(place)}/_build/definition?definitionId=${encoded(id)}`, 'uri');
}

/** Releases are counted in each project anew. */
export function releaseUrl(place: Place, id: string): string {
  return cutText(`${projectPage(place)}/_release?releaseId=${encoded(id)}`, 'uri');
}

/** As {@link buildLinks}. */
export function releaseLinks(place: Place, id: string | undefined): (Link | undefined)[] {
  if (id === undefined) return [];
  const byName = place.project === undefined ? undefined : `${place.project}/_release?releaseId=${encoded(id)}`;
  return [linkTo('release', releaseUrl(place, id)), linkTo('release', byName)];
}

/** What is deployed where: the release, and the stage by its name. */
export function deploymentUrl(release: string, environment: string): string {
  return cutText(`${release}#${encoded(environment)}`, 'uri');
}

/** Work items are counted once in an organization, and move between its projects. */
export function workItemUrl(place: Place, id: string): string {
  return cutText(`${place.base}/_workitems/edit/${encoded(id)}`, 'uri');
}

/** A page below the project's, by its id. */
export function projectPage(place: Place, project?: string): string {
  const other = guidOf(project);
  if (other !== undefined && place.base.startsWith('http')) return join(place.base, other);
  return place.projectById ?? place.base;
}

/** The value of a parameter in an address; undefined where it has none. */
export function parameterOf(url: string, name: string): string | undefined {
  return new RegExp(`[?&]${name}=([^&#\\s]{1,64})`, 'i').exec(url)?.[1];
}

/** A branch or tag in a repository's pages; the full name of anything else. */
export function refUrl(
  repository: string,
  ref: { readonly kind: string; readonly full: string; readonly short: string },
): string {
  const version = ref.kind === 'branch' ? `GB${ref.short}` : ref.kind === 'tag' ? `GT${ref.short}` : ref.full;
  return cutText(`${repository}?version=${encoded(version)}`, 'uri');
}
