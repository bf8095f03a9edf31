import { hash } from 'node:crypto';

import { RequestError } from '../errors.ts';
import { warnOfBaselineFile } from '../normalize/baseline.ts';
import { publishEvent } from '../publish/publish-event.ts';
import { BASELINE_FILES } from '../wire/record.ts';
import { PROJECT_NAME } from '../wire/request-id.ts';
import { authorizedPerson, deliveryOf, keyOf } from './decide-caller.ts';
import type { DecideApp } from './decide-caller.ts';
import type { CollectRequest } from './http.ts';

const SOURCE = 'baseline';

/** `sha256`: of the bytes as they came: what a sign-off covers. */
type Answer = { readonly id: string; readonly sha256: string; readonly warning?: string };

/**
 * Takes in a file of a project's blueprint baseline, byte for byte: a proposal, until it is signed. Any bytes will do; what is
 * wrong with a plan is named, and sealed. Throws RequestError: `badRequest` where the address names no project or no file of a
 * baseline, and what {@link authorizedPerson} throws.
 */
export async function proposeBaselineFile(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const caller = await authorizedPerson(app, request);
  const { project = '', file: named = '' } = request.params;
  if (!PROJECT_NAME.test(project)) {
    throw new RequestError(
      'badRequest',
      'The address must name a project: lower-case letters, digits and hyphens, at most 63 characters.',
    );
  }
  const file = BASELINE_FILES.find((each) => each === named);
  if (file === undefined) {
    throw new RequestError('badRequest', `The files of a baseline are ${BASELINE_FILES.join(', ')}: name one of them.`);
  }
  const sha256 = hash('sha256', request.body, 'hex');
  const subject = `${project}/${file}`;
  const { id = '' } = await publishEvent(app, {
    source: SOURCE,
    event: 'proposed',
    delivery: deliveryOf(caller, 'proposed', subject, keyOf(app, request)),
    subject,
    // All files of one project lie in one partition, in order.
    partitionKey: `baseline/${project}`,
    body: request.body,
    authenticated: 'bearer',
    claims: caller.claims,
    function: 'propose-baseline-file',
  });
  const warning = warnOfBaselineFile(file, request.body);
  return { id, sha256, ...(warning === undefined ? {} : { warning }) };
}
