import { hash } from 'node:crypto';

import { FormatError } from '../../errors.ts';
import { isObject, parseJson } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { Unrecognized } from '../normalizer.ts';
import { objectAt, objectsAt } from '../read.ts';
import { auditFacts, isAuditEntry } from './audit-log.ts';
import type { Context, Facts } from './draft.ts';
import { fragmentFacts } from './messages.ts';
import { isRpc, objectFacts, rpcFacts, webhookFacts } from './other.ts';
import { responseFacts } from './response.ts';
import type { Answer } from './response.ts';
import { idOf, partOf, spanFacts } from './span.ts';
import { missingIn, readStatement, statementFacts, RECORDS } from './statement.ts';
import type { Statement } from './statement.ts';
import { assemble, isChunk, readStreamText } from './stream.ts';
import { isOfAi, isTelemetry, readSignals } from './telemetry.ts';
import type { Signal } from './telemetry.ts';
import { wordAt } from './word.ts';

/** What the bodies are that this source takes. */
export const FORMS = [
  'output',
  'decision',
  'exchange',
  'response',
  'stream',
  'telemetry',
  'messages',
  'mcp',
  'auditLog',
  'object',
  'list',
] as const;
export type Form = (typeof FORMS)[number];

/** One thing that a body tells of. */
export interface Told {
  readonly facts: Facts;
  readonly context?: Context | undefined;
  /** Its own within the body; undefined where it has no id. */
  readonly name: string | undefined;
  /** Tells it apart where the body tells of several. */
  readonly part: string;
}

export interface ReadBody {
  readonly form: Form;
  readonly told: readonly Told[];
  /** Things of the body that are no act of an AI: spans of other libraries. */
  readonly others: number;
  /** Our own form, with what is amiss in it. */
  readonly statement?: Statement | undefined;
}

