import { hash } from 'node:crypto';

import type { Json } from '../../wire/json.ts';
import type { Actor, Ai, Link, Target } from '../../wire/record.ts';
import { numberAt } from '../read.ts';
import { defined } from '../stated.ts';
import { aiActor, systemId } from './draft.ts';
import type { Context, Details, Facts } from './draft.ts';
import { finishReasonsIn, measured, referencesIn, toolCallsIn } from './messages.ts';
import { versionOf } from './response.ts';
import { listIn } from './telemetry.ts';
import type { Signal } from './telemetry.ts';
import { countAt, hostOf, isHandshake, joinedWords, labelAt, settingsOf, sizeOf, wordAt } from './word.ts';

/** The operations that OpenTelemetry's conventions for GenAI name. */
const OPERATIONS: Readonly<Record<string, readonly [object: string, verb: string]>> = {
  chat: ['output', 'generated'],
  text_completion: ['output', 'generated'],
  generate_content: ['output', 'generated'],
  embeddings: ['embedding', 'generated'],
  retrieval: ['document', 'retrieved'],
  execute_tool: ['tool', 'called'],
  create_agent: ['agent', 'created'],
  invoke_agent: ['agent', 'invoked'],
  invoke_workflow: ['workflow', 'invoked'],
  plan: ['plan', 'made'],
  create_memory: ['memory', 'created'],
  update_memory: ['memory', 'updated'],
  upsert_memory: ['memory', 'upserted'],
  delete_memory: ['memory', 'deleted'],
  search_memory: ['memory', 'searched'],
  create_memory_store: ['memory_store', 'created'],
  delete_memory_store: ['memory_store', 'deleted'],
};

/** What ends in something that a person may judge. */
const OUTPUTS: ReadonlySet<string> = new Set([
  'chat',
  'text_completion',
  'generate_content',
  'invoke_agent',
  'invoke_workflow',
  'plan',
]);

/** Names under which conventions before knew a provider: the same one must have the same id. */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['az.ai.openai', 'azure.ai.openai'],
  ['az.ai.inference', 'azure.ai.inference'],
  ['gemini', 'gcp.gemini'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['xai', 'x_ai'],
]);

const SETTINGS = [
  'temperature',
  'top_p',
  'top_k',
  'max_tokens',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'choice.count',
  'stream',
] as const;

