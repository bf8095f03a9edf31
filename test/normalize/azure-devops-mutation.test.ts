import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { azureDevopsNormalizer } from '../../shared/normalize/azure-devops.ts';
import { AZURE_DEVOPS_EVENTS } from '../../shared/normalize/azure-devops/events.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import { HAS_CORPUS, corpusFiles } from '../corpus/corpus-files.ts';
import { fixture, fixtureNames, normalize, recordOf } from './azure-devops-payloads.ts';
import { mutated } from './mutated.ts';

/** Payloads broken at random places: whatever Azure DevOps, or somebody with the hook's password, may ever send. */

const PAYLOADS: readonly unknown[] = [
  ...fixtureNames().map((name) => fixture(name).payload),
  ...(HAS_CORPUS ? corpusFiles() : [])
    .filter(({ file }) => file.startsWith('azure-devops/docs-'))
    .map(({ read }): unknown => JSON.parse(read().toString())),
];

/** Texts that this source takes apart. */
const TEXTS = fc.oneof(
  fc.constantFrom(
    'https://dev.azure.com/',
    'https://dev.azure.com/%/%ff/_git/',
    'https://acme.visualstudio.com/DefaultCollection',
    'https://a/_git/_git/_git',
    'http://x@y:1/_apis/',
    'refs/heads/',
    'refs/pull/1/merge',
    '0'.repeat(40),
    'vstfs:///Git/Commit/%2f%2f',
    'vstfs:///Git/PullRequestId/a%2fb%2f1',
    'LG:refs/heads/x:y',
    'Mona approved pull request 1 (',
    ' approved ',
    'x by ',
    '<>',
    'a <b>',
    'isContainer',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    'completed',
    'approved',
    'preDeploy',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** The payload with some of its texts replaced. */
function reworded(payload: unknown, picks: readonly (readonly [at: number, text: string])[]): unknown {
  const wanted = new Map(picks);
  let count = 0;
  return JSON.parse(JSON.stringify(payload), (_name, value: unknown) =>
    typeof value === 'string' ? (wanted.get(count++) ?? value) : value,
  ) as unknown;
}

function outcome(body: Buffer): readonly RecordDraft[] | string {
  try {
    return normalize(body);
  } catch (error) {
    if (error instanceof Unrecognized) return error.code;
    throw error;
  }
}

/** As the worker runs it; under the name of a source that the hub of webhooks surely may bring. */
function asMessage(body: Buffer): ReturnType<typeof normalizeMessage> {
  const envelope = formatEnvelope({ source: 'github', delivery: 'd', received: '2026-11-23T19:41:07.123Z' });
  return normalizeMessage('web', { envelope, body, enqueued: '2026-11-23T19:41:07.123Z' }, [
    { ...azureDevopsNormalizer, source: 'github' },
  ]);
}

/** What is wrong with the records of a payload: nothing. */
function faultsOf(payload: unknown): readonly string[] {
  const body = Buffer.from(JSON.stringify(payload) ?? '');
  const drafts = outcome(body);
  const sealed = asMessage(body);
  const codes = sealed.drafts.flatMap(({ data }) => data.unrecognized?.code ?? []);
  if (typeof drafts === 'string')
    return codes.join() === drafts ? [] : [`sealed as "${codes.join()}", not as ${drafts}`];
  return [
    ...(JSON.stringify(asMessage(body)) === JSON.stringify(sealed) ? [] : ['other records the second time']),
    ...(drafts.length === 0 ? ['no record'] : []),
    ...(new Set(drafts.map(({ part }) => part)).size === drafts.length ? [] : ['one part twice']),
    ...(codes.length === 0 ? [] : [`sealed as ${codes.join()}`]),
    ...drafts.flatMap(draftFaults),
  ];
}

function draftFaults(draft: RecordDraft): readonly string[] {
  const { actor, decision, summary } = draft.data;
  return [
    ...(recordOf(draft).type === draft.type ? [] : ['another type']),
    ...(/[\n\r]/.test(summary) || !summary.isWellFormed() ? ['a summary that is no line'] : []),
    ...(decision?.automated === true && actor?.kind === 'human' ? ['a person who is automated'] : []),
    ...(decision?.step !== 'voted' && decision?.verdict !== undefined ? ['a verdict without a vote'] : []),
  ];
}

describe('broken payloads end as records or as unrecognized, the same each time, and never as a crash', () => {
  it('whatever members are replaced, removed or added', () => {
    fc.assert(
      fc.property(mutated(PAYLOADS), (payload) => {
        expect(faultsOf(payload)).toEqual([]);
      }),
      { numRuns: 800 },
    );
  });

  it('whatever texts are replaced by others of the kinds that are taken apart', () => {
    fc.assert(
      fc.property(
        fc.nat(PAYLOADS.length - 1),
        fc.array(fc.tuple(fc.nat(160), TEXTS), { minLength: 1, maxLength: 12 }),
        (index, picks) => {
          expect(faultsOf(reworded(PAYLOADS[index], picks))).toEqual([]);
        },
      ),
      { numRuns: 800 },
    );
  });

  it('whatever event another payload is sent under', () => {
    fc.assert(
      fc.property(fc.nat(PAYLOADS.length - 1), fc.constantFrom(...AZURE_DEVOPS_EVENTS.keys()), (index, eventType) => {
        expect(faultsOf({ ...(PAYLOADS[index] as object), eventType })).toEqual([]);
      }),
      { numRuns: 600 },
    );
  });

  it('whatever bytes are changed', () => {
    fc.assert(
      fc.property(
        fc.nat(PAYLOADS.length - 1),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (index, flips) => {
          const bytes = Buffer.from(JSON.stringify(PAYLOADS[index]));
          for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
          expect(outcome(bytes)).toEqual(outcome(bytes));
          expect(asMessage(bytes).drafts.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('payloads without an end', () => {
  const many = 20_000;

  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    [
      'reviewers',
      'pull-request-updated-without-message',
      { reviewers: listOf(many, (i) => ({ id: `r${i}`, displayName: `R${i}`, vote: 10 })) },
    ],
    [
      'artifacts',
      'release-created',
      {
        release: {
          id: 1,
          artifacts: listOf(many, (i) => ({ type: 'Build', definitionReference: { version: { id: String(i) } } })),
        },
      },
    ],
    ['repositories', 'run-completed', { repositories: listOf(many, (i) => ({ url: `https://github.com/a/b${i}` })) }],
    [
      'steps',
      'pipeline-approval-approved',
      {
        approval: {
          id: 'a',
          status: 'approved',
          steps: listOf(many, (i) => ({ status: 'approved', actualApprover: { id: `p${i}` } })),
        },
      },
    ],
    ['environments', 'release-created', { release: { id: 1, environments: listOf(many, (i) => ({ name: `e${i}` })) } }],
  ])('give records that are sealed as such: %s', (_what, name, resource) => {
    const { payload } = fixture(name);
    const { drafts } = asMessage(
      Buffer.from(JSON.stringify({ ...payload, resource: { ...payload.resource, ...resource } })),
    );
    expect(drafts.map(({ type }) => type)).not.toContain(UNRECOGNIZED_TYPE);
  });

  it('take no time that grows faster than they do: a text cannot be made to hang the reader', () => {
    const texts = [
      'approved '.repeat(30_000),
      'https://a/_git/'.repeat(5_000),
      '<'.repeat(100_000),
      ' by '.repeat(50_000),
    ];
    const start = performance.now();
    for (const text of texts) {
      for (const name of fixtureNames()) {
        const { payload } = fixture(name);
        outcome(Buffer.from(JSON.stringify({ ...payload, message: { text, html: text, markdown: text } })));
      }
    }
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

function listOf<T>(length: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length }, (_, index) => make(index));
}
