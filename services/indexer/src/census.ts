/** What was live at one offset, so that two replicas can find out which records they do not hold alike. */
import type { DigestRange } from '@proximadb/query';
import { ReplicaSum } from './replica-sum.ts';
import type { ShardRows } from './rows.ts';

/** A record that was live. */
export interface Counted {
  /** Of its id, as `hashId` says. */
  readonly hash: number;
  readonly offset: number;
  /** CRC-32C. */
  readonly checksum: number;
}

/** 16 bytes a record, whatever becomes of the rows. */
export class Census {
  readonly #hashes: Uint32Array;
  readonly #offsets: Float64Array;
  readonly #checksums: Uint32Array;
  #count = 0;

  private constructor(capacity: number) {
    this.#hashes = new Uint32Array(capacity);
    this.#offsets = new Float64Array(capacity);
    this.#checksums = new Uint32Array(capacity);
  }

  /** Of the rows that are live, and not expired by the log's time. Takes about 10 ns a row, and the checksum of each record of the memtable. */
  static take(rows: ShardRows, logTime: number): Census {
    const { parts } = rows;
    const census = new Census(parts.reduce((sum, { states }) => sum + states.liveCount, 0));
    for (const part of parts) {
      const { offsets, hashes } = part.rows;
      for (const row of part.states.visible(logTime)) census.#add(hashes[row] ?? 0, offsets[row] ?? 0, part.checksum(row));
    }
    return census;
  }

  /** Sums of the parts of a range of hashes. @param lastHash belongs to the range. @param width hashes in each part but the last. */
  ranges(firstHash: number, lastHash: number, width: number): DigestRange[] {
    const sums = Array.from({ length: Math.ceil((lastHash - firstHash + 1) / width) }, () => ({ records: 0, sum: new ReplicaSum() }));
    for (let i = 0; i < this.#count; i += 1) {
      const hash = this.#hashes[i] ?? 0;
      if (hash < firstHash || hash > lastHash) continue;
      const range = sums[Math.floor((hash - firstHash) / width)];
      if (range === undefined) continue;
      range.records += 1;
      range.sum.add(this.#offsets[i] ?? 0, hash, this.#checksums[i] ?? 0);
    }
    return sums.map(({ records, sum }) => ({ records, sum: sum.toString() }));
  }

  /** @param lastHash belongs to the range. */
  records(firstHash: number, lastHash: number): Counted[] {
    const found: Counted[] = [];
    for (let i = 0; i < this.#count; i += 1) {
      const hash = this.#hashes[i] ?? 0;
      if (hash >= firstHash && hash <= lastHash) found.push({ hash, offset: this.#offsets[i] ?? 0, checksum: this.#checksums[i] ?? 0 });
    }
    return found;
  }

  #add(hash: number, offset: number, checksum: number): void {
    this.#hashes[this.#count] = hash;
    this.#offsets[this.#count] = offset;
    this.#checksums[this.#count] = checksum;
    this.#count += 1;
  }
}
