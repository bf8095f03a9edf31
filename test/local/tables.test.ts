import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { LogTable } from '../../shared/collect/log-query.ts';
import { TableIndexTables } from '../../shared/azure/table-index-tables.ts';
import { openTable } from '../../shared/azure/storage-clients.ts';
import { coveredUntil } from '../../shared/report/covered-until.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { StackStage } from './stack-stage.ts';

const TIMERS: readonly (readonly [table: LogTable, timer: string, source: string])[] = [
  ['AuditLogs', 'observe-entra-audit', 'entra-audit'],
  ['AzureActivity', 'reconcile-azure-activity', 'activity-log'],
  ['AzureDevOpsAuditing', 'reconcile-azure-devops-audit', 'azure-devops-audit'],
];
const OPTIONS = { timeout: 120_000 };

describe('tables of Log Analytics, read by the timers of the stack', () => {
  let stage: StackStage;
  beforeAll(async () => {
    stage = await StackStage.open();
  }, 60_000);
  afterAll(async () => {
    await stage.close();
  }, 60_000);

  async function ingest(table: LogTable, id: string): Promise<void> {
    const idColumn = table === 'AzureActivity' ? 'EventDataId' : 'Id';
    const rows = [{ [idColumn]: id, TimeGenerated: new Date().toISOString() }];
    const answer = await fetch(`${stage.stack.file.logsAdmin}/tables/${table}`, {
      method: 'POST',
      body: JSON.stringify(rows),
    });
    expect(answer.status).toBe(200);
  }

  /** Ends of the windows that are sealed and in the index. */
  function covered(source: string): Promise<string | undefined> {
    const connection = { name: 'the stack under test', connectionString: stage.stack.file.storage };
    return coveredUntil(new TableIndexTables((table) => openTable(connection, table)), source, Date.now());
  }

  const windowsOf = (records: readonly TrailRecord[], source: string) =>
    records
      .filter((record) => record.source === `urn:indelible:source:${source}`)
      .map(({ data: { clock } }) => [clock?.started?.at, clock?.ended?.at] as const);

  it.each(TIMERS)(
    'a row of %s is lost, or sealed under two ids, by %s; or a time is left out between two windows',
    OPTIONS,
    async (table, timer, source) => {
      await ingest(table, `${table}-first`);
      expect(await stage.fire(timer)).toBe(200);
      const first = await vi.waitFor(
        async () => {
          const until = await covered(source);
          if (until === undefined) throw new Error('not sealed yet');
          return until;
        },
        { timeout: 60_000, interval: 200 },
      );
      await ingest(table, `${table}-second`);
      expect(await stage.fire(timer)).toBe(200);
      await vi.waitFor(
        async () => {
          if ((await covered(source)) === first) throw new Error('not sealed yet');
        },
        { timeout: 60_000, interval: 200 },
      );
      const records = await stage.records();
      // The schedule may have fired too, before the window was sealed: the row is read again, and sealed under its one id.
      const ids = new Map<string, Set<string>>();
      for (const { id, data } of records) {
        const { envelope } = data.collected ?? {};
        if (envelope?.source !== source) continue;
        const delivery = envelope.delivery ?? '';
        ids.set(delivery, (ids.get(delivery) ?? new Set()).add(id));
      }
      expect(new Map([...ids].map(([delivery, { size }]) => [delivery, size]))).toEqual(
        new Map([
          [`${table}-first`, 1],
          [`${table}-second`, 1],
        ]),
      );
      const windows = windowsOf(records, source);
      const ends = new Set(windows.map(([, until]) => until));
      // Each but the first begins where another one ends: no instant lies between them.
      expect(windows.filter(([from]) => !ends.has(from))).toHaveLength(1);
      expect(windows.length).toBeGreaterThan(1);
    },
  );
});
