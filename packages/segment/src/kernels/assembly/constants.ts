/**
 * All bits of a register set, as a start for constants: shifts make the others of them. `any` is anything that the compiler does not know. What it does know it
 * makes anew wherever it is used, in a loop once a turn, from memory (V8 13.6): L1 distances took 1.2 times as long by its own `f32x4.abs`, and half as long
 * again by a mask that was written down as a constant.
 */
// @ts-ignore: decorator
@inline
export function allSet(any: v128): v128 {
  return i8x16.eq(any, any);
}
