import { describe, expect, it } from 'vitest';

import { formatKeyBlob, formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import type { LogBuilder } from '../fixtures/trail-builder.ts';
import { briefs, replaceOnce, rewriteText, told, verifyBuilt } from './verifying.ts';

/** Five segments; the third announces a second key. */
function buildRotated() {
  const built = new TrailBuilder();
  const second = makeKey();
  const log = built
    .log()
    .segment([message('a')])
    .segment([message('b')]);
  log
    .segment([message('c')], { announce: second })
    .segment([message('d')])
    .segment([message('e')]);
  return { built, log, second };
}

function remove(built: TrailBuilder, log: LogBuilder, ...numbers: number[]): void {
  for (const number of numbers) built.trail.tamper(formatSegmentBlob(log.name, number), undefined);
}

describe('keys', () => {
  it('that were rotated as announced are followed from the one that was given', async () => {
    const { built } = buildRotated();
    expect(briefs((await verifyBuilt(built)).findings)).toEqual([]);
  });

  it('the wrong one given is told apart from a log that somebody else wrote on', async () => {
    const { built, second } = buildRotated();
    const { failures } = await verifyBuilt(built, { keys: [second.publicKey] });
    expect(briefs(failures)).toEqual(['keyUnknown 0']);
    expect(told(failures)).toContain('another key has to be given');
  });

  it('that were announced but lie nowhere are asked for', async () => {
    const { built, second } = buildRotated();
    built.trail.tamper(formatKeyBlob(second.publicKey.sha256), undefined);
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['keyUnknown 3', 'keyUnknown 4']);
    expect(told(failures)).toContain(second.publicKey.sha256);
    expect((await verifyBuilt(built, { keys: [built.key.publicKey, second.publicKey] })).failures).toEqual([]);
  });

  it('that were retired and sign again are found out', async () => {
    const { built, log } = buildRotated();
    log.segment([message('f')], { signWith: built.key });
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['keyUnannounced 5']);
    expect(told(failures)).toContain('whose turn it was not');
  });

  it('that nothing announced are found out, also where the trail carries them', async () => {
    const { built, log } = buildRotated();
    log.segment([message('f')], { signWith: makeKey() });
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['keyUnannounced 5']);
  });

  it('that were given do not sign where another one was announced', async () => {
    const { built, log } = buildRotated();
    const third = makeKey();
    log.segment([message('f')], { signWith: third });
    const { failures } = await verifyBuilt(built, { keys: [built.key.publicKey, third.publicKey] });
    expect(briefs(failures)).toEqual(['keyUnannounced 5']);
  });

  it('are needed anew for the first segment that is left of a pruned log', async () => {
    const { built, log, second } = buildRotated();
    remove(built, log, 0, 1, 2, 3);
    expect(briefs((await verifyBuilt(built)).findings)).toEqual([
      'pruned 4',
      'keyUnknown 4',
      'evidenceUnreferenced -',
      'evidenceUnreferenced -',
      'evidenceUnreferenced -',
      'evidenceUnreferenced -',
      'evidenceUnreferenced -',
    ]);
    expect(briefs((await verifyBuilt(built, { keys: [second.publicKey] })).failures)).toEqual(['pruned 4']);
  });

  it('that only a forged segment announced sign nothing behind a hole', async () => {
    const { built, log } = buildRotated();
    const stranger = makeKey();
    log
      .segment([message('f')], { signWith: makeKey(), announce: stranger })
      .segment([message('g')])
      .segment([message('h')]);
    remove(built, log, 6);
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['keyUnannounced 5', 'segmentMissing 6', 'keyUnknown 7']);
  });

  it('that are announced in turn are still followed behind a hole, from all that were announced before it', async () => {
    const { built, log } = buildRotated();
    remove(built, log, 3);
    expect(briefs((await verifyBuilt(built, { evidence: undefined })).failures)).toEqual(['segmentMissing 3']);
  });

  it('with the same first four bytes are not taken for each other', async () => {
    const { built, log } = buildRotated();
    const other = makeKey();
    // The note names the right key id, and somebody else signed.
    const stolen = { ...other, publicKey: { ...other.publicKey, sha256: built.key.publicKey.sha256 } };
    const fresh = new TrailBuilder(built.name, built.key);
    fresh.log().segment([message('a')], { signWith: stolen });
    expect(log.number).toBe(4);
    const { failures } = await verifyBuilt(fresh);
    expect(briefs(failures)).toEqual(['keyBlobWrong -', 'signatureWrong 0']);
  });
});

