/**
 * Rows of one bit a number: the signs of what a vector differs from a centroid by, after a rotation that spreads it over all numbers. With the length
 * that the signs stand for, and by how much they may be wrong. After Gao, Long: RaBitQ, Quantizing High-Dimensional Vectors with a Theoretical
 * Error Bound for Approximate Nearest Neighbor Search, 2024; the rotation by Hadamard transforms and random signs after Ailon, Chazelle, 2009; sixteen
 * rows at a time, by tables of sixteen sums in a register, after André, Kermarrec, Le Scouarnec: Cache Locality Is Not Enough, 2015.
 *
 * 16 rows are a block: their scales, slacks, and what they add (f32); then the first byte of the bits of each, the second of each, and so on. A row's inner
 * product with a query is about scale × Σ ± query, and is off by slack × the query's length in one of three cases (a standard deviation).
 */
import { cacheBytes } from './cache';
import { allSet } from './constants';
import { difference, greatest } from './lanes';
import { farthest, offer } from './top';

// @ts-ignore: decorator
@inline const blockRows: u32 = 16;
/** Of scales, slacks and what is added. */
// @ts-ignore: decorator
@inline const slacksAt: usize = 64;
// @ts-ignore: decorator
@inline const addedAt: usize = 128;
// @ts-ignore: decorator
@inline const headBytes: usize = 192;
/** Numbers of a query are -7 … 7. */
// @ts-ignore: decorator
@inline const queryMax: i32 = 7;
/** Of four of them: what tables have more, so that no sum is negative. Four sums are at most 224, and fit into a byte. */
// @ts-ignore: decorator
@inline const offset: i32 = 4 * queryMax;
/** Rounding to such numbers is off by so much of a step in each dimension, squared; a step is about half of a typical number. */
// @ts-ignore: decorator
@inline const queryError: f32 = 0.25 / 12;
// @ts-ignore: decorator
@inline const rounds: u32 = 3;

/** Rotates in place. `part`, a power of two of at least half of `floats`: what is transformed at once; `masks`: sign bits or 0, `part` u32 for each round. */
function rotate(vector: usize, floats: u32, part: u32, masks: usize): void {
  const rest = usize(floats - part) << 2;
  // What one round leaves out the next takes in.
  for (let round: u32 = 0; round < rounds; round += 1, masks += usize(part) << 2) transform((round & 1) == 0 ? vector : vector + rest, part, masks);
}

/** The Hadamard transform of as many numbers with some of their signs turned, scaled so that lengths stay. `floats`: a power of two, at least 16. */
function transform(vector: usize, floats: u32, masks: usize): void {
  const bytes = usize(floats) << 2;
  const end = vector + bytes;
  const scale = f32x4.splat(1 / sqrt<f32>(f32(floats)));
  const odd = f32x4(1, -1, 1, -1), high = f32x4(1, 1, -1, -1);
  for (let at = vector; at < end; at += 16, masks += 16) {
    let lanes = f32x4.mul(v128.xor(v128.load(at), v128.load(masks)), scale);
    lanes = f32x4.add(v128.shuffle<f32>(lanes, lanes, 1, 0, 3, 2), f32x4.mul(lanes, odd));
    v128.store(at, f32x4.add(v128.shuffle<f32>(lanes, lanes, 2, 3, 0, 1), f32x4.mul(lanes, high)));
  }
  // Two steps at once, as long as there are two.
  let width: usize = 16;
  for (; width << 2 <= bytes; width <<= 2) {
    for (let block = vector; block < end; block += width << 2) {
      for (let at = block; at < block + width; at += 16) {
        const a = v128.load(at), b = v128.load(at + width), c = v128.load(at + 2 * width), d = v128.load(at + 3 * width);
        const ab = f32x4.add(a, b), cd = f32x4.add(c, d), aNotB = f32x4.sub(a, b), cNotD = f32x4.sub(c, d);
        v128.store(at, f32x4.add(ab, cd));
        v128.store(at + width, f32x4.add(aNotB, cNotD));
        v128.store(at + 2 * width, f32x4.sub(ab, cd));
        v128.store(at + 3 * width, f32x4.sub(aNotB, cNotD));
      }
    }
  }
  if (width == bytes) return;
  for (let at = vector; at < vector + width; at += 16) {
    const one = v128.load(at), other = v128.load(at + width);
    v128.store(at, f32x4.add(one, other));
    v128.store(at + width, f32x4.sub(one, other));
  }
}

