import { hash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { inForceAt, judgeAdoption, loadHistory } from '../../shared/authorize/history.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-history-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const sha256 = (text: string) => hash('sha256', text, 'hex');
const version = (from: string, previous?: string) =>
  `version: 1\nfrom: ${from}\n${previous === undefined ? '' : `previous: ${sha256(previous)}\n`}projects: []\n`;

const FIRST = version('2026-01-01T00:00:00Z');
const SECOND = version('2026-02-01T00:00:00Z', FIRST);
const THIRD = version('2026-02-01T00:00:00Z', SECOND);
const OTHER = version('2026-01-15T00:00:00Z', FIRST);

/** Writes the current version and those before it, under their hashes or the names given. */
async function deploy(current: string, past: readonly (string | { name: string; text: string })[]): Promise<void> {
  await writeFile(join(folder, 'indelible.yaml'), current);
  await mkdir(join(folder, 'indelible.history'));
  for (const each of past) {
    const { name, text } = typeof each === 'string' ? { name: `${sha256(each)}.yaml`, text: each } : each;
    await writeFile(join(folder, 'indelible.history', name), text);
  }
}

describe('loading the history of indelible.yaml', () => {
  it('knows every version that led to this one', async () => {
    await deploy(THIRD, [FIRST, SECOND]);
    const history = await loadHistory(folder);
    expect(history.current.sha256).toBe(sha256(THIRD));
    expect([...history.predecessors.keys()]).toEqual([sha256(SECOND), sha256(FIRST)]);
    expect(history.predecessors.get(sha256(FIRST))?.from).toBe('2026-01-01T00:00:00.000Z');
    expect(history.isPredecessor(sha256(FIRST))).toBe(true);
    expect(history.isPredecessor(sha256(THIRD))).toBe(false);
  });

  it('needs no folder for the first version', async () => {
    await writeFile(join(folder, 'indelible.yaml'), FIRST);
    expect((await loadHistory(folder)).predecessors.size).toBe(0);
  });

  it('refuses to start without indelible.yaml, naming where it looked', async () => {
    await expect(loadHistory(folder)).rejects.toThrow(`There is no indelible.yaml in ${folder}`);
  });

  it('refuses a chain with a version missing, which would make an adopted one look foreign', async () => {
    await deploy(THIRD, [SECOND]);
    await expect(loadHistory(folder)).rejects.toThrow(`indelible.history/${sha256(FIRST)}.yaml is not there`);
  });

  it('refuses a version that was edited after its time, or whose line endings were converted', async () => {
    await deploy(SECOND, [{ name: `${sha256(FIRST)}.yaml`, text: FIRST.replaceAll('\n', '\r\n') }]);
    await expect(loadHistory(folder)).rejects.toThrow('was edited');
  });

  it('refuses a version of another branch, which nobody could tell from a predecessor', async () => {
    await deploy(SECOND, [FIRST, OTHER]);
    await expect(loadHistory(folder)).rejects.toThrow(`${sha256(OTHER)}.yaml is no predecessor`);
  });

  it('refuses a current version that lies in its own history, and files of other names', async () => {
    await deploy(SECOND, [FIRST, SECOND]);
    await expect(loadHistory(folder)).rejects.toThrow('is indelible.yaml itself');
    await rm(join(folder, 'indelible.history'), { recursive: true });
    await deploy(SECOND, [FIRST, { name: 'notes.txt', text: '' }]);
    await expect(loadHistory(folder)).rejects.toThrow('indelible.history/notes.txt is not named <sha256>.yaml');
  });

  it('refuses a version in force from earlier than the one before it, which would rewrite what was in force', async () => {
    const back = version('2026-01-31T23:59:59Z', SECOND);
    await deploy(back, [FIRST, SECOND]);
    await expect(loadHistory(folder)).rejects.toThrow('earlier than the version before it (2026-02-01T00:00:00.000Z)');
  });

  it('names the file of the history whose content is wrong', async () => {
    const wrong = `${FIRST}colours: []\n`;
    await deploy(version('2026-03-01T00:00:00Z', wrong), [wrong]);
    await expect(loadHistory(folder)).rejects.toThrow(`indelible.history/${sha256(wrong)}.yaml:4:1: "colours"`);
  });

  it('names every fault of every version at once, so that one pull request mends them all', async () => {
    const wrong = `${FIRST}colours: []\n`;
    await deploy(`${version('2026-03-01T00:00:00Z', wrong)}shapes: []\n`, [
      wrong,
      { name: `${sha256(FIRST)}.yaml`, text: SECOND },
      { name: 'notes.txt', text: '' },
    ]);
    const error = await loadHistory(folder).catch((each: unknown) => each);
    const faults = (error as Error).message.split('\n');
    expect(faults).toHaveLength(4);
    for (const fault of [
      'indelible.yaml:5:1: "shapes"',
      `indelible.history/${sha256(wrong)}.yaml:4:1: "colours"`,
      `indelible.history/${sha256(FIRST)}.yaml was edited`,
      'indelible.history/notes.txt is not named <sha256>.yaml',
    ]) {
      expect(faults).toContainEqual(expect.stringContaining(fault));
    }
  });

  it('knows the commit that the package names, and refuses what is none', async () => {
    await writeFile(join(folder, 'indelible.yaml'), FIRST);
    expect((await loadHistory(folder)).commit).toBeUndefined();
    await writeFile(join(folder, 'indelible.commit'), `${'5b8e3f70'.repeat(5)}\n`);
    expect((await loadHistory(folder)).commit).toBe('5b8e3f70'.repeat(5));
    for (const wrong of ['', 'main', '5B8E3F70'.repeat(5), `${'5b8e3f70'.repeat(5)}-dirty`]) {
      await writeFile(join(folder, 'indelible.commit'), wrong);
      await expect(loadHistory(folder)).rejects.toThrow('holds no commit');
    }
  });
});

describe('adopting a version', () => {
  it('goes forward only: a process with an older package must not seal under rules that were replaced', async () => {
    await deploy(SECOND, [FIRST]);
    const history = await loadHistory(folder);
    expect(judgeAdoption(history, undefined)).toBe('adopt');
    expect(judgeAdoption(history, sha256(FIRST))).toBe('adopt');
    expect(judgeAdoption(history, sha256(SECOND))).toBe('same');
    for (const foreign of [THIRD, OTHER]) {
      expect(() => judgeAdoption(history, sha256(foreign))).toThrow(
        expect.objectContaining({ name: 'SealError', code: 'configurationRolledBack' }),
      );
    }
  });
});

describe('the version in force at a time', () => {
  const adopted = [
    { sha256: 'a', effective: '2026-01-01T00:00:00.000Z' },
    { sha256: 'b', effective: '2026-02-01T00:00:00.000Z' },
    { sha256: 'c', effective: '2026-02-01T00:00:00.000Z' },
  ];

  it('is the last one effective by then, and unknown before the list begins', () => {
    expect(inForceAt(adopted, '2025-12-31T23:59:59.999Z')).toBeUndefined();
    expect(inForceAt(adopted, '2026-01-01T00:00:00.000Z')).toBe('a');
    expect(inForceAt(adopted, '2026-01-31T23:59:59.999Z')).toBe('a');
    expect(inForceAt(adopted, '2026-02-01T00:00:00.000Z')).toBe('c');
    expect(inForceAt([], '2026-02-01T00:00:00.000Z')).toBeUndefined();
  });
});
