import { halfDeleted, manyMerges, sameIds, type SoakOptions } from './soaks.ts';
import { Subject } from './subject.ts';

type Soak = (subject: Subject, options: SoakOptions) => Promise<void>;

const soaks: Readonly<Record<string, Soak>> = {
  merges: manyMerges,
  upserts: sameIds,
  async deletes(subject, options) {
    const untilMs = performance.now() + options.ms;
    do for (const kind of halved) await halfDeleted(subject, { ...options, ...kind }); while (performance.now() < untilMs);
  },
};

const halved = [{ index: 'hnsw', storage: 'memory' }, { index: 'ivf', storage: 'memory' }, { index: 'ivf', storage: 'disk' }] as const;

export const soakNames = Object.keys(soaks);

export interface RunOptions {
  /** Of all of them together, about; each does its least amount. */
  readonly minutes: number;
  /** Of the least amounts, ≤ 1. Default: 1. */
  readonly share?: number;
  /** Default: all. */
  readonly only?: readonly string[];
  readonly say: (line: string) => void;
}

/** @throws AssertionError saying what did not stay as it was. */
export async function runSoaks({ minutes, share = 1, only = soakNames, say }: RunOptions): Promise<void> {
  for (const name of only) {
    const soak = soaks[name];
    if (soak === undefined) throw new Error(`there is no soak ${JSON.stringify(name)}, but ${soakNames.join(', ')}`);
    // A process each: what one left behind must not hide what the next one does.
    await using subject = await Subject.start();
    await soak(subject, { ms: minutes * 60_000 / only.length, share, say: (line) => { say(`${name}: ${line}`); } });
  }
}
