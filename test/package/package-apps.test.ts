import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, glob, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { startEventHubs } from '../../local/event-hubs/server.ts';
import type { EventHubs } from '../../local/event-hubs/server.ts';
import { startStorage } from '../../local/storage/start-storage.ts';
import { loadHistory } from '../../shared/authorize/history.ts';
import { createFileKey } from '../../shared/directory/file-signer.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import { parseCanonicalRecord, parseSegment } from '../../shared/wire/segment.ts';
import { sign } from '../collect/requests.ts';
import { makeFolder } from '../contract/stage.ts';
import { startHostProcess } from '../local/functions-host-process.ts';
import type { HostProcess } from '../local/functions-host-process.ts';

const ROOT = join(import.meta.dirname, '../..');
const APPS = ['collect', 'observe', 'decide', 'seal', 'report'] as const;
const HUBS = ['web', 'azure', 'decisions', 'reads'];
const run = promisify(execFile);

let folder: string;
let out: string;
let hubs: EventHubs;
let remove: () => Promise<void>;

const packageApps = (...options: readonly string[]) =>
  run(process.execPath, [join(ROOT, 'cli/package-apps.ts'), ...options], { env: { PATH: process.env['PATH'] } });

beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  out = join(folder, 'packages');
  const declarations = HUBS.map((name) => ({ name, partitions: 1, consumerGroups: ['seal', 'repair'] }));
  [hubs] = await Promise.all([
    startEventHubs({ dataDir: join(folder, 'hubs'), hubs: declarations }),
    packageApps('--out', out, '--sample'),
  ]);
}, 120_000);

afterAll(async () => {
  await hubs.stop();
  await remove();
});

