/** Reads, writes and verifies snapshots; loaded once its thread gives way. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openBlobs } from '@proximadb/blobs';
import { AppError, assert } from '@proximadb/errors';
import { createLogger } from '@proximadb/process/thread';
import { compileWalker, type Walker } from '@proximadb/record';
import { readManifest } from '@proximadb/segment';
import type { Published } from '../snapshotter.ts';
import { eraseLog, Snapshots } from '../snapshots/index.ts';
import { Rpc } from './rpc.ts';
import type { SnapshotThreadData } from './snapshots.ts';

assert(parentPort !== null, 'runs as a worker');
const data = workerData as SnapshotThreadData;
const store = await openBlobs(data.url, data.options);
const logger = createLogger({ level: data.logLevel, fields: { service: 'indexer', thread: 'snapshots' } });
const walkers = new Map<number, Walker>();

const of = (log: number, partition: number): Snapshots => new Snapshots({
  store, log, partition, walkerOf, kept: data.kept, garbageAgeMs: data.garbageAgeMs,
  warn: (event, error) => { logger.warn(event, { log, partition, error }); },
});

async function publish(log: number, partition: number, staged: string, signal: AbortSignal): Promise<Published> {
  const manifest = await readManifest(staged);
  assert(manifest !== undefined, 'what is staged has a manifest');
  const snapshots = of(log, partition);
  const { kind, watermark, uploadedBytes } = await snapshots.publish(manifest, join(staged, 'segments'), signal);
  return { kind, watermark, oldestWatermark: await snapshots.oldestKept(signal), bytesUploaded: uploadedBytes };
}

const rpc: Rpc = new Rpc(parentPort, {
  publish,
  restore: async (log: number, partition: number, directory: string, signal: AbortSignal) => {
    const restored = await of(log, partition).restore(directory, signal);
    return restored === undefined ? undefined : { watermark: restored.manifest.watermark };
  },
  collect: async (log: number, partition: number, signal: AbortSignal) => { await of(log, partition).collect(Date.now(), signal); },
  erase: (log: number, signal: AbortSignal) => eraseLog(store, log, signal),
});

async function walkerOf(schemaId: number): Promise<Walker> {
  const known = walkers.get(schemaId);
  if (known !== undefined) return known;
  const text = await rpc.call<string | null>('schema', schemaId);
  if (text === null) throw new AppError('FAILED_PRECONDITION', `a snapshot has records of schema id ${schemaId}, which the catalog does not know`);
  const walker = compileWalker(JSON.parse(text));
  walkers.set(schemaId, walker);
  return walker;
}
