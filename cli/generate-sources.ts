import { writeFile } from 'node:fs/promises';

import { toSourcesDocument } from './sources-document.ts';

/** Writes docs/sources.md, from the project's root. */
await writeFile('docs/sources.md', await toSourcesDocument());
