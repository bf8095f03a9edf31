import { createPublicKey, hash, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { FormatError } from '../errors.ts';

/**
 * C2SP signed-note (c2sp.org/signed-note):
 *
 *     <text, ends in a newline>
 *     <empty line>
 *     — <key name> <base64(key id ‖ signature)>
 *
 * with ECDSA over P-256: signature type 0x02, the signature is DER over SHA-256 of the text, the key id the first 4 bytes
 * of SHA-256(SPKI). (r, n − s) verifies where (r, s) does, so only the low s is a signature here: one note, one form.
 */
export interface PublicKey {
  /** Hex of SHA-256 over the DER of the SubjectPublicKeyInfo: the name of the key wherever one is announced. */
  readonly sha256: string;
  readonly spki: Buffer;
  readonly key: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Buffer;
  readonly signature: Buffer;
}

export interface Note {
  /** What is signed: ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const MAX_NOTE_CHARACTERS = 16_384;
const MAX_SIGNATURES = 16;

/** PEM or DER of an EC P-256 public key. Throws FormatError `noteKey`. */
export function parsePublicKey(encoded: string | Buffer): PublicKey {
  let key: KeyObject;
  try {
    key =
      typeof encoded === 'string'
        ? createPublicKey(encoded)
        : createPublicKey({ key: encoded, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new FormatError('noteKey', 'Not a public key in PEM or SPKI form.', { cause });
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new FormatError('noteKey', 'The key is not an elliptic-curve key on P-256.');
  }
  const spki = key.export({ format: 'der', type: 'spki' });
  return { sha256: hash('sha256', spki, 'hex'), spki, key };
}

export function formatPublicKey(key: PublicKey): string {
  return key.key.export({ format: 'pem', type: 'spki' }).toString();
}

/** `signature`: r ‖ s, 64 bytes, as Key Vault and WebCrypto give it; put into DER with the low s. */
export function formatNote(text: string, name: string, key: PublicKey, signature: Uint8Array): string {
  const blob = Buffer.concat([keyId(key), formatDer(signature)]);
  return `${text}\n— ${name} ${blob.toString('base64')}\n`;
}

function keyId(key: PublicKey): Buffer {
  return Buffer.from(key.sha256.slice(0, 8), 'hex');
}

/** Throws FormatError `note`. */
export function parseNote(note: string): Note {
  const refuse = (why: string): never => {
    throw new FormatError('note', `Not a signed note: ${why}.`);
  };
  if (note.length > MAX_NOTE_CHARACTERS) refuse(`longer than ${MAX_NOTE_CHARACTERS} characters`);
  // oxlint-disable-next-line no-control-regex -- C2SP signed-note: no control characters but the newline
  if (/[\u0000-\u0009\u000b-\u001f\ufffd]/.test(note) || !note.isWellFormed())
    refuse('it holds control characters or is not Unicode');
  const split = note.lastIndexOf('\n\n');
  if (split === -1 || !note.endsWith('\n')) refuse('no empty line separates text and signatures');
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) refuse(`more than ${MAX_SIGNATURES} signatures`);
  const signatures = lines.map((line) => {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    const [, name = '', base64 = ''] = match ?? [];
    const blob = Buffer.from(base64, 'base64');
    if (match === null || blob.length < 5 || blob.toString('base64') !== base64)
      refuse('a signature line is malformed');
    return { name, keyId: blob.subarray(0, 4), signature: blob.subarray(4) };
  });
  return { text: note.slice(0, split + 1), signatures };
}

/** True where the note bears the key's name and id and a signature by it, in its one form. */
export function verifyNote(note: Note, name: string, key: PublicKey): boolean {
  const id = keyId(key);
  return note.signatures.some(
    (each) =>
      each.name === name &&
      each.keyId.equals(id) &&
      isCanonicalDer(each.signature) &&
      verify('sha256', Buffer.from(note.text), key.key, each.signature),
  );
}

/** r ‖ s to DER with the low s. */
function formatDer(signature: Uint8Array): Buffer {
  if (signature.length !== 64) {
    throw new FormatError('signature', `A P-256 signature has 64 bytes (r and s), not ${signature.length}.`);
  }
  const r = toInteger(signature.subarray(0, 32));
  const s = toInteger(signature.subarray(32));
  const low = s > P256_ORDER / 2n ? P256_ORDER - s : s;
  const body = Buffer.concat([formatInteger(r), formatInteger(low)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** DER has one encoding for each (r, s): what re-encodes to other bytes, or has the high s, is refused. */
function isCanonicalDer(der: Buffer): boolean {
  const rLength = der[3] ?? 0;
  const sLength = der[5 + rLength] ?? 0;
  if (der.length > 72 || der[2] !== 0x02 || rLength < 1 || rLength > 33 || sLength < 1 || sLength > 33) return false;
  if (der.length !== 6 + rLength + sLength) return false;
  const r = toInteger(der.subarray(4, 4 + rLength));
  const s = toInteger(der.subarray(6 + rLength));
  if (r < 1n || r >= P256_ORDER || s < 1n || s > P256_ORDER / 2n) return false;
  return formatDer(Buffer.from(hex32(r) + hex32(s), 'hex')).equals(der);
}

function hex32(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function formatInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Buffer.from(Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even, 'hex');
  return Buffer.concat([Buffer.from([0x02, bytes.length]), bytes]);
}
