import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** One payload that another project published. */
export interface CorpusFile {
  /** Its path inside the corpus, `/` between folders. */
  readonly file: string;
  /** The folder that it lies in: one a source. */
  readonly source: string;
  /** What the index says that it is, e.g. `github:push`. */
  readonly kind: string;
  readonly read: () => Buffer;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const INDEX = 'MANIFEST.jsonl';

function corpusFolder(): string {
  return path.resolve(ROOT, process.env['INDELIBLE_CORPUS'] ?? '../shared/corpus');
}

/**
 * False on a machine without the corpus, where nobody asked for it: its tests are skipped there, and shown as skipped. In CI,
 * and where INDELIBLE_CORPUS is set, a corpus that is missing fails them.
 */
export const HAS_CORPUS =
  process.env['CI'] !== undefined ||
  process.env['INDELIBLE_CORPUS'] !== undefined ||
  existsSync(path.join(corpusFolder(), INDEX));

/** The files that the corpus's own index lists. Throws where the corpus is not there. */
export function corpusFiles(): readonly CorpusFile[] {
  const folder = corpusFolder();
  const index = path.join(folder, INDEX);
  if (!existsSync(index)) {
    throw new Error(
      `The corpus of real payloads is not at ${folder}: it has no ${INDEX}. ` +
        "Set INDELIBLE_CORPUS to its folder, absolute or from the project's root (default: ../shared/corpus).",
    );
  }
  const lines = readFileSync(index, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const { file, kind } = JSON.parse(line) as { file: string; kind: string };
      return { file, kind, source: file.split('/')[0] ?? '', read: () => readFileSync(path.join(folder, file)) };
    });
}
