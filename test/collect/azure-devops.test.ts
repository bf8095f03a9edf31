import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  authenticateAzureDevops,
  azureDevopsPartitionKey,
  collectAzureDevops,
} from '../../shared/collect/azure-devops.ts';
import { answerRequest } from '../../shared/collect/http.ts';
import type { CollectAnswer } from '../../shared/collect/http.ts';
import { RequestError, SettingsError } from '../../shared/errors.ts';
import { parseEnvelope } from '../../shared/wire/envelope.ts';
import { recordId } from '../../shared/wire/record.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import type { FakePublishing } from '../publish/fake-publishing.ts';
import { ODD_BODIES, requestOf } from './requests.ts';

const SECRET = 'a password: with colons, and ünïcode';
const EVENT = {
  subscriptionId: '5f1c7c4e-3333-4f1a-8d1e-0a9b8c7d6e5f',
  notificationId: 7,
  id: '0b1c2d3e-0000-4000-8000-000000000001',
  eventType: 'git.push',
  publisherId: 'tfs',
  resource: {},
  resourceContainers: {
    collection: { id: 'C12D0EB8-e382-443b-9f9c-c52cba5014c2' },
    account: { id: 'f844ec47-a9db-4511-8281-8b63f4eaf94e' },
    project: { id: 'BE9B3917-1111-4a3c-9b5e-0d6c5b4a3f21' },
  },
  createdDate: '2026-11-23T09:30:00.1234567Z',
};
const DELIVERY = `${EVENT.id}/git.push/${EVENT.createdDate}`;

function basic(password: string, user = 'anybody'): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

function authenticate(headers: Record<string, string>, secrets: readonly string[] = [SECRET]): string {
  return authenticateAzureDevops(secrets, new Headers(headers));
}

describe('the password of a subscription', () => {
  test('agrees with the example of RFC 7617', () => {
    expect(authenticate({ authorization: 'Basic dGVzdDoxMjPCow==' }, ['123£'])).toBe('basic/current');
    expect(authenticate({ authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==' }, ['open sesame'])).toBe(
      'basic/current',
    );
  });

  test('holds whichever user name stands before it, even none', () => {
    for (const user of ['', 'mona', 'ACME\\mona', 'x'.repeat(500)]) {
      expect(authenticate(basic(SECRET, user))).toBe('basic/current');
    }
  });

  test('holds by either while one is rotated, and says by which', () => {
    expect(authenticate(basic('new'), ['new', 'old'])).toBe('basic/current');
    expect(authenticate(basic('old'), ['new', 'old'])).toBe('basic/previous');
    expect(authenticate(basic('same'), ['same', 'same'])).toBe('basic/current');
  });

  test('holds under a scheme in any case, as RFC 9110 has it', () => {
    const { authorization = '' } = basic(SECRET);
    expect(authenticate({ authorization: authorization.replace('Basic', 'bAsIc') })).toBe('basic/current');
  });

  const { authorization: right = '' } = basic(SECRET);
  test.each<[string, Record<string, string>, string]>([
    ['is missing', {}, 'passwordMissing'],
    ['is an empty header', { authorization: '' }, 'passwordMissing'],
    ['is in the address, not in the header', { 'x-forwarded-authorization': right }, 'passwordMissing'],
    ['is another one', basic('other'), 'passwordWrong'],
    ['is empty', basic(''), 'passwordWrong'],
    ['is a character short', basic(SECRET.slice(0, -1)), 'passwordWrong'],
    ['is a character long', basic(`${SECRET} `), 'passwordWrong'],
    ['is in another case', basic(SECRET.toUpperCase()), 'passwordWrong'],
    ['is the user name', basic('', SECRET), 'passwordWrong'],
    [
      'has no user name before it',
      { authorization: `Basic ${Buffer.from('password').toString('base64')}` },
      'passwordWrong',
    ],
    ['is not encoded', { authorization: `Basic anybody:${SECRET.replaceAll(/[^ -~]/g, '')}` }, 'passwordWrong'],
    ['is a token', { authorization: right.replace('Basic', 'Bearer') }, 'passwordWrong'],
    ['has no scheme', { authorization: right.slice(6) }, 'passwordWrong'],
    ['is there twice', { authorization: `${right}, ${right}` }, 'passwordWrong'],
    ['is 1 MB long', basic('a'.repeat(1_000_000)), 'passwordWrong'],
  ])('is refused where it %s', (_what, headers, code) => {
    const refused = (): unknown => authenticate(headers);
    expect(refused).toThrow(RequestError);
    expect(refused).toThrow(expect.objectContaining({ code }));
  });

  test.each([[[]], [['']], [['a', '']], [['a', 'b', 'c']]])(
    'configured as %j refuses to work: anybody could send with an empty one',
    (secrets) => {
      expect(() => authenticate(basic(''), secrets)).toThrow(SettingsError);
    },
  );

  test('does not hold where any of its bytes differs, and a refusal does not tell it', () => {
    fc.assert(
      fc.property(fc.nat(Buffer.byteLength(SECRET) - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const given = Buffer.from(SECRET);
        given.writeUInt8(given.readUInt8(at) ^ flip, at);
        const authorization = `Basic ${Buffer.concat([Buffer.from('u:'), given]).toString('base64')}`;
        expect(() => authenticate({ authorization })).toThrow(/^(?!.*with colons).*$/);
      }),
    );
  });

  test('is whatever text somebody chose, as long as it is sent as it was set', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
        fc.string({ maxLength: 20 }),
        (secret, user) => {
          expect(authenticate(basic(secret, user.replaceAll(':', '')), [secret])).toBe('basic/current');
        },
      ),
    );
  });
});