describe('segments', () => {
  it('that are missing in the middle are named, and what follows is still verified', async () => {
    const { built, log } = buildRotated();
    remove(built, log, 1, 2);
    await rewriteText(built.trail, formatSegmentBlob(log.name, 4), (text) => replaceOnce(text, 'octocat', 'tacocat'));
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['segmentMissing 1', 'keyUnknown 3', 'rootMismatch 4/9']);
    expect(told(failures)).toContain('Segments 1 to 2 are not there');
  });

  it('that are removed at the beginning are no note that "All holds" follows, unless they may be gone', async () => {
    const { built, log } = buildRotated();
    remove(built, log, 0, 1);
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['pruned 2']);
    // What segment 1 ended with.
    expect(told(failures)).toContain('enqueued up to 2026-11-23T06:00:02.000Z');
    const allowed = { evidence: undefined, prunedBefore: '2026-11-23T06:00:02.001Z' };
    const { findings, failures: none } = await verifyBuilt(built, allowed);
    expect([briefs(findings), none]).toEqual([['prunedAllowed 2'], []]);
  });

  it('that are removed at the beginning before their retention ended are not excused by what may be gone', async () => {
    const { built, log } = buildRotated();
    remove(built, log, 0, 1);
    const early = { evidence: undefined, prunedBefore: '2026-11-23T06:00:02.000Z' };
    expect(briefs((await verifyBuilt(built, early)).failures)).toEqual(['pruned 2']);
  });

  it('that are removed before one that cannot be read are not excused: when they ended is not known', async () => {
    const { built, log } = buildRotated();
    remove(built, log, 0);
    built.trail.tamper(formatSegmentBlob(log.name, 1), Buffer.from('damaged'));
    const allowed = { evidence: undefined, prunedBefore: '2030-01-01T00:00:00.000Z' };
    expect(briefs((await verifyBuilt(built, allowed)).failures)).toEqual(['pruned 1', 'frameDamaged 1']);
  });

  it('of another log in the place of one are found out', async () => {
    const { built, log } = buildRotated();
    const other = built.log('web', '1').segment([message('x')]);
    const blob = (await built.trail.read(other.blob)) ?? Buffer.alloc(0);
    built.trail.tamper(formatSegmentBlob(log.name, 5), blob);
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['checkpointMalformed 5', 'segmentForeign 5']);
  });

  it('that change places are found out', async () => {
    const { built, log } = buildRotated();
    const [one, two] = [formatSegmentBlob(log.name, 1), formatSegmentBlob(log.name, 2)];
    const [first, second] = [await built.trail.read(one), await built.trail.read(two)];
    built.trail.tamper(one, second);
    built.trail.tamper(two, first);
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures).slice(0, 2)).toEqual(['segmentForeign 1', 'segmentForeign 2']);
  });

  it('that cannot be read do not accuse their neighbours', async () => {
    const { built, log } = buildRotated();
    built.trail.tamper(formatSegmentBlob(log.name, 1), Buffer.from('damaged'));
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['frameDamaged 1']);
  });

  it('with a damaged checkpoint do not accuse what was built on them', async () => {
    const { built, log } = buildRotated();
    const name = formatSegmentBlob(log.name, 1);
    await rewriteText(built.trail, name, (text) => replaceOnce(text, '\n{"checkpoint":"', '\n{"checkpoint":"x'));
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['checkpointMalformed 1']);
  });
});

