import { FormatError, StoreError } from '../errors.ts';
import { formatEnvelope } from '../wire/envelope.ts';
import type { Envelope } from '../wire/envelope.ts';
import { formatTimestamp } from '../wire/timestamp.ts';
import { putBodyAside, publishSmall, TIME_LIMITS } from './publish-event.ts';
import type { PublishDependencies } from './publish-event.ts';
import type { OutgoingMessage } from './publisher.ts';
import type { SpillStore } from './spill-store.ts';
import { parseSpilledRequest } from './spilled-request.ts';
import { describeError } from './telemetry.ts';

export interface ReplayReport {
  /** Taken by the hub now, the corrupt ones included. */
  readonly replayed: number;
  /** Not readable as a spilled request: reported, and handed to the hub as they are, so that they are sealed as `unrecognized`. */
  readonly corrupt: number;
  /** Tried, and not taken. */
  readonly failed: number;
  /** Not tried this time. */
  readonly waiting: number;
}

/** With a hub or a container that does not answer, a run ends after this many failures; the next one begins anew. */
const GIVE_UP_AFTER = 3;

/**
 * Brings what was spilled to the hub, oldest first. The mark `replayed/<name>` is written after the hub has taken the
 * message: a crash between gives a second delivery with the same id, never a loss. One message that fails keeps back only
 * later ones of its own partition key, whose order it would break. Throws StoreError where the container cannot be listed.
 */
export async function replaySpill(deps: PublishDependencies): Promise<ReplayReport> {
  const report = { replayed: 0, corrupt: 0, failed: 0, waiting: 0 };
  const stalled = new Set<string>();
  let unanswered = 0;
  for (const name of await pendingRequests(deps.spill)) {
    if (unanswered >= GIVE_UP_AFTER) {
      report.waiting++;
      continue;
    }
    let key: string | undefined;
    try {
      const request = await deps.spill.getRequest(name);
      if (request === undefined) continue; // the lifecycle rule was faster: listed as pending, gone since
      const { message, envelope, corrupt } = readRequest(deps, name, request);
      key = message.partitionKey;
      if (stalled.has(key)) {
        report.waiting++;
        continue;
      }
      await publishAgain(deps, message, envelope);
      await deps.spill.putReplayed(name);
      report.replayed++;
      if (corrupt) report.corrupt++;
      deps.telemetry.count('replayed', { app: deps.app });
    } catch (error) {
      report.failed++;
      // A message that is refused for what it is must not end the run, or a few of them would block all others for good.
      if (!(error instanceof StoreError) || error.code === 'unavailable' || error.code === 'forbidden') unanswered++;
      if (key !== undefined) stalled.add(key);
      deps.telemetry.count('replayFailed', { app: deps.app });
      deps.telemetry.log(
        'warning',
        `requests/${name} could not be replayed and is tried again. ${describeError(error)}`,
      );
    }
  }
  return report;
}

async function pendingRequests(spill: SpillStore): Promise<readonly string[]> {
  const replayed = new Set<string>();
  for await (const name of spill.listReplayed()) replayed.add(name);
  const pending: string[] = [];
  for await (const name of spill.listRequests()) if (!replayed.has(name)) pending.push(name);
  return pending;
}

async function publishAgain(deps: PublishDependencies, message: OutgoingMessage, envelope: Envelope): Promise<void> {
  const signal = AbortSignal.timeout((deps.timeLimits ?? TIME_LIMITS).hub);
  if ((await deps.publisher.publish(message, signal)) === 'accepted') return;
  await publishSmall(deps.publisher, await putBodyAside(deps.spill, envelope, message, signal), signal);
}

/** What cannot be read is published as it lies there, from a source that no hub allows: sealed with its bytes, not dropped. */
function readRequest(
  deps: PublishDependencies,
  name: string,
  request: Buffer,
): { message: OutgoingMessage; envelope: Envelope; corrupt: boolean } {
  try {
    return { ...parseSpilledRequest(request), corrupt: false };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    deps.telemetry.count('corruptSpill', { app: deps.app });
    deps.telemetry.log(
      'error',
      `requests/${name} is no spilled request; somebody else wrote or changed it. ${describeError(error)}`,
    );
    const envelope: Envelope = {
      source: 'spill',
      event: 'corrupt',
      subject: `requests/${name}`,
      received: formatTimestamp(deps.clock()),
      app: deps.app,
    };
    return {
      message: { partitionKey: 'spill', envelope: formatEnvelope(envelope), body: request },
      envelope,
      corrupt: true,
    };
  }
}
