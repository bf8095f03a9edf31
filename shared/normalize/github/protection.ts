import type { Change } from '../../wire/record.ts';
import { isObject } from '../../wire/json.ts';
import type { JsonObject } from '../../wire/json.ts';
import { isSecretField, MASK, maskedJson } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { at, idAt, objectAt, objectsAt, textAt, timeAt, uriAt } from '../read.ts';
import { ownUrl } from './address.ts';
import { changeOf, changesOf, textOf } from './changes.ts';
import { draftOf, quoted, timeOf } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/*
 * The rules that make reviews and checks more than a habit. Category access: they say who may change what, and how.
 */

/** `branch_protection_rule` */
export function normalizeBranchProtectionRule(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const rule = objectAt(payload, 'rule');
  const id = idAt(rule, 'id') ?? '';
  const name = textAt(rule, 'name');
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'branch_protection_rule',
      verb,
      time: timeOf(delivery, rule, { created: 'created_at', deleted: undefined, other: 'updated_at' }),
      subject: `branch_protection_rules/${id}`,
      target: {
        kind: 'branchProtectionRule',
        id: `${source}/settings/branch_protection_rules/${id}`,
        ...(name === undefined ? {} : { name }),
      },
      changes: changesOf(payload, rule),
      details: settingsOf(rule),
      did: `${verb} the branch protection rule${quoted(name)}`,
      joint: 'of',
    }),
  ];
}

const NO_SETTING = new Set(['id', 'node_id', 'repository_id', 'created_at', 'updated_at', 'name', 'url', 'html_url']);
// A rule has some 30 settings; a payload that has thousands is none of GitHub's.
const MOST_SETTINGS = 64;

/** All settings of a rule, so that what held after the change can be read from this record alone. */
function settingsOf(rule: JsonObject | undefined): NonNullable<Facts['details']> {
  const settings = Object.entries(rule ?? {}).filter(
    ([name]) => !NO_SETTING.has(name) && /^[a-z][a-z0-9_]{0,63}$/.test(name),
  );
  return Object.fromEntries(
    settings.slice(0, MOST_SETTINGS).map(([name, value]) => [camelCase(name), textOf(value)] as const),
  );
}

function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9]|$)/g, (_, letter: string) => letter.toUpperCase());
}

/** `branch_protection_configuration`: all branch protection of a repository was switched off or on. */
export function normalizeBranchProtectionConfiguration(delivery: Delivery): readonly RecordDraft[] {
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      ...aboutRepository(delivery),
      object: 'branch_protection_configuration',
      verb,
      subject: 'branch_protection_configuration',
      changes:
        verb === 'enabled' || verb === 'disabled'
          ? [changeOf('branchProtection', verb === 'enabled' ? 'disabled' : 'enabled', verb)]
          : [],
      did: `${verb} all branch protection`,
      joint: 'of',
    }),
  ];
}

/** `repository_ruleset`: of a repository, an organization or an enterprise. */
export function normalizeRuleset(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const ruleset = objectAt(payload, 'repository_ruleset') ?? objectAt(payload, 'ruleset');
  const id = idAt(ruleset, 'id') ?? '';
  const name = textAt(ruleset, 'name');
  const verb = verbOf(delivery.action);
  const url = ownUrl(uriAt(ruleset, '_links', 'html', 'href'), source) ?? `${source}/rules/${id}`;
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'ruleset',
      verb,
      time: timeOf(delivery, ruleset, { created: 'created_at', deleted: undefined, other: 'updated_at' }),
      subject: `rulesets/${id}`,
      target: { kind: 'ruleset', id: url, ...(name === undefined ? {} : { name }) },
      changes: rulesetChanges(payload, ruleset),
      details: {
        enforcement: textAt(ruleset, 'enforcement'),
        target: textAt(ruleset, 'target'),
        sourceType: textAt(ruleset, 'source_type'),
        rulesetSource: textAt(ruleset, 'source'),
        rules: objectsAt(ruleset, 'rules')
          .flatMap((rule) => textAt(rule, 'type') ?? [])
          .join(', '),
        bypassActors: textOf(at(ruleset, 'bypass_actors')),
        conditions: textOf(at(ruleset, 'conditions')),
      },
      did: `${verb} the ruleset${quoted(name)}`,
      joint: 'of',
    }),
  ];
}

/** Beside plain fields, rulesets tell conditions and rules as added, deleted and updated. */
function rulesetChanges(payload: JsonObject, ruleset: JsonObject | undefined): Change[] {
  const plain = changesOf(payload, ruleset).filter(({ field }) => !/^(?:conditions|rules)\b/.test(field));
  return [...plain, ...listChanges(payload, 'conditions', 'condition'), ...listChanges(payload, 'rules', 'rule')];
}

