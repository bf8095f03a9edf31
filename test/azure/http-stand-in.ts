import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An HTTP server that answers as a test says, and remembers what it was asked. */
export interface HttpStandIn {
  readonly port: number;
  readonly requests: SeenRequest[];
  stop(): Promise<void>;
}

export type Respond = (request: SeenRequest, response: ServerResponse, socket: IncomingMessage['socket']) => void;

export async function startHttp(respond: Respond): Promise<HttpStandIn> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(chunks) };
      requests.push(request);
      respond(request, outgoing, incoming.socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A key that must never reach a message or a log line. */
export const ACCOUNT_KEY = Buffer.from('the secret key of the test account').toString('base64');

/** A connection string for a storage stand-in. */
export function storageConnection(port: number): { name: string; connectionString: string } {
  const connectionString = [
    `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=${ACCOUNT_KEY}`,
    `BlobEndpoint=http://127.0.0.1:${port}/account`,
    `TableEndpoint=http://127.0.0.1:${port}/account`,
  ].join(';');
  return { name: 'TEST', connectionString };
}
