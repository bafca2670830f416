import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import avsc from 'avsc';
import { avroType, avroTypeOf, schemaText } from '@proximadb/schemas';
import fc from 'fast-check';
import { todaysLayout } from './layout.ts';
import { compileWalker, withWire, type MetadataValue, type RecordLimits } from './index.ts';
import * as arbitrary from './testing/arbitrary.ts';
import { fromAvscRecord, toAvscMap } from './testing/as-avsc.ts';
import { long, string } from './testing/blocks.ts';
import { contents } from './testing/contents.ts';
import { todays, unknownFields, valueArray, valueMap, valueOf, vectorRecord, type Schema } from './testing/schemas.ts';

const limits: RecordLimits = { dimension: 3, metric: 'dot', recordBytesMax: 1 << 20 };

const color = fc.constantFrom('RED', 'GREEN');
const hash = fc.uint8Array({ minLength: 5, maxLength: 5 }).map((bytes) => Buffer.from(bytes));
const plain = fc.string({ maxLength: 8 });
const list = fc.array(plain, { maxLength: 5 }).map((heads) => heads.reduce<unknown>((tail, head) => ({ 'x.List': { head, none: null, tail } }), null));
const keys = fc.string({ unit: 'grapheme-ascii', maxLength: 5 }).filter((name) => name !== '__proto__');
/** Values of `unknownFields`, in avsc's terms. */
const unknown = fc.record({
  n: fc.constant(null), b: fc.boolean(), i: fc.integer(), f: fc.constantFrom(0, NaN, Infinity, 1.5), d: fc.double(), s: plain,
  by: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)), fixed: hash, enum: color, map: fc.dictionary(keys, fc.array(color)),
  union: fc.oneof(
    fc.constant(null), fc.integer().map((int) => ({ int })), fc.dictionary(keys, plain).map((map) => ({ map })), hash.map((bytes) => ({ 'x.Hash': bytes })),
  ),
  list, nulls: fc.array(fc.constant({ n: null }), { maxLength: 50 }),
}, { noNullPrototype: true });

function shuffled(fields: Schema['fields'], order: readonly number[]): Schema['fields'] {
  const [id, ...rest] = fields;
  assert.ok(id !== undefined);
  return [id, ...rest.map((field, index) => ({ field, rank: order[index] ?? 0 })).sort((a, b) => a.rank - b.rank).map(({ field }) => field)];
}

/** Named types are defined where they come first, so those that others name have to stay before them. */
const named = new Set(['fixed', 'enum']);

test('fields that we do not know, of any type and in any order, are passed over, as avsc does', () => {
  const order = fc.array(fc.nat(), { minLength: 20, maxLength: 20 });
  fc.assert(fc.property(arbitrary.record(3), unknown, order, (record, extra, ranks) => {
    const first = unknownFields.filter((field) => named.has(field.name));
    const others = unknownFields.filter((field) => !named.has(field.name));
    const schema = vectorRecord(([id, ...fields]) => {
      assert.ok(id !== undefined);
      return [id, ...first, ...shuffled([id, ...fields, ...others], ranks).slice(1)];
    });
    const writer = avroTypeOf('VectorRecord', JSON.stringify(schema));
    const bytes = writer.toBuffer({
      ...extra, id: record.id, vector: [...record.vector], metadata: toAvscMap(record.metadata), timestamp: record.timestamp,
      expires_at: record.expiresAt === null ? null : { long: record.expiresAt },
    });
    const walker = compileWalker(schema);
    assert.deepStrictEqual(contents(walker.check(withWire(1, bytes), limits)), record);
    assert.deepStrictEqual(contents(walker.view(withWire(1, bytes))), record);
    assert.deepStrictEqual(fromAvscRecord(avroType('VectorRecord').fromBuffer(bytes, avroType('VectorRecord').createResolver(writer))), record);
  }), { numRuns: 150 });
});

