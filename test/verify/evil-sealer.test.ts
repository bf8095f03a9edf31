import { hash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { ADOPTION_TYPE, GAP_TYPE, recordId } from '../../shared/wire/record.ts';
import type { Seal, TrailRecord } from '../../shared/wire/record.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import type { DraftSegment, LogBuilder } from '../fixtures/trail-builder.ts';
import { briefs, replaceOnce, verifyBuilt } from './verifying.ts';

/**
 * Whoever holds the signing key can sign anything: what is caught here is caught by what the records and the seals say, not by the
 * tree. Each case is a segment that was changed before it was signed.
 */
type Twist = (draft: DraftSegment) => void;

/** Segment 1 of three: a gap, a message of three records, two of one; leaves 4 to 10, the seal is 10. */
async function sealedBy(twist: Twist, whole = false): Promise<string[]> {
  const built = new TrailBuilder();
  const log = built.log().segment([message('a'), message('b')]);
  log.segment([{ gap: 2 }, message('c', { records: 3 }), message('d'), message('e', { from: 'spill' })], { twist });
  log.segment([message('f')]);
  const { failures } = await verifyBuilt(built, { whole });
  return briefs(failures);
}

function existing<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('The draft lacks what the test changes.');
  return value;
}

/** Changes one record of the draft. */
function change(line: number, edit: (record: TrailRecord) => void): Twist {
  return (draft) => {
    const record = JSON.parse(draft.lines[line] ?? '') as TrailRecord;
    edit(record);
    draft.lines[line] = JSON.stringify(record);
  };
}

/** Changes members of the seal. */
function say(members: Partial<Seal>): Twist {
  return (draft) => {
    // In the schema's order: another one would be found for itself.
    const { log, number, first, previous, opened, ...rest } = { ...draft.seal, ...members };
    draft.seal = { log, number, first, previous, ...(opened === undefined ? {} : { opened }), ...rest };
  };
}

/** Of the gap that opens the draft. */
function gapOf(first: number, last: number): Twist {
  return change(0, (record) => {
    record.subject = `${first}-${last}`;
    record.data.gap = { first, last };
  });
}

