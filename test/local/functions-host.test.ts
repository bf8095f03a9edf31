import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MAX_BODY_BYTES, answerRequest } from '../../shared/collect/http.ts';
import { startHostProcess } from './functions-host-process.ts';
import type { HostProcess } from './functions-host-process.ts';

const HOST_KEY = 'the-host-key';

let host: HostProcess;

beforeAll(async () => {
  host = await startHostProcess({
    entryPoints: ['hooks', 'http', 'seen', 'timers', 'event-grid'],
    settings: { BY_HAND_SCHEDULE: '0 0 0 1 1 *' },
  });
});

afterAll(() => host.stop());

/** A request whose headers and body are exactly these; resolves with the answer. */
async function send(to: HostProcess, options: RequestOptions, body?: Buffer | string) {
  const outgoing = request({ host: '127.0.0.1', port: to.port, agent: false, ...options });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.end(body);
  const [response] = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

describe('http triggers', () => {
  test('a function gets the request as it came: method, address, headers and every byte of the body', async () => {
    const body = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x0d, 0x0a]);
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const response = await send(
      host,
      {
        method: 'POST',
        path: '/api/echo/a%2Fb%20c/d?x=1&x=2&empty=',
        headers: { 'content-length': body.length, 'X-Twice': ['one', 'two'], traceparent: trace },
      },
      body,
    );
    expect(response.status).toBe(201);
    expect(response.headers).toMatchObject({ 'x-made-by': 'echo', 'content-type': 'application/json' });
    expect(JSON.parse(response.body.toString())).toEqual({
      method: 'POST',
      url: `${host.url}/api/echo/a%2Fb%20c/d?x=1&x=2&empty=`,
      query: { x: '1,2', empty: '' },
      params: { first: 'a%2Fb c', second: 'd' },
      headers: expect.objectContaining({ 'x-twice': 'one,two', 'content-length': '6' }),
      body: 'ff00c3280d0a',
      traceParent: trace,
      functionName: 'echo',
      route: 'echo/{first}/{second?}',
    });
  });

  test('the most literal of several routes answers, or the rest would hide them all', async () => {
    expect(await (await fetch(`${host.url}/api/Echo/Literal`)).text()).toBe('the literal route');
    expect(await (await fetch(`${host.url}/api/echo/a/b/c%20d`)).text()).toBe('a/b/c d');
    expect((await fetch(`${host.url}/api/echo/one`)).status).toBe(201);
  });

  test('a path or a method that no function has is 404, as in Azure', async () => {
    expect((await fetch(`${host.url}/api/nowhere`)).status).toBe(404);
    expect((await fetch(`${host.url}/echo/a`)).status).toBe(404);
    expect((await fetch(`${host.url}/api/echo/a`, { method: 'DELETE' })).status).toBe(404);
  });

  test('a response keeps its bytes; nothing returned is 204; a status without a body sends none', async () => {
    const bytes = await fetch(`${host.url}/api/bytes`);
    expect(Buffer.from(await bytes.arrayBuffer()).toString('hex')).toBe('00ff0d0a');
    expect((await fetch(`${host.url}/api/nothing`)).status).toBe(204);
    const empty = await send(host, { path: '/api/empty' });
    expect([empty.status, empty.body.length]).toEqual([304, 0]);
  });

  test('an exception is 500 and tells the caller nothing', async () => {
    for (const name of ['fails', 'cookie']) {
      const response = await fetch(`${host.url}/api/${name}`);
      expect([response.status, await response.text()]).toEqual([500, '']);
    }
    expect(host.logs().some((line) => line.category === 'Function.fails' && line.message.includes('business'))).toBe(
      true,
    );
  });

  test('a path or host that is no address is refused, not thrown', async () => {
    expect((await send(host, { path: '/api/echo/%ff%zz', headers: { host: 'a b' } })).status).toBe(400);
    expect((await send(host, { path: '/api/echo/%ff%zz' })).status).toBe(201);
    expect((await send(host, { path: '//api/echo/a' })).status).toBe(404);
  });

  test('what a function logs is one JSON line with its invocation, and standard output holds the ready line alone', async () => {
    await fetch(`${host.url}/api/talks`);
    const lines = host.logs();
    const line = lines.find((entry) => entry.category === 'Function.talks.User');
    expect(line).toMatchObject({ level: 'information', message: 'a hook counted 3' });
    expect(line?.invocationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(lines).toContainEqual(expect.objectContaining({ category: 'Console', message: 'to the console' }));
    expect(lines.filter((entry) => entry.message.includes('not written'))).toEqual([]);
    expect(host.stdout().trim().split('\n')).toHaveLength(1);
  });

  test('hooks run around an invocation and may change its input and its result', async () => {
    const response = await fetch(`${host.url}/api/hooked`);
    expect(await response.json()).toEqual({ was: { body: 'other input' }, note: 'from before' });
    expect((await host.seen())[0]).toBe('app started');
  });

  test('the ready line tells the front door every function, its route and its kind', () => {
    expect(host.functions).toContainEqual({
      name: 'echo',
      kind: 'http',
      route: '/api/echo/{first}/{second?}',
      methods: ['GET', 'POST', 'PUT'],
      authLevel: 'anonymous',
    });
    expect(host.functions).toContainEqual({ name: 'by-hand', kind: 'timer', schedule: '0 0 0 1 1 *' });
    expect(host.functions).toContainEqual({ name: 'observe', kind: 'eventGrid' });
  });
});

