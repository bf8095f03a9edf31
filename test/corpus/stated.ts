import type { Outcome } from '../../shared/wire/record.ts';

/**
 * What a payload itself states, read from it by the sources' documentation and by none of the normalizers' code: where a
 * record lacks one of these, or has it otherwise, something was lost on the way.
 */
export interface Stated {
  /** Whoever caused it: one of these is part of the id of the actor, of whom it acted for, or of the related sender. */
  readonly actor?: readonly string[];
  /** Ids and addresses of what it was done to; each is somewhere among the record's objects. */
  readonly target: readonly string[];
  /** When; any of these. */
  readonly time?: readonly string[];
  readonly action: string;
  readonly outcome?: readonly Outcome[];
}

type Members = Readonly<Record<string, unknown>>;

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, name) => (typeof found === 'object' && found !== null ? (found as Members)[name] : undefined),
    value,
  );
}

/** Texts and numbers as text; whatever else stands there states nothing. */
function texts(...values: readonly unknown[]): string[] {
  return values.flatMap((value) =>
    (typeof value === 'string' && value !== '') || typeof value === 'number' ? [String(value)] : [],
  );
}

/** RFC 3339, or seconds since the epoch as in `push`, to the form that records have. */
function times(...values: readonly unknown[]): string[] {
  return texts(...values).map((text) =>
    new Date(/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text)).toISOString(),
  );
}

/** Leaves out what is not stated. */
function stating(found: Omit<Stated, 'target'>, target: readonly string[]): Stated {
  const { actor = [], time = [], outcome = [], action } = found;
  return {
    action,
    target,
    ...(actor.length === 0 ? {} : { actor }),
    ...(time.length === 0 ? {} : { time }),
    ...(outcome.length === 0 ? {} : { outcome }),
  };
}

/** The object of an event, where the payload's member has another name than the event. */
const OBJECTS: Readonly<Record<string, string>> = {
  branch_protection_rule: 'rule',
  code_scanning_alert: 'alert',
  commit_comment: 'comment',
  dependabot_alert: 'alert',
  deploy_key: 'key',
  discussion_comment: 'comment',
  fork: 'forkee',
  issue_comment: 'comment',
  issues: 'issue',
  page_build: 'build',
  public: 'repository',
  pull_request_review: 'review',
  pull_request_review_comment: 'comment',
  registry_package: 'package',
  repository_vulnerability_alert: 'alert',
  secret_scanning_alert: 'alert',
};

/** The members of the object that say when the action was; of other actions it is `updated_at`. */
const TIMES: Readonly<Record<string, readonly string[]>> = {
  created: ['created_at', 'started_at', 'starred_at', 'published_at'],
  create: ['created_at'],
  opened: ['created_at'],
  submitted: ['submitted_at'],
  published: ['published_at', 'created_at'],
  released: ['published_at'],
  prereleased: ['published_at'],
  requested: ['created_at', 'run_started_at'],
  queued: ['created_at', 'started_at'],
  waiting: ['created_at', 'started_at'],
  in_progress: ['started_at'],
  completed: ['completed_at', 'updated_at'],
  closed: ['closed_at', 'merged_at'],
  withdrawn: ['withdrawn_at'],
  suspend: ['suspended_at'],
  dismiss: ['dismissed_at'],
  closed_by_user: ['dismissed_at'],
  fixed: ['fixed_at'],
  // The object is gone, or was left as it was: it says when it was last changed before.
  deleted: [],
  transferred: [],
  rerequested: ['updated_at'],
  requested_action: [],
};

/** What GitHub's states and conclusions mean for what was tried. */
const STATES: Readonly<Record<string, Outcome>> = {
  success: 'succeeded',
  built: 'succeeded',
  failure: 'failed',
  error: 'failed',
  errored: 'failed',
  timed_out: 'failed',
  cancelled: 'failed',
  pending: 'pending',
  queued: 'pending',
  in_progress: 'pending',
  waiting: 'pending',
};

/** A delivery of GitHub's. */
export function githubStated(event: string, payload: unknown): Stated {
  const action = at(payload, 'action');
  const object = at(payload, OBJECTS[event] ?? event);
  return stating(
    {
      actor: texts(at(payload, 'sender', 'id')),
      action: typeof action === 'string' ? `${event}.${action}` : event,
      time: githubTimes(event, action, object, payload),
      outcome: githubOutcomes(event, action, object, payload),
    },
    texts(
      at(payload, 'repository', 'html_url'),
      event === 'release' || event === 'workflow_run' || event === 'check_run' ? at(object, 'html_url') : undefined,
      at(payload, 'pull_request', 'html_url'),
      at(payload, 'issue', 'html_url'),
      at(payload, 'alert', 'html_url'),
      at(payload, 'discussion', 'html_url'),
      at(payload, 'forkee', 'html_url'),
    ),
  );
}

function githubTimes(event: string, action: unknown, object: unknown, payload: unknown): string[] {
  if (event === 'push' || event === 'create' || event === 'delete')
    return times(at(payload, 'repository', 'pushed_at'));
  // A status is the payload itself. A hook that reports its own removal, or a ping, says only when it was set up.
  if (event === 'status') return times(at(payload, 'created_at'));
  if (event === 'ping' || event === 'meta') return [];
  const name =
    typeof action === 'string' ? action : event === 'fork' || event.startsWith('deployment') ? 'created' : '';
  const members = TIMES[name] ?? ['updated_at'];
  return times(...members.map((member) => at(object, member)));
}

function githubOutcomes(event: string, action: unknown, object: unknown, payload: unknown): Outcome[] {
  const state =
    event === 'status'
      ? at(payload, 'state')
      : event === 'deployment_status'
        ? at(object, 'state')
        : event === 'page_build' || event === 'repository_import'
          ? (at(object, 'status') ?? at(payload, 'status'))
          : action === 'completed'
            ? at(object, 'conclusion')
            : undefined;
  return texts(state).flatMap((text) => STATES[text] ?? []);
}

const CLAIMS = [
  'http://schemas.microsoft.com/identity/claims/objectidentifier',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier',
  'oid',
  'upn',
  'appid',
  'azp',
];

/** An event about an Azure resource, in Event Grid's schema or as a CloudEvent. */
export function resourceStated(event: unknown): Stated {
  const data = at(event, 'data');
  const type = texts(at(event, 'eventType'), at(event, 'type'))[0] ?? '';
  const status = (texts(at(data, 'status'))[0] ?? '').toLowerCase();
  const outcome: Outcome[] = /success$/i.test(type) && status === 'succeeded' ? ['succeeded'] : [];
  return stating(
    {
      actor: texts(
        ...CLAIMS.map((claim) => at(data, 'claims', claim)),
        at(data, 'authorization', 'evidence', 'principalId'),
      ),
      action: texts(at(data, 'operationName'))[0] ?? '',
      time: times(at(event, 'eventTime') ?? at(event, 'time')),
      outcome: /(?:failure|cancel)$/i.test(type) ? ['failed', 'denied'] : outcome,
    },
    texts(at(data, 'resourceUri') ?? at(event, 'subject')),
  );
}
