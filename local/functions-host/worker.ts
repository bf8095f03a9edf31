import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { HostError, messageOf } from './host-error.ts';
import type { Log } from './log.ts';
import type {
  CoreApi,
  CoreInvocationContext,
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  ProgrammingModel,
  RpcBinding,
  RpcInvocationResponse,
  RpcLogCategory,
  RpcLogLevel,
  RpcRetryContext,
  RpcTypedData,
} from './rpc.ts';

/** A function as it was registered: `trigger` is the one binding whose type ends in `Trigger`. */
export interface RegisteredFunction {
  readonly name: string;
  readonly trigger: RpcBinding & { readonly name: string; readonly type: string };
  readonly metadata: FunctionMetadata;
  readonly handler: FunctionCallback;
}

/** What a trigger gives to one invocation. */
export interface Invocation {
  readonly input: RpcTypedData;
  readonly triggerMetadata?: Readonly<Record<string, RpcTypedData>>;
  readonly retryContext?: RpcRetryContext | undefined;
  /** W3C `traceparent` of the caller; a new trace without it. */
  readonly traceParent?: string | undefined;
}

/** What the real worker does: it loads the app, holds its functions and hooks, and carries out invocations. */
export interface Worker {
  /** The module `@azure/functions-core` for the apps' library. */
  readonly coreApi: CoreApi;
  /**
   * Loads the entry points, one after the other, and returns the functions that they registered, by name.
   * @throws HostError `entryPoint` where one throws or none registers, `registration` where one is not usable.
   */
  load(entryPoints: readonly string[]): Promise<ReadonlyMap<string, RegisteredFunction>>;
  /** Runs the function once, hooks included. Rejects with what the function threw. */
  invoke(target: RegisteredFunction, invocation: Invocation): Promise<RpcInvocationResponse>;
  /** Names of the functions that run now, one entry an invocation. */
  running(): readonly string[];
  /** Resolves when no invocation runs. */
  idle(): Promise<void>;
  /** Runs the `appTerminate` hooks. */
  terminate(): Promise<void>;
}

type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation' | 'log';

/** The real host's rules for names, checked here because it says so only in its log. */
const FUNCTION_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,127}$/;
const BINDING_NAME = /^[A-Za-z][A-Za-z0-9]{0,127}$/;

