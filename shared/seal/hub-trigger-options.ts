/**
 * How the sealing triggers read their hub. Binary, or the worker parses bodies that are JSON and drops empty ones; the
 * library's types do not know `dataType`, so the options are spread in. After three retries the host moves on: the log is the
 * cursor, and the next batch or `seal-tail` reads what was left (retrying for ever would block the partition).
 */
export function hubTrigger(hub: string) {
  return {
    connection: 'EventHubs',
    eventHubName: hub,
    consumerGroup: 'seal',
    cardinality: 'many' as const,
    dataType: 'binary',
    retry: { strategy: 'fixedDelay' as const, delayInterval: { seconds: 5 }, maxRetryCount: 3 },
  };
}
