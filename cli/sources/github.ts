import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { SourceDescription } from './source.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'node_modules/@octokit/webhooks-examples');
const FIXTURES = join(ROOT, 'test/fixtures/github');

/** A payload of one of GitHub's events. */
export interface SamplePayload {
  readonly event: string;
  readonly payload: unknown;
}

/** GitHub's own published examples, of github.com and of every Enterprise Server, and the fixtures of this project's tests. */
export function githubSamples(): readonly SamplePayload[] {
  const versions = readdirSync(EXAMPLES, { withFileTypes: true }).filter((each) => each.isDirectory());
  const published = versions.flatMap(({ name }) => {
    const events = readJson(join(EXAMPLES, name, 'index.json')) as { name: string; examples: unknown[] }[];
    return events.flatMap(({ name: event, examples }) => examples.map((payload) => ({ event, payload })));
  });
  const fixtures = readdirSync(FIXTURES).map((file) => readJson(join(FIXTURES, file)) as SamplePayload);
  return [...published, ...fixtures];
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Details of GitHub records whose names are not those of the payload's members. */
export const GITHUB_DETAILS: ReadonlyMap<string, string> = new Map([
  ['advisory', 'GitHub advisory id (GHSA-…)'],
  ['affected', 'versions that are vulnerable'],
  ['annotations', 'how many remarks the check left on lines'],
  ['application', 'name of the app'],
  ['authoredAt', "the commit's own date: its author's clock, never the record's time"],
  ['baseRef', 'branch that the change goes into'],
  ['baseSha', 'head of that branch'],
  ['cache', 'which cache'],
  ['changedField', 'field of the project that was changed'],
  ['checkRuns', 'how many checks the suite has'],
  ['column', 'id of the column'],
  ['commit', 'commit that the alert is about'],
  ['commitSha', 'commit that was reviewed: what the verdict holds for'],
  ['content', 'id of the issue or pull request that the item stands for'],
  ['cve', 'CVE id'],
  ['dismissedReason', 'why the alert was closed by hand'],
  ['distinctCommits', 'commits that no branch had before'],
  ['effective', 'from when on'],
  ['eventType', 'name that the caller gave the dispatch'],
  ['failedSteps', 'steps of the job that failed'],
  ['files', 'how many files a commit names, or the files of a package version'],
  ['fingerprint', 'SHA-256 of the deploy key'],
  ['fixedIn', 'first version without the weakness'],
  ['forkPrivate', 'whether the fork is private'],
  ['formerPlan', 'plan before'],
  ['formerRole', 'role before'],
  ['headMessage', 'message of the commit that the branch moved to'],
  ['headRef', 'branch that the change comes from'],
  ['headSha', 'head of that branch'],
  ['hookType', 'kind of the webhook'],
  ['hookUpdatedAt', 'when the webhook was last changed'],
  ['invitedTeams', 'how many teams the invitation is for'],
  ['job', 'name of the job'],
  ['jobs', 'jobs that wait for the review'],
  ['locationType', 'where the secret was found: commit, issue, …'],
  ['lockReason', 'why the conversation was locked'],
  ['manifest', 'file that names the dependency'],
  ['movedTo', 'where the discussion went'],
  ['outputSummary', 'what the check says in short'],
  ['package', 'name of the package'],
  ['packages', 'names of the packages'],
  ['permissions', 'rights, each with its level'],
  ['place', 'page of the place where the secret was found'],
  ['project', 'id or page of the project'],
  ['receiver', 'address that the webhook sends to, without its query'],
  ['ref', 'full name of the branch or tag'],
  ['repositories', 'how many repositories'],
  ['requiredReviewers', 'who may review'],
  ['resource', 'what the exemption is asked for'],
  ['responseStatus', "the reviewer's answer"],
  ['reviewedHead', 'false where the head had moved on since the reviewed commit'],
  ['reviewerAssociation', 'what the reviewer is to the repository'],
  ['right', 'read or write'],
  ['role', 'role now'],
  ['rules', 'rules that the ruleset has, or that would be passed by'],
  ['rulesetSource', 'repository or organization that the ruleset is of'],
  ['runEvent', 'event that set the workflow off'],
  ['runner', 'name of the machine'],
  ['runnerGroup', 'its group'],
  ['statusId', 'id of the deployment status'],
  ['tag', 'tag of the release'],
  ['teamDeleted', 'whether the team is gone'],
  ['teamPermission', "the team's right on its repositories"],
  ['tree', 'hash of the tree that the commit holds'],
  ['trigger', 'event that asks for the deployment'],
  ['units', 'how many seats'],
  ['workflow', 'name of the workflow'],
  ['workflowPath', 'its file'],
]);

/** What docs/sources.md says of GitHub's webhooks. */
export const GITHUB_DESCRIPTION: SourceDescription = {
  authenticated: '`X-Hub-Signature-256` over the raw body; two secrets may be valid at a time',
  intro:
    'Webhooks of github.com, Enterprise Cloud and Enterprise Server. `envelope.event` is `X-GitHub-Event`, `envelope.delivery` is `X-GitHub-Delivery`. What looks like a credential in a text is masked in the record; the evidence has the body as it came.',
  fills: new Map([
    ['source', 'the repository, else the organization, else the enterprise, else the host'],
    [
      'actor',
      'who did it where the payload names them (who merged, who reviewed), else `sender`; id `<host>:<number>`. Kind `ai` for known agents among bot accounts, `service` for other bots and apps',
    ],
    ['target', 'the object itself, by its page'],
    ['related', 'repository, organization, enterprise; reviewers, authors; `sender` where that is not the actor'],
    ['links', 'full commit hashes; pages of pull requests, issues, runs, deployments, releases'],
    ['time', "the payload's own time of the action where it has one"],
    ['decision', 'reviews, deployment reviews, exemption requests'],
    ['grant', 'collaborators, teams, members, keys, apps, tokens'],
  ]),
  details: GITHUB_DETAILS,
};
