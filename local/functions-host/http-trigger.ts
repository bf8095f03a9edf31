import { z } from 'zod';
import { HostError } from './host-error.ts';
import type { HostRequest, HostResponse } from './http-front.ts';
import { compareRoutes, matchRoute, parseRoute } from './route.ts';
import type { Route } from './route.ts';
import type { NullableMapping, RpcHttpRequest, RpcHttpResponse, RpcInvocationResponse } from './rpc.ts';
import type { RegisteredFunction, Worker } from './worker.ts';

const bindingSchema = z.object({
  route: z.string().optional(),
  methods: z.array(z.string().transform((method) => method.toUpperCase())).min(1),
  authLevel: z.enum(['anonymous', 'function', 'admin']),
});

export interface HttpFunction {
  readonly kind: 'http';
  readonly target: RegisteredFunction;
  readonly route: Route;
  readonly methods: readonly string[];
  readonly authLevel: 'anonymous' | 'function' | 'admin';
}

/** @throws HostError `registration` */
export function parseHttpFunction(target: RegisteredFunction, routePrefix: string): HttpFunction {
  const parsed = bindingSchema.safeParse(target.trigger);
  if (!parsed.success) {
    throw new HostError(
      'registration',
      `the http trigger of "${target.name}" cannot be used: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { route = target.name, methods, authLevel } = parsed.data;
  return { kind: 'http', target, route: parseRoute(`${routePrefix}/${route}`), methods, authLevel };
}

/**
 * The function for a request, and its route's parameters; undefined where none matches path and method (the real host says
 * 404 to a wrong method).
 */
export function findHttpFunction(
  functions: readonly HttpFunction[],
  request: HostRequest,
): { readonly found: HttpFunction; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const found of functions.toSorted((a, b) => compareRoutes(a.route, b.route))) {
    const params = found.methods.includes(request.method) ? matchRoute(found.route, request.url.pathname) : undefined;
    if (params !== undefined) return { found, params };
  }
  return undefined;
}

/** Whether the request may call a function of this level: by the host key, in `x-functions-key` or `?code=`. */
export function hasKey(request: HostRequest, hostKey: string | undefined): boolean {
  if (hostKey === undefined) return false;
  return (request.headers.get('x-functions-key') ?? request.url.searchParams.get('code')) === hostKey;
}

/** Runs the function; one that throws gives 500 and says nothing more to the caller. */
export async function runHttpFunction(
  worker: Worker,
  found: HttpFunction,
  params: Readonly<Record<string, string>>,
  request: HostRequest,
): Promise<HostResponse> {
  let response: RpcInvocationResponse;
  try {
    response = await worker.invoke(found.target, {
      input: { http: toRpcHttpRequest(request, params) },
      traceParent: request.headers.get('traceparent'),
    });
  } catch {
    return { status: 500 };
  }
  return toHostResponse(response.returnValue?.http);
}

function toRpcHttpRequest(request: HostRequest, params: Readonly<Record<string, string>>): RpcHttpRequest {
  const query = new Map<string, string>();
  for (const name of new Set(request.url.searchParams.keys())) {
    query.set(name, request.url.searchParams.getAll(name).join(','));
  }
  return {
    method: request.method,
    url: request.url.href,
    nullableHeaders: toMapping(request.headers),
    nullableQuery: toMapping(query),
    nullableParams: toMapping(Object.entries(params)),
    ...(request.body.length > 0 && { body: { bytes: request.body } }),
  };
}

function toMapping(entries: Iterable<readonly [string, string]>): NullableMapping {
  return Object.fromEntries([...entries].map(([name, value]) => [name, { value }]));
}

/** A function that returns nothing answers 204, as in the real host since version 2. */
function toHostResponse(http: RpcHttpResponse | undefined): HostResponse {
  if (http === undefined) return { status: 204 };
  if ((http.cookies?.length ?? 0) > 0) throw new HostError('registration', 'cookies are not supported by this host');
  return {
    status: Number(http.statusCode ?? '200'),
    headers: http.headers ?? {},
    body: http.body?.bytes ?? new Uint8Array(),
  };
}
