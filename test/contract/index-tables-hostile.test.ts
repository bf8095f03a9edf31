import { randomBytes } from 'node:crypto';

import type { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { startStorage } from '../../local/storage/start-storage.ts';
import { openTable } from '../../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../../shared/azure/table-index-tables.ts';
import { compareIndex } from '../../shared/tabulate/compare-index.ts';
import type { IndexRow } from '../../shared/tabulate/index-tables.ts';
import { tabulateLog } from '../../shared/tabulate/tabulate.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { LOG, sampleRecord } from '../tabulate/sample-records.ts';
import { SampleLog, distinct } from '../tabulate/sample-trail.ts';
import { collect, makeFolder } from './stage.ts';

/**
 * What somebody who may write the tables can put there, past our own adapter: columns whose names the SDK gives to the keys,
 * and types that it translates. Its client renames such columns on their way out, so they travel under a name of their own.
 */
const HIDDEN = 'zz_';
const TABLE = 'ByProject';

let storage: Awaited<ReturnType<typeof startStorage>>;
let removeFolder: () => Promise<void>;
let client: TableClient;
let tables: TableIndexTables;
let trail: MemoryImmutableStore;
let victim: IndexRow;

beforeAll(async () => {
  const { folder, remove } = await makeFolder();
  removeFolder = remove;
  storage = await startStorage({ dataDir: folder });
  const connection = { name: 'TEST', connectionString: storage.connectionString };
  tables = new TableIndexTables((table) => openTable(connection, table));
  await tables.prepare();
  client = openTable(connection, TABLE);
  client.pipeline.addPolicy(
    {
      name: 'unhide',
      sendRequest: (request, next) => {
        if (typeof request.body === 'string') request.body = request.body.replaceAll(`"${HIDDEN}`, '"');
        return next(request);
      },
    },
    { phase: 'Serialize' },
  );
  trail = new MemoryImmutableStore();
  await new SampleLog(trail, LOG).seal(distinct(sampleRecord({ project: 'payments' }), 5, 'a'));
  await tabulateLog({ trail, tables }, LOG, 0);
  [victim] = (await collect(tables.scan(TABLE))) as [IndexRow];
});
afterAll(async () => {
  await storage.stop();
  await removeFolder();
});

/** As it was derived, and nothing else in the table. */
beforeEach(async () => {
  await tables.remove((await collect(tables.scan(TABLE))).filter(({ columns }) => columns['Log'] !== LOG));
  await tables.remove(await collect(tables.query(TABLE, 'hidden')));
  await tables.write([victim]);
  const left = await differences();
  if (left.length > 0) throw new Error(`The table is not as it was derived: ${left.join(', ')}`);
});

async function differences(): Promise<string[]> {
  const found = await collect(compareIndex({ trail, tables, salt: randomBytes(16) }));
  return found.map((each) => (each.kind === 'unreadable' ? each.reason : `${each.kind} ${each.rowKey}`)).sort();
}

/** The victim's columns, at keys of the attacker's, with columns besides. */
function put({ partitionKey, rowKey }: { partitionKey: string; rowKey: string }, more: object): Promise<unknown> {
  const columns = Object.entries(victim.columns).map(([name, value]) => [
    name,
    typeof value === 'number' ? { type: 'Int64', value: String(value) } : value,
  ]);
  return client.upsertEntity({ ...Object.fromEntries(columns), ...more, partitionKey, rowKey }, 'Replace');
}

describe('a row in Table Storage that somebody else wrote', () => {
  test('is taken for another that was removed, because its columns claim the keys of that one', async () => {
    const { partitionKey, rowKey } = victim;
    await tables.remove([victim]);
    const claims = { [`${HIDDEN}partitionKey`]: partitionKey, [`${HIDDEN}rowKey`]: rowKey };
    await put({ partitionKey: 'hidden', rowKey: 'hidden' }, claims);
    expect(await differences()).toEqual([`added hidden`, `missing ${rowKey}`].sort());
    const [hidden] = await collect(tables.query(TABLE, 'hidden'));
    expect(hidden).toMatchObject({ partitionKey: 'hidden', rowKey: 'hidden', columns: { partitionKey, rowKey } });
  });

  test('doubles another, because its columns claim the keys of that one', async () => {
    const { partitionKey, rowKey } = victim;
    const claims = { [`${HIDDEN}partitionKey`]: partitionKey, [`${HIDDEN}rowKey`]: rowKey };
    for (const key of ['one', 'two']) await put({ partitionKey: 'hidden', rowKey: key }, claims);
    expect(await differences()).toEqual(['added one', 'added two']);
  });

  test('has columns that nobody sees: under names that the client uses itself', async () => {
    for (const name of ['timestamp', 'etag', 'partitionKey', 'rowKey']) {
      await put(victim, { [`${HIDDEN}${name}`]: 'from the attacker' });
      expect([name, await differences()]).toEqual([name, [`changed ${victim.rowKey}`]]);
    }
  });

  test('has a column that nobody sees, because assigning to its name sets no member', async () => {
    // The emulator drops such a column: it is put into its answer.
    const connection = { name: 'TEST', connectionString: storage.connectionString };
    const reading = new TableIndexTables((table) => {
      const opened = openTable(connection, table);
      opened.pipeline.addPolicy(
        {
          name: 'answer',
          sendRequest: async (request, next) => {
            const response = await next(request);
            const bodyAsText = response.bodyAsText?.replaceAll('"Log":', '"__proto__":"x","Log":') ?? null;
            return { ...response, bodyAsText };
          },
        },
        { afterPhase: 'Deserialize' },
      );
      return opened;
    });
    const rows = await collect(reading.query(TABLE, victim.partitionKey));
    expect(rows.map(({ columns }) => Object.keys(columns).includes('__proto__'))).toEqual(rows.map(() => true));
    const found = await collect(compareIndex({ trail, tables: reading, salt: randomBytes(16) }));
    expect(found.map(({ kind }) => kind)).toContain('changed');
  });

  test('has a value of another type that reads like the true one', async () => {
    const time = String(victim.columns['Time']);
    for (const value of [
      { type: 'DateTime', value: time },
      { type: 'Binary', value: Buffer.from(time).toString('base64') },
      { type: 'Guid', value: '11111111-2222-3333-4444-555555555555' },
    ]) {
      await put(victim, { Time: value });
      expect([value.type, await differences()]).toEqual([value.type, [`changed ${victim.rowKey}`]]);
    }
  });
});
