import { z } from 'zod';
import { messageOf } from './host-error.ts';
import type { HostRequest, HostResponse } from './http-front.ts';
import type { RegisteredFunction, Worker } from './worker.ts';

export interface EventGridFunction {
  readonly kind: 'eventGrid';
  readonly target: RegisteredFunction;
}

export const EVENT_GRID_PATH = '/runtime/webhooks/eventgrid';

const CLOUD_EVENTS = /^application\/cloudevents(-batch)?\+json\s*(;|$)/i;

const validationData = z.object({ validationCode: z.string().min(1) });
/** In the Event Grid schema an array of one event; as a CloudEvent an object whose data may be JSON in a string. */
const validationSchema = z.union([
  z.tuple([z.object({ data: validationData })]).transform(([event]) => event.data.validationCode),
  z.object({ data: validationData }).transform((event) => event.data.validationCode),
  z
    .object({
      data: z
        .string()
        .transform((text) => parse(text))
        .pipe(validationData),
    })
    .transform((event) => event.data.validationCode),
]);

/**
 * Answers a request to the Event Grid webhook as extension Microsoft.Azure.WebJobs.Extensions.EventGrid does: handshakes,
 * and one invocation an event, all at once. Any failure gives 500 and so a redelivery of the whole request.
 */
export async function answerEventGrid(
  worker: Worker,
  functions: readonly EventGridFunction[],
  request: HostRequest,
): Promise<HostResponse> {
  const name = request.url.searchParams.get('functionName') ?? '';
  const found = functions.find((candidate) => candidate.target.name === name);
  if (found === undefined) return { status: 404, body: `cannot find function: '${name}'` };
  if (request.method === 'OPTIONS') return answerHandshake(request);
  if (request.method !== 'POST') return { status: 404 };

  const body = parse(request.body.toString('utf8'));
  if (body === undefined) return { status: 400, body: 'The body is not JSON.' };
  switch (eventTypeOf(request)) {
    case 'subscriptionvalidation': {
      const code = validationSchema.safeParse(body);
      if (!code.success) return { status: 400, body: 'The validation event has no validationCode.' };
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ validationResponse: code.data }),
      };
    }
    case 'notification':
      return dispatch(worker, found.target, Array.isArray(body) ? body : [body]);
    case 'unsubscribe':
      return { status: 202 };
    case undefined:
    default:
      return { status: 400, body: 'The header aeg-event-type names no kind of delivery that Event Grid has.' };
  }
}

/** The CloudEvents 1.0 webhook handshake: whoever asks may deliver. */
function answerHandshake(request: HostRequest): HostResponse {
  const origin = request.headers.get('webhook-request-origin');
  if (origin === undefined) return { status: 400, body: 'The header WebHook-Request-Origin is missing.' };
  const rate = request.headers.get('webhook-request-rate');
  return {
    status: 200,
    headers: { 'WebHook-Allowed-Origin': origin, ...(rate !== undefined && { 'WebHook-Allowed-Rate': rate }) },
  };
}

/** CloudEvents say what they are by their media type; Event Grid sets the header as well, other senders do not. */
function eventTypeOf(request: HostRequest): string | undefined {
  const header = request.headers.get('aeg-event-type')?.toLowerCase();
  return header ?? (CLOUD_EVENTS.test(request.headers.get('content-type') ?? '') ? 'notification' : undefined);
}

async function dispatch(worker: Worker, target: RegisteredFunction, events: readonly unknown[]): Promise<HostResponse> {
  const inputs: { event: string; data: string | undefined }[] = [];
  for (const event of events) {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) {
      return { status: 400, body: 'An event is not a JSON object.' };
    }
    // The function gets text that the host wrote, not the text that Event Grid sent.
    const text = format(event, 2);
    if (text === undefined) return { status: 400, body: 'An event is nested too deeply.' };
    inputs.push({ event: text, data: 'data' in event ? format(event.data, 0) : undefined });
  }
  const results = await Promise.allSettled(
    inputs.map(({ event, data }) =>
      worker.invoke(target, {
        input: { json: event },
        triggerMetadata: data === undefined ? {} : { data: { json: data } },
      }),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  return failed === undefined ? { status: 202 } : { status: 500, body: messageOf(failed.reason) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `JSON.stringify` overflows the stack where `JSON.parse` did not. */
function format(value: unknown, indent: number): string | undefined {
  try {
    return JSON.stringify(value, null, indent);
  } catch {
    return undefined;
  }
}
