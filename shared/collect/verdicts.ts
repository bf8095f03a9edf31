import { RequestError } from '../errors.ts';
import { warnOfVerdict } from '../normalize/verdicts.ts';
import type { VerdictEvent } from '../normalize/verdicts.ts';
import { publishEvent } from '../publish/publish-event.ts';
import { authorizedPerson, deliveryOf, keyOf } from './decide-caller.ts';
import type { DecideApp } from './decide-caller.ts';
import type { CollectRequest } from './http.ts';

const SOURCE = 'verdicts';

type Answer = { readonly id: string; readonly warning?: string };

/** Of an output's id; the longest that a link can hold without being cut. */
const MAX_ID = 2_048;

/**
 * A person's verdict on an AI's output, by the id under which the output's own record names it. Whether there is such an
 * output is not looked at: the verdict may arrive before it. Throws RequestError: `badRequest`, and what
 * {@link authorizedPerson} throws.
 */
export async function judgeAiOutput(app: DecideApp, request: CollectRequest): Promise<Answer> {
  // The host leaves a slash in an id as it came.
  const id = (request.params['id'] ?? '').replaceAll(/%2f/gi, '/');
  if (id === '' || id.length > MAX_ID) {
    throw new RequestError('badRequest', `The address must name an output by its id, of at most ${MAX_ID} characters.`);
  }
  return publish(app, request, 'given', id, 'judge-ai-output');
}

/** That a person has verified a version of a decision logic, named by the hash of its bytes. */
export async function verifyLogic(app: DecideApp, request: CollectRequest): Promise<Answer> {
  const sha256 = (request.params['sha256'] ?? '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new RequestError('badRequest', 'The address must name the logic by its SHA-256, 64 hex digits.');
  }
  return publish(app, request, 'verified', sha256, 'verify-logic');
}

async function publish(
  app: DecideApp,
  request: CollectRequest,
  event: VerdictEvent,
  subject: string,
  name: string,
): Promise<Answer> {
  const caller = await authorizedPerson(app, request);
  const { id = '' } = await publishEvent(app, {
    source: SOURCE,
    event,
    delivery: deliveryOf(caller, event, subject, keyOf(app, request)),
    subject,
    // All verdicts on one output lie in one partition, in order.
    partitionKey: subject,
    body: request.body,
    authenticated: 'bearer',
    claims: caller.claims,
    function: name,
  });
  const warning = warnOfVerdict(request.body, event);
  return { id, ...(warning === undefined ? {} : { warning }) };
}