describe('every member of a seal', () => {
  const edits: Record<string, (text: string) => string> = {
    log: (text) => replaceOnce(text, '"seal":{"log":"audit', '"seal":{"log":"audix'),
    number: (text) => replaceOnce(text, '"number":1,', '"number":2,'),
    first: (text) => replaceOnce(text, '"first":3,', '"first":5,'),
    previous: (text) => replaceOnce(text, '"previous":{"checkpoint":"audit', '"previous":{"checkpoint":"audix'),
    'previous to': (text) => replaceOnce(text, '"to":{"sequenceNumber":0,', '"to":{"sequenceNumber":9,'),
    frontier: (text) =>
      text.replace(/"frontier":\["[0-9a-f]/, (found) => `${found.slice(0, -1)}${found.endsWith('0') ? '1' : '0'}`),
    hub: (text) => replaceOnce(text, '"namespace":"hubs', '"namespace":"hubz'),
    from: (text) => replaceOnce(text, '"from":{"sequenceNumber":1,', '"from":{"sequenceNumber":2,'),
    to: (text) => replaceOnce(text, '"to":{"sequenceNumber":1,', '"to":{"sequenceNumber":2,'),
    counts: (text) => replaceOnce(text, '"counts":{"code":1}', '"counts":{"code":2}'),
    configurations: (text) =>
      text.replace(
        /"configurations":\[\{"sha256":"[0-9a-f]/,
        (found) => `${found.slice(0, -1)}${found.endsWith('0') ? '1' : '0'}`,
      ),
    code: (text) => replaceOnce(text, '"code":"indelible/0.0.0', '"code":"indelible/0.0.1'),
    nextKey: (text) =>
      text.replace(/"nextKey":"[0-9a-f]/, (found) => `${found.slice(0, -1)}${found.endsWith('0') ? '1' : '0'}`),
    'its time': (text) => text.replace(/(segment\.sealed","time":"2026-11-23T06:00:0)\d/, '$19'),
    'its id': (text) =>
      text.replace(
        /"id":"[0-9a-f]{32}","type":"indelible.trail.segment/,
        `"id":"${'0'.repeat(32)}","type":"indelible.trail.segment`,
      ),
    'a member that is not in the schema': (text) => replaceOnce(text, '"counts":', '"extra":1,"counts":'),
    'the order of its members': (text) => replaceOnce(text, '"number":1,"first":3,', '"first":3,"number":1,'),
    'white space': (text) => replaceOnce(text, '"number":1,', '"number": 1,'),
  };
  for (const [member, edit] of Object.entries(edits)) {
    it(`is covered by the root: ${member}`, async () => {
      const { built, log } = buildRotated();
      await rewriteText(built.trail, formatSegmentBlob(log.name, 1), edit);
      const { failures } = await verifyBuilt(built, { evidence: undefined });
      const kinds = failures.filter(({ segment }) => segment === 1).map(({ kind }) => kind);
      const tellsOfBytes = ['rootMismatch', 'sealMalformed', 'segmentForeign', 'firstMismatch', 'frontierMismatch'];
      expect(kinds.filter((kind) => tellsOfBytes.includes(kind))).not.toEqual([]);
    });
  }
});

describe('every line of a checkpoint', () => {
  const edits: Record<string, [(text: string) => string, string[]]> = {
    'its log': [(text) => text.replace(/^\{"checkpoint":"audit/m, '{"checkpoint":"audix'), ['checkpointMalformed']],
    'its size': [(text) => text.replace(/(^\{"checkpoint":"[^\\]+\\n)5/m, '$16'), ['rootMismatch', 'signatureWrong']],
    'its root': [
      (text) => text.replace(/(^\{"checkpoint":"[^\\]+\\n5\\n)(....)/m, '$1AAAA'),
      ['rootMismatch', 'signatureWrong'],
    ],
    'its key name': [(text) => text.replace(/(^\{"checkpoint":.*— )audit/m, '$1audix'), ['signatureWrong']],
    'its key id': [(text) => text.replace(/(^\{"checkpoint":.*— \S+ )..../m, '$1AAAA'), ['keyUnannounced']],
    'a signature more': [
      (text) => text.replace(/(^\{"checkpoint":.*)(— \S+ \S+\\n)"/m, '$1$2— other AAAAAAAAAA==\\n"'),
      ['checkpointMalformed'],
    ],
    'an extension line': [
      (text) => text.replace(/(^\{"checkpoint":"[^\\]+\\n5\\n\S+=\\n)/m, '$1extension\\n'),
      ['checkpointMalformed'],
    ],
  };
  for (const [line, [edit, expected]] of Object.entries(edits)) {
    it(`is covered: ${line}`, async () => {
      const { built, log } = buildRotated();
      await rewriteText(built.trail, formatSegmentBlob(log.name, 1), (text) => {
        const edited = edit(text);
        if (edited === text) throw new Error('The test changes nothing.');
        return edited;
      });
      const { failures } = await verifyBuilt(built, { evidence: undefined });
      const here = failures.filter(({ segment }) => segment === 1).map(({ kind }) => kind);
      expect(here.sort()).toEqual(expected);
    });
  }
});
