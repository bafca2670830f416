import type { MonotonicClock } from './deadline.ts';

/** A timer may fire as much earlier than it was asked for, ms. */
const earlyMsMax = 2;

/**
 * Runs a task at the multiples of its period, so that tasks whose periods divide each other are due together, whenever they began: a
 * thread at rest wakes once for all of them. What it costs to wake is most of what such a thread uses. Does not keep a process alive.
 *
 * @param everyMs 1 or more; a function is asked anew after each time.
 * @param task told how late it is, ms. One that throws ends the process: it handles its own errors.
 * @param clock its zero is the first multiple. Default: ms since the thread began, so that processes do not all do the same at one moment.
 * @returns ends it when it is disposed.
 */
export function periodically(everyMs: number | (() => number), task: (lateMs: number) => void, clock: MonotonicClock = now): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const plan = (): void => {
    if (ended) return;
    const waitMs = untilNext(typeof everyMs === 'number' ? everyMs : everyMs(), clock);
    const dueMs = clock() + waitMs;
    timer = setTimeout(() => {
      task(Math.max(0, clock() - dueMs));
      plan();
    }, waitMs).unref();
  };
  plan();
  return {
    [Symbol.dispose]: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}

/** ms until the next multiple of a period, which is when {@link periodically} runs what it runs in this thread. More than 0. */
export function untilNext(everyMs: number, clock: MonotonicClock = now): number {
  const sinceMs = clock();
  return Math.ceil((Math.floor((sinceMs + earlyMsMax) / everyMs) + 1) * everyMs - sinceMs);
}

const now: MonotonicClock = () => performance.now();
