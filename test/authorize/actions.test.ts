import { describe, expect, it } from 'vitest';

import { ACTIONS, ACTION_NAMES, actionOf, actionOfKind, isVoted } from '../../shared/authorize/actions.ts';
import { DECISION_KINDS } from '../../shared/wire/record.ts';
import type { Decision, RecordData } from '../../shared/wire/record.ts';

function data(category: RecordData['category'], more: Partial<RecordData> = {}): RecordData {
  return { category, action: 'act', outcome: 'succeeded', summary: 'acted', ...more };
}

const step = (more: Partial<Decision>): Partial<RecordData> => ({
  decision: { kind: 'deployment', request: 'r', step: 'voted', verdict: 'approve', ...more },
});
const grant = (change: NonNullable<RecordData['grant']>['change']): Partial<RecordData> => ({
  grant: { change, principal: { kind: 'human' }, role: {}, scope: '/' },
});

describe('the action of a record', () => {
  it.each([
    ['indelible.code.pull_request.merged', 'code', 'code.merge'],
    ['indelible.code.pull_request.opened', 'code', undefined],
    ['indelible.code.branch.force_pushed', 'code', 'code.push'],
    ['indelible.code.commit.pushed', 'code', undefined],
    ['indelible.deployment.deployment.created', 'deployment', 'deployment.start'],
    ['indelible.deployment.template.written', 'deployment', 'deployment.start'],
    ['indelible.deployment.workflow_job.started', 'deployment', undefined],
    ['indelible.deployment.release.published', 'deployment', 'release.publish'],
    ['indelible.infrastructure.resource.written', 'infrastructure', 'infrastructure.change'],
    ['indelible.infrastructure.resource.acted', 'infrastructure', 'infrastructure.change'],
    ['indelible.infrastructure.alert.fired', 'infrastructure', undefined],
    ['indelible.access.trail.read', 'access', 'trail.read'],
    ['indelible.access.branch_protection_rule.edited', 'access', 'control.change'],
    ['indelible.access.credential.acted', 'access', 'credential.issue'],
    ['indelible.access.sign_in.failed', 'access', undefined],
    ['indelible.trail.message.unrecognized', 'trail', undefined],
  ] as const)('%s', (type, category, action) => {
    expect(actionOf(type, data(category), false)).toBe(action);
  });

  it('is a deployment only where a job or stage began in a declared environment: most jobs build and test', () => {
    expect(actionOf('indelible.deployment.workflow_job.started', data('deployment'), true)).toBe('deployment.start');
    expect(actionOf('indelible.deployment.workflow_job.completed', data('deployment'), true)).toBeUndefined();
  });

  it('is a vote where there is a verdict; to ask, to comment and to withdraw needs no role', () => {
    const type = 'indelible.decision.approval.voted';
    expect(actionOf(type, data('decision', step({})), false)).toBe('deployment.approve');
    expect(actionOf(type, data('decision', step({ verdict: 'reject' })), false)).toBe('deployment.approve');
    expect(actionOf(type, data('decision', step({ step: 'revoked', verdict: undefined })), false)).toBe(
      'deployment.approve',
    );
    expect(actionOf(type, data('decision', step({ verdict: undefined })), false)).toBeUndefined();
    for (const other of ['requested', 'withdrawn', 'expired', 'reopened'] as const) {
      expect(actionOf(type, data('decision', step({ step: other, verdict: undefined })), false)).toBeUndefined();
    }
    // Its request's kind holds, and one record alone does not know it.
    expect(actionOf(type, data('decision', step({ kind: undefined })), false)).toBeUndefined();
  });

  it('is an act on access where a right came about, not where one was asked for', () => {
    const type = 'indelible.access.role_assignment.written';
    const of = (change: NonNullable<RecordData['grant']>['change']) =>
      actionOf(type, data('access', grant(change)), false);
    expect([of('granted'), of('changed'), of('revoked')]).toEqual(['access.grant', 'access.grant', 'access.revoke']);
    expect([of('requested'), of('revocationRequested'), of('withdrawn')]).toEqual([undefined, undefined, undefined]);
  });

  it('is none of what is of no consequence', () => {
    const type = 'indelible.infrastructure.resource.written';
    expect(actionOf(type, data('infrastructure', { inconsequential: true }), false)).toBeUndefined();
  });
});

describe('the actions', () => {
  it('know each kind of decision, all of them votes', () => {
    expect(DECISION_KINDS.filter((kind) => !isVoted(actionOfKind(kind)))).toEqual([]);
    expect(new Set(DECISION_KINDS.map(actionOfKind)).size).toBe(DECISION_KINDS.length);
    const kinds = new Set(DECISION_KINDS.map(actionOfKind));
    expect(ACTION_NAMES.filter((action) => ACTIONS[action].votes && !kinds.has(action))).toEqual([]);
  });
});
