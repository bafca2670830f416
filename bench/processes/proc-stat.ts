/** What Linux says of a process in /proc/PID/stat (proc(5)). Nothing where there is no /proc, or no such process any more. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcStat {
  readonly parent: number;
  /** On a core, all of its threads, those that are over too. In whole ticks of the clock, so up to 20 less. */
  readonly cpuMs: number;
  /** The same of children that are over, and theirs. */
  readonly endedChildrenCpuMs: number;
}

/** USER_HZ is 100 wherever Node runs on Linux. */
export const tickMs = 10;

export function procStat(pid: number): ProcStat | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is its name, in brackets, and may hold spaces and brackets itself; the state, which follows, is the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return { parent: field(4), cpuMs: (field(14) + field(15)) * tickMs, endedChildrenCpuMs: (field(16) + field(17)) * tickMs };
}

/** Processes, with their children. */
export function treeOf(roots: readonly number[]): Set<number> {
  const children = new Map<number, number[]>();
  for (const pid of numbersIn('/proc')) {
    const parent = procStat(pid)?.parent ?? 0;
    children.set(parent, [...children.get(parent) ?? [], pid]);
  }
  const found = new Set(roots);
  // What is added while it is walked is walked, too.
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return found;
}

/** What it has been on a core for. */
export interface LivingThread {
  readonly thread: number;
  readonly name: string;
  readonly cpuMs: number;
  /** Ready to run, and none of the cores was free. */
  readonly waitedMs: number;
}

/** To a fraction of a millisecond, those that are on a core right now to a tick of the scheduler. */
export function livingThreads(pid: number): LivingThread[] {
  return numbersIn(`/proc/${pid}/task`).flatMap((thread): LivingThread[] => {
    try {
      const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim();
      const [cpuMs = 0, waitedMs = 0] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map((nanos) => Number(nanos) / 1e6);
      return [{ thread, name, cpuMs, waitedMs }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
  }
}
