import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { SampleMessage, SourceDescription } from './source.ts';

const FIXTURES = join(resolve(import.meta.dirname, '../..'), 'test/fixtures/ai');

/** What docs/sources.md says of what AI systems put out, and of automated decisions. */
export const AI_DESCRIPTION: SourceDescription = {
  authenticated: 'bearer token with the app role `Ai.Write`, of apps and of people',
  intro:
    "Outputs of AI systems and automated decisions, as whoever runs them reports them: in our own form (`output`, `decision`), as OpenAI and Azure OpenAI answered (`response`, `stream`, `exchange` with the request beside it, `object` for all else of theirs, `auditLog`), as OpenTelemetry's spans and events for GenAI and MCP (`telemetry`, `messages`), or as a message of MCP (`mcp`); the form is told from the body, and `envelope.event` names it. Our own form is strict: a member of another form than its own is left out and named in `details.unreadable`. Of payloads that carry texts the record holds names, numbers, counts and sizes in bytes, never the texts, and no hash of them: a bare hash of a short prompt can be guessed, and a normalizer has no key. Commitments are in our own form alone, HMAC-SHA-256 with a key that the sender keeps. Arguments of tools, file names, paths of addresses, messages of errors and ids of end users are left out as well; the evidence has all bytes. What a body of several spans or entries tells of are records of their own beside one for the whole. `envelope.delivery` is the JSON of tenant, object id, `reported`, `key` or `id`, and `Idempotency-Key` or else the ids in the body (or a new UUID).",
  fills: new Map([
    [
      'source',
      '`urn:indelible:project:<project>` where the body names one, else the system, else the model; `urn:indelible:ai`; `https://api.openai.com` for its audit log',
    ],
    [
      'actor',
      "kind `ai`: the system (`ai:<name>`, or its address), for telemetry the agent or the service; else the deployment's address or `<provider>:<model>`. Kind `service` for a decision by rules. The sender for what it reports, defines or deletes itself. People and keys of an audit log: `openai:<id>`, a key never as the person that it was made by",
    ],
    ['actor.onBehalfOf', "whoever sent it, by the token's object id: `entra:<object id>`"],
    ['target', 'the output, by the id under which people judge it; the tool, agent, workflow or data source'],
    ['related', 'the model, the logic by its hash, the requester, the response before'],
    [
      'ai',
      'all that our own form states; model and exact version, settings, tool calls by name and id, what was cited by id or host, what filters found, tokens',
    ],
    [
      'links',
      "the output by its own id (`aiOutput`), or the record's where it has none; calls of tools by their id (`operation`); the trace (`correlation`); commit and pull request of the span's own `vcs` attributes; what our own form links",
    ],
    ['time', 'when it ended, else when it began, as the payload says; else when the API received it'],
    ['outcome', '`denied` where a filter held the answer back, `pending` where it is not complete'],
    ['grant', 'of an audit log: users, service accounts, invitations, role assignments'],
  ]),
  details: new Map([
    ['agent', 'name of the agent'],
    ['agentVersion', 'its version'],
    ['apiKey', 'id of the key that acted'],
    ['apiVersion', 'of the API that was asked'],
    ['argumentsSize', 'bytes of the arguments'],
    ['chunks', 'parts that the stream came in'],
    ['conversation', 'id of the conversation'],
    ['dataSource', 'id of the source that was searched'],
    ['dimensions', 'of an embedding'],
    ['documents', 'how many were found'],
    ['endUser', 'the payload names an end user; who, only the evidence says'],
    ['error', 'code of the error'],
    ['evaluation', 'what was evaluated, e.g. Relevance'],
    ['event', 'id of the webhook'],
    ['fingerprint', "the provider's mark of the configuration that answered"],
    ['finishReasons', 'why each answer ended'],
    ['flagged', 'how many of the texts were flagged'],
    ['hasData', 'the body holds the data itself'],
    ['incomplete', 'members that an auditor needs, and that it lacks'],
    ['incompleteReason', 'why the answer is not whole'],
    ['inputSize', 'bytes of text that went in'],
    ['inputTokens', 'tokens that were counted'],
    ['inputs', 'how many messages or texts went in'],
    ['instructionsSize', 'bytes of the instructions'],
    ['label', 'word for the score'],
    ['method', 'of MCP'],
    ['object', 'kind of the object'],
    ['operation', "as OpenTelemetry's conventions call it"],
    ['others', 'spans or entries of the body that are of no AI'],
    ['outputSize', 'bytes of text that came out'],
    ['outputs', 'how many answers, items, images or vectors came out'],
    ['parentSpan', 'id of the span that it is part of'],
    ['protocolVersion', 'of MCP'],
    ['reasoningTokens', 'tokens spent on reasoning'],
    ['records', 'records that the body gave beside this one'],
    ['requestId', 'id of the request at the provider, or of the MCP message'],
    ['resourceHost', 'where the resource lies; its path may be a name'],
    ['result', 'what was decided, in the words of the sender'],
    ['resultSize', "bytes of the tool's answer"],
    ['results', 'how many texts were moderated'],
    ['role', 'that was given or asked for'],
    ['scopes', 'of the key'],
    ['score', 'that the output was given'],
    ['server', 'that was called'],
    ['serviceCommit', 'commit that the service was built from'],
    ['serviceVersion', 'version of the service'],
    ['status', 'of the response or object'],
    ['toolNames', 'tools that were defined'],
    ['toolType', 'function, extension or datastore'],
    ['tools', 'how many tools were offered'],
    ['unreadable', 'members that are there in a wrong form, or that are not defined'],
    ['unreadableLines', 'lines of the stream that are no JSON'],
    ['workflow', 'name of the workflow'],
  ]),
};

const CLAIMS = { oid: '9936b468-3588-8f5e-828a-5aab120099be', name: 'Claims desk', idtyp: 'app', roles: ['Ai.Write'] };

/** The fixtures of the tests, each under the form that it has. */
export const AI_SAMPLES: readonly SampleMessage[] = readdirSync(FIXTURES)
  .sort()
  .map((file) => {
    const { form, body } = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as { form: string; body: unknown };
    return { source: 'ai', event: form, claims: CLAIMS, body };
  });
