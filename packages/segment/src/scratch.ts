/** What searches of files read into: a thread's, since its searches are synchronous and follow one another. */

/** Collections of more dimensions than these, searched in turns, have it made anew. */
const dimensionsMax = 8;

/** Makes one of each dimension, when it is first asked for. */
export function perDimension<T>(make: (dimension: number) => T): (dimension: number) => T {
  const made = new Map<number, T>();
  return (dimension) => {
    const known = made.get(dimension);
    if (known !== undefined) return known;
    if (made.size === dimensionsMax) made.clear();
    const one = make(dimension);
    made.set(dimension, one);
    return one;
  };
}
