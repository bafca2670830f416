/**
 * The promise that nobody between the client's encoder and the client's decoder takes a record apart: the same bytes at every station,
 * not one record encoded or decoded on the way, and no copy before the log makes its own.
 */
import { strict as assert } from 'node:assert';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Catalog, EmbeddedRegistry } from '@proximadb/catalog';
import { createGateway } from '@proximadb/gateway';
import { indexerConfig, ShardHost } from '@proximadb/indexer';
import { openEmbeddedReader, EmbeddedLog } from '@proximadb/log/embedded';
import { offset, partition, type AppendEntry, type Batch, type Log, type LogReader, type LogRecord } from '@proximadb/log';
import { createLogger, createMetrics } from '@proximadb/process';
import { createInspection, createQuery, oneReplica } from '@proximadb/query';
import { compileWalker, encodeVectorRecord, recordCounters, type MetadataValue, type Walker } from '@proximadb/record';
import { schemaText, UpsertRequest } from '@proximadb/schemas';
import { runBuildJob } from '@proximadb/segment';
import { startGrpc, type Handlers } from '@proximadb/transport';
import { createClient } from '@proximadb/transport/client';
import avro, { type Schema } from 'avsc';
import { ChildServer, TemporaryFolder } from './server.ts';

const dimension = 24;
const count = 300;

function vectorOf(seed: number): Float32Array {
  return Float32Array.from({ length: dimension }, (_, i) => Math.sin(seed * 31 + i * 7) + 0.01);
}

/** All kinds of values, and bytes that no other encoder than the client's would choose twice. */
function recordsFor(schemaId: number, from = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => encodeVectorRecord(schemaId, {
    id: `record-${from + i} ☂`, vector: vectorOf(from + i), timestamp: BigInt(i), expiresAt: i % 3 === 0 ? 2n ** 60n : null,
    metadata: new Map<string, MetadataValue>([
      ['n', BigInt(i)], ['big', 2n ** 62n + BigInt(i)], ['share', i / 7], ['word', `w${i % 5}`], ['none', null], ['raw', Uint8Array.of(i & 255, 0, 255)],
      ['list', [true, 'a', [1n, 2.5]]], ['deep', new Map<string, MetadataValue>([['er', new Map<string, MetadataValue>([['est', 1n]])]])],
    ]),
  }));
}