export function createWorker(log: Log): Worker {
  const functions = new Map<string, RegisteredFunction>();
  const hooks: Record<HookName, HookCallback[]> = {
    appStart: [],
    appTerminate: [],
    preInvocation: [],
    postInvocation: [],
    log: [],
  };
  const appHookData: Record<string, unknown> = {};
  const startStopHookData: Record<string, unknown> = {};
  const inFlight = new Set<{ readonly name: string; readonly done: Promise<unknown> }>();
  let model: ProgrammingModel | undefined;
  let started = false;

  /** Log hooks may change a line before it is written; they are not told of what they log themselves. */
  let inLogHook = false;
  function write(
    level: RpcLogLevel,
    logCategory: RpcLogCategory,
    category: string,
    message: string,
    invocation?: { readonly id: string; readonly context: unknown },
  ): void {
    const line = {
      level,
      message,
      category: logCategory,
      invocationContext: invocation?.context,
      hookData: {},
      appHookData,
    };
    if (!inLogHook) {
      inLogHook = true;
      try {
        for (const hook of hooks.log) hook(line);
      } finally {
        inLogHook = false;
      }
    }
    const suffix = logCategory === 'user' ? '.User' : '';
    log({
      level: line.level,
      category: category + suffix,
      message: line.message,
      ...(invocation && { invocationId: invocation.id }),
    });
  }

  const coreApi: CoreApi = {
    version: '3.0.0',
    hostVersion: '4.0.0',
    setProgrammingModel: (given) => {
      model = given;
    },
    getProgrammingModel: () => model,
    registerFunction: (metadata, handler) => {
      const registered = toRegisteredFunction(metadata, handler);
      if (started) throw new HostError('registration', `"${metadata.name}" was registered after the app had started`);
      if (functions.has(metadata.name)) {
        throw new HostError('registration', `two functions are registered as "${metadata.name}"`);
      }
      functions.set(metadata.name, registered);
      return { dispose: () => void functions.delete(metadata.name) };
    },
    registerHook: (name, callback) => {
      if (!Object.hasOwn(hooks, name)) throw new HostError('registration', `there is no hook "${name}"`);
      const list = hooks[name as HookName];
      list.push(callback);
      return { dispose: () => void list.splice(list.indexOf(callback), 1) };
    },
    log: (level, category, message) => write(level, category, 'Host', message),
  };

  async function runHooks(name: HookName, context: unknown): Promise<void> {
    for (const hook of hooks[name]) await hook(context);
  }

  async function load(entryPoints: readonly string[]): Promise<ReadonlyMap<string, RegisteredFunction>> {
    for (const path of entryPoints) {
      try {
        await import(pathToFileURL(path).href);
      } catch (error) {
        // The real host goes on with 0 functions and a warning: here a broken app must not look like an idle one.
        throw new HostError('entryPoint', `${basename(path)} failed while it was loaded: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
    if (model === undefined || functions.size === 0) {
      throw new HostError('entryPoint', `no function is registered by ${entryPoints.length} entry point(s)`);
    }
    started = true;
    // The library locks its set-up when it is asked for its capabilities; HttpUri is its answer where streaming is on.
    const capabilities = (await model.getCapabilities?.({})) ?? {};
    if (capabilities['HttpUri'] !== undefined) {
      throw new HostError('registration', 'app.setup({ enableHttpStream: true }) is not supported: bodies come whole');
    }
    await runHooks('appStart', { hookData: startStopHookData, appHookData });
    return functions;
  }

  async function carryOut(
    target: RegisteredFunction,
    invocation: Invocation,
    invocationId: string,
  ): Promise<RpcInvocationResponse> {
    const category = `Function.${target.name}`;
    let libraryContext: unknown;
    const coreContext: CoreInvocationContext = {
      invocationId,
      metadata: target.metadata,
      request: {
        invocationId,
        inputData: [{ name: target.trigger.name, data: invocation.input }],
        triggerMetadata: invocation.triggerMetadata ?? {},
        traceContext: { traceParent: invocation.traceParent ?? newTraceParent(), traceState: '', attributes: {} },
        ...(invocation.retryContext && { retryContext: invocation.retryContext }),
      },
      state: undefined,
      log: (level, logCategory, message) =>
        write(level, logCategory, category, message, { id: invocationId, context: libraryContext }),
    };
    const inState = async <T>(state: CoreInvocationContext['state'], run: () => Promise<T>): Promise<T> => {
      coreContext.state = state;
      try {
        return await run();
      } finally {
        coreContext.state = undefined;
      }
    };
    if (model === undefined) throw new HostError('registration', 'an invocation came before the app had started');
    const library = model.getInvocationModel(coreContext);
    const { context, inputs } = await library.getArguments();
    libraryContext = context;

    const hookData: Record<string, unknown> = {};
    const before = { hookData, appHookData, invocationContext: context, functionCallback: target.handler, inputs };
    await inState('preInvocationHooks', () => runHooks('preInvocation', before));
    const outcome: { result: unknown; error: unknown } = { result: null, error: null };
    try {
      outcome.result = await inState('invocation', () =>
        library.invokeFunction(context, before.inputs, before.functionCallback),
      );
    } catch (error) {
      outcome.error = error ?? new Error('Unknown error');
    }
    const after = { hookData, appHookData, invocationContext: context, inputs: before.inputs, ...outcome };
    await inState('postInvocationHooks', () => runHooks('postInvocation', after));
    if (after.error !== null && after.error !== undefined) throw after.error;
    return library.getResponse(context, after.result);
  }

  async function invoke(target: RegisteredFunction, invocation: Invocation): Promise<RpcInvocationResponse> {
    const began = performance.now();
    const invocationId = randomUUID();
    const done = carryOut(target, invocation, invocationId);
    const entry = { name: target.name, done };
    inFlight.add(entry);
    const category = `Function.${target.name}`;
    try {
      const response = await done;
      log({ level: 'information', category, message: `succeeded in ${elapsed(began)}`, invocationId });
      return response;
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log({ level: 'error', category, message: `failed in ${elapsed(began)}: ${text}`, invocationId });
      throw error;
    } finally {
      inFlight.delete(entry);
    }
  }

  return {
    coreApi,
    load,
    invoke,
    running: () => [...inFlight].map((entry) => entry.name),
    idle: async () => {
      while (inFlight.size > 0) await Promise.allSettled([...inFlight].map((entry) => entry.done));
    },
    terminate: () => runHooks('appTerminate', { hookData: startStopHookData, appHookData }),
  };
}

function toRegisteredFunction(metadata: FunctionMetadata, handler: FunctionCallback): RegisteredFunction {
  const { name, bindings } = metadata;
  if (!FUNCTION_NAME.test(name)) {
    throw new HostError('registration', `"${name}" is no name for a function: it must match ${FUNCTION_NAME.source}`);
  }
  for (const binding of Object.keys(bindings)) {
    if (binding !== '$return' && !BINDING_NAME.test(binding)) {
      throw new HostError('registration', `"${name}" has the binding "${binding}", which is no name for a binding`);
    }
  }
  const triggers = Object.entries(bindings).filter(([, binding]) => binding.type?.toLowerCase().endsWith('trigger'));
  const [trigger] = triggers;
  if (trigger === undefined || triggers.length > 1) {
    throw new HostError('registration', `"${name}" has ${triggers.length} triggers; a function has one`);
  }
  if (Object.keys(bindings).some((binding) => binding !== '$return' && binding !== trigger[0])) {
    throw new HostError('registration', `"${name}" has extra inputs or outputs, which this host does not carry`);
  }
  const [bindingName, binding] = trigger;
  return { name, handler, metadata, trigger: { ...binding, name: bindingName, type: binding.type ?? '' } };
}

function newTraceParent(): string {
  const id = randomUUID().replaceAll('-', '');
  return `00-${id}-${randomUUID().replaceAll('-', '').slice(0, 16)}-00`;
}

function elapsed(since: number): string {
  return `${Math.round(performance.now() - since)} ms`;
}
