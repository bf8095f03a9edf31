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
    if (tree.size >= size) break;
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

  /** All messages of the first two segments were enqueued before. */
  const BEFORE = '2026-11-23T06:00:04.001Z';

  it('is compared with what the first seal that is left says of a pruned log', async () => {
    cut(built, log, 0, 1);
    const allowed = { evidence: undefined, prunedBefore: BEFORE };
    const right = await verifyBuilt(built, { checkpoints: kept.slice(1), ...allowed });
    expect(briefs(right.findings)).toEqual(['prunedAllowed 2']);
    const wrong = signed({ origin: log.name, size: 7, root: Buffer.alloc(32, 1) }, built.key);
    expect(briefs((await verifyBuilt(built, { checkpoints: [wrong], ...allowed })).failures)).toEqual(['forked 2']);
  });

  it('of leaves that were removed with the beginning of the log does not end in "All holds"', async () => {
    const inside = await checkpointAt(built, log, 5, built.key);
    cut(built, log, 0, 1);
    const { failures } = await verifyBuilt(built, { checkpoints: [inside], evidence: undefined });
    expect(briefs(failures)).toEqual(['pruned 2', 'checkpointNotComparable -']);
  });

  it('of leaves that may be gone is noted, and the others are still compared', async () => {
    const inside = await checkpointAt(built, log, 5, built.key);
    const later = kept[2] ?? '';
    cut(built, log, 0, 1);
    const allowed = { evidence: undefined, prunedBefore: BEFORE };
    const { findings } = await verifyBuilt(built, { checkpoints: [inside, later], ...allowed });
    expect(briefs(findings)).toEqual(['prunedAllowed 2', 'checkpointPruned -']);
    cut(built, log, 2);
    const more = await verifyBuilt(built, { checkpoints: [inside, later], ...allowed });
    expect(briefs(more.failures)).toEqual(['pruned 3', 'checkpointNotComparable -']);
  });

  it('of leaves whose segment was removed from the middle does not end in "All holds"', async () => {
    const inside = await checkpointAt(built, log, 5, built.key);
    cut(built, log, 1);
    const allowed = { evidence: undefined, prunedBefore: '2030-01-01T00:00:00.000Z' };
    const { failures } = await verifyBuilt(built, { checkpoints: [inside], ...allowed });
    expect(briefs(failures)).toEqual(['segmentMissing 1', 'checkpointNotComparable -']);
  });

  it('is not believed where no key of the log signed it', async () => {
    const strange = await checkpointAt(built, log, 4, makeKey());
    expect(briefs((await verifyBuilt(built, { checkpoints: [strange] })).failures)).toEqual(['signatureWrong -']);
    const other = makeKey();
    built.log('web', '1').segment([message('x')], { announce: other });
    const foreign = await checkpointAt(built, log, 4, other);
    expect(briefs((await verifyBuilt(built, { checkpoints: [foreign] })).failures)).toEqual(['keyUnknown -']);
  });

  it('is not called forked by what somebody without the key put behind the log', async () => {
    const anybody = new TrailBuilder(built.name, makeKey());
    // Its leaves begin at 0, over those of the log; it calls itself segment 4.
    const forged = anybody.log().segment(
      Array.from({ length: 12 }, (_, i) => message(String(i))),
      { twist: (draft) => void (draft.seal = { ...draft.seal, number: 4 }) },
    );
    const blob = await anybody.trail.read(forged.blob);
    built.trail.tamper(formatSegmentBlob(log.name, 4), blob);
    const sizes = [1, 2, 5, 6, 12];
    const checkpoints = [
      ...kept,
      ...(await Promise.all(sizes.map((size) => checkpointAt(built, log, size, built.key)))),
    ];
    const { failures } = await verifyBuilt(built, { checkpoints, evidence: undefined });
    expect(failures.map(({ segment }) => segment)).not.toContain(undefined);
    expect(new Set(failures.map(({ segment }) => segment))).toEqual(new Set([4]));
    expect(failures.map(({ kind }) => kind)).not.toContain('forked');
    // A longer forgery does not hide that the end was cut off, either.
    cut(built, log, 3);
    const after = await verifyBuilt(built, { checkpoints: kept, evidence: undefined });
    expect(briefs(after.failures)).toContain('checkpointNotComparable -');
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
    built.log('web', '0', 1, { opened, start: 70, hubCreated: created }).segment([message('b')]);
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

  it('whose predecessor could not be read when an operator opened them are noted', async () => {
    const { built, first } = build((log) => ({ reason: 'lost', predecessor: { log: log.name } }));
    for (const number of [0, 1]) built.trail.tamper(formatSegmentBlob(first.name, number), Buffer.from('damaged'));
    const { findings } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(findings)).toEqual(['frameDamaged 0', 'frameDamaged 1', 'generationNoted 0']);
  });

  it('whose predecessor was removed as a whole are told, unless all of it may be gone', async () => {
    const { built, first } = build(named);
    const kept = { evidence: undefined, checkpoints: [first.checkpoint] };
    cut(built, first, 0, 1);
    const { failures } = await verifyBuilt(built, kept);
    expect(briefs(failures)).toEqual(['tailCut -', 'pruned 0']);
    expect(told(failures)).toContain(`The predecessor ${first.name} is not there`);
    // The successor's first message came a second after its hub was made.
    const allowed = { ...kept, prunedBefore: '2026-12-01T00:00:01.001Z' };
    expect(briefs((await verifyBuilt(built, allowed)).findings)).toEqual(['checkpointPruned -', 'prunedAllowed 0']);
    const early = { ...kept, prunedBefore: '2026-12-01T00:00:01.000Z' };
    expect(briefs((await verifyBuilt(built, early)).failures)).toEqual(['tailCut -', 'pruned 0']);
  });

  it('of which a middle one was removed, or the beginning of a later one, are told: pruning takes the oldest first', async () => {
    const { built, second } = build(named);
    const later = '2026-12-02T00:00:00.000Z';
    const opened = {
      reason: `the hub was created anew at ${later}`,
      predecessor: { log: second.name, checkpoint: second.checkpoint },
    };
    const third = built.log('web', '0', 2, { hubCreated: later, opened }).segment([message('d')]);
    third.segment([message('e')]);
    const allowed = { evidence: undefined, prunedBefore: '2030-01-01T00:00:00.000Z' };
    expect((await verifyBuilt(built, allowed)).findings).toEqual([]);
    cut(built, second, 0);
    const { failures } = await verifyBuilt(built, allowed);
    expect(briefs(failures)).toEqual(['pruned 0']);
    expect(told(failures)).toContain('pruning takes the oldest first');
    cut(built, third, 0);
    expect(briefs((await verifyBuilt(built, allowed)).failures)).toEqual(['pruned 1']);
  });

  it('are not accused of a removed predecessor that was only not looked at', async () => {
    const { built, second } = build(named);
    const { findings } = await verifyBuilt(built, { logs: [second.name] });
    expect(briefs(findings)).toEqual(['generationNoted 0']);
    expect(told(findings)).toContain('not looked at');
  });
});

