import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { avroType, avroTypeOf } from './avro.ts';
import { schemaNames, schemaText, type SchemaName } from './texts.ts';
import { apiBreakages, breakages, unreadable, type ApiSurface } from './compatibility.ts';
import { goldenFiles, readReleases } from './golden/golden.ts';
import { readModel } from './generator/model.ts';
import { apiSurface, retiredNumbers } from './generator/surface.ts';

const releases = readReleases();
const model = readModel(join(import.meta.dirname, '..', 'avro'));

test('there is a release to be compatible with, and it has every schema that is kept', () => {
  assert.ok(releases.length >= 1);
  assert.deepEqual(releases[0]?.schemas.map((golden) => golden.name).sort(), [...schemaNames].sort());
  assert.deepEqual([...goldenFiles(model).keys()].sort(), [...schemaNames.map((name) => `${name}.json`), 'api.json'].sort());
});

for (const release of releases) {
  for (const golden of release.schemas) {
    test(`${release.name} ${golden.name}: read by today's code, and reads what today's code writes`, () => {
      assert.deepEqual(breakages(golden.name, golden.schema, schemaText(golden.name)), []);
      const then = avroTypeOf(golden.name, golden.schema), now = avroType(golden.name);
      const backward = now.createResolver(then), forward = then.createResolver(now);
      assert.ok(golden.samples.length > 0);
      for (const sample of golden.samples) {
        const bytes = Buffer.from(sample.hex, 'hex');
        const value = then.fromBuffer(bytes) as unknown;
        assert.deepEqual(JSON.parse(then.toString(value)), sample.value, sample.name);
        assert.equal(then.toBuffer(value).toString('hex'), sample.hex, sample.name);
        // Old bytes → today's value → today's bytes → the old release: it finds what it wrote.
        const carried = then.fromBuffer(now.toBuffer(now.fromBuffer(bytes, backward)), forward) as unknown;
        assert.equal(then.toBuffer(carried).toString('hex'), sample.hex, sample.name);
      }
    });
  }

  test(`${release.name} API: every number on the wire means what it meant`, () => {
    assert.deepEqual(apiBreakages(release.api, apiSurface(model), retiredNumbers(model)), []);
  });
}

type Draft = { fields: { name: string; type: unknown; default?: unknown }[] };

function changed(name: SchemaName, change: (schema: Draft) => void): string {
  const schema = JSON.parse(schemaText(name)) as Draft;
  change(schema);
  return JSON.stringify(schema);
}

const tomorrow = changed('VectorRecord', (schema) => schema.fields.push(
  { name: 'vectors', type: { type: 'map', values: { type: 'array', items: 'float' } }, default: {} },
  { name: 'sparse', default: {}, type: { type: 'map', values: {
    type: 'record', name: 'proximadb.v1.SparseVector', fields: [
      { name: 'indices', type: { type: 'array', items: 'int' } }, { name: 'values', type: { type: 'array', items: 'float' } },
    ] } } },
));

test('a record with named and sparse vectors will come: today reads it, and tomorrow reads today\'s', () => {
  assert.deepEqual(breakages('VectorRecord', schemaText('VectorRecord'), tomorrow), []);
  const today = avroType('VectorRecord'), later = avroTypeOf('VectorRecord', tomorrow);
  const backward = later.createResolver(today), forward = today.createResolver(later);
  const arbitrary = fc.record({
    id: fc.string({ unit: 'grapheme' }), vector: fc.array(fc.integer({ min: -100, max: 100 })),
    timestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    metadata: fc.dictionary(fc.string({ unit: 'grapheme' }).map((key) => `k${key}`), metadataValue, { maxKeys: 4, noNullPrototype: true }),
    expires_at: fc.option(fc.record({ long: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }) }, { noNullPrototype: true })),
  }, { noNullPrototype: true });
  fc.assert(fc.property(arbitrary, fc.array(fc.integer({ min: 0, max: 9 })), (record, floats) => {
    const bytes = today.toBuffer(record);
    const read = later.fromBuffer(bytes, backward) as { vectors: object; sparse: object };
    assert.deepEqual([{ ...read.vectors }, { ...read.sparse }], [{}, {}]);
    assert.equal(today.toBuffer(today.fromBuffer(later.toBuffer(read), forward)).compare(bytes), 0);

    const written = later.toBuffer({ ...record, vectors: { title: floats }, sparse: { words: { indices: floats, values: floats } } });
    assert.equal(today.toBuffer(today.fromBuffer(written, forward)).compare(bytes), 0);
  }), { numRuns: 200 });
});

const metadataValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.record({ value: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    fc.constant(null), fc.boolean().map((boolean) => ({ boolean })), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((long) => ({ long })),
    fc.double().map((double) => ({ double })), fc.string({ unit: 'grapheme' }).map((string) => ({ string })),
    fc.uint8Array({ maxLength: 9 }).map((bytes) => ({ bytes: Buffer.from(bytes) })),
    fc.array(tie('value'), { maxLength: 3 }).map((array) => ({ array })),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => ({ map: Object.fromEntries(items.map((item, i) => [`k${i}`, item])) })),
  ) }, { noNullPrototype: true }),
})).value;

const field = (schema: Draft, name: string): Draft['fields'][number] => {
  const found = schema.fields.find((one) => one.name === name);
  assert.ok(found);
  return found;
};

const breaking: readonly (readonly [string, SchemaName, (schema: Draft) => void, 'backward' | 'forward'])[] = [
  ['a field without a default is removed', 'VectorRecord', (schema) => { schema.fields = schema.fields.filter((one) => one.name !== 'id'); }, 'forward'],
  ['a field without a default is added', 'VectorRecord', (schema) => { schema.fields.push({ name: 'owner', type: 'string' }); }, 'backward'],
  ['a type changes', 'DeleteRecord', (schema) => { field(schema, 'timestamp').type = 'string'; }, 'backward'],
  ['a type is widened, which old readers cannot follow', 'CollectionSettings', (schema) => { field(schema, 'dimension').type = 'long'; }, 'forward'],
  ['a field is renamed', 'WriteHeader', (schema) => { field(schema, 'sequence').name = 'position'; }, 'backward'],
  ['metadata gets a new kind of value', 'Value', (schema) => {
    (field(schema, 'value').type as unknown[]).push({ type: 'record', name: 'proximadb.v1.Place', fields: [{ name: 'latitude', type: 'double' }] });
  }, 'forward'],
  ['metadata loses a kind of value', 'Value', (schema) => { (field(schema, 'value').type as unknown[]).splice(5, 1); }, 'backward'],
  ['there is a new condition', 'WriteHeader', (schema) => {
    (field(schema, 'condition').type as unknown[]).push({ type: 'record', name: 'proximadb.v1.IfOdd', fields: [] });
  }, 'forward'],
];
for (const [what, name, change, direction] of breaking) {
  test(`found: ${what}`, () => {
    const found = breakages(name, schemaText(name), changed(name, change));
    const sentence = direction === 'backward' ? 'cannot read old bytes' : 'cannot read today\'s bytes';
    assert.ok(found.some((line) => line.includes(sentence)), found.join('\n') || 'nothing found');
  });
}

test('found: a new kind of value deep inside a record', () => {
  for (const kind of ['{"type":"fixed","name":"proximadb.v1.Hash","size":16}', '"float"']) {
    const grown = schemaText('VectorRecord').replace('"double","string"', `"double",${kind},"string"`);
    assert.notEqual(grown, schemaText('VectorRecord'));
    assert.notEqual(unreadable('VectorRecord', schemaText('VectorRecord'), grown), null, kind);
  }
});

test('found: a number of the API that changes its meaning, or goes without being retired', () => {
  const now: ApiSurface = { Hit: { 1: 'id: string', 2: 'score: double' } };
  assert.deepEqual(apiBreakages(now, now, {}), []);
  assert.equal(apiBreakages(now, { Hit: { 1: 'id: string', 2: 'score: float' } }, {}).length, 1);
  assert.equal(apiBreakages(now, { Hit: { 1: 'id: string' } }, {}).length, 1);
  assert.deepEqual(apiBreakages(now, { Hit: { 1: 'id: string' } }, { Hit: [2] }), []);
  assert.equal(apiBreakages(now, {}, {}).length, 1);
});
