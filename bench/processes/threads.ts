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

export function threadTimes(pid: number): ThreadTimes {
  const times = new Map<string, ThreadTime>();
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return times;
  }
  for (const thread of threads) {
    try {
      const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim();
      const [cpu = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map((nanos) => Number(nanos) / 1e6);
      const before = times.get(name) ?? { cpuMs: 0, waitedMs: 0 };
      times.set(name, { cpuMs: before.cpuMs + cpu, waitedMs: before.waitedMs + waited });
    } catch {
      // It ended meanwhile.
    }
  }
  return times;
}

/** What was spent from one look to the next. */
export function timesBetween(before: ThreadTimes, after: ThreadTimes): ThreadTimes {
  return new Map([...after].map(([name, { cpuMs, waitedMs }]) => {
    const then = before.get(name);
    return [name, { cpuMs: cpuMs - (then?.cpuMs ?? 0), waitedMs: waitedMs - (then?.waitedMs ?? 0) }];
  }));
}
