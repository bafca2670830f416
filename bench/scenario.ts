import type { SetMetric } from './data/data-set.ts';
import type { Report } from './report.ts';

export interface BenchOptions {
  /** Small sizes, for CI: all scenarios together in less than a minute. Says whether it works, not how fast. */
  readonly short: boolean;
  /** A folder for the data of servers, empty and on a real disk; removed afterwards. */
  readonly scratch: string;
  /** Where profiles of the server's threads go; undefined: it is not profiled. */
  readonly profiles: string | undefined;
  /** Who and what is compared, for the scenario of the peers and the guard. */
  readonly chosen: Chosen;
  /** Progress, a line at a time. */
  readonly say: (line: string) => void;
}

export interface Chosen {
  /** Names of peers; undefined: all that can be had. */
  readonly only: readonly string[] | undefined;
  /** One of the data sets; undefined: all. */
  readonly set: string | undefined;
  readonly rows: number | undefined;
  readonly own: OwnFiles | undefined;
  /** What the guard compares with; undefined: what is stored with the bench. */
  readonly baseline: string | undefined;
  /** The guard stores what it measures. */
  readonly writeBaseline: boolean;
}

/** The user's own vectors, in place of ours. */
export interface OwnFiles {
  readonly data: string;
  readonly metadata: string | undefined;
  readonly queries: string | undefined;
  readonly metric: SetMetric;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** @throws if something does not work; never because it is slow. */
  run(options: BenchOptions): Promise<Report>;
}
