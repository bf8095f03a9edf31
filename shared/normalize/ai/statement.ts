import { isObject } from '../../wire/json.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { Ai, Link, Outcome, Principal } from '../../wire/record.ts';
import { PROJECT_NAME } from '../../wire/request-id.ts';
import { toZonedTimestamp } from '../../wire/timestamp.ts';
import { at } from '../read.ts';
import {
  defined,
  link,
  listOf,
  oneOf,
  sha256 as sha256Text,
  shortText,
  statedIn,
  uri,
  wholeNumber,
} from '../stated.ts';
import type { Reader } from '../stated.ts';
import { aiActor } from './draft.ts';
import type { Context, Facts } from './draft.ts';
import { settingsOf, wordAt } from './word.ts';

/** Our own form: what an AI put out, or what was decided by itself, as whoever runs the system states it (docs/api.md). */
export interface Statement {
  readonly record: 'output' | 'decision';
  readonly id: string | undefined;
  readonly context: Context;
  readonly result: string | undefined;
  readonly outcome: Outcome | undefined;
  /** The data itself is in the body, and so in the evidence. */
  readonly hasData: boolean;
  /** What went in, or came out, is: as `data`, or as a payload of OpenAI's. */
  readonly holds: { readonly inputs: boolean; readonly outputs: boolean };
  readonly incomplete: readonly string[];
  readonly unreadable: readonly string[];
}

export const RECORDS = ['output', 'decision'] as const;

/** Not read here: `request` and `response` are OpenAI's, and `data` is evidence. */
const NOT_READ = ['record', 'data', 'request', 'response', 'deployment-id', 'api-version', 'endpoint'];

export function readStatement(body: JsonObject): Statement {
  const { read: readMember, unreadable } = statedIn(body);
  const known = new Set(NOT_READ);
  const read = <Value>(member: string, reader: Reader<Value>): Value | undefined => {
    known.add(member);
    return readMember(member, reader);
  };
  const record = oneOf(RECORDS)(body['record']) ?? 'output';
  const id = read('id', uri);
  const result = read('result', shortText);
  const outcome = read('outcome', oneOf(['succeeded', 'failed', 'denied', 'pending'] as const));
  const ai: Ai = defined({
    system: read('system', shortText),
    provider: read('provider', provider),
    part: read('part', shortText),
    riskClass: read('riskClass', shortText),
    purpose: read('purpose', shortText),
    model: read('model', name),
    version: read('version', name),
    deployment: read('deployment', name),
    parameters: read('parameters', parameters),
    instructions: read('instructions', instructions),
    started: read('started', toZonedTimestamp),
    ended: read('ended', toZonedTimestamp),
    inputs: read('inputs', listOf(commitment)),
    outputs: read('outputs', listOf(commitment)),
    references: read('references', listOf(reference)),
    toolCalls: read('toolCalls', listOf(toolCall)),
    guardrail: read('guardrail', shortText),
    error: read('error', shortText),
    requester: read('requester', requester),
    usage: read('usage', usage),
    logic: read('logic', logic),
  });
  const context: Context = {
    project: read('project', (value) => (typeof value === 'string' && PROJECT_NAME.test(value) ? value : undefined)),
    environment: read('environment', shortText),
    ai,
    links: read('links', listOf<Link>(link)) ?? [],
  };
  return {
    record,
    id,
    context,
    result,
    outcome,
    hasData: isStated(body['data']),
    holds: {
      inputs: isStated(body['data']) || isStated(body['request']),
      outputs: isStated(body['data']) || isStated(body['response']),
    },
    incomplete: [],
    // A member that nobody defined was meant to say something, and would say nothing.
    unreadable: [
      ...unreadable,
      ...Object.keys(body).flatMap((member) => (known.has(member) ? [] : (wordAt({ member }, 'member') ?? []))),
    ].slice(0, 64),
  };
}

