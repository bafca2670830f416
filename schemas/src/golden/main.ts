// Keeps what today's schemas write as the golden files of a release: node schemas/src/golden/main.ts v2. Never changes those of an older one.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { readModel } from '../generator/model.ts';
import { goldenDirectory, goldenFiles } from './golden.ts';

const [release = '', ...flags] = process.argv.slice(2);
const target = join(goldenDirectory, release);
if (!/^v[1-9][0-9]*$/.test(release)) {
  console.error('usage: main.ts v<number> [--replace]   (--replace only before the release is out)');
  process.exitCode = 2;
} else if (existsSync(target) && !flags.includes('--replace')) {
  console.error(`${release} is there already: a released schema never changes`);
  process.exitCode = 1;
} else {
  mkdirSync(target, { recursive: true });
  const files = goldenFiles(readModel(join(goldenDirectory, '..', 'avro')));
  for (const [name, text] of files) writeFileSync(join(target, name), text);
  console.log(`golden/${release}: ${files.size} files`);
}
