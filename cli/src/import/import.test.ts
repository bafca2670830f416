import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import avsc from 'avsc';
import { decodeVectorRecord, encodeVectorRecord, parseJson, recordFromJson, wireHeaderBytes, type DecodedRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { ContainerWriter } from '../container/container-writer.ts';
import { startCommands, type Commands } from '../testing/command.ts';

let commands: Commands;
before(async () => { commands = await startCommands(); });
after(() => commands[Symbol.asyncDispose]());

/** All records of a collection, by their ids. */
async function stored(collection: string): Promise<Map<string, { bytes: Buffer; version: string; record: DecodedRecord }>> {
  const found = new Map<string, { bytes: Buffer; version: string; record: DecodedRecord }>();
  // What was just acknowledged is waited for.
  const read = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof commands.client.scroll>> = await commands.client.scroll({ collection, limit: 1000, cursor, read });
    for (const { id, version, record } of page.records) found.set(id, { bytes: Buffer.from(record), version, record: decodeVectorRecord(record) });
    ({ cursor } = page);
  } while (cursor !== null);
  return found;
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(commands.path(name), content);
  return commands.path(name);
}

test('jsonl: the stored bytes are those that the record encodes to, longs exact', async () => {
  const lines = [
    '{"id": "a", "vector": [1, 0.5], "metadata": {"large": 9223372036854775807, "double": 1.0, "none": null, "list": [1, {"x": "y"}]}}',
    '', '{"id": "b", "vector": [0.1, 2], "timestamp": 5, "expiresAt": "4102444800000000"}\r',
  ];
  const { code, err } = await commands.run(['import', file('a.jsonl', lines.join('\n')), '-c', 'jsonl', '--create', '--metric', 'dot']);
  assert.equal(code, 0, err);
  assert.match(err, /Made collection jsonl: dimension 2, metric dot/);
  assert.match(err, /2 records imported/);
  const found = await stored('jsonl');
  const { id: schemaId } = await commands.client.getSchema({ name: 'VectorRecord' });
  for (const [id, line] of [['a', 0], ['b', 2]] as const) {
    assert.deepEqual(found.get(id)?.bytes, Buffer.from(recordFromJson(parseJson(lines[line] ?? ''), schemaId)));
  }
  assert.equal(found.get('a')?.record.metadata.get('large'), 9223372036854775807n);
  assert.equal(existsSync(commands.path('a.jsonl.jsonl.import.json')), false, 'the state is gone once all is imported');
});

test('refused rows are named by row, id, field and reason, and cost none of their neighbours', async () => {
  const lines = [
    '{"id": "good 1", "vector": [1, 2]}', '{"id": "short", "vector": [1]}', '{bad', '{"id": "", "vector": [1, 2]}', '{"id": "zero", "vector": [0, 0]}',
    '{"id": "odd", "vector": [1, 2], "colour": 1}', '{"id": "big", "vector": [1, 2], "metadata": {"n": 9223372036854775808}}',
    '{"id": "good 2", "vector": [3, 4]}', `{"id": "${'x'.repeat(513)}", "vector": [3, 4]}`,
  ];
  const rejects = commands.path('refused.jsonl');
  const { code, err, out } = await commands.run([
    'import', file('bad.jsonl', lines.join('\n')), '-c', 'refusals', '--create', '--dimension', '2', '--rejects', rejects, '--json', '--batch', '4',
  ]);
  assert.equal(code, 1);
  assert.match(err, /2 records imported/);
  assert.match(err, /7 rows refused/);
  assert.match(err, /row 2 "short", vector: has 1 numbers/);
  assert.deepEqual(JSON.parse(out), { collection: 'refusals', files: [{ file: commands.path('bad.jsonl'), imported: 2, refused: 7 }] });
  const refused = readFileSync(rejects, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { row: number; field?: string; reason: string });
  assert.deepEqual(refused.map(({ row }) => row), [2, 3, 4, 5, 6, 7, 9]);
  assert.deepEqual(refused.map(({ field }) => field), ['vector', undefined, 'id', 'vector', 'colour', 'metadata.n', 'id']);
  assert.ok(refused.every(({ reason }) => reason.length > 5));
  assert.deepEqual([...(await stored('refusals')).keys()], ['good 1', 'good 2']);
});

