import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startFrontDoor } from '../../local/front-door.ts';
import type { FrontDoor } from '../../local/front-door.ts';
import { startHostProcess } from './functions-host-process.ts';
import type { HostProcess } from './functions-host-process.ts';

const MAX = 25 * 1024 * 1024;
const START = 'POST /api/echo/a HTTP/1.1\r\nHost: x\r\n';

describe('the front door, with a host behind it', () => {
  let host: HostProcess;
  let door: FrontDoor;

  beforeAll(async () => {
    host = await startHostProcess({ entryPoints: ['http', 'seen'] });
    door = await startFrontDoor(0, () => [host]);
  });
  afterAll(async () => {
    await door.stop();
    await host.stop();
  });

  /** What comes back first for exactly these bytes; the sender waits for it before it sends more. */
  async function exchange(socket: Socket, bytes: string | Buffer): Promise<string> {
    socket.write(bytes);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString().split('\r\n')[0] ?? '';
  }

  async function answerTo(bytes: string): Promise<string> {
    const socket = connect(door.port, '127.0.0.1');
    try {
      return await exchange(socket, bytes);
    } finally {
      socket.destroy();
    }
  }

  const calls = async () => ((await (await fetch(`${host.url}/api/seen`)).json()) as string[]).length;

  test.each([
    ['a body above the limit, by its header alone, before any of it is sent', `Content-Length: ${MAX + 1}\r\n`, 413],
    [
      'the same of a sender that asks first: 100 Continue would have it send',
      `Content-Length: ${MAX + 1}\r\nExpect: 100-continue\r\n`,
      413,
    ],
    ['a body of unknown length', 'Transfer-Encoding: chunked\r\n', 411],
    ['a request that says nothing of a body', '', 411],
  ])('lets the host refuse %s', async (_what, headers, status) => {
    const before = await calls();
    expect(await answerTo(`${START}${headers}\r\n`)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(await calls()).toBe(before);
  });

  test('passes on an empty body that says so', async () => {
    expect(await answerTo(`${START}Content-Length: 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 201 /);
  });

  test('passes on that the host wants the body, and then the body: a sender that waits would wait for good', async () => {
    const socket = connect(door.port, '127.0.0.1');
    const headers = 'Content-Length: 5\r\nExpect: 100-continue\r\n';
    expect(await exchange(socket, `${START}${headers}\r\n`)).toBe('HTTP/1.1 100 Continue');
    expect(await exchange(socket, 'hello')).toMatch(/^HTTP\/1\.1 201 /);
    socket.destroy();
  });

  test('gives a sender that does not wait the 413, instead of a broken connection', async () => {
    const outgoing = request({ host: '127.0.0.1', port: door.port, method: 'POST', path: '/api/echo/a', agent: false });
    outgoing.end(Buffer.alloc(MAX + 1));
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(413);
    answer.resume();
    await once(outgoing, 'close');
    expect(outgoing.writableFinished).toBe(true);
  });

  test('keeps a connection of good requests open, each with an answer of its own', async () => {
    const socket = connect(door.port, '127.0.0.1');
    for (const body of ['one', 'three']) {
      const bytes = `${START}Content-Length: ${body.length}\r\n\r\n${body}`;
      expect(await exchange(socket, bytes)).toMatch(/^HTTP\/1\.1 201 /);
    }
    socket.destroy();
  });

  test('passes on what a sender says of its own connection: the next on the host’s would be cut off', async () => {
    const own = 'Connection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 0\r\n';
    const socket = connect(door.port, '127.0.0.1');
    socket.write(`${START}${own}\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    const { headers } = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as {
      headers: Record<string, string>;
    };
    expect(headers).not.toHaveProperty('x-hop');
    expect(headers['connection']).not.toBe('close, X-Hop');
  });
});
