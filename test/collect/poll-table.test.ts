import { describe, expect, test } from 'vitest';

import type { LogQuery, LogRow, LogTable } from '../../shared/collect/log-query.ts';
import { ACTIVITY_LOG, DEVOPS_AUDIT, ENTRA_AUDIT, pollTable } from '../../shared/collect/poll-table.ts';
import type { PollApp } from '../../shared/collect/poll-table.ts';
import { StoreError } from '../../shared/errors.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import type { FakePublishing } from '../publish/fake-publishing.ts';

class FakeLogs implements LogQuery {
  readonly workspace = 'w';
  readonly asked: string[] = [];
  /** By ingestion time. */
  rows: readonly [time: string, row: LogRow][] = [];
  failing = false;

  async rowsIngested(table: LogTable, from: string, until: string): Promise<readonly LogRow[]> {
    this.asked.push(`${table} ${from.slice(11, 16)}–${until.slice(11, 16)}`);
    if (this.failing) throw new StoreError('unavailable', 'throttled');
    return this.rows.filter(([time]) => time >= from && time < until).map(([, row]) => row);
  }
}

interface Polling {
  readonly app: PollApp & FakePublishing;
  readonly logs: FakeLogs;
  /** Bodies of the coverage messages. */
  readonly windows: () => Record<string, unknown>[];
  /** Deliveries of all others. */
  readonly deliveries: () => (string | undefined)[];
}

function polling(covered?: string, now = '2026-11-23T06:09:59.000Z'): Polling {
  const logs = new FakeLogs();
  const app = {
    ...fakePublishing(now),
    app: 'observe' as const,
    logs,
    settling: 300_000,
    coveredUntil: async () => covered,
  };
  const isWindow = (i: number) => app.publisher.envelopes[i]?.source === 'coverage';
  return {
    app,
    logs,
    windows: () =>
      app.publisher.taken.filter((_, i) => isWindow(i)).map(({ body }) => JSON.parse(body.toString()) as never),
    deliveries: () =>
      app.publisher.envelopes.filter(({ source }) => source !== 'coverage').map(({ delivery }) => delivery),
  };
}

describe('polling a table', () => {
  test('goes on anywhere else than where the last sealed window ended, or asks for rows that still settle', async () => {
    const { app, logs, windows } = polling('2026-11-23T05:58:00.000Z');
    expect(await pollTable(app, ENTRA_AUDIT)).toEqual({ windows: 1, rows: 0 });
    expect(logs.asked).toEqual(['AuditLogs 05:58–06:05']);
    expect(windows()).toEqual([
      {
        source: 'entra-audit',
        table: 'AuditLogs',
        workspace: 'w',
        from: '2026-11-23T05:58:00.000Z',
        until: '2026-11-23T06:05:00.000Z',
        asked: '2026-11-23T06:10:01.000Z',
        rows: 0,
      },
    ]);
  });

  test('asks for a whole outage at once, or leaves a hole between two of its windows', async () => {
    const { app, logs } = polling('2026-11-23T03:30:00.000Z');
    await pollTable(app, ACTIVITY_LOG);
    expect(logs.asked.map((each) => each.slice(-11))).toEqual(['03:30–04:30', '04:30–05:30', '05:30–06:05']);
  });

  test('never ends after a long outage: the next tick goes on', async () => {
    const { app } = polling('2026-11-20T00:00:00.000Z');
    expect((await pollTable(app, ACTIVITY_LOG)).windows).toBe(24);
  });

  test('looks at nothing where no window was ever sealed', async () => {
    const { app, logs } = polling();
    await pollTable(app, DEVOPS_AUDIT);
    expect(logs.asked).toEqual(['AzureDevOpsAuditing 05:05–06:05']);
  });

  test('asks for a window that has no end, or ends before it begins, where a clock steps back', async () => {
    const { app, logs, windows } = polling('2026-11-23T06:30:00.000Z');
    expect(await pollTable(app, ENTRA_AUDIT)).toEqual({ windows: 0, rows: 0 });
    expect([...logs.asked, ...windows()]).toEqual([]);
  });

  test('says that a window is covered although one of its rows was not taken by hub and spill', async () => {
    const { app, logs, windows, deliveries } = polling('2026-11-23T06:00:00.000Z');
    logs.rows = [1, 2, 3].map((i) => [`2026-11-23T06:0${i}:00.000Z`, { Id: String(i) }]);
    app.publisher.dislikes = ({ body }) => body.toString().includes('"2"');
    app.spill.mood = 'refuse';
    await expect(pollTable(app, ENTRA_AUDIT)).rejects.toMatchObject({ code: 'unavailable' });
    expect(windows()).toEqual([]);
    // The next tick reads the same window: what was taken comes again, under its own id.
    app.publisher.dislikes = () => false;
    await pollTable(app, ENTRA_AUDIT);
    expect(new Set(deliveries())).toEqual(new Set(['1', '2', '3']));
    expect(windows()).toMatchObject([{ rows: 3 }]);
  });

  test('says that a window is covered although the workspace did not answer', async () => {
    const { app, logs, windows } = polling('2026-11-23T06:00:00.000Z');
    logs.failing = true;
    await expect(pollTable(app, ENTRA_AUDIT)).rejects.toMatchObject({ code: 'unavailable' });
    expect(windows()).toEqual([]);
  });

  test('gives a row no id, another id the next time, or the id of another row', async () => {
    const { app, logs, deliveries } = polling('2026-11-23T06:00:00.000Z');
    const time = '2026-11-23T06:01:00.000Z';
    logs.rows = [
      [time, { EventDataId: 'e-1', _ItemId: 'i-1', SubscriptionId: 'S1' }],
      [time, { EventDataId: '', _ItemId: 'i-2' }],
      [time, { Caller: 'mona' }],
      [time, { Caller: 'hubot' }],
    ];
    await pollTable(app, ACTIVITY_LOG);
    await pollTable(app, ACTIVITY_LOG);
    const [e1, i2, mona, hubot] = deliveries();
    expect([e1, i2]).toEqual(['e-1', 'i-2']);
    expect(mona).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(new Set(deliveries()).size).toBe(4);
    expect(mona).not.toBe(hubot);
    expect(app.publisher.taken[0]?.partitionKey).toBe('s1');
  });
});
