import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { untilSealed } from '../../local/until-sealed.ts';
import { VOTE_REFUSALS } from '../../shared/decide/folded.ts';
import { TABLES } from '../../shared/tabulate/index-tables.ts';
import { isObject } from '../../shared/wire/json.ts';
import { DECISION_KINDS } from '../../shared/wire/record.ts';
import { StackStage } from '../local/stack-stage.ts';
import { readDocument } from './fenced-blocks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = readDocument('docs/api.md');
const PATIENCE = 120_000;
const DONE = '@done';
const STATUS = /^@status (\d+)$/gm;

/** Shell blocks in their order, each with the block of JSON or text that follows it at once: what it prints. */
const BLOCKS = [...DOCUMENT.matchAll(/```sh\n([\s\S]*?)```\n(?:\n```(json|text)\n([\s\S]*?)```)?/g)].map(
  ([, commands = '', language, printed]) => ({ commands, language, printed }),
);

/** One shell for all blocks: what one sets the next one uses. `npx indelible` is this project's, curl says its status. */
class Shell {
  readonly #child: ChildProcess;
  #out = '';
  #wake: () => void = () => undefined;

  constructor(folder: string) {
    this.#child = spawn('bash', [], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#out += chunk.toString();
      this.#wake();
    });
    this.#child.stdin?.write(`exec 2>&1
      trap 'echo "@failed $BASH_COMMAND"' ERR
      npx() { shift; '${process.execPath}' '${join(ROOT, 'cli/main.ts')}' "$@"; }
      curl() { command curl -w '%{stderr}\\n@status %{http_code}\\n' "$@"; }
    `);
  }

  /** What the commands print, the statuses of curl among it. */
  async run(commands: string): Promise<string> {
    this.#out = '';
    this.#child.stdin?.write(`${commands}\necho; echo ${DONE}\n`);
    while (!this.#out.includes(`\n${DONE}\n`)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#out.replace(`\n${DONE}\n`, '');
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}

/** Of an answer what the document shows of it; `…` stands for any text. */
function pare(answer: unknown, shown: unknown): unknown {
  if (shown === '…') return typeof answer === 'string' ? shown : answer;
  if (Array.isArray(shown) && Array.isArray(answer)) return answer.map((each, i) => pare(each, shown[i]));
  if (!isObject(shown) || !isObject(answer)) return answer;
  return Object.fromEntries(Object.keys(shown).map((name) => [name, pare(answer[name], shown[name])]));
}

/** What differs from run to run: times, and the ids that hang on them. */
function mask(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/\b[0-9a-f]{32}\b/g, 'ID');
}

describe('docs/api.md', () => {
  let stage: StackStage;
  let shell: Shell;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-api-'));
    stage = await StackStage.open({ dataDir: join(folder, '.indelible') }, folder);
    await symlink(join(ROOT, 'local'), join(folder, 'local'));
    shell = new Shell(folder);
  }, PATIENCE);
  afterAll(async () => {
    await shell.end();
    await stage.close();
  }, PATIENCE);

  it('has commands that fail, or answer otherwise than it says', { timeout: 2 * PATIENCE }, async () => {
    const { file } = stage.stack;
    expect(BLOCKS.length).toBeGreaterThan(8);
    for (const { commands, language, printed } of BLOCKS) {
      if (/ query | approval |\$dave/.test(commands)) await untilSealed(file, PATIENCE);
      const out = await shell.run(commands.replaceAll('127.0.0.1:7071', new URL(file.api).host));
      const statuses = [...out.matchAll(STATUS)].map(([, status]) => status);
      const stated = [...commands.matchAll(/# (\d{3})$/gm)].map(([, status]) => status);
      expect({ commands, statuses, out }).toEqual({ commands, statuses: stated, out });
      expect(out).not.toContain('@failed');
      const said = out.replaceAll(STATUS, '').trim();
      const shown: unknown = language === 'json' ? JSON.parse(printed ?? '') : mask(printed?.trim() ?? said);
      expect(language === 'json' ? pare(JSON.parse(said), shown) : mask(said)).toEqual(shown);
    }
  });

  it('leaves out a table, a kind of decision, or a reason why a vote does not count', () => {
    expect([...TABLES, 'Progress'].filter((table) => !DOCUMENT.includes(`| \`${table}\``))).toEqual([]);
    expect(DECISION_KINDS.filter((kind) => !DOCUMENT.includes(`\`${kind}\``))).toEqual([]);
    expect(Object.keys(VOTE_REFUSALS).filter((why) => !DOCUMENT.includes(`| \`${why}\``))).toEqual([]);
  });
});
