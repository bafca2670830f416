/** The total orders of values: numbers exactly, whether long or double; strings by code points, which is by their UTF-8 bytes. */

/** Negative, 0 or positive, as UTF-8 bytes compare. JavaScript's own order puts U+E000–U+FFFF above what needs surrogates. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointOrder(left) - codePointOrder(right);
  }
  return a.length - b.length;
}

/** Moves surrogates above all other code units. */
function codePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Negative, 0 or positive, by exact value. JavaScript compares a bigint with a number exactly. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One spelling a value: a long becomes a double wherever it is exactly one. So equal values are the same key of a Map, as −0 and 0 are anyway. */
export function canonicalNumber(value: number | bigint): number | bigint {
  if (typeof value === 'number') return value;
  const double = Number(value);
  return Number.isSafeInteger(double) || BigInt(double) === value ? double : value;
}

/** What the nearest double lacks to the value: 0 for a double, within ±512 for a long. (double, lack) pairs sort as the values do. */
export function roundingOf(value: number | bigint): number {
  return typeof value === 'number' ? 0 : Number(value - BigInt(Number(value)));
}

/** Ascending, in place; without a comparator, at a quarter of the time, where JavaScript's order is the same. */
export function sortStrings(values: string[]): string[] {
  return values.some((value) => /[\ud800-\udfff]/.test(value)) ? values.sort(compareStrings) : values.sort();
}

/** Ascending; without a comparator where all are doubles. */
export function sortNumbers(values: readonly (number | bigint)[]): (number | bigint)[] {
  if (values.some((value) => typeof value === 'bigint')) return values.toSorted(compareNumbers);
  return Array.from(Float64Array.from(values, Number).sort());
}
