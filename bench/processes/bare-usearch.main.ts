/** Arguments: JSON array with the sizes of the graphs to build, and on how many threads. Prints vectors a second. */
import { Index, MetricKind, ScalarKind } from 'usearch';
import { dimension, loadWords, vectorOf } from '../words.ts';

const sizes = JSON.parse(process.argv[2] ?? '[]') as number[];
const threads = Number(process.argv[3]);
const words = loadWords();
const total = sizes.reduce((sum, size) => sum + size, 0);
let word = 0;
let tookMs = 0;
for (const size of sizes) {
  const vectors = new Float32Array(size * dimension);
  for (let row = 0; row < size; row += 1) {
    // Scattered over the list, as the partitions are.
    vectors.set(normalized(vectorOf(words, word)), row * dimension);
    word = (word + 12) % words.names.length;
  }
  const keys = BigUint64Array.from({ length: size }, (_, row) => BigInt(row));
  const started = performance.now();
  const index = new Index({
    dimensions: dimension, metric: MetricKind.IP, quantization: ScalarKind.I8, connectivity: 16, expansion_add: 128, expansion_search: 1, multi: false,
  });
  index.add(keys, vectors, threads);
  tookMs += performance.now() - started;
  if (index.size() !== size) throw new Error(`a graph holds ${index.size()} of ${size} vectors`);
}
process.stdout.write(String(total / tookMs * 1000));

function normalized(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, number) => sum + number * number, 0));
  return vector.map((number) => number / norm);
}
