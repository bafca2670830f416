/** A whole cluster on this machine: what a gateway acknowledges beside bare kafkajs, how soon it can be found, redundancy, and rest. */
import { setTimeout as delay } from 'node:timers/promises';
import { missingForCluster, startCluster, type Cluster } from '@proximadb/test-cluster';
import { createClient, type Client } from '@proximadb/transport/client';
import { Kafka, logLevel } from 'kafkajs';
import { connect, type Collection, type Database } from 'proximadb';
import { stolenMs } from '../machine.ts';
import { EchoProcess } from '../processes/echo.ts';
import { threadTimes, timesBetween, type ThreadTimes } from '../processes/threads.ts';
import { WriterProcess, type WriterAnswer } from '../processes/writer.ts';
import type { Aim, Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';
import { untilCaughtUp } from '../watch.ts';
import { dimension } from '../words.ts';

export const cluster: Scenario = { name: 'cluster', title: 'The cluster', run };

const collection = 'words';
const bareTopic = 'bare-kafkajs';
const partitions = 12;
const batchRecords = 500;
const concurrency = 8;
const writesPerSecond = 100;
const echoesPerSecond = 20;

async function run({ short, scratch, say }: BenchOptions): Promise<Report> {
  const reason = missingForCluster();
  if (reason !== false) return { tables: [{ title: 'Left out', columns: [reason], rows: [], notes: [] }], aims: [] };
  await using running = await startCluster({ directory: scratch, onProgress: say });
  await using writes = createClient(addressesOf(running.gateways));
  await using reads = createClient(addressesOf(running.queries));
  await writes.createCollection({ name: collection, dimension, partitions });

  const ingest = await measureIngest(running, reads, short ? 6_000 : 341_479, short ? 1 : 4);
  say(`acked ${ingest.map(({ gateway, bare }) => `${rate(gateway)} against ${rate(bare)}`).join(', ')} vec/s`);
  const caughtUp = await untilCaughtUp(reads, collection);
  say(`all applied ${caughtUp.toFixed(1)} s after the last ack`);
  // Snapshots are written a minute after the last change.
  if (!short) await untilSettled(reads).then(() => delay(75_000));
  const latencies = await measureLatencies(running, short ? { rounds: 1, count: 100 } : { rounds: 5, count: 1_000 });
  for (const { what, visible, echoed, stolen } of latencies) {
    const [mine, bare] = [visible, echoed].map((rounds) => `p50 ${of(rounds, 0.5).toFixed(1)} ms, p99 ${of(rounds, 0.99).toFixed(1)} ms`);
    say(`${what}: ${mine}; a bare call: ${bare}; stolen: ${median(stolen).toFixed(1)} % of a core`);
  }
  // What was written last is sealed after half a minute, merged, and in a snapshot after another; V8 collects what all that left behind.
  if (!short) await delay(240_000);
  const idle = await measureIdle(running, short ? 2_000 : 180_000);
  say(`at rest: ${idle.map(({ name, percent }) => `${name} ${percent.toFixed(2)} %`).join(', ')}`);
  const redundancy = await measureRedundancy(running, reads);
  say(`another replica group was caught up after ${redundancy.seconds.toFixed(1)} s with ${redundancy.records} records`);
  const reindexed = await measureReindex(running, writes);
  say(`reindexed in ${reindexed.seconds.toFixed(1)} s; writes paused for ${reindexed.pauseMs.toFixed(0)} ms`);
  return {
    tables: [ingestTable(ingest, caughtUp), cpuTable(ingest), latencyTable(latencies), restTable(idle, redundancy, reindexed)],
    aims: aimsOf(ingest, idle, latencies, redundancy, reindexed, short),
  };
}

interface IngestRound {
  readonly gateway: WriterAnswer;
  readonly bare: WriterAnswer;
  /** Of every process while the gateway took its share. */
  readonly cpu: ReadonlyMap<string, number>;
}

/** The words in rounds: a share through the gateway, the same share through bare kafkajs into a topic with as many partitions. */
async function measureIngest(running: Cluster, client: Client, words: number, rounds: number): Promise<IngestRound[]> {
  const { bootstrap: brokers } = running.kafka;
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: bareTopic, numPartitions: partitions, replicationFactor: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const [gateway] = running.gateways;
  using writer = WriterProcess.start(gateway?.address ?? '');
  const share = Math.floor(words / rounds);
  const taken: IngestRound[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await writer.ask({ kind: 'prepare', from: round * share, count: share, batchRecords });
    // The graphs that are still built of one's turn must not meet the other's.
    const produce = async (): Promise<WriterAnswer> => {
      if (rounds > 1) await untilSettled(client);
      return writer.ask({ kind: 'produce', brokers, topic: bareTopic, concurrency });
    };
    const bareFirst = round % 2 === 1 ? await produce() : undefined;
    if (rounds > 1) await untilSettled(client);
    const before = cpuOfAll(running, writer.pid);
    const through = await writer.ask({ kind: 'write', collection, concurrency });
    const cpu = between(before, cpuOfAll(running, writer.pid));
    taken.push({ gateway: through, bare: bareFirst ?? await produce(), cpu });
  }
  return taken;
}

function cpuOfAll(running: Cluster, writer: number): Map<string, ThreadTimes> {
  const named = [
    ['client', writer], ...[...running.gateways, ...running.indexers, ...running.queries].map(({ name, pid }) => [name, pid] as const),
    ...running.kafka.brokers.map(({ pid }, i) => [`Kafka ${i}`, pid] as const),
  ] as const;
  return new Map(named.map(([name, pid]) => [name, threadTimes(pid)]));
}

/** CPU milliseconds. */
function between(before: ReadonlyMap<string, ThreadTimes>, after: ReadonlyMap<string, ThreadTimes>): Map<string, number> {
  return new Map([...after].map(([name, times]) => {
    const spent = timesBetween(before.get(name) ?? new Map(), times);
    return [name, [...spent.values()].reduce((sum, { cpuMs }) => sum + cpuMs, 0)];
  }));
}

/** Waits until everything is sealed, and has its graph: a shard that is idle seals what is left after half a minute. */
async function untilSettled(client: Client): Promise<void> {
  for (let quiet = 0; quiet < 4;) {
    await delay(500);
    const { growing, building, sealed, indexed } = await client.stats({ collection });
    quiet = growing === 0n && building === 0n && sealed === indexed ? quiet + 1 : 0;
  }
}

interface Idle {
  readonly name: string;
  /** Of one core. */
  readonly percent: number;
}

async function measureIdle(running: Cluster, forMs: number): Promise<Idle[]> {
  const before = cpuOfAll(running, 0);
  const startedMs = performance.now();
  await delay(forMs);
  const tookMs = performance.now() - startedMs;
  return [...between(before, cpuOfAll(running, 0))].filter(([name]) => name !== 'client').map(([name, cpuMs]) => ({ name, percent: cpuMs / tookMs * 100 }));
}

interface Size {
  readonly rounds: number;
  /** Of writes in a round. */
  readonly count: number;
}

/** Of each round, ms. */
type Rounds = readonly (readonly number[])[];

interface Latencies {
  readonly what: string;
  /** Of each write, to its acknowledgement. */
  readonly acked: Rounds;
  /** From there to the answer at the write's token that has the record. */
  readonly visible: Rounds;
  /** Meanwhile: bare calls to a process that has nothing else to do. */
  readonly echoed: Rounds;
  /** What the host gave to others in each round, % of a core. */
  readonly stolen: readonly number[];
}

/** Of one round. */
interface Taken {
  readonly acked: readonly number[];
  readonly visible: readonly number[];
}

/** Rounds of one kind, after one that does not count: processes that were at rest, and code that did not run yet, are slow at first. */
async function inRounds(what: string, { rounds, count }: Size, echo: EchoProcess, round: () => Promise<Taken>): Promise<Latencies> {
  const taken: (Taken & { readonly echoed: readonly number[]; readonly stolen: number })[] = [];
  for (let at = 0; at <= rounds; at += 1) {
    const echoed: number[] = [];
    const stop = new AbortController();
    const echoing = (async () => {
      while (!stop.signal.aborted) {
        echoed.push(await echo.call());
        await delay(1_000 / echoesPerSecond);
      }
    })();
    const [before, startedMs] = [stolenMs(), performance.now()];
    const now = await round();
    const stolen = (stolenMs() - before) / (performance.now() - startedMs) * 100;
    stop.abort();
    await echoing;
    if (at > 0) taken.push({ ...now, echoed, stolen });
  }
  if (taken.some(({ acked }) => acked.length !== count)) throw new Error('a write was not counted');
  return {
    what, acked: taken.map(({ acked }) => acked), visible: taken.map(({ visible }) => visible), echoed: taken.map(({ echoed }) => echoed),
    stolen: taken.map(({ stolen }) => stolen),
  };
}

/** The median of the rounds' percentiles: whatever else the machine does meets one of them, not all. */
const of = (rounds: Rounds, part: number): number => median(rounds.map((round) => percentile(round, part)));

type Ask = (from: Collection, id: string, vector: Float32Array, token: string) => Promise<string | undefined>;

const get: Ask = async (from, id, _vector, token) => (await from.get([id], { token })).at(0)?.id;
const search: Ask = async (from, _id, vector, token) => (await from.search(vector, { k: 1, token })).hits[0]?.id;

const withoutStreams = 'a call each';

/**
 * With the TypeScript client: so many writes a second, of one record each, whatever became of the one before; each is read at its token at once, from
 * all words and from a collection of its own, since a search of all words takes more of two cores than 100 a second leave.
 */
async function measureLatencies(running: Cluster, size: Size): Promise<Latencies[]> {
  using echo = await EchoProcess.start();
  await using writes = connect(addressesOf(running.gateways));
  await using reads = connect(addressesOf(running.queries));
  await using calls = connect(addressesOf(running.queries), { searchStreams: false });
  await writes.createCollection({ name: 'few', dimension, partitions });
  const measure = (what: string, into: string, from: Database, askOf: (at: number) => Ask | undefined): Promise<Latencies> =>
    inRounds(what, size, echo, () => writeAndAsk(writes.collection(into), from.collection(into), size.count, askOf));
  // Code that did not run yet is slow.
  await writeAndAsk(writes.collection('few'), reads.collection('few'), size.count, () => search);
  return [
    await measure('get of all words', collection, reads, () => get),
    await measure('search of all words, of each tenth write', collection, reads, (at) => (at % 10 === 0 ? search : undefined)),
    await measure('search of few records', 'few', reads, () => search),
    await measure(`search of few records, ${withoutStreams}`, 'few', calls, () => search),
  ];
}

const addressesOf = (processes: readonly { readonly address: string }[]): string => processes.map(({ address }) => address).join(',');

async function writeAndAsk(into: Collection, from: Collection, count: number, askOf: (at: number) => Ask | undefined): Promise<Taken> {
  const acked: number[] = [];
  const visible: number[] = [];
  const one = async (at: number): Promise<void> => {
    const id = `late-${at}`;
    const vector = Float32Array.from({ length: dimension }, (_, i) => Math.sin(at * 13 + i * 7));
    const sentMs = performance.now();
    const { token } = await into.upsert([{ id, vector }]);
    const ackedMs = performance.now();
    acked.push(ackedMs - sentMs);
    const ask = askOf(at);
    if (ask === undefined) return;
    const found = await ask(from, id, vector, token);
    visible.push(performance.now() - ackedMs);
    if (found !== id) throw new Error(`${id} was acknowledged, and at its token there was ${found ?? 'nothing'}`);
  };
  const under: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let at = 0; at < count; at += 1) {
    const waitMs = startedMs + at * 1_000 / writesPerSecond - performance.now();
    if (waitMs > 0) await delay(waitMs);
    under.push(one(at));
  }
  await Promise.all(under);
  return { acked, visible };
}

