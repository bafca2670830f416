import { setPriority } from 'node:os';

/**
 * Linux gives a thread so nice a third of the time that one which serves gets, where both want one core: building takes at most a quarter of a core
 * from serving. Twice as nice it would take a tenth, and under searches without end next to nothing was built, while each of them read all rows that waited.
 */
const niceness = 5;

/** Lets this thread give way to those that serve. */
export function giveWay(): void {
  try {
    // On Linux a thread has a priority of its own.
    setPriority(niceness);
  } catch {
    // Without the right to, it competes like any other.
  }
}
