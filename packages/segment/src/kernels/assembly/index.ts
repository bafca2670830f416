/**
 * What the slab calls: `begin`, then `scanRange`, `scanBits` or `scanList` as often as needed, then `finish`.
 * All addresses are the caller's; nothing is allocated here. Rows follow one another from `rows` on, `bytes` each.
 */
import { isSet } from './bits';
import { expectToRead, fromMemory } from './cache';
import { fourRows, innerProduct, l1, oneRow, squaredL2 } from './distances';
import { clear, farthest, offer, offerFour, someGetIn } from './top';

export { encodeCodes, scanCodeBits, scanCodes } from './codes';
export { encodeSought, nearestOfFour } from './quantizer';
export { encodeSigns, prepareSigns, scanSigns, withinSigns } from './signs';
export { finish } from './top';

/** A stream with gaps up to this size between its rows is still prefetched as one. */
// @ts-ignore: decorator
@inline const gapBytes: usize = 512;
/** A row that is waited for, since it lies anywhere, costs as much more as so many bytes that are read in order. Measured. */
// @ts-ignore: decorator
@inline const waitBytes: usize = 1600;
/** Begins a search over at most `rows` rows. `heap`: an address for k × 8 bytes, aligned to 8; `k` ≥ 1. */
export function begin(heap: usize, k: u32, rows: u32, bytes: usize): void {
  expectToRead(u64(rows) * u64(bytes));
  clear(heap, k);
}

/** No row farther than this gets in any more; infinite as long as all do. */
export function bound(): f32 {
  return farthest();
}

export function distance(metric: i32, query: usize, bytes: usize, row: usize): f32 {
  if (metric == innerProduct) return oneRow(innerProduct, query, bytes, row);
  if (metric == squaredL2) return oneRow(squaredL2, query, bytes, row);
  return oneRow(l1, query, bytes, row);
}

/** Offers the rows `first` … `first + count - 1`. */
export function scanRange(metric: i32, query: usize, bytes: usize, rows: usize, first: u32, count: u32): void {
  if (metric == innerProduct) range(innerProduct, query, bytes, rows, first, count, 0, 0);
  else if (metric == squaredL2) range(squaredL2, query, bytes, rows, first, count, 0, 0);
  else range(l1, query, bytes, rows, first, count, 0, 0);
}

/** Offers the `count` rows whose numbers (u32) stand at `list`. */
export function scanList(metric: i32, query: usize, bytes: usize, rows: usize, list: usize, count: u32): void {
  if (metric == innerProduct) listed(innerProduct, query, bytes, rows, list, count);
  else if (metric == squaredL2) listed(squaredL2, query, bytes, rows, list, count);
  else listed(l1, query, bytes, rows, list, count);
}

/**
 * Offers the rows of the set bits of `words` words (u32, an even number) at `bits`; bit 0 is row `first`.
 * `list` is room for `listRows` (≥ 68) row numbers: bits become lists, so that 4 rows are always worked on together.
 */
export function scanBits(
  metric: i32, query: usize, bytes: usize, rows: usize, first: u32, bits: usize, words: u32, list: usize, listRows: u32,
): void {
  if (fromMemory && scanDense(metric, query, bytes, rows, first, bits, words)) return;
  let count: u32 = 0;
  const end = bits + (usize(words) << 2);
  for (; bits < end; bits += 8, first += 64) {
    let word = load<u64>(bits);
    while (word != 0) {
      store<u32>(list + (usize(count) << 2), first + u32(ctz(word)));
      count += 1;
      word &= word - 1;
    }
    if (count + 64 > listRows) {
      const whole = count & ~3;
      scanList(metric, query, bytes, rows, list, whole);
      // What is left, at most 3 rows, goes with the next.
      v128.store(list, v128.load(list + (usize(whole) << 2)));
      count -= whole;
    }
  }
  scanList(metric, query, bytes, rows, list, count);
}

