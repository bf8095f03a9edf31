import type { Actor, Link, Related, Target } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { coAuthors, gitPerson, relatedPerson as relatedGitPerson } from '../github/actor.ts';
import { hashOf } from '../github/address.ts';
import { linkTo, quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, textsAt, uriAt } from '../read.ts';
import {
  buildLinks,
  buildUrl,
  gitAddress,
  messageAddresses,
  parameterOf,
  pipelineUrl,
  repositoryUrl,
} from './address.ts';
import { draftOf, joined, momentAt, numbered } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { actorFor, relatedPerson } from './identity.ts';
import { pullRequestOfRef } from './pull-request.ts';
import { outcomeOf, verbOfState } from './result.ts';

/** `build.complete`, of pipelines as of the XAML builds before them. */
export function normalizeBuild(delivery: Delivery): readonly RecordDraft[] {
  const { resource, place } = delivery;
  const id = buildId(delivery, resource);
  const url = id === undefined ? undefined : buildUrl(place, id);
  const number = textAt(resource, 'buildNumber');
  const definition = objectAt(resource, 'definition');
  const name = textAt(definition, 'name');
  const source = sourceOf(delivery);
  const status = textAt(resource, 'status');
  const result = textAt(resource, 'result') ?? (status?.toLowerCase() === 'completed' ? undefined : status);
  const request = objectsAt(resource, 'requests')[0];
  const requestedFor = objectAt(resource, 'requestedFor') ?? objectAt(request, 'requestedFor');
  const finished = momentAt(resource, 'finishTime');
  return [
    draftOf(delivery, {
      category: 'deployment',
      object: 'build',
      verb: 'completed',
      time: finished,
      subject: id === undefined ? undefined : `builds/${id}`,
      actor: actorFor(objectAt(resource, 'requestedBy'), requestedFor),
      outcome: outcomeOf(result),
      target: buildTarget('build', url, number),
      related: [
        relatedPerson('requestedFor', requestedFor),
        relatedPerson('lastChangedBy', objectAt(resource, 'lastChangedBy')),
        pipelineOf(delivery, definition),
        source.repository === undefined ? undefined : { part: 'repository', kind: 'repository', id: source.repository },
      ],
      details: {
        buildNumber: number,
        definition: name,
        status,
        result,
        reason: textAt(resource, 'reason'),
        sourceBranch: source.branch,
        sourceVersion: source.version,
        queue: textAt(resource, 'queue', 'name'),
        pool: textAt(resource, 'queue', 'pool', 'name'),
        tags: textsAt(resource, 'tags').join(', '),
      },
      clock: {
        requested: momentAt(resource, 'queueTime'),
        started: momentAt(resource, 'startTime'),
        ended: finished,
      },
      links: [
        ...buildLinks(place, id),
        linkTo('commit', hashOf(source.version?.toLowerCase())),
        linkTo('commit', hashOf(textAt(resource, 'triggerInfo', 'pr.sourceSha')?.toLowerCase())),
        linkTo('pullRequest', pullRequestOfRef(source.pages, source.branch)),
      ],
      did: `completed build ${number ?? id ?? 'without a number'}${quoted(name)}${joined('of', place.projectName)} (${result ?? 'no result'})`,
    }),
  ];
}

interface BuildSource {
  readonly branch: string | undefined;
  readonly version: string | undefined;
  readonly repository: string | undefined;
  /** Of a repository in Azure DevOps: its pull requests are there. */
  readonly pages: string | undefined;
}

/** Of older builds in one text, `LG:refs/heads/main:<hash>`. */
function sourceOf({ resource, place }: Delivery): BuildSource {
  const [, branch, version] =
    /^[A-Z]{1,4}:(refs\/[^:]{1,512}):([0-9a-f]{40})$/i.exec(textAt(resource, 'sourceGetVersion') ?? '') ?? [];
  const thing = objectAt(resource, 'repository');
  const url = uriAt(thing, 'url');
  const pages = gitAddress(place, url) ?? (isTfsGit(thing) ? repositoryUrl(place, thing) : undefined);
  return {
    branch: textAt(resource, 'sourceBranch') ?? branch,
    version: textAt(resource, 'sourceVersion') ?? version ?? textAt(resource, 'sourceGetVersion'),
    repository: pages ?? foreignRepository(url),
    pages,
  };
}

function isTfsGit(thing: JsonObject | undefined): boolean {
  return textAt(thing, 'type')?.toLowerCase() === 'tfsgit';
}