test('fields that the writer has not, have their defaults', () => {
  const schema = vectorRecord((fields) => fields.filter((field) => ['id', 'vector'].includes(field.name)));
  const writer = avroTypeOf('VectorRecord', JSON.stringify(schema));
  const bytes = withWire(1, writer.toBuffer({ id: 'a', vector: [1, 2, 3] }));
  assert.deepStrictEqual(contents(compileWalker(schema).check(bytes, limits)), {
    id: 'a', vector: Float32Array.of(1, 2, 3), metadata: new Map(), timestamp: 0n, expiresAt: null,
  });
  const bare = compileWalker(vectorRecord((fields) => fields.slice(0, 1)));
  assert.equal(bare.view(withWire(1, Uint8Array.of(...string('a')))).vectorLength, 0);
  assert.throws(() => bare.check(withWire(1, Uint8Array.of(...string('a'))), limits), /vector/);
});

test('a union in another order, with fewer branches, or with narrower numbers resolves to ours', () => {
  const value = valueOf([valueMap, 'string', 'int', 'float', valueArray, 'null'], { name: 'note', type: 'string' });
  const schema = vectorRecord((fields) => fields.map((field) => {
    if (field.name === 'metadata') return { name: 'metadata', type: { type: 'map', values: value } };
    if (field.name === 'expires_at') return { name: 'expires_at', type: ['int', 'null'] };
    return field.name === 'timestamp' ? { name: 'timestamp', type: 'int' } : field;
  }));
  const note = [...string('n')];
  const entries = [
    ...string('i'), 4, ...long(-7n), ...note, ...string('f'), 6, 0, 0, 192, 63, ...note, ...string('s'), 2, ...string('x'), ...note,
    ...string('m'), 0, 2, ...string('z'), 10, ...note, 0, ...note, ...string('a'), 8, 2, 10, ...note, 0, ...note,
  ];
  const bytes = Uint8Array.of(...string('a'), 6, ...Array<number>(12).fill(1), 0, 10, ...entries, 0, ...long(5n), 0, ...long(9n));
  const walker = compileWalker(schema);
  const expected = {
    id: 'a', vector: new Float32Array(Uint8Array.from({ length: 12 }, () => 1).buffer), timestamp: 5n, expiresAt: 9n,
    metadata: new Map<string, MetadataValue>([['i', -7n], ['f', 1.5], ['s', 'x'], ['m', new Map([['z', null]])], ['a', [null]]]),
  };
  assert.deepStrictEqual(contents(walker.check(withWire(1, bytes), limits)), expected);
  assert.deepStrictEqual(walker.view(withWire(1, bytes)).field(['m', 'z']), null);
  const plainType = (text: string): avsc.Type => avsc.Type.forSchema(JSON.parse(text) as avsc.Schema, { wrapUnions: true });
  const today = plainType(schemaText('VectorRecord'));
  const read = today.fromBuffer(Buffer.from(bytes), today.createResolver(plainType(JSON.stringify(schema)))) as { metadata: object; expires_at: object };
  assert.deepEqual(JSON.parse(JSON.stringify(read.metadata)), {
    i: { value: { long: -7 } }, f: { value: { double: 1.5 } }, s: { value: { string: 'x' } },
    m: { value: { map: { z: { value: null } } } }, a: { value: { array: [{ value: null }] } },
  });
  assert.deepEqual({ ...read.expires_at }, { long: 9 });
});

test("today's layout of values is the schema's", () => {
  const { layout } = compileWalker(schemaText('VectorRecord')).fields;
  assert.deepEqual(layout, todaysLayout);
});

