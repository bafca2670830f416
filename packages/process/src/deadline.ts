import { AppError } from '@proximadb/errors';

/** Milliseconds that only ever grow; their zero means nothing. Injected, so that a test can move it. */
export type MonotonicClock = () => number;

/** Longest delay of a timer in Node; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** What an operation knows about its call beside the request. */
export interface CallContext {
  /** Aborts when the caller is gone or its time is up. Its reason is the AppError to answer with. */
  readonly signal: AbortSignal;
  readonly deadline: Deadline;
}

const monotonicNow: MonotonicClock = () => performance.now();

/**
 * When a call must be over: an instant of the monotonic clock, fixed once where the call comes in. It is passed on as it is, never
 * reset; what leaves the process is what remains of it.
 */
export class Deadline {
  readonly #atMs: number;
  readonly #clock: MonotonicClock;
  #controller: AbortController | undefined;

  private constructor(atMs: number, clock: MonotonicClock) {
    this.#atMs = atMs;
    this.#clock = clock;
  }

  /** @param ms from now on; 0 or less has expired already, Infinity never does. */
  static after(ms: number, clock: MonotonicClock = monotonicNow): Deadline {
    return new Deadline(clock() + ms, clock);
  }

  /** At least 0; Infinity for one that never comes. */
  remainingMs(): number {
    return Math.max(0, this.#atMs - this.#clock());
  }

  get expired(): boolean {
    return this.#clock() >= this.#atMs;
  }

  /** A deadline that is no later than this one, and no later than `ms` from now. */
  within(ms: number): Deadline {
    return ms >= this.remainingMs() ? this : Deadline.after(ms, this.#clock);
  }

  /** @throws AppError DEADLINE_EXCEEDED, once it has expired. */
  check(what = 'the call'): void {
    if (this.expired) throw expiredError(what);
  }

  /** Aborts with DEADLINE_EXCEEDED when the time is up. Its timer is made on first use, and keeps no process alive. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#arm(this.#controller);
    }
    return this.#controller.signal;
  }

  #arm(controller: AbortController): void {
    const remainingMs = this.remainingMs();
    if (remainingMs === 0) controller.abort(expiredError('the call'));
    else if (remainingMs !== Infinity) setTimeout(() => this.#arm(controller), Math.min(Math.ceil(remainingMs), timerMsMax)).unref();
  }
}

function expiredError(what: string): AppError {
  return new AppError('DEADLINE_EXCEEDED', `${what} ran out of time`);
}
