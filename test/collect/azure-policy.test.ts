import { describe, expect, test } from 'vitest';

import { observeAzurePolicy } from '../../shared/collect/azure-policy.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';

const SUBSCRIPTION = '/subscriptions/5B4B650E-28B9-4790-B3AB-DDBD88D727C4';
const PARTITION = '5b4b650e-28b9-4790-b3ab-ddbd88d727c4';
const event = {
  id: 'e-1',
  topic: SUBSCRIPTION,
  subject: `${SUBSCRIPTION}/resourceGroups/rg`,
  eventType: 'Microsoft.PolicyInsights.PolicyStateCreated',
  eventTime: '2026-03-01T12:00:00Z',
  data: {},
};

async function observed(given: unknown) {
  const app = fakePublishing();
  await observeAzurePolicy(app, given);
  const [message] = app.publisher.taken;
  const [envelope] = app.publisher.envelopes;
  if (message === undefined || envelope === undefined) throw new Error('nothing was published');
  return { message, envelope };
}

describe('observing an event of Azure Policy', () => {
  test('publishes what the host passes, under the event’s own id', async () => {
    const { message, envelope } = await observed(event);
    expect(JSON.parse(message.body.toString())).toEqual(event);
    expect(envelope).toMatchObject({
      source: 'azure-policy',
      event: 'Microsoft.PolicyInsights.PolicyStateCreated',
      delivery: 'e-1',
      authenticated: 'event-grid',
    });
  });

  test.each<[string, unknown, string]>([
    ['its subject', event, PARTITION],
    ['its topic', { ...event, subject: 'x' }, PARTITION],
    [
      'its resource, where a management group is subscribed to',
      { ...event, topic: '/tenants/t/providers/Microsoft.Management/managementGroups/acme' },
      PARTITION,
    ],
    ['the source of a CloudEvent', { source: SUBSCRIPTION, type: 'x' }, PARTITION],
    ['its data', { data: { subscriptionId: 'ABC' } }, 'abc'],
    ['nothing', { topic: 7, subject: null }, 'azure'],
  ])('the states of one resource lie in one partition: its id is taken from %s', async (_what, given, key) => {
    expect((await observed(given)).message.partitionKey).toBe(key);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'text'],
    ['an array', [event]],
    ['an id that is no text', { ...event, id: 7 }],
    ['an id of 1 MB', { ...event, id: 'x'.repeat(1_000_000) }],
    ['lone surrogates', { ...event, subject: '\ud800', id: '\udfff' }],
  ])('an odd event (%s) is published, not dropped', async (_what, given) => {
    const { message } = await observed(given);
    expect(message.body.length).toBeGreaterThan(0);
  });

  test('an event nested too deeply to write is refused and counted, so that Event Grid keeps it', async () => {
    const app = fakePublishing();
    let deep: unknown = 1;
    for (let i = 0; i < 50_000; i++) deep = [deep];
    await expect(observeAzurePolicy(app, deep)).rejects.toMatchObject({ code: 'badRequest' });
    expect(app.counted).toEqual(['refused collect badRequest']);
  });

  test('where nothing is durable the trigger fails, so that Event Grid delivers again', async () => {
    const app = fakePublishing();
    app.publisher.mood = 'hang';
    app.spill.mood = 'hang';
    await expect(observeAzurePolicy(app, event)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
