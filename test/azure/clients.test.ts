import { inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import { BlobImmutableStore } from '../../shared/azure/blob-immutable-store.ts';
import { containerNameOf } from '../../shared/azure/container-name.ts';
import { credentialOf } from '../../shared/azure/credential.ts';
import { untilAborted, withDeadline } from '../../shared/azure/deadline.ts';
import { openConsumer, openProducer } from '../../shared/azure/event-hubs-clients.ts';
import { toHubError } from '../../shared/azure/event-hubs-error.ts';
import { toStoreError } from '../../shared/azure/http-error.ts';
import { openContainer, openTable } from '../../shared/azure/storage-clients.ts';
import { SettingsError, StoreError } from '../../shared/errors.ts';
import { collect } from '../contract/stage.ts';
import { startHttp, storageConnection } from './http-stand-in.ts';
import { thrownBy } from './thrown-by.ts';

const SECRET = 'c2VjcmV0c2VjcmV0c2VjcmV0';

/** The SettingsError that opening ends in. */
function refusal(open: () => unknown): SettingsError {
  try {
    open();
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('It was opened.');
}

describe('opening a client', () => {
  test.each([
    [
      'a storage account, for blobs',
      () => openContainer({ name: 'X', connectionString: `AccountKey=${SECRET}` }, 'trail'),
    ],
    [
      'a storage account, for tables',
      () => openTable({ name: 'X', connectionString: `AccountKey=${SECRET}` }, 'Events'),
    ],
    ['a hub, to send', () => openProducer({ name: 'X', connectionString: `SharedAccessKey=${SECRET}` }, 'web')],
    ['a hub, to read', () => openConsumer({ name: 'X', connectionString: `SharedAccessKey=${SECRET}` }, 'web')],
    [
      'another hub',
      () => {
        const endpoint = 'Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=n';
        openProducer({ name: 'X', connectionString: `${endpoint};SharedAccessKey=${SECRET};EntityPath=azure` }, 'web');
      },
    ],
    [
      'blobs, by a SAS where an address belongs',
      () => openContainer({ name: 'X', blobServiceUri: `https://a.example/?sig=${SECRET}` }, 'trail'),
    ],
    [
      'tables, by a SAS where an address belongs',
      () => openTable({ name: 'X', tableServiceUri: `https://a.example/?sig=${SECRET}` }, 'Events'),
    ],
    [
      'a namespace, by a connection string where a name belongs',
      () => openProducer({ name: 'X', fullyQualifiedNamespace: `Endpoint=${SECRET}` }, 'web'),
    ],
  ])('a setting that does not name %s is quoted in the error, with its secret', (_, open) => {
    const error = refusal(open);
    expect(error.message).toMatch(/^The setting X/);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(SECRET);
  });

  test.each([
    ['without address', {}],
    [
      'over http',
      { blobServiceUri: 'http://a.blob.core.windows.net', tableServiceUri: 'http://a.table.core.windows.net' },
    ],
    [
      'with a path',
      { blobServiceUri: 'https://a.blob.core.windows.net/trail', tableServiceUri: 'https://a.example/x' },
    ],
    ['with a password', { blobServiceUri: 'https://u:p@a.example', tableServiceUri: 'https://u:p@a.example' }],
  ])('an identity goes to an address %s', (_, address) => {
    expect(refusal(() => openContainer({ name: 'X', ...address }, 'trail')).message).toContain('X__blobServiceUri');
    expect(refusal(() => openTable({ name: 'X', ...address }, 'Events')).message).toContain('X__tableServiceUri');
    expect(refusal(() => openConsumer({ name: 'X', ...address }, 'web')).message).toContain(
      'X__fullyQualifiedNamespace',
    );
  });

  test('an identity is asked for by a connection string, or the other way round', () => {
    const connection = {
      name: 'X',
      blobServiceUri: 'https://a.blob.core.windows.net',
      tableServiceUri: 'https://a.table.core.windows.net/',
      fullyQualifiedNamespace: 'n.servicebus.windows.net',
      clientId: '00000000-0000-0000-0000-000000000001',
    };
    expect(openContainer(connection, 'trail').url).toBe('https://a.blob.core.windows.net/trail');
    expect(openTable(connection, 'Events').url).toBe('https://a.table.core.windows.net/');
    expect(openProducer(connection, 'web').fullyQualifiedNamespace).toBe('n.servicebus.windows.net');
    const local = { ...connection, connectionString: 'UseDevelopmentStorage=true' };
    expect(openContainer(local, 'trail').url).toBe('http://127.0.0.1:10000/devstoreaccount1/trail');
  });

  test('every client makes a credential of its own, and asks for tokens of its own', () => {
    expect(credentialOf(undefined)).toBe(credentialOf(undefined));
    expect(credentialOf('a')).toBe(credentialOf('a'));
    expect(credentialOf('a')).not.toBe(credentialOf(undefined));
  });
});

describe('translating errors', () => {
  const rest = (more: object): Error => Object.assign(new Error(`sig=${SECRET}`), { name: 'RestError' }, more);
  const named = (name: string, more: object = {}): Error => Object.assign(new Error(`token ${SECRET}`), { name }, more);

  test.each([
    [rest({ statusCode: 403, code: 'AuthorizationFailure' }), 'forbidden'],
    [rest({ statusCode: 412, code: `sig=${SECRET}` }), 'unexpected'],
    [rest({ code: 'ECONNREFUSED' }), 'unavailable'],
    [rest({}), 'unavailable'],
    [named('AbortError'), 'unavailable'],
    [named('TimeoutError'), 'unavailable'],
    [named('CredentialUnavailableError'), 'unavailable'],
    [named('AuthenticationError', { statusCode: 400 }), 'forbidden'],
    [named('AuthenticationError', { statusCode: 503 }), 'unavailable'],
    [named('AggregateAuthenticationError'), 'unavailable'],
    [new TypeError(SECRET), 'unexpected'],
    [SECRET, 'unexpected'],
    [undefined, 'unexpected'],
  ])('%s of an HTTP client brings its own words along, or the wrong code (%s)', (error, code) => {
    const translated = toStoreError(error, 'Reading a of trail');
    expect(translated).toMatchObject({ name: 'StoreError', code, cause: error });
    expect(translated.message).toMatch(/^Reading a of trail failed: /);
    expect(translated.message).not.toContain(SECRET);
  });

  test.each([
    [named('MessagingError', { code: 'UnauthorizedError' }), 'forbidden'],
    [named('MessagingError', { code: 'MessageTooLargeError' }), 'tooLarge'],
    [named('MessagingError', { code: 'ServerBusyError' }), 'unavailable'],
    [named('MessagingError', { code: 'MessagingEntityNotFoundError' }), 'unavailable'],
    [named('MessagingError', { code: `sig=${SECRET}` }), 'unavailable'],
    [named('MessagingError'), 'unavailable'],
    [
      new AggregateError([
        named('MessagingError', { code: 'ServerBusyError' }),
        named('MessagingError', { code: 'UnauthorizedError' }),
      ]),
      'forbidden',
    ],
    [new AggregateError([]), 'unexpected'],
    [named('AbortError'), 'unavailable'],
    [named('CredentialUnavailableError'), 'unavailable'],
    [new TypeError(SECRET), 'unexpected'],
    [null, 'unexpected'],
  ])('%s of a hub brings its own words along, or the wrong code (%s)', (error, code) => {
    const translated = toHubError(error, 'Publishing 7 bytes');
    expect(translated).toMatchObject({ name: 'StoreError', code });
    expect(translated.message).toMatch(/^Publishing 7 bytes failed: /);
    expect(translated.message).not.toContain(SECRET);
  });

  test('an error that was translated is translated again', () => {
    const error = new StoreError('tooLarge', 'once');
    expect(toStoreError(error, 'x')).toBe(error);
    expect(toHubError(error, 'x')).toBe(error);
  });
});

describe('what the message of an error says', () => {
  const unanswered = (): Error => Object.assign(new Error('x'), { name: 'RestError', code: 'ECONNREFUSED' });
  const timedOut = (): Error => Object.assign(new Error('x'), { name: 'TimeoutError' });
  const cutOff = (): Error => Object.assign(new Error('x'), { name: 'MessagingError' });

  test('a read that failed is said to have taken effect, or a write is not', () => {
    for (const error of [unanswered(), timedOut()]) {
      expect(toStoreError(error, 'Reading a').message).toMatch(/\. Try again later\.$/);
      expect(toStoreError(error, 'Creating a', 'write').message).toMatch(/it may have taken effect all the same\.$/);
    }
    expect(toHubError(cutOff(), 'Reading a').message).toMatch(/\. Try again later\.$/);
    expect(toHubError(cutOff(), 'Publishing a', 'write').message).toMatch(/it may have taken effect all the same\.$/);
  });

  test('who has no token, or not the role, is not told how to get it', () => {
    const noToken = Object.assign(new Error('x'), { name: 'AggregateAuthenticationError' });
    const { message } = toStoreError(noToken, 'Reading a of trail');
    expect(message).toMatch(/command line.*"az login".*Storage Blob Data Reader.*function app.*managed identity/);
    const forbidden = Object.assign(new Error('x'), {
      name: 'RestError',
      statusCode: 403,
      code: 'AuthorizationFailure',
    });
    expect(toStoreError(forbidden, 'Reading a of trail').message).toContain('Storage Blob Data Reader');
  });

  test.each(['https://acme.blob.core.windows.net', 'https://10.1.2.3', 'https://localhost', 'https://[::1]'])(
    'the container of %s is undefined in a message',
    (blobServiceUri) => {
      expect(containerNameOf(openContainer({ name: 'X', blobServiceUri }, 'spill-collect'))).toBe('spill-collect');
    },
  );

  test('listing everything leaves a blank in a message', async () => {
    const server = await startHttp((_, response) => response.writeHead(403, { 'x-ms-error-code': 'No' }).end());
    const store = new BlobImmutableStore(openContainer(storageConnection(server.port), 'trail'));
    const said = async (work: Promise<unknown>): Promise<string> => (await thrownBy(work)).message.split(':')[0] ?? '';
    expect(await said(collect(store.list('')))).toBe('Listing the blobs of trail failed');
    expect(await said(collect(store.list('keys/')))).toBe('Listing keys/ of trail failed');
    expect(await said(collect(store.listPrefixes('')))).toBe('Listing the folders of trail failed');
    expect(await said(collect(store.listPrefixes('keys/')))).toBe('Listing the folders below keys/ of trail failed');
    await server.stop();
  });
});

describe('deadlines', () => {
  const never = new Promise<never>(() => undefined);

  test('work that ignores its signal is waited for', async () => {
    await expect(withDeadline(5, () => never)).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(untilAborted(AbortSignal.timeout(5), () => never)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('work that fails after it was given up ends the process', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    await expect(withDeadline(5, () => promise)).rejects.toMatchObject({ name: 'TimeoutError' });
    reject(new Error('too late to tell'));
    // An unhandled rejection would fail this test's file.
    await new Promise((resolve) => setImmediate(resolve));
    await expect(promise).rejects.toThrow('too late to tell');
  });

  test('work that is given up before it begins is begun', async () => {
    let begun = false;
    const work = (): Promise<void> => {
      begun = true;
      return Promise.resolve();
    };
    await expect(untilAborted(AbortSignal.abort(new Error('given up')), work)).rejects.toThrow('given up');
    expect(begun).toBe(false);
  });

  test('work that is done in time gets no answer, or its signal aborts later', async () => {
    let signal: AbortSignal | undefined;
    const answer = await withDeadline(20, (given) => {
      signal = given;
      return Promise.resolve('done');
    });
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect([answer, signal?.aborted]).toEqual(['done', false]);
  });
});
