import { hash } from 'node:crypto';

import { z } from 'zod';

import { isOpenedByItself } from '../wire/opening-reason.ts';
import { toTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { PROJECT_ID, ProjectFinder, foldSource } from './projects.ts';
import type { Project } from './projects.ts';
import { readYaml } from './yaml.ts';

/**
 * One version of indelible.yaml:
 *
 *     version: 1
 *     from: 2026-11-23T00:00:00Z
 *     previous: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 *     projects:
 *       - id: payments
 *         name: Payments
 *         sources:
 *           - https://github.com/acme/payments
 *           - /subscriptions/4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11/resourceGroups/payments
 *     generations:
 *       - log: web/3/1
 *         reason: the namespace failed over
 *         first: 0
 */
export interface Configuration {
  /** Of the file's bytes: the name of the version, in records and in the history. */
  readonly sha256: string;
  readonly bytes: Buffer;
  readonly from: Timestamp;
  /** The version before; undefined in the first. */
  readonly previous: string | undefined;
  readonly projects: readonly Project[];
  readonly generations: readonly GenerationEntry[];
  /** {@link ProjectFinder.find} */
  projectOf(source: string, objects: readonly string[]): string | undefined;
}

/** A generation that an operator opens: fail-over, foreign blob, lost key. */
export type GenerationEntry = z.output<typeof generationSchema>;

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** A URI, or the id of an Azure resource (subscription, group or what lies in one). */
const SOURCE = /^(?:[a-z][a-z0-9+.-]*:[^\s?#]+|\/(?:subscriptions|providers|tenants)\/[^\s?#]+)$/;
/** As in wire/log-name.ts, less the trail. */
const LOG = /^[a-z][a-z0-9-]{0,48}\/(?:0|[1-9]\d{0,8})\/(?:0|[1-9]\d{0,8})$/;

const projectSchema = z.strictObject({
  id: z
    .string()
    .regex(PROJECT_ID, 'must be lower-case letters, digits and hyphens, at most 63 characters')
    .describe("The project's name in records, tables and request ids."),
  name: z.string().min(1).max(256).optional().describe('For people.'),
  sources: z
    .array(
      z
        .string()
        .max(2_048)
        .regex(
          SOURCE,
          'must be a URI, or an Azure resource id like /subscriptions/<id>/resourceGroups/<name>, without ? and #',
        ),
    )
    .min(1)
    .describe(
      'Repositories, Azure subscriptions or resource groups, Azure DevOps projects: what lies below one is of this project.',
    ),
});

const generationSchema = z.strictObject({
  log: z
    .string()
    .regex(LOG, 'must be <hub>/<partition>/<generation>, like web/3/1')
    .describe('The log to open: <hub>/<partition>/<generation>.'),
  reason: z
    .string()
    .min(1)
    .max(2_048)
    .refine(
      (reason) => !isOpenedByItself(reason),
      'must not be "first" or begin with "the hub was created anew ": those are the sealer\'s own reasons; say in other words why',
    )
    .describe('Why; it goes into the first seal of the log.'),
  first: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .describe('Sequence number of the first message that the log takes in.'),
});

export const configurationSchema = z.strictObject({
  version: z.literal(1, 'must be 1, the only version of this format').describe('Of the format of this file.'),
  from: z
    .string('must be a time like 2026-11-23T00:00:00Z')
    .refine(
      (text) => RFC3339.test(text) && toTimestamp(text) !== undefined,
      'must be a time with its zone, like 2026-11-23T00:00:00Z (RFC 3339)',
    )
    .meta({ format: 'date-time' })
    .describe('In force from this time on, and not before it was adopted.'),
  previous: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the version before, 64 lower-case hex digits')
    .optional()
    .describe('SHA-256 of the bytes of the version before, which lies in indelible.history/; absent in the first.'),
  projects: z.array(projectSchema).superRefine(refuseAmbiguity),
  generations: z.array(generationSchema).superRefine(refuseSecondOpening).default([]),
});

/** Parses and checks one version. Throws SettingsError with every fault, its line and column. */
export function parseConfiguration(bytes: Buffer, file = 'indelible.yaml'): Configuration {
  const { version: _format, from, ...read } = readYaml(bytes, configurationSchema, file);
  const finder = new ProjectFinder(read.projects);
  return {
    ...read,
    sha256: hash('sha256', bytes, 'hex'),
    bytes,
    from: toTimestamp(from) as Timestamp,
    previous: read.previous,
    projectOf: (source, objects) => finder.find(source, objects),
  };
}

/** Two projects with one id, or one source in two places: which of them an event belongs to would be chance. */
function refuseAmbiguity(projects: readonly Project[], context: z.RefinementCtx): void {
  const ids = new Set<string>();
  const owners = new Map<string, string>();
  for (const [p, { id, sources }] of projects.entries()) {
    if (ids.has(id))
      context.addIssue({ code: 'custom', path: [p, 'id'], message: `is the id of another project too: "${id}"` });
    ids.add(id);
    for (const [s, source] of sources.entries()) {
      const owner = owners.get(foldSource(source));
      if (owner !== undefined) {
        context.addIssue({
          code: 'custom',
          path: [p, 'sources', s],
          message: `is a source of "${owner}" already (case does not tell sources apart)`,
        });
      }
      owners.set(foldSource(source), id);
    }
  }
}

function refuseSecondOpening(generations: readonly GenerationEntry[], context: z.RefinementCtx): void {
  const logs = new Set<string>();
  for (const [g, { log }] of generations.entries()) {
    if (logs.has(log)) context.addIssue({ code: 'custom', path: [g, 'log'], message: `opens "${log}" a second time` });
    logs.add(log);
  }
}
