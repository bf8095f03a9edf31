import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { aiNormalizer, routeAi } from '../../shared/normalize/ai.ts';
import { verdictsNormalizer } from '../../shared/normalize/verdicts.ts';
import { recordId, UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { bytesOf, CONTENT, DELIVERY, ENQUEUED, fixture, FIXTURES, recordOf, recordsOf } from './ai-payloads.ts';
import { mutated } from './mutated.ts';
import { outcomeOf } from './outcome-of.ts';

const HMAC = { algorithm: 'hmac-sha256', value: 'a'.repeat(64) };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

const span = (attributes: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  traceId: TRACE,
  spanId: SPAN,
  attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } })),
  ...more,
});
const exported = (spans: unknown[], resource: unknown[] = []) => ({
  resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }],
});
const chat = (more: Record<string, unknown> = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_772_352_000,
  model: 'gpt-4o',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: CONTENT } }],
  ...more,
});

describe('what people wrote and models answered', () => {
  test.each(FIXTURES)('is in no record of %s', (name) => {
    expect(JSON.stringify(recordsOf(fixture(name).body))).not.toContain(CONTENT);
  });

  test('is in no record whatever it looks like: words, code, addresses, hashes', () => {
    const texts = fixtureTexts();
    const content = fc.oneof(
      fc.constantFrom(
        'hunter2',
        'Alice_Adams',
        'alice@acme.example',
        'call me',
        'C:\\Alice.docx',
        '東京都千代田区',
        '{"a":1}',
      ),
      fc.string({ minLength: 6, maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...texts), content, (text, said) => {
        // Longer than anything that could stand in a record by chance.
        const marked = `zq${said}qz`;
        const body = JSON.parse(text.replaceAll(CONTENT, () => JSON.stringify(marked).slice(1, -1))) as {
          body: unknown;
        };
        expect(JSON.stringify(recordsOf(body.body))).not.toContain(JSON.stringify(marked).slice(1, -1));
      }),
    );
  });

  test('leaves its size, in bytes', () => {
    const choices = [{ finish_reason: 'stop', message: { content: 'Grüße' } }];
    expect(recordOf(chat({ choices })).data.details).toMatchObject({ outputs: 1, outputSize: 7 });
  });

  test('is not hashed either: a bare hash of a short prompt can be guessed', () => {
    const records = FIXTURES.filter((name) => !name.startsWith('statement')).map((name) =>
      recordsOf(fixture(name).body),
    );
    expect(JSON.stringify(records)).not.toMatch(/sha256/);
  });
});

function fixtureTexts(): string[] {
  return FIXTURES.map((name) => JSON.stringify(fixture(name))).filter((text) => text.includes(CONTENT));
}

