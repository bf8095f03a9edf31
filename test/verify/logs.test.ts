import { sign } from 'node:crypto';

import { beforeEach, describe, expect, it } from 'vitest';

import { formatCheckpoint, formatCheckpointText } from '../../shared/wire/checkpoint.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { GrowingTree, hashLeaf } from '../../shared/wire/merkle.ts';
import { parseSegment } from '../../shared/wire/segment.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import type { LogBuilder, TestKey } from '../fixtures/trail-builder.ts';
import { briefs, told, verifyBuilt } from './verifying.ts';

function cut(built: TrailBuilder, log: LogBuilder, ...numbers: number[]): void {
  for (const number of numbers) built.trail.tamper(formatSegmentBlob(log.name, number), undefined);
}

/** A checkpoint over the first `size` leaves of a log, as a monitor that asked in between could have it. */
async function checkpointAt(built: TrailBuilder, log: LogBuilder, size: number, key: TestKey): Promise<string> {
  const tree = new GrowingTree();
  for (const name of built.trail.names(`segments/${log.name}/`)) {
    for (const leaf of parseSegment((await built.trail.read(name)) ?? Buffer.alloc(0)).leaves) {
      if (tree.size < size) tree.addHash(hashLeaf(leaf));
    }
  }
  return signed({ origin: log.name, size, root: tree.root() }, key);
}