/** Path in the package → bytes. */
async function filesOf(packageFolder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(packageFolder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(packageFolder.length + 1), await readFile(path));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function codeOf(app: string): Promise<string> {
  const files = await filesOf(join(out, app));
  return [...files].map(([path, bytes]) => (path.endsWith('.js') ? bytes.toString() : '')).join('\n');
}

async function functionsOf(app: string): Promise<string[]> {
  return (await readdir(join(ROOT, 'functions', app))).map((name) => basename(name, '.ts')).sort();
}

/** The files that the Functions worker would load: what `main` matches. */
async function entryPointsOf(app: string): Promise<string[]> {
  const { main } = JSON.parse(await readFile(join(out, app, 'package.json'), 'utf8')) as { main: string };
  const found: string[] = [];
  for await (const path of glob(main, { cwd: join(out, app) })) found.push(join(out, app, path));
  return found.sort();
}

/** The package as it is, in a host; only batches do not wait for more events. */
async function startPackage(app: string, settings: Readonly<Record<string, string>> = {}): Promise<HostProcess> {
  return startHostProcess({
    entryPoints: await entryPointsOf(app),
    hostJson: JSON.parse(await readFile(join(out, app, 'host.json'), 'utf8')) as object,
    settings: {
      EventHubs: hubs.connectionString(),
      AzureFunctionsJobHost__extensions__eventHubs__minEventBatchSize: '1',
      ...settings,
    },
  });
}

describe.each(APPS)('the package of %s', (app) => {
  test('starts in a host and registers the functions of its folder, none missing and none of another app', async () => {
    const host = await startPackage(app);
    const registered = host.functions.map(({ name }) => name).sort();
    expect(await host.stop()).toBe(0);
    expect(registered).toEqual(await functionsOf(app));
    expect((await entryPointsOf(app)).map((path) => basename(path, '.js'))).toEqual(registered);
  });

  test("does not hold another app's function: whoever takes over the app would have its code", async () => {
    const code = await codeOf(app);
    for (const other of APPS.filter((each) => each !== app)) {
      for (const name of await functionsOf(other)) expect.soft(code).not.toContain(name);
    }
    expect(code).toContain((await functionsOf(app))[0]);
  });

  test('says of which version it is and needs nothing from node_modules', async () => {
    const manifest = JSON.parse(await readFile(join(out, app, 'package.json'), 'utf8')) as object;
    const root = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(manifest).toMatchObject({ name: `indelible-${app}`, version: root.version, type: 'module' });
    expect(manifest).not.toHaveProperty('dependencies');
  });

  test('holds the workers that its code starts: without its worker, a sealer could normalize nothing', async () => {
    const [files, code] = [await filesOf(join(out, app)), await codeOf(app)];
    for (const [worker, startedBy] of [
      ['normalizer-worker.js', '// shared/normalize/normalizer-worker-url.ts\n'],
      ['segment-worker.js', '// shared/verify/segment-worker-url.ts\n'],
    ] as const) {
      expect([worker, files.has(worker)]).toEqual([worker, code.includes(startedBy)]);
    }
    expect(files.has('normalizer-worker.js')).toBe(app === 'seal');
  });

  test('is not much larger than it was, without anybody having noticed', async () => {
    const files = await filesOf(join(out, app));
    const kibibytes = Math.ceil([...files.values()].reduce((sum, { length }) => sum + length, 0) / 1024);
    process.stdout.write(`${app}: ${kibibytes} KiB in ${files.size} files\n`);
    // Read and compiled at every cold start: twice as much should be a decision.
    expect(kibibytes).toBeLessThan(10_000);
  });
});

test('every function of the sources is in exactly one package', async () => {
  const packaged = (await Promise.all(APPS.map(entryPointsOf))).flat().map((path) => basename(path, '.js'));
  const sources: string[] = [];
  for await (const path of glob('functions/*/*.ts', { cwd: ROOT })) sources.push(basename(path, '.ts'));
  expect(packaged.sort()).toEqual(sources.sort());
});

// The bundler names each module above its code.
test.each([
  ['shared/azure/key-vault-signer.ts', ['seal']],
  ['node_modules/@azure/keyvault-keys/', ['seal']],
  ['shared/seal/compose-segment.ts', ['seal']],
  ['shared/azure/blob-immutable-store.ts', ['seal', 'report']],
  ['shared/azure/log-analytics-query.ts', ['observe']],
  ['node_modules/@azure/monitor-query/', ['observe']],
  ['shared/normalize/github.ts', ['seal']],
  ['shared/azure/table-index-tables.ts', ['observe', 'seal', 'report']],
  ['shared/collect/github.ts', ['collect']],
  ['shared/collect/approvals.ts', ['decide']],
])('%s is in %j alone: an app holds no code that it does not run', async (module, expected) => {
  const holders: string[] = [];
  for (const app of APPS) {
    const lines = (await codeOf(app)).split('\n');
    if (lines.some((line) => line.startsWith('// ') && line.includes(module))) holders.push(app);
  }
  expect(holders).toEqual(expected);
});

test('the packages collect and seal take a webhook to a sealed record, normalized by the worker in the package', async () => {
  const storage = await startStorage({
    dataDir: join(folder, 'storage'),
    containers: ['tiles', 'spill-collect', 'spill-observe', 'spill-decide', 'spill-report'],
    worm: { trail: { createOnly: true }, evidence: { createOnly: true } },
  });
  const keys = join(folder, 'keys');
  await createFileKey(keys);
  const connections = {
    SpillStorage: storage.connectionString,
    TrailStorage: storage.connectionString,
    IndexStorage: storage.connectionString,
  };
  const secret = 'a secret of this test alone';
  const [collect, seal] = await Promise.all([
    startPackage('collect', { ...connections, INDELIBLE_GITHUB_SECRET: secret }),
    startPackage('seal', {
      ...connections,
      INDELIBLE_TRAIL: 'audit.example/package',
      INDELIBLE_SIGNING_KEY: keys,
      INDELIBLE_CONFIGURATION: join(out, 'seal'),
    }),
  ]);
  try {
    const example = await readFile(join(ROOT, 'test/fixtures/github/push-commits.json'), 'utf8');
    const body = JSON.stringify((JSON.parse(example) as { payload: object }).payload);
    const answer = await fetch(`${collect.url}/api/collect/github`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': '7d1c3b1e-0000-4000-8000-000000000001',
        'x-hub-signature-256': sign(secret, body),
      },
      body,
    });
    expect(answer.status).toBe(202);

    const trail = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient('trail');
    const segments = await vi.waitFor(
      async () => {
        const found: Buffer[] = [];
        for await (const { name } of trail.listBlobsFlat({ prefix: 'segments/' })) {
          if (name.includes('/web/')) found.push(await trail.getBlobClient(name).downloadToBuffer());
        }
        expect(found, `the sealer said ${JSON.stringify(seal.logs().slice(-5))}`).not.toEqual([]);
        return found;
      },
      { timeout: 20_000, interval: 200 },
    );
    const types = segments.flatMap((blob) => parseSegment(blob).leaves.map((leaf) => parseCanonicalRecord(leaf).type));
    expect(types).toContain('indelible.code.branch.pushed');
    expect(types).not.toContain(UNRECOGNIZED_TYPE);
    const { version, indelible } = JSON.parse(await readFile(join(out, 'seal/package.json'), 'utf8')) as {
      version: string;
      indelible?: { commit: string };
    };
    const build = indelible === undefined ? '' : `+${indelible.commit}`;
    // An auditor looks up what the sealer ran.
    expect(segments.map((blob) => parseSegment(blob).seal.code)).toEqual(
      segments.map(() => `indelible/${version}${build}`),
    );
  } finally {
    await Promise.all([collect.stop(), seal.stop()]);
    await storage.stop();
  }
}, 60_000);

