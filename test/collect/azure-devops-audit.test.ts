import { describe, expect, test } from 'vitest';

import { observeAzureDevopsAudit } from '../../shared/collect/azure-devops-audit.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';

const NIL = '00000000-0000-0000-0000-000000000000';
const ORGANIZATION = 'B1A2C3D4-5E6F-4A7B-8C9D-0E1F2A3B4C5D';
const PROJECT = 'C2F6D8A1-7B3E-4C95-9D04-6E8F1A2B3C4D';
const entry = {
  Id: 'entry-1',
  ActionId: 'Git.RepositoryCreated',
  ScopeId: ORGANIZATION,
  ProjectId: PROJECT,
  Timestamp: '2026-03-01T12:00:00Z',
};
const event = {
  id: 'event-1',
  subject: 'AzureDevOps/Auditing',
  data: entry,
  eventType: 'AzureDevOpsAuditEvent',
  eventTime: '2026-03-01T12:00:00Z',
};

async function observed(given: unknown) {
  const app = fakePublishing();
  await observeAzureDevopsAudit(app, given);
  const [message] = app.publisher.taken;
  const [envelope] = app.publisher.envelopes;
  if (message === undefined || envelope === undefined) throw new Error('nothing was published');
  return { message, envelope };
}

describe('observing an event of an audit stream', () => {
  test('publishes what the host passes under the entry’s id, not the event’s: the same entry comes from Log Analytics as well', async () => {
    const { message, envelope } = await observed(event);
    expect(JSON.parse(message.body.toString())).toEqual(event);
    expect(envelope).toMatchObject({
      source: 'azure-devops-audit',
      event: 'AzureDevOpsAuditEvent',
      delivery: 'entry-1',
      authenticated: 'event-grid',
    });
  });

  test.each<[string, unknown, string | undefined]>([
    ['its event', { ...event, data: { ...entry, Id: undefined } }, 'event-1'],
    ['its event, where it is no entry', { ...event, data: {} }, 'event-1'],
    ['nothing', { ...event, id: 7, data: {} }, undefined],
  ])('an entry without an id has that of %s', async (_what, given, delivery) => {
    expect((await observed(given)).envelope.delivery).toBe(delivery);
  });

  test.each<[string, unknown, string]>([
    ['its project', event, PROJECT.toLowerCase()],
    [
      'its organization where zeros stand for no project',
      { ...event, data: { ...entry, ProjectId: NIL } },
      ORGANIZATION.toLowerCase(),
    ],
    ['the organization’s name', { data: { ActionId: 'x', ScopeDisplayName: 'Acme' } }, 'acme'],
    ['nothing', { data: {} }, 'azure-devops'],
  ])('what belongs together lies in one partition: by %s', async (_what, given, key) => {
    expect((await observed(given)).message.partitionKey).toBe(key);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'text'],
    ['an array', [event]],
    ['an id that is no text', { ...event, data: { ...entry, Id: 7 } }],
    ['an id of 1 MB', { ...event, data: { ...entry, Id: 'x'.repeat(1_000_000) } }],
    ['lone surrogates', { ...event, data: { ...entry, Id: '\udfff', ProjectId: '\ud800' } }],
  ])('an odd event (%s) is published, not dropped', async (_what, given) => {
    const { message } = await observed(given);
    expect(message.body.length).toBeGreaterThan(0);
  });

  test('an event nested too deeply to write is refused and counted, so that Event Grid keeps it', async () => {
    const app = fakePublishing();
    let deep: unknown = 1;
    for (let i = 0; i < 50_000; i++) deep = [deep];
    await expect(observeAzureDevopsAudit(app, deep)).rejects.toMatchObject({ code: 'badRequest' });
    expect(app.counted).toEqual(['refused collect badRequest']);
  });

  test('where nothing is durable the trigger fails, so that Event Grid delivers again', async () => {
    const app = fakePublishing();
    app.publisher.mood = 'hang';
    app.spill.mood = 'hang';
    await expect(observeAzureDevopsAudit(app, event)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
