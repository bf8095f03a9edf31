import { describe, expect, it } from 'vitest';

import { toSourcesDocument } from '../../cli/sources-document.ts';
import { GITHUB_EVENTS } from '../../shared/normalize/github/events.ts';
import { NORMALIZERS } from '../../shared/normalize/normalizers.ts';
import { readDocument } from './fenced-blocks.ts';

describe('docs/sources.md', () => {
  it('is what the code gives, so that it cannot grow stale', async () => {
    expect(readDocument('docs/sources.md'), 'run npm run generate').toBe(await toSourcesDocument());
  });

  it('names every source and every event of GitHub', () => {
    const document = readDocument('docs/sources.md');
    for (const { source } of NORMALIZERS) expect(document).toContain(`\n## ${source}\n`);
    for (const event of GITHUB_EVENTS.keys()) expect(document).toContain(`| \`${event}\` `);
  });
});
