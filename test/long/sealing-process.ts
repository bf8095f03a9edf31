import { EventHubReader } from '../../shared/azure/event-hub-reader.ts';
import { openConsumer } from '../../shared/azure/event-hubs-clients.ts';
import { composeSealing } from '../../shared/compose.ts';
import { readConnection } from '../../shared/config.ts';

/**
 * Seals hub `web` as the app does, from its first message on, by reading every partition itself: as a trigger would that
 * believes it owns them all. The argument is how many messages make a batch. SIGTERM ends it after the batch under way.
 */
const batch = Number(process.argv[2]);
const reader = new EventHubReader(() => openConsumer(readConnection(process.env, 'EventHubs', 'hub'), 'web'));
const { web } = await composeSealing();
const { partitions } = await reader.properties();
const over = new AbortController();
process.on('SIGTERM', () => over.abort());
process.on('disconnect', () => process.exit(1));
process.stdout.write('ready\n');

async function sealAll(partition: string): Promise<void> {
  for (let next = 0; !over.signal.aborted;) {
    try {
      const { last } = await reader.partition(partition);
      if (next > last) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      const messages = await reader.read(partition, next, last, batch);
      await web.sealTrigger(
        messages.map(({ body }) => body),
        {
          partitionContext: { partitionId: partition },
          sequenceNumberArray: messages.map(({ sequenceNumber }) => sequenceNumber),
          enqueuedTimeUtcArray: messages.map(({ enqueued }) => enqueued),
          propertiesArray: messages.map(({ envelope }) => ({ envelope })),
        },
      );
      next = (messages.at(-1)?.sequenceNumber ?? next - 1) + 1;
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    }
  }
}

await Promise.all(partitions.map(sealAll));
await reader.close();
process.exit(0);