/** Writes a row of a block from a vector, which is overwritten. `withPlace`: distances are squared L2, and the difference's square is added to them. */
export function encodeSigns(vector: usize, centroid: usize, floats: u32, part: u32, masks: usize, withPlace: bool, block: usize, lane: u32): void {
  const end = vector + (usize(floats) << 2);
  let largest4 = f32x4.splat(0);
  for (let at = vector, other = centroid; at < end; at += 16, other += 16) {
    const apart = difference(v128.load(at), v128.load(other));
    v128.store(at, apart);
    largest4 = f32x4.max(largest4, f32x4.abs(apart));
  }
  const largest = greatest(largest4);
  if (largest > 0) {
    // Neither squares nor sums overflow or vanish.
    const unit = f32x4.splat(largest);
    for (let at = vector; at < end; at += 16) v128.store(at, f32x4.div(v128.load(at), unit));
    rotate(vector, floats, part, masks);
  }
  const zero = f32x4.splat(0);
  let sums = zero, squares = zero;
  for (let at = vector, bits = block + headBytes + lane; at < end; at += 32, bits += blockRows) {
    const low = v128.load(at), high = v128.load(at, 16);
    sums = f32x4.add(sums, f32x4.add(f32x4.abs(low), f32x4.abs(high)));
    squares = f32x4.add(squares, f32x4.add(f32x4.mul(low, low), f32x4.mul(high, high)));
    store<u8>(bits, u8(i32x4.bitmask(f32x4.gt(low, zero)) | (i32x4.bitmask(f32x4.gt(high, zero)) << 4)));
  }
  const sum = total(sums), square = total(squares);
  const scale: f32 = sum > 0 ? square / sum : 0;
  const signError = max<f32>(0, scale * scale * f32(floats) - square) / f32(floats - 1);
  const head = block + (usize(lane) << 2);
  store<f32>(head, largest * scale);
  store<f32>(head, largest * sqrt<f32>(signError + queryError * square / f32(floats)), slacksAt);
  store<f32>(head, withPlace ? min<f32>(f32.MAX_VALUE, largest * largest * square) : 0, addedAt);
}

/** Sum of the numbers of a prepared query, and its step: what one of them stands for. */
let querySum: i32 = 0;
let queryStep: f32 = 0;

/** Rotates a query, which is overwritten, and writes its tables: for each 4 of its numbers 16 bytes, the sums of those whose bits are set. */
export function prepareSigns(vector: usize, floats: u32, part: u32, masks: usize, tables: usize): void {
  rotate(vector, floats, part, masks);
  const end = vector + (usize(floats) << 2);
  let largest4 = f32x4.splat(0);
  for (let at = vector; at < end; at += 16) largest4 = f32x4.max(largest4, f32x4.abs(v128.load(at)));
  queryStep = greatest(largest4) / f32(queryMax);
  const steps = f32x4.splat(queryStep > 0 ? queryStep : 1);
  querySum = 0;
  for (let at = vector; at < end; at += 16, tables += 16) {
    const numbers = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.div(v128.load(at), steps)));
    const a = i32x4.extract_lane(numbers, 0), b = i32x4.extract_lane(numbers, 1), c = i32x4.extract_lane(numbers, 2), d = i32x4.extract_lane(numbers, 3);
    querySum += a + b + c + d;
    // Where a number's bit is set in the place, it is in the sum.
    let sums = i8x16.splat(i8(offset));
    sums = i8x16.add(sums, v128.and(i8x16.splat(i8(a)), i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1)));
    sums = i8x16.add(sums, v128.and(i8x16.splat(i8(b)), i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1)));
    sums = i8x16.add(sums, v128.and(i8x16.splat(i8(c)), i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1)));
    sums = i8x16.add(sums, v128.and(i8x16.splat(i8(d)), i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1)));
    v128.store(tables, sums);
  }
}

