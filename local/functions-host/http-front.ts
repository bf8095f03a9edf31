import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { messageOf } from './host-error.ts';
import type { Log } from './log.ts';

/** A request whose body is there as a whole; `url.pathname` is as it came. */
export interface HostRequest {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names; values of repeated headers joined by a comma, as the real host does. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface HostResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** Sizes in bytes, times in milliseconds. */
export interface HttpLimits {
  /** By Content-Length; more is refused with 413. GitHub sends at most 25 MiB. */
  readonly maxBodyBytes: number;
  /** For the headers, and for the whole request; slower is ended with 408. */
  readonly headersTimeout: number;
  readonly requestTimeout: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  maxBodyBytes: 25 * 1024 * 1024,
  headersTimeout: 30_000,
  requestTimeout: 60_000,
};

/** How long the rest of a refused body is read and thrown away, so that its sender gets to read the answer. */
const LINGER_MS = 2_000;

/** The connection is this server's, and the length is that of the body: a function's word on either would contradict. */
const OWN_HEADERS = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);

const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * An HTTP server, not yet listening. A body without a Content-Length is refused with 411 and one that is too large with 413, by
 * the header alone, in the words of our functions: in Azure they refuse these themselves, for nothing before them does, and no
 * caller shall see a difference. Any other body is read as a whole before `handle` is called. Where `handle` throws, the answer
 * is 500.
 */
export function createHttpFront(
  limits: HttpLimits,
  log: Log,
  handle: (request: HostRequest) => Promise<HostResponse>,
): Server {
  const listener = (incoming: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void => {
    answer(incoming, response, awaitsContinue).catch((error: unknown) => {
      log({ level: 'warning', category: 'Host', message: `a request ended early: ${messageOf(error)}` });
      response.destroy();
    });
  };

  async function answer(incoming: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Promise<void> {
    const refused = refuse(incoming, limits);
    if (refused !== undefined) {
      // Closing at once would reset the connection under a sender that is still writing, before it saw the answer.
      response.shouldKeepAlive = true;
      send(response, refused);
      linger(incoming);
      return;
    }
    if (awaitsContinue) response.writeContinue();
    const body = await readBody(incoming);
    const url = parseUrl(incoming);
    if (url === undefined) {
      send(response, { status: 400, body: 'The host or path cannot be read.' });
      return;
    }
    let result: HostResponse;
    try {
      result = await handle({ method: incoming.method ?? 'GET', url, headers: joinHeaders(incoming.rawHeaders), body });
    } catch (error) {
      log({
        level: 'error',
        category: 'Host',
        message: `${incoming.method} ${url.pathname} failed: ${messageOf(error)}`,
      });
      result = { status: 500 };
    }
    // A connection that is kept would hold up the end of a host that stops.
    if (!server.listening) response.shouldKeepAlive = false;
    send(response, result);
  }

  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: Math.min(1_000, limits.headersTimeout),
  });
  server.on('request', (incoming, response) => listener(incoming, response, false));
  server.on('checkContinue', (incoming, response) => listener(incoming, response, true));
  return server;
}

function refuse(incoming: IncomingMessage, limits: HttpLimits): HostResponse | undefined {
  const length = incoming.headers['content-length'];
  const chunked = incoming.headers['transfer-encoding'] !== undefined;
  if (chunked || (length === undefined && METHODS_WITH_BODY.has(incoming.method ?? ''))) {
    return refusal(411, 'Send a Content-Length: bodies of unknown length are not taken.');
  }
  if (length !== undefined && Number(length) > limits.maxBodyBytes) {
    return refusal(413, `The body has ${Number(length)} bytes; at most ${limits.maxBodyBytes} are taken.`);
  }
  return undefined;
}

function refusal(status: number, error: string): HostResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function linger(incoming: IncomingMessage): void {
  if (incoming.complete) return;
  incoming.resume();
  const timer = setTimeout(() => incoming.socket.destroy(), LINGER_MS);
  incoming.once('close', () => clearTimeout(timer));
}

/** The address as the real host gives it to a function: by the Host header, never trusted further than that. */
function parseUrl(incoming: IncomingMessage): URL | undefined {
  const path = incoming.url ?? '';
  const host = incoming.headers.host ?? 'localhost';
  if (!path.startsWith('/') || /[/?#\\@]/.test(host)) return undefined;
  return URL.parse(`http://${host}${path}`) ?? undefined;
}

function joinHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function send(response: ServerResponse, result: HostResponse): void {
  const body = result.body ?? '';
  response.statusCode = result.status;
  if (typeof result.body === 'string') response.setHeader('content-type', 'text/plain; charset=utf-8');
  for (const [name, value] of Object.entries(result.headers ?? {})) {
    if (!OWN_HEADERS.has(name.toLowerCase())) response.setHeader(name, value);
  }
  if (result.status !== 204 && result.status !== 304) response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}
