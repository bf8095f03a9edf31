import { createHmac } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { authenticateGithub, collectGithub, githubPartitionKey } from '../../shared/collect/github.ts';
import { RequestError, SettingsError } from '../../shared/errors.ts';
import { recordId } from '../../shared/wire/record.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import { ODD_BODIES, requestOf, sign } from './requests.ts';

const SECRET = "It's a Secret to Everybody";
const body = Buffer.from('{"repository":{"full_name":"octo/repo"},"sender":{"login":"mona"}}');

function authenticate(headers: Record<string, string>, secrets: readonly string[] = [SECRET], bytes = body): string {
  return authenticateGithub(secrets, new Headers(headers), bytes);
}

describe("GitHub's signature", () => {
  test("agrees with the example in GitHub's documentation", () => {
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(authenticate({ 'X-Hub-Signature-256': signature }, [SECRET], Buffer.from('Hello, World!'))).toBe(
      'hmac-sha256/current',
    );
  });

  test('holds by either secret while one is rotated, and says by which', () => {
    expect(authenticate({ 'x-hub-signature-256': sign('new', body) }, ['new', 'old'])).toBe('hmac-sha256/current');
    expect(authenticate({ 'x-hub-signature-256': sign('old', body) }, ['new', 'old'])).toBe('hmac-sha256/previous');
  });

  const right = sign(SECRET, body);
  test.each<[string, Record<string, string>, string]>([
    ['is missing', {}, 'signatureMissing'],
    ['is empty', { 'x-hub-signature-256': '' }, 'signatureMissing'],
    [
      'is SHA-1 alone',
      { 'x-hub-signature': `sha1=${createHmac('sha1', SECRET).update(body).digest('hex')}` },
      'signatureMissing',
    ],
    ['is by another secret', { 'x-hub-signature-256': sign('other', body) }, 'signatureWrong'],
    ['is by the empty secret', { 'x-hub-signature-256': sign('', body) }, 'signatureWrong'],
    ['is of another body', { 'x-hub-signature-256': sign(SECRET, 'other') }, 'signatureWrong'],
    ['has no scheme', { 'x-hub-signature-256': right.slice(7) }, 'signatureWrong'],
    ['names SHA-1', { 'x-hub-signature-256': right.replace('sha256', 'sha1') }, 'signatureWrong'],
    ['is a digit short', { 'x-hub-signature-256': right.slice(0, -1) }, 'signatureWrong'],
    ['is a digit long', { 'x-hub-signature-256': `${right}0` }, 'signatureWrong'],
    ['is not hexadecimal', { 'x-hub-signature-256': `sha256=${'z'.repeat(64)}` }, 'signatureWrong'],
    ['is there twice', { 'x-hub-signature-256': `${right}, ${right}` }, 'signatureWrong'],
    ['is 1 MB long', { 'x-hub-signature-256': `sha256=${'a'.repeat(1_000_000)}` }, 'signatureWrong'],
  ])('is refused where it %s', (_what, headers, code) => {
    const refused = (): unknown => authenticate(headers);
    expect(refused).toThrow(RequestError);
    expect(refused).toThrow(expect.objectContaining({ code }));
  });

  test.each([[[]], [['']], [['a', '']], [['a', 'b', 'c']]])(
    'configured as %j refuses to work: anybody could sign with an empty secret',
    (secrets) => {
      expect(() => authenticate({ 'x-hub-signature-256': sign('', body) }, secrets)).toThrow(SettingsError);
    },
  );

  test('does not hold for any single byte changed', () => {
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(body);
        changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
        expect(() => authenticate({ 'x-hub-signature-256': right }, [SECRET], changed)).toThrow(RequestError);
      }),
    );
  });
});

describe('the partition of a delivery', () => {
  test.each([
    ['the repository', '{"repository":{"full_name":"o/r"},"organization":{"login":"o"}}', 'o/r'],
    ['the organization', '{"organization":{"login":"o"},"sender":{"login":"s"}}', 'o'],
    ['the enterprise', '{"enterprise":{"slug":"e"},"sender":{"login":"s"}}', 'e'],
    ['the sender', '{"sender":{"login":"s"}}', 's'],
    ['nothing known', '{"repository":null,"organization":{"login":7}}', 'github'],
    ['the repository of a form', `payload=${encodeURIComponent('{"repository":{"full_name":"o/r"}}')}&x=1`, 'o/r'],
    ['a broken form', 'payload=%7Bx', 'github'],
    ['an inherited name', '{"__proto__":{"repository":{"full_name":"evil"}}}', 'github'],
  ])('comes from %s', (_what, text, key) => {
    expect(githubPartitionKey(Buffer.from(text))).toBe(key);
  });

  test.each(ODD_BODIES)('is found for a body that is or has %s', (_what, odd) => {
    expect(githubPartitionKey(odd)).toBe('github');
  });

  test('is found for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, form) => {
        expect(githubPartitionKey(Buffer.concat([Buffer.from(form ? 'payload=' : ''), bytes]))).not.toBe('');
      }),
    );
  });
});

test('a body that curl -d has changed is blamed on the secret alone', () => {
  const headers = new Headers({ 'x-hub-signature-256': sign(SECRET, body) });
  expect(() => authenticateGithub([SECRET], headers, Buffer.concat([body, Buffer.from(' ')]))).toThrow(
    'or the body was changed on its way (curl needs --data-binary)',
  );
});

describe('collecting a GitHub webhook', () => {
  const headers = { 'x-github-event': 'push', 'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958' };

  test('answers with the id that the record will have, after the bytes are durable', async () => {
    const app = { ...fakePublishing(), githubSecrets: [SECRET] };
    const answer = await collectGithub(app, requestOf(body, { ...headers, 'x-hub-signature-256': sign(SECRET, body) }));
    expect(answer).toEqual({ id: recordId(['github', headers['x-github-delivery'], '']) });
    expect(app.publisher.taken[0]?.body).toEqual(body);
    expect(app.publisher.envelopes[0]).toMatchObject({
      source: 'github',
      event: 'push',
      delivery: headers['x-github-delivery'],
      authenticated: 'hmac-sha256/current',
      function: 'collect-github',
    });
  });

  test.each(ODD_BODIES)(
    'a signed body that is or has %s is collected: what it means is not judged at the door',
    async (_what, odd) => {
      const app = { ...fakePublishing(), githubSecrets: [SECRET] };
      await collectGithub(app, requestOf(odd, { ...headers, 'x-hub-signature-256': sign(SECRET, odd) }));
      expect(app.publisher.taken[0]?.body ?? app.spill.bodies.size).toBeDefined();
      expect(app.publisher.taken).toHaveLength(1);
    },
  );

  test('a signed delivery without event and delivery headers is collected, without an id that could be promised', async () => {
    const app = { ...fakePublishing(), githubSecrets: [SECRET] };
    expect(await collectGithub(app, requestOf(body, { 'x-hub-signature-256': sign(SECRET, body) }))).toEqual({});
    expect(app.publisher.envelopes[0]).not.toHaveProperty('event');
    expect(app.publisher.envelopes[0]).not.toHaveProperty('delivery');
  });

  test('what is not authenticated reaches neither hub nor spill container', async () => {
    const app = { ...fakePublishing(), githubSecrets: [SECRET] };
    await expect(collectGithub(app, requestOf(body, headers))).rejects.toMatchObject({ code: 'signatureMissing' });
    expect(app.publisher.attempts).toBe(0);
    expect(app.spill.requests.size).toBe(0);
  });
});
