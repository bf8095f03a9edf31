import { beforeEach, describe, expect, test } from 'vitest';

import { AI_ROLE, collectAi } from '../../shared/collect/ai.ts';
import type { Caller } from '../../shared/collect/tokens.ts';
import { RequestError } from '../../shared/errors.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import { recordId } from '../../shared/wire/record.ts';
import { fixture, bytesOf } from '../normalize/ai-payloads.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import { ODD_BODIES, requestOf } from './requests.ts';

const DESK: Caller = {
  tenant: 't-1',
  objectId: 'o-1',
  person: false,
  roles: [AI_ROLE],
  claims: { oid: 'o-1', idtyp: 'app' },
};

let caller: Caller | RequestError;
let app: ReturnType<typeof collectApp>;
function collectApp() {
  return {
    ...fakePublishing(),
    verifyToken: async () => {
      if (caller instanceof RequestError) throw caller;
      return caller;
    },
  };
}
beforeEach(() => {
  caller = DESK;
  app = collectApp();
});

const report = (body: unknown, headers: Record<string, string> = {}) =>
  collectAi(app, requestOf(bytesOf(body), { authorization: 'Bearer x', ...headers }));
const RESPONSE = { object: 'response', id: 'resp_1', status: 'completed', model: 'gpt-4o', output: [] };

describe('a report of an AI', () => {
  test('is published byte for byte, with who sent it and the form that it has', async () => {
    const body = bytesOf(fixture('statement-output').body);
    await report(body);
    expect(app.publisher.taken[0]?.body.equals(body)).toBe(true);
    expect(app.publisher.envelopes[0]).toMatchObject({
      source: 'ai',
      event: 'output',
      app: 'collect',
      function: 'collect-ai',
      authenticated: 'bearer',
      claims: { oid: 'o-1', idtyp: 'app' },
      delivery: '["t-1","o-1","reported","id","triage-2026-0042"]',
    });
  });

  test('without a token, or with a wrong one, is refused and not published', async () => {
    for (const code of ['tokenMissing', 'tokenInvalid'] as const) {
      caller = new RequestError(code, 'no');
      await expect(report(RESPONSE)).rejects.toMatchObject({ code });
    }
    expect(app.publisher.attempts).toBe(0);
  });

  test('without the app role is refused, whatever other roles there are', async () => {
    caller = { ...DESK, roles: ['Approvals.Write', 'Trail.Read', 'ai.write'] };
    await expect(report(RESPONSE)).rejects.toMatchObject({ code: 'roleMissing' });
    expect(app.publisher.attempts).toBe(0);
  });

  test('by a person is taken as well', async () => {
    caller = { ...DESK, person: true };
    await expect(report(RESPONSE)).resolves.toMatchObject({ output: 'resp_1' });
  });

  test('that is too large for the hub goes through the spill container', async () => {
    app.publisher.limit = 2_000;
    await report({
      ...RESPONSE,
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'x'.repeat(5_000) }] }],
    });
    expect(app.spill.bodies.size).toBe(1);
    expect(app.publisher.envelopes[0]?.body?.size).toBeGreaterThan(5_000);
  });

  test.each(ODD_BODIES)(
    'with a body that is or has %s is published as it came, and its sender told',
    async (_what, body) => {
      app.publisher.limit = 5_000_000;
      const { warning } = await report(body);
      expect(warning).toMatch(/^The body could not be read/);
      expect(app.publisher.taken[0]?.body.equals(body)).toBe(true);
    },
  );

  test('in our own form that lacks something is published, and its sender told what', async () => {
    const { warning, output } = await report(fixture('statement-faulty').body);
    expect(warning).toMatch(/lacks purpose, version, and it cannot be read at .*outputs/);
    expect(output).toBe('x-1');
    expect((await report(fixture('statement-output').body)).warning).toBeUndefined();
  });
});

