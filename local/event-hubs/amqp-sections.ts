/**
 * Walks the sections of an encoded AMQP 1.0 message (specification part 3, section 3.2) without decoding what is in them: an
 * event goes out with exactly the bytes it came in with, but for the annotations that the hub adds.
 */

/** Bytes that are no AMQP message. Audience: the publisher's link, which rejects the delivery. */
export class AmqpDecodeError extends Error {
  override readonly name = 'AmqpDecodeError';
}

export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  data: 0x75,
} as const;

/** Offsets into the message: `start` of the descriptor, `value` of the described value, `end` behind it. */
export interface Section {
  readonly code: number;
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

/** All sections of `message`, in order, to its last byte. Throws AmqpDecodeError. */
export function readSections(message: Buffer): Section[] {
  const sections: Section[] = [];
  for (let start = 0; start < message.length;) {
    if (message[start] !== 0x00) throw new AmqpDecodeError(`Byte ${start} of the message begins no section.`);
    const descriptor = message[start + 1];
    let code: number;
    if (descriptor === 0x53) {
      code = byteAt(message, start + 2);
    } else if (descriptor === 0x80 && start + 10 <= message.length) {
      code = Number(message.readBigUInt64BE(start + 2));
    } else {
      throw new AmqpDecodeError(`The section at byte ${start} of the message has no numeric descriptor.`);
    }
    const value = start + (descriptor === 0x53 ? 3 : 10);
    const end = endOfValue(message, value);
    sections.push({ code, start, value, end });
    start = end;
  }
  return sections;
}

/** The bytes of a data section. Throws AmqpDecodeError where its value is no binary. */
export function readBinary(message: Buffer, section: Section): Buffer {
  switch (message[section.value]) {
    case 0xa0:
      return message.subarray(section.value + 2, section.end);
    case 0xb0:
      return message.subarray(section.value + 5, section.end);
    case undefined:
    default:
      throw new AmqpDecodeError(`The data section at byte ${section.start} holds no binary.`);
  }
}

/** Key and value of one entry of a map, both still encoded; `name` is the key's text, undefined where the key is no text. */
export interface MapEntry {
  readonly name: string | undefined;
  readonly bytes: Buffer;
  readonly value: Buffer;
}

/** The entries of a section that is a map or null. Throws AmqpDecodeError. */
export function readMap(message: Buffer, section: Section): MapEntry[] {
  const code = message[section.value];
  if (code === 0x40) return [];
  if (code !== 0xc1 && code !== 0xd1) throw new AmqpDecodeError(`The section at byte ${section.start} is no map.`);
  const entries: MapEntry[] = [];
  for (let at = section.value + (code === 0xc1 ? 3 : 9); at < section.end;) {
    const value = endOfValue(message, at);
    const end = endOfValue(message, value);
    if (end > section.end) throw new AmqpDecodeError(`The map at byte ${section.start} is longer than its section.`);
    const name = readText(message.subarray(at, value));
    entries.push({ name, bytes: message.subarray(at, end), value: message.subarray(value, end) });
    at = end;
  }
  return entries;
}

/** The text of an encoded string or symbol; undefined where it is neither. */
export function readText(encoded: Buffer): string | undefined {
  switch (encoded[0]) {
    case 0xa1:
    case 0xa3:
      return encoded.toString('utf8', 2);
    case 0xb1:
    case 0xb3:
      return encoded.toString('utf8', 5);
    case undefined:
    default:
      return undefined;
  }
}

/** Where the value that begins at `at` ends. A counter, no recursion: a megabyte of descriptors must not overflow the stack. */
function endOfValue(bytes: Buffer, at: number): number {
  let end = at;
  for (let values = 1; values > 0;) {
    const code = byteAt(bytes, end);
    end += 1;
    if (code === 0x00) {
      values += 1;
      continue;
    }
    end += sizeOfValue(bytes, end, code);
    values -= 1;
  }
  if (end > bytes.length) throw new AmqpDecodeError(`The value at byte ${at} is longer than the message.`);
  return end;
}

/** The bytes behind a format code, by its subcategory (specification part 1, section 1.3). */
function sizeOfValue(bytes: Buffer, at: number, code: number): number {
  switch (code >> 4) {
    case 0x4:
      return 0;
    case 0x5:
      return 1;
    case 0x6:
      return 2;
    case 0x7:
      return 4;
    case 0x8:
      return 8;
    case 0x9:
      return 16;
    case 0xa:
    case 0xc:
    case 0xe:
      return 1 + byteAt(bytes, at);
    case 0xb:
    case 0xd:
    case 0xf:
      if (at + 4 > bytes.length) throw new AmqpDecodeError('The message ends inside a length.');
      return 4 + bytes.readUInt32BE(at);
    default:
      throw new AmqpDecodeError(`There is no AMQP type 0x${code.toString(16)}.`);
  }
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new AmqpDecodeError('The message ends inside a value.');
  return byte;
}
