/** CPU time of a process by its threads, from /proc: on a busy machine it says more than a clock on the wall. Empty where there is no /proc. */
import { livingThreads, procStat } from './proc-stat.ts';

export interface ThreadTime {
  /** On a core. */
  readonly cpuMs: number;
  /** Ready to run, and none of the cores was free. */
  readonly waitedMs: number;
}

/** Threads of one name (V8's helpers, say) are added up. */
export type ThreadTimes = ReadonlyMap<string, ThreadTime>;

/** Threads that are over, together: those that USearch starts for each call, say. How long they waited nobody knows. */
export const endedThreads = '(ended)';

export function threadTimes(pid: number): ThreadTimes {
  const times = new Map<string, ThreadTime>();
  const stat = procStat(pid);
  if (stat === undefined) return times;
  let living = 0;
  for (const { name, cpuMs, waitedMs } of livingThreads(pid)) {
    const before = times.get(name) ?? none;
    times.set(name, { cpuMs: before.cpuMs + cpuMs, waitedMs: before.waitedMs + waitedMs });
    living += cpuMs;
  }
  times.set(endedThreads, { cpuMs: stat.cpuMs - living, waitedMs: 0 });
  return times;
}

/** What was spent from one look to the next. */
export function timesBetween(before: ThreadTimes, after: ThreadTimes): ThreadTimes {
  const spent = new Map<string, ThreadTime>();
  // What a thread that is over had spent before is of no interest: it counts among the ended now.
  let longAgo = 0;
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [then, now] = [before.get(name) ?? none, after.get(name) ?? none];
    const cpuMs = now.cpuMs - then.cpuMs;
    if (cpuMs < 0 && name !== endedThreads) longAgo -= cpuMs;
    else spent.set(name, { cpuMs, waitedMs: now.waitedMs - then.waitedMs });
  }
  const ended = spent.get(endedThreads);
  if (ended !== undefined) spent.set(endedThreads, { ...ended, cpuMs: ended.cpuMs - longAgo });
  return spent;
}

const none: ThreadTime = { cpuMs: 0, waitedMs: 0 };
