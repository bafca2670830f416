/** The compiled kernels: once a thread, however many slabs there are. */
import { readFileSync } from 'node:fs';
import { AppError } from '@proximadb/errors';

/** The part of WebAssembly's JavaScript interface used here; Node's types leave it out. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
type Module = object;
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => Module;
  readonly Instance: new (module: Module, imports: { env: { memory: Memory } }) => { readonly exports: unknown };
};

/** Addresses, row numbers and counts come back signed from WebAssembly; none that is returned here reaches 2³¹. */
export interface Kernels {
  distance(metric: number, query: number, rowBytes: number, row: number): number;
  begin(heap: number, k: number, rows: number, rowBytes: number): void;
  scanRange(metric: number, query: number, rowBytes: number, rows: number, first: number, count: number): void;
  scanBits(
    metric: number, query: number, rowBytes: number, rows: number, first: number, bits: number, words: number, list: number, listRows: number,
  ): void;
  scanList(metric: number, query: number, rowBytes: number, rows: number, list: number, count: number): void;
  bound(): number;
  finish(): number;
  /** See `assembly/codes.ts`. */
  scanCodes(
    query: number, bytes: number, codes: number, scales: number, added: number, first: number, count: number, base: number, weight: number, shift: number,
  ): void;
  scanCodeBits(
    query: number, bytes: number, codes: number, scales: number, added: number, first: number, count: number, base: number, weight: number, shift: number,
    bits: number, list: number, listRows: number,
  ): number;
  encodeCodes(vector: number, centroid: number, place: number, floats: number, codes: number, scaleAt: number, addedAt: number): void;
  /** See `assembly/quantizer.ts`. */
  encodeSought(vector: number, middle: number, floats: number, codes: number, weightAt: number, shiftAt: number): void;
  nearestOfFour(
    metric: number, vectors: number, rowsAt: number, sought: number, bytes: number, weights: number, shifts: number, codes: number, scales: number,
    added: number, rows: number, best: number, nearest: number,
  ): void;
  /** See `assembly/signs.ts`. */
  encodeSigns(vector: number, centroid: number, floats: number, part: number, masks: number, withPlace: number, block: number, lane: number): void;
  prepareSigns(vector: number, floats: number, part: number, masks: number, tables: number): void;
  scanSigns(
    tables: number, rowBytes: number, rows: number, rowCount: number, weight: number, slackWeight: number, withPlace: number, bits: number,
    looks: number, lows: number,
  ): void;
  withinSigns(distance: number, list: number): number;
}

export const pageBytes = 65_536;
/** One short of 4 GiB, so that the address behind the last byte is still a u32. */
export const pagesMax = 65_535;

let compiled: Module | undefined;

function compile(): Module {
  const bytes = readFileSync(new URL('kernels.wasm', import.meta.url));
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new AppError('FAILED_PRECONDITION', 'this Node.js cannot compile kernels.wasm, which needs relaxed SIMD: '
      + 'the operator has to run ProximaDB on Node.js 24 or later, on an x86-64 processor with SSE4.1 or on ARM64', { cause });
  }
}

/**
 * An instance with a memory of its own, which may grow.
 * @throws RangeError if the process has no address space left for it.
 * @throws AppError FAILED_PRECONDITION if this Node.js cannot compile the kernels.
 */
export function instantiate(pages: number): { readonly memory: Memory; readonly kernels: Kernels } {
  compiled ??= compile();
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pagesMax });
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  // assembly/index.ts exports exactly these.
  return { memory, kernels: instance.exports as Kernels };
}
