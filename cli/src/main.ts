#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072 node --min-semi-space-size=4 --max-semi-space-size=16
/**
 * The command `proximadb`, and how it is run (`npm run bench -- runtime` measures it). The young generation of V8's heaps stays at 4 MiB at least: at rest it
 * would shrink to 1 MiB, and be collected every few seconds, which takes a third of a percent of a core; and at 16 MiB at most, as each of several threads has
 * one. What is freed goes back to the system: by itself glibc learns from each large block that is freed to keep the next ones.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';

const keptAfterMs = 5_000;

// V8 collects when what lies outside of its heap has grown by a fixed amount, which vectors do once a second beside writes. So it goes by a share of all.
setFlagsFromString('--external-memory-accounted-in-global-limit');
// A heap that is busy V8 lets grow to four times of what lives in it: here it is twice.
setFlagsFromString('--heap-growing-percent=100');
// Threads of shards collect garbage when they come to rest.
setFlagsFromString('--expose-gc');

// What Node makes of the sources is kept beside the packages: whoever may write there may change those, too. Elsewhere nothing is kept.
const kept = join(import.meta.dirname, '../../node_modules/.cache/proximadb');
enableCompileCache(kept);
// Other threads, of which builders come and go, know it by this alone.
process.env['NODE_COMPILE_CACHE'] ??= kept;
// Node writes it when a process ends, which a server that is killed does not live to see.
setTimeout(() => { flushCompileCache(); }, keptAfterMs).unref();
const { run } = await import('./run.ts');

// `proximadb export … | head`: whoever reads has enough, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await run(process.argv.slice(2), {
  environment: process.env, signals: process, out: process.stdout, err: process.stderr, input: process.stdin,
});
