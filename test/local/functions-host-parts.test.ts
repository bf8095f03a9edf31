import { describe, expect, test } from 'vitest';
import { checkpointPath } from '../../local/functions-host/checkpoint-file.ts';
import { EventBatcher } from '../../local/functions-host/event-batcher.ts';
import { formatDotNetTime, toCollectionBytes, toLong } from '../../local/functions-host/event-hub-metadata.ts';
import { parseEventHubFunction } from '../../local/functions-host/event-hub-trigger.ts';
import { HostError } from '../../local/functions-host/host-error.ts';
import { parseHostJson } from '../../local/functions-host/host-json.ts';
import { DEFAULT_LIMITS } from '../../local/functions-host/http-front.ts';
import { createLog } from '../../local/functions-host/log.ts';
import { runWithRetries } from '../../local/functions-host/retry.ts';
import { compareRoutes, matchRoute, parseRoute } from '../../local/functions-host/route.ts';
import type { FunctionMetadata, RpcRetryOptions } from '../../local/functions-host/rpc.ts';
import { resolveHubConnection, resolveSettings } from '../../local/functions-host/settings.ts';
import { parseTimerFunction } from '../../local/functions-host/timer-trigger.ts';
import { createWorker } from '../../local/functions-host/worker.ts';

describe('routes', () => {
  test.each([
    ['api/a/{b}', '/api/a/x', { b: 'x' }],
    ['api/a/{b}', '/API/A/x/', { b: 'x' }],
    ['api/a/{b}', '/api/a', undefined],
    ['api/a/{b}', '/api/a//', undefined],
    ['api/a/{b}', '/api/a/x/y', undefined],
    ['api/a/{b?}', '/api/a', {}],
    ['api/a/{*rest}', '/api/a', {}],
    ['api/a/{*rest}', '/api/a/x/y%20z', { rest: 'x/y z' }],
    ['api/{a}/votes/{b}', '/api/1/votes/2', { a: '1', b: '2' }],
    ['api/{a}', '/api/%2e%2e%2fadmin', { a: '..%2fadmin' }],
    ['api/{a}', '/api/%ff', { a: '%ff' }],
    ['api/{__proto__}', '/api/x', Object.fromEntries([['__proto__', 'x']])],
  ])('%s against %s', (template, path, params) => {
    expect(matchRoute(parseRoute(template), path)).toEqual(params);
  });

  test.each(['{a}.json', '{a:int}', '{a?}/b', '{*a}/b', '{a}/{a}', '{}', '{*a?}'])(
    'a template that would be read otherwise than in Azure is refused: %s',
    (template) => {
      expect(() => parseRoute(template)).toThrow(HostError);
    },
  );

  test('the order in which routes are asked', () => {
    const templates = ['a/{*rest}', 'a/{b}', 'a', 'a/b', 'a/{b}/c'];
    expect(
      templates
        .map(parseRoute)
        .toSorted(compareRoutes)
        .map((route) => route.template),
    ).toEqual(['a', 'a/b', 'a/{b}', 'a/{b}/c', 'a/{*rest}']);
  });
});

