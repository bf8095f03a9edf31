/** What docs/sources.md says of a source beside what the code shows by itself. */
export interface SourceDescription {
  readonly authenticated: string;
  readonly intro: string;
  /** Member of the record to what fills it. */
  readonly fills: ReadonlyMap<string, string>;
  /** Name in `data.details` to its meaning. */
  readonly details: ReadonlyMap<string, string>;
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

export const SOURCES: ReadonlyMap<string, SourceDescription> = new Map<string, SourceDescription>([
  [
    'github',
    {
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
    },
  ],
  [
    'azure-activity',
    {
      authenticated: 'the key of the Event Grid trigger, which the Functions host checks',
      intro:
        "Event Grid's resource events of subscriptions and resource groups (write, delete, action; success, failure, cancel), in its own schema or as CloudEvents. The host re-serializes the event, so its evidence is `JSON.stringify` of what the host passes. Operations on roles, keys, locks and the like are category `access`, deployments of templates `deployment`, all others `infrastructure`.",
      fills: new Map([
        ['source', 'the subscription'],
        [
          'actor',
          "claims of the caller's token, else the role assignment that let the call through; id `entra:<object id>`",
        ],
        ['target', 'the resource, its id in lower case'],
        ['links', 'the correlation id, the operation, and for templates the deployment'],
        ['outcome', "the event's type; `denied` where role or policy refused; `pending` where Azure only accepted"],
        ['origin', "the caller's address, application and session"],
        [
          'grant',
          'role assignments, privileged requests, elevation; the principal where the event has the request. What did not succeed is `requested` or `revocationRequested`, never `granted` or `revoked`',
        ],
      ]),
      details: new Map([
        ['status', 'as Azure says it'],
        ['subStatus', 'HTTP status or reason'],
        ['statusMessage', 'why it failed'],
        ['resourceProvider', 'e.g. Microsoft.Sql'],
        ['tenant', 'id of the Entra tenant'],
        ['callerTenant', 'tenant that the caller signed in to, where it is another'],
        ['callerRole', 'role that let the call through'],
        ['callerRoleScope', 'where that role is assigned'],
        ['callerRoleAssignment', 'id of that assignment'],
        ['authenticationMethods', 'how the person signed in, e.g. pwd,mfa'],
        ['method', 'HTTP method'],
        ['clientRequest', "the client's own id of the request"],
        ['tokenAddress', 'address that the token was issued to, where it is another than the calling one'],
        [
          'principalType',
          'what the role is assigned to, in the words of the request: User, Group, ServicePrincipal, …',
        ],
        ['condition', 'under which the role assignment holds'],
        ['description', 'of the role assignment'],
        ['requestType', 'of a privileged-access request'],
        ['justification', 'of a privileged-access request'],
        ['duration', 'how long the access is asked for, ISO 8601'],
        ['ticketNumber', 'that the privileged-access request names'],
        ['ticketSystem', 'where that ticket is'],
      ]),
    },
  ],
  [
    'approvals',
    {
      authenticated: 'bearer token with the app role `Approvals.Write`; votes only by people',
      intro:
        'Steps of a request for a decision. Who and when come from the token and our clock; the body can set neither. A step that leaves out or misspells something is sealed all the same, and says so. The sample leaves out on purpose. An empty body withdraws. A body that is no JSON is sealed as `unrecognized`, with its sender and its request; asking so gives a request of the project `unknown`, while JSON without a valid `project` is refused with 400. `envelope.delivery` is the JSON of tenant, object id, step, request id and `Idempotency-Key` (or a new UUID).',
      fills: new Map([
        ['source', '`urn:indelible:project:<project>`'],
        ['actor', "the token's object id: `entra:<object id>`; `service` for an app's own token"],
        ['target', 'the request; its title and the environment that it covers'],
        ['links', 'the request, and the commits and artifacts that it covers'],
        ['decision', 'all that the body states in the right form; roles and assurance from the token'],
        ['time', 'when the API received it'],
      ]),
      details: new Map([
        ['incomplete', 'members that the step cannot be understood without, and that it lacks'],
        ['unreadable', 'members that are there in a wrong form'],
      ]),
    },
  ],
  [
    'reads',
    {
      authenticated: 'bearer token with the app role `Trail.Read`',
      intro:
        'What was asked of the trail, published before the answer goes out. The ids of the rows that were read are in the evidence, not in the record.',
      fills: new Map([
        ['source', '`urn:indelible:index`'],
        ['actor', "the token's object id"],
        ['target', 'table and key'],
        ['related', 'the project that was asked for'],
        ['time', 'when the API received it'],
      ]),
      details: new Map([
        ['table', 'table of the index'],
        ['key', 'what was looked for'],
        ['from', 'from this time on'],
        ['to', 'before this time'],
        ['rows', 'how many rows were handed out'],
      ]),
    },
  ],
]);
