/** Mistakes around what is written: conditions, patches, deletes, and collections. */
import { describe } from 'node:test';
import type { Code } from '@proximadb/errors';
import { encodePatchRecord } from '@proximadb/record';
import type { Condition, Filter } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';
import { check, client, jsonBatch, path, record, schemaIds, useServer, type Mistake, type RestCall } from './mistakes.ts';

useServer();

describe('writes', () => {
  const condition = (value: string): Condition => ({ condition: { kind: 'ifVersion', value } });
  const upsert = (name: string, expected: Omit<Mistake, 'name'>, fields: Parameters<Client['upsert']>[0], json: object = fields): Mistake => ({
    name, ...expected,
    grpc: () => client.upsert({ collection: 'words', records: [record('x', [1, 2, 3]), record('y', [1, 2, 3])], ...fields }),
    rest: () => ['PUT', `${path}/records`, { records: [{ id: 'x', vector: [1, 2, 3] }, { id: 'y', vector: [1, 2, 3] }], ...json }],
  });
  const patch = (name: string, expected: Omit<Mistake, 'name'>, bad: () => Uint8Array, json?: object): Mistake => ({
    name, ...expected, grpc: () => client.patch({ collection: 'words', patches: [encodePatchRecord(schemaIds.PatchRecord, { id: 'kept-0' }), bad()] }),
    ...(json === undefined ? {} : { rest: (): RestCall => ['PATCH', `${path}/records`, { records: [{ id: 'kept-0' }, json] }] }),
  });
  const remove = (name: string, expected: Omit<Mistake, 'name'>, fields: Parameters<Client['delete']>[0], json: object = fields): Mistake => ({
    name, ...expected, grpc: () => client.delete({ collection: 'words', ...fields }), rest: () => ['POST', `${path}/records/delete`, json],
  });
  const filter: Filter = { node: { kind: 'comparison', value: { path: ['a'], operator: 'exists', values: [{ value: { kind: 'boolean', value: true } }] } } };
  check([
    upsert('repeated a negative number of times', { code: 'INVALID_ARGUMENT', field: 'attempt', reason: /-1/ }, { attempt: -1 }),
    upsert('with a request id too long', { code: 'INVALID_ARGUMENT', field: 'requestId', reason: /65/ }, { requestId: 'x'.repeat(65) }),
    upsert('with an empty request id', { code: 'INVALID_ARGUMENT', field: 'requestId', reason: /0 characters/ }, { requestId: '' }),
    upsert('with no time', { code: 'INVALID_ARGUMENT', field: 'timeoutMs', reason: /at least 1/ }, { timeoutMs: 0 }),
    {
      name: 'with another number of conditions than of records', code: 'INVALID_ARGUMENT', field: 'conditions', reason: /3 conditions for 1/,
      grpc: () => client.upsert({ collection: 'words', records: [record('x', [1, 2, 3])], conditions: ['1-1', '1-2', '1-3'].map(condition) }),
      rest: () => ['POST', `${path}/records/delete`, { ids: ['kept-0'], conditions: [{ ifVersion: '1-1' }, { ifVersion: '1-2' }, { ifVersion: '1-3' }] }],
    },
    {
      name: 'if at a version that is none', code: 'INVALID_ARGUMENT', record: 1, field: 'conditions[1].ifVersion', reason: /"latest" is not a version/,
      grpc: () => client.upsert({
        collection: 'words', records: [record('x', [1, 2, 3]), record('y', [1, 2, 3])], conditions: [condition('1-1'), condition('latest')],
      }),
      rest: () => ['PUT', `${path}/records`, {
        records: [{ id: 'x', vector: [1, 2, 3], ifVersion: '1-1' }, { id: 'y', vector: [1, 2, 3], ifVersion: 'latest' }],
      }],
    },
    {
      name: 'if absent, and not', code: 'INVALID_ARGUMENT', record: 1, field: 'ifAbsent', reason: /must be true/,
      rest: jsonBatch({ id: 'x', vector: [1, 2, 3], ifAbsent: false }),
    },
    {
      name: 'if absent and present', code: 'INVALID_ARGUMENT', record: 1, field: 'ifAbsent', reason: /only one/,
      rest: jsonBatch({ id: 'x', vector: [1, 2, 3], ifAbsent: true, ifPresent: true }),
    },
    patch('that change the dimension', { code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /2.*3|3.*2/ },
      () => encodePatchRecord(schemaIds.PatchRecord, { id: 'kept-1', vector: [1, 2] }), { id: 'kept-1', vector: [1, 2] }),
    patch('that set a vector to zero under cosine', { code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /zero/ },
      () => encodePatchRecord(schemaIds.PatchRecord, { id: 'kept-1', vector: [0, 0, 0] }), { id: 'kept-1', vector: [0, 0, 0] }),
    patch('that set and unset one key', { code: 'INVALID_ARGUMENT', record: 1, field: 'unset[0]', reason: /./ },
      () => encodePatchRecord(schemaIds.PatchRecord, { id: 'kept-1', set: new Map([['a', 1n]]), unset: ['a'] }), { id: 'kept-1', set: { a: 1 }, unset: ['a'] }),
    patch('that are upserts', { code: 'INVALID_ARGUMENT', record: 1, reason: /an upsert, not of a patch/ }, () => record('x', [1, 2, 3])),
    {
      name: 'of metadata, as in an upsert', code: 'INVALID_ARGUMENT', record: 0, field: 'metadata', reason: /no such field.*set/,
      rest: () => ['PATCH', `${path}/records`, { records: [{ id: 'kept-0', metadata: {} }] }],
    },
    patch('of one record twice', { code: 'INVALID_ARGUMENT', record: 0, field: 'id', reason: /"kept-0" is in record 1/ },
      () => encodePatchRecord(schemaIds.PatchRecord, { id: 'kept-0' }), { id: 'kept-0' }),
    remove('of neither ids nor a filter', { code: 'INVALID_ARGUMENT', field: 'ids', reason: /neither/ }, {}),
    remove('of ids and a filter', { code: 'INVALID_ARGUMENT', field: 'ids', reason: /both/ },
      { ids: ['kept-0'], filter }, { ids: ['kept-0'], filter: { a: { $exists: true } } }),
    remove('of ids from a cursor on', { code: 'INVALID_ARGUMENT', field: 'cursor', reason: /filter/ }, { ids: ['kept-0'], cursor: 'x' }),
    remove('of ids up to a limit', { code: 'INVALID_ARGUMENT', field: 'limit', reason: /filter/ }, { ids: ['kept-0'], limit: 3 }),
    remove('by a filter, of none', { code: 'INVALID_ARGUMENT', field: 'limit', reason: /at least 1/ },
      { filter, limit: 0 }, { filter: { a: { $exists: true } }, limit: 0 }),
    remove('by a filter, from a cursor that is none', { code: 'INVALID_ARGUMENT', field: 'cursor', reason: /not a cursor/ },
      { filter, cursor: '?' }, { filter: { a: { $exists: true } }, cursor: '?' }),
    remove('of an empty id', { code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /empty/ }, { ids: ['kept-0', ''] }),
    remove('of an id too long', { code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /513/ }, { ids: ['kept-0', 'x'.repeat(513)] }),
    remove('of one id twice', { code: 'INVALID_ARGUMENT', record: 0, field: 'id', reason: /record 1, too/ }, { ids: ['kept-0', 'kept-0'] }),
    remove('of too many ids', { code: 'RESOURCE_EXHAUSTED', status: 413, field: 'ids', reason: /2001/ },
      { ids: Array.from({ length: 2_001 }, (_, i) => `x${i}`) }),
  ]);
});