describe('host.json', () => {
  const parse = (raw: object, settings: Record<string, string> = {}) =>
    parseHostJson(JSON.stringify({ version: '2.0', ...raw }), settings, 'host.json');

  test('what it leaves out is as in the real host', () => {
    expect(parse({})).toEqual({
      routePrefix: 'api',
      eventHubs: {
        maxEventBatchSize: 100,
        minEventBatchSize: 1,
        maxWaitTime: 60_000,
        prefetchCount: 300,
        batchCheckpointFrequency: 1,
      },
      logLevels: {},
    });
  });

  test('the project’s values, and members that only the real host knows', () => {
    const eventHubs = { minEventBatchSize: 25, maxWaitTime: '00:00:30', clientRetryOptions: {} };
    const parsed = parse({
      extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.0.0, 5.0.0)' },
      extensions: { eventHubs, http: { routePrefix: '/' } },
      logging: { logLevel: { default: 'Warning', 'Function.seal': 'Debug' } },
    });
    expect(parsed.eventHubs).toMatchObject({ minEventBatchSize: 25, maxWaitTime: 30_000, maxEventBatchSize: 100 });
    expect(parsed.routePrefix).toBe('');
    expect(parsed.logLevels).toEqual({ default: 'warning', 'Function.seal': 'debug' });
  });

  test('settings override it, whatever their case, as in Azure', () => {
    const settings = {
      AzureFunctionsJobHost__Extensions__EventHubs__MaxWaitTime: '00:00:01',
      AzureFunctionsJobHost__extensions__eventHubs__maxEventBatchSize: '7',
      AzureFunctionsJobHost__logging__logLevel__default: 'Error',
    };
    const parsed = parse({ extensions: { eventHubs: { maxWaitTime: '00:01:00' } } }, settings);
    expect(parsed.eventHubs).toMatchObject({ maxWaitTime: 1_000, maxEventBatchSize: 7 });
    expect(parsed.logLevels).toEqual({ default: 'error' });
  });

  test.each([
    ['a version that is none', { version: '1.0' }],
    ['a least size above the greatest', { extensions: { eventHubs: { minEventBatchSize: 9, maxEventBatchSize: 8 } } }],
    ['a time that is no time span', { extensions: { eventHubs: { maxWaitTime: 30 } } }],
    ['a size of 0', { extensions: { eventHubs: { maxEventBatchSize: 0 } } }],
  ])('is refused with %s', (_, raw) => {
    expect(() => parse(raw)).toThrow(HostError);
  });
});

describe('settings', () => {
  test('a name between percent signs is that setting; one that is missing is an error, not an empty hub name', () => {
    expect(resolveSettings('%A%-%B%', { A: 'x', B: 'y' })).toBe('x-y');
    expect(() => resolveSettings('%A%', { A: '' })).toThrow(/app setting A is not set/);
  });

  test('a connection is a connection string, or a namespace with an identity', () => {
    expect(resolveHubConnection('HUB', { HUB: 'Endpoint=…', HUB__fullyQualifiedNamespace: 'n' })).toEqual({
      kind: 'connectionString',
      connectionString: 'Endpoint=…',
    });
    expect(resolveHubConnection('HUB', { HUB__fullyQualifiedNamespace: 'n', HUB__clientId: 'c' })).toEqual({
      kind: 'identity',
      namespace: 'n',
      clientId: 'c',
    });
  });
});

describe('timers', () => {
  const parse = (schedule: string) => {
    const trigger = { name: 'timer', type: 'timerTrigger', schedule };
    const metadata = { name: 't', bindings: { timer: trigger } };
    return parseTimerFunction({ name: 't', trigger, metadata, handler: () => undefined }, {}).schedule;
  };

  test.each(['0 */5 * * * *', '0 0 9-17 * * MON-FRI', '0,30 0 0 1 JAN *', '0 5/15 * * * *'])('runs %s', (schedule) => {
    expect(parse(schedule)).toBe(schedule);
  });

  test.each([
    '* * * * *',
    '@daily',
    '0 0 0 L * *',
    '0 0 0 * * 7',
    '0 0 0 * * MON#1',
    '0 0 0 15W * *',
    '60 * * * * *',
    '00:05:00',
  ])('refuses %s, which would not run in Azure', (schedule) => {
    expect(() => parse(schedule)).toThrow(HostError);
  });
});

