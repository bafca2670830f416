/** Writes docs/configuration.md from the configuration's schema; with --check it only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { processHelp } from '../cli/src/processes.ts';
import { startHelp } from '../cli/src/start.ts';

const path = join(import.meta.dirname, '..', 'docs', 'configuration.md');
const text = `# Configuration

Written by \`npm run generate\` from \`services/standalone/src/config.ts\` and \`services/cluster/src/config.ts\`: do not edit.

Every option can stand in a JSON file (\`--config FILE\` or \`PROXIMADB_CONFIG\`, nested at the dots), in the
environment, or among the flags; the later of these wins. A name that is none is refused.

## One process: \`proximadb start\`

${startHelp()}
${processHelp().map(({ name, help }) => `\n## In a cluster: \`proximadb ${name}\`\n\n${help}\n`).join('')}`;
if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
  console.error('docs/configuration.md is not what the configuration says: npm run generate');
  process.exitCode = 1;
}