describe('the border between two generations', () => {
  const DAWN = '2026-11-23T06:00:00.000Z';
  const created = '2026-12-01T00:00:00.000Z';

  /** The first generation seals the numbers 0 to 2; `open` begins the second. */
  function follow(
    open: (first: LogBuilder) => Parameters<TrailBuilder['log']>[3],
    entries: Parameters<LogBuilder['segment']>[0] = [message('x')],
  ): TrailBuilder {
    const built = new TrailBuilder();
    const first = built
      .log()
      .segment([message('a')])
      .segment([message('b'), message('c')]);
    built.log('web', '0', 1, open(first)).segment(entries);
    return built;
  }
  const opened = (reason: string) => (first: LogBuilder) => ({
    reason,
    predecessor: { log: first.name, checkpoint: first.checkpoint },
  });

  it('where an operator goes on with the next number holds, and is noted', async () => {
    const built = follow((first) => ({ opened: opened('a foreign blob')(first), start: 3 }));
    expect(briefs((await verifyBuilt(built)).findings)).toEqual(['generationNoted 0']);
  });

  it('hides messages that were left out: the hub is the same, and the numbers do not go on', async () => {
    const built = follow((first) => ({ opened: opened('a foreign blob')(first), start: 8 }));
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['messageMissing 0']);
    expect(told(failures)).toContain('begins at number 8');
    expect(told(failures)).toContain('ended at 2: numbers 3 to 7 are in neither');
  });

  it('hides messages that are sealed again: the hub is the same, and the numbers go back', async () => {
    // Its clock begins with the hub, as the first generation's did.
    const built = follow((first) => ({ opened: opened('a foreign blob')(first), start: 1 }));
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['messageTwice 0']);
    expect(told(failures)).toContain('begins at number 1');
    expect(told(failures)).toContain('ended at 2: numbers 1 to 2 are sealed in both');
  });

  it('is not accused where numbers were used again after a fail-over: what came later is another message', async () => {
    const built = follow((first) => ({ opened: opened('failed over')(first) }), [message('x', { after: 60_000 })]);
    const { findings } = await verifyBuilt(built);
    expect(briefs(findings)).toEqual(['generationNoted 0']);
    expect(told(findings)).toContain('numbers that were used again');
  });

  it('hides messages behind a predecessor that grew afterwards', async () => {
    const built = new TrailBuilder();
    const first = built.log().segment([message('a')]);
    const opening = { opened: opened('a foreign blob')(first), start: 2 };
    first.segment([message('b')]);
    built.log('web', '0', 1, opening).segment([message('x')]);
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['grownAfterSuccessor 1', 'messageMissing 0']);
  });

  it('hides a restart that is called a hub created anew: the hub is the same', async () => {
    const built = follow((first) => ({ opened: opened(`the hub was created anew at ${DAWN}`)(first) }));
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['generationWrong 0']);
    expect(told(failures)).toContain(`anew, at ${DAWN}; the hub of`);
  });

  it('hides a restart that is called a hub created anew: the hub is older than the one before', async () => {
    const older = '2026-11-01T00:00:00.000Z';
    const built = follow((first) => ({
      opened: opened(`the hub was created anew at ${older}`)(first),
      hubCreated: older,
    }));
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['generationWrong 0']);
  });

  it('hides a restart whose reason names another hub than its seal', async () => {
    const built = follow((first) => ({
      opened: opened('the hub was created anew at 2026-12-24T00:00:00.000Z')(first),
      hubCreated: created,
    }));
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['generationWrong 0']);
    expect(told(failures)).toContain(`its hub was created at ${created}`);
  });

  it('hides where the predecessor ended: a sealer that opens a log by itself has read it', async () => {
    const built = follow((first) => ({
      opened: { reason: `the hub was created anew at ${created}`, predecessor: { log: first.name } },
      hubCreated: created,
    }));
    expect(briefs((await verifyBuilt(built)).findings)).toEqual(['generationWrong 0', 'generationWrong 0']);
  });

  /** As an operator's entry, and no word of where the predecessor ended. */
  const silent = (first: LogBuilder) => ({ reason: 'its end could not be read', predecessor: { log: first.name } });

  it('hides messages behind a predecessor that is said to be unreadable, and is not', async () => {
    const built = follow((first) => ({ opened: silent(first), start: 100 }), [message('x', { after: 3_600_000 })]);
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['generationWrong 0', 'messageMissing 0']);
    expect(told(failures)).toContain('is there up to segment 1');
    expect(told(failures)).toContain('numbers 3 to 99 are in neither');
  });

  it('hides messages that are sealed again behind a predecessor that is said to be unreadable', async () => {
    const built = follow((first) => ({ opened: silent(first) }), [message('x', { after: 1 })]);
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['generationWrong 0', 'messageTwice 0']);
  });

  it('behind a foreign blob that parses does not accuse the successor of it', async () => {
    const built = new TrailBuilder();
    const first = built.log().segment([message('a')]);
    const opening = { opened: opened('a foreign blob')(first), start: 1 };
    first.segment([message('forged')], { signWith: makeKey() });
    built.log('web', '0', 1, opening).segment([message('b', { after: 5_000 })]);
    const { findings } = await verifyBuilt(built);
    expect(briefs(findings)).toEqual(['keyUnannounced 1', 'generationNoted 0']);
    expect(findings.filter(({ log }) => log !== first.name)).toMatchObject([{ kind: 'generationNoted' }]);
  });

  it('at which generation 0 begins above number 0 by an operator’s word is noted: what was before is nowhere', async () => {
    const built = new TrailBuilder();
    built.log('web', '0', 0, { opened: { reason: 'we begin here' }, start: 500 }).segment([message('a')]);
    const { findings } = await verifyBuilt(built);
    expect(briefs(findings)).toEqual(['generationNoted 0']);
    expect(told(findings)).toContain('begins at number 500 of its hub: we begin here');
  });

  it('is invented: generation 0 claims that its hub was created anew', async () => {
    const built = new TrailBuilder();
    const reason = `the hub was created anew at ${DAWN}`;
    built.log('web', '0', 0, { opened: { reason } }).segment([message('a')]);
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['generationWrong 0']);
  });
});
