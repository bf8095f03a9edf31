import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { toJsonSchemas } from '../../cli/json-schemas.ts';
import { parseConfiguration } from '../../shared/authorize/configuration.ts';

const root = new URL('../../', import.meta.url);

describe('the published JSON Schemas', () => {
  it.each(toJsonSchemas())('does not differ from what the code accepts: $file', ({ file, schema }) => {
    expect(JSON.parse(readFileSync(new URL(file, root), 'utf8')), 'run npm run generate').toEqual(schema);
  });
});

describe('the sample indelible.yaml', () => {
  it('can be used by this version, and tells its projects apart', () => {
    const configuration = parseConfiguration(readFileSync(new URL('local/sample/indelible.yaml', root)));
    expect(configuration.projectOf('https://github.com/acme/payments', [])).toBe('payments');
    const subscription = '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21';
    expect(
      configuration.projectOf(subscription, [`${subscription}/resourcegroups/rg-payments-production/providers/x/y/z`]),
    ).toBe('payments');
    expect(configuration.projectOf(subscription, [`${subscription}/resourcegroups/rg-network`])).toBe('platform');
  });
});