function swap(a: number, b: number): Twist {
  return ({ lines }) => {
    [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
  };
}

const SEAL = 10;

describe('a sealer that holds the key and', () => {
  it('changes nothing is not accused', async () => {
    expect(await sealedBy(() => undefined)).toEqual([]);
  });

  const cases: Record<string, [Twist, string[]]> = {
    'leaves a message out': [
      ({ lines, seal }) => {
        lines.splice(4, 1);
        seal.counts.code = 4;
      },
      // The bytes that it did not know how to leave out of the evidence tell on it too.
      ['messageMissing 1/8', 'evidenceRangeWrong 1/5'],
    ],
    'leaves the last message out, and says so in "to"': [
      (draft) => {
        draft.lines.splice(5, 1);
        const { to = { sequenceNumber: 0, enqueued: '' } } = draft.seal;
        draft.seal = { ...draft.seal, counts: { code: 4, trail: 1 }, to: { ...to, sequenceNumber: 5 } };
      },
      ['positionWrong 1/9'],
    ],
    'leaves a gap out': [
      ({ lines, seal }) => void (lines.splice(0, 1), delete seal.counts.trail),
      ['messageMissing 1/4', 'positionWrong 1/9'],
    ],
    'leaves a record of a message out': [
      ({ lines, seal }) => void (lines.splice(2, 1), (seal.counts.code = 4)),
      ['recordMissing 1/6'],
    ],
    'leaves the last record of a message out': [
      ({ lines, seal }) => void (lines.splice(3, 1), (seal.counts.code = 4)),
      ['recordMissing 1/7'],
    ],
    'leaves the first record of a message out': [
      ({ lines, seal }) => void (lines.splice(1, 1), (seal.counts.code = 4)),
      ['recordMissing 1/5'],
    ],
    'seals a record twice': [
      ({ lines, seal }) => void (lines.splice(2, 0, lines[2] ?? ''), (seal.counts.code = 6)),
      ['recordOrder 1/7'],
    ],
    'seals a message twice': [
      ({ lines, seal }) => void (lines.push(lines[4] ?? ''), (seal.counts.code = 6)),
      ['messageTwice 1/10', 'evidenceRangeWrong 1/10'],
    ],
    'seals a message of an earlier segment again': [
      ({ lines, seal }) => {
        lines.unshift((lines[4] ?? '').replace('"sequenceNumber":5', '"sequenceNumber":1'));
        seal.counts.code = 6;
      },
      [
        'messageTwice 1/4',
        'positionWrong 1/11',
        'positionWrong 1/11',
        'evidenceRangeWrong 1/4',
        'evidenceRangeWrong 1/6',
        'evidenceRangeWrong 1/9',
      ],
    ],
    'swaps two records of a message': [swap(1, 2), ['recordMissing 1/5', 'recordOrder 1/6']],
    'swaps two messages': [swap(4, 5), ['recordOrder 1/9']],
    'puts the records of one message apart': [
      ({ lines }) => {
        const [moved = ''] = lines.splice(3, 1);
        lines.splice(4, 0, moved);
      },
      ['recordMissing 1/7', 'messageTwice 1/8', 'recordMissing 1/8', 'evidenceRangeWrong 1/8'],
    ],
    'counts records that are not there': [say({ counts: { code: 6, trail: 1 } }), [`countsWrong 1/${SEAL}`]],
    'counts a category that is not there': [
      say({ counts: { code: 5, access: 0, trail: 1 } }),
      [`countsWrong 1/${SEAL}`],
    ],
    'says another "from"': [
      say({ from: { sequenceNumber: 3, enqueued: '2026-11-23T06:00:03.000Z' } }),
      [`positionWrong 1/${SEAL}`],
    ],
    'says another time of "from"': [
      say({ from: { sequenceNumber: 2, enqueued: '2026-11-23T06:00:02.000Z' } }),
      [`positionWrong 1/${SEAL}`],
    ],
    'says no "from"': [({ seal }) => void delete seal.from, [`positionWrong 1/${SEAL}`]],
    'says another "to"': [
      say({ to: { sequenceNumber: 7, enqueued: '2026-11-23T06:00:05.000Z' } }),
      [`positionWrong 1/${SEAL}`],
    ],
    'lets "to" fall back in time': [
      (draft) => {
        draft.seal = { ...draft.seal, to: { sequenceNumber: 6, enqueued: '2026-11-23T06:00:04.000Z' } };
        draft.sealTime = '2026-11-23T06:00:04.000Z';
      },
      [`positionWrong 1/${SEAL}`],
    ],
    'dates the seal otherwise': [
      (draft) => void (draft.sealTime = '2026-11-23T07:00:00.000Z'),
      [`timeWrong 1/${SEAL}`],
    ],
    'gives the seal another id': [(draft) => void (draft.sealId = 'f'.repeat(32)), [`idWrong 1/${SEAL}`]],
    'names another hub': [
      say({ hub: { namespace: 'hubs.example', name: 'other', created: '2026-11-23T06:00:00.000Z' } }),
      [`hubWrong 1/${SEAL}`, `hubWrong 1/${SEAL}`, 'hubWrong 2/12'],
    ],
    'names no hub': [({ seal }) => void delete seal.hub, [`hubWrong 1/${SEAL}`, `hubWrong 1/${SEAL}`, 'hubWrong 2/12']],
    'makes the gap longer than what is missing': [gapOf(2, 4), ['messageTwice 1/5']],
    'makes the gap shorter than what is missing': [gapOf(2, 2), ['messageMissing 1/5']],
    'turns the gap around': [
      gapOf(3, 2),
      ['idWrong 1/4', 'gapWrong 1/4', 'messageMissing 1/5', `positionWrong 1/${SEAL}`],
    ],
    'dates the gap otherwise': [
      change(0, (record) => void (record.time = '2026-11-23T06:00:02.500Z')),
      ['gapWrong 1/4', `positionWrong 1/${SEAL}`],
    ],
    'puts a gap behind a gap': [
      (draft) => {
        const gap = JSON.parse(draft.lines[0] ?? '') as TrailRecord;
        const part = (first: number): TrailRecord => ({
          ...gap,
          id: recordId([draft.seal.log, '1', `gap/${first}`]),
          subject: `${first}-${first}`,
          data: { ...gap.data, gap: { first, last: first } },
        });
        draft.lines.splice(0, 1, JSON.stringify(part(2)), JSON.stringify(part(3)));
        draft.seal.counts.trail = 2;
      },
      ['gapWrong 1/5'],
    ],
    'gives the gap another id': [change(0, (record) => void (record.id = '0'.repeat(32))), ['idWrong 1/4']],
    'forgets what the gap is': [change(0, ({ data }) => void delete data.gap), ['leafMalformed 1/4']],
    'takes a message from another partition': [
      ({ lines }) => void (lines[4] = (lines[4] ?? '').replace('"partition":"0"', '"partition":"1"')),
      ['positionWrong 1/8'],
    ],
    'dates the records of one message apart': [
      change(
        2,
        ({ data }) => void (data.collected = { ...existing(data.collected), enqueued: '2026-11-23T06:00:03.001Z' }),
      ),
      ['recordOrder 1/6'],
    ],
    'gives the records of one message different evidence': [
      change(2, ({ data }) => void (data.evidence = { ...existing(data.evidence), sha256: '0'.repeat(64) })),
      ['recordOrder 1/6'],
    ],
    'calls a record by another category than its type': [
      ({ lines }) => void (lines[4] = (lines[4] ?? '').replace('"category":"code"', '"category":"access"')),
      ['leafMalformed 1/8'],
    ],
    'invents a category': [
      ({ lines }) =>
        void (lines[4] = (lines[4] ?? '')
          .replace('indelible.code.', 'indelible.fun.')
          .replace('"category":"code"', '"category":"fun"')),
      ['leafMalformed 1/8'],
    ],
    'seals what is no record': [({ lines }) => void (lines[4] = '{"hello":"world"}'), ['leafMalformed 1/8']],
    'puts a seal among the records': [
      (draft) => {
        const seal = { ...(JSON.parse(draft.lines[0] ?? '') as TrailRecord), type: 'indelible.trail.segment.sealed' };
        draft.lines[0] = JSON.stringify(seal);
      },
      ['recordOrder 1/4'],
    ],
    'adopts a configuration behind the first leaf': [
      (draft) => {
        const own = JSON.parse(draft.lines[0] ?? '') as TrailRecord;
        const adopted = {
          sha256: 'a'.repeat(64),
          from: '2026-01-01T00:00:00.000Z',
          effective: '2026-11-23T06:00:02.000Z',
        };
        const { gap: _, ...data } = own.data;
        const id = recordId([draft.seal.log, '1', 'adoption']);
        const said = {
          ...data,
          action: 'adopt configuration',
          target: { kind: 'configuration', id: adopted.sha256 },
          adoption: adopted,
        };
        draft.lines.push(JSON.stringify({ ...own, id, type: ADOPTION_TYPE, subject: adopted.sha256, data: said }));
        draft.seal.counts.trail = 2;
      },
      ['adoptionWrong 1/10'],
    ],
    'lets a gap vote: it bears a decision that no message stands behind': [
      change(0, (record) => {
        const { gap, ...said } = record.data;
        const decision = { request: 'pay~12345678-1234-8234-8234-123456789012', step: 'voted' } as const;
        record.data = { ...said, decision: { ...decision, verdict: 'approve' }, gap };
      }),
      ['ownRecordWrong 1/4'],
    ],
    'puts a gap into the trail of a project': [
      change(0, ({ data }) => void (data.project = 'pay')),
      ['ownRecordWrong 1/4'],
    ],
    'says that somebody else than the sealer found the gap': [
      change(0, ({ data }) => void (data.actor = { kind: 'human', id: 'entra:alice' })),
      ['ownRecordWrong 1/4'],
    ],
    'calls the gap an action on another target': [
      change(0, ({ data }) => {
        data.action = 'approvals.vote';
        data.target = { kind: 'repository', id: 'https://github.com/acme/shop' };
      }),
      ['ownRecordWrong 1/4'],
    ],
    'lets a seal decide': [
      (draft) => {
        const request = 'pay~12345678-1234-8234-8234-123456789012';
        draft.sealBears = { decision: { request, step: 'voted', verdict: 'approve' } };
      },
      [`ownRecordWrong 1/${SEAL}`],
    ],
    'files the gap under another subject': [change(0, (record) => void (record.subject = 'x')), ['ownRecordWrong 1/4']],
    'lists a configuration that was not adopted': [
      say({ configurations: [{ sha256: 'a'.repeat(64), effective: '2026-11-23T06:00:00.000Z' }] }),
      [`adoptionWrong 1/${SEAL}`],
    ],
    'lists no configuration': [
      say({ configurations: [] }),
      [`adoptionWrong 1/${SEAL}`, `adoptionWrong 1/${SEAL}`, 'adoptionWrong 2/12'],
    ],
    'says that the log was opened again': [say({ opened: { reason: 'because' } }), [`generationWrong 1/${SEAL}`]],
    'begins at another leaf': [
      say({ first: 5, frontier: ['a'.repeat(64), 'b'.repeat(64)] }),
      ['firstMismatch 1/11', 'firstMismatch 1/11'],
    ],
    'writes the past anew': [say({ frontier: ['a'.repeat(64)] }), [`frontierMismatch 1/${SEAL}`]],
    'names no predecessor': [
      say({ previous: null }),
      [`previousMismatch 1/${SEAL}`, `firstMismatch 1/${SEAL}`, `adoptionWrong 1/${SEAL}`, 'messageMissing 1/4'],
    ],
    'says that its predecessor ended elsewhere': [
      ({ seal }) => void (existing(seal.previous).to = { sequenceNumber: 0, enqueued: '2026-11-23T06:00:02.000Z' }),
      ['messageMissing 1/4', `positionWrong 1/${SEAL}`],
    ],
    'names a predecessor that is no checkpoint': [
      ({ seal }) => void (existing(seal.previous).checkpoint = 'hello'),
      [`previousMismatch 1/${SEAL}`, `previousMismatch 1/${SEAL}`],
    ],
  };
  for (const [what, [twist, expected]] of Object.entries(cases)) {
    it(`${what} is found out`, async () => {
      expect((await sealedBy(twist)).sort()).toEqual(expected.sort());
    });
  }

  it('seals bytes that are no JSON between both ends is found out where records are parsed whole', async () => {
    const broken: Twist = ({ lines }) => void (lines[4] = (lines[4] ?? '').replace('"summary":"', '"summary":""'));
    expect(await sealedBy(broken)).toEqual([]);
    expect(await sealedBy(broken, true)).toEqual(['leafNotCanonical 1/8']);
  });

  const otherForms: Record<string, [string, string]> = {
    'a member twice': ['"project":"shop"', '"project":"shop","project":"other"'],
    'a member twice, with the same value': ['"project":"shop"', '"project":"shop","project":"shop"'],
    'a member twice, under another spelling of its name': ['"project":"shop"', '"project":"shop","projec\\u0074":"x"'],
    'a member of a member twice': ['"name":"octocat"', '"name":"octocat","name":"mallory"'],
    'a letter escaped that need not be': ['"project":"shop"', '"project":"sho\\u0070"'],
    'white space between members': ['"project":"shop"', '"project": "shop"'],
    'members in another order': ['"action":"opened","outcome":"succeeded"', '"outcome":"succeeded","action":"opened"'],
    'a member that the schema does not know': ['"project":"shop"', '"project":"shop","extra":1'],
    'a number in another form': ['"project":"shop"', '"details":{"a":1.0},"project":"shop"'],
    'a member that is null': ['"project":"shop"', '"project":null'],
  };
  for (const [what, [from, to]] of Object.entries(otherForms)) {
    it(`seals ${what} is found out where records are parsed whole: readers would differ in what it says`, async () => {
      const twist: Twist = ({ lines }) => void (lines[4] = replaceOnce(lines[4] ?? '', from, to));
      expect(await sealedBy(twist)).toEqual([]);
      expect(await sealedBy(twist, true)).toEqual(['leafNotCanonical 1/8']);
    });
  }
});

describe('a sealer that holds the key and, in segment 0,', () => {
  async function openedBy(twist: Twist): Promise<string[]> {
    const built = new TrailBuilder();
    built.log().segment([message('a'), message('b')], { twist });
    return briefs((await verifyBuilt(built)).failures);
  }

  const adoption = (edit: (adopted: NonNullable<TrailRecord['data']['adoption']>) => object) =>
    change(0, ({ data }) => {
      const adopted = data.adoption;
      if (adopted !== undefined) data.adoption = { ...adopted, ...edit(adopted) };
    });

  const cases: Record<string, [Twist, string[]]> = {
    'leaves the first message out': [
      (draft) => {
        draft.lines.splice(1, 1);
        draft.seal = {
          ...draft.seal,
          counts: { code: 1, trail: 1 },
          from: { sequenceNumber: 1, enqueued: '2026-11-23T06:00:02.000Z' },
        };
      },
      ['messageMissing 0/1', 'evidenceRangeWrong 0/1'],
    ],
    'adopts no configuration': [
      ({ lines, seal }) => void (lines.shift(), delete seal.counts.trail),
      ['adoptionWrong 0/2'],
    ],
    'adopts one that takes effect before the log began': [
      adoption(() => ({ effective: '2026-01-01T00:00:00.000Z' })),
      ['adoptionWrong 0/0', 'adoptionWrong 0/3'],
    ],
    'dates the adoption otherwise': [
      change(0, (record) => void (record.time = '2026-11-23T06:00:01.000Z')),
      ['timeWrong 0/0'],
    ],
    'adopts another configuration than it lists': [
      adoption(() => ({ sha256: 'b'.repeat(64) })),
      ['adoptionWrong 0/3', 'ownRecordWrong 0/0', 'evidenceMissing 0/0'],
    ],
    'lists more configurations than the one that it adopts': [
      ({ seal }) => void seal.configurations.unshift({ sha256: 'd'.repeat(64), effective: '2026-11-23T06:00:00.000Z' }),
      ['adoptionWrong 0/0', 'adoptionWrong 0/3'],
    ],
    'says that its changes are against a version that the log never had': [
      adoption(() => ({ comparedWith: 'd'.repeat(64) })),
      ['adoptionWrong 0/0'],
    ],
    'links its adoption to a pull request': [
      change(0, ({ data }) => {
        const adopted = existing(data.adoption);
        delete data.adoption;
        data.links = [{ kind: 'pullRequest', id: 'https://github.com/acme/shop/pull/1' }];
        data.adoption = adopted;
      }),
      ['ownRecordWrong 0/0'],
    ],
    'gives the adoption another id': [change(0, (record) => void (record.id = '0'.repeat(32))), ['idWrong 0/0']],
    'calls the adoption a gap': [change(0, (record) => void (record.type = GAP_TYPE)), ['leafMalformed 0/0']],
    'speaks of another hub than its log is of, from the first seal on': [
      say({ hub: { namespace: 'hubs.example', name: 'azure', created: '2026-11-23T06:00:00.000Z' } }),
      ['hubWrong 0/3'],
    ],
    'names a predecessor': [
      ({ seal }) =>
        void (seal.previous = {
          checkpoint: 'hello',
          to: { sequenceNumber: -1, enqueued: '2026-11-23T06:00:00.000Z' },
        }),
      ['previousMismatch 0/3', 'previousMismatch 0/3'],
    ],
    'begins behind leaves that nobody has': [say({ first: 1, frontier: ['c'.repeat(64)] }), ['firstMismatch 0/4']],
  };
  for (const [what, [twist, expected]] of Object.entries(cases)) {
    it(`${what} is found out`, async () => {
      expect((await openedBy(twist)).sort()).toEqual(expected.sort());
    });
  }

  it('has nothing to seal is found out', async () => {
    const built = new TrailBuilder();
    built.log().segment([]);
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['positionWrong 0/1']);
  });
});