describe('the partition of an event', () => {
  test.each([
    ['the project', EVENT, 'be9b3917-1111-4a3c-9b5e-0d6c5b4a3f21'],
    [
      'the project of a run, which is among no containers',
      { ...EVENT, resourceContainers: { collection: { id: 'c' } }, resource: { projectId: 'P' } },
      'p',
    ],
    ['the project of a release', { resource: { project: { id: 'p' } } }, 'p'],
    ['the collection', { resourceContainers: { collection: { id: 'C' }, account: { id: 'a' } } }, 'c'],
    ['the account', { resourceContainers: { account: { id: 'a' } } }, 'a'],
    ['nothing known', { resourceContainers: { project: { id: 7 } }, resource: null }, 'azure-devops'],
  ])('comes from %s', (_what, payload, key) => {
    expect(azureDevopsPartitionKey(Buffer.from(JSON.stringify(payload)))).toBe(key);
  });

  test('comes from no inherited name', () => {
    const body = '{"__proto__":{"resourceContainers":{"project":{"id":"evil"}}}}';
    expect(azureDevopsPartitionKey(Buffer.from(body))).toBe('azure-devops');
  });

  test.each(ODD_BODIES)('is found for a body that is or has %s', (_what, odd) => {
    expect(azureDevopsPartitionKey(odd)).toBe('azure-devops');
  });

  test('is found for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(azureDevopsPartitionKey(Buffer.from(bytes))).not.toBe('');
      }),
    );
  });
});

function collecting(): FakePublishing & { readonly azureDevopsSecrets: readonly string[] } {
  return { ...fakePublishing(), azureDevopsSecrets: [SECRET] };
}

async function collected(
  payload: unknown,
): Promise<{ readonly answer: { id?: string }; readonly app: FakePublishing }> {
  const app = collecting();
  return { answer: await collectAzureDevops(app, requestOf(JSON.stringify(payload), basic(SECRET))), app };
}