describe('registrations', () => {
  const register = (name: string, bindings: FunctionMetadata['bindings']) => {
    const worker = createWorker(() => undefined);
    return (again = name) => worker.coreApi.registerFunction({ name: again, bindings }, () => undefined);
  };
  const http = { trigger: { type: 'httpTrigger', direction: 'in' }, $return: { type: 'http', direction: 'out' } };

  test.each([
    ['a name with a space', 'web hook', http, /is no name for a function/],
    ['a binding with a hyphen', 'web', { 'my-trigger': http.trigger }, /no name for a binding/],
    ['no trigger', 'web', { $return: http.$return }, /0 triggers/],
    ['two triggers', 'web', { a: http.trigger, b: { type: 'timerTrigger' } }, /2 triggers/],
    ['another output', 'web', { ...http, rows: { type: 'table', direction: 'out' } }, /extra inputs or outputs/],
  ])('one with %s is refused', (_, name, bindings, message) => {
    expect(() => register(name, bindings)()).toThrow(message);
  });

  test('the second of a name is refused, instead of hiding the first', () => {
    const registerWeb = register('web', http);
    registerWeb();
    expect(() => registerWeb()).toThrow(/two functions are registered as "web"/);
    registerWeb('other').dispose();
    registerWeb('other');
  });

  const hubFunction = (binding: object, settings: Record<string, string> = {}, retryOptions?: RpcRetryOptions) => {
    const trigger = { name: 'hub', type: 'eventHubTrigger', connection: 'HUB', eventHubName: '%NAME%', ...binding };
    const metadata = { name: 'seal', bindings: { hub: trigger }, retryOptions };
    return parseEventHubFunction({ name: 'seal', trigger, metadata, handler: () => undefined }, settings);
  };
  const hubSettings = { HUB: 'Endpoint=…', NAME: 'web' };
  const many = { cardinality: 'many', dataType: 'binary' };

  test('an event hub trigger is read with its settings and its retries', () => {
    const retry = { retryStrategy: 'fixedDelay', delayInterval: { seconds: 5 }, maxRetryCount: 3 };
    expect(hubFunction(many, hubSettings, retry)).toMatchObject({
      hub: 'web',
      group: '$Default',
      connection: { kind: 'connectionString' },
      retry: { maxRetryCount: 3, delay: 5_000 },
    });
  });

  test.each([
    ['one event at a time', { dataType: 'binary' }, hubSettings, undefined, /cardinality must be/],
    ['text bodies', { cardinality: 'many' }, hubSettings, undefined, /dataType must be/],
    ['no connection', many, { NAME: 'web' }, undefined, /HUB__fullyQualifiedNamespace/],
    ['no hub', many, { HUB: 'Endpoint=…' }, undefined, /app setting NAME is not set/],
    ['other retries', many, hubSettings, { retryStrategy: 'exponentialBackoff' }, /exponentialBackoff/],
  ])('an event hub trigger with %s is refused', (_, binding, settings, retry, message) => {
    expect(() => hubFunction(binding, settings, retry)).toThrow(message);
  });
});

describe('batches', () => {
  function batcher(minEventBatchSize: number, maxEventBatchSize: number, maxWaitTime = 1_000) {
    const clock = { now: 0 };
    return {
      clock,
      batches: new EventBatcher<number>({ minEventBatchSize, maxEventBatchSize, maxWaitTime }, () => clock.now),
    };
  }

  test('one is due as soon as the least size is there, and is never larger than the greatest', () => {
    const { batches } = batcher(3, 4);
    batches.add([1, 2]);
    expect(batches.next()).toBeUndefined();
    batches.add([3, 4, 5, 6]);
    expect(batches.next()).toEqual([1, 2, 3, 4]);
    expect(batches.next()).toBeUndefined();
  });

  test('a smaller one is due when its first event has waited long enough, and the wait starts anew with the next', () => {
    const { batches, clock } = batcher(3, 4);
    batches.add([1]);
    clock.now = 999;
    batches.add([2]);
    expect(batches.next()).toBeUndefined();
    clock.now = 1_000;
    expect(batches.next()).toEqual([1, 2]);
    clock.now = 9_000;
    expect(batches.next()).toBeUndefined();
    batches.add([3]);
    expect(batches.next()).toBeUndefined();
    clock.now = 10_000;
    expect(batches.next()).toEqual([3]);
  });

  test('no events are never a batch', () => {
    const { batches } = batcher(1, 4);
    batches.add([]);
    expect(batches.next()).toBeUndefined();
  });
});