/** One span or log event of an AI. */
export function spanFacts(signal: Signal): { readonly facts: Facts; readonly context: Context } {
  const { attributes } = signal;
  const word = (name: string): string | undefined => wordAt(attributes.get(name));
  const operation = operationOf(signal);
  if (signal.event === 'gen_ai.evaluation.result') return { facts: evaluation(signal), context: contextOf(signal) };
  const inputs = listIn(attributes.get('gen_ai.input.messages'));
  const outputs = listIn(attributes.get('gen_ai.output.messages'));
  const listedReasons = listIn(attributes.get('gen_ai.response.finish_reasons'));
  const finishReasons =
    (listedReasons.length === 0 ? undefined : joinedWords(listedReasons)) ?? finishReasonsIn(outputs);
  const documents = listIn(attributes.get('gen_ai.retrieval.documents'));
  const tool = word('gen_ai.tool.name');
  const callId = word('gen_ai.tool.call.id');
  const source = word('gen_ai.data_source.id');
  const toolCalls = [
    ...(operation === 'execute_tool' && tool !== undefined
      ? [{ name: tool, ...(callId === undefined ? {} : { id: callId }) }]
      : []),
    ...toolCallsIn(outputs),
  ];
  const references = [...(source === undefined ? [] : [{ name: source }]), ...referencesIn(documents)];
  const refused = finishReasons?.split(',').includes('content_filter') === true;
  const named = versionOf(word('gen_ai.request.model'), word('gen_ai.response.model'));
  const provider = word('gen_ai.provider.name') ?? word('gen_ai.system');
  const system = systemOf(signal);
  const ai: Ai = defined({
    system,
    provider: provider === undefined ? undefined : (PROVIDERS.get(provider) ?? provider).toLowerCase(),
    ...named,
    parameters: settingsOf([
      ...SETTINGS.map((name) => [name, attributes.get(`gen_ai.request.${name}`)] as const),
      ['output_type', attributes.get('gen_ai.output.type')],
      ['encoding_formats', joinedWords(listIn(attributes.get('gen_ai.request.encoding_formats')))],
      [
        'service_tier',
        attributes.get('openai.request.service_tier') ?? attributes.get('gen_ai.openai.request.service_tier'),
      ],
    ]),
    started: signal.started,
    ended: signal.ended,
    references: references.length === 0 ? undefined : references,
    toolCalls: toolCalls.length === 0 ? undefined : toolCalls,
    guardrail: refused ? 'content_filter' : undefined,
    error: word('error.type') ?? (signal.failed ? 'error' : undefined),
    usage: usageOf(attributes),
  });
  const input = measured(inputs);
  const output = measured(outputs);
  const instructions = listIn(attributes.get('gen_ai.system_instructions'));
  const definitions = listIn(attributes.get('gen_ai.tool.definitions'));
  const details: Details = {
    operation,
    toolType: word('gen_ai.tool.type'),
    finishReasons,
    inputs: input.count || undefined,
    inputSize: input.size || undefined,
    outputs: output.count || undefined,
    outputSize: output.size || undefined,
    instructionsSize: measured(instructions).size || undefined,
    tools: definitions.length || undefined,
    documents: documents.length || undefined,
    argumentsSize: jsonSize(attributes.get('gen_ai.tool.call.arguments')),
    resultSize: jsonSize(attributes.get('gen_ai.tool.call.result')),
    dimensions: countAt(attributes.get('gen_ai.embeddings.dimension.count')),
    fingerprint: word('openai.response.system_fingerprint') ?? word('gen_ai.openai.response.system_fingerprint'),
    conversation: word('gen_ai.conversation.id'),
    agent: labelAt(attributes.get('gen_ai.agent.name')),
    agentVersion: word('gen_ai.agent.version'),
    workflow: labelAt(attributes.get('gen_ai.workflow.name')),
    dataSource: source,
    method: word('mcp.method.name'),
    protocolVersion: word('mcp.protocol.version'),
    // The path of a resource may be a file's name.
    resourceHost: hostOf(attributes.get('mcp.resource.uri')),
    server: word('server.address'),
    parentSpan: signal.parentId,
    endUser: ['enduser.id', 'user.id', 'user.email', 'user.name'].some((name) => attributes.has(name)) || undefined,
  };
  const facts: Facts = {
    ...described(signal, operation, ai),
    action: operation ?? word('mcp.method.name') ?? signal.event ?? 'span',
    outcome: refused ? 'denied' : signal.failed ? 'failed' : 'succeeded',
    ai,
    details,
    ...(word('mcp.session.id') === undefined ? {} : { origin: { session: word('mcp.session.id') } }),
  };
  return { facts, context: contextOf(signal) };
}

/** The operation as stated; a call of a tool by MCP states a method instead. */
function operationOf({ attributes }: Signal): string | undefined {
  const operation = wordAt(attributes.get('gen_ai.operation.name'));
  if (operation !== undefined) return operation;
  if (wordAt(attributes.get('mcp.method.name')) === 'tools/call') return 'execute_tool';
  // Instrumentations leave the name out; only a model's answer has tokens or an id.
  const isAnswer = ['gen_ai.response.id', 'gen_ai.response.finish_reasons', 'gen_ai.output.messages'].some((name) =>
    attributes.has(name),
  );
  return isAnswer ? 'chat' : undefined;
}

