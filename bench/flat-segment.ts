/** A segment of the engine's own, before it has an index: what is built and searched without a server. */
import { join } from 'node:path';
import { compileWalker } from '@proximadb/record';
import { schemaText, type Metric } from '@proximadb/schemas';
import { hashId, prepareQuery, runBuildJob, SegmentWriter, strideOf, type SegmentFiles } from '@proximadb/segment';

export const recordText = schemaText('VectorRecord');
export const recordWalker = compileWalker(JSON.parse(recordText));

export interface FlatRows {
  readonly metric: Metric;
  readonly dimension: number;
  readonly count: number;
  /** A row's record, in the schema of id 1. */
  readonly record: (row: number) => Uint8Array;
  readonly vector: (row: number) => Float32Array;
}

/** Writes it into a folder. */
export function writeFlatSegment(directory: string, { metric, dimension, count, record, vector }: FlatRows): SegmentFiles {
  const temporary = join(directory, 'tmp');
  const writer = new SegmentWriter(temporary, count, () => recordText);
  const padded = new Float32Array(strideOf(dimension));
  for (let row = 0; row < count; row += 1) {
    const bytes = record(row);
    padded.set(prepareQuery(metric, vector(row)));
    writer.add(1, bytes, row, Infinity, hashId(recordWalker.view(bytes).idBytes), padded);
  }
  const { segment } = runBuildJob({ kind: 'complete', directory: temporary, schemaIds: writer.close(), schemas: { 1: recordText }, dimension, codes: metric });
  if (segment === undefined) throw new Error('no segment');
  return segment;
}
