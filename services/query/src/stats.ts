import type { Log } from '@proximadb/log';
import type { DiskSpace, PartitionStats, StatsRequest, StatsResponse } from '@proximadb/schemas';
import { callOf } from './call.ts';
import type { ReadDependencies } from './reads.ts';
import type { ShardReport } from './shards.ts';
import { type CallContext, within } from '@proximadb/process';

/** What the shards hold beside what the log has. Nothing waits for anything: the figures are of slightly different instants. */
export async function stats(request: StatsRequest, context: CallContext, dependencies: ReadDependencies, log: Pick<Log, 'extents'>): Promise<StatsResponse> {
  const collection = await dependencies.catalog.lookUp(request.collection, context.signal);
  const call = callOf(null, context, dependencies.config.timeoutMsMax);
  // Reports first: then no watermark lies beyond its log's end.
  const reports = await within(dependencies.shards.report(collection.log), call.signal);
  const extents = await within(log.extents(collection.topic), call.signal);
  const byPartition = new Map(reports.map((report) => [report.partition, report]));
  const partitions = extents.map((extent, partition) => partitionStats(partition, extent, byPartition.get(partition)));
  const segments = reports.flatMap((report) => report.segments);
  const total = (figures: readonly number[]): bigint => BigInt(figures.reduce((sum, figure) => sum + figure, 0));
  return {
    collection: collection.name,
    records: total(reports.map(({ live }) => live)),
    growing: total(reports.map(({ growingRows }) => growingRows)),
    sealed: total(segments.map(({ rows, dead }) => rows - dead)),
    indexed: total(segments.filter(({ indexed }) => indexed).map(({ rows }) => rows)),
    building: total(reports.map(({ building }) => building)),
    dead: total(segments.map(({ dead }) => dead)),
    lag: total(partitions.map(({ end, watermark }) => Number(end - watermark))),
    diskBytes: total(segments.map(({ bytes }) => bytes)),
    memoryBytes: total(reports.map(({ memoryBytes }) => memoryBytes)),
    partitions,
    space: spaceOf(reports),
  };
}

/** What segments take, and what writing them took. */
function spaceOf(reports: readonly ShardReport[]): DiskSpace {
  const segments = reports.flatMap((report) => report.segments);
  const disk = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const live = Math.round(segments.reduce((sum, { bytes, rows, dead }) => sum + bytes * (rows - dead) / Math.max(1, rows), 0));
  const written = reports.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);
  const sealed = reports.reduce((sum, { sealedBytes }) => sum + sealedBytes, 0);
  return {
    liveBytes: BigInt(live), deadBytes: BigInt(disk - live), spaceAmplification: live === 0 ? null : disk / live,
    writtenBytes: BigInt(written), sealedBytes: BigInt(sealed), writeAmplification: sealed === 0 ? null : written / sealed,
  };
}

function partitionStats(partition: number, { start, end }: { readonly start: number; readonly end: number }, report: ShardReport | undefined): PartitionStats {
  return {
    partition,
    state: report?.state ?? 'stopped',
    reason: report === undefined ? 'nobody serves this partition' : report.reason,
    start: BigInt(start), end: BigInt(end),
    watermark: BigInt(report?.watermark ?? 0), durable: BigInt(report?.durable ?? 0),
    growing: report?.growingRows ?? 0, malformed: BigInt(report?.malformed ?? 0),
    ledger: (report?.ledger ?? []).map(({ offset, reason }) => ({ offset: BigInt(offset), reason })),
    segments: (report?.segments ?? []).map((segment) => ({ ...segment, bytes: BigInt(segment.bytes) })),
    space: report === undefined ? null : spaceOf([report]),
  };
}