function isStated(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** What an auditor must find in each: which system and version, for what, what went in, what came out, when. */
export function missingIn(statement: Omit<Statement, 'incomplete'>, ai: Ai): string[] {
  const { record, context, result, holds, unreadable } = statement;
  const outputs = ai.outputs ?? ai.error ?? (holds.outputs || undefined);
  const needed: Readonly<Record<string, unknown>> = {
    project: context.project,
    system: ai.system,
    purpose: ai.purpose,
    ...(record === 'output'
      ? { model: ai.model, version: ai.version, outputs }
      : { logic: ai.logic?.sha256, result: result ?? outputs }),
    inputs: ai.inputs ?? (holds.inputs || undefined),
    ended: ai.ended,
  };
  return Object.keys(needed).filter((member) => needed[member] === undefined && !unreadable.includes(member));
}

export function statementFacts(statement: Statement): Facts {
  const { record, id, context, result, hasData } = statement;
  const ai = context.ai ?? {};
  const outcome = statement.outcome ?? (ai.error === undefined ? 'succeeded' : 'failed');
  const what = id === undefined ? '' : ` ${id}`;
  const shared = {
    isOutput: true,
    id,
    outcome,
    details: { ...faults(statement), result, hasData: hasData || undefined },
  };
  if (record === 'output') {
    return { ...shared, object: 'output', verb: 'generated', action: 'ai.generate' };
  }
  // Rules that route or price are no AI, and are answered for by the service that runs them.
  const isAi = ai.model !== undefined || ai.provider !== undefined;
  const named =
    ai.logic === undefined ? '' : ` by ${ai.logic.name}${ai.logic.version === undefined ? '' : ` ${ai.logic.version}`}`;
  return {
    ...shared,
    object: 'decision',
    verb: 'made',
    action: 'ai.decide',
    actor: aiActor(ai, isAi ? 'ai' : 'service'),
    did: `made the decision${what}${named}${result === undefined ? '' : `: ${result}`}`,
  };
}

function faults({
  incomplete,
  unreadable,
}: Pick<Statement, 'incomplete' | 'unreadable'>): NonNullable<Facts['details']> {
  return {
    incomplete: incomplete.length === 0 ? undefined : incomplete.join(','),
    unreadable: unreadable.length === 0 ? undefined : unreadable.join(','),
  };
}

/** Of models, versions and deployments; addresses among them. */
const name: Reader<string> = (value) => shortText(value);

const provider: Reader<string> = (value) => wordAt({ value }, 'value')?.toLowerCase();

/** A bare hash of a short text can be guessed: of what went in and came out, only what a key was mixed into is taken. */
const commitment: Reader<NonNullable<Ai['inputs']>[number]> = (value) =>
  at(value, 'algorithm') === 'hmac-sha256' ? committed(value, 'hmac-sha256') : undefined;

/** Instructions are an app's own and long; whoever verifies a version of them knows it by its hash. */
const instructions: Reader<NonNullable<Ai['instructions']>> = (value) =>
  at(value, 'algorithm') === 'sha256' ? committed(value, 'sha256') : commitment(value);

function committed(value: unknown, algorithm: 'hmac-sha256' | 'sha256'): NonNullable<Ai['instructions']> | undefined {
  if (!hasOnly(value, ['algorithm', 'value', 'size', 'form'])) return undefined;
  const hash = sha256Text(at(value, 'value'));
  if (hash === undefined) return undefined;
  const further = members(value, { size: wholeNumber, form: oneOf(['bytes', 'rfc8785'] as const) });
  return further === undefined ? undefined : { algorithm, value: hash, ...further };
}

const reference: Reader<NonNullable<Ai['references']>[number]> = (value) => {
  const named = uri(at(value, 'name'));
  const further = members(value, { version: shortText, asOf: toZonedTimestamp, sha256: sha256Text });
  return named === undefined || further === undefined || !hasOnly(value, ['name', 'version', 'asOf', 'sha256'])
    ? undefined
    : { name: named, ...further };
};

const toolCall: Reader<NonNullable<Ai['toolCalls']>[number]> = (value) => {
  const named = shortText(at(value, 'name'));
  const further = members(value, { id: uri, arguments: commitment });
  return named === undefined || further === undefined || !hasOnly(value, ['name', 'id', 'arguments'])
    ? undefined
    : { name: named, ...further };
};

const requester: Reader<Principal> = (value) => {
  if (typeof value === 'string') {
    const id = uri(value);
    return id === undefined ? undefined : { kind: 'unknown', id };
  }
  const id = uri(at(value, 'id'));
  const further = members(value, { name: shortText, address: shortText });
  const stated = at(value, 'kind');
  const kind = stated === undefined ? 'unknown' : oneOf(['human', 'service', 'ai', 'unknown'] as const)(stated);
  if (id === undefined || kind === undefined || further === undefined) return undefined;
  return hasOnly(value, ['kind', 'id', 'name', 'address']) ? { kind, id, ...further } : undefined;
};

const usage: Reader<NonNullable<Ai['usage']>> = (value) =>
  hasOnly(value, ['input', 'output']) ? members(value, { input: wholeNumber, output: wholeNumber }) : undefined;

const logic: Reader<NonNullable<Ai['logic']>> = (value) => {
  const named = uri(at(value, 'name'));
  const further = members(value, { version: shortText, sha256: sha256Text });
  return named === undefined || further === undefined || !hasOnly(value, ['name', 'version', 'sha256'])
    ? undefined
    : { name: named, ...further };
};

/** Members of a request that are no settings but what was asked. */
const CONTENT = /prompt|message|input|instruction|question|query|content|text$/i;

const parameters: Reader<NonNullable<Ai['parameters']>> = (value) => {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value);
  const settings = settingsOf(entries) ?? {};
  const isWhole = entries.every(([setting]) => Object.hasOwn(settings, setting) && !CONTENT.test(setting));
  return isWhole && entries.length <= 64 ? settings : undefined;
};

/** Further members, each by its reader; undefined where one is there in another form: half of a thing would look whole. */
function members<Readers extends Readonly<Record<string, Reader<unknown>>>>(
  value: unknown,
  readers: Readers,
): { [Member in keyof Readers]?: Exclude<ReturnType<Readers[Member]>, undefined> } | undefined {
  const read: Record<string, unknown> = {};
  for (const [member, reader] of Object.entries(readers)) {
    const stated = at(value, member);
    if (!isStated(stated)) continue;
    const found = reader(stated);
    if (found === undefined) return undefined;
    read[member] = found;
  }
  return read as { [Member in keyof Readers]?: Exclude<ReturnType<Readers[Member]>, undefined> };
}

function hasOnly(value: unknown, allowed: readonly string[]): boolean {
  return isObject(value) && Object.keys(value).every((member) => allowed.includes(member));
}
