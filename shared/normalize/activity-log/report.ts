import type { Change, Related } from '../../wire/record.ts';
import { linksOf, targetOf } from '../azure-operation.ts';
import { parseResourceId } from '../azure-resource.ts';
import type { DraftData, RecordDraft } from '../normalizer.ts';
import { idIn, longTextIn, textIn, timeIn, uriIn } from '../table-row.ts';
import type { Row } from '../table-row.ts';
import { callerOf } from './caller.ts';
import type { ActivityEntry } from './entry.ts';
import { entryDetails, outcomeOfEntry } from './operation.ts';
import { clockOfEntry } from './outcome.ts';

/** What Azure reports by itself: security alerts, health, alerts of rules, autoscale, recommendations. */
interface Report {
  readonly object: string;
  /** By the words of the operation's name; the first that is in it. */
  readonly verbs: readonly (readonly [word: RegExp, verb: string])[];
  readonly verb: string;
  /** What of the category's own facts goes into the details, and their names there. */
  readonly facts: Readonly<Record<string, readonly string[]>>;
  readonly title: readonly string[];
  readonly changes?: (facts: Row) => readonly Change[];
  readonly related?: (facts: Row) => readonly Related[];
  readonly inconsequential?: true;
}

const REPORTS = new Map<string, Report>([
  [
    'security',
    {
      object: 'security_alert',
      verbs: [
        [/\/dismiss/i, 'dismissed'],
        [/\/resolve/i, 'resolved'],
        [/\/(?:in)?activate/i, 'raised'],
      ],
      verb: 'raised',
      facts: {
        severity: ['severity'],
        intent: ['intent'],
        compromisedEntity: ['compromisedentity'],
        actionTaken: ['actiontaken'],
        affectedUser: ['username'],
        description: ['description'],
      },
      title: ['eventname', 'alertdisplayname', 'title'],
    },
  ],
  [
    'servicehealth',
    {
      object: 'service_health',
      verbs: [],
      verb: 'reported',
      facts: {
        service: ['service'],
        region: ['region'],
        incidentType: ['incidenttype'],
        trackingId: ['trackingid'],
        stage: ['stage'],
      },
      title: ['title', 'defaultlanguagetitle'],
    },
  ],
  [
    'resourcehealth',
    {
      object: 'resource_health',
      verbs: [],
      verb: 'changed',
      facts: {
        stage: ['stage'],
        eventType: ['healtheventtype', 'type'],
        cause: ['healtheventcause', 'cause'],
        description: ['details'],
      },
      title: ['title'],
      changes: (facts) => changeOf('health', facts, ['previoushealthstatus'], ['currenthealthstatus', 'healthstatus']),
    },
  ],
  [
    'alert',
    {
      object: 'alert',
      verbs: [
        [/\/resolved\b/i, 'resolved'],
        [/\/throttled\b/i, 'throttled'],
      ],
      verb: 'raised',
      facts: { rule: ['rulename'], metric: ['metricname'], threshold: ['threshold'], comparison: ['operator'] },
      title: ['rulename'],
      related: (facts) => resourceOf('rule', uriIn(facts, 'ruleuri')),
    },
  ],
  [
    'autoscale',
    {
      object: 'autoscale',
      verbs: [
        [/scale(?:up|out)/i, 'scaled_out'],
        [/scale(?:down|in)/i, 'scaled_in'],
      ],
      verb: 'scaled',
      facts: { profile: ['activeautoscaleprofile', 'activeautoscaleprofilename'] },
      title: [],
      changes: (facts) => changeOf('instances', facts, ['oldinstancescount'], ['newinstancescount']),
      related: (facts) => resourceOf('scaled', uriIn(facts, 'resourcename')),
    },
  ],
  [
    'recommendation',
    {
      object: 'recommendation',
      verbs: [],
      verb: 'made',
      facts: {
        recommendationCategory: ['recommendationcategory'],
        impact: ['recommendationimpact'],
        risk: ['recommendationrisk'],
        recommendationType: ['recommendationtype'],
      },
      title: ['recommendationname', 'recommendationcategory'],
      inconsequential: true,
    },
  ],
]);

/** The report that the entry is, by its category, else by its operation; undefined where somebody did something. */
export function reportKindOf({ category, operation }: ActivityEntry): string | undefined {
  if (category !== undefined && REPORTS.has(category)) return category;
  if (/^microsoft\.resourcehealth\/healthevent\//i.test(operation)) return 'resourcehealth';
  if (/^microsoft\.servicehealth\//i.test(operation)) return 'servicehealth';
  if (/^microsoft\.advisor\/generaterecommendations\//i.test(operation)) return 'recommendation';
  return undefined;
}

/** `kind` is one that {@link reportKindOf} gave. */
export function reportDraft(entry: ActivityEntry, kind: string): RecordDraft {
  const report = REPORTS.get(kind) as Report;
  const { row, operation, resource, correlation, time, status, facts } = entry;
  const caller = callerOf(entry);
  const outcome = outcomeOfEntry(entry);
  const verb = report.verbs.find(([word]) => word.test(operation))?.[1] ?? report.verb;
  const title = textIn(facts, ...report.title) ?? textIn(row, ...report.title);
  const description = longTextIn(row, 'description') ?? longTextIn(facts, 'description');
  const impactStart = timeIn(facts, 'impactstarttime');
  const said = `${report.object.replaceAll('_', ' ')} ${verb.replaceAll('_', ' ')}`;
  return {
    part: entry.part,
    type: `indelible.infrastructure.${report.object}.${verb}`,
    source: entry.source,
    subject: resource.id,
    time,
    data: {
      ...(caller.actor === undefined ? {} : { actor: caller.actor }),
      action: operation,
      outcome,
      summary: `${said.charAt(0).toUpperCase()}${said.slice(1)} for ${resource.name ?? resource.id}${title === undefined ? '' : `: ${title}`}`,
      target: targetOf(resource),
      related: [...(report.related?.(facts) ?? [])],
      changes: [...(report.changes?.(facts) ?? [])],
      details: {
        ...entryDetails(entry),
        ...(status === undefined ? {} : { status }),
        ...(title === undefined ? {} : { title }),
        ...(description === undefined ? {} : { description }),
        ...factsOf(report, facts),
        ...(impactStart === undefined ? {} : { impactStart }),
      },
      ...(report.inconsequential === true ? { inconsequential: true as const } : {}),
      origin: caller.origin,
      links: linksOf(correlation, operation, resource.id, false),
      clock: clockOfEntry(time, outcome, status),
    },
  };
}

function factsOf(report: Report, facts: Row): NonNullable<DraftData['details']> {
  return Object.fromEntries(
    Object.entries(report.facts).flatMap(([name, members]) => {
      const found = longTextIn(facts, ...members) ?? idIn(facts, ...members);
      return found === undefined ? [] : [[name, found]];
    }),
  );
}

function changeOf(field: string, facts: Row, before: readonly string[], after: readonly string[]): readonly Change[] {
  const from = idIn(facts, ...before);
  const to = idIn(facts, ...after);
  if (from === undefined && to === undefined) return [];
  return [{ field, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
}

function resourceOf(part: string, id: string | undefined): readonly Related[] {
  return id === undefined || !id.startsWith('/') ? [] : [{ part, ...targetOf(parseResourceId(id)) }];
}
