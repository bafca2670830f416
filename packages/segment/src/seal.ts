/** From a full memtable to the base files of a segment. */
import type { Growing } from './growing/growing.ts';
import { hashId } from './sealed/ids.ts';
import type { SegmentWriter } from './sealed/write.ts';

const sliceBytes = 1 << 20;

/** Writes rows of a memtable, in their order; yields after each MiB or so, so that the caller can let others run. */
export function* dumpGrowing(growing: Growing, rows: Uint32Array, writer: SegmentWriter): Generator<void> {
  let bytes = 0;
  for (const row of rows) {
    const { view, schemaId, offset, expires } = growing.row(row);
    const vector = growing.slab.row(row);
    writer.add(schemaId, view.bytes, offset, expires, hashId(view.idBytes), vector);
    bytes += view.bytes.length + vector.byteLength;
    if (bytes >= sliceBytes) {
      bytes = 0;
      yield;
    }
  }
}
