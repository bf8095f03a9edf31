import { sign } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { formatCheckpoint, formatCheckpointText } from '../../shared/wire/checkpoint.ts';
import { SCHEMA_URI, SEAL_TYPE, recordId } from '../../shared/wire/record.ts';
import type { Seal, TrailRecord } from '../../shared/wire/record.ts';
import { buildSegment, formatSegment } from '../../shared/wire/segment.ts';
import type { UnsignedSegment } from '../../shared/wire/segment.ts';
import { TrailBuilder, message } from '../fixtures/trail-builder.ts';
import { briefs, rewriteText, verifyBuilt } from './verifying.ts';

/** A log of anchors: two rounds, one record each, no hub and no positions. */
async function buildAnchors(twist: (seal: Seal) => Seal = (seal) => seal) {
  const built = new TrailBuilder();
  built.log().segment([message('a')]);
  const log = `${built.name}/anchors`;
  const { publicKey, privateKey } = built.key;
  const time = '2026-11-23T07:00:00.000Z';
  const record = (id: string, type: string, data: Partial<TrailRecord['data']>): string => {
    const rest = { action: 'anchor', outcome: 'succeeded', summary: 'anchored', ...data } as const;
    return JSON.stringify({
      specversion: '1.0',
      id,
      type,
      time,
      source: log,
      dataschema: SCHEMA_URI,
      data: { category: 'trail', ...rest },
    });
  };
  let before: { unsigned: UnsignedSegment; checkpoint: string } | undefined;
  const names: string[] = [];
  for (let number = 0; number < 2; number++) {
    const frontier = before?.unsigned.frontier.map((each) => each.toString('hex')) ?? [];
    const to = { sequenceNumber: -1, enqueued: time };
    const plain: Seal = {
      log,
      number,
      first: before?.unsigned.checkpoint.size ?? 0,
      previous: before === undefined ? null : { checkpoint: before.checkpoint, to },
      frontier,
      counts: { trail: 1 },
      configurations: [],
      code: 'indelible/0.0.0-test',
      nextKey: publicKey.sha256,
    };
    const seal = number === 1 ? twist(plain) : plain;
    const anchored = record(
      recordId([log, String(number), `${built.name}/web/0/0`]),
      'indelible.trail.log.anchored',
      {},
    );
    const sealLine = record(recordId([log, String(number), 'seal']), SEAL_TYPE, { seal });
    const unsigned = buildSegment(seal, [anchored], sealLine);
    const text = Buffer.from(formatCheckpointText(unsigned.checkpoint));
    const signature = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const checkpoint = formatCheckpoint(unsigned.checkpoint, publicKey, signature);
    const name = `segments/${log}/${String(number).padStart(12, '0')}.jsonl.zst`;
    built.trail.tamper(name, formatSegment(unsigned, checkpoint));
    names.push(name);
    before = { unsigned, checkpoint };
  }
  return { built, names };
}

describe('the log of anchors', () => {
  it('is verified beside the others, without hub and messages', async () => {
    const { built } = await buildAnchors();
    const { findings, summary } = await verifyBuilt(built);
    expect(briefs(findings)).toEqual([]);
    expect(summary.logs.map(({ log, segments }) => [log, segments])).toEqual([
      ['audit.example/trail/anchors', 2],
      ['audit.example/trail/web/0/0', 1],
    ]);
  });

  it('with a byte changed is found out', async () => {
    const { built, names } = await buildAnchors();
    await rewriteText(built.trail, names[0] ?? '', (text) =>
      text.replace('"summary":"anchored"', '"summary":"anchoreD"'),
    );
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['rootMismatch 0/0']);
  });

  it('that claims a place in a hub, or miscounts, is found out', async () => {
    const at = { sequenceNumber: 0, enqueued: '2026-11-23T07:00:00.000Z' };
    const placed = await buildAnchors(({ counts, configurations, code, nextKey, ...seal }) => ({
      ...seal,
      from: at,
      to: at,
      counts,
      configurations,
      code,
      nextKey,
    }));
    expect(briefs((await verifyBuilt(placed.built)).failures)).toEqual(['positionWrong 1/3']);
    const miscounted = await buildAnchors((seal) => ({ ...seal, counts: { trail: 2 } }));
    expect(briefs((await verifyBuilt(miscounted.built)).failures)).toEqual(['countsWrong 1/3']);
  });

  it('that lost its end is found out by a checkpoint that was kept', async () => {
    const { built, names } = await buildAnchors();
    const { summary } = await verifyBuilt(built);
    built.trail.tamper(names[1] ?? '', undefined);
    const checkpoints = [summary.logs[0]?.checkpoint ?? ''];
    expect(briefs((await verifyBuilt(built, { checkpoints })).failures)).toEqual(['tailCut 0']);
  });
});
