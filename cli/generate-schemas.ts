import { writeFile } from 'node:fs/promises';

import { toJsonSchemas } from './json-schemas.ts';

/** Writes the JSON Schemas into docs/, from the project's root. */
for (const { file, schema } of toJsonSchemas()) await writeFile(file, `${JSON.stringify(schema, null, 2)}\n`);
