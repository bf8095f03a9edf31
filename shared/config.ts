import { z } from 'zod';

import { SettingsError } from './errors.ts';
import { parseTrailName } from './wire/log-name.ts';

/** The app settings, checked once at start: what is wrong is said in one go, by name, without any value. */

/** A connection as the Functions host has it: `X` holds a connection string (locally), or `X__…` settings say where (in Azure). */
export interface Connection {
  readonly name: string;
  readonly connectionString?: string | undefined;
  readonly blobServiceUri?: string | undefined;
  readonly tableServiceUri?: string | undefined;
  readonly fullyQualifiedNamespace?: string | undefined;
  /** Of the user-assigned identity. */
  readonly clientId?: string | undefined;
}

export type App = 'collect' | 'observe' | 'decide' | 'seal' | 'report';

/** The hub that an app publishes to; no app may send to another's. */
export const HUB_OF_APP = {
  collect: 'web',
  observe: 'azure',
  decide: 'decisions',
  report: 'reads',
} as const satisfies Record<Exclude<App, 'seal'>, string>;
export type Hub = (typeof HUB_OF_APP)[keyof typeof HUB_OF_APP];
export const HUBS: readonly Hub[] = ['web', 'azure', 'decisions', 'reads'];

/** The app whose spill container holds what was too large for a hub. */
export function appOfHub(hub: Hub): Exclude<App, 'seal'> {
  switch (hub) {
    case 'web':
      return 'collect';
    case 'azure':
      return 'observe';
    case 'decisions':
      return 'decide';
    case 'reads':
      return 'report';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws SettingsError naming what is missing. */
export function readConnection(environment: Environment, name: string, service: 'blob' | 'table' | 'hub'): Connection {
  const connectionString = environment[name];
  const connection: Connection = {
    name,
    connectionString,
    blobServiceUri: environment[`${name}__blobServiceUri`],
    tableServiceUri: environment[`${name}__tableServiceUri`],
    fullyQualifiedNamespace: environment[`${name}__fullyQualifiedNamespace`],
    clientId: environment[`${name}__clientId`],
  };
  const uri = { blob: 'blobServiceUri', table: 'tableServiceUri', hub: 'fullyQualifiedNamespace' } as const;
  if (connectionString === undefined && connection[uri[service]] === undefined) {
    throw new SettingsError(`Set ${name}__${uri[service]} (or, locally, ${name} to a connection string).`);
  }
  return connection;
}

/** An app setting that is empty is one that is not set. */
const optionalSecret = z
  .union([z.literal(''), z.string().min(16, 'must have at least 16 characters')])
  .optional()
  .transform((secret) => (secret === '' ? undefined : secret));

const settingsSchema = {
  github: z.object({
    INDELIBLE_GITHUB_SECRET: optionalSecret,
    INDELIBLE_GITHUB_SECRET_PREVIOUS: optionalSecret,
  }),
  azureDevops: z.object({
    INDELIBLE_AZURE_DEVOPS_PASSWORD: optionalSecret,
    INDELIBLE_AZURE_DEVOPS_PASSWORD_PREVIOUS: optionalSecret,
  }),
  tokens: z.object({
    INDELIBLE_TOKEN_ISSUER: z.url(),
    INDELIBLE_TOKEN_AUDIENCE: z.string().min(1),
    INDELIBLE_TOKEN_JWKS: z.url(),
  }),
  logs: z.object({
    LogAnalytics__workspaceId: z.string().min(1),
    LogAnalytics__endpoint: z.url({ protocol: /^https$/ }).optional(),
    LogAnalytics__clientId: z.string().optional(),
    LogAnalytics__certificate: z.string().optional(),
    LogAnalytics__accessToken: z.string().optional(),
    INDELIBLE_SETTLING_SECONDS: z.coerce.number().min(0).max(3_600).default(300),
  }),
  seal: z.object({
    INDELIBLE_TRAIL: z.string().min(1),
    INDELIBLE_SIGNING_KEY: z.string().min(1),
    INDELIBLE_CONFIGURATION: z.string().min(1).default('.'),
  }),
};

function read<K extends keyof typeof settingsSchema>(
  environment: Environment,
  which: K,
): z.output<(typeof settingsSchema)[K]> {
  const checked = settingsSchema[which].safeParse(environment);
  if (checked.success) return checked.data as z.output<(typeof settingsSchema)[K]>;
  const wrong = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new SettingsError(`App settings are missing or wrong: ${wrong.join('; ')}.`);
}

/** The Log Analytics workspace that the timers ask. */
export interface LogsConnection {
  /** Its id, a GUID. */
  readonly workspace: string;
  /** undefined: the public cloud's. */
  readonly endpoint: string | undefined;
  readonly clientId: string | undefined;
  /** The embedded stack's certificate (PEM) and token: set by nobody else. */
  readonly local: { readonly certificate: string; readonly token: AccessToken } | undefined;
  /** How long a row may take until a query finds it, in milliseconds. */
  readonly settling: number;
}

/** As Azure's clients want it: the time in milliseconds since 1970. */
export interface AccessToken {
  readonly token: string;
  readonly expiresOnTimestamp: number;
}

/** Throws SettingsError naming what is missing. */
export function readLogsConnection(environment: Environment): LogsConnection {
  const settings = read(environment, 'logs');
  const { LogAnalytics__certificate: certificate, LogAnalytics__accessToken: token } = settings;
  return {
    workspace: settings.LogAnalytics__workspaceId,
    endpoint: settings.LogAnalytics__endpoint,
    clientId: settings.LogAnalytics__clientId,
    local:
      certificate === undefined || token === undefined
        ? undefined
        : { certificate, token: { token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER } },
    settling: settings.INDELIBLE_SETTLING_SECONDS * 1_000,
  };
}

/**
 * Two are valid at a time, so that one can be replaced without losing a delivery; the current one comes first. None: nobody
 * sends from there, and the function that would take it in refuses everything.
 */
export function readGithubSecrets(environment: Environment): string[] {
  const { INDELIBLE_GITHUB_SECRET: current, INDELIBLE_GITHUB_SECRET_PREVIOUS: previous } = read(environment, 'github');
  return [current, previous].filter((secret) => secret !== undefined);
}

/** As {@link readGithubSecrets}, of the service hooks. */
export function readAzureDevopsPasswords(environment: Environment): string[] {
  const settings = read(environment, 'azureDevops');
  const { INDELIBLE_AZURE_DEVOPS_PASSWORD: current, INDELIBLE_AZURE_DEVOPS_PASSWORD_PREVIOUS: previous } = settings;
  return [current, previous].filter((password) => password !== undefined);
}

export interface TokenSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
}

export function readTokenSettings(environment: Environment): TokenSettings {
  const settings = read(environment, 'tokens');
  return {
    issuer: settings.INDELIBLE_TOKEN_ISSUER,
    audience: settings.INDELIBLE_TOKEN_AUDIENCE,
    jwksUri: settings.INDELIBLE_TOKEN_JWKS,
  };
}

export interface SealSettings {
  /** Schemeless URL that names the deployment. */
  readonly trailName: string;
  /** URL of a key in Key Vault, or (locally) the path of a folder of PEM files. */
  readonly signingKey: string;
  /** Folder that holds indelible.yaml and its history. */
  readonly configuration: string;
}

export function readSealSettings(environment: Environment): SealSettings {
  const settings = read(environment, 'seal');
  return {
    trailName: parseTrailName(settings.INDELIBLE_TRAIL),
    signingKey: settings.INDELIBLE_SIGNING_KEY,
    configuration: settings.INDELIBLE_CONFIGURATION,
  };
}
