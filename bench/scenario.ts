import type { Report } from './report.ts';

export interface BenchOptions {
  /** Small sizes, for CI: all scenarios together in less than a minute. Says whether it works, not how fast. */
  readonly short: boolean;
  /** A folder for the data of servers, empty and on a real disk; removed afterwards. */
  readonly scratch: string;
  /** Where profiles of the server's threads go; undefined: it is not profiled. */
  readonly profiles: string | undefined;
  /** Progress, a line at a time. */
  readonly say: (line: string) => void;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** @throws if something does not work; never because it is slow. */
  run(options: BenchOptions): Promise<Report>;
}
