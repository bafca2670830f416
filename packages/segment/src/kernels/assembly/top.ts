/**
 * The k nearest so far: a bounded max-heap of (distance, row) in one 64-bit key an entry, ordered by distance, then by row.
 * Entries are only collected until there are k of them; then the heap is made, and its root is what a nearer row replaces.
 */

let heap: usize = 0;
let limit: u32 = 0;
let size: u32 = 0;
/** No row farther than this can get in. */
let bound: f32 = Infinity;

/** `at`: an address for k × 8 bytes, aligned to 8; `k` ≥ 1. */
export function clear(at: usize, k: u32): void {
  heap = at;
  limit = k;
  size = 0;
  bound = Infinity;
}

// @ts-ignore: decorator
@inline
export function farthest(): f32 {
  return bound;
}

/** Of four rows: nearly never, once the heap is full. Not `lt`: as near as the bound, the lower row gets in. */
// @ts-ignore: decorator
@inline
export function someGetIn(distances: v128): bool {
  return v128.any_true(f32x4.le(distances, f32x4.splat(bound)));
}

/** The bits of a float, changed so that unsigned integers have the floats' order. There is neither NaN nor -0. */
// @ts-ignore: decorator
@inline
function toKey(distance: f32, row: u32): u64 {
  const bits = reinterpret<u32>(distance);
  const ordered = bits ^ (u32(i32(bits) >> 31) | 0x80000000);
  return (u64(ordered) << 32) | u64(row);
}

// @ts-ignore: decorator
@inline
function toBits(key: u64): u32 {
  const ordered = u32(key >> 32);
  return ordered ^ (i32(ordered) < 0 ? 0x80000000 : 0xffffffff);
}

export function offer(distance: f32, row: u32): void {
  const key = toKey(distance, row);
  if (size < limit) {
    store<u64>(heap + (usize(size) << 3), key);
    size += 1;
    if (size == limit) {
      makeHeap();
      bound = reinterpret<f32>(toBits(load<u64>(heap)));
    }
  } else if (key < load<u64>(heap)) {
    sink(0, size, key);
    bound = reinterpret<f32>(toBits(load<u64>(heap)));
  }
}

// @ts-ignore: decorator
@inline
export function offerFour(distances: v128, a: u32, b: u32, c: u32, d: u32): void {
  offer(f32x4.extract_lane(distances, 0), a);
  offer(f32x4.extract_lane(distances, 1), b);
  offer(f32x4.extract_lane(distances, 2), c);
  offer(f32x4.extract_lane(distances, 3), d);
}

function makeHeap(): void {
  for (let at = size >> 1; at > 0; at -= 1) sink(at - 1, size, load<u64>(heap + (usize(at - 1) << 3)));
}

/** Puts `key` at `at` or below, among the first `count` entries. */
function sink(at: u32, count: u32, key: u64): void {
  for (;;) {
    let child: u32 = 2 * at + 1;
    if (child >= count) break;
    let childKey = load<u64>(heap + (usize(child) << 3));
    if (child + 1 < count) {
      const other = load<u64>(heap + (usize(child) << 3), 8);
      if (other > childKey) {
        child += 1;
        childKey = other;
      }
    }
    if (childKey <= key) break;
    store<u64>(heap + (usize(at) << 3), childKey);
    at = child;
  }
  store<u64>(heap + (usize(at) << 3), key);
}

/** Sorts, nearest first, and leaves (row: u32, distance: f32) an entry. Answers how many there are. */
export function finish(): u32 {
  if (size < limit) makeHeap();
  for (let last: u32 = size; last > 1; last -= 1) {
    const end = heap + (usize(last - 1) << 3);
    const key = load<u64>(end);
    store<u64>(end, load<u64>(heap));
    sink(0, last - 1, key);
  }
  for (let i: u32 = 0; i < size; i += 1) {
    const at = heap + (usize(i) << 3);
    store<u32>(at, toBits(load<u64>(at)), 4);
  }
  return size;
}
