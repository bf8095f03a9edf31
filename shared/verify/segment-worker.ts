import { parentPort, workerData } from 'node:worker_threads';

import { FormatError, StoreError } from '../errors.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './segment-runner.ts';
import { sourceOfFolders } from './segment-source.ts';
import { verifySegment } from './verify-segment.ts';
import type { SegmentChecks, SegmentJob, SegmentSource } from './verify-segment.ts';

/** The other side of SegmentRunner: verifies what it is given, and asks for the blobs that it cannot read for itself. */
const setup = workerData as WorkerSetup;
const checks: SegmentChecks = {
  keys: setup.keys.map((spki) => parsePublicKey(Buffer.from(spki))),
  keptSizes: setup.keptSizes,
  whole: setup.whole,
};
const requests = new Map<number, PromiseWithResolvers<Buffer | undefined>>();
let nextRequest = 0;

function send(message: FromWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's, not a worker thread's
  parentPort?.postMessage(message);
}

function ask(container: 'trail' | 'evidence', name: string): Promise<Buffer | undefined> {
  const request = nextRequest++;
  const asked = Promise.withResolvers<Buffer | undefined>();
  requests.set(request, asked);
  send({ kind: 'read', request, container, name });
  return asked.promise;
}

const asking: SegmentSource = {
  trail: (name) => ask('trail', name),
  evidence: setup.hasEvidence ? (name) => ask('evidence', name) : undefined,
};
const source = setup.folders === undefined ? asking : sourceOfFolders(setup.folders);

async function verify(id: number, job: SegmentJob): Promise<void> {
  try {
    send({ kind: 'result', id, result: await verifySegment(job, source, checks) });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error; // a fault of ours: it ends the worker, and the verification with it
    send({ kind: 'failed', id, code: error.code, message: error.message });
  }
}

parentPort?.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'verify':
      void verify(message.id, message.job);
      return;
    case 'blob': {
      const { request, bytes } = message;
      requests
        .get(request)
        ?.resolve(bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      requests.delete(request);
      return;
    }
    case 'refused':
      requests.get(message.request)?.reject(new FormatError('frameTooLarge', message.message));
      requests.delete(message.request);
  }
});
send({ kind: 'ready' });
