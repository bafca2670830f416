import { constants, setPriority } from 'node:os';

/** Lets this thread give way to those that serve. */
export function giveWay(): void {
  try {
    // On Linux a thread has a priority of its own.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Without the right to, it competes like any other.
  }
}
