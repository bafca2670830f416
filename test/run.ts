// Runs the tests of the repository and closes with one line that counts them. Arguments: file name parts to run only those; --all: the long
// ones, too, as CI does.
import { globSync } from 'node:fs';
import { cpus } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import process from 'node:process';
import { Writable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { startPartsOf } from './shared-parts.ts';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const wanted = args.filter((arg) => arg !== '--all');
const withLong = args.includes('--all') || process.env['CI'] === 'true' || wanted.length > 0;
/** What takes a minute or more, one by one. */
const long = [
  ...['brokers', 'failures', 'foreign', 'moves', 'schemas', 'secured', 'snapshots'].map((name) => `test/e2e/cluster/${name}`),
  'test/cluster/', 'test/docs/cluster/', 'kafka/three-brokers', 'confluent/outages', 'snapshots/interrupted',
  'test/clients/python.test', 'test/e2e/recall', 'test/e2e/disk-limit', 'test/e2e/odd-vectors', 'test/soak/', 'bench/run.test', 'bench/guard/guard.test',
];
/** Of the others what takes longest. */
const slow = ['test/docs/docs.test', 'segment/src/plan.test', 'segment/src/odd-data.test', 'indexer/src/host.test', 'indexer/src/holder.test'];
/** Most of their time these wait for other processes. */
const waiting = [
  'test/cluster/', 'test/e2e/cluster/', 'test/docs/cluster/', 'test/clients/', 'kafka/three-brokers', 'confluent/outages', 'snapshots/interrupted',
];
const isOf = (parts: readonly string[], file: string): boolean => parts.some((part) => file.includes(part));
/** What takes longest begins first, so that nothing of it is left alone at the end. */
const rankOf = (file: string): number => (isOf(long, file) ? 0 : isOf(slow, file) ? 1 : 2);
const places = ['schemas/src', 'packages/*/src', 'services/*/src', 'cli/src', 'clients/typescript/src', 'bench', 'test'];
const all = globSync(places.map((place) => `${place}/**/*.test.ts`), { cwd: root })
  .filter((file) => !file.includes('node_modules') && (wanted.length === 0 || isOf(wanted, file)))
  .sort()
  .sort((a, b) => rankOf(a) - rankOf(b));
const files = all.filter((file) => withLong || !isOf(long, file));
if (files.length < all.length) console.log(`Left out: ${all.length - files.length} files that take minutes; npm test -- --all runs them, too`);

const slowestShown = 40;
/** Catches what hangs. Nobody waits for it otherwise, so it is far beyond what a test takes on a slow machine that is busy. */
const testMs = 900_000;
/** A process that does not even end when it is told to would be waited for without end. */
const minutesMax = Number(process.env['PROXIMADB_TESTS_MINUTES'] ?? 65);

// Each file is a process: what Node made of the sources is kept for the next one, where the command keeps it, too.
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/proximadb');
const parts = await startPartsOf(files.map((file) => join(root, file)));
const counts = { passed: 0, failed: 0, skipped: 0 };
/** Names of what was left out, by the reason. */
const skipped = new Map<string, string[]>();
/** What failed, a line each: the reporter's output is long, and often only its end is seen. */
const failures: string[] = [];
/** Files that run, and since when. */
const running = new Map<string, number>();
const [beganMs, cpusAtBegin] = [performance.now(), cpus()];
const took: { readonly name: string; readonly seconds: number }[] = [];
process.on('exit', () => {
  for (const failure of failures) console.log(failure);
  for (const [reason, [first = '', ...others]] of skipped) console.log(`left out: ${first}${others.length > 0 ? ` and ${others.length} more` : ''}: ${reason}`);
  const slowest = took.toSorted((a, b) => b.seconds - a.seconds).slice(0, slowestShown);
  console.log(`what took longest: ${slowest.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`).join(', ')}`);
  const minutes = ((performance.now() - beganMs) / 60_000).toFixed(1);
  console.log(`${minutes} minutes; the machine's cores were busy for ${(100 - 100 * idleSince(cpusAtBegin)).toFixed(0)} % of that time`);
  console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
});
setTimeout(() => {
  console.error(`After ${minutesMax} minutes these have not ended: ${[...running.keys()].join(', ')}`);
  counts.failed += 1;
  process.exit(1);
}, minutesMax * 60_000).unref();
// Beside two that compute, one that waits finds cores enough; a second one would only make all of them slower.
await Promise.all([
  runAll(files.filter((file) => !isOf(waiting, file)), 2, process.stdout),
  runAll(files.filter((file) => isOf(waiting, file)), 1, outputAtTheEnd()),
]);
await parts[Symbol.asyncDispose]();
if (counts.passed + counts.failed === 0) counts.failed = 1;
// CI has every part, so nothing may be left out there.
if (process.env['CI'] === 'true' && counts.skipped > 0) counts.failed += counts.skipped;
process.exitCode = counts.failed === 0 ? 0 : 1;

/** @param concurrency files that run at a time. */
async function runAll(files: readonly string[], concurrency: number, output: NodeJS.WritableStream): Promise<void> {
  // Node would look for tests by itself.
  if (files.length === 0) return;
  const stream = run({
    files: files.map((file) => join(root, file)), concurrency, timeout: testMs,
    execArgv: ['--no-warnings', '--import', join(import.meta.dirname, 'time-limit.ts')],
  });
  // What a file reports of itself is not a test: only leaves count, and whatever failed.
  stream.on('test:pass', (event) => {
    if (event.skip !== undefined && event.skip !== false) {
      // A suite that is left out does not name its tests.
      counts.skipped += 1;
      const reason = String(event.skip);
      skipped.set(reason, [...skipped.get(reason) ?? [], event.name]);
    } else if (event.details.type !== 'suite') counts.passed += 1;
  });
  stream.on('test:fail', ({ name, details: { error } }) => {
    counts.failed += 1;
    const { message } = error.cause instanceof Error ? error.cause : error;
    failures.push(`failed: ${name}: ${message.replaceAll(/\s+/g, ' ').slice(0, 600)}`);
  });
  stream.on('test:dequeue', ({ name, nesting }) => { if (nesting === 0 && isAbsolute(name)) running.set(name, performance.now()); });
  stream.on('test:complete', ({ name, nesting }) => {
    const startedMs = running.get(name);
    if (nesting !== 0 || startedMs === undefined) return;
    running.delete(name);
    took.push({ name: relative(root, name), seconds: (performance.now() - startedMs) / 1_000 });
  });
  // The reporter is a stream, which its type does not say.
  (stream.compose(new spec()) as unknown as NodeJS.ReadableStream).pipe(output, { end: false });
  await new Promise((resolve) => { stream.on('end', resolve); });
}

/** Two reporters that print at once would break into each other's lists. */
function outputAtTheEnd(): Writable {
  const chunks: Buffer[] = [];
  process.prependListener('exit', () => { process.stdout.write(Buffer.concat(chunks)); });
  return new Writable({ write: (chunk: Buffer, _, done) => { chunks.push(chunk); done(); } });
}

/** @returns a share of 1, of all cores. */
function idleSince(before: ReturnType<typeof cpus>): number {
  const sum = (some: ReturnType<typeof cpus>): { idle: number; all: number } => {
    const idle = some.reduce((total, { times }) => total + times.idle, 0);
    return { idle, all: some.reduce((total, { times }) => total + times.user + times.nice + times.sys + times.irq + times.idle, 0) };
  };
  const [then, now] = [sum(before), sum(cpus())];
  return (now.idle - then.idle) / (now.all - then.all);
}
