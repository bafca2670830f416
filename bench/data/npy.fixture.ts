/** Files as NumPy writes them. */

/** `padding` leaves the numbers at any place, where NumPy aligns them. */
export function npy(
  type: string, values: number[][], { fortran = false, padding = 0, shape }: { fortran?: boolean; padding?: number; shape?: string } = {},
): Uint8Array {
  const columns = values[0]?.length ?? 0;
  const described = `'descr': '${type}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape ?? `(${values.length}, ${columns})`}`;
  const header = `{${described}, }${' '.repeat(padding)}\n`;
  const start = Buffer.alloc(10);
  start.write('\x93NUMPY', 'latin1');
  start[6] = 1;
  start.writeUInt16LE(header.length, 8);
  const flat = values.flat();
  const numbers = type === '<f4' ? Float32Array.from(flat) : Float64Array.from(flat);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), new Uint8Array(numbers.buffer)]);
}
