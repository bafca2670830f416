/**
 * Distances to rows of 7-bit codes, 4 rows at a time: a code u stands for (u - 64) × the row's scale. What comes out is good enough to choose
 * candidates by; they are scored again from full vectors.
 *
 * The relaxed dot product is the same on every machine as long as its second operand is below 128, which is why codes have 7 bits.
 */
import { countSet, isSet, wordOf } from './bits';
import { fromMemory } from './cache';
import { difference, greatest, totals } from './lanes';
import { offer, offerFour, someGetIn } from './top';

/** Codes are 64 ± 63. */
// @ts-ignore: decorator
@inline const codeMax: f32 = 63;

/** From which share of set bits on rows from memory are all read: one of them that lies anywhere is waited for. Measured. */
// @ts-ignore: decorator
@inline const denseShare: f32 = 0.3;

/** The sums of products of a query's codes (i8) and those of 4 rows, in the lanes. `bytes` is the length of a row: a multiple of 16. */
// @ts-ignore: decorator
@inline
function fourSums(query: usize, bytes: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  let sumA = i32x4.splat(0), sumB = sumA, sumC = sumA, sumD = sumA;
  const end = query + bytes;
  for (; query < end; query += 16, a += 16, b += 16, c += 16, d += 16) {
    const q = v128.load(query);
    sumA = i32x4.relaxed_dot_i8x16_i7x16_add_s(q, v128.load(a), sumA);
    sumB = i32x4.relaxed_dot_i8x16_i7x16_add_s(q, v128.load(b), sumB);
    sumC = i32x4.relaxed_dot_i8x16_i7x16_add_s(q, v128.load(c), sumC);
    sumD = i32x4.relaxed_dot_i8x16_i7x16_add_s(q, v128.load(d), sumD);
  }
  return totals(sumA, sumB, sumC, sumD);
}

/** base + what the row adds − weight × scale × (sum − shift); never NaN. */
// @ts-ignore: decorator
@inline
function toDistances(sums: v128, base: f32, weight: f32, shift: i32, scales: v128, added: v128): v128 {
  // Large scales meet small weights first: a sum times a large scale would overflow.
  const products = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(sums, i32x4.splat(shift))), f32x4.mul(scales, f32x4.splat(weight)));
  const distances = f32x4.sub(f32x4.add(f32x4.splat(base), added), products);
  return v128.bitselect(distances, f32x4.splat(Infinity), f32x4.eq(distances, distances));
}

/** Offers the rows `first` … `first + count - 1`. `scales` and `added` have an f32 a row. */
export function scanCodes(
  query: usize, bytes: usize, codes: usize, scales: usize, added: usize, first: u32, count: u32, base: f32, weight: f32, shift: i32,
): void {
  range(query, bytes, codes, scales, added, first, count, base, weight, shift, 0);
}

/**
 * The same of the rows in that range whose bits are set; bit 0 at `bits` is row 0. Answers how many there were. `list` is room for `listRows` (≥ 64) row numbers:
 * bits become lists.
 */
export function scanCodeBits(
  query: usize, bytes: usize, codes: usize, scales: usize, added: usize, first: u32, count: u32, base: f32, weight: f32, shift: i32, bits: usize,
  list: usize, listRows: u32,
): u32 {
  const end = first + count;
  const set = countSet(bits, first, end);
  if (fromMemory && f32(set) >= denseShare * f32(count)) {
    range(query, bytes, codes, scales, added, first, count, base, weight, shift, bits);
    return set;
  }
  let listed: u32 = 0;
  for (let start = first & ~31; start < end; start += 32) {
    for (let word = wordOf(bits, start, first, end); word != 0; word &= word - 1, listed += 1) {
      store<u32>(list + (usize(listed) << 2), start + u32(ctz(word)));
    }
    if (listed + 32 <= listRows) continue;
    scanListedCodes(query, bytes, codes, scales, added, base, weight, shift, list, listed);
    listed = 0;
  }
  scanListedCodes(query, bytes, codes, scales, added, base, weight, shift, list, listed);
  return set;
}

/** Of four places a quarter apart, as `range` in `index.ts` reads rows from memory. Where `bits` is not 0, the rows that are set there are offered. */
// @ts-ignore: decorator
@inline
function range(
  query: usize, bytes: usize, codes: usize, scales: usize, added: usize, first: u32, count: u32, base: f32, weight: f32, shift: i32, bits: usize,
): void {
  const apart = count >> 2;
  let a = first;
  for (; a < first + apart; a += 1) {
    const b = a + apart, c = b + apart, d = c + apart;
    const distances = distancesOf(query, bytes, codes, scales, added, base, weight, shift, a, b, c, d);
    if (!someGetIn(distances)) continue;
    if (bits == 0) offerFour(distances, a, b, c, d);
    else {
      if (isSet(bits, a)) offer(f32x4.extract_lane(distances, 0), a);
      if (isSet(bits, b)) offer(f32x4.extract_lane(distances, 1), b);
      if (isSet(bits, c)) offer(f32x4.extract_lane(distances, 2), c);
      if (isSet(bits, d)) offer(f32x4.extract_lane(distances, 3), d);
    }
  }
  for (a += 3 * apart; a < first + count; a += 1) {
    if (bits == 0 || isSet(bits, a)) offerOne(query, bytes, codes, scales, added, base, weight, shift, a);
  }
}

