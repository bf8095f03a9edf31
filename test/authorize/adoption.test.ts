import { beforeEach, describe, expect, it } from 'vitest';

import { toAdoptable } from '../../shared/authorize/adoptable.ts';
import type { Configuration } from '../../shared/authorize/configuration.ts';
import { ADOPTION_TYPE } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { SealStage } from '../seal/stage.ts';
import { COMMON, MATRIX, historyOf, version } from './versions.ts';

const FROM = '2026-01-01T00:00:00Z';
const COMMIT = '5b8e3f70'.repeat(5);
const GRANT = `identity: mona, role: manager, project: payments, from: ${FROM}`;

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

async function sealWith(commit: string | undefined, ...versions: Configuration[]): Promise<void> {
  const history = historyOf(...versions);
  const isPredecessor = (sha256: string) => history.predecessors.has(sha256);
  stage.configuration = toAdoptable({ ...history, isPredecessor, commit });
  await stage.sealer().sealBatch(stage.push(1));
}

async function adoptions(): Promise<TrailRecord[]> {
  return (await stage.records()).filter(({ type }) => type === ADOPTION_TYPE);
}

describe('the adoption of a version', () => {
  const first = version(FROM, []);
  const second = version(FROM, [GRANT], { previous: first });
  const third = version(FROM, [GRANT], {
    previous: second,
    text: `${COMMON}${MATRIX}`.replace('class: staging', 'class: test'),
  });

  it('says what it changes and which commit it came from, so that its approval can be found', async () => {
    await sealWith(undefined, first);
    await sealWith(COMMIT, first, second);
    const [opening, adopted] = await adoptions();
    expect(opening?.data.changes).toBeUndefined();
    expect(opening?.data.adoption).not.toHaveProperty('comparedWith');
    expect(opening?.data.links).toEqual([{ kind: 'configuration', id: first.sha256 }]);
    expect(adopted?.data).toMatchObject({
      changes: [{ field: 'grants.mona: manager in payments', to: 'from 2026-01-01T00:00:00.000Z, open' }],
      links: [
        { kind: 'configuration', id: second.sha256 },
        { kind: 'commit', id: COMMIT },
      ],
      adoption: { sha256: second.sha256, previous: first.sha256, comparedWith: first.sha256 },
    });
    expect(await stage.check()).toEqual([]);
  });

  it('is compared with what the log had before, however many versions it slept through', async () => {
    await sealWith(undefined, first);
    await sealWith(undefined, first, second, third);
    const [, adopted] = await adoptions();
    expect(adopted?.data.adoption).toMatchObject({ previous: second.sha256, comparedWith: first.sha256 });
    expect(adopted?.data.changes?.map(({ field }) => field)).toEqual([
      'environments.payments/staging.class',
      'grants.mona: manager in payments',
    ]);
  });

  it('is compared with the version before by a log that begins with it', async () => {
    await sealWith(undefined, first, second);
    const [opening] = await adoptions();
    expect(opening?.data.adoption).toMatchObject({ comparedWith: first.sha256 });
    expect(opening?.data.changes).toHaveLength(1);
  });

  it('fits a leaf however much it changes, and says that it was cut', async () => {
    const identities = Array.from(
      { length: 2_000 },
      (_, i) => `  - { id: person-${i}, accounts: ['github:${i + 10_000}'] }\n`,
    );
    const text = `${COMMON.replace('identities:\n', `identities:\n${identities.join('')}`)}${MATRIX}`;
    const large = version(FROM, [], { previous: first, text });
    await sealWith(COMMIT, first);
    await sealWith(COMMIT, first, large);
    const [, adopted] = await adoptions();
    expect(adopted?.data.cut).toContain('changes');
    expect(adopted?.data.changes).toHaveLength(64);
    expect(adopted?.data.adoption).toMatchObject({ sha256: large.sha256 });
    expect(await stage.check()).toEqual([]);
  });

  it('gives the same bytes by whichever process it is sealed', async () => {
    const other = await SealStage.open();
    await sealWith(COMMIT, first, second);
    const [one] = await adoptions();
    stage = other;
    await sealWith(COMMIT, first, second);
    expect(await adoptions()).toEqual([one]);
  });
});
