/** What several kernels do with the four lanes of a register. */

/** Each register's four lanes together, in the lanes. */
// @ts-ignore: decorator
@inline
export function totals(a: v128, b: v128, c: v128, d: v128): v128 {
  // A transposition: A0 B0 A1 B1 + A2 B2 A3 B3 = A0+A2 B0+B2 A1+A3 B1+B3, and the same of C and D.
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline
export function greatest(lanes: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)), max<f32>(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)),
  );
}

/** Of each number, as far as f32 goes. */
// @ts-ignore: decorator
@inline
export function difference(one: v128, other: v128): v128 {
  return f32x4.max(f32x4.splat(-f32.MAX_VALUE), f32x4.min(f32x4.splat(f32.MAX_VALUE), f32x4.sub(one, other)));
}
