/** The header of NumPy's .npy files (format 1 to 3): two dimensions, 32- or 64-bit floats, rows one after the other. */
import { invalid, type AppError } from '@proximadb/errors';
import { ByteReader } from '../container/byte-reader.ts';
import { floatsOf, type VectorLayout } from './vector-layout.ts';

const magic = Buffer.from('\x93NUMPY', 'latin1');

/** @throws AppError INVALID_ARGUMENT that says what of the file cannot be read, and how to write it so that it can. */
export async function readNpyHeader(path: string): Promise<VectorLayout> {
  await using reader = await ByteReader.open(path);
  const refuse = (reason: string): AppError => invalid(`${path}: ${reason}`);
  if (!await reader.fill(12) || !reader.take(6).equals(magic)) throw refuse('it does not begin as an .npy file');
  const version = reader.take(2)[0] ?? 0;
  const length = version === 1 ? reader.take(2).readUInt16LE() : reader.take(4).readUInt32LE();
  if (version < 1 || version > 3 || length > 1 << 20 || !await reader.fill(length)) throw refuse(`its header of version ${version} cannot be read`);
  const text = reader.take(length).toString('latin1');
  const start = reader.position;
  const type = /'descr':\s*'([^']*)'/.exec(text)?.[1] ?? 'nothing';
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1]?.split(',').filter((part) => part.trim() !== '').map(Number) ?? [];
  const [rows = 0, dimension = 0] = shape;
  if (/'fortran_order':\s*True/.test(text)) throw refuse('its numbers lie column by column; save it with numpy.ascontiguousarray');
  if (shape.length !== 2 || !shape.every(Number.isSafeInteger)) throw refuse(`its shape is (${shape.join(', ')}); a row a vector is needed: two dimensions`);
  const decode = decoders[type];
  if (decode === undefined) throw refuse(`its numbers are ${type}; 32- and 64-bit floats can be read: save it with .astype("float32")`);
  const rowBytes = dimension * Number(type.slice(2));
  if (reader.size < start + rows * rowBytes) throw refuse(`it ends before its last row: ${reader.size} bytes, ${start + rows * rowBytes} are needed`);
  return { rows, dimension, start, rowBytes, decode };
}

const decoders: Readonly<Record<string, (bytes: Buffer) => Float32Array>> = {
  '<f4': floatsOf,
  '>f4': (bytes) => floatsOf(Buffer.from(bytes).swap32()),
  '<f8': doubles,
  '>f8': (bytes) => doubles(Buffer.from(bytes).swap64()),
};

/** Rounded to 32 bits; beyond their range it is refused with the infinities. */
function doubles(bytes: Buffer): Float32Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return Float32Array.from(new Float64Array(copy.buffer));
}
