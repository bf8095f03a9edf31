import { isObject, parseJsonText } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { FormatError } from '../../errors.ts';
import { formatTimestamp } from '../../wire/timestamp.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { at, objectAt, objectsAt, timeAt } from '../read.ts';
import { wordAt } from './word.ts';

/** One span, or one log event, of OpenTelemetry, whichever exporter wrote it. */
export interface Signal {
  readonly kind: 'span' | 'event';
  /** Lower-case hex; undefined where it is none. */
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly parentId: string | undefined;
  /** Of an event its name: `gen_ai.evaluation.result`. */
  readonly event: string | undefined;
  readonly started: Timestamp | undefined;
  readonly ended: Timestamp | undefined;
  readonly failed: boolean;
  readonly attributes: ReadonlyMap<string, Json>;
  readonly resource: ReadonlyMap<string, Json>;
  /** As it came, to tell spans without an id apart. */
  readonly raw: JsonObject;
}

/** True for what OTLP/JSON exports, and for one span as SDKs print it. */
export function isTelemetry(json: JsonObject): boolean {
  return isExport(json) || isSpan(json) || isBag(json);
}

function isExport(json: JsonObject): boolean {
  return ['resourceSpans', 'resource_spans', 'resourceLogs', 'resource_logs'].some((member) =>
    Array.isArray(json[member]),
  );
}

function isSpan(json: JsonObject): boolean {
  if (!isObject(json['attributes']) && !Array.isArray(json['attributes'])) return false;
  const named = ['traceId', 'trace_id', 'spanId', 'span_id', 'startTimeUnixNano', 'start_time'].some(
    (member) => member in json,
  );
  return named || isObject(json['context']) || isOfAi(attributesOf(json['attributes']));
}

/** Attributes alone. */
function isBag(json: JsonObject): boolean {
  return Object.keys(json).some((name) => AI_NAME.test(name));
}

const AI_NAME = /^(?:gen_ai|mcp)\./;

/** True where an attribute says that it is of an AI or of its tools. */
export function isOfAi(attributes: ReadonlyMap<string, Json>): boolean {
  return [...attributes.keys()].some((name) => AI_NAME.test(name));
}

/** All spans and log events of an export, in its order. */
export function readSignals(json: JsonObject): readonly Signal[] {
  if (!isExport(json)) {
    const attributes = isSpan(json)
      ? attributesOf(json['attributes'])
      : new Map(Object.entries(json).map(([name, value]) => [name, value as Json]));
    return [
      signalOf('span', json, attributes, attributesOf(at(json, 'resource', 'attributes') ?? at(json, 'resource'))),
    ];
  }
  const spans = [...objectsAt(json, 'resourceSpans'), ...objectsAt(json, 'resource_spans')];
  const logs = [...objectsAt(json, 'resourceLogs'), ...objectsAt(json, 'resource_logs')];
  return [
    ...spans.flatMap((each) =>
      signalsOf('span', each, ['scopeSpans', 'scope_spans', 'instrumentationLibrarySpans'], ['spans']),
    ),
    ...logs.flatMap((each) => signalsOf('event', each, ['scopeLogs', 'scope_logs'], ['logRecords', 'log_records'])),
  ];
}

function signalsOf(
  kind: Signal['kind'],
  exported: JsonObject,
  scopes: readonly string[],
  members: readonly string[],
): Signal[] {
  const resource = attributesOf(at(exported, 'resource', 'attributes'));
  return scopes
    .flatMap((scope) => objectsAt(exported, scope))
    .flatMap((scope) => members.flatMap((member) => objectsAt(scope, member)))
    .map((raw) => signalOf(kind, raw, attributesOf(raw['attributes']), resource));
}

function signalOf(
  kind: Signal['kind'],
  raw: JsonObject,
  attributes: ReadonlyMap<string, Json>,
  resource: ReadonlyMap<string, Json>,
): Signal {
  const context = objectAt(raw, 'context') ?? {};
  const first = (...members: readonly string[]): Json | undefined =>
    [...members.map((member) => raw[member]), ...members.map((member) => context[member])].find(
      (value) => value !== undefined && value !== null && value !== '',
    );
  const started = instant(
    first(
      'startTimeUnixNano',
      'start_time_unix_nano',
      'start_time',
      'startTime',
      'timeUnixNano',
      'time_unix_nano',
      'timestamp',
    ),
  );
  const ended = instant(first('endTimeUnixNano', 'end_time_unix_nano', 'end_time', 'endTime'));
  const status = at(raw, 'status', 'code') ?? at(raw, 'status', 'status_code') ?? at(raw, 'status');
  return {
    kind,
    traceId: hexId(first('traceId', 'trace_id'), 16),
    spanId: hexId(first('spanId', 'span_id', ...(kind === 'span' ? ['id'] : [])), 8),
    parentId: hexId(first('parentSpanId', 'parent_span_id', 'parentId', 'parent_id'), 8),
    event:
      kind === 'event'
        ? (wordAt(raw, 'eventName') ?? wordAt(raw, 'event_name') ?? wordAt(attributes.get('event.name')))
        : undefined,
    started,
    ended: kind === 'event' ? undefined : ended,
    failed:
      status === 2 ||
      (typeof status === 'string' && /^(?:status_?code[._])?error$/i.test(status)) ||
      attributes.has('error.type'),
    attributes,
    resource,
    raw,
  };
}

