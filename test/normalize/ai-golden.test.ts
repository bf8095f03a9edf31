import { describe, expect, it } from 'vitest';

import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { ENQUEUED, RECEIVED, fixture, recordsOf } from './ai-payloads.ts';

/** Whole records, read and approved by a person; of the clock only what the payload says. */
const GOLDEN: readonly (readonly [name: string, drafts: readonly RecordDraft[]])[] = [
  [
    'statement-output',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2026-03-01T08:00:02.345Z',
        source: 'urn:indelible:project:payments',
        subject: 'triage-2026-0042',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-triage',
            name: 'claims-triage',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'ai.generate',
          outcome: 'succeeded',
          summary: 'claims-triage (for Claims desk) generated the output triage-2026-0042',
          target: {
            kind: 'aiOutput',
            id: 'triage-2026-0042',
            environment: 'production',
          },
          related: [
            {
              kind: 'aiModel',
              id: 'https://acme-claims.openai.azure.com/openai/deployments/triage',
              name: 'gpt-4o',
              part: 'model',
            },
            {
              kind: 'logic',
              id: 'sha256:9999999999999999999999999999999999999999999999999999999999999999',
              name: 'triage-prompt',
              part: 'logic',
            },
            {
              kind: 'human',
              id: 'entra:49ab3c7a-98a0-83de-9a56-61fdf817c2ad',
              name: 'Alice Adams',
              part: 'requester',
            },
          ],
          details: {
            hasData: true,
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-triage',
            provider: 'azure.ai.openai',
            part: 'deployer',
            riskClass: 'high',
            purpose: 'Proposes which claims a person looks at first',
            model: 'gpt-4o',
            version: 'gpt-4o-2024-08-06',
            deployment: 'https://acme-claims.openai.azure.com/openai/deployments/triage',
            parameters: {
              temperature: 0.2,
              max_tokens: 400,
              stream: false,
              service_tier: 'default',
            },
            instructions: {
              algorithm: 'sha256',
              value: 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc',
              size: 2048,
              form: 'bytes',
            },
            started: '2026-03-01T08:00:00.000Z',
            ended: '2026-03-01T08:00:02.345Z',
            inputs: [
              {
                algorithm: 'hmac-sha256',
                value: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
                size: 112,
                form: 'bytes',
              },
              {
                algorithm: 'hmac-sha256',
                value: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
              },
            ],
            outputs: [
              {
                algorithm: 'hmac-sha256',
                value: 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',
                size: 112,
                form: 'bytes',
              },
            ],
            references: [
              {
                name: 'claims-handbook',
                version: '7',
                asOf: '2026-02-01T00:00:00.000Z',
                sha256: 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',
              },
            ],
            toolCalls: [
              {
                name: 'look_up_policy',
                id: 'call_7',
                arguments: {
                  algorithm: 'hmac-sha256',
                  value: 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
                  size: 112,
                  form: 'bytes',
                },
              },
            ],
            guardrail: 'passed',
            requester: {
              kind: 'human',
              id: 'entra:49ab3c7a-98a0-83de-9a56-61fdf817c2ad',
              name: 'Alice Adams',
              address: 'alice@acme.example',
            },
            usage: {
              input: 812,
              output: 120,
            },
            logic: {
              name: 'triage-prompt',
              version: '31',
              sha256: '9999999999999999999999999999999999999999999999999999999999999999',
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'triage-2026-0042',
            },
            {
              kind: 'operation',
              id: 'call_7',
            },
            {
              kind: 'commit',
              id: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
            },
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:02.345Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'statement-decision',
    [
      {
        part: '',
        type: 'indelible.ai.decision.made',
        time: '2026-03-01T08:00:00.020Z',
        source: 'urn:indelible:project:payments',
        subject: 'route-981',
        data: {
          actor: {
            kind: 'service',
            id: 'ai:payment-router',
            name: 'payment-router',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'ai.decide',
          outcome: 'succeeded',
          summary: 'payment-router (for Claims desk) made the decision route-981 by routing 12: acquirer-b',
          target: {
            kind: 'aiOutput',
            id: 'route-981',
            environment: 'production',
          },
          related: [
            {
              kind: 'logic',
              id: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
              name: 'routing',
              part: 'logic',
            },
            {
              kind: 'unknown',
              id: 'urn:acme:checkout',
              part: 'requester',
            },
          ],
          details: {
            result: 'acquirer-b',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'payment-router',
            purpose: 'Chooses the acquirer of a payment',
            started: '2026-03-01T08:00:00.000Z',
            ended: '2026-03-01T08:00:00.020Z',
            inputs: [
              {
                algorithm: 'hmac-sha256',
                value: '1111111111111111111111111111111111111111111111111111111111111111',
                size: 112,
                form: 'bytes',
              },
            ],
            outputs: [
              {
                algorithm: 'hmac-sha256',
                value: '2222222222222222222222222222222222222222222222222222222222222222',
                size: 112,
                form: 'bytes',
              },
            ],
            requester: {
              kind: 'unknown',
              id: 'urn:acme:checkout',
            },
            logic: {
              name: 'routing',
              version: '12',
              sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'route-981',
            },
            {
              kind: 'request',
              id: 'payments~9ea12102-b6fc-85fe-a680-bd2a9406ab69',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:00.020Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'statement-faulty',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2099-01-01T00:00:00.000Z',
        source: 'ai:claims-triage',
        subject: 'x-1',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-triage',
            name: 'claims-triage',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'ai.generate',
          outcome: 'failed',
          summary: 'claims-triage (for Claims desk) failed to generate the output x-1',
          target: {
            kind: 'aiOutput',
            id: 'x-1',
          },
          related: [
            {
              kind: 'aiModel',
              id: 'ai:gpt-4o',
              name: 'gpt-4o',
              part: 'model',
            },
          ],
          details: {
            incomplete: 'purpose,version',
            unreadable: 'parameters,ended,inputs,outputs,toolCalls,project,answer',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-triage',
            model: 'gpt-4o',
            error: 'timeout',
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'x-1',
            },
          ],
        },
      },
    ],
  ],
  [
    'exchange',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2026-03-01T08:00:00.000Z',
        source: 'urn:indelible:project:payments',
        subject: 'chatcmpl-E1',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-triage',
            name: 'claims-triage',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'chat.completion',
          outcome: 'succeeded',
          summary: 'claims-triage (for Claims desk) generated the output chatcmpl-E1',
          target: {
            kind: 'aiOutput',
            id: 'chatcmpl-E1',
          },
          related: [
            {
              kind: 'aiModel',
              id: 'https://acme-claims.openai.azure.com/openai/deployments/triage',
              name: 'gpt-4o',
              part: 'model',
            },
            {
              kind: 'human',
              id: 'entra:49ab',
              part: 'requester',
            },
          ],
          details: {
            finishReasons: 'length',
            inputs: 2,
            inputSize: 23,
            tools: 1,
            endUser: true,
            outputs: 1,
            outputSize: 9,
            apiVersion: '2024-10-21',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-triage',
            provider: 'azure.ai.openai',
            purpose: 'Proposes an answer',
            model: 'gpt-4o',
            version: 'gpt-4o-2024-08-06',
            deployment: 'https://acme-claims.openai.azure.com/openai/deployments/triage',
            parameters: {
              temperature: 0.1,
              seed: 7,
            },
            started: '2026-03-01T08:00:00.000Z',
            references: [
              {
                name: 'azure_search:claims',
              },
            ],
            requester: {
              kind: 'human',
              id: 'entra:49ab',
            },
            usage: {
              input: 20,
              output: 2,
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'chatcmpl-E1',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'azure-filtered',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2099-01-01T00:00:00.000Z',
        source: 'ai:claims-triage',
        subject: '4c8f69189fae76fc29c2b6210591a5de',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-triage',
            name: 'claims-triage',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'error',
          outcome: 'denied',
          summary: 'claims-triage (for Claims desk) was kept by a filter from generating an output',
          target: {
            kind: 'aiOutput',
            id: '4c8f69189fae76fc29c2b6210591a5de',
          },
          related: [
            {
              kind: 'aiModel',
              id: 'azure.ai.openai:triage',
              part: 'model',
            },
          ],
          details: {
            inputs: 1,
            inputSize: 9,
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-triage',
            provider: 'azure.ai.openai',
            deployment: 'triage',
            guardrail: 'prompt: jailbreak filtered',
            error: 'content_filter',
          },
          links: [
            {
              kind: 'aiOutput',
              id: '4c8f69189fae76fc29c2b6210591a5de',
            },
          ],
        },
      },
    ],
  ],
  [
    'azure-chat-completion',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2026-03-01T08:00:00.000Z',
        source: 'azure.ai.openai:gpt-4o-2024-08-06',
        subject: 'chatcmpl-A1',
        data: {
          actor: {
            kind: 'ai',
            id: 'azure.ai.openai:gpt-4o-2024-08-06',
            name: 'gpt-4o-2024-08-06',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'chat.completion',
          outcome: 'denied',
          summary: 'gpt-4o-2024-08-06 (for Claims desk) was kept by a filter from generating the output chatcmpl-A1',
          target: {
            kind: 'aiOutput',
            id: 'chatcmpl-A1',
          },
          details: {
            fingerprint: 'fp_a1',
            finishReasons: 'content_filter',
            outputs: 1,
            outputSize: 17,
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            provider: 'azure.ai.openai',
            model: 'gpt-4o-2024-08-06',
            version: 'gpt-4o-2024-08-06',
            started: '2026-03-01T08:00:00.000Z',
            references: [
              {
                name: 'https://acme.blob.core.windows.net',
              },
            ],
            guardrail: 'prompt: jailbreak detected; completion: violence filtered (medium)',
            usage: {
              input: 33,
              output: 5,
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'chatcmpl-A1',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'response-tools',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2026-03-01T08:00:04.000Z',
        source: 'openai:gpt-5.4-2026-01-15',
        subject: 'resp_67c',
        data: {
          actor: {
            kind: 'ai',
            id: 'openai:gpt-5.4-2026-01-15',
            name: 'gpt-5.4-2026-01-15',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'response',
          outcome: 'succeeded',
          summary: 'gpt-5.4-2026-01-15 (for Claims desk) generated the output resp_67c',
          target: {
            kind: 'aiOutput',
            id: 'resp_67c',
          },
          related: [
            {
              kind: 'aiOutput',
              id: 'resp_67b',
              part: 'previous',
            },
          ],
          details: {
            tools: 2,
            instructionsSize: 14,
            reasoningTokens: 16,
            conversation: 'conv_1',
            endUser: true,
            status: 'completed',
            outputs: 6,
            outputSize: 25,
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            provider: 'openai',
            model: 'gpt-5.4-2026-01-15',
            version: 'gpt-5.4-2026-01-15',
            parameters: {
              reasoning_effort: 'medium',
              verbosity: 'low',
              text_format: 'json_schema',
              temperature: 1,
              top_p: 1,
              parallel_tool_calls: true,
              tool_choice: 'auto',
              truncation: 'disabled',
              service_tier: 'default',
              store: true,
            },
            started: '2026-03-01T08:00:00.000Z',
            ended: '2026-03-01T08:00:04.000Z',
            references: [
              {
                name: 'pmpt_1',
                version: '2',
              },
              {
                name: 'https://law.example',
              },
              {
                name: 'file-1',
              },
              {
                name: 'file-2',
              },
            ],
            toolCalls: [
              {
                name: 'web_search',
                id: 'ws_1',
              },
              {
                name: 'file_search',
                id: 'fs_1',
              },
              {
                name: 'send_letter',
                id: 'call_1',
              },
              {
                name: 'desk.open_case',
                id: 'mcp_1',
              },
            ],
            usage: {
              input: 300,
              output: 40,
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'resp_67c',
            },
            {
              kind: 'operation',
              id: 'ws_1',
            },
            {
              kind: 'operation',
              id: 'fs_1',
            },
            {
              kind: 'operation',
              id: 'call_1',
            },
            {
              kind: 'operation',
              id: 'mcp_1',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:04.000Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'stream-chat',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2026-03-01T08:00:00.000Z',
        source: 'azure.ai.openai:gpt-4o-2024-08-06',
        subject: 'chatcmpl-S1',
        data: {
          actor: {
            kind: 'ai',
            id: 'azure.ai.openai:gpt-4o-2024-08-06',
            name: 'gpt-4o-2024-08-06',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'chat.completion',
          outcome: 'succeeded',
          summary: 'gpt-4o-2024-08-06 (for Claims desk) generated the output chatcmpl-S1',
          target: {
            kind: 'aiOutput',
            id: 'chatcmpl-S1',
          },
          details: {
            fingerprint: 'fp_s',
            finishReasons: 'tool_calls',
            chunks: 7,
            outputs: 1,
            outputSize: 13,
            unreadableLines: 1,
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            provider: 'azure.ai.openai',
            model: 'gpt-4o-2024-08-06',
            version: 'gpt-4o-2024-08-06',
            started: '2026-03-01T08:00:00.000Z',
            toolCalls: [
              {
                name: 'send_letter',
                id: 'call_s',
              },
            ],
            guardrail: 'completion: hate found (low)',
            usage: {
              input: 9,
              output: 4,
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'chatcmpl-S1',
            },
            {
              kind: 'operation',
              id: 'call_s',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'images',
    [
      {
        part: '',
        type: 'indelible.ai.image.generated',
        time: '2026-03-01T08:00:00.000Z',
        source: 'urn:indelible:ai',
        subject: '4c8f69189fae76fc29c2b6210591a5de',
        data: {
          actor: {
            kind: 'ai',
            id: 'azure.ai.openai',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'images',
          outcome: 'succeeded',
          summary: 'azure.ai.openai (for Claims desk) generated an image',
          target: {
            kind: 'aiOutput',
            id: '4c8f69189fae76fc29c2b6210591a5de',
          },
          details: {
            outputs: 1,
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            provider: 'azure.ai.openai',
            started: '2026-03-01T08:00:00.000Z',
            guardrail: 'passed',
          },
          links: [
            {
              kind: 'aiOutput',
              id: '4c8f69189fae76fc29c2b6210591a5de',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'moderation',
    [
      {
        part: '',
        type: 'indelible.ai.content.moderated',
        time: '2099-01-01T00:00:00.000Z',
        source: 'openai:omni-moderation-latest',
        subject: 'modr-1',
        data: {
          actor: {
            kind: 'ai',
            id: 'openai:omni-moderation-latest',
            name: 'omni-moderation-latest',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'moderations',
          outcome: 'succeeded',
          summary: 'omni-moderation-latest (for Claims desk) moderated a text: flagged: violence',
          target: {
            kind: 'moderation',
            id: 'modr-1',
          },
          details: {
            results: 1,
            flagged: 1,
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            provider: 'openai',
            model: 'omni-moderation-latest',
            guardrail: 'flagged: violence',
          },
        },
      },
    ],
  ],
  [
    'span-python',
    [
      {
        part: '',
        type: 'indelible.ai.output.generated',
        time: '2026-03-01T08:00:02.500Z',
        source: 'openai:gpt-4',
        subject: 'chatcmpl-7',
        data: {
          actor: {
            kind: 'ai',
            id: 'openai:gpt-4',
            name: 'gpt-4',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'chat',
          outcome: 'denied',
          summary: 'gpt-4 (for Claims desk) was kept by a filter from generating the output chatcmpl-7',
          target: {
            kind: 'aiOutput',
            id: 'chatcmpl-7',
          },
          details: {
            operation: 'chat',
            finishReasons: 'content_filter',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            provider: 'openai',
            model: 'gpt-4',
            version: 'gpt-4-0613',
            parameters: {
              top_p: 1,
            },
            started: '2026-03-01T08:00:00.000Z',
            ended: '2026-03-01T08:00:02.500Z',
            guardrail: 'content_filter',
            usage: {
              input: 52,
              output: 47,
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'chatcmpl-7',
            },
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:02.500Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'otlp-traces',
    [
      {
        part: '',
        type: 'indelible.ai.batch.reported',
        time: '2099-01-01T00:00:00.000Z',
        source: 'urn:indelible:ai',
        data: {
          actor: {
            kind: 'service',
            id: 'entra:o-1',
            name: 'Claims desk',
          },
          action: 'report',
          outcome: 'succeeded',
          summary: 'Claims desk reported 9 spans, 1 of them of no AI',
          target: {
            kind: 'batch',
            id: '4c8f69189fae76fc29c2b6210591a5de',
          },
          details: {
            records: 8,
            others: 1,
          },
          inconsequential: true,
          origin: {
            application: 'app-1',
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
        type: 'indelible.ai.agent.invoked',
        time: '2026-03-01T08:00:09.000Z',
        source: 'ai:claims-desk',
        subject: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'invoke_agent',
          outcome: 'succeeded',
          summary: 'claims-desk (for Claims desk) invoked the agent Claims Tutor',
          target: {
            kind: 'aiAgent',
            id: 'openai:asst_5j66',
            name: 'Claims Tutor',
            environment: 'production',
          },
          related: [
            {
              kind: 'aiModel',
              id: 'openai:gpt-4o',
              name: 'gpt-4o',
              part: 'model',
            },
          ],
          details: {
            operation: 'invoke_agent',
            conversation: 'conv_5j66',
            agent: 'Claims Tutor',
            agentVersion: '3',
            endUser: true,
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-desk',
            provider: 'openai',
            model: 'gpt-4o',
            started: '2026-03-01T08:00:00.000Z',
            ended: '2026-03-01T08:00:09.000Z',
          },
          links: [
            {
              kind: 'aiOutput',
              id: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
            },
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
            {
              kind: 'commit',
              id: '0c4e1b9d7a62f8350e9b4c1d8a7f6e5b3c2d1a09',
            },
            {
              kind: 'pullRequest',
              id: 'https://github.com/acme/payments/pull/12',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:00.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:09.000Z',
              by: 'source',
            },
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8',
        type: 'indelible.ai.output.generated',
        time: '2026-03-01T08:00:03.123Z',
        source: 'ai:claims-desk',
        subject: 'chatcmpl-9J3u',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'chat',
          outcome: 'succeeded',
          summary: 'claims-desk (for Claims desk) generated the output chatcmpl-9J3u',
          target: {
            kind: 'aiOutput',
            id: 'chatcmpl-9J3u',
            environment: 'production',
          },
          related: [
            {
              kind: 'aiModel',
              id: 'openai:gpt-4o',
              name: 'gpt-4o',
              part: 'model',
            },
          ],
          details: {
            operation: 'chat',
            finishReasons: 'tool_calls',
            inputs: 2,
            inputSize: 39,
            outputs: 1,
            instructionsSize: 14,
            tools: 1,
            fingerprint: 'fp_44',
            server: 'api.openai.com',
            parentSpan: '00f067aa0ba902b7',
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-desk',
            provider: 'openai',
            model: 'gpt-4o',
            version: 'gpt-4o-2024-08-06',
            parameters: {
              temperature: 0.5,
              max_tokens: 200,
              output_type: 'text',
            },
            started: '2026-03-01T08:00:01.000Z',
            ended: '2026-03-01T08:00:03.123Z',
            toolCalls: [
              {
                name: 'look_up_policy',
                id: 'call_9',
              },
            ],
            usage: {
              input: 52,
              output: 47,
            },
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'chatcmpl-9J3u',
            },
            {
              kind: 'operation',
              id: 'call_9',
            },
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:01.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:03.123Z',
              by: 'source',
            },
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b9',
        type: 'indelible.ai.tool.called',
        time: '2026-03-01T08:00:05.000Z',
        source: 'ai:claims-desk',
        subject: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b9',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'execute_tool',
          outcome: 'failed',
          summary: 'claims-desk (for Claims desk) called the tool look_up_policy',
          target: {
            kind: 'tool',
            id: 'look_up_policy',
            environment: 'production',
          },
          details: {
            operation: 'execute_tool',
            toolType: 'function',
            argumentsSize: 25,
            resultSize: 23,
            parentSpan: '00f067aa0ba902b7',
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-desk',
            started: '2026-03-01T08:00:04.000Z',
            ended: '2026-03-01T08:00:05.000Z',
            toolCalls: [
              {
                name: 'look_up_policy',
                id: 'call_9',
              },
            ],
            error: 'timeout',
          },
          links: [
            {
              kind: 'operation',
              id: 'call_9',
            },
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:04.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:05.000Z',
              by: 'source',
            },
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902ba',
        type: 'indelible.ai.mcp_request.made',
        time: '2026-03-01T08:00:06.000Z',
        source: 'ai:claims-desk',
        subject: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902ba',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'resources/read',
          outcome: 'succeeded',
          summary: 'claims-desk (for Claims desk) made resources/read',
          target: {
            kind: 'span',
            id: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902ba',
            environment: 'production',
          },
          details: {
            method: 'resources/read',
            protocolVersion: '2025-06-18',
            resourceHost: 'https://files.acme.example',
            parentSpan: '00f067aa0ba902b7',
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            session: '191c4850af6c',
          },
          ai: {
            system: 'claims-desk',
            started: '2026-03-01T08:00:05.000Z',
            ended: '2026-03-01T08:00:06.000Z',
          },
          links: [
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:05.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:06.000Z',
              by: 'source',
            },
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bb',
        type: 'indelible.ai.document.retrieved',
        time: '2026-03-01T08:00:07.000Z',
        source: 'ai:claims-desk',
        subject: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bb',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'retrieval',
          outcome: 'succeeded',
          summary: 'claims-desk (for Claims desk) retrieved documents',
          target: {
            kind: 'dataSource',
            id: 'H7STPQYOND',
            environment: 'production',
          },
          details: {
            operation: 'retrieval',
            documents: 2,
            dataSource: 'H7STPQYOND',
            parentSpan: '00f067aa0ba902b7',
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-desk',
            started: '2026-03-01T08:00:06.000Z',
            ended: '2026-03-01T08:00:07.000Z',
            references: [
              {
                name: 'H7STPQYOND',
              },
              {
                name: 'doc_1',
              },
            ],
          },
          links: [
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:06.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:07.000Z',
              by: 'source',
            },
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bd',
        type: 'indelible.ai.embedding.generated',
        time: '2026-03-01T08:00:08.500Z',
        source: 'ai:claims-desk',
        subject: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bd',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'embeddings',
          outcome: 'succeeded',
          summary: 'claims-desk (for Claims desk) generated embeddings',
          target: {
            kind: 'span',
            id: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bd',
            environment: 'production',
          },
          related: [
            {
              kind: 'aiModel',
              id: 'azure.ai.openai:text-embedding-3-small',
              name: 'text-embedding-3-small',
              part: 'model',
            },
          ],
          details: {
            operation: 'embeddings',
            dimensions: 1536,
            parentSpan: '00f067aa0ba902b7',
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-desk',
            provider: 'azure.ai.openai',
            model: 'text-embedding-3-small',
            parameters: {
              encoding_formats: 'float',
            },
            started: '2026-03-01T08:00:08.000Z',
            ended: '2026-03-01T08:00:08.500Z',
            usage: {
              input: 8,
            },
          },
          links: [
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:08.000Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:08.500Z',
              by: 'source',
            },
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902be',
        type: 'indelible.ai.workflow.invoked',
        time: '2026-03-01T08:00:08.700Z',
        source: 'ai:claims-desk',
        subject: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902be',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'invoke_workflow',
          outcome: 'succeeded',
          summary: 'claims-desk (for Claims desk) invoked the workflow claims intake',
          target: {
            kind: 'aiWorkflow',
            id: 'claims intake',
            environment: 'production',
          },
          details: {
            operation: 'invoke_workflow',
            workflow: 'claims intake',
            parentSpan: '00f067aa0ba902b7',
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-desk',
            started: '2026-03-01T08:00:08.600Z',
            ended: '2026-03-01T08:00:08.700Z',
          },
          links: [
            {
              kind: 'aiOutput',
              id: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902be',
            },
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:08.600Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:08.700Z',
              by: 'source',
            },
          },
        },
      },
      {
        part: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bf',
        type: 'indelible.ai.agent.created',
        time: '2026-03-01T08:00:08.900Z',
        source: 'ai:claims-desk',
        subject: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bf',
        data: {
          actor: {
            kind: 'ai',
            id: 'ai:claims-desk',
            name: 'claims-desk',
            onBehalfOf: {
              kind: 'service',
              id: 'entra:o-1',
              name: 'Claims desk',
            },
          },
          action: 'create_agent',
          outcome: 'succeeded',
          summary: 'claims-desk (for Claims desk) created the agent Claims Tutor',
          target: {
            kind: 'aiAgent',
            id: 'openai:agent/Claims Tutor',
            name: 'Claims Tutor',
            environment: 'production',
          },
          details: {
            operation: 'create_agent',
            agent: 'Claims Tutor',
            parentSpan: '00f067aa0ba902b7',
            serviceVersion: '2.4.0',
            serviceCommit: '5b8e3f70a2c914d6e8f7b0c3a5d92164f7e0b8ac',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            system: 'claims-desk',
            provider: 'openai',
            started: '2026-03-01T08:00:08.800Z',
            ended: '2026-03-01T08:00:08.900Z',
          },
          links: [
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
          clock: {
            started: {
              at: '2026-03-01T08:00:08.800Z',
              by: 'source',
            },
            ended: {
              at: '2026-03-01T08:00:08.900Z',
              by: 'source',
            },
          },
        },
      },
    ],
  ],
  [
    'otlp-logs',
    [
      {
        part: '',
        type: 'indelible.ai.output.evaluated',
        time: '2026-03-01T08:00:10.000Z',
        source: 'urn:indelible:ai',
        subject: 'chatcmpl-9J3u',
        data: {
          actor: {
            kind: 'service',
            id: 'entra:o-1',
            name: 'Claims desk',
          },
          action: 'evaluate',
          outcome: 'succeeded',
          summary: 'Claims desk evaluated the output chatcmpl-9J3u: relevant 0.7',
          target: {
            kind: 'aiOutput',
            id: 'chatcmpl-9J3u',
          },
          details: {
            evaluation: 'Relevance',
            score: 0.7,
            label: 'relevant',
          },
          origin: {
            application: 'app-1',
          },
          links: [
            {
              kind: 'aiOutput',
              id: 'chatcmpl-9J3u',
            },
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
        },
      },
    ],
  ],
  [
    'mcp-call',
    [
      {
        part: '',
        type: 'indelible.ai.tool.called',
        time: '2099-01-01T00:00:00.000Z',
        source: 'urn:indelible:ai',
        data: {
          actor: {
            kind: 'service',
            id: 'entra:o-1',
            name: 'Claims desk',
          },
          action: 'tools/call',
          outcome: 'unknown',
          summary: 'Claims desk called the tool get-weather',
          target: {
            kind: 'tool',
            id: 'get-weather',
          },
          details: {
            method: 'tools/call',
            requestId: 7,
            argumentsSize: 20,
            parentSpan: '00f067aa0ba902b7',
          },
          origin: {
            application: 'app-1',
          },
          ai: {
            toolCalls: [
              {
                name: 'get-weather',
              },
            ],
          },
          links: [
            {
              kind: 'correlation',
              id: '4bf92f3577b34da6a3ce929d0e0e4736',
            },
          ],
        },
      },
    ],
  ],
  [
    'audit-logs',
    [
      {
        part: '',
        type: 'indelible.ai.batch.reported',
        time: '2099-01-01T00:00:00.000Z',
        source: 'urn:indelible:ai',
        data: {
          actor: {
            kind: 'service',
            id: 'entra:o-1',
            name: 'Claims desk',
          },
          action: 'report',
          outcome: 'succeeded',
          summary: 'Claims desk reported 8 entries',
          target: {
            kind: 'batch',
            id: '4c8f69189fae76fc29c2b6210591a5de',
          },
          details: {
            records: 8,
            others: 0,
          },
          inconsequential: true,
          origin: {
            application: 'app-1',
          },
        },
      },
      {
        part: 'project.archived/audit_log-1/succeeded',
        type: 'indelible.infrastructure.project.archived',
        time: '2026-03-01T08:00:00.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-1',
        data: {
          actor: {
            kind: 'service',
            id: 'openai:key_1',
            onBehalfOf: {
              kind: 'human',
              id: 'openai:user-1',
              address: 'mona@acme.example',
            },
          },
          action: 'project.archived',
          outcome: 'succeeded',
          summary: 'openai:key_1 (for openai:user-1) archived project proj_abc in OpenAI',
          target: {
            kind: 'project',
            id: 'openai:proj_abc',
          },
          details: {
            apiKey: 'key_1',
          },
        },
      },
      {
        part: 'api_key.updated/audit_log-2/succeeded',
        type: 'indelible.access.api_key.updated',
        time: '2026-03-01T08:00:01.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-2',
        data: {
          actor: {
            kind: 'human',
            id: 'openai:user-1',
            address: 'mona@acme.example',
          },
          action: 'api_key.updated',
          outcome: 'succeeded',
          summary: 'openai:user-1 updated api key key_x in OpenAI',
          target: {
            kind: 'apiKey',
            id: 'openai:key_x',
          },
          related: [
            {
              kind: 'project',
              id: 'openai:proj_abc',
              part: 'project',
            },
          ],
          changes: [
            {
              field: 'scopes',
              to: '["resource.read"]',
            },
          ],
          origin: {
            address: '203.0.113.7',
            client: 'Mozilla/5.0',
          },
        },
      },
      {
        part: 'user.added/audit_log-3/succeeded',
        type: 'indelible.access.user.added',
        time: '2026-03-01T08:00:02.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-3',
        data: {
          actor: {
            kind: 'human',
            id: 'openai:user-1',
          },
          action: 'user.added',
          outcome: 'succeeded',
          summary: 'openai:user-1 added user user-2 in OpenAI',
          target: {
            kind: 'user',
            id: 'openai:user-2',
          },
          details: {
            role: 'owner',
          },
          grant: {
            change: 'granted',
            principal: {
              kind: 'human',
              id: 'openai:user-2',
            },
            role: {
              name: 'owner',
            },
            scope: 'openai',
          },
        },
      },
      {
        part: 'sign_in.attempted/audit_log-4/failed',
        type: 'indelible.access.sign_in.attempted',
        time: '2026-03-01T08:00:03.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-4',
        data: {
          actor: {
            kind: 'human',
            id: 'openai:user-3',
          },
          action: 'login.failed',
          outcome: 'failed',
          summary: 'openai:user-3 signed in to OpenAI (failed)',
          target: {
            kind: 'organization',
            id: 'openai',
          },
          details: {
            error: 'wrong_password',
          },
          origin: {
            address: '203.0.113.9',
          },
        },
      },
      {
        part: 'service_account.created/audit_log-5/succeeded',
        type: 'indelible.access.service_account.created',
        time: '2026-03-01T08:00:04.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-5',
        data: {
          actor: {
            kind: 'service',
            id: 'openai:svc_1',
          },
          action: 'service_account.created',
          outcome: 'succeeded',
          summary: 'openai:svc_1 created service account svc_2 in OpenAI',
          target: {
            kind: 'serviceAccount',
            id: 'openai:svc_2',
          },
          details: {
            role: 'member',
          },
          grant: {
            change: 'granted',
            principal: {
              kind: 'service',
              id: 'openai:svc_2',
            },
            role: {
              name: 'member',
            },
            scope: 'openai',
          },
        },
      },
      {
        part: 'role_assignment.created/audit_log-6/succeeded',
        type: 'indelible.access.role_assignment.created',
        time: '2026-03-01T08:00:05.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-6',
        data: {
          actor: {
            kind: 'human',
            id: 'openai:user-1',
          },
          action: 'role.assignment.created',
          outcome: 'succeeded',
          summary: 'openai:user-1 created role assignment role_assignment_1 in OpenAI',
          target: {
            kind: 'roleAssignment',
            id: 'openai:role_assignment_1',
          },
          grant: {
            id: 'openai:role_assignment_1',
            change: 'granted',
            principal: {
              kind: 'human',
              id: 'openai:user-2',
            },
            role: {},
            scope: 'openai:proj_abc',
          },
        },
      },
      {
        part: 'api_key.created/audit_log-7/succeeded',
        type: 'indelible.access.api_key.created',
        time: '2026-03-01T08:00:06.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-7',
        data: {
          actor: {
            kind: 'human',
            id: 'openai:user-1',
          },
          action: 'api_key.created',
          outcome: 'succeeded',
          summary: 'openai:user-1 created api key key_y in OpenAI',
          target: {
            kind: 'apiKey',
            id: 'openai:key_y',
          },
          details: {
            scopes: 'resource.write',
          },
        },
      },
      {
        part: 'invite.sent/audit_log-8/succeeded',
        type: 'indelible.access.invite.sent',
        time: '2026-03-01T08:00:07.000Z',
        source: 'https://api.openai.com',
        subject: 'audit_log-8',
        data: {
          actor: {
            kind: 'human',
            id: 'openai:user-1',
          },
          action: 'invite.sent',
          outcome: 'succeeded',
          summary: 'openai:user-1 sent invite invite_1 in OpenAI',
          target: {
            kind: 'invite',
            id: 'openai:invite_1',
          },
          details: {
            role: 'reader',
          },
          grant: {
            id: 'openai:invite_1',
            change: 'requested',
            principal: {
              kind: 'human',
              address: 'hubot@acme.example',
            },
            role: {
              name: 'reader',
            },
            scope: 'openai',
          },
        },
      },
    ],
  ],
];

const OURS = { received: { at: RECEIVED, by: 'collector' }, enqueued: { at: ENQUEUED, by: 'hub' } };

describe('a record of an AI that differs from the one that was approved', () => {
  it.each(GOLDEN)('%s', (name, expected) => {
    const whole = expected.map((draft) => ({
      ...draft,
      data: { ...draft.data, clock: { ...draft.data.clock, ...OURS } },
    }));
    expect(recordsOf(fixture(name).body)).toEqual(whole);
  });
});
