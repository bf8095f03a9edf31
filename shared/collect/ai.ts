import { routeAi } from '../normalize/ai.ts';
import { publishEvent } from '../publish/publish-event.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { deliveryOf, keyOf } from './decide-caller.ts';
import type { CollectRequest } from './http.ts';
import { requireRole } from './tokens.ts';
import type { TokenVerifier } from './tokens.ts';

const SOURCE = 'ai';

/** App role of whoever reports outputs of AI systems and automated decisions: apps mostly, people too. */
export const AI_ROLE = 'Ai.Write';

/** `output`: the id under which `POST /api/ai-outputs/{id}/verdicts` judges it, where the body is one output or decision. */
type Answer = { readonly id: string; readonly output?: string; readonly warning?: string };

/**
 * Takes in one report of an AI's output, of an automated decision, or of telemetry about them, whatever its form. No body is
 * refused for what it says. The same thing reported twice by one caller is one delivery: by `Idempotency-Key`, else by the ids
 * in the body; nobody can take another caller's. Throws RequestError: `tokenMissing`, `tokenInvalid`, `roleMissing`,
 * `badRequest` (the key), `unavailable`.
 */
export async function collectAi(
  app: PublishDependencies & { readonly verifyToken: TokenVerifier },
  request: CollectRequest,
): Promise<Answer> {
  const caller = await app.verifyToken(request.headers.get('authorization'));
  requireRole(caller, AI_ROLE);
  const route = routeAi(request.body);
  const hasKey = request.headers.get('idempotency-key') !== null;
  const [kind, key] =
    !hasKey && route.name !== undefined ? (['id', route.name] as const) : (['key', keyOf(app, request)] as const);
  const { id = '' } = await publishEvent(app, {
    source: SOURCE,
    event: route.form,
    delivery: deliveryOf(caller, 'reported', kind, key),
    partitionKey: `${SOURCE}/${route.partitionKey ?? caller.objectId}`,
    body: request.body,
    authenticated: 'bearer',
    claims: caller.claims,
    function: 'collect-ai',
  });
  const output = route.isOutput ? (route.output ?? id) : undefined;
  const { warning } = route;
  return { id, ...(output === undefined ? {} : { output }), ...(warning === undefined ? {} : { warning }) };
}