/** Hex as OTLP/JSON has it, with or without `0x`, or base64 as other writers of protocol buffers do. */
function hexId(value: unknown, bytes: number): string | undefined {
  if (typeof value !== 'string' || value.length > 64) return undefined;
  const hex = value.replace(/^0x/i, '').toLowerCase();
  const read = /^[0-9a-f]+$/.test(hex) && hex.length === bytes * 2 ? hex : Buffer.from(value, 'base64').toString('hex');
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(value) && read.length === bytes * 2;
  return (read === hex || isBase64) && !/^0+$/.test(read) ? read : undefined;
}

const LAST_MILLISECOND = 253_402_300_799_999;

/** Nanoseconds since 1970 as text or number, seconds and nanoseconds in a list, microseconds, or a time as text. */
function instant(value: unknown): Timestamp | undefined {
  const milliseconds =
    Array.isArray(value) && value.length === 2
      ? Number(value[0]) * 1_000 + Math.floor(Number(value[1]) / 1e6)
      : fromNumber(value);
  if (milliseconds === undefined) return timeAt({ value }, 'value');
  return Number.isSafeInteger(milliseconds) && milliseconds > 0 && milliseconds <= LAST_MILLISECOND
    ? formatTimestamp(milliseconds)
    : undefined;
}

/** No time of this century in one unit is one of it in another: the number of its digits tells. */
function fromNumber(value: unknown): number | undefined {
  if (
    typeof value === 'number'
      ? !Number.isFinite(value) || value < 1e14
      : typeof value !== 'string' || !/^\d{15,20}$/.test(value)
  )
    return undefined;
  const digits = typeof value === 'string' ? BigInt(value) : BigInt(Math.trunc(value as number));
  return Number(digits >= 100_000_000_000_000_000n ? digits / 1_000_000n : digits / 1_000n);
}

/** Attributes as OTLP lists them, `{key, value: {stringValue}}`, or as an object of plain values. */
function attributesOf(attributes: unknown): ReadonlyMap<string, Json> {
  if (isObject(attributes)) {
    return new Map(
      Object.entries(attributes).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, plain(value)] as const],
      ),
    );
  }
  return new Map(
    (Array.isArray(attributes) ? attributes.filter(isObject) : []).flatMap(({ key, value }) =>
      typeof key === 'string' && value !== undefined ? [[key, plain(value)] as const] : [],
    ),
  );
}

/** A value of OTLP as the JSON that it stands for. As deep as the JSON that it is in, which parsing has limited. */
function plain(value: Json): Json {
  if (!isObject(value)) return value;
  const names = Object.keys(value);
  if (names.length !== 1) return value;
  const [name = ''] = names;
  const held = value[name] ?? null;
  switch (name) {
    case 'stringValue':
    case 'string_value':
    case 'boolValue':
    case 'bool_value':
    case 'doubleValue':
    case 'double_value':
    case 'bytesValue':
    case 'bytes_value':
      return held;
    case 'intValue':
    case 'int_value':
      return typeof held === 'string' && /^-?\d{1,16}$/.test(held) ? Number(held) : held;
    case 'arrayValue':
    case 'array_value': {
      const values = at(held, 'values');
      return Array.isArray(values) ? values.map(plain) : [];
    }
    case 'kvlistValue':
    case 'kvlist_value':
      return Object.fromEntries(
        objectsAt(held, 'values').flatMap(({ key, value: inner }) =>
          typeof key === 'string' && inner !== undefined ? [[key, plain(inner)]] : [],
        ),
      );
    default:
      return value;
  }
}

/** A list, or text that is the JSON of one: attributes of spans could hold no lists of objects for long. */
export function listIn(value: Json | undefined): readonly Json[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string' || !value.trimStart().startsWith('[')) return [];
  try {
    const json = parseJsonText(value);
    return Array.isArray(json) ? json : [];
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  }
}
