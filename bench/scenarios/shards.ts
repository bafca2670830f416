/** What it costs that a shard is in another process: a search over the stream of calls beside the same search in this one. */
import { startShardServer } from '@proximadb/indexer/transport';
import { createLogger, createMetrics } from '@proximadb/process';
import type { SearchSpec, ShardHit, Shards } from '@proximadb/query';
import { RemoteShards, type Replica } from '@proximadb/query/remote';
import type { Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';

export const shards: Scenario = { name: 'shards', title: 'Shards of another process: the way there and back', run };

const dimension = 768;
const partitions = 12;
const k = 10;
const atOnce = 32;

interface Cost {
  readonly aloneMicros: number;
  readonly together: number;
  readonly cpuMicros: number;
}

async function run({ short, say }: BenchOptions): Promise<Report> {
  const logger = createLogger({ level: 'silent' });
  const rows: (string | number)[][] = [];
  for (const recordBytes of [0, 3_200]) {
    const own = answering(recordBytes);
    const server = await startShardServer({ port: 0, logger, metrics: createMetrics({ processMetrics: false }), shards: own });
    const replica: Replica = { memberId: 'a', address: `127.0.0.1:${server.port}`, incarnation: 'x', group: 0, ready: true, building: false };
    const routes = { replicas: () => [replica], holders: () => [replica], onChange: () => () => {} };
    await using remote = new RemoteShards({ routes, logger });
    try {
      for (const [name, asked] of [['in process', own], ['gRPC', remote], ['in process', own], ['gRPC', remote]] as const) {
        say(`${recordBytes === 0 ? 'without' : 'with'} records, ${name}`);
        const { aloneMicros, together, cpuMicros } = await measure(asked, recordBytes > 0, short ? 200 : 4_000);
        rows.push([name, recordBytes === 0 ? 'no' : `${recordBytes} bytes`, aloneMicros, together, cpuMicros]);
      }
    } finally {
      server.destroy();
    }
  }
  return {
    tables: [{
      title: `A search of ${k} hits, ${dimension}-d, ${partitions} partitions; the shards answer at once`,
      columns: ['way', 'records', 'µs alone, p50', `searches/s, ${atOnce} at once`, 'CPU µs a search'],
      rows,
      notes: ['Both ends are in one process: CPU is that of client and server together. In the order in which they were measured.'],
    }],
    aims: [],
  };
}

async function measure(asked: Shards, records: boolean, searches: number): Promise<Cost> {
  const spec: SearchSpec = { vector: new Float32Array(dimension).fill(0.5), k, filter: null, exact: false, ef: null, records, explain: false };
  const at = Array.from({ length: partitions }, (_, partition) => ({ partition, atLeast: 0 }));
  const search = async (): Promise<void> => {
    const { answers } = await asked.search({ log: 1, at, timeoutMs: 10_000 }, [spec]);
    if (answers[0]?.hits.length !== k) throw new Error(`${answers[0]?.hits.length} hits`);
  };
  for (let i = 0; i < searches / 4; i += 1) await search();
  const alone: number[] = [];
  for (let i = 0; i < searches; i += 1) {
    const started = performance.now();
    await search();
    alone.push((performance.now() - started) * 1_000);
  }
  const started = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: atOnce }, async () => { for (let i = 0; i < searches / 8; i += 1) await search(); }));
  const { user, system } = process.cpuUsage(cpu);
  const done = atOnce * Math.ceil(searches / 8);
  return { aloneMicros: median(alone), together: Math.round(done / (performance.now() - started) * 1_000), cpuMicros: (user + system) / done };
}

/** Shards that have their answer ready. */
function answering(recordBytes: number): Parameters<typeof startShardServer>[0]['shards'] {
  const hits = Array.from({ length: k }, (_, i): ShardHit =>
    ({ id: `word-${i}`, distance: i / k, partition: i % partitions, offset: 1_000_000 + i, record: recordBytes === 0 ? null : new Uint8Array(recordBytes) }));
  const watermarks = Array.from({ length: partitions }, (_, partition) => ({ partition, watermark: 2_000_000, logAway: null }));
  const unused = async (): Promise<never> => { throw new Error('only searches are measured'); };
  return {
    get: unused, scroll: unused, count: unused, outcomes: unused, report: unused, digest: unused,
    search: async (_request, searches) => ({ answers: searches.map(() => ({ hits, costs: [] })), watermarks, missing: [] }),
  };
}
