import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { ACTIONS, ACTION_NAMES } from '../../shared/authorize/actions.ts';
import { judgeAuthority } from '../../shared/authorize/authority.ts';
import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import { adoptedOf, historyOf } from './versions.ts';

const DOCUMENT = readFileSync(new URL('../../docs/authority.md', import.meta.url), 'utf8');

function example(name: string): string {
  const [, text = ''] = new RegExp(`<!-- example: ${name} -->\\n\\n\`\`\`\\w+\\n([^]*?)\`\`\``).exec(DOCUMENT) ?? [];
  return text;
}

describe('docs/authority.md', () => {
  it('opens with a version that this code takes, and says of a record what it gives', () => {
    const version = parseConfiguration(Buffer.from(example('configuration')));
    const { authority } = judgeAuthority({
      type: 'indelible.decision.deployment_review.approved',
      time: '2026-08-15T10:00:00.000Z',
      source: 'https://github.com/acme/payments',
      project: 'payments',
      data: {
        category: 'decision',
        actor: { kind: 'human', id: 'github.com:1002' },
        action: 'approve',
        outcome: 'succeeded',
        summary: 'approved',
        target: {
          kind: 'workflowRun',
          id: 'https://github.com/acme/payments/actions/runs/1',
          environment: 'Live (EU)',
        },
        decision: { kind: 'deployment', request: 'r', step: 'voted', verdict: 'approve' },
      },
      adopted: adoptedOf(version),
      history: historyOf(version),
    });
    expect({ ...authority, version: '<SHA-256 of indelible.yaml>' }).toEqual(JSON.parse(example('authority')));
    expect(authority.version).toBe(version.sha256);
  });

  it('has a row for each action, in the words of the code', () => {
    const rows = [...DOCUMENT.matchAll(/^\| `([A-Za-z]+\.[A-Za-z]+)` +\| (.+?) +\|/gm)].map(([, action, says]) => [
      action,
      says,
    ]);
    expect(rows).toEqual(ACTION_NAMES.map((action) => [action, ACTIONS[action].says]));
  });
});
