/**
 * Calls of USearch, one of which may be under way when its thread is to end. A runtime that is ending refuses what the call wants to answer, USearch throws
 * that, nobody catches it, and the whole process aborts. So who ends a thread waits for its call, and no other one begins. To load USearch is such a call.
 */
import { setTimeout as delay } from 'node:timers/promises';

const free = 0;
const underWay = 1;
const ending = 2;
const pollMs = 2;

/** Of this thread: one of the above. */
let state = new Int32Array(new SharedArrayBuffer(4));

/** What a thread and who ends it share: of one that is still loading. */
export function callState(): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(4);
  Atomics.store(new Int32Array(shared), 0, underWay);
  return shared;
}

/** In a thread that somebody else will end, and that has loaded everything: from now on its calls are noted there. */
export function noteCallsIn(shared: SharedArrayBuffer): void {
  state = new Int32Array(shared);
  Atomics.store(state, 0, free);
}

/** Makes a call; not in another one. Never settles where the thread is being ended. */
export function calling<T>(call: () => T): T {
  if (Atomics.compareExchange(state, 0, free, underWay) === ending) Atomics.wait(state, 0, ending);
  try {
    return call();
  } finally {
    Atomics.store(state, 0, free);
  }
}

/** Settles when no call is under way, and from then on none begins: then the thread may be ended. @param exited aborts where it is over already. */
export async function noMoreCalls(shared: SharedArrayBuffer, exited: AbortSignal): Promise<void> {
  const calls = new Int32Array(shared);
  while (!exited.aborted && Atomics.compareExchange(calls, 0, free, ending) === underWay) await delay(pollMs, undefined, { ref: false });
}
