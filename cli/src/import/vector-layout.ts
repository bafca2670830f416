/** How vectors lie in a file. */
export interface VectorLayout {
  readonly rows: number;
  readonly dimension: number;
  /** Of the first row. */
  readonly start: number;
  /** From one row to the next. */
  readonly rowBytes: number;
  /** @throws AppError INVALID_ARGUMENT. */
  readonly decode: (bytes: Buffer) => Float32Array;
}

/** Little-endian 32-bit floats, wherever they lie. */
export function floatsOf(bytes: Buffer): Float32Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float32Array(copy.buffer);
}
