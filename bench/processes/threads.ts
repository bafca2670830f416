/** CPU time of a process by its threads, from /proc: on a busy machine it says more than a clock on the wall. Empty where there is no /proc. */
import { readdirSync, readFileSync } from 'node:fs';

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
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return times;
  }
  let living = 0;
  for (const thread of threads) {
    try {
      const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim();
      const [cpu = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map((nanos) => Number(nanos) / 1e6);
      const before = times.get(name) ?? { cpuMs: 0, waitedMs: 0 };
      times.set(name, { cpuMs: before.cpuMs + cpu, waitedMs: before.waitedMs + waited });
      living += cpu;
    } catch {
      // It ended meanwhile.
    }
  }
  times.set(endedThreads, { cpuMs: cpuMsOf(pid) - living, waitedMs: 0 });
  return times;
}

/** Of the whole process, as proc(5) says: fields 14 and 15 of its `stat`, of which the second is its name, in brackets. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = NaN, system = NaN] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(14 - 3, 16 - 3).map(Number);
  return (user + system) * tickMs;
}

/** USER_HZ is 100 wherever Node runs on Linux. */
const tickMs = 10;

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
