/** The package as others get it: packed, installed into an empty folder, type-checked against, bundled, and run where its users run it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, type BuildResult } from 'esbuild';
import { Miniflare } from 'miniflare';
import { buildPackage } from '../../scripts/build.ts';
import { ServerProcess } from '../testing/server.ts';

const run = promisify(execFile);
const user = mkdtempSync(join(tmpdir(), 'proximadb-user-'));
const installed = join(user, 'node_modules', 'proximadb');

/** A bundle that imports `connect` from `proximadb/rest` and nothing else, minified; what it is to stay under. */
const bundleBytesMax = 64 * 1024;
const zippedBytesMax = 16 * 1024;

let server: ServerProcess;
let pages: Server;
let origin = '';
/** What the pages' server hands out, by path. */
const files = new Map<string, { readonly type: string; readonly text: string }>();

before(async () => {
  pages = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': file?.type ?? 'text/plain' }).end(file?.text ?? '');
  });
  await new Promise<void>((resolve) => { pages.listen(0, '127.0.0.1', resolve); });
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  server = await ServerProcess.start('--rest-cors-origins', origin);
  const folder = join(user, 'built');
  await buildPackage(folder);
  await run('pnpm', ['pack', '--pack-destination', user], { cwd: folder });
  const tarball = readdirSync(user).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball !== undefined);
  rmSync(folder, { recursive: true });
  writeFileSync(join(user, 'package.json'), '{"type": "module", "private": true}');
  await run('pnpm', ['add', '--ignore-workspace', '--prefer-offline', join(user, tarball)], { cwd: user });
});
after(async () => {
  pages.close();
  await server[Symbol.asyncDispose]();
  rmSync(user, { recursive: true, force: true });
});

test('the tarball has JavaScript, declarations and the README, and asks for nothing but gRPC and Avro', () => {
  const listed = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('node_modules'));
  assert.ok(listed.every((name) => /\.(js|d\.ts)$|^package\.json$|^README\.md$/.test(name)), listed.join());
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(Object.keys(manifest['dependencies'] as object), ['@grpc/grpc-js', 'avsc']);
  assert.equal('private' in manifest, false);
  const imported = listed.filter((name) => /\.(js|d\.ts)$/.test(name)).flatMap((name) =>
    [...readFileSync(join(installed, name), 'utf8').matchAll(/^(?:import|export)\b[^;]*?["']([^"'.][^"']*)["'];$/gm)].map(([, from]) => from));
  const packages = new Set(imported.map((from = '') => from.replace(/^(@[^/]+\/[^/]+)\/.*/, '$1')));
  assert.deepEqual([...packages].sort(), ['@grpc/grpc-js', '@langchain/core', 'avsc', 'node:buffer']);
});

const program = `
import { connect, ProximaError, type Collection, type Database, type RecordInput } from 'proximadb';
import { connect as connectRest } from 'proximadb/rest';

type Book = { lang: string; year: bigint | number; tags: string[] };

async function use(db: Database, name: string): Promise<string[]> {
  const books: Collection<Book> = await db.createCollection<Book>({ name, dimension: 3 });
  async function* records(): AsyncGenerator<RecordInput<Book>> {
    for (let at = 1; at <= 10; at++) yield { id: 'b' + at, vector: Float32Array.of(at, 1, 0), metadata: { lang: 'en', year: 2015 + at, tags: [] } };
  }
  const report = await books.write(records(), { concurrency: 2, batchRecords: 3 });
  const { hits } = await books.search([10, 1, 0], { k: 2, filter: { year: { $gte: 2020 } }, include: ['metadata'] });
  const years: (number | bigint)[] = hits.map(({ metadata }) => metadata.year);
  let scrolled = 0;
  for await (const { vector } of books.scroll()) scrolled += vector.length;
  // @ts-expect-error -- a year is no text
  const refused = await books.count({ filter: { year: 'x', nothing: 1 } });
  const code = await books.get('b1', { timeoutMs: 5000 }).then((book) => book?.metadata.lang);
  try {
    await db.collection('none').describe();
  } catch (thrown) {
    if (!(thrown instanceof ProximaError)) throw thrown;
    return [String(report.written), ...hits.map(({ id }) => id), years.join(), String(scrolled), String(refused), String(code), thrown.code];
  }
  return [];
}

const [grpc = '', rest = ''] = process.argv.slice(2);
const overGrpc = connect(grpc);
const overRest = connectRest(rest);
console.log(JSON.stringify([await use(overGrpc, 'packed-grpc'), await use(overRest, 'packed-rest')]));
overGrpc.close();
overRest.close();
`;

test('a program is type-checked against it, strictly, and runs over both entries', async () => {
  writeFileSync(join(user, 'program.ts'), `declare const process: { argv: string[] };\n${program}`);
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false, module: 'nodenext', target: 'es2023',
      lib: ['es2023', 'esnext.disposable', 'dom'], types: [], outDir: 'out', rootDir: '.',
    },
    files: ['program.ts'],
  }));
  const tsc = join(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', user]).catch((thrown: { readonly stdout: string }) => assert.fail(thrown.stdout));
  const { stdout } = await run(process.execPath, [join(user, 'out/program.js'), server.addresses.grpc, server.addresses.rest]);
  const expected = ['10', 'b10', 'b9', '2025,2024', '30', '0', 'en', 'NOT_FOUND'];
  assert.deepEqual(JSON.parse(stdout), [expected, expected]);
});