interface Redundancy {
  readonly seconds: number;
  readonly records: number;
}

/** From the start of the processes of a new replica group to the moment when all of its replicas are found to hold what the others hold. */
async function measureRedundancy(running: Cluster, client: Client): Promise<Redundancy> {
  const startedMs = performance.now();
  const added = await running.addGroup();
  const group = added[0]?.group;
  for (;;) {
    const seconds = (performance.now() - startedMs) / 1_000;
    const { verdict, partitions: verified } = await client.verify({ collection });
    const own = verified.map(({ replicas }) => replicas.find((replica) => replica.group === group));
    if (verdict === 'agree' && own.every((replica) => replica?.sum != null)) {
      return { seconds, records: own.reduce((sum, replica) => sum + Number(replica?.records ?? 0n), 0) };
    }
    // A query service hears of them some moments after they are ready.
    if (verdict === 'differ' || seconds > 120) throw new Error(`the new replicas do not agree: ${verdict}`);
    await delay(100);
  }
}

interface Reindexed {
  readonly seconds: number;
  readonly records: number;
  /** In which no write was taken. */
  readonly pauseMs: number;
  /** The longest that a write took meanwhile, which its client repeats by itself. */
  readonly longestMs: number;
}

/** All words to twice as many partitions, while a client writes without pause. */
async function measureReindex(running: Cluster, client: Client): Promise<Reindexed> {
  await using writer = connect(addressesOf(running.gateways));
  const words = writer.collection(collection);
  const startedMs = performance.now();
  await client.reindexCollection({ collection, partitions: 2 * partitions, metric: null, index: null, hnsw: null, requestId: null });
  let longestMs = 0;
  for (let at = 0; ; at += 1) {
    const sentMs = performance.now();
    await words.upsert([{ id: `reindexed-${at}`, vector: Float32Array.from({ length: dimension }, (_, i) => Math.sin(at + i)) }]);
    longestMs = Math.max(longestMs, performance.now() - sentMs);
    const { state, pauseMicros, copied } = await client.getReindex({ collection });
    if (state === 'done') return { seconds: (sentMs - startedMs) / 1_000, records: Number(copied), pauseMs: Number(pauseMicros ?? NaN) / 1_000, longestMs };
    if (sentMs - startedMs > 300_000) throw new Error(`the reindex is ${state} after five minutes`);
    await delay(1_000 / writesPerSecond);
  }
}

