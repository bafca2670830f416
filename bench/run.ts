/**
 * `npm run bench [-- scenario …] [--short] [--json DIR] [--profiles DIR]`: measures, prints tables, fails only if something does not work.
 * Leaves a page with all tables (`report.md`), the figures as JSON and the plots in a new folder of `bench/results`, or in DIR.
 * `guard` compares with a stored run and ends with exit code 1 if something got worse; `--baseline FILE`, `--write-baseline`. It runs only if it is named.
 * For `disk` also `--set clustered`, `--rows N`, `--only ivf`.
 * For `peers` also `--only 'chroma,proximadb hnsw'`, `--set words`, `--rows N`, or
 * `--data my.npy [--metadata my.jsonl] [--queries q.npy] [--metric M]`, which without a scenario means `peers`; M is `cosine`, which it
 * is by default, or `euclidean`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { showReport } from './report.ts';
import { RunFolder } from './run-folder.ts';
import type { Chosen, Scenario } from './scenario.ts';
import { backlog } from './scenarios/backlog.ts';
import { calls } from './scenarios/calls.ts';
import { clients } from './scenarios/clients.ts';
import { cluster } from './scenarios/cluster.ts';
import { disk } from './scenarios/disk.ts';
import { flames } from './scenarios/flames.ts';
import { guard } from './scenarios/guard.ts';
import { ingest } from './scenarios/ingest.ts';
import { kafkaLog } from './scenarios/kafka-log.ts';
import { lasting } from './scenarios/lasting.ts';
import { peers } from './scenarios/peers.ts';
import { recall } from './scenarios/recall.ts';
import { rescoring } from './scenarios/rescoring.ts';
import { restart } from './scenarios/restart.ts';
import { runtime } from './scenarios/runtime.ts';
import { scan } from './scenarios/scan.ts';
import { search } from './scenarios/search.ts';
import { serialisation } from './scenarios/serialisation.ts';
import { segments } from './scenarios/segments.ts';
import { shards } from './scenarios/shards.ts';

const scenarios: readonly Scenario[] = [
  serialisation, ingest, search, scan, backlog, segments, recall, lasting, rescoring, restart, disk, kafkaLog, shards, cluster, clients, peers, flames,
  calls, runtime,
];
/** Only by its name. */
const all = [...scenarios, guard];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false }, json: { type: 'string' }, profiles: { type: 'string' }, only: { type: 'string' }, set: { type: 'string' },
    rows: { type: 'string' }, data: { type: 'string' }, metadata: { type: 'string' }, queries: { type: 'string' },
    metric: { type: 'string' },
    baseline: { type: 'string' }, 'write-baseline': { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !all.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const metric = (['cosine', 'euclidean'] as const).find((one) => one === (values.metric ?? 'cosine'));
if (metric === undefined) throw new Error(`no metric ${values.metric}; there are cosine and euclidean`);
const own = values.data === undefined ? undefined : { data: values.data, metadata: values.metadata, queries: values.queries, metric };
const chosen: Chosen = {
  only: values.only?.split(','), set: values.set, rows: values.rows === undefined ? undefined : Number(values.rows), own,
  baseline: values.baseline, writeBaseline: values['write-baseline'],
};
// Own vectors are for one scenario only.
const wanted = positionals.length === 0 && own !== undefined ? ['peers'] : positionals;
const running = wanted.length === 0 ? scenarios : all.filter(({ name }) => wanted.includes(name));
let failed = 0;
const startedAt = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
const results = new RunFolder(resolve(values.json ?? join(import.meta.dirname, 'results', startedAt)));
const folder = join(import.meta.dirname, 'scratch');
mkdirSync(folder, { recursive: true });
for (const scenario of running) {
  const machine = describeMachine();
  const takenAt = new Date().toISOString();
  console.log(`\n## ${scenario.title}\n`);
  const scratch = mkdtempSync(join(folder, `${scenario.name}-`));
  try {
    const { plots = [], failures = [], ...report } = await scenario.run({
      short: values.short, scratch, chosen, profiles: values.profiles === undefined ? undefined : resolve(values.profiles),
      say: (line) => { console.error(`  ${line}`); },
    });
    // Small sizes say whether it works, not how fast.
    const tables = showReport(values.short ? { ...report, aims: [] } : report);
    console.log(tables);
    for (const failure of failures) console.error(`FAILED ${failure}`);
    failed += failures.length;
    const named = ['set', 'rows', 'only', 'data', 'metadata', 'queries', 'metric'] as const;
    const quoted = (text: string): string => (text.includes(' ') ? `'${text}'` : text);
    const options = named.flatMap((name) => (values[name] === undefined ? [] : [` --${name} ${quoted(values[name])}`]));
    const command = `npm run bench -- ${scenario.name}${values.short ? ' --short' : ''}${options.join('')}`;
    const page = results.add({ scenario: scenario.name, takenAt, command, machine, ...report }, { title: scenario.title, tables, failures, plots });
    console.error(`  written to ${page}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
process.exit(failed === 0 ? 0 : 1);