describe('the delivery of a report', () => {
  const ids = async (...reports: Promise<{ id: string }>[]) =>
    new Set((await Promise.all(reports)).map(({ id }) => id)).size;

  test('is one for the same thing sent twice', async () => {
    expect(await ids(report(RESPONSE), report(RESPONSE))).toBe(1);
    const { body } = fixture('otlp-traces');
    expect(await ids(report(body), report(body))).toBe(1);
  });

  test('is another one for another response, state, span or key', async () => {
    const key = (value: string) => report(RESPONSE, { 'idempotency-key': value });
    expect(
      await ids(
        report(RESPONSE),
        report({ ...RESPONSE, id: 'resp_2' }),
        report({ ...RESPONSE, status: 'queued' }),
        report({ object: 'response', id: 'resp_1', deleted: true }),
        report(fixture('span-python').body),
        key('1'),
        key('2'),
      ),
    ).toBe(7);
  });

  test('cannot be taken by another caller, of another tenant neither', async () => {
    const mine = await report(RESPONSE);
    caller = { ...DESK, objectId: 'o-2' };
    const theirs = await report(RESPONSE);
    caller = { ...DESK, tenant: 't-2' };
    expect(new Set([mine.id, theirs.id, (await report(RESPONSE)).id]).size).toBe(3);
  });

  test('cannot be guessed into another’s by a key that looks like an id', async () => {
    const [byId, byKey] = [await report({ record: 'output', id: 'a' }), await report({}, { 'idempotency-key': 'a' })];
    expect(byId.id).not.toBe(byKey.id);
  });

  test('is new each time where nothing names it', async () => {
    const { body } = fixture('embeddings');
    expect(await ids(report(body), report(body))).toBe(2);
    expect(await ids(report('no JSON'), report('no JSON'))).toBe(2);
  });

  test('by a key of another form is refused', async () => {
    await expect(report(RESPONSE, { 'idempotency-key': 'a b' })).rejects.toMatchObject({ code: 'badRequest' });
  });

  test('holds no hash and no word of what was asked or answered', async () => {
    await report(fixture('messages').body);
    await report({ 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': 'marmalade' });
    for (const { delivery } of app.publisher.envelopes) {
      expect(delivery).toMatch(/^\["t-1","o-1","reported","key","0{8}-[0-9a-f-]+"\]$/);
    }
  });
});

describe('what the sender is answered', () => {
  test.each(['statement-output', 'statement-decision', 'response-tools', 'stream-chat', 'images', 'span-python'])(
    'of %s is the id of the record, and of the output as the record has it',
    async (name) => {
      const { id, output } = await report(fixture(name).body);
      const [message] = app.publisher.taken;
      if (message === undefined) throw new Error('nothing was published');
      const { delivery, drafts } = normalizeMessage('web', { ...message, enqueued: '2026-03-01T12:00:00.000Z' });
      expect(drafts[0]?.part).toBe('');
      expect(recordId(['ai', delivery ?? '', ''])).toBe(id);
      expect(drafts[0]?.data.links?.[0]).toEqual({ kind: 'aiOutput', id: output });
    },
  );

  test('names no output where there is none, or more than one', async () => {
    for (const name of ['otlp-traces', 'audit-logs', 'mcp-call', 'messages'])
      expect(await report(fixture(name).body)).not.toHaveProperty('output');
  });
});

describe('the partition of a report', () => {
  const keys = async (...bodies: unknown[]) => {
    for (const body of bodies) await report(body);
    return app.publisher.taken.map(({ partitionKey }) => partitionKey);
  };

  test('is that of the system, else of the deployment or the model', async () => {
    expect(
      await keys(
        fixture('statement-output').body,
        fixture('exchange').body,
        fixture('response-tools').body,
        fixture('otlp-traces').body,
        { object: 'list', data: [{ embedding: [1] }] },
        'no JSON',
      ),
    ).toEqual([
      'ai/claims-triage',
      'ai/claims-triage',
      'ai/gpt-5.4-2026-01-15',
      'ai/claims-desk',
      'ai/openai',
      'ai/o-1',
    ]);
  });
});