function listChanges(payload: JsonObject, list: string, member: string): Change[] {
  const changes = objectAt(payload, 'changes', list);
  return [
    ...objectsAt(changes, 'added').map((each) => changeOf(fieldOf(list, each), undefined, maskedJson(each))),
    ...objectsAt(changes, 'deleted').map((each) => changeOf(fieldOf(list, each), maskedJson(each), undefined)),
    ...objectsAt(changes, 'updated').flatMap((each) => {
      const current = objectAt(each, member);
      return Object.entries(objectAt(each, 'changes') ?? {}).flatMap(([name, change]) =>
        isObject(change)
          ? [
              changeOf(
                `${fieldOf(list, current)}.${name}`,
                change['from'],
                at(current, name) ?? (name === 'configuration' ? at(current, 'parameters') : undefined),
              ),
            ]
          : [],
      );
    }),
  ];
}

function fieldOf(list: string, each: JsonObject | undefined): string {
  return `${list}.${textAt(each, 'type') ?? textAt(each, 'rule_type') ?? textAt(each, 'target') ?? idAt(each, 'id') ?? 'unnamed'}`;
}

/** `security_and_analysis`: secret scanning, push protection and the like were switched. */
export function normalizeSecurityAndAnalysis(delivery: Delivery): readonly RecordDraft[] {
  const { payload } = delivery;
  const before = objectAt(payload, 'changes', 'from', 'security_and_analysis');
  const after = objectAt(payload, 'repository', 'security_and_analysis');
  const changes = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].flatMap((feature) => {
    const from = textAt(before, feature, 'status');
    const to = textAt(after, feature, 'status');
    return from === to ? [] : [changeOf(feature, from, to)];
  });
  return [
    draftOf(delivery, {
      ...aboutRepository(delivery),
      object: 'security_and_analysis',
      verb: 'changed',
      time: timeAt(payload, 'repository', 'updated_at'),
      subject: 'security_and_analysis',
      changes,
      did: `changed security features${changes.length === 0 ? '' : ` (${changes.map(({ field, to }) => `${field}: ${textOf(to) ?? 'none'}`).join(', ')})`}`,
      joint: 'of',
    }),
  ];
}

/** Of a property's definition, the members that hold values of the property. */
const HOLDS_VALUES = new Set(['default_value', 'allowed_values']);

/** `custom_property`, `organization_custom_property`: rulesets choose the repositories they hold for by such properties. */
export function normalizeCustomProperty(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source } = delivery;
  const definition = objectAt(payload, 'definition') ?? objectAt(payload, 'custom_property');
  const name = textAt(definition, 'property_name');
  const verb = verbOf(delivery.action);
  const secret = isSecretField(name ?? '');
  const valueOf = (member: string): string | undefined => {
    const value = textOf(at(definition, member));
    return secret && value !== undefined ? MASK : value;
  };
  return [
    draftOf(delivery, {
      category: 'access',
      object: event,
      verb,
      subject: `properties/${name ?? ''}`,
      target: {
        kind: 'customProperty',
        id: `${source}/properties/${name ?? ''}`,
        ...(name === undefined ? {} : { name }),
      },
      changes: changesOf(payload, definition).map((change) =>
        secret && HOLDS_VALUES.has(change.field) ? { field: change.field, masked: true } : change,
      ),
      details: {
        valueType: textAt(definition, 'value_type'),
        required: textOf(at(definition, 'required')),
        defaultValue: valueOf('default_value'),
        allowedValues: valueOf('allowed_values'),
        editableBy: textAt(definition, 'values_editable_by'),
      },
      did: saidOf(verb, `the custom property${quoted(name)}`),
    }),
  ];
}

/** `custom_property_values`, `organization_custom_property_values` */
export function normalizeCustomPropertyValues(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload } = delivery;
  const before = valuesOf(payload, 'old_property_values');
  const after = valuesOf(payload, 'new_property_values');
  const changes = [...new Set([...before.keys(), ...after.keys()])].map((name) =>
    changeOf(name, before.get(name), after.get(name)),
  );
  return [
    draftOf(delivery, {
      ...aboutRepository(delivery),
      object: event,
      verb: verbOf(delivery.action, 'updated'),
      subject: 'properties',
      changes,
      did: `changed custom properties (${changes.map(({ field }) => field).join(', ')})`,
      joint: 'of',
    }),
  ];
}

function valuesOf(payload: JsonObject, member: string): ReadonlyMap<string, unknown> {
  return new Map(
    objectsAt(payload, member).flatMap((each) => {
      const name = textAt(each, 'property_name');
      return name === undefined ? [] : [[name, at(each, 'value')] as const];
    }),
  );
}

function aboutRepository({ payload, source }: Delivery): Pick<Facts, 'category' | 'target'> {
  const repository = textAt(payload, 'repository', 'full_name');
  return {
    category: 'access',
    target: {
      kind: repository === undefined ? 'organization' : 'repository',
      id: source,
      name: repository ?? textAt(payload, 'organization', 'login') ?? source,
    },
  };
}