describe('event hub metadata', () => {
  test.each([
    [0, 0, 0],
    [2 ** 31, -(2 ** 31), 0],
    [2 ** 32 + 1, 1, 1],
    [Number.MAX_SAFE_INTEGER, -1, 2_097_151],
  ])('the sequence number %d in halves', (value, low, high) => {
    expect(toLong(value)).toEqual({ low, high, unsigned: false });
    expect(high * 2 ** 32 + (low >>> 0)).toBe(value);
  });

  test.each([
    [0, '1970-01-01T00:00:00'],
    [120, '1970-01-01T00:00:00.12'],
    [10_000, '1970-01-01T00:00:10'],
    [1, '1970-01-01T00:00:00.001'],
  ])('%d ms, in the form of a .NET time without a zone', (time, text) => {
    expect(formatDotNetTime(new Date(time))).toBe(text);
  });

  test('every body becomes bytes, and none is left out', () => {
    const bodies = [Buffer.from('a'), new Uint8Array([1, 2]).subarray(1), undefined, 'text', { json: 1 }];
    const data = toCollectionBytes(bodies.map((body) => ({ body }) as never));
    expect(data.collectionBytes?.bytes.map((bytes) => Buffer.from(bytes).toString('latin1'))).toEqual([
      'a',
      '\u0002',
      '',
      'text',
      '{"json":1}',
    ]);
  });
});

describe('retries', () => {
  test('the first attempt has no retry context, the next have the number and the reason', async () => {
    const contexts: unknown[] = [];
    const outcome = await runWithRetries({ maxRetryCount: 1, delay: 0 }, new AbortController().signal, (context) => {
      contexts.push(context);
      return Promise.reject(new Error(`attempt ${contexts.length}`));
    });
    expect(outcome).toMatchObject({ kind: 'failed', error: new Error('attempt 2') });
    expect(contexts).toEqual([
      undefined,
      { retryCount: 1, maxRetryCount: 1, exception: expect.objectContaining({ message: 'attempt 1' }) },
    ]);
  });

  test('a stop ends the waiting, and the outcome is open: no checkpoint may follow', async () => {
    const stopping = new AbortController();
    const outcome = runWithRetries({ maxRetryCount: -1, delay: 3_600_000 }, stopping.signal, () => {
      stopping.abort();
      return Promise.reject(new Error('failed'));
    });
    expect(await outcome).toEqual({ kind: 'stopped' });
  });
});

test('the log keeps what the longest category allows', () => {
  const lines: string[] = [];
  const log = createLog({
    app: 'seal',
    levels: { default: 'error', Function: 'warning', 'Function.seal-web.User': 'none' },
    now: () => new Date(0),
    write: (line) => lines.push(line),
  });
  log({ level: 'warning', category: 'Host', message: 'not this' });
  log({ level: 'warning', category: 'Function.seal-web', message: 'this', invocationId: 'i' });
  log({ level: 'critical', category: 'Function.seal-web.User', message: 'nor this' });
  expect(lines).toEqual([
    '{"time":"1970-01-01T00:00:00.000Z","level":"warning","app":"seal","category":"Function.seal-web","message":"this","invocationId":"i"}\n',
  ]);
});

test('the limit of a body is what GitHub may send', () => {
  expect(DEFAULT_LIMITS.maxBodyBytes).toBe(26_214_400);
});

test('a checkpoint’s path cannot leave its folder, whatever a hub or a group is called', () => {
  const path = checkpointPath('/data', {
    namespace: 'localhost',
    hub: '../../etc',
    group: '$Default',
    partitionId: '0',
  });
  expect(path).toBe('/data/checkpoints/localhost/..%2F..%2Fetc/%24default/0.json');
});
