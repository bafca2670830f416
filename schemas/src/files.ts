/** Generated files that are handed out as they are. */
import { readFileSync } from 'node:fs';
import type { methodRows } from './table.ts';

const generated = new URL('../gen/', import.meta.url);

/** Import root of the .proto files: a file URL. */
export const protoDirectory = new URL('proto/', generated);
/** `proximadb/v1/proximadb.proto`, for clients and for server reflection: a file URL. */
export const protoFile = new URL('proximadb/v1/proximadb.proto', protoDirectory);

type Row = (typeof methodRows)[number];
/** Messages that have a JSON schema: the requests, the answers, and the body of an error. */
export type JsonSchemaName = Row['requestName'] | Row['responseName'] | 'ErrorBody';

/** JSON Schema 2020-12 of a request's body or an answer, self-contained. Reads a file: keep what it gives. */
export function jsonSchema(name: JsonSchemaName): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(new URL(`json-schema/${name}.json`, generated), 'utf8')) as Record<string, unknown>;
}

/** The OpenAPI 3.1 document, as text. Reads a file: keep what it gives. */
export function openApiText(): string {
  return readFileSync(new URL('openapi.json', generated), 'utf8');
}