/** Reads all rows between the first and the last of the set bits, where that costs less than to leave some out. Answers whether it does. */
function scanDense(metric: i32, query: usize, bytes: usize, rows: usize, first: u32, bits: usize, words: u32): bool {
  let set: u32 = 0;
  let start: u32 = 0;
  let end: u32 = 0;
  for (let at: u32 = 0; at < words; at += 2) {
    const word = load<u64>(bits + (usize(at) << 2));
    if (word == 0) continue;
    if (set == 0) start = (at << 5) + u32(ctz(word));
    end = (at << 5) + 64 - u32(clz(word));
    set += u32(popcnt(word));
  }
  const count = end - start;
  if (u64(set) * u64(bytes + waitBytes) < u64(count) * u64(bytes)) return false;
  if (metric == innerProduct) range(innerProduct, query, bytes, rows, first + start, count, bits, first);
  else if (metric == squaredL2) range(squaredL2, query, bytes, rows, first + start, count, bits, first);
  else range(l1, query, bytes, rows, first + start, count, bits, first);
  return true;
}

/**
 * Offers the rows `first` … `first + count - 1`; where `bits` is not 0, of these the ones whose bits are set there, bit 0 being row `zero`.
 * What comes from memory is read in four streams, a quarter of the rows each: a core has more cache lines under way from four than from one, and four rows
 * next to each other are none that its prefetching follows.
 */
// @ts-ignore: decorator
@inline
function range(metric: i32, query: usize, bytes: usize, rows: usize, first: u32, count: u32, bits: usize, zero: u32): void {
  const fours = count >> 2;
  const apart: u32 = fromMemory ? fours : 1;
  const next: u32 = fromMemory ? 1 : 4;
  const gap = usize(apart) * bytes;
  const step = usize(next) * bytes;
  let at = rows + usize(first) * bytes;
  let row = first;
  for (let i: u32 = 0; i < fours; i += 1, row += next, at += step) {
    const distances = fourRows(metric, query, bytes, at, at + gap, at + 2 * gap, at + 3 * gap);
    if (!someGetIn(distances)) continue;
    if (bits == 0) {
      offerFour(distances, row, row + apart, row + 2 * apart, row + 3 * apart);
    } else {
      if (isSet(bits, row - zero)) offer(f32x4.extract_lane(distances, 0), row);
      if (isSet(bits, row + apart - zero)) offer(f32x4.extract_lane(distances, 1), row + apart);
      if (isSet(bits, row + 2 * apart - zero)) offer(f32x4.extract_lane(distances, 2), row + 2 * apart);
      if (isSet(bits, row + 3 * apart - zero)) offer(f32x4.extract_lane(distances, 3), row + 3 * apart);
    }
  }
  const end = first + count;
  for (row = first + (fours << 2), at = rows + usize(row) * bytes; row < end; row += 1, at += bytes) {
    if (bits == 0 || isSet(bits, row - zero)) offerOne(oneRow(metric, query, bytes, at), row);
  }
}

// @ts-ignore: decorator
@inline
function listed(metric: i32, query: usize, bytes: usize, rows: usize, list: usize, count: u32): void {
  const end = list + (usize(count) << 2);
  const endOfFours = isStream(bytes, list, count) ? list : list + (usize(count & ~3) << 2);
  for (; list < endOfFours; list += 16) {
    const a = load<u32>(list), b = load<u32>(list, 4), c = load<u32>(list, 8), d = load<u32>(list, 12);
    const distances = fourRows(
      metric, query, bytes, rows + usize(a) * bytes, rows + usize(b) * bytes, rows + usize(c) * bytes, rows + usize(d) * bytes,
    );
    if (someGetIn(distances)) offerFour(distances, a, b, c, d);
  }
  for (; list < end; list += 4) {
    const row = load<u32>(list);
    offerOne(oneRow(metric, query, bytes, rows + usize(row) * bytes), row);
  }
}

/** Whether listed rows, if they ascend, lie so close that reading them is one stream from memory. Only speed depends on it. */
function isStream(bytes: usize, list: usize, count: u32): bool {
  if (!fromMemory || count < 4) return false;
  const span = load<u32>(list + (usize(count - 1) << 2)) - load<u32>(list) + 1;
  return span >= count && u64(span - count) * u64(bytes) <= u64(count) * gapBytes;
}

// @ts-ignore: decorator
@inline
function offerOne(distance: f32, row: u32): void {
  if (distance <= farthest()) offer(distance, row);
}
