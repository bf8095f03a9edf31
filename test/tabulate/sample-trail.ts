import { createHash, generateKeyPairSync, sign } from 'node:crypto';

import { formatCheckpoint, formatCheckpointText } from '../../shared/wire/checkpoint.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { SCHEMA_URI, SEAL_TYPE, formatRecord, parseRecord, recordId } from '../../shared/wire/record.ts';
import type { Seal, TrailRecord } from '../../shared/wire/record.ts';
import { buildSegment, formatSegment } from '../../shared/wire/segment.ts';
import type { UnsignedSegment } from '../../shared/wire/segment.ts';
import { parsePublicKey } from '../../shared/wire/signed-note.ts';
import type { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = parsePublicKey(pair.publicKey.export({ type: 'spki', format: 'der' }));

/** Appends segments to logs of one trail as the sealer would, without hub, evidence or meaning. */
export class SampleLog {
  readonly log: string;
  readonly #trail: MemoryImmutableStore;
  #last: UnsignedSegment | undefined;

  constructor(trail: MemoryImmutableStore, log: string) {
    this.#trail = trail;
    this.log = log;
  }

  /** One segment with these records and its seal. */
  seal(records: readonly TrailRecord[]): Promise<UnsignedSegment> {
    return this.sealLines(records.map((record) => formatRecord(record)));
  }

  /** As {@link seal}, with leaves that may be anything. */
  async sealLines(lines: readonly string[]): Promise<UnsignedSegment> {
    const last = this.#last;
    const number = last === undefined ? 0 : last.number + 1;
    const seal: Seal = {
      log: this.log,
      number,
      first: last?.checkpoint.size ?? 0,
      previous: null,
      frontier: (last?.frontier ?? []).map((each) => each.toString('hex')),
      counts: {},
      configurations: [],
      code: 'test/0',
      nextKey: key.sha256,
    };
    const sealRecord = parseRecord({
      specversion: '1.0',
      id: recordId([this.log, String(number), 'seal']),
      type: SEAL_TYPE,
      time: '2026-11-23T20:00:00.000Z',
      source: this.log,
      dataschema: SCHEMA_URI,
      data: {
        category: 'trail',
        action: 'seal segment',
        outcome: 'succeeded',
        summary: `Segment ${number} sealed`,
        seal,
      },
    });
    const segment = buildSegment(seal, lines, JSON.stringify(sealRecord));
    const signature = sign('sha256', Buffer.from(formatCheckpointText(segment.checkpoint)), {
      key: pair.privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    await this.#trail.create(
      formatSegmentBlob(this.log, number),
      formatSegment(segment, formatCheckpoint(segment.checkpoint, key, signature)),
    );
    this.#last = segment;
    return segment;
  }
}

/** Records of distinct ids. */
export function distinct(record: TrailRecord, count: number, salt = ''): TrailRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    ...record,
    id: createHash('sha256').update(`${salt}/${i}`).digest('hex').slice(0, 32),
  }));
}
