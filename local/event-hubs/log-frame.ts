import { crc32 } from 'node:zlib';

/**
 * How a partition's log lies on disk: a header, then one frame a send, so that a send is there whole or not at all.
 *
 *     header  magic 8 | first u64 | enqueued u64 | crc u32         first: number of the first event that the file may hold
 *     frame   length u32 | crc u32 | payload                       length and crc: of the payload
 *     payload durable u64 | first u64 | enqueued u64 | key length u16 | key | count u32 | (length u32 | event) × count
 *
 * All big-endian; times in ms since 1970. `durable` is how long the file was when everything in it had been synced: what lies
 * below it was accepted, so damage there is told apart from the torn end that a crash in mid-write leaves.
 */

const MAGIC = Buffer.from('EHUBLOG1');
export const HEADER_SIZE = 28;
const FRAME_FIXED = 8 + 8 + 8 + 8 + 2 + 4;
/** A key's length 65,535 means that there is none. */
const NO_KEY = 0xffff;
/** A send is 1 MiB at most; above this a length is nonsense. */
export const FRAME_LIMIT = 2 * 1024 * 1024;

export interface LogHeader {
  readonly first: number;
  /** When the last event before `first` was enqueued; 0 where there was none. */
  readonly enqueued: number;
}

/** One send as it is kept. */
export interface StoredBatch {
  readonly durable: number;
  readonly first: number;
  readonly enqueued: number;
  readonly partitionKey: string | undefined;
  readonly events: readonly Buffer[];
}

export function formatHeader(header: LogHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE);
  MAGIC.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(header.first), 8);
  bytes.writeBigUInt64BE(BigInt(header.enqueued), 16);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 24)), 24);
  return bytes;
}

/** Undefined where `bytes` do not begin with a header. */
export function parseHeader(bytes: Buffer): LogHeader | undefined {
  if (bytes.length < HEADER_SIZE || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
  if (bytes.readUInt32BE(24) !== crc32(bytes.subarray(0, 24))) return undefined;
  return { first: Number(bytes.readBigUInt64BE(8)), enqueued: Number(bytes.readBigUInt64BE(16)) };
}

export function formatBatch(batch: StoredBatch): Buffer {
  const key = Buffer.from(batch.partitionKey ?? '');
  const size = batch.events.reduce((sum, event) => sum + 4 + event.length, FRAME_FIXED + key.length);
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32BE(size - 8, 0);
  bytes.writeBigUInt64BE(BigInt(batch.durable), 8);
  bytes.writeBigUInt64BE(BigInt(batch.first), 16);
  bytes.writeBigUInt64BE(BigInt(batch.enqueued), 24);
  bytes.writeUInt16BE(batch.partitionKey === undefined ? NO_KEY : key.length, 32);
  key.copy(bytes, 34);
  let at = 34 + key.length;
  at = bytes.writeUInt32BE(batch.events.length, at);
  for (const event of batch.events) {
    at = bytes.writeUInt32BE(event.length, at);
    at += event.copy(bytes, at);
  }
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** The frame at `at` and its size; undefined where there is no whole, undamaged one. The events share memory with `bytes`. */
export function parseBatch(bytes: Buffer, at: number): { batch: StoredBatch; size: number } | undefined {
  if (at + FRAME_FIXED > bytes.length) return undefined;
  const size = bytes.readUInt32BE(at) + 8;
  if (size < FRAME_FIXED || size > FRAME_LIMIT || at + size > bytes.length) return undefined;
  if (bytes.readUInt32BE(at + 4) !== crc32(bytes.subarray(at + 8, at + size))) return undefined;
  const keyLength = bytes.readUInt16BE(at + 32);
  const partitionKey = keyLength === NO_KEY ? undefined : bytes.toString('utf8', at + 34, at + 34 + keyLength);
  let next = at + 34 + (partitionKey === undefined ? 0 : keyLength);
  const count = bytes.readUInt32BE(next);
  next += 4;
  const events: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const end = next + 4 + bytes.readUInt32BE(next);
    events.push(bytes.subarray(next + 4, end));
    next = end;
  }
  return {
    size,
    batch: {
      durable: Number(bytes.readBigUInt64BE(at + 8)),
      first: Number(bytes.readBigUInt64BE(at + 16)),
      enqueued: Number(bytes.readBigUInt64BE(at + 24)),
      partitionKey,
      events,
    },
  };
}
