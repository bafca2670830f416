/** What a run leaves behind in a folder: one page with all tables, and beside it the figures of each scenario and its plots. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { isCurve, showReport, type Plot, type Report } from './report.ts';

/** The JSON of a scenario; `bench/show.ts` writes its tables from it. */
export interface Taken extends Pick<Report, 'tables' | 'aims' | 'figures'> {
  readonly scenario: string;
  readonly takenAt: string;
  readonly command: string;
  readonly machine: Machine;
}

/** The line above the tables. */
export function describeTaken({ takenAt, command, machine }: Pick<Taken, 'takenAt' | 'command' | 'machine'>): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(', ');
  const { cores, cpu, memoryGiB, system, loadBefore } = machine;
  return `\`${command}\`, ${takenAt.slice(0, 16).replace('T', ' ')} UTC; ${cores} cores, ${cpu}, ${memoryGiB} GiB, ${system}; ${versions}; `
    + `load before: ${loadBefore.join(', ')} (averages of 1, 5, 15 minutes)`;
}

export function readTaken(file: string): Taken {
  return JSON.parse(readFileSync(file, 'utf8')) as Taken;
}

/** Its line and its tables, but the points of curves. */
export function showTaken(taken: Taken): string {
  return `${describeTaken(taken)}\n\n${showReport({ ...taken, tables: taken.tables.filter((table) => !isCurve(table)) })}`;
}

export class RunFolder {
  readonly #folder: string;
  readonly #sections: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes what a scenario found at once: a run takes hours, and may be ended early.
   * @param shown its title, its tables, and what failed.
   * @returns the page.
   */
  add(taken: Taken, { title, tables, failures, plots }: { title: string; tables: string; failures: readonly string[]; plots: readonly Plot[] }): string {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, `${taken.scenario}.json`), `${JSON.stringify(taken, null, 1)}\n`);
    for (const { name, svg } of plots) writeFileSync(join(this.#folder, `${name}.svg`), svg);
    this.#sections.push([
      `## ${title}`, describeTaken(taken), ...failures.map((failure) => `FAILED ${failure}`), ...plots.map(({ name }) => `![${name}](<${name}.svg>)`), tables,
    ].join('\n\n'));
    const page = join(this.#folder, 'report.md');
    writeFileSync(page, this.#sections.join('\n'));
    return page;
  }
}
