import { describe, expect, it } from 'vitest';

import { categoryOf } from '../../shared/wire/record.ts';
import { GITHUB_EVENTS } from '../../shared/normalize/github/events.ts';
import { HAS_CORPUS } from '../corpus/corpus-files.ts';
import { corpusPayloads, examplePayloads, normalize, recordOf } from './github-payloads.ts';
import type { Payload } from './github-payloads.ts';

const TYPE = /^indelible\.(code|deployment|access|decision|trail)\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

/** What is wrong with a payload's drafts, by the payload's name. */
function faultsOf({ origin, event, body }: Payload): readonly string[] {
  const drafts = normalize(event, body);
  const sender = (JSON.parse(body.toString()) as Record<string, unknown>)['sender'];
  const wrong: (string | false)[] = [
    drafts.length === 0 && 'no draft',
    new Set(drafts.map(({ part }) => part)).size !== drafts.length && 'two drafts of one part',
    ...drafts.flatMap((draft) => [
      !TYPE.test(draft.type) && `the type ${draft.type}`,
      categoryOf(draft.type) !== GITHUB_EVENTS.get(event)?.category && `the category of ${draft.type}`,
      // Throws where the draft does not fit the schema.
      /undefined|\[object|\n/.test(recordOf(draft).data.summary) && `the summary ${draft.data.summary}`,
      !/^https?:\/\/[^/]+/.test(draft.source) && `the source ${draft.source}`,
      draft.data.target === undefined && 'no target',
      draft.subject === undefined && 'no subject',
      sender !== undefined && draft.data.actor === undefined && 'a sender, but no actor',
    ]),
  ];
  return wrong.filter((each) => each !== false).map((each) => `${origin}: ${each}`);
}

describe("what GitHub's own examples become", () => {
  it('every example of every version fits the schema, with who and on what filled', () => {
    const payloads = examplePayloads();
    expect(payloads.length).toBeGreaterThan(500);
    expect(payloads.flatMap(faultsOf)).toEqual([]);
  });

  it.runIf(HAS_CORPUS)('every payload of the corpus fits the schema, with who and on what filled', () => {
    const payloads = corpusPayloads();
    expect(payloads.length).toBeGreaterThan(100);
    expect(payloads.flatMap(faultsOf)).toEqual([]);
  });

  it('every event that says when it happened has that time in its record', () => {
    // For each event the actions whose payloads have a time of their own; the others have none and get the time of receipt.
    const timed = new Map([
      ['pull_request', /./],
      ['pull_request_review', /./],
      ['push', /./],
      ['deployment', /./],
      ['deployment_status', /./],
      ['deployment_review', /requested/],
      ['workflow_run', /./],
      ['workflow_job', /./],
      ['check_suite', /./],
      ['check_run', /created|completed/],
      ['status', /./],
      ['release', /created|published|released/],
      ['package', /./],
      ['branch_protection_rule', /created|edited/],
      ['installation', /created|suspend/],
      ['issues', /^(?!deleted|transferred)/],
      ['issue_comment', /created|edited/],
      ['dependabot_alert', /./],
      ['security_advisory', /./],
      ['deploy_key', /created/],
    ]);
    const missing = [...examplePayloads(), ...corpusPayloads()].filter(({ event, body }) => {
      const { action = 'none' } = JSON.parse(body.toString()) as { action?: string };
      return timed.get(event)?.test(action) === true && normalize(event, body).some(({ time }) => time === undefined);
    });
    expect(missing.map(({ origin }) => origin)).toEqual([]);
  });

  it('no record has the secret of an alert', () => {
    const secrets = [...examplePayloads(), ...corpusPayloads()].flatMap(({ origin, event, body }) => {
      const { alert } = JSON.parse(body.toString()) as { alert?: { secret?: unknown } };
      return typeof alert?.secret === 'string' && JSON.stringify(normalize(event, body)).includes(alert.secret)
        ? [origin]
        : [];
    });
    expect(secrets).toEqual([]);
  });
});
