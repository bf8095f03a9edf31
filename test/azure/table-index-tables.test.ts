import type { ServerResponse } from 'node:http';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { startStorage } from '../../local/storage/start-storage.ts';
import type { StorageProcess } from '../../local/storage/start-storage.ts';
import { openTable } from '../../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../../shared/azure/table-index-tables.ts';
import type { IndexRow } from '../../shared/tabulate/index-tables.ts';
import { collect, makeFolder } from '../contract/stage.ts';
import { startHttp, storageConnection } from './http-stand-in.ts';
import type { HttpStandIn, Respond } from './http-stand-in.ts';
import { thrownBy } from './thrown-by.ts';

function row(partitionKey: string, rowKey: string, columns: IndexRow['columns'] = { Index: 1 }): IndexRow {
  return { table: 'ByProject', partitionKey, rowKey, columns };
}

function rows(partitionKey: string, count: number): IndexRow[] {
  return Array.from({ length: count }, (_, k) => row(partitionKey, String(k).padStart(5, '0')));
}

describe('against Azurite', () => {
  let storage: StorageProcess;
  let tables: TableIndexTables;
  let cleanUp: () => Promise<void>;
  beforeAll(async () => {
    const { folder, remove } = await makeFolder();
    storage = await startStorage({ dataDir: folder });
    tables = new TableIndexTables((table) =>
      openTable({ name: 'TEST', connectionString: storage.connectionString }, table),
    );
    await tables.prepare();
    cleanUp = async () => {
      await storage.stop();
      await remove();
    };
  });
  afterAll(() => cleanUp());
  afterEach(() => storage.clearFaults());

  const transaction = { service: 'table', method: 'POST', path: /\$batch/ } as const;

  test('rows that were written, and then reported failed, cannot be written again', async () => {
    await storage.setFault({ ...transaction, times: 2, effect: { kind: 'executeThenFail', answer: 'reset' } });
    expect((await thrownBy(tables.write(rows('again', 3)))).code).toBe('unavailable');
    await storage.clearFaults();
    await tables.write(rows('again', 5));
    expect(await collect(tables.query('ByProject', 'again'))).toEqual(rows('again', 5));
  });

  test('one transaction that fails is overlooked among those that do not, or the others write on after the error', async () => {
    const all = ['w1', 'w2', 'w3'].flatMap((partition) => rows(partition, 250));
    await storage.setFault({
      ...transaction,
      nth: 4,
      times: 99,
      effect: { kind: 'refuse', status: 503, code: 'ServerBusy' },
    });
    expect((await thrownBy(tables.write(all))).code).toBe('unavailable');
    const before = await collect(tables.scan('ByProject'));
    await storage.clearFaults();
    expect(await collect(tables.scan('ByProject'))).toEqual(before);
    await tables.write(all);
    for (const partition of ['w1', 'w2', 'w3'])
      expect(await collect(tables.query('ByProject', partition))).toHaveLength(250);
  });

  test('a removal that was done, and then reported failed, cannot be repeated', async () => {
    await tables.write(rows('gone', 4));
    await storage.setFault({ ...transaction, effect: { kind: 'executeThenFail', answer: 'reset' } });
    await tables.remove(rows('gone', 4));
    expect(await storage.countFaults()).toBe(0);
    expect(await collect(tables.query('ByProject', 'gone'))).toEqual([]);
  });

  test('what is written to tables that are not there is lost without an error', async () => {
    const { folder, remove } = await makeFolder();
    const other = await startStorage({ dataDir: folder });
    const none = new TableIndexTables((table) =>
      openTable({ name: 'TEST', connectionString: other.connectionString }, table),
    );
    const missing = { name: 'StoreError', code: 'unexpected' };
    await expect(none.write(rows('a', 1))).rejects.toMatchObject(missing);
    await expect(none.remove(rows('a', 1))).rejects.toMatchObject(missing);
    await expect(none.setProgress('log', 1)).rejects.toMatchObject(missing);
    await other.stop();
    await remove();
  });

  test('a service that does not answer keeps the caller waiting', async () => {
    const connection = { name: 'TEST', connectionString: storage.connectionString };
    const hasty = new TableIndexTables((table) => openTable(connection, table), 100);
    await storage.setFault({ service: 'table', times: 9, effect: { kind: 'delay', milliseconds: 60_000 } });
    const failed = { name: 'StoreError', code: 'unavailable' };
    await expect(hasty.write(rows('hung', 1))).rejects.toMatchObject(failed);
    await expect(hasty.remove(rows('hung', 1))).rejects.toMatchObject(failed);
    await expect(collect(hasty.scan('ByProject'))).rejects.toMatchObject(failed);
    await expect(hasty.getProgress('log')).rejects.toMatchObject(failed);
    await expect(hasty.setProgress('log', 1)).rejects.toMatchObject(failed);
    await expect(hasty.prepare()).rejects.toMatchObject(failed);
  });

  test('a row that somebody else wrote, with columns of other types, breaks the comparison', async () => {
    const client = openTable({ name: 'TEST', connectionString: storage.connectionString }, 'Access');
    const foreign = { partitionKey: 'foreign', rowKey: 'a', When: new Date(0), Bytes: new Uint8Array([1]), Int: 7 };
    await client.createEntity(foreign);
    const [found] = await collect(tables.query('Access', 'foreign'));
    expect(found).toMatchObject({
      partitionKey: 'foreign',
      rowKey: 'a',
      columns: { When: '1970-01-01T00:00:00.000Z', 'When@odata.type': 'Edm.DateTime', Int: 7 },
    });
    await client.upsertEntity({ partitionKey: 'Progress', rowKey: 'x' });
  });

  test('a value that no column can hold, or a key that is no text, ends in an error of the language', async () => {
    const refused = { name: 'StoreError', code: 'unexpected' };
    await expect(tables.write([row('a', 'b', { Index: Number.NaN })])).rejects.toMatchObject(refused);
    await expect(tables.write([row('a', 'b', { Index: 2 ** 60 })])).rejects.toMatchObject(refused);
    await expect(tables.write([row('a', '\ud800')])).rejects.toMatchObject(refused);
    await expect(tables.remove([row('\udc00', 'a')])).rejects.toMatchObject(refused);
    await expect(collect(tables.query('ByProject', '\ud800'))).rejects.toMatchObject(refused);
    await expect(tables.write([row('a', 'x'.repeat(1_000))])).rejects.toMatchObject({ name: 'StoreError' });
  });
});

