import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, before, test } from 'node:test';
import { encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import { runHere, startCommands, type Commands } from './testing/command.ts';

let commands: Commands;

before(async () => {
  commands = await startCommands();
  const { client } = commands;
  await client.createCollection({ name: 'words', dimension: 3 });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  const record = (id: string, vector: number[], metadata: Record<string, MetadataValue>): Uint8Array =>
    encodeVectorRecord(schemaId, { id, vector, metadata: new Map(Object.entries(metadata)), timestamp: 1_700_000_000_000_000n });
  const { token } = await client.upsert({ collection: 'words', records: [
    record('a', [1, 0, 0], { lang: 'en', large: 9_223_372_036_854_775_807n }), record('b', [0.8, 0.2, 0], { lang: 'de', share: 1 }),
    record('c', [0, 0, 1], { lang: 'de' }),
  ] });
  await client.count({ collection: 'words', read: { consistency: 'session', token, maxStalenessMs: null, timeoutMs: null, allowPartial: false } });
});
after(() => commands[Symbol.asyncDispose]());

test('collections are made, listed, described, updated and deleted', async () => {
  const made = await commands.run([
    'collections', 'create', 'made', '--dimension', '8', '--metric', 'dot', '--partitions', '2', '--m', '8', '--storage', 'disk', '--tag', 'a=b=c',
    '--recall-target', '0.99', '--json',
  ]);
  assert.equal(made.code, 0, made.err);
  const { createdAt, log, ...settings } = JSON.parse(made.out) as Record<string, unknown>;
  assert.ok(typeof createdAt === 'number' && typeof log === 'number');
  assert.deepEqual(settings, {
    name: 'made', dimension: 8, metric: 'dot', partitions: 2, index: 'hnsw', hnsw: { m: 8, efConstruction: 128, quantization: 'bf16' },
    storage: 'disk', recallTarget: 0.99, description: '', tags: { a: 'b=c' },
  });
  const listed = await commands.run(['collections', 'list']);
  assert.match(listed.out, /^made\s+8\s+dot\s+hnsw bf16\s+2/m);
  assert.match(listed.out, /^words\s+3\s+cosine/m);
  await commands.run(['collections', 'update', 'made', '--description', 'of a test']);
  assert.match((await commands.run(['collections', 'describe', 'made'])).out, /^description\s+of a test$/m);
  assert.equal((await commands.run(['collections', 'delete', 'made'])).out, 'made is deleted.\n');
  const gone = await commands.run(['collections', 'describe', 'made']);
  assert.equal(gone.code, 1);
  assert.match(gone.err, /^NOT_FOUND .*made/);
});

test('get shows records with every digit, and exits with 1 if one is missing', async () => {
  const all = await commands.run(['get', 'a', 'b', '-c', 'words', '--json']);
  assert.equal(all.code, 0);
  assert.match(all.out, /"metadata":\{"lang":"en","large":9223372036854775807\},"timestamp":1700000000000000\}/);
  assert.match(all.out, /"share":1\.0\}/);
  const some = await commands.run(['get', 'a', 'nobody', '-c', 'words']);
  assert.equal(some.code, 1);
  assert.match(some.out, /^id\s+a$/m);
  assert.equal(some.err, 'There is no record "nobody" in words.\n');
});

test('search finds by vector and by id, with filter, what hits carry and an explanation', async () => {
  const byVector = await commands.run(['search', '-c', 'words', '--vector', '[1, 0, 0]', '-k', '2', '--json']);
  const { hits } = JSON.parse(byVector.out) as { hits: { id: string; score: number }[] };
  assert.deepEqual(hits.map(({ id }) => id), ['a', 'b']);
  const byId = await commands.run(['search', '-c', 'words', '--id', 'a', '--filter', '{"lang": "de"}', '--include', 'metadata', '--explain']);
  assert.match(byId.out, /^1\s+b\s+0\.97\d\d\s+0\.0\d+\s+\{"lang":"de","share":1\.0\}$/m);
  assert.match(byId.out, /^partition +segment +rows +estimated +matching +estimated µs +strategy +candidates +filter µs +search µs +rescoring µs +µs$/m);
  assert.match(byId.out, /^ +\d+ +growing +\d +\d +exact \d+ +exact over matches +\d( +\d+){4}$/m);
  assert.doesNotMatch(byId.out, /^\d\s+a /m);
  const carried = await commands.run(['search', '-c', 'words', '--id', 'a', '-k', '1', '--include', 'vector', 'metadata', '--json']);
  assert.match(carried.out, /"vector":\[1,0,0\],"metadata":\{"lang":"en","large":9223372036854775807\}/);
  assert.equal((await commands.run(['search', '-c', 'words', '--id', 'a', '--filter', '{"lang": "fr"}'])).out, 'No record matches.\n');
});

