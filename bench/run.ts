/** `npm run bench [-- scenario …] [--short] [--json DIR] [--profiles DIR]`: measures, prints tables, fails only if something does not work. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { showReport } from './report.ts';
import type { Scenario } from './scenario.ts';
import { cluster } from './scenarios/cluster.ts';
import { ingest } from './scenarios/ingest.ts';
import { kafkaLog } from './scenarios/kafka-log.ts';
import { restart } from './scenarios/restart.ts';
import { search } from './scenarios/search.ts';
import { serialisation } from './scenarios/serialisation.ts';
import { segments } from './scenarios/segments.ts';
import { shards } from './scenarios/shards.ts';

const scenarios: readonly Scenario[] = [serialisation, ingest, search, segments, restart, kafkaLog, shards, cluster];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, json: { type: 'string' }, profiles: { type: 'string' } },
});
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const folder = join(import.meta.dirname, 'scratch');
mkdirSync(folder, { recursive: true });
for (const scenario of chosen) {
  const machine = describeMachine();
  const takenAt = new Date().toISOString();
  console.log(`\n## ${scenario.title}\n`);
  const scratch = mkdtempSync(join(folder, `${scenario.name}-`));
  try {
    const report = await scenario.run({
      short: values.short, scratch, profiles: values.profiles === undefined ? undefined : resolve(values.profiles),
      say: (line) => { console.error(`  ${line}`); },
    });
    // Small sizes say whether it works, not how fast.
    console.log(showReport(values.short ? { ...report, aims: [] } : report));
    if (values.json !== undefined) {
      mkdirSync(values.json, { recursive: true });
      const command = `npm run bench -- ${scenario.name}${values.short ? ' --short' : ''}`;
      const taken = { scenario: scenario.name, takenAt, command, machine, ...report };
      writeFileSync(join(values.json, `${scenario.name}.json`), `${JSON.stringify(taken, null, 1)}\n`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
process.exit(0);
