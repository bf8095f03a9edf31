import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { untilSealed } from '../../local/until-sealed.ts';
import { StackStage, pushOf } from '../local/stack-stage.ts';

/** Three attempts five seconds apart, and the host moves its checkpoint past the batch. */
const ATTEMPTS_MS = 22_000;
/** A tail is sealed when it is two minutes old, by a timer that runs each minute. */
const TAIL_PATIENCE_MS = 4 * 60_000;

it('a last batch that failed is sealed by seal-tail, though no message comes after it', async () => {
  const stage = await StackStage.open();
  try {
    const { storage, file } = stage.stack;
    await stage.github('push', pushOf(1));
    await untilSealed(file, 60_000);
    await storage.setFault({
      service: 'blob',
      method: 'PUT',
      path: /\/trail\/segments/,
      times: 1_000_000,
      effect: { kind: 'refuse', status: 403, code: 'AuthorizationPermissionMismatch' },
    });
    const delivery = randomUUID();
    expect((await stage.github('push', pushOf(2), delivery)).status).toBe(202);
    await delay(ATTEMPTS_MS);
    await storage.clearFaults();
    const isSealed = async () =>
      (await stage.records()).some(({ data }) => data.collected?.envelope?.delivery === delivery);
    expect(await isSealed()).toBe(false);
    await untilSealed(file, TAIL_PATIENCE_MS);
    expect(await isSealed()).toBe(true);
    expect(await stage.check()).toEqual([]);
  } finally {
    await stage.close();
  }
});
