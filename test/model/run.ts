import fc from 'fast-check';
import { Engine } from './engine.ts';
import { history, Run } from './history.ts';

export interface RunOptions {
  readonly seconds: number;
  readonly seed?: number;
  /** Of a failure that is to be replayed. */
  readonly path?: string;
}

/** Runs histories until the time is up. @throws with the seed, the path and the shrunk history that failed. @returns how many ran. */
export async function runHistories({ seconds, seed = Date.now() % 0x7fff_ffff, path }: RunOptions): Promise<number> {
  let runs = 0;
  await fc.assert(fc.asyncProperty(history, async (given) => {
    const engine = new Engine();
    try {
      await new Run(engine, given).run();
      runs += 1;
    } finally {
      await engine.close();
    }
  }), {
    seed, ...(path === undefined ? {} : { path }),
    numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false, includeErrorInReport: true,
  });
  if (runs === 0) throw new Error('no history was finished in the time given');
  console.log(`${runs} histories with seed ${seed}`);
  return runs;
}
