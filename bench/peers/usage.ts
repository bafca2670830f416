/** What a server takes, seen from outside, with its children: from /proc, so only where there is one (0 elsewhere). */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Hundredths of a second: what Linux counts in on every machine that Node runs on. */
const ticksASecond = 100;

export function cpuSeconds(pids: readonly number[]): number {
  return sum(treeOf(pids), (each) => {
    // The name may hold spaces and brackets; what follows its last bracket begins with the state, the third field.
    const fields = read(`/proc/${each}/stat`).replace(/^.*\) /s, '').split(' ');
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksASecond;
  });
}

/** Resident, each shared page counted once in all. */
export function memoryBytes(pids: readonly number[]): number {
  return sum(treeOf(pids), (each) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${each}/smaps_rollup`))?.[1] ?? 0) * 1024);
}

/** Resident, without what files stand behind. */
export function anonymousBytes(pid: number): number {
  return statusBytes(pid, 'RssAnon');
}

/** Mapped for it to write to, touched or not: what RLIMIT_DATA limits. */
export function dataBytes(pid: number): number {
  return statusBytes(pid, 'VmData');
}

function statusBytes(pid: number, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** As the disk gives them out: a file with holes takes what is filled. */
export function diskBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    try {
      bytes += entry.isDirectory() ? diskBytes(path) : lstatSync(path).blocks * 512;
    } catch {
      // It was removed meanwhile.
    }
  }
  return bytes;
}

/** Processes, with their children. */
export function treeOf(roots: readonly number[]): Set<number> {
  const children = new Map<number, number[]>();
  for (const name of list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(read(`/proc/${name}/stat`).replace(/^.*\) /s, '').split(' ')[1]);
    children.set(parent, [...children.get(parent) ?? [], Number(name)]);
  }
  const found = new Set(roots);
  // What is added while it is walked is walked, too.
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return found;
}

function sum(pids: Iterable<number>, of: (pid: number) => number): number {
  let total = 0;
  for (const pid of pids) total += of(pid);
  return total;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
