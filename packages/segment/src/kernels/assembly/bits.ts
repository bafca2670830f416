/** Bitsets of rows: words of 32, bit 0 of the first is row 0. */

// @ts-ignore: decorator
@inline
export function isSet(bits: usize, row: u32): bool {
  return ((load<u32>(bits + (usize(row >> 5) << 2)) >> (row & 31)) & 1) != 0;
}

/** The word in which bit 0 is the row `start`, a multiple of 32, without the bits of rows before `first`, and from `end` on. */
// @ts-ignore: decorator
@inline
export function wordOf(bits: usize, start: u32, first: u32, end: u32): u32 {
  let word = load<u32>(bits + (usize(start >> 5) << 2));
  if (start < first) word &= u32(-1) << (first - start);
  if (end - start < 32) word &= (u32(1) << (end - start)) - 1;
  return word;
}

/** How many of the rows `first` … `end - 1` are set. */
export function countSet(bits: usize, first: u32, end: u32): u32 {
  let count: u32 = 0;
  for (let start = first & ~31; start < end; start += 32) count += popcnt(wordOf(bits, start, first, end));
  return count;
}
