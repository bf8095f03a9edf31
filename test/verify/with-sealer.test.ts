import { hash } from 'node:crypto';

import { beforeEach, describe, expect, it } from 'vitest';

import { PartitionSealer } from '../../shared/seal/partition-sealer.ts';
import type { SealDeps, SealingConfiguration } from '../../shared/seal/partition-sealer.ts';
import { collectFindings } from '../../shared/verify/verify-trail.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { MemoryHub } from '../fakes/memory-hub.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { MemorySigner } from '../fakes/memory-signer.ts';
import { MemorySpillStore } from '../fakes/memory-spill-store.ts';
import { briefs } from './verifying.ts';

/** What the real sealer writes, the verifier finds to hold: the two read one format. */
describe('what the sealer sealed', () => {
  let hub: MemoryHub;
  let signer: MemorySigner;
  let first: PublicKey;
  let trail: MemoryImmutableStore;
  let evidence: MemoryImmutableStore;
  let spilled: MemorySpillStore;
  let now: number;
  let configuration: SealingConfiguration;

  beforeEach(async () => {
    now = Date.parse('2026-11-23T06:00:00.000Z');
    hub = new MemoryHub({ clock: () => (now += 1_000) });
    signer = new MemorySigner();
    first = await signer.newest();
    trail = new MemoryImmutableStore();
    evidence = new MemoryImmutableStore();
    spilled = new MemorySpillStore();
    configuration = version('version: 1\n', undefined);
  });

  function version(text: string, before: SealingConfiguration | undefined): SealingConfiguration {
    return {
      sha256: hash('sha256', text, 'hex'),
      bytes: Buffer.from(text),
      from: '2026-01-01T00:00:00.000Z',
      previous: before?.sha256,
      projectOf: () => 'shop',
      generations: [],
      follows: (sha256) => sha256 === before?.sha256,
    };
  }

  function sealer(): PartitionSealer {
    const deps: SealDeps = {
      trailName: 'audit.example/trail',
      trail,
      evidence,
      signer,
      hub,
      spilled,
      normalize: async (_, messages) =>
        messages.map(({ envelope, message, body }) => ({
          normalizer: 'test/1',
          envelope,
          delivery: envelope?.delivery,
          // As many records as the body says.
          drafts: Array.from({ length: Number(body.toString()) || 1 }, (__, i) => ({
            part: i === 0 ? '' : `part-${i}`,
            type: 'indelible.code.push.made',
            source: 'https://github.com/acme/shop',
            data: { action: 'push', outcome: 'succeeded', summary: `Größe ${message.sequenceNumber}` },
          })),
        })),
      configuration,
      judge: () => ({ authority: { basis: 'unknown' } }),
      tabulate: async () => undefined,
      hint: async () => undefined,
      now: () => now,
      segmentLimits: { leaves: 8, bytes: 1 << 20 },
    };
    return new PartitionSealer(deps, '0');
  }

  function publish(...bodies: string[]): void {
    for (const body of bodies) {
      const envelope = formatEnvelope({ source: 'github', delivery: `d-${now}`, received: '2026-11-23T06:00:00.000Z' });
      hub.enqueue('0', Buffer.from(body), envelope);
    }
  }

  async function verify(options: { whole: boolean; keys?: PublicKey[] } = { whole: true }) {
    const { findings, summary } = await collectFindings({ trail, evidence, keys: [first], parallel: 1, ...options });
    return { found: briefs(findings), summary };
  }

  it('holds: several segments of a batch, gaps, an announced key, a new configuration, a spilled and a lost body', async () => {
    publish('1', '3', '2', '5', '1');
    await sealer().sealBatch(hub.messages('0'));
    publish('1', '1', '1');
    hub.lose('0', 6);
    const body = Buffer.from('a large one');
    const sha256 = hash('sha256', body, 'hex');
    await spilled.putBody(sha256, body, AbortSignal.timeout(1_000));
    for (const each of [sha256, '0'.repeat(64)]) {
      hub.enqueue(
        '0',
        Buffer.alloc(0),
        formatEnvelope({ source: 'github', delivery: each, body: { sha256: each, size: body.length } }),
      );
    }
    await sealer().sealBatch(hub.messages('0', 5));
    signer.rotate();
    configuration = version('version: 2\n', configuration);
    await sealer().sealTail();
    publish('1', '2');
    await sealer().sealBatch(hub.messages('0', 10));
    const { found, summary } = await verify();
    expect(found).toEqual([expect.stringMatching(/^bodyMissing /)]);
    expect(summary).toMatchObject({ messages: 11, gaps: 1, gone: 1 });
    expect(summary.segments).toBeGreaterThan(4);
  });

  it('holds through a hub that was created anew', async () => {
    publish('1', '2');
    await sealer().sealBatch(hub.messages('0'));
    hub.recreate();
    publish('3');
    await sealer().sealBatch(hub.messages('0'));
    const { found, summary } = await verify();
    expect(found).toEqual([]);
    expect(summary.logs.map(({ log }) => log)).toEqual(['audit.example/trail/web/0/0', 'audit.example/trail/web/0/1']);
  });

  /** An operator opens the next generation, at that number. */
  function order(reason: string, from: number): void {
    configuration = {
      ...version('version: 2\n', configuration),
      generations: [{ log: 'web/0/1', reason, first: from }],
    };
  }

  it('holds through a generation that an operator opened, and a hub created anew behind it', async () => {
    publish('1', '2');
    await sealer().sealBatch(hub.messages('0'));
    order('to try it', 2);
    publish('1', '1');
    await sealer().sealBatch(hub.messages('0', 2));
    hub.recreate();
    publish('1');
    await sealer().sealBatch(hub.messages('0'));
    const { found, summary } = await verify();
    expect(found).toEqual(['generationNoted 0']);
    expect(summary.logs.map(({ messages }) => messages)).toEqual([2, 2, 1]);
  });

  it('holds through a fail-over that used numbers again', async () => {
    publish('1', '2', '1');
    await sealer().sealBatch(hub.messages('0'));
    hub.reuseNumbers();
    order('failed over', 0);
    publish('1', '1');
    await sealer().sealBatch(hub.messages('0'));
    expect((await verify()).found).toEqual(['generationNoted 0']);
  });

  it('holds behind a lost key, with the new one given beside it', async () => {
    publish('1', '2');
    await sealer().sealBatch(hub.messages('0'));
    signer.rotate();
    signer.setEnabled(first.sha256, false);
    order('the key is lost', 2);
    publish('1');
    await sealer().sealBatch(hub.messages('0', 2));
    const keys = [first, await signer.newest()];
    expect((await verify({ whole: true, keys })).found).toEqual(['generationNoted 0']);
  });

  it('holds behind a foreign blob, but for that blob', async () => {
    publish('1', '2');
    await sealer().sealBatch(hub.messages('0'));
    trail.tamper(formatSegmentBlob('audit.example/trail/web/0/0', 1), Buffer.from('foreign'));
    order('a foreign blob', 2);
    publish('1', '1');
    await sealer().sealBatch(hub.messages('0', 2));
    expect((await verify()).found).toEqual(['frameDamaged 1', 'generationNoted 0']);
  });

  it('does not hold where an operator skipped messages that were not sealed', async () => {
    publish('1', '2');
    await sealer().sealBatch(hub.messages('0'));
    order('in a hurry', 3);
    publish('1', '1');
    await sealer().sealBatch(hub.messages('0', 2));
    expect((await verify()).found).toEqual(['generationNoted 0', 'messageMissing 0']);
  });

  it('does not hold any more when a body is taken out of it', async () => {
    publish('1', '3');
    await sealer().sealBatch(hub.messages('0'));
    const [name = ''] = evidence.names().filter((each) => each !== '');
    evidence.tamper(name, undefined);
    expect((await verify()).found).toEqual([expect.stringMatching(/^evidenceMissing 0/)]);
  });
});
