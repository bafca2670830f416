import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { EmbeddedRegistry } from '@proximadb/catalog';
import { type Code } from '@proximadb/errors';
import { CreateCollectionRequest, schemaFingerprint, schemaText, type UpdateCollectionRequest } from '@proximadb/schemas';
import { call, errorOf, openFixture, type Fixture } from './testing/fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await openFixture({ partitionsDefault: 5, recordBytesMax: 2_048 });
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
});

const create = (fields: Partial<CreateCollectionRequest>) =>
  fixture.gateway.createCollection(CreateCollectionRequest.create({ dimension: 2, ...fields }), call());
const update = (fields: Partial<UpdateCollectionRequest>) =>
  fixture.gateway.updateCollection({ collection: 'c', description: null, tags: null, ...fields }, call());

test('a collection is made with defaults, shown, listed, changed and deleted', async () => {
  const made = await create({ name: 'c' });
  assert.deepEqual({ ...made, log: 0n, createdAt: 0n }, {
    name: 'c', dimension: 2, metric: 'cosine', partitions: 5, index: 'hnsw', hnsw: { m: 16, efConstruction: 128, quantization: 'i8' },
    storage: 'memory', recallTarget: 0.95, description: '', tags: {}, log: 0n, createdAt: 0n,
  });
  assert.equal(fixture.catalog.get('c').settings.record_bytes_max, 2_048);
  assert.deepEqual(await fixture.gateway.getCollection({ collection: 'c' }, call()), made);
  const changed = await update({ description: 'words', tags: { entries: { team: 'search' } } });
  assert.deepEqual(changed, { ...made, description: 'words', tags: { team: 'search' } });
  assert.deepEqual(await update({ description: '' }), { ...changed, description: '' }, 'what is not given stays');
  assert.deepEqual((await fixture.gateway.listCollections({}, call())).collections.map(({ name }) => name), ['c']);
  assert.deepEqual(await fixture.gateway.deleteCollection({ collection: 'c' }, call()), {});
  assert.equal((await errorOf(fixture.gateway.getCollection({ collection: 'c' }, call()))).code, 'NOT_FOUND');
});

test('a name is taken once; a retry with the same request id finds its own collection', async () => {
  const made = await create({ name: 'taken', requestId: 'r' });
  assert.deepEqual(await create({ name: 'taken', requestId: 'r' }), made);
  assert.equal((await errorOf(create({ name: 'taken' }))).code, 'ALREADY_EXISTS');
});

const refused: readonly (readonly [string, () => Promise<unknown>, Code, string])[] = [
  ['name', () => create({ name: '-x' }), 'INVALID_ARGUMENT', 'name'],
  ['dimension', () => create({ name: 'x', dimension: 4_097 }), 'INVALID_ARGUMENT', 'dimension'],
  ['partitions', () => create({ name: 'x', partitions: 257 }), 'INVALID_ARGUMENT', 'partitions'],
  ['links', () => create({ name: 'x', hnsw: { m: 1, efConstruction: 0, quantization: null } }), 'INVALID_ARGUMENT', 'hnsw.m'],
  ['recall', () => create({ name: 'x', recallTarget: 1 }), 'INVALID_ARGUMENT', 'recallTarget'],
  ['breadth', () => create({ name: 'x', hnsw: { m: 0, efConstruction: 100_000, quantization: null } }), 'INVALID_ARGUMENT', 'hnsw.efConstruction'],
  ['description', () => create({ name: 'x', description: 'x'.repeat(4_097) }), 'INVALID_ARGUMENT', 'description'],
  ['request id', () => create({ name: 'x', requestId: 'x'.repeat(65) }), 'INVALID_ARGUMENT', 'requestId'],
  ['nothing to change', () => update({}), 'INVALID_ARGUMENT', 'description'],
  ['unknown to change', () => update({ collection: 'nothing', description: 'x' }), 'NOT_FOUND', 'collection'],
  ['unknown to delete', () => fixture.gateway.deleteCollection({ collection: 'nothing' }, call()), 'NOT_FOUND', 'collection'],
  ['unknown schema', () => fixture.gateway.getSchema({ name: 'WriteHeader', id: null }, call()), 'NOT_FOUND', 'name'],
  ['unknown schema id', () => fixture.gateway.getSchema({ name: 'VectorRecord', id: 9_999 }, call()), 'NOT_FOUND', 'id'],
  [
    "another record's schema id", () => fixture.gateway.getSchema({ name: 'VectorRecord', id: fixture.catalog.schemas.idOf('PatchRecord') }, call()),
    'NOT_FOUND', 'id',
  ],
];
for (const [name, send, code, field] of refused) {
  test(`refused: ${name}`, async () => {
    const error = await errorOf(send());
    assert.deepEqual([error.code, error.details[0]?.field], [code, field], error.message);
  });
}

test('the schemas of records are shown with the ids to write', async () => {
  for (const name of ['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const) {
    const id = fixture.catalog.schemas.idOf(name);
    const expected = { name, id, schema: schemaText(name), fingerprint: schemaFingerprint(name) };
    assert.deepEqual(await fixture.gateway.getSchema({ name, id: null }, call()), expected);
    assert.deepEqual(await fixture.gateway.getSchema({ name, id }, call()), expected);
  }
});

test('the schema of another writer is shown by the id that its records have', async () => {
  const other = JSON.parse(schemaText('VectorRecord')) as { fields: object[] };
  other.fields.push({ name: 'source', type: 'string', default: '' });
  const schema = JSON.stringify(other);
  const registry = await EmbeddedRegistry.open(fixture.log);
  const id = await registry.register('proximadb-VectorRecord', schema);
  assert.notEqual(id, fixture.catalog.schemas.idOf('VectorRecord'));
  assert.deepEqual(await fixture.gateway.getSchema({ name: 'VectorRecord', id }, call()), {
    name: 'VectorRecord', id, schema, fingerprint: createHash('sha256').update(schema).digest('hex'),
  });
});
