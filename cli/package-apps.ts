/**
 * `npm run package`: one deployment package per function app, each with its own functions and nothing else.
 *
 *     npm run package -- [--app NAME] (--configuration DIR | --sample) [--out DIR]
 *
 *     dist-packages/seal/
 *       package.json            `main` matches functions/ alone: the Functions worker loads every file that it matches
 *       host.json
 *       functions/<name>.js     one file a function, of that name
 *       chunks/                 what several of them share
 *       normalizer-worker.js    processes and threads of their own, where the app starts any
 *       indelible.yaml, indelible.history/      seal and report
 *       indelible.commit        the commit that brought that version into its repository
 *
 * The same sources give the same bytes, so anyone can build a package again and compare it with what is deployed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';
import type { BuildOptions, Metafile, OutputFile, Plugin } from 'esbuild';
import { z } from 'zod';

import { COMMIT_FILE } from '../shared/authorize/history.ts';
import type { App } from '../shared/config.ts';
import { SettingsError } from '../shared/errors.ts';
import { CliError } from './cli-error.ts';
import { findConfigurationCommit } from './configuration-commit.ts';
import { loadConfiguration } from './load-configuration.ts';

const ROOT = resolve(import.meta.dirname, '..');
const SAMPLE = join(ROOT, 'local/sample');
const CONFIGURATION = ['indelible.yaml', 'indelible.history'];
const APPS: readonly App[] = ['collect', 'observe', 'decide', 'seal', 'report'];
/** `seal` judges each record by it, `report` what the votes on a request are worth. */
const CONFIGURED: readonly App[] = ['seal', 'report'];
const OUT = 'dist-packages';
const USAGE = `Usage: npm run package -- [--app NAME] (--configuration DIR | --sample) [--out DIR]

  --app NAME           ${APPS.join(', ')}; default: all
  --configuration DIR  folder with your indelible.yaml and indelible.history/, for ${CONFIGURED.join(' and ')}
  --sample             the project's sample in its place: to try packages, never for a deployment
  --out DIR            default: ${OUT} in the project
`;

/** Entry files that are started by path. A package whose code holds `startedBy` needs them, at its top. */
const WORKERS = [
  { entry: 'shared/normalize/normalizer-worker.ts', startedBy: 'shared/normalize/normalizer-worker-url.ts' },
  { entry: 'shared/verify/segment-worker.ts', startedBy: 'shared/verify/segment-worker-url.ts' },
] as const;

const rootPackageSchema = z.object({ version: z.string(), engines: z.object({ node: z.string() }) });

/** A module of ours is there for what it exports: where nothing of it is used, a package goes without it. */
const leaveOutUnused: Plugin = {
  name: 'leave-out-unused',
  setup(bundling) {
    bundling.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      sideEffects: false,
    }));
  },
};

async function packageApps(apps: readonly App[], configuration: string, out: string): Promise<void> {
  const rootPackage = rootPackageSchema.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
  const commit = readCommit();
  // A package that could not start with its configuration is not made.
  const isConfigured = apps.some((app) => CONFIGURED.includes(app));
  if (isConfigured) await loadConfiguration(configuration);
  const configurationCommit = isConfigured ? tellCommit(configuration) : undefined;
  for (const app of apps) {
    const files = await bundle(app, commit);
    const folder = join(out, app);
    await clear(folder, nameOf(app));
    for (const { path, contents } of files) {
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, contents);
    }
    await cp(join(ROOT, 'host.json'), join(folder, 'host.json'));
    const manifest = {
      name: nameOf(app),
      version: rootPackage.version,
      type: 'module',
      main: 'functions/*.js',
      engines: rootPackage.engines,
      ...(commit !== undefined && { indelible: { commit } }),
    };
    await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    if (CONFIGURED.includes(app)) await copyConfiguration(configuration, folder, configurationCommit);
    const bytes = files.reduce((sum, { contents }) => sum + contents.length, 0);
    process.stdout.write(`${folder}: ${Math.ceil(bytes / 1024)} KiB of code, ${commit ?? 'no commit'}\n`);
  }
}

function nameOf(app: App): string {
  return `indelible-${app}`;
}

/** The app's functions and what they start, as files of the package. */
async function bundle(
  app: App,
  commit: string | undefined,
): Promise<{ readonly path: string; readonly contents: Uint8Array }[]> {
  const sources = (await readdir(join(ROOT, 'functions', app))).filter((name) => name.endsWith('.ts')).sort();
  if (sources.length === 0) throw new CliError(`functions/${app} holds no function.`);
  const functions = sources.map((name) => ({
    in: join('functions', app, name),
    out: join('functions', basename(name, '.ts')),
  }));
  const alone = await build(optionsFor(functions, commit));
  const workers = WORKERS.filter(({ startedBy }) => holds(alone.metafile, startedBy)).map(({ entry }) => ({
    in: entry,
    out: basename(entry, '.ts'),
  }));
  const built = workers.length === 0 ? alone : await build(optionsFor([...functions, ...workers], commit));
  return built.outputFiles.map(({ path, contents }: OutputFile) => ({ path: path.slice(ROOT.length + 1), contents }));
}

