import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbitraryMessage, codecs, messageNames as names } from './arbitrary.ts';
import {
  Collection, Combination, Comparison, fieldPrefix, Filter, Holding, ReadToken, SearchBatchRequest, SearchRequest, ShardAnswer, ShardAnswers,
  UpdateCollectionRequest, UpsertRequest,
} from './index.ts';

test('every codec reads back what it wrote', () => {
  for (const name of names) {
    const codec = codecs[name];
    fc.assert(fc.property(arbitraryMessage(name), (message) => {
      assert.deepEqual(codec.decode(codec.encode(message)), message);
    }), { numRuns: 60 });
  }
});

test('a message at its defaults takes no bytes but those of the messages it must have', () => {
  for (const name of names) {
    const codec = codecs[name];
    const bytes = codec.encode(codec.create());
    assert.ok(bytes.length <= 4, `${name}: ${bytes.length}`);
    assert.deepEqual(codec.decode(new Uint8Array(0)), codec.create());
  }
});

test('a field of bytes is a view of the input, a vector an aligned copy', () => {
  const record = Uint8Array.of(0, 0, 0, 0, 1, 99);
  const bytes = UpsertRequest.encode(UpsertRequest.create({ collection: 'c', records: [record, record] }));
  const [first] = UpsertRequest.decode(bytes).records;
  assert.equal(first?.buffer, bytes.buffer);
  assert.deepEqual(first, record);

  // 'abc' shifts the floats to an address that is no multiple of 4.
  const search = SearchRequest.encode(SearchRequest.create({ collection: 'abc', vector: Float32Array.of(1, -2.5) }));
  const { vector } = SearchRequest.decode(search);
  assert.notEqual(vector.buffer, search.buffer);
  assert.deepEqual(vector, Float32Array.of(1, -2.5));
});

test('a vector that is part of a larger buffer is written alone', () => {
  const whole = Float32Array.of(9, 1, 2, 9);
  const bytes = SearchRequest.encode(SearchRequest.create({ vector: whole.subarray(1, 3) }));
  assert.deepEqual(SearchRequest.decode(bytes).vector, Float32Array.of(1, 2));
});

test('numbers are read packed, one by one, and mixed', () => {
  const one = (value: number): number[] => [21, ...new Uint8Array(Float32Array.of(value).buffer)];
  const packed = (...values: number[]): number[] => [18, values.length * 4, ...new Uint8Array(Float32Array.from(values).buffer)];
  const mixed = Uint8Array.from([...one(1), ...packed(2, 3), ...one(4), ...packed(), ...one(5)]);
  assert.deepEqual(SearchRequest.decode(mixed).vector, Float32Array.of(1, 2, 3, 4, 5));
  assert.deepEqual(ReadToken.decode(Uint8Array.of(16, 7, 18, 2, 8, 9, 16, 10)).offsets, [7n, 8n, 9n, 10n]);
});

test('many floats one by one take linear time', () => {
  const count = 500_000;
  const bytes = new Uint8Array(count * 5);
  for (let i = 0; i < count; i += 1) bytes[i * 5] = 21;
  const started = performance.now();
  assert.equal(SearchRequest.decode(bytes).vector.length, count);
  assert.ok(performance.now() - started < 2000);
});

test('unknown fields of every wire type are skipped', () => {
  const unknown = [160, 6, 5, 161, 6, 1, 2, 3, 4, 5, 6, 7, 8, 162, 6, 2, 1, 2, 163, 6, 8, 1, 164, 6, 165, 6, 1, 2, 3, 4];
  assert.equal(Collection.decode(Uint8Array.from([...unknown, 16, 3, ...unknown])).dimension, 3);
});

test('absent and empty are told apart where the difference counts', () => {
  const update = (message: Parameters<typeof UpdateCollectionRequest.create>[0]) => UpdateCollectionRequest.decode(UpdateCollectionRequest.encode(
    UpdateCollectionRequest.create(message)));
  assert.equal(update({}).description, null);
  assert.equal(update({ description: '' }).description, '');
  assert.equal(update({}).tags, null);
  assert.deepEqual(update({ tags: { entries: {} } }).tags, { entries: {} });
});

const malformed: readonly (readonly [string, number[], { decode(bytes: Uint8Array): unknown }])[] = [
  ['a tag that ends in the middle', [128], SearchRequest],
  ['field number 0', [0, 0], SearchRequest],
  ['a tag of more than 5 bytes', [138, 128, 128, 128, 128, 0, 1, 97], SearchRequest],
  ['a length beyond the end', [10, 5, 97], SearchRequest],
  ['a length of 4 GiB', [10, 255, 255, 255, 255, 15, 97], SearchRequest],
  ['ill-formed UTF-8', [10, 2, 0xc3, 0x28], SearchRequest],
  ['a surrogate in UTF-8', [10, 3, 0xed, 0xa0, 0x80], SearchRequest],
  ['part of a float', [18, 3, 0, 0, 0], SearchRequest],
  ['a field that outgrows its message', [42, 2, 10, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0], SearchRequest],
  ['a group that does not end', [163, 6, 8, 1], SearchRequest],
  ['an end of a group that never began', [164, 6], SearchRequest],
  ['an unknown symbol', [24, 99], Collection],
];
for (const [what, bytes, codec] of malformed) {
  test(`refused: ${what}`, () => assert.throws(() => codec.decode(Uint8Array.from(bytes)), Error));
}