/** Of the last scan: its blocks, which of them were looked at, and the least that the distances of their rows may be. */
let blocks: u32 = 0;
let looks: usize = 0;
let lows: usize = 0;

/** Blocks that come from memory are read in so many streams, as rows are (`range`). */
// @ts-ignore: decorator
@inline const streams: u32 = 4;

/**
 * Offers the rows 0 … rowCount - 1, or, unless `bits` is 0, those of them whose bits are set there; `begin` was called before. Their distances are what they
 * add (nothing unless `withPlace`), less `weight` × their inner product with the prepared query; `slackWeight` × their slack is what the least that they may be
 * lies below. `looksAt` has room for a u32 a block, `lowsAt` for 16 f32.
 */
export function scanSigns(
  tables: usize, rowBytes: usize, rows: usize, rowCount: u32, weight: f32, slackWeight: f32, withPlace: bool, bits: usize, looksAt: usize, lowsAt: usize,
): void {
  blocks = (rowCount + blockRows - 1) / blockRows;
  looks = looksAt;
  lows = lowsAt;
  const blockBytes = headBytes + rowBytes * blockRows;
  const step = weight * queryStep;
  const twice = f32x4.splat(step + step);
  // All sums are too large by the offsets of their tables.
  const once = f32x4.splat(step * f32(querySum + 2 * offset * 2 * i32(rowBytes)));
  const slack4 = f32x4.splat(slackWeight);
  const nibble = i8x16.shr_u(allSet(v128.load(tables)), 4);
  const part: u32 = usize(blocks) * blockBytes > cacheBytes ? (blocks + streams - 1) / streams : blocks;
  for (let start: u32 = 0; start < part; start += 1) {
    for (let number = start; number < blocks; number += part) {
      const first = number * blockRows;
      let visible: u32 = bits == 0 ? 0xffff : load<u16>(bits + (first >> 3));
      if (rowCount - first < blockRows) visible &= (u32(1) << (rowCount - first)) - 1;
      store<u32>(looks + (usize(number) << 2), visible);
      if (visible == 0) continue;
      const block = rows + usize(number) * blockBytes;
      const codes = block + headBytes, end = codes + rowBytes * blockRows;
      // Sums of two rows side by side, and of the second of them alone: at most 14 a number, so 16 bits are enough for 4,608 of them.
      let both = i16x8.splat(0), odd = both;
      for (let at = codes, table = tables; at < end; at += 32, table += 64) {
        const one = v128.load(at), other = v128.load(at, 16);
        const sums = i8x16.add(
          i8x16.add(
            i8x16.relaxed_swizzle(v128.load(table), v128.and(one, nibble)),
            i8x16.relaxed_swizzle(v128.load(table, 16), v128.and(i16x8.shr_u(one, 4), nibble)),
          ),
          i8x16.add(
            i8x16.relaxed_swizzle(v128.load(table, 32), v128.and(other, nibble)),
            i8x16.relaxed_swizzle(v128.load(table, 48), v128.and(i16x8.shr_u(other, 4), nibble)),
          ),
        );
        both = i16x8.add(both, sums);
        odd = i16x8.add(odd, i16x8.shr_u(sums, 8));
      }
      const even = i16x8.sub(both, i16x8.shl(odd, 8));
      const low = v128.shuffle<i16>(even, odd, 0, 8, 1, 9, 2, 10, 3, 11), high = v128.shuffle<i16>(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
      const lowsOf = lows + (usize(number) << 6);
      const a = four(i32x4.extend_low_i16x8_u(low), twice, once, slack4, withPlace, block, lowsOf);
      const b = four(i32x4.extend_high_i16x8_u(low), twice, once, slack4, withPlace, block + 16, lowsOf + 16);
      const c = four(i32x4.extend_low_i16x8_u(high), twice, once, slack4, withPlace, block + 32, lowsOf + 32);
      const d = four(i32x4.extend_high_i16x8_u(high), twice, once, slack4, withPlace, block + 48, lowsOf + 48);
      const far = f32x4.splat(farthest());
      const aFar = f32x4.gt(a, far), bFar = f32x4.gt(b, far), cFar = f32x4.gt(c, far), dFar = f32x4.gt(d, far);
      if (i32x4.all_true(v128.and(v128.and(aFar, bFar), v128.and(cFar, dFar)))) continue;
      offerNear(a, aFar, visible, first);
      offerNear(b, bFar, visible >> 4, first + 4);
      offerNear(c, cFar, visible >> 8, first + 8);
      offerNear(d, dFar, visible >> 12, first + 12);
    }
  }
}

/** Distances of 4 rows of a block; stores the least that they may be. What is no number may be anything, and no number is greater than it. */
// @ts-ignore: decorator
@inline
function four(sums: v128, twice: v128, once: v128, slackWeight: v128, withPlace: bool, head: usize, lowsOf: usize): v128 {
  const turned = f32x4.mul(f32x4.sub(once, f32x4.mul(f32x4.convert_i32x4_s(sums), twice)), v128.load(head));
  const distances = withPlace ? f32x4.add(turned, v128.load(head, addedAt)) : turned;
  v128.store(lowsOf, f32x4.sub(distances, f32x4.mul(v128.load(head, slacksAt), slackWeight)));
  return distances;
}

/** Offers those of 4 rows that are visible and not too far: what is no number as if it were infinitely far. */
function offerNear(distances: v128, tooFar: v128, visible: u32, first: u32): void {
  const near = ~u32(i32x4.bitmask(tooFar)) & visible & 15;
  if (near == 0) return;
  // Never -0.
  const comparable = f32x4.add(v128.bitselect(distances, f32x4.splat(Infinity), f32x4.eq(distances, distances)), f32x4.splat(0));
  if (near & 1) offer(f32x4.extract_lane(comparable, 0), first);
  if (near & 2) offer(f32x4.extract_lane(comparable, 1), first + 1);
  if (near & 4) offer(f32x4.extract_lane(comparable, 2), first + 2);
  if (near & 8) offer(f32x4.extract_lane(comparable, 3), first + 3);
}

/** Writes the numbers of those rows that the last scan looked at and that may be as near as `distance`, ascending. Answers how many. */
export function withinSigns(distance: f32, list: usize): u32 {
  const start = list;
  const far = f32x4.splat(distance);
  for (let number: u32 = 0; number < blocks; number += 1) {
    const visible = load<u32>(looks + (usize(number) << 2));
    if (visible == 0) continue;
    const at = lows + (usize(number) << 6);
    const tooFar = u32(i32x4.bitmask(f32x4.gt(v128.load(at), far))) | (u32(i32x4.bitmask(f32x4.gt(v128.load(at, 16), far))) << 4)
      | (u32(i32x4.bitmask(f32x4.gt(v128.load(at, 32), far))) << 8) | (u32(i32x4.bitmask(f32x4.gt(v128.load(at, 48), far))) << 12);
    for (let lanes = ~tooFar & visible; lanes != 0; lanes &= lanes - 1, list += 4) store<u32>(list, number * blockRows + u32(ctz(lanes)));
  }
  return u32((list - start) >> 2);
}

// @ts-ignore: decorator
@inline
function total(lanes: v128): f32 {
  return f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3);
}
