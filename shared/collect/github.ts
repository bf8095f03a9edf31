import { createHmac, timingSafeEqual } from 'node:crypto';

import { FormatError, RequestError, SettingsError } from '../errors.ts';
import { textAt } from '../normalize/read.ts';
import { publishEvent } from '../publish/publish-event.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { parseJson, parseJsonText } from '../wire/json.ts';
import type { Json } from '../wire/json.ts';
import type { CollectRequest } from './http.ts';

const SOURCE = 'github';

/** One GitHub webhook: authenticated, durable, then its record's id (absent where GitHub named no delivery). */
export async function collectGithub(
  app: PublishDependencies & { readonly githubSecrets: readonly string[] },
  request: CollectRequest,
): Promise<{ id?: string }> {
  const authenticated = authenticateGithub(app.githubSecrets, request.headers, request.body);
  // GitHub signs the body alone: event and delivery are believed because TLS and the signed body came together.
  const { id } = await publishEvent(app, {
    source: SOURCE,
    event: headerText(request.headers, 'x-github-event'),
    delivery: headerText(request.headers, 'x-github-delivery'),
    partitionKey: githubPartitionKey(request.body),
    body: request.body,
    authenticated,
    function: 'collect-github',
  });
  return id === undefined ? {} : { id };
}

/**
 * Checks `X-Hub-Signature-256` over the raw bytes, in constant time, against every configured secret, current first: two
 * are valid while a secret is rotated. Returns which one matched. Throws RequestError `signatureMissing` (SHA-1 alone
 * counts as missing) or `signatureWrong`, and SettingsError where no secret is configured or one is empty: anybody could sign with it.
 */
export function authenticateGithub(
  secrets: readonly string[],
  headers: CollectRequest['headers'],
  rawBody: Buffer,
): 'hmac-sha256/current' | 'hmac-sha256/previous' {
  if (secrets.length === 0 || secrets.length > 2 || secrets.includes('')) {
    throw new SettingsError('GitHub webhooks need one secret, or two while it is rotated, none of them empty.');
  }
  const header = headers.get('x-hub-signature-256');
  if (header === null || header === '') {
    throw new RequestError(
      'signatureMissing',
      'The request has no X-Hub-Signature-256: give the webhook a secret. SHA-1 signatures are not accepted.',
    );
  }
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1];
  if (hex === undefined)
    throw new RequestError('signatureWrong', 'X-Hub-Signature-256 is not of the form sha256=<64 hex digits>.');
  const given = Buffer.from(hex, 'hex');
  // All are compared before any result is looked at, so that the time tells nothing about which secret is which.
  const matches = secrets.map((secret) =>
    timingSafeEqual(createHmac('sha256', secret).update(rawBody).digest(), given),
  );
  if (matches[0] === true) return 'hmac-sha256/current';
  if (matches[1] === true) return 'hmac-sha256/previous';
  throw new RequestError(
    'signatureWrong',
    "X-Hub-Signature-256 does not match the body: the webhook's secret is another one, or the body was changed on its way (curl needs --data-binary).",
  );
}

/** Repository, else organization, enterprise or sender, so that what happens in one place stays in order; never throws. */
export function githubPartitionKey(body: Buffer): string {
  const payload = parsePayload(body);
  return (
    textAt(payload, 'repository', 'full_name') ??
    textAt(payload, 'organization', 'login') ??
    textAt(payload, 'enterprise', 'slug') ??
    textAt(payload, 'sender', 'login') ??
    SOURCE
  );
}

/** JSON, or the form `payload=<JSON>` that a webhook may be set to; undefined where it is neither: routing needs no more. */
function parsePayload(body: Buffer): Json | undefined {
  try {
    if (body.subarray(0, 8).toString('latin1') !== 'payload=') return parseJson(body);
    return parseJsonText(new URLSearchParams(body.toString('utf8')).get('payload') ?? '');
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function headerText(headers: CollectRequest['headers'], name: string): string | undefined {
  const value = headers.get(name);
  return value === null || value === '' ? undefined : value;
}
