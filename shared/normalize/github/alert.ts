import type { Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, objectsAt, textAt, textsAt, timeAt, uriAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { hashOf, webUrl } from './address.ts';
import { changesOf } from './changes.ts';
import { draftOf, htmlUrl, linkTo, oneLine, quoted, timeOf } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/*
 * What GitHub's scanners found in code and in dependencies, and who closed it. The trail's own category `finding` is for
 * what the trail itself finds: these are category `code`.
 */

interface Alert {
  readonly thing: JsonObject | undefined;
  readonly number: string;
  readonly url: string;
}

function alertOf({ payload, source }: Delivery, page: string): Alert {
  const thing = objectAt(payload, 'alert');
  const number = idAt(thing, 'number') ?? idAt(thing, 'id') ?? '';
  return {
    thing,
    number,
    url: htmlUrl(thing, source) ?? webUrl(uriAt(thing, 'url'), source) ?? `${source}/security/${page}/${number}`,
  };
}

/** Who closed an alert, who is to solve it: as the alert names them, under whichever member. */
function alertPersons({ payload, host }: Delivery, thing: JsonObject | undefined): (Related | undefined)[] {
  return [
    relatedPerson('resolvedBy', principalOf(objectAt(thing, 'resolved_by'), host)),
    relatedPerson('dismissedBy', principalOf(objectAt(thing, 'dismissed_by') ?? objectAt(thing, 'dismisser'), host)),
    relatedPerson('pushProtectionBypassedBy', principalOf(objectAt(thing, 'push_protection_bypassed_by'), host)),
    relatedPerson('bypassReviewer', principalOf(objectAt(thing, 'push_protection_bypass_request_reviewer'), host)),
    relatedPerson('assignee', principalOf(objectAt(payload, 'assignee') ?? objectAt(thing, 'assigned_to'), host)),
    ...objectsAt(thing, 'assignees').map((each) => relatedPerson('assignee', principalOf(each, host))),
  ];
}

/** `secret_scanning_alert`. The secret itself is in the payload for some hooks, and in no record. */
export function normalizeSecretAlert(delivery: Delivery): readonly RecordDraft[] {
  const alert = alertOf(delivery, 'secret-scanning');
  const { thing, number } = alert;
  const kind = textAt(thing, 'secret_type_display_name') ?? textAt(thing, 'secret_type');
  const { action, host, sender } = delivery;
  const verb = verbOf(action);
  return [
    draftOf(delivery, {
      ...aboutSecretAlert(delivery, alert),
      object: 'secret_scanning_alert',
      // Enterprise Servers send alerts without a sender.
      actor: sender ?? (action === 'resolved' ? principalOf(objectAt(thing, 'resolved_by'), host) : undefined),
      verb,
      time: timeOf(delivery, thing, { created: 'created_at', resolved: 'resolved_at', other: 'updated_at' }),
      changes: changesOf(delivery.payload, thing),
      did: saidOf(verb, `secret scanning alert #${number}${quoted(kind)}`),
    }),
  ];
}

function aboutSecretAlert(
  delivery: Delivery,
  { thing, number, url }: Alert,
): Pick<Facts, 'category' | 'subject' | 'target' | 'related' | 'details'> {
  const kind = textAt(thing, 'secret_type_display_name') ?? textAt(thing, 'secret_type');
  return {
    category: 'code',
    subject: `secret-scanning/${number}`,
    target: { kind: 'secretScanningAlert', id: url, ...(kind === undefined ? {} : { name: kind }) },
    related: alertPersons(delivery, thing),
    details: {
      secretType: textAt(thing, 'secret_type'),
      state: textAt(thing, 'state'),
      resolution: textAt(thing, 'resolution'),
      resolutionComment: longTextAt(thing, 'resolution_comment'),
      validity: textAt(thing, 'validity'),
      pushProtectionBypassed: booleanAt(thing, 'push_protection_bypassed'),
      pushProtectionBypassedAt: timeAt(thing, 'push_protection_bypassed_at'),
      publiclyLeaked: booleanAt(thing, 'publicly_leaked'),
      multiRepo: booleanAt(thing, 'multi_repo'),
    },
  };
}

/** `secret_scanning_alert_location`: the secret was found in one more place. */
export function normalizeSecretLocation(delivery: Delivery): readonly RecordDraft[] {
  const { payload } = delivery;
  const alert = alertOf(delivery, 'secret-scanning');
  const about = aboutSecretAlert(delivery, alert);
  const location = objectAt(payload, 'location');
  const details = objectAt(location, 'details');
  const where = Object.keys(details ?? {}).find((name) => name.endsWith('_url') && name !== 'blob_url');
  const commit = textAt(details, 'commit_sha');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      ...about,
      object: 'secret_scanning_alert_location',
      verb,
      details: {
        ...about.details,
        locationType: textAt(location, 'type'),
        path: textAt(details, 'path'),
        startLine: numberAt(details, 'start_line'),
        endLine: numberAt(details, 'end_line'),
        commit,
        place: where === undefined ? undefined : webUrl(uriAt(details, where), delivery.source),
      },
      links: [linkTo('commit', hashOf(commit))],
      did: `${verb} a location (${textAt(details, 'path') ?? textAt(location, 'type') ?? 'unknown'}) of secret scanning alert #${alert.number}`,
    }),
  ];
}

