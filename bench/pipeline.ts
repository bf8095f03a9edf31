import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TableClient, TransactionAction } from '@azure/data-tables';
import pLimit from 'p-limit';

import { startStack } from '../local/stack.ts';
import type { StackFile } from '../local/stack-file.ts';
import { startStorage } from '../local/storage/start-storage.ts';
import { untilSealed } from '../local/until-sealed.ts';
import { BlobImmutableStore } from '../shared/azure/blob-immutable-store.ts';
import { openContainer, openTable } from '../shared/azure/storage-clients.ts';
import { TableIndexTables } from '../shared/azure/table-index-tables.ts';
import { TABLES } from '../shared/tabulate/index-tables.ts';
import { rowsOfSegment } from '../shared/tabulate/sealed-segment.ts';
import { collectFindings } from '../shared/verify/verify-trail.ts';
import { parseSegment } from '../shared/wire/segment.ts';
import { parsePublicKey } from '../shared/wire/signed-note.ts';
import type { Bench } from './bench.ts';
import { githubEvents } from './github-events.ts';
import type { GithubEvent } from './github-events.ts';
import { median, medianRatio } from './interleave.ts';

const PARTITIONS = 2;
/** GitHub's webhooks that are under way at once. */
const SENDERS = 32;
/** As many transactions as `TableIndexTables` has in flight for a partition, for each of them. */
const CALLS_IN_FLIGHT = 8 * PARTITIONS;
/** Milliseconds. */
const PATIENCE = 10 * 60_000;
const CONTAINERS = ['trail', 'evidence'] as const;

/** Everything that a run of the pipeline wrote, to be written again. */
interface Written {
  readonly blobs: readonly { readonly container: string; readonly name: string; readonly bytes: Buffer }[];
  readonly transactions: readonly { readonly table: string; readonly actions: TransactionAction[] }[];
  readonly rows: number;
}

/**
 * Events through the whole embedded stack, from the webhook to the last index row, against what Azurite alone takes for the
 * same blobs and transactions, written by the same SDK as fast as it takes them. Each round has a stack and an Azurite of its
 * own: Azurite slows down as it fills, and ends at 512 MiB of rows.
 */
export const benchPipeline: Bench = async ({ quick }) => {
  const events = githubEvents(quick ? 200 : 5_000);
  const pipeline: number[] = [];
  const ceiling: number[] = [];
  let last: Written | undefined;
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const { milliseconds, written } = await inFolder((folder) => runPipeline(folder, events));
    pipeline.push(milliseconds);
    ceiling.push(await inFolder((folder) => replay(folder, written)));
    last = written;
  }
  return [
    {
      name: 'whole pipeline through the embedded stack',
      ratio: medianRatio(ceiling, pipeline),
      target: 0.7,
      divides:
        'the same blobs and entity group transactions into an empty Azurite ÷ webhooks to sealed and tabulated (wall)',
      absolute: {
        'events/s': (events.length / median(pipeline)) * 1_000,
        s: median(pipeline) / 1_000,
        's of Azurite alone': median(ceiling) / 1_000,
        blobs: last?.blobs.length ?? 0,
        transactions: last?.transactions.length ?? 0,
        rows: last?.rows ?? 0,
      },
    },
  ];
};

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runPipeline(
  folder: string,
  events: readonly GithubEvent[],
): Promise<{ milliseconds: number; written: Written }> {
  const stack = await startStack({ dataDir: join(folder, 'data'), port: 0, partitions: PARTITIONS });
  try {
    const start = performance.now();
    await sendAll(stack.file, events);
    await untilSealed(stack.file, PATIENCE);
    const milliseconds = performance.now() - start;
    await check(stack.file, events.length);
    return { milliseconds, written: await readBack(stack.file) };
  } finally {
    await stack.stop();
  }
}

