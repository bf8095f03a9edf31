import { z } from 'zod';

import { isOpenedByItself } from '../wire/opening-reason.ts';
import { toTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { ACTIONS, ACTION_NAMES, isVoted } from './actions.ts';
import { PROJECT_ID } from './projects.ts';
import { COVERABLE, EXCLUDABLE } from './rules.ts';

/** The members of indelible.yaml, each by itself; that they fit together, configuration-faults.ts says. */

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** A URI, or the id of an Azure resource (subscription, group or what lies in one). */
const SOURCE = /^(?:[a-z][a-z0-9+.-]*:[^\s?#]+|\/(?:subscriptions|providers|tenants)\/[^\s?#]+)$/;
/** As in wire/log-name.ts, less the trail. */
const LOG = /^[a-z][a-z0-9-]{0,48}\/(?:0|[1-9]\d{0,8})\/(?:0|[1-9]\d{0,8})$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** `<system>:<id>` as `data.actor.id` has it, or an e-mail address or user principal name. */
const ACCOUNT = /^(?:[a-z][a-z0-9.-]*:\S+|[^\s@:/]+@[^\s@:/]+)$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** In a grant, in place of a project. */
export const EVERY_PROJECT = '*';

const id = z
  .string()
  .regex(NAME, 'must be letters, digits, dots, hyphens and underscores, at most 63, and begin with a letter or digit');
const forPeople = z.string().min(1).max(256);
const projectId = z.string().regex(PROJECT_ID, 'must be lower-case letters, digits and hyphens, at most 63 characters');
const uri = z
  .string()
  .max(2_048)
  .regex(
    SOURCE,
    'must be a URI, or an Azure resource id like /subscriptions/<id>/resourceGroups/<name>, without ? and #',
  );
/** Decided by what it says, not by how the YAML library reads it: this schema has no times of its own. */
const timeText = z
  .string('must be a time like 2026-11-23T00:00:00Z')
  .refine(
    (text) => RFC3339.test(text) && toTimestamp(text) !== undefined,
    'must be a time with its zone, like 2026-11-23T00:00:00Z (RFC 3339)',
  )
  .meta({ format: 'date-time' });
const toTime = (text: string): Timestamp => toTimestamp(text) as Timestamp;
const dayText = z
  .string('must be a day like 2026-11-23')
  .refine((text) => DAY.test(text) && toTimestamp(`${text}T00:00:00Z`) !== undefined, 'must be a day like 2026-11-23')
  .meta({ format: 'date' });
const hours = z.number().int().min(1).max(87_600);
const days = z.number().int().min(1).max(366);
const zone = z.string().refine(isZone, 'must be a time zone of the IANA database, like Europe/Berlin');

const sprintsSchema = z.strictObject({
  firstDay: dayText.describe('First day of a sprint; the others follow from it, before and after.'),
  days: days.describe('Calendar days of a sprint.'),
  zone: zone.optional().describe("In which its days begin and end; the project's where it is not given."),
  exceptions: z
    .array(
      z.strictObject({
        firstDay: dayText.describe('First day of the sprint that is another, or of the pause.'),
        days: days.describe('Its calendar days; the next sprint begins after them.'),
        pause: z.literal(true).optional().describe('These days are of no sprint.'),
        reason: forPeople.describe('Why.'),
      }),
    )
    .default([])
    .describe('Sprints of another length and pauses, in the order of time.'),
});

const projectSchema = z.strictObject({
  id: projectId.describe("The project's name in records, tables and request ids."),
  name: forPeople.optional().describe('For people.'),
  sources: z
    .array(uri)
    .min(1)
    .describe(
      'Repositories, Azure subscriptions or resource groups, Azure DevOps projects: what lies below one is of this project.',
    ),
  timeZone: zone.optional().describe('Of its days, months and business hours in reports; UTC where it is not given.'),
  sprints: sprintsSchema.optional().describe('Without them, figures per sprint are not computed.'),
  compensatingControl: z
    .string()
    .min(1)
    .max(2_048)
    .optional()
    .describe(
      'Of a team too small to keep duties apart: what is done instead (who looks at what, how often). Every report prints it.',
    ),
});

const identitySchema = z.strictObject({
  id: id.describe('The name in grants, groups and records (data.actor.resolved).'),
  name: forPeople.optional().describe('For people.'),
  kind: z
    .enum(['human', 'service', 'ai'])
    .default('human')
    .describe('Only the votes of humans count. A human is one person, not a shared account.'),
  accounts: z
    .array(
      z
        .string()
        .max(2_048)
        .regex(
          ACCOUNT,
          'must be <system>:<id> as in data.actor.id, like entra:<object id>, or an address like mona@example.com',
        )
        .refine(
          (account) => !/^git:/i.test(account),
          'must not be a name in Git: whoever commits may choose it freely',
        ),
    )
    .min(1)
    .describe(
      'Every account of this identity: github:<number>, <host>:<number> for another GitHub host, entra:<object id>, azure-devops:<id>. An address (mail, user principal name) counts where no account of that system is listed.',
    ),
});

const groupSchema = z.strictObject({
  id: id.describe('The name in grants.'),
  name: forPeople.optional().describe('For people.'),
  members: z.array(id).describe('Identities.'),
});

const roleSchema = z.strictObject({
  id: id.describe('The name in grants, in the matrix and in records.'),
  name: forPeople.optional().describe('For people: what whoever holds it may do.'),
});

const environmentSchema = z.strictObject({
  id: id.describe(
    'The name in grants and records. What a source calls by this name, in any case, is this environment.',
  ),
  name: forPeople.optional().describe('For people.'),
  project: projectId.describe('The project that it is of.'),
  class: id.describe('What the matrix tells environments apart by, like production.'),
  dataClasses: z
    .array(z.string().min(1).max(128))
    .default([])
    .describe('What it holds that is protected by law or contract: PHI, cardholder data, personal data.'),
  resources: z
    .array(uri)
    .default([])
    .describe('Azure resource groups, resources and other URIs: what lies below one is in this environment.'),
  names: z
    .array(
      z.strictObject({
        source: uri.describe('Repository or Azure DevOps project; what lies below it counts too.'),
        name: z.string().min(1).max(255).describe('The environment, stage or deployment target as it is called there.'),
      }),
    )
    .default([])
    .describe('Where a source calls it by another name than its id.'),
});

const grantSchema = z.strictObject({
  identity: id.optional().describe('Who gets the role; either this or group.'),
  group: id.optional().describe('Whose members get it.'),
  role: id.describe('Which role.'),
  project: z
    .union([z.literal(EVERY_PROJECT), projectId], 'must be the id of a project, or "*" for all of them')
    .describe('In which project; "*" for all of them.'),
  environment: id
    .optional()
    .describe('In this environment of the project alone; in all, and outside any, where absent.'),
  from: timeText.describe('Held from this time on.').transform(toTime),
  until: timeText.describe('Not held any more from this time on; open where absent.').transform(toTime).optional(),
  delegatedBy: id
    .optional()
    .describe(
      'The person whose role this is a part of, handed on for a time: needs until, and a grant of their own that covers all of it.',
    ),
});

const MEANS_VOTES = ['quorum', 'validFor', 'covers', 'emergency'] as const;

const ruleSchema = z
  .strictObject({
    action: z
      .enum(ACTION_NAMES, `must be one of ${ACTION_NAMES.join(', ')}`)
      .describe(ACTION_NAMES.map((action) => `${action}: ${ACTIONS[action].says}.`).join(' ')),
    environmentClass: id
      .optional()
      .describe('For environments of this class; where absent, wherever no entry of the action names the class.'),
    role: id.describe('Whoever acts, or votes, must hold it.'),
    quorum: z
      .union([z.number().int().min(1).max(100), z.literal('all')], 'must be a number from 1 to 100, or all')
      .optional()
      .describe('How many of the eligible must approve; 1 where absent. all: every one of them.'),
    excluded: z
      .array(z.enum(EXCLUDABLE, `must be one of ${EXCLUDABLE.join(', ')}`))
      .default([])
      .describe('Whose vote or act does not count: the author, the requester, whoever deploys.'),
    validFor: hours.optional().describe('Hours for which an approval holds; without end where absent.'),
    covers: z
      .array(z.enum(COVERABLE, `must be one of ${COVERABLE.join(', ')}`))
      .optional()
      .describe('What an approval must bind to, by hash.'),
    emergency: z
      .strictObject({
        role: id.describe('Who may override (verdict override).'),
        reviewWithin: hours.describe('Hours within which that must be reviewed.'),
      })
      .optional()
      .describe('What may replace the quorum when it cannot wait.'),
  })
  .superRefine((rule, context) => {
    if (isVoted(rule.action)) return;
    for (const member of MEANS_VOTES) {
      if (rule[member] === undefined) continue;
      const message = `means votes, and there are none on ${rule.action}: remove it`;
      context.addIssue({ code: 'custom', path: [member], message });
    }
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

/** One version, member by member. */
export const membersSchema = z.strictObject({
  version: z.literal(1, 'must be 1, the only version of this format').describe('Of the format of this file.'),
  from: timeText.describe('In force from this time on, and not before it was adopted.').transform(toTime),
  previous: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the version before, 64 lower-case hex digits')
    .optional()
    .describe('SHA-256 of the bytes of the version before, which lies in indelible.history/; absent in the first.'),
  projects: z.array(projectSchema).describe('What the trail is kept for.'),
  environments: z.array(environmentSchema).default([]).describe('Where the projects run.'),
  identities: z
    .array(identitySchema)
    .default([])
    .describe('People, services and AI systems, each with all of its accounts.'),
  groups: z.array(groupSchema).default([]).describe('Identities that get grants together.'),
  roles: z.array(roleSchema).default([]).describe('What grants give and the matrix demands.'),
  grants: z.array(grantSchema).default([]).describe('Who holds which role, where, and from when until when.'),
  matrix: z.array(ruleSchema).default([]).describe('Which role an action needs, and how it is approved.'),
  generations: z
    .array(generationSchema)
    .default([])
    .describe('Logs that an operator opens: fail-over, foreign blob, lost key.'),
});

export type Members = z.output<typeof membersSchema>;
export type ProjectEntry = Members['projects'][number];
export type EnvironmentEntry = Members['environments'][number];
export type IdentityEntry = Members['identities'][number];
export type GroupEntry = Members['groups'][number];
export type GrantEntry = Members['grants'][number];
export type MatrixEntry = Members['matrix'][number];

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '' && /^[A-Z]/.test(name);
  } catch {
    return false;
  }
}
