import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { schemaText } from '@proximadb/schemas';
import fc from 'fast-check';
import {
  compileWalker, decodePatchRecord, decodeVectorRecord, encodeVectorRecord, JsonNumber, parseJson, patchFromJson, recordFromJson, recordToJson,
  type JsonValue, type Metadata, type MetadataValue,
} from './index.ts';
import * as arbitrary from './testing/arbitrary.ts';

const walker = compileWalker(schemaText('VectorRecord'));

function metadataOf(json: string): Metadata {
  return decodeVectorRecord(recordFromJson(parseJson(`{"id":"a","vector":[1],"metadata":${json}}`), 1)).metadata;
}

function valueOf(json: string): MetadataValue | undefined {
  return metadataOf(`{"x":${json}}`).get('x');
}

test('an integer is a long with all its digits, anything with a fraction or an exponent is a double', () => {
  const cases: [string, MetadataValue][] = [
    ['0', 0n], ['-0', 0n], ['1000', 1000n], ['9223372036854775807', 2n ** 63n - 1n], ['-9223372036854775808', -(2n ** 63n)],
    ['9007199254740993', 2n ** 53n + 1n],
    ['1e3', 1000], ['1E+3', 1000], ['1.0', 1], ['-0.0', -0], ['0.1', 0.1], ['5e-324', 5e-324], ['1.7976931348623157e308', Number.MAX_VALUE],
    ['0.1000000000000000055511151231257827021181583404541015625', 0.1], ['"5"', '5'], ['null', null], ['true', true],
    ['[1,1.5,"a"]', [1n, 1.5, 'a']], ['{"$bytes":"AAEC"}', Uint8Array.of(0, 1, 2)], ['{"$bytes":""}', new Uint8Array(0)],
  ];
  for (const [json, value] of cases) {
    const read = valueOf(json);
    assert.deepStrictEqual(read instanceof Uint8Array ? Uint8Array.from(read) : read, value, json);
  }
});

test('what a record cannot hold is refused, with its place', () => {
  const cases: [string, string][] = [
    ['{"id":"a","vector":[1],"metadata":{"x":9223372036854775808}}', 'metadata.x'],
    ['{"id":"a","vector":[1],"metadata":{"x":[0,-9223372036854775809]}}', 'metadata.x[1]'],
    [`{"id":"a","vector":[1],"metadata":{"x":${'9'.repeat(1_000_000)}}}`, 'metadata.x'],
    ['{"id":"a","vector":[1],"metadata":{"m":{"y":1e400}}}', 'metadata.m.y'],
    ['{"id":"a","vector":[1],"metadata":{"x":{"$bytes":"A"}}}', 'metadata.x'], ['{"id":"a","vector":[1],"metadata":{"x":{"$bytes":5}}}', 'metadata.x'],
    ['{"id":"a","vector":[1,"2"]}', 'vector[1]'], ['{"id":"a","vector":[1,null]}', 'vector[1]'], ['{"id":"a","vector":[1e39]}', 'vector[0]'],
    ['{"id":"a","vector":{}}', 'vector'], ['{"id":"a"}', 'vector'], ['{"vector":[1]}', 'id'], ['{"id":5,"vector":[1]}', 'id'],
    ['{"id":"a","vector":[1],"metadata":[]}', 'metadata'], ['{"id":"a","vector":[1],"metadata":null}', 'metadata'],
    ['{"id":"a","vector":[1],"timestamp":1.5}', 'timestamp'], ['{"id":"a","vector":[1],"timestamp":"soon"}', 'timestamp'],
    ['{"id":"a","vector":[1],"expiresAt":1e3}', 'expiresAt'], ['{"id":"a","vector":[1],"expires_at":1}', 'expires_at'],
  ];
  for (const [json, field] of cases) {
    assert.throws(() => recordFromJson(parseJson(json), 1, { record: 4 }), (error) => {
      const { code, details } = error as { code: string; details: { record: number; field: string }[] };
      assert.deepEqual([code, details[0]?.record, details[0]?.field], ['INVALID_ARGUMENT', 4, field], json.slice(0, 100));
      return true;
    });
  }
  assert.throws(() => recordFromJson([], 1, { field: 'records[2]' }), { message: 'records[2]: a record is an object' });
});

test('instants are numbers, or strings of their digits', () => {
  const read = (instant: string): bigint => decodeVectorRecord(recordFromJson(parseJson(`{"id":"a","vector":[1],"timestamp":${instant}}`), 1)).timestamp;
  assert.equal(read('1750000000000000'), 1_750_000_000_000_000n);
  assert.equal(read('"9223372036854775807"'), 2n ** 63n - 1n);
  const view = walker.view(encodeVectorRecord(1, { id: 'a', vector: [0.1, -0, 3e38, 16777216], timestamp: 2n ** 60n, expiresAt: -5n }));
  assert.equal(recordToJson(view, { vector: true, metadata: true, version: '7-9' }),
    '{"id":"a","version":"7-9","vector":[0.1,-0,3e+38,16777216],"metadata":{},"timestamp":"1152921504606846976","expiresAt":-5}');
  assert.equal(recordToJson(walker.view(encodeVectorRecord(1, { id: '"', vector: [] })), { vector: false, metadata: false }), '{"id":"\\"","timestamp":0}');
});

