/** Sets of rows as manifests and build jobs carry them: roaring bitmaps in the portable format, which any roaring library reads. */
import { RoaringBitmap32 } from 'roaring-wasm';

export function encodeRows(rows: Iterable<number>): Uint8Array {
  const bitmap = new RoaringBitmap32(rows);
  try {
    bitmap.runOptimize();
    return Uint8Array.prototype.slice.call(bitmap.serialize('portable'));
  } finally {
    bitmap.dispose();
  }
}

/** Ascending. */
export function decodeRows(bytes: Uint8Array): Uint32Array {
  const bitmap = RoaringBitmap32.deserialize(bytes, 'portable');
  try {
    return bitmap.toUint32Array();
  } finally {
    bitmap.dispose();
  }
}
