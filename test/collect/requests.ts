import { createHmac } from 'node:crypto';

import type { CollectRequest } from '../../shared/collect/http.ts';

/** A request as the host gives it. */
export function requestOf(
  body: Buffer | string,
  headers: Record<string, string> = {},
  params: Record<string, string> = {},
): CollectRequest {
  return { headers: new Headers(headers), params, body: Buffer.from(body) };
}

export function sign(secret: string, body: Buffer | string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Bodies that no parser of ours may stumble over. */
export const ODD_BODIES: readonly (readonly [what: string, body: Buffer])[] = [
  ['empty', Buffer.alloc(0)],
  ['one NUL', Buffer.from([0])],
  ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ['a byte order mark', Buffer.from('\ufeff{}')],
  ['cut JSON', Buffer.from('{"repository":{"full_name":"a/b"')],
  ['null', Buffer.from('null')],
  ['a number', Buffer.from('1e999')],
  ['a string', Buffer.from('"text"')],
  ['an empty array', Buffer.from('[]')],
  ['an empty object', Buffer.from('{}')],
  ['nested 100,000 deep', Buffer.from('['.repeat(100_000) + ']'.repeat(100_000))],
  ['objects nested 5,000 deep', Buffer.from('{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000))],
  ['a prototype', Buffer.from('{"__proto__":{"project":"x","id":"y"},"constructor":{"prototype":1}}')],
  ['duplicate keys', Buffer.from('{"project":"a","project":"b","id":1,"id":"2"}')],
  ['lone surrogates', Buffer.from('{"project":"\\ud800","id":"\\udfff","\\ud800":"x"}')],
  ['strings of 1 MB', Buffer.from(JSON.stringify({ id: 'x'.repeat(1_000_000), project: 'p'.repeat(1_000_000) }))],
  ['control characters', Buffer.from('{"project":"\\u0000\\u001b[31m","id":"\\u202e"}')],
];