test('what only the server refuses is split off, too: the limit of a record\'s bytes is the collection\'s', async () => {
  const rows = [10, 1_100_000, 10, 900_000].map((length, at) => JSON.stringify({ id: `r${at}`, vector: [1, 1], metadata: { text: 'x'.repeat(length) } }));
  const { code, err } = await commands.run(['import', file('large.jsonl', rows.join('\n')), '-c', 'large', '--create']);
  assert.equal(code, 1);
  assert.match(err, /3 records imported/);
  assert.match(err, /row 2 "r1".*1048576/);
  assert.deepEqual([...(await stored('large')).keys()], ['r0', 'r2', 'r3']);
});

test('of rows with one id the last wins, within a batch and across batches under way', async () => {
  const rows = Array.from({ length: 400 }, (_, at) => JSON.stringify({ id: `id ${at % 7}`, vector: [1, at + 1] }));
  const { code, err } = await commands.run(['import', file('again.jsonl', rows.join('\n')), '-c', 'again', '--create', '--batch', '10', '--concurrency', '8']);
  assert.equal(code, 0, err);
  const found = await stored('again');
  const lastOf = (id: number): number => Array.from({ length: 400 }, (_, at) => at).findLast((at) => at % 7 === id) ?? 0;
  for (let id = 0; id < 7; id += 1) assert.equal(found.get(`id ${id}`)?.record.vector[1], lastOf(id) + 1);
});

test('other names: a field is the id, one the vector, the others are metadata', async () => {
  const rows = ['{"key": 17, "embedding": [1, 2], "title": "x", "year": 2020, "metadata": {"nested": true}}', '{"key": "k", "title": "no vector"}'];
  const { code, err } = await commands.run([
    'import', file('names.ndjson', rows.join('\n')), '-c', 'names', '--create', '--id-field', 'key', '--vector-field', 'embedding',
  ]);
  assert.equal(code, 1);
  assert.match(err, /row 2, embedding: is missing/);
  const record = (await stored('names')).get('17')?.record;
  assert.deepEqual(record?.metadata, new Map<string, unknown>([['title', 'x'], ['year', 2020n], ['nested', true]]));
});

test('standard input', async () => {
  const { code } = await commands.run(['import', '-', '-c', 'piped', '--create', '--dimension', '2'], { input: '{"id": "a", "vector": [1, 2]}\n' });
  assert.equal(code, 0);
  assert.equal((await stored('piped')).size, 1);
});

function npy(descr: string, shape: readonly number[], bytes: Uint8Array, version = 1): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const prefix = version === 1 ? 10 : 12;
  const padded = text.padEnd(Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix - 1) + '\n';
  const head = Buffer.alloc(prefix);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(padded.length, 8);
  else head.writeUInt32LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded), bytes]);
}

const vectors = Array.from({ length: 1_200 }, (_, row) => Float32Array.of(row + 1, 0.1, -row / 3));

test('npy: 32 and 64 bits, both byte orders, with metadata line by line', async () => {
  const flat = vectors.flatMap((vector) => [...vector]);
  const metadata = file('meta.jsonl', vectors.map((_, row) => `{"id": "n${row}", "metadata": {"row": ${row}}, "timestamp": ${row}}`).join('\n'));
  const encodings: Record<string, Uint8Array> = {
    '<f4': new Uint8Array(Float32Array.from(flat).buffer), '>f4': Buffer.from(Float32Array.from(flat).buffer).swap32(),
    '<f8': new Uint8Array(Float64Array.from(flat).buffer), '>f8': Buffer.from(Float64Array.from(flat).buffer).swap64(),
  };
  for (const [at, [descr, bytes]] of Object.entries(encodings).entries()) {
    const { code, err } = await commands.run(
      ['import', file(`v${at}.npy`, npy(descr, [1200, 3], bytes, 1 + (at % 2))), '-c', `npy${at}`, '--create', '--metadata', metadata]);
    assert.equal(code, 0, err);
    const found = await stored(`npy${at}`);
    assert.equal(found.size, 1200);
    vectors.forEach((vector, row) => {
      const record = found.get(`n${row}`)?.record;
      assert.deepEqual(record, { id: `n${row}`, vector, metadata: new Map([['row', BigInt(row)]]), timestamp: BigInt(row), expiresAt: null });
    });
  }
});

