import { randomUUID } from 'node:crypto';

import { toAdoptable } from './authorize/adoptable.ts';
import { judgeAuthority } from './authorize/authority.ts';
import { loadHistory, versionOf } from './authorize/history.ts';
import { BlobImmutableStore } from './azure/blob-immutable-store.ts';
import { BlobSpillStore } from './azure/blob-spill-store.ts';
import { BlobSpilledBodies } from './azure/blob-spilled-bodies.ts';
import { EventHubPublisher } from './azure/event-hub-publisher.ts';
import { EventHubReader } from './azure/event-hub-reader.ts';
import { openConsumer, openProducer } from './azure/event-hubs-clients.ts';
import { openKeyVaultSigner } from './azure/key-vault-signer.ts';
import { LogAnalyticsQuery } from './azure/log-analytics-query.ts';
import { openContainer, openTable } from './azure/storage-clients.ts';
import { TableIndexTables } from './azure/table-index-tables.ts';
import type { PollApp } from './collect/poll-table.ts';
import { createTokenVerifier } from './collect/tokens.ts';
import {
  HUBS,
  HUB_OF_APP,
  appOfHub,
  readAzureDevopsPasswords,
  readConnection,
  readGithubSecrets,
  readLogsConnection,
  readSealSettings,
  readTokenSettings,
} from './config.ts';
import type { Hub } from './config.ts';
import { FileSigner } from './directory/file-signer.ts';
import { createNormalizerPool } from './normalize/normalizer-pool.ts';
import type { PublishingAppName } from './publish/publish-event.ts';
import type { PublishingApp } from './publish/publishing-app.ts';
import type { Telemetry } from './publish/telemetry.ts';
import { coveredUntil } from './report/covered-until.ts';
import type { ApprovalApp } from './report/read-approval.ts';
import type { ReportApp } from './report/read-events.ts';
import { HubSealer } from './seal/hub-sealer.ts';
import type { SealDeps } from './seal/partition-sealer.ts';
import type { Signer } from './seal/signer.ts';
import type { IndexTables } from './tabulate/index-tables.ts';
import { tabulateLog } from './tabulate/tabulate.ts';

/**
 * The only place where ports meet adapters. Everything is made once per process, at the first invocation: an error before a
 * function is registered would leave a host that has none and hardly says why.
 */

const environment = process.env;

/** Keeps the first success; a failure is tried again by the next invocation. Without side effects, so that an app's bundle drops the rest. */
/* @__NO_SIDE_EFFECTS__ */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** The worker hands console lines to the host, and the host to Application Insights; alerts look for `metric`. */
const telemetry: Telemetry = {
  count(metric, dimensions) {
    // oxlint-disable-next-line no-console -- the worker's road to the host's log
    console.info(JSON.stringify({ metric, value: 1, ...dimensions }));
  },
  log(level, line) {
    // oxlint-disable-next-line no-console -- as above
    console[level === 'error' ? 'error' : 'warn'](line);
  },
};

/** Each app may send to its own hub only, and spills into its own container. */
function composePublisher(app: PublishingAppName) {
  const hubs = readConnection(environment, 'EventHubs', 'hub');
  const spill = readConnection(environment, 'SpillStorage', 'blob');
  return {
    app,
    publisher: new EventHubPublisher(() => openProducer(hubs, HUB_OF_APP[app])),
    spill: new BlobSpillStore(openContainer(spill, `spill-${app}`)),
    clock: Date.now,
    newId: randomUUID,
    telemetry,
  };
}

function composeTokenVerifier() {
  const { issuer, audience, jwksUri } = readTokenSettings(environment);
  return createTokenVerifier({ issuer, audience, jwks: new URL(jwksUri), clock: Date.now });
}

let verifier: PublishingApp['verifyToken'] | undefined;
function tokenVerifier(): PublishingApp['verifyToken'] {
  verifier ??= composeTokenVerifier();
  return verifier;
}

const refuseTokens: PublishingApp['verifyToken'] = () => Promise.reject(new Error('This app takes no bearer tokens.'));

const NO_SECRETS = { githubSecrets: [], azureDevopsSecrets: [] };

