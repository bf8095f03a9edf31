import { describe, expect, test } from 'vitest';

import { answerRequest, MAX_BODY_BYTES } from '../../shared/collect/http.ts';
import { RequestError, SettingsError, StoreError } from '../../shared/errors.ts';
import type { RequestErrorCode } from '../../shared/errors.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';

const request = { headers: new Headers(), params: {}, arrayBuffer: async () => new ArrayBuffer(2) };
const context = { error: () => undefined };

async function answer(error: unknown) {
  const app = fakePublishing();
  const given = await answerRequest(
    request,
    context,
    async () => app,
    async () => {
      throw error;
    },
  );
  return { given, app };
}

describe('the answer to a request', () => {
  test('is 202 with what the handler says', async () => {
    const given = await answerRequest(
      request,
      context,
      async () => fakePublishing(),
      async (_app, { body }) => ({ id: String(body.length) }),
    );
    expect(given).toEqual({ status: 202, jsonBody: { id: '2' } });
  });

  test.each<[RequestErrorCode, number, string | undefined]>([
    ['badRequest', 400, undefined],
    ['signatureMissing', 401, 'X-Hub-Signature-256'],
    ['signatureWrong', 401, 'X-Hub-Signature-256'],
    ['tokenMissing', 401, 'Bearer'],
    ['tokenInvalid', 401, 'Bearer error="invalid_token"'],
    ['roleMissing', 403, undefined],
    ['notFound', 404, undefined],
    ['unavailable', 503, undefined],
  ])('to a refusal (%s) is %i with one line that says why, and it is counted', async (code, status, challenge) => {
    const { given, app } = await answer(new RequestError(code, 'Two\nlines   of text.'));
    expect(given.status).toBe(status);
    expect(given.headers?.['WWW-Authenticate']).toBe(challenge);
    expect(given.jsonBody).toEqual({ error: 'Two lines of text.' });
    expect(app.counted).toEqual([`refused collect ${code}`]);
  });

  test.each([
    ['a bug', new TypeError('x is undefined')],
    ['a store that is down', new StoreError('unavailable', 'https://account.example/?sig=secret')],
    ['something that is no error', 'text'],
  ])(
    'to %s is 503, after which every source sends again, and tells the caller nothing of the inside',
    async (_what, error) => {
      const { given, app } = await answer(error);
      expect(given.status).toBe(503);
      expect(JSON.stringify(given)).not.toMatch(/undefined|sig=|text/);
      expect(app.counted).toEqual(['refused collect unavailable']);
    },
  );

  test('is 503 where the app cannot be composed: nothing was taken in, so nothing may be acknowledged', async () => {
    const lines: string[] = [];
    const given = await answerRequest(
      request,
      { error: (line) => lines.push(line) },
      () => Promise.reject(new SettingsError('GITHUB_SECRET is missing')),
      async () => ({}),
    );
    expect(given.status).toBe(503);
    expect(lines.join()).toContain('GITHUB_SECRET is missing');
  });

  test('to a body larger than any source sends is 400, before it is looked at', async () => {
    const large = { ...request, arrayBuffer: async () => new ArrayBuffer(MAX_BODY_BYTES + 1) };
    const given = await answerRequest(
      large,
      context,
      async () => fakePublishing(),
      async () => ({}),
    );
    expect(given.status).toBe(400);
  });
});
