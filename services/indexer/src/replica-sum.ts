/**
 * What a shard holds, in one number: the sum, modulo 2^64, of a hash of every live record's version, id and checksum. Replicas that have
 * applied the same log up to the same offset have the same sum, or one of them is wrong. It is kept up to date with every record, and noted
 * at every multiple of {@link markEvery} offsets, so that replicas which are never at the same offset at once can be compared all the same.
 */

export const markEvery = 65_536;
/** Marks that are remembered. */
export const marksMax = 16;

/** The sum at an offset: of what was live, by log time, when everything below the offset was applied. */
export interface Mark {
  readonly offset: number;
  /** 16 hex digits. */
  readonly sum: string;
}

/** A sum modulo 2^64, in two halves. */
export class ReplicaSum {
  #low = 0;
  #high = 0;

  /** A record that is live from now on. @param checksum CRC-32C of its bytes. @param idHash as `hashId` says. */
  add(offset: number, idHash: number, checksum: number): void {
    const { low, high } = hashOf(offset, idHash, checksum);
    const sum = this.#low + low;
    this.#low = sum >>> 0;
    this.#high = (this.#high + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
  }

  /** One that no longer is. */
  remove(offset: number, idHash: number, checksum: number): void {
    const { low, high } = hashOf(offset, idHash, checksum);
    const difference = this.#low - low;
    this.#low = difference >>> 0;
    this.#high = (this.#high - high - (difference < 0 ? 1 : 0)) >>> 0;
  }

  clone(): ReplicaSum {
    const copy = new ReplicaSum();
    copy.#low = this.#low;
    copy.#high = this.#high;
    return copy;
  }

  /** 16 hex digits. */
  toString(): string {
    return `${hex(this.#high)}${hex(this.#low)}`;
  }
}

const hashed = { low: 0, high: 0 };

/**
 * 64 bits, both halves depending on all of the input: the finalizer of MurmurHash3 (Appleby, public domain) over the four words, twice with
 * different seeds. It is part of what replicas of different releases compare: it must stay as it is. The answer is valid until the next call.
 */
function hashOf(offset: number, idHash: number, checksum: number): { readonly low: number; readonly high: number } {
  const lowOffset = offset >>> 0;
  const highOffset = Math.floor(offset / 0x1_0000_0000) >>> 0;
  hashed.low = words(0x9e37_79b9, lowOffset, highOffset, idHash, checksum);
  hashed.high = words(0x85eb_ca77, checksum, idHash, highOffset, lowOffset);
  return hashed;
}

function words(seed: number, a: number, b: number, c: number, d: number): number {
  return mix(mix(mix(mix(seed ^ a) ^ b) ^ c) ^ d) >>> 0;
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) + 0x165_667b1 | 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
