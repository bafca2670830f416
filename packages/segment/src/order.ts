/**
 * Compares two ids by their UTF-8 bytes, without making the bytes. UTF-16 orders the same, but for surrogates: they stand for the
 * highest code points, and their code units are not the highest.
 */
export function compareIds(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Surrogates (0xd800 to 0xdfff) change places with what is above them. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
