/**
 * The shapes that travel between a Functions host and the library `@azure/functions` 4, as far as the five apps use them.
 * They are the JSON forms of the gRPC messages of Azure/azure-functions-language-worker-protobuf: the module that types
 * them, `@azure/functions-core`, exists only inside the real worker.
 */

export type RpcLogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';
export type RpcLogCategory = 'user' | 'system' | 'customMetric';

/** A value in transit; exactly one member is set. */
export interface RpcTypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: RpcHttpRequest;
  readonly collectionBytes?: { readonly bytes: readonly Uint8Array[] };
  readonly collectionString?: { readonly string: readonly string[] };
  readonly collectionSint64?: { readonly sint64: readonly (number | Long)[] };
}

/** A 64-bit integer as some worker versions hand it on (nodejs-worker issue 844). */
export interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

export type NullableMapping = Readonly<Record<string, { readonly value: string }>>;

export interface RpcHttpRequest {
  readonly method: string;
  readonly url: string;
  readonly nullableHeaders: NullableMapping;
  readonly nullableQuery: NullableMapping;
  readonly nullableParams: NullableMapping;
  readonly body?: { readonly bytes: Uint8Array };
}

export interface RpcHttpResponse {
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly unknown[];
  readonly body?: RpcTypedData | null;
}

export interface RpcRetryContext {
  readonly retryCount: number;
  readonly maxRetryCount: number;
  readonly exception?: { readonly message: string; readonly source: string; readonly stackTrace: string };
}

export interface RpcTraceContext {
  readonly traceParent: string;
  readonly traceState: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface RpcInvocationRequest {
  readonly invocationId: string;
  readonly inputData: readonly { readonly name: string; readonly data: RpcTypedData }[];
  readonly triggerMetadata: Readonly<Record<string, RpcTypedData>>;
  readonly traceContext: RpcTraceContext;
  readonly retryContext?: RpcRetryContext;
}

export interface RpcInvocationResponse {
  readonly invocationId?: string;
  readonly returnValue?: { readonly http?: RpcHttpResponse } | null;
}

/** A binding as the library registers it; members beyond these depend on its type. */
export type RpcBinding = Readonly<Record<string, unknown>> & {
  readonly name?: string;
  readonly type?: string;
  readonly direction?: string;
};

export interface RpcRetryOptions {
  readonly retryStrategy?: string;
  readonly maxRetryCount?: number;
  /** Whole seconds: the library rounds. */
  readonly delayInterval?: { readonly seconds?: number };
}

/** What the library hands over for one registered function. */
export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, RpcBinding>>;
  readonly retryOptions?: RpcRetryOptions | undefined;
}

export type FunctionCallback = (...inputs: unknown[]) => unknown;
export type HookCallback = (context: unknown) => unknown;

export type InvocationState = 'preInvocationHooks' | 'invocation' | 'postInvocationHooks';

/** What the host gives the library for one invocation. */
export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: RpcInvocationRequest;
  readonly metadata: FunctionMetadata;
  state?: InvocationState | undefined;
  log(level: RpcLogLevel, category: RpcLogCategory, message: string): void;
}

/** One invocation, as the library carries it out. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], handler: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<RpcInvocationResponse>;
}

/** What the library gives the host, once, at its first registration. */
export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

/** The module `@azure/functions-core`, as far as the library calls it. */
export interface CoreApi {
  readonly version: string;
  readonly hostVersion: string;
  setProgrammingModel(model: ProgrammingModel): void;
  getProgrammingModel(): ProgrammingModel | undefined;
  registerFunction(metadata: FunctionMetadata, handler: FunctionCallback): { dispose(): void };
  registerHook(name: string, callback: HookCallback): { dispose(): void };
  log(level: RpcLogLevel, category: RpcLogCategory, message: string): void;
}