function signed(checkpoint: { origin: string; size: number; root: Buffer }, key: TestKey): string {
  const text = Buffer.from(formatCheckpointText(checkpoint));
  const signature = sign('sha256', text, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return formatCheckpoint(checkpoint, key.publicKey, signature);
}

describe('a checkpoint that was kept elsewhere', () => {
  let built: TrailBuilder;
  let log: LogBuilder;
  const kept: string[] = [];

  beforeEach(() => {
    built = new TrailBuilder();
    log = built.log();
    kept.length = 0;
    for (const text of ['a', 'b', 'c', 'd']) {
      log.segment([message(text), message(`${text}${text}`)]);
      kept.push(log.checkpoint);
    }
  });

  it('of any segment of the log agrees with it', async () => {
    expect((await verifyBuilt(built, { checkpoints: kept })).findings).toEqual([]);
  });

  it('of a size inside a segment agrees with it', async () => {
    const checkpoints = await Promise.all([0, 1, 2, 5, 6, 12].map((size) => checkpointAt(built, log, size, built.key)));
    expect((await verifyBuilt(built, { checkpoints })).findings).toEqual([]);
  });

  it('shows that the end of the log was cut off', async () => {
    cut(built, log, 3);
    const { failures } = await verifyBuilt(built, { checkpoints: kept });
    expect(briefs(failures)).toEqual(['tailCut 2']);
    expect(told(failures)).toContain('13 leaves');
    expect((await verifyBuilt(built)).failures).toEqual([]);
  });

  it('shows that the whole log is gone', async () => {
    cut(built, log, 0, 1, 2, 3);
    const other = built.log('web', '1').segment([message('x')]);
    expect(other.number).toBe(0);
    expect(briefs((await verifyBuilt(built, { checkpoints: [kept[0] ?? ''] })).failures)).toEqual(['tailCut -']);
  });

  it('shows that the log was written anew, whole and consistent', async () => {
    const anew = new TrailBuilder(built.name, built.key);
    anew
      .log()
      .segment([message('a'), message('x')])
      .segment([message('b'), message('bb')]);
    expect((await verifyBuilt(anew)).failures).toEqual([]);
    const { failures } = await verifyBuilt(anew, { checkpoints: kept.slice(0, 2) });
    expect(briefs(failures)).toEqual(['forked 0', 'forked 1']);
  });

  it('inside a segment shows that it was written anew', async () => {
    const inside = await checkpointAt(built, log, 6, built.key);
    const anew = new TrailBuilder(built.name, built.key);
    anew
      .log()
      .segment([message('a'), message('x')])
      .segment([message('b'), message('bb')]);
    expect(briefs((await verifyBuilt(anew, { checkpoints: [inside] })).failures)).toEqual(['forked 1']);
  });

  it('is compared with what the first seal that is left says of a pruned log', async () => {
    cut(built, log, 0, 1);
    const right = await verifyBuilt(built, { checkpoints: kept.slice(1), evidence: undefined });
    expect(briefs(right.findings)).toEqual(['pruned 2']);
    const wrong = signed({ origin: log.name, size: 7, root: Buffer.alloc(32, 1) }, built.key);
    expect(briefs((await verifyBuilt(built, { checkpoints: [wrong] })).failures)).toEqual(['forked 2']);
  });

  it('of leaves that are pruned is only noted', async () => {
    const inside = await checkpointAt(built, log, 5, built.key);
    cut(built, log, 0, 1);
    const { findings, failures } = await verifyBuilt(built, { checkpoints: [inside], evidence: undefined });
    expect(failures).toEqual([]);
    expect(briefs(findings)).toEqual(['pruned 2', 'checkpointNotComparable -']);
  });

  it('is not believed where no key of the log signed it', async () => {
    const strange = await checkpointAt(built, log, 4, makeKey());
    expect(briefs((await verifyBuilt(built, { checkpoints: [strange] })).failures)).toEqual(['signatureWrong -']);
    const other = makeKey();
    built.log('web', '1').segment([message('x')], { announce: other });
    const foreign = await checkpointAt(built, log, 4, other);
    expect(briefs((await verifyBuilt(built, { checkpoints: [foreign] })).failures)).toEqual(['keyUnknown -']);
  });

  it('that is none is named', async () => {
    expect(briefs((await verifyBuilt(built, { checkpoints: ['hello'] })).failures)).toEqual(['checkpointMalformed -']);
  });

  it('does not accuse a log whose last segment cannot be read of having lost it', async () => {
    built.trail.tamper(log.blob, Buffer.from('damaged'));
    const { findings } = await verifyBuilt(built, { checkpoints: kept, evidence: undefined });
    expect(briefs(findings)).toEqual(['frameDamaged 3', 'checkpointNotComparable -']);
  });
});

describe('generations', () => {
  const created = '2026-12-01T00:00:00.000Z';

  function build(opened: (first: LogBuilder) => NonNullable<Parameters<TrailBuilder['log']>[3]>['opened']) {
    const built = new TrailBuilder();
    const first = built
      .log('web', '0', 0)
      .segment([message('a')])
      .segment([message('b')]);
    const second = built.log('web', '0', 1, { hubCreated: created, opened: opened(first) }).segment([message('c')]);
    return { built, first, second };
  }
  const named = (log: LogBuilder) => ({
    reason: `the hub was created anew at ${created}`,
    predecessor: { log: log.name, checkpoint: log.checkpoint },
  });

  it('that name their predecessor and its end hold', async () => {
    expect((await verifyBuilt(build(named).built)).findings).toEqual([]);
  });

  it('whose predecessor grew afterwards are told, with the segment that was added', async () => {
    const { built, first } = build(named);
    first.segment([message('x')]).segment([message('y')]);
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['grownAfterSuccessor 2']);
    expect(failures[0]?.log).toBe(first.name);
  });

  it('whose predecessor lost its end are told', async () => {
    const { built, first } = build(named);
    cut(built, first, 1);
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['tailCut 0']);
    expect(failures[0]?.log).toBe(first.name);
  });

  it('opened on a history that the predecessor does not have are told', async () => {
    const { built, first, second } = build((log) => {
      const other = new TrailBuilder('audit.example/trail', makeKey());
      other
        .log()
        .segment([message('z')])
        .segment([message('z')]);
      return {
        reason: 'lost',
        predecessor: {
          log: log.name,
          checkpoint: other
            .log()
            .segment([message('q')])
            .segment([message('b')]).checkpoint,
        },
      };
    });
    expect(first.number + second.number).toBe(1);
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['generationWrong 0']);
  });

  it('opened on what is no checkpoint are told', async () => {
    const { built } = build((log) => ({ reason: 'lost', predecessor: { log: log.name, checkpoint: 'hello' } }));
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['generationWrong 0']);
  });

  it('that name no predecessor, or a log that is none of theirs, are told', async () => {
    expect(briefs((await verifyBuilt(build(() => ({ reason: 'first' })).built)).failures)).toEqual([
      'generationWrong 0',
    ]);
    const { built } = build(() => ({ reason: 'lost', predecessor: { log: 'audit.example/trail/web/7/0' } }));
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['generationWrong 0']);
  });

  it('that begin above number 0 by an operator’s order are noted', async () => {
    const built = new TrailBuilder();
    const first = built.log('web', '0', 0).segment([message('a')]);
    const opened = { reason: 'failed over', predecessor: { log: first.name, checkpoint: first.checkpoint } };
    built.log('web', '0', 1, { opened, start: 70 }).segment([message('b')]);
    const { findings } = await verifyBuilt(built);
    expect(briefs(findings)).toEqual(['generationNoted 0']);
    expect(told(findings)).toContain('failed over');
  });

  it('that the sealer opened by itself begin at number 0, or are told', async () => {
    const built = new TrailBuilder();
    const first = built.log('web', '0', 0).segment([message('a')]);
    built.log('web', '0', 1, { hubCreated: created, opened: named(first), start: 3 }).segment([message('b')]);
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['messageMissing 0/1']);
  });

  it('whose predecessor is pruned, or could not be read when they were opened, are noted', async () => {
    const { built, first } = build(named);
    cut(built, first, 0, 1);
    expect(briefs((await verifyBuilt(built, { evidence: undefined })).findings)).toEqual(['generationNoted 0']);
    const unread = build((log) => ({ reason: 'lost', predecessor: { log: log.name } }));
    expect(briefs((await verifyBuilt(unread.built)).findings)).toEqual(['generationNoted 0']);
  });
});
