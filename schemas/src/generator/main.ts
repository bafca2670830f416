// Reads avro/**/*.avsc and writes gen/. With --check it writes nothing, and exits 1 naming the files that differ from what is committed.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { generate } from './generate.ts';

const root = join(import.meta.dirname, '..', '..');
const target = join(root, 'gen');
const files = generate(join(root, 'avro'));
const entries = existsSync(target) ? readdirSync(target, { recursive: true, withFileTypes: true }) : [];
const existing = entries.filter((entry) => entry.isFile()).map((entry) => relative(target, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
const stale = existing.filter((path) => !files.has(path));
const changed = [...files].filter(([path, text]) => !existing.includes(path) || readFileSync(join(target, path), 'utf8') !== text);

if (process.argv.includes('--check')) {
  for (const path of [...changed.map(([path]) => path), ...stale]) console.error(`schemas/gen/${path} is not what the generator writes: run npm run generate`);
  process.exitCode = changed.length + stale.length === 0 ? 0 : 1;
} else {
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
  }
  for (const path of stale) rmSync(join(target, path));
  console.log(`schemas: ${files.size} files, ${changed.length} written, ${stale.length} removed`);
}
