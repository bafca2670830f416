/**
 * Copies `[start, end)` of `this` into `target[at..]`. Buffer's method takes any bytes and, unlike `set`, needs no view on the part that is
 * copied: a walk over a record allocates nothing for a vector. As fast as `set` with a view; measured for 256 to 3,072 bytes.
 */
export const copyBytes = Reflect.get(Buffer.prototype, 'copy') as
  (this: Uint8Array, target: Uint8Array, at: number, start: number, end: number) => number;
