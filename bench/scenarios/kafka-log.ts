/** The Kafka adapter of the log beside bare kafkajs, on one real broker, by turns. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32c, crcHeaderName, encodeCrc, offset, partition, writeHeaderName, type AppendEntry, type Log } from '@proximadb/log';
import { KafkaLog, openKafkaReader } from '@proximadb/log/kafka';
import { missing, startKafka } from '@proximadb/test-cluster';
import { Kafka, logLevel, type Message, type Producer } from 'kafkajs';
import type { Aim, Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';

export const kafkaLog: Scenario = { name: 'kafka-log', title: 'The log in Kafka', run };

const partitions = 12;
const batchRecords = 500;
const bulkCallers = 8;
const ours = 'adapter';
const bare = 'bare kafkajs';
type Client = typeof ours | typeof bare;

/** Anything that takes records and says when they are durable. */
type Append = (entries: readonly AppendEntry[]) => Promise<unknown>;

async function run({ short, scratch, say }: BenchOptions): Promise<Report> {
  const reason = missing('kafka');
  if (reason !== false) return { tables: [{ title: 'Left out', columns: [reason], rows: [], notes: [] }], aims: [] };
  await using kafka = await startKafka({ directory: scratch });
  const brokers = [...kafka.bootstrap];
  const log = await KafkaLog.open({ brokers, replicationFactor: 1 });
  const client = new Kafka({ brokers, clientId: 'bare', logLevel: logLevel.NOTHING });
  const producer = client.producer({ allowAutoTopicCreation: false, createPartitioner: () => ({ partitionMetadata: [first] }) => first?.partitionId ?? 0 });
  await producer.connect();
  const clients: readonly { readonly client: Client; readonly topic: string; readonly append: Append }[] = [
    { client: ours, topic: 'ours', append: (entries) => log.append('ours', entries) },
    { client: bare, topic: 'bare', append: (entries) => sendBare(producer, 'bare', entries) },
  ];
  for (const { topic } of clients) await log.createTopic(topic, partitions);
  for (const { append } of clients) await callers(append, 8, 200, 1, 400);

  const rounds = short ? 1 : 3;
  const single = await byTurns(rounds, clients, async ({ append }) => callers(append, 1, short ? 50 : 400, 1, 400));
  say(`one caller, p50: ${describe(single, (taken) => median(taken.latenciesMs), 'ms')}`);
  const many = await byTurns(rounds, clients, async ({ append }) => callers(append, 32, short ? 320 : 6_400, 1, 400));
  say(`32 callers, p50: ${describe(many, (taken) => median(taken.latenciesMs), 'ms')}`);
  const bulk = new Map<number, Turns>();
  for (const dimension of [100, 768]) {
    const calls = short ? 16 : dimension === 100 ? 240 : 80;
    const turns = await byTurns(rounds, clients, async ({ append }) => callers(append, bulkCallers, calls, batchRecords, dimension * 4));
    bulk.set(dimension, turns);
    say(`${dimension}-d: ${describe(turns, rate, 'vec/s')}`);
  }
  await log.createTopic('filled', partitions);
  const filled = short ? 24_000 : 480_000;
  await callers((entries) => log.append('filled', entries), bulkCallers, filled / batchRecords, batchRecords, 400);
  const consumed = await byTurns(short ? 1 : 3, clients, async (one) => (one.client === ours ? consumeOurs(brokers, filled) : consumeBare(client, filled)));
  say(`consumed: ${describe(consumed, rate, 'vec/s')}`);
  const delivered = await deliveries(log, short ? 50 : 1_000);
  say(`from the ack to the tail: p50 ${median(delivered).toFixed(2)} ms, p99 ${percentile(delivered, 0.99).toFixed(2)} ms`);
  await producer.disconnect();
  await log[Symbol.asyncDispose]();
  const idle = await idleCpu(brokers, client, short ? 1_000 : 10_000);
  say(`idle: ${idle.map(({ client: name, percent }) => `${name} ${percent.toFixed(2)} %`).join(', ')}`);
  return {
    tables: [latencyTable(single, many), rateTable(bulk, consumed), lastTable(delivered, idle)],
    aims: aimsOf(single, many, bulk, consumed, delivered, idle),
  };
}

