import { describe, expect, it, test } from 'vitest';

import { AZURE_DEVOPS_DESCRIPTION, AZURE_DEVOPS_SAMPLES } from '../../cli/sources/azure-devops.ts';
import { AZURE_DEVOPS_EVENTS } from '../../shared/normalize/azure-devops/events.ts';
import { azureDevopsNormalizer } from '../../shared/normalize/azure-devops.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import { categoryOf } from '../../shared/wire/record.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { fixture, fixtureNames, normalize, normalizeObject, only, recordOf } from './azure-devops-payloads.ts';
import { outcomeOf } from './outcome-of.ts';

describe('the records of the cases that the trail is kept for', () => {
  it.each(fixtureNames())('%s: no member of the drafts changes unseen', (name) => {
    const { payload, drafts } = fixture(name);
    const given = normalizeObject(payload);
    expect(given).toEqual(drafts);
    for (const draft of given) expect(recordOf(draft).type).toBe(draft.type);
  });

  test('every event that is known has one, so that no event goes unread by a person', () => {
    const sampled = new Set(fixtureNames().map((name) => fixture(name).event));
    expect([...AZURE_DEVOPS_EVENTS.keys()].filter((event) => !sampled.has(event))).toEqual([]);
  });

  test('have no detail that docs/sources.md does not explain, and explain none that no record has', () => {
    const used = AZURE_DEVOPS_SAMPLES.flatMap(({ body }) => normalizeObject(body)).flatMap(({ data }) =>
      Object.keys(data.details ?? {}),
    );
    expect([...AZURE_DEVOPS_DESCRIPTION.details.keys()].sort()).toEqual([...new Set(used)].sort());
  });
});

describe('the name of an event', () => {
  const project = { id: 'be9b3917-1111-4a3c-9b5e-0d6c5b4a3f21', name: 'payments' };
  const repository = { id: '4bc14d40-2222-4ec8-bd5c-7d2f6f3d9e01', name: 'ledger', project };

  test.each([
    ['eventType', { eventType: 'git.repo.created' }, undefined],
    ['eventId, as some events have it', { eventId: 'git.repo.created' }, undefined],
    ['the envelope, where the body has none', {}, 'git.repo.created'],
    ['another case', { eventType: 'Git.Repo.Created' }, undefined],
    ['the documentation of 2024', { eventType: 'git.repository.created' }, undefined],
  ])('is read from %s', (_what, payload, envelope) => {
    const { type } = only(normalize(JSON.stringify({ ...payload, resource: { repository } }), envelope));
    expect(type).toBe('indelible.access.repository.created');
  });

  test.each([
    ['ms.azure-devops-release.release-created-event', 'indelible.deployment.release.created'],
    ['ms.vss-release.deployment-mi-pending-event', 'indelible.decision.manual_intervention.requested'],
    ['projectlevelagentpool.created', 'indelible.infrastructure.agent_pool.created'],
    ['serviceendpoint.updated', 'indelible.access.service_connection.updated'],
    ['check.updated', 'indelible.access.pipeline_check.updated'],
    ['git.repository.statuschanged', 'indelible.access.repository.status_changed'],
  ])('%s, of another version, is %s', (eventType, type) => {
    expect(only(normalizeObject({ eventType, resource: {} })).type).toBe(type);
  });

  test('that this version does not know is sealed with what it says, not lost', () => {
    const draft = only(
      normalizeObject({ eventType: 'tfs.moon.full', publisherId: 'tfs', message: { text: 'The moon is full.' } }),
    );
    expect(draft).toMatchObject({
      type: 'indelible.code.service_hook_event.received',
      data: { action: 'tfs.moon.full', outcome: 'unknown', details: { message: 'The moon is full.' } },
    });
  });

  test.each([
    ['an unknown event that says nothing of itself', '{"eventType":"x.y"}', 'event'],
    ['an unknown event of no publisher', '{"eventType":"x.y","resource":{"id":1}}', 'event'],
    ['a name that every object has', '{"eventType":"constructor"}', 'event'],
    ['no event at all', '{"resource":{}}', 'shape'],
    ['an event that is a number', '{"eventType":7}', 'shape'],
    ['an array', '[]', 'shape'],
    ['no JSON', 'push', 'json'],
  ])('is not guessed for %s', (_what, body, code) => {
    expect(() => normalize(body)).toThrow(Unrecognized);
    expect(() => normalize(body)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a subscription that is set to send few details', () => {
  const common = { publisherId: 'tfs', createdDate: '2026-11-23T09:30:00Z' };

  test.each([...AZURE_DEVOPS_EVENTS.keys()])('leaves a record of %s, without resource and message', (eventType) => {
    for (const payload of [{ eventType }, { ...common, eventType }, { ...common, eventType, resource: null }]) {
      const drafts = normalizeObject(payload);
      expect(drafts.length).toBeGreaterThan(0);
      for (const draft of drafts) {
        expect(recordOf(draft).type).toBe(draft.type);
        expect(draft.data.action).toBe(eventType);
        expect(draft.data.summary).not.toMatch(/undefined|null|\n/);
        expect(draft.data.actor?.kind ?? 'unknown').toBe('unknown');
      }
    }
  });

  test('still tells which pull request, by its number and page', () => {
    const url = 'https://dev.azure.com/acme/payments/_apis/git/repositories/ledger/pullRequests/12';
    const resource = { pullRequestId: 12, status: 'completed', url };
    const draft = only(normalizeObject({ ...common, eventType: 'git.pullrequest.updated', resource }));
    expect(draft.type).toBe('indelible.code.pull_request.merged');
    expect(draft.data.details).toMatchObject({ number: 12, status: 'completed' });
  });

  test('still tells which work item', () => {
    const resource = {
      id: 4,
      workItemId: 77,
      rev: 4,
      url: 'https://dev.azure.com/acme/_apis/wit/workItems/77/updates/4',
    };
    const draft = only(normalizeObject({ ...common, eventType: 'workitem.updated', resource }));
    expect(draft.data.target).toEqual({ kind: 'workItem', id: 'https://dev.azure.com/acme/_workitems/edit/77' });
  });

  test('still tells which build', () => {
    const resource = { id: 5501, url: 'https://dev.azure.com/acme/payments/_apis/build/Builds/5501' };
    const draft = only(normalizeObject({ ...common, eventType: 'build.complete', resource }));
    expect(draft.data.target?.id).toBe('https://dev.azure.com/acme/payments/_build/results?buildId=5501');
    expect(draft.data.outcome).toBe('unknown');
  });
});

describe('odd bodies', () => {
  test.each(ODD_BODIES)(
    'that are or have %s end as a record or a reason, with an event in the envelope as without',
    (_w, odd) => {
      for (const event of [undefined, 'git.push', 'workitem.updated']) {
        const envelope = { source: 'azure-devops', ...(event === undefined ? {} : { event }) };
        const given = (): unknown =>
          azureDevopsNormalizer.normalize({ envelope, body: odd, enqueued: '2026-11-23T19:41:07.123Z' });
        expect(outcomeOf(given)).toMatch(/^(?:record|reason)$/);
      }
    },
  );

  test('a message without an end gives a summary of one line, and categories that exist', () => {
    const drafts = fixtureNames().flatMap((name) =>
      normalizeObject({ ...fixture(name).payload, message: { text: `${'x '.repeat(50_000)}\n\r\u2028y` } }),
    );
    for (const draft of drafts) {
      expect(draft.data.summary).not.toMatch(/[\n\r\u2028]/);
      expect(() => categoryOf(draft.type)).not.toThrow();
    }
  });
});
