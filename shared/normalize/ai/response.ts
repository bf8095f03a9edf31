import { isObject } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import type { Ai, Outcome } from '../../wire/record.ts';
import { at, objectAt, objectsAt, textAt, timeAt } from '../read.ts';
import { defined } from '../stated.ts';
import type { Details, Facts } from './draft.ts';
import { guardrailOf } from './guardrail.ts';
import { askedIn, contentSize, namesEndUser, parametersOf } from './request.ts';
import { countAt, hostOf, joinedWords, sizeOf, wordAt } from './word.ts';

/** What OpenAI and Azure OpenAI answer. */
export interface Answer {
  readonly response: JsonObject;
  /** What was asked, where it came along. */
  readonly request?: unknown;
  /** The parts of a stream that the response was put together from. */
  readonly chunks?: readonly JsonObject[] | undefined;
  /** Where it ran, as the sender says beside it. */
  readonly endpoint?: string | undefined;
  readonly deployment?: string | undefined;
}

type Described = Pick<Facts, 'object' | 'verb'> & Partial<Facts>;

/** One answer as one record; undefined where it is of no known form. */
export function responseFacts(answer: Answer): Facts | undefined {
  const described = describe(answer);
  if (described === undefined) return undefined;
  const { response, request, chunks } = answer;
  const asked = askedIn(request ?? response);
  const guardrail = guardrailOf(chunks ?? [response]);
  const finishReasons = joinedWords(objectsAt(response, 'choices').map((choice) => choice['finish_reason']));
  const refused = guardrail.denied || finishReasons?.split(',').includes('content_filter') === true;
  const isAnswered = described.actor !== 'caller';
  const ai: Ai = isAnswered
    ? defined({
        ...modelOf(answer, guardrail.text !== undefined),
        parameters: parametersOf(isObject(request) ? { ...response, ...request } : response),
        started: timeAt(response, 'created_at') ?? timeAt(response, 'created'),
        ended: timeAt(response, 'completed_at'),
        references: listed([...asked.references, ...(described.ai?.references ?? [])]),
        toolCalls: described.ai?.toolCalls,
        guardrail: guardrailText([described.ai?.guardrail, guardrail.text], refused),
        error: described.ai?.error,
        usage: usageOf(response),
      })
    : {};
  const details: Details = {
    requestId: wordAt(response, 'request_id'),
    fingerprint: wordAt(response, 'system_fingerprint'),
    finishReasons,
    inputs: isObject(request) ? asked.inputs : undefined,
    inputSize: isObject(request) ? asked.inputSize : undefined,
    tools: asked.tools,
    instructionsSize: sizeOf(at(request, 'instructions') ?? response['instructions']) || undefined,
    reasoningTokens:
      countAt(response, 'usage', 'output_tokens_details', 'reasoning_tokens') ||
      countAt(response, 'usage', 'completion_tokens_details', 'reasoning_tokens') ||
      undefined,
    conversation: wordAt(response, 'conversation', 'id') ?? wordAt(response, 'conversation'),
    endUser: namesEndUser(request) ?? namesEndUser(response),
    chunks: chunks?.length,
    ...described.details,
  };
  const previous = wordAt(response, 'previous_response_id');
  return {
    action: described.object,
    id: wordAt(response, 'id'),
    ...described,
    outcome: refused && described.outcome !== 'failed' ? 'denied' : described.outcome,
    ai,
    details,
    related: [
      previous === undefined ? undefined : { part: 'previous', kind: 'aiOutput', id: previous },
      ...(described.related ?? []),
    ],
  };
}

/** What the model said and what the filter said, each once. */
function guardrailText(said: readonly (string | undefined)[], refused: boolean): string | undefined {
  const texts = [...new Set(said.filter((text) => text !== undefined))];
  return texts.length === 0 ? (refused ? 'content_filter' : undefined) : texts.join('; ');
}