test('messages nested beyond the limit are refused, not followed to the end of the stack', () => {
  let bytes: Uint8Array = new Uint8Array(0);
  const wrap = (): void => {
    bytes = prefixed(18, bytes);
  };
  for (let i = 0; i < 90; i += 1) wrap();
  assert.ok(Filter.decode(bytes).node);
  for (let i = 0; i < 20; i += 1) wrap();
  assert.throws(() => Filter.decode(bytes), /nested/);
  for (let i = 0; i < 20_000; i += 1) wrap();
  assert.throws(() => Filter.decode(bytes), /nested/);
});

/** The field `not` of a Filter. */
function prefixed(tag: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  const whole = new Uint8Array(1 + length.length + bytes.length);
  whole.set([tag, ...length]);
  whole.set(bytes, 1 + length.length);
  return whole;
}

test('whatever the bytes are, decoding ends in a message or an Error', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)));
  const damaged = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), arbitraryMessage(name), changes, fc.nat()));
  fc.assert(fc.property(damaged, ([name, message, damages, cut]) => {
    const bytes = codecs[name].encode(message);
    for (const [at, value] of damages) if (bytes.length > 0) bytes[at % bytes.length] = value;
    const part = bytes.subarray(0, cut % (bytes.length + 1));
    try {
      codecs[name].decode(part);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }), { numRuns: 3000, endOnFailure: true, interruptAfterTimeLimit: 4000 });
});

test('what is not of its declared type is refused in writing', () => {
  assert.throws(() => Collection.encode(Collection.create({ dimension: 2 ** 31 })), /int32/);
  assert.throws(() => Collection.encode(Collection.create({ dimension: 0.5 })), /int32/);
  assert.throws(() => Collection.encode(Collection.create({ log: 2n ** 63n })), Error);
  assert.throws(() => Comparison.encode(Comparison.create({ operator: 'near' as 'eq' })), Error);
  assert.throws(() => Combination.decode(Uint8Array.of(8, 2)), /CombinationOperator has no value 2/);
  assert.throws(() => Holding.encode(Holding.create({ watermark: 0.5 })), RangeError);
});

test('a long of the cluster is a number, and refused where a number would not hold it exactly', () => {
  const bytes = (watermark: bigint): Uint8Array => {
    const token = ReadToken.encode({ log: watermark, offsets: [] });
    return Uint8Array.of(32, ...token.subarray(1));
  };
  assert.equal(Holding.decode(bytes(2n ** 53n - 1n)).watermark, Number.MAX_SAFE_INTEGER);
  assert.equal(Holding.decode(bytes(-1n)).watermark, -1);
  assert.throws(() => Holding.decode(bytes(2n ** 53n)), /beyond the safe integers/);
  assert.throws(() => Holding.decode(bytes(-(2n ** 63n))), /beyond the safe integers/);
});

test('a message that cannot be written leaves nothing behind in the next ones', () => {
  const good = Collection.create({ name: 'a', dimension: 3 });
  const expected = Collection.encode(good);
  for (const bad of [{ name: 'x'.repeat(500), dimension: 0.5 }, { name: 'y', log: 2n ** 63n }]) {
    assert.throws(() => Collection.encode(Collection.create(bad)), Error);
    assert.deepEqual(Collection.encode(good), expected);
  }
  const nested = { searches: [SearchRequest.create({ vector: new Float32Array(50), k: 0.5 })] };
  assert.throws(() => SearchBatchRequest.encode(SearchBatchRequest.create(nested)), Error);
  assert.deepEqual(Collection.encode(good), expected);
});

test('what was encoded stays as it is, whatever is encoded after it', () => {
  const of = (id: number, bytes: number): Uint8Array =>
    ShardAnswer.encode({ id, answer: { kind: 'part', value: { total: bytes, bytes: new Uint8Array(bytes).fill(id) } } });
  const sizes = [3, 5_000, 2_000_000, 7, 40_000, 1];
  const encoded = sizes.map((bytes, i) => of(i + 1, bytes));
  encoded.forEach((bytes, i) => { assert.ok(Buffer.from(of(i + 1, sizes[i] ?? 0)).equals(bytes)); });
});

test('encoded messages are joined into one that repeats them', () => {
  const answers = [1, 300, 7].map((id) => ({ id, answer: { kind: 'count' as const, value: { count: id * 1e9, watermarks: [], missing: [] } } }));
  const encoded = answers.map((answer) => ShardAnswer.encode(answer));
  const joined = Buffer.concat(encoded.flatMap((bytes) => [fieldPrefix(1, bytes.length), bytes]));
  assert.deepEqual(joined, Buffer.from(ShardAnswers.encode({ answers })));
  assert.deepEqual(fieldPrefix(1, 300), Uint8Array.of(10, 172, 2));
});

test('a record in an answer of a shard is a view of the message', () => {
  const row = { id: 'a', partition: 1, offset: 2, record: Uint8Array.of(0, 0, 0, 0, 1, 99) };
  const bytes = ShardAnswer.encode({ id: 7, answer: { kind: 'get', value: { rows: [row], more: false, watermarks: [], missing: [] } } });
  const { answer } = ShardAnswer.decode(bytes);
  assert.ok(answer?.kind === 'get');
  assert.deepEqual(answer.value.rows, [row]);
  assert.equal(answer.value.rows[0]?.record.buffer, bytes.buffer);
});