const rate = ({ records, tookMs }: WriterAnswer): number => Math.round(records / tookMs * 1_000);
const share = ({ gateway, bare }: IngestRound): number => rate(gateway) / rate(bare) * 100;

function ingestTable(rounds: readonly IngestRound[], caughtUp: number): Table {
  return {
    title: `Acknowledged: ${dimension}-d, batches of ${batchRecords}, ${concurrency} under way, one client process`,
    columns: ['round', 'records', 'gateway, vec/s', 'bare kafkajs, vec/s', 'share', 'gateway p50 ms', 'p99 ms'],
    rows: [
      ...rounds.map((round, i) => [
        i + 1, round.gateway.records, rate(round.gateway), rate(round.bare), `${Math.round(share(round))} %`,
        median(round.gateway.latenciesMs), percentile(round.gateway.latenciesMs, 0.99),
      ]),
      [
        'median', '', median(rounds.map(({ gateway }) => rate(gateway))), median(rounds.map(({ bare }) => rate(bare))),
        `${Math.round(median(rounds.map(share)))} %`, '', '',
      ],
    ],
    notes: [
      'Everything is on the same cores: client, Kafka, gateway, and four indexers that hold each record twice and build its graphs.',
      'Beside bare kafkajs they are at rest.',
      `After the last round all was applied within ${caughtUp.toFixed(1)} s.`,
    ],
  };
}