describe('our own form', () => {
  const state = (more: Record<string, unknown>) =>
    recordOf({ record: 'output', id: 'o-1', project: 'payments', system: 's', model: 'm', ...more }).data;

  test('takes commitments with a key alone; of instructions a hash, by which a version is known', () => {
    const bare = { algorithm: 'sha256', value: 'b'.repeat(64) };
    const { ai, details } = state({ inputs: [HMAC, bare], outputs: [HMAC], instructions: bare });
    expect(ai).toMatchObject({ outputs: [HMAC], instructions: bare });
    expect(ai).not.toHaveProperty('inputs');
    expect(details?.['unreadable']).toBe('inputs');
  });

  test.each([
    ['arguments that are no commitment', 'toolCalls', [{ name: 'send', arguments: { to: 'Alice' } }]],
    ['a prompt among the parameters', 'parameters', { temperature: 1, prompt: 'hi' }],
    ['text in place of outputs', 'outputs', 'The claim is covered.'],
    ['text beside a commitment', 'inputs', [{ ...HMAC, text: 'hi' }]],
    ['a time without its zone', 'ended', '2026-03-01T08:00:00'],
    ['a member that nobody defined', 'answer', 'The claim is covered.'],
    ['a project that is none', 'project', 'No Project'],
  ])('with %s is sealed, says so, and holds nothing of it', (_what, member, value) => {
    const data = state({ [member]: value });
    expect(data.details?.['unreadable']).toContain(member);
    expect(JSON.stringify(data)).not.toMatch(/Alice|covered|"hi"/);
  });

  test('names what an auditor would miss', () => {
    expect(recordOf({ record: 'output' }).data.details?.['incomplete']).toBe(
      'project,system,purpose,model,version,outputs,inputs,ended',
    );
    expect(recordOf({ record: 'decision' }).data.details?.['incomplete']).toBe(
      'project,system,purpose,logic,result,inputs,ended',
    );
  });

  test('does not miss commitments to what is in the evidence itself', () => {
    const { details } = state({ data: { prompt: 'x' }, purpose: 'p', version: 'v', ended: '2026-03-01T08:00:00Z' });
    expect(details).toEqual({ hasData: true });
  });

  test.each([['sentence'], [7], [null]])('with the record %s is none of ours', (record) => {
    expect(recordOf({ record })).toMatchObject({ type: UNRECOGNIZED_TYPE, data: { unrecognized: { code: 'event' } } });
  });

  test.each([
    ['entra:49ab3c7a', 'ai:entra:49ab3c7a'],
    ['github:1001', 'ai:github:1001'],
    ['alice@acme.example', 'ai:alice@acme.example'],
    ['claims-triage', 'ai:claims-triage'],
    ['https://acme.example/ai/7', 'https://acme.example/ai/7'],
    ['/subscriptions/3F7B/resourceGroups/AI', '/subscriptions/3f7b/resourcegroups/ai'],
  ])('cannot pass the system %s off as somebody’s account', (system, id) => {
    expect(state({ system }).actor).toMatchObject({ kind: 'ai', id, name: system });
  });

  test('is sent on behalf of the token’s subject, whoever the body says asked', () => {
    const { actor, ai, related } = state({
      requester: { kind: 'human', id: 'entra:somebody-else' },
      actor: { id: 'x' },
    });
    expect(actor?.onBehalfOf).toEqual({ kind: 'service', id: 'entra:o-1', name: 'Claims desk' });
    expect(ai?.requester?.id).toBe('entra:somebody-else');
    expect(related).toContainEqual({ part: 'requester', kind: 'human', id: 'entra:somebody-else' });
  });

  test('of a decision by rules is a service’s, of one by a model an AI’s', () => {
    const decide = (more: object) => recordOf({ record: 'decision', system: 'router', ...more }).data.actor?.kind;
    expect(decide({ logic: { name: 'routing' } })).toBe('service');
    expect(decide({ logic: { name: 'routing' }, model: 'gpt-4o' })).toBe('ai');
  });

  test('takes what it does not state from the answer that is sent along, and states over it', () => {
    const data = state({ response: chat({ model: 'gpt-4o-2024-08-06' }), model: 'gpt-4o', purpose: 'p', request: {} });
    expect(data.ai).toMatchObject({ model: 'gpt-4o', version: 'gpt-4o-2024-08-06', provider: 'openai' });
    expect(data.details).toMatchObject({ finishReasons: 'stop', incomplete: 'ended' });
    expect(data.target?.id).toBe('o-1');
  });

  test('names logic under the id that its verification has', () => {
    const sha256 = 'c'.repeat(64);
    const { related } = state({ logic: { name: 'prompt', sha256: sha256.toUpperCase() } });
    const [verified] = verdictsNormalizer.normalize({
      envelope: { source: 'verdicts', event: 'verified', subject: sha256, claims: { oid: 'o-1' } },
      body: Buffer.from('{}'),
      enqueued: ENQUEUED,
    });
    expect(related?.find(({ part }) => part === 'logic')?.id).toBe(verified?.data.target?.id);
  });
});

describe('the id of an output', () => {
  const judged = (id: string) =>
    verdictsNormalizer.normalize({
      envelope: { source: 'verdicts', event: 'given', subject: id, claims: { oid: 'o-1' } },
      body: Buffer.from('{}'),
      enqueued: ENQUEUED,
    })[0]?.data.links?.[0];

  test.each([
    ['statement-output', 'triage-2026-0042'],
    ['response-tools', 'resp_67c'],
    ['stream-chat', 'chatcmpl-S1'],
    ['span-python', 'chatcmpl-7'],
    ['exchange', 'chatcmpl-E1'],
    ['webhook', 'resp_67c'],
  ])('of %s is that which a verdict on it links to', (name, id) => {
    const { links, target } = recordOf(fixture(name).body).data;
    expect(links?.[0]).toEqual(judged(id));
    expect(target).toMatchObject({ kind: 'aiOutput', id });
  });

  test('is the record’s where the payload has none: that is what the sender is told', () => {
    const id = recordId(['ai', DELIVERY, '']);
    expect(recordOf({ record: 'output', system: 's' }).data.links).toEqual([{ kind: 'aiOutput', id }]);
    expect(recordOf(fixture('images').body).data.target).toEqual({ kind: 'aiOutput', id });
  });

  test('of a span without an answer’s id is trace and span', () => {
    const record = recordOf(exported([span({ 'gen_ai.operation.name': 'chat' })]));
    expect(record.data.links?.[0]).toEqual({ kind: 'aiOutput', id: `${TRACE}-${SPAN}` });
  });
});

