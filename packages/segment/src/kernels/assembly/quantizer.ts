/**
 * The nearest of many rows for four vectors at once, which share each load of a row as rows share those of a vector: by 7-bit codes first, then the
 * nearest of those by exact distances.
 *
 * Of every eighth row the one that is nearest by codes is kept, so there are eight candidates of a vector, and no branch.
 */
import { fourRows, innerProduct, squaredL2 } from './distances';
import { difference, greatest, totals } from './lanes';
import { clear, finish, offerFour } from './top';

/** Of a vector. */
// @ts-ignore: decorator
@inline const candidates: u32 = 8;
/** Distances and rows of a candidate of four vectors. */
// @ts-ignore: decorator
@inline const candidateBytes: usize = 32;
/** Codes of a vector are ± 127. */
// @ts-ignore: decorator
@inline const codeMax: f32 = 127;
/** Code of 0 in a row. */
// @ts-ignore: decorator
@inline const zeroCode: i32 = 64;

/**
 * Codes (i8) of what a vector differs from the middle by, of `floats` numbers, a multiple of 16. Stores twice their scale, by which products are weighted in a
 * squared distance, and what the zeros of rows add to the products.
 */
export function encodeSought(vector: usize, middle: usize, floats: usize, codes: usize, weightAt: usize, shiftAt: usize): void {
  const end = vector + (floats << 2);
  const apart = middle - vector;
  let largest4 = f32x4.splat(0);
  for (let at = vector; at < end; at += 16) largest4 = f32x4.max(largest4, f32x4.abs(difference(v128.load(at), v128.load(at + apart))));
  const scale: f32 = greatest(largest4) / codeMax;
  const scales = f32x4.splat(scale > 0 ? scale : 1);
  let sums = i32x4.splat(0);
  for (let at = vector; at < end; at += 64, codes += 16) {
    const low = i16x8.narrow_i32x4_s(rounded(at, apart, scales), rounded(at + 16, apart, scales));
    const high = i16x8.narrow_i32x4_s(rounded(at + 32, apart, scales), rounded(at + 48, apart, scales));
    v128.store(codes, i8x16.narrow_i16x8_s(low, high));
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(i16x8.add(low, high)));
  }
  const sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  store<f32>(weightAt, scale + scale);
  store<i32>(shiftAt, zeroCode * sum);
}

// @ts-ignore: decorator
@inline
function rounded(at: usize, apart: usize, scales: v128): v128 {
  const most = f32x4.splat(codeMax);
  return i32x4.trunc_sat_f32x4_s(f32x4.max(f32x4.neg(most), f32x4.min(most, f32x4.nearest(f32x4.div(difference(v128.load(at), v128.load(at + apart)), scales)))));
}

/**
 * Stores four row numbers (u32) at `nearest`, of `rows` rows, at least 1. `vectors`: four, 4 × `bytes` apart, as the rows at `rowsAt` are. `sought`: their codes,
 * `bytes` each, with `weights` and `shifts`: see `encodeSought`. `codes`, `scales`, `added`: of the rows, see `scanCodes`. `best`: room for 264 bytes.
 */
export function nearestOfFour(
  metric: i32, vectors: usize, rowsAt: usize, sought: usize, bytes: usize, weights: usize, shifts: usize, codes: usize, scales: usize, added: usize,
  rows: u32, best: usize, nearest: usize,
): void {
  for (let i: u32 = 0; i < candidates; i += 1) {
    const at = best + usize(i) * candidateBytes;
    v128.store(at, f32x4.splat(Infinity));
    v128.store(at, i32x4.splat(i < rows ? i : 0), 16);
  }
  const weights4 = v128.load(weights), shifts4 = v128.load(shifts);
  const last = rows - 1;
  for (let row: u32 = 0; row < rows; row += 2) twoRows(sought, bytes, weights4, shifts4, codes, scales, added, row, min<u32>(row + 1, last), best);
  const heap = best + usize(candidates) * candidateBytes, floatBytes = bytes << 2;
  for (let i: usize = 0; i < 4; i += 1) {
    const vector = vectors + i * floatBytes, first = best + 16 + (i << 2);
    const row = metric == innerProduct
      ? nearestCandidate(innerProduct, vector, floatBytes, rowsAt, first, heap) : nearestCandidate(squaredL2, vector, floatBytes, rowsAt, first, heap);
    store<u32>(nearest + (i << 2), row);
  }
}

// @ts-ignore: decorator
@inline
function twoRows(
  sought: usize, bytes: usize, weights: v128, shifts: v128, codes: usize, scales: usize, added: usize, one: u32, other: u32, best: usize,
): void {
  let a = sought, b = a + bytes, c = b + bytes, d = c + bytes;
  let row0 = codes + usize(one) * bytes, row1 = codes + usize(other) * bytes;
  let a0 = i32x4.splat(0), b0 = a0, c0 = a0, d0 = a0, a1 = a0, b1 = a0, c1 = a0, d1 = a0;
  const end = row0 + bytes;
  for (; row0 < end; row0 += 16, row1 += 16, a += 16, b += 16, c += 16, d += 16) {
    const codes0 = v128.load(row0), codes1 = v128.load(row1);
    const codesA = v128.load(a);
    a0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesA, codes0, a0);
    a1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesA, codes1, a1);
    const codesB = v128.load(b);
    b0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesB, codes0, b0);
    b1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesB, codes1, b1);
    const codesC = v128.load(c);
    c0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesC, codes0, c0);
    c1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesC, codes1, c1);
    const codesD = v128.load(d);
    d0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesD, codes0, d0);
    d1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(codesD, codes1, d1);
  }
  keep(totals(a0, b0, c0, d0), weights, shifts, scales, added, one, best);
  keep(totals(a1, b1, c1, d1), weights, shifts, scales, added, other, best);
}

/** Of a row and four vectors: the nearer of it and what is kept. */
// @ts-ignore: decorator
@inline
function keep(sums: v128, weights: v128, shifts: v128, scales: usize, added: usize, row: u32, best: usize): void {
  const place = usize(row) << 2;
  const products4 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(sums, shifts)), f32x4.mul(weights, v128.load32_splat(scales + place)));
  const distances = f32x4.sub(v128.load32_splat(added + place), products4);
  const at = best + usize(row & (candidates - 1)) * candidateBytes;
  const before = v128.load(at);
  const nearer = f32x4.lt(distances, before);
  v128.store(at, v128.bitselect(distances, before, nearer));
  v128.store(at, v128.bitselect(i32x4.splat(row), v128.load(at, 16), nearer), 16);
}

/** By exact distances. `at`: the row of its first candidate. */
// @ts-ignore: decorator
@inline
function nearestCandidate(metric: i32, vector: usize, bytes: usize, rowsAt: usize, at: usize, heap: usize): u32 {
  clear(heap, 1);
  for (let i: u32 = 0; i < candidates; i += 4, at += 4 * candidateBytes) {
    const a = load<u32>(at), b = load<u32>(at + candidateBytes), c = load<u32>(at + 2 * candidateBytes), d = load<u32>(at + 3 * candidateBytes);
    const distances = fourRows(
      metric, vector, bytes, rowsAt + usize(a) * bytes, rowsAt + usize(b) * bytes, rowsAt + usize(c) * bytes, rowsAt + usize(d) * bytes,
    );
    offerFour(distances, a, b, c, d);
  }
  finish();
  return load<u32>(heap);
}
