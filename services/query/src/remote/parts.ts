/** Large answers come in parts, those of several calls in turns. */
import type { ShardPart } from '@proximadb/schemas';

interface Growing {
  readonly bytes: Uint8Array;
  filled: number;
}

export class Parts {
  readonly #bytesMax: number;
  readonly #growing = new Map<number, Growing>();

  /** @param bytesMax of one answer. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * @returns the whole answer's bytes, once its last part came.
   * @throws Error if the parts do not fit together, or the whole is too large.
   */
  add(id: number, { total, bytes }: ShardPart): Uint8Array | null {
    if (total > this.#bytesMax) throw new Error(`an answer has ${total} bytes; at most ${this.#bytesMax} are allowed`);
    const answer = this.#growing.get(id) ?? { bytes: new Uint8Array(total), filled: 0 };
    const filled = answer.filled + bytes.length;
    if (answer.bytes.length !== total || bytes.length === 0 || filled > total) throw new Error('the parts of an answer do not fit together');
    answer.bytes.set(bytes, answer.filled);
    answer.filled = filled;
    if (filled < total) {
      this.#growing.set(id, answer);
      return null;
    }
    this.#growing.delete(id);
    return answer.bytes;
  }

  /** The other parts are not wanted. */
  forget(id: number): void {
    this.#growing.delete(id);
  }

  clear(): void {
    this.#growing.clear();
  }
}