const publishing: Record<PublishingAppName, () => Promise<PublishingApp>> = {
  collect: once(async () => ({
    ...composePublisher('collect'),
    githubSecrets: readGithubSecrets(environment),
    azureDevopsSecrets: readAzureDevopsPasswords(environment),
    // Webhooks need none of its settings: a tenant without AI systems may leave them out.
    verifyToken: (authorization) => tokenVerifier()(authorization),
  })),
  observe: once(async () => ({ ...composePublisher('observe'), ...NO_SECRETS, verifyToken: refuseTokens })),
  decide: once(async () => ({ ...composePublisher('decide'), ...NO_SECRETS, verifyToken: composeTokenVerifier() })),
  report: once(async () => ({ ...composePublisher('report'), ...NO_SECRETS, verifyToken: composeTokenVerifier() })),
};

/** What the functions of a publishing app need. Throws SettingsError. */
export function composePublishing(app: PublishingAppName): Promise<PublishingApp> {
  return publishing[app]();
}

function composeTables(): IndexTables {
  const connection = readConnection(environment, 'IndexStorage', 'table');
  return new TableIndexTables((table) => openTable(connection, table));
}

/** What the timers of the app `observe` need beside what publishes. Throws SettingsError. */
export const composePolling = once(async (): Promise<PollApp> => {
  const tables = composeTables();
  const connection = readLogsConnection(environment);
  return {
    ...(await composePublishing('observe')),
    logs: new LogAnalyticsQuery(connection),
    settling: connection.settling,
    coveredUntil: (source) => coveredUntil(tables, source, Date.now()),
  };
});

/** What the functions of the app `report` need. Throws SettingsError. */
export const composeReport = once(async (): Promise<ReportApp> => ({
  ...(await composePublishing('report')),
  tables: composeTables(),
}));

/** What the function `read-approval` of the app `report` needs. Throws SettingsError. */
export const composeApprovals = once(async (): Promise<ApprovalApp> => {
  const history = await loadHistory(environment['INDELIBLE_CONFIGURATION'] ?? '.');
  return {
    ...(await composeReport()),
    trail: new BlobImmutableStore(openContainer(readConnection(environment, 'TrailStorage', 'blob'), 'trail')),
    versionOf: (sha256) => versionOf(history, sha256),
  };
});

/** `location`: URL of a key in Key Vault, or a folder of PEM files. */
function openSigner(location: string): Signer {
  if (!location.startsWith('https:')) return new FileSigner(location);
  return openKeyVaultSigner(location, environment['SigningKey__clientId'], Date.now);
}

export type SealingApp = Readonly<Record<Hub, HubSealer>>;

/** What the functions of the app `seal` need: a sealer for each hub. Throws SettingsError, StoreError. */
export const composeSealing = once(async (): Promise<SealingApp> => {
  const settings = readSealSettings(environment);
  const hubs = readConnection(environment, 'EventHubs', 'hub');
  const storage = readConnection(environment, 'TrailStorage', 'blob');
  const spill = readConnection(environment, 'SpillStorage', 'blob');
  const history = await loadHistory(settings.configuration);
  const tables = composeTables();
  await tables.prepare();
  const trail = new BlobImmutableStore(openContainer(storage, 'trail'));
  const pool = createNormalizerPool();
  const shared: Omit<SealDeps, 'hub' | 'spilled'> = {
    trailName: settings.trailName,
    trail,
    evidence: new BlobImmutableStore(openContainer(storage, 'evidence')),
    signer: openSigner(settings.signingKey),
    normalize: (hub, messages) =>
      pool.normalizeBatch(
        hub,
        messages.map(({ message, body }) => ({ envelope: message.envelope, enqueued: message.enqueued, body })),
      ),
    configuration: toAdoptable(history),
    judge: (record) => judgeAuthority({ ...record, history }),
    tabulate: (log, upTo, fresh) =>
      tabulateLog({ trail, tables, warn: (line) => telemetry.log('warning', line) }, log, upTo, fresh),
    hint: (log) => tables.getProgress(log),
    now: Date.now,
  };
  const sealerOf = (hub: Hub) =>
    new HubSealer({
      ...shared,
      hub: new EventHubReader(() => openConsumer(hubs, hub)),
      spilled: new BlobSpilledBodies(openContainer(spill, `spill-${appOfHub(hub)}`)),
    });
  return Object.fromEntries(HUBS.map((hub) => [hub, sealerOf(hub)])) as Record<Hub, HubSealer>;
});
