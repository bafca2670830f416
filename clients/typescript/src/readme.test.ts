/** The code of the README does what it says, in the order of the page, against a real server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ServerProcess } from './testing/server.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const blocks = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code);
/** In the package, where its own name leads to its sources. */
const dist = join(import.meta.dirname, '../dist');
mkdirSync(dist, { recursive: true });
const folder = mkdtempSync(join(dist, 'readme-'));

let server: ServerProcess;
before(async () => { server = await ServerProcess.start(); });
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server[Symbol.asyncDispose]();
});

/** What each block prints. */
const printed: readonly (string | RegExp)[] = [
  /^dispossessed 0\.9\d+ The Dispossessed\ndispossessed 4 1974n\nsolaris 4 1961n\n$/,
  '10000 []\n',
  /^INVALID_ARGUMENT caller \{\s+record: 1,\s+field: 'vector',\s+reason: "has 3 numbers, the collection's dimension is 2"\s+\}\n$/,
  'true 3\n',
  /^\[\n\s+Document \{\n\s+pageContent: 'one',\n\s+metadata: \{ n: 1 \},\n\s+id: '[0-9a-f]{32}'\n\s+\}\n\]\n$/,
];

test('there are as many blocks of code as are looked at', () => {
  assert.equal(blocks.length, printed.length);
});

for (const [at, expected] of printed.entries()) {
  test(`block ${at + 1} prints what it says`, async () => {
    const { grpc, rest } = server.addresses;
    const code = (blocks[at] ?? '').replaceAll('127.0.0.1:5679', grpc).replaceAll('http://127.0.0.1:5678', rest);
    const path = join(folder, `block-${at}.ts`);
    writeFileSync(path, code);
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', path], { env: { ...process.env, NO_COLOR: '1' } });
    if (typeof expected === 'string') assert.equal(stdout, expected);
    else assert.match(stdout, expected);
  });
}

test('all blocks are right by their types', async () => {
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--allowImportingTsExtensions', '--module', 'nodenext', '--target', 'es2024',
    '--lib', 'es2024,esnext.disposable,esnext.array', '--types', 'node'];
  const files = blocks.map((_, at) => join(folder, `block-${at}.ts`));
  const tsc = join(import.meta.dirname, '../../../node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, ...options, ...files], { cwd: folder })
    .catch((thrown: { readonly stdout: string }) => assert.fail(thrown.stdout));
});