async function sendAll({ api, githubSecret }: StackFile, events: readonly GithubEvent[]): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const limit = pLimit(SENDERS);
  try {
    await Promise.all(
      events.map((event) =>
        limit(async () => {
          const status = await send(`${api}/api/collect/github`, githubSecret, event, agent);
          if (status !== 202) throw new Error(`A webhook was answered with ${status}.`);
        }),
      ),
    );
  } finally {
    agent.destroy();
  }
}

/** Not by fetch: its share of the processor would be the pipeline's. */
function send(url: string, secret: string, { event, delivery, body }: GithubEvent, agent: Agent): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-github-event': event,
    'x-github-delivery': delivery,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers, agent }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    outgoing.on('error', reject).end(body);
  });
}

function containersOf(connectionString: string) {
  const connection = { name: 'the local stack', connectionString };
  return {
    trail: new BlobImmutableStore(openContainer(connection, 'trail')),
    evidence: new BlobImmutableStore(openContainer(connection, 'evidence')),
  };
}

/** Every event is sealed, and the trail verifies with its raw bytes. */
async function check({ storage, publicKey }: StackFile, events: number): Promise<void> {
  const key = parsePublicKey(await readFile(publicKey, 'utf8'));
  const { summary, findings } = await collectFindings({ ...containersOf(storage), keys: [key], parallel: 1 });
  if (summary.failures === 0 && summary.messages === events) return;
  throw new Error(`Of ${events} events, ${summary.messages} are sealed. ${findings[0]?.message ?? ''}`);
}

async function readBack({ storage }: StackFile): Promise<Written> {
  const stores = containersOf(storage);
  const blobs: Written['blobs'][number][] = [];
  const transactions: Written['transactions'][number][] = [];
  const tables = new TableIndexTables((table) => recordingClient(table, transactions));
  // Evidence first, as it is written.
  for (const container of ['evidence', 'trail'] as const) {
    for await (const { name } of stores[container].list('')) {
      const bytes = await stores[container].read(name);
      if (bytes === undefined) throw new Error(`${name} was listed and is not there.`);
      blobs.push({ container, name, bytes });
      // A batch's rows are written at once, and a batch is a segment.
      if (name.startsWith('segments/')) await tables.write([...rowsOfSegment(parseSegment(bytes))]);
    }
  }
  return { blobs, transactions, rows: transactions.reduce((sum, { actions }) => sum + actions.length, 0) };
}

function recordingClient(table: string, transactions: { table: string; actions: TransactionAction[] }[]): TableClient {
  const client = {
    submitTransaction: async (actions: TransactionAction[]) => {
      transactions.push({ table, actions });
      return { subResponses: actions };
    },
  };
  return client as unknown as TableClient;
}

/** Milliseconds that an empty Azurite takes for it all. */
async function replay(folder: string, { blobs, transactions }: Written): Promise<number> {
  const storage = await startStorage({ dataDir: folder, containers: CONTAINERS });
  try {
    const connection = { name: 'Azurite', connectionString: storage.connectionString };
    const containers = new Map<string, ReturnType<typeof openContainer>>(
      CONTAINERS.map((name) => [name, openContainer(connection, name)]),
    );
    const tables = new Map<string, TableClient>(TABLES.map((name) => [name, openTable(connection, name)]));
    for (const table of tables.values()) await table.createTable();
    const limit = pLimit(CALLS_IN_FLIGHT);
    const start = performance.now();
    await Promise.all([
      ...blobs.map(({ container, name, bytes }) =>
        limit(async () => {
          const blob = containers.get(container)?.getBlockBlobClient(name);
          await blob?.upload(bytes, bytes.length, { conditions: { ifNoneMatch: '*' } });
        }),
      ),
      ...transactions.map(({ table, actions }) =>
        limit(async () => {
          await tables.get(table)?.submitTransaction(actions);
        }),
      ),
    ]);
    return performance.now() - start;
  } finally {
    await storage.stop();
  }
}