test('schemas that are not ours, or do not resolve to ours, are refused', () => {
  const field = (name: string, type: unknown): Schema => vectorRecord((fields) => fields.map((one) => one.name === name ? { name, type } : one));
  const cases: [unknown, RegExp][] = [
    ['no json', /names the type/], ['{"type": "record"', /not JSON/], [5, /a schema is/], [null, /a schema is/], [[], /branches/],
    [{ type: 'record' }, /fields/],
    ['"string"', /names the type/], ['string', /not a schema of a record/],
    [{ ...todays('VectorRecord'), name: 'other.VectorRecord' }, /not a schema of a record/],
    [vectorRecord((fields) => [...fields.slice(1), ...fields.slice(0, 1)]), /first field/],
    [field('id', 'bytes'), /first field/], [vectorRecord(() => []), /first field/],
    [field('vector', { type: 'array', items: 'double' }), /"vector"/], [field('vector', ['null', { type: 'array', items: 'float' }]), /"vector"/],
    [field('metadata', { type: 'map', values: 'string' }), /map of/], [field('metadata', { type: 'map', values: valueOf(['null', 'x.Y']) }), /names the type/],
    [field('metadata', { type: 'map', values: valueOf(['null', { type: 'enum', name: 'E', symbols: [] }]) }), /branch enum/],
    [field('metadata', { type: 'map', values: valueOf(['null', { type: 'array', items: 'string' }]) }), /branch array/],
    [field('timestamp', 'double'), /"timestamp"/],
    [field('timestamp', ['null', 'long']), /"timestamp"/], [field('expires_at', ['null', 'string']), /"expires_at"/],
    [vectorRecord((fields) => [...fields, ...fields.slice(1, 2)]), /name of its own/],
    [vectorRecord((fields) => [...fields, { name: 'loop', type: { type: 'record', name: 'x.R', fields: [{ name: 'r', type: 'x.R' }] } }]), /contains itself/],
    [vectorRecord((fields) => [...fields, { name: 'u', type: ['null', ['int']] }]), /branches that are no unions/],
    [vectorRecord((fields) => [...fields, { name: 'f', type: { type: 'fixed', name: 'F', size: -1 } }]), /fixed/],
    [vectorRecord((fields) => [...fields, { name: 'deep', type: nestedArrays(100) }]), /nests deeper/],
    [vectorRecord((fields) => [...fields, ...Array.from({ length: 3_000 }, (_, index) => ({ name: `f${index}`, type: 'int' }))]), /more than/],
  ];
  for (const [schema, reason] of cases) {
    assert.throws(() => compileWalker(schema), { code: 'INVALID_ARGUMENT', message: reason }, JSON.stringify(schema).slice(0, 300));
  }
});

function nestedArrays(levels: number): unknown {
  let type: unknown = 'int';
  for (let level = 0; level < levels; level++) type = { type: 'array', items: type };
  return type;
}

test('what takes no bytes cannot take time', () => {
  const walker = compileWalker(vectorRecord((fields) => [...fields, ...unknownFields.filter((field) => field.name === 'nulls')]));
  const body = [...string('a'), 6, ...Array<number>(12).fill(1), 0, 0, 0, 0];
  walker.check(withWire(1, Uint8Array.of(...body, ...long(65_536n), 0)), limits);
  const blocks = Array.from({ length: 100 }, () => long(1_000n)).flat();
  for (const count of [long(65_537n), long(2n ** 62n), long(-(2n ** 63n)).concat(0), blocks]) {
    assert.throws(() => walker.check(withWire(1, Uint8Array.of(...body, ...count, 0)), limits), /nulls: more than 65536 items/);
  }
});

test('a list that goes too deep is refused, not followed', () => {
  const walker = compileWalker(vectorRecord((fields) => [...fields, ...unknownFields.filter((field) => field.name === 'list')]));
  const body = [...string('a'), 6, ...Array<number>(12).fill(1), 0, 0, 0, 0];
  const links = (count: number): number[] => [...Array.from({ length: count }, () => [2, 0]).flat(), 0];
  const from = (count: number): Uint8Array => withWire(1, Uint8Array.from([...body, ...links(count)]));
  walker.check(from(64), limits);
  assert.throws(() => walker.check(from(100_000), limits), /list: nests deeper/);
});
