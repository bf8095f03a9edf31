import { FormatError } from '../errors.ts';
import { parseEnvelope } from '../wire/envelope.ts';
import type { Envelope } from '../wire/envelope.ts';
import { parseJson } from '../wire/json.ts';
import type { OutgoingMessage } from './publisher.ts';

/** A spilled message: one line of JSON `{"partitionKey":"…","envelope":"…"}`, LF, then the body's bytes to the end. */
export function formatSpilledRequest(message: OutgoingMessage): Buffer {
  const line = JSON.stringify({ partitionKey: message.partitionKey, envelope: message.envelope });
  return Buffer.concat([Buffer.from(`${line}\n`), message.body]);
}

/** Throws FormatError `json` or `envelope`. The message's body shares the memory of `bytes`. */
export function parseSpilledRequest(bytes: Buffer): { message: OutgoingMessage; envelope: Envelope } {
  const end = bytes.indexOf(0x0a);
  const line = parseJson(bytes.subarray(0, Math.max(end, 0)));
  if (typeof line !== 'object' || line === null || Array.isArray(line)) {
    throw new FormatError('json', 'The first line of the spilled request is not an object.');
  }
  const { partitionKey, envelope } = line;
  if (
    typeof partitionKey !== 'string' ||
    partitionKey === '' ||
    partitionKey.length > 128 ||
    typeof envelope !== 'string'
  ) {
    throw new FormatError('json', 'The first line of the spilled request lacks its partition key or its envelope.');
  }
  return { message: { partitionKey, envelope, body: bytes.subarray(end + 1) }, envelope: parseEnvelope(envelope) };
}