function optionsFor(entryPoints: readonly { readonly in: string; readonly out: string }[], commit: string | undefined) {
  return {
    entryPoints: [...entryPoints],
    absWorkingDir: ROOT,
    outdir: '.',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    define: commit === undefined ? {} : { INDELIBLE_COMMIT: JSON.stringify(commit) },
    // Not minified, for it would load no faster (tried): a stack trace of what is deployed can be read, and so can the code.
    minify: false,
    // The Functions worker answers `require` of this name itself; the library asks for it, and CommonJS parts for Node's own.
    external: ['@azure/functions-core'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [leaveOutUnused],
    // A module of ours that is imported for what it does, not for what it exports, would be left out.
    logOverride: { 'ignored-bare-import': 'error' },
    metafile: true,
    write: false,
    logLevel: 'warning',
  } as const satisfies BuildOptions;
}

function holds({ outputs }: Metafile, source: string): boolean {
  return Object.values(outputs).some(({ inputs }) => (inputs[source]?.bytesInOutput ?? 0) > 0);
}

/** Of the sources, `-dirty` where files that git knows differ from it; undefined outside a repository. */
function readCommit(): string | undefined {
  if (!existsSync(join(ROOT, '.git'))) return undefined;
  const describe = ['describe', '--always', '--exclude=*', '--abbrev=40', '--dirty'];
  try {
    // Without a lock: a build does not stand in the way of somebody who commits.
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
    return execFileSync('git', describe, {
      cwd: ROOT,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined; // no git on this machine, or a repository without a commit
  }
}

async function copyConfiguration(from: string, to: string, commit: string | undefined): Promise<void> {
  for (const name of CONFIGURATION) {
    if (existsSync(join(from, name))) await cp(join(from, name), join(to, name), { recursive: true });
  }
  if (commit !== undefined) await writeFile(join(to, COMMIT_FILE), `${commit}\n`);
}

/** Of the configuration, whose repository may be another than the code's. */
function tellCommit(configuration: string): string | undefined {
  const found = findConfigurationCommit(configuration, CONFIGURATION);
  const said =
    'commit' in found ? `commit ${found.commit}` : `no commit, and its adoption will name none: ${found.reason}`;
  process.stdout.write(`${configuration}: ${said}\n`);
  return 'commit' in found ? found.commit : undefined;
}

/** Removes the package that an earlier run made, and nothing else that may lie there. */
async function clear(folder: string, name: string): Promise<void> {
  if (!existsSync(folder)) return;
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  if (!z.object({ name: z.literal(name) }).safeParse(JSON.parse(manifest)).success) {
    throw new CliError(`${folder} is no earlier package of ${name}. Remove it, or give another --out.`);
  }
  await rm(folder, { recursive: true });
}

function isApp(name: string): name is App {
  return APPS.some((app) => app === name);
}

interface Options {
  readonly apps: readonly App[];
  readonly configuration: string;
  readonly out: string;
}

/** undefined where only help was asked for. Throws CliError. */
function readOptions(): Options | undefined {
  const { app, configuration, sample, out, help } = readFlags();
  if (help) return undefined;
  const apps = app === undefined ? APPS : [app].filter(isApp);
  if (apps.length === 0) throw new CliError(`There is no app ${app}; there are ${APPS.join(', ')}.`);
  if (sample && configuration !== undefined)
    throw new CliError('Give --configuration or --sample, not both: a package holds one of them.');
  const configured = apps.filter((each) => CONFIGURED.includes(each));
  if (configured.length > 0 && configuration === undefined && !sample) {
    // A trail keeps the first version that it adopts for good.
    throw new CliError(
      `The package of ${configured.join(' and ')} holds your indelible.yaml, and a trail keeps the first version that it adopts for good: name its folder with --configuration DIR. To try packages with the project's sample: --sample.`,
    );
  }
  return { apps, configuration: resolve(configuration ?? SAMPLE), out: resolve(out) };
}

function readFlags() {
  try {
    return parseArgs({
      options: {
        app: { type: 'string' },
        configuration: { type: 'string' },
        sample: { type: 'boolean', default: false },
        out: { type: 'string', default: join(ROOT, OUT) },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    throw new CliError(`${cause instanceof Error ? cause.message : String(cause)}\n${USAGE}`, { cause });
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const { apps, configuration, out } = options;
  await packageApps(apps, configuration, out);
  if (!apps.includes('seal') || configuration !== SAMPLE) return;
  process.stderr.write(
    `WARNING: ${join(out, 'seal')} holds the SAMPLE configuration (${SAMPLE}), of a company that is not yours.\n` +
      'A trail keeps the first version that it adopts for good: for a deployment give your own with --configuration DIR.\n',
  );
}

main().catch((error: unknown) => {
  if (error instanceof CliError || error instanceof SettingsError) {
    process.stderr.write(`${error.message.trimEnd()}\n`);
  } else {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  process.exitCode = 2;
});
