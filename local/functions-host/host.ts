import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { supplyCoreModule } from './core-module.ts';
import { EVENT_GRID_PATH, answerEventGrid } from './event-grid-trigger.ts';
import type { EventGridFunction } from './event-grid-trigger.ts';
import { parseEventHubFunction, startEventHub } from './event-hub-trigger.ts';
import type { EventHubFunction } from './event-hub-trigger.ts';
import { HostError, messageOf } from './host-error.ts';
import { readHostJson } from './host-json.ts';
import type { HostJson } from './host-json.ts';
import { DEFAULT_LIMITS, createHttpFront } from './http-front.ts';
import type { HostRequest, HostResponse, HttpLimits } from './http-front.ts';
import { findHttpFunction, hasKey, parseHttpFunction, runHttpFunction } from './http-trigger.ts';
import type { HttpFunction } from './http-trigger.ts';
import { createLog } from './log.ts';
import type { Settings } from './settings.ts';
import { parseTimerFunction, startTimer } from './timer-trigger.ts';
import type { RunningTimer, TimerFunction } from './timer-trigger.ts';
import { createWorker } from './worker.ts';
import type { RegisteredFunction, Worker } from './worker.ts';

export interface HostOptions {
  /** The app's name, for log lines. */
  readonly app: string;
  /** Absolute paths of the ES modules that register functions. */
  readonly entryPoints: readonly string[];
  /** Path of the app's host.json. */
  readonly hostJson: string;
  /** On 127.0.0.1; 0 for any that is free. */
  readonly port: number;
  /** Holds the checkpoints. */
  readonly dataDir: string;
  readonly settings: Settings;
  /** Asked of http functions that are not anonymous and, where given, of `/admin` and of Event Grid's webhook. */
  readonly hostKey?: string | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Milliseconds before a hub's partition that another host took is claimed again; 10,000 unless given. */
  readonly reclaimAfter?: number | undefined;
  readonly now: () => Date;
  /** Takes one JSON line at a time. */
  readonly writeLog: (line: string) => void;
}

/** One function, as told to whoever started the host; `route` is the whole template, `/api/approvals/{id}/votes`. */
export type FunctionSummary =
  | {
      readonly name: string;
      readonly kind: 'http';
      readonly route: string;
      readonly methods: readonly string[];
      readonly authLevel: 'anonymous' | 'function' | 'admin';
    }
  | { readonly name: string; readonly kind: 'timer'; readonly schedule: string }
  | { readonly name: string; readonly kind: 'eventGrid' }
  | { readonly name: string; readonly kind: 'eventHub'; readonly hub: string; readonly consumerGroup: string };

export interface FunctionsHost {
  readonly port: number;
  readonly functions: readonly FunctionSummary[];
  /** Takes nothing new, lets what runs end for up to ten seconds, then resolves. */
  stop(): Promise<void>;
}

const STOP_MS = 10_000;

type HostFunction = HttpFunction | TimerFunction | EventGridFunction | EventHubFunction;

/**
 * Starts a Functions host for one app in this process: once only, for the library keeps the first host it finds. Resolves
 * when HTTP listens, timers tick and every hub's partitions are pumped.
 * @throws HostError
 */
export async function startFunctionsHost(options: HostOptions): Promise<FunctionsHost> {
  const { settings, now } = options;
  const hostJson = await readHostJson(options.hostJson, settings);
  const log = createLog({ app: options.app, levels: hostJson.logLevels, now, write: options.writeLog });
  const worker = createWorker(log);
  supplyCoreModule(worker.coreApi);
  const registered = await worker.load(options.entryPoints);
  const functions = [...registered.values()].map((target) => parseFunction(target, hostJson, settings));

  const stopping = new AbortController();
  const { signal } = stopping;
  const timers: RunningTimer[] = [];
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const server = createHttpFront(limits, log, createDispatch(worker, functions, timers, options.hostKey));
  const port = await listen(server, options.port);
  for (const timer of ofKind(functions, 'timer')) timers.push(startTimer(timer, { worker, log, now, signal }));
  const hubParts = {
    limits: hostJson.eventHubs,
    dataDir: options.dataDir,
    reclaimAfter: options.reclaimAfter ?? 10_000,
  };
  const hubs = ofKind(functions, 'eventHub').map((each) =>
    startEventHub(each, { ...hubParts, worker, log, now, signal }),
  );

  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      stopping.abort();
      for (const timer of timers) timer.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      const done = Promise.all([closed, worker.idle(), ...hubs.map((hub) => hub.ended)]);
      const inTime = await Promise.race([
        done.then(
          () => true,
          () => true,
        ),
        delay(STOP_MS, false, { ref: false }),
      ]);
      if (!inTime) {
        const names = worker.running().join(', ');
        log({ level: 'warning', category: 'Host', message: `stopped while these still ran: ${names}` });
      }
      server.closeAllConnections();
      await worker.terminate();
    })());

  await Promise.all(hubs.map((hub) => hub.started));
  return { port, functions: functions.map(summarize), stop };
}

