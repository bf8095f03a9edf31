import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { z } from 'zod';

import { SettingsError } from '../../shared/errors.ts';
import { sendFault } from './send-fault.ts';
import type { EventHubs } from './server.ts';

const BODY_LIMIT = 64 * 1024;
const number = z.int().nonnegative();

const request = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('set-fault'), hub: z.string(), fault: sendFault }),
  z.strictObject({ do: z.literal('clear-fault'), hub: z.string() }),
  z.strictObject({ do: z.literal('cut'), hub: z.string(), partition: z.string(), before: number }),
  z.strictObject({ do: z.literal('cut-older'), hub: z.string(), partition: z.string(), olderThan: number }),
  z.strictObject({ do: z.literal('recreate'), hub: z.string() }),
  z.strictObject({ do: z.literal('close-connections') }),
]);
/** What the admin port can be asked to do: the methods of EventHubs, for a stand-in that runs as a process of its own. */
export type AdminRequest = z.infer<typeof request>;

/**
 * Serves `POST /` with an AdminRequest and `GET /`; both answer 200 with the state of all hubs, after the deed. 400 says why a
 * request was refused, 404 that there is no such hub or partition. On 127.0.0.1, at a free port.
 */
export async function startAdmin(hubs: EventHubs): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const answer = (status: number, body: unknown): void => {
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    handle(incoming, hubs).then(
      () => answer(200, hubs.state()),
      (error: unknown) => {
        if (error instanceof BadRequest) answer(400, { error: error.message });
        else if (error instanceof SettingsError) answer(404, { error: error.message });
        else answer(500, { error: error instanceof Error ? error.message : String(error) });
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

async function handle(incoming: IncomingMessage, hubs: EventHubs): Promise<void> {
  if (incoming.method === 'GET') return;
  // A page in a browser cannot send this type across origins without being asked first.
  if (incoming.method !== 'POST' || incoming.headers['content-type'] !== 'application/json') {
    throw new BadRequest('Send a POST with content-type application/json, or a GET for the state.');
  }
  const asked = parseRequest(await readBody(incoming));
  switch (asked.do) {
    case 'set-fault':
      return hubs.setFault(asked.hub, asked.fault);
    case 'clear-fault':
      return hubs.setFault(asked.hub, undefined);
    case 'cut':
      return hubs.cut(asked.hub, asked.partition, { before: asked.before });
    case 'cut-older':
      return hubs.cut(asked.hub, asked.partition, { olderThan: asked.olderThan });
    case 'recreate':
      return hubs.recreate(asked.hub);
    case 'close-connections':
      return hubs.closeConnections();
  }
}

function parseRequest(text: string): AdminRequest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadRequest('The body is no JSON.');
  }
  const parsed = request.safeParse(json);
  if (!parsed.success) throw new BadRequest(z.prettifyError(parsed.error));
  return parsed.data;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new BadRequest(`The body is longer than ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