function scanListedCodes(
  query: usize, bytes: usize, codes: usize, scales: usize, added: usize, base: f32, weight: f32, shift: i32, list: usize, count: u32,
): void {
  const apart = usize(count >> 2) << 2, end = list + (usize(count) << 2);
  let at = list;
  for (; at < list + apart; at += 4) {
    const others = at + apart;
    const a = load<u32>(at), b = load<u32>(others), c = load<u32>(others + apart), d = load<u32>(others + 2 * apart);
    const distances = distancesOf(query, bytes, codes, scales, added, base, weight, shift, a, b, c, d);
    if (someGetIn(distances)) offerFour(distances, a, b, c, d);
  }
  for (at += 3 * apart; at < end; at += 4) offerOne(query, bytes, codes, scales, added, base, weight, shift, load<u32>(at));
}

// @ts-ignore: decorator
@inline
function distancesOf(
  query: usize, bytes: usize, codes: usize, scales: usize, added: usize, base: f32, weight: f32, shift: i32, a: u32, b: u32, c: u32, d: u32,
): v128 {
  const sums = fourSums(query, bytes, codes + usize(a) * bytes, codes + usize(b) * bytes, codes + usize(c) * bytes, codes + usize(d) * bytes);
  return toDistances(sums, base, weight, shift, gather(scales, a, b, c, d), gather(added, a, b, c, d));
}

/** What four rows at a time leave. */
function offerOne(query: usize, bytes: usize, codes: usize, scales: usize, added: usize, base: f32, weight: f32, shift: i32, row: u32): void {
  offer(f32x4.extract_lane(distancesOf(query, bytes, codes, scales, added, base, weight, shift, row, row, row, row), 0), row);
}

// @ts-ignore: decorator
@inline
function gather(floats: usize, a: u32, b: u32, c: u32, d: u32): v128 {
  let lanes = v128.load32_zero(floats + (usize(a) << 2));
  lanes = v128.load_lane<f32>(floats + (usize(b) << 2), lanes, 1);
  lanes = v128.load_lane<f32>(floats + (usize(c) << 2), lanes, 2);
  return v128.load_lane<f32>(floats + (usize(d) << 2), lanes, 3);
}

/**
 * Codes of what a vector differs from a centroid by: `floats` of each, a multiple of 16; the vector is overwritten by the difference d. Stores the
 * scale, and what is added to distances: nothing where `place` is 0; else |d|² + 2 (place · d), which makes |q − place|² − 2 (q · d) that of the vector.
 */
export function encodeCodes(vector: usize, centroid: usize, place: usize, floats: usize, codes: usize, scaleAt: usize, addedAt: usize): void {
  const end = vector + (floats << 2);
  let largest = f32x4.splat(0), sums = largest;
  for (let at = vector, other = centroid, its = place; at < end; at += 16, other += 16) {
    const apart = difference(v128.load(at), v128.load(other));
    v128.store(at, apart);
    largest = f32x4.max(largest, f32x4.abs(apart));
    if (place == 0) continue;
    const where = v128.load(its);
    sums = f32x4.add(sums, f32x4.mul(apart, f32x4.add(apart, f32x4.add(where, where))));
    its += 16;
  }
  const sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3);
  store<f32>(addedAt, max<f32>(-f32.MAX_VALUE, min<f32>(f32.MAX_VALUE, sum)));
  // What the smallest scale cannot tell from 0 is 0.
  const scale: f32 = greatest(largest) / codeMax;
  store<f32>(scaleAt, scale);
  const scales = f32x4.splat(scale), zero = i16x8.splat(64);
  for (let at = vector; at < end; at += 64, codes += 16) {
    if (scale == 0) {
      v128.store(codes, i8x16.splat(64));
      continue;
    }
    const low = i16x8.narrow_i32x4_s(rounded(at, scales), rounded(at + 16, scales));
    const high = i16x8.narrow_i32x4_s(rounded(at + 32, scales), rounded(at + 48, scales));
    v128.store(codes, i8x16.narrow_i16x8_u(i16x8.add(low, zero), i16x8.add(high, zero)));
  }
}

// @ts-ignore: decorator
@inline
function rounded(at: usize, scales: v128): v128 {
  const most = f32x4.splat(codeMax);
  return i32x4.trunc_sat_f32x4_s(f32x4.max(f32x4.neg(most), f32x4.min(most, f32x4.nearest(f32x4.div(v128.load(at), scales)))));
}