test('two builds are the same, byte for byte: what is deployed can be compared with its sources', async () => {
  const again = join(folder, 'again');
  await packageApps('--out', again, '--sample');
  for (const app of APPS) {
    const [first, second] = await Promise.all([filesOf(join(out, app)), filesOf(join(again, app))]);
    expect([...second.keys()]).toEqual([...first.keys()]);
    for (const [path, bytes] of first) expect(sha256(second.get(path)), `${app}/${path}`).toBe(sha256(bytes));
  }
}, 60_000);

function sha256(bytes: Buffer | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}

test("a project's own configuration and all its past versions go into the packages of seal and report, and into no other", async () => {
  const mine = join(folder, 'mine');
  const past = await readFile(join(ROOT, 'local/sample/indelible.yaml'), 'utf8');
  const hash = sha256(Buffer.from(past));
  await mkdir(join(mine, 'indelible.history'), { recursive: true });
  await writeFile(join(mine, `indelible.history/${hash}.yaml`), past);
  const current = past.replace('\nversion: 1\n', `\nversion: 1\nprevious: ${hash}\n`);
  await writeFile(join(mine, 'indelible.yaml'), current);
  const configured = join(folder, 'configured');
  await packageApps('--out', configured, '--configuration', mine, '--app', 'seal');
  await packageApps('--out', configured, '--configuration', mine, '--app', 'report');
  await packageApps('--out', configured, '--configuration', mine, '--app', 'decide');

  for (const app of ['seal', 'report']) {
    const files = await filesOf(join(configured, app));
    expect(files.get('indelible.yaml')?.toString()).toBe(current);
    expect(files.get(`indelible.history/${hash}.yaml`)?.toString()).toBe(past);
  }
  const decide = await filesOf(join(configured, 'decide'));
  expect([...decide.keys()].filter((path) => path.startsWith('indelible'))).toEqual([]);
}, 60_000);

