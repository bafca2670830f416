import { getPriority, setPriority } from 'node:os';

/**
 * Beyond the process. Linux gives a thread so nice a sixth of the time that one which serves gets, where both want one core. Two builders at once, of which
 * one merges and another makes an index, then take a quarter of it. Nicer ones would get next to nothing under searches without end: see
 * docs/adr/0002-shard-threads.md.
 */
const niceness = 8;

/** There is no nicer one. */
const nicest = 19;

/** Of the time that Linux gives to a thread, for each level that it is nicer. */
const lessPerLevel = 1.25;

/**
 * Lets this thread give way to those that serve, and those that it starts.
 * @param sharers threads that work at once, and take as much together as one would.
 */
export function giveWay(sharers: number): void {
  try {
    // On Linux a thread has a priority of its own.
    setPriority(Math.min(nicest, getPriority() + niceness + Math.round(Math.log(sharers) / Math.log(lessPerLevel))));
  } catch {
    // Without the right to, it competes like any other.
  }
}
