// Runs every test of the repository and closes with one line that counts them. Arguments: file name parts to run only those.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = join(import.meta.dirname, '..');
const wanted = process.argv.slice(2);
const places = ['schemas/src', 'packages/*/src', 'services/*/src', 'cli/src', 'bench', 'test'];
const files = globSync(places.map((place) => `${place}/**/*.test.ts`), { cwd: root })
  .filter((file) => !file.includes('node_modules') && (wanted.length === 0 || wanted.some((part) => file.includes(part))))
  .sort()
  .map((file) => join(root, file));

const counts = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];
// What a file reports of itself is not a test: only leaves count, and whatever failed.
const stream = run({ files, concurrency: 2, timeout: 300_000, execArgv: ['--no-warnings'] });
stream.on('test:pass', (event) => {
  if (event.details.type === 'suite') return;
  if (event.skip !== undefined && event.skip !== false) {
    counts.skipped += 1;
    skipped.push(`${event.name}: ${String(event.skip)}`);
  } else counts.passed += 1;
});
stream.on('test:fail', () => { counts.failed += 1; });
// The reporter is a stream, which its type does not say.
(stream.compose(new spec()) as unknown as NodeJS.ReadableStream).pipe(process.stdout);
stream.on('end', () => {
  if (counts.passed + counts.failed === 0) counts.failed = 1;
  // CI has every part, so nothing may be left out there.
  if (process.env['CI'] === 'true' && counts.skipped > 0) counts.failed += counts.skipped;
  process.exitCode = counts.failed === 0 ? 0 : 1;
  process.on('exit', () => {
    for (const line of skipped) console.log(`left out: ${line}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
  });
});
