import { readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

/** A comment, an empty line or none, a fenced block of any language. */
const NAMED_BLOCK = /<!-- example: ([^>]+?) -->\n\n?```([a-z]*)\n([\s\S]*?)```\n/g;

export function readDocument(name: string): string {
  return readFileSync(new URL(name, ROOT), 'utf8');
}

/** Name to content of the fenced blocks behind `<!-- example: NAME -->`. */
export function namedBlocks(document: string): Map<string, string> {
  return new Map([...document.matchAll(NAMED_BLOCK)].map(([, name = '', , content = '']) => [name, content]));
}

/** The document with the contents of its named blocks replaced, where `blocks` has them. */
export function replaceBlocks(document: string, blocks: ReadonlyMap<string, string>): string {
  return document.replace(NAMED_BLOCK, (whole, name: string, language: string, content: string) =>
    whole.replace(
      `\`\`\`${language}\n${content}\`\`\``,
      () => `\`\`\`${language}\n${blocks.get(name) ?? content}\`\`\``,
    ),
  );
}
