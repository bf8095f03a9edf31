import { describe, expect, it } from 'vitest';

import { diffConfigurations, diffHolders } from '../../shared/authorize/configuration-diff.ts';
import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import { COMMON, MATRIX, version } from './versions.ts';

const FROM = '2026-01-01T00:00:00Z';
const MONA = `identity: mona, role: manager, project: payments, from: ${FROM}`;
const TEAM = `group: managers, role: owner, project: "*", from: ${FROM}`;

describe('what differs between two versions', () => {
  it('is told member by member, in words, with what was and what is', () => {
    const before = version(FROM, [MONA, TEAM]);
    const text = `${COMMON}${MATRIX}`
      .replace('class: staging', 'class: production')
      .replace('members: [octo]', 'members: [octo, hubot]')
      .replace('dataClasses: [PHI, cardholder data]', 'dataClasses: [personal data, PHI]')
      .replace('  - { action: code.merge, role: developer }\n', '')
      .replace('reviewWithin: 24', 'reviewWithin: 48')
      .replace('  - id: developer\n', '  - { id: developer, name: Writes code }\n')
      .replace('    accounts: [github:1002, hubot@acme.example]', '    accounts: [github:1002]');
    const after = version('2026-02-01T00:00:00Z', [`${MONA}, until: 2026-07-01T00:00:00Z`, TEAM], { text });
    expect(diffConfigurations(before, after)).toEqual([
      { path: 'from', from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' },
      { path: 'environments.payments/production.dataClasses', from: 'cardholder data', to: 'personal data' },
      { path: 'environments.payments/staging.class', from: 'staging', to: 'production' },
      { path: 'identities.hubot.accounts', from: 'hubot@acme.example' },
      { path: 'groups.managers.members', to: 'hubot' },
      { path: 'roles.developer.name', to: 'Writes code' },
      {
        path: 'grants.mona: manager in payments',
        from: 'from 2026-01-01T00:00:00.000Z, open',
        to: 'from 2026-01-01T00:00:00.000Z, until 2026-07-01T00:00:00.000Z',
      },
      {
        path: 'matrix.deployment.approve (production).emergency',
        from: 'owner, reviewed within 24 hours',
        to: 'owner, reviewed within 48 hours',
      },
      { path: 'matrix.code.merge.role', from: 'developer' },
    ]);
    expect(diffHolders(before, after)).toEqual({
      gained: [
        {
          identity: 'hubot',
          what: 'owner in every project, from 2026-01-01T00:00:00.000Z, open, through group managers',
        },
        {
          identity: 'mona',
          what: 'manager in payments, from 2026-01-01T00:00:00.000Z, until 2026-07-01T00:00:00.000Z',
        },
      ],
      lost: [{ identity: 'mona', what: 'manager in payments, from 2026-01-01T00:00:00.000Z, open' }],
    });
  });

  it('is nothing where entries only moved, or are written in another way', () => {
    const before = version(FROM, [MONA, TEAM]);
    const text = `${COMMON}${MATRIX}# a comment\n`;
    const after = version('2026-01-01T01:00:00+01:00', [TEAM, MONA], { text, previous: before });
    expect(diffConfigurations(before, after)).toEqual([]);
    expect(diffHolders(before, after)).toEqual({ gained: [], lost: [] });
  });

  it('knows every member of a version: one that it forgot could be changed without a word', () => {
    const full = `version: 1
from: 2026-01-01T00:00:00Z
projects:
  - id: a
    name: A
    sources: [x:a]
    timeZone: UTC
    sprints: { firstDay: 2026-01-05, days: 14, zone: UTC, exceptions: [{ firstDay: 2026-01-05, days: 7, pause: true, reason: r }] }
    compensatingControl: c
environments:
  - { id: e, name: E, project: a, class: k, dataClasses: [d], resources: [x:a/1], names: [{ source: x:a, name: n }] }
identities:
  - { id: mona, name: M, kind: human, accounts: [github:1] }
groups:
  - { id: g, name: G, members: [mona] }
roles:
  - { id: r, name: R }
grants:
  - { identity: mona, role: r, project: a, environment: e, from: 2026-01-01T00:00:00Z, until: 2026-02-01T00:00:00Z }
matrix:
  - { action: code.approve, environmentClass: k, role: r, quorum: 1, excluded: [author], validFor: 1, covers: [commit], emergency: { role: r, reviewWithin: 1 } }
generations:
  - { log: web/0/1, reason: because, first: 5 }
`;
    const after = parseConfiguration(Buffer.from(full));
    const told = JSON.stringify(diffConfigurations(undefined, after));
    const replaced: readonly (readonly [string, string])[] = [
      ['name: A', 'name: B'],
      ['x:a]', 'x:a, x:b]'],
      ['timeZone: UTC', 'timeZone: Europe/Berlin'],
      ['firstDay: 2026-01-05, days: 14', 'firstDay: 2026-01-05, days: 7'],
      ['zone: UTC,', ''],
      ['days: 7, pause', 'days: 8, pause'],
      [' pause: true,', ''],
      ['reason: r }', 'reason: s }'],
      ['compensatingControl: c', 'compensatingControl: d'],
      ['name: E', 'name: F'],
      ['dataClasses: [d]', 'dataClasses: []'],
      ['x:a/1', 'x:a/2'],
      ['name: n', 'name: m'],
      ['name: M', 'name: N'],
      ['kind: human', 'kind: ai'],
      ['github:1', 'github:2'],
      ['name: G', 'name: H'],
      ['members: [mona]', 'members: []'],
      ['name: R', 'name: S'],
      [' environment: e,', ''],
      ['until: 2026-02-01', 'until: 2026-02-02'],
      ['quorum: 1', 'quorum: all'],
      ['excluded: [author]', 'excluded: [requester]'],
      ['validFor: 1', 'validFor: 2'],
      ['covers: [commit]', 'covers: [plan]'],
      ['reviewWithin: 1', 'reviewWithin: 2'],
      [' environmentClass: k,', ''],
      ['reason: because', 'reason: why'],
      ['first: 5', 'first: 6'],
    ];
    const unseen = replaced.filter(([was, is]) => {
      const changed = full.replace(was, is);
      return changed === full || diffConfigurations(after, parseConfiguration(Buffer.from(changed))).length === 0;
    });
    expect(unseen).toEqual([]);
    expect(told).toContain('because');
  });
});
