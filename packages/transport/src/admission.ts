import { AppError, assert } from '@proximadb/errors';

export interface AdmissionLimits {
  /** Calls (a stream is one) that may be under way at once. Default 1,024. */
  readonly callsMax?: number;
  /** Bytes of request messages that may be under way at once, over all calls. Default 512 MiB. */
  readonly bytesMax?: number;
  /** What a refused caller is told to wait. Default 100 ms. */
  readonly retryAfterMs?: number;
}

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * Bounds what is under way. Calls are refused past the limits; the messages of a stream wait in line instead, so that the stream's
 * own backpressure reaches the client. A message larger than the limit is let in when nothing else is: there is always progress.
 */
export class Admission {
  readonly #callsMax: number;
  readonly #bytesMax: number;
  readonly #retryAfterMs: number;
  readonly #waiting = new Set<Waiter>();
  #calls = 0;
  #bytes = 0;
  #idle: (() => void)[] = [];

  constructor(limits: AdmissionLimits = {}) {
    this.#callsMax = limits.callsMax ?? 1024;
    this.#bytesMax = limits.bytesMax ?? 512 * 1024 * 1024;
    this.#retryAfterMs = limits.retryAfterMs ?? 100;
  }

  get calls(): number {
    return this.#calls;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @returns what gives the call's place back; it does so once.
   * @throws AppError RESOURCE_EXHAUSTED with a time to come back.
   */
  enter(bytes: number): () => void {
    if (this.#calls >= this.#callsMax) throw this.#refusal(`${this.#callsMax} calls are under way`);
    if (!this.#fits(bytes)) throw this.#refusal(`${this.#bytes} bytes of requests are under way`);
    this.#calls++;
    this.#bytes += bytes;
    return once(() => {
      this.#calls--;
      this.#release(bytes);
      if (this.#calls === 0) for (const tell of this.#idle.splice(0)) tell();
    });
  }

  /** Waits, in turn, until a stream's message fits. Rejects with the signal's reason. */
  async wait(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#waiting.size > 0 || !this.#fits(bytes)) await this.#turn(bytes, signal);
    else this.#bytes += bytes;
    return once(() => this.#release(bytes));
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    if (this.#calls > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #turn(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason as Error);
        this.#admitWaiting();
      };
      const waiter: Waiter = {
        bytes,
        admit: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #release(bytes: number): void {
    this.#bytes -= bytes;
    assert(this.#bytes >= 0, 'more bytes given back than were taken');
    this.#admitWaiting();
  }

  #admitWaiting(): void {
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiting.delete(waiter);
      this.#bytes += waiter.bytes;
      waiter.admit();
    }
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax;
  }

  #refusal(reason: string): AppError {
    return new AppError('RESOURCE_EXHAUSTED', `the server is busy: ${reason}`, { retryAfterMs: this.#retryAfterMs });
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
