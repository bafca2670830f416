/** Writes gen/openapi.json (OpenAPI 3.1) from the table of methods and the JSON schemas. */
import { JsonSchemas, pathParameters, pretty } from './json-schema.ts';
import type { Json } from './json-forms.ts';
import { camelCase, lookup, type Model, type RecordType } from './model.ts';
import type { HttpRoute, MethodRow } from '../table.ts';

export function openApi(model: Model, methods: readonly MethodRow[]): string {
  const schemas = new JsonSchemas(model, methods, '#/components/schemas/');
  const paths: Record<string, Record<string, Json>> = {};
  const add = (route: HttpRoute, operation: Json): void => {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operation;
  };
  for (const method of methods) {
    if (method.http === null) continue;
    const request = record(model, method.requestName);
    add(method.http, operation(schemas, request, method, method.http, hasBody(method.http) ? [] : queryParameters(schemas, request)));
    if (method.extraHttp !== undefined) add(method.extraHttp, singleRecord(schemas, request, method, method.extraHttp));
  }
  for (const [path, get] of Object.entries(plainRoutes)) paths[path] = { get };
  const roots = new Set(methods.flatMap((method) => (hasBody(method.http) ? [method.requestName, method.responseName] : [method.responseName])));
  const all = new Map<string, Json>();
  for (const root of [...roots, 'ErrorBody']) for (const [name, definition] of schemas.closure(root)) all.set(name, definition);
  return pretty({
    openapi: '3.1.0',
    info: {
      title: 'ProximaDB', version: 'v1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'Field names are camelCase. Whole numbers of 64 bits are numbers where that is safe, else strings; both are read.',
    },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name })),
    paths,
    components: { schemas: Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1))), responses: { Error: errorResponse } },
  });
}

const tags = ['collections', 'records', 'search', 'operation'] as const;

const errorResponse: Json = {
  description: 'INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE 400 · UNAUTHENTICATED 401 · PERMISSION_DENIED 403 · NOT_FOUND 404 · '
    + 'ALREADY_EXISTS, ABORTED 409 · RESOURCE_EXHAUSTED 413, or 429 with retryAfterMs · CANCELLED 499 · INTERNAL, DATA_LOSS 500 · '
    + 'UNIMPLEMENTED 501 · UNAVAILABLE 503 · DEADLINE_EXCEEDED 504',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' } } },
};

/** Routes that are no methods of the API. */
const plainRoutes: Readonly<Record<string, Json>> = {
  '/health/live': plain('live', 'The process runs.', '200', 'It does.'),
  '/health/ready': { ...plain('ready', 'The server takes requests.', '200', 'It does.', { 503: { description: 'Not yet, or not any more.' } }) },
  '/metrics': {
    operationId: 'metrics', tags: ['operation'], summary: 'Metrics in the text format of Prometheus.',
    responses: { 200: { description: 'All metrics.', content: { 'text/plain': { schema: { type: 'string' } } } } },
  },
  '/openapi.json': {
    operationId: 'openApi', tags: ['operation'], summary: 'This document.',
    responses: { 200: { description: 'An OpenAPI 3.1 document.', content: { 'application/json': { schema: { type: 'object' } } } } },
  },
};

function plain(operationId: string, summary: string, status: string, description: string, others: Json = {}): Json {
  return { operationId, tags: ['operation'], summary, responses: { [status]: { description }, ...others } };
}

function operation(schemas: JsonSchemas, request: RecordType, method: MethodRow, route: HttpRoute, extra: readonly Json[]): Json {
  const parameters = [...pathParameters(route.path).map((name) => pathParameter(request, name)), ...extra];
  return {
    operationId: camelCase(method.name.charAt(0).toLowerCase() + method.name.slice(1)),
    tags: [tagOf(method.name)], summary: method.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody(route) ? { requestBody: { required: true, content: { 'application/json': { schema: schemas.reference(method.requestName) } } } } : {}),
    responses: responses(schemas.reference(method.responseName)),
  };
}

function hasBody(route: HttpRoute | null): boolean {
  return route !== null && route.method !== 'GET' && route.method !== 'DELETE';
}

/** What a request without a body says beside its path. */
function queryParameters(schemas: JsonSchemas, request: RecordType): (Json & { readonly name: string })[] {
  return Object.entries(schemas.properties(request).properties)
    .map(([name, schema]) => ({ name, in: 'query', required: false, schema: withoutNull(schema) }));
}

/** `GET …/records/{id}`: the options of the request in the query, one record as the answer. */
function singleRecord(schemas: JsonSchemas, request: RecordType, method: MethodRow, route: HttpRoute): Json {
  const query = queryParameters(schemas, request).filter(({ name }) => name !== 'ids');
  return {
    ...operation(schemas, request, { ...method, summary: 'Reads one record. NOT_FOUND if it is not there.' }, route, query),
    operationId: 'getRecord',
    responses: responses(schemas.reference('StoredRecord')),
  };
}

/** A query has no null. */
function withoutNull(schema: Json): Json {
  const choices = schema['anyOf'], type = schema['type'];
  if (Array.isArray(type)) return { ...schema, type: (type as string[]).find((one) => one !== 'null') };
  return Array.isArray(choices) ? (choices as Json[]).find((choice) => choice['type'] !== 'null') ?? schema : schema;
}

function responses(schema: Json): Json {
  return { 200: { description: 'Done.', content: { 'application/json': { schema } } }, default: { $ref: '#/components/responses/Error' } };
}

function pathParameter(request: RecordType, name: string): Json {
  const field = request.fields.find((one) => camelCase(one.name) === name);
  return { name, in: 'path', required: true, schema: { type: 'string' }, ...(field?.doc ? { description: field.doc } : {}) };
}

function tagOf(name: string): (typeof tags)[number] {
  if (name.includes('Collection')) return 'collections';
  if (name.startsWith('Search')) return 'search';
  return name === 'GetSchema' || name === 'Stats' ? 'operation' : 'records';
}

function record(model: Model, name: string): RecordType {
  const type = lookup(model, `proximadb.v1.api.${name}`);
  if (type.kind !== 'record') throw new Error(`${name} is not a message`);
  return type;
}
