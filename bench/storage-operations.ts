import { RestError } from '@azure/data-tables';
import type { TableClient } from '@azure/data-tables';

import { TableIndexTables } from '../shared/azure/table-index-tables.ts';
import type { SealDeps } from '../shared/seal/partition-sealer.ts';
import { tabulateLog } from '../shared/tabulate/tabulate.ts';
import { FaultPlan, withFaults } from '../test/fakes/faults.ts';
import { MemoryImmutableStore } from '../test/fakes/memory-immutable-store.ts';
import { MemorySigner } from '../test/fakes/memory-signer.ts';
import type { Bench, Measurement } from './bench.ts';
import { githubEvents, hubMessage } from './github-events.ts';
import { sealInBatches } from './seal-events.ts';

const EVENTS = 1_000;

/** Calls of storage that sealing and tabulating one partition takes, the head's first search among them: what Azure bills. */
export const benchStorageOperations: Bench = async ({ quick }) => {
  const messages = githubEvents(quick ? 100 : EVENTS).map(hubMessage);
  const per = EVENTS / messages.length;
  const results: Measurement[] = [];
  for (const batch of [1, 25, 100]) {
    const blobs = new FaultPlan();
    const signatures = new FaultPlan();
    const trail = withFaults(new MemoryImmutableStore(), blobs);
    const evidence = withFaults(new MemoryImmutableStore(), blobs);
    const signer = withFaults(new MemorySigner(), signatures);
    const service = new CountedTables();
    const tables = new TableIndexTables((table) => service.client(table));
    const tabulate: SealDeps['tabulate'] = (log, upTo, fresh) => tabulateLog({ trail, tables }, log, upTo, fresh);
    await sealInBatches({ trail, evidence, signer, tabulate }, messages, batch);
    if (service.rows < messages.length) throw new Error(`${messages.length} events gave ${service.rows} rows.`);
    results.push({
      name: `storage operations, batches of ${batch}`,
      ratio: (blobs.count() + service.calls) * per,
      divides: 'calls of blob and table storage ÷ 1,000 events',
      absolute: {
        'blob creates': blobs.count('create') * per,
        'blob reads, heads and lists': (blobs.count() - blobs.count('create')) * per,
        'table transactions': service.transactions * per,
        'other table calls': (service.calls - service.transactions) * per,
        rows: service.rows * per,
        signatures: signatures.count('sign') * per,
      },
    });
  }
  return results;
};

/** Takes every transaction, and remembers how far each log is tabulated. */
class CountedTables {
  calls = 0;
  transactions = 0;
  rows = 0;
  readonly #progress = new Map<string, object>();

  client(table: string): TableClient {
    const client = {
      submitTransaction: async (actions: readonly unknown[]) => {
        this.calls++;
        this.transactions++;
        this.rows += actions.length;
        return { subResponses: actions };
      },
      upsertEntity: async (entity: { rowKey: string; Segment: { value: string } }) => {
        this.calls++;
        this.#progress.set(entity.rowKey, { Segment: BigInt(entity.Segment.value) });
      },
      getEntity: async (_partitionKey: string, rowKey: string) => {
        this.calls++;
        const found = this.#progress.get(rowKey);
        if (found !== undefined) return found;
        throw new RestError(`${table} has no such row.`, { statusCode: 404, code: 'ResourceNotFound' });
      },
    };
    return client as unknown as TableClient;
  }
}