describe('what OpenAI and Azure OpenAI answer', () => {
  test('that was filtered is not said to have been generated', () => {
    expect(recordOf(fixture('azure-chat-completion').body).data).toMatchObject({
      outcome: 'denied',
      summary: 'gpt-4o-2024-08-06 (for Claims desk) was kept by a filter from generating the output chatcmpl-A1',
      ai: { guardrail: 'prompt: jailbreak detected; completion: violence filtered (medium)' },
    });
    expect(recordOf(fixture('response-incomplete').body).data).toMatchObject({
      outcome: 'denied',
      ai: { guardrail: 'refused by the model; completion: self_harm filtered (high)' },
    });
  });

  test('without a word of a filter says nothing of one; with nothing found it passed', () => {
    expect(recordOf(chat()).data.ai).not.toHaveProperty('guardrail');
    const passed = chat({
      choices: [{ message: {}, content_filter_results: { hate: { filtered: false, severity: 'safe' } } }],
    });
    expect(recordOf(passed).data.ai?.guardrail).toBe('passed');
    const broken = chat({
      prompt_filter_results: [{ content_filter_results: { hate: { filtered: false, error: { code: 'timeout' } } } }],
    });
    expect(recordOf(broken).data.ai?.guardrail).toBe('prompt: not checked (timeout)');
  });

  test.each([
    [{ error: { code: 'rate_limit_exceeded', message: CONTENT } }, 'failed', 'rate_limit_exceeded'],
    [{ error: { type: 'invalid_request_error', code: null, message: CONTENT } }, 'failed', 'invalid_request_error'],
    [{ error: { code: 'content_filter', message: CONTENT } }, 'denied', 'content_filter'],
  ])('in place of an answer, %j, is a failed one, and never quotes the message', (body, outcome, error) => {
    const { data } = recordOf(body);
    expect(data).toMatchObject({ outcome, ai: { error } });
    expect(JSON.stringify(data)).not.toContain(CONTENT);
  });

  test.each([
    ['queued', 'pending'],
    ['in_progress', 'pending'],
    ['cancelled', 'failed'],
    ['failed', 'failed'],
    ['completed', 'succeeded'],
    ['resting', 'unknown'],
  ])('of status %s is %s', (status, outcome) => {
    expect(recordOf({ object: 'response', id: 'resp_1', status, output: [] }).data.outcome).toBe(outcome);
  });

  test('leaves out a seed that JavaScript cannot hold: it would be another one', () => {
    const body = Buffer.from(JSON.stringify(chat({ temperature: 1 })).replace('{', '{"seed":4944116822809979520,'));
    expect(recordOf(body).data.ai?.parameters).toEqual({ temperature: 1 });
  });

  test('names the end user nowhere, and says that there is one', () => {
    const { data } = recordOf(chat({ user: 'alice@acme.example' }));
    expect(data.details?.['endUser']).toBe(true);
    expect(JSON.stringify(data)).not.toContain('alice');
  });

  test('once queued and once completed is two deliveries, sent twice is one', () => {
    const name = (status: string) => routeAi(bytesOf({ object: 'response', id: 'resp_1', status, output: [] })).name;
    expect(name('queued')).not.toBe(name('completed'));
    expect(name('completed')).toBe(name('completed'));
  });

  test.each([
    ['a file', { object: 'file', id: 'file-1', filename: `${CONTENT}.pdf`, status: 'processed' }, 'succeeded'],
    ['a fine-tuning job', { object: 'fine_tuning.job', id: 'ftjob-1', status: 'running', model: 'gpt-4o' }, 'pending'],
    ['a run', { object: 'thread.run', id: 'run_1', status: 'failed', instructions: CONTENT }, 'failed'],
  ])('of %s, which is no output, is told by kind and id', (_what, body, outcome) => {
    const { type, data } = recordOf(body);
    expect(type).toBe('indelible.ai.object.reported');
    expect(data).toMatchObject({ outcome, target: { id: body.id }, actor: { id: 'entra:o-1' } });
    expect(JSON.stringify(data)).not.toContain(CONTENT);
  });

  test('text completions and lists of completions are outputs', () => {
    const text = {
      id: 'cmpl-1',
      object: 'text_completion',
      model: 'm',
      choices: [{ text: CONTENT, finish_reason: 'stop' }],
    };
    expect(recordOf(text)).toMatchObject({ type: 'indelible.ai.output.generated', subject: 'cmpl-1' });
    const list = recordsOf({ object: 'list', data: [chat(), chat({ id: 'chatcmpl-2' })], has_more: false });
    expect(list.map(({ type }) => type)).toEqual([
      'indelible.ai.batch.reported',
      'indelible.ai.output.generated',
      'indelible.ai.output.generated',
    ]);
    expect(list[0]?.data.inconsequential).toBe(true);
  });
});

