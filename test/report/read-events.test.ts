import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Caller } from '../../shared/collect/tokens.ts';
import { RequestError } from '../../shared/errors.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import { readsNormalizer } from '../../shared/normalize/reads.ts';
import { answerRead } from '../../shared/report/http.ts';
import { readEvents } from '../../shared/report/read-events.ts';
import type { EventsPage, ReportApp } from '../../shared/report/read-events.ts';
import { toRows } from '../../shared/tabulate/rows.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
import { recordId } from '../../shared/wire/record.ts';
import type { RecordData, TrailRecord } from '../../shared/wire/record.ts';
import { MemoryIndexTables } from '../fakes/memory-index-tables.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';
import type { FakePublishing } from '../publish/fake-publishing.ts';
import { LOG, anyRecord, sampleRecord } from '../tabulate/sample-records.ts';

const AUDITOR: Caller = {
  tenant: 'tenant-1',
  objectId: 'OID-1',
  person: true,
  roles: ['Trail.Read'],
  claims: { tid: 'tenant-1', oid: 'OID-1', name: 'Ada Auditor', idtyp: 'user', azp: 'power-bi', roles: ['Trail.Read'] },
};

let tables: MemoryIndexTables;
let publishing: FakePublishing;
let caller: Caller;
let index: number;

beforeEach(() => {
  tables = new MemoryIndexTables();
  publishing = { ...fakePublishing(), app: 'report' };
  caller = AUDITOR;
  index = 0;
});

const app = (): ReportApp => ({ ...publishing, tables, verifyToken: async () => caller });

function seal(record: TrailRecord): Promise<void> {
  return tables.write(toRows(record, { log: LOG, segment: 0, index: index++ }));
}

/** A record at that time, with an id of its own. */
function at(time: string, data: Partial<RecordData> = {}): TrailRecord {
  return sampleRecord({ project: 'payments', ...data }, { time, id: recordId([time, String(index)]) });
}

function ask(query: Record<string, string>): Promise<EventsPage> {
  return readEvents(app(), { headers: new Headers({ authorization: 'Bearer x' }), query: new URLSearchParams(query) });
}

async function timesOf(query: Record<string, string>): Promise<unknown[]> {
  return (await ask(query)).rows.map((row) => row['Time']);
}

const MARCH = '2026-03-15T12:00:00.000Z';
const APRIL_FIRST = '2026-04-01T00:00:00.000Z';
const APRIL = '2026-04-20T12:00:00.000Z';
const MAY = '2026-05-01T00:00:00.000Z';
const SPRING = { from: '2026-03-01T00:00:00Z', to: '2026-05-01T00:00:00Z' };

describe('reading the trail', () => {
  it('publishes who asked what and read which events, before the answer', async () => {
    await seal(at(MARCH));
    const { rows } = await ask({ table: 'ByProject', key: 'payments', ...SPRING });
    expect(rows).toHaveLength(1);
    const [message] = publishing.publisher.taken;
    expect(JSON.parse(String(message?.body))).toEqual({
      table: 'ByProject',
      key: 'payments',
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-05-01T00:00:00.000Z',
      take: 100,
      continued: false,
      rows: 1,
      events: [rows[0]?.['EventId']],
    });
    expect(publishing.publisher.envelopes).toMatchObject([
      {
        source: 'reads',
        event: 'read',
        app: 'report',
        function: 'read-events',
        authenticated: 'bearer',
        claims: { oid: 'OID-1' },
      },
    ]);
  });

  it('does not answer where the read can leave no trace', async () => {
    await seal(at(MARCH));
    publishing.publisher.mood = 'refuse';
    publishing.spill.mood = 'refuse';
    await expect(ask({ table: 'ByProject', key: 'payments', ...SPRING })).rejects.toMatchObject({
      name: 'RequestError',
      code: 'unavailable',
    });
  });

  it('answers where the trace lies in the spill container, from where it is replayed', async () => {
    publishing.publisher.mood = 'refuse';
    expect(await ask({ table: 'Access', key: '-' })).toEqual({ rows: [] });
    expect(publishing.spill.requests.size).toBe(1);
  });

  it('gives each read a delivery of its own, so that two equal questions are two records', async () => {
    await ask({ table: 'Access', key: '-' });
    await ask({ table: 'Access', key: '-' });
    expect(new Set(publishing.publisher.envelopes.map(({ delivery }) => delivery)).size).toBe(2);
  });

  it('answers nobody without the role Trail.Read, and reads nothing for them', async () => {
    caller = { ...AUDITOR, roles: ['Log.Read'] };
    await expect(ask({ table: 'Access', key: '-' })).rejects.toMatchObject({ code: 'roleMissing' });
    expect(publishing.publisher.attempts).toBe(0);
  });
});

