import assert from 'node:assert/strict';

/** A copy with L2 norm 1, by the same arithmetic as `Slab.normalize`. A zero vector stays as it is. */
export function normalized(vector: Float32Array): Float32Array {
  const copy = vector.slice();
  scaleToUnit(copy);
  return copy;
}

/**
 * Scales in place to L2 norm 1; a zero vector stays as it is. In float64, where the square of every float32 but 0 is a normal
 * number, and 4,096 of the largest are far from overflow. Four sums, since one would wait for itself.
 */
export function scaleToUnit(values: Float32Array): void {
  const length = values.length;
  const whole = length - length % 4;
  let a = 0, b = 0, c = 0, d = 0;
  for (let i = 0; i < whole; i += 4) {
    const va = values[i] ?? 0, vb = values[i + 1] ?? 0, vc = values[i + 2] ?? 0, vd = values[i + 3] ?? 0;
    a += va * va;
    b += vb * vb;
    c += vc * vc;
    d += vd * vd;
  }
  for (let i = whole; i < length; i += 1) a += (values[i] ?? 0) ** 2;
  const sum = (a + b) + (c + d);
  assert(Number.isFinite(sum), 'only finite vectors can be normalised');
  if (sum === 0) return;
  const scale = 1 / Math.sqrt(sum);
  for (let i = 0; i < length; i += 1) values[i] = (values[i] ?? 0) * scale;
}