/** `secret_scanning_scan` */
export function normalizeSecretScan(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const type = textAt(payload, 'type');
  const content = textAt(payload, 'source');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'secret_scanning_scan',
      verb,
      time: timeAt(payload, 'completed_at'),
      subject: `secret-scanning/scans/${type ?? ''}`,
      target: { kind: 'repository', id: source, name: textAt(payload, 'repository', 'full_name') ?? source },
      details: {
        scan: type,
        content,
        secretTypes: textsAt(payload, 'secret_types').join(', '),
        customPattern: textAt(payload, 'custom_pattern_name'),
        customPatternScope: textAt(payload, 'custom_pattern_scope'),
      },
      clock: { started: timeAt(payload, 'started_at'), ended: timeAt(payload, 'completed_at') },
      did: `${verb} a secret scanning scan${type === undefined ? '' : ` (${type}${content === undefined ? '' : ` of ${content}`})`}`,
      joint: 'of',
    }),
  ];
}

/** `code_scanning_alert` */
export function normalizeCodeAlert(delivery: Delivery): readonly RecordDraft[] {
  const { payload, host, action, sender } = delivery;
  const { thing, number, url } = alertOf(delivery, 'code-scanning');
  const rule = objectAt(thing, 'rule');
  const title = textAt(rule, 'description') ?? textAt(rule, 'id');
  const verb = verbOf(action);
  const instance = objectAt(thing, 'most_recent_instance');
  const commit = textAt(payload, 'commit_oid') ?? textAt(instance, 'commit_sha');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'code_scanning_alert',
      verb,
      time: timeOf(delivery, thing, {
        created: 'created_at',
        closed_by_user: 'dismissed_at',
        fixed: 'fixed_at',
        other: 'updated_at',
      }),
      subject: `code-scanning/${number}`,
      actor: action === 'closed_by_user' ? (principalOf(objectAt(thing, 'dismissed_by'), host) ?? sender) : sender,
      target: { kind: 'codeScanningAlert', id: url, ...(title === undefined ? {} : { name: oneLine(title, 512) }) },
      related: alertPersons(delivery, thing),
      details: {
        rule: textAt(rule, 'id'),
        severity: textAt(rule, 'severity'),
        securitySeverity: textAt(rule, 'security_severity_level'),
        tool: textAt(thing, 'tool', 'name'),
        toolVersion: textAt(thing, 'tool', 'version'),
        state: textAt(thing, 'state') ?? textAt(instance, 'state'),
        dismissedReason: textAt(thing, 'dismissed_reason'),
        dismissedComment: longTextAt(thing, 'dismissed_comment'),
        ref: textAt(payload, 'ref') ?? textAt(instance, 'ref'),
        path: textAt(instance, 'location', 'path'),
        commit,
      },
      links: [linkTo('commit', hashOf(commit))],
      did: saidOf(verb, `code scanning alert #${number}${quoted(title)}`),
    }),
  ];
}