/** What was done, by whom and to what. */
function described(
  signal: Signal,
  operation: string | undefined,
  ai: Ai,
): Pick<Facts, 'object' | 'verb' | 'did' | 'isOutput' | 'id' | 'actor' | 'target' | 'inconsequential'> {
  const { attributes } = signal;
  const agent = agentOf(attributes, ai);
  const system = ai.system === undefined ? undefined : aiActor({ system: ai.system });
  const spanId = idOf(signal);
  const responseId = wordAt(attributes.get('gen_ai.response.id'));
  const known = operation !== undefined && Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  const [object, verb] = known ?? (operation === undefined ? fallback(signal) : (['operation', 'performed'] as const));
  const isOutput = operation !== undefined && OUTPUTS.has(operation);
  const id = isOutput ? (responseId ?? spanId) : spanId;
  const tool = wordAt(attributes.get('gen_ai.tool.name'));
  const method = wordAt(attributes.get('mcp.method.name'));
  // Who runs an agent or a tool is the system, or the agent; of an answer it is the agent, else the system, else the model.
  const actor =
    operation === 'invoke_agent' || operation === 'create_agent' ? (system ?? agent?.actor) : (agent?.actor ?? system);
  const target =
    operation === 'execute_tool' && tool !== undefined
      ? { kind: 'tool', id: tool }
      : targetOf(operation, agent?.target, signal);
  const what = nameFor(operation, tool, agent?.target.name ?? agent?.target.id, signal);
  return {
    object,
    verb,
    ...(object === 'output' && verb === 'generated' ? {} : { did: `${verb} ${what}` }),
    isOutput,
    id,
    // Where neither system nor model is named, whoever sends the span ran it; of an output that would be a guess.
    actor: actor ?? (!isOutput && ai.provider === undefined && ai.model === undefined ? 'caller' : undefined),
    ...(target === undefined ? {} : { target }),
    ...(operation === undefined && (method === undefined || isHandshake(method)) ? { inconsequential: true } : {}),
  };
}

function fallback({ attributes, event }: Signal): readonly [object: string, verb: string] {
  if (attributes.has('mcp.method.name')) return ['mcp_request', 'made'];
  return event === undefined ? ['operation', 'performed'] : ['message', 'reported'];
}

function targetOf(operation: string | undefined, agent: Target | undefined, signal: Signal): Target | undefined {
  if (operation === 'invoke_agent' || operation === 'create_agent') return agent;
  const workflow = labelAt(signal.attributes.get('gen_ai.workflow.name'));
  if (operation === 'invoke_workflow' && workflow !== undefined) return { kind: 'aiWorkflow', id: workflow };
  const source = wordAt(signal.attributes.get('gen_ai.data_source.id'));
  if (operation === 'retrieval' && source !== undefined) return { kind: 'dataSource', id: source };
  const id = idOf(signal);
  return operation !== undefined && OUTPUTS.has(operation)
    ? undefined
    : id === undefined
      ? undefined
      : { kind: 'span', id };
}

function nameFor(
  operation: string | undefined,
  tool: string | undefined,
  agent: string | undefined,
  { attributes, event }: Signal,
): string {
  switch (operation) {
    case 'execute_tool':
      return tool === undefined ? 'a tool' : `the tool ${tool}`;
    case 'invoke_agent':
    case 'create_agent':
      return agent === undefined ? 'an agent' : `the agent ${agent}`;
    case 'invoke_workflow':
      return `the workflow ${labelAt(attributes.get('gen_ai.workflow.name')) ?? ''}`.trim();
    case 'embeddings':
      return 'embeddings';
    case 'retrieval':
      return 'documents';
    case undefined:
      return wordAt(attributes.get('mcp.method.name')) ?? event ?? 'an operation';
    default:
      return operation.replaceAll('_', ' ');
  }
}

/** The agent that the span is of; its id is the provider's. */
function agentOf(
  attributes: ReadonlyMap<string, Json>,
  { provider, system }: Ai,
): { actor: Actor; target: Target } | undefined {
  const id = wordAt(attributes.get('gen_ai.agent.id'));
  const name = labelAt(attributes.get('gen_ai.agent.name'));
  if (id === undefined && name === undefined) return undefined;
  const place = provider ?? (system === undefined ? 'ai' : systemId(system));
  const uri = id === undefined ? `${place}:agent/${name ?? ''}` : `${place}:${id}`;
  const named = name === undefined ? {} : { name };
  return { actor: { kind: 'ai', id: uri, ...named }, target: { kind: 'aiAgent', id: uri, ...named } };
}

