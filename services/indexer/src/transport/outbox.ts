/** Answers on their way out of one stream: small ones share a message, parts of large ones take turns, and there is a limit to all of them. */
import { fieldPrefix, ShardAnswer, ShardPart } from '@proximadb/schemas';

/** A message of the stream holds about so many bytes. */
export const messageBytesMax = 256 * 1024;
/** A longer answer goes out in parts. */
export const partBytesMax = 128 * 1024;
const entriesMax = 1_000;
/** Field numbers of `ShardAnswers.answers`, `ShardAnswer.part` and `ShardPart.bytes`. */
const answersNumber = 1, partNumber = 3, bytesNumber = 2;

interface Waiting {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** Bytes of a large one that went out. */
  sent: number;
  /** Called once all of it went out, or will not any more. */
  readonly done: () => void;
}

/** Bytes that wait in all streams of a server. */
export interface WaitingBytes {
  bytes: number;
}

export interface OutboxOptions {
  /** Writes one message, the list's items one after the other; settles when the connection took it. Never rejects. */
  readonly write: (message: readonly Uint8Array[]) => Promise<void>;
  /** Shared by the streams of a server. */
  readonly all: WaitingBytes;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #small: Waiting[] = [];
  /** Longer than a part. */
  readonly #large: Waiting[] = [];
  #bytes = 0;
  #running = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Answers that wait. */
  get length(): number {
    return this.#small.length + this.#large.length;
  }

  /** Of answers that wait, and of those that the connection has not yet taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param bytes an encoded ShardAnswer.
   * @param done called once, when all of it went out or will not any more.
   */
  add(id: number, bytes: Uint8Array, done: () => void): void {
    if (this.#closed) {
      done();
      return;
    }
    (bytes.length <= partBytesMax ? this.#small : this.#large).push({ id, bytes, sent: 0, done });
    this.#count(bytes.length);
    if (this.#running) return;
    this.#running = true;
    // What else is answered at this moment goes along.
    queueMicrotask(() => { void this.#run(); });
  }

  /** Takes back what of an answer did not go out. */
  drop(id: number): void {
    for (const queue of [this.#small, this.#large]) {
      const at = queue.findIndex((one) => one.id === id);
      if (at >= 0) this.#settle(queue.splice(at, 1));
    }
  }

  /** Nothing goes out any more. */
  close(): void {
    this.#closed = true;
    this.#settle([...this.#small.splice(0), ...this.#large.splice(0)]);
  }

  async #run(): Promise<void> {
    while (this.length > 0) {
      const { message, whole } = this.#next();
      await this.#options.write(message);
      // They were counted until the connection took them.
      this.#settle(whole);
    }
    this.#running = false;
  }

  /** The next message, and the answers that are out with it: small ones first, and at least one part of a large one, by turns. */
  #next(): { message: Uint8Array[]; whole: Waiting[] } {
    const message: Uint8Array[] = [];
    let room = messageBytesMax;
    const put = (pieces: readonly Uint8Array[]): void => {
      const length = lengthOf(pieces);
      message.push(fieldPrefix(answersNumber, length), ...pieces);
      room -= length;
    };
    let taken = 0;
    for (; taken < Math.min(this.#small.length, entriesMax) && room > 0; taken += 1) put([this.#small[taken]?.bytes ?? new Uint8Array()]);
    const whole = this.#small.splice(0, taken);
    for (let turns = this.#large.length; turns > 0; turns -= 1) {
      const one = this.#large.shift();
      if (one === undefined) break;
      put(partOf(one));
      if (one.sent === one.bytes.length) whole.push(one);
      else this.#large.push(one);
      if (room <= 0) break;
    }
    return { message, whole };
  }

  #settle(those: readonly Waiting[]): void {
    for (const one of those) {
      this.#count(-one.bytes.length);
      one.done();
    }
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#options.all.bytes += bytes;
  }
}

/** The next part of a large answer, an encoded ShardAnswer in pieces: its bytes are not copied here. */
function partOf(one: Waiting): readonly Uint8Array[] {
  const { id, bytes, sent } = one;
  one.sent = Math.min(sent + partBytesMax, bytes.length);
  const part = bytes.subarray(sent, one.sent);
  const before = [ShardPart.encode({ total: bytes.length, bytes: new Uint8Array() }), fieldPrefix(bytesNumber, part.length)];
  return [ShardAnswer.encode({ id, answer: null }), fieldPrefix(partNumber, lengthOf(before) + part.length), ...before, part];
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
