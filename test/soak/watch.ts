/** What a process holds, looked at from outside while it works; and whether that stays what it is. */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Of one instant; bytes and counts. */
export interface Sample {
  /** Memory that no file is behind: heaps, vectors, graphs that are being built. */
  readonly anonymous: number;
  /** Pages of mapped files that are in memory. */
  readonly mapped: number;
  /** Mappings of graph files, of deleted ones, too. */
  readonly graphs: number;
  /** What the folder takes on the disk. */
  readonly disk: number;
}

export type Figure = keyof Sample;

export function sampleOf(pid: number, folder: string): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) * 1024;
  return { anonymous: kibibytes('RssAnon'), mapped: kibibytes('RssFile'), graphs: mappedGraphs(pid), disk: diskBytesOf(folder) };
}

export function mappedGraphs(pid: number): number {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').filter((line) => line.includes('/graph.usearch')).length;
}

/** Files below the folder that are deleted, and still open or mapped: the disk has them as long as they are. */
export function deletedFiles(pid: number, folder: string): string[] {
  const open = readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });
  const mapped = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return [...open, ...mapped].filter((line) => line.includes(folder) && line.endsWith('(deleted)'));
}

/** Each lies in address space of its own, of which a WebAssembly memory reserves 8 GiB: nothing else here takes as much at once. */
const reservationBytesMin = 2 ** 32;

/** Memories of the kernels: those of vectors, of codes, and what searches work in. */
export function kernelMemories(pid: number): number {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').filter((line) => {
    const [, from = '0', to = '0'] = /^([0-9a-f]+)-([0-9a-f]+) ---p /.exec(line) ?? [];
    return parseInt(to, 16) - parseInt(from, 16) >= reservationBytesMin;
  }).length;
}

/** What is deleted while it is looked at counts nothing. */
export function diskBytesOf(folder: string): number {
  return globSync('**', { cwd: folder }).reduce((sum, path) => sum + (statSync(join(folder, path), { throwIfNoEntry: false })?.blocks ?? 0) * 512, 0);
}

/** Looks every so often, until it is stopped. */
export class Watch {
  readonly samples: Sample[] = [];
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;

  constructor(pid: number, folder: string, everyMs: number) {
    this.#done = this.#look(pid, folder, everyMs);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
  }

  async #look(pid: number, folder: string, everyMs: number): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.samples.push(sampleOf(pid, folder));
      await setTimeout(everyMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }
}

/** Medians of the quarters of a run; the first is that of the beginning. */
export function quarters(samples: readonly Sample[], figure: Figure): number[] {
  return [0, 1, 2, 3].map((quarter) => median(samples.slice(samples.length * quarter / 4, samples.length * (quarter + 1) / 4).map((each) => each[figure])));
}

/**
 * In its fourth quarter a run may hold so much more than in its second: what comes and goes (garbage that is not collected yet, segments that
 * wait to be deleted) is in both. What is left behind again and again is only in the fourth.
 */
export function assertFlat(samples: readonly Sample[], figure: Figure, { share, slack }: { readonly share: number; readonly slack: number }): void {
  assert.ok(samples.length >= 16, `${samples.length} samples are too few to say anything`);
  const medians = quarters(samples, figure);
  const [, second = NaN, , fourth = NaN] = medians;
  assert.ok(fourth <= second * (1 + share) + slack, `${figure} grows: its medians were ${medians.map((each) => Math.round(each)).join(', ')}`);
}

export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? NaN;
}