describe('collections', () => {
  type Creating = Omit<Mistake, 'name' | 'code'> & { readonly code?: Code };
  const create = (name: string, expected: Creating, fields: Parameters<Client['createCollection']>[0], json: object = fields): Mistake => ({
    code: 'INVALID_ARGUMENT', name, ...expected,
    grpc: () => client.createCollection({ name: 'new', dimension: 3, ...fields }),
    rest: () => ['POST', '/v1/collections', { name: 'new', dimension: 3, ...json }],
  });
  const hnsw = { m: 0, efConstruction: 0, quantization: null };
  const update = (field: string, value: unknown): Mistake => ({
    name: `a new ${field}`, code: 'INVALID_ARGUMENT', field, reason: /cannot be changed/,
    rest: () => ['PATCH', path, { description: 'changed', [field]: value }],
  });
  check([
    create('without a name', { field: 'name', reason: /1 to 63/ }, { name: '' }),
    create('with a name of other characters', { field: 'name', reason: /1 to 63/ }, { name: 'a/b' }),
    create('with a name too long', { field: 'name', reason: /1 to 63/ }, { name: 'a'.repeat(64) }),
    create('of no dimension', { field: 'dimension', reason: /1 to 4096/ }, { dimension: 0 }),
    create('of too many dimensions', { field: 'dimension', reason: /1 to 4096/ }, { dimension: 4_097 }),
    create('of too many partitions', { field: 'partitions', reason: /1 to 256/ }, { partitions: 257 }),
    create('of less than no partition', { field: 'partitions', reason: /1 to 256/ }, { partitions: -1 }),
    create('of graphs without links', { field: 'hnsw.m', reason: /2 to 128/ }, { hnsw: { ...hnsw, m: 1 } }, { hnsw: { m: 1 } }),
    create('of graphs made too broadly', { field: 'hnsw.efConstruction', reason: /8 to 2048/ },
      { hnsw: { ...hnsw, efConstruction: 4_096 } }, { hnsw: { efConstruction: 4_096 } }),
    create('with a tag that says too much', { field: 'tags.a', reason: /256/ }, { tags: { a: 'x'.repeat(257) } }),
    create('with a description too long', { field: 'description', reason: /4096/ }, { description: 'x'.repeat(4_097) }),
    create('of a name that is taken', { code: 'ALREADY_EXISTS', field: 'name', reason: /words/ }, { name: 'words' }),
    {
      name: 'of a metric that there is not', code: 'INVALID_ARGUMENT', field: 'metric', reason: /cosine.*manhattan/,
      rest: () => ['POST', '/v1/collections', { name: 'new', dimension: 3, metric: 'cosin' }],
    },
    {
      name: 'of an index that there is not', code: 'INVALID_ARGUMENT', field: 'index', reason: /hnsw.*ivf|ivf.*hnsw/,
      rest: () => ['POST', '/v1/collections', { name: 'new', dimension: 3, index: 'trees' }],
    },
    {
      name: 'of a storage that there is not', code: 'INVALID_ARGUMENT', field: 'storage', reason: /memory.*disk/,
      rest: () => ['POST', '/v1/collections', { name: 'new', dimension: 3, storage: 'tape' }],
    },
    { name: 'without a dimension', code: 'INVALID_ARGUMENT', field: 'dimension', reason: /missing/, rest: () => ['POST', '/v1/collections', { name: 'new' }] },
    {
      name: 'with an unknown field', code: 'INVALID_ARGUMENT', field: 'shards', reason: /no such field.*partitions/,
      rest: () => ['POST', '/v1/collections', { name: 'new', dimension: 3, shards: 2 }],
    },
    update('dimension', 4), update('metric', 'dot'), update('partitions', 3), update('index', 'flat'), update('storage', 'disk'),
    update('hnsw', { m: 8 }), update('name', 'terms'),
    {
      name: 'a new nothing', code: 'INVALID_ARGUMENT', field: 'description', reason: /nothing to change/,
      grpc: () => client.updateCollection({ collection: 'words' }), rest: () => ['PATCH', path, {}],
    },
    ...(['getCollection', 'deleteCollection'] as const).map((operation): Mistake => ({
      name: `${operation} of none`, code: 'NOT_FOUND', field: 'collection', reason: /"nowhere"/, grpc: () => client[operation]({ collection: 'nowhere' }),
      rest: () => [operation === 'getCollection' ? 'GET' : 'DELETE', '/v1/collections/nowhere'],
    })),
    {
      name: 'a change of none', code: 'NOT_FOUND', field: 'collection', reason: /"nowhere"/,
      grpc: () => client.updateCollection({ collection: 'nowhere', description: 'x' }),
      rest: () => ['PATCH', '/v1/collections/nowhere', { description: 'x' }],
    },
  ]);
});
