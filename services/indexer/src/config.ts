/** Limits of the shards; part of the process's configuration. */
import { z } from 'zod';

const count = (minimum: number, fallback: number, text: string, maximum = Number.MAX_SAFE_INTEGER): z.ZodDefault<z.ZodNumber> =>
  z.number().int().min(minimum).max(maximum).default(fallback).describe(text);
/** A timer for longer ends at once. */
const timerMsMax = 2 ** 31 - 1;

export const indexerConfig = z.strictObject({
  threads: count(0, 0, 'threads that hold shards; 0: one less than the cores, at least 1'),
  graphThreads: count(0, 0, 'threads that build a graph together, up to 4 of which make lists; 0: one more than hold shards, at most as many as cores, and 8'),
  growingRowsMax: count(32, 8192, 'rows of a memtable; then it is sealed'),
  growingBytesMax: count(1 << 16, 32 << 20, 'bytes of records in a memtable; then it is sealed'),
  growingTotalBytesMax: count(1 << 20, 512 << 20, 'bytes of all memtables of a thread; past it the largest is sealed, and no shard has two'),
  frozenMax: count(1, 9, 'full memtables of a shard that may wait to be sealed; when one more is full, it stops consuming'),
  unindexedRowsMax: count(1_024, 1 << 20, 'sealed rows without a graph or lists in a shard; then it stops consuming (not under index flat)'),
  checkpointRecordsMax: count(1, 32_768, 'log records a shard applies between two manifests'),
  readBytesMax: count(1 << 12, 4 << 20, 'bytes of one read from the log'),
  sliceMs: z.number().positive().default(2).describe('milliseconds of applying before searches get their turn'),
  graphRowsMin: count(1, 16_384, 'rows without a graph or lists in a shard that start building them'),
  idleGraphRowsMin: count(1, 1_024, 'the same for a shard that has nothing else to do; so many in memory are sealed then'),
  indexWaitMs: count(0, 20_000, 'milliseconds that rows wait for theirs, while others are written: all of them get one at once'),
  idleMs: count(0, 1_500, 'milliseconds without a write after which a shard is idle', timerMsMax),
  bulkIdleShare: z.number().gt(0).max(1).default(0.2)
    .describe('share of idleMs that is enough where more rows wait for a graph or lists than have them: so much for few rows, all of it for 131,072'),
  restMs: count(0, 30_000, 'milliseconds without a write after which segments are merged until few are left, which is searched faster'),
  mergeFlatsMin: count(2, 8, 'segments without a graph or lists that are merged into one'),
  mergeTierMin: count(2, 4, 'segments of about one size that are merged into one'),
  segmentRowsMax: count(1_024, 524_288, 'rows of a merged segment'),
  segmentVectorBytesMax: count(1 << 20, 1 << 30, 'bytes of the vectors of a merged segment, if these are less'),
  deadShareMax: z.number().gt(0).lt(1).default(0.3).describe('share of dead rows past which a segment is written anew'),
  waitersMax: count(1, 10_000, 'calls that may wait for a shard'),
  maintenanceMs: count(
    10, 500, 'milliseconds between two looks at what needs merging; four times as long at rest, where no rows wait for an index',
    Math.floor(timerMsMax / 4),
  ),
  tickMs: count(1_000, 3_600_000, 'milliseconds after which an idle partition with expired records gets a tick'),
  historyMs: count(0, 3_600_000, 'milliseconds of log kept behind the manifest'),
  historyBytesMax: count(0, 1 << 30, 'bytes of log kept behind the manifests of a thread'),
  historyLiveFactor: z.number().min(0).default(0).describe('the same, as a multiple of the live bytes of a shard, if that is less; 0: no such limit'),
});

export type IndexerConfig = z.output<typeof indexerConfig>;
