// Runs every test of the repository and closes with one line that counts them. Arguments: file name parts to run only those.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { startPartsOf } from './shared-parts.ts';

const root = join(import.meta.dirname, '..');
const wanted = process.argv.slice(2);
const places = ['schemas/src', 'packages/*/src', 'services/*/src', 'cli/src', 'bench', 'test'];
const files = globSync(places.map((place) => `${place}/**/*.test.ts`), { cwd: root })
  .filter((file) => !file.includes('node_modules') && (wanted.length === 0 || wanted.some((part) => file.includes(part))))
  .sort()
  .map((file) => join(root, file));

const parts = await startPartsOf(files);
const counts = { passed: 0, failed: 0, skipped: 0 };
/** Names of what was left out, by the reason. */
const skipped = new Map<string, string[]>();
// What a file reports of itself is not a test: only leaves count, and whatever failed.
const stream = run({ files, concurrency: 2, timeout: 300_000, execArgv: ['--no-warnings', '--import', join(import.meta.dirname, 'time-limit.ts')] });
stream.on('test:pass', (event) => {
  if (event.skip !== undefined && event.skip !== false) {
    // A suite that is left out does not name its tests.
    counts.skipped += 1;
    const reason = String(event.skip);
    skipped.set(reason, [...skipped.get(reason) ?? [], event.name]);
  } else if (event.details.type !== 'suite') counts.passed += 1;
});
stream.on('test:fail', () => { counts.failed += 1; });
// The reporter is a stream, which its type does not say.
(stream.compose(new spec()) as unknown as NodeJS.ReadableStream).pipe(process.stdout);
await new Promise((resolve) => { stream.on('end', resolve); });
await parts[Symbol.asyncDispose]();
if (counts.passed + counts.failed === 0) counts.failed = 1;
// CI has every part, so nothing may be left out there.
if (process.env['CI'] === 'true' && counts.skipped > 0) counts.failed += counts.skipped;
process.exitCode = counts.failed === 0 ? 0 : 1;
process.on('exit', () => {
  for (const [reason, [first = '', ...others]] of skipped) console.log(`left out: ${first}${others.length > 0 ? ` and ${others.length} more` : ''}: ${reason}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
});