test('a record written as JSON and read again is the same bytes', () => {
  fc.assert(fc.property(arbitrary.record(5), (record) => {
    const bytes = encodeVectorRecord(3, record);
    const json = recordToJson(walker.view(bytes), { vector: true, metadata: true });
    assert.doesNotThrow(() => JSON.parse(json) as unknown);
    assert.deepEqual(recordFromJson(parseJson(json), 3), bytes);
    assert.deepEqual(recordFromJson(parseJson(Buffer.from(json)), 3), bytes);
  }), { numRuns: 400 });
});

test('maps that look like bytes stay maps', () => {
  const metadata: Metadata = new Map<string, MetadataValue>([
    ['a', new Map([['$bytes', 'AAAA']])], ['b', new Map([['$map', new Map([['$bytes', 1n]])]])], ['c', new Map([['$map', new Map([['x', 1n]])]])],
    ['d', new Map<string, MetadataValue>([['$bytes', 'x'], ['y', null]])],
  ]);
  const bytes = encodeVectorRecord(3, { id: 'a', vector: [1], metadata });
  assert.deepEqual(recordFromJson(parseJson(recordToJson(walker.view(bytes), { vector: true, metadata: true })), 3), bytes);
  assert.deepEqual(valueOf('{"$map":{"x":1}}'), new Map([['$map', new Map([['x', 1n]])]]));
});

test('a patch says what to change, and null as an expiry means never', () => {
  const read = (json: string): unknown => decodePatchRecord(patchFromJson(parseJson(json), 1));
  assert.deepStrictEqual(read('{"id":"a"}'), { id: 'a', vector: null, set: new Map(), unset: [], timestamp: null, expiresAt: undefined });
  assert.deepStrictEqual(read('{"id":"a","vector":[1,2],"set":{"x":1},"unset":["y"],"timestamp":5,"expiresAt":null}'),
    { id: 'a', vector: Float32Array.of(1, 2), set: new Map([['x', 1n]]), unset: ['y'], timestamp: 5n, expiresAt: null });
  assert.throws(() => patchFromJson(parseJson('{"id":"a","unset":["y",1]}'), 1), { message: /^unset\[1\]/ });
  assert.throws(() => patchFromJson(parseJson('{"id":"a","metadata":{}}'), 1), { message: /^metadata: no such field/ });
});

/** As JSON.parse gives it. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return value.toNumber();
  if (value instanceof Map) return Object.fromEntries([...value as ReadonlyMap<string, JsonValue>].map(([key, inner]) => [key, plain(inner)]));
  return Array.isArray(value) ? (value as readonly JsonValue[]).map(plain) : value;
}

test('the parser reads what JSON.parse reads', () => {
  fc.assert(fc.property(fc.json({ stringUnit: 'binary', maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (json, space) => {
    const text = JSON.stringify(JSON.parse(json), null, space);
    assert.deepEqual(plain(parseJson(text)), JSON.parse(text));
  }), { numRuns: 500 });
  assert.equal(parseJson('"\\u00e9\\ud83d\\ude00\\n\\/"'), 'é😀\n/');
});

test('the parser refuses what JSON.parse refuses', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '"', '}', '0', '\\', '\u0001', 'e', '-', ' ', ':'), (json, at, insert) => {
    const place = at % (json.length + 1);
    const text = json.slice(0, place) + insert + json.slice(place + 1);
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      assert.throws(() => parseJson(text), { code: 'INVALID_ARGUMENT' });
      return;
    }
    try {
      assert.deepEqual(plain(parseJson(text)), expected);
    } catch (error) {
      // The one thing in these texts that we refuse and JSON.parse does not.
      assert.match((error as Error).message, /there twice/);
    }
  }), { numRuns: 2_000 });
});

test('the parser refuses what JSON.parse lets pass: a key twice, half a surrogate pair, bad UTF-8, nesting without a bound', () => {
  const bad = [
    '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '"\\ud800"', '"\ud800"', '["\\udc00\\ud800"]', '[1,]', '01', '1.', '.5', '+1', 'NaN', '"\t"', '', '[1] 2',
  ];
  for (const text of bad) {
    assert.throws(() => parseJson(text), { code: 'INVALID_ARGUMENT' }, text);
  }
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), { code: 'INVALID_ARGUMENT', message: /UTF-8/ });
  parseJson('['.repeat(64) + ']'.repeat(64));
  for (const open of ['[', '{"a":']) {
    assert.throws(() => parseJson(open.repeat(100_000)), { code: 'INVALID_ARGUMENT', message: /deeper than 64/ });
  }
  assert.deepEqual([...(parseJson('{"b":1,"2":1,"__proto__":1}') as Map<string, unknown>).keys()], ['b', '2', '__proto__']);
});