function cpuTable(rounds: readonly IngestRound[]): Table {
  const names = [...new Set(rounds.flatMap(({ cpu }) => [...cpu.keys()]))];
  return {
    title: 'CPU while the gateway acknowledged',
    columns: ['process', ...rounds.map((_, i) => `round ${i + 1}, cores`), 'µs a record'],
    rows: names.map((name) => [
      name, ...rounds.map(({ cpu, gateway }) => ((cpu.get(name) ?? 0) / gateway.tookMs).toFixed(2)),
      median(rounds.map(({ cpu, gateway }) => (cpu.get(name) ?? 0) / gateway.records * 1_000)).toFixed(1),
    ]),
    notes: [],
  };
}

function latencyTable(latencies: readonly Latencies[]): Table {
  const row = (what: string, rounds: Rounds): Cell[] => [
    what, rounds.reduce((sum, { length }) => sum + length, 0), ...[0.5, 0.95, 0.99].map((part) => of(rounds, part).toFixed(1)),
    Math.max(...rounds.map((round) => percentile(round, 0.99))).toFixed(1),
  ];
  return {
    title: `${writesPerSecond} single writes a second, read at their tokens`,
    columns: ['', 'samples', 'p50 ms', 'p95 ms', 'p99 ms', 'p99 of the worst round'],
    rows: latencies.flatMap(({ what, acked, visible, echoed }) => [
      row(`${what}: write → acknowledged`, acked), row(`${what}: acknowledged → answered`, visible),
      row('a bare gRPC call to another process meanwhile', echoed),
    ]),
    notes: [
      `Of a core, the host of this machine gave to others meanwhile: ${latencies.map(({ stolen }) => `${median(stolen).toFixed(1)} %`).join(', ')}.`,
      'With the TypeScript client, through one gateway and a query service; each read waits for the write before it. Searches go over streams that stay open.',
      'Medians of rounds of 10 s, after one that does not count.',
    ],
  };
}

