import { describe, expect, test } from 'vitest';

import { bytesOf, fixture, recordsOf } from '../normalize/ai-payloads.ts';
import { HAS_CORPUS, corpusFiles } from './corpus-files.ts';

/** What a reader of each payload says: type, who, on what, how it ended, when; and what else of it an auditor would ask for. */
type Read = readonly [
  payload: string,
  type: string,
  actor: string | undefined,
  target: string | undefined,
  outcome: string,
  time: string,
  ...further: unknown[],
];
/** When it was received: the payload says no time. */
const NOW = '2099-01-01T00:00:00.000Z';
const DESK = 'service entra:o-1';
const OF_RECORD = /^[0-9a-f]{32}$/;

const READ: readonly Read[] = [
  [
    'azure-openai/chat_completions.json',
    'indelible.ai.output.generated',
    'ai azure.ai.openai:<deployment-id>',
    'aiOutput chatcmpl-7R1nGnsXO8n4oi9UPz2f3UHdgAYMn',
    'succeeded',
    '2023-06-13T17:08:26.000Z',
    '33 in, 557 out',
  ],
  [
    'openai-openapi/delete-chat-completions-completion-id-0.json',
    'indelible.ai.output.deleted',
    DESK,
    'aiOutput chatcmpl-AyPNinnUqUDYo9SAdA52NobMflmj2',
    'succeeded',
    NOW,
  ],
  [
    'openai-openapi/get-chat-completions-0.json',
    'indelible.ai.output.generated',
    'ai openai:gpt-5.4',
    'aiOutput chatcmpl-AyPNinnUqUDYo9SAdA52NobMflmj2',
    'succeeded',
    '2025-02-07T20:36:50.000Z',
    '13 in, 18 out',
  ],
  [
    'openai-openapi/get-chat-completions-completion-id-0.json',
    'indelible.ai.output.generated',
    'ai openai:gpt-4o-2024-08-06',
    'aiOutput chatcmpl-abc123',
    'succeeded',
    '2025-02-07T20:36:50.000Z',
    'gpt-4o-2024-08-06',
    '13 in, 18 out',
  ],
  [
    'openai-openapi/get-chat-completions-completion-id-messages-0.json',
    'indelible.ai.input.reported',
    DESK,
    'aiInput of the record',
    'succeeded',
    NOW,
  ],
  [
    'openai-openapi/get-organization-audit-logs-0.txt',
    'indelible.trail.message.unrecognized',
    DESK,
    undefined,
    'failed',
    NOW,
    'json',
  ],
  [
    'openai-openapi/post-chat-completions-completion-id-0.json',
    'indelible.ai.output.generated',
    'ai openai:gpt-4o-2024-08-06',
    'aiOutput chatcmpl-AyPNinnUqUDYo9SAdA52NobMflmj2',
    'succeeded',
    '2025-02-07T20:36:50.000Z',
    'gpt-4o-2024-08-06',
    '13 in, 18 out',
  ],
  [
    'openai-openapi/post-chat-completions-logprobs.json',
    'indelible.ai.output.generated',
    'ai openai:gpt-4o-mini',
    'aiOutput chatcmpl-123',
    'succeeded',
    '2023-12-16T00:16:18.000Z',
    '9 in, 9 out',
  ],
  [
    'openai-openapi/post-chat-completions-streaming.txt',
    'indelible.ai.output.generated',
    'ai openai:gpt-4o-mini',
    'aiOutput chatcmpl-123',
    'succeeded',
    '2023-09-09T14:03:10.000Z',
  ],
  [
    'openai-openapi/post-embeddings-0.txt',
    'indelible.trail.message.unrecognized',
    DESK,
    undefined,
    'failed',
    NOW,
    'json',
  ],
  [
    'openai-openapi/post-images-generations-generate-image.json',
    'indelible.ai.image.generated',
    'ai openai',
    'aiOutput of the record',
    'succeeded',
    '2024-04-23T00:53:48.000Z',
    '50 in, 50 out',
  ],
  [
    'openai-openapi/post-images-generations-streaming.txt',
    'indelible.ai.image.generated',
    'ai openai',
    'aiOutput of the record',
    'succeeded',
    NOW,
    '50 in, 50 out',
  ],
  [
    'openai-openapi/post-moderations-image-and-text.json',
    'indelible.ai.content.moderated',
    'ai openai:omni-moderation-latest',
    'moderation modr-0d9740456c391e43c445bf0f010940c7',
    'succeeded',
    NOW,
    'flagged: harassment, harassment/threatening, violence, violence/graphic',
  ],
  [
    'openai-openapi/post-moderations-single-string.json',
    'indelible.ai.content.moderated',
    'ai openai:text-moderation-007',
    'moderation modr-AB8CjOTu2jiq12hp1AQPfeqFWaORR',
    'succeeded',
    NOW,
    'flagged: harassment, harassment/threatening, violence',
  ],
  [
    'openai-openapi/post-responses-compact-0.json',
    'indelible.ai.conversation.compacted',
    'ai openai',
    'aiOutput resp_001',
    'succeeded',
    '2025-12-05T20:52:51.000Z',
    '139 in, 438 out',
  ],
  [
    'openai-openapi/post-responses-file-input.json',
    'indelible.ai.output.generated',
    'ai openai:gpt-5.4',
    'aiOutput resp_686eef60237881a2bd1180bb8b13de430e34c516d176ff86',
    'succeeded',
    '2025-07-09T22:38:25.000Z',
    '8438 in, 398 out',
  ],
  [
    'openai-openapi/post-responses-functions.json',
    'indelible.ai.output.generated',
    'ai openai:gpt-5.4',
    'aiOutput resp_67ca09c5efe0819096d0511c92b8c890096610f474011cc0',
    'succeeded',
    '2025-03-06T20:47:02.000Z',
    '291 in, 23 out',
    'get_current_weather',
  ],
  [
    'openai-openapi/post-responses-image-input.json',
    'indelible.ai.output.generated',
    'ai openai:gpt-5.4',
    'aiOutput resp_67ccd3a9da748190baa7f1570fe91ac604becb25c45c1d41',
    'succeeded',
    '2025-03-08T23:32:58.000Z',
    '328 in, 52 out',
  ],
  [
    'otel-genai/examples-llm-calls.00.json',
    'indelible.ai.input.reported',
    DESK,
    'aiInput of the record',
    'succeeded',
    NOW,
  ],
  [
    'otel-genai/examples-llm-calls.06.json',
    'indelible.ai.tool.defined',
    DESK,
    'aiTools of the record',
    'succeeded',
    NOW,
  ],
  [
    'otel-genai/examples-llm-calls.07.json',
    'indelible.ai.input.reported',
    DESK,
    'aiInput of the record',
    'succeeded',
    NOW,
  ],
  [
    'otel-genai/examples-llm-calls.10.json',
    'indelible.ai.input.reported',
    DESK,
    'aiInput of the record',
    'succeeded',
    NOW,
    'get_weather',
  ],
  [
    'otel-genai/examples-llm-calls.14.json',
    'indelible.ai.output.reported',
    DESK,
    'aiOutput of the record',
    'succeeded',
    NOW,
  ],
  [
    'otel-genai/examples-llm-calls.16.json',
    'indelible.ai.output.reported',
    DESK,
    'aiOutput of the record',
    'succeeded',
    NOW,
  ],
  [
    'otel-genai/examples-llm-calls.17.json',
    'indelible.ai.input.reported',
    DESK,
    'aiInput of the record',
    'succeeded',
    NOW,
  ],
  [
    'otel-genai/examples-llm-calls.18.json',
    'indelible.ai.output.reported',
    DESK,
    'aiOutput of the record',
    'succeeded',
    NOW,
    'code_interpreter',
  ],
  [
    'otel-genai/examples-llm-calls.20.json',
    'indelible.ai.output.reported',
    DESK,
    'aiOutput of the record',
    'succeeded',
    NOW,
  ],
  ['otel-genai/mcp.01.json', 'indelible.trail.message.unrecognized', DESK, undefined, 'failed', NOW, 'json'],
];