/** Throws Unrecognized where the bytes are none of the {@link FORMS}, and no other error. */
export function readBody(bytes: Buffer): ReadBody {
  let json: Json;
  try {
    json = parseJson(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const lines = readLines(bytes.toString('utf8'));
    if (lines === undefined) throw new Unrecognized('json', error.message);
    return lines;
  }
  const read =
    typeof json === 'string'
      ? readLines(json)
      : Array.isArray(json)
        ? readList(json)
        : isObject(json)
          ? readObject(json)
          : undefined;
  if (read === undefined) {
    throw new Unrecognized(
      'shape',
      'The body is neither of our own form nor a payload of OpenAI, Azure OpenAI or OpenTelemetry.',
    );
  }
  return read;
}

function readObject(json: JsonObject): ReadBody | undefined {
  if ('record' in json && typeof json['object'] !== 'string') {
    if (!RECORDS.some((each) => each === json['record'])) {
      throw new Unrecognized('event', `The body names no "record" of ours: ${RECORDS.join(', ')}.`);
    }
    return readOwn(json);
  }
  if (isTelemetry(json)) return readTelemetry([json]);
  if (isRpc(json)) return one('mcp', rpcFacts(json));
  if (isChunk(json)) return readStream([json], 0);
  const exchanged = readExchange(json);
  if (exchanged !== undefined) return exchanged;
  if (isAuditEntry(json)) return one('auditLog', { facts: auditFacts(json) });
  const isList = json['object'] === 'list' && !objectsAt(json, 'data').some((each) => 'embedding' in each);
  if (isList) return readItems(objectsAt(json, 'data'));
  const facts = responseFacts({ response: json });
  if (facts !== undefined) return one('response', { facts });
  const other = webhookFacts(json) ?? objectFacts(json);
  return other === undefined ? undefined : one('object', { facts: other });
}

/** A list of any of these; of spans, chunks and messages the list is the thing. */
function readList(list: readonly Json[]): ReadBody | undefined {
  const objects = list.filter(isObject);
  if (objects.length === 0) return undefined;
  if (objects.some((each) => isTelemetry(each))) return readTelemetry(objects.filter(isTelemetry));
  if (objects.some(isChunk)) return readStream(objects, list.length - objects.length);
  return readItems(objects);
}

function readItems(items: readonly JsonObject[]): ReadBody | undefined {
  if (items.length === 0) return undefined;
  const fragment = items.some((item) => typeof item['object'] === 'string') ? undefined : fragmentFacts(items);
  if (fragment !== undefined) return one('messages', { facts: fragment });
  const told = items.flatMap((item): Told[] => {
    const facts = isAuditEntry(item)
      ? auditFacts(item)
      : (responseFacts({ response: item }) ?? webhookFacts(item) ?? objectFacts(item));
    return facts === undefined ? [] : [toldOf({ facts })];
  });
  if (told.length === 0) return undefined;
  return { form: items.every(isAuditEntry) ? 'auditLog' : 'list', told, others: items.length - told.length };
}

/** Lines of a stream, or of what a collector of telemetry wrote to a file. */
function readLines(text: string): ReadBody | undefined {
  const lines = readStreamText(text);
  if (lines === undefined) return undefined;
  if (lines.chunks.some(isTelemetry)) return readTelemetry(lines.chunks.filter(isTelemetry));
  return lines.chunks.some((each) => isChunk(each) || Array.isArray(each['choices']))
    ? readStream(lines.chunks, lines.unreadable)
    : undefined;
}

function readStream(chunks: readonly JsonObject[], unreadable: number): ReadBody | undefined {
  const facts = streamFacts({ chunks, unreadable }, {});
  return facts === undefined ? undefined : one('stream', { facts });
}

function streamFacts(
  { chunks, unreadable }: { readonly chunks: readonly JsonObject[]; readonly unreadable: number },
  beside: Omit<Answer, 'response' | 'chunks'>,
): Facts | undefined {
  const streamed = assemble(chunks);
  const facts = streamed === undefined ? undefined : responseFacts({ ...beside, ...streamed });
  return facts === undefined
    ? undefined
    : { ...facts, details: { ...facts.details, unreadableLines: unreadable || undefined } };
}

function readTelemetry(exports: readonly JsonObject[]): ReadBody {
  const signals = exports.flatMap(readSignals);
  const ofAi = signals.filter((signal) => isOfAi(signal.attributes) || signal.event?.startsWith('gen_ai.') === true);
  const told = ofAi.map((signal): Told => ({ ...spanFacts(signal), name: nameOf(signal), part: partOf(signal) }));
  return { form: 'telemetry', told, others: signals.length - ofAi.length };
}

/** No hash of what a span says: one of a short prompt could be guessed. */
function nameOf(signal: Signal): string | undefined {
  const id = idOf(signal);
  return id === undefined ? undefined : `${signal.kind}/${id}/${signal.event ?? ''}`;
}

function readOwn(json: JsonObject): ReadBody {
  const read = readStatement(json);
  const answer = answerIn(json, read);
  const stated = statementFacts(read);
  const merged = answer === undefined ? undefined : { ...answer.ai, ...withoutDeployment(read, answer) };
  const incomplete = missingIn(read, merged ?? read.context.ai ?? {});
  const statement: Statement = {
    ...read,
    incomplete,
    context: { ...read.context, ...(merged === undefined ? {} : { ai: merged }) },
  };
  const facts: Facts =
    answer === undefined || read.record === 'decision'
      ? statementFacts(statement)
      : {
          ...answer,
          id: read.id ?? answer.id,
          outcome: read.outcome ?? answer.outcome,
          details: { ...answer.details, ...stated.details, incomplete: listed(incomplete) },
        };
  const { context } = statement;
  return { form: read.record, told: [{ ...toldOf({ facts, context }), name: facts.id }], others: 0, statement };
}

/** The deployment with its host, where the answer says it, instead of its bare name. */
function withoutDeployment({ context }: Statement, answer: Facts): NonNullable<Context['ai']> {
  const { deployment, ...ai } = context.ai ?? {};
  return answer.ai?.deployment !== undefined || deployment === undefined ? ai : { ...ai, deployment };
}

/** The answer beside what is stated of it, as it came from OpenAI or Azure OpenAI. */
function answerIn(json: JsonObject, { context }: Statement): Facts | undefined {
  const endpoint = json['endpoint'];
  const beside = {
    request: json['request'],
    endpoint: typeof endpoint === 'string' ? endpoint : undefined,
    deployment: context.ai?.deployment ?? wordAt(json, 'deployment-id'),
  };
  const response = json['response'];
  if (typeof response === 'string' || Array.isArray(response)) {
    const lines =
      typeof response === 'string' ? readStreamText(response) : { chunks: response.filter(isObject), unreadable: 0 };
    return lines === undefined ? undefined : streamFacts(lines, beside);
  }
  const answered = objectAt(response, 'body') ?? (isObject(response) ? response : undefined);
  return answered === undefined ? undefined : responseFacts({ ...beside, response: answered });
}

/** Request and response side by side; also as Azure's own specification writes its examples. */
function readExchange(json: JsonObject): ReadBody | undefined {
  const responses = objectAt(json, 'responses');
  const parameters = objectAt(json, 'parameters');
  if (responses !== undefined && parameters !== undefined) {
    const status = '200' in responses ? '200' : (Object.keys(responses)[0] ?? '');
    const facts = responseFacts({
      response: objectAt(responses, status, 'body') ?? {},
      request: parameters['body'] ?? {},
      endpoint: wordAt(parameters, 'endpoint'),
      deployment: wordAt(parameters, 'deployment-id') ?? wordAt(parameters, 'deploymentId'),
    });
    const details = { ...facts?.details, apiVersion: wordAt(parameters, 'api-version') };
    return facts === undefined ? undefined : one('exchange', { facts: { ...facts, details } });
  }
  if (json['response'] === undefined || json['response'] === null || typeof json['object'] === 'string')
    return undefined;
  const statement = readStatement(json);
  const answer = answerIn(json, statement);
  if (answer === undefined) return undefined;
  const facts: Facts = {
    ...answer,
    id: statement.id ?? answer.id,
    details: { ...answer.details, apiVersion: wordAt(json, 'api-version'), unreadable: listed(statement.unreadable) },
  };
  const context = { ...statement.context, ai: withoutDeployment(statement, answer) };
  return { ...one('exchange', { facts, context }), statement };
}

function one(form: Form, { facts, context }: { readonly facts: Facts; readonly context?: Context }): ReadBody {
  return { form, told: [toldOf({ facts, context })], others: 0 };
}

/** The same object in another state is another event: a response that was queued, then completed, then deleted. */
function toldOf({ facts, context }: { readonly facts: Facts; readonly context?: Context | undefined }): Told {
  const { id, object, verb, outcome = '' } = facts;
  const name = id === undefined ? undefined : `${object}.${verb}/${id}/${String(facts.details?.['status'] ?? outcome)}`;
  return { facts, context, name, part: name ?? '' };
}

/** What all that the body tells of is called together: the sender's own id of the delivery; undefined where anything has no id. */
export function deliveryNameOf({ told }: ReadBody): string | undefined {
  const names = told.map(({ name }) => name);
  if (names.length === 0 || names.includes(undefined)) return undefined;
  return names.length === 1 ? names[0] : `sha256:${hash('sha256', JSON.stringify(names), 'hex')}`;
}

/** The AI that the body is of: what it did lies in one partition, in order. */
export function systemNameOf({ told }: ReadBody): string | undefined {
  const [first] = told;
  const ai = { ...first?.facts.ai, ...first?.context?.ai };
  return ai.system ?? ai.deployment ?? ai.model ?? ai.provider;
}

function listed(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names.join(',');
}
