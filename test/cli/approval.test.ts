import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { toRequestId } from '../../shared/wire/request-id.ts';
import { DecidedTrail } from '../decide/decided-trail.ts';
import { TRAIL } from '../seal/stage.ts';
import { indelible } from './running.ts';

const REQUEST = toRequestId('payments', 'release 7');

describe('indelible approval', () => {
  let folder: string;
  let before: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-approval-'));
    const trail = await DecidedTrail.open();
    const covers = [{ kind: 'environment', id: 'production' }];
    trail.step('requested', REQUEST, 'dora', { kind: 'deployment', title: 'Release 7', covers });
    trail.step('voted', REQUEST, 'dora', { verdict: 'approve' });
    trail.step('voted', REQUEST, 'bob', { verdict: 'approve' });
    before = trail.now;
    await trail.seal();
    trail.step('voted', REQUEST, 'carol', { verdict: 'approve' });
    await trail.seal();
    for (const container of ['trail', 'evidence'] as const) {
      const store = new DirectoryImmutableStore(join(folder, container));
      for (const name of trail.stage[container].names())
        await store.create(name, (await trail.stage[container].read(name)) ?? Buffer.alloc(0));
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('says what holds, with nothing but a copy of the trail: the rules lie in the evidence', async () => {
    const { code, out } = await indelible(folder, 'approval', REQUEST, '--from', '.');
    expect(code).toBe(0);
    expect(out).toContain(
      `${REQUEST}: approved\ndeployment: Release 7\nround 0: approved, 2 of 2 (bob, carol), decided `,
    );
    expect(out).toMatch(/dora {2}approve {2}does not count: who asked does not decide/);
    expect(out).toContain('In place of a second pair of eyes: Dave reads all of it monthly.');
    expect(out).toContain('the author may not vote, but nothing says who that is');
  });

  it('says what held at a time, for programs too', async () => {
    const { code, out } = await indelible(folder, 'approval', REQUEST, '--from', '.', '--at', before, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: 'open', at: before, rounds: [{ quorum: { reached: 1 } }] });
  });

  it('ends with 1 where no step is there, and with 2 where the question is none', async () => {
    const none = await indelible(folder, 'approval', toRequestId('payments', 'other'), '--from', '.');
    expect([none.code, none.err]).toEqual([
      1,
      expect.stringContaining('No segment of . that can be read holds a step'),
    ]);
    expect((await indelible(folder, 'approval', REQUEST, '--from', '.', '--at', 'noon')).code).toBe(2);
  });

  it('says so where a segment cannot be read: a vote may lie in it', async () => {
    const blob = formatSegmentBlob(`${TRAIL}/decisions/0/0`, 1);
    await writeFile(join(folder, 'trail', blob), 'broken');
    const { code, out, err } = await indelible(folder, 'approval', REQUEST, '--from', '.');
    expect(code).toBe(0);
    expect(out).toContain('round 0: open, 1 of 2');
    expect(err).toContain('1 of the segments cannot be read, so steps may be missing');
  });
});
