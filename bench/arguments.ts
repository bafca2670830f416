/** What `npm run bench` is told. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Chosen } from './scenario.ts';

/** They are quoted in the command that a report names. */
export const naming = ['set', 'rows', 'only', 'data', 'metadata', 'queries', 'metric'] as const;

export interface Arguments {
  /** Of scenarios; none: all that run by themselves. */
  readonly names: readonly string[];
  readonly short: boolean;
  readonly chosen: Chosen;
  /** A folder for the report; undefined: a new one. */
  readonly results: string | undefined;
  readonly profiles: string | undefined;
  readonly values: Readonly<Partial<Record<typeof naming[number], string>>>;
}

/** What was asked for does not exist: whoever starts the bench has to ask for something else. */
export class UsageError extends Error {}

interface Named {
  readonly name: string;
  readonly title: string;
}

export function usage(scenarios: readonly Named[]): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  return `Usage: npm run bench [-- SCENARIO … OPTIONS]

Measures, prints tables, and fails only if something does not work. Leaves a page with all tables (report.md), the figures as
JSON, and plots. Without a scenario all of them but the guard.

Scenarios:
${scenarios.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n')}

Options:
  --short                  small sizes: whether it works, not how fast
  --json DIR               where the report goes (a new folder of bench/results)
  --profiles DIR           profiles of the server's threads, too
  --only 'NAME,NAME'       peers: only these; disk: one kind of index
  --set NAME               peers, disk: one of the data sets, words or clustered
  --rows N                 peers, disk: so many rows of it
  --data FILE.npy          peers: your own vectors (alone it means peers)
    --metadata FILE.jsonl  with a line of metadata for each of them
    --queries FILE.npy     and your own queries
    --metric M             compared by cosine (as by default) or euclidean
  --baseline FILE          guard: what it compares with
  --write-baseline         guard: stores what it measures, medians of three runs`;
}

/** @returns undefined where help is asked for. @throws UsageError */
export function parseArguments(args: readonly string[], scenarios: readonly Named[]): Arguments | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new UsageError(`no scenario ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`);
  const metric = (['cosine', 'euclidean'] as const).find((one) => one === (values.metric ?? 'cosine'));
  if (metric === undefined) throw new UsageError(`no metric ${values.metric}; there are cosine and euclidean`);
  const rows = values.rows === undefined ? undefined : Number(values.rows);
  if (rows !== undefined && !(Number.isInteger(rows) && rows > 0)) throw new UsageError(`--rows takes a number of rows, not ${values.rows}`);
  const own = values.data === undefined ? undefined : { data: values.data, metadata: values.metadata, queries: values.queries, metric };
  return {
    // Own vectors are for one scenario only.
    names: positionals.length === 0 && own !== undefined ? ['peers'] : positionals,
    short: values.short, results: values.json, profiles: values.profiles === undefined ? undefined : resolve(values.profiles), values,
    chosen: { only: values.only?.split(','), set: values.set, rows, own, baseline: values.baseline, writeBaseline: values['write-baseline'] },
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args], allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false, short: 'h' }, short: { type: 'boolean', default: false }, json: { type: 'string' },
        profiles: { type: 'string' }, only: { type: 'string' }, set: { type: 'string' }, rows: { type: 'string' }, data: { type: 'string' },
        metadata: { type: 'string' }, queries: { type: 'string' }, metric: { type: 'string' }, baseline: { type: 'string' },
        'write-baseline': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
