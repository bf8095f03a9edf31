import { z } from 'zod';

import { configurationSchema } from '../shared/authorize/configuration.ts';
import { SCHEMA_URI, recordSchema } from '../shared/wire/record.ts';

/** A published JSON Schema, and the file that holds it. */
export interface PublishedSchema {
  readonly file: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What `npm run generate` writes; a test holds the committed files equal to it. */
export function toJsonSchemas(): PublishedSchema[] {
  return [
    {
      file: 'docs/record.schema.json',
      schema: withHead(SCHEMA_URI, 'A record of the trail: a CloudEvents 1.0 event', z.toJSONSchema(recordSchema)),
    },
    {
      file: 'docs/indelible.schema.json',
      schema: withHead(
        'urn:indelible:configuration:1',
        'indelible.yaml',
        z.toJSONSchema(configurationSchema, { io: 'input' }),
      ),
    },
  ];
}

function withHead(
  id: string,
  title: string,
  { $schema, ...rest }: z.core.JSONSchema.BaseSchema,
): Record<string, unknown> {
  return { $schema, $id: id, title, ...rest };
}