describe('against a server that misbehaves', () => {
  let server: HttpStandIn;
  afterEach(() => server.stop());

  async function tablesOn(respond: Respond): Promise<TableIndexTables> {
    server = await startHttp(respond);
    return new TableIndexTables((table) => openTable(storageConnection(server.port), table));
  }

  function answer(response: ServerResponse, text: string): void {
    response.writeHead(202, { 'content-type': 'multipart/mixed; boundary=batchresponse_1' }).end(text);
  }

  /** What the service answers to a transaction of `count` operations. */
  function accepted(count: number): string {
    const part = '--changesetresponse_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';
    return `--batchresponse_1\r\n\r\n${part.repeat(count)}--changesetresponse_1--\r\n--batchresponse_1--\r\n`;
  }

  function countOf(body: Buffer): number {
    return body.toString().split('PUT http').length - 1;
  }

  test('a transaction holds more than the service takes: 100 rows, 4 MiB, one partition', async () => {
    const tables = await tablesOn((request, response) => answer(response, accepted(countOf(request.body))));
    const narrow = Object.fromEntries(Array.from({ length: 200 }, (_, k) => [`Column${k}`, k]));
    const wide = { A: '日'.repeat(15_000), B: '"\\\n'.repeat(8_000), C: 'é'.repeat(20_000) };
    const keys = Array.from({ length: 230 }, (_, k) => `${'%/é'.replace('/', '~').repeat(100)}${k}`);
    await tables.write([
      ...keys.map((key) => row('narrow', key, narrow)),
      ...keys.map((key) => row('wide', key, wide)),
      ...keys.map((key) => row('wide', key, wide)),
    ]);
    const bodies = server.requests.map(({ body }) => body);
    expect(Math.max(...bodies.map((body) => body.length))).toBeLessThan(4 * 1024 * 1024);
    expect(Math.max(...bodies.map(countOf))).toBeLessThanOrEqual(100);
    expect(bodies.reduce((sum, body) => sum + countOf(body), 0)).toBe(460);
    const partitions = bodies.map((body) => new Set(body.toString().match(/"PartitionKey":"(\w+)"/g)).size);
    expect(new Set(partitions)).toEqual(new Set([1]));
  });

  test('an answer that was cut off counts as a transaction that was done', async () => {
    const tables = await tablesOn((request, response) => answer(response, accepted(countOf(request.body) - 1)));
    expect(await thrownBy(tables.write(rows('cut', 3)))).toMatchObject({ code: 'unavailable' });
    await server.stop();
    const silent = await tablesOn((_, response) => answer(response, ''));
    expect(await thrownBy(silent.write(rows('cut', 3)))).toMatchObject({ code: 'unavailable' });
  });

  test('a table that goes away between two pages looks like one that was read whole', async () => {
    const tables = await tablesOn((request, response) => {
      if (request.url.includes('NextPartitionKey')) {
        response
          .writeHead(404, { 'content-type': 'application/json', 'x-ms-error-code': 'TableNotFound' })
          .end('{"odata.error":{"code":"TableNotFound"}}');
      } else {
        const next = { 'x-ms-continuation-NextPartitionKey': 'p', 'x-ms-continuation-NextRowKey': 'r' };
        response
          .writeHead(200, { 'content-type': 'application/json', ...next })
          .end('{"value":[{"PartitionKey":"a","RowKey":"b"}]}');
      }
    });
    expect(await thrownBy(collect(tables.scan('ByProject')))).toMatchObject({ code: 'unexpected' });
    expect(server.requests).toHaveLength(2);
  });

  test('a column has one type in one row and another in the next', async () => {
    const tables = await tablesOn((request, response) => answer(response, accepted(countOf(request.body))));
    await tables.write([row('a', 'b', { Index: 1, Segment: 2 ** 40, Share: 0.5, Authorized: true, Summary: '7' })]);
    expect(server.requests[0]?.body.toString()).toContain(
      '{"Index":"1","Index@odata.type":"Edm.Int64","Segment":"1099511627776","Segment@odata.type":"Edm.Int64",' +
        '"Share":"0.5","Share@odata.type":"Edm.Double","Authorized":true,"Summary":"7","PartitionKey":"a","RowKey":"b"}',
    );
  });
});
