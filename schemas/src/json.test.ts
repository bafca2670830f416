// The JSON schemas under the validator that the transport uses.
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { jsonSchema, methods, openApiText, type JsonSchemaName } from './index.ts';

interface Validate {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}
const { default: Ajv } = createRequire(new URL('../../packages/transport/package.json', import.meta.url))('ajv/dist/2020') as {
  default: new (options: object) => { compile(schema: object): Validate };
};

const validator = (name: JsonSchemaName): Validate => new Ajv({ strict: true }).compile(jsonSchema(name));

test('every request and answer has a schema that a strict validator takes', () => {
  for (const method of methods) for (const name of [method.requestName, method.responseName]) assert.ok(validator(name));
});

const good: readonly (readonly [JsonSchemaName, object])[] = [
  ['CreateCollectionRequest', { name: 'words', dimension: 100 }],
  ['CreateCollectionRequest', {
    name: 'w', dimension: 1, metric: 'dot', partitions: 3, index: 'hnsw', hnsw: { m: 16, efConstruction: 99, quantization: 'i8' }, storage: 'disk',
    tags: { a: 'b' },
  }],
  ['CreateCollectionRequest', { name: 'w', dimension: 1, metric: null, hnsw: { quantization: null }, description: null }],
  ['UpsertRequest', {
    records: [{ id: 'a', vector: [1, 2.5], metadata: { a: [{ b: null }] }, timestamp: '9223372036854775807', expiresAt: 5 }], requestId: 'r',
  }],
  ['UpsertRequest', { records: [{ id: 'a', vector: [], ifAbsent: true }, { id: 'b', vector: [1], ifVersion: '7-12', expiresAt: null }] }],
  ['PatchRequest', { records: [{ id: 'a', set: { x: 1 }, unset: ['y'], ifPresent: true }] }],
  ['DeleteRequest', { ids: ['a'], conditions: [{ ifVersion: '1-2' }] }],
  ['DeleteRequest', { filter: { year: { $gte: 2020 }, $or: [{ lang: 'de' }, { $not: { tags: { $in: ['a'] } } }] }, limit: 10 }],
  ['GetRequest', { ids: ['a'], include: ['vector'], consistency: 'session', token: 't', maxStalenessMs: 5, timeoutMs: 100 }],
  ['SearchRequest', {
    vector: [1], k: 3, filter: {}, scoreThreshold: -0.5, exact: true, ef: 64, include: [], consistency: 'strong', timeoutMs: 5, explain: true,
  }],
  ['SearchBatchRequest', { searches: [{ vector: [1] }, { id: 'a' }], consistency: 'eventual' }],
  ['UpdateCollectionRequest', { tags: { a: 'b' } }],
  ['SearchResponse', { hits: [{ id: 'a', score: 1, distance: 0, version: '1-2', vector: [1], metadata: {} }], token: 't', later: 'fields' }],
  ['Collection', {
    name: 'w', dimension: 1, metric: 'dot', partitions: 1, index: 'flat', hnsw: { m: 1, efConstruction: 1 }, description: '', tags: {},
    storage: 'disk', recallTarget: 0.95, log: 1, createdAt: '9',
  }],
  ['ErrorBody', { error: { code: 'NOT_FOUND', message: 'm', details: [{ reason: 'r' }] } }],
];
for (const [name, value] of good) {
  test(`${name} takes ${JSON.stringify(value).slice(0, 80)}`, () => {
    const validate = validator(name);
    assert.ok(validate(value), JSON.stringify(validate.errors));
  });
}

const bad: readonly (readonly [JsonSchemaName, unknown, string])[] = [
  ['CreateCollectionRequest', { dimension: 1 }, ''],
  ['CreateCollectionRequest', { name: 'w', dimension: 1.5 }, '/dimension'],
  ['CreateCollectionRequest', { name: 'w', dimension: 1, metric: 'cos' }, '/metric'],
  ['UpdateCollectionRequest', { dimension: 5 }, ''],
  ['UpsertRequest', { records: [{ id: 'a', vector: [1, 'x'] }] }, '/records/0/vector/1'],
  ['UpsertRequest', { records: [{ id: 5, vector: [] }] }, '/records/0/id'],
  ['UpsertRequest', { records: [{ id: 'a', vector: [], conditions: [] }] }, '/records/0'],
  ['UpsertRequest', { records: [], collection: 'from the path only' }, ''],
  ['DeleteRequest', { ids: ['a'], conditions: [{}] }, '/conditions/0'],
  ['DeleteRequest', { ids: ['a'], conditions: [{ ifAbsent: true, ifPresent: true }] }, '/conditions/0'],
  ['SearchRequest', { vector: [1], filter: { $and: {} } }, '/filter/$and'],
  ['SearchRequest', { vector: [1], read: { token: 't' } }, ''],
  ['SearchBatchRequest', { searches: [{ k: 2 ** 31 }] }, '/searches/0/k'],
  ['PatchRequest', { patches: [] }, ''],
  ['CountRequest', [], ''],
];
for (const [name, value, place] of bad) {
  test(`${name} refuses ${JSON.stringify(value).slice(0, 80)}, naming ${place === '' ? 'the whole' : place}`, () => {
    const validate = validator(name);
    assert.equal(validate(value), false);
    assert.equal(validate.errors?.[0]?.instancePath, place);
  });
}

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

test('OpenAPI has every route once, its path parameters, and no reference to nothing', () => {
  const text = openApiText();
  const document = JSON.parse(text) as OpenApi;
  assert.equal(document.openapi, '3.1.0');
  const routes = methods.flatMap((method) => [method.http, method.extraHttp]).filter((route) => route !== null && route !== undefined);
  for (const route of routes) {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()];
    assert.ok(operation, `${route.method} ${route.path}`);
    const wanted = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    assert.deepEqual((operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name), wanted);
  }
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path)).map((operation) => operation.operationId);
  assert.equal(new Set(operations).size, operations.length);
  assert.equal(operations.length, routes.length + 4);
  for (const [, path = ''] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
    let part: unknown = document;
    for (const key of path.split('/')) part = (part as Record<string, unknown> | undefined)?.[key];
    assert.ok(part, path);
  }
});