/** A repository elsewhere, under the id that its own source gives it: GitHub's is the page, without `.git`. */
function foreignRepository(url: string | undefined): string | undefined {
  const plain = url?.replace(/^(https?:\/\/)[^/@\s]{0,256}@/i, '$1').replace(/\.git$/i, '');
  const api = /^https:\/\/api\.github\.com\/repos\/([^/\s]{1,256}\/[^/\s]{1,256})$/i.exec(plain ?? '')?.[1];
  if (api !== undefined) return `https://github.com/${api}`;
  return plain !== undefined && /^https?:\/\/[^\s?#]+$/.test(plain) ? plain : undefined;
}

function buildTarget(kind: string, id: string | undefined, name: string | undefined): Target | undefined {
  return id === undefined ? undefined : { kind, id, ...(name === undefined ? {} : { name }) };
}

function pipelineOf({ place }: Delivery, pipeline: JsonObject | undefined): Related | undefined {
  const id = idAt(pipeline, 'id');
  const name = textAt(pipeline, 'name');
  return id === undefined
    ? undefined
    : { part: 'pipeline', kind: 'pipeline', id: pipelineUrl(place, id), ...(name === undefined ? {} : { name }) };
}

/** The number of a run: its own id, else the one in an address of it. `0` is what samples without a run have. */
function buildId(delivery: Delivery, ...holders: readonly (JsonObject | undefined)[]): string | undefined {
  const { resource, payload } = delivery;
  const ids = [...holders.map((holder) => idAt(holder, 'id')), idAt(resource, 'runId')];
  const own = ids.find((id) => id !== undefined && /^[1-9]\d{0,15}$/.test(id));
  if (own !== undefined) return own;
  const links = holders.flatMap((holder) => [
    uriAt(holder, '_links', 'web', 'href'),
    uriAt(holder, '_links', 'self', 'href'),
    uriAt(holder, 'url'),
  ]);
  for (const url of [...links, ...messageAddresses(payload)]) {
    const id = parameterOf(url ?? '', 'buildId') ?? /\/(?:runs|builds)\/(\d{1,16})(?:[/?#]|$)/i.exec(url ?? '')?.[1];
    if (id !== undefined && /^[1-9]\d*$/.test(id)) return id;
  }
  return undefined;
}

type Level = 'run' | 'stage' | 'job';

const OBJECTS: Readonly<Record<Level, string>> = {
  run: 'pipeline_run',
  stage: 'pipeline_stage',
  job: 'pipeline_job',
};

/** `ms.vss-pipelines.run-state-changed-event`, `…stage-state…`, `…job-state…` */
export function normalizePipelineState(level: Level): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const run = objectAt(resource, 'run');
    const thing = objectAt(resource, level);
    const pipeline = objectAt(resource, 'pipeline') ?? objectAt(run, 'pipeline');
    const id = buildId(delivery, run, level === 'run' ? undefined : thing);
    const url = id === undefined ? undefined : buildUrl(place, id);
    const state = textAt(thing, 'state');
    const result = textAt(thing, 'result');
    const done = state?.toLowerCase() === 'completed';
    const name = textAt(pipeline, 'name');
    const runName = textAt(run, 'name') ?? id;
    const times = timesOf(thing);
    return [
      draftOf(delivery, {
        category: 'deployment',
        object: OBJECTS[level],
        verb: verbOfState(state),
        time: done
          ? times.ended
          : state?.toLowerCase() === 'inprogress' && level === 'run'
            ? times.requested
            : times.started,
        subject: subjectOf(level, id, thing),
        actor: runActor(resource, run),
        outcome: outcomeOf(result, state),
        target: targetOf(delivery, level, url, thing, runName),
        related: [
          level === 'run' ? undefined : partOfRun('run', 'pipelineRun', url, runName),
          level === 'job' ? stageOf(url, objectAt(resource, 'stage')) : undefined,
          pipelineOf(delivery, pipeline),
          relatedPerson('requestedFor', objectAt(resource, 'requestedFor') ?? objectAt(run, 'requestedFor')),
          ...repositoriesOf(delivery),
        ],
        details: {
          pipeline: name,
          folder: textAt(pipeline, 'folder'),
          pipelineRevision: numberAt(pipeline, 'revision'),
          run: runName,
          stage: level === 'run' ? undefined : stageName(objectAt(resource, 'stage') ?? thing, resource),
          job: level === 'job' ? textAt(thing, 'name') : undefined,
          attempt: numberAt(thing, 'attempt'),
          state,
          result,
          messages: repositoryMessages(resource),
        },
        clock: { ...times, ended: done ? times.ended : undefined },
        links: [...buildLinks(place, id), ...commitsOf(resource)],
        did: `${spokenState(verbOfState(state))} ${spokenThing(level, thing, resource)}run${numbered(runName)}${quoted(name)}${joined(
          'of',
          place.projectName,
        )}${result === undefined ? '' : ` (${result})`}`,
      }),
    ];
  };
}

function spokenState(verb: string): string {
  return verb === 'held' ? 'waits with' : verb;
}

function spokenThing(level: Level, thing: JsonObject | undefined, resource: JsonObject | undefined): string {
  if (level === 'run') return '';
  if (level === 'stage') return `stage${quoted(stageName(thing, resource))} of `;
  return `job${quoted(textAt(thing, 'name'))} of `;
}

function stageName(stage: JsonObject | undefined, resource: JsonObject | undefined): string | undefined {
  return textAt(stage, 'displayName') ?? textAt(stage, 'name') ?? textAt(resource, 'stageName');
}

function timesOf(thing: JsonObject | undefined): {
  readonly requested?: string | undefined;
  readonly started?: string | undefined;
  readonly ended?: string | undefined;
} {
  return {
    requested: momentAt(thing, 'createdDate'),
    started: momentAt(thing, 'startTime'),
    ended: momentAt(thing, 'finishedDate') ?? momentAt(thing, 'finishTime'),
  };
}

/** A run that nobody asked for names nobody; an approval's names the person by name alone. */
export function runActor(resource: JsonObject | undefined, run: JsonObject | undefined): Actor | undefined {
  const by = objectAt(resource, 'requestedBy') ?? objectAt(run, 'requestedBy');
  const behalf = objectAt(resource, 'requestedFor') ?? objectAt(run, 'requestedFor') ?? textAt(run, 'requestedFor');
  return actorFor(by, behalf);
}

function subjectOf(level: Level, id: string | undefined, thing: JsonObject | undefined): string | undefined {
  if (id === undefined) return undefined;
  const name = textAt(thing, 'name');
  return level === 'run' || name === undefined ? `runs/${id}` : `runs/${id}/${level}s/${name}`;
}

function targetOf(
  { resource }: Delivery,
  level: Level,
  url: string | undefined,
  thing: JsonObject | undefined,
  runName: string | undefined,
): Target | undefined {
  if (url === undefined) return undefined;
  if (level === 'run') return buildTarget('pipelineRun', url, runName);
  const name = level === 'stage' ? stageName(thing, resource) : textAt(thing, 'name');
  const own = textAt(thing, 'name') ?? textAt(thing, 'id') ?? '';
  const stage = textAt(objectAt(resource, 'stage'), 'name') ?? '';
  const parameters = level === 'stage' ? `&stage=${encoded(own)}` : `&stage=${encoded(stage)}&job=${encoded(own)}`;
  return buildTarget(level === 'stage' ? 'pipelineStage' : 'pipelineJob', `${url}${parameters}`, name);
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function partOfRun(part: string, kind: string, id: string | undefined, name: string | undefined): Related | undefined {
  return id === undefined ? undefined : { part, kind, id, ...(name === undefined ? {} : { name }) };
}

function stageOf(url: string | undefined, stage: JsonObject | undefined): Related | undefined {
  const name = textAt(stage, 'name');
  return url === undefined || name === undefined
    ? undefined
    : partOfRun('stage', 'pipelineStage', `${url}&stage=${encoded(name)}`, textAt(stage, 'displayName') ?? name);
}

// A run checks out a handful of repositories; the list stands in the record of each stage and job.
const MOST_REPOSITORIES = 32;

function repositoriesIn(resource: JsonObject | undefined): readonly JsonObject[] {
  return objectsAt(resource, 'repositories').slice(0, MOST_REPOSITORIES);
}

/** What was built: the repositories, and who made their newest commits. */
function repositoriesOf({ resource, place }: Delivery): (Related | undefined)[] {
  return repositoriesIn(resource).flatMap((each) => {
    const url = uriAt(each, 'url');
    const id = gitAddress(place, url) ?? foreignRepository(url);
    const change = objectAt(each, 'change');
    return [
      id === undefined ? undefined : { part: 'repository', kind: 'repository', id },
      relatedGitPerson('headAuthor', gitPerson(objectAt(change, 'author'), '')),
      ...coAuthors(longTextAt(change, 'message') ?? ''),
    ];
  });
}

function repositoryMessages(resource: JsonObject | undefined): string {
  return repositoriesIn(resource)
    .flatMap((each) => textAt(each, 'change', 'message') ?? [])
    .join('\n');
}

function commitsOf(resource: JsonObject | undefined): (Link | undefined)[] {
  return repositoriesIn(resource).map((each) =>
    linkTo(
      'commit',
      hashOf(
        (
          textAt(each, 'change', 'version') ??
          textAt(each, 'change', 'commitId') ??
          textAt(each, 'change', 'id') ??
          textAt(each, 'version')
        )?.toLowerCase(),
      ),
    ),
  );
}

/** For the records of approvals: what a run is about, as its own events tell it. */
export function runFacts(
  delivery: Delivery,
  run: JsonObject | undefined,
  pipeline: JsonObject | undefined,
  ...others: readonly (JsonObject | undefined)[]
): Pick<Facts, 'target'> & {
  readonly id: string | undefined;
  readonly url: string | undefined;
  readonly related: (Related | undefined)[];
} {
  const id = buildId(delivery, run, ...others);
  const url = id === undefined ? undefined : buildUrl(delivery.place, id);
  return {
    id,
    url,
    target: buildTarget('pipelineRun', url, textAt(run, 'name') ?? id),
    related: [pipelineOf(delivery, pipeline)],
  };
}
