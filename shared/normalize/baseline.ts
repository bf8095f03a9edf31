import { hash } from 'node:crypto';

import { BASELINE_FILES } from '../wire/record.ts';
import type { Baseline } from '../wire/record.ts';
import { PROJECT_NAME } from '../wire/request-id.ts';
import { toTimestamp } from '../wire/timestamp.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';
import { readPlan } from './plan.ts';
import type { ReadPlan } from './plan.ts';
import { faultsOf, warnOf } from './stated.ts';
import { tokenCallerOf, tokenOriginOf } from './token-caller.ts';

/**
 * Files of a project's blueprint baseline, as they are handed in: proposals, until every signer has signed their hashes. The
 * bytes may be of any form; of `plan.json` the figures are read, and what is wrong with it is named.
 */
export const baselineNormalizer: Normalizer = {
  source: 'baseline',
  version: 1,
  normalize(input) {
    return [draftOf(input)];
  },
};

type BaselineFile = Baseline['file'];

function draftOf({ envelope, body }: NormalizerInput): RecordDraft {
  if (envelope.event !== 'proposed')
    throw new Unrecognized('event', 'The envelope names no event of a baseline: proposed.');
  const [, project = '', named = ''] = /^([^/]*)\/(.*)$/.exec(envelope.subject ?? '') ?? [];
  const file = BASELINE_FILES.find((each) => each === named);
  if (file === undefined || !PROJECT_NAME.test(project))
    throw new Unrecognized('envelope', 'The envelope does not name a project and a file of a baseline.');
  const actor = tokenCallerOf(envelope);
  const received = toTimestamp(envelope.received);
  const sha256 = hash('sha256', body, 'hex');
  const { plan, incomplete, unreadable } = readFile(file, body);
  const source = `urn:indelible:project:${project}`;
  return {
    part: '',
    type: 'indelible.baseline.file.proposed',
    source,
    subject: file,
    // Our receipt: nobody proposes for yesterday.
    time: received,
    data: {
      actor,
      action: 'baseline.propose',
      outcome: 'pending',
      summary: cutMasked(`${actor.name ?? actor.id} proposed ${file} for the baseline of ${project}`, 'long'),
      target: { kind: 'baselineFile', id: `${source}/baseline/${file}`, name: file },
      details: faultsOf(incomplete, unreadable),
      origin: tokenOriginOf(envelope),
      baseline: { file, sha256, size: body.length, ...(plan === undefined ? {} : { plan }) },
      clock: received === undefined ? {} : { requested: { at: received, by: 'collector' } },
      links: [{ kind: 'artifact', id: `sha256:${sha256}` }],
    },
  };
}

/** An empty file says nothing, and would be signed nevertheless. */
function readFile(file: BaselineFile, body: Buffer): ReadPlan {
  if (file === 'plan.json') return readPlan(body);
  return { plan: undefined, incomplete: body.length === 0 ? [file] : [], unreadable: [] };
}

/** What the sender should know; undefined where nothing is amiss. */
export function warnOfBaselineFile(file: BaselineFile, body: Buffer): string | undefined {
  return warnOf(() => readFile(file, body));
}
