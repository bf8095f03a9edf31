import { hash } from 'node:crypto';

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

  it('refuses rules that this version does not read, so that nobody believes them to be in force', () => {
    expect(faultsOf(`${SAMPLE}roles:\n  - id: approver\n`)).toEqual([
      'indelible.yaml:12:1: "roles" is not supported yet by this version of Indelible: nothing would follow from it, so remove it',
    ]);
    expect(faultsOf(`${SAMPLE}role: x\n`)).toEqual([
      'indelible.yaml:12:1: "role" is not known here: correct or remove it',
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
