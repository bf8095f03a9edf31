import { FormatError } from '../../errors.ts';
import { isObject, parseJsonText } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { at, objectAt, objectsAt, textAt } from '../read.ts';

/** What a streamed answer was, put together from its parts. */
export interface Streamed {
  readonly response: JsonObject;
  readonly chunks: readonly JsonObject[];
}

const MOST_UNREADABLE = 1_000;

/** Server-sent events, or one JSON text a line, as logs of streams hold them; undefined where no line of it is either. */
export function readStreamText(
  text: string,
): { readonly chunks: readonly JsonObject[]; readonly unreadable: number } | undefined {
  const chunks: JsonObject[] = [];
  let unreadable = 0;
  for (const line of dataOf(text)) {
    if (line === '[DONE]') continue;
    // Only objects are parts; and parsing a million lines that are none would take seconds.
    const json = line.startsWith('{') && unreadable < MOST_UNREADABLE ? parsed(line) : undefined;
    if (isObject(json)) chunks.push(json);
    else unreadable++;
  }
  return chunks.length === 0 ? undefined : { chunks, unreadable };
}

/** The data of each event: lines that begin with `data:` belong together up to a blank one; other lines stand for themselves. */
function dataOf(text: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  const close = (): void => {
    if (data.length > 0) events.push(data.join('\n'));
    data = [];
  };
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith('data:')) {
      data.push(line.slice(line[5] === ' ' ? 6 : 5));
      continue;
    }
    if (line.trim() === '') close();
    else if (!/^(?::|(?:event|id|retry):)/.test(line)) events.push(line);
  }
  close();
  return events;
}

function parsed(text: string): Json | undefined {
  try {
    return parseJsonText(text);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** True for one part of a streamed answer. */
export function isChunk(value: unknown): boolean {
  if (at(value, 'object') === 'chat.completion.chunk') return true;
  const type = at(value, 'type');
  return (
    typeof type === 'string' &&
    /^(?:response|image_generation|image_edit|transcript\.text)\./.test(type) &&
    at(value, 'object') !== 'event'
  );
}

/** The answer that the parts make up, failed where one of them is an error; undefined where they make none. */
export function assemble(chunks: readonly JsonObject[]): Streamed | undefined {
  const whole = lastResponse(chunks) ?? completion(chunks);
  const fault = chunks.findLast((chunk) => isObject(chunk['error']) || chunk['type'] === 'error');
  if (fault === undefined) return whole === undefined ? undefined : { response: whole, chunks };
  const error = objectAt(fault, 'error') ?? { code: fault['code'] ?? 'error' };
  return { response: { ...whole, status: 'failed', error }, chunks };
}

/** The responses API sends the response as it stands at each change of its state; images come whole at their end. */
function lastResponse(chunks: readonly JsonObject[]): JsonObject | undefined {
  const ended = chunks.findLast((chunk) =>
    /^(?:image_(?:generation|edit)\.completed|transcript\.text\.done)$/.test(textAt(chunk, 'type') ?? ''),
  );
  if (ended !== undefined)
    return { ...ended, task: ended['type'] === 'transcript.text.done' ? 'transcribe' : undefined };
  const stated = chunks.findLast(
    (chunk) => (textAt(chunk, 'type') ?? '').startsWith('response.') && isObject(chunk['response']),
  );
  if (stated !== undefined) return objectAt(stated, 'response');
  const begun = chunks.some((chunk) => /^(?:response|image_generation|image_edit)\./.test(textAt(chunk, 'type') ?? ''));
  // Cut off before anything was said of the whole.
  return begun ? { object: 'response', status: 'in_progress' } : undefined;
}

/** One choice of several, as far as it has come. */
interface Choice {
  readonly content: string[];
  finish: Json;
  refusal: Json;
  readonly calls: Map<unknown, JsonObject>;
  readonly annotations: JsonObject[];
}

/** Chunks of a chat or text completion: choices by their index, each with what its deltas add up to. */
function completion(chunks: readonly JsonObject[]): JsonObject | undefined {
  const parts = chunks.filter((chunk) => Array.isArray(chunk['choices']));
  if (parts.length === 0) return undefined;
  const choices = new Map<unknown, Choice>();
  for (const choice of parts.flatMap((chunk) => objectsAt(chunk, 'choices'))) {
    const index = choice['index'] ?? 0;
    const whole: Choice = choices.get(index) ?? {
      content: [],
      finish: null,
      refusal: null,
      calls: new Map(),
      annotations: [],
    };
    choices.set(index, whole);
    const delta = objectAt(choice, 'delta') ?? {};
    for (const piece of [delta['content'], choice['text']]) if (typeof piece === 'string') whole.content.push(piece);
    whole.finish = choice['finish_reason'] ?? whole.finish;
    whole.refusal = delta['refusal'] ?? whole.refusal;
    for (const annotation of objectsAt(delta, 'annotations')) whole.annotations.push(annotation);
    for (const call of objectsAt(delta, 'tool_calls')) {
      const key = call['index'] ?? 0;
      // The name and the id come with the first part, the arguments with all others.
      if (!whole.calls.has(key)) whole.calls.set(key, call);
    }
  }
  const first = (member: string): Json | undefined =>
    parts
      .map((chunk) => chunk[member])
      .find((value) => value !== undefined && value !== null && value !== '' && value !== 0);
  return {
    object: first('object') === 'text_completion' ? 'text_completion' : 'chat.completion',
    id: first('id'),
    created: first('created'),
    model: first('model'),
    system_fingerprint: first('system_fingerprint'),
    service_tier: first('service_tier'),
    usage: parts.map((chunk) => chunk['usage']).findLast(isObject),
    choices: [...choices.values()].map(({ content, finish, refusal, calls, annotations }) => ({
      finish_reason: finish,
      message: { content: content.join(''), refusal, tool_calls: [...calls.values()], annotations },
    })),
  };
}
