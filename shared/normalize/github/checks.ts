import type { Link } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, timeAt, uriAt } from '../read.ts';
import { appPrincipal, gitPerson, principalOf, relatedPerson } from './actor.ts';
import { hashOf, ownUrl, refOf, refUrl, shortHash, webUrl } from './address.ts';
import { outcomeOf } from './conclusion.ts';
import { draftOf, htmlUrl, linkTo, quoted } from './draft.ts';
import type { Delivery } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/** The pull requests that a run or a check names: by API address alone, or none where the head is a fork's. */
export function pullRequestLinks(thing: JsonObject | undefined, source: string): (Link | undefined)[] {
  return objectsAt(thing, 'pull_requests').map((pull) =>
    linkTo('pullRequest', htmlUrl(pull, source) ?? webUrl(uriAt(pull, 'url'), source)),
  );
}

/** `check_run` */
export function normalizeCheckRun(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source } = delivery;
  const run = objectAt(payload, 'check_run');
  const id = idAt(run, 'id') ?? '';
  const name = textAt(run, 'name');
  const conclusion = textAt(run, 'conclusion');
  const verb = verbOf(action);
  const started = timeAt(run, 'started_at');
  const completed = timeAt(run, 'completed_at');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'check_run',
      verb,
      time: action === 'completed' ? completed : action === 'created' ? started : undefined,
      subject: `check-runs/${id}`,
      outcome: action === 'completed' ? outcomeOf(conclusion) : 'pending',
      target: {
        kind: 'checkRun',
        id: htmlUrl(run, source) ?? `${source}/runs/${id}`,
        ...(name === undefined ? {} : { name }),
      },
      related: [relatedPerson('application', appPrincipal(objectAt(run, 'app'), delivery.host))],
      details: {
        name,
        status: textAt(run, 'status'),
        conclusion,
        headSha: textAt(run, 'head_sha'),
        headBranch: textAt(run, 'check_suite', 'head_branch'),
        checkSuite: idAt(run, 'check_suite', 'id'),
        externalId: textAt(run, 'external_id'),
        app: textAt(run, 'app', 'slug') ?? textAt(run, 'app', 'name'),
        title: textAt(run, 'output', 'title'),
        outputSummary: textAt(run, 'output', 'summary'),
        annotations: numberAt(run, 'output', 'annotations_count'),
        requestedAction: textAt(payload, 'requested_action', 'identifier'),
        detailsUrl: uriAt(run, 'details_url'),
      },
      clock: { started, ended: completed },
      links: [
        linkTo('commit', hashOf(textAt(run, 'head_sha'))),
        ...pullRequestLinks(run, source),
        linkTo('deployment', webUrl(uriAt(run, 'deployment', 'url'), source)),
        linkTo('build', runOfDetails(uriAt(run, 'details_url'), source)),
      ],
      did: saidOf(verb, `check${quoted(name)}${conclusion === undefined ? '' : ` (${conclusion})`}`),
    }),
  ];
}

/** A check run of GitHub Actions has its workflow run in the address of its details. */
function runOfDetails(url: string | undefined, source: string): string | undefined {
  return /^https?:\/\/[^/]+\/[^/]+\/[^/]+\/actions\/runs\/\d+/.exec(ownUrl(url, source) ?? '')?.[0];
}

/** `check_suite` */
export function normalizeCheckSuite(delivery: Delivery): readonly RecordDraft[] {
  const { action, payload, source, host, sender } = delivery;
  const suite = objectAt(payload, 'check_suite');
  const id = idAt(suite, 'id') ?? '';
  const app = textAt(suite, 'app', 'slug') ?? textAt(suite, 'app', 'name');
  const conclusion = textAt(suite, 'conclusion');
  const verb = verbOf(action);
  const branch = refOf(textAt(suite, 'head_branch'), 'branch');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'check_suite',
      verb,
      time: timeAt(suite, action === 'requested' ? 'created_at' : 'updated_at'),
      subject: `check-suites/${id}`,
      outcome: action === 'completed' ? outcomeOf(conclusion) : 'pending',
      target: { kind: 'checkSuite', id: `${source}/check-suites/${id}`, ...(app === undefined ? {} : { name: app }) },
      related: [
        relatedPerson('application', appPrincipal(objectAt(suite, 'app'), host)),
        branch === undefined
          ? undefined
          : { part: 'head', kind: branch.kind, id: refUrl(source, branch.full), name: branch.short },
        relatedPerson('headAuthor', gitPerson(objectAt(suite, 'head_commit', 'author'), host, sender)),
      ],
      details: {
        app,
        status: textAt(suite, 'status'),
        conclusion,
        headSha: textAt(suite, 'head_sha'),
        headBranch: branch?.short,
        before: textAt(suite, 'before'),
        after: textAt(suite, 'after'),
        checkRuns: numberAt(suite, 'latest_check_runs_count'),
      },
      clock: {
        requested: timeAt(suite, 'created_at'),
        ended: action === 'completed' ? timeAt(suite, 'updated_at') : undefined,
      },
      links: [linkTo('commit', hashOf(textAt(suite, 'head_sha'))), ...pullRequestLinks(suite, source)],
      did: saidOf(verb, `check suite${quoted(app)}${conclusion === undefined ? '' : ` (${conclusion})`}`),
    }),
  ];
}

/** `status`: what some system says of a commit, under a context of its own naming. */
export function normalizeStatus(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const sha = textAt(payload, 'sha');
  const context = textAt(payload, 'context');
  const state = textAt(payload, 'state');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'commit_status',
      verb: 'reported',
      time: timeAt(payload, 'created_at') ?? timeAt(payload, 'updated_at'),
      subject: `statuses/${idAt(payload, 'id') ?? sha ?? ''}`,
      outcome: outcomeOf(state),
      target: {
        kind: 'commit',
        id: `${source}/commit/${sha ?? ''}`,
        ...(sha === undefined ? {} : { name: shortHash(sha) }),
      },
      related: [
        relatedPerson('author', principalOf(objectAt(payload, 'commit', 'author'), host)),
        relatedPerson('committer', principalOf(objectAt(payload, 'commit', 'committer'), host)),
      ],
      details: {
        context,
        state,
        description: longTextAt(payload, 'description'),
        targetUrl: uriAt(payload, 'target_url'),
        branches: objectsAt(payload, 'branches')
          .flatMap((branch) => textAt(branch, 'name') ?? [])
          .join(', '),
        verified: textAt(payload, 'commit', 'commit', 'verification', 'reason'),
      },
      links: [linkTo('commit', hashOf(sha)), linkTo('build', runOfDetails(uriAt(payload, 'target_url'), source))],
      did: `reported ${state ?? 'a status'} for${quoted(context)} on commit ${shortHash(sha ?? '')}`,
    }),
  ];
}