describe('a sealer that goes on otherwise than its log', () => {
  /** Three segments; `before` sees the log before the last one is written. */
  async function goOn(last: (log: LogBuilder, fork: LogBuilder, built: TrailBuilder) => void): Promise<string[]> {
    const built = new TrailBuilder();
    const log = built.log().segment([message('a')]);
    const fork = log.fork();
    log.segment([message('b')]);
    last(log, fork, built);
    return briefs((await verifyBuilt(built)).failures);
  }

  it('writes a segment anew, with other records, is found out by what follows', async () => {
    const found = await goOn((log, fork) => {
      log.segment([message('c')]);
      fork.segment([message('other')]);
    });
    expect(found).toEqual(['previousMismatch 2/6']);
  });

  it('writes a segment anew with more records is found out by what follows', async () => {
    const found = await goOn((log, fork) => {
      log.segment([message('c')]);
      fork.segment([message('other'), message('more')]);
    });
    expect(found).toEqual(['previousMismatch 2/6', 'positionWrong 2/6', 'firstMismatch 2/6']);
  });

  it('signs a segment again, with the same records, is found out by what follows', async () => {
    const found = await goOn((log, fork) => {
      log.segment([message('c')]);
      fork.segment([message('b')]);
    });
    expect(found).toEqual(['previousMismatch 2/6']);
  });

  it('adopts a configuration that the next segment forgets', async () => {
    const found = await goOn((log) => {
      log.segment([message('c')], { adopt: { bytes: 'version: 2\n' } });
      log.segment([message('d')], {
        twist: (draft) => void (draft.seal = { ...draft.seal, configurations: draft.seal.configurations.slice(0, 1) }),
      });
    });
    expect(found).toEqual(['adoptionWrong 3/9']);
  });

  type Adopted = NonNullable<TrailRecord['data']['adoption']>;

  /** Members of an adoption, in the schema's order. */
  function adopting(edit: (adopted: Adopted) => Partial<Adopted>): Twist {
    return change(0, ({ data }) => {
      const adopted = existing(data.adoption);
      const { sha256, previous, from, effective, comparedWith } = { ...adopted, ...edit(adopted) };
      data.adoption = { sha256, previous, from, effective, comparedWith };
    });
  }

  /** Adopts a second version in segment 2. */
  function adoptSecond(bytes: string, edit: (adopted: Adopted) => Partial<Adopted>): Promise<string[]> {
    return goOn((log) => log.segment([message('c')], { adopt: { bytes }, twist: adopting(edit) }));
  }

  it('adopts a version, and says nothing of the one before it, is found out', async () => {
    expect(await adoptSecond('version: 2\n', () => ({ previous: undefined }))).toEqual(['adoptionWrong 2/5']);
  });

  it('adopts a version that is said to come before itself is found out', async () => {
    expect(await adoptSecond('version: 2\n', ({ sha256 }) => ({ previous: sha256 }))).toEqual(['adoptionWrong 2/5']);
  });

  it('adopts a version whose file names another one before it is found out', async () => {
    const first = hash('sha256', 'projects: []\n', 'hex');
    const lied = ['#', "'", '"'].map((sign) =>
      goOn((log) =>
        log.segment([message('c')], {
          adopt: {
            bytes:
              sign === '#'
                ? `version: 1\nprevious: ${'e'.repeat(64)} # a note\n`
                : `version: 1\r\nprevious: ${sign}${'e'.repeat(64)}${sign}\r\n`,
          },
        }),
      ),
    );
    for (const found of await Promise.all(lied)) expect(found).toEqual(['adoptionWrong 2/5']);
    expect(await goOn((log) => log.segment([], { adopt: { bytes: `version: 1\nprevious: ${first}\n` } }))).toEqual([]);
  });

  it('adopts the version again that is adopted already, or an earlier one, is found out', async () => {
    const same = await goOn((log) => log.segment([message('c')], { adopt: { bytes: 'projects: []\n' } }));
    expect(same).toEqual(['adoptionWrong 2/5', 'adoptionWrong 2/5']);
    const back = await goOn((log) =>
      log
        .segment([message('c')], { adopt: { bytes: 'version: 2\n' } })
        .segment([message('d')], { adopt: { bytes: 'projects: []\n' } }),
    );
    expect(back).toEqual(['adoptionWrong 3/8']);
  });

  it('adopts a version that follows one which the log left behind is found out', async () => {
    const found = await goOn((log) => {
      const stale = hash('sha256', 'projects: []\n', 'hex');
      log.segment([message('c')], { adopt: { bytes: 'version: 2\n' } });
      log.segment([message('d')], {
        adopt: { bytes: 'version: 3\n' },
        twist: adopting(() => ({ previous: stale })),
      });
    });
    expect(found).toEqual(['adoptionWrong 3/8']);
  });

  it('goes on with the version after the next one is not accused: no sealer need have run the one between', async () => {
    const between = hash('sha256', 'version: 2\n', 'hex');
    const found = await adoptSecond('version: 3\n', ({ previous }) => ({ previous: between, comparedWith: previous }));
    expect(found).toEqual([]);
  });

  /** Segment 2 ends with a gap over numbers 2 to 4. */
  const gapAtEnd = (log: LogBuilder, time?: string): LogBuilder =>
    log.segment([{ gap: 3 }], {
      twist: (draft) => {
        if (time === undefined) return;
        change(0, (record) => void (record.time = time))(draft);
        say({ from: { sequenceNumber: 2, enqueued: time }, to: { sequenceNumber: 4, enqueued: time } })(draft);
        draft.sealTime = time;
      },
    });

  it('ends a segment with a gap whose message opens the next one, an empty one between, is not accused', async () => {
    expect(await goOn((log) => gapAtEnd(log).segment([message('d')]))).toEqual([]);
    const empty = await goOn((log) =>
      gapAtEnd(log)
        .segment([], { announce: makeKey() })
        .segment([message('d')]),
    );
    expect(empty).toEqual([]);
  });

  it('dates a gap that ends its segment years ahead is found out by the message behind it', async () => {
    const year = '2031-01-01T00:00:00.000Z';
    expect(await goOn((log) => gapAtEnd(log, year).segment([message('d')]))).toEqual(['gapWrong 2/5']);
    const behind = await goOn((log) =>
      gapAtEnd(log, year)
        .segment([], { announce: makeKey() })
        .segment([message('d')]),
    );
    expect(behind).toEqual(['gapWrong 2/5']);
  });

  it('opens a segment with a gap behind a gap is told: the message between them is said to be lost', async () => {
    const built = new TrailBuilder();
    const log = built.log().segment([message('a')]);
    log.segment([{ gap: 3 }]).segment([{ gap: 2 }, message('b')]);
    expect(briefs((await verifyBuilt(built)).findings)).toEqual(['gapNoted 2/5']);
  });

  it('is not accused of a gap whose message lies in a segment that cannot be read', async () => {
    const built = new TrailBuilder();
    const log = built.log().segment([message('a')]);
    gapAtEnd(log).segment([message('b')]);
    built.trail.tamper(log.blob, Buffer.from('damaged'));
    log.segment([message('c', { after: 60_000 })]);
    expect(briefs((await verifyBuilt(built, { evidence: undefined })).findings)).toEqual(['frameDamaged 2']);
  });

  it('leaves a number out between two segments is found out', async () => {
    const found = await goOn((log) =>
      log.segment([message('c')]).segment([{ gap: 1 }, message('d')], {
        twist: ({ lines, seal }) => void (lines.shift(), delete seal.counts.trail),
      }),
    );
    expect(found).toEqual(['messageMissing 3/7', 'positionWrong 3/8']);
  });

  it('announces a key and signs with the old one is found out', async () => {
    const found = await goOn((log, _, built) =>
      log.segment([message('c')], { announce: makeKey() }).segment([message('d')], { signWith: built.key }),
    );
    expect(found).toEqual(['keyUnannounced 3']);
  });
});
