import { describe, expect, it } from 'vitest';

import type { Configuration } from '../../shared/authorize/configuration.ts';
import { rulesOf } from '../../shared/authorize/decision-rules.ts';
import type { DecisionRules } from '../../shared/authorize/rules.ts';
import { adoptedOf, version } from './versions.ts';

const V1 = version('2026-02-01T00:00:00Z', [
  'identity: mona, role: manager, project: payments, environment: production, from: 2026-01-01T00:00:00Z',
  'identity: hubot, role: manager, project: payments, environment: production, from: 2026-03-01T00:00:00Z, until: 2026-04-01T00:00:00Z, delegatedBy: mona',
  'group: managers, role: manager, project: "*", from: 2026-01-01T00:00:00Z',
  'identity: deploy-bot, role: manager, project: payments, from: 2026-01-01T00:00:00Z',
]);
const V2 = version(
  '2026-06-01T00:00:00Z',
  ['identity: hubot, role: manager, project: payments, from: 2026-05-01T00:00:00Z'],
  {
    previous: V1,
  },
);

function rules(...versions: readonly Configuration[]): DecisionRules {
  return rulesOf(adoptedOf(...versions), (sha256) => versions.find((each) => each.sha256 === sha256));
}

const MONA = { id: 'github.com:1001' };
const HUBOT = { id: 'github.com:1002' };
const MARCH = '2026-03-15T00:00:00.000Z';
const MAY = '2026-05-15T00:00:00.000Z';
const JULY = '2026-07-01T00:00:00.000Z';

describe('the rules that decisions are folded by', () => {
  it('are those of the version in force at the time', () => {
    const both = rules(V1, V2);
    expect(both.versionAt('2026-01-31T00:00:00.000Z')).toBeUndefined();
    expect(both.versionAt(MARCH)).toBe(V1.sha256);
    expect(both.versionAt('2026-06-01T00:00:00.000Z')).toBe(V2.sha256);
    expect(both.eligible('manager', 'payments', 'production', MARCH)).toEqual(['hubot', 'mona', 'octo']);
    expect(both.eligible('manager', 'payments', 'production', JULY)).toEqual(['hubot']);
  });

  it('find the entry for the class before the one without, by the id and by what a source calls the environment', () => {
    const one = rules(V1);
    const entry = {
      action: 'deployment.approve',
      environmentClass: 'production',
      role: 'manager',
      quorum: 1,
      excluded: [],
      validFor: undefined,
      covers: [],
      emergency: { role: 'owner', reviewWithin: 24 },
    };
    for (const name of ['production', 'Production', 'Live (EU)']) {
      expect(one.ruleFor('deployment.approve', 'payments', name, MARCH)).toEqual(entry);
    }
    for (const name of ['staging', 'sandbox', undefined]) {
      expect(one.ruleFor('deployment.approve', 'payments', name, MARCH)).toMatchObject({ role: 'developer' });
    }
    expect(one.ruleFor('risk.accept', 'payments', undefined, MARCH)).toBeUndefined();
    expect(one.ruleFor('constructor', 'payments', undefined, MARCH)).toBeUndefined();
  });

  it('say who held a role, by whom it was delegated, and whether that was known then', () => {
    const both = rules(V1, V2);
    const held = (who: { id: string }, time: string, environment: string | undefined = 'production') =>
      both.holds(who, 'manager', 'payments', environment, time);
    expect(held(MONA, MARCH)).toEqual({ held: true, basis: 'inForce', version: V1.sha256 });
    expect(held(HUBOT, MARCH)).toEqual({ held: true, delegatedBy: 'mona', basis: 'inForce', version: V1.sha256 });
    expect(held(HUBOT, MAY)).toEqual({ held: true, basis: 'retroactive', version: V2.sha256 });
    expect(held(HUBOT, '2026-04-15T00:00:00.000Z')).toEqual({ held: false, basis: 'inForce', version: V1.sha256 });
    expect(held(MONA, '2026-01-15T00:00:00.000Z')).toEqual({ held: true, basis: 'retroactive', version: V1.sha256 });
    expect(both.holds(MONA, 'manager', 'payments', undefined, MARCH).held).toBe(false);
    expect(held(MONA, MARCH, 'staging').held).toBe(false);
    expect(held({ id: 'github.com:9' }, MARCH)).toEqual({ held: false, basis: 'inForce', version: V1.sha256 });
    expect(rules().holds(MONA, 'manager', 'payments', undefined, MARCH)).toEqual({ held: false, basis: 'unknown' });
  });

  it('never count a service among the eligible, or a quorum of all could be met by a machine', () => {
    expect(rules(V1).eligible('manager', 'payments', undefined, MARCH)).toEqual(['octo']);
    expect(rules(V1).kindOf('deploy-bot')).toBe('service');
    expect(rules(V1).kindOf('nobody')).toBeUndefined();
  });

  it('know one person by all accounts', () => {
    const one = rules(V1);
    expect(one.resolve({ id: 'entra:AAAAAAAA-0000-0000-0000-000000000001' })).toBe('mona');
    expect(one.resolve({ id: 'mail:x', address: 'mona@acme.example' }, MARCH)).toBe('mona');
    expect(one.resolve({ id: 'github.com:9', address: 'mona@acme.example' })).toBeUndefined();
    expect(rules().resolve(MONA)).toBeUndefined();
  });

  it('do without a version that they cannot be given', () => {
    const partial = rulesOf(adoptedOf(V1, V2), (sha256) => (sha256 === V2.sha256 ? V2 : undefined));
    expect(partial.versionAt(MARCH)).toBeUndefined();
    expect(partial.versionAt(JULY)).toBe(V2.sha256);
  });
});