interface Taken {
  readonly records: number;
  readonly tookMs: number;
  /** Of this process, which is the client. */
  readonly cpuMs: number;
  readonly latenciesMs: readonly number[];
}

/** Rounds of each client. */
type Turns = Readonly<Record<Client, readonly Taken[]>>;

/** Lets the clients take turns, so that whatever else the machine does meets both. */
async function byTurns<T extends { readonly client: Client }>(rounds: number, clients: readonly T[], measure: (one: T) => Promise<Taken>): Promise<Turns> {
  const turns: Record<Client, Taken[]> = { [ours]: [], [bare]: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? clients : clients.toReversed()) turns[one.client].push(await measure(one));
  }
  return turns;
}

/** `count` calls of so many records, `concurrency` at a time. The records lie ready. */
async function callers(append: Append, concurrency: number, count: number, records: number, valueBytes: number): Promise<Taken> {
  const batches = Array.from({ length: Math.min(count, 16) }, () => Array.from({ length: records }, (_, at) => entryOf(at, valueBytes)));
  const latenciesMs: number[] = [];
  let next = 0;
  const clock = startClock();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (next < count) {
      const batch = batches[next % batches.length] ?? [];
      next += 1;
      const startedMs = performance.now();
      await append(batch);
      latenciesMs.push(performance.now() - startedMs);
    }
  }));
  return { records: count * records, latenciesMs, ...clock() };
}

/** As the gateway writes them: an id, a vector in a little Avro, three headers less the trace. */
function entryOf(at: number, valueBytes: number): AppendEntry {
  const value = randomBytes(valueBytes + 20);
  return {
    partition: partition(Math.floor(Math.random() * partitions)), key: Buffer.from(`record-${at}`), value,
    headers: { [writeHeaderName]: randomBytes(22), [crcHeaderName]: encodeCrc(crc32c(value)) },
  };
}

async function sendBare(producer: Producer, topic: string, entries: readonly AppendEntry[]): Promise<void> {
  const messages = entries.map((entry): Message => ({
    partition: entry.partition, key: entry.key as Buffer, value: entry.value as Buffer,
    headers: Object.fromEntries(Object.entries(entry.headers).map(([name, value]) => [name, Buffer.from(value)])),
  }));
  await producer.send({ topic, acks: -1, messages });
}

function startClock(): () => { readonly tookMs: number; readonly cpuMs: number } {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { tookMs: performance.now() - startedMs, cpuMs: (user + system) / 1_000 };
  };
}

async function consumeOurs(brokers: readonly string[], records: number): Promise<Taken> {
  await using reader = await openKafkaReader({ brokers });
  const stop = new AbortController();
  const clock = startClock();
  let seen = 0;
  let bytes = 0;
  await Promise.all(Array.from({ length: partitions }, async (_, at) => {
    for await (const batch of reader.tail('filled', partition(at), offset(0), stop.signal)) {
      for (const { key, value, headers } of batch.records) bytes += key.length + (value?.length ?? 0) + Object.keys(headers).length;
      seen += batch.records.length;
      if (seen === records) stop.abort();
    }
  }));
  if (seen !== records || bytes === 0) throw new Error(`${seen} of ${records} records were read`);
  return { records, latenciesMs: [], ...clock() };
}

