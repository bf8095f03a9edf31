import { hash } from 'node:crypto';

import type { Timestamp } from '../wire/timestamp.ts';
import { refuseFaults } from './configuration-faults.ts';
import { membersSchema } from './configuration-schema.ts';
import type { Members } from './configuration-schema.ts';
import { ProjectFinder } from './projects.ts';
import { VersionRules } from './version-rules.ts';
import { readYaml } from './yaml.ts';

/**
 * One version of indelible.yaml (docs/authority.md has one with all members):
 *
 *     version: 1
 *     from: 2026-11-23T00:00:00Z
 *     previous: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 *     projects:
 *       - id: payments
 *         sources: [https://github.com/acme/payments]
 *     roles:
 *       - id: approver
 *     grants:
 *       - { identity: mona, role: approver, project: payments, from: 2026-11-23T00:00:00Z }
 */
export interface Configuration extends Omit<Members, 'version' | 'previous'> {
  /** Of the file's bytes: the name of the version, in records and in the history. */
  readonly sha256: string;
  readonly bytes: Buffer;
  readonly from: Timestamp;
  /** The version before; undefined in the first. */
  readonly previous: string | undefined;
  /** People, roles and matrix, to be asked. */
  readonly rules: VersionRules;
  /** {@link ProjectFinder.find} */
  projectOf(source: string, objects: readonly string[]): string | undefined;
}

export const configurationSchema = membersSchema.superRefine(refuseFaults);

/** Parses and checks one version. Throws SettingsError with every fault, its line and column. */
export function parseConfiguration(bytes: Buffer, file = 'indelible.yaml'): Configuration {
  const { version: _format, ...members } = readYaml(bytes, configurationSchema, file);
  const finder = new ProjectFinder(members.projects);
  return {
    ...members,
    sha256: hash('sha256', bytes, 'hex'),
    bytes,
    previous: members.previous,
    rules: new VersionRules(members),
    projectOf: (source, objects) => finder.find(source, objects),
  };
}