test('the package of seal names the commit of the configuration, whose repository may be another than the code’s', async () => {
  const mine = join(folder, 'committed');
  await mkdir(mine);
  await cp(join(ROOT, 'local/sample/indelible.yaml'), join(mine, 'indelible.yaml'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=m', '-c', 'user.email=m@example.com', ...args], {
      cwd: mine,
      encoding: 'utf8',
    }).trim();
  git('init', '-q');
  const packaged = join(folder, 'from-commit');
  await packageApps('--out', packaged, '--configuration', mine, '--app', 'seal');
  expect((await filesOf(join(packaged, 'seal'))).has('indelible.commit')).toBe(false);
  git('add', '.');
  git('commit', '-qm', 'configuration');
  const { stdout } = await packageApps('--out', packaged, '--configuration', mine, '--app', 'seal');
  const commit = git('rev-parse', 'HEAD');
  expect(stdout).toContain(`${mine}: commit ${commit}`);
  expect((await loadHistory(join(packaged, 'seal'))).commit).toBe(commit);
}, 60_000);

test('a configuration that the sealer would refuse at its start is not packaged', async () => {
  const broken = join(folder, 'broken');
  await mkdir(broken);
  await writeFile(join(broken, 'indelible.yaml'), 'version: 1\nprojects: 3\n');
  const packaged = packageApps('--out', join(folder, 'refused'), '--configuration', broken, '--app', 'seal');
  await expect(packaged).rejects.toThrow(`The configuration in ${broken} cannot be used: indelible.yaml:`);
  expect(await readdir(folder)).not.toContain('refused');
});

test('a second run leaves nothing of the first one behind, and removes no folder that it did not make', async () => {
  const twice = join(folder, 'twice');
  await cp(join(out, 'observe'), join(twice, 'observe'), { recursive: true });
  await writeFile(join(twice, 'observe/functions/removed-since.js'), '');
  await packageApps('--out', twice, '--app', 'observe');
  expect([...(await filesOf(join(twice, 'observe'))).keys()]).not.toContain('functions/removed-since.js');

  await mkdir(join(twice, 'collect'));
  await writeFile(join(twice, 'collect/precious.txt'), '');
  await expect(packageApps('--out', twice, '--app', 'collect')).rejects.toThrow(/no earlier package/);
  expect(await readdir(join(twice, 'collect'))).toEqual(['precious.txt']);
});

test('the sample configuration is not packaged unless it is asked for, nor without a word: a trail would keep it for good', async () => {
  const sample = join(ROOT, 'local/sample');
  for (const options of [[], ['--app', 'seal'], ['--app', 'report'], ['--sample', '--configuration', sample]]) {
    const refused = packageApps('--out', join(folder, 'unsampled'), ...options);
    await expect(refused).rejects.toThrow(/--configuration.*--sample/);
  }
  expect(await readdir(folder)).not.toContain('unsampled');
  for (const options of [['--sample'], ['--configuration', sample]]) {
    const { stderr } = await packageApps('--out', join(folder, 'sampled'), '--app', 'seal', ...options);
    expect(stderr).toMatch(/^WARNING: .*SAMPLE configuration/);
  }
  const mine = join(folder, 'not-the-sample');
  await cp(sample, mine, { recursive: true });
  for (const options of [
    ['--app', 'seal', '--configuration', mine],
    ['--app', 'report', '--sample'],
  ]) {
    expect((await packageApps('--out', join(folder, 'sampled'), ...options)).stderr).toBe('');
  }
}, 60_000);

test('a wrong option is answered with the usage, not with a stack trace', async () => {
  const failed = await packageApps('--wat').catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringMatching(/--wat[^]*\nUsage: npm run package -- /) });
  expect((failed as { stderr: string }).stderr).not.toMatch(/^\s+at /m);
  const { stdout } = await packageApps('--help');
  expect(stdout).toMatch(/^Usage: npm run package -- [^]*--app[^]*--configuration[^]*--sample[^]*--out/);
});

test('an app that does not exist is refused by name', async () => {
  await expect(packageApps('--out', join(folder, 'none'), '--app', 'colect')).rejects.toThrow(/There is no app colect/);
});