/** From the first batch on: joining the group is not what is measured. */
async function consumeBare(client: Kafka, records: number): Promise<Taken> {
  const consumer = client.consumer({ groupId: `bench-${Math.random()}`, allowAutoTopicCreation: false });
  await consumer.connect();
  await consumer.subscribe({ topic: 'filled', fromBeginning: true });
  const done = Promise.withResolvers<Taken>();
  let seen = 0;
  let bytes = 0;
  let clock: ReturnType<typeof startClock> | undefined;
  consumer.on('consumer.group_join', () => { clock = startClock(); });
  await consumer.run({
    autoCommit: false, partitionsConsumedConcurrently: partitions,
    eachBatch: ({ batch, ...context }) => {
      for (const { key, value, headers } of batch.messages) bytes += (key?.length ?? 0) + (value?.length ?? 0) + Object.keys(headers ?? {}).length;
      context.resolveOffset(batch.lastOffset());
      seen += batch.messages.length;
      if (seen === records && bytes > 0 && clock !== undefined) done.resolve({ records, latenciesMs: [], ...clock() });
      return Promise.resolve();
    },
  });
  const taken = await done.promise;
  await consumer.disconnect();
  return taken;
}

/** From the acknowledgement of an append to the sight of its record in a tail, both in this thread. */
async function deliveries(log: Log, count: number): Promise<number[]> {
  await log.createTopic('delivered', partitions);
  const stop = new AbortController();
  const ackedMs = new Map<string, number>();
  const seenMs = new Map<string, number>();
  const tails = Array.from({ length: partitions }, async (_, at) => {
    for await (const { records } of log.tail('delivered', partition(at), offset(0), stop.signal)) {
      for (const record of records) seenMs.set(`${at}/${record.offset}`, performance.now());
    }
  });
  await delay(700);
  for (let at = 0; at < count; at += 1) {
    const entry = entryOf(at, 400);
    const { offsets: [taken] } = await log.append('delivered', [entry]);
    ackedMs.set(`${entry.partition}/${taken}`, performance.now());
    await delay(Math.random() * 6);
  }
  await delay(100);
  stop.abort();
  await Promise.all(tails);
  return [...ackedMs].map(([place, ms]) => Math.max(0, (seenMs.get(place) ?? Infinity) - ms));
}

interface Idle {
  readonly client: string;
  readonly percent: number;
}

/** Of one core, by a client that has written and follows 12 partitions to whose end it has come. */
async function idleCpu(brokers: string[], client: Kafka, forMs: number): Promise<Idle[]> {
  const measure = async (): Promise<number> => {
    await delay(1_000);
    const clock = startClock();
    await delay(forMs);
    const { tookMs, cpuMs } = clock();
    return cpuMs / tookMs * 100;
  };
  const nobody = { client: 'this process without a client', percent: await measure() };
  const log = await KafkaLog.open({ brokers, replicationFactor: 1 });
  const { length } = await log.extents('ours');
  const ends = await log.extents('ours');
  const stop = new AbortController();
  const tails = Array.from({ length }, async (_, at) => {
    for await (const { records } of log.tail('ours', partition(at), ends[at]?.end ?? offset(0), stop.signal)) if (records.length === 0) break;
  });
  await log.append('ours', [entryOf(0, 400)]);
  const adapter = { client: ours, percent: await measure() };
  stop.abort();
  await Promise.all(tails);
  await log[Symbol.asyncDispose]();
  const producer = client.producer({ allowAutoTopicCreation: false });
  const consumer = client.consumer({ groupId: 'idle', allowAutoTopicCreation: false });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: 'bare' });
  await consumer.run({ eachBatch: () => Promise.resolve() });
  const kafkajs = { client: `${bare}, patched`, percent: await measure() };
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  return [nobody, adapter, kafkajs];
}

const rate = ({ records, tookMs }: Taken): number => Math.round(records / tookMs * 1_000);
const middle = (turns: Turns, client: Client, figure: (taken: Taken) => number): number => median(turns[client].map(figure));
const describe = (turns: Turns, figure: (taken: Taken) => number, unit: string): string =>
  [ours, bare].map((client) => `${client} ${middle(turns, client as Client, figure).toFixed(2)} ${unit}`).join(', ');

