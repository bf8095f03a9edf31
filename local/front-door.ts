import { Agent, createServer, request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FunctionSummary } from './functions-host/host.ts';
import { compareRoutes, matchRoute, parseRoute } from './functions-host/route.ts';

/** A function app behind the door. */
export interface AppBehind {
  readonly port: number;
  readonly functions: readonly FunctionSummary[];
}

export interface FrontDoor {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * One port for all function apps of the stack: in Azure each has an address of its own, here the path tells them apart.
 * Passes everything on as it comes, so that what the host refuses by its headers is refused here too.
 */
export async function startFrontDoor(port: number, apps: () => readonly AppBehind[]): Promise<FrontDoor> {
  const agent = new Agent({ keepAlive: true });
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    const target = portFor(apps(), incoming);
    if (target === undefined) {
      incoming.resume();
      response.writeHead(404, { 'content-type': 'text/plain' }).end('No function has this path and method.\n');
      return;
    }
    pass(incoming, response, target, agent);
  };
  const server = createServer(listener);
  // Without this Node would tell the sender to go on; that is for the hosts behind to say.
  server.on('checkContinue', listener);
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      agent.destroy();
      await closed;
    },
  };
}

function portFor(apps: readonly AppBehind[], incoming: IncomingMessage): number | undefined {
  const url = URL.parse(incoming.url ?? '', 'http://localhost');
  if (url === null) return undefined;
  const byName = (name: string | null) =>
    apps.find((app) => app.functions.some((each) => each.name.toLowerCase() === name?.toLowerCase()))?.port;
  if (url.pathname.startsWith('/admin/functions/')) return byName(url.pathname.split('/')[3] ?? null);
  if (url.pathname.toLowerCase() === '/runtime/webhooks/eventgrid') return byName(url.searchParams.get('functionName'));
  const matches = apps.flatMap((app) =>
    app.functions.flatMap((each) => {
      if (each.kind !== 'http') return [];
      const route = parseRoute(each.route);
      if (matchRoute(route, url.pathname) === undefined) return [];
      return [{ route, port: app.port, fits: each.methods.some((m) => m.toUpperCase() === incoming.method) }];
    }),
  );
  // A wrong method goes to a host that has the path: it answers as Azure does.
  matches.sort((a, b) => Number(b.fits) - Number(a.fits) || compareRoutes(a.route, b.route));
  return matches[0]?.port;
}

function pass(incoming: IncomingMessage, response: ServerResponse, port: number, agent: Agent): void {
  const { expect, ...headers } = endToEnd(incoming.headers);
  const outgoing = request(
    { host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers, agent },
    (answer) => {
      // Refused before all was sent: closing would reset the connection under a sender that has not read why.
      if (!outgoing.writableFinished) response.shouldKeepAlive = true;
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      answer.pipe(response);
      answer.on('error', () => response.destroy());
      answer.on('end', () => {
        if (outgoing.writableFinished) return;
        // The rest is read and thrown away.
        incoming.unpipe(outgoing);
        incoming.resume();
        outgoing.destroy();
      });
    },
  );
  outgoing.on('error', () => {
    // A host that has refused reads no further: what could not be sent to it changes nothing of its answer.
    if (response.headersSent) return;
    response.writeHead(503, { 'content-type': 'text/plain' }).end('The function app does not answer; try again.\n');
  });
  outgoing.on('continue', () => response.writeContinue());
  // Node would add to a request that says nothing of a body a header that does.
  if (headers['content-length'] === undefined) outgoing.removeHeader('content-length');
  if (headers['transfer-encoding'] === undefined) outgoing.removeHeader('transfer-encoding');
  // Given at once, it would send the headers before those two are gone.
  if (expect !== undefined) outgoing.setHeader('expect', expect);
  incoming.on('error', () => outgoing.destroy());
  // Before there is a body: the host may refuse it by its headers.
  outgoing.flushHeaders();
  incoming.pipe(outgoing);
}

/**
 * Without what a sender says of its own connection alone (RFC 9110, 7.6.1): each side has another one. How a body's end is
 * told stays, for it is passed on as it comes.
 */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((each) => each.trim().toLowerCase());
  const own = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', ...named]);
  own.delete('content-length');
  own.delete('transfer-encoding');
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.has(name)));
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