describe('what is found', () => {
  beforeEach(async () => {
    for (const time of [MARCH, APRIL_FIRST, APRIL, MAY]) {
      await seal(
        at(time, {
          category: 'deployment',
          target: { kind: 'environment', id: '/subscriptions/abc', environment: 'production' },
          links: [{ kind: 'commit', id: 'c0ffee' }],
          decision: { kind: 'deployment', request: 'payments~7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d', step: 'voted' },
          grant: {
            change: 'granted',
            principal: { kind: 'human', id: 'entra:1' },
            role: { name: 'Owner' },
            scope: '/subscriptions/abc',
          },
        }),
      );
      await seal(
        at(time, {
          category: 'coverage',
          project: 'other',
          actor: { kind: 'human', id: 'github:1' },
          target: { kind: 'x', id: 'y' },
        }),
      );
    }
  });

  it.each([
    ['a project', { table: 'ByProject', key: 'payments' }],
    ['an actor', { table: 'ByActor', key: 'octocat' }],
    ['an Azure resource, however it is cased', { table: 'ByTarget', key: '/Subscriptions/ABC' }],
    ['an environment', { table: 'ByTarget', key: 'production' }],
    ['a link', { table: 'ByLink', key: 'commit:c0ffee' }],
    ['the decisions of a project', { table: 'Decisions', key: 'payments' }],
    ['one request', { table: 'Decisions', key: 'payments~7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d' }],
    ['access without an environment', { table: 'Access', key: 'production' }],
  ])('is everything of %s from the first moment of the window to before its last', async (_what, query) => {
    expect(await timesOf({ ...query, ...SPRING })).toEqual([MARCH, APRIL_FIRST, APRIL]);
    expect(await timesOf({ ...query, from: APRIL_FIRST, to: APRIL })).toEqual([APRIL_FIRST]);
  });

  it('is the newest deployment first', async () => {
    expect(await timesOf({ table: 'Deployments', key: 'production', ...SPRING })).toEqual([APRIL, APRIL_FIRST, MARCH]);
    expect(await timesOf({ table: 'Deployments', key: 'production', from: APRIL_FIRST, to: APRIL })).toEqual([
      APRIL_FIRST,
    ]);
    expect(await timesOf({ table: 'Deployments', key: 'production' })).toEqual([MAY, APRIL, APRIL_FIRST, MARCH]);
  });

  it('is one event by its id, and what was collected of a source', async () => {
    const [row] = (await ask({ table: 'ByProject', key: 'payments', ...SPRING })).rows;
    expect((await ask({ table: 'Events', key: String(row?.['EventId']) })).rows).toEqual([row]);
    expect(await timesOf({ table: 'Coverage', key: 'https://github.com/acme/payments', ...SPRING })).toEqual([
      MARCH,
      APRIL_FIRST,
      APRIL,
    ]);
  });

  it('comes in pages that join to the whole, without a row twice or missing', async () => {
    for (const query of [
      { table: 'ByProject', key: 'payments', ...SPRING },
      { table: 'Deployments', key: 'production', ...SPRING },
      { table: 'Access', key: 'production', ...SPRING },
    ]) {
      const whole = await ask(query);
      expect(whole.continue).toBeUndefined();
      for (const take of ['1', '2', '3']) {
        const rows: unknown[] = [];
        let next: { continue?: string } = {};
        do {
          const page: EventsPage = await ask({ ...query, take, ...next });
          expect(page.rows.length).toBeLessThanOrEqual(Number(take));
          rows.push(...page.rows);
          next = page.continue === undefined ? {} : { continue: page.continue };
        } while (next.continue !== undefined);
        expect(rows).toEqual(whole.rows);
      }
    }
  });

  it('is every record under each of its keys, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(anyRecord, async (record) => {
        await seal(record);
        const { actor, links = [], target } = record.data;
        const short = { from: record.time, to: `${record.time.slice(0, 20)}999Z` };
        fc.pre(short.from < short.to);
        const questions = [
          { table: 'Events', key: record.id },
          ...(actor === undefined ? [] : [{ table: 'ByActor', key: actor.id, ...short }]),
          ...(target === undefined ? [] : [{ table: 'ByTarget', key: target.id, ...short }]),
          ...links.map(({ kind, id }) => ({ table: 'ByLink', key: `${kind}:${id}` })),
        ];
        for (const question of questions) {
          if (!question.key.isWellFormed()) continue; // no URL can ask for it
          const { rows } = await ask({ ...question, take: '1000' });
          expect(rows.map((row) => row['EventId'])).toContain(record.id);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a question that cannot be answered', () => {
  it.each([
    ['no table', { key: 'x' }, '"table" must be one of Events'],
    ['another table', { table: 'Progress', key: 'x' }, '"table" must be one of'],
    ['no key', { table: 'Access' }, '"key" must say'],
    [
      'a misspelt parameter, which would widen it',
      { table: 'Access', key: '-', form: '2026-01-01T00:00:00Z' },
      'no parameter "form"',
    ],
    ['a time that is none', { table: 'Access', key: '-', from: 'yesterday' }, '"from" must be a time'],
    ['a time without its zone', { table: 'Access', key: '-', from: '2026-01-01T00:00:00' }, '"from" must be a time'],
    ['too much at a time', { table: 'Access', key: '-', take: '1001' }, '"take"'],
    ['nothing at a time', { table: 'Access', key: '-', take: '0' }, '"take"'],
    ['a table by month without times', { table: 'ByProject', key: 'payments' }, 'give "from" and "to"'],
    [
      'a lifetime of months',
      { table: 'ByProject', key: 'payments', from: '1900-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      '120 months',
    ],
    ['a time that ends before it begins', { table: 'Access', key: '-', from: SPRING.to, to: SPRING.from }, 'before'],
    ['a link without its kind', { table: 'ByLink', key: 'c0ffee' }, 'kind of the link'],
    ['a made-up continuation', { table: 'Access', key: '-', continue: 'WzFd' }, '"continue" must be'],
    ['a continuation that is not JSON', { table: 'Access', key: '-', continue: '!' }, '"continue" must be'],
    [
      'the continuation of another question',
      { table: 'Access', key: '-', continue: Buffer.from('["x","y"]').toString('base64url') },
      'another question',
    ],
  ])('is refused: %s', async (_what, query, reason) => {
    const error = await ask(query as Record<string, string>).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ code: 'badRequest', message: expect.stringContaining(reason) });
    expect(publishing.publisher.attempts).toBe(0);
  });
});

describe('the answer over HTTP', () => {
  const answer = (handle: () => Promise<object>) => {
    const lines: string[] = [];
    const answered = answerRead({}, { error: (line) => lines.push(line) }, async () => app(), handle);
    return answered.then((each) => ({ ...each, lines }));
  };

  it('may not be kept by a cache, whose readers would leave no trace', async () => {
    expect(await answer(async () => ({ rows: [] }))).toMatchObject({
      status: 200,
      headers: { 'Cache-Control': 'no-store' },
    });
  });

  it('is a status and one line for every error, with nothing of what went wrong inside', async () => {
    expect(await answer(() => Promise.reject(new RequestError('roleMissing', 'no role')))).toMatchObject({
      status: 403,
      lines: [],
    });
    const unforeseen = await answer(() => Promise.reject(new TypeError('secret=1')));
    expect(unforeseen.status).toBe(503);
    expect(JSON.stringify(unforeseen.jsonBody)).not.toContain('secret');
    expect(unforeseen.lines).toHaveLength(1);
    expect(publishing.counted).toEqual(['refused report roleMissing', 'refused report unavailable']);
  });
});

describe('a read in the trail', () => {
  const ENVELOPE: Envelope = { source: 'reads', event: 'read', delivery: 'd', received: MARCH, claims: AUDITOR.claims };
  const normalize = (body: unknown, envelope: Envelope = ENVELOPE) =>
    normalizeMessage(
      'reads',
      { envelope: formatEnvelope(envelope), body: Buffer.from(JSON.stringify(body)), enqueued: MARCH },
      [readsNormalizer],
    );

  it('says who read what, and is part of the trail of the project that was read', async () => {
    const { drafts } = normalize({
      table: 'ByProject',
      key: 'payments',
      from: MARCH,
      to: APRIL,
      rows: 2,
      events: ['a', 'b'],
    });
    expect(drafts).toMatchObject([
      {
        type: 'indelible.access.trail.read',
        source: 'urn:indelible:index',
        time: MARCH,
        data: {
          actor: { kind: 'human', id: 'entra:oid-1', name: 'Ada Auditor' },
          action: 'trail.read',
          outcome: 'succeeded',
          summary: 'Ada Auditor read 2 rows of ByProject for payments',
          target: { kind: 'index', id: 'ByProject/payments' },
          related: [{ kind: 'project', id: 'urn:indelible:project:payments', part: 'asked' }],
          details: { table: 'ByProject', key: 'payments', from: MARCH, to: APRIL, rows: 2 },
          origin: { application: 'power-bi' },
        },
      },
    ]);
  });

  it('cannot name its reader itself: that is the token’s', () => {
    const [draft] = normalize({ table: 'Events', key: 'x', rows: 0, actor: { id: 'entra:other' } }).drafts;
    expect(draft?.data.actor?.id).toBe('entra:oid-1');
    expect(normalize({ table: 'Events', key: 'x', rows: 0 }, { source: 'reads', event: 'read' }).drafts[0]?.type).toBe(
      'indelible.trail.message.unrecognized',
    );
  });

  it.each([
    ['no JSON object', [1]],
    ['no table', { key: 'x', rows: 1 }],
    ['rows that are no number', { table: 'Events', key: 'x', rows: '1' }],
  ])('is sealed as unrecognized where it has %s', (_what, body) => {
    expect(normalize(body).drafts[0]?.type).toBe('indelible.trail.message.unrecognized');
  });

  it('is read in whatever form the report app can publish it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 4_096 }), async (key) => {
        await ask({ table: 'Access', key });
        const message = publishing.publisher.taken.at(-1);
        const [draft] = normalizeMessage(
          'reads',
          { envelope: message?.envelope, body: message?.body ?? Buffer.alloc(0), enqueued: MARCH },
          [readsNormalizer],
        ).drafts;
        expect(draft?.type).toBe('indelible.access.trail.read');
      }),
      { numRuns: 50 },
    );
  });
});
