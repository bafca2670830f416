/**
 * The distances, a vector register (4 floats) at a time.
 *
 * One query and one row give one result, to the last bit, wherever it is computed: rescored candidates are merged with
 * exact scans. So `fourRows` and `oneRow` add in the same order: register i of a row into sum i mod 4, but the last 1 to 3,
 * where their number is no multiple of 4, into sum 0; then (0 + 1) + (2 + 3); then the lanes 0 + 2 and 1 + 3, then these two.
 * No relaxed SIMD: whether it fuses a product and a sum depends on the machine.
 */

import { allSet } from './constants';

// @ts-ignore: decorator
@inline export const innerProduct: i32 = 0;
// @ts-ignore: decorator
@inline export const squaredL2: i32 = 1;
// @ts-ignore: decorator
@inline export const l1: i32 = 2;

/** `metric` is a constant at every caller, so that only one of the branches is compiled. `magnitude`: all bits of floats but their signs. */
// @ts-ignore: decorator
@inline
function addTerm(metric: i32, sum: v128, query: v128, row: v128, magnitude: v128): v128 {
  if (metric == innerProduct) {
    return f32x4.add(sum, f32x4.mul(query, row));
  } else if (metric == squaredL2) {
    const difference = f32x4.sub(query, row);
    return f32x4.add(sum, f32x4.mul(difference, difference));
  } else {
    return f32x4.add(sum, v128.and(f32x4.sub(query, row), magnitude));
  }
}

/**
 * Sums to distances: smaller is nearer. Never -0, since 0 - 0 is +0 and the other sums start at +0; never NaN: terms that
 * overflow in both directions count as infinitely far, so that the order stays total.
 */
// @ts-ignore: decorator
@inline
function toDistances(metric: i32, sums: v128): v128 {
  const distances = metric == innerProduct ? f32x4.sub(f32x4.splat(0), sums) : sums;
  return v128.bitselect(distances, f32x4.splat(Infinity), f32x4.eq(distances, distances));
}

/**
 * The distances of 4 rows, in the lanes. `bytes` is the length of a row: a multiple of 16, at least 16.
 * 4 rows share each load of the query, so this is the fastest on what is in the cache, and where rows lie anywhere in memory
 * it waits for 4 at once. It goes over the rows twice, for sums 0 and 1, then for 2 and 3: 16 sums would not fit into registers.
 */
// @ts-ignore: decorator
@inline
export function fourRows(metric: i32, query: usize, bytes: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  const magnitude = i32x4.shr_u(allSet(v128.load(query)), 1);
  const unrolled = bytes & ~63;
  let q = query;
  let a0 = f32x4.splat(0), b0 = a0, c0 = a0, d0 = a0;
  let a1 = a0, b1 = a0, c1 = a0, d1 = a0;
  while (q < query + unrolled) {
    const q0 = v128.load(q);
    a0 = addTerm(metric, a0, q0, v128.load(a), magnitude);
    b0 = addTerm(metric, b0, q0, v128.load(b), magnitude);
    c0 = addTerm(metric, c0, q0, v128.load(c), magnitude);
    d0 = addTerm(metric, d0, q0, v128.load(d), magnitude);
    const q1 = v128.load(q, 16);
    a1 = addTerm(metric, a1, q1, v128.load(a, 16), magnitude);
    b1 = addTerm(metric, b1, q1, v128.load(b, 16), magnitude);
    c1 = addTerm(metric, c1, q1, v128.load(c, 16), magnitude);
    d1 = addTerm(metric, d1, q1, v128.load(d, 16), magnitude);
    q += 64; a += 64; b += 64; c += 64; d += 64;
  }
  while (q < query + bytes) {
    const q0 = v128.load(q);
    a0 = addTerm(metric, a0, q0, v128.load(a), magnitude);
    b0 = addTerm(metric, b0, q0, v128.load(b), magnitude);
    c0 = addTerm(metric, c0, q0, v128.load(c), magnitude);
    d0 = addTerm(metric, d0, q0, v128.load(d), magnitude);
    q += 16; a += 16; b += 16; c += 16; d += 16;
  }
  const a01 = f32x4.add(a0, a1), b01 = f32x4.add(b0, b1), c01 = f32x4.add(c0, c1), d01 = f32x4.add(d0, d1);

  q = query; a -= bytes; b -= bytes; c -= bytes; d -= bytes;
  let a2 = f32x4.splat(0), b2 = a2, c2 = a2, d2 = a2;
  let a3 = a2, b3 = a2, c3 = a2, d3 = a2;
  while (q < query + unrolled) {
    const q2 = v128.load(q, 32);
    a2 = addTerm(metric, a2, q2, v128.load(a, 32), magnitude);
    b2 = addTerm(metric, b2, q2, v128.load(b, 32), magnitude);
    c2 = addTerm(metric, c2, q2, v128.load(c, 32), magnitude);
    d2 = addTerm(metric, d2, q2, v128.load(d, 32), magnitude);
    const q3 = v128.load(q, 48);
    a3 = addTerm(metric, a3, q3, v128.load(a, 48), magnitude);
    b3 = addTerm(metric, b3, q3, v128.load(b, 48), magnitude);
    c3 = addTerm(metric, c3, q3, v128.load(c, 48), magnitude);
    d3 = addTerm(metric, d3, q3, v128.load(d, 48), magnitude);
    q += 64; a += 64; b += 64; c += 64; d += 64;
  }
  const sumA = f32x4.add(a01, f32x4.add(a2, a3));
  const sumB = f32x4.add(b01, f32x4.add(b2, b3));
  const sumC = f32x4.add(c01, f32x4.add(c2, c3));
  const sumD = f32x4.add(d01, f32x4.add(d2, d3));

  // A transposition: A0 B0 A1 B1 + A2 B2 A3 B3 = A0+A2 B0+B2 A1+A3 B1+B3, and the same of C and D.
  const ab = f32x4.add(v128.shuffle<f32>(sumA, sumB, 0, 4, 1, 5), v128.shuffle<f32>(sumA, sumB, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(sumC, sumD, 0, 4, 1, 5), v128.shuffle<f32>(sumC, sumD, 2, 6, 3, 7));
  const sums = f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  return toDistances(metric, sums);
}

/**
 * The distance of 1 row: the same additions in the same order as `fourRows`.
 */
// @ts-ignore: decorator
@inline
export function oneRow(metric: i32, query: usize, bytes: usize, row: usize): f32 {
  const magnitude = i32x4.shr_u(allSet(v128.load(query)), 1);
  const end = query + bytes;
  const unrolledEnd = query + (bytes & ~63);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  while (query < unrolledEnd) {
    s0 = addTerm(metric, s0, v128.load(query), v128.load(row), magnitude);
    s1 = addTerm(metric, s1, v128.load(query, 16), v128.load(row, 16), magnitude);
    s2 = addTerm(metric, s2, v128.load(query, 32), v128.load(row, 32), magnitude);
    s3 = addTerm(metric, s3, v128.load(query, 48), v128.load(row, 48), magnitude);
    query += 64; row += 64;
  }
  while (query < end) {
    s0 = addTerm(metric, s0, v128.load(query), v128.load(row), magnitude);
    query += 16; row += 16;
  }
  const sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  const halves = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 2, 3));
  const whole = f32x4.add(halves, v128.shuffle<f32>(halves, halves, 1, 1, 1, 1));
  return f32x4.extract_lane(toDistances(metric, whole), 0);
}
