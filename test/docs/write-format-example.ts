import { writeFileSync } from 'node:fs';

import { readDocument, replaceBlocks } from './fenced-blocks.ts';
import { makeFormatExample } from './format-example.ts';

/** Writes the worked example into docs/format.md: `node test/docs/write-format-example.ts`, from the project's root. */
const { blocks } = await makeFormatExample();
writeFileSync('docs/format.md', replaceBlocks(readDocument('docs/format.md'), blocks));
