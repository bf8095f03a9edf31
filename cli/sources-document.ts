import { format } from 'prettier';

import { actionOf } from '../shared/authorize/actions.ts';
import { GITHUB_EVENTS } from '../shared/normalize/github/events.ts';
import type { RecordDraft } from '../shared/normalize/normalizer.ts';
import { HUB_SOURCES, NORMALIZERS } from '../shared/normalize/normalizers.ts';
import type { Envelope } from '../shared/wire/envelope.ts';
import { CATEGORIES, categoryOf } from '../shared/wire/record.ts';
import { OTHER_SAMPLES, SOURCES } from './source-registry.ts';
import { GITHUB_DETAILS, githubSamples } from './sources/github.ts';

/** What one event's samples became. */
interface Seen {
  readonly types: Set<string>;
  readonly targets: Set<string>;
  readonly related: Set<string>;
  readonly links: Set<string>;
  readonly details: Set<string>;
  /** Actions that the matrix is asked for. */
  readonly actions: Set<string>;
  /** Names of all members of the payloads, at any depth. */
  readonly members: Set<string>;
}

/** docs/sources.md, from the table of events, the descriptions, and what the normalizers make of the samples. */
export function toSourcesDocument(): Promise<string> {
  const sections = NORMALIZERS.map(({ source }) => (source === 'github' ? githubSection() : otherSection(source)));
  const document = [
    '# Sources',
    '`npm run generate` writes this page from the code, and `test/docs/sources.test.ts` fails where it is stale. Record types,',
    'targets, links and details are what the normalizers make of sample payloads: those that GitHub publishes for every version,',
    'and the fixtures of the tests. An action that no sample has gives a type of the same form; `…` stands where there is no sample at all.',
    '',
    '| source | hub that may bring it | normalizer | authenticated by |',
    '| --- | --- | --- | --- |',
    ...NORMALIZERS.map(
      ({ source, version }) =>
        `| [\`${source}\`](#${source}) | \`${hubOf(source)}\` | \`${source}/${version}\` | ${describe(source).authenticated} |`,
    ),
    '',
    'A source that comes through another hub than its own is sealed as `unrecognized`. So is an event that no table below names.',
    'Category and object are in the record type, `indelible.<category>.<object>.<verb>`. `authority` names the actions that',
    'the matrix in `indelible.yaml` is asked for ([authority.md](authority.md)); where there is none, its basis is `unknown`.',
    '',
    'Every record also has `clock.received` and `clock.enqueued`, `project`, `authority`, `collected` and `evidence`: the',
    'normalizing step and the sealer add them (see [format.md](format.md)).',
    '',
    ...sections,
  ];
  return format(document.join('\n'), { parser: 'markdown', printWidth: 120 });
}

function hubOf(source: string): string {
  const hubs = Object.keys(HUB_SOURCES).filter((hub) => HUB_SOURCES[hub]?.includes(source) === true);
  return hubs.join(', ');
}

function describe(source: string) {
  const described = SOURCES.get(source);
  if (described === undefined) throw new Error(`cli/source-registry.ts does not describe the source ${source}.`);
  return described;
}

function githubSection(): string {
  const seen = githubSeen();
  const used = new Set<string>();
  const { intro, fills } = describe('github');
  const lines = ['## github', intro, '', ...fillLines(fills), ''];
  for (const category of CATEGORIES) {
    const rules = [...GITHUB_EVENTS].filter(([, rule]) => rule.category === category);
    if (rules.length === 0) continue;
    lines.push(`### github: ${category}`, '');
    lines.push('| event | says | records |', '| --- | --- | --- |');
    for (const [event, { says }] of rules)
      lines.push(`| \`${event}\` | ${says} | ${typesOf(seen.get(event)) || withoutSample(event)} |`);
    lines.push('');
    for (const [event] of rules) {
      const facts = seen.get(event);
      if (facts === undefined) continue;
      lines.push(`- \`${event}\`: ${factsOf(facts)}`);
      for (const name of facts.details) if (!isOwnName(name, facts)) used.add(name);
    }
    lines.push('');
  }
  refuseDrift(used, new Set(GITHUB_DETAILS.keys()), 'github');
  lines.push(
    '### github: details',
    '',
    "A detail has the name of the payload's member in camel case (`head_branch` is `headBranch`), but for these:",
    '',
    ...meaningTable(GITHUB_DETAILS),
  );
  return lines.join('\n');
}

