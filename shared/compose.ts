import { randomUUID } from 'node:crypto';

import { judgeAuthority } from './authorize/authority.ts';
import { loadHistory } from './authorize/history.ts';
import { BlobImmutableStore } from './azure/blob-immutable-store.ts';
import { BlobSpillStore } from './azure/blob-spill-store.ts';
import { BlobSpilledBodies } from './azure/blob-spilled-bodies.ts';
import { EventHubPublisher } from './azure/event-hub-publisher.ts';
import { EventHubReader } from './azure/event-hub-reader.ts';
import { openConsumer, openProducer } from './azure/event-hubs-clients.ts';
import { openKeyVaultSigner } from './azure/key-vault-signer.ts';
import { openContainer, openTable } from './azure/storage-clients.ts';
import { TableIndexTables } from './azure/table-index-tables.ts';
import { createTokenVerifier } from './collect/tokens.ts';
import {
  HUBS,
  HUB_OF_APP,
  appOfHub,
  readConnection,
  readGithubSecrets,
  readSealSettings,
  readTokenSettings,
} from './config.ts';
import type { Hub } from './config.ts';
import { FileSigner } from './directory/file-signer.ts';
import { createNormalizerPool } from './normalize/normalizer-pool.ts';
import type { PublishingAppName } from './publish/publish-event.ts';
import type { PublishingApp } from './publish/publishing-app.ts';
import type { Telemetry } from './publish/telemetry.ts';
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

const refuseTokens: PublishingApp['verifyToken'] = () => Promise.reject(new Error('This app takes no bearer tokens.'));

const publishing: Record<PublishingAppName, () => Promise<PublishingApp>> = {
  collect: once(async () => ({
    ...composePublisher('collect'),
    githubSecrets: readGithubSecrets(environment),
    verifyToken: refuseTokens,
  })),
  observe: once(async () => ({ ...composePublisher('observe'), githubSecrets: [], verifyToken: refuseTokens })),
  decide: once(async () => ({ ...composePublisher('decide'), githubSecrets: [], verifyToken: composeTokenVerifier() })),
  report: once(async () => ({ ...composePublisher('report'), githubSecrets: [], verifyToken: composeTokenVerifier() })),
};

/** What the functions of a publishing app need. Throws SettingsError. */
export function composePublishing(app: PublishingAppName): Promise<PublishingApp> {
  return publishing[app]();
}

function composeTables(): IndexTables {
  const connection = readConnection(environment, 'IndexStorage', 'table');
  return new TableIndexTables((table) => openTable(connection, table));
}

/** What the functions of the app `report` need. Throws SettingsError. */
export const composeReport = once(async (): Promise<ReportApp> => ({
  ...(await composePublishing('report')),
  tables: composeTables(),
}));

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
    configuration: { ...history.current, follows: (sha256) => history.isPredecessor(sha256) },
    judge: (record) => judgeAuthority({ ...record, history }),
    tabulate: (log, upTo, fresh) => tabulateLog({ trail, tables }, log, upTo, fresh),
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
