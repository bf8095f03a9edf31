import { generateKeyPairSync, hash, sign } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { FormatError } from '../../shared/errors.ts';
import {
  formatCheckpoint,
  formatCheckpointText,
  parseCheckpoint,
  verifyCheckpoint,
} from '../../shared/wire/checkpoint.ts';
import { formatNote, parseNote, parsePublicKey, verifyNote } from '../../shared/wire/signed-note.ts';

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const key = parsePublicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }).toString());
const origin = 'audit.example.com/trail/web/0/0';
const root = Buffer.from(hash('sha256', 'root', 'hex'), 'hex');
const checkpoint = { origin, size: 17, root };

function signText(text: string): Buffer {
  return sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
}

const note = formatCheckpoint(checkpoint, key, signText(formatCheckpointText(checkpoint)));

describe('checkpoint', () => {
  test('the example of c2sp.org/tlog-checkpoint that is not understood', () => {
    const example =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
      '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
    const parsed = parseCheckpoint(example);
    expect(parsed.checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 });
    expect(parsed.note.signatures[0]?.keyId.toString('hex')).toBe('033de0ae');
    expect(formatCheckpointText(parsed.checkpoint)).toBe(parsed.note.text);
  });

  test("a key id that differs from those of C2SP's P-256 logs: the first 4 bytes of SHA-256(SPKI), as Rekor's c0d23d6a", () => {
    const rekor = parsePublicKey(
      '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwr\nkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==\n-----END PUBLIC KEY-----\n',
    );
    expect(rekor.sha256.slice(0, 8)).toBe('c0d23d6a');
    expect(parseNote(note).signatures[0]?.keyId.toString('hex')).toBe(key.sha256.slice(0, 8));
  });

  test('a checkpoint that does not survive formatting and parsing', () => {
    expect(verifyCheckpoint(note, key)).toEqual(checkpoint);
  });

  test('a checkpoint that still verifies when any one of its bytes was changed', () => {
    const bytes = Buffer.from(note);
    for (let i = 0; i < bytes.length; i++) {
      for (const flip of [0x01, 0x20, 0x80]) {
        const mangled = Buffer.from(bytes);
        mangled[i] = (mangled[i] as number) ^ flip;
        expect(() => verifyCheckpoint(mangled.toString(), key), `byte ${i} ^ ${flip}`).toThrow(FormatError);
      }
    }
  });

  test('the other signature that ECDSA would take: (r, n − s) is stored low and refused high', () => {
    const raw = signText(formatCheckpointText(checkpoint));
    const s = BigInt(`0x${raw.subarray(32).toString('hex')}`);
    const other = Buffer.concat([raw.subarray(0, 32), Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex')]);
    expect(formatCheckpoint(checkpoint, key, other)).toBe(formatCheckpoint(checkpoint, key, raw));

    const stored = parseNote(formatCheckpoint(checkpoint, key, raw));
    const der = stored.signatures[0]?.signature as Buffer;
    const rLength = der[3] as number;
    const low = BigInt(`0x${der.subarray(6 + rLength).toString('hex')}`);
    const highHex = (ORDER - low).toString(16).padStart(64, '0');
    const highBytes = Buffer.from(Number.parseInt(highHex.slice(0, 2), 16) >= 0x80 ? `00${highHex}` : highHex, 'hex');
    const body = Buffer.concat([der.subarray(2, 4 + rLength), Buffer.from([0x02, highBytes.length]), highBytes]);
    const high = Buffer.concat([Buffer.from([0x30, body.length]), body]);
    const signatures = [{ ...(stored.signatures[0] as (typeof stored.signatures)[number]), signature: high }];
    expect(verifyNote({ ...stored, signatures }, origin, key)).toBe(false);
  });

  test('a signature under the name of another log, or by another key', () => {
    const elsewhere = formatNote(
      formatCheckpointText(checkpoint),
      'audit.example.com/trail/web/1/0',
      key,
      signText(formatCheckpointText(checkpoint)),
    );
    expect(() => verifyCheckpoint(elsewhere, key)).toThrow(FormatError);
    const other = parsePublicKey(
      generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({ format: 'der', type: 'spki' }),
    );
    expect(() => verifyCheckpoint(note, other)).toThrow(/not signed by the key/);
  });

  test.each([
    ['a size with a leading zero', note.replace('\n17\n', '\n017\n')],
    ['a size with a sign', note.replace('\n17\n', '\n+17\n')],
    ['a size beyond what a number counts', note.replace('\n17\n', '\n9007199254740993\n')],
    ['an extension line', note.replace('\n17\n', '\n17\nextra\n')],
    ['a root of 31 bytes', note.replace(root.toString('base64'), root.subarray(1).toString('base64'))],
    ['carriage returns', note.replaceAll('\n', '\r\n')],
    ['no final newline', note.slice(0, -1)],
    ['no signature', note.slice(0, note.indexOf('—'))],
    ['base64 with loose bits', note.replace(/[A-Za-z0-9+/](=*)\n$/, '_$1\n')],
    ['nothing', ''],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('a checkpoint with %s', (_title, text) => {
    expect(() => verifyCheckpoint(text, key)).toThrow(FormatError);
  });

  test('keys of another curve or kind', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'pem', type: 'spki' });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey.export({
      format: 'pem',
      type: 'spki',
    });
    for (const pem of [rsa.toString(), p384.toString(), 'not a key'])
      expect(() => parsePublicKey(pem)).toThrow(FormatError);
  });
});