function otherSection(source: string): string {
  const { intro, fills, details } = describe(source);
  const byEvent = new Map<string, Seen>();
  for (const { event, subject, claims, body } of OTHER_SAMPLES.filter((sample) => sample.source === source)) {
    const envelope = {
      source,
      event,
      ...(subject === undefined ? {} : { subject }),
      ...(claims === undefined ? {} : { claims }),
    };
    take(byEvent, event, body, draftsOf(source, envelope, body));
  }
  if (byEvent.size === 0) throw new Error(`cli/sources/ has no sample of the source ${source}.`);
  const observed = new Set([...byEvent.values()].flatMap((seen) => [...seen.details]));
  refuseDrift(observed, new Set(details.keys()), source);
  return [
    `## ${source}`,
    intro,
    '',
    '| sample event | records |',
    '| --- | --- |',
    ...[...byEvent].map(([event, seen]) => `| \`${event}\` | ${typesOf(seen)} |`),
    '',
    ...[...byEvent].map(([event, seen]) => `- \`${event}\`: ${factsOf(seen)}`),
    '',
    ...fillLines(fills),
    '',
    ...meaningTable(details),
    '',
  ].join('\n');
}

/** A detail that nobody described, or a description of what no sample has any more. */
function refuseDrift(observed: ReadonlySet<string>, described: ReadonlySet<string>, source: string): void {
  const missing = [...observed].filter((name) => !described.has(name));
  const stale = [...described].filter((name) => !observed.has(name));
  if (missing.length === 0 && stale.length === 0) return;
  throw new Error(
    `cli/sources/${source}.ts: the details of ${source} lack [${missing.join(', ')}], and no sample has [${stale.join(', ')}].`,
  );
}

function githubSeen(): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const { event, payload } of githubSamples()) {
    take(seen, event, payload, draftsOf('github', { source: 'github', event }, payload));
  }
  return seen;
}

function draftsOf(source: string, envelope: Envelope, payload: unknown): readonly RecordDraft[] {
  const normalizer = NORMALIZERS.find((each) => each.source === source);
  const input = { envelope, body: Buffer.from(JSON.stringify(payload)), enqueued: '2026-11-23T06:00:00.000Z' };
  return normalizer?.normalize(input) ?? [];
}

function take(seen: Map<string, Seen>, event: string, payload: unknown, drafts: readonly RecordDraft[]): void {
  const facts = seen.get(event) ?? {
    types: new Set(),
    targets: new Set(),
    related: new Set(),
    links: new Set(),
    details: new Set(),
    actions: new Set(),
    members: new Set(),
  };
  seen.set(event, facts);
  for (const { type, data } of drafts) {
    facts.types.add(type);
    const action = actionOf(type, { ...data, category: categoryOf(type) }, true);
    if (action !== undefined) facts.actions.add(action);
    if (data.target !== undefined) facts.targets.add(data.target.kind);
    for (const { part } of data.related ?? []) facts.related.add(part);
    for (const { kind } of data.links ?? []) facts.links.add(kind);
    for (const [name, value] of Object.entries(data.details ?? {})) {
      // Finishing leaves out what is empty.
      if (value !== undefined && value !== '') facts.details.add(name);
    }
  }
  addMembers(payload, facts.members);
}

function addMembers(value: unknown, members: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    members.add(name);
    addMembers(each, members);
  }
}

/** True where the payload has a member of that name. */
function isOwnName(detail: string, { members }: Seen): boolean {
  return members.has(detail) || members.has(detail.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** `indelible.code.pull_request.` and the verbs, each object once. */
function typesOf(seen: Seen | undefined): string {
  if (seen === undefined) return '';
  const byObject = Map.groupBy([...seen.types].sort(), (type) => type.slice(0, type.lastIndexOf('.')));
  return [...byObject]
    .map(([object, types]) => `\`${object}.\` ${types.map((type) => type.slice(object.length + 1)).join(', ')}`)
    .join('; ');
}

/** The object at least, which does not depend on the payload. */
function withoutSample(event: string): string {
  const types = draftsOf('github', { source: 'github', event }, { action: 'created', sender: { login: 'mona' } }).map(
    ({ type }) => type,
  );
  return types.map((type) => `\`${type.slice(0, type.lastIndexOf('.'))}.\` …`).join('; ');
}

function factsOf({ targets, related, links, details, actions }: Seen): string {
  const parts = [
    ['target', targets],
    ['related', related],
    ['authority', actions],
    ['links', links],
    ['details', details],
  ] as const;
  return parts
    .filter(([, names]) => names.size > 0)
    .map(([what, names]) => `${what} ${[...names].sort().join(', ')}`)
    .join('; ');
}

function fillLines(fills: ReadonlyMap<string, string>): string[] {
  return [
    '| member | filled from |',
    '| --- | --- |',
    ...[...fills].map(([member, from]) => `| \`${member}\` | ${from} |`),
  ];
}

function meaningTable(details: ReadonlyMap<string, string>): string[] {
  const rows = [...details]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return ['| detail | meaning |', '| --- | --- |', ...rows];
}
