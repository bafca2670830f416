/**
 * The distances, a vector register (4 floats) at a time.
 *
 * One query and one row give one result, to the last bit, wherever it is computed: rescored candidates are merged with
 * exact scans. So `fourRows` and `oneRow` add in the same order: registers with even numbers into one sum, those with odd
 * numbers into another, then the two sums, then the lanes 0+2 and 1+3, then these two. No relaxed SIMD: whether it fuses
 * a product and a sum depends on the machine.
 */

// @ts-ignore: decorator
@inline export const innerProduct: i32 = 0;
// @ts-ignore: decorator
@inline export const squaredL2: i32 = 1;
// @ts-ignore: decorator
@inline export const l1: i32 = 2;

/** `metric` is a constant at every caller, so that only one of the branches is compiled. */
// @ts-ignore: decorator
@inline
function addTerm(metric: i32, sum: v128, query: v128, row: v128): v128 {
  if (metric == innerProduct) {
    return f32x4.add(sum, f32x4.mul(query, row));
  } else if (metric == squaredL2) {
    const difference = f32x4.sub(query, row);
    return f32x4.add(sum, f32x4.mul(difference, difference));
  } else {
    return f32x4.add(sum, f32x4.abs(f32x4.sub(query, row)));
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

/** The distances of 4 rows, in the lanes. `bytes` is the length of a row: a multiple of 16, at least 16. */
// @ts-ignore: decorator
@inline
export function fourRows(metric: i32, query: usize, bytes: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  const end = query + bytes;
  const unrolledEnd = query + (bytes & ~63);
  let evenA = f32x4.splat(0), evenB = evenA, evenC = evenA, evenD = evenA;
  let oddA = evenA, oddB = evenA, oddC = evenA, oddD = evenA;
  while (query < unrolledEnd) {
    const q0 = v128.load(query);
    evenA = addTerm(metric, evenA, q0, v128.load(a));
    evenB = addTerm(metric, evenB, q0, v128.load(b));
    evenC = addTerm(metric, evenC, q0, v128.load(c));
    evenD = addTerm(metric, evenD, q0, v128.load(d));
    const q1 = v128.load(query, 16);
    oddA = addTerm(metric, oddA, q1, v128.load(a, 16));
    oddB = addTerm(metric, oddB, q1, v128.load(b, 16));
    oddC = addTerm(metric, oddC, q1, v128.load(c, 16));
    oddD = addTerm(metric, oddD, q1, v128.load(d, 16));
    const q2 = v128.load(query, 32);
    evenA = addTerm(metric, evenA, q2, v128.load(a, 32));
    evenB = addTerm(metric, evenB, q2, v128.load(b, 32));
    evenC = addTerm(metric, evenC, q2, v128.load(c, 32));
    evenD = addTerm(metric, evenD, q2, v128.load(d, 32));
    const q3 = v128.load(query, 48);
    oddA = addTerm(metric, oddA, q3, v128.load(a, 48));
    oddB = addTerm(metric, oddB, q3, v128.load(b, 48));
    oddC = addTerm(metric, oddC, q3, v128.load(c, 48));
    oddD = addTerm(metric, oddD, q3, v128.load(d, 48));
    query += 64; a += 64; b += 64; c += 64; d += 64;
  }
  // At most 3 registers are left, the first of them even.
  if (query < end) {
    const q0 = v128.load(query);
    evenA = addTerm(metric, evenA, q0, v128.load(a));
    evenB = addTerm(metric, evenB, q0, v128.load(b));
    evenC = addTerm(metric, evenC, q0, v128.load(c));
    evenD = addTerm(metric, evenD, q0, v128.load(d));
    if (query + 16 < end) {
      const q1 = v128.load(query, 16);
      oddA = addTerm(metric, oddA, q1, v128.load(a, 16));
      oddB = addTerm(metric, oddB, q1, v128.load(b, 16));
      oddC = addTerm(metric, oddC, q1, v128.load(c, 16));
      oddD = addTerm(metric, oddD, q1, v128.load(d, 16));
      if (query + 32 < end) {
        const q2 = v128.load(query, 32);
        evenA = addTerm(metric, evenA, q2, v128.load(a, 32));
        evenB = addTerm(metric, evenB, q2, v128.load(b, 32));
        evenC = addTerm(metric, evenC, q2, v128.load(c, 32));
        evenD = addTerm(metric, evenD, q2, v128.load(d, 32));
      }
    }
  }
  const sumA = f32x4.add(evenA, oddA);
  const sumB = f32x4.add(evenB, oddB);
  const sumC = f32x4.add(evenC, oddC);
  const sumD = f32x4.add(evenD, oddD);
  // A transposition: A0 B0 A1 B1 + A2 B2 A3 B3 = A0+A2 B0+B2 A1+A3 B1+B3, and the same of C and D.
  const ab = f32x4.add(v128.shuffle<f32>(sumA, sumB, 0, 4, 1, 5), v128.shuffle<f32>(sumA, sumB, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(sumC, sumD, 0, 4, 1, 5), v128.shuffle<f32>(sumC, sumD, 2, 6, 3, 7));
  const sums = f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  return toDistances(metric, sums);
}

/** The distance of 1 row: the same additions in the same order as `fourRows`. */
// @ts-ignore: decorator
@inline
export function oneRow(metric: i32, query: usize, bytes: usize, row: usize): f32 {
  const end = query + bytes;
  const unrolledEnd = query + (bytes & ~31);
  let even = f32x4.splat(0), odd = even;
  while (query < unrolledEnd) {
    even = addTerm(metric, even, v128.load(query), v128.load(row));
    odd = addTerm(metric, odd, v128.load(query, 16), v128.load(row, 16));
    query += 32; row += 32;
  }
  if (query < end) even = addTerm(metric, even, v128.load(query), v128.load(row));
  const sum = f32x4.add(even, odd);
  const halves = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 2, 3));
  const whole = f32x4.add(halves, v128.shuffle<f32>(halves, halves, 1, 1, 1, 1));
  return f32x4.extract_lane(toDistances(metric, whole), 0);
}
