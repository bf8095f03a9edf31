import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { runCli } from '../../cli/program.ts';
import { readDocument } from './fenced-blocks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENTS = ['.', 'docs'].flatMap((folder) =>
  readdirSync(path.join(ROOT, folder)).flatMap((name) => (name.endsWith('.md') ? path.join(folder, name) : [])),
);

/** Anchors as GitHub makes them of headings. */
function anchorsOf(document: string): Set<string> {
  const headings = [...document.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  return new Set(headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}

/** `indelible <command> --help`. */
async function helpOf(command: string): Promise<string> {
  let said = '';
  const say = (text: string) => void (said += text);
  const code = await runCli([command, '--help'], { out: say, err: say, isWatched: false, now: () => 0 });
  return code === 0 ? said : '';
}

describe.each(DOCUMENTS)('what %s refers to is there', (name) => {
  const document = readDocument(name);

  it('files of the project, in texts and links', () => {
    const named = [...document.matchAll(/`((?:shared|test|cli|functions|local|bench|docs)\/[\w./-]+\.\w+)`/g)];
    const linked = [...document.matchAll(/\]\(([^)#\s]+\.(?:md|json))(?:#[^)]*)?\)/g)];
    const missing = [
      ...named.flatMap(([, file = '']) => (existsSync(path.join(ROOT, file)) ? [] : file)),
      ...linked.flatMap(([, file = '']) => (existsSync(path.join(ROOT, path.dirname(name), file)) ? [] : file)),
    ];
    expect(missing).toEqual([]);
  });

  it('sections', () => {
    const links = [...document.matchAll(/\]\(([^)#\s]*)#([^)\s]+)\)/g)];
    const missing = links.filter(([, file = '', anchor = '']) => {
      const target = file === '' ? document : readDocument(path.join(path.dirname(name), file));
      return !anchorsOf(target).has(anchor);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it('npm scripts', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const used = [...document.matchAll(/npm (?:run ([\w:]+)|(start|test)\b)/g)].map(
      ([, run, other]) => run ?? other ?? '',
    );
    expect([...new Set(used)].filter((each) => !Object.hasOwn(scripts, each))).toEqual([]);
  });

  it('commands of indelible and their options', async () => {
    const used = [...document.matchAll(/npx indelible ([a-z-]+)([^`\n]*)/g)];
    for (const [line, command = '', rest = ''] of used) {
      const help = await helpOf(command);
      const options = [...rest.matchAll(/--[a-z-]+/g)].map(([option]) => option);
      expect(`${line}
${help}`).toContain(`Usage: indelible ${command}`);
      expect(options.filter((option) => !help.includes(option))).toEqual([]);
    }
  });

  it('settings', () => {
    const code =
      readFileSync(path.join(ROOT, 'shared/config.ts'), 'utf8') +
      readFileSync(path.join(ROOT, 'test/corpus/corpus-files.ts'), 'utf8');
    const used = [...document.matchAll(/`(INDELIBLE_[A-Z_]+)`/g)].map(([, setting = '']) => setting);
    expect(used.filter((setting) => !code.includes(setting))).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  const document = readDocument('docs/operations.md');

  it('says what to do for every code that stops a log', () => {
    const source = readFileSync(path.join(ROOT, 'shared/errors.ts'), 'utf8');
    const union = source.slice(source.indexOf('export type SealErrorCode'), source.indexOf('export class SealError'));
    const codes = [...union.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(5);
    expect(codes.filter((code) => !document.includes(`| \`${code}\` `))).toEqual([]);
  });

  it('names every setting that an app reads', () => {
    const source = readFileSync(path.join(ROOT, 'shared/config.ts'), 'utf8');
    const settings = [...source.matchAll(/^ {4}(INDELIBLE_[A-Z_]+):/gm)].map(([, setting]) => setting);
    const composed = readFileSync(path.join(ROOT, 'shared/compose.ts'), 'utf8');
    const connections = [...composed.matchAll(/readConnection\(environment, '(\w+)'/g)].map(([, each]) => `${each}__`);
    expect(settings.length).toBeGreaterThan(6);
    expect(connections.length).toBeGreaterThan(3);
    expect([...settings, ...connections].filter((each) => !document.includes(`\`${each}`))).toEqual([]);
  });

  it('names every count that an app makes', () => {
    const source = readFileSync(path.join(ROOT, 'shared/publish/telemetry.ts'), 'utf8');
    const counts = [...(/name: ('[^,]+),/.exec(source)?.[1]?.matchAll(/'(\w+)'/g) ?? [])].map(([, count]) => count);
    expect(counts.length).toBeGreaterThan(4);
    expect(counts.filter((count) => !document.includes(`metric \`${count}\``))).toEqual([]);
  });
});

describe('docs/design.md', () => {
  it('names tests that are there, for every invariant', () => {
    const document = readDocument('docs/design.md');
    const rows = [...document.matchAll(/^\| (\d) +\|.*$/gm)];
    expect(rows.map(([, number]) => Number(number))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const named = rows.map(([row]) => [...row.matchAll(/`(test\/[\w/.-]+)`(?: \("([^"]+?)( …)?"\))?/g)]);
    expect(named.every((files) => files.length > 0)).toBe(true);
    for (const [, file = '', title = ''] of named.flat()) {
      expect(readFileSync(path.join(ROOT, file), 'utf8')).toContain(title);
    }
  });
});