describe('a streamed answer', () => {
  const chunk = (delta: object, finish: string | null = null) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_772_352_000,
    model: 'gpt-4o',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const chunks = [chunk({ role: 'assistant', content: 'Hel' }), chunk({ content: 'lo' }), chunk({}, 'stop')];
  const lines = chunks.map((each) => JSON.stringify(each));

  test.each([
    ['events', lines.map((line) => `data: ${line}\n\n`).join('') + 'data: [DONE]\n\n'],
    [
      'events with CRLF, names and comments',
      lines.map((line) => `: x\r\nevent: m\r\nid: 1\r\ndata:${line}\r\n\r\n`).join(''),
    ],
    [
      'an event over several lines',
      `data: ${JSON.stringify(chunks[0], null, 1).replaceAll('\n', '\ndata: ')}\n\n${lines
        .slice(1)
        .map((line) => `data: ${line}\n\n`)
        .join('')}`,
    ],
    ['lines of JSON', lines.join('\n')],
    ['a list', JSON.stringify(chunks)],
  ])('as %s is one output', (_form, body) => {
    expect(recordOf(body)).toMatchObject({
      type: 'indelible.ai.output.generated',
      subject: 'chatcmpl-1',
      time: '2026-03-01T08:00:00.000Z',
      data: { details: { chunks: 3, outputs: 1, outputSize: 5, finishReasons: 'stop' } },
    });
  });

  test('that broke off before its end is pending, not done', () => {
    const body = [
      { type: 'response.created', response: { object: 'response', id: 'resp_1', status: 'in_progress', output: [] } },
      { type: 'response.output_text.delta', delta: CONTENT },
    ];
    expect(recordOf(body).data).toMatchObject({ outcome: 'pending', target: { id: 'resp_1' } });
    expect(recordOf(body.slice(1)).data.outcome).toBe('pending');
  });

  test.each([
    ['of chunks', [...chunks.slice(0, 2), { error: { code: 'server_error', message: CONTENT } }]],
    ['of events', [{ type: 'response.created' }, { type: 'error', code: 'server_error', message: CONTENT }]],
  ])('%s that ends in an error failed', (_what, body) => {
    const { data } = recordOf(body.map((each) => `data: ${JSON.stringify(each)}\n\n`).join(''));
    expect(data).toMatchObject({ outcome: 'failed', ai: { error: 'server_error' } });
    expect(JSON.stringify(data)).not.toContain(CONTENT);
  });

  test('among lines of other things is none', () => {
    expect(recordOf('Dear all,\n{"a":1}\nYours').type).toBe(UNRECOGNIZED_TYPE);
  });
});