function latencyTable(single: Turns, many: Turns): Table {
  const row = (what: string, client: Client, turns: Turns): Cell[] => [
    what, client, ...[0.5, 0.99].map((share) => middle(turns, client, (taken) => percentile(taken.latenciesMs, share))), middle(turns, client, rate),
    middle(turns, client, (taken) => taken.cpuMs / taken.records * 1_000),
  ];
  return {
    title: 'Appends of one record, acknowledged by all replicas', columns: ['callers', 'client', 'p50 ms', 'p99 ms', 'a second', 'client CPU, µs each'],
    rows: [row('1', ours, single), row('1', bare, single), row('32', ours, many), row('32', bare, many)],
    notes: ['Medians of rounds that took turns. One broker, on the same machine as the client.'],
  };
}

function rateTable(bulk: ReadonlyMap<number, Turns>, consumed: Turns): Table {
  const row = (what: string, client: Client, turns: Turns): Cell[] => [
    what, client, middle(turns, client, rate), Math.min(...turns[client].map(rate)), Math.max(...turns[client].map(rate)),
    middle(turns, client, (taken) => taken.cpuMs / taken.records * 1_000),
  ];
  return {
    title: 'Many records', columns: ['', 'client', 'vec/s', 'least', 'most', 'client CPU, µs a record'],
    rows: [
      ...[...bulk].flatMap(([dimension, turns]) => [ours, bare].map((client) => row(`appended, ${dimension}-d`, client as Client, turns))),
      ...[ours, bare].map((client) => row('consumed, 100-d', client as Client, consumed)),
    ],
    notes: [
      `Appended: ${batchRecords} records a call over ${partitions} partitions, ${bulkCallers} calls at a time.`,
      `Consumed: ${partitions} partitions from their beginning; kafkajs from when it has joined its group.`,
    ],
  };
}

function lastTable(delivered: readonly number[], idle: readonly Idle[]): Table {
  return {
    title: 'From the acknowledgement to a tail, and at rest', columns: ['', 'p50', 'p99', 'unit'],
    rows: [
      ['acknowledged → in the tail', median(delivered), percentile(delivered, 0.99), 'ms'],
      ...idle.map(({ client, percent }): Cell[] => [`at rest: ${client}`, percent, '', '% of a core']),
    ],
    notes: ['At rest: a log that has written, and 12 tails at the end of their partitions.'],
  };
}

function aimsOf(single: Turns, many: Turns, bulk: ReadonlyMap<number, Turns>, consumed: Turns, delivered: readonly number[], idle: readonly Idle[]): Aim[] {
  const p50 = (turns: Turns): number => middle(turns, ours, (taken) => median(taken.latenciesMs)) / middle(turns, bare, (taken) => median(taken.latenciesMs));
  const share = (turns: Turns): number => middle(turns, ours, rate) / middle(turns, bare, rate) * 100;
  const atMost = (what: string, aimed: number, measured: number, unit: string): Aim => (
    { what, aimed: `≤ ${aimed} ${unit}`, measured: `${measured.toFixed(2)} ${unit}`, met: measured <= aimed });
  const atLeast = (what: string, aimed: number, measured: number): Aim => (
    { what, aimed: `≥ ${aimed} % of bare`, measured: `${Math.round(measured)} %`, met: measured >= aimed });
  const [nobody, adapter] = idle;
  return [
    atMost('p50 of one append, one caller', 2, p50(single), '× bare'), atMost('p50 of one append, 32 callers', 2, p50(many), '× bare'),
    ...[...bulk].map(([dimension, turns]) => atLeast(`appended, ${dimension}-d`, 90, share(turns))), atLeast('consumed', 100, share(consumed)),
    atMost('acknowledged → in the tail, p50', 1, median(delivered), 'ms'), atMost('acknowledged → in the tail, p99', 5, percentile(delivered, 0.99), 'ms'),
    atMost('at rest, beyond the process itself', 0.5, (adapter?.percent ?? 0) - (nobody?.percent ?? 0), '% of a core'),
  ];
}
