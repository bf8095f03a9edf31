import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findConfigurationCommit } from '../../cli/configuration-commit.ts';
import { toJsonSchemas } from '../../cli/json-schemas.ts';
import { runCli } from '../../cli/program.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const FIRST = `version: 1
from: 2026-01-01T00:00:00Z
projects:
  - { id: payments, sources: ['https://github.com/acme/payments'] }
identities:
  - { id: mona, accounts: ['github:1001'] }
roles:
  - { id: approver }
`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const SECOND = `${FIRST.replace('projects:', `previous: ${sha256(FIRST)}\nprojects:`)}grants:
  - { identity: mona, role: approver, project: payments, from: 2026-02-01T00:00:00Z }
`;

async function deploy(current: string, ...past: string[]): Promise<void> {
  await writeFile(join(folder, 'indelible.yaml'), current);
  await mkdir(join(folder, 'indelible.history'), { recursive: true });
  for (const each of past) await writeFile(join(folder, 'indelible.history', `${sha256(each)}.yaml`), each);
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    isWatched: false,
    now: () => 0,
  };
  return { code: await runCli(args, terminal), out, err };
}

describe('indelible config check', () => {
  it('ends with 0 where the sealer could start with it', async () => {
    await deploy(SECOND, FIRST);
    const { code, out } = await run('config', 'check', folder);
    expect(code).toBe(0);
    expect(out).toContain(sha256(SECOND));
    expect(out).toContain('1 project, 0 environments, 1 identity, 1 grant, 0 matrix entries, 1 version before.');
    const json = await run('config', 'check', folder, '--json');
    expect(JSON.parse(json.out)).toEqual({ faults: [], sha256: sha256(SECOND), from: '2026-01-01T00:00:00.000Z' });
  });

  it('ends with 1 and names every fault of every version by file, line and column', async () => {
    const wrong = `${FIRST}grants:\n  - { identity: octo, role: boss, project: payments, from: 2026-02-01T00:00:00Z }\n`;
    await deploy(`${SECOND}colours: []\n`, wrong);
    const { code, out } = await run('config', 'check', folder);
    expect(code).toBe(1);
    const past = `indelible.history/${sha256(wrong)}.yaml`;
    expect(out.trimEnd().split('\n')).toEqual([
      'indelible.yaml:12:1: "colours" is not known here: correct or remove it',
      `${past}:10:17: "grants.0.identity" is not declared: there is no identity "octo"`,
      `${past}:10:29: "grants.0.role" is not declared: there is no role "boss"`,
      `3 faults in ${folder}.`,
    ]);
    const json = await run('config', 'check', folder, '--json');
    expect(json.code).toBe(1);
    expect((JSON.parse(json.out) as { faults: string[] }).faults).toHaveLength(3);
  });

  it('ends with 1 where a version before is missing, and with 2 where there is nothing to look at', async () => {
    await deploy(SECOND);
    expect(await run('config', 'check', folder)).toMatchObject({
      code: 1,
      out: expect.stringContaining('is not there'),
    });
    const nothing = await run('config', 'check', join(folder, 'nowhere'));
    expect(nothing).toMatchObject({ code: 2, err: expect.stringContaining('There is no indelible.yaml in') });
  });

  it('holds for the sample', async () => {
    expect(await run('config', 'check', 'local/sample')).toMatchObject({ code: 0 });
  });
});

describe('indelible config diff', () => {
  it('tells from the version before what changes, and who gains what', async () => {
    await deploy(SECOND, FIRST);
    const { code, out } = await run('config', 'diff', folder);
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual([
      `From ${sha256(FIRST)}`,
      `  to ${sha256(SECOND)}, in force from 2026-01-01T00:00:00.000Z`,
      '+ grants.mona: approver in payments: from 2026-02-01T00:00:00.000Z, open',
      'Who gains what:',
      '  mona: approver in payments, from 2026-02-01T00:00:00.000Z, open',
    ]);
  });

  it('compares any two files, in both directions', async () => {
    await deploy(SECOND, FIRST);
    const old = join(folder, 'indelible.history', `${sha256(FIRST)}.yaml`);
    const { code, out } = await run('config', 'diff', folder, old, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      old: sha256(SECOND),
      new: sha256(FIRST),
      changes: [{ path: 'grants.mona: approver in payments', from: 'from 2026-02-01T00:00:00.000Z, open' }],
      gained: [],
      lost: [{ identity: 'mona', what: 'approver in payments, from 2026-02-01T00:00:00.000Z, open' }],
    });
    expect((await run('config', 'diff', old, old)).out).toContain('Nothing changes.');
  });

  it('ends with 2 where there is nothing to compare', async () => {
    await deploy(FIRST);
    expect(await run('config', 'diff', folder)).toMatchObject({
      code: 2,
      err: expect.stringContaining('is the first version: there is none before it'),
    });
    expect(await run('config', 'diff', join(folder, 'none.yaml'), folder)).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be read'),
    });
    await deploy('version: 3\n');
    expect(await run('config', 'diff', folder, folder)).toMatchObject({
      code: 2,
      err: expect.stringContaining('"version" must be 1'),
    });
  });
});

describe('the commit of a configuration', () => {
  const NAMES = ['indelible.yaml', 'indelible.history'];
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'm',
    GIT_AUTHOR_EMAIL: 'm@example.com',
    GIT_COMMITTER_NAME: 'm',
    GIT_COMMITTER_EMAIL: 'm@example.com',
  };
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' }).trim();
  async function commit(name: string, text: string): Promise<string> {
    await writeFile(join(folder, name), text);
    git('add', '.');
    git('commit', '-qm', name);
    return git('rev-parse', 'HEAD');
  }

  it('is the one that merged the last change of it, not a later one of something else', async () => {
    git('init', '-q', '-b', 'main');
    const first = await commit('indelible.yaml', FIRST);
    await commit('other.txt', '1');
    expect(findConfigurationCommit(folder, NAMES)).toEqual({ commit: first });
    git('checkout', '-qb', 'change');
    const change = await commit('indelible.yaml', SECOND);
    git('checkout', '-q', 'main');
    await commit('other.txt', '2');
    git('merge', '-q', '--no-ff', '--no-edit', 'change');
    const merge = git('rev-parse', 'HEAD');
    await commit('other.txt', '3');
    expect(merge).not.toBe(change);
    expect(findConfigurationCommit(folder, NAMES)).toEqual({ commit: merge });
  });

  it('is not told where it would be a wrong one: changed, ignored, in a shallow clone, in no repository', async () => {
    expect(findConfigurationCommit(folder, NAMES)).toEqual({ reason: expect.stringContaining('no Git repository') });
    git('init', '-q', '-b', 'main');
    await commit('.gitignore', 'ignored\n');
    await writeFile(join(folder, 'indelible.yaml'), FIRST);
    const differs = { reason: expect.stringContaining('differs from what is committed') };
    expect(findConfigurationCommit(folder, NAMES)).toEqual(differs);
    await commit('indelible.yaml', FIRST);
    expect(findConfigurationCommit(folder, NAMES)).toHaveProperty('commit');
    await writeFile(join(folder, 'indelible.yaml'), SECOND);
    expect(findConfigurationCommit(folder, NAMES)).toEqual(differs);
    await mkdir(join(folder, 'ignored'));
    await writeFile(join(folder, 'ignored/indelible.yaml'), FIRST);
    expect(findConfigurationCommit(join(folder, 'ignored'), NAMES)).toEqual(differs);
    execFileSync('git', ['clone', '-q', '--depth', '1', `file://${folder}`, 'shallow'], { cwd: folder, env });
    expect(findConfigurationCommit(join(folder, 'shallow'), NAMES)).toEqual({
      reason: expect.stringContaining('shallow'),
    });
  });
});

describe('the JSON Schema of indelible.yaml', () => {
  interface Schema {
    readonly description?: string;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
    readonly additionalProperties?: unknown;
  }

  /** Members that an editor would complete without a word, and objects that it would take anything in. */
  function undescribed({ properties = {}, items, additionalProperties }: Schema, path: string): string[] {
    const own = Object.entries(properties).flatMap(([name, schema]) => [
      ...(schema.description === undefined ? [`${path}.${name}`] : []),
      ...undescribed(schema, `${path}.${name}`),
    ]);
    const open = Object.keys(properties).length > 0 && additionalProperties !== false ? [`${path} is open`] : [];
    return [...own, ...open, ...(items === undefined ? [] : undescribed(items, `${path}[]`))];
  }

  it('describes every member, at every depth, and takes no others', () => {
    const published = toJsonSchemas().find(({ file }) => file === 'docs/indelible.schema.json');
    const schema = published?.schema as Schema;
    expect(Object.keys(schema.properties ?? {})).toContain('matrix');
    expect(undescribed(schema, '')).toEqual([]);
  });
});
