import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FormatError } from '../../shared/errors.ts';
import { MAX_DEPTH, parseJson, parseJsonText } from '../../shared/wire/json.ts';

function errorOf(text: string): FormatError | undefined {
  try {
    parseJsonText(text);
  } catch (error) {
    if (error instanceof FormatError && error.code === 'json') return error;
    throw error;
  }
  return undefined;
}

function faultOf(text: string): string {
  return errorOf(text)?.message ?? 'none';
}

describe('what is wrong with a text that is no JSON is not said, or where', () => {
  test.each([
    ['', 'it ends at position 0, where a value is expected'],
    ['{"a":1', 'it ends at position 6, where "," or "}" is expected'],
    ['[1', 'it ends at position 2, where "," or "]" is expected'],
    ['{"a"', 'it ends at position 4, where ":" is expected'],
    ['{', 'it ends at position 1, where a name is expected'],
    ['hello', 'at position 0 there is something else than a value'],
    ['{"a":secret}', 'at position 5 there is something else than a value'],
    ['[1,]', 'at position 3 there is something else than a value'],
    ['{"a":1,}', 'at position 7 there is something else than a name'],
    ['{a:1}', 'at position 1 there is something else than a name'],
    ['{"a" 1}', 'at position 5 there is something else than ":"'],
    ['[1 2]', 'at position 3 there is something else than "," or "]"'],
    ['[1}', 'at position 2 there is something else than "," or "]"'],
    ['{} x', 'there is more at position 3, behind its end'],
    ['01', 'there is more at position 1, behind its end'],
    ['["a', 'the string that begins at position 1 does not end'],
    ['["a\n"]', 'the string that begins at position 1 holds at 3 what must be escaped otherwise'],
    ['["\\x"]', 'the string that begins at position 1 holds at 2 what must be escaped otherwise'],
    ['["\\u12"]', 'the string that begins at position 1 holds at 2 what must be escaped otherwise'],
  ])('%j', (text, fault) => {
    expect(faultOf(text)).toBe(`The text is not JSON: ${fault}.`);
  });

  test('the text is quoted, or kept beside, by an error that ends in a log or a record', () => {
    const error = errorOf('{"password": hunter2}');
    expect(error?.message).not.toContain('hunter');
    expect(error).not.toHaveProperty('cause');
  });

  // Pieces of JSON in any order are JSON seldom, and no JSON in every way there is.
  const piece = fc.constantFrom(...'{}[],:" \n\\1-0x\u0000'.split(''), '"a"', '.5', 'e3', 'true', 'nul');
  const texts = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', 'x', '\\')).map(([json, at, odd]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + odd + json.slice(place + 1);
    }),
  );

  test('by another judge than the parser: what it refuses has a fault within the text, and nothing else has one', () => {
    fc.assert(
      fc.property(texts, (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const fault = faultOf(text);
        expect(fault === 'none').toBe(isJson);
        const position = Number(/\d+/.exec(fault.replace(/^.* holds at /, ''))?.[0] ?? 0);
        expect(position).toBeLessThanOrEqual(text.length);
        // Up to there, something can follow that makes it JSON: a fault that is found too late would be found here.
        const isLate = /there is something else|there is more/.test(fault) && faultOf(text.slice(0, position));
        expect(isLate || 'none').toMatch(/none|it ends at/);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a text overflows the stack, or costs more than its length', () => {
  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('of %s one in another', (_what, open, close) => {
    const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
    expect(faultOf(nested(MAX_DEPTH))).toBe('none');
    expect(faultOf(nested(MAX_DEPTH + 1))).toContain('nested more than 512 levels');
    expect(faultOf(nested(1_000_000))).toContain('nested more than 512 levels');
    expect(faultOf(open.repeat(MAX_DEPTH))).toContain('it ends at');
  });

  test('of many brackets that are not one in another, or stand in strings', () => {
    const many = `[${'{},[],'.repeat(10_000)}"${'{['.repeat(10_000)}\\"${'[{'.repeat(10_000)}"]`;
    expect(faultOf(many)).toBe('none');
    expect(faultOf(`[${'"",'.repeat(10_000)}${'['.repeat(600)}`)).toContain('nested more than 512 levels');
  });

  test.each(['\\n', '\\u0041', 'a', '\\\\', ' ', '{', '\u00e9'])(
    'of 4 MiB of %j in a string without an end',
    (part) => {
      expect(faultOf(`["${part.repeat(Math.ceil(2 ** 22 / part.length))}`)).toContain('does not end');
    },
  );
});

test('bytes that are not UTF-8 end as another error than one of format', () => {
  expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(
    expect.objectContaining({ name: 'FormatError', code: 'json', message: 'The bytes are not UTF-8.' }),
  );
  expect(parseJson(Buffer.from('\ufeff{"a":"é"}'))).toEqual({ a: 'é' });
});
