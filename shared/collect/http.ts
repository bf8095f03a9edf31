import { RequestError } from '../errors.ts';
import type { RequestErrorCode } from '../errors.ts';
import { describeError } from '../publish/telemetry.ts';
import type { Telemetry } from '../publish/telemetry.ts';

/** A request as every host can give it: header names in any case, the body whole. */
export interface CollectRequest {
  readonly headers: { get(name: string): string | null };
  readonly params: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the host sends back as JSON. */
export interface CollectAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly jsonBody: Readonly<Record<string, string>>;
}

/** 25 MiB: GitHub sends up to 25 MB, everybody else far less. */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

interface HostRequest {
  readonly headers: { get(name: string): string | null };
  readonly params: Readonly<Record<string, string>>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * What all collecting HTTP functions share: the app's dependencies, the raw body, and every error as a status with one line
 * that says why. Whatever goes wrong before the event is durable ends in 503, also what nobody foresaw: it is the one answer
 * after which every source sends again (a 500 puts an Azure DevOps subscription on probation). A body without a
 * Content-Length is refused with 411 and one above {@link MAX_BODY_BYTES} with 413, by its header before it is read: in
 * Azure nothing before our code refuses either. Never rejects.
 */
export async function answerRequest<App extends { readonly app: string; readonly telemetry: Telemetry }>(
  request: HostRequest,
  context: { error(line: string): void },
  compose: () => Promise<App>,
  handle: (app: App, request: CollectRequest) => Promise<Readonly<Record<string, string>>>,
): Promise<CollectAnswer> {
  let app: App | undefined;
  try {
    app = await compose();
    checkLength(statedLength(request.headers));
    const body = Buffer.from(await request.arrayBuffer());
    checkLength(body.length);
    return { status: 202, jsonBody: await handle(app, { headers: request.headers, params: request.params, body }) };
  } catch (error) {
    const refusal =
      error instanceof RequestError
        ? error
        : new RequestError('unavailable', 'The event was not taken in. Send it again later.', { cause: error });
    if (refusal !== error) context.error(`A request failed. ${describeError(error)}`);
    app?.telemetry.count('refused', { app: app.app, reason: refusal.code });
    return answerTo(refusal);
  }
}

/** Bytes, by Content-Length; undefined where nobody says beforehand how long the body is. */
function statedLength(headers: HostRequest['headers']): number | undefined {
  // RFC 9112 section 6.3: where both are there, Transfer-Encoding rules and the length is not to be believed.
  if (headers.get('transfer-encoding') !== null) return undefined;
  const length = headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** Throws RequestError `lengthMissing`, `bodyTooLarge`. */
function checkLength(bytes: number | undefined): void {
  if (bytes === undefined) {
    throw new RequestError('lengthMissing', 'Send a Content-Length: bodies of unknown length are not taken.');
  }
  if (bytes > MAX_BODY_BYTES) {
    throw new RequestError('bodyTooLarge', `The body has ${bytes} bytes; at most ${MAX_BODY_BYTES} are taken.`);
  }
}

const STATUS: Readonly<Record<RequestErrorCode, number>> = {
  badRequest: 400,
  lengthMissing: 411,
  bodyTooLarge: 413,
  signatureMissing: 401,
  signatureWrong: 401,
  passwordMissing: 401,
  passwordWrong: 401,
  tokenMissing: 401,
  tokenInvalid: 401,
  roleMissing: 403,
  notFound: 404,
  unavailable: 503,
};

/** RFC 9110 section 11.6.1: a 401 names the scheme that would be accepted. */
const CHALLENGE: Partial<Record<RequestErrorCode, string>> = {
  signatureMissing: 'X-Hub-Signature-256',
  signatureWrong: 'X-Hub-Signature-256',
  passwordMissing: 'Basic realm="indelible"',
  passwordWrong: 'Basic realm="indelible"',
  tokenMissing: 'Bearer',
  tokenInvalid: 'Bearer error="invalid_token"',
};

/** A refusal as status, headers and one line. */
export function answerTo(error: RequestError): CollectAnswer {
  const challenge = CHALLENGE[error.code];
  return {
    status: STATUS[error.code],
    ...(challenge === undefined ? {} : { headers: { 'WWW-Authenticate': challenge } }),
    jsonBody: { error: error.message.replaceAll(/\s+/g, ' ') },
  };
}
