import type { Json, JsonObject } from '../../wire/json.ts';
import { isObject } from '../../wire/json.ts';
import type { Ai } from '../../wire/record.ts';
import { objectsAt } from '../read.ts';
import type { Details, Facts } from './draft.ts';
import { contentSize } from './request.ts';
import { joinedWords, sizeOf, wordAt } from './word.ts';

/**
 * Messages as OpenTelemetry's conventions for GenAI write them: `gen_ai.input.messages`, `gen_ai.output.messages`,
 * `gen_ai.system_instructions`, `gen_ai.tool.definitions`, `gen_ai.retrieval.documents`. Counted and measured, never quoted.
 */

/** How many messages, and how many bytes of text they hold. */
export function measured(messages: readonly Json[]): { readonly count: number; readonly size: number } {
  return { count: messages.length, size: messages.reduce<number>((size, message) => size + sizeOfMessage(message), 0) };
}

function sizeOfMessage(message: Json): number {
  if (!isObject(message)) return sizeOf(message);
  const parts = objectsAt(message, 'parts');
  return parts.length === 0 ? contentSize(message) : parts.reduce((size, part) => size + sizeOf(part['content']), 0);
}

/** Calls of tools that a model asked for. */
export function toolCallsIn(messages: readonly Json[]): NonNullable<Ai['toolCalls']> {
  return messages.flatMap((message) =>
    objectsAt(message, 'parts').flatMap((part) => {
      if (part['type'] !== 'tool_call' && part['type'] !== 'server_tool_call') return [];
      const name = wordAt(part, 'name');
      const id = wordAt(part, 'id');
      return name === undefined ? [] : [{ name, ...(id === undefined ? {} : { id }) }];
    }),
  );
}

/** Documents by their id, unless that may be a file's name. */
export function referencesIn(documents: readonly Json[]): NonNullable<Ai['references']> {
  const ids = documents.flatMap((document) => wordAt(document, 'id') ?? []);
  return [...new Set(ids)].filter((id) => !/[/\\]|\.[A-Za-z]{2,5}$/.test(id)).map((name) => ({ name }));
}

export function finishReasonsIn(messages: readonly Json[]): string | undefined {
  return joinedWords(messages.map((message) => (isObject(message) ? message['finish_reason'] : undefined)));
}

/** One of these lists alone, without the span that it belongs to; undefined where it is none. */
export function fragmentFacts(list: readonly Json[]): Facts | undefined {
  const items = list.filter(isObject);
  if (items.length === 0 || items.length < list.length) return undefined;
  const { count, size } = measured(items);
  const shared = { actor: 'caller', action: 'report' } as const;
  if (items.every((item) => typeof item['role'] === 'string' && isContent(item))) {
    const isOutput = items.every((item) => typeof item['finish_reason'] === 'string');
    const toolCalls = toolCallsIn(items);
    const details: Details = { finishReasons: finishReasonsIn(items) };
    return {
      ...shared,
      object: isOutput ? 'output' : 'input',
      verb: 'reported',
      did: `reported ${counted(count, isOutput ? 'output message' : 'input message')} of an AI`,
      ...(isOutput ? { isOutput } : { target: 'aiInput' }),
      ...(toolCalls.length === 0 ? {} : { ai: { toolCalls } }),
      details: isOutput
        ? { ...details, outputs: count, outputSize: size }
        : { ...details, inputs: count, inputSize: size },
    };
  }
  if (items.every((item) => typeof item['id'] === 'string' && typeof item['score'] === 'number')) {
    const references = referencesIn(items);
    return {
      ...shared,
      object: 'document',
      verb: 'retrieved',
      did: `retrieved ${counted(count, 'document')} for an AI`,
      target: 'aiDocuments',
      ...(references.length === 0 ? {} : { ai: { references } }),
      details: { documents: count },
    };
  }
  if (!items.every((item) => typeof item['type'] === 'string')) return undefined;
  if (items.every((item) => typeof item['name'] === 'string')) {
    return {
      ...shared,
      object: 'tool',
      verb: 'defined',
      did: `defined ${counted(count, 'tool')} for an AI`,
      target: 'aiTools',
      details: { tools: count, toolNames: joinedWords(items.map((item) => item['name'])) },
    };
  }
  if (items.every((item) => 'content' in item)) {
    return {
      ...shared,
      object: 'instructions',
      verb: 'reported',
      did: `reported ${counted(count, 'part')} of an AI's instructions`,
      target: 'aiInstructions',
      details: { instructionsSize: size },
    };
  }
  return undefined;
}

function isContent(item: JsonObject): boolean {
  return Array.isArray(item['parts']) || 'content' in item;
}

function counted(count: number, what: string): string {
  return count === 1 ? `a${/^[aeiou]/.test(what) ? 'n' : ''} ${what}` : `${count} ${what}s`;
}
