/** The real parts of a cluster that `npm test` starts once, for all files that share them. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { missing, startShared, type Part } from './cluster/index.ts';

/** Starts what the files ask for and this machine has, and tells the processes that will run them. */
export async function startPartsOf(files: readonly string[]): Promise<AsyncDisposable> {
  const wanted = partsOf(files).filter((part) => missing(part) === false);
  if (wanted.length > 0) console.log(`Starting ${wanted.join(', ')} for the tests (the first time, they are fetched or built) ...`);
  const shared = await startShared(wanted);
  Object.assign(process.env, shared.environment);
  return shared;
}

const asked: readonly (readonly [Part, RegExp])[] = [
  ['kafka', /\bsharedKafka\b/], ['registry', /\bsharedRegistry\b/], ['redis', /\bsharedRedis\b/], ['minio', /\bsharedMinio\b/],
];

/** By the names in those files, and in what they import by a path, that import this package. */
function partsOf(files: readonly string[]): Part[] {
  const seen = new Set<string>();
  const parts = new Set<Part>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    // A generator has imports of other files in its texts.
    if (seen.has(file) || !existsSync(file)) continue;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, path = ''] of text.matchAll(/\bfrom '(\.[^']*\.ts)'/g)) waiting.push(join(dirname(file), path));
    if (text.includes('\'@proximadb/test-cluster\'')) for (const [part, name] of asked) if (name.test(text)) parts.add(part);
  }
  return [...parts];
}
