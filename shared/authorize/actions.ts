import type { Decision, RecordData } from '../wire/record.ts';

/**
 * What the matrix can demand a role for. `votes`: people decide, so that quorum, exclusion, validity, coverage and emergency
 * apply, and neither a service nor an AI can; of all others the actor of the one event needs the role.
 */
export const ACTIONS = {
  'code.push': { votes: false, says: 'moving a branch to new commits, forced or not' },
  'code.approve': { votes: true, says: 'a verdict on a pull request' },
  'code.merge': { votes: false, says: 'merging a pull request' },
  'release.publish': { votes: false, says: 'publishing a release or a package' },
  'deployment.approve': { votes: true, says: 'a verdict on a deployment to an environment' },
  'deployment.start': { votes: false, says: 'a deployment that was asked for, or began in a declared environment' },
  'infrastructure.approve': { votes: true, says: 'a verdict on a change of infrastructure' },
  'infrastructure.change': { votes: false, says: 'creating, changing, deleting or operating a resource' },
  'access.approve': { votes: true, says: 'a verdict on a request for access' },
  'access.review': { votes: true, says: 'a verdict in a review of standing access' },
  'access.grant': { votes: false, says: 'giving or changing a right' },
  'access.revoke': { votes: false, says: 'taking a right back' },
  'control.change': { votes: false, says: 'changing what guards: protection rules, visibility, locks, policies' },
  'credential.issue': { votes: false, says: 'handing out or renewing a key or secret' },
  'changeRequest.approve': { votes: true, says: 'a verdict on a change of scope' },
  'architecture.approve': { votes: true, says: 'a verdict on an architecture decision' },
  'risk.accept': { votes: true, says: 'accepting a risk, or an exemption from a rule' },
  'policy.approve': { votes: true, says: 'approving a version of indelible.yaml, or another policy' },
  'baseline.signOff': { votes: true, says: 'signing the four files of a blueprint baseline' },
  'emergency.approve': { votes: true, says: 'a verdict on an emergency' },
  'review.complete': { votes: true, says: 'a review after the fact, of an emergency for one' },
  'ai.review': { votes: true, says: "a person's verdict on what an AI made" },
  'trail.read': { votes: false, says: 'asking the trail' },
} as const satisfies Readonly<Record<string, { readonly votes: boolean; readonly says: string }>>;

export type Action = keyof typeof ACTIONS;

export const ACTION_NAMES = Object.keys(ACTIONS) as [Action, ...Action[]];

const OF_KIND: Readonly<Record<NonNullable<Decision['kind']>, Action>> = {
  scopeChange: 'changeRequest.approve',
  architecture: 'architecture.approve',
  infrastructure: 'infrastructure.approve',
  deployment: 'deployment.approve',
  codeReview: 'code.approve',
  aiReview: 'ai.review',
  access: 'access.approve',
  accessReview: 'access.review',
  riskAcceptance: 'risk.accept',
  emergency: 'emergency.approve',
  policy: 'policy.approve',
  baseline: 'baseline.signOff',
  review: 'review.complete',
};

/** The action that a vote on a decision of this kind is. */
export function actionOfKind(kind: NonNullable<Decision['kind']>): Action {
  return OF_KIND[kind];
}

/** True where people decide by votes. */
export function isVoted(action: Action): boolean {
  return ACTIONS[action].votes;
}

/** By `<category>.<object>.<verb>`; comes before what the category says. */
const OF_TYPE: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['code.branch.pushed', 'code.push'],
  ['code.branch.force_pushed', 'code.push'],
  ['code.pull_request.merged', 'code.merge'],
  ['deployment.deployment.created', 'deployment.start'],
  ['deployment.template.written', 'deployment.start'],
  ['deployment.release.published', 'release.publish'],
  ['deployment.release.prereleased', 'release.publish'],
  ['deployment.release.released', 'release.publish'],
  ['deployment.package.published', 'release.publish'],
  ['access.trail.read', 'trail.read'],
]);

/** Verbs that change something; an alert that fired or a sign-in that failed is nobody's change. */
const CHANGES: ReadonlySet<string> = new Set([
  'acted',
  'added',
  'added_to_repository',
  'changed',
  'created',
  'default_branch_changed',
  'deleted',
  'destroyed',
  'disabled',
  'edited',
  'enabled',
  'enforced',
  'installed',
  'linked_to_tenant',
  'owner_changed',
  'privatized',
  'publicized',
  'released',
  'removed',
  'removed_from_repository',
  'renamed',
  'restored',
  'shared',
  'transferred',
  'uninstalled',
  'unlinked_from_tenant',
  'updated',
  'written',
]);

const PREFIX = 'indelible.'.length;

/**
 * The action that a record is judged for; undefined: none. A step of a decision is judged as a vote where it has a verdict, or takes one back
 * or hands it on; asking, withdrawing and expiring need no role. `isInEnvironment`: something of the record lies in a declared one.
 */
export function actionOf(type: string, data: RecordData, isInEnvironment: boolean): Action | undefined {
  if (data.inconsequential === true) return undefined;
  const { decision, grant } = data;
  if (decision !== undefined) return actionOfStep(decision);
  if (data.ai?.verdict !== undefined) return 'ai.review';
  const name = type.slice(PREFIX);
  const action = OF_TYPE.get(name);
  if (action !== undefined) return action;
  // What Azure Policy finds is an engine's reading, and nobody's change.
  if (name.startsWith('infrastructure.policy_state.')) return undefined;
  const verb = name.slice(name.lastIndexOf('.') + 1);
  if (data.category === 'deployment') return verb === 'started' && isInEnvironment ? 'deployment.start' : undefined;
  if (data.category === 'infrastructure') return CHANGES.has(verb) ? 'infrastructure.change' : undefined;
  if (data.category !== 'access') return undefined;
  if (grant !== undefined) return actionOfGrant(grant.change);
  if (name.startsWith('access.credential.')) return 'credential.issue';
  return CHANGES.has(verb) ? 'control.change' : undefined;
}

function actionOfStep({ kind, insteadOf, step, verdict }: Decision): Action | undefined {
  const decides = step === 'revoked' || step === 'delegated' || (step === 'voted' && verdict !== undefined);
  const decided = kind === 'emergency' ? (insteadOf ?? kind) : kind;
  return decides && decided !== undefined ? OF_KIND[decided] : undefined;
}

function actionOfGrant(change: NonNullable<RecordData['grant']>['change']): Action | undefined {
  switch (change) {
    case 'granted':
    case 'changed':
      return 'access.grant';
    case 'revoked':
      return 'access.revoke';
    case 'requested':
    case 'revocationRequested':
    case 'withdrawn':
      return undefined;
  }
}