function describe({ response, request }: Answer): Described | undefined {
  const type = response['object'];
  if (response['deleted'] === true && typeof type === 'string') return deleted(response, type);
  if (type === 'response' || (type === undefined && Array.isArray(response['output']) && 'status' in response)) {
    return modelResponse(response);
  }
  if (type === 'response.compaction') return compaction(response);
  if (type === 'response.input_tokens') return countedTokens(response);
  const choices = objectsAt(response, 'choices');
  if (choices.length > 0 || type === 'chat.completion' || type === 'text_completion')
    return completion(response, choices);
  if (Array.isArray(response['results']) && objectsAt(response, 'results').some((each) => 'flagged' in each)) {
    return moderation(response);
  }
  const data = objectsAt(response, 'data');
  if (data.some((each) => 'embedding' in each)) return embeddings(response, data);
  if (data.some((each) => 'b64_json' in each || 'url' in each || 'revised_prompt' in each)) return images(data);
  if (/^image_(?:generation|edit)\.completed$/.test(textAt(response, 'type') ?? '') && 'b64_json' in response)
    return images([response]);
  if (typeof response['text'] === 'string' && isTranscript(response, request)) return transcript(response);
  if (isObject(response['error'])) return failure(response['error']);
  return undefined;
}

/** Chat completions, and the text completions before them. */
function completion(response: JsonObject, choices: readonly JsonObject[]): Described {
  const messages = choices.map((choice) => objectAt(choice, 'message') ?? choice);
  const toolCalls = messages.flatMap((message) => [
    ...objectsAt(message, 'tool_calls').flatMap((call) =>
      toolCall(wordAt(call, 'function', 'name') ?? wordAt(call, 'custom', 'name'), wordAt(call, 'id')),
    ),
    ...toolCall(wordAt(message, 'function_call', 'name')),
  ]);
  const refused = messages.some((message) => typeof message['refusal'] === 'string' && message['refusal'] !== '');
  const references = messages.flatMap((message) => [
    ...citations(objectsAt(message, 'annotations')),
    ...citations(objectsAt(message, 'context', 'citations')),
  ]);
  const isChat = choices.some((choice) => isObject(choice['message']));
  const error = isObject(response['error']) ? (errorOf(response['error']) ?? 'error') : undefined;
  return {
    ...GENERATED,
    action: wordAt(response, 'object') ?? (isChat ? 'chat.completion' : 'text_completion'),
    outcome: error === undefined ? 'succeeded' : 'failed',
    ai: defined({
      toolCalls: listed(toolCalls),
      references: listed(references),
      guardrail: refused ? 'refused by the model' : undefined,
      error,
    }),
    details: {
      outputs: choices.length,
      outputSize: messages.reduce(
        (size, message) => size + sizeOf(message['text']) + contentSize(message['content']),
        0,
      ),
    },
  };
}

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  completed: 'succeeded',
  incomplete: 'succeeded',
  failed: 'failed',
  cancelled: 'failed',
  in_progress: 'pending',
  queued: 'pending',
};

/** The responses API: messages, and calls of tools, in one list. */
function modelResponse(response: JsonObject): Described {
  const items = objectsAt(response, 'output');
  const status = wordAt(response, 'status');
  const incomplete = wordAt(response, 'incomplete_details', 'reason');
  const parts = items.filter((item) => item['type'] === 'message').flatMap((item) => objectsAt(item, 'content'));
  const refused = parts.some((part) => part['type'] === 'refusal');
  const references = [
    ...citations(parts.flatMap((part) => objectsAt(part, 'annotations'))),
    ...citations(items.flatMap((item) => objectsAt(item, 'results'))),
  ];
  return {
    ...GENERATED,
    action: 'response',
    outcome:
      incomplete === 'content_filter'
        ? 'denied'
        : status === undefined
          ? undefined
          : Object.hasOwn(OUTCOMES, status)
            ? OUTCOMES[status]
            : 'unknown',
    ai: defined({
      toolCalls: listed(items.flatMap(calledTool)),
      references: listed(references),
      guardrail: refused ? 'refused by the model' : undefined,
      error: errorOf(response['error']),
    }),
    details: {
      status,
      incompleteReason: incomplete,
      outputs: items.length,
      outputSize: parts.reduce((size, part) => size + sizeOf(part['text']), 0),
    },
  };
}

