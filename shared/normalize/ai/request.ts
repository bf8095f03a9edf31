import { isObject } from '../../wire/json.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { Ai } from '../../wire/record.ts';
import { at, objectsAt } from '../read.ts';
import { sizeOf, settingsOf, wordAt } from './word.ts';

/** What a request to OpenAI or Azure OpenAI says, and responses that repeat it: settings and sizes, never what was asked. */

const SETTINGS = [
  'temperature',
  'top_p',
  'n',
  'seed',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'max_tool_calls',
  'frequency_penalty',
  'presence_penalty',
  'logprobs',
  'top_logprobs',
  'reasoning_effort',
  'verbosity',
  'parallel_tool_calls',
  'tool_choice',
  'truncation',
  'service_tier',
  'store',
  'stream',
  'background',
  'response_format',
  'encoding_format',
  'dimensions',
  'size',
  'quality',
  'style',
  'output_format',
  'strictness',
] as const;

/** Settings that are one level down, under the names that they have together. */
const NESTED: readonly (readonly [name: string, ...path: string[]])[] = [
  ['reasoning_effort', 'reasoning', 'effort'],
  ['verbosity', 'text', 'verbosity'],
  ['text_format', 'text', 'format', 'type'],
  ['response_format', 'response_format', 'type'],
];

export function parametersOf(asked: unknown): Ai['parameters'] {
  return settingsOf([
    ...NESTED.map(([name, ...path]) => [name, at(asked, ...path)] as const),
    ...SETTINGS.map((name) => [name, at(asked, name)] as const),
  ]);
}

/** How much was asked, and with what. */
export interface Asked {
  readonly inputs: number | undefined;
  readonly inputSize: number | undefined;
  readonly tools: number | undefined;
  readonly references: NonNullable<Ai['references']>;
}

export function askedIn(asked: unknown): Asked {
  const stated = [at(asked, 'messages'), at(asked, 'input'), at(asked, 'prompt')].find(
    (each) => Array.isArray(each) || typeof each === 'string',
  );
  const list = stated === undefined ? undefined : Array.isArray(stated) ? stated : [stated];
  const tools = at(asked, 'tools');
  return {
    inputs: list?.length,
    inputSize: list?.reduce((size: number, each) => size + contentSize(each), 0),
    tools: Array.isArray(tools) && tools.length > 0 ? tools.length : undefined,
    references: [...dataSources(asked), ...promptTemplate(asked)],
  };
}

/** Bytes of text in a message, a part or a list of them; images and files count nothing. */
export function contentSize(content: unknown): number {
  if (typeof content === 'string') return sizeOf(content);
  if (Array.isArray(content)) {
    return content.reduce((size: number, part) => size + (isObject(part) ? partSize(part) : sizeOf(part)), 0);
  }
  if (!isObject(content)) return 0;
  const inner = content['content'] ?? content['parts'];
  return Array.isArray(inner)
    ? inner.reduce((size: number, part) => size + (isObject(part) ? partSize(part) : sizeOf(part)), 0)
    : partSize(content);
}

function partSize(part: JsonObject): number {
  return sizeOf(part['text']) + sizeOf(part['content']);
}

/** Azure OpenAI on the customer's own data: which index was searched. */
function dataSources(asked: unknown): NonNullable<Ai['references']> {
  return [...objectsAt(asked, 'data_sources'), ...objectsAt(asked, 'dataSources')].flatMap((source) => {
    const type = wordAt(source, 'type');
    const parameters = source['parameters'];
    const index =
      wordAt(parameters, 'index_name') ??
      wordAt(parameters, 'indexName') ??
      wordAt(parameters, 'container_name') ??
      wordAt(parameters, 'database_name');
    return type === undefined ? [] : [{ name: index === undefined ? type : `${type}:${index}` }];
  });
}

/** A stored prompt, by its id and version; what was filled into it is content. */
function promptTemplate(asked: unknown): NonNullable<Ai['references']> {
  const id = wordAt(asked, 'prompt', 'id');
  const version = wordAt(asked, 'prompt', 'version');
  return id === undefined ? [] : [{ name: id, ...(version === undefined ? {} : { version }) }];
}

/** An end user is named by an id that the app chose, often an address: said is only that there is one. */
export function namesEndUser(asked: unknown): true | undefined {
  const members = ['user', 'safety_identifier', 'input_user'];
  return members.some((member) => typeof at(asked, member) === 'string' && at(asked, member) !== '') ? true : undefined;
}
