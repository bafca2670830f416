import type { MonotonicClock } from './deadline.ts';

/** A timer may fire as much earlier than it was asked for, ms. */
const earlyMsMax = 2;

/**
 * Runs a task at the multiples of its period, so that tasks whose periods divide each other are due together, whenever they began: a
 * process at rest wakes once for all of them. What it costs to wake is most of what such a process uses. Does not keep a process alive.
 *
 * @param task told how late it is, ms. One that throws ends the process: it handles its own errors.
 * @param everyMs 1 or more.
 * @param clock ms since any time that all threads of the process agree on.
 * @returns ends it when it is disposed.
 */
export function periodically(everyMs: number, task: (lateMs: number) => void, clock: MonotonicClock = processNow): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const plan = (): void => {
    const nowMs = clock();
    const dueMs = (Math.floor((nowMs + earlyMsMax) / everyMs) + 1) * everyMs;
    timer = setTimeout(() => {
      plan();
      task(Math.max(0, clock() - dueMs));
    }, Math.ceil(dueMs - nowMs)).unref();
  };
  plan();
  return { [Symbol.dispose]: () => { clearTimeout(timer); } };
}

const processNow: MonotonicClock = () => performance.timeOrigin + performance.now();
