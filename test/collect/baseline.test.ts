import { hash } from 'node:crypto';

import { beforeEach, describe, expect, test } from 'vitest';

import { proposeBaselineFile } from '../../shared/collect/baseline.ts';
import { APPROVALS_ROLE } from '../../shared/collect/decide-caller.ts';
import type { Caller } from '../../shared/collect/tokens.ts';
import { recordId } from '../../shared/wire/record.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import { ODD_BODIES, requestOf } from './requests.ts';

const ALICE: Caller = { tenant: 't-1', objectId: 'o-1', person: true, roles: [APPROVALS_ROLE], claims: { oid: 'o-1' } };

let caller: Caller;
let app: ReturnType<typeof decideApp>;
function decideApp() {
  return { ...fakePublishing(), verifyToken: async () => caller };
}
beforeEach(() => {
  caller = ALICE;
  app = decideApp();
});

const put = (file: string, body: Buffer | string, project = 'payments', headers: Record<string, string> = {}) =>
  proposeBaselineFile(app, requestOf(body, { authorization: 'Bearer x', ...headers }, { project, file }));

describe('a file of a baseline', () => {
  test('is published byte for byte, under its project, and answered with the hash that is to be signed', async () => {
    const body = Buffer.from('Refunds and reports.');
    const { id, sha256, warning } = await put('scope', body, 'payments', { 'idempotency-key': 'k1' });
    expect(sha256).toBe(hash('sha256', body, 'hex'));
    expect(warning).toBeUndefined();
    const delivery = JSON.stringify(['t-1', 'o-1', 'proposed', 'payments/scope', 'k1']);
    expect(id).toBe(recordId(['baseline', delivery, '']));
    expect(app.publisher.taken[0]).toMatchObject({ partitionKey: 'baseline/payments', body });
    expect(app.publisher.envelopes[0]).toMatchObject({
      source: 'baseline',
      event: 'proposed',
      subject: 'payments/scope',
      delivery,
      function: 'propose-baseline-file',
    });
  });

  test('that is put again is a proposal of its own, so that going back to older bytes is seen', async () => {
    expect((await put('scope', 'x')).id).not.toBe((await put('scope', 'x')).id);
  });

  test.each(ODD_BODIES)(
    'with a body that is or has %s is published as it is: nothing is refused that is bytes',
    async (_what, body) => {
      app.publisher.limit = 8_000_000;
      expect((await put('plan.json', body)).sha256).toBe(hash('sha256', body, 'hex'));
      expect(app.publisher.taken[0]?.body.equals(body)).toBe(true);
    },
  );

  test('that is a plan with something wrong in it says so', async () => {
    expect((await put('plan.json', '{"budget":5}')).warning).toMatch(/lacks currency.*cannot be read at budget/);
  });

  test.each([
    ['payments', 'budget.xlsx'],
    ['payments', 'Scope'],
    ['payments', ''],
    ['Payments', 'scope'],
    ['../x', 'scope'],
    ['', 'scope'],
  ])('of the project %j named %j is refused: it is none', async (project, file) => {
    await expect(put(file, 'x', project)).rejects.toMatchObject({ code: 'badRequest' });
    expect(app.publisher.attempts).toBe(0);
  });

  test('is a person’s: an app, or somebody without the role, is refused', async () => {
    caller = { ...ALICE, person: false };
    await expect(put('scope', 'x')).rejects.toMatchObject({ code: 'roleMissing' });
    caller = { ...ALICE, roles: ['Trail.Read'] };
    await expect(put('scope', 'x')).rejects.toMatchObject({ code: 'roleMissing' });
    expect(app.publisher.attempts).toBe(0);
  });
});