function restTable(idle: readonly Idle[], { seconds, records }: Redundancy, reindexed: Reindexed): Table {
  return {
    title: 'Redundancy, rest and a reindex', columns: ['', 'figure', 'unit'],
    rows: [
      [`a replica group of ${records} records, from the start of its processes to caught up`, seconds.toFixed(1), 's'],
      ...idle.map(({ name, percent }) => [`at rest: ${name}`, percent.toFixed(2), '% of a core']),
      [`${reindexed.records} records copied to ${2 * partitions} partitions, under single writes`, reindexed.seconds.toFixed(1), 's'],
      ['no write was taken meanwhile for', reindexed.pauseMs.toFixed(0), 'ms'],
      ['the longest write of a client, which repeats it by itself', reindexed.longestMs.toFixed(0), 'ms'],
    ],
    notes: ['At rest: over three minutes, four minutes after the last write. V8 collects the garbage of what was done before in some of them.'],
  };
}

function aimsOf(
  rounds: readonly IngestRound[], idle: readonly Idle[], latencies: readonly Latencies[], { seconds }: Redundancy, { pauseMs }: Reindexed, short: boolean,
): Aim[] {
  if (short) return [];
  const p99 = Math.max(...latencies.filter(({ what }) => !what.endsWith(withoutStreams)).map(({ visible }) => of(visible, 0.99)));
  const busiest = Math.max(...idle.filter(({ name }) => !name.startsWith('Kafka')).map(({ percent }) => percent));
  const acked = Math.round(median(rounds.map(share)));
  return [
    { what: 'acked through the gateway', aimed: '≥ 40 % of bare kafkajs', measured: `${acked} %`, met: acked >= 40 },
    { what: 'acknowledged → found at its token with the TypeScript client, the worst p99', aimed: '≤ 30 ms', measured: `${p99.toFixed(1)} ms`, met: p99 <= 30 },
    { what: 'a replica group of all words caught up', aimed: '≤ 30 s', measured: `${seconds.toFixed(1)} s`, met: seconds <= 30 },
    { what: 'writes pause in a reindex', aimed: '< 2 s', measured: `${(pauseMs / 1_000).toFixed(2)} s`, met: pauseMs < 2_000 },
    { what: 'at rest, the busiest Node process', aimed: '≤ 1 % of a core', measured: `${busiest.toFixed(2)} %`, met: busiest <= 1 },
  ];
}
