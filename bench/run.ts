/** `npm run bench`; see `arguments.ts` for what it may be told. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { naming, parseArguments, usage, UsageError, type Arguments } from './arguments.ts';
import { describeMachine } from './machine.ts';
import { showReport } from './report.ts';
import { RunFolder } from './run-folder.ts';
import type { Scenario } from './scenario.ts';
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

/** Ends the process where there is nothing to measure. */
function told(): Arguments {
  try {
    const wanted = parseArguments(process.argv.slice(2), all);
    if (wanted !== undefined) return wanted;
    console.log(usage(all));
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nnpm run bench -- --help says what there is`);
    process.exit(2);
  }
}

const { names, short, chosen, results: into, profiles, values } = told();
const running = names.length === 0 ? scenarios : all.filter(({ name }) => names.includes(name));
let failed = 0;
const startedAt = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
const results = new RunFolder(resolve(into ?? join(import.meta.dirname, 'results', startedAt)));
const folder = join(import.meta.dirname, 'scratch');
mkdirSync(folder, { recursive: true });
for (const scenario of running) {
  const machine = describeMachine();
  const takenAt = new Date().toISOString();
  console.log(`\n## ${scenario.title}\n`);
  const scratch = mkdtempSync(join(folder, `${scenario.name}-`));
  try {
    const { plots = [], failures = [], ...report } = await scenario.run({
      short, scratch, chosen, profiles,
      say: (line) => { console.error(`  ${line}`); },
    });
    // Small sizes say whether it works, not how fast.
    const tables = showReport(short ? { ...report, aims: [] } : report);
    console.log(tables);
    for (const failure of failures) console.error(`FAILED ${failure}`);
    failed += failures.length;
    const quoted = (text: string): string => (text.includes(' ') ? `'${text}'` : text);
    const options = naming.flatMap((name) => (values[name] === undefined ? [] : [` --${name} ${quoted(values[name])}`]));
    const command = `npm run bench -- ${scenario.name}${short ? ' --short' : ''}${options.join('')}`;
    const page = results.add({ scenario: scenario.name, takenAt, command, machine, ...report }, { title: scenario.title, tables, failures, plots });
    console.error(`  written to ${page}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
process.exit(failed === 0 ? 0 : 1);