function payloads(): readonly (readonly [name: string, body: Buffer])[] {
  return corpusFiles()
    .filter(({ source, file }) => source === 'ai' && !file.includes('/schemas/'))
    .map(({ file, read }) => [file.slice('ai/'.length), read()] as const);
}

describe.runIf(HAS_CORPUS)('the payloads of OpenAI, Azure OpenAI and OpenTelemetry that others published', () => {
  test('each gives the record that a reader agrees with', () => {
    const found = payloads().flatMap(([name, body]) =>
      recordsOf(body).map(({ type, time, data: { actor, target, outcome, ai, unrecognized } }) => [
        name,
        type,
        actor === undefined ? undefined : `${actor.kind} ${actor.id}`,
        target === undefined ? undefined : `${target.kind} ${OF_RECORD.test(target.id) ? 'of the record' : target.id}`,
        outcome,
        time,
        ...(ai?.version === undefined ? [] : [ai.version]),
        ...(ai?.usage === undefined ? [] : [`${ai.usage.input ?? '?'} in, ${ai.usage.output ?? '?'} out`]),
        ...(ai?.toolCalls ?? []).map((call) => call.name),
        ...(ai?.guardrail === undefined ? [] : [ai.guardrail]),
        ...(unrecognized === undefined ? [] : [unrecognized.code]),
      ]),
    );
    expect(found).toEqual(READ);
  });

  test('none is left out: a payload that nobody read fails here', () => {
    expect(payloads().map(([name]) => name)).toEqual([...new Set(READ.map(([name]) => name))]);
  });

  test('no record holds a word of what was asked or answered', () => {
    const said = payloads().flatMap(([name, body]) => {
      const texts = [...body.toString().matchAll(/"(?:content|text|arguments|logs|code)": ?"((?:[^"\\]|\\.)+)"/g)]
        .map(([, text = '']) => text)
        .filter((text) => text.includes(' '));
      const records = JSON.stringify(recordsOf(body));
      return texts.filter((text) => records.includes(text.slice(0, 24))).map((text) => `${name}: ${text}`);
    });
    expect(said).toEqual([]);
  });

  test('and the payload that the documentation misprints is read where it is JSON', () => {
    const { body } = fixture('mcp-call');
    expect(recordsOf(bytesOf(body))[0]?.type).toBe('indelible.ai.tool.called');
  });
});
