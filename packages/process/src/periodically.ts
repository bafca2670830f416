import type { MonotonicClock } from './deadline.ts';

/** A timer may fire as much earlier than it was asked for, ms. */
const earlyMsMax = 2;
/** So that the processes of a cluster do not all do the same at the same moment. */
const phaseMs = Math.random() * 3_600_000;

/**
 * Runs a task at the multiples of its period, so that tasks whose periods divide each other are due together, whenever they began: a
 * thread at rest wakes once for all of them. What it costs to wake is most of what such a thread uses. Does not keep a process alive.
 *
 * @param everyMs 1 or more; a function is asked anew before each time.
 * @param task told how late it is, ms. One that throws ends the process: it handles its own errors.
 * @returns ends it when it is disposed.
 */
export function periodically(everyMs: number | (() => number), task: (lateMs: number) => void, clock: MonotonicClock = now): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const plan = (): void => {
    const waitMs = untilNext(typeof everyMs === 'number' ? everyMs : everyMs(), clock);
    const dueMs = clock() + waitMs;
    timer = setTimeout(() => {
      plan();
      task(Math.max(0, clock() - dueMs));
    }, waitMs).unref();
  };
  plan();
  return { [Symbol.dispose]: () => { clearTimeout(timer); } };
}

/** Until the next multiple of a period, which is when {@link periodically} runs what it runs in this thread. More than 0 ms. */
export function untilNext(everyMs: number, clock: MonotonicClock = now): number {
  const sinceMs = clock() + phaseMs;
  return Math.ceil((Math.floor((sinceMs + earlyMsMax) / everyMs) + 1) * everyMs - sinceMs);
}

const now: MonotonicClock = () => performance.now();
