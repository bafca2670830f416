/** What a server takes, seen from outside, with its children: from /proc, so only where there is one (0 elsewhere). */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { treeOf } from '../processes/proc-stat.ts';

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
