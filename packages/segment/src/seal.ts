/** From a full memtable to the base files of a segment. */
import type { Growing } from './growing/growing.ts';
import type { SegmentWriter } from './sealed/write.ts';

const sliceBytes = 1 << 20;

/** Writes rows of a memtable, in their order; yields after each MiB or so, so that the caller can let others run. */
export function* dumpGrowing(growing: Growing, rows: Uint32Array, writer: SegmentWriter): Generator<void> {
  let bytes = 0;
  for (const row of rows) {
    const { offsets, expires, hashes } = growing.rows;
    const datum = growing.datum(row);
    const vector = growing.slab.row(row);
    writer.add(growing.schemaId(row), datum, offsets[row] ?? 0, expires[row] ?? Infinity, hashes[row] ?? 0, vector);
    bytes += datum.length + vector.byteLength;
    if (bytes >= sliceBytes) {
      bytes = 0;
      yield;
    }
  }
}