describe('collecting a service hook', () => {
  test('answers with the id that the record will have, after the bytes are durable', async () => {
    const { answer, app } = await collected(EVENT);
    expect(answer).toEqual({ id: recordId(['azure-devops', DELIVERY, '']) });
    expect(app.publisher.taken[0]?.body).toEqual(Buffer.from(JSON.stringify(EVENT)));
    expect(app.publisher.envelopes[0]).toMatchObject({
      source: 'azure-devops',
      event: 'git.push',
      delivery: DELIVERY,
      authenticated: 'basic/current',
      function: 'collect-azure-devops',
    });
  });

  test('gives the same event through two subscriptions, and in a later attempt, one id: it happened once', async () => {
    const { answer } = await collected(EVENT);
    const again = await collected({ ...EVENT, subscriptionId: 'other', notificationId: 1 });
    expect(again.answer).toEqual(answer);
  });

  test('gives two test notifications, which have one event id, two ids', async () => {
    const { answer } = await collected(EVENT);
    const other = await collected({ ...EVENT, eventType: 'git.pullrequest.created' });
    const later = await collected({ ...EVENT, createdDate: '2026-11-23T09:31:00Z' });
    expect(new Set([answer.id, other.answer.id, later.answer.id]).size).toBe(3);
  });

  test.each([
    ['no id', { ...EVENT, id: undefined }],
    ['an empty id', { ...EVENT, id: '' }],
    ['an id that is a number', { ...EVENT, id: 5 }],
  ])('promises no id for an event with %s', async (_what, payload) => {
    const { answer, app } = await collected(payload);
    expect(answer).toEqual({});
    expect(app.publisher.envelopes[0]).not.toHaveProperty('delivery');
  });

  test('takes the name of events that have it elsewhere', async () => {
    const { app } = await collected({ eventId: 'git.repository.created' });
    expect(app.publisher.envelopes[0]).toMatchObject({ event: 'git.repository.created' });
  });

  test.each(ODD_BODIES)(
    'a body with the password that is or has %s is collected: what it means is not judged at the door',
    async (_what, odd) => {
      const app = collecting();
      await collectAzureDevops(app, requestOf(odd, basic(SECRET)));
      expect(app.publisher.taken).toHaveLength(1);
      expect(() => parseEnvelope(app.publisher.taken[0]?.envelope ?? '')).not.toThrow();
    },
  );

  test('what is not authenticated reaches neither hub nor spill container', async () => {
    const app = collecting();
    const sent = collectAzureDevops(app, requestOf(JSON.stringify(EVENT), basic('other')));
    await expect(sent).rejects.toMatchObject({ code: 'passwordWrong' });
    expect(app.publisher.attempts).toBe(0);
    expect(app.spill.requests.size).toBe(0);
  });

  test('writes the password nowhere', async () => {
    const { app } = await collected(EVENT);
    const written = JSON.stringify([app.publisher.taken.map(({ envelope }) => envelope), app.logged, app.counted]);
    expect(written).not.toContain('with colons');
    expect(written).not.toContain(basic(SECRET)['authorization']?.slice(6));
  });
});

describe('the answer to Azure DevOps', () => {
  async function answered(
    app: ReturnType<typeof collecting>,
    headers: Record<string, string> = basic(SECRET),
    compose: () => Promise<typeof app> = async () => app,
  ): Promise<CollectAnswer> {
    const body = Buffer.from(JSON.stringify(EVENT));
    const request = {
      headers: new Headers({ ...headers, 'content-length': String(body.length) }),
      params: {},
      arrayBuffer: async () => new Uint8Array(body).buffer,
    };
    return answerRequest(request, { error: () => undefined }, compose, collectAzureDevops);
  }

  test('is 202 where the event is durable, also where it is only in the spill container', async () => {
    expect((await answered(collecting())).status).toBe(202);
    const app = collecting();
    app.publisher.mood = 'refuse';
    expect((await answered(app)).status).toBe(202);
    expect(app.spill.requests.size).toBe(1);
  });

  test.each(['refuse', 'hang', 'takeThenHang', 'bug'] as const)(
    'is 503 where the hub is in the mood to %s and nothing can be spilled: Azure DevOps sends again then, and drops what gets a 500',
    async (mood) => {
      const app = collecting();
      app.publisher.mood = mood;
      app.spill.mood = 'refuse';
      expect((await answered(app)).status).toBe(503);
    },
  );

  test('is 503, not 500, where the settings are wrong, and never 410, which ends the subscription', async () => {
    expect((await answered({ ...collecting(), azureDevopsSecrets: [] })).status).toBe(503);
    const failing = async (): Promise<never> => {
      throw new SettingsError('no settings');
    };
    expect((await answered(collecting(), basic(SECRET), failing)).status).toBe(503);
  });

  test('is 401 for a wrong password, with no word of the right one', async () => {
    const { status, jsonBody } = await answered(collecting(), basic('other'));
    expect(status).toBe(401);
    expect(JSON.stringify(jsonBody)).not.toContain('colons');
  });
});
