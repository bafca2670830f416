/**
 * What the adapters cost: `node packages/blobs/src/blobs.bench.ts [MinIO's endpoint, as JSON of what sharedMinio gives]`.
 * The ways to upload are interleaved; medians of five.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, sharedMinio } from '@proximadb/test-cluster';
import { FsBlobs } from './fs/index.ts';
import type { BlobStore, Revision } from './port.ts';
import { S3Blobs } from './s3/index.ts';

const MiB = 1024 * 1024;
const rounds = 5;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

const directory = await mkdtemp(join(tmpdir(), 'proximadb-blobs-bench-'));
const prefix = `bench-${Date.now()}`;
const stores: { name: string; store: BlobStore }[] = [{ name: 'directory', store: await FsBlobs.open(join(directory, 'store')) }];
const left = missing('minio');
if (left === false) {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = await sharedMinio();
  stores.push({ name: 'MinIO', store: new S3Blobs({ endpoint, region, bucket, prefix, credentials: { accessKeyId, secretAccessKey } }) });
} else console.log(`without MinIO: ${left}`);

try {
  const sizes = [100_000, 16 * MiB, 256 * MiB];
  const files = await Promise.all(sizes.map(async (size) => {
    const path = join(directory, `file-${size}`);
    await writeFile(path, randomBytes(size));
    return { size, path };
  }));
  for (const { size, path } of files) {
    const times = stores.map(() => ({ up: [] as number[], down: [] as number[], cpu: [] as number[] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, { store }] of stores.entries()) {
        const before = process.cpuUsage();
        times[i]?.up.push(await msOf(() => store.upload('bench/blob', path)));
        const { user, system } = process.cpuUsage(before);
        times[i]?.cpu.push((user + system) / 1000);
        const target = join(directory, 'down');
        times[i]?.down.push(await msOf(() => store.download('bench/blob', target)));
        await rm(target);
      }
    }
    stores.forEach(({ name }, i) => {
      const { up = [], down = [], cpu = [] } = times[i] ?? {};
      const rate = (ms: number): string => `${ms.toFixed(1)} ms (${(size / MiB / ms * 1000).toFixed(0)} MiB/s)`;
      console.log(`${name}, ${size} bytes: up ${rate(median(up))}, of which ${median(cpu).toFixed(1)} ms CPU here; down ${rate(median(down))}`);
    });
  }
  for (const { name, store } of stores) {
    let revision: Revision | null = (await store.get('bench/set'))?.revision ?? null;
    const times: number[] = [];
    for (let i = 0; i < 100; i += 1) {
      times.push(await msOf(async () => { revision = await store.putIf('bench/set', Buffer.from(String(i)), revision) ?? null; }));
    }
    console.log(`${name}: putIf p50 ${median(times).toFixed(2)} ms`);
  }
} finally {
  for (const { store } of stores) {
    await store.delete(['bench/blob', 'bench/set']);
    await store[Symbol.asyncDispose]();
  }
  await rm(directory, { recursive: true });
}
