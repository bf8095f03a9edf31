import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import { SettingsError } from '../../shared/errors.ts';

const SAMPLE = `version: 1
from: 2026-11-23T01:00:00+01:00
projects:
  - id: payments
    name: Payments
    sources:
      - https://github.com/acme/payments
generations:
  - log: web/3/1
    reason: the namespace failed over
    first: 0
`;

/** The lines of the error that parsing this text throws; an error of another class fails the test. */
function faultsOf(text: string | Buffer): string[] {
  try {
    parseConfiguration(Buffer.from(text));
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('reading indelible.yaml', () => {
  it('gives what the file says, under the hash of its bytes', () => {
    const configuration = parseConfiguration(Buffer.from(SAMPLE));
    expect(configuration).toMatchObject({
      sha256: hash('sha256', SAMPLE, 'hex'),
      from: '2026-11-23T00:00:00.000Z',
      previous: undefined,
      projects: [{ id: 'payments', name: 'Payments', sources: ['https://github.com/acme/payments'] }],
      generations: [{ log: 'web/3/1', reason: 'the namespace failed over', first: 0 }],
    });
    expect(configuration.bytes.toString()).toBe(SAMPLE);
    expect(
      parseConfiguration(Buffer.from('version: 1\nfrom: 2026-11-23T00:00:00Z\nprojects: []\n')).generations,
    ).toEqual([]);
  });

  it('names every fault at once, each with its line and column, so that one pull request mends them all', () => {
    const faults = faultsOf(`version: 2
from: 2026-11-23
colour: red
projects:
  - id: Payments
    sources:
      - github.com/acme/payments
      - https://github.com/acme/payments?x
  - id: platform
    sources: []
    owner: mona
generations:
  - log: web/03/1
    first: -1
`);
    expect(faults.map((fault) => fault.split(': ')[0])).toEqual([
      'indelible.yaml:1:10',
      'indelible.yaml:2:7',
      'indelible.yaml:3:1',
      'indelible.yaml:5:9',
      'indelible.yaml:7:9',
      'indelible.yaml:8:9',
      'indelible.yaml:10:14',
      'indelible.yaml:11:5',
      'indelible.yaml:13:5',
      'indelible.yaml:13:10',
      'indelible.yaml:14:12',
    ]);
    expect(faults[1]).toContain('must be a time with its zone');
    expect(faults[4]).toContain('"projects.0.sources.0" must be a URI');
  });

  it('refuses members that it does not read, so that nobody believes them to be in force', () => {
    expect(faultsOf(`${SAMPLE}baselines:\n  - id: approver\n`)).toEqual([
      'indelible.yaml:12:1: "baselines" is not known here: correct or remove it',
    ]);
    expect(faultsOf(`${SAMPLE}role: x\n`)).toEqual([
      'indelible.yaml:12:1: "role" is not known here: correct or remove it',
    ]);
    expect(faultsOf(`${SAMPLE}roles:\n  - { id: a, rights: all }\n`)).toEqual([
      'indelible.yaml:13:14: "rights" is not known here: correct or remove it',
    ]);
  });

  it.each([
    [
      'a repeated key, of which readers keep one or the other',
      'version: 1\nversion: 1\n',
      '2:1: Map keys must be unique',
    ],
    [
      'an alias, with which a short file becomes a huge one',
      `${SAMPLE}a: &x 1\nb: *x\n`,
      '13:4: write the value out: "*x" is an alias',
    ],
    ['an unknown tag', 'version: !evil 1\n', 'Unresolved tag'],
    ['a second document', `${SAMPLE}---\n${SAMPLE}`, 'multiple documents'],
    ['broken YAML', 'projects: [\n', 'indelible.yaml:2:1'],
    ['an empty file', '', 'indelible.yaml:1:1: the file is wrong'],
    ['no mapping', '- 1\n', 'indelible.yaml:1:1: the file is wrong'],
    ['a prototype as a key', `${SAMPLE}__proto__:\n  a: 1\n`, '"__proto__" is not known here'],
    ['a time that is none', SAMPLE.replace('2026-11-23', '2026-02-31x'), 'indelible.yaml:2:7'],
  ])('refuses %s', (_what, text, reason) => {
    expect(faultsOf(text).join('\n')).toContain(reason);
  });

  it('refuses one source in two projects, however it is cased, and one id for two', () => {
    const faults = faultsOf(`version: 1
from: 2026-11-23T00:00:00Z
projects:
  - id: payments
    sources: ['https://github.com/acme/payments', '/subscriptions/ABC']
  - id: payments
    sources: ['/subscriptions/abc/']
generations:
  - { log: web/3/1, reason: a, first: 0 }
  - { log: web/3/1, reason: b, first: 0 }
`);
    expect(faults).toEqual([
      expect.stringContaining('6:9: "projects.1.id" is the id of another project too: "payments"'),
      expect.stringContaining('7:15: "projects.1.sources.0" is a source of "payments" already'),
      expect.stringContaining('10:12: "generations.1.log" opens "web/3/1" a second time'),
    ]);
  });

  it.each(['first', 'the hub was created anew by hand'])(
    "refuses the sealer's own reason %j, with which a verifier would miss what lies below the first number",
    (reason) => {
      expect(faultsOf(SAMPLE.replace('the namespace failed over', reason))).toEqual([
        expect.stringContaining('indelible.yaml:10:13: "generations.0.reason" must not be "first"'),
      ]);
    },
  );

  it.each(['First', 'first of the second namespace', 'after the hub was created anew'])(
    'takes %j, which only reads like one of them',
    (reason) => {
      expect(faultsOf(SAMPLE.replace('the namespace failed over', reason))).toEqual([]);
    },
  );

  it('ends in a SettingsError for whatever bytes it is given, deep nesting and bad UTF-8 included', () => {
    expect(faultsOf('['.repeat(200_000)).at(-1)).toMatch(/^and \d+ more$/);
    expect(faultsOf('- '.repeat(50_000))).not.toEqual([]);
    expect(faultsOf(Buffer.from([0xff, 0xfe, 0x00]))).toEqual(['indelible.yaml is not UTF-8.']);
    expect(faultsOf('#'.repeat(1024 * 1024 + 1))[0]).toContain('at most 1048576 are read');
    const line = fc.constantFrom(
      'version: 1',
      'from: 2026-11-23T00:00:00Z',
      'projects:',
      '  - id: a',
      '    sources: [x:y]',
      '? [a]',
      '<<: *a',
      '&a b',
      '!!set',
      '%YAML 1.1',
      '---',
      '"',
      "'",
      '{',
      '\t- x',
      '\u0000',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          expect(faultsOf(text)).toBeInstanceOf(Array);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const PEOPLE = `version: 1
from: 2026-01-01T00:00:00Z
projects:
  - { id: payments, sources: ['https://github.com/acme/payments'], compensatingControl: none }
  - { id: shop, sources: ['https://github.com/acme/shop'], compensatingControl: none }
environments:
  - { id: production, project: payments, class: production }
identities:
  - { id: mona, accounts: ['github:1001', mona@acme.example] }
  - { id: hubot, accounts: ['github:1002'] }
  - { id: bot, kind: service, accounts: ['github:1003'] }
groups:
  - { id: team, members: [mona] }
roles:
  - { id: approver }
`;
const HEAD = PEOPLE.split('\n').length;

/** Faults of what is appended to {@link PEOPLE}; lines are counted from the first appended one, 1. */
function faultsIn(appended: string): string[] {
  return faultsOf(`${PEOPLE}${appended}`).map((fault) =>
    fault.replace(/^indelible\.yaml:(\d+)/, (_, line: string) => String(Number(line) - HEAD + 1)),
  );
}

function faultsOfGrants(...grants: string[]): string[] {
  return faultsIn(`grants:\n${grants.map((grant) => `  - { ${grant} }\n`).join('')}`);
}

const FROM = 'from: 2026-01-01T00:00:00Z';

describe('who and where', () => {
  it('is as the file says, with what may be left out filled in', () => {
    const { identities, groups, environments, grants, matrix } = parseConfiguration(
      Buffer.from(
        `${PEOPLE}grants:\n  - { identity: mona, role: approver, project: '*', from: 2026-01-01T01:00:00+01:00 }\nmatrix:\n  - { action: code.approve, role: approver }\n`,
      ),
    );
    expect(identities[0]).toEqual({ id: 'mona', kind: 'human', accounts: ['github:1001', 'mona@acme.example'] });
    expect(groups).toEqual([{ id: 'team', members: ['mona'] }]);
    expect(environments[0]).toEqual({
      id: 'production',
      project: 'payments',
      class: 'production',
      dataClasses: [],
      resources: [],
      names: [],
    });
    expect(grants).toEqual([{ identity: 'mona', role: 'approver', project: '*', from: '2026-01-01T00:00:00.000Z' }]);
    expect(matrix).toEqual([{ action: 'code.approve', role: 'approver', excluded: [] }]);
  });

  it('refuses one account in two identities, in whatever form: an act of it would be of either', () => {
    const faults = faultsOf(
      PEOPLE.replace("'github:1002'", "'github.com:1001', Mona@ACME.example, git:mona@acme.example, nobody"),
    );
    expect(faults).toEqual([
      expect.stringMatching(/^indelible\.yaml:10:29: .*is an account of "mona" already/),
      expect.stringMatching(/^indelible\.yaml:10:48: .*is an account of "mona" already/),
      expect.stringMatching(/^indelible\.yaml:10:67: .*must not be a name in Git/),
      expect.stringMatching(/^indelible\.yaml:10:90: .*must be <system>:<id>/),
    ]);
  });

  it('refuses two of one id, and what is declared nowhere', () => {
    const faults = faultsOf(
      PEOPLE.replace('members: [mona]', 'members: [mona, octo, mona]')
        .replace('  - { id: approver }', '  - { id: approver }\n  - { id: approver }')
        .replace('project: payments, class', 'project: pay, class'),
    );
    expect(faults.map((fault) => fault.replace('indelible.yaml:', ''))).toEqual([
      '7:32: "environments.0.project" is not declared: there is no project "pay"',
      '13:33: "groups.0.members.1" is not declared: there is no identity "octo"',
      '13:39: "groups.0.members.2" is a member already: "mona"',
      '16:11: "roles.1.id" is the id of another role too: "approver"',
    ]);
  });

  it('refuses one resource in two environments, and one that is of another project', () => {
    const environment = (id: string, more: string) => `  - { id: ${id}, project: payments, class: test, ${more} }\n`;
    const text = PEOPLE.replace(
      'identities:',
      `${[
        environment(
          'a',
          "resources: ['https://github.com/acme/payments/a/'], names: [{ source: 'https://github.com/acme/payments', name: Live }]",
        ),
        environment('b', "resources: ['https://GitHub.com/acme/payments/A']"),
        environment('c', "names: [{ source: 'https://github.com/acme/payments/', name: LIVE }]"),
        environment('d', "resources: ['https://github.com/acme/shop', '/subscriptions/1']"),
        environment('Production', 'resources: []'),
      ].join('')}identities:`,
    );
    expect(faultsOf(text)).toEqual([
      expect.stringContaining(':9:58: "environments.2.resources.0" lies in the environment "a" already'),
      expect.stringContaining(':10:107: "environments.3.names.0.name" is the environment "a" already'),
      expect.stringContaining(':11:58: "environments.4.resources.0" lies below a source of "shop"'),
      expect.stringContaining(':11:90: "environments.4.resources.1" lies below no source of any project'),
      expect.stringContaining(':12:11: "environments.5.id" is the id of another environment of "payments" too'),
    ]);
  });
});

describe('grants', () => {
  it('refuses a grant of what is not declared, to nobody, to two, and without a time', () => {
    expect(
      faultsOfGrants(
        `identity: octo, role: boss, project: pay, ${FROM}`,
        `role: approver, project: payments, ${FROM}`,
        `identity: mona, group: team, role: approver, project: payments, ${FROM}`,
        `identity: mona, role: approver, project: payments, environment: moon, ${FROM}`,
        `identity: mona, role: approver, project: '*', environment: production, ${FROM}`,
        `identity: mona, role: approver, project: payments, ${FROM}, until: 2026-01-01T00:00:00Z`,
      ),
    ).toEqual([
      '2:17: "grants.0.identity" is not declared: there is no identity "octo"',
      '2:29: "grants.0.role" is not declared: there is no role "boss"',
      '2:44: "grants.0.project" is not declared: there is no project "pay"',
      '3:5: "grants.1" must name either an identity or a group',
      '4:5: "grants.2" must name either an identity or a group',
      '5:71: "grants.3.environment" is not declared: "payments" has no environment "moon"',
      '6:66: "grants.4.environment" is of one project: name it in place of "*", or remove the environment',
      '7:93: "grants.5.until" must be later than "from"',
    ]);
    expect(faultsOfGrants('identity: mona, role: approver, project: payments, from: 2026-01-01')).toEqual([
      expect.stringMatching(/^2:64: "grants\.0\.from" must be a time with its zone/),
    ]);
  });

  const OWN = `identity: mona, role: approver, project: payments, environment: production, ${FROM}, until: 2026-07-01T00:00:00Z`;
  const delegated = (more: string) => `identity: hubot, role: approver, project: payments, delegatedBy: mona, ${more}`;

  it('lets a person hand on for a time what they hold', () => {
    const within = 'environment: production, from: 2026-02-01T00:00:00Z, until: 2026-07-01T00:00:00Z';
    expect(faultsOfGrants(OWN, delegated(within))).toEqual([]);
    expect(
      faultsOfGrants(
        `group: team, role: approver, project: '*', ${FROM}`,
        delegated(`${FROM}, until: 2030-01-01T00:00:00Z`),
      ),
    ).toEqual([]);
  });

  it.each([
    [
      'for longer than the delegator holds it',
      'environment: production, from: 2026-02-01T00:00:00Z, until: 2026-07-01T00:00:01Z',
    ],
    ['from before that', 'environment: production, from: 2025-12-31T00:00:00Z, until: 2026-02-01T00:00:00Z'],
    ['in more environments', 'from: 2026-02-01T00:00:00Z, until: 2026-03-01T00:00:00Z'],
  ])('refuses to delegate a role %s', (_what, more) => {
    expect(faultsOfGrants(OWN, delegated(more))).toEqual([
      expect.stringMatching(
        /^3:72: "grants\.1\.delegatedBy" must hold all that is delegated: no one grant gives "mona" the role/,
      ),
    ]);
  });

  it('refuses to delegate on, without an end, to oneself, to a group, and to or by what is no person', () => {
    const within = 'environment: production, from: 2026-02-01T00:00:00Z, until: 2026-03-01T00:00:00Z';
    const faults = (text: string) =>
      faultsOfGrants(OWN, delegated(within), text).map((each) => each.replace(/^[^"]*/, ''));
    const place = `role: approver, project: payments, ${within}`;
    expect(faults(`identity: mona, ${place}, delegatedBy: hubot`)).toEqual([
      '"grants.2.delegatedBy" must hold "approver" in their own right: "hubot" was delegated it, and nobody delegates on',
    ]);
    expect(faults(delegated('environment: production, from: 2026-02-01T00:00:00Z'))).toEqual([
      '"grants.2" is delegated: it must end, so give "until"',
    ]);
    expect(faults(`identity: mona, ${place}, delegatedBy: mona`)).toEqual([
      '"grants.2.delegatedBy" must be somebody else than who gets the role',
    ]);
    expect(faults(`group: team, ${place}, delegatedBy: mona`)).toEqual([
      '"grants.2" is delegated: it must name one person, not a group',
    ]);
    expect(faults(`identity: bot, ${place}, delegatedBy: mona`)).toEqual([
      '"grants.2.identity" must be a person, for the role is delegated: "bot" is none',
    ]);
    expect(faults(`identity: hubot, ${place}, delegatedBy: bot`)).toContainEqual(
      '"grants.2.delegatedBy" must be a person: "bot" is none',
    );
    expect(faults(`identity: hubot, ${place}, delegatedBy: octo`)).toEqual([
      '"grants.2.delegatedBy" is not declared: there is no identity "octo"',
    ]);
  });
});

describe('the matrix', () => {
  it('refuses two entries for one case, unknown actions, and what nobody declared', () => {
    const faults = faultsIn(`matrix:
  - { action: code.merge, role: approver }
  - { action: code.merge, role: approver }
  - { action: code.merge, environmentClass: production, role: approver }
  - { action: code.merge, environmentClass: moon, role: boss }
  - { action: code.approve, role: approver, emergency: { role: boss, reviewWithin: 24 } }
`);
    expect(faults).toEqual([
      '3:15: "matrix.1.action" has an entry without a class already: code.merge',
      '5:45: "matrix.3.environmentClass" is not declared: no environment is of the class "moon"',
      '5:57: "matrix.3.role" is not declared: there is no role "boss"',
      '6:64: "matrix.4.emergency.role" is not declared: there is no role "boss"',
    ]);
    expect(faultsIn('matrix:\n  - { action: code.marge, role: approver }\n')).toEqual([
      expect.stringMatching(/^2:15: "matrix\.0\.action" must be one of code\.push, code\.approve, /),
    ]);
  });

  it('refuses a quorum where nobody votes, and numbers that mean nothing', () => {
    expect(faultsIn('matrix:\n  - { action: code.merge, role: approver, quorum: 2, validFor: 1 }\n')).toEqual([
      '2:51: "matrix.0.quorum" means votes, and there are none on code.merge: remove it',
      '2:64: "matrix.0.validFor" means votes, and there are none on code.merge: remove it',
    ]);
    expect(
      faultsIn(
        'matrix:\n  - { action: code.approve, role: approver, quorum: 0, excluded: [friend], covers: [x], validFor: 0.5 }\n',
      ),
    ).toEqual([
      expect.stringContaining('"matrix.0.quorum" is wrong: Too small'),
      expect.stringContaining('"matrix.0.excluded.0" must be one of author, requester, deployer'),
      expect.stringContaining('"matrix.0.covers.0" must be one of commit, artifact, plan'),
      expect.stringContaining('"matrix.0.validFor"'),
    ]);
  });

  const alone = (more: string, grants: string) =>
    faultsOf(
      `${PEOPLE.replaceAll(', compensatingControl: none', '')}grants:\n${grants}matrix:\n  - { action: code.approve, role: approver${more} }\n`,
    );
  const toMona = `  - { identity: mona, role: approver, project: payments, ${FROM} }\n`;
  const toHubot = toMona.replace('mona', 'hubot');

  it('makes a project of one person declare what it does in place of a second pair of eyes', () => {
    expect(alone(', excluded: [author]', toMona)).toEqual([
      'indelible.yaml:4:11: "projects.0.id" has 1 person with the role "approver" for code.approve, and the author may not: grant it to more, or say in "compensatingControl" what is done instead',
    ]);
    expect(alone(', quorum: 3', toMona + toHubot)).toEqual([
      expect.stringContaining('has 2 people with the role "approver" for code.approve, and 3 must approve'),
    ]);
    // A machine is no second pair of eyes.
    expect(alone(', quorum: 2', toMona + toMona.replace('mona', 'bot'))).toHaveLength(1);
    expect(alone('', toMona)).toEqual([]);
    expect(alone(', excluded: [author], quorum: 2', toMona + toHubot)).toEqual([]);
    expect(alone(', quorum: all', toMona)).toEqual([]);
  });
});

describe('sprints', () => {
  const sprints = (more: string) =>
    faultsOf(PEOPLE.replace('compensatingControl: none }', `compensatingControl: none, ${more} }`)).map((each) =>
      each.replace(/^[^"]*/, ''),
    );

  it('have a first day, a length, a zone and exceptions that begin where a sprint would', () => {
    expect(sprints('timeZone: Europe/Berlin, sprints: { firstDay: 2026-01-05, days: 14 }')).toEqual([]);
    const exceptions = (...days: string[]) =>
      sprints(
        `sprints: { firstDay: 2026-01-05, days: 14, zone: UTC, exceptions: [${days.map((day) => `{ firstDay: ${day}, days: 21, reason: x }`).join(', ')}] }`,
      );
    expect(exceptions('2026-01-19', '2026-02-09', '2026-03-16')).toEqual([]);
    expect(exceptions('2026-01-20')).toEqual([
      '"projects.0.sprints.exceptions.0.firstDay" must be the day on which a sprint would begin: 2026-01-05, or a multiple of 14 days later',
    ]);
    expect(exceptions('2026-01-19', '2026-01-19')).toHaveLength(1);
  });

  it('refuses days and zones that do not exist', () => {
    expect(
      sprints(
        'timeZone: Mars/Base, sprints: { firstDay: 2026-02-30, days: 0, exceptions: [{ firstDay: x, days: 1, reason: y }] }',
      ),
    ).toEqual([
      '"projects.0.timeZone" must be a time zone of the IANA database, like Europe/Berlin',
      '"projects.0.sprints.firstDay" must be a day like 2026-11-23',
      expect.stringContaining('"projects.0.sprints.days"'),
      '"projects.0.sprints.exceptions.0.firstDay" must be a day like 2026-11-23',
    ]);
  });
});

describe('whatever the members hold', () => {
  it('ends in a SettingsError, or is taken', () => {
    const sample = readFileSync(new URL('../../local/sample/indelible.yaml', import.meta.url), 'utf8');
    const lines = sample.split('\n');
    const scalar = fc.constantFrom(
      '',
      '~',
      '0',
      '-1',
      '1e400',
      '.nan',
      'true',
      '*',
      '[]',
      '{}',
      '[[a]]',
      'all',
      'x:y',
      '__proto__',
      'constructor',
      '2026-02-30',
      '9999-12-31',
      '2026-01-01T00:00:00Z',
      '"\\uD800"',
    );
    const edit = fc.record({
      line: fc.nat(lines.length - 1),
      to: scalar,
      how: fc.constantFrom('value', 'drop', 'repeat'),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const edited = [...lines];
        for (const { line, to, how } of edits) {
          const text = edited[line] ?? '';
          const values = {
            value: text.replace(/(: |- )[^:{},[\]]+/, `$1${to}`),
            drop: '#',
            repeat: `${text}\n${text}`,
          };
          edited[line] = values[how];
        }
        expect(faultsOf(edited.join('\n'))).toBeInstanceOf(Array);
      }),
      { numRuns: 300 },
    );
  });
});