test('npy: what cannot be read is refused before anything is written, with the way out', async () => {
  const run = async (name: string, content: Buffer, ...more: string[]): Promise<string> =>
    (await commands.run(['import', file(name, content), '-c', 'none', '--create', ...more])).err;
  assert.match(await run('ints.npy', npy('<i8', [2, 2], Buffer.alloc(32))), /its numbers are <i8.*astype/);
  assert.match(await run('flat.npy', npy('<f4', [4], Buffer.alloc(16))), /shape is \(4\).*two dimensions/);
  assert.match(await run('short.npy', npy('<f4', [4, 2], Buffer.alloc(16))), /ends before its last row/);
  assert.match(await run('none.npy', Buffer.from('hello, this is not it')), /does not begin as an \.npy file/);
  const few = file('few.jsonl', '{"id": "a"}\n');
  assert.match(await run('two.npy', npy('<f4', [2, 2], Buffer.alloc(16)), '--metadata', few), /has 1 line, but .* has 2 rows/);
  assert.equal((await commands.run(['collections', 'describe', 'none'])).code, 1);
});

test('fvecs: ids are row numbers where no metadata give one', async () => {
  const bytes = Buffer.concat(vectors.map((vector) => Buffer.concat([Buffer.from(Int32Array.of(3).buffer), Buffer.from(vector.slice().buffer)])));
  const { code, err } = await commands.run(['import', file('v.fvecs', bytes), '-c', 'fvecs', '--create', '--metric', 'euclidean']);
  assert.equal(code, 0, err);
  const found = await stored('fvecs');
  assert.equal(found.size, 1200);
  vectors.forEach((vector, row) => assert.deepEqual(found.get(String(row))?.record.vector, vector));
  assert.match((await commands.run(['import', file('cut.fvecs', bytes.subarray(1)), '-c', 'fvecs'])).err, /is no \.fvecs file/);
});

for (const compression of ['snappy', 'zstd', 'gzip', 'brotli']) {
  test(`parquet of another program, packed by ${compression}: types are kept, rows that are none are refused`, async () => {
    const path = join(import.meta.dirname, 'fixtures', `${compression}.parquet`);
    const args = ['import', path, '-c', compression, '--create', '--id-field', 'key', '--vector-field', 'embedding', '--state', commands.path('parquet.state')];
    const { code, err } = await commands.run(args);
    assert.equal(code, 1);
    assert.match(err, /38 records imported/);
    assert.match(err, /row 8 "row 7", vector: has 2 numbers/);
    assert.match(err, /row 10, key: is missing/);
    const found = await stored(compression);
    assert.equal(found.size, 38);
    assert.deepEqual(found.get('row 4')?.record, {
      id: 'row 4', vector: Float32Array.of(4.5, -1, 0.25), timestamp: 1_000_004n, expiresAt: null,
      metadata: new Map<string, unknown>([
        ['small', 4n], ['large', 2n ** 62n + 4n], ['real', 4], ['flag', true], ['at', BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1000n + 678_905n],
        ['tags', ['a', 'b4']], ['counts', new Map([['x', 4n], ['y', 8n]])], ['place', new Map<string, unknown>([['city', 'Bonn'], ['zip', 53115n]])],
        ['maybe', 'there'], ['raw', Buffer.of(4, 255)],
      ]),
    });
    assert.equal(found.get('row 3')?.record.metadata.has('maybe'), false, 'null is left out');
  });
}

test('avro of another program, deflated: fields become metadata, whole numbers longs', async () => {
  class Millis extends avsc.types.LogicalType {
    protected override _fromValue(value: unknown): unknown { return value; }
    protected override _toValue(value: unknown): unknown { return value; }
  }
  const type = avsc.Type.forSchema({
    type: 'record', name: 'Doc', fields: [
      { name: 'key', type: 'int' }, { name: 'embedding', type: { type: 'array', items: 'double' } }, { name: 'title', type: ['null', 'string'] },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } }, { name: 'share', type: 'double' },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['good', 'bad'] } },
    ],
  }, { logicalTypes: { 'timestamp-millis': Millis } });
  const encoder = new avsc.streams.BlockEncoder(type, { codec: 'deflate' });
  const content = buffer(encoder);
  for (let at = 0; at < 100; at += 1) encoder.write({ key: at, embedding: [at + 1, 2], title: at % 2 === 0 ? null : 'x', at: 5_000, share: 1, kind: 'good' });
  encoder.end();
  const path = file('foreign.avro', await content);
  const { code, err } = await commands.run(['import', path, '-c', 'foreign', '--create', '--id-field', 'key', '--vector-field', 'embedding']);
  assert.equal(code, 0, err);
  assert.match(err, /records of another program/);
  const found = await stored('foreign');
  assert.equal(found.size, 100);
  assert.deepEqual(found.get('1')?.record.metadata, new Map<string, unknown>([['title', 'x'], ['at', 5_000_000n], ['share', 1], ['kind', 'good']]));
  assert.equal(found.get('2')?.record.metadata.has('title'), false);
  assert.match((await commands.run(['import', path, '-c', 'foreign'])).err, /has no field "id" \(--id-field\); there are key, embedding/);
});

