/** What benches of bare graphs compare answers with. */

/** Inner product, in double precision. */
export function product(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}

/** How many of the nearest an answer has. */
export function foundOf(keys: BigUint64Array, nearest: ReadonlySet<bigint> | undefined): number {
  return keys.reduce((sum, key) => sum + (nearest?.has(key) === true ? 1 : 0), 0);
}