/** `dependabot_alert` and, before it, `repository_vulnerability_alert` */
export function normalizeDependencyAlert(delivery: Delivery): readonly RecordDraft[] {
  const { event, action, host, sender } = delivery;
  const { thing, number, url } = alertOf(delivery, 'dependabot');
  const advisory = objectAt(thing, 'security_advisory');
  const name = textAt(thing, 'dependency', 'package', 'name') ?? textAt(thing, 'affected_package_name');
  const verb = verbOf(action);
  const title = textAt(advisory, 'summary');
  const dismissed = action === 'dismissed' || action === 'dismiss';
  return [
    draftOf(delivery, {
      category: 'code',
      object: event,
      verb,
      time: timeOf(delivery, thing, ALERT_TIMES),
      subject: `dependabot/${number}`,
      actor: dismissed
        ? (principalOf(objectAt(thing, 'dismissed_by') ?? objectAt(thing, 'dismisser'), host) ?? sender)
        : sender,
      target: { kind: 'dependencyAlert', id: url, ...(name === undefined ? {} : { name }) },
      related: alertPersons(delivery, thing),
      details: {
        package: name,
        ecosystem: textAt(thing, 'dependency', 'package', 'ecosystem'),
        manifest: textAt(thing, 'dependency', 'manifest_path'),
        scope: textAt(thing, 'dependency', 'scope'),
        advisory: textAt(advisory, 'ghsa_id') ?? textAt(thing, 'ghsa_id'),
        cve: textAt(advisory, 'cve_id') ?? textAt(thing, 'external_identifier'),
        severity:
          textAt(thing, 'security_vulnerability', 'severity') ??
          textAt(advisory, 'severity') ??
          textAt(thing, 'severity'),
        affected:
          textAt(thing, 'security_vulnerability', 'vulnerable_version_range') ?? textAt(thing, 'affected_range'),
        fixedIn:
          textAt(thing, 'security_vulnerability', 'first_patched_version', 'identifier') ?? textAt(thing, 'fixed_in'),
        state: textAt(thing, 'state'),
        dismissedReason: textAt(thing, 'dismissed_reason') ?? textAt(thing, 'dismiss_reason'),
        dismissedComment: longTextAt(thing, 'dismissed_comment') ?? longTextAt(thing, 'dismiss_comment'),
      },
      did: saidOf(
        verb,
        `the vulnerability alert${number === '' ? '' : ` #${number}`} for ${name ?? 'a dependency'}${quoted(title)}`,
      ),
    }),
  ];
}

const ALERT_TIMES = {
  created: 'created_at',
  create: 'created_at',
  dismissed: 'dismissed_at',
  dismiss: 'dismissed_at',
  auto_dismissed: 'auto_dismissed_at',
  fixed: 'fixed_at',
  resolve: 'fixed_at',
  other: 'updated_at',
};

/** `security_advisory`, GitHub's own for everybody, and `repository_advisory`, of one repository. */
export function normalizeAdvisory(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source, host } = delivery;
  const advisory = objectAt(payload, event);
  const id = textAt(advisory, 'ghsa_id') ?? '';
  const verb = verbOf(delivery.action);
  const title = textAt(advisory, 'summary');
  return [
    draftOf(delivery, {
      category: 'code',
      object: event,
      verb,
      time: timeOf(delivery, advisory, {
        published: 'published_at',
        withdrawn: 'withdrawn_at',
        reported: 'created_at',
        other: 'updated_at',
      }),
      subject: `advisories/${id}`,
      target: {
        kind: 'advisory',
        id:
          htmlUrl(advisory, source) ??
          (event === 'repository_advisory'
            ? `${source}/security/advisories/${id}`
            : id && `https://github.com/advisories/${id}`),
        ...(title === undefined ? {} : { name: title }),
      },
      related: [
        relatedPerson('author', principalOf(objectAt(advisory, 'author'), host)),
        relatedPerson('publisher', principalOf(objectAt(advisory, 'publisher'), host)),
      ],
      details: {
        advisory: id,
        cve: textAt(advisory, 'cve_id') ?? identifierOf(advisory),
        severity: textAt(advisory, 'severity'),
        score: numberAt(advisory, 'cvss', 'score'),
        state: textAt(advisory, 'state'),
        packages: objectsAt(advisory, 'vulnerabilities')
          .flatMap((each) => textAt(each, 'package', 'name') ?? [])
          .join(', '),
      },
      did: saidOf(verb, `security advisory ${id}${quoted(title)}`),
    }),
  ];
}

function identifierOf(advisory: JsonObject | undefined): string | undefined {
  const cve = objectsAt(advisory, 'identifiers').find((each) => textAt(each, 'type') === 'CVE');
  return textAt(cve, 'value');
}
