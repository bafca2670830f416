import process from 'node:process';
import { livingThreads, procStat, tickMs, treeOf } from '../processes/proc-stat.ts';

/**
 * What processes and their children are on a core for, from its making on. A search takes a fraction of the clock's ticks in which Linux counts what threads
 * took that are over, so these are counted only where there were such threads. 0 where there is no /proc.
 */
export class CpuMeter {
  readonly #pids: () => readonly number[];
  readonly #before: Reading;
  /** Taken last here and first at the end: to look at all processes is work, too. */
  readonly #ownBeforeMs: number;

  /** @param pids asked again at the end: a server may have been started anew. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#before = read(pids());
    this.#ownBeforeMs = ownCpuMs();
  }

  seconds(): number {
    const ownMs = ownCpuMs() - this.#ownBeforeMs;
    const [before, now] = [this.#before, read(this.#pids())];
    let living = 0;
    for (const [thread, ms] of now.threads) living += ms - (before.threads.get(thread) ?? 0);
    const all = now.ticksMs - before.ticksMs;
    // User and system time of each are rounded by themselves.
    const roundedMs = 2 * tickMs * now.processes;
    return ((now.hasOwn ? ownMs : 0) + (all - living > roundedMs ? all : living)) / 1_000;
  }
}

interface Reading {
  readonly processes: number;
  /** Whether this process is one of them. It knows by itself what its threads took that are over, too: a library starts some for each call. */
  readonly hasOwn: boolean;
  /** Of the others, in whole ticks, with what is over. */
  readonly ticksMs: number;
  /** Of each thread that lives. */
  readonly threads: ReadonlyMap<number, number>;
}

function read(pids: readonly number[]): Reading {
  const tree = treeOf(pids);
  const threads = new Map<number, number>();
  let ticksMs = 0;
  for (const pid of tree) {
    if (pid === process.pid) continue;
    const stat = procStat(pid);
    ticksMs += (stat?.cpuMs ?? 0) + (stat?.endedChildrenCpuMs ?? 0);
    for (const { thread, cpuMs } of livingThreads(pid)) threads.set(thread, cpuMs);
  }
  return { processes: tree.size, hasOwn: tree.has(process.pid), ticksMs, threads };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
