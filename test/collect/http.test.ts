import { describe, expect, test } from 'vitest';

import { answerRequest, MAX_BODY_BYTES } from '../../shared/collect/http.ts';
import { RequestError, SettingsError, StoreError } from '../../shared/errors.ts';
import type { RequestErrorCode } from '../../shared/errors.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';

const request = {
  headers: new Headers({ 'content-length': '2' }),
  params: {},
  arrayBuffer: async () => new ArrayBuffer(2),
};
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
    ['lengthMissing', 411, undefined],
    ['bodyTooLarge', 413, undefined],
    ['signatureMissing', 401, 'X-Hub-Signature-256'],
    ['passwordMissing', 401, 'Basic realm="indelible"'],
    ['passwordWrong', 401, 'Basic realm="indelible"'],
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
});

describe('the length of a body', () => {
  /** The answer to these headers, and whether the body was read. */
  async function send(headers: Record<string, string>, bytes: number) {
    const app = fakePublishing();
    let isRead = false;
    let isHandled = false;
    const arrayBuffer = async () => {
      isRead = true;
      return new ArrayBuffer(bytes);
    };
    const given = await answerRequest(
      { headers: new Headers(headers), params: {}, arrayBuffer },
      context,
      async () => app,
      async () => {
        isHandled = true;
        return {};
      },
    );
    return { given, counted: app.counted, isRead, isHandled };
  }

  test.each([
    ['there is no Content-Length', {}],
    ['the body is chunked', { 'transfer-encoding': 'chunked' }],
    ['the body is chunked, whatever length is stated', { 'transfer-encoding': 'chunked', 'content-length': '2' }],
    ['Content-Length is no number', { 'content-length': '2,2' }],
  ])('is asked for with 411 where %s: in Azure no host does it for us', async (_what, headers) => {
    const { given, counted, isRead } = await send(headers, 2);
    expect(given).toEqual({ status: 411, jsonBody: { error: expect.stringContaining('Content-Length') } });
    expect(counted).toEqual(['refused collect lengthMissing']);
    expect(isRead).toBe(false);
  });

  test('above 25 MiB is refused with 413 by the header alone, before the body takes memory', async () => {
    const { given, counted, isRead } = await send({ 'content-length': '26214401' }, 0);
    expect(given).toEqual({ status: 413, jsonBody: { error: expect.stringContaining('26214400') } });
    expect(counted).toEqual(['refused collect bodyTooLarge']);
    expect(isRead).toBe(false);
  });

  test('is checked again once the body is there, or a header that lies would let it in', async () => {
    const { given, isHandled } = await send({ 'content-length': '2' }, MAX_BODY_BYTES + 1);
    expect(given.status).toBe(413);
    expect(isHandled).toBe(false);
  });

  test.each([0, MAX_BODY_BYTES])('of %i bytes is taken: an empty body that says so, and the largest', async (bytes) => {
    expect((await send({ 'content-length': String(bytes) }, bytes)).given.status).toBe(202);
  });
});
