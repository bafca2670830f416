/**
 * What growing and sealed rows have in common: which of them are live, when they ended, and when they expire.
 * A row is live from the batch that added it to the write that ended it; it is visible while it is live and not expired.
 */
import { assert } from '@proximadb/errors';
import { RowSet } from './filter/index.ts';

/** µs; a row that never expires. */
export const never = Infinity;

export class RowStates {
  /** Offset of the write that ended a row; Infinity while it lives. */
  #endedAt: Float64Array;
  #live: RowSet;
  #liveCount = 0;
  readonly #expiry = new Expiry();

  constructor(capacity: number) {
    this.#endedAt = new Float64Array(capacity).fill(Infinity);
    this.#live = new RowSet(capacity);
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  /** A new live row. */
  add(row: number, expires: number): void {
    if (row >= this.#endedAt.length) this.#grow(row + 1);
    this.#live.add(row);
    this.#liveCount += 1;
    if (expires !== never) this.#expiry.add(row, expires);
  }

  end(row: number, offset: number): void {
    assert(this.#live.has(row), 'a row ends once');
    this.#live.remove(row);
    this.#liveCount -= 1;
    this.#endedAt[row] = offset;
  }

  isLive(row: number): boolean {
    return this.#live.has(row);
  }

  endedAt(row: number): number {
    return this.#endedAt[row] ?? Infinity;
  }

  /** Rows that are live and not expired at an instant. Not to be changed; valid until the next change. */
  visible(nowMicros: number): RowSet {
    const expired = this.#expiry.at(nowMicros, this.#live.rows);
    return expired === null ? this.#live : this.#live.clone().andNot(expired);
  }

  /** Rows that are live, and expired at an instant. */
  * expired(nowMicros: number): Generator<number> {
    for (const row of this.#expiry.at(nowMicros, this.#live.rows) ?? []) if (this.#live.has(row)) yield row;
  }

  /** Rows among `count` that ended below an offset: dead to every reader from there on. */
  endedBelow(offset: number, count: number): number[] {
    const ended: number[] = [];
    if (this.#liveCount === count) return ended;
    for (let row = 0; row < count; row += 1) if ((this.#endedAt[row] ?? Infinity) < offset) ended.push(row);
    return ended;
  }

  #grow(capacity: number): void {
    const larger = Math.max(capacity, this.#endedAt.length * 2);
    const endedAt = new Float64Array(larger).fill(Infinity);
    endedAt.set(this.#endedAt);
    this.#endedAt = endedAt;
    const live = new RowSet(larger);
    live.words.set(this.#live.words);
    this.#live = live;
  }
}

/** Which rows have expired, found without looking at all of them. */
class Expiry {
  #rows: { row: number; expires: number }[] = [];
  #sorted = true;
  #passed = 0;
  #expired: RowSet | null = null;

  add(row: number, expires: number): void {
    this.#rows.push({ row, expires });
    this.#sorted = false;
  }

  /** null if none has. */
  at(nowMicros: number, capacity: number): RowSet | null {
    if (this.#rows.length === 0) return null;
    if (!this.#sorted) {
      this.#rows.sort((a, b) => a.expires - b.expires);
      this.#sorted = true;
      this.#restart();
    }
    // The clock went back.
    const last = this.#rows[this.#passed - 1];
    if (last !== undefined && last.expires > nowMicros) this.#restart();
    for (let next = this.#rows[this.#passed]; next !== undefined && next.expires <= nowMicros; next = this.#rows[this.#passed]) {
      if (this.#expired === null || this.#expired.rows < capacity) this.#widen(capacity);
      this.#expired?.add(next.row);
      this.#passed += 1;
    }
    if (this.#expired !== null && this.#expired.rows < capacity) this.#widen(capacity);
    return this.#expired;
  }

  #restart(): void {
    this.#passed = 0;
    this.#expired = null;
  }

  #widen(capacity: number): void {
    const wider = new RowSet(capacity);
    if (this.#expired !== null) wider.words.set(this.#expired.words);
    this.#expired = wider;
  }
}
