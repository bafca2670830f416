import { assert } from '@proximadb/errors';
import { partition, type Partition } from './port.ts';

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * The 32-bit murmur2 of Kafka's Java client (org.apache.kafka.common.utils.Utils.murmur2): little-endian words, seed 0x9747b28c.
 * Allocates nothing.
 * @returns a signed 32-bit integer, as Java has it.
 */
export function murmur2(key: Uint8Array): number {
  const length = key.length;
  const wordsEnd = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < wordsEnd; at += 4) {
    let word = Math.imul((key[at] ?? 0) | ((key[at + 1] ?? 0) << 8) | ((key[at + 2] ?? 0) << 16) | ((key[at + 3] ?? 0) << 24), M);
    word = Math.imul(word ^ (word >>> 24), M);
    hash = Math.imul(hash, M) ^ word;
  }
  const rest = length - wordsEnd;
  if (rest === 3) hash ^= (key[wordsEnd + 2] ?? 0) << 16;
  if (rest >= 2) hash ^= (key[wordsEnd + 1] ?? 0) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ (key[wordsEnd] ?? 0), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/**
 * The partition of a key among `partitions` of them: what Kafka's default partitioner chooses for a key that is there.
 * @param key the id's UTF-8 bytes.
 * @param partitions how many there are, at least 1.
 */
export function partitionOf(key: Uint8Array, partitions: number): Partition {
  assert(Number.isInteger(partitions) && partitions > 0, `${partitions} partitions`);
  return partition((murmur2(key) & 0x7fffffff) % partitions);
}