/** An item of the output that is the call of a tool: the model's own ones are named by their kind. */
function calledTool(item: JsonObject): NonNullable<Ai['toolCalls']> {
  const type = wordAt(item, 'type');
  const id = wordAt(item, 'call_id') ?? wordAt(item, 'id');
  const named = wordAt(item, 'name');
  switch (type) {
    case 'function_call':
    case 'custom_tool_call':
      return toolCall(named, id);
    case 'mcp_call': {
      const server = wordAt(item, 'server_label');
      return toolCall(named === undefined || server === undefined ? named : `${server}.${named}`, id);
    }
    case undefined:
    default:
      return type?.endsWith('_call') === true ? toolCall(type.slice(0, -'_call'.length), id) : [];
  }
}

function toolCall(name: string | undefined, id?: string): NonNullable<Ai['toolCalls']> {
  return name === undefined ? [] : [{ name, ...(id === undefined ? {} : { id }) }];
}

/** What was cited, by its id or its host: titles, file names and the words themselves are content. */
function citations(cited: readonly JsonObject[]): NonNullable<Ai['references']> {
  const names = cited.flatMap((each) => {
    const url = each['url'] ?? at(each, 'url_citation', 'url');
    return wordAt(each, 'file_id') ?? wordAt(each, 'file_citation', 'file_id') ?? hostOf(url) ?? [];
  });
  return [...new Set(names)].map((name) => ({ name }));
}

function compaction(response: JsonObject): Described {
  const id = wordAt(response, 'id');
  const what = id === undefined ? '' : ` ${id}`;
  return {
    object: 'conversation',
    verb: 'compacted',
    action: 'response.compaction',
    did: `compacted a conversation into${what === '' ? ' one output' : what}`,
    isOutput: true,
    outcome: 'succeeded',
    details: { outputs: objectsAt(response, 'output').length },
  };
}

function countedTokens(response: JsonObject): Described {
  const tokens = countAt(response, 'input_tokens');
  return {
    object: 'input',
    verb: 'counted',
    action: 'response.input_tokens',
    target: 'aiInput',
    actor: 'caller',
    did: `counted the tokens of an input${tokens === undefined ? '' : `: ${tokens}`}`,
    details: { inputTokens: tokens },
    inconsequential: true,
  };
}

function moderation(response: JsonObject): Described {
  const results = objectsAt(response, 'results');
  const flagged = results.filter((result) => result['flagged'] === true);
  const categories = joinedWords(
    flagged.flatMap((result) =>
      Object.entries(objectAt(result, 'categories') ?? {}).flatMap(([name, hit]) => (hit === true ? [name] : [])),
    ),
  );
  const said =
    flagged.length === 0
      ? 'passed'
      : `flagged${categories === undefined ? '' : `: ${categories.replaceAll(',', ', ')}`}`;
  return {
    object: 'content',
    verb: 'moderated',
    did: `moderated ${results.length === 1 ? 'a text' : `${results.length} texts`}: ${said}`,
    outcome: 'succeeded',
    action: 'moderations',
    target: 'moderation',
    ai: { guardrail: said },
    details: { results: results.length, flagged: flagged.length },
  };
}

function embeddings(response: JsonObject, data: readonly JsonObject[]): Described {
  const first = data[0]?.['embedding'];
  return {
    object: 'embedding',
    verb: 'generated',
    did: `generated ${data.length === 1 ? 'an embedding' : `${data.length} embeddings`}`,
    outcome: 'succeeded',
    action: 'embeddings',
    target: 'aiEmbedding',
    id: wordAt(response, 'id'),
    details: { outputs: data.length, dimensions: Array.isArray(first) ? first.length : undefined },
  };
}

function images(data: readonly JsonObject[]): Described {
  return {
    object: 'image',
    verb: 'generated',
    did: `generated ${data.length === 1 ? 'an image' : `${data.length} images`}`,
    isOutput: true,
    outcome: 'succeeded',
    action: 'images',
    details: { outputs: data.length },
  };
}

/** `{"text": …}` alone may be anything; what transcribes says language, length or words, or answers a request of Azure's. */
function isTranscript(response: JsonObject, request: unknown): boolean {
  const named = ['task', 'language', 'duration', 'segments', 'words', 'logprobs'].some((member) => member in response);
  return named || request !== undefined || /^(?:tokens|duration)$/.test(String(at(response, 'usage', 'type')));
}