describe('what stands before the app', () => {
  let limited: HostProcess;

  beforeAll(async () => {
    limited = await startHostProcess({
      entryPoints: ['http', 'seen'],
      hostKey: HOST_KEY,
      hostJson: { extensions: { http: { routePrefix: 'v1' } } },
      limits: { maxBodyBytes: 1000, headersTimeout: 300, requestTimeout: 600 },
    });
  });

  afterAll(() => limited.stop());

  const echoes = async () => {
    const response = await fetch(`${limited.url}/v1/seen`);
    return ((await response.json()) as string[]).length;
  };

  test('a body of unknown length is 411, before any of our code', async () => {
    const before = await echoes();
    const chunked = { method: 'POST', path: '/v1/echo/a', headers: { 'transfer-encoding': 'chunked' } };
    expect((await send(limited, chunked, 'hello')).status).toBe(411);
    expect((await send(limited, { ...chunked, method: 'GET' }, 'hello')).status).toBe(411);
    const socket = connect(limited.port, '127.0.0.1');
    socket.write('POST /v1/echo/a HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 411 /);
    socket.destroy();
    expect(await echoes()).toBe(before);
  });

  test('a body above the limit is 413 by its header alone, before it is sent', async () => {
    const before = await echoes();
    const options = { method: 'POST', path: '/v1/echo/a' };
    const outgoing = request({ port: limited.port, host: '127.0.0.1', agent: false, ...options });
    outgoing.setHeader('content-length', 1001);
    outgoing.flushHeaders();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    outgoing.on('error', () => undefined);
    outgoing.destroy();
    expect(await echoes()).toBe(before);
    expect((await send(limited, options, Buffer.alloc(1000))).status).toBe(201);
  });

  test('a refusal of the host is worded otherwise than that of our functions in Azure: callers would read two forms', async () => {
    const none = { count: () => undefined, log: () => undefined };
    const context = { error: () => undefined };
    for (const [headers, body] of [
      [{ 'transfer-encoding': 'chunked' }, 'hello'],
      [{ 'content-length': String(MAX_BODY_BYTES + 1) }, undefined],
    ] as const) {
      const ours = await answerRequest(
        { headers: new Headers(headers), params: {}, arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)) },
        context,
        () => Promise.resolve({ app: 'collect', telemetry: none }),
        () => Promise.resolve({}),
      );
      const outgoing = request({
        port: host.port,
        host: '127.0.0.1',
        agent: false,
        method: 'POST',
        path: '/',
        headers,
      });
      outgoing.on('error', () => undefined);
      outgoing.flushHeaders();
      if (body !== undefined) outgoing.end(body);
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      const chunks = await response.toArray();
      outgoing.destroy();
      expect({
        status: response.statusCode,
        type: response.headers['content-type'],
        jsonBody: JSON.parse(Buffer.concat(chunks).toString()) as unknown,
      }).toEqual({ status: ours.status, type: 'application/json', jsonBody: ours.jsonBody });
    }
  });

  test('a sender that does not wait still reads the 413, instead of a broken connection', async () => {
    const large = Buffer.alloc(4_000_000);
    const options = { method: 'PUT', path: '/v1/echo/a', headers: { 'content-length': large.length } };
    expect((await send(limited, options, large)).status).toBe(413);
  });

  test('a sender that asks first is told to go on only where the body will be taken', async () => {
    const ask = async (length: number) => {
      const headers = { 'content-length': length, expect: '100-continue' };
      const outgoing = request({
        port: limited.port,
        host: '127.0.0.1',
        agent: false,
        method: 'POST',
        path: '/v1/echo/a',
        headers,
      });
      let goOn = false;
      outgoing.on('continue', () => {
        goOn = true;
        outgoing.end(Buffer.alloc(length));
      });
      outgoing.flushHeaders();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      outgoing.on('error', () => undefined);
      response.resume();
      outgoing.destroy();
      return [goOn, response.statusCode];
    };
    expect(await ask(10)).toEqual([true, 201]);
    expect(await ask(1001)).toEqual([false, 413]);
  });

  test.each([
    ['headers', 'POST /v1/echo/a HTTP/1.1\r\nHost: x\r\n'],
    ['a body', 'POST /v1/echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'],
  ])('a sender that stops amid %s is let go with 408', async (_, text) => {
    const before = await echoes();
    const socket = connect(limited.port, '127.0.0.1');
    socket.write(text);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
    expect(await echoes()).toBe(before);
  });

  test('a function that is not anonymous, the timers and Event Grid’s webhook want the host key', async () => {
    const statusOf = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${limited.url}${path}`, { headers })).status;
    expect(await statusOf('/v1/keyed')).toBe(401);
    expect(await statusOf('/v1/keyed?code=guess')).toBe(401);
    expect(await statusOf(`/v1/keyed?code=${HOST_KEY}`)).toBe(200);
    expect(await statusOf('/v1/keyed', { 'x-functions-key': HOST_KEY })).toBe(200);
    expect(await statusOf('/admin/functions/by-hand')).toBe(401);
    expect(await statusOf('/runtime/webhooks/EventGrid?functionName=x')).toBe(401);
    expect(await statusOf('/api/echo/a')).toBe(404);
    expect((await fetch(`${host.url}/api/keyed?code=`)).status).toBe(401);
  });
});

describe('timers', () => {
  const fire = (name: string, query = '?wait=1') =>
    fetch(`${host.url}/admin/functions/${name}${query}`, { method: 'POST' });

  test('one that is fired by hand runs, with the real host’s timer object', async () => {
    expect((await fire('by-hand')).status).toBe(200);
    expect(await host.seen()).toContainEqual({
      byHand: {
        schedule: { adjustForDST: true },
        scheduleStatus: {
          last: '0001-01-01T00:00:00+00:00',
          lastUpdated: '0001-01-01T00:00:00+00:00',
          next: expect.stringMatching(/^\d{4}-01-01T00:00:00\.000Z$/),
        },
        isPastDue: false,
      },
    });
  });

  test('firing answers before the run has ended, unless it is to wait; then a failure is told', async () => {
    expect((await fire('timer-fails', '')).status).toBe(202);
    const failed = await fire('timer-fails');
    expect([failed.status, await failed.text()]).toEqual([500, 'the timer’s own words']);
    expect((await fire('nobody')).status).toBe(404);
    expect((await fetch(`${host.url}/admin/functions/timer-fails`)).status).toBe(405);
  });

  test('a retry policy is kept, and every retry knows its number', async () => {
    expect((await fire('fails-twice')).status).toBe(200);
    const attempts = (await host.seen<{ attempt?: number | null }>()).filter((entry) => entry.attempt !== undefined);
    expect(attempts).toEqual([
      { attempt: null, of: null },
      { attempt: 1, of: 2 },
      { attempt: 2, of: 2 },
    ]);
  });

  test('a function never runs twice at once, by schedule or by hand', async () => {
    await Promise.all([fire('every-second'), fire('every-second')]);
    const runs = (await host.seen<{ name?: string; active: number }>()).filter(
      (entry) => entry.name === 'every-second',
    );
    expect(runs.length).toBeGreaterThanOrEqual(2);
    expect(runs.every((run) => run.active === 1)).toBe(true);
  });

  test('ticks come by schedule; a start runs only those that ask for it', async () => {
    await vi.waitFor(
      async () => expect(await host.seen()).toContainEqual(expect.objectContaining({ name: 'every-second' })),
      5_000,
    );
    expect((await host.seen()).filter((entry) => entry === 'at-start')).toHaveLength(1);
  });
});

describe('Event Grid', () => {
  const address = (name = 'observe') => `${host.url}/runtime/webhooks/EventGrid?functionName=${name}`;
  const post = (body: unknown, headers: Record<string, string> = { 'aeg-event-type': 'Notification' }, name?: string) =>
    fetch(address(name), { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const eventsSeen = async () =>
    (await host.seen<{ event?: { id: string }; data?: unknown }>()).filter((entry) => entry.event !== undefined);

  test('answers the validation of a subscription, in both schemas, or Event Grid delivers nothing', async () => {
    const headers = { 'aeg-event-type': 'SubscriptionValidation' };
    const event = {
      id: '1',
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      data: { validationCode: 'abc' },
    };
    expect(await (await post([event], headers)).json()).toEqual({ validationResponse: 'abc' });
    const inText = { ...event, data: JSON.stringify({ validationCode: 'def' }) };
    expect(await (await post(inText, headers)).json()).toEqual({ validationResponse: 'def' });
    expect((await post([{ id: '1' }], headers)).status).toBe(400);
  });

  test('answers the handshake of CloudEvents', async () => {
    const headers = { 'WebHook-Request-Origin': 'eventgrid.azure.net', 'WebHook-Request-Rate': '120' };
    const response = await fetch(address(), { method: 'OPTIONS', headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net');
    expect(response.headers.get('webhook-allowed-rate')).toBe('120');
    expect((await fetch(address(), { method: 'OPTIONS' })).status).toBe(400);
  });

  test('each event of a delivery is one invocation, whatever the schema', async () => {
    const cloudEvent = (id: string) => ({ specversion: '1.0', id, type: 't', source: 's', data: { n: 1 } });
    const single = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
    const batch = { 'content-type': 'application/cloudevents-batch+json', 'aeg-event-type': 'Notification' };
    expect((await post([{ id: 'grid-1', data: { a: 'b' } }, { id: 'grid-2' }])).status).toBe(202);
    expect((await post(cloudEvent('cloud-1'), single)).status).toBe(202);
    expect((await post([cloudEvent('cloud-2'), cloudEvent('cloud-3')], batch)).status).toBe(202);
    const seen = await eventsSeen();
    expect(seen.map((entry) => String(entry.event?.id)).sort()).toEqual([
      'cloud-1',
      'cloud-2',
      'cloud-3',
      'grid-1',
      'grid-2',
    ]);
    expect(seen).toContainEqual({ event: { id: 'grid-1', data: { a: 'b' } }, data: { a: 'b' } });
  });

  test('a function that fails is 500, so that Event Grid delivers again', async () => {
    const response = await post([{ id: 'good' }, { id: 'bad', data: { fail: true } }]);
    expect([response.status, await response.text()]).toEqual([500, 'this event is not for me']);
  });

  test.each([
    ['no JSON', '{'],
    ['no object', '[1]'],
    ['null', 'null'],
    ['nested until JSON.stringify overflows', `[{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}]`],
  ])('a body that is no events is 400: %s', async (_, body) => {
    expect((await post(body)).status).toBe(400);
  });

  test('what is no delivery is refused', async () => {
    expect((await post([{}], {})).status).toBe(400);
    expect((await post([], { 'aeg-event-type': 'Unsubscribe' })).status).toBe(202);
    expect((await post([{}], undefined, 'nobody')).status).toBe(404);
    expect((await fetch(address())).status).toBe(404);
  });
});

describe('a start that cannot succeed says why, where the real host would run without functions', () => {
  test.each([
    ['throws', /broken\.ts failed while it was loaded: the settings are wrong/],
    ['registers nothing', /no function is registered/],
    ['has a trigger of another kind', /\\"queue\\" has a queueTrigger/],
    ['names a setting that is missing', /the app setting NOT_SET is not set/],
    ['streams', /enableHttpStream/],
  ])('an app that %s', async (BROKEN, message) => {
    await expect(startHostProcess({ entryPoints: ['broken'], settings: { BROKEN } })).rejects.toThrow(message);
  });

  test('a host.json that is wrong', async () => {
    const hostJson = { version: '1.0', extensions: { eventHubs: { maxWaitTime: 30 } } };
    await expect(startHostProcess({ entryPoints: ['http'], hostJson })).rejects.toThrow(/maxWaitTime/);
  });
});

describe('the end of a host', () => {
  test('SIGTERM lets what runs come to its end, then exits with 0', async () => {
    const ending = await startHostProcess({ entryPoints: ['http', 'seen'] });
    const answer = fetch(`${ending.url}/api/slow`);
    await vi.waitFor(async () => expect(await ending.seen()).toContain('slow began'), 5_000);
    const code = ending.stop();
    expect(await (await answer).text()).toBe('ended in its own time');
    expect(await code).toBe(0);
    await expect(fetch(`${ending.url}/api/seen`)).rejects.toThrow('fetch failed');
  });

  test('a host whose parent is gone ends too, instead of reading the hub behind the next stack’s back', async () => {
    const orphan = await startHostProcess({ entryPoints: ['http'] });
    orphan.process.disconnect();
    expect(await orphan.exited).toBe(0);
  });

  test('a log that nobody reads for a while fails no invocation: a full pipe is waited for', async () => {
    const talking = await startHostProcess({ entryPoints: ['http'] });
    talking.process.stderr?.pause();
    const answers = Promise.all(Array.from({ length: 1_500 }, () => fetch(`${talking.url}/api/talks`)));
    // Long enough to fill any pipe; a host that waits answers none of the rest before it is read.
    await Promise.race([answers, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    talking.process.stderr?.resume();
    expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set([200]));
    expect(await talking.stop()).toBe(0);
  });

  test('a rejection that nobody handles ends the process, as it ends the real worker', async () => {
    const ending = await startHostProcess({ entryPoints: ['http'] });
    await expect(fetch(`${ending.url}/api/rejects`)).rejects.toThrow('fetch failed');
    expect(await ending.exited).toBe(1);
    expect(ending.logs().at(-1)).toMatchObject({
      level: 'critical',
      message: expect.stringContaining('nobody handles'),
    });
  });
});

test('an app that was bundled, library and all, finds its host', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'functions-bundle-'));
  await build({
    entryPoints: [join(import.meta.dirname, '../fixtures/functions/seen.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@azure/functions-core'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const bundled = await startHostProcess({ entryPoints: [join(folder, 'seen.mjs')] });
  expect(await bundled.seen()).toEqual([]);
  expect(await bundled.stop()).toBe(0);
  await rm(folder, { recursive: true });
});