test('avro in the schema of another release is written anew, and says so', async () => {
  // Yesterday's records had no expiry.
  const schema = JSON.parse(schemaText('VectorRecord')) as { fields: { name: string }[] };
  const yesterday = JSON.stringify({ ...schema, fields: schema.fields.filter(({ name }) => name !== 'expires_at') });
  const today = encodeVectorRecord(0, { id: 'old', vector: [1, 2], timestamp: 7n });
  const chunks: Uint8Array[] = [];
  const writer = new ContainerWriter(yesterday, {}, async (bytes) => { chunks.push(bytes); });
  // The last byte is the branch of the expiry.
  await writer.add(today.subarray(wireHeaderBytes, -1));
  await writer.end();
  const { code, err } = await commands.run(['import', file('old.avro', Buffer.concat(chunks)), '-c', 'old', '--create']);
  assert.equal(code, 0, err);
  assert.match(err, /another release: written anew/);
  assert.deepEqual((await stored('old')).get('old')?.record, decodeVectorRecord(today));
});

test('a damaged avro file stops the import where it is damaged', async () => {
  const chunks: Uint8Array[] = [];
  const writer = new ContainerWriter(schemaText('VectorRecord'), {}, async (bytes) => { chunks.push(bytes); });
  const metadata = new Map([['t', 'x'.repeat(100)]]);
  for (let at = 0; at < 2_000; at += 1) await writer.add(encodeVectorRecord(0, { id: `r${at}`, vector: [1, 2], metadata }).subarray(wireHeaderBytes));
  await writer.end();
  const whole = Buffer.concat(chunks);
  const { code, err } = await commands.run(['import', file('cut.avro', whole.subarray(0, whole.length - 1000)), '-c', 'cut', '--create']);
  assert.equal(code, 1);
  assert.match(err, /^DATA_LOSS after [\d,]+ rows: .*ends in the middle of a block; the same command with --resume goes on/m);
  const found = await stored('cut');
  assert.ok(found.size > 500 && found.size < 2_000, String(found.size));
});

test('files that are not there, folders, and formats nobody knows', async () => {
  const run = async (...args: string[]): Promise<string> => (await commands.run(['import', ...args, '-c', 'jsonl'])).err;
  assert.match(await run(commands.path('missing.jsonl')), /^NOT_FOUND .*missing\.jsonl: there is no such file/);
  assert.match(await run(commands.folder, '--format', 'jsonl'), /is a folder/);
  assert.match(await run(file('what.bin', 'x')), /what format .*what\.bin has does not show in its name/);
  assert.match(await run(file('not.parquet', 'PAR1 but no more PAR1')), /INVALID_ARGUMENT .* cannot be read as Parquet/);
  assert.match(await run(commands.path('a.jsonl'), '--dimension', '3'), /--dimension: goes with --create/);
  assert.equal(statSync(commands.path('a.jsonl')).size > 0, true);
});

test('a collection of another dimension or metric is not filled', async () => {
  const args = ['import', commands.path('v.fvecs'), '-c', 'jsonl'];
  assert.match((await commands.run(args)).err, /^FAILED_PRECONDITION the vectors of .* have 3 numbers, those of collection jsonl 2/);
  assert.match((await commands.run([...args, '--create', '--metric', 'cosine'])).err, /collection jsonl has the metric dot, not cosine/);
  assert.match((await commands.run(['import', commands.path('v.fvecs'), '-c', 'nowhere'])).err, /NOT_FOUND .* "nowhere"; --create makes it/);
});