describe('telemetry', () => {
  test('of trace and span ids in hex, with 0x or in base64 joins under one id', () => {
    const ids = [
      [TRACE, SPAN],
      [TRACE.toUpperCase(), SPAN.toUpperCase()],
      [`0x${TRACE}`, `0x${SPAN}`],
      [Buffer.from(TRACE, 'hex').toString('base64'), Buffer.from(SPAN, 'hex').toString('base64')],
    ].map(([traceId, spanId]) => {
      const record = recordOf(exported([{ ...span({ 'gen_ai.operation.name': 'chat' }), traceId, spanId }]));
      return [record.subject, record.data.links?.[1]];
    });
    expect(new Set(ids.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify([`${TRACE}-${SPAN}`, { kind: 'correlation', id: TRACE }])]),
    );
  });

  test.each([
    ['nanoseconds as text', '1772352000123456789'],
    ['nanoseconds as a number', Number('1772352000123456789')],
    ['microseconds', 1_772_352_000_123_456],
    ['seconds and nanoseconds', [1_772_352_000, 123_456_789]],
    ['text', '2026-03-01T08:00:00.123456Z'],
  ])('with times as %s is of that time', (_what, startTimeUnixNano) => {
    const record = recordOf(exported([{ ...span({ 'gen_ai.operation.name': 'chat' }), startTimeUnixNano }]));
    expect(record.time).toBe('2026-03-01T08:00:00.123Z');
  });

  test.each([['9'.repeat(40)], ['-1'], [-5], ['0'], [{}], [[1, 'x']]])(
    'of the time %j is of none',
    (startTimeUnixNano) => {
      const record = recordOf(exported([{ ...span({ 'gen_ai.operation.name': 'chat' }), startTimeUnixNano }]));
      expect(record.data.clock).not.toHaveProperty('started');
    },
  );

  test('of a provider under its former name is of the same model', () => {
    const actor = (name: string, provider: string) =>
      recordOf(exported([span({ 'gen_ai.operation.name': 'chat', [name]: provider, 'gen_ai.request.model': 'm' })]))
        .data.actor?.id;
    expect(actor('gen_ai.system', 'az.ai.openai')).toBe(actor('gen_ai.provider.name', 'azure.ai.openai'));
  });

  test('of a service links what the span worked on, not what the service was built from', () => {
    const built = '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac';
    const resource = [{ key: 'vcs.ref.head.revision', value: { stringValue: built } }];
    const record = recordOf(exported([span({ 'gen_ai.operation.name': 'chat' })], resource));
    expect(JSON.stringify(record.data.links)).not.toContain(built);
    expect(record.data.details?.['serviceCommit']).toBe(built);
  });

  test('of no AI at all is sealed, and of no consequence', () => {
    const record = recordOf(exported([span({ 'http.request.method': 'GET', 'url.full': `https://x/${CONTENT}` })]));
    expect(record).toMatchObject({
      type: 'indelible.ai.batch.reported',
      data: { inconsequential: true, details: { others: 1 } },
    });
    expect(JSON.stringify(record)).not.toContain(CONTENT);
  });

  test('with the same span twice, or spans without ids, loses none', () => {
    const one = span({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'a' });
    const other = span({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'b' });
    const nameless = { attributes: one.attributes };
    const records = recordsOf(exported([one, other, one, nameless, { attributes: other.attributes }]));
    expect(records.map(({ data }) => data.ai?.model)).toEqual([undefined, 'a', 'b', 'a', 'b']);
  });

  test('of an agent is the agent’s: invoked by the system, answering itself', () => {
    const agent = { 'gen_ai.provider.name': 'openai', 'gen_ai.agent.id': 'asst_1', 'gen_ai.agent.name': 'Tutor' };
    const resource = [{ key: 'service.name', value: { stringValue: 'desk' } }];
    const act = (operation: string) =>
      recordOf(exported([span({ ...agent, 'gen_ai.operation.name': operation })], resource)).data;
    expect(act('invoke_agent')).toMatchObject({
      actor: { id: 'ai:desk' },
      target: { kind: 'aiAgent', id: 'openai:asst_1' },
    });
    expect(act('chat')).toMatchObject({ actor: { id: 'openai:asst_1', name: 'Tutor' } });
  });

  test('as SDKs print a span, as a bag of attributes, as a list or as lines of a file is the same act', () => {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm',
    };
    const bag = { ...attributes, trace_id: TRACE, span_id: SPAN };
    const forms = [
      { name: 'chat m', context: { trace_id: `0x${TRACE}`, span_id: `0x${SPAN}` }, attributes },
      bag,
      [bag],
      exported([span(attributes)]),
      `${JSON.stringify(exported([span(attributes)]))}\n`,
    ].map((body) => recordOf(body));
    for (const record of forms) expect(record).toEqual(forms[0]);
  });

  test('of a call by MCP without an operation is a call of a tool', () => {
    const record = recordOf(exported([span({ 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'get-weather' })]));
    expect(record).toMatchObject({
      type: 'indelible.ai.tool.called',
      data: { target: { kind: 'tool', id: 'get-weather' } },
    });
  });

  test.each([
    ['initialize', true],
    ['notifications/progress', true],
    ['tools/list', true],
    ['resources/read', undefined],
    ['sampling/createMessage', undefined],
  ])('of the MCP method %s: what touches nothing is of no consequence', (method, inconsequential) => {
    expect(recordOf(exported([span({ 'mcp.method.name': method })])).data.inconsequential).toBe(inconsequential);
    expect(recordOf({ jsonrpc: '2.0', id: 1, method }).data.inconsequential).toBe(inconsequential);
  });

  test('of an operation that no convention names says which', () => {
    const record = recordOf(exported([span({ 'gen_ai.operation.name': 'rerank' })]));
    expect(record).toMatchObject({ type: 'indelible.ai.operation.performed', data: { action: 'rerank' } });
  });
});