/** @param source a module of a user. */
async function bundle(source: string): Promise<{ readonly text: string; readonly result: BuildResult<{ metafile: true; write: false }> }> {
  const result = await build({
    stdin: { contents: source, resolveDir: user, loader: 'js' }, bundle: true, platform: 'browser', format: 'esm', minify: true, metafile: true, write: false,
    conditions: [], external: [],
  });
  return { text: result.outputFiles[0]?.text ?? '', result };
}

test('who imports connect from proximadb/rest alone gets neither gRPC nor Avro, and little of anything', async () => {
  const { text, result } = await bundle('import { connect } from "proximadb/rest"; globalThis.connect = connect;');
  assert.deepEqual(Object.values(result.metafile.outputs).flatMap(({ imports }) => imports), []);
  const grpc = await build({
    stdin: { contents: 'export { connect } from "proximadb";', resolveDir: user }, bundle: true, platform: 'node', format: 'esm', write: false,
  });
  const marks = { 'gRPC': 'grpc.max_receive_message_length', 'the encoder of Avro': 'a count that a record can hold', 'the path of a call': '/proximadb.v1' };
  for (const [what, mark] of Object.entries(marks)) {
    assert.ok(mark === '/proximadb.v1' || grpc.outputFiles[0]?.text.includes(mark), `the mark of ${what} is one`);
    assert.equal(text.includes(mark), false, what);
  }
  assert.ok(text.length < bundleBytesMax, `${text.length} bytes`);
  const zipped = gzipSync(text).length;
  assert.ok(zipped < zippedBytesMax, `${zipped} bytes, zipped`);
  console.log(`proximadb/rest in a bundle: ${text.length} bytes, ${zipped} zipped`);
});

/** Does everything that a page would, and says what came of it. */
const scenario = `
import { connect, ProximaError } from "proximadb/rest";
export async function scenario(url, name) {
  const db = connect(url);
  const books = await db.createCollection({ name, dimension: 2 });
  const metadata = { n: 2n ** 60n, bytes: Uint8Array.of(1, 255) };
  const report = await books.write([{ id: "a", vector: [1, 0], metadata }, { id: "b", vector: Float32Array.of(0, 1) }]);
  const { hits: [hit] } = await books.search([1, 0.1], { k: 1, include: ["metadata", "vector"], filter: { n: { $gt: 5 } } });
  await books.patch([{ id: "b", set: { x: 1.5 } }]);
  const ids = [];
  for await (const { id } of books.scroll({ pageRecords: 1 })) ids.push(id);
  await books.delete(["a"]);
  const code = await db.collection("none").describe().catch((thrown) => thrown instanceof ProximaError && thrown.code);
  const left = await books.get("b");
  await db.deleteCollection(name);
  const { n, bytes } = hit.metadata;
  return [report.written, hit.id, String(n), [...bytes].join(), hit.vector.length, ids.join(), left.metadata.x, code, await db.ready()].join(" ");
}`;
const outcome = '2 a 1152921504606846976 1,255 2 a,b 1.5 NOT_FOUND true';

test('it runs in an edge runtime', async () => {
  const { text } = await bundle(`${scenario}
    export default { async fetch(request) {
      const { searchParams } = new URL(request.url);
      return new Response(await scenario(searchParams.get("url"), "edge").catch((thrown) => String(thrown.stack)));
    } };`);
  const edge = new Miniflare({ modules: true, script: text, compatibilityDate: '2026-01-01' });
  try {
    const answer = await edge.dispatchFetch(`http://edge/?url=${encodeURIComponent(server.addresses.rest)}`);
    assert.equal(await answer.text(), outcome);
  } finally {
    await edge.dispose();
  }
});

const browsers = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const browser = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => browsers.map((name) => join(folder, name))).find((path) => existsSync(path));

const skip = browser === undefined && `none of ${browsers.join(', ')} is found`;

test('it runs in a browser, on a page of an origin that the server allows', { skip }, async () => {
  assert.ok(browser !== undefined);
  const { text } = await bundle(`${scenario}
    const { searchParams } = new URL(location.href);
    scenario(searchParams.get("url"), searchParams.get("name")).catch((thrown) => thrown.code + " " + thrown.message)
      .then((text) => { document.body.textContent = text; });`);
  files.set('/page.js', { type: 'text/javascript', text });
  const page = (name: string, url: string): string => `/?name=${name}&url=${encodeURIComponent(url)}`;
  const open = async (name: string, host: string): Promise<string> => {
    const path = page(name, server.addresses.rest);
    files.set(path, { type: 'text/html', text: '<!doctype html><meta charset="utf-8"><body>loading</body><script type="module" src="/page.js"></script>' });
    const { stdout } = await run(browser, ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=15000', '--dump-dom', `${host}${path}`]);
    return /<body>([^<]*)/.exec(stdout)?.[1]?.trim() ?? stdout;
  };
  assert.equal(await open('allowed', origin), outcome);
  assert.match(await open('refused', origin.replace('127.0.0.1', 'localhost')), /^UNAVAILABLE .*cannot be reached/);
});