/** As text: a failed comparison of 300 byte arrays is otherwise unreadable. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const byId = (records: readonly Uint8Array[], walker: Walker): Map<string, string> => new Map(records.map((bytes) => [walker.view(bytes).id, hex(bytes)]));
const todays = compileWalker(JSON.parse(schemaText('VectorRecord')));

/** Remembers what passes on its way into the log and out of it. */
class RecordingLog implements LogReader {
  readonly appended: AppendEntry[] = [];
  readonly read_: LogRecord[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  get clusterId(): string { return this.#log.clusterId; }
  settingsAmiss(topic: string): ReturnType<Log['settingsAmiss']> { return this.#log.settingsAmiss(topic); }
  append(...args: Parameters<Log['append']>): ReturnType<Log['append']> {
    if (!args[0].startsWith('proximadb-catalog')) this.appended.push(...args[1]);
    return this.#log.append(...args);
  }

  describeTopic(...args: Parameters<Log['describeTopic']>): ReturnType<Log['describeTopic']> { return this.#log.describeTopic(...args); }
  extents(...args: Parameters<Log['extents']>): ReturnType<Log['extents']> { return this.#log.extents(...args); }
  read(...args: Parameters<Log['read']>): ReturnType<Log['read']> { return this.#log.read(...args); }
  async* tail(...args: Parameters<Log['tail']>): AsyncGenerator<Batch> {
    for await (const batch of this.#log.tail(...args)) {
      this.read_.push(...batch.records);
      yield batch;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The services of a standalone server, all in this thread: what any of them encodes or decodes, the counters of this thread see. */
async function compose(directory: string, stack: AsyncDisposableStack) {
  const embedded = stack.use(await EmbeddedLog.open({ directory: join(directory, 'log') }));
  const log = new RecordingLog(embedded);
  const catalog = stack.use(await Catalog.open({ log: embedded, registry: await EmbeddedRegistry.open(embedded) }));
  const logger = createLogger({ level: 'error' });
  const walkers = new Map<number, Walker>();
  const host = new ShardHost({
    directory: join(directory, 'shards'), source: log, logger, clock: () => Date.now() * 1000,
    keeper: { trim: () => {}, tick: () => {} }, trimBehindSnapshots: false,
    config: indexerConfig.parse({
      graphRowsMin: 64, idleGraphRowsMin: 64, idleMs: 3_000, bulkIdleShare: 1, maintenanceMs: 20, mergeFlatsMin: 2, mergeTierMin: 2,
    }),
    builder: { run: async (job) => runBuildJob(job) },
    schemas: {
      walker: (id) => walkers.get(id), text: (id) => catalog.schemas.text(id),
      learn: async (id) => { walkers.set(id, await catalog.schemas.walker(id)); },
    },
  });
  stack.defer(() => host.close());
  catalog.onChange(({ kind, collection: { log: number, topic, topicId, settings } }) => {
    if (kind !== 'ready') return;
    for (let each = 0; each < settings.partitions; each += 1) {
      host.assign({ partitions: settings.partitions, settings, identity: { clusterId: log.clusterId, topic, topicId, log: number, partition: each } });
    }
  });
  const { reader, load: _load, ...reads } = createQuery({}, { log, catalog, shards: host, logger });
  const rates = { take: async () => 0 };
  const { inFlightBytes: _bytes, ...writes } = createGateway({}, { log, catalog, outcomes: host, progress: host, reader, rates, logger });
  const inspection = createInspection({}, {
    log, catalog, replicas: oneReplica('here', host), members: () => [], faults: () => [], fewerSince: () => null,
  });
  const requests: UpsertRequest[] = [];
  const handlers: Handlers = {
    ...reads, ...writes, ...inspection,
    upsert: (request, context) => {
      requests.push(request);
      return writes.upsert(request, context);
    },
  };
  const server = await startGrpc({ handlers, port: 0, readiness: () => ({ ready: true }), metrics: createMetrics({ processMetrics: false }), logger });
  stack.defer(() => server.close(0));
  const client = stack.use(createClient(`127.0.0.1:${server.port}`));
  return { log, host, client, requests, catalog };
}

/** By itself avsc refuses longs that a double cannot hold. */
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(), toBuffer: () => Buffer.alloc(8), fromJSON: BigInt, toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint', compare: () => 0,
});

function longsAsBigints(schema: Schema): avro.Type | undefined {
  return schema === 'long' || (typeof schema === 'object' && 'type' in schema && schema.type === 'long') ? long : undefined;
}

/** The data of an Avro container file as any Avro tool would read them. */
function avroRows(path: string, raw: boolean): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const rows: unknown[] = [];
    avro.createFileDecoder(path, {
      noDecode: raw, parseHook: (schema: Schema) => avro.Type.forSchema(schema, { typeHook: longsAsBigints }),
    }).on('data', (row: unknown) => rows.push(row)).on('end', () => { resolve(rows); }).on('error', reject);
  });
}

const containersIn = (directory: string): string[] => globSync('**/records-*.avro', { cwd: directory }).map((path) => join(directory, path));

test('a record is the same bytes from the client to the log, the memtable, the segment and the hit, and nobody takes it apart', async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const { log, host, client, requests, catalog } = await compose(folder.path, stack);
  await client.createCollection({ name: 'words', dimension, partitions: 3 });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  const records = recordsFor(schemaId);
  const sent = byId(records, todays);
  const before = { ...recordCounters };

  const { token, versions } = await client.upsert({ collection: 'words', records });
  assert.equal(versions.length, count);

  // To the log: views on the message as gRPC received it.
  const [request] = requests;
  assert.ok(request !== undefined && requests.length === 1);
  assertViewsOnMessage(request, log.appended);

  // In the log, and what comes out of it.
  const collection = catalog.get('words');
  const at = (await log.extents(collection.topic)).map(({ end }, each) => ({ partition: each, atLeast: Number(end) }));
  const batches = await Promise.all(at.map(({ partition: each }) => log.read(collection.topic, partition(each), offset(0), 64 << 20)));
  assert.deepEqual(byId(batches.flatMap((batch) => batch.records.map(({ value }) => value ?? new Uint8Array())), todays), sent, 'in the log');

  // In the memtable: the very memory that the log gave.
  const ids = [...sent.keys()];
  const inMemory = await host.get({ log: collection.log, at, timeoutMs: 5_000 }, ids);
  assert.ok((await host.report(collection.log)).every(({ segments }) => segments.length === 0), 'all is in the memtable still');
  assert.deepEqual(byId(inMemory.rows.map(({ record }) => record), todays), sent, 'in the memtable');
  for (const { partition: each, offset: position, record } of inMemory.rows) {
    const given = log.read_.find((one) => one.offset === position && each === partitionOfTail(one, batches));
    assert.ok(given?.value?.buffer === record.buffer && given.value.byteOffset === record.byteOffset, 'the memtable holds what the log gave, not a copy');
  }
  await answersHold(client, sent, token);

  // In the segments: searched by graphs, stored in containers that any Avro tool reads.
  await until(async () => {
    await host.settle(collection.log);
    return (await host.report(collection.log)).every(({ segments }) => segments.some(({ indexed }) => indexed));
  });
  const files = containersIn(folder.path);
  await containersHold(files, sent);
  await answersHold(client, sent, token);

  // A second life: written again, merged with what was there, and still the same bytes.
  const moreRecords = recordsForSecondLife(schemaId, sent);
  const afterEncoding = { ...recordCounters };
  const again = await client.upsert({ collection: 'words', records: moreRecords });
  await until(async () => {
    await host.settle(collection.log);
    // What came late may stay in a segment that is too small for a graph; what was merged has more than one life's share of the records.
    return (await host.report(collection.log)).every(({ segments }) => segments.some(({ indexed, rows }) => indexed && rows > count / 3));
  });
  await containersHold(containersIn(folder.path), sent);
  await answersHold(client, sent, again.token);

  assert.deepEqual(afterEncoding, { ...before, encodes: before.encodes + count }, 'only the client encoded');
  assert.deepEqual({ ...recordCounters }, afterEncoding, 'neither did anybody encode or decode a record afterwards');
});

test('proximadb start keeps and answers the very bytes, through a restart', async () => {
  using folder = new TemporaryFolder();
  const sent = new Map<string, string>();
  let topic = '';
  {
    await using server = new ChildServer(folder.path, ['--indexer-growing-rows-max', '64', '--indexer-merge-flats-min', '2', '--indexer-maintenance-ms', '20']);
    await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
    const { log } = await client.createCollection({ name: 'words', dimension, partitions: 2 });
    topic = `proximadb-words-${log}`;
    const records = recordsFor((await client.getSchema({ name: 'VectorRecord' })).id);
    for (const [id, bytes] of byId(records, todays)) sent.set(id, bytes);
    const { token } = await client.upsert({ collection: 'words', records });
    await answersHold(client, sent, token);
    server.kill('SIGTERM');
    assert.equal((await server.ended).code, 0);
  }
  await containersHold(containersIn(folder.path), sent);
  {
    await using server = new ChildServer(folder.path);
    await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
    await answersHold(client, sent, null);
    server.kill('SIGTERM');
    await server.ended;
  }
  await using _log = await EmbeddedLog.open({ directory: join(folder.path, 'log') });
  await using reader = await openEmbeddedReader(join(folder.path, 'log'));
  const batches = await Promise.all([0, 1].map((each) => reader.read(topic, partition(each), offset(0), 64 << 20)));
  assert.deepEqual(byId(batches.flatMap((batch) => batch.records.map(({ value }) => value ?? new Uint8Array())), todays), sent, 'in the log');
});

/** The log's entries are views on one memory, in which the whole message stands around them as the client's connection sent it. */
function assertViewsOnMessage(request: UpsertRequest, appended: readonly AppendEntry[]): void {
  assert.equal(appended.length, count);
  const message = Buffer.from(UpsertRequest.encode(request));
  const [first] = request.records;
  assert.ok(first !== undefined);
  const start = first.byteOffset - message.indexOf(first);
  assert.ok(start >= 0 && Buffer.from(first.buffer, start, message.length).equals(message), 'the records lie in the received message');
  appended.forEach(({ value, key }, record) => {
    assert.ok(value !== null);
    assert.equal(value.buffer, first.buffer, `record ${record} was copied before the log`);
    assert.ok(value.byteOffset > start && value.byteOffset + value.length <= start + message.length, `record ${record} is not in the message`);
    assert.equal(value.byteOffset, request.records[record]?.byteOffset, `record ${record} is another view`);
    const inRecord = key.byteOffset > value.byteOffset && key.byteOffset + key.length <= value.byteOffset + value.length;
    assert.ok(key.buffer === first.buffer && inRecord, 'the key is a view on the record');
  });
}

function partitionOfTail(record: LogRecord, batches: readonly Batch[]): number {
  return batches.findIndex(({ records }) => records.some((one) => one.offset === record.offset && Buffer.compare(one.key, record.key) === 0));
}

/** Every record that the containers hold and that is live has the bytes that were sent, by an Avro tool and by searching the file for them. */
async function containersHold(files: readonly string[], sent: ReadonlyMap<string, string>): Promise<void> {
  const raw = (await Promise.all(files.map((path) => avroRows(path, true)))).flat() as Buffer[];
  const found = new Set(raw.map(hex));
  const whole = files.map((path) => readFileSync(path));
  for (const [id, bytes] of sent) {
    assert.ok(found.has(bytes), `${id} is a datum of a container`);
    assert.ok(whole.some((file) => file.includes(Buffer.from(bytes, 'hex'))), `${id} is in a file, byte for byte`);
  }
  const decoded = (await Promise.all(files.map((path) => avroRows(path, false)))).flat() as { wire: Buffer; record: { id: string; vector: number[] } }[];
  assert.deepEqual(new Set(decoded.map(({ record }) => record.id)), new Set(sent.keys()));
  for (const { wire, record } of decoded) {
    assert.deepEqual([wire.length, wire[0], record.vector.length], [5, 0, dimension]);
  }
  const [one] = decoded;
  assert.ok(one !== undefined);
  const view = todays.view(Buffer.from(sent.get(one.record.id) ?? '', 'hex'));
  const vector = new Float32Array(dimension);
  view.copyVector(vector, 0);
  assert.deepEqual(one.record.vector, [...vector], 'an Avro tool reads what the client wrote');
}

/** Search, get and scroll answer the bytes that the client wrote. */
async function answersHold(client: ReturnType<typeof createClient>, sent: ReadonlyMap<string, string>, token: string | null): Promise<void> {
  const read = { consistency: null, token, maxStalenessMs: null, timeoutMs: null, allowPartial: false };
  for (const exact of [true, false]) {
    const { hits } = await client.search({ collection: 'words', vector: vectorOf(7), k: 50, include: ['vector', 'metadata'], exact, read });
    assert.equal(hits.length, 50);
    assert.equal(hits[0]?.id, 'record-7 ☂');
    for (const { id, record } of hits) assert.equal(hex(record ?? new Uint8Array()), sent.get(id), `hit ${id}`);
  }
  const ids = [...sent.keys()];
  const got = await client.get({ collection: 'words', ids, read });
  assert.deepEqual(new Map(got.records.map(({ id, record }) => [id, hex(record)])), sent, 'get');
  const scrolled = await client.scroll({ collection: 'words', limit: 1_000, read });
  const inOrder = [...sent].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(scrolled.records.map(({ id, record }) => [id, hex(record)]), inOrder, 'scroll');
}

/** Of the last tenth other content, and as many new ones as make it `count`; `sent` then says what is live. */
function recordsForSecondLife(schemaId: number, sent: Map<string, string>): Uint8Array[] {
  const records = recordsFor(schemaId, count - count / 10);
  const overwritten = [...byId(records, todays)].filter(([id, bytes]) => sent.has(id) && sent.get(id) !== bytes);
  assert.equal(overwritten.length, count / 10);
  for (const [id, bytes] of byId(records, todays)) sent.set(id, bytes);
  return records;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 300_000;
  while (!await condition()) {
    assert.ok(performance.now() < deadline, 'it takes too long');
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}
