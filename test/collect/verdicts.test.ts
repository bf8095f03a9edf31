import { beforeEach, describe, expect, test } from 'vitest';

import { APPROVALS_ROLE } from '../../shared/collect/decide-caller.ts';
import type { Caller } from '../../shared/collect/tokens.ts';
import { judgeAiOutput, verifyLogic } from '../../shared/collect/verdicts.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import { ODD_BODIES, requestOf } from './requests.ts';

const ALICE: Caller = { tenant: 't-1', objectId: 'o-1', person: true, roles: [APPROVALS_ROLE], claims: { oid: 'o-1' } };
const HASH = 'a'.repeat(64);

let caller: Caller;
let app: ReturnType<typeof decideApp>;
function decideApp() {
  return { ...fakePublishing(), verifyToken: async () => caller };
}
beforeEach(() => {
  caller = ALICE;
  app = decideApp();
});

const bearer = { authorization: 'Bearer x' };
const judge = (id: string, body: Buffer | string = '{}') => judgeAiOutput(app, requestOf(body, bearer, { id }));
const verify = (sha256: string, body: Buffer | string = '{}') => verifyLogic(app, requestOf(body, bearer, { sha256 }));

describe('a verdict', () => {
  test('is published under what it is on, in one partition with the others', async () => {
    await judge('resp_1', '{"project":"payments","verdict":"accepted","effect":"before"}');
    await verify(HASH.toUpperCase(), '{"project":"payments","result":"passed"}');
    expect(app.publisher.taken.map(({ partitionKey }) => partitionKey)).toEqual(['resp_1', HASH]);
    expect(
      app.publisher.envelopes.map(({ source, event, subject, function: name }) => [source, event, subject, name]),
    ).toEqual([
      ['verdicts', 'given', 'resp_1', 'judge-ai-output'],
      ['verdicts', 'verified', HASH, 'verify-logic'],
    ]);
  });

  test('on an output whose id has slashes is on that output: the host leaves them as they came', async () => {
    await judge('https:%2F%2Fai.example%2foutputs%2F7');
    expect(app.publisher.envelopes[0]?.subject).toBe('https://ai.example/outputs/7');
  });

  test('that does not say what it must is published; its sender learns it', async () => {
    expect((await judge('resp_1', '{"verdict":"edited"}')).warning).toMatch(/lacks project, edit, effect/);
    expect((await verify(HASH)).warning).toMatch(/lacks project, result/);
    expect((await judge('resp_1', '{"project":"p","verdict":"accepted","effect":"after"}')).warning).toBeUndefined();
  });

  test.each(ODD_BODIES)('with a body that is or has %s is published as made', async (_what, body) => {
    await judge('resp_1', body);
    await verify(HASH, body);
    expect(app.publisher.taken).toHaveLength(2);
  });

  test.each([[''], ['x'.repeat(2_049)]])('on the output "%s" is refused', async (id) => {
    await expect(judge(id)).rejects.toMatchObject({ code: 'badRequest' });
  });

  test.each([['pricing-12'], [HASH.slice(1)], ['']])(
    'on the logic "%s" is refused: no hash names it',
    async (sha256) => {
      await expect(verify(sha256)).rejects.toMatchObject({ code: 'badRequest' });
    },
  );

  test('by an app is refused: a machine’s judgement of a machine is no oversight', async () => {
    caller = { ...ALICE, person: false };
    await expect(judge('resp_1')).rejects.toMatchObject({ code: 'roleMissing' });
    await expect(verify(HASH)).rejects.toMatchObject({ code: 'roleMissing' });
    expect(app.publisher.attempts).toBe(0);
  });
});