/** The application that the span is of, unless it is called what SDKs call one that has no name. */
function systemOf({ resource }: Signal): string | undefined {
  const service = labelAt(resource.get('service.name'));
  return service === undefined || service.startsWith('unknown_service') ? undefined : service;
}

/** Where it ran, as the resource says, and what change it worked on, as the span itself does. */
function contextOf({ traceId, resource, attributes }: Signal): Context {
  const environment = labelAt(resource.get('deployment.environment.name') ?? resource.get('deployment.environment'));
  const commit = commitAt(attributes);
  const repository = wordAt(attributes.get('vcs.repository.url.full'))?.replace(/(?:\.git)?\/*$/, '');
  const change = wordAt(attributes.get('vcs.change.id'));
  const links: (Link | undefined)[] = [
    traceId === undefined ? undefined : { kind: 'correlation', id: traceId },
    // As the records of the repository name them: the bare hash, and the page of a pull request of GitHub's.
    commit === undefined ? undefined : { kind: 'commit', id: commit },
    change !== undefined && /^\d{1,12}$/.test(change) && repository?.startsWith('https://github.com/') === true
      ? { kind: 'pullRequest', id: `${repository}/pull/${change}` }
      : undefined,
  ];
  return {
    ...(environment === undefined ? {} : { environment }),
    links: links.filter((link) => link !== undefined),
    // What the service was built from: a link would join all that it ever does to that one commit.
    details: { serviceVersion: wordAt(resource.get('service.version')), serviceCommit: commitAt(resource) },
  };
}

function commitAt(attributes: ReadonlyMap<string, Json>): string | undefined {
  const commit = wordAt(attributes.get('vcs.ref.head.revision'));
  return commit !== undefined && /^[0-9a-f]{40}$/.test(commit) ? commit : undefined;
}

/** A score that was given to an output by another model or a program: no person's verdict. */
function evaluation(signal: Signal): Facts {
  const { attributes } = signal;
  const output = wordAt(attributes.get('gen_ai.response.id')) ?? idOf(signal);
  const label = wordAt(attributes.get('gen_ai.evaluation.score.label'));
  const score = numberAt({ score: attributes.get('gen_ai.evaluation.score.value') }, 'score');
  const name = wordAt(attributes.get('gen_ai.evaluation.name'));
  const said = [label, score].filter((each) => each !== undefined).join(' ');
  return {
    object: 'output',
    verb: 'evaluated',
    action: 'evaluate',
    actor: 'caller',
    did: `evaluated the output ${output ?? ''}`.trim() + (said === '' ? '' : `: ${said}`),
    isOutput: true,
    id: output,
    time: signal.started,
    outcome: signal.failed ? 'failed' : 'succeeded',
    details: { evaluation: name, score, label },
  };
}

function usageOf(attributes: ReadonlyMap<string, Json>): Ai['usage'] {
  const usage = defined({
    input:
      countAt(attributes.get('gen_ai.usage.input_tokens')) ?? countAt(attributes.get('gen_ai.usage.prompt_tokens')),
    output:
      countAt(attributes.get('gen_ai.usage.output_tokens')) ??
      countAt(attributes.get('gen_ai.usage.completion_tokens')),
  });
  return Object.keys(usage).length === 0 ? undefined : usage;
}

function jsonSize(value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  return sizeOf(typeof value === 'string' ? value : JSON.stringify(value));
}

/** As in `traceparent`: trace and span. */
export function idOf({ traceId, spanId }: Signal): string | undefined {
  return traceId === undefined || spanId === undefined ? undefined : `${traceId}-${spanId}`;
}

/** Tells the signals of one export apart: a span has an id of its own, an event of a span its name besides. */
export function partOf(signal: Signal): string {
  const id = idOf(signal);
  if (id !== undefined && signal.kind === 'span') return id;
  return `${id ?? signal.kind}/${hash('sha256', JSON.stringify(signal.raw), 'hex')}`;
}
