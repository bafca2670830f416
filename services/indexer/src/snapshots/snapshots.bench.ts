/**
 * How long a shard's snapshot takes up and down: `node services/indexer/src/snapshots/snapshots.bench.ts [rows] [dimension]`, by default 28,457 × 100, a
 * twelfth of 341,479 words. Through MinIO, and through a directory.
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobs, type BlobStore } from '@proximadb/blobs';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText, type Manifest } from '@proximadb/schemas';
import { encodeRows, hashId, runBuildJob, SegmentWriter, strideOf, type GraphSettings } from '@proximadb/segment';
import { missing, sharedMinio } from '@proximadb/test-cluster';
import { Snapshots } from './index.ts';

const [rows = 28_457, dimension = 100] = process.argv.slice(2).map(Number);
const rounds = 3;
const schemaId = 1;
const walker = compileWalker(JSON.parse(schemaText('VectorRecord')));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const directory = await mkdtemp(join(tmpdir(), 'proximadb-snapshots-bench-'));

/** One segment, with its graph. */
function build(segments: string): Manifest {
  mkdirSync(segments);
  const graph: GraphSettings = { dimension, metric: 'cosine', m: 16, efConstruction: 128, quantization: 'i8' };
  const building = join(segments, 'tmp-bench');
  const writer = new SegmentWriter(building, rows, () => schemaText('VectorRecord'));
  const padded = new Float32Array(strideOf(dimension));
  for (let row = 0; row < rows; row += 1) {
    const vector = Array.from({ length: dimension }, () => Math.random() - 0.5);
    const length = Math.hypot(...vector);
    padded.set(vector.map((value) => value / length));
    const id = `word-${row}`;
    writer.add(schemaId, encodeVectorRecord(schemaId, { id, vector, metadata: new Map([['n', BigInt(row)]]) }), row, Infinity, hashId(Buffer.from(id)), padded);
  }
  const schemas = { [schemaId]: schemaText('VectorRecord') };
  const { segment } = runBuildJob({ kind: 'complete', directory: building, schemaIds: writer.close(), schemas, dimension, codes: 'cosine' });
  if (segment === undefined) throw new Error('no segment');
  const directory = join(segments, segment.id);
  const built = runBuildJob({
    kind: 'graph', directory, sources: [{ directory, keep: encodeRows(Array(rows).keys()) }], graph: { ...graph, recallTarget: 0.95 },
  });
  return {
    generation: 1, cluster_id: 'bench', topic: 'bench', topic_id: 'bench', log: 1, partition: 0,
    settings: {
      dimension, metric: 'cosine', partitions: 12, index: 'hnsw', m: 16, ef_construction: 128, quantization: 'i8', record_bytes_max: 1 << 20,
      storage: 'memory', recall_target: 0.95,
    },
    watermark: rows, log_time: 0, last: null,
    segments: [{
      id: segment.id, rows, files: [...segment.files], schema_ids: [...segment.schemaIds], graph: built.graph?.file ?? null,
      ladder: [...built.graph?.ladder ?? []], reach: built.graph?.reach ?? null, ended: Buffer.from([]),
    }],
    requests: [], malformed: 0, ledger: [], marks: [], streams: [],
  };
}

try {
  const segments = join(directory, 'segments');
  const manifest = build(segments);
  const bytes = manifest.segments.flatMap(({ files, graph }) => [...files, ...(graph === null ? [] : [graph])]).reduce((sum, file) => sum + file.bytes, 0);
  console.log(`${rows} rows of ${dimension} dimensions: ${(bytes / 2 ** 20).toFixed(0)} MiB`);
  const stores: { name: string; store: BlobStore }[] = [{ name: 'directory', store: await openBlobs(`file://${join(directory, 'blobs')}`) }];
  const without = missing('minio');
  if (without === false) {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = await sharedMinio();
    const credentials = { accessKeyId, secretAccessKey };
    stores.push({ name: 'MinIO', store: await openBlobs(`s3://${bucket}/bench-${Date.now()}`, { endpoint, region, credentials }) });
  } else console.log(`no MinIO: ${without}`);
  const times = stores.map(() => ({ up: [] as number[], down: [] as number[], cpu: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, { store }] of stores.entries()) {
      const snapshots = new Snapshots({ store, log: 1, partition: round, walkerOf: () => walker, warn: console.error });
      const cpu = process.cpuUsage();
      let startMs = performance.now();
      await snapshots.publish({ ...manifest, partition: round }, segments);
      times[i]?.up.push(performance.now() - startMs);
      startMs = performance.now();
      await snapshots.restore(join(directory, `restored-${i}-${round}`));
      times[i]?.down.push(performance.now() - startMs);
      const { user, system } = process.cpuUsage(cpu);
      times[i]?.cpu.push((user + system) / 1_000);
    }
  }
  for (const [i, { name, store }] of stores.entries()) {
    const { up = [], down = [], cpu = [] } = times[i] ?? {};
    const [upMs, downMs, cpuMs] = [up, down, cpu].map((values) => median(values).toFixed(0));
    console.log(`${name}: publish, fetched back and opened, ${upMs} ms; restore ${downMs} ms; CPU of both ${cpuMs} ms`);
    await store.delete((await Array.fromAsync(store.list(''))).map(({ key }) => key));
    await store[Symbol.asyncDispose]();
  }
} finally {
  await rm(directory, { recursive: true });
}
