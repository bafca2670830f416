/** The texts of the Avro schemas of what is kept. */
import { schemas, type SchemaTypes } from '../gen/ts/schemas.ts';

/** Name without namespace of a schema in which bytes of the log or of a file are written. */
export type SchemaName = keyof SchemaTypes;

export const schemaNames = Object.keys(schemas) as readonly SchemaName[];

/** The canonical text under which a schema is registered: other white space would be another id. */
export function schemaText(name: SchemaName): string {
  return schemas[name].text;
}

/** SHA-256 of {@link schemaText}, in hex. */
export function schemaFingerprint(name: SchemaName): string {
  return schemas[name].fingerprint;
}