function parseFunction(target: RegisteredFunction, hostJson: HostJson, settings: Settings): HostFunction {
  switch (target.trigger.type) {
    case 'httpTrigger':
      return parseHttpFunction(target, hostJson.routePrefix);
    case 'timerTrigger':
      return parseTimerFunction(target, settings);
    case 'eventGridTrigger':
      return { kind: 'eventGrid', target };
    case 'eventHubTrigger':
      return parseEventHubFunction(target, settings);
    default:
      throw new HostError(
        'registration',
        `"${target.name}" has a ${target.trigger.type}, which this host does not run`,
      );
  }
}

function summarize(hostFunction: HostFunction): FunctionSummary {
  const { name } = hostFunction.target;
  switch (hostFunction.kind) {
    case 'http': {
      const { kind, methods, authLevel, route } = hostFunction;
      return { name, kind, route: `/${route.template}`, methods, authLevel };
    }
    case 'timer':
      return { name, kind: 'timer', schedule: hostFunction.schedule };
    case 'eventGrid':
      return { name, kind: 'eventGrid' };
    case 'eventHub':
      return { name, kind: 'eventHub', hub: hostFunction.hub, consumerGroup: hostFunction.group };
  }
}

/** The host's own paths first, as in the real one, then the functions' routes. */
function createDispatch(
  worker: Worker,
  functions: readonly HostFunction[],
  timers: readonly RunningTimer[],
  hostKey: string | undefined,
): (request: HostRequest) => Promise<HostResponse> {
  const httpFunctions = ofKind(functions, 'http');
  const eventGridFunctions = ofKind(functions, 'eventGrid');
  const timerPath = /^\/admin\/functions\/([^/]+)\/?$/i;
  return async (request) => {
    const path = request.url.pathname;
    const timerName = timerPath.exec(path)?.[1];
    const isEventGrid = path.toLowerCase() === EVENT_GRID_PATH;
    if ((timerName !== undefined || isEventGrid) && hostKey !== undefined && !hasKey(request, hostKey)) {
      return { status: 401 };
    }
    if (isEventGrid) return answerEventGrid(worker, eventGridFunctions, request);
    if (timerName !== undefined) return fireTimer(timers, timerName, request);
    const match = findHttpFunction(httpFunctions, request);
    if (match === undefined) return { status: 404 };
    if (match.found.authLevel !== 'anonymous' && !hasKey(request, hostKey)) return { status: 401 };
    return runHttpFunction(worker, match.found, match.params, request);
  };
}

/** Fires a timer now: 202, or with `?wait=1` how the run ended. */
async function fireTimer(timers: readonly RunningTimer[], name: string, request: HostRequest): Promise<HostResponse> {
  const timer = timers.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (timer === undefined) return { status: 404, body: `There is no timer "${name}".` };
  if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
  const run = timer.fire();
  if (request.url.searchParams.get('wait') !== '1') return { status: 202 };
  const outcome = await run;
  switch (outcome.kind) {
    case 'succeeded':
      return { status: 200 };
    case 'failed':
      return { status: 500, body: messageOf(outcome.error) };
    case 'stopped':
      return { status: 503, body: 'The host stops.' };
  }
}

function ofKind<K extends HostFunction['kind']>(
  functions: readonly HostFunction[],
  kind: K,
): Extract<HostFunction, { kind: K }>[] {
  return functions.filter((candidate): candidate is Extract<HostFunction, { kind: K }> => candidate.kind === kind);
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', (error) => {
    reject(new HostError('options', `port ${port} of 127.0.0.1 cannot be used: ${messageOf(error)}`, { cause: error }));
  });
  server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  return promise;
}
