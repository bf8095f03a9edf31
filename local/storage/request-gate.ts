import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

type StorageService = 'blob' | 'table';

/**
 * What goes wrong with one coming request. `path` is tried against the path and query as sent, which begin with the
 * account: `/devstoreaccount1/trail/segments/…`; a table transaction is `POST /devstoreaccount1/$batch`. Every try
 * counts, those of a client that retries by itself too.
 */
export interface Fault {
  readonly service: StorageService;
  /** Any, where absent. */
  readonly method?: string;
  /** Any, where absent. */
  readonly path?: RegExp;
  /** Which of the matching requests from now on: 1, the default, is the next. */
  readonly nth?: number;
  /** How many matching requests in a row: 1, the default. */
  readonly times?: number;
  readonly effect: FaultEffect;
}

type FaultEffect =
  /** Not executed: answered with this status and error code. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** Executed, and then the connection breaks, or this status and error code are answered. */
  | { readonly kind: 'executeThenFail'; readonly answer: 'reset' | { readonly status: number; readonly code: string } }
  /** Executed after that time. */
  | { readonly kind: 'delay'; readonly milliseconds: number };

interface PendingFault {
  readonly fault: Fault;
  skip: number;
  left: number;
}

const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/**
 * Stands before both services: injects faults, and lets no request be acknowledged that the last save on the way out
 * would miss. Shut (503, which clients retry) until `open`, and again from `drain` on.
 */
export class RequestGate {
  #faults: PendingFault[] = [];
  readonly #underWay = new Set<ServerResponse>();
  readonly #delays = new AbortController();
  #isOpen = false;
  #whenIdle: (() => void) | undefined;

  /** Puts the gate before everything that listens to the server's requests by now. */
  guard(service: StorageService, server: Server): void {
    const listeners = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      void this.#admit(service, request, response, () => {
        for (const listener of listeners) listener.call(server, request, response);
      });
    });
  }

  open(): void {
    this.#isOpen = true;
  }

  /** Admits nothing more and waits for what is under way; delayed requests run at once. */
  async drain(patience: number): Promise<void> {
    this.#isOpen = false;
    this.#delays.abort();
    if (this.#underWay.size === 0) return;
    const idle = new Promise<void>((resolve) => (this.#whenIdle = resolve));
    await Promise.race([idle, sleep(patience, undefined, { ref: false })]);
  }

  setFault(fault: Fault): void {
    this.#faults.push({ fault, skip: (fault.nth ?? 1) - 1, left: fault.times ?? 1 });
  }

  clearFaults(): void {
    this.#faults = [];
  }

  /** Faults that have not happened, or not as often as asked. */
  countFaults(): number {
    return this.#faults.length;
  }

  async #admit(
    service: StorageService,
    request: IncomingMessage,
    response: ServerResponse,
    execute: () => void,
  ): Promise<void> {
    // The account's key is public, so a page whose name was made to resolve to 127.0.0.1 could read and write here.
    if (!LOOPBACK.test(request.headers.host ?? ''))
      return answer(service, request, response, 400, 'InvalidHeaderValue');
    if (!this.#isOpen) {
      response.setHeader('connection', 'close');
      return answer(service, request, response, 503, 'ServerBusy');
    }
    this.#underWay.add(response);
    response.once('close', () => {
      this.#underWay.delete(response);
      if (this.#underWay.size === 0) this.#whenIdle?.();
    });
    const effect = this.#nextEffect(service, request);
    switch (effect?.kind) {
      case undefined:
        return execute();
      case 'refuse':
        return answer(service, request, response, effect.status, effect.code);
      case 'delay':
        await sleep(effect.milliseconds, undefined, { signal: this.#delays.signal }).catch(() => undefined);
        return execute();
      case 'executeThenFail':
        withhold(response, () => {
          if (effect.answer === 'reset') request.socket.destroy();
          else answer(service, request, response, effect.answer.status, effect.answer.code);
        });
        return execute();
    }
  }

  #nextEffect(service: StorageService, request: IncomingMessage): FaultEffect | undefined {
    const url = request.url ?? '';
    let effect: FaultEffect | undefined;
    for (const pending of this.#faults) {
      const { fault } = pending;
      if (fault.service !== service) continue;
      if (fault.method !== undefined && fault.method !== request.method) continue;
      if (fault.path !== undefined && url.search(fault.path) < 0) continue;
      if (pending.skip > 0) {
        pending.skip -= 1;
      } else if (effect === undefined) {
        effect = fault.effect;
        pending.left -= 1;
      }
    }
    this.#faults = this.#faults.filter(({ left }) => left > 0);
    return effect;
  }
}

/** Keeps the service's answer from the client; `then` runs when it would have been complete. */
function withhold(response: ServerResponse, then: () => void): void {
  const settle = (values: readonly unknown[]): void => {
    const callback = values.at(-1);
    if (typeof callback === 'function') callback();
  };
  response.write = (...values: unknown[]) => {
    settle(values);
    return true;
  };
  response.end = (...values: unknown[]) => {
    Reflect.deleteProperty(response, 'write');
    Reflect.deleteProperty(response, 'end');
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    settle(values);
    then();
    return response;
  };
}

/** An error in the service's own form, sent when the request has been read: an earlier answer could break an upload. */
function answer(
  service: StorageService,
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
): void {
  const send = (): void => {
    response.statusCode = status;
    response.statusMessage = STATUS_CODES[status] ?? code;
    response.setHeader('x-ms-error-code', code);
    response.setHeader('content-type', service === 'blob' ? 'application/xml' : 'application/json');
    response.end(request.method === 'HEAD' ? undefined : errorBody(service, code));
  };
  if (request.readableEnded) send();
  else request.once('end', send).resume();
}

function errorBody(service: StorageService, code: string): string {
  const message = `The local storage answered ${code}.`;
  return service === 'blob'
    ? `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
    : JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: message } } });
}