function transcript(response: JsonObject): Described {
  const translated = response['task'] === 'translate';
  return {
    object: 'speech',
    verb: translated ? 'translated' : 'transcribed',
    action: translated ? 'translate' : 'transcribe',
    did: `${translated ? 'translated' : 'transcribed'} speech`,
    isOutput: true,
    outcome: 'succeeded',
    details: { outputSize: sizeOf(response['text']) },
  };
}

/** An error in place of an answer. Its message may quote what was asked. */
function failure(error: JsonObject): Described {
  const said = errorOf(error) ?? 'error';
  const refused =
    /content_?filter|content_policy/i.test(said) || /content_?filter|ResponsibleAI/i.test(innerCode(error) ?? '');
  return {
    ...GENERATED,
    action: 'error',
    outcome: refused ? 'denied' : 'failed',
    ai: { error: said, ...(refused ? { guardrail: guardrailOf([{ error }]).text ?? said } : {}) },
  };
}

function innerCode(error: JsonObject): string | undefined {
  return wordAt(error, 'innererror', 'code') ?? wordAt(error, 'inner_error', 'code');
}

function errorOf(error: Json | undefined): string | undefined {
  return wordAt(error, 'code') ?? wordAt(error, 'type');
}

function deleted(response: JsonObject, type: string): Described {
  const id = wordAt(response, 'id');
  const isOutput = /^(?:chat\.completion|response)(?:\.deleted)?$/.test(type);
  const kind = wordAt({ type }, 'type')?.replace(/\.deleted$/, '') ?? 'object';
  return {
    object: isOutput ? 'output' : 'object',
    verb: 'deleted',
    action: kind,
    actor: 'caller',
    did: `deleted the ${isOutput ? 'output' : kind} ${id ?? ''}`.trim(),
    isOutput,
    ...(isOutput || id === undefined ? {} : { target: { kind: camel(kind), id } }),
    details: isOutput ? {} : { object: kind },
  };
}

const GENERATED = { object: 'output', verb: 'generated', isOutput: true } as const;

/** `thread.run` → `threadRun`; `object` for what is no name of a kind. */
export function camel(name: string): string {
  const joined = name.replace(/[^A-Za-z0-9]+(.)?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '');
  return /^[A-Za-z]/.test(joined) ? joined : 'object';
}

/** The end of a name by which a model is one version of many: `-2024-08-06`, `-0613`. */
const SNAPSHOT = /-(?:\d{4}-\d{2}-\d{2}|\d{4}|\d{8})(?:$|[-:.])/;

/** What was asked for is the model; what answered says its exact version. */
export function versionOf(requested: string | undefined, answered: string | undefined): Pick<Ai, 'model' | 'version'> {
  const exact =
    answered !== undefined && (SNAPSHOT.test(answered) || (requested !== undefined && requested !== answered));
  return defined({ model: requested ?? answered, version: exact ? answered : undefined });
}

function modelOf({ response, request, endpoint, deployment }: Answer, isFiltered: boolean): Ai {
  // Only Azure filters so, and has deployments.
  const isAzure =
    isFiltered ||
    deployment !== undefined ||
    /\.(?:openai\.azure|cognitiveservices\.azure|services\.ai\.azure)\./.test(endpoint ?? '');
  const host = hostOf(endpoint);
  const path = host === undefined || deployment === undefined ? undefined : `${host}/openai/deployments/${deployment}`;
  return defined({
    provider: isAzure ? 'azure.ai.openai' : 'openai',
    ...versionOf(wordAt(request, 'model'), wordAt(response, 'model')),
    deployment: path?.startsWith('https://') === true ? path : deployment,
  });
}

function usageOf(response: JsonObject): Ai['usage'] {
  const usage = response['usage'];
  const counted = defined({
    input: countAt(usage, 'input_tokens') ?? countAt(usage, 'prompt_tokens'),
    output: countAt(usage, 'output_tokens') ?? countAt(usage, 'completion_tokens'),
  });
  return Object.keys(counted).length === 0 ? undefined : counted;
}

function listed<Item>(items: readonly Item[]): Item[] | undefined {
  return items.length === 0 ? undefined : [...items];
}
