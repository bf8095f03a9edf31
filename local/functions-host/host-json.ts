import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { HostError, messageOf } from './host-error.ts';
import type { RpcLogLevel } from './rpc.ts';
import type { Settings } from './settings.ts';

/** What this host reads of host.json. Durations in milliseconds; sizes in events. */
export interface HostJson {
  /** Without slashes; may be empty. */
  readonly routePrefix: string;
  readonly eventHubs: {
    readonly maxEventBatchSize: number;
    readonly minEventBatchSize: number;
    readonly maxWaitTime: number;
    readonly prefetchCount: number;
    readonly batchCheckpointFrequency: number;
  };
  readonly logLevels: Readonly<Record<string, RpcLogLevel>>;
}

const OVERRIDE = 'AzureFunctionsJobHost__';

const count = (least: number, otherwise: number) => z.coerce.number().int().min(least).default(otherwise);

const timeSpan = z
  .string()
  .regex(/^\d{2}:[0-5]\d:[0-5]\d(\.\d{1,3})?$/, 'must look like 00:00:30')
  .transform((text) => {
    const [hours = '0', minutes = '0', seconds = '0'] = text.split(':');
    return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  });

const logLevel = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none']));

/** The defaults are those of extension bundle 4: Microsoft.Azure.WebJobs.Extensions.EventHubs 6. */
const hostJsonSchema = z.object({
  version: z.literal('2.0'),
  logging: z.object({ logLevel: z.record(z.string(), logLevel).default({}) }).prefault({}),
  extensions: z
    .object({
      http: z.object({ routePrefix: z.string().default('api') }).prefault({}),
      eventHubs: z
        .object({
          maxEventBatchSize: count(1, 100),
          minEventBatchSize: count(1, 1),
          maxWaitTime: timeSpan.prefault('00:01:00'),
          prefetchCount: count(1, 300),
          batchCheckpointFrequency: count(1, 1),
        })
        .prefault({})
        .refine(
          (hubs) => hubs.minEventBatchSize <= hubs.maxEventBatchSize,
          'minEventBatchSize is above maxEventBatchSize',
        ),
    })
    .prefault({}),
});

/**
 * Reads the host.json at `path`. A setting `AzureFunctionsJobHost__extensions__eventHubs__maxWaitTime` replaces what the
 * file says, as in Azure: so the embedded stack can wait less without a second file.
 * @throws HostError `options` where the file is missing or says what the host does not understand.
 */
export async function readHostJson(path: string, settings: Settings): Promise<HostJson> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new HostError('options', `host.json cannot be read at ${path}: ${messageOf(error)}`, { cause: error });
  }
  return parseHostJson(text, settings, path);
}

/** As `readHostJson`, for text already read; `path` is for messages alone. */
export function parseHostJson(text: string, settings: Settings, path: string): HostJson {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new HostError('options', `${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined && name.toLowerCase().startsWith(OVERRIDE.toLowerCase())) {
      override(raw, name.slice(OVERRIDE.length).split('__'), value);
    }
  }
  const parsed = hostJsonSchema.safeParse(raw);
  if (!parsed.success) throw new HostError('options', `${path} cannot be used: ${z.prettifyError(parsed.error)}`);
  const { extensions, logging } = parsed.data;
  return {
    routePrefix: extensions.http.routePrefix.replaceAll(/^\/+|\/+$/g, ''),
    eventHubs: extensions.eventHubs,
    logLevels: logging.logLevel,
  };
}

/** Sets the member at `path`, whatever the case of its names: .NET configuration knows no case. */
function override(target: unknown, path: readonly string[], value: string): void {
  const [name, ...rest] = path;
  if (name === undefined || typeof target !== 'object' || target === null) return;
  const members = target as Record<string, unknown>;
  const key = Object.keys(members).find((other) => other.toLowerCase() === name.toLowerCase()) ?? name;
  if (rest.length === 0) {
    members[key] = value;
    return;
  }
  const inner = members[key];
  if (typeof inner !== 'object' || inner === null) members[key] = {};
  override(members[key], rest, value);
}
