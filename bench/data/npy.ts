/** Reads matrices that NumPy wrote (`numpy.save`): format 1 to 3, rows in order (C), little-endian floats of 4 or 8 bytes. */
import { readFileSync } from 'node:fs';

export interface Matrix {
  readonly rows: number;
  readonly dimension: number;
  readonly values: Float32Array;
}

/** @throws Error that names the file and says what to save in its place. */
export function readNpy(path: string): Matrix {
  return parseNpy(readFileSync(path), path);
}

export function parseNpy(file: Uint8Array, path: string): Matrix {
  const fail = (why: string): never => { throw new Error(`${path}: ${why}; save it by numpy.save(path, numpy.ascontiguousarray(array, dtype="<f4"))`); };
  if (file.length < 12 || Buffer.from(file.subarray(1, 6)).toString('latin1') !== 'NUMPY') fail('is not an .npy file');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isFirst = file[6] === 1;
  const start = isFirst ? 10 : 12;
  const end = start + (isFirst ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = Buffer.from(file.subarray(start, end)).toString('latin1');
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  if (type !== '<f4' && type !== '<f8') return fail(`holds ${type ?? 'what its header does not say'} in place of <f4 or <f8`);
  if (!/'fortran_order':\s*False/.test(header)) fail('has its columns one after the other, not its rows');
  const shape = /'shape':\s*\((\d+),\s*(\d+)\)/.exec(header);
  if (shape === null) return fail('is not a matrix of rows and columns');
  const [rows, dimension] = [Number(shape[1]), Number(shape[2])];
  const count = rows * dimension;
  const width = type === '<f4' ? 4 : 8;
  if (file.length - end < count * width) fail(`ends early: ${file.length - end} bytes for ${rows} × ${dimension} numbers`);
  // Copied, since where the numbers begin need not be a multiple of their size.
  const bytes = Uint8Array.from(file.subarray(end, end + count * width));
  const values = width === 4 ? new Float32Array(bytes.buffer, 0, count) : Float32Array.from(new Float64Array(bytes.buffer, 0, count));
  if (!values.every(Number.isFinite)) fail('has values that are no finite numbers');
  return { rows, dimension, values };
}
