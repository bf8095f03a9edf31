import { describe, expect, test } from 'vitest';

import { StoreError } from '../../shared/errors.ts';
import { collect } from '../contract/stage.ts';
import { FaultPlan, withFaults } from './faults.ts';
import { MemoryHub } from './memory-hub.ts';
import { MemoryIndexTables } from './memory-index-tables.ts';
import { MemoryImmutableStore } from './memory-immutable-store.ts';
import { MemorySigner } from './memory-signer.ts';

const UNAVAILABLE = { name: 'StoreError', code: 'unavailable' };

describe('withFaults', () => {
  test('a call that is "not done" takes effect, or one that is "done, yet an error" does not', async () => {
    const store = new MemoryImmutableStore();
    const plan = new FaultPlan({ call: 1, how: 'notDone' }, { call: 2, how: 'doneYetError' });
    const faulty = withFaults(store, plan);
    await expect(faulty.create('a', Buffer.from('a'))).rejects.toMatchObject(UNAVAILABLE);
    expect(store.names()).toEqual([]);
    await expect(faulty.create('a', Buffer.from('a'))).rejects.toMatchObject(UNAVAILABLE);
    expect(store.names()).toEqual(['a']);
    expect(await faulty.create('a', Buffer.from('a'))).toBe('exists');
    expect(plan.calls).toEqual(['create', 'create', 'create']);
  });

  test('calls of one method are counted with those of others, or of one port apart from those of others', async () => {
    const error = new StoreError('forbidden', 'of the test');
    const plan = new FaultPlan({ call: 2, method: 'read', how: 'notDone', error }, { call: 5, how: 'notDone' });
    const store = withFaults(new MemoryImmutableStore(), plan);
    const tables = withFaults(new MemoryIndexTables(), plan);
    await store.read('a');
    await tables.getProgress('log');
    await expect(store.read('a')).rejects.toBe(error);
    await store.exists('a');
    expect(plan.pending()).toHaveLength(1);
    await expect(tables.setProgress('log', 1)).rejects.toMatchObject(UNAVAILABLE);
    expect([plan.count('read'), plan.count()]).toEqual([2, 5]);
    expect(plan.pending()).toEqual([]);
  });

  test('a listing fails before it was asked for, or gives nothing before it fails at its end', async () => {
    const plan = new FaultPlan({ call: 1, how: 'notDone' }, { call: 2, how: 'doneYetError' });
    const store = new MemoryImmutableStore();
    await store.create('a', Buffer.from('a'));
    const faulty = withFaults(store, plan);
    await expect(collect(faulty.list(''))).rejects.toMatchObject(UNAVAILABLE);
    const seen: string[] = [];
    const listing = async (): Promise<void> => {
      for await (const { name } of faulty.list('')) seen.push(name);
    };
    await expect(listing()).rejects.toMatchObject(UNAVAILABLE);
    expect(seen).toEqual(['a']);
    expect(await collect(faulty.list(''))).toHaveLength(1);
  });

  test('methods of the test itself are counted, or lose sight of the port', async () => {
    const plan = new FaultPlan({ call: 1, how: 'notDone' });
    const hub = withFaults(new MemoryHub(), plan);
    hub.enqueue('0', Buffer.from('a'));
    hub.expire('0', 0);
    expect(hub.messages('0')).toHaveLength(1);
    expect(plan.count()).toBe(0);
    const signer = withFaults(new MemorySigner(), plan);
    signer.rotate();
    await expect(signer.newest()).rejects.toMatchObject(UNAVAILABLE);
    expect((await signer.newest()).sha256).toHaveLength(64);
  });
});

describe('the fakes', () => {
  test('a blob is changed or removed by what a sealer can call; tampering is not seen, or reaches the copy', async () => {
    const store = new MemoryImmutableStore();
    await store.create('a', Buffer.from('first'));
    const copy = store.copy();
    store.tamper('a', Buffer.from('other'));
    expect(await store.read('a')).toEqual(Buffer.from('other'));
    store.tamper('a', undefined);
    expect(await store.exists('a')).toBe(false);
    expect(() => store.tamper('a', undefined)).toThrow(StoreError);
    expect(await copy.read('a')).toEqual(Buffer.from('first'));
  });

  test('a silent hub answers, or takes messages', async () => {
    const hub = new MemoryHub();
    hub.isSilent = true;
    const message = { partitionKey: 'a', envelope: 'e', body: Buffer.from('x') };
    await expect(hub.properties()).rejects.toMatchObject(UNAVAILABLE);
    await expect(hub.partition('0')).rejects.toMatchObject(UNAVAILABLE);
    await expect(hub.read('0', 0, 0, 1)).rejects.toMatchObject(UNAVAILABLE);
    await expect(hub.publish(message, new AbortController().signal)).rejects.toMatchObject(UNAVAILABLE);
    hub.isSilent = false;
    expect((await hub.partition('0')).last).toBe(-1);
  });

  test('a message that is lost from the middle is not a gap', async () => {
    const hub = new MemoryHub();
    for (const text of ['a', 'b', 'c']) hub.enqueue('0', Buffer.from(text));
    hub.lose('0', 1);
    expect((await hub.read('0', 0, 2, 9)).map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 2]);
    hub.reuseNumbers();
    expect(hub.enqueue('0', Buffer.from('again')).sequenceNumber).toBe(0);
  });

  test('a clock that goes back takes the hub along', async () => {
    let now = 1_000;
    const hub = new MemoryHub({ clock: () => now });
    const first = hub.enqueue('0', Buffer.from('a'));
    now = 0;
    expect(hub.enqueue('0', Buffer.from('b')).enqueued).toBe(first.enqueued);
    const { created } = await hub.properties();
    hub.recreate();
    expect((await hub.properties()).created > created).toBe(true);
  });

  test.each([
    ['a slash in a key', { partitionKey: 'a/b', rowKey: 'c', columns: {} }],
    ['a key of 513 characters', { partitionKey: 'x'.repeat(513), rowKey: 'c', columns: {} }],
    ['half a character in a key', { partitionKey: 'a', rowKey: '\ud800', columns: {} }],
    ['a column with a hyphen', { partitionKey: 'a', rowKey: 'c', columns: { 'a-b': 1 } }],
    ['a text of 33,000 characters', { partitionKey: 'a', rowKey: 'c', columns: { A: 'x'.repeat(33_000) } }],
    [
      '253 columns',
      { partitionKey: 'a', rowKey: 'c', columns: Object.fromEntries([...Array(253).keys()].map((k) => [`C${k}`, k])) },
    ],
  ])('%s passes here, and is refused by the service', async (_, row) => {
    const tables = new MemoryIndexTables();
    await expect(tables.write([{ table: 'Events', ...row }])).rejects.toMatchObject({ name: 'StoreError' });
    expect(tables.rows('Events')).toEqual([]);
  });
});