describe('OpenAI’s audit log', () => {
  const entry = (
    type: string,
    more: object = {},
    actor: object = { type: 'session', session: { user: { id: 'user-1' } } },
  ) => recordOf({ id: 'audit_log-1', type, effective_at: 1_772_352_000, actor, [type]: { id: 'x_1', ...more } });

  test('never takes an API key for the person that it was made by', () => {
    const byKey = (key: object) => entry('project.created', {}, { type: 'api_key', api_key: key }).data.actor;
    const user = { id: 'user-1', email: 'mona@acme.example' };
    const person = { kind: 'human', id: 'openai:user-1', address: 'mona@acme.example' };
    expect(byKey({ type: 'user', id: 'key_1', user })).toEqual({
      kind: 'service',
      id: 'openai:key_1',
      onBehalfOf: person,
    });
    expect(byKey({ type: 'user', user })).toEqual({ kind: 'service', id: 'openai:user-1/api-key', onBehalfOf: person });
    expect(byKey({ service_account: { id: 'svc_1' } })).toEqual({ kind: 'service', id: 'openai:svc_1' });
  });

  test('is nobody’s act where it names nobody, least of all the sender’s', () => {
    expect(entry('ip_allowlist.created', {}, {}).data).not.toHaveProperty('actor');
  });

  test.each([
    ['role.assignment.deleted', 'indelible.access.role_assignment.deleted'],
    ['rate_limit.updated', 'indelible.infrastructure.rate_limit.updated'],
    ['ip_allowlist.config.activated', 'indelible.access.ip_allowlist_config.activated'],
    ['tenant.microsoft_entra_mapping.upserted', 'indelible.access.tenant_microsoft_entra_mapping.upserted'],
  ])('of %s is of type %s, known or not', (type, expected) => {
    expect(entry(type).type).toBe(expected);
  });

  test('masks what a secret was changed to', () => {
    expect(entry('organization.updated', { changes_requested: { api_key: 'k', title: 'Acme' } }).data.changes).toEqual([
      { field: 'api_key', masked: true },
      { field: 'title', to: 'Acme' },
    ]);
  });
});

describe('whatever bytes come', () => {
  test.each(ODD_BODIES)('%s: a record or a reason, never a crash', (_what, body) => {
    const input = { envelope: { source: 'ai' }, body, enqueued: ENQUEUED };
    expect(outcomeOf(() => aiNormalizer.normalize(input))).toBe('reason');
    expect(routeAi(body)).toMatchObject({ form: undefined, partitionKey: undefined, name: undefined, isOutput: false });
  });

  test.each([
    [{}],
    [[]],
    [[1]],
    ['"text"'],
    ['17'],
    [{ object: 'list', data: [] }],
    [{ hello: 'world' }],
    [{ text: CONTENT }],
  ])('%j is none of the forms', (body) => {
    expect(recordOf(body)).toMatchObject({ type: UNRECOGNIZED_TYPE, data: { unrecognized: { code: 'shape' } } });
  });

  test('any of the payloads, broken anywhere, gives records that fit the schema, or a reason; the same each time', () => {
    const payloads = FIXTURES.map((name) => fixture(name).body);
    fc.assert(
      fc.property(mutated(payloads), (body) => {
        const bytes = bytesOf(body ?? null);
        const input = {
          envelope: { source: 'ai', delivery: DELIVERY, claims: { oid: 'o-1' } },
          body: bytes,
          enqueued: ENQUEUED,
        };
        const outcome = outcomeOf(() => aiNormalizer.normalize(input));
        const records = recordsOf(bytes);
        // What the normalizer takes must pass the schema: a draft that does not would be sealed as unrecognized.
        expect(records[0]?.type === UNRECOGNIZED_TYPE).toBe(outcome === 'reason');
        expect(recordsOf(bytes)).toEqual(records);
        expect(routeAi(bytes).form === undefined).toBe(outcome === 'reason');
      }),
      { numRuns: 2_000 },
    );
  });

  test('without claims a message still says what an AI did; that somebody sent it is nowhere said', () => {
    const { data } = recordOf(chat(), { claims: {} });
    expect(data.actor).toEqual({ kind: 'ai', id: 'openai:gpt-4o', name: 'gpt-4o' });
  });
});
