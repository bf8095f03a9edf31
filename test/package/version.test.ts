import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { VERSION } from '../../shared/version.ts';

test('seals name another version of the code than the package', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(VERSION).toBe(manifest.version);
});