test('stats tell what is where', async () => {
  const table = await commands.run(['stats', 'words']);
  assert.match(table.out, /^records\s+3$/m);
  assert.match(table.out, /serving/);
  assert.match(table.out, /^live +0 B$/m);
  assert.match(table.out, /^ +live +dead +space +written$|live +dead +space +written$/m);
  const json = JSON.parse((await commands.run(['stats', 'words', '--json'])).out) as { records: number; partitions: unknown[] };
  assert.equal(json.records, 3);
  assert.equal(json.partitions.length, 12);
});

test('verify says of one replica that it is alone; doctor finds nothing wrong', async () => {
  const verified = await commands.run(['verify', 'words']);
  assert.equal(verified.code, 0, verified.err);
  assert.match(verified.out, /^ +0 {2}alone +\d+ +0 {2}standalone +0 +\d [ 0-9a-f]{16,}$/m);
  assert.match(verified.out, /nothing to compare/);
  const json = JSON.parse((await commands.run(['verify', 'words', '--json'])).out) as { partitions: { replicas: { records: number }[] }[] };
  assert.equal(json.partitions.reduce((sum, { replicas: [one] }) => sum + one!.records, 0), 3);
  const nobody = await commands.run(['verify', 'nowhere']);
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /NOT_FOUND/);
  const healthy = await commands.run(['doctor']);
  assert.deepEqual([healthy.code, healthy.out], [0, 'Nothing is known to be wrong.\n']);
});

const refusals: readonly [name: string, args: readonly string[], code: number, err: RegExp][] = [
  ['an unknown command', ['sing'], 2, /unknown command 'sing'/],
  ['a missing option', ['search', '--id', 'a'], 2, /required option '-c, --collection <name>'/],
  ['a number that is none', ['search', '-c', 'words', '--id', 'a', '-k', 'many'], 2, /whole number from 1 to 10000/],
  ['a metric that is none', ['collections', 'create', 'x', '--dimension', '3', '--metric', 'far'], 2, /Allowed choices are cosine/],
  ['neither vector nor id', ['search', '-c', 'words'], 1, /either --vector or --id/],
  ['a vector of words', ['search', '-c', 'words', '--vector', '[1, "x"]'], 1, /--vector\[1\]: must be a number/],
  ['a vector that is too long', ['search', '-c', 'words', '--vector', '[1, 2, 3, 4]'], 1, /INVALID_ARGUMENT vector: .*4/],
  ['a filter that is no JSON', ['search', '-c', 'words', '--id', 'a', '--filter', '{x}'], 1, /INVALID_ARGUMENT --filter: /],
  ['an operator that is none', ['search', '-c', 'words', '--id', 'a', '--filter', '{"x": {"$near": 1}}'], 1, /--filter\.x\.\$near: is no operator/],
  ['a collection that is not there', ['stats', 'nowhere'], 1, /NOT_FOUND .*nowhere/],
];
for (const [name, args, code, err] of refusals) {
  test(`${name} is refused with exit code ${code} and without a stack trace`, async () => {
    const outcome = await commands.run(args);
    assert.equal(outcome.code, code, outcome.err);
    assert.match(outcome.err, err);
    assert.doesNotMatch(outcome.err, /^ {4}at /m);
    assert.equal(outcome.out, '');
  });
}

test('without a server the error says how to start one', async () => {
  const outcome = await runHere(['collections', 'list', '--server', '127.0.0.1:1']);
  assert.equal(outcome.code, 1);
  assert.match(outcome.err, /^UNAVAILABLE no server answers at 127\.0\.0\.1:1; start one with `proximadb start`/);
});

test('a server starts where the address of a server is set for the other commands', async () => {
  const signals = new EventEmitter();
  const { code, out, err } = await commands.run(
    ['start', '--data', commands.path('second'), '--grpc-port', '0', '--rest-port', '0', '--log-level', 'error'],
    { signals, onOut: (text) => { if (text.includes('Next, in another terminal')) setImmediate(() => signals.emit('SIGTERM', 'SIGTERM')); } });
  assert.equal(code, 0, err);
  assert.match(out, /Next, in another terminal/);
  assert.match(out, /Stopped\.\n$/);
});

test('every command has help with an example', async () => {
  for (const command of ['import', 'export', 'search', 'get', 'stats', 'verify', 'doctor', 'inspect', 'demo', 'collections']) {
    const { code, out } = await runHere([command, '--help']);
    assert.equal(code, 0);
    assert.match(out, /Examples?:\n {2}\$ proximadb /, command);
  }
});
